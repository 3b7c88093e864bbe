//! What happened in a run, a line each, as it happened: `journal.jsonl` in the run's folder.
//!
//! Owns: the file's format. Must not know what a record means for a search. Invariant: a line is whole and
//! as it was written, or it isn't taken.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Stop,
    protocol::{Reason, Tuned},
    worker::{JobOutcome, JobPurpose},
};
use crate::text::{FileError, printable};

const FILE: &str = "journal.jsonl";
/// Of the file's format; the first record says it.
const VERSION: u32 = 1;
/// Results are on the disk after this long; what a person did is at once.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// Longest line; those of a run are far below it.
const MAX_LINE: u64 = 1024 * 1024;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Begun { version: u32 },
    Told(Told),
    Tuned(Box<Tuned>),
    Stopped(Stop),
    Finished(Reason),
}

/// A worker's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub at_ms: u64,
    pub purpose: JobPurpose,
    pub first_repeat: u32,
    pub outcome: JobOutcome,
}

/// A record with the CRC-32 of its text.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    crc32: u32,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// The journal of a run that goes on.
pub(super) struct Journal {
    file: File,
    /// Bytes of whole lines.
    whole: u64,
    synced: Instant,
}

impl Journal {
    /// A new one, in a folder that has none.
    ///
    /// # Errors
    /// There is one, or the folder can't be written.
    pub(super) fn create(folder: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new().append(true).create_new(true).open(folder.join(FILE))?;
        let mut journal = Journal { file, whole: 0, synced: Instant::now() };
        journal.append(&Record::Begun { version: VERSION })?;
        Ok(journal)
    }

    /// The one that is there, cut behind what was read of it.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn go_on(folder: &Path, found: &Found) -> io::Result<Journal> {
        let file = OpenOptions::new().append(true).create(true).open(folder.join(FILE))?;
        file.set_len(found.whole)?;
        let mut journal = Journal { file, whole: found.whole, synced: Instant::now() };
        if found.whole == 0 {
            journal.append(&Record::Begun { version: VERSION })?;
        }
        Ok(journal)
    }

    /// Adds a line, in one write.
    ///
    /// # Errors
    /// The disk fails; what it took of the line is cut off.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        let text = RawValue::from_string(serde_json::to_string(record)?)?;
        let crc32 = crc32fast::hash(text.get().as_bytes());
        let mut line = serde_json::to_string(&Line { crc32, record: &text })?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).inspect_err(|_| {
            // Where that fails too, the reader finds a line without an end.
            let _ = self.file.set_len(self.whole);
        })?;
        self.whole += line.len() as u64;
        let is_result = matches!(record, Record::Told(_));
        if !is_result || self.synced.elapsed() >= SYNC_INTERVAL {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}
/// What a journal says.
#[derive(Debug)]
pub(super) struct Found {
    /// Oldest first, the version aside.
    pub records: Vec<Record>,
    /// Bytes up to the first line that isn't as it was written.
    whole: u64,
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
    let mut found = Found { records: Vec::new(), whole: 0, damage: None };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let count = (&mut file).take(MAX_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
        if count == 0 {
            break;
        }
        match (number, parse(&line)) {
            (1, Ok(Record::Begun { version: VERSION })) => {}
            (1, Ok(Record::Begun { version })) => {
                let why = format!("version {version}, where {VERSION} is known");
                return Err(fail(Some(1), &why));
            }
            (1, Ok(_)) => found.damage = Some(fail(Some(1), "the first line must say the version")),
            (_, Ok(Record::Begun { .. })) => {
                found.damage = Some(fail(Some(number), "the version is said once"));
            }
            (_, Ok(record)) => found.records.push(record),
            (_, Err(why)) => found.damage = Some(fail(Some(number), &why)),
        }
        if found.damage.is_some() {
            break;
        }
        found.whole += count as u64;
    }
    Ok(found)
}

fn parse(line: &[u8]) -> Result<Record, String> {
    let whole = line.strip_suffix(b"\n").ok_or("the line has no end: it was cut off")?;
    let Line { crc32, record } =
        serde_json::from_slice(whole).map_err(|error| format!("no line of a journal: {error}"))?;
    if crc32fast::hash(record.get().as_bytes()) != crc32 {
        return Err("the line was changed: its checksum is another".to_owned());
    }
    serde_json::from_str(record.get()).map_err(|error| format!("not known here: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::space::Setting;

    fn tuned(number: u32) -> Record {
        Record::Tuned(Box::new(Tuned {
            number,
            at_ms: 7,
            id: 18_000,
            turn: 17_500,
            settings: vec![Setting {
                key: "budget.layers".to_owned(),
                value: Some("18".to_owned()),
            }],
            changes: Vec::new(),
            undoes: None,
            evicted: 0,
            returned: 0,
            rescored: 0,
        }))
    }

    impl Journal {
        pub(in crate::run) fn over(file: File) -> Journal {
            Journal { file, whole: 0, synced: Instant::now() }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::create(folder.path()).expect("new");
        journal.append(&tuned(1)).expect("written");
        journal.append(&tuned(2)).expect("written");
        let found = read(folder.path()).expect("there");
        assert_eq!((found.records, found.damage), (vec![tuned(1), tuned(2)], None));
        assert!(Journal::create(folder.path()).is_err(), "there is one");
    }

    #[test]
    fn damage_is_told_with_its_line_and_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::create(folder.path()).expect("new");
        journal.append(&tuned(1)).expect("written");
        let path = folder.path().join(FILE);
        let text = fs::read_to_string(&path).expect("readable");
        let error = |text: &str| {
            fs::write(&path, text).expect("written");
            read(folder.path()).expect("there").damage.expect("damaged").to_string()
        };
        let cut = error(&text[..text.len() - 1]);
        assert!(cut.contains("journal.jsonl:2:1: the line has no end"), "{cut}");
        let changed = error(&text.replace("18000", "18001"));
        assert!(changed.contains(":2:1: the line was changed"), "{changed}");
        let other = error(&text.replace("\"version\":1", "\"version\":9"));
        assert!(other.contains(":1:1: the line was changed"), "{other}");
        let headless: String = text.split_inclusive('\n').skip(1).collect();
        assert!(error(&headless).contains("must say the version"));
        assert!(error("{}\n").contains("no line of a journal"));
        // What is whole is taken, and written on.
        fs::write(&path, &text[..text.len() - 9]).expect("written");
        let found = read(folder.path()).expect("there");
        assert!(found.records.is_empty() && found.damage.is_some());
        let mut journal = Journal::go_on(folder.path(), &found).expect("writable");
        journal.append(&tuned(2)).expect("written");
        let found = read(folder.path()).expect("there");
        assert_eq!((found.records, found.damage), (vec![tuned(2)], None));
    }
}
