//! A run on the disk: a folder with what was asked (`run.toml`), what happened (`journal.jsonl`), where it was
//! (`checkpoint.json`), what a viewer saw last (`last.json`, `summary.json`, `log`) and the best structure
//! (`best.txt`).
//!
//! Must not know how a search goes on. Invariant: one zendo writes a folder, and whatever is cut off or changed
//! in it is noticed.

mod checkpoint;
mod folders;
mod journal;
mod listing;
mod log;
mod memory;
mod owner;
mod picture;
mod removal;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub(super) use checkpoint::{Checkpoint, PolishAhead, Spent};
pub use folders::{new_folder, run_name, runs_folder};
pub(super) use journal::{Append, Record, Told};
pub use listing::{FindError, ListedRun, Standing, find_run, list_runs, listed_run};
pub(super) use log::LogFile;
pub(super) use memory::{Memory, Question};
pub use owner::Ownership;
pub use picture::{Best, Course, Picture, Summary};
pub use removal::{RemoveError, Removed, remove_run};

use super::{
    Replay, RunSpec, Stop,
    files::{Existing, read_text, write_text},
    protocol::Tuned,
    spec::{Resumption, StartError},
    tables,
};
use crate::{arch::Structure, nn::Device, random, space::Preset, text::FileError};
use journal::Journal;
use owner::Lock;

/// Of the run folder's format.
const VERSION: u32 = 1;
pub(super) const RUN_FILE: &str = "run.toml";

/// Makes sure that `out` is a folder of nobody else's: new, or empty.
pub(super) fn claim(out: Option<&Path>) -> Result<(), StartError> {
    let Some(path) = out else { return Ok(()) };
    let fail = |reason: String| StartError::Out { path: path.to_owned(), reason };
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(fail("the folder is not empty; name a new one".to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path).map_err(|e| fail(e.to_string()))
        }
        Err(error) => Err(fail(error.to_string())),
    }
}

#[derive(Serialize)]
struct RunToml<'a> {
    version: u32,
    zendo: &'static str,
    /// Of the random streams.
    streams: u32,
    preset: &'a str,
    device: String,
    /// The code that did the arithmetic; with the device it decides how scores are rounded.
    kernels: &'static str,
    workers: usize,
    settings: &'a Preset,
}

/// What of `run.toml` a second run needs.
#[derive(Deserialize)]
struct Asked {
    version: u32,
    streams: u32,
    preset: String,
    device: String,
    kernels: String,
    settings: Preset,
}

/// What the run in `folder` did, to be done again: its settings, its device and kernels, its changes at
/// their moments. Kept in no folder.
///
/// # Errors
/// Files that aren't there, were changed, or are of another version.
pub fn replay(folder: &Path) -> Result<RunSpec, FileError> {
    let spec = asked(folder)?;
    let found = journal::read(folder)?;
    if let Some(damage) = found.damage {
        return Err(damage);
    }
    let history = History::of(found.records.into_iter(), None);
    let changes = history.tuned.iter().map(Tuned::scheduled).collect();
    Ok(RunSpec { replay: Replay { changes, stops: history.stops }, ..spec })
}

/// The run in `folder`, to go on where it was interrupted; with everything that its files say, it ends as if it
/// never had been.
///
/// # Errors
/// A `run.toml` that isn't there, was changed, or is of another version. The other files are read when the run
/// goes on.
pub fn resume(folder: &Path) -> Result<RunSpec, FileError> {
    let resumes = Some(Resumption::default());
    Ok(RunSpec { out: Some(folder.to_owned()), resumes, ..asked(folder)? })
}

/// What the run in `folder` asked for and what happened in it so far, from its journal alone; whether it has
/// ended; what is wrong with the journal where it breaks off.
///
/// # Errors
/// A `run.toml` or a journal that isn't there, was changed, or is of another version.
pub(super) fn past(folder: &Path) -> Result<Past, FileError> {
    let spec = asked(folder)?;
    let found = journal::read(folder)?;
    let is_end = |(_, record): &(u64, Record)| matches!(record, Record::Finished(_));
    let is_over = found.records.last().is_some_and(is_end);
    let history = History::of(found.records.into_iter(), None);
    Ok(Past { spec, history, is_over, damage: found.damage })
}

/// A run as its journal tells it.
pub(super) struct Past {
    pub spec: RunSpec,
    pub history: History,
    pub is_over: bool,
    pub damage: Option<FileError>,
}

/// What `run.toml` asks for.
pub(super) fn asked(folder: &Path) -> Result<RunSpec, FileError> {
    let path = folder.join(RUN_FILE);
    let origin = path.display().to_string();
    let fail = |text: &str, at, why: &str| FileError::at(&origin, text, at, why);
    let text =
        read_text(&path).map_err(|error| fail("", None, &format!("can't be read: {error}")))?;
    let asked: Asked = toml::from_str(&text)
        .map_err(|error| fail(&text, error.span().map(|span| span.start), error.message()))?;
    for (what, found, known) in
        [("version", asked.version, VERSION), ("streams", asked.streams, random::VERSION)]
    {
        if found != known {
            let why = format!("{what} is {found}; this zendo can repeat runs of {what} {known}");
            return Err(fail("", None, &why));
        }
    }
    let mut preset =
        asked.settings.with_settings(&[]).map_err(|e| fail("", None, &format!("settings: {e}")))?;
    preset.run.kernels = asked.kernels;
    preset.run.device = asked.device;
    tables::find_copies(&mut preset, folder);
    Ok(RunSpec::new(&asked.preset, preset))
}

/// What happened in a run so far.
#[derive(Clone, Default)]
pub(super) struct History {
    /// Where it was, where that is known.
    pub checkpoint: Option<Box<Checkpoint>>,
    /// What workers told behind it.
    pub memory: Memory,
    /// All changes, and how many of them the journal has.
    pub tuned: Vec<Tuned>,
    pub stops: Vec<Stop>,
    /// What another run did that this one repeats.
    pub planned: Replay,
    /// When the last of it was.
    pub at_ms: u64,
    /// Device and kernels that it went on with last; none where it never had to.
    pub arithmetic: Option<(String, String)>,
    /// What is said of it, where something was lost.
    pub damages: Vec<FileError>,
    /// Of changes and stops, how many the journal has.
    journaled: (usize, usize),
}

impl History {
    fn of(records: impl Iterator<Item = (u64, Record)>, checkpoint: Option<Checkpoint>) -> History {
        let mut history = History::default();
        if let Some(checkpoint) = &checkpoint {
            history.at_ms = checkpoint.at_ms;
            history.memory = checkpoint.memory.clone();
            history.planned = checkpoint.planned.clone();
        }
        let included = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.records);
        for (number, record) in records {
            match record {
                Record::Begun { .. } | Record::Finished(_) => {}
                Record::Planned(planned) => history.planned = planned,
                Record::Told(Told { at_ms, question, outcome }) => {
                    history.at_ms = history.at_ms.max(at_ms);
                    if number >= included {
                        history.memory.learn(question, outcome);
                    }
                }
                Record::Tuned(tuned) => {
                    history.at_ms = history.at_ms.max(tuned.at_ms);
                    history.tuned.push(*tuned);
                }
                Record::Stopped(stop) => history.stops.push(stop),
                Record::Resumed { at_ms, device, kernels } => {
                    history.at_ms = history.at_ms.max(at_ms);
                    history.arithmetic = Some((device, kernels));
                }
            }
        }
        history.journaled = (history.tuned.len(), history.stops.len());
        // A journal that was cut off knows less than the checkpoint behind the cut.
        if let Some(checkpoint) = &checkpoint {
            history.tuned.extend(checkpoint.tuned.iter().skip(history.tuned.len()).cloned());
            history.stops.extend(checkpoint.stops.iter().skip(history.stops.len()).copied());
        }
        history.checkpoint = checkpoint.map(Box::new);
        history
    }
}

/// A run's folder.
pub(super) struct RunFolder {
    path: PathBuf,
    journal: Journal,
    /// Held as long as this run writes here.
    _lock: Lock,
}

impl RunFolder {
    /// The folder that a run asks for, and what happened in it where it goes on.
    pub(super) fn open(
        spec: &RunSpec,
        device: &Device,
    ) -> io::Result<(Option<RunFolder>, History)> {
        match (&spec.out, &spec.resumes) {
            (Some(path), Some(resumption)) => {
                let socket = spec.socket.as_deref();
                let (folder, history) = RunFolder::reopen(path, socket, *resumption)?;
                Ok((Some(folder), history))
            }
            (Some(path), None) => {
                let history = History { planned: spec.replay.clone(), ..History::default() };
                Ok((Some(RunFolder::create(path, spec, device)?), history))
            }
            (None, _) => Ok((None, History { planned: spec.replay.clone(), ..History::default() })),
        }
    }

    /// Writes `run.toml` into the folder that was claimed.
    fn create(path: &Path, spec: &RunSpec, device: &Device) -> io::Result<RunFolder> {
        let lock = Lock::take(path, spec.socket.as_deref(), false)?;
        let run = RunToml {
            version: VERSION,
            zendo: env!("CARGO_PKG_VERSION"),
            streams: random::VERSION,
            preset: &spec.name,
            device: device.to_string(),
            kernels: device.kernels(),
            workers: spec.workers(),
            settings: &spec.preset,
        };
        let text = toml::to_string(&run).map_err(io::Error::other)?;
        write_text(&path.join(RUN_FILE), &text, Existing::Replace)?;
        let mut journal = Journal::create(path)?;
        if !spec.replay.is_empty() {
            journal.append(&Record::Planned(spec.replay.clone()))?;
        }
        Ok(RunFolder { path: path.to_owned(), journal, _lock: lock })
    }

    /// The folder of a run that goes on, and what happened in it. A damaged end of its journal is cut off.
    fn reopen(
        path: &Path,
        socket: Option<&Path>,
        resumption: Resumption,
    ) -> io::Result<(RunFolder, History)> {
        let lock = Lock::take(path, socket, resumption.takes_over)?;
        let mut found = journal::read(path).map_err(io::Error::other)?;
        let (checkpoint, mut damages) = checkpoint::newest(path);
        damages.extend(found.damage.take());
        let least = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.records);
        let mut journal = Journal::go_on(path, &found, least)?;
        let history = History::of(std::mem::take(&mut found.records).into_iter(), checkpoint);
        let (changes, stops) = history.journaled;
        if (changes, stops) == (0, 0) && !history.planned.is_empty() && least > 0 {
            journal.append(&Record::Planned(history.planned.clone()))?;
        }
        for tuned in &history.tuned[changes..] {
            journal.append(&Record::Tuned(Box::new(tuned.clone())))?;
        }
        for &stop in &history.stops[stops..] {
            journal.append(&Record::Stopped(stop))?;
        }
        Ok((
            RunFolder { path: path.to_owned(), journal, _lock: lock },
            History { damages, ..history },
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Records so far.
    pub(super) fn records(&self) -> u64 {
        self.journal.count()
    }

    /// The structure alone on a line, as the reference writes it.
    ///
    /// # Errors
    /// The disk fails; what was there stays.
    pub(super) fn write_best(&self, structure: &Structure) -> io::Result<()> {
        write_text(&self.path.join("best.txt"), &format!("{structure}\n"), Existing::Replace)
    }

    /// Adds to the journal.
    ///
    /// # Errors
    /// The disk failed, which it didn't before.
    pub(super) fn add(&mut self, record: &Record) -> io::Result<Append> {
        self.journal.append(record)
    }

    /// Puts on the disk what was added a while ago.
    pub(super) fn settle(&mut self) {
        self.journal.settle();
    }
}

/// Who writes the run in `folder`.
pub fn ownership(folder: &Path) -> Ownership {
    owner::ownership(folder)
}

/// Puts a checkpoint and what a viewer sees by now into a run's folder.
///
/// # Errors
/// The disk fails; what was there stays.
pub(super) fn keep(
    folder: &Path,
    checkpoint: Option<&Checkpoint>,
    picture: &Picture,
) -> io::Result<()> {
    checkpoint.map_or(Ok(()), |checkpoint| checkpoint.write(folder))?;
    picture.write(folder)
}
