//! Taking a kept run away. Invariant: nothing goes but what zendo wrote, from a folder that holds a run nobody
//! has.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{RUN_FILE, owner::Lock};
use crate::{
    run::experiments::{lab_folder, remove_lab},
    text::printable,
};

/// What zendo writes into a run's folder; the file that makes it one goes last but for the lock.
const FILES: [&str; 14] = [
    "journal.jsonl",
    "checkpoint.json",
    "checkpoint.1.json",
    "checkpoint.new.json",
    "last.json",
    "summary.json",
    "log",
    "log.1",
    "best.txt",
    "latency.jsonl",
    "latency2.jsonl",
    "latency3.jsonl",
    RUN_FILE,
    "lock",
];

/// What became of a run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    Whole,
    /// There are files that zendo didn't write.
    Kept {
        others: usize,
    },
}

/// Why a run stays.
#[derive(Debug, Error)]
pub enum RemoveError {
    #[error("{} is no run's folder: there is no run.toml in it", printable(&.0.display().to_string()))]
    NoRun(PathBuf),
    #[error("{}: {why}", printable(&.folder.display().to_string()))]
    Taken { folder: PathBuf, why: String },
    #[error("{}: {error}", printable(&.path.display().to_string()))]
    Disk { path: PathBuf, error: io::Error },
}

/// Removes the run in `folder`.
///
/// # Errors
/// There is none, somebody has it, the disk fails.
pub fn remove_run(folder: &Path) -> Result<Removed, RemoveError> {
    if !folder.join(RUN_FILE).is_file() {
        return Err(RemoveError::NoRun(folder.to_owned()));
    }
    // Nobody goes on with it meanwhile.
    let lock = Lock::take(folder, None, false).map_err(|error| RemoveError::Taken {
        folder: folder.to_owned(),
        why: error.to_string(),
    })?;
    let fails = |path: &Path, error| RemoveError::Disk { path: path.to_owned(), error };
    let lab = lab_folder(Some(folder)).map_or_else(Vec::new, |lab| leftovers(&lab));
    let left = leftovers(folder).into_iter().chain(lab);
    for path in left.chain(FILES.map(|name| folder.join(name))) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(fails(&path, error));
            }
            Err(_) | Ok(()) => {}
        }
    }
    remove_lab(folder).map_err(|error| fails(folder, error))?;
    drop(lock);
    match fs::remove_dir(folder) {
        Ok(()) => Ok(Removed::Whole),
        Err(_) => match fs::read_dir(folder).map(Iterator::count) {
            Ok(others) if others > 0 => Ok(Removed::Kept { others }),
            Ok(_) => Ok(Removed::Whole),
            Err(error) => Err(fails(folder, error)),
        },
    }
}

/// Files half written when their writer was killed.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let is_leftover = |name: &OsStr| {
        let random = name.to_str().and_then(|name| name.strip_prefix(".tmp"));
        random.is_some_and(|r| r.len() == 6 && r.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| is_leftover(&entry.file_name())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_zendo_wrote_goes() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("run");
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("notes.md"), "mine").expect("written");
        assert!(matches!(remove_run(&folder), Err(RemoveError::NoRun(_))));
        for name in [RUN_FILE, "journal.jsonl", ".tmpAb3dEf"] {
            fs::write(folder.join(name), "").expect("written");
        }
        let lock = Lock::take(&folder, None, false).expect("free");
        let error = remove_run(&folder).expect_err("taken").to_string();
        assert!(error.contains("another zendo runs it"), "{error}");
        assert!(folder.join(RUN_FILE).is_file());
        drop(lock);
        fs::write(folder.join("lock"), r#"{"host":"gpu-07","pid":41}"#).expect("written");
        assert!(remove_run(&folder).expect_err("elsewhere").to_string().contains("gpu-07"));
        fs::write(folder.join("lock"), "").expect("written");
        assert_eq!(remove_run(&folder).expect("nobody's"), Removed::Kept { others: 1 });
        fs::write(folder.join(RUN_FILE), "").expect("written");
        fs::remove_file(folder.join("notes.md")).expect("there");
        fs::create_dir(folder.join("lab")).expect("made");
        fs::write(folder.join("lab/.tmpAb3dEf"), "").expect("written");
        assert_eq!(remove_run(&folder).expect("nobody's"), Removed::Whole);
        assert!(!folder.exists());
    }
}
