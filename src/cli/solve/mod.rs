//! `zendo solve`: the best structure of a preset, with a proof.

mod report;
mod sweep;

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use report::Report;

use super::{Failure, latency::TableArgs, output::LiveLine, presets, signals::catch_signals};
use crate::{
    arch::Latencies,
    optimum::{Answer, LayerPrice, ObjectiveForm, Progress, Solved, Solver, Stage, Sweep},
    run::{self, LatencyPrediction},
    text::grouped,
};

#[derive(Debug, Args)]
pub struct SolveArgs {
    /// A preset's name, shipped or yours, or a preset file
    #[arg(long, value_name = "NAME|FILE")]
    preset: String,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    tables: TableArgs,
    /// The K best structures
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    top: u32,
    /// Which closed form: the analytic score's bound, or the bare product of fan-ins
    #[arg(long, value_enum, default_value_t = Form::Theory)]
    form: Form,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The optimum against one of its limits: params=0.25M..4M, flops=100M..800M:8 (so many points),
    /// layers=8..30
    #[arg(long, value_name = "KEY=FROM..TO", conflicts_with = "top")]
    sweep: Option<Sweep>,
    /// One JSON object a structure, the last the optimum
    #[arg(long)]
    json: bool,
    /// A sweep as comma-separated values
    #[arg(long, requires = "sweep", conflicts_with = "json")]
    csv: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Theory,
    Simple,
}

impl From<Form> for ObjectiveForm {
    fn from(form: Form) -> ObjectiveForm {
        match form {
            Form::Theory => ObjectiveForm::Theory,
            Form::Simple => ObjectiveForm::Simple,
        }
    }
}

/// A structure that was solved for, as JSON has it.
#[derive(Serialize)]
struct Line {
    structure: String,
    objective: f64,
    /// The full analytic score.
    score: f64,
    bound: f64,
    gap: f64,
    proven: bool,
    params: u64,
    flops: u64,
    layers: u32,
    /// Of one image, by each latency table.
    #[serde(skip_serializing_if = "Latencies::is_empty")]
    latency_ms: Latencies,
    /// With intervals and provenance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latency: Vec<LatencyPrediction>,
    /// Objective per unit of each budget.
    price: BTreeMap<&'static str, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_price: Option<LayerPrice>,
    seconds: f64,
}

impl Line {
    /// Of one of the answer's best.
    fn new(answer: &Answer, solved: &Solved, seconds: f64) -> Line {
        // What is proven to come next is bounded by itself.
        let bound = if answer.proven { solved.objective } else { answer.bound };
        let prices = answer.prices.iter();
        Line {
            structure: solved.structure.to_string(),
            objective: solved.objective,
            score: solved.score,
            bound,
            gap: bound - solved.objective,
            proven: answer.proven,
            params: solved.costs.params,
            flops: solved.costs.flops,
            layers: solved.costs.layers,
            latency_ms: solved.costs.latency_ms,
            latency: Vec::new(),
            price: prices.map(|price| (price.budget.name(), price.score)).collect(),
            layer_price: None,
            seconds,
        }
    }
}

pub(super) fn run(args: &SolveArgs) -> Result<ExitCode, Failure> {
    let sets = [args.sets.clone(), args.tables.settings()?].concat();
    let (name, preset) = presets::load(&args.preset, &sets)?;
    let start = Instant::now();
    let problem = run::problem(&preset, args.form.into()).map_err(Failure::usage)?;
    if let Some(sweep) = &args.sweep
        && sweep.budget.table().is_some_and(|table| preset.budget.latencies()[table].is_none())
    {
        let what = format!("{} is swept by no table; --latency-table names one", sweep.budget);
        return Err(Failure::usage(anyhow::anyhow!(what)));
    }
    let signal = catch_signals().map_err(Failure::failed)?;
    let mut viewer = Viewer::new(&signal);
    let target = problem.target().clone();
    let widest = args.sweep.as_ref().map_or_else(|| target.clone(), |s| s.widest(&target));
    let solver = Solver::new(problem, &widest, threads(args), &mut |p| viewer.tell(p))
        .map_err(Failure::usage)?;
    if let Some(sweep) = &args.sweep {
        sweep::run(args, sweep, (&solver, &target), &mut viewer)?;
        return Ok(status(&signal));
    }
    let answer = solver
        .solve(&target, args.top as usize, &mut |p| viewer.tell(p))
        .map_err(Failure::usage)?;
    let seconds = start.elapsed().as_secs_f64();
    viewer.doing = "a sub-layer more or less: ";
    let layer_price = solver.layer_price(&answer, &mut |p| viewer.tell(p));
    viewer.clear();
    let report =
        Report { name: &name, preset: &preset, args, answer: &answer, layer_price, seconds };
    if args.json {
        report.json()?
    } else {
        report.text()?
    }
    Ok(status(&signal))
}

fn status(signal: &AtomicUsize) -> ExitCode {
    match signal.load(Ordering::Relaxed) {
        0 => ExitCode::SUCCESS,
        signal => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
    }
}

fn threads(args: &SolveArgs) -> usize {
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.threads.map_or_else(cores, usize::from)
}

/// Progress for a person at a terminal; the end for whoever presses Ctrl-C.
struct Viewer<'a> {
    signal: &'a AtomicUsize,
    live: LiveLine,
    started: Instant,
    /// What the solver works for, beside the answer itself.
    doing: &'static str,
}

impl<'a> Viewer<'a> {
    fn new(signal: &'a AtomicUsize) -> Viewer<'a> {
        let live = LiveLine::new(Duration::from_millis(100));
        Viewer { signal, live, started: Instant::now(), doing: "" }
    }

    fn tell(&mut self, progress: Progress) -> ControlFlow<()> {
        let seconds = self.started.elapsed().as_secs_f64();
        let doing = self.doing;
        self.live.tell(|| format!("{seconds:>5.1} s   {doing}{}", progress_text(progress)));
        // An answer comes with its first bound, so it is worth waiting for that; the rest isn't.
        let has_answer = progress.bound.is_some() || !self.doing.is_empty();
        match self.signal.load(Ordering::Relaxed) {
            signal if signal != 0 && has_answer => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn clear(&self) {
        self.live.clear();
    }
}

fn progress_text(progress: Progress) -> String {
    let stage = match progress.stage {
        Stage::Tables => "tables of all blocks".to_owned(),
        Stage::Prices => "prices".to_owned(),
        Stage::Candidates(n) => format!("{} candidates", grouped(n as u64)),
    };
    let number = |name, value: Option<f64>| match value {
        Some(value) => format!("   {name} {value:.4}"),
        None => String::new(),
    };
    format!("{stage}{}{}", number("best", progress.best), number("at most", progress.bound))
}
