//! `zendo solve`: the best structure of a preset, with a proof.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    Failure,
    output::{compact, json_line, line},
    presets,
    signals::catch_signals,
};
use crate::{
    optimum::{
        Answer, LayerPrice, ObjectiveForm, Problem, Progress, Solved, Solver, Stage, Sweep, Target,
        Unsolvable,
    },
    space::{Budget, Preset},
    text::grouped,
};

#[derive(Debug, Args)]
pub struct SolveArgs {
    /// A shipped preset's name, or a preset file
    #[arg(long, value_name = "NAME|FILE")]
    preset: String,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
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

#[derive(Serialize)]
struct Line<'a> {
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
    price: BTreeMap<&'a str, f64>,
    layer_price: LayerPrice,
    seconds: f64,
}

pub(super) fn run(args: &SolveArgs) -> Result<ExitCode, Failure> {
    let (name, preset) = presets::load(&args.preset, &args.sets)?;
    let start = Instant::now();
    let problem = Problem::new(&preset, args.form.into()).map_err(Failure::usage)?;
    let signal = catch_signals().map_err(Failure::failed)?;
    let mut viewer = Viewer::new(&signal);
    let target = problem.target().clone();
    if let Some(sweep) = &args.sweep {
        run_sweep(args, sweep, problem, &mut viewer)?;
        return Ok(status(&signal));
    }
    let solver = Solver::new(problem, &target, threads(args), &mut |p| viewer.tell(p))
        .map_err(Failure::usage)?;
    let answer = solver
        .solve(&target, args.top as usize, &mut |p| viewer.tell(p))
        .map_err(Failure::usage)?;
    let seconds = start.elapsed().as_secs_f64();
    viewer.doing = "a sub-layer more or less";
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

/// A point of a frontier.
#[derive(Serialize)]
struct Point {
    /// What is swept, and the limit it has here.
    budget: &'static str,
    limit: u64,
    structure: String,
    objective: f64,
    score: f64,
    bound: f64,
    gap: f64,
    proven: bool,
    /// Objective per unit of each budget.
    price: BTreeMap<&'static str, f64>,
    params: u64,
    flops: u64,
    layers: u32,
    seconds: f64,
}

fn run_sweep(
    args: &SolveArgs,
    sweep: &Sweep,
    problem: Problem,
    viewer: &mut Viewer,
) -> Result<(), Failure> {
    let target = problem.target().clone();
    let solver =
        Solver::new(problem, &sweep.widest(&target), threads(args), &mut |p| viewer.tell(p))
            .map_err(Failure::usage)?;
    let form = FrontierForm::of(args);
    if let Some(head) = form.head(sweep) {
        line(head)?;
    }
    let mut fits = false;
    for (target, &limit) in sweep.targets(&target).iter().zip(&sweep.values) {
        let start = Instant::now();
        let answer = match solver.solve(target, 1, &mut |p| viewer.tell(p)) {
            Err(Unsolvable::NothingFits) => continue,
            answer => answer.map_err(Failure::usage)?,
        };
        viewer.clear();
        // A point that was not solved to its end is no point of the frontier.
        let Some(best) = answer.best.first().filter(|_| !answer.stopped) else { break };
        fits = true;
        let point = Point {
            budget: sweep.budget.name(),
            limit,
            structure: best.structure.to_string(),
            objective: best.objective,
            score: best.score,
            bound: answer.bound,
            gap: answer.gap(),
            proven: answer.proven,
            price: answer.prices.iter().map(|(budget, price)| (budget.name(), *price)).collect(),
            params: best.costs.params,
            flops: best.costs.flops,
            layers: best.costs.layers,
            seconds: start.elapsed().as_secs_f64(),
        };
        form.print(&point)?;
    }
    if !fits && viewer.signal.load(Ordering::Relaxed) == 0 {
        return Err(Failure::usage(Unsolvable::NothingFits));
    }
    Ok(())
}

/// How a frontier is printed.
#[derive(Clone, Copy)]
enum FrontierForm {
    Table,
    Json,
    Csv,
}

impl FrontierForm {
    fn of(args: &SolveArgs) -> FrontierForm {
        match (args.json, args.csv) {
            (true, _) => FrontierForm::Json,
            (_, true) => FrontierForm::Csv,
            _ => FrontierForm::Table,
        }
    }

    fn head(self, sweep: &Sweep) -> Option<String> {
        match self {
            FrontierForm::Json => None,
            FrontierForm::Csv => Some(
                "budget,limit,objective,score,bound,gap,proven,params,flops,layers,seconds,structure"
                    .to_owned(),
            ),
            FrontierForm::Table => Some(format!(
                "{:>10} {:>10} {:>10} {:>8} {:>9} {:>9} {:>6}",
                sweep.budget.name(),
                "objective",
                "score",
                "gap",
                "params",
                "FLOPs",
                "layers"
            )),
        }
    }

    fn print(self, point: &Point) -> Result<(), Failure> {
        match self {
            FrontierForm::Json => json_line(point),
            // Structures have commas.
            FrontierForm::Csv => line(format!(
                "{},{},{},{},{},{},{},{},{},{},{:.3},\"{}\"",
                point.budget,
                point.limit,
                point.objective,
                point.score,
                point.bound,
                point.gap,
                point.proven,
                point.params,
                point.flops,
                point.layers,
                point.seconds,
                point.structure
            )),
            FrontierForm::Table => line(format!(
                "{:>10} {:>10.4} {:>10.4} {:>8} {:>9} {:>9} {:>6}",
                compact(point.limit),
                point.objective,
                point.score,
                if point.proven { "proven".to_owned() } else { format!("{:.4}", point.gap) },
                compact(point.params),
                compact(point.flops),
                point.layers
            )),
        }
    }
}

fn threads(args: &SolveArgs) -> usize {
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.threads.map_or_else(cores, usize::from)
}

/// Progress for a person at a terminal; the end for whoever presses Ctrl-C.
struct Viewer<'a> {
    signal: &'a AtomicUsize,
    live: bool,
    started: Instant,
    told: Option<Instant>,
    doing: &'static str,
}

impl<'a> Viewer<'a> {
    fn new(signal: &'a AtomicUsize) -> Viewer<'a> {
        let live = io::stderr().is_terminal();
        Viewer { signal, live, started: Instant::now(), told: None, doing: "" }
    }

    fn tell(&mut self, progress: Progress) -> ControlFlow<()> {
        const INTERVAL: Duration = Duration::from_millis(100);
        if self.live && self.told.is_none_or(|told| told.elapsed() >= INTERVAL) {
            self.told = Some(Instant::now());
            let text = progress_text(progress);
            let seconds = self.started.elapsed().as_secs_f64();
            let doing = if self.doing.is_empty() { "" } else { ": " };
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r\x1b[K{seconds:>5.1} s   {}{doing}{text}", self.doing)
                .and_then(|()| err.flush());
        }
        match self.signal.load(Ordering::Relaxed) {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    fn clear(&self) {
        if self.live {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
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

struct Report<'a> {
    name: &'a str,
    preset: &'a Preset,
    args: &'a SolveArgs,
    answer: &'a Answer,
    layer_price: LayerPrice,
    seconds: f64,
}

impl Report<'_> {
    fn json(&self) -> Result<(), Failure> {
        let Answer { best, proven, prices, .. } = self.answer;
        for (rank, solved) in best.iter().enumerate().rev() {
            // What is proven to come next is bounded by itself.
            let bound = if *proven { solved.objective } else { self.answer.bound };
            json_line(&Line {
                structure: solved.structure.to_string(),
                objective: solved.objective,
                score: solved.score,
                bound,
                gap: bound - solved.objective,
                proven: *proven,
                params: solved.costs.params,
                flops: solved.costs.flops,
                layers: solved.costs.layers,
                price: prices.iter().map(|(budget, price)| (budget.name(), *price)).collect(),
                layer_price: self.layer_price,
                seconds: self.seconds,
            })?;
            debug_assert!(rank > 0 || self.answer.gap() >= 0.0);
        }
        Ok(())
    }

    fn text(&self) -> Result<(), Failure> {
        let Report { answer, .. } = self;
        let Some(best) = answer.best.first() else {
            return line(format!(
                "ended before any structure was found; nothing scores more than {:.4}",
                answer.bound
            ));
        };
        let form = match self.args.form {
            Form::Theory => format!("analytic score, {}", self.preset.score.definition),
            Form::Simple => "simple closed form".to_owned(),
        };
        line(format!("{} ({form}), {}", self.name, target_text(&answer.target)))?;
        line(self.verdict(best))?;
        line(format!(
            "{} params, {} FLOPs, {} sub-layers; full analytic score {:.4}",
            compact(best.costs.params),
            compact(best.costs.flops),
            best.costs.layers,
            best.score
        ))?;
        if let Some(prices) = self.prices() {
            line(prices)?;
        }
        if answer.best.len() > 1 {
            line("")?;
            for (i, solved) in answer.best.iter().enumerate().skip(1).rev() {
                line(format!(
                    "{:>4}  {:.4}  {:>8} params {:>8} FLOPs  {}",
                    i + 1,
                    solved.objective,
                    compact(solved.costs.params),
                    compact(solved.costs.flops),
                    solved.structure
                ))?;
            }
            line("")?;
        }
        line(&best.structure)
    }

    fn verdict(&self, best: &Solved) -> String {
        let answer = self.answer;
        let seconds = self.seconds;
        if answer.proven {
            return format!(
                "optimum {:.4}, proven in {seconds:.1} s: prices bound it by {:.4}, and {} partial \
                 structures closed the gap",
                best.objective,
                answer.dual_bound,
                grouped(answer.labels as u64)
            );
        }
        let why = match (answer.stopped, answer.target.limits.len()) {
            (true, _) => "ended early",
            (false, 2..) => "several budgets: near the optimum, no proof",
            (false, _) => "too many structures are that good: no proof",
        };
        format!(
            "best {:.4} of at most {:.4} after {seconds:.1} s, gap {:.4} ({why})",
            best.objective,
            answer.bound,
            answer.gap()
        )
    }

    fn prices(&self) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        for (budget, price) in &self.answer.prices {
            let unit = match budget {
                Budget::Flops => "100 M FLOPs",
                _ => "100 k params",
            };
            parts.push(format!("{unit} more are worth {price:+.2}"));
        }
        if let Some(plus) = self.layer_price.plus {
            parts.push(format!("one more sub-layer {plus:+.2}"));
        }
        if let Some(minus) = self.layer_price.minus {
            parts.push(format!("one less {:+.2}", -minus));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn target_text(target: &Target) -> String {
    let limits = target.limits.iter().map(|l| format!("{} {}", l.budget, compact(l.most)));
    let mut parts: Vec<String> = limits.collect();
    parts.push(format!("{} sub-layers", target.layers));
    format!("at most {}", parts.join(", "))
}
