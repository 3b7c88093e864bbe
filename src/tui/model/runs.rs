//! Runs that were kept, over a screen; and what is known of one that was opened. Must not know files. Invariant:
//! the cursor is on a run where there are any, and at most two runs are marked.

use std::path::{Path, PathBuf};

use crate::run::{Course, ListedRun, Standing};

/// So many are compared.
const PAIR: usize = 2;

/// A run and how it went.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRun {
    pub run: ListedRun,
    pub course: Course,
}

/// The list, or two of it side by side.
#[derive(Debug, Default)]
pub struct RunList {
    /// None until they were read.
    pub runs: Option<Vec<ListedRun>>,
    pub cursor: usize,
    /// Folders of runs that are to be compared, the first is A.
    marks: Vec<PathBuf>,
    pub compared: Option<Box<[ComparedRun; PAIR]>>,
}

impl RunList {
    pub fn count(&self) -> usize {
        self.runs.as_ref().map_or(0, Vec::len)
    }

    pub fn selected(&self) -> Option<&ListedRun> {
        self.runs.as_ref()?.get(self.cursor)
    }

    /// The runs there are now. The cursor stays on its run.
    pub fn list(&mut self, runs: Vec<ListedRun>) {
        let under = self.selected().map(|run| run.folder.clone());
        let again = under.and_then(|under| runs.iter().position(|run| run.folder == under));
        self.cursor = again.unwrap_or(0);
        self.marks.retain(|mark| runs.iter().any(|run| run.folder == *mark));
        self.runs = Some(runs);
    }

    /// A or B where a run is marked.
    pub fn mark(&self, folder: &Path) -> Option<char> {
        let at = self.marks.iter().position(|mark| mark == folder)?;
        ['A', 'B'].get(at).copied()
    }

    /// Marks the run under the cursor, or not; a third one takes the place of the first.
    pub fn toggle(&mut self) {
        let Some(folder) = self.selected().map(|run| run.folder.clone()) else { return };
        match self.marks.iter().position(|mark| *mark == folder) {
            Some(at) => drop(self.marks.remove(at)),
            None => {
                if self.marks.len() == PAIR {
                    self.marks.remove(0);
                }
                self.marks.push(folder);
            }
        }
    }

    /// The two that are marked, or one and the one under the cursor.
    pub fn pair(&self) -> Option<[PathBuf; PAIR]> {
        let under = self.selected().map(|run| &run.folder);
        match (self.marks.as_slice(), under) {
            ([a, b], _) => Some([a.clone(), b.clone()]),
            ([a], Some(b)) if a != b => Some([a.clone(), b.clone()]),
            _ => None,
        }
    }
}

/// A run that is looked at, with nobody behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub folder: PathBuf,
    pub name: String,
    pub standing: Standing,
}

impl Kept {
    pub fn of(run: &ListedRun) -> Kept {
        let ListedRun { folder, name, standing, .. } = run.clone();
        Kept { folder, name, standing }
    }
}
