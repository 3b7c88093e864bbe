//! `zendo latency`: tables of measured layers, and what they say.

mod check;
mod import;
mod list;
mod told;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub(super) use told::{Told, told};

use super::Failure;

#[derive(Debug, Subcommand)]
pub enum LatencyCommand {
    /// Make a table of measurements from elsewhere
    Import(import::ImportArgs),
    /// Say how far a table can be believed: what it says of layers and networks that it was not told
    Check(check::CheckArgs),
    /// List your tables
    List(list::ListArgs),
}

pub(super) fn run(command: &LatencyCommand) -> Result<ExitCode, Failure> {
    match command {
        LatencyCommand::Import(args) => import::run(args),
        LatencyCommand::Check(args) => check::run(args),
        LatencyCommand::List(args) => list::run(args),
    }
}

/// The tables that a search goes by.
#[derive(Clone, Debug, Default, Args)]
pub struct TableArgs {
    /// A latency table's name or file; a second and a third one are those of budget.latency2 and 3
    #[arg(long = "latency-table", value_name = "TABLE")]
    tables: Vec<String>,
}

/// Keys of the tables, by their number.
const KEYS: [&str; 3] = ["budget.latency.table", "budget.latency2.table", "budget.latency3.table"];

impl TableArgs {
    /// As `--set` takes it.
    ///
    /// # Errors
    /// There are more than three.
    pub fn settings(&self) -> Result<Vec<String>, Failure> {
        if self.tables.len() > KEYS.len() {
            let what = format!("{} latency tables are the most", KEYS.len());
            return Err(Failure::usage(anyhow::anyhow!(what)));
        }
        let quoted = |table: &String| toml_edit::value(table.as_str()).to_string();
        Ok(KEYS.iter().zip(&self.tables).map(|(key, it)| format!("{key}={}", quoted(it))).collect())
    }
}
