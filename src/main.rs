//! The `zendo` binary.

use std::process::ExitCode;

use clap::Parser;
use zendo::cli::{self, Cli, Failure};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Some(command) => cli::run(command),
        None => Err(Failure::usage(anyhow::anyhow!("see `zendo --help` for the commands"))),
    }
    .unwrap_or_else(Failure::report)
}
