//! What a viewer of a run saw last: `last.json`, and of it what a list of runs shows: `summary.json`.
//!
//! Must not know how it is shown. Invariant: who opens it sees what a viewer saw then.

use std::{
    fs,
    io::{self, Read},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::super::{
    files::{Existing, write_soon, write_text},
    protocol::{ConvergencePoint, Hello, Phase, Reason, Snapshot, Update},
};
use crate::{
    arch::{Costs, Structure},
    score::{MeanStd, half_width_95},
    space::{BudgetSettings, ProxyChoice, ScoreSettings, SpaceSettings},
    text::{FileError, printable},
};

const FILE: &str = "last.json";
const SUMMARY: &str = "summary.json";
/// Of the files' format.
const VERSION: u32 = 1;
/// More than any of them is long; what is cut off there is no file of theirs.
const MAX_BYTES: u64 = 1 << 30;

/// A run in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    version: u32,
    /// Of the preset.
    pub name: String,
    pub seed: u64,
    pub proxy: String,
    pub device: String,
    pub phase: Phase,
    /// Why it ended, where it has.
    pub reason: Option<Reason>,
    pub iterations: u64,
    pub proposed: u64,
    pub scored: u64,
    /// Time spent searching and confirming.
    pub elapsed_ms: u64,
    pub best: Option<Best>,
    /// Seconds since 1970 by the clock of the machine it runs on.
    pub updated: u64,
}

/// The winner, or the best so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub id: u64,
    pub structure: Structure,
    pub score: f64,
    /// Its mean over fresh draws, where they were taken.
    pub confirmed: Option<MeanStd>,
    #[serde(default)]
    pub repeats: u32,
    pub costs: Costs,
}

impl Best {
    /// The score that stands, and half the width of its 95 % interval where it was confirmed by two draws or more.
    pub fn standing(&self) -> (f64, Option<f64>) {
        let margin = |mean: MeanStd| Some(half_width_95(mean.std?, self.repeats));
        match self.confirmed {
            Some(mean) => (mean.mean, margin(mean)),
            None => (self.score, None),
        }
    }
}

/// How a run went, to be held against another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub summary: Summary,
    /// Oldest first.
    pub points: Vec<ConvergencePoint>,
    score: ScoreSettings,
    side: u32,
    /// What its scores are ranks in, where several proxies judge.
    sample: Option<Box<(SpaceSettings, BudgetSettings)>>,
}

impl Course {
    /// Whether scores of both mean the same.
    pub fn is_scored_like(&self, other: &Course) -> bool {
        let kind = |course: &Course| {
            let ScoreSettings { proxy, definition, batch, alpha, .. } = &course.score;
            let draws = (*batch, alpha.to_bits(), course.side);
            (proxy.clone(), *definition, draws, course.sample.clone())
        };
        kind(self) == kind(other)
    }

    /// What scores are: `zen, table, batch 64, 32²`.
    pub fn kind(&self) -> String {
        let ScoreSettings { proxy, definition, batch, .. } = &self.score;
        printable(&format!("{proxy}, {definition}, batch {batch}, {}²", self.side))
    }
}

/// Everything that a viewer who comes now is told.
#[derive(Clone, Debug)]
pub struct Picture {
    pub updates: Vec<Update>,
}

#[derive(Serialize, Deserialize)]
struct File<U> {
    version: u32,
    updates: U,
}

impl Picture {
    /// What runs.
    pub fn hello(&self) -> Option<&Hello> {
        self.updates.iter().rev().find_map(|update| match update {
            Update::Hello(hello) => Some(hello.as_ref()),
            _ => None,
        })
    }

    /// How it stood last.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.updates.iter().rev().find_map(|update| match update {
            Update::Snapshot(snapshot) => Some(snapshot.as_ref()),
            _ => None,
        })
    }

    /// None before there is a snapshot.
    pub fn summary(&self) -> Option<Summary> {
        let (hello, snapshot) = (self.hello()?, self.snapshot()?);
        let finished = self.updates.iter().rev().find_map(|update| match update {
            Update::Finished(finished) => Some(finished),
            _ => None,
        });
        let winner = finished.and_then(|finished| finished.winner.as_ref());
        let best = winner.map(|winner| (&winner.member, winner.confirmed, winner.repeats));
        let best = best.or_else(|| Some((snapshot.population.first()?, None, 0)));
        let best = best.map(|(member, confirmed, repeats)| Best {
            id: member.id,
            structure: member.structure.clone(),
            score: member.score.value,
            confirmed,
            repeats,
            costs: member.costs,
        });
        let reason = finished.map(|finished| finished.reason);
        Some(Summary { best, reason, ..Summary::of(hello, snapshot) })
    }

    /// None before there is a snapshot.
    pub fn course(&self) -> Option<Course> {
        let summary = self.summary()?;
        let spec = &self.hello()?.spec;
        let points = self.snapshot()?.convergence.clone();
        let (score, side) = (spec.preset.score.clone(), spec.preset.score_resolution());
        let sample = match score.proxy {
            ProxyChoice::One(_) => None,
            ProxyChoice::Combination(_) => {
                Some(Box::new((spec.preset.space.clone(), spec.preset.budget.clone())))
            }
        };
        Some(Course { summary, points, score, side, sample })
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let file = File { version: VERSION, updates: &self.updates };
        write_text(&folder.join(FILE), &serde_json::to_string(&file)?, Existing::Replace)?;
        self.summary().map_or(Ok(()), |summary| summary.write(folder))
    }

    /// What a viewer of the run in `folder` saw last.
    ///
    /// # Errors
    /// It isn't there, was changed, or is of another version.
    pub fn read(folder: &Path) -> Result<Picture, FileError> {
        let File { version, updates } = read(&folder.join(FILE))?;
        check(folder, FILE, version)?;
        Ok(Picture { updates })
    }
}

impl Summary {
    /// Often, so it doesn't wait for the disk.
    pub(in crate::run) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        write_soon(&folder.join(SUMMARY), &text)
    }

    fn of(hello: &Hello, snapshot: &Snapshot) -> Summary {
        let preset = &hello.spec.preset;
        let changed = snapshot.tunings.iter().rev().flat_map(|tuned| tuned.changes.iter().rev());
        let proxy = changed.filter(|c| c.key == "score.proxy").find_map(|c| c.to.clone());
        let plain = |quoted: String| quoted.trim_matches('"').to_owned();
        Summary {
            version: VERSION,
            name: hello.spec.name.clone(),
            seed: preset.search.seed,
            proxy: proxy.map_or_else(|| preset.score.proxy.to_string(), plain),
            device: hello.device.clone(),
            phase: snapshot.phase,
            reason: None,
            iterations: snapshot.iterations,
            proposed: snapshot.proposed,
            scored: snapshot.scored,
            elapsed_ms: snapshot.elapsed_ms + snapshot.confirm_ms,
            best: None,
            updated: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }

    /// Of the run in `folder`.
    ///
    /// # Errors
    /// It isn't there, was changed, or is of another version.
    pub fn read(folder: &Path) -> Result<Summary, FileError> {
        let summary: Summary = read(&folder.join(SUMMARY))?;
        check(folder, SUMMARY, summary.version)?;
        Ok(summary)
    }

    /// How long ago that was; none where the clock has jumped back since.
    pub fn age_s(&self) -> Option<u64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        now.checked_sub(self.updated)
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, FileError> {
    let fail = |line_column, message: String| FileError {
        origin: printable(&path.display().to_string()),
        line_column,
        message: printable(&message),
    };
    let mut bytes = Vec::new();
    let found = fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    found.map_err(|error| fail(None, format!("can't be read: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let at = Some((error.line(), error.column())).filter(|(line, _)| *line > 0);
        fail(at, format!("it was changed, or is another zendo's: {error}"))
    })
}

fn check(folder: &Path, name: &str, version: u32) -> Result<(), FileError> {
    if version == VERSION {
        return Ok(());
    }
    let origin = printable(&folder.join(name).display().to_string());
    let message = format!("version {version}, where {VERSION} is known");
    Err(FileError { origin, line_column: None, message })
}
