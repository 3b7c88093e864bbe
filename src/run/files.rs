//! The files of a run: `run.toml` says what was asked, `best.txt` holds the best structure,
//! `journal.jsonl` what was changed on the way.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Replay, RunSpec,
    journal::{self, Journal, Record, Told},
    memory::Memory,
    spec::StartError,
};
use crate::{arch::Structure, nn::Device, random, space::Preset, text::FileError};

/// Of the run folder's format.
const VERSION: u32 = 1;

/// Longest text file that is read whole; presets and lists of structures are far below it.
const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a text file that somebody named, but no more of it than a text file has.
///
/// # Errors
/// It can't be read, is no UTF-8, or is longer than 16 MiB (as a device file is).
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_TEXT_BYTES {
        let message = format!("longer than the {MAX_TEXT_BYTES} bytes of a text file");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

/// What becomes of a file that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Keep,
    Replace,
}

/// Writes a text file whole or not at all: through a temporary file of the same folder.
///
/// # Errors
/// The folder can't be written, something other than a file has the name, or a file has it and is
/// to be kept (`AlreadyExists`).
pub fn write_text(path: &Path, text: &str, existing: Existing) -> io::Result<()> {
    // What a link points to is replaced, not the link.
    let target = match existing {
        Existing::Replace => fs::canonicalize(path).ok(),
        Existing::Keep => None,
    };
    let path = target.as_deref().unwrap_or(path);
    // A rename would put the file in the place of a device.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is there and is no file"));
    }
    let mut builder = tempfile::Builder::new();
    // A temporary file is private; a text is as readable as what a person would create.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Those errors name the temporary file, which is nobody's business.
    let plain = |error: io::Error| io::Error::from(error.kind());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(plain)?;
    file.write_all(text.as_bytes()).map_err(plain)?;
    if let (Existing::Replace, Ok(old)) = (existing, fs::metadata(path)) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    }
    .map_err(|error| error.error)?;
    Ok(())
}

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

const RUN_FILE: &str = "run.toml";

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
    Ok(RunSpec { replay: History::of(found.records).replay, ..spec })
}

/// The run in `folder`, to go on where it was interrupted; with everything that its journal says, it ends as
/// if it never had been.
///
/// # Errors
/// A `run.toml` that isn't there, was changed, or is of another version. The journal is read when the run goes on.
pub fn resume(folder: &Path) -> Result<RunSpec, FileError> {
    Ok(RunSpec { out: Some(folder.to_owned()), resumes: true, ..asked(folder)? })
}

/// What `run.toml` asks for.
fn asked(folder: &Path) -> Result<RunSpec, FileError> {
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
    if asked.device == "cpu" {
        preset.run.kernels = asked.kernels;
    }
    preset.run.device = asked.device;
    Ok(RunSpec::new(&asked.preset, preset))
}

/// What happened in a run so far.
#[derive(Default)]
pub(super) struct History {
    pub memory: Memory,
    pub replay: Replay,
    /// When the last of it was.
    pub at_ms: u64,
    /// What is said of it, where something was lost.
    pub damage: Option<FileError>,
}

impl History {
    fn of(records: Vec<Record>) -> History {
        let mut history = History::default();
        for record in records {
            match record {
                Record::Begun { .. } | Record::Finished(_) => {}
                Record::Told(Told { at_ms, purpose, first_repeat, outcome }) => {
                    history.at_ms = history.at_ms.max(at_ms);
                    history.memory.learn(purpose, first_repeat, outcome);
                }
                Record::Tuned(tuned) => {
                    history.at_ms = history.at_ms.max(tuned.at_ms);
                    history.replay.changes.push(tuned.scheduled());
                }
                Record::Stopped(stop) => history.replay.stops.push(stop),
            }
        }
        history
    }
}

/// A run's folder.
pub(super) struct RunFolder {
    path: PathBuf,
    /// None once it could not be written: what came after a gap would be another run's.
    journal: Option<Journal>,
    /// Locked as long as this run writes here.
    _lock: fs::File,
}

const LOCK_FILE: &str = "lock";

/// Makes sure that nobody else writes this run.
fn lock(folder: &Path) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(io::Error::other("another zendo runs it")),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

impl RunFolder {
    /// The folder that a run asks for, and what happened in it where it goes on.
    pub(super) fn open(
        spec: &RunSpec,
        device: &Device,
    ) -> io::Result<(Option<RunFolder>, History)> {
        match &spec.out {
            Some(path) if spec.resumes => {
                let (folder, history) = RunFolder::reopen(path)?;
                Ok((Some(folder), history))
            }
            _ => Ok((RunFolder::create(spec, device)?, History::default())),
        }
    }

    /// Writes `run.toml` into the folder that was claimed.
    fn create(spec: &RunSpec, device: &Device) -> io::Result<Option<RunFolder>> {
        let Some(path) = spec.out.clone() else { return Ok(None) };
        let lock = lock(&path)?;
        let journal = Journal::create(&path)?;
        let folder = RunFolder { path, journal: Some(journal), _lock: lock };
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
        folder.write(RUN_FILE, &text)?;
        Ok(Some(folder))
    }

    /// The folder of a run that goes on, and what happened in it. A damaged end of its journal is cut off.
    fn reopen(path: &Path) -> io::Result<(RunFolder, History)> {
        let lock = lock(path)?;
        let mut found = journal::read(path).map_err(io::Error::other)?;
        let journal = Journal::go_on(path, &found)?;
        let records = std::mem::take(&mut found.records);
        let history = History { damage: found.damage, ..History::of(records) };
        Ok((RunFolder { path: path.to_owned(), journal: Some(journal), _lock: lock }, history))
    }

    /// The structure alone on a line, as the reference writes it.
    pub(super) fn write_best(&self, structure: &Structure) -> io::Result<()> {
        self.write("best.txt", &format!("{structure}\n"))
    }

    /// Adds to the journal; nothing, once that has failed.
    ///
    /// # Errors
    /// The disk failed, and the journal ends before this record; said once.
    pub(super) fn add(&mut self, record: &Record) -> io::Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.append(record).inspect_err(|_| self.journal = None)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        write_text(&self.path.join(name), text, Existing::Replace)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let full = fs::OpenOptions::new().append(true).open("/dev/full").expect("Linux has it");
        let mut run = RunFolder {
            path: folder.path().to_owned(),
            journal: Some(Journal::over(full)),
            _lock: lock(folder.path()).expect("nobody else's"),
        };
        let record = Record::Begun { version: 1 };
        assert_eq!(run.add(&record).expect_err("full").kind(), io::ErrorKind::StorageFull);
        assert!(run.add(&record).is_ok());
    }
}
