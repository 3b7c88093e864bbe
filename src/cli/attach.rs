//! `zendo attach`: which run is meant. Must not know how it is shown.

use std::path::PathBuf;

use anyhow::anyhow;

use super::Failure;
use crate::run::{ListedRun, Ownership, Standing, find_run, list_runs, ownership, run_name};

/// The folder of the run that is to be watched: the one that is named, or the newest that runs here.
///
/// # Errors
/// There is none, or it can't be watched from here; what to do instead.
pub fn run_to_watch(named: Option<&str>) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(name) => find_run(name).map_err(Failure::usage)?,
        None => newest().ok_or_else(|| {
            let what = "no run is under way on this machine; `zendo runs` lists what there is";
            Failure::usage(anyhow!(what))
        })?,
    };
    let folder = std::path::absolute(folder).map_err(Failure::usage)?;
    let shown = run_name(&folder);
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

fn newest() -> Option<PathBuf> {
    let is_running = |run: &ListedRun| matches!(run.standing, Standing::Running { .. });
    list_runs().into_iter().find(is_running).map(|run| run.folder)
}
