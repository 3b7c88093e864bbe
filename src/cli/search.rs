//! `zendo search`: a search without a terminal UI.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::{
    Failure,
    output::{compact, json_line, line},
    presets,
    signals::catch_signals,
};
use crate::{
    arch::Structure,
    run::{
        self, Handle, RunSpec,
        protocol::{
            Command, Ending, Finished, Member, Optimum, Phase, Reason, Screening, Snapshot, Update,
            Winner,
        },
    },
    score::{MeanStd, standard_error},
    text::{grouped, printable},
};

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// A preset's name, shipped or yours, or a preset file
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "replay")]
    preset: Option<String>,
    /// Do again what the run in this folder did, with its changes at their moments
    #[arg(long, value_name = "DIR", conflicts_with_all = ["preset", "iterations", "seed", "device", "kernels", "sets"])]
    replay: Option<PathBuf>,
    /// Proposed children, rejected ones included
    #[arg(long, value_name = "N")]
    iterations: Option<u64>,
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    #[arg(long, value_name = "auto|cpu|cuda:N")]
    device: Option<String>,
    /// Force the CPU's instructions; scores of different kernels differ by rounding, and graph is
    /// the slow reference path
    #[arg(long, value_name = "auto|avx512|avx2|portable|graph")]
    kernels: Option<String>,
    /// A new or empty folder for run.toml, best.txt and journal.jsonl
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Keep everything in one process
    #[arg(long)]
    foreground: bool,
    /// One JSON object a line: progress, at last the result
    #[arg(long)]
    json: bool,
}

/// Progress is told so often.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The folder of the run
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Worker threads [default: as many as the run had]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Keep everything in one process
    #[arg(long)]
    foreground: bool,
    /// One JSON object a line: progress, at last the result
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &SearchArgs) -> Result<ExitCode, Failure> {
    follow(spec(args)?, args.json)
}

pub(super) fn resume(args: &ResumeArgs) -> Result<ExitCode, Failure> {
    let mut spec = run::resume(&args.folder).map_err(Failure::usage)?;
    spec.preset.run.workers = args.workers.or(spec.preset.run.workers);
    follow(spec, args.json)
}

/// Runs a search and prints what is seen of it.
fn follow(spec: RunSpec, json: bool) -> Result<ExitCode, Failure> {
    spec.check().map_err(Failure::usage)?;
    let signal = catch_signals().map_err(Failure::failed)?;
    let handle = run::spawn(Box::new(|| {})).map_err(Failure::failed)?;
    let mut viewer = Viewer::new(json, &spec);
    handle.send(Command::Start(Box::new(spec))).map_err(Failure::failed)?;
    let finished = viewer.follow(&handle, &signal)?;
    handle.join();
    viewer.report(&finished)?;
    Ok(match (signal.load(Ordering::Relaxed), finished.reason) {
        (0, Reason::Failed) => ExitCode::FAILURE,
        (0, _) => ExitCode::SUCCESS,
        (signal, _) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
    })
}

/// The preset with what the command line changes; flags win over `--set`.
fn spec(args: &SearchArgs) -> Result<RunSpec, Failure> {
    if let Some(folder) = &args.replay {
        let mut spec = run::replay(folder).map_err(Failure::usage)?;
        spec.preset.run.workers = args.workers.or(spec.preset.run.workers);
        return Ok(RunSpec { out: args.out.clone(), ..spec });
    }
    let mut sets = args.sets.clone();
    let mut flag = |key: &str, value: Option<String>| {
        sets.extend(value.map(|value| format!("{key}={value}")));
    };
    flag("search.iterations", args.iterations.map(|n| n.to_string()));
    flag("search.seed", args.seed.map(|n| n.to_string()));
    flag("run.workers", args.workers.map(|n| n.to_string()));
    flag("run.device", args.device.clone());
    flag("run.kernels", args.kernels.clone());
    let preset = args.preset.as_deref().expect("clap asks for it without a replay");
    let (name, preset) = presets::load(preset, &sets)?;
    Ok(RunSpec { out: args.out.clone(), ..RunSpec::new(&name, preset) })
}

/// What a person or a program sees of a headless search.
struct Viewer {
    json: bool,
    /// The run leaves files, so it is worth ending even where nobody reads stdout any more.
    keeps_files: bool,
    stdout_closed: bool,
    /// Rewrite one line in place: only for people at a terminal.
    live: bool,
    proxy: String,
    snapshot: Option<Arc<Snapshot>>,
    told: Option<Instant>,
    stops_sent: usize,
}

impl Viewer {
    fn new(json: bool, spec: &RunSpec) -> Viewer {
        Viewer {
            json,
            keeps_files: spec.out.is_some(),
            stdout_closed: false,
            live: !json && io::stderr().is_terminal(),
            proxy: String::new(),
            snapshot: None,
            told: None,
            stops_sent: 0,
        }
    }

    /// Hands over what was printed to stdout. A reader that left ends a search that keeps no files.
    fn printed(&mut self, printed: Result<(), Failure>) -> Result<(), Failure> {
        match printed {
            Err(failure) if failure.is_closed_stdout() && self.keeps_files => {
                self.stdout_closed = true;
                Ok(())
            }
            Err(failure) if failure.is_closed_stdout() => {
                let what = "stdout was closed, and the search ended with it; --out keeps a result";
                Err(Failure::failed(anyhow!(what)))
            }
            printed => printed,
        }
    }

    /// Until the engine says that it has finished.
    fn follow(&mut self, handle: &Handle, signal: &AtomicUsize) -> Result<Finished, Failure> {
        loop {
            for update in handle.wait(PROGRESS_INTERVAL / 5) {
                match update {
                    Update::Snapshot(snapshot) => self.snapshot = Some(snapshot),
                    Update::Fault(fault) => self.say(&format!("fault: {}", fault.text)),
                    Update::Log(log) => self.say(&log.text),
                    Update::Tuned(tuned) => {
                        let proxy = tuned.changes.iter().find(|c| c.key == "score.proxy");
                        if let Some(to) = proxy.and_then(|change| change.to.clone()) {
                            self.proxy = to;
                        }
                        self.say(&tuned.told());
                    }
                    Update::Refused(refusal) => self.say(&format!("not changed: {refusal}")),
                    Update::Finished(finished) => return Ok(finished),
                    Update::Hello(hello) => self.proxy = hello.spec.preset.score.proxy,
                    Update::Phase(_) | Update::NewBest(_) | Update::Ancestors(_) => {}
                }
            }
            if handle.is_over() {
                return Err(Failure::failed(anyhow!("the engine ended without a result")));
            }
            self.stop_on(signal, handle);
            if self.told.is_none_or(|told| told.elapsed() >= PROGRESS_INTERVAL) {
                self.told = Some(Instant::now());
                self.progress()?;
            }
        }
    }

    /// A signal ends the search and leaves the confirmation out: two stops.
    fn stop_on(&mut self, signal: &AtomicUsize, handle: &Handle) {
        if signal.load(Ordering::Relaxed) == 0 {
            return;
        }
        let phase = self.snapshot.as_ref().map(|s| s.phase);
        let confirming = matches!(phase, Some(Phase::Confirming { .. }));
        if (self.stops_sent == 0 || (self.stops_sent == 1 && confirming))
            && handle.send(Command::Stop).is_ok()
        {
            self.stops_sent += 1;
        }
    }

    fn progress(&mut self) -> Result<(), Failure> {
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        if self.json && self.stdout_closed {
            return Ok(());
        }
        if self.json {
            let printed = json_line(&Progress::new(snapshot));
            return self.printed(printed);
        }
        let text = progress_text(snapshot);
        let mut err = io::stderr().lock();
        // Nobody at stderr is no reason to end a search.
        let _ = if self.live {
            write!(err, "\r\x1b[K{text}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{text}")
        };
        Ok(())
    }

    fn say(&self, text: &str) {
        let clear = if self.live { "\r\x1b[K" } else { "" };
        let text = printable(text);
        let _ = writeln!(io::stderr(), "{clear}{text}");
    }

    fn report(&mut self, finished: &Finished) -> Result<(), Failure> {
        if self.live {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        let Some(snapshot) = &self.snapshot else {
            return match finished.reason {
                Reason::Failed => Err(Failure::failed(anyhow!("the search could not start"))),
                _ => Ok(()),
            };
        };
        let result = FinishedLine::new(finished, snapshot, &self.proxy);
        let printed = if self.json { json_line(&result) } else { print_result(&result) };
        self.printed(printed)
    }
}

fn progress_text(snapshot: &Snapshot) -> String {
    let best = snapshot.population.first();
    let best =
        best.map_or("–".to_owned(), |m| format!("{:.2} #{}", m.score.value, grouped(m.id)));
    let doing = match snapshot.phase {
        Phase::Starting => "starting".to_owned(),
        Phase::Running if let Some(ending) = snapshot.ending => ending.words().to_owned(),
        Phase::Running => {
            let left = snapshot.iterations.saturating_sub(snapshot.proposed);
            let seconds = left as f64 / snapshot.proposed_per_s;
            let left = if seconds.is_finite() {
                format!("   ≈ {seconds:.0} s left")
            } else {
                String::new()
            };
            format!("{:.1}/s scored{left}", snapshot.scored_per_s)
        }
        Phase::Pausing | Phase::Paused => "paused".to_owned(),
        Phase::Confirming { done, total } => format!("confirming {done} of {total}"),
        Phase::Finished => "finished".to_owned(),
    };
    format!(
        "{} of {} proposed   {} scored   best {best}   {doing}",
        grouped(snapshot.proposed),
        grouped(snapshot.iterations),
        grouped(snapshot.scored),
    )
}

#[derive(Serialize)]
struct Progress<'a> {
    event: &'static str,
    phase: &'static str,
    proposed: u64,
    iterations: u64,
    scored: u64,
    failed: u64,
    rescored: u64,
    rejected: BTreeMap<&'a str, u64>,
    /// Share of the children that is measured, and how far the tiers agree; null without a screen.
    screen: Option<Screening>,
    /// Standard deviation of one draw, once some were drawn again.
    noise: Option<f64>,
    /// The least upper bound of the analytic score that is known.
    bound: Option<f64>,
    /// Whether the best are being climbed by the analytic score.
    climbing: bool,
    /// Whether the best structure of the best's shape is being solved for.
    polishing: bool,
    best: Option<ProgressBest>,
    proposed_per_s: f64,
    scored_per_s: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct ProgressBest {
    id: u64,
    score: f64,
}

impl<'a> Progress<'a> {
    fn new(snapshot: &'a Snapshot) -> Progress<'a> {
        let best = snapshot.population.first();
        Progress {
            event: "progress",
            phase: snapshot.phase.name(),
            proposed: snapshot.proposed,
            iterations: snapshot.iterations,
            scored: snapshot.scored,
            failed: snapshot.failed,
            rescored: snapshot.rescored,
            rejected: rejected(snapshot),
            screen: snapshot.screening,
            noise: snapshot.noise,
            bound: snapshot.optimum.as_ref().map(|optimum| optimum.bound),
            climbing: snapshot.ending == Some(Ending::Climbing),
            polishing: snapshot.ending == Some(Ending::Polishing),
            best: best.map(|m| ProgressBest { id: m.id, score: m.score.value }),
            proposed_per_s: snapshot.proposed_per_s,
            scored_per_s: snapshot.scored_per_s,
            seconds: seconds(snapshot),
        }
    }
}

fn rejected(snapshot: &Snapshot) -> BTreeMap<&str, u64> {
    snapshot.rejected.iter().map(|(why, n)| (why.as_str(), *n)).collect()
}

fn seconds(snapshot: &Snapshot) -> f64 {
    (snapshot.elapsed_ms + snapshot.confirm_ms) as f64 / 1e3
}

#[derive(Serialize)]
struct FinishedLine<'a> {
    event: &'static str,
    /// What the search went by.
    proxy: &'a str,
    best: Option<Best>,
    iterations: u64,
    proposed: u64,
    scored: u64,
    failed: u64,
    rescored: u64,
    rejected: BTreeMap<&'a str, u64>,
    screen: Option<Screening>,
    /// How good a structure of the space can be by the analytic score, and how good the search's best
    /// is; null where that is not known.
    optimum: Option<OptimumLine<'a>>,
    /// Standard deviation of one of the search's draws, and of the scores of its population.
    noise: Option<f64>,
    spread: Option<f64>,
    seconds: f64,
    reason: Reason,
}

/// By the analytic score. Without what a sub-layer is worth: when that is known, a clock decides.
#[derive(Serialize)]
struct OptimumLine<'a> {
    bound: f64,
    proven: bool,
    structure: Option<&'a Structure>,
    /// Of the search's best.
    best: Option<f64>,
    gap: Option<f64>,
}

impl<'a> OptimumLine<'a> {
    fn new(optimum: &'a Optimum) -> OptimumLine<'a> {
        let &Optimum { bound, proven, best, .. } = optimum;
        let structure = optimum.structure();
        OptimumLine { bound, proven, structure, best, gap: optimum.gap() }
    }
}

#[derive(Serialize)]
struct Best {
    id: u64,
    structure: String,
    score: f64,
    params: u64,
    flops: u64,
    layers: u32,
    confirmed: Option<ConfirmedBest>,
    /// Finalists that the draws could not tell from it.
    ties: Vec<Tie>,
}

#[derive(Serialize)]
struct Tie {
    id: u64,
    structure: String,
}

#[derive(Serialize)]
struct ConfirmedBest {
    mean: f64,
    std: Option<f64>,
    repeats: u32,
}

impl<'a> FinishedLine<'a> {
    fn new(finished: &Finished, snapshot: &'a Snapshot, proxy: &'a str) -> FinishedLine<'a> {
        let best = |winner: &Winner| Best {
            id: winner.member.id,
            structure: winner.member.structure.to_string(),
            score: winner.member.score.value,
            params: winner.member.costs.params,
            flops: winner.member.costs.flops,
            layers: winner.member.costs.layers,
            confirmed: winner.confirmed.map(|c| ConfirmedBest {
                mean: c.mean,
                std: c.std,
                repeats: winner.repeats,
            }),
            ties: winner.ties.iter().map(|member| tie(member)).collect(),
        };
        let population: Vec<f64> = snapshot.population.iter().map(|m| m.score.value).collect();
        FinishedLine {
            event: "finished",
            proxy,
            best: finished.winner.as_ref().map(best),
            iterations: snapshot.iterations,
            proposed: snapshot.proposed,
            scored: snapshot.scored,
            failed: snapshot.failed,
            rescored: snapshot.rescored,
            rejected: rejected(snapshot),
            screen: snapshot.screening,
            optimum: snapshot.optimum.as_deref().map(OptimumLine::new),
            noise: snapshot.noise,
            spread: MeanStd::of(&population).std,
            seconds: seconds(snapshot),
            reason: finished.reason,
        }
    }
}

fn tie(member: &Member) -> Tie {
    Tie { id: member.id, structure: member.structure.to_string() }
}

fn print_result(result: &FinishedLine) -> Result<(), Failure> {
    line(format!(
        "{} of {} proposed, {} scored in {:.1} s ({})",
        grouped(result.proposed),
        grouped(result.iterations),
        grouped(result.scored),
        result.seconds,
        result.reason.name()
    ))?;
    let Some(best) = &result.best else {
        return Ok(());
    };
    let confirmed = match &best.confirmed {
        Some(ConfirmedBest { mean, std: Some(std), repeats }) => {
            let error = standard_error(*std, *repeats);
            format!("confirmed {mean:.2} ±{error:.2} (standard error of {repeats} draws)")
        }
        _ => "not confirmed".to_owned(),
    };
    line(format!(
        "best #{}: {:.2} by {} as searched, {confirmed}; {} params, {} FLOPs, {} sub-layers",
        grouped(best.id),
        best.score,
        result.proxy,
        compact(best.params),
        compact(best.flops),
        best.layers
    ))?;
    if !best.ties.is_empty() {
        let ids: Vec<String> = best.ties.iter().map(|t| format!("#{}", grouped(t.id))).collect();
        line(format!("within the noise of it: {}", ids.join(", ")))?;
    }
    if let (Some(noise), Some(spread)) = (result.noise, result.spread) {
        let verdict = match noise > spread {
            true => "more than the population's spread of",
            false => "the population's spread is",
        };
        line(format!("one draw's noise is ±{noise:.2}, {verdict} {spread:.2}"))?;
    }
    if let Some(Screening { agreement: Some(tau), pairs, share, .. }) = result.screen {
        line(format!(
            "the screen measured {:.1} % of the children at the end; it agreed with the measurements \
             by τ = {tau:.2} over the last {pairs}",
            100.0 * share
        ))?;
    }
    if let Some(text) = result.optimum.as_ref().and_then(optimum_text) {
        line(text)?;
    }
    line(&best.structure)
}

/// How far the search's best is from the best there is.
fn optimum_text(optimum: &OptimumLine) -> Option<String> {
    let (best, gap) = (optimum.best?, optimum.gap?);
    let bound = optimum.bound;
    let percent = 100.0 * gap / bound.abs();
    let proven = if optimum.proven { "the proven optimum" } else { "an upper bound" };
    Some(format!(
        "its analytic score is {best:.2} of at most {bound:.2}, {gap:.2} ({percent:.1} %) below \
         {proven}; what was measured stays the judge"
    ))
}
