//! The `zendo` binary: the terminal UI without a command, else the command line.

use std::process::ExitCode;

use clap::Parser;
use zendo::cli::{self, Cli, Failure};

fn main() -> ExitCode {
    let cli = Cli::parse();
    start(cli).unwrap_or_else(Failure::report)
}

#[cfg(feature = "tui")]
fn start(cli: Cli) -> Result<ExitCode, Failure> {
    use zendo::tui;

    let options = match cli.command {
        None => tui::Options::default(),
        Some(cli::Command::Tui(args)) => tui::Options {
            run: None,
            preset: args.preset,
            sets: [args.sets, args.tables.settings()?].concat(),
            out: args.out,
            theme: args.theme,
            ascii: args.ascii,
            foreground: args.foreground,
            attach: None,
        },
        Some(cli::Command::Attach(args)) => {
            let attach = Some(cli::run_to_watch(args.run.as_deref())?);
            tui::Options { attach, ..tui::Options::default() }
        }
        Some(cli::Command::Runs(ref args)) if let Some(run) = args.opens() => {
            tui::Options { run: Some(run.to_owned()), ..tui::Options::default() }
        }
        Some(command) => return cli::run(&command),
    };
    let exit = tui::open(&options).map_err(Failure::usage)?.run().map_err(Failure::failed)?;
    Ok(ExitCode::from(exit.status()))
}

#[cfg(not(feature = "tui"))]
fn start(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Some(command) => cli::run(&command),
        None => Err(Failure::usage(anyhow::anyhow!(
            "this zendo was built without the `tui` feature; see `zendo --help` for its commands"
        ))),
    }
}
