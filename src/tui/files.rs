//! Files that the screens ask for. Owns: names that are free, what may be read. Must not know what a file says.
//! Invariant: nothing is written over unless it says what was read from it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    action::Save,
    model::{ComparedRun, Document},
};
use crate::run::{self, Existing, ListedRun, Picture, SaveError};

/// Files of one name that are looked for before giving up.
const MOST_OF_A_NAME: usize = 999;

/// Writes a document beside what is there already; gives its path.
pub fn write(document: &Document) -> Result<String, String> {
    let folder = std::env::current_dir().map_err(|e| format!("no folder to write to: {e}"))?;
    for n in 1..=MOST_OF_A_NAME {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let name = format!("{}{number}.{}", document.stem, document.extension);
        let path = folder.join(&name);
        match run::write_text(&path, &document.text, Existing::Keep) {
            Ok(()) => return Ok(path.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{} can't be written: {error}", path.display())),
        }
    }
    Err(format!("{} has {MOST_OF_A_NAME} files of this name", folder.display()))
}

/// A file's text. Anything else could keep the screen waiting.
pub fn read_regular(path: &Path) -> Result<String, String> {
    let found = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    run::read_text(path).map_err(|error| error.to_string())
}

/// `save_as` is the key that saves under another name.
pub fn save_preset(save: &Save, save_as: &str) -> Result<PathBuf, SaveError> {
    if let (Some(path), Some(seen)) = (&save.path, &save.seen)
        && !run::still_says(path, seen)
    {
        let path = path.display();
        let text =
            format!("another program has changed {path}; {save_as} saves under another name");
        return Err(SaveError::Other(text));
    }
    run::save_preset(&save.name, save.path.as_deref(), &save.text, save.existing)
}

/// A run and what a viewer saw of it last.
pub fn read_run(folder: &Path) -> (ListedRun, Result<Picture, String>) {
    let picture = Picture::read(folder).map_err(|error| error.to_string());
    (run::listed_run(folder), picture)
}

/// How two runs went.
pub fn compare_runs(folders: &[PathBuf; 2]) -> Result<Box<[ComparedRun; 2]>, String> {
    let read = |folder: &PathBuf| {
        let (run, picture) = read_run(folder);
        let course = picture?.course();
        let course = course.ok_or_else(|| format!("{}: nothing was told of it yet", run.name))?;
        Ok::<_, String>(ComparedRun { run, course })
    };
    let [a, b] = folders.each_ref().map(read);
    Ok(Box::new([a?, b?]))
}
