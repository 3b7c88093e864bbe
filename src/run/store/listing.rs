//! The runs that were kept: what each is, how it stands, which one somebody means.
//!
//! Must not know a run's journal or checkpoint: a list reads a lock and a summary of each, nothing longer.
//! Invariant: a run that another machine says it runs is never said to have ended.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use thiserror::Error;

use super::{Ownership, RUN_FILE, Summary, folders::runs_folder, ownership};
use crate::{
    run::protocol::Reason,
    text::{FileError, did_you_mean, in_a_shell, nearest, printable},
};

/// Entries of the folder that are looked at.
const MAX_ENTRIES: usize = 20_000;
/// Runs that are listed, those that were begun last.
const MAX_LISTED: usize = 1_000;
/// Names that a complaint lists.
const MAX_NAMED: usize = 8;

/// A run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRun {
    pub folder: PathBuf,
    /// The folder's, as it may be printed.
    pub name: String,
    pub standing: Standing,
    /// What it has come to; why that can't be said.
    pub summary: Result<Summary, FileError>,
    /// Since it last said something; none where that isn't known or the clock has jumped back.
    pub age_s: Option<u64>,
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A process of this machine has it.
    Running {
        pid: u32,
    },
    /// Another machine says it has it, which can't be known from here.
    Elsewhere {
        host: String,
        pid: u32,
    },
    /// It ended before its search did, and can go on.
    Interrupted,
    Finished(Reason),
    /// Nobody has it, and its summary can't be read.
    Unknown,
}

impl Standing {
    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Running { .. } => "running",
            Standing::Elsewhere { .. } => "elsewhere",
            Standing::Interrupted => "interrupted",
            Standing::Finished(Reason::Failed) => "failed",
            Standing::Finished(Reason::Stopped) => "stopped",
            Standing::Finished(Reason::Iterations | Reason::MaxScored | Reason::Interrupted) => {
                "finished"
            }
            Standing::Unknown => "unreadable",
        }
    }

    /// Whether somebody has it, as far as can be known.
    pub fn is_taken(&self) -> bool {
        match self {
            Standing::Running { .. } | Standing::Elsewhere { .. } => true,
            Standing::Interrupted | Standing::Finished(_) | Standing::Unknown => false,
        }
    }
}

impl ListedRun {
    /// The command that goes on with it, where it can go on.
    pub fn resume_command(&self) -> Option<String> {
        let folder = in_a_shell(&self.folder.display().to_string());
        (self.standing == Standing::Interrupted).then(|| format!("zendo resume {folder}"))
    }
}

/// Every kept run, the one that said something last first; none where nothing was kept.
pub fn list_runs() -> Vec<ListedRun> {
    runs_folder().map_or_else(Vec::new, |folder| list(&folder))
}

fn list(folder: &Path) -> Vec<ListedRun> {
    let mut begun: Vec<(SystemTime, PathBuf)> = entries(folder)
        .filter_map(|path| {
            let begun = fs::metadata(path.join(RUN_FILE)).ok()?.modified();
            Some((begun.unwrap_or(SystemTime::UNIX_EPOCH), path))
        })
        .collect();
    begun.sort_by(|a, b| b.cmp(a));
    begun.truncate(MAX_LISTED);
    let mut runs: Vec<(u64, ListedRun)> = begun
        .into_iter()
        .map(|(begun, path)| {
            let run = listed_run(&path);
            let begun = begun.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
            (run.summary.as_ref().map_or(begun, |summary| summary.updated), run)
        })
        .collect();
    // Stable: of those that said something in the same second, the one that was begun last.
    runs.sort_by_key(|(said, _)| std::cmp::Reverse(*said));
    runs.into_iter().map(|(_, run)| run).collect()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.take(MAX_ENTRIES).filter_map(|entry| Some(entry.ok()?.path()))
}

/// The run in `folder`, whatever lies there.
pub fn listed_run(folder: &Path) -> ListedRun {
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = name.file_name().unwrap_or(folder.as_os_str());
    // The lock first: who ends meanwhile has written the summary before it let go.
    let owner = ownership(folder);
    let summary = Summary::read(folder);
    let standing = match owner {
        Ownership::Here(owner) => Standing::Running { pid: owner.pid },
        Ownership::Elsewhere(owner) => {
            Standing::Elsewhere { host: printable(&owner.host), pid: owner.pid }
        }
        Ownership::Nobody | Ownership::Gone(_) => match &summary {
            Err(_) => Standing::Unknown,
            Ok(Summary { reason: None | Some(Reason::Interrupted), .. }) => Standing::Interrupted,
            Ok(Summary { reason: Some(reason), .. }) => Standing::Finished(*reason),
        },
    };
    let age_s = summary.as_ref().ok().and_then(Summary::age_s);
    let (folder, name) = (folder.to_owned(), printable(&name.to_string_lossy()));
    ListedRun { folder, name, standing, summary, age_s }
}

/// Why no run is meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FindError {
    #[error("{} is no run's folder: there is no run.toml in it", printable(&.0.display().to_string()))]
    NoRun(PathBuf),
    #[error("no run is called '{}'{hint}; `zendo runs` lists them", printable(.name))]
    Unknown { name: String, hint: String },
    #[error("'{}' may be {}", printable(.name), .candidates)]
    Ambiguous { name: String, candidates: String },
}

/// The folder of the run that `wanted` names: a folder, the name of a kept run, or how only one of them
/// begins.
///
/// # Errors
/// There is none, or several.
pub fn find_run(wanted: &str) -> Result<PathBuf, FindError> {
    find(wanted, runs_folder().as_deref())
}

fn find(wanted: &str, runs: Option<&Path>) -> Result<PathBuf, FindError> {
    let path = Path::new(wanted);
    if path.join(RUN_FILE).is_file() && !wanted.is_empty() {
        return Ok(path.to_owned());
    }
    let is_path = wanted.contains(std::path::MAIN_SEPARATOR) || wanted.starts_with('.');
    if is_path {
        return Err(FindError::NoRun(path.to_owned()));
    }
    let unknown = |hint| Err(FindError::Unknown { name: wanted.to_owned(), hint });
    let Some(runs) = runs else { return unknown(String::new()) };
    let mut names: Vec<String> = entries(runs)
        .filter(|path| path.join(RUN_FILE).is_file())
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    if names.iter().any(|name| name == wanted) {
        return Ok(runs.join(wanted));
    }
    let begin: Vec<&String> = names.iter().filter(|name| name.starts_with(wanted)).collect();
    match begin.as_slice() {
        [only] => Ok(runs.join(only)),
        [] => {
            // A name is a preset's, a time and an id; who names the first alone, and errs, is understood too.
            let length = wanted.chars().count();
            let start = |name: &String| name.chars().take(length).collect::<String>();
            let starts: Vec<String> = names.iter().map(start).collect();
            match nearest(wanted, &starts) {
                Some((near, 1..=2)) if length > 3 => {
                    let meant = names.iter().zip(&starts).find(|(_, start)| *start == near);
                    let meant = meant.map_or("", |(name, _)| name);
                    unknown(format!(", did you mean '{}'?", printable(meant)))
                }
                _ => unknown(did_you_mean(wanted, &names)),
            }
        }
        many => {
            let named: Vec<String> = many.iter().take(MAX_NAMED).map(|n| printable(n)).collect();
            let more = many.len() - named.len();
            let more = if more > 0 { format!(" or {more} others") } else { String::new() };
            let candidates = format!("{}{more}", named.join(", "));
            Err(FindError::Ambiguous { name: wanted.to_owned(), candidates })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, name: &str, summary: &str) -> PathBuf {
        let folder = runs.join(name);
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join(RUN_FILE), "version = 1\n").expect("written");
        if !summary.is_empty() {
            fs::write(folder.join("summary.json"), summary).expect("written");
        }
        folder
    }

    fn summary(updated: u64, reason: &str) -> String {
        format!(
            r#"{{"version":1,"name":"quick","seed":0,"proxy":"zen","device":"cpu","phase":"Running",
            "reason":{reason},"iterations":100,"proposed":40,"scored":9,"elapsed_ms":1200,
            "best":null,"updated":{updated}}}"#
        )
    }

    #[test]
    fn runs_are_listed_with_how_they_stand() {
        let runs = tempfile::tempdir().expect("a folder");
        let runs = runs.path();
        assert_eq!(list(&runs.join("nowhere")), []);
        run(runs, "done", &summary(30, "\"iterations\""));
        run(runs, "cut", &summary(40, "null"));
        run(runs, "told", &summary(20, "\"interrupted\""));
        run(runs, "odd", "{");
        let away = run(runs, "away", &summary(10, "null"));
        fs::write(away.join("lock"), r#"{"host":"gpu-07","pid":41}"#).expect("written");
        fs::create_dir(runs.join("no run")).expect("made");
        let listed = list(runs);
        let stand: Vec<_> =
            listed.iter().map(|run| (run.name.as_str(), run.standing.name())).collect();
        assert_eq!(
            stand,
            [
                ("odd", "unreadable"),
                ("cut", "interrupted"),
                ("done", "finished"),
                ("told", "interrupted"),
                ("away", "elsewhere"),
            ]
        );
        assert_eq!(listed[4].standing, Standing::Elsewhere { host: "gpu-07".to_owned(), pid: 41 });
        assert!(listed[0].summary.as_ref().is_err_and(|e| e.to_string().contains("summary.json")));
        let resume = listed[1].resume_command().expect("it was cut off");
        assert!(resume.starts_with("zendo resume ") && resume.ends_with("/cut"), "{resume}");
        assert_eq!(listed[2].resume_command(), None);
    }

    #[test]
    fn a_run_is_named_by_folder_name_or_beginning() {
        let runs = tempfile::tempdir().expect("a folder");
        let runs = runs.path();
        for name in ["quick-20261126-152507-003f", "quick-20261127-090000-1111", "mine-1"] {
            run(runs, name, "");
        }
        let found = |wanted: &str| find(wanted, Some(runs));
        assert_eq!(found("mine"), Ok(runs.join("mine-1")));
        assert_eq!(found("quick-20261127"), Ok(runs.join("quick-20261127-090000-1111")));
        let folder = runs.join("mine-1");
        assert_eq!(found(&folder.display().to_string()), Ok(folder));
        let error = found("quick").expect_err("two").to_string();
        assert!(error.contains("152507-003f, quick-20261127"), "{error}");
        let error = found("mine-2").expect_err("none").to_string();
        assert!(error.contains("did you mean 'mine-1'?"), "{error}");
        let error = found("quik-2").expect_err("none").to_string();
        assert!(error.contains("did you mean 'quick-2026"), "{error}");
        let error = found("./mine-2").expect_err("none").to_string();
        assert!(error.contains("run.toml"), "{error}");
        assert!(found("\u{1b}[2J").expect_err("none").to_string().contains("\u{fffd}[2J"));
        assert!(matches!(find("x", None), Err(FindError::Unknown { .. })));
        assert!(matches!(found(""), Err(FindError::Ambiguous { .. })));
    }
}
