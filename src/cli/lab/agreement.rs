//! `zendo lab agreement`: the analytic score against the measured one, over a run's population.

use std::process::ExitCode;

use anyhow::anyhow;

use super::output::{self, OutputArgs, WorkArgs};
use crate::{
    cli::Failure,
    lab::{Agreement, spread},
    run::{
        Picture, find_run,
        protocol::{Hello, Snapshot, Update},
        run_name,
    },
};

#[derive(Debug, clap::Args)]
pub struct AgreementArgs {
    /// A run's folder, the name of a kept run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    /// So many of the population, from the best to the lowest
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(3..=65_536))]
    members: u32,
    /// Draws of each
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    draws: u32,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &AgreementArgs) -> Result<ExitCode, Failure> {
    let folder = find_run(&args.run).map_err(Failure::usage)?;
    let picture = Picture::read(&folder).map_err(Failure::usage)?;
    let (hello, snapshot) = seen(&picture).ok_or_else(|| {
        Failure::usage(anyhow!("{}: nothing was seen of it yet", run_name(&folder)))
    })?;
    let population: Vec<_> =
        snapshot.population.iter().map(|member| (member.id, member.structure.clone())).collect();
    let seed = args.work.seed;
    let experiment = Agreement {
        name: run_name(&folder),
        preset: hello.spec.preset.clone(),
        members: spread(&population, args.members as usize),
        draws: args.draws,
        seed,
    };
    output::run(&args.work, &args.output, &experiment)
}

/// What runs, and how it stood last.
fn seen(picture: &Picture) -> Option<(&Hello, &Snapshot)> {
    let hello = picture.updates.iter().find_map(|update| match update {
        Update::Hello(hello) => Some(hello.as_ref()),
        _ => None,
    });
    let snapshot = picture.updates.iter().rev().find_map(|update| match update {
        Update::Snapshot(snapshot) => Some(snapshot.as_ref()),
        _ => None,
    });
    hello.zip(snapshot)
}
