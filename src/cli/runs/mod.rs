//! `zendo runs`: what was kept of searches, listed, shown, compared, exported, removed.
//!
//! Must not know a run's files: `run` reads them. Invariant: nothing is removed unasked.

mod chart;
mod compare;
mod export;
mod front;
mod list;
mod remove;
mod show;

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::{Failure, output::score};
use crate::run::{Best, ListedRun, Standing, find_run, listed_run};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// A RUN is a folder, the name of a kept run, or how only one of them begins.
#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// Everything about a run, with its best structure
    Show {
        /// A folder, the name of a kept run, or its beginning
        #[arg(value_name = "RUN")]
        run: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Two runs' convergence in one chart, and what they came to
    Compare {
        #[arg(value_name = "A")]
        a: String,
        #[arg(value_name = "B")]
        b: String,
        /// One JSON object a run
        #[arg(long)]
        json: bool,
    },
    /// Every candidate that a run scored, a row each
    Export(export::ExportArgs),
    /// The candidates of a run that no other beats in score and costs
    Front(front::FrontArgs),
    /// Look at a run in the terminal UI, read only
    Open {
        /// A folder, the name of a kept run, or its beginning
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// Remove runs that nobody has
    Remove(remove::RemoveArgs),
}

impl RunsArgs {
    /// The run that the terminal UI is to be opened on.
    pub fn opens(&self) -> Option<&str> {
        match &self.command {
            Some(RunsCommand::Open { run }) => Some(run),
            _ => None,
        }
    }
}

pub(super) fn run(args: &RunsArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        None => list::run(args.json),
        Some(RunsCommand::Show { run, json }) => show::run(&found(run)?, *json),
        Some(RunsCommand::Compare { a, b, json }) => compare::run([a, b], *json),
        Some(RunsCommand::Export(args)) => export::run(args),
        Some(RunsCommand::Front(args)) => front::run(args),
        Some(RunsCommand::Open { .. }) => {
            Err(Failure::usage(anyhow!("this zendo was built without the `tui` feature")))
        }
        Some(RunsCommand::Remove(args)) => remove::run(args),
    }
}

/// The run that `wanted` names.
fn found(wanted: &str) -> Result<ListedRun, Failure> {
    let folder = find_run(wanted).map_err(Failure::usage)?;
    Ok(listed_run(&folder))
}

/// `● running`, `○ interrupted`: a glyph and a word.
fn standing(standing: &Standing) -> String {
    use crate::run::protocol::Reason;
    match standing {
        Standing::Running { .. } => "● running".to_owned(),
        Standing::Elsewhere { host, .. } => format!("● on {host}"),
        Standing::Interrupted => "○ interrupted".to_owned(),
        Standing::Finished(Reason::Failed) | Standing::Unknown => format!("✗ {}", standing.name()),
        Standing::Finished(_) => format!("✓ {}", standing.name()),
    }
}

/// `192.02`, `191.27 ±0.40`.
fn best_score(best: Option<&Best>) -> String {
    let Some(best) = best else { return "–".to_owned() };
    match best.standing() {
        (value, Some(margin)) if margin.is_finite() => format!("{} ±{margin:.2}", score(value)),
        (value, _) => score(value),
    }
}
