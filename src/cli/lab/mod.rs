//! `zendo lab`: experiments that show when to believe a score.
//!
//! Owns: how an experiment is asked for and how its result is printed. Must not know: how it is run.

mod rank;
mod table1;

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;

#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Search alike by each proxy; tell what they find, and what each thinks of the others' (paper, Table 1)
    Table1(table1::Table1Args),
    /// Rank the networks of a benchmark by proxies; tell how well that foretells their trained accuracy
    Rank(rank::RankArgs),
}

pub(super) fn run(command: &LabCommand) -> Result<ExitCode, Failure> {
    match command {
        LabCommand::Table1(args) => table1::run(args),
        LabCommand::Rank(args) => rank::run(args),
    }
}
