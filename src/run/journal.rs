//! What happened in a run, a line each, as it happened: `journal.jsonl` in the run's folder.
//!
//! Owns: the file's format. Must not know what a record means for a search. Invariant: a line is whole and
//! as it was written, or it isn't taken.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{files::read_text, protocol::Tuned};
use crate::text::FileError;

const FILE: &str = "journal.jsonl";
/// Of the file's format; the first record says it.
const VERSION: u32 = 1;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Begun {
        version: u32,
    },
    Tuned(Box<Tuned>),
    /// Somebody ended the search, so many decisions after its start.
    Stopped {
        turn: u64,
    },
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
}

impl Journal {
    /// A new one, in a folder that has none.
    ///
    /// # Errors
    /// There is one, or the folder can't be written.
    pub(super) fn create(folder: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new().append(true).create_new(true).open(folder.join(FILE))?;
        let mut journal = Journal { file };
        journal.append(&Record::Begun { version: VERSION })?;
        Ok(journal)
    }

    /// Adds a line, in one write.
    ///
    /// # Errors
    /// The disk fails; then the line is not taken when the journal is read.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        let record = RawValue::from_string(serde_json::to_string(record)?)?;
        let crc32 = crc32fast::hash(record.get().as_bytes());
        let mut line = serde_json::to_string(&Line { crc32, record: &record })?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()
    }
}

/// All that the journal in `folder` says, oldest first.
///
/// # Errors
/// There is none that can be read; a line that isn't as it was written; another version.
pub(super) fn read(folder: &Path) -> Result<Vec<Record>, FileError> {
    let path = folder.join(FILE);
    let origin = path.display().to_string();
    let text = read_text(&path)
        .map_err(|error| FileError::at(&origin, "", None, &format!("can't be read: {error}")))?;
    let mut records = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let record =
            parse(line).map_err(|why| FileError::at(&origin, &text, Some(offset), &why))?;
        offset += line.len();
        match (records.is_empty(), &record) {
            (true, Record::Begun { version: VERSION })
            | (false, Record::Tuned(_) | Record::Stopped { .. }) => {}
            (_, Record::Begun { version }) => {
                let why = format!("version {version}, where {VERSION} is known, and once");
                return Err(FileError::at(&origin, &text, Some(0), &why));
            }
            (true, Record::Tuned(_) | Record::Stopped { .. }) => {
                let why = "the first line must say the version";
                return Err(FileError::at(&origin, &text, Some(0), why));
            }
        }
        records.push(record);
    }
    Ok(records)
}

fn parse(line: &str) -> Result<Record, String> {
    let whole = line.strip_suffix('\n').ok_or("the line has no end: it was cut off")?;
    let Line { crc32, record } =
        serde_json::from_str(whole).map_err(|error| format!("no line of a journal: {error}"))?;
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

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::create(folder.path()).expect("new");
        journal.append(&tuned(1)).expect("written");
        journal.append(&tuned(2)).expect("written");
        let records = read(folder.path()).expect("whole");
        assert_eq!(records, [Record::Begun { version: 1 }, tuned(1), tuned(2)]);
        assert!(Journal::create(folder.path()).is_err(), "there is one");
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::create(folder.path()).expect("new");
        journal.append(&tuned(1)).expect("written");
        let path = folder.path().join(FILE);
        let text = fs::read_to_string(&path).expect("readable");
        let error = |text: &str| {
            fs::write(&path, text).expect("written");
            read(folder.path()).expect_err("damaged").to_string()
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
    }
}
