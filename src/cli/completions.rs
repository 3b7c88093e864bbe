//! `zendo completions`: what a shell reads to complete zendo's commands. Invariant: made from the commands
//! themselves.

use std::process::ExitCode;

use clap::CommandFactory;

use super::{Cli, Failure, output::line};

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Whose completions
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    // Straight to stdout it would panic where nobody reads.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zendo", &mut script);
    line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
