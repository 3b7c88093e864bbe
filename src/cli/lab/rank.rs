//! `zendo lab rank`: proxies beside the trained accuracies of a benchmark.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    kept::{End, KeptArgs, Made, Session, conduct, device_choice, polite_workers},
    output::{chosen, draw, write_picture},
};
use crate::{
    arch::limits,
    cli::{
        Failure,
        markdown::Table,
        output::{folded, json_line, line},
        score::{ALPHA, BATCH, definition},
    },
    lab::rank::{
        Benchmark, Counted, Figure, Interval, Judged, KENDALL, NDCG, Others, Predictor, Rank,
        Ranked, SPEARMAN, TOP, Told, nas_bench_macro, verdicts,
    },
    nn::{self, DeviceChoice, KernelChoice},
    proxy::{self, Settings},
    report,
    run::values_folder,
    score::Definition,
    text::{age, grouped, printable},
};

#[derive(Debug, clap::Args)]
pub struct RankArgs {
    /// NAS-Bench-Macro's JSON as it is published, or a CSV with the heads structure,accuracy[,accuracy2…]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What judges, with commas; params and flops are always drawn beside
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "zen,zen-analytic")]
    proxies: Vec<String>,
    /// Images in a batch
    #[arg(long, default_value_t = BATCH, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Input side in pixels
    #[arg(long, default_value_t = nas_bench_macro::RESOLUTION, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    resolution: u32,
    /// Outputs of the classifier
    #[arg(long, default_value_t = nas_bench_macro::CLASSES, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    classes: u32,
    /// Which Zen-Score is the score [default: the run's, else table]
    #[arg(long, value_parser = definition, value_name = "paper|table|reference")]
    definition: Option<Definition>,
    /// Draws of each value, which is their mean
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    repeats: u32,
    /// Of the draws, the same for all networks, and of the resamples
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: u64,
    /// How many of the networks, in percent, are the top
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent)]
    top: f64,
    /// Count a network as often as the file has it, as figures in the literature may do; otherwise identical ones
    /// count once
    #[arg(long)]
    as_listed: bool,
    /// A folder for measured values; the same command goes on there after an interruption, other proxies too
    /// [default: none; beside the result where that is kept]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Worker threads [default: one for each core, or four for each GPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// Where it is measured [default: where the run is, else auto]
    #[arg(long, value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: Option<DeviceChoice>,
    #[arg(long, default_value = "auto", value_name = "auto|avx512|avx2|portable|cuda|graph")]
    kernels: KernelChoice,
    /// One JSON object a line: progress, what each proxy comes to, then what was compared
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// A line for each network, with its accuracies and its value by each proxy
    #[arg(long)]
    csv: bool,
    /// Write the figures as a picture, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    kept: KeptArgs,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        Ok(_) | Err(_) => Err("expected a number above 0, up to 100".to_owned()),
    }
}

pub(super) fn run(args: &RankArgs) -> Result<ExitCode, Failure> {
    conduct(
        "rank",
        args.kept.place(0),
        |session| measure(args, session),
        |made| {
            let (experiment, ranked) = &made.rest;
            write_picture(&made.report.figures, args.svg.as_deref())?;
            match (args.json, args.csv) {
                (true, _) => print_json(experiment, ranked),
                (false, true) => print_csv(experiment, ranked),
                (false, false) => print(args, (experiment, ranked), &made.report.figures),
            }
        },
    )
}

fn measure(args: &RankArgs, session: &mut Session) -> Result<Made<(Rank, Ranked)>, End> {
    let proxies = chosen(&args.proxies)?;
    let benchmark = Benchmark::read(&args.file).map_err(Failure::usage)?;
    let run = session.run.as_ref();
    let device = device_choice(args.device, run)?;
    let is_cpu = || nn::open(device, args.kernels).is_ok_and(|(device, _)| device.is_cpu());
    let workers = args.workers.map(usize::from);
    let definition = args.definition.or(run.map(|run| run.preset.score.definition));
    let (out, others) = match (&args.out, &session.lab) {
        (Some(out), _) => (Some(out.clone()), Others::Refused),
        // Nobody named it, so nobody is asked for another one.
        (None, Some(lab)) => (Some(values_folder(lab)), Others::Replaced),
        (None, None) => (None, Others::Refused),
    };
    let experiment = Rank {
        benchmark,
        proxies,
        settings: Settings {
            definition: definition.unwrap_or(Definition::Table),
            batch: args.batch,
            resolution: args.resolution,
            alpha: ALPHA,
            classes: args.classes,
        },
        counted: if args.as_listed { Counted::AsListed } else { Counted::Once },
        seed: args.seed,
        repeats: args.repeats,
        top: args.top / 100.0,
        device,
        kernels: args.kernels,
        workers: polite_workers(workers, is_cpu, run),
        out,
        others,
    };
    let mut progress = Progress { json: args.json, told: None, began: None };
    let judges = experiment.judges();
    let stop = session.stop();
    let ranked = experiment.run(&stop, &mut |told| {
        progress.tell(&told);
        keep_told(session, &judges, &told);
    });
    progress.clear();
    let ranked = ranked?;
    let report = experiment.report(&ranked, &file_name(args));
    Ok(Made { report, device: ranked.device.clone(), rest: (experiment, ranked) })
}

fn file_name(args: &RankArgs) -> String {
    let name = args.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    printable(&name)
}

/// How far all `judges` together are, for whoever looks at the folder: what isn't measured takes no time.
fn keep_told(session: &mut Session, judges: &[&'static str], told: &Told) {
    let is_measured = |name: &str| proxy::info(name).is_some_and(|info| info.measured);
    match told {
        Told::Measuring { proxy, done, of, .. } => {
            let before = judges.iter().take_while(|name| *name != proxy);
            let before = before.filter(|name| is_measured(name)).count();
            let measured = judges.iter().filter(|name| is_measured(name)).count();
            let own = if is_measured(proxy) { *done } else { 0 };
            let text =
                format!("{proxy}: {} of {} networks", grouped(*done as u64), grouped(*of as u64));
            session.tell(before * of + own, measured * of, &text);
        }
        Told::Comparing => session.tell(0, 0, "comparing resamples"),
        Told::Remark(_) => {}
    }
}

/// Progress is told so often.
const INTERVAL: Duration = Duration::from_secs(1);

/// What is seen while it runs.
struct Progress {
    json: bool,
    told: Option<Instant>,
    /// Whose values are measured, and since when.
    began: Option<(&'static str, Instant)>,
}

impl Progress {
    fn tell(&mut self, told: &Told) {
        let text = match told {
            Told::Remark(text) => return self.say(text),
            Told::Measuring { proxy, done, of, known } => {
                let began = match self.began {
                    Some((of, began)) if of == *proxy => began,
                    Some(_) | None => {
                        let now = Instant::now();
                        self.began = Some((proxy, now));
                        now
                    }
                };
                if self.told.is_some_and(|told| told.elapsed() < INTERVAL) {
                    return;
                }
                let (measured, left) = (done - known, of - done);
                let each = began.elapsed().as_secs_f64() / measured.max(1) as f64;
                let left = age(Some((each * left as f64) as u64));
                format!(
                    "{proxy}: {} of {} networks, {left} left",
                    grouped(*done as u64),
                    grouped(*of as u64)
                )
            }
            Told::Comparing => "comparing resamples".to_owned(),
        };
        self.told = Some(Instant::now());
        if self.json {
            let _ = json_line(&json!({ "event": "progress", "text": text }));
            return;
        }
        let mut err = io::stderr().lock();
        // Nobody at stderr is no reason to end an experiment.
        let _ = match io::stderr().is_terminal() {
            true => write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()),
            false => writeln!(err, "{text}"),
        };
    }

    fn clear(&self) {
        if !self.json && io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn say(&self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{}", printable(text));
    }
}

fn print_json(experiment: &Rank, ranked: &Ranked) -> Result<(), Failure> {
    let figures = |predictor: &Predictor| {
        let of = |figure: Figure| {
            let interval = predictor.interval(figure).map(|Interval { low, high }| [low, high]);
            json!({ "value": figure(&predictor.figures), "interval": interval })
        };
        json!({ "kendall": of(KENDALL), "spearman": of(SPEARMAN), "ndcg": of(NDCG), "top_accuracy": of(TOP) })
    };
    for judged in &ranked.proxies {
        let failures = judged.values.iter().filter(|value| value.is_err()).count();
        let mut object = figures(&judged.predictor);
        object["event"] = json!("proxy");
        object["proxy"] = json!(judged.proxy);
        object["failures"] = json!(failures);
        json_line(&object)?;
    }
    let benchmark = &experiment.benchmark;
    json_line(&json!({
        "event": "ranked", "networks": benchmark.nets.len(), "listed": benchmark.listed, "compared": ranked.compared, "counted": ranked.counted,
        "seeds": benchmark.seeds, "top": ranked.top, "best_accuracy": experiment.best_accuracy(),
        "ceiling": ranked.ceiling.as_ref().map_or(Value::Null, figures), "settings": experiment.settings,
        "seed": experiment.seed, "repeats": experiment.repeats,
    }))
}

fn print_csv(experiment: &Rank, ranked: &Ranked) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    // As it can be read again, with more columns behind.
    let mut heads = vec!["structure".to_owned(), "accuracy".to_owned()];
    heads.extend((2..=experiment.benchmark.seeds).map(|seed| format!("accuracy{seed}")));
    heads.extend(ranked.proxies.iter().map(|judged| judged.proxy.to_owned()));
    csv.write_record(&heads).map_err(Failure::failed)?;
    for (number, net) in experiment.benchmark.nets.iter().enumerate() {
        let mut cells = vec![net.structure.to_string()];
        cells.extend(net.accuracies.iter().map(f64::to_string));
        let value = |judged: &Judged| match &judged.values[number] {
            Ok(value) => value.to_string(),
            Err(_) => String::new(),
        };
        cells.extend(ranked.proxies.iter().map(value));
        csv.write_record(&cells).map_err(Failure::failed)?;
    }
    csv.flush().map_err(Failure::failed)
}

/// With three decimals, as correlations have them; a dash for none.
fn correlation(value: f64) -> String {
    match value.is_finite() {
        true => format!("{value:.3}"),
        false => "–".to_owned(),
    }
}

/// An estimate with its interval.
fn with_interval(value: String, interval: Option<Interval>, decimals: usize) -> String {
    match interval {
        Some(Interval { low, high }) => {
            let ends = [low, high].map(|end| {
                let text = format!("{end:.decimals$}");
                // Next to the estimate the 0 says nothing.
                text.strip_prefix("0.").map_or(text.clone(), |decimals| format!(".{decimals}"))
            });
            format!("{value} {}–{}", ends[0], ends[1])
        }
        None => value,
    }
}

fn print(
    args: &RankArgs,
    (experiment, ranked): (&Rank, &Ranked),
    pictures: &[report::Figure],
) -> Result<(), Failure> {
    let benchmark = &experiment.benchmark;
    let count = |n: usize| grouped(n as u64);
    let mut head = format!("{}: {} networks", file_name(args), count(benchmark.nets.len()));
    if benchmark.listed > benchmark.nets.len() {
        head.push_str(&format!(" that differ, of {}", count(benchmark.listed)));
        if experiment.counted == Counted::AsListed {
            head.push_str(" that count");
        }
    }
    let seeds = if benchmark.seeds == 1 { "training" } else { "trainings" };
    head.push_str(&format!(", {} {seeds} each", benchmark.seeds));
    line(head)?;
    draw(pictures)?;
    line("")?;
    let at_k = format!("nDCG@{}", ranked.top);
    let top = format!("top {} accuracy", ranked.top);
    let heads = vec!["ranked by", "Kendall", "Spearman", &at_k, &top];
    let table = Table::new(heads, &[15, 15, 8, 8, 17], 1);
    table.heads().iter().try_for_each(line)?;
    let row = |name: &str, predictor: &Predictor| {
        let Predictor { figures, .. } = predictor;
        line(table.row(&[
            name.to_owned(),
            with_interval(correlation(figures.kendall), predictor.interval(KENDALL), 3),
            correlation(figures.spearman),
            correlation(figures.ndcg),
            with_interval(format!("{:.2}", figures.top), predictor.interval(TOP), 2),
        ]))
    };
    ranked.proxies.iter().try_for_each(|judged| row(judged.proxy, &judged.predictor))?;
    if let Some(ceiling) = &ranked.ceiling {
        row("one training", ceiling)?;
    }
    let mut text = format!(
        "\nBehind estimates: where 95 % of 1,000 resamples of the networks lie. The best network has {:.2}.",
        experiment.best_accuracy()
    );
    if ranked.ceiling.is_some() {
        text.push_str(" One training stands for the mean of the others: more can hardly be expected of a proxy.");
    }
    if ranked.compared < benchmark.nets.len() {
        let left_out = count(benchmark.nets.len() - ranked.compared);
        text.push_str(&format!(" {left_out} networks are left out: a proxy has no value of them."));
    }
    let mut verdicts = verdicts(ranked);
    if let Some(first) = verdicts.first_mut() {
        first.insert(0, '\n');
    }
    for paragraph in [text].into_iter().chain(verdicts) {
        folded(&paragraph, 80).iter().try_for_each(line)?;
    }
    Ok(())
}
