//! Where a run was: `checkpoint.json` in its folder, and the one before.
//!
//! Owns: the file's format. Must not know how a search goes on. Invariant: it is whole and as it was written,
//! or it isn't taken; while it is written, the one before is there.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{
        Replay, Stop,
        engine::Soundings,
        files::{Existing, write_with},
        protocol::Tuned,
    },
    memory::Memory,
};
use crate::{
    search,
    space::Preset,
    text::{FileError, printable},
};

const FILE: &str = "checkpoint.json";
const BEFORE: &str = "checkpoint.1.json";
/// Of the files' format.
const VERSION: u32 = 1;

/// A run between two decisions of its search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::run) struct Checkpoint {
    /// What the journal's records below this number say is in it.
    pub records: u64,
    pub at_ms: u64,
    /// Time spent searching, pauses left out.
    pub search_ms: u64,
    /// Thread time so far.
    pub spent: Spent,
    /// As it was changed.
    pub preset: Preset,
    pub search: search::State,
    /// All changes, oldest first.
    pub tuned: Vec<Tuned>,
    pub stops: Vec<Stop>,
    /// What another run did that this one repeats, all of it.
    pub planned: Replay,
    pub polish: PolishAhead,
    /// A person ended the search.
    pub stopped: bool,
    pub hopeless: bool,
    pub soundings: Soundings,
    /// Answers from before an earlier interruption that nobody had asked for again.
    pub memory: Memory,
}

/// Thread time in milliseconds, workers added up.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct Spent {
    pub propose_ms: f64,
    pub build_ms: f64,
    pub score_ms: f64,
}

/// Whether the best are still to be polished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::run) enum PolishAhead {
    Yes,
    No,
    /// A person stopped it.
    CutShort,
}

/// A checkpoint with the CRC-32 of its text.
#[derive(Deserialize)]
struct Envelope<'a> {
    version: u32,
    crc32: u32,
    #[serde(borrow)]
    checkpoint: &'a RawValue,
}

impl Checkpoint {
    /// Puts it into `folder`; the one that was there becomes the one before.
    ///
    /// # Errors
    /// The disk fails; what was there stays.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let (path, before, new) =
            (folder.join(FILE), folder.join(BEFORE), folder.join("checkpoint.new.json"));
        write_with(&new, Existing::Replace, &mut |file| {
            // The sum comes last: nothing is held that was written.
            let mut file = BufWriter::new(file);
            write!(file, "{{\"version\":{VERSION},\"checkpoint\":")?;
            let mut summing = Summing { to: &mut file, crc: crc32fast::Hasher::new() };
            serde_json::to_writer(&mut summing, self)?;
            let crc32 = summing.crc.finalize();
            write!(file, ",\"crc32\":{crc32}}}")?;
            file.flush()
        })?;
        match fs::rename(&path, &before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        fs::rename(&new, &path)
    }
}

/// Writes, and sums up what was written.
struct Summing<W> {
    to: W,
    crc: crc32fast::Hasher,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.crc.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The newest checkpoint in `folder` that is as it was written, and what is wrong with a newer one.
pub(super) fn newest(folder: &Path) -> (Option<Checkpoint>, Vec<FileError>) {
    let mut damages = Vec::new();
    for name in [FILE, BEFORE] {
        let path = folder.join(name);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => damages.push(damage(&path, &format!("can't be read: {error}"))),
            Ok(bytes) => match parse(&bytes) {
                Ok(checkpoint) => return (Some(checkpoint), damages),
                Err(why) => damages.push(damage(&path, &why)),
            },
        }
    }
    (None, damages)
}

fn damage(path: &Path, why: &str) -> FileError {
    let origin = printable(&path.display().to_string());
    FileError { origin, line_column: None, message: printable(why) }
}

fn parse(bytes: &[u8]) -> Result<Checkpoint, String> {
    let Envelope { version, crc32, checkpoint } =
        serde_json::from_slice(bytes).map_err(|error| format!("no checkpoint: {error}"))?;
    if version != VERSION {
        return Err(format!("version {version}, where {VERSION} is known"));
    }
    if crc32fast::hash(checkpoint.get().as_bytes()) != crc32 {
        return Err("it was changed: its checksum is another".to_owned());
    }
    serde_json::from_str(checkpoint.get()).map_err(|error| format!("not known here: {error}"))
}
