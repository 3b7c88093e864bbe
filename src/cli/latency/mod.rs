//! `zendo latency`: how long networks take: measured, imported, checked.
//!
//! Owns: how measuring is asked for and how its result is told. Must not know: how a layer is run, or which are worth
//! timing. Invariant: a table's file is whole after every row.

mod check;
mod file;
mod import;
mod list;
mod measure;
mod net;
mod space;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Subcommand;

use super::Failure;
use crate::nn::{
    DeviceChoice,
    inference::{Bench, BenchError, Dtype},
};

#[derive(Debug, Subcommand)]
pub enum LatencyCommand {
    /// Time the layers of a preset's space on this machine, into a table that searches can go by
    Measure(measure::MeasureArgs),
    /// Time whole networks on this machine
    Net(net::NetLatencyArgs),
    /// Make a table of measurements from elsewhere
    Import(import::ImportArgs),
    /// Say how far a table can be believed: what it says of layers and networks that it was not told
    Check(check::CheckArgs),
    /// List your tables
    List(list::ListArgs),
}

pub(super) fn run(command: &LatencyCommand) -> Result<ExitCode, Failure> {
    match command {
        LatencyCommand::Measure(args) => measure::run(args),
        LatencyCommand::Net(args) => net::run(args),
        LatencyCommand::Import(args) => import::run(args),
        LatencyCommand::Check(args) => check::run(args),
        LatencyCommand::List(args) => list::run(args),
    }
}

/// Where something is timed.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// One device
    #[arg(long, value_name = "auto|cpu|cuda:N", default_value = "auto")]
    device: DeviceChoice,
    /// The type of weights and maps [default: f32 on the CPU, f16 on a GPU]
    #[arg(long, value_name = "f32|f16")]
    dtype: Option<Dtype>,
    /// Of a CPU [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl BenchArgs {
    fn open(&self) -> Result<Bench, Failure> {
        let threads = self.threads.map(usize::from);
        let (bench, note) = Bench::open(self.device, self.dtype, threads).map_err(failure)?;
        if let Some(note) = note {
            let _ = writeln!(io::stderr(), "{note}");
        }
        Ok(bench)
    }
}

/// What can't be asked for is bad usage; what doesn't work is a failure.
fn failure(error: BenchError) -> Failure {
    match error {
        BenchError::Device(_) | BenchError::HalfOnCpu | BenchError::ManyGpus(_) => {
            Failure::usage(error)
        }
        BenchError::Kernel(_) | BenchError::Threads(_) | BenchError::Network(_) => {
            Failure::failed(error)
        }
    }
}

/// The tables that a search goes by.
#[derive(Clone, Debug, Default, clap::Args)]
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
