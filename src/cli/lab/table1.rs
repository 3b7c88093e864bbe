//! `zendo lab table1`: one search a proxy, and everybody's opinion of what was found.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use serde_json::{Map, Value, json};

use super::output::{chosen, interrupted_or, write_picture};
use crate::{
    cli::{
        Failure,
        markdown::{Table, figure},
        output::{compact, json_line, line, score},
        presets,
        signals::catch_signals,
    },
    lab::{Found, Row, Table1, Told, looked_for, rank},
    proxy,
    report::Figure,
    text::printable,
};

#[derive(Debug, clap::Args)]
pub struct Table1Args {
    /// A preset's name, shipped or yours, or a preset file
    #[arg(long, value_name = "NAME|FILE", default_value = "cifar-params-1m")]
    preset: String,
    /// Only these proxies, with commas [default: all that `zendo proxies` lists]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    proxies: Vec<String>,
    /// Candidates that each search scores
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    scored: u64,
    /// Draws of each opinion
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    repeats: u32,
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Worker threads [default: one for each core, or four for each GPU]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    #[arg(long, value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: Option<String>,
    /// Change a setting of all searches, such as search.population=64
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// A folder with one for each search; the same command goes on there after an interruption
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One JSON object a line: progress, then a network with all opinions in each
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// A line for each network, with means and standard deviations of all opinions
    #[arg(long)]
    csv: bool,
    /// Write the costs of what was found as a picture, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What makes the search the same for all proxies: no screen, no climb and no optimum, which go by the analytic
/// score, no confirmation, a population that so few candidates fill several times and a pipeline that is short beside it, and images to compare.
fn settings(args: &Table1Args) -> Vec<String> {
    let mut sets: Vec<String> = [
        "screen.keep=1",
        "search.climb=0",
        "search.polish=false",
        "confirm.best=0",
        "score.seed_mode=fresh",
        "score.batch=16",
        "search.iterations=1000000000",
        "run.optimum=false",
        "search.pipeline=4",
    ]
    .map(str::to_owned)
    .to_vec();
    sets.push(format!("search.max_scored={}", args.scored));
    sets.push(format!("search.population={}", (args.scored / 8).clamp(8, 512)));
    sets.extend(args.sets.iter().cloned());
    let flags = [
        ("search.seed", args.seed.map(|seed| seed.to_string())),
        ("run.workers", args.workers.map(|workers| workers.to_string())),
        ("run.device", args.device.clone()),
    ];
    sets.extend(flags.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?))));
    sets
}

pub(super) fn run(args: &Table1Args) -> Result<ExitCode, Failure> {
    let settings = settings(args);
    let mut searches = Vec::new();
    let mut name = String::new();
    let proxies = match args.proxies.is_empty() {
        true => proxy::names().collect(),
        false => chosen(&args.proxies)?,
    };
    for proxy in proxies {
        let mut sets = settings.clone();
        sets.push(format!("score.proxy={proxy}"));
        let preset;
        (name, preset) = presets::load(&args.preset, &sets)?;
        searches.push((proxy, preset));
    }
    let signal = catch_signals().map_err(Failure::failed)?;
    let experiment = Table1 { name, searches, repeats: args.repeats, out: args.out.clone() };
    let mut progress = Progress { args, of: experiment.searches.len(), told: None };
    let stop = || signal.load(Ordering::Relaxed) != 0;
    let rows = match experiment.run(&stop, &mut |told| progress.tell(&told)) {
        Ok(rows) => rows,
        Err(error) => {
            progress.clear();
            return interrupted_or(error, &signal);
        }
    };
    progress.clear();
    write_picture(&[Figure::Chart(looked_for(&rows))], args.svg.as_deref())?;
    match (args.json, args.csv) {
        (true, _) => rows.iter().try_for_each(|row| json_line(&json_of(row)))?,
        (false, true) => print_csv(&rows)?,
        (false, false) => print(&experiment, &rows)?,
    }
    match rows.iter().filter(|row| row.searched.found.is_err()).count() {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(Failure::failed(anyhow!("{n} of {} searches found nothing", rows.len()))),
    }
}

/// Progress is told so often.
const INTERVAL: Duration = Duration::from_secs(1);

/// What is seen while it runs.
struct Progress<'a> {
    args: &'a Table1Args,
    of: usize,
    told: Option<Instant>,
}

impl Progress<'_> {
    fn tell(&mut self, told: &Told<'_>) {
        let text = match told {
            Told::Remark(text) => return self.say(text),
            Told::Searching { .. } | Told::Judging { .. } if !self.is_due() => return,
            Told::Searching { proxy, number, snapshot } => {
                let (scored, of) = (snapshot.scored, self.args.scored);
                format!("search {} of {}, {proxy}: {scored} of {of} scored", number + 1, self.of)
            }
            Told::Judging { done, of } => format!("opinions: {done} of {of}"),
        };
        self.told = Some(Instant::now());
        let mut err = io::stderr().lock();
        // Nobody at stderr is no reason to end an experiment.
        let _ = match (self.args.json, io::stderr().is_terminal()) {
            (true, _) => {
                drop(err);
                let _ = json_line(&json!({ "event": "progress", "text": text }));
                return;
            }
            (false, true) => write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()),
            (false, false) => writeln!(err, "{text}"),
        };
    }

    fn is_due(&self) -> bool {
        self.told.is_none_or(|told| told.elapsed() >= INTERVAL)
    }

    fn clear(&self) {
        if !self.args.json && io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn say(&self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{}", printable(text));
    }
}

fn json_of(row: &Row) -> Value {
    let mut opinions = Map::new();
    for opinion in &row.opinions {
        let value = match &opinion.score {
            Ok(score) => json!(score),
            Err(failure) => json!({ "failure": failure }),
        };
        opinions.insert(opinion.proxy.to_owned(), value);
    }
    let searched_by = row.searched.proxy;
    match &row.searched.found {
        Ok(Found { structure, costs, score, scored, seconds }) => json!({
            "event": "network", "searched_by": searched_by, "structure": structure, "params": costs.params,
            "flops": costs.flops, "layers": costs.layers, "score": score.value, "scored": scored,
            "seconds": seconds, "opinions": opinions,
        }),
        Err(failure) => {
            json!({ "event": "network", "searched_by": searched_by, "failure": failure })
        }
    }
}

fn print_csv(rows: &[Row]) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    let mut heads: Vec<String> =
        ["searched_by", "structure", "params", "flops", "layers", "scored", "seconds"]
            .map(str::to_owned)
            .to_vec();
    for row in rows {
        heads.push(format!("{}_mean", row.searched.proxy));
        heads.push(format!("{}_std", row.searched.proxy));
    }
    csv.write_record(&heads).map_err(Failure::failed)?;
    for row in rows {
        let Ok(found) = &row.searched.found else { continue };
        let Found { structure, costs, scored, seconds, score: _ } = found;
        let mut cells = vec![row.searched.proxy.to_owned(), structure.to_string()];
        cells.extend(
            [costs.params, costs.flops, costs.layers.into(), *scored].map(|n| n.to_string()),
        );
        cells.push(format!("{seconds:.3}"));
        for opinion in &row.opinions {
            let score = opinion.score.as_ref().ok();
            cells.push(score.map_or_else(String::new, |score| score.mean.to_string()));
            let std = score.and_then(|score| score.std);
            cells.push(std.map_or_else(String::new, |std| std.to_string()));
        }
        csv.write_record(&cells).map_err(Failure::failed)?;
    }
    csv.flush().map_err(Failure::failed)
}

/// What was found, then who thinks what of it.
fn print(experiment: &Table1, rows: &[Row]) -> Result<(), Failure> {
    let seed = experiment.searches.first().map_or(0, |(_, preset)| preset.search.seed);
    line(format!("{} by each proxy, seed {seed}\n", experiment.name))?;
    let heads = vec!["searched by", "", "params", "FLOPs", "layers", "own score", "seconds"];
    let table = Table::new(heads, &[15, 2, 7, 7, 6, 9, 7], 1);
    table.heads().iter().try_for_each(line)?;
    for (number, row) in (1..).zip(rows) {
        let dash = || "–".to_owned();
        let mut cells = vec![row.searched.proxy.to_owned(), number.to_string()];
        match &row.searched.found {
            Ok(found) => cells.extend([
                compact(found.costs.params),
                compact(found.costs.flops),
                found.costs.layers.to_string(),
                score(found.score.value),
                figure(found.seconds),
            ]),
            Err(_) => cells.extend([dash(), dash(), dash(), dash(), dash()]),
        }
        line(table.row(&cells))?;
    }
    line("\nPlaces in each proxy's opinion, 1 the best; columns are numbered as above:\n")?;
    let numbers: Vec<String> = (1..=rows.len()).map(|number| number.to_string()).collect();
    let heads = std::iter::once("searched by").chain(numbers.iter().map(String::as_str)).collect();
    let widths: Vec<usize> = std::iter::once(15).chain(numbers.iter().map(|_| 2)).collect();
    let table = Table::new(heads, &widths, 1);
    table.heads().iter().try_for_each(line)?;
    let places: Vec<_> = (0..rows.len()).map(|column| rank(rows, column)).collect();
    for (number, row) in rows.iter().enumerate() {
        let mut cells = vec![row.searched.proxy.to_owned()];
        let place = |places: &Vec<Option<usize>>| places[number].map(|place| place.to_string());
        cells.extend(places.iter().map(|places| place(places).unwrap_or_else(|| "–".to_owned())));
        line(table.row(&cells))?;
    }
    line("\n`--csv` and `--json` have the opinions themselves and the structures.")
}
