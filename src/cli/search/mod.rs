//! `zendo search` and `zendo resume`: a search without a terminal UI.

mod arithmetic;
mod report;

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
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

use report::{FinishedLine, Progress, print_result, progress_text};

use super::{
    Failure,
    latency::TableArgs,
    output::{json_line, line},
    presets,
    signals::catch_signals,
};
use crate::{
    run::{
        self, Handle, Resumption, RunSpec, Server,
        protocol::{Command, Finished, Hello, Phase, Reason, Snapshot, Update},
    },
    space::Preset,
    text::printable,
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
    /// Worker threads [default: one for each core, or four for each GPU]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    #[arg(long, value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: Option<String>,
    /// Force the CPU's instructions or a GPU's kernels; scores of different kernels differ by rounding, and
    /// graph is the slow reference path
    #[arg(long, value_name = "auto|avx512|avx2|portable|cuda|graph")]
    kernels: Option<String>,
    /// A new or empty folder for the run [default: one of its own among `zendo runs`]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write down where the run is so often [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    checkpoint_every: Option<f64>,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    tables: TableArgs,
    /// Keep everything in this process; nobody can watch it from elsewhere
    #[arg(long, conflicts_with = "detach")]
    foreground: bool,
    /// Start it in a process of its own and leave; `zendo attach` watches it
    #[arg(long)]
    detach: bool,
    /// One JSON object a line: progress, at last the result
    #[arg(long)]
    json: bool,
}

/// Progress is told so often.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The run's folder, its name, or the beginning of it
    #[arg(value_name = "RUN")]
    run: String,
    /// Worker threads [default: as many as the run had]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Go on here with a run that another machine says it runs; only where that one no longer does
    #[arg(long)]
    take_over: bool,
    /// Write down where the run is so often [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    checkpoint_every: Option<f64>,
    /// Go on on another device than the run had; scores differ by rounding from there on
    #[arg(long, value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: Option<String>,
    /// Go on with other instructions of the CPU than the run had; scores differ by rounding from there on
    #[arg(long, value_name = "auto|avx512|avx2|portable|cuda|graph")]
    kernels: Option<String>,
    /// Keep everything in this process; nobody can watch it from elsewhere
    #[arg(long, conflicts_with = "detach")]
    foreground: bool,
    /// Go on in a process of its own and leave; `zendo attach` watches it
    #[arg(long)]
    detach: bool,
    /// One JSON object a line: progress, at last the result
    #[arg(long)]
    json: bool,
}

/// Between checkpoints.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is wanted".to_owned())?;
    match (0.01..=86_400.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("0.01 to 86400 seconds".to_owned()),
    }
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1e3).round() as u64
}

pub(super) fn run(args: &SearchArgs) -> Result<ExitCode, Failure> {
    let mut spec = spec(args)?;
    spec.checkpoint_ms = args.checkpoint_every.map_or(spec.checkpoint_ms, millis);
    spec.check().map_err(Failure::usage)?;
    if args.detach {
        return detach(spec, args.json);
    }
    let is_named = spec.out.is_some();
    if !is_named {
        match run::new_folder(&spec.name) {
            Ok(folder) => spec.out = Some(folder),
            Err(error) => warn(&format!("the run is kept nowhere: {error}; --out names a folder")),
        }
    }
    let kept = if is_named { Kept::Named } else { Kept::AmongRuns };
    follow(spec, kept, Sharing::of(args.foreground), args.json)
}

pub(super) fn resume(args: &ResumeArgs) -> Result<ExitCode, Failure> {
    let folder = run::find_run(&args.run).map_err(Failure::usage)?;
    let mut spec = run::resume(&folder).map_err(Failure::usage)?;
    spec.resumes = Some(Resumption { takes_over: args.take_over, workers: args.workers });
    spec.checkpoint_ms = args.checkpoint_every.map_or(spec.checkpoint_ms, millis);
    arithmetic::settle(&mut spec, args.device.as_deref(), args.kernels.as_deref())?;
    spec.check().map_err(Failure::usage)?;
    match args.detach {
        true => detach(spec, args.json),
        false => follow(spec, Kept::Named, Sharing::of(args.foreground), args.json),
    }
}

/// Whether a person said where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Named,
    AmongRuns,
}

/// Whether others may watch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Socket,
    Nobody,
}

impl Sharing {
    fn of(foreground: bool) -> Sharing {
        if foreground { Sharing::Nobody } else { Sharing::Socket }
    }
}

fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

#[derive(Serialize)]
struct DetachedLine<'a> {
    event: &'static str,
    run: &'a Path,
}

/// Starts the run elsewhere and says how to get to it.
fn detach(spec: RunSpec, json: bool) -> Result<ExitCode, Failure> {
    let folder = run::launch(spec).map_err(Failure::failed)?;
    if json {
        json_line(&DetachedLine { event: "detached", run: &folder })?;
    } else {
        let (path, name) = (folder.display(), run::run_name(&folder));
        line(format!("runs in {path}\n`zendo attach {name}` watches it, `zendo runs` lists it"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a search and prints what is seen of it.
fn follow(
    mut spec: RunSpec,
    kept: Kept,
    sharing: Sharing,
    json: bool,
) -> Result<ExitCode, Failure> {
    let signal = catch_signals().map_err(Failure::failed)?;
    if sharing == Sharing::Socket
        && let Some(folder) = &spec.out
    {
        let folder = std::path::absolute(folder).map_err(Failure::failed)?;
        match run::socket_path(&folder) {
            Ok(socket) => spec.socket = Some(socket),
            Err(error) => warn(&format!("nobody can watch the run from elsewhere: {error}")),
        }
    }
    let handle = run::spawn(Box::new(|| {})).map_err(Failure::failed)?;
    let mut viewer = Viewer::new(json, kept, spec.socket.clone());
    let (name, folder) = (spec.name.clone(), spec.out.clone());
    handle.send(Command::Start(Box::new(spec))).map_err(Failure::failed)?;
    let finished = viewer.follow(&handle, &signal)?;
    handle.join();
    viewer.server.take().into_iter().for_each(Server::close);
    viewer.report(&finished)?;
    let wanted = run::config().map_err(Failure::usage)?.end;
    if let Err(error) = run::run_at_end(&wanted, &name, folder.as_deref(), &finished) {
        warn(&format!("the command at the end: {error}"));
    }
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
    sets.extend(args.tables.settings()?);
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
    /// Whether the run is worth ending even where nobody reads stdout any more.
    kept: Kept,
    /// Where others may come to, and what lets them once the run has its folder.
    socket: Option<PathBuf>,
    server: Option<Server>,
    stdout_closed: bool,
    /// Rewrite one line in place: only for people at a terminal.
    live: bool,
    /// What the search goes by, and what the confirmation.
    proxy: String,
    judge: String,
    /// As it was tuned.
    preset: Preset,
    snapshot: Option<Arc<Snapshot>>,
    told: Option<Instant>,
    stops_sent: usize,
}

impl Viewer {
    fn new(json: bool, kept: Kept, socket: Option<PathBuf>) -> Viewer {
        Viewer {
            json,
            kept,
            socket,
            server: None,
            stdout_closed: false,
            live: !json && io::stderr().is_terminal(),
            proxy: String::new(),
            judge: String::new(),
            preset: Preset::default(),
            snapshot: None,
            told: None,
            stops_sent: 0,
        }
    }

    /// Hands over what was printed to stdout. A reader that left ends a search that keeps no files.
    fn printed(&mut self, printed: Result<(), Failure>) -> Result<(), Failure> {
        match printed {
            Err(failure) if failure.is_closed_stdout() && self.kept == Kept::Named => {
                self.stdout_closed = true;
                Ok(())
            }
            Err(failure) if failure.is_closed_stdout() => {
                let what = "stdout was closed, and the search ended with it; `zendo runs` has it, and --out goes on";
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
                        let kept =
                            [("score.proxy", &mut self.proxy), ("confirm.proxy", &mut self.judge)];
                        for (key, kept) in kept {
                            let change = tuned.changes.iter().find(|change| change.key == key);
                            if let Some(to) = change.and_then(|change| change.to.clone()) {
                                *kept = to;
                            }
                        }
                        if let Ok(preset) = self.preset.with_settings(&tuned.settings) {
                            self.preset = preset;
                        }
                        self.say(&tuned.told());
                    }
                    Update::Refused(refusal) => self.say(&format!("not changed: {refusal}")),
                    Update::Finished(finished) => return Ok(finished),
                    Update::Hello(hello) => self.begin(handle, *hello),
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

    fn begin(&mut self, handle: &Handle, hello: Hello) {
        self.proxy = hello.spec.preset.score.proxy.to_string();
        self.judge = hello.spec.preset.confirm.proxy.to_string();
        self.preset = hello.spec.preset;
        if let Some(folder) = hello.spec.out.filter(|_| !self.json) {
            self.say(&format!("kept in {}", folder.display()));
        }
        // The folder is ours by now, and so is what lies at its socket's place.
        let server = self.socket.as_deref().map(|socket| Server::start(handle, socket));
        match server.transpose() {
            Ok(server) => self.server = server,
            Err(error) => self.say(&format!("nobody can watch the run from elsewhere: {error}")),
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
            let printed = json_line(&Progress::new(snapshot, &self.preset.search.minimise));
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
        let mut result =
            FinishedLine::new(finished, snapshot, &self.preset, (&self.proxy, &self.judge));
        if let Some(winner) = &finished.winner {
            result.set_latency(run::predict(&self.preset, &winner.member.structure));
        }
        let printed = if self.json { json_line(&result) } else { print_result(&result) };
        self.printed(printed)
    }
}
