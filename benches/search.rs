//! What the search itself costs: children made, judged by the budgets and scored in closed form, a
//! second and core: `cargo bench --bench search [-- --rounds N]`.
//!
//! One thread, by its own CPU time. "children/s": mutate, check the budgets and, of those within them,
//! compute the analytic score, of the population that the search ends with. "proposed/s", "scored/s":
//! the whole search, with dedup, population, history and lineage. Rows take turns, so that ratios are
//! of one moment of one machine; medians of the rounds.

use std::{hint::black_box, path::Path, time::Duration};

use zendo::{
    run::RunSpec,
    search::{Asked, Evolution},
    space::PresetSource,
};

const ITERATIONS: u64 = 400_000;

const PUBLISHED: &[&str] = &[];
const BEST_MIX: &[&str] = &["search.tournament=3", "search.small_moves=0.8", "search.repair=true"];

const BY_PARAMS: &[&str] = &["search.minimise=params"];
const BY_TWO: &[&str] = &["search.minimise=params,flops"];

const ROWS: [(&str, &str, &[&str]); 6] = [
    ("cifar-params-1m", "published moves", PUBLISHED),
    ("imagenet-flops-400m", "published moves", PUBLISHED),
    ("cifar-params-1m", "small moves, repair, tournament", BEST_MIX),
    ("imagenet-flops-400m", "small moves, repair, tournament", BEST_MIX),
    ("cifar-params-1m", "published, score and params", BY_PARAMS),
    ("cifar-params-1m", "published, score, params, FLOPs", BY_TWO),
];

fn evolution(preset: &str, sets: &[&str]) -> Evolution {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let mut source = PresetSource::find(preset, &no_files).expect("shipped");
    for set in ["score.proxy=zen-analytic", "score.batch=16"].iter().chain(sets) {
        source.set_assignment(set).expect("a key");
    }
    source.set_assignment(&format!("search.iterations={ITERATIONS}")).expect("a key");
    let preset = source.preset().expect("valid");
    Evolution::new(RunSpec::new("", preset).search_settings())
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below 1e9"))
}

/// Proposals and scores a second of a search, and children a second of its last population.
fn measure(preset: &str, sets: &[&str]) -> (f64, f64, f64) {
    let mut evolution = evolution(preset, sets);
    let start = cpu_time();
    while !matches!(evolution.ask(&mut |_| {}), Asked::Done(_)) {}
    let seconds = (cpu_time() - start).as_secs_f64();
    let (proposed, scored) = (evolution.counts().proposed, evolution.counts().scored);
    let start = cpu_time();
    let mut sum = 0.0;
    for number in ITERATIONS..2 * ITERATIONS {
        sum += evolution.try_child(number).ok().flatten().map_or(0.0, |score| score.value);
    }
    black_box(sum);
    let children = ITERATIONS as f64 / (cpu_time() - start).as_secs_f64();
    (children, proposed as f64 / seconds, scored as f64 / seconds)
}

fn main() {
    let mut rounds = 7_usize;
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = args.next().and_then(|n| n.parse().ok()).expect("--rounds N"),
            other => panic!("unknown option {other}; there is --rounds N"),
        }
    }
    let mut samples = vec![Vec::new(); ROWS.len()];
    for _ in 0..rounds.max(1) {
        for (samples, (preset, _, sets)) in samples.iter_mut().zip(ROWS) {
            samples.push(measure(preset, sets));
        }
    }
    println!(
        "{:<20} {:<32} {:>12} {:>12} {:>12}",
        "preset", "moves", "children/s", "proposed/s", "scored/s"
    );
    for (mut samples, (preset, moves, _)) in samples.into_iter().zip(ROWS) {
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (children, proposed, scored) = samples[samples.len() / 2];
        println!("{preset:<20} {moves:<32} {children:>12.0} {proposed:>12.0} {scored:>12.0}");
    }
}
