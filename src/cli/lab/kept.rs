//! What an experiment is made on and where its result is kept: a kept run and its folder, the user's folder, or
//! nothing and nowhere.
//!
//! Must not know: what an experiment measures. Invariant: what began in a folder says there how it ended.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;

use super::output::interrupted_or;
use crate::{
    arch::Structure,
    cli::{Failure, signals::catch_signals},
    lab::LabError,
    nn::DeviceChoice,
    report::Report,
    run::{
        self, Keeper, Ownership, Picture, find_run, lab_folder, ownership,
        protocol::{Hello, Snapshot},
        run_name,
    },
    space::Preset,
    text::printable,
};

#[derive(Debug, clap::Args)]
pub struct KeptArgs {
    /// On this run: its networks, its settings; the result is kept with it. A folder, the name of a kept run, or its
    /// beginning
    #[arg(long, value_name = "RUN", conflicts_with = "keep")]
    pub run: Option<String>,
    /// Keep the result in the user's folder, where the Lab screen shows it
    #[arg(long)]
    pub keep: bool,
}

/// What an experiment is made on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// Named by a person; and so many members it should have, where it is under way and has just begun.
    Run(&'a str, usize),
    /// The user's folder.
    User,
    Nowhere,
}

impl KeptArgs {
    /// For what looks at so many members of a run.
    pub(super) fn place(&self, members: usize) -> Place<'_> {
        match (&self.run, self.keep) {
            (Some(run), _) => Place::Run(run, members),
            (None, true) => Place::User,
            (None, false) => Place::Nowhere,
        }
    }
}

/// A run that an experiment looks at.
#[derive(Debug)]
pub(super) struct KeptRun {
    /// What a person calls it.
    pub name: String,
    pub hello: Hello,
    pub snapshot: Snapshot,
    /// As it was tuned by then.
    pub preset: Preset,
    /// Whether it is under way on this machine.
    pub is_here: bool,
}

/// A run that was begun has said something by then: it writes down where it is every half minute.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(200);
/// Whoever searches goes first.
const NICE: i32 = 10;

impl KeptRun {
    /// Waits for a run that is under way to have said something, of so many members; `stop` is asked now and
    /// then.
    fn read(folder: &Path, members: usize, stop: &mut dyn FnMut() -> bool) -> Result<KeptRun, End> {
        let since = Instant::now();
        loop {
            // First: who ends meanwhile has written everything before it let go.
            let is_here = matches!(ownership(folder), Ownership::Here(_));
            let waits = is_here && since.elapsed() < PATIENCE;
            // Its host knows best; what was written down is half a minute old.
            let picture = if is_here { run::picture_now(folder) } else { None };
            let picture = picture.map_or_else(|| Picture::read(folder), Ok);
            let seen = picture.as_ref().map(|seen| seen.hello().zip(seen.snapshot()));
            match seen {
                Ok(Some((hello, snapshot))) if !waits || snapshot.population.len() >= members => {
                    return Ok(KeptRun::new(folder, (hello, snapshot), is_here));
                }
                Ok(_) | Err(_) if stop() => {
                    return Err(LabError::Interrupted { kept: None }.into());
                }
                Ok(_) | Err(_) if waits => thread::sleep(LOOK),
                Err(error) if !is_here => return Err(Failure::usage(error.clone()).into()),
                Ok(_) | Err(_) => {
                    let name = printable(&run_name(folder));
                    let why = anyhow!("{name}: nothing was seen of it yet");
                    return Err(Failure::usage(why).into());
                }
            }
        }
    }

    fn new(folder: &Path, (hello, snapshot): (&Hello, &Snapshot), is_here: bool) -> KeptRun {
        let mut preset = hello.spec.preset.clone();
        for tuned in &snapshot.tunings {
            // What the engine could change can be changed here.
            preset = preset.with_settings(&tuned.settings).unwrap_or(preset);
        }
        let (hello, snapshot) = (hello.clone(), snapshot.clone());
        KeptRun { name: run_name(folder), hello, snapshot, preset, is_here }
    }

    /// Members by their ids, in that order.
    pub fn members(&self, ids: &[u64]) -> Result<Vec<(String, Structure)>, Failure> {
        let population = &self.snapshot.population;
        let mut found: Vec<(String, Structure)> = Vec::new();
        for id in ids {
            let Some(member) = population.iter().find(|member| member.id == *id) else {
                let near = population.iter().map(|member| member.id);
                let near = near.min_by_key(|other| other.abs_diff(*id));
                let near = near.map_or_else(
                    || "the population is empty".to_owned(),
                    |near| format!("of {} the nearest is #{near}", population.len()),
                );
                let name = printable(&self.name);
                let why = anyhow!("--id {id}: {name} has no such member now; {near}");
                return Err(Failure::usage(why));
            };
            let named = (format!("#{id}"), member.structure.clone());
            if !found.contains(&named) {
                found.push(named);
            }
        }
        Ok(found)
    }

    /// Members at `places`, from the best, each with what it is called there; no member twice.
    pub fn at(&self, places: &[(&str, usize)]) -> Vec<(String, Structure)> {
        let mut found: Vec<(u64, String, Structure)> = Vec::new();
        for (called, place) in places {
            let Some(member) = self.snapshot.population.get(*place) else { continue };
            if found.iter().all(|(id, ..)| *id != member.id) {
                let name = format!("{called} #{}", member.id);
                found.push((member.id, name, member.structure.clone()));
            }
        }
        found.into_iter().map(|(_, name, structure)| (name, structure)).collect()
    }

    /// That nothing can be looked at.
    pub fn is_empty(&self) -> Failure {
        Failure::usage(anyhow!("{}: its population is empty so far", printable(&self.name)))
    }
}

/// The device that was asked for, or the run's.
pub(super) fn device_choice(
    asked: Option<DeviceChoice>,
    run: Option<&KeptRun>,
) -> Result<DeviceChoice, Failure> {
    match (asked, run) {
        (Some(asked), _) => Ok(asked),
        (None, Some(run)) => run.preset.run.device.parse().map_err(Failure::usage),
        (None, None) => Ok(DeviceChoice::Auto),
    }
}

/// As many as asked for; a search of this machine's CPU is left alone but for one.
pub(super) fn polite_workers(
    asked: Option<usize>,
    is_cpu: impl FnOnce() -> bool,
    run: Option<&KeptRun>,
) -> Option<usize> {
    asked.or_else(|| run.filter(|run| run.is_here && is_cpu()).map(|_| 1))
}

/// Why an experiment ended without a report.
#[derive(Debug)]
pub(super) enum End {
    Lab(LabError),
    Told(Failure),
}

impl From<LabError> for End {
    fn from(error: LabError) -> End {
        End::Lab(error)
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> End {
        End::Told(failure)
    }
}

/// What was made, and all else that is shown of it.
pub(super) struct Made<T> {
    pub report: Report,
    /// Where it was measured.
    pub device: String,
    pub rest: T,
}

/// An experiment under way.
pub(super) struct Session {
    signal: Arc<AtomicUsize>,
    keeper: Option<Keeper>,
    /// Where its result is kept, if it is.
    pub lab: Option<PathBuf>,
    pub run: Option<KeptRun>,
}

impl Session {
    /// Whether somebody wants it to end.
    pub fn stop(&self) -> impl Fn() -> bool + Sync + use<> {
        let signal = Arc::clone(&self.signal);
        move || signal.load(Ordering::Relaxed) != 0
    }

    /// Says how far it is, to whoever looks at the folder.
    pub fn tell(&mut self, done: usize, of: usize, text: &str) {
        if let Some(keeper) = &mut self.keeper {
            keeper.tell(done, of, text);
        }
    }

    fn look(&mut self, folder: &Path, members: usize) -> Result<(), End> {
        let stop = self.stop();
        let run = KeptRun::read(folder, members, &mut || {
            self.tell(0, 0, "waiting for the run's first checkpoint");
            stop()
        })?;
        if run.is_here {
            // Threads that are started from now on do likewise. Whoever may not be polite goes on all the same.
            let _ = rustix::process::nice(NICE);
        }
        self.run = Some(run);
        Ok(())
    }
}

/// What is in the way of keeping is said, and keeps nobody from the experiment.
fn note(why: &str) {
    let _ = writeln!(io::stderr(), "the result is kept nowhere: {}", printable(why));
}

fn begin(name: &'static str, lab: &Path) -> Result<Option<Keeper>, Failure> {
    let command =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match Keeper::begin(lab, name, command) {
        Ok(keeper) => Ok(Some(keeper)),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(Failure::failed(error)),
        Err(error) => {
            note(&format!("{}: {error}", lab.display()));
            Ok(None)
        }
    }
}

/// Makes an experiment in its place, keeps what comes out of it there, and shows it.
pub(super) fn conduct<T>(
    name: &'static str,
    place: Place<'_>,
    make: impl FnOnce(&mut Session) -> Result<Made<T>, End>,
    show: impl FnOnce(&Made<T>) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let run = match place {
        Place::Run(run, members) => Some((find_run(run).map_err(Failure::usage)?, members)),
        Place::User | Place::Nowhere => None,
    };
    let signal = catch_signals().map_err(Failure::failed)?;
    let lab = match place {
        Place::Nowhere => None,
        Place::Run(..) | Place::User => {
            let lab = lab_folder(run.as_ref().map(|(folder, _)| folder.as_path()));
            if lab.is_none() {
                note("neither XDG_STATE_HOME nor HOME is set");
            }
            lab
        }
    };
    let keeper = match &lab {
        Some(lab) => begin(name, lab)?,
        None => None,
    };
    let lab = lab.filter(|_| keeper.is_some());
    let mut session = Session { signal: Arc::clone(&signal), keeper, lab, run: None };
    let looked = run.map_or(Ok(()), |(folder, members)| session.look(&folder, members));
    let made = looked.and_then(|()| make(&mut session));
    let keeper = session.keeper.take();
    match made {
        Ok(mut made) => {
            if let Some(run) = &session.run {
                // Which moment of the run it was.
                let scored = run.snapshot.scored.to_string();
                made.report.settings.push(("scored".into(), scored));
            }
            let kept = keeper.map_or(Ok(()), |keeper| keeper.keep(&made.report, &made.device));
            show(&made)?;
            kept.map_err(|error| Failure::failed(anyhow!("the result is kept nowhere: {error}")))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(end) => {
            let why = match &end {
                End::Lab(LabError::Interrupted { .. }) => "interrupted".to_owned(),
                End::Lab(error) => error.to_string(),
                End::Told(failure) => failure.error.to_string(),
            };
            if let Some(keeper) = keeper {
                keeper.fail(&printable(&why));
            }
            match end {
                End::Lab(error) => interrupted_or(error, &signal),
                End::Told(failure) => Err(failure),
            }
        }
    }
}
