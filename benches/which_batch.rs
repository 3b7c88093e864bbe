//! How well Zen-Scores measured with small batches rank a population, and what they cost:
//! `cargo bench --bench which_batch [-- [--preset NAME] [--resolution PX] [--iterations N]
//! [--population N] [--truth K] [--repeats R] [--search-batch B] [--searches S]]`. What came out:
//! docs/which-batch.md.
//!
//! Runs a search of the preset, takes two populations from it and prints Markdown tables; with
//! `--searches`, judges what searches with seeds 1 to S find instead. All numbers but the times
//! follow from the options and the kernels.

use std::{
    num::NonZero,
    ops::Range,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::time::ClockId;
use zendo::{
    arch::Structure,
    nn::Device,
    proxy::{Failure, Proxy, Settings, Zen},
    random::{Purpose, Stream},
    run::RunSpec,
    score::{Definition, MeanStd, Score},
    search::{Asked, Candidate, Evolution},
    space::{Preset, PresetSource},
};

const BATCHES: [u32; 5] = [1, 2, 4, 16, 64];
/// Means of k draws are compared where k draws of a batch pass so many images.
const IMAGES: [u32; 3] = [4, 16, 64];
/// Larger means are left out: every draw has weights of its own to draw.
const MAX_DRAWS: u32 = 16;
const TRUTH_BATCH: u32 = 64;
/// The repeats of one structure's seed: the truth's from 0, those of `BATCHES[i]` from (i + 1) times
/// this. No two draws share weights or images.
const REPEATS_APART: u32 = 1 << 16;

struct Options {
    preset: String,
    /// The preset's unless told.
    resolution: Option<u32>,
    iterations: u64,
    population: usize,
    /// Draws of the truth.
    truth: u32,
    /// Rankings by the largest mean of each batch; smaller means have more.
    repeats: u32,
    /// The batch the search measures with; the preset's unless told.
    search_batch: Option<u32>,
    /// How many searches to judge; 0 ranks populations instead.
    searches: u32,
}

fn options() -> Options {
    let mut options = Options {
        preset: "quick".to_owned(),
        resolution: None,
        iterations: 2_000,
        population: 64,
        truth: 6,
        repeats: 4,
        search_batch: None,
        searches: 0,
    };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value follows");
        match arg.as_str() {
            "--preset" => options.preset = value(),
            "--resolution" => options.resolution = Some(value().parse().expect("a number")),
            "--iterations" => options.iterations = value().parse().expect("a number"),
            "--population" => options.population = value().parse().expect("a number"),
            "--truth" => options.truth = value().parse().expect("a number"),
            "--repeats" => options.repeats = value().parse().expect("a number"),
            "--search-batch" => options.search_batch = Some(value().parse().expect("a number")),
            "--searches" => options.searches = value().parse().expect("a number"),
            _ => panic!("unknown option {arg}"),
        }
    }
    // A standard deviation is of two values, and repeats of batches must not meet.
    assert!((2..=64).contains(&options.truth), "--truth is from 2 to 64");
    assert!((2..=64).contains(&options.repeats), "--repeats is from 2 to 64");
    options
}

fn preset(options: &Options) -> Preset {
    let no_files = |_: &Path| Err("shipped presets only".to_owned());
    let mut source = PresetSource::find(&options.preset, &no_files).expect("a shipped preset");
    let mut set = |key, value: u64| source.set(key, &value.to_string()).expect("a known key");
    set("search.iterations", options.iterations);
    set("search.population", options.population as u64);
    // One tier and the published moves: the question is what a score tells, not who chose it.
    for key in ["score.elites", "search.climb", "search.small_moves"] {
        set(key, 0);
    }
    for key in ["screen.keep", "search.tournament"] {
        set(key, 1);
    }
    if let Some(resolution) = options.resolution {
        set("score.resolution", resolution.into());
    }
    if let Some(batch) = options.search_batch {
        set("score.batch", batch.into());
    }
    source.set("search.repair", "false").expect("a known key");
    source.set("score.definition", Definition::Table.name()).expect("a known key");
    source.preset().expect("in range")
}

fn zen(preset: &Preset, device: &Device, batch: u32) -> Zen {
    let settings = Settings {
        definition: preset.score.definition,
        batch,
        resolution: preset.score_resolution(),
        alpha: preset.score.alpha,
        classes: 1000,
    };
    Zen::new(settings, device).expect("the CPU's kernels start no thread")
}

/// `work` on every item, on all cores, each with a state of its own; results in the items' order.
fn in_parallel<T: Sync, S, R: Send>(
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut state = state();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = work(&mut state, item);
                    results.lock().expect("no panic while it is held").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic while it was held");
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Of a candidate's draws, as the engine takes it: those for confirmation the search never saw, so
/// that its favourites' luck is left behind.
fn draws_seed(preset: &Preset, purpose: Purpose, candidate: &Candidate) -> u64 {
    Stream::of_candidate(preset.search.seed, purpose, candidate.id).next_u64()
}

/// What a search leaves to rank.
struct Searched {
    /// Candidates that were given a score, in the order they were proposed.
    scored: Vec<Candidate>,
    failed: u64,
    /// Best first.
    population: Vec<Candidate>,
}

/// The search that the engine would run: rounds of candidates change nothing, since the pipeline
/// rule decides what each is proposed from.
fn search(preset: &Preset, device: &Device) -> Searched {
    let (name, preset) = (String::new(), preset.clone());
    let spec = RunSpec::new(&name, preset);
    let mut evolution = Evolution::new(spec.search_settings());
    let preset = &spec.preset;
    let mut scored = Vec::new();
    let mut round = Vec::new();
    loop {
        match evolution.ask(&mut |_| {}) {
            Asked::Candidate(candidate) => round.push(candidate),
            Asked::Again => {}
            Asked::Wait => {
                let proxy = || zen(preset, device, preset.score.batch);
                let scores = in_parallel(&round, proxy, |zen, candidate| {
                    let seed = draws_seed(preset, Purpose::ScoreSeed, candidate);
                    zen.evaluate(&candidate.structure, seed, 0)
                });
                for (candidate, score) in round.drain(..).zip(scores) {
                    let outcome = score.map_err(|failure| failure.to_string()).map(|e| Score {
                        value: e.score,
                        std: None,
                        repeats: 1,
                        log_delta: None,
                        bn_sum: None,
                    });
                    let has_score = outcome.is_ok();
                    evolution.tell(candidate.id, outcome).expect("on its way");
                    if has_score {
                        scored.push(candidate);
                    }
                }
            }
            Asked::Done(_) => break,
        }
    }
    let members = evolution.population().members().iter();
    let population = members
        .map(|m| Candidate {
            id: m.id,
            structure: m.structure.clone(),
            first_draw: m.score.repeats,
        })
        .collect();
    Searched { scored, failed: evolution.counts().failed, population }
}

/// `count` of `all` at even distances, first and last among them.
fn evenly(all: &[Candidate], count: usize) -> Vec<Candidate> {
    let count = count.min(all.len());
    (0..count).map(|i| all[i * (all.len() - 1) / (count - 1).max(1)].clone()).collect()
}

/// All draws of one structure with one batch.
struct Draws {
    scores: Result<Vec<f64>, Failure>,
    cpu_each: Duration,
}

struct Measured {
    truth: Result<Vec<f64>, Failure>,
    /// As `BATCHES`.
    draws: Vec<Draws>,
}

/// Sizes k of the means of k draws that are looked at.
fn means_of(batch: u32) -> Vec<u32> {
    let mut sizes: Vec<u32> = IMAGES.iter().map(|images| images / batch).collect();
    sizes.push(1);
    sizes.retain(|k| (1..=MAX_DRAWS).contains(k));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn draw(zen: &mut Zen, structure: &Structure, seed: u64, first: u32, count: u32) -> Draws {
    let start = cpu_time(ClockId::ThreadCPUTime);
    let draws =
        (first..first + count).map(|repeat| Ok(zen.evaluate(structure, seed, repeat)?.score));
    let scores = draws.collect();
    Draws { scores, cpu_each: cpu_time(ClockId::ThreadCPUTime).saturating_sub(start) / count }
}

/// The CPU's kernels stay on the thread that calls them.
fn cpu_time(clock: ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().expect("0 to 10⁹ − 1"))
}

fn measure(
    (preset, device, options): (&Preset, &Device, &Options),
    population: &[Candidate],
) -> Vec<Measured> {
    let proxies = || (zen(preset, device, TRUTH_BATCH), BATCHES.map(|b| zen(preset, device, b)));
    in_parallel(population, proxies, |(truth, of_batches), candidate| {
        let structure = &candidate.structure;
        let seed = draws_seed(preset, Purpose::ConfirmSeed, candidate);
        let truth = draw(truth, structure, seed, 0, options.truth).scores;
        let draws = of_batches.iter_mut().zip(BATCHES).zip(1..).map(|((zen, batch), place)| {
            let largest = means_of(batch).into_iter().max().expect("one draw is a mean");
            let count = largest * options.repeats;
            draw(zen, structure, seed, place * REPEATS_APART, count)
        });
        Measured { truth, draws: draws.collect() }
    })
}

/// Kendall's τ-b of two rankings of the same things; none where one of them ties everything.
fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    // Scores are finite.
    let sign = |x: f64, y: f64| x.partial_cmp(&y).map_or(0.0, |order| f64::from(order as i8));
    let (mut agreement, mut untied_a, mut untied_b) = (0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            let (of_a, of_b) = (sign(a[i], a[j]), sign(b[i], b[j]));
            agreement += of_a * of_b;
            untied_a += of_a.abs();
            untied_b += of_b.abs();
        }
    }
    let most = f64::sqrt(untied_a * untied_b);
    (most > 0.0).then(|| agreement / most)
}

/// By hand: of the ten pairs of five, ties leave 9 in a and 8 in b; 6 agree, 1 disagrees.
fn check_kendall() {
    let tau = kendall(&[1.0, 2.0, 2.0, 3.0, 4.0], &[1.0, 1.0, 3.0, 2.0, 3.0]);
    assert_eq!(tau, Some(5.0 / f64::sqrt(9.0 * 8.0)));
    assert_eq!(kendall(&[1.0, 2.0], &[2.0, 1.0]), Some(-1.0));
    assert_eq!(kendall(&[1.0, 1.0], &[2.0, 1.0]), None);
}

fn mean(values: &[f64]) -> f64 {
    MeanStd::of(values).mean
}

fn std(values: &[f64]) -> f64 {
    MeanStd::of(values).std.unwrap_or(0.0)
}

/// Noise of one draw: root mean square over the structures, since a mean of standard deviations of
/// few draws is too small.
fn noise<'a>(draws: impl Iterator<Item = &'a [f64]>) -> f64 {
    let variances: Vec<f64> = draws.map(|draws| std(draws).powi(2)).collect();
    mean(&variances).sqrt()
}

fn plus_minus(values: &[f64]) -> String {
    format!("{:.3} ± {:.3}", mean(values), std(values))
}

fn tau_text(a: &[f64], b: &[f64]) -> String {
    kendall(a, b).map_or_else(|| "none".to_owned(), |tau| format!("{tau:.3}"))
}

/// What one batch gives, over the structures that have a truth and a score.
struct OfBatch<'a> {
    batch: u32,
    without_score: usize,
    truth: Vec<f64>,
    draws: Vec<&'a [f64]>,
    /// Median over the structures, one draw.
    cpu_ms: f64,
}

impl OfBatch<'_> {
    fn new<'a>(at: usize, with_truth: &[(&[f64], &'a Measured)]) -> OfBatch<'a> {
        let (mut truth, mut draws, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for (of_truth, measured) in with_truth {
            let of_batch = &measured.draws[at];
            if let Ok(scores) = &of_batch.scores {
                truth.push(mean(of_truth));
                draws.push(scores.as_slice());
                times.push(of_batch.cpu_each);
            }
        }
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        OfBatch {
            batch: BATCHES[at],
            without_score: with_truth.len() - draws.len(),
            truth,
            draws,
            cpu_ms: median.as_secs_f64() * 1e3,
        }
    }

    fn print_row(&self) {
        let OfBatch { batch, without_score, truth, draws, .. } = self;
        if draws.len() < 2 {
            println!("| {batch} | {without_score} | | | | |");
            return;
        }
        let means: Vec<f64> = draws.iter().map(|draws| mean(draws)).collect();
        println!(
            "| {batch} | {without_score} | {:.3} | {:.3} | {:+.3} | {} |",
            noise(draws.iter().copied()),
            std(&means),
            mean(&means) - mean(truth),
            tau_text(&means, truth),
        );
    }

    /// τ-b of each ranking by means of `k` draws.
    fn taus(&self, k: u32) -> Vec<f64> {
        let k = k as usize;
        let rankings = self.draws.first().map_or(0, |draws| draws.len() / k);
        let tau = |n: usize| {
            let mean_of = |draws: &&[f64]| mean(&draws[n * k..(n + 1) * k]);
            kendall(&self.draws.iter().map(mean_of).collect::<Vec<_>>(), &self.truth)
        };
        (0..rankings).filter_map(tau).collect()
    }
}

/// Two rankings by halves of the truth tell how far the truth itself can be trusted.
fn print_truth(truths: &[&[f64]]) {
    let means: Vec<f64> = truths.iter().map(|draws| mean(draws)).collect();
    let draws = truths[0].len();
    let half = draws / 2;
    let part = |range: Range<usize>| -> Vec<f64> {
        truths.iter().map(|draws| mean(&draws[range.clone()])).collect()
    };
    println!(
        "True scores: mean {:.2}, spread (std) {:.3}, standard error of each {:.3}; τ-b between \
         means of {half} draws of the truth {}.\n",
        mean(&means),
        std(&means),
        noise(truths.iter().copied()) / (draws as f64).sqrt(),
        tau_text(&part(0..half), &part(draws - half..draws)),
    );
}

fn report(title: &str, measured: &[Measured]) {
    println!("\n### {title}\n");
    let with_truth: Vec<(&[f64], &Measured)> =
        measured.iter().filter_map(|m| Some((m.truth.as_deref().ok()?, m))).collect();
    println!("{} structures, {} of them with a truth.", measured.len(), with_truth.len());
    if with_truth.len() < 2 {
        return;
    }
    print_truth(&with_truth.iter().map(|(truth, _)| *truth).collect::<Vec<_>>());
    println!("| batch | no score | noise of a draw | spread | mean − truth | τ-b, all draws |");
    println!("|--:|--:|--:|--:|--:|--:|");
    let batches: Vec<_> = (0..BATCHES.len()).map(|at| OfBatch::new(at, &with_truth)).collect();
    batches.iter().for_each(OfBatch::print_row);
    let mut rows: Vec<_> = batches
        .iter()
        .flat_map(|of| means_of(of.batch).into_iter().map(move |k| (k, of)))
        .collect();
    rows.sort_by_key(|(k, of)| (k * of.batch, of.batch));
    println!("\n| images | batch × draws | τ-b | rankings | CPU ms a candidate |");
    println!("|--:|--:|--:|--:|--:|");
    for (k, of) in rows {
        let (batch, taus, ms) = (of.batch, of.taus(k), of.cpu_ms * f64::from(k));
        if taus.is_empty() {
            continue;
        }
        let (tau, rankings) = (plus_minus(&taus), taus.len());
        println!("| {} | {batch} × {k} | {tau} | {rankings} | {ms:.2} |", k * batch);
    }
    let mut draws = measured.iter().flat_map(|m| &m.draws);
    if let Some(failure) = draws.find_map(|d| d.scores.as_ref().err()) {
        println!("\nWhere there is no score, the first says: {failure}.");
    }
}

/// Ranks two populations of one search.
fn compare_rankings(preset: &Preset, device: &Device, options: &Options) {
    let Searched { scored, failed, population } = search(preset, device);
    println!("\nThe search scored {} candidates; {failed} more had no score.", scored.len());
    let wide = evenly(&scored, options.population);
    let measure = |population: &[Candidate]| measure((preset, device, options), population);
    report("Wide: evenly along the search", &measure(&wide));
    report("Narrow: the search's last population", &measure(&population));
}

/// What whole searches find, judged by the truth: one row of a table that several batches make.
fn judge_searches(preset: &Preset, device: &Device, options: &Options) {
    let mut preset = preset.clone();
    let (mut scored, mut cpu, mut best, mut of_all) = (vec![], vec![], vec![], vec![]);
    for seed in 1..=options.searches {
        preset.search.seed = seed.into();
        let start = cpu_time(ClockId::ProcessCPUTime);
        let searched = search(&preset, device);
        cpu.push(cpu_time(ClockId::ProcessCPUTime).saturating_sub(start).as_secs_f64());
        scored.push(searched.scored.len() as f64);
        let truth = || zen(&preset, device, TRUTH_BATCH);
        let truths = in_parallel(&searched.population, truth, |truth, candidate| {
            let seed = draws_seed(&preset, Purpose::ConfirmSeed, candidate);
            let scores = draw(truth, &candidate.structure, seed, 0, options.truth).scores;
            mean(&scores.expect("a truth for each"))
        });
        let finalists = &truths[..truths.len().min(preset.confirm.best)];
        best.push(finalists.iter().copied().fold(f64::MIN, f64::max));
        of_all.push(mean(&truths));
    }
    let (scored, cpu) = (mean(&scored), mean(&cpu));
    let (best, of_all) = (plus_minus(&best), plus_minus(&of_all));
    println!("\n| batch | iterations | scored | CPU s a search | best finalist | population |");
    println!("|--:|--:|--:|--:|--:|--:|");
    let (batch, iterations) = (preset.score.batch, preset.search.iterations);
    println!("| {batch} | {iterations} | {scored:.0} | {cpu:.1} | {best} | {of_all} |");
}

fn main() {
    check_kendall();
    let start = Instant::now();
    let (options, device) = (options(), Device::cpu());
    let preset = preset(&options);
    let (score, search) = (&preset.score, &preset.search);
    let seeds = match options.searches {
        0 => format!("seed {}", search.seed),
        n => format!("seeds 1 to {n}"),
    };
    println!(
        "Preset {}, scored at {} px, {} definition, {} kernels; search: {seeds}, {} iterations, \
         population {}, batch {}; truth: {} draws of batch {TRUTH_BATCH}.",
        options.preset,
        preset.score_resolution(),
        score.definition,
        device.kernels(),
        search.iterations,
        search.population,
        score.batch,
        options.truth,
    );
    match options.searches {
        0 => compare_rankings(&preset, &device, &options),
        _ => judge_searches(&preset, &device, &options),
    }
    eprintln!("took {:.0} s", start.elapsed().as_secs_f64());
}
