//! `zendo attach`: which run is meant. Must not know how it is shown.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::Failure;
use crate::run::{Ownership, ownership, runs_folder};

/// The folder of the run that is to be watched: the one that is named, or the newest that runs here.
///
/// # Errors
/// There is none, or it can't be watched from here; what to do instead.
pub fn run_to_watch(named: Option<&str>) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(name) => find(name)?,
        None => newest().ok_or_else(|| {
            let what = "no run is under way on this machine; `zendo runs` lists what there is";
            Failure::usage(anyhow!(what))
        })?,
    };
    let folder = std::path::absolute(folder).map_err(Failure::usage)?;
    let shown = folder.display();
    match ownership(&folder) {
        Ownership::Here(_) => Ok(folder),
        Ownership::Elsewhere(owner) => Err(Failure::usage(anyhow!(
            "{shown} runs on {host}: `ssh {host} -t zendo attach {shown}` watches it there",
            host = owner.host,
        ))),
        Ownership::Gone(_) => Err(Failure::usage(anyhow!(
            "{shown} was interrupted: `zendo resume {shown}` goes on with it"
        ))),
        Ownership::Nobody => Err(Failure::usage(anyhow!(
            "{shown} isn't running: `zendo runs open {shown}` shows it, and `zendo resume {shown}` goes on with \
             it where it was interrupted"
        ))),
    }
}

fn find(name: &str) -> Result<PathBuf, Failure> {
    let named = Path::new(name);
    let among = runs_folder().map(|runs| runs.join(name));
    let is_run = |path: &PathBuf| path.join("run.toml").is_file();
    [Some(named.to_owned()), among].into_iter().flatten().find(is_run).ok_or_else(|| {
        Failure::usage(anyhow!(
            "{name} is no run: it has no run.toml; `zendo runs` lists what there is"
        ))
    })
}

fn newest() -> Option<PathBuf> {
    let entries = std::fs::read_dir(runs_folder()?).ok()?.flatten();
    let running = entries.map(|entry| entry.path());
    let running = running.filter(|path| matches!(ownership(path), Ownership::Here(_)));
    running
        .max_by_key(|path| std::fs::metadata(path.join("run.toml")).and_then(|m| m.modified()).ok())
}
