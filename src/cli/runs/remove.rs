//! Runs that are wanted no more.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::Args;

use super::{best_score, found, standing};
use crate::{
    cli::{Failure, output::line},
    run::{ListedRun, Removed, Standing, remove_run},
    text::printable,
};

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Folders, names of kept runs, or their beginnings
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &RemoveArgs) -> Result<ExitCode, Failure> {
    let mut runs: Vec<ListedRun> = Vec::new();
    for wanted in &args.runs {
        let run = found(wanted)?;
        if let Some(why) = taken(&run) {
            return Err(Failure::usage(anyhow!("{}: {why}", run.name)));
        }
        if !runs.iter().any(|other| other.folder == run.folder) {
            runs.push(run);
        }
    }
    if !args.yes && !is_wanted(&runs)? {
        line("nothing was removed")?;
        return Ok(ExitCode::SUCCESS);
    }
    for run in &runs {
        let removed = remove_run(&run.folder).map_err(Failure::failed)?;
        line(match removed {
            Removed::Whole => format!("removed {}", run.name),
            Removed::Kept { others } => {
                let folder = printable(&run.folder.display().to_string());
                format!("removed {}; {others} files of yours are left in {folder}", run.name)
            }
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn taken(run: &ListedRun) -> Option<String> {
    match &run.standing {
        Standing::Running { pid } => {
            Some(format!("it is running (process {pid}); stop it before it is removed"))
        }
        Standing::Elsewhere { host, pid } => Some(format!(
            "it is running on {host} (process {pid}) as far as can be seen from here; remove it there"
        )),
        Standing::Interrupted | Standing::Finished(_) | Standing::Unknown => None,
    }
}

/// Asks whoever sits at the terminal.
fn is_wanted(runs: &[ListedRun]) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!("nobody is there to be asked; --yes removes unasked")));
    }
    for run in runs {
        let best = run.summary.as_ref().ok().and_then(|summary| summary.best.as_ref());
        eprintln!("{}   {}   best {}", run.name, standing(&run.standing), best_score(best));
    }
    let what = if runs.len() == 1 { "it" } else { "them" };
    let mut err = io::stderr();
    let asked = write!(err, "remove {what} for good? y/N ").and_then(|()| err.flush());
    asked.map_err(Failure::failed)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Failure::failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
