//! What happened in a run, a line each, as it happened: `journal.jsonl` in the run's folder.
//!
//! Owns: the file's format. Must not know what a record means for a search. Invariant: a line is whole and
//! as it was written, or it isn't taken.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{
        Replay, Stop,
        protocol::{Reason, Tuned},
        worker::JobOutcome,
    },
    memory::Question,
};
use crate::text::{FileError, printable};

const FILE: &str = "journal.jsonl";
/// Of the file's format; the first record says it.
const VERSION: u32 = 1;
/// Results are on the disk after this long; what a person did is at once.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// A disk that failed is tried again after this long.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// Longest line; those of a run are far below it.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::run) enum Record {
    Begun {
        version: u32,
    },
    /// What another run did that this one is to do again.
    Planned(Replay),
    Told(Told),
    Tuned(Box<Tuned>),
    Stopped(Stop),
    /// The run went on after an interruption, perhaps with other arithmetic.
    Resumed {
        at_ms: u64,
        device: String,
        kernels: String,
    },
    Finished(Reason),
}

impl Record {
    /// Whether a worker can say it again.
    fn can_be_lost(&self) -> bool {
        matches!(self, Record::Told(_))
    }
}

/// A worker's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Told {
    pub at_ms: u64,
    #[serde(flatten)]
    pub question: Question,
    pub outcome: JobOutcome,
}

/// A record with its number, and the CRC-32 of `NUMBER:RECORD`.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    crc32: u32,
    /// None where it is that of the line, as it once was everywhere.
    number: Option<u64>,
    #[serde(borrow)]
    record: &'a RawValue,
}

fn checksum(number: Option<u64>, record: &str) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(number.map_or(String::new(), |number| format!("{number}:")).as_bytes());
    crc.update(record.as_bytes());
    crc.finalize()
}

/// The journal of a run that goes on. Where its disk fails, the run does without, and it is tried again: what
/// people did is then written after all, what workers told is lost and would be told again.
pub(in crate::run) struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    whole: u64,
    /// Of the next record.
    next: u64,
    synced: Instant,
    has_unsynced: bool,
    /// Since when, while the disk fails.
    failed: Option<Instant>,
    /// What it didn't take and nobody can say again; bounded by what a person does.
    owed: Vec<Record>,
    /// Results that it didn't take.
    lost: u64,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Append {
    Done,
    /// The disk still fails.
    Owed,
    /// The disk works again; so many results are not in the journal.
    Recovered {
        lost: u64,
    },
}

impl Journal {
    /// A new one, in a folder that has none.
    ///
    /// # Errors
    /// There is one, or the folder can't be written.
    pub(super) fn create(folder: &Path) -> io::Result<Journal> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        let mut journal = Journal::over(path, file, 0, 0);
        journal.append(&Record::Begun { version: VERSION })?;
        Ok(journal)
    }

    /// The one that is there, cut behind what was read of it. Numbers go on from `least`, or from what was read
    /// if that is more.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn go_on(folder: &Path, found: &Found, least: u64) -> io::Result<Journal> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().append(true).create(true).truncate(false).open(&path)?;
        file.set_len(found.whole)?;
        let mut journal = Journal::over(path, file, found.whole, found.next.max(least));
        if found.whole == 0 {
            journal.append(&Record::Begun { version: VERSION })?;
        }
        Ok(journal)
    }

    pub(super) fn over(path: PathBuf, file: File, whole: u64, next: u64) -> Journal {
        Journal {
            path,
            file,
            whole,
            next,
            synced: Instant::now(),
            has_unsynced: false,
            failed: None,
            owed: Vec::new(),
            lost: 0,
        }
    }

    /// How many records there were so far, those that are lost included.
    pub(super) fn count(&self) -> u64 {
        self.next
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The disk fails, which it didn't before; what it took of the line is cut off.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<Append> {
        if self.failed.is_some_and(|since| since.elapsed() < RETRY_INTERVAL) {
            self.owe(record);
            return Ok(Append::Owed);
        }
        let Some(_) = self.failed else {
            return match self.write(record) {
                Ok(()) => Ok(Append::Done),
                Err(error) => {
                    self.owe(record);
                    Err(error)
                }
            };
        };
        match self.catch_up().and_then(|()| self.write(record)) {
            Ok(()) => {
                let lost = std::mem::take(&mut self.lost);
                Ok(Append::Recovered { lost })
            }
            Err(_) => {
                self.owe(record);
                Ok(Append::Owed)
            }
        }
    }

    fn owe(&mut self, record: &Record) {
        self.failed.get_or_insert_with(Instant::now);
        match record.can_be_lost() {
            true => {
                self.next += 1;
                self.lost += 1;
            }
            false => self.owed.push(record.clone()),
        }
    }

    /// Writes what the disk didn't take.
    fn catch_up(&mut self) -> io::Result<()> {
        // From now on, unless it works.
        self.failed = Some(Instant::now());
        // The folder may have gone, and come again.
        self.file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        if self.file.metadata()?.len() < self.whole {
            return Err(io::Error::other("it isn't the file that it was"));
        }
        self.file.set_len(self.whole)?;
        while let Some(record) = self.owed.first().cloned() {
            self.write(&record)?;
            self.owed.remove(0);
        }
        self.failed = None;
        Ok(())
    }

    /// Adds a line, in one write.
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let text = RawValue::from_string(serde_json::to_string(record)?)?;
        let number = Some(self.next);
        let crc32 = checksum(number, text.get());
        let mut line = serde_json::to_string(&Line { crc32, number, record: &text })?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| {
            let is_due = !record.can_be_lost() || self.synced.elapsed() >= SYNC_INTERVAL;
            if is_due { self.file.sync_data() } else { Ok(()) }.map(|()| is_due)
        });
        let is_synced = written.inspect_err(|_| {
            // Where that fails too, the reader finds a line without an end.
            let _ = self.file.set_len(self.whole);
        })?;
        self.whole += line.len() as u64;
        self.next += 1;
        self.has_unsynced = !is_synced;
        if is_synced {
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Puts on the disk what was added a while ago.
    pub(super) fn settle(&mut self) {
        if self.has_unsynced && self.synced.elapsed() >= SYNC_INTERVAL {
            // Where it fails, the next record meets the same.
            let _ = self.file.sync_data();
            self.has_unsynced = false;
            self.synced = Instant::now();
        }
    }
}

/// What a journal says.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// With their numbers, oldest first; the version aside.
    pub records: Vec<(u64, Record)>,
    /// Bytes up to the first line that isn't as it was written.
    whole: u64,
    /// Number of the record after the last.
    next: u64,
    /// What is wrong with that line.
    pub damage: Option<FileError>,
}

/// What the journal in `folder` says, up to the first line that isn't as it was written.
///
/// # Errors
/// There is none that can be read; another version.
pub(super) fn read(folder: &Path) -> Result<Found, FileError> {
    let path = folder.join(FILE);
    let origin = printable(&path.display().to_string());
    let fail = |line: Option<usize>, message: &str| FileError {
        origin: origin.clone(),
        line_column: line.map(|line| (line, 1)),
        message: printable(message),
    };
    let unreadable = |error: io::Error| fail(None, &format!("can't be read: {error}"));
    let mut file = BufReader::new(File::open(&path).map_err(unreadable)?);
    let (mut found, mut line) = (Found::default(), Vec::new());
    for number in 1.. {
        line.clear();
        let count = (&mut file).take(MAX_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
        if count == 0 {
            break;
        }
        let damage = match (number, parse(&line)) {
            (1, Ok((_, Record::Begun { version: VERSION }))) => None,
            (1, Ok((_, Record::Begun { version }))) => {
                let why = format!("version {version}, where {VERSION} is known");
                return Err(fail(Some(1), &why));
            }
            (1, Ok(_)) => Some("the first line must say the version".to_owned()),
            (_, Ok((_, Record::Begun { .. }))) => Some("the version is said once".to_owned()),
            (_, Ok((Some(at), _))) if at < found.next => Some(format!("record {at} comes twice")),
            (_, Ok((at, record))) => {
                found.next = at.unwrap_or(found.next);
                found.records.push((found.next, record));
                None
            }
            (_, Err(why)) => Some(why),
        };
        if let Some(why) = damage {
            found.damage = Some(fail(Some(number), &why));
            break;
        }
        found.next += 1;
        found.whole += count as u64;
    }
    Ok(found)
}

fn parse(line: &[u8]) -> Result<(Option<u64>, Record), String> {
    let whole = line.strip_suffix(b"\n").ok_or("the line has no end: it was cut off")?;
    let Line { crc32, number, record } =
        serde_json::from_slice(whole).map_err(|error| format!("no line of a journal: {error}"))?;
    if checksum(number, record.get()) != crc32 {
        return Err("the line was changed: its checksum is another".to_owned());
    }
    let record = serde_json::from_str(record.get());
    Ok((number, record.map_err(|error| format!("not known here: {error}"))?))
}

#[cfg(test)]
mod tests;
