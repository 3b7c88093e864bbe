//! What a run said, for people: `log` in its folder, a line each, with the time (UTC).
//!
//! Invariant: bounded; the older half goes when there is too much.

use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::super::protocol::Update;
use crate::text::{self, grouped, printable};

const FILE: &str = "log";
const BEFORE: &str = "log.1";
/// Of one of the two files.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A log that is added to.
#[derive(Debug)]
pub(in crate::run) struct LogFile {
    path: PathBuf,
    bytes: Cell<u64>,
}

impl LogFile {
    pub(in crate::run) fn in_folder(folder: &Path) -> LogFile {
        let path = folder.join(FILE);
        let bytes = fs::metadata(&path).map_or(0, |found| found.len());
        LogFile { path, bytes: Cell::new(bytes) }
    }

    /// Adds a line, where the update has something for people.
    ///
    /// # Errors
    /// The disk fails.
    pub(in crate::run) fn tell(&self, update: &Update) -> io::Result<()> {
        let Some(text) = words(update) else { return Ok(()) };
        let now = time::OffsetDateTime::now_utc();
        let line = format!(
            "{} {:02}:{:02}:{:02}Z {}\n",
            now.date(),
            now.hour(),
            now.minute(),
            now.second(),
            printable(&text)
        );
        if self.bytes.get() > MAX_BYTES {
            fs::rename(&self.path, self.path.with_file_name(BEFORE))?;
            self.bytes.set(0);
        }
        let mut file: File = OpenOptions::new().append(true).create(true).open(&self.path)?;
        file.write_all(line.as_bytes())?;
        self.bytes.set(self.bytes.get() + line.len() as u64);
        Ok(())
    }
}

fn words(update: &Update) -> Option<String> {
    match update {
        Update::Log(log) => Some(log.text.clone()),
        Update::Fault(fault) => Some(format!("fault: {}", fault.text)),
        Update::Tuned(tuned) => Some(format!("tuned {}", tuned.told())),
        Update::Refused(refusal) => Some(format!("not changed: {refusal}")),
        Update::NewBest(best) => {
            let (score, id) = (text::score(best.member.score.value), grouped(best.member.id));
            Some(format!("new best {score} #{id} {}", best.member.structure))
        }
        Update::Finished(finished) => Some(format!("finished: {}", finished.reason.name())),
        Update::Hello(_) | Update::Snapshot(_) | Update::Phase(_) | Update::Ancestors(_) => None,
    }
}
