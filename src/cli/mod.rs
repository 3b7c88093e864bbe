//! The command line: arguments, headless progress, JSON lines.
//!
//! Owns: what is printed and with which status the program ends. Must not know: how anything is
//! computed. Invariant: with `--json` stdout holds one JSON object a line and nothing else; all
//! complaints go to stderr.

mod attach;
mod bench;
mod blocks;
mod completions;
mod config;
mod diff;
mod doctor;
mod export;
mod front;
mod host;
mod inspect;
mod keys;
mod lab;
mod latency;
mod man;
mod markdown;
mod net;
mod output;
mod presets;
mod proxies;
mod ranked;
mod runs;
mod score;
mod search;
mod signals;
mod solve;
mod themes;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub use attach::run_to_watch;
pub use output::Failure;

/// Finds neural network architectures without training any of them (Zen-NAS).
///
/// Without a command it opens the terminal UI.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the terminal UI, straight at a preset if one is named
    Tui(TuiArgs),
    /// Run a search without a terminal UI
    Search(search::SearchArgs),
    /// Go on with a run that was interrupted, from its folder
    Resume(search::ResumeArgs),
    /// Watch a run that is under way, in the terminal UI
    Attach(AttachArgs),
    /// Host a run that is described on stdin
    #[command(hide = true)]
    Host,
    /// List the runs that were kept; show, compare, export, open and remove them
    Runs(runs::RunsArgs),
    /// Find the best structure of a preset by the analytic score, with a proof
    Solve(solve::SolveArgs),
    /// Score networks
    Score(score::ScoreArgs),
    /// Show what networks cost
    Inspect(inspect::InspectArgs),
    /// Compare two networks block by block
    Diff(diff::DiffArgs),
    /// Write a network as a structure line or as a PyTorch file
    Export(export::ExportArgs),
    /// List, show and check presets
    #[command(subcommand)]
    Presets(presets::PresetsCommand),
    /// List what networks can be judged by
    Proxies(proxies::ProxiesArgs),
    /// List the terminal UI's themes, shipped and yours
    Themes(themes::ThemesArgs),
    /// List the terminal UI's keys in force, as config.toml would say them
    Keys(keys::KeysArgs),
    /// Show, find and check the settings of zendo itself
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at this machine: terminal, CPU, GPUs; check that each device computes rightly
    Doctor(doctor::DoctorArgs),
    /// Experiments that show when to believe a score
    #[command(subcommand)]
    Lab(lab::LabCommand),
    /// How long networks take: measure layers and networks, import, check and list tables
    #[command(subcommand)]
    Latency(latency::LatencyCommand),
    /// Measure what things cost on this machine
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print what completes zendo's commands in a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(man::ManArgs),
}

pub use latency::TableArgs;

#[derive(Debug, clap::Args)]
pub struct TuiArgs {
    /// A preset's name, shipped or yours, or a preset file
    #[arg(long, value_name = "NAME|FILE")]
    pub preset: Option<String>,
    /// Change a setting of the preset, such as search.seed=7
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "preset")]
    pub sets: Vec<String>,
    #[command(flatten)]
    pub tables: TableArgs,
    /// A new or empty folder for run.toml, best.txt and journal.jsonl; a further search gets one beside it
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The colours, over what config.toml says; `zendo themes` lists what there is
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII alone
    #[arg(long)]
    pub ascii: bool,
    /// Keep everything in one process
    #[arg(long)]
    pub foreground: bool,
}

#[derive(Debug, clap::Args)]
pub struct AttachArgs {
    /// The run's folder, its name, or the beginning of it [default: the one that runs]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Runs a command that needs no terminal UI.
///
/// # Errors
/// What to print, with the exit status that belongs to it.
pub fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Tui(_) | Command::Attach(_) => {
            Err(Failure::usage(anyhow::anyhow!("this zendo was built without the `tui` feature")))
        }
        Command::Search(args) => search::run(args),
        Command::Resume(args) => search::resume(args),
        Command::Host => host::run(),
        Command::Runs(args) => runs::run(args),
        Command::Solve(args) => solve::run(args),
        Command::Score(args) => score::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Export(args) => export::run(args),
        Command::Presets(command) => presets::run(command),
        Command::Proxies(args) => proxies::run(args),
        Command::Themes(args) => themes::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Config(command) => config::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::Lab(command) => lab::run(command),
        Command::Latency(command) => latency::run(command),
        Command::Bench(command) => bench::run(command),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
