//! `zendo lab agreement`: the analytic score against the measured one, over a run's population.

use std::process::ExitCode;

use super::{
    kept::Place,
    output::{self, OutputArgs, WorkArgs},
};
use crate::{
    cli::Failure,
    lab::{Agreement, spread},
};

#[derive(Debug, clap::Args)]
pub struct AgreementArgs {
    /// A run's folder, the name of a kept run, or its beginning; the result is kept with it
    #[arg(value_name = "RUN", required_unless_present = "run", conflicts_with = "run")]
    named: Option<String>,
    /// The same, as other experiments take it
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
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

/// An order takes so many.
const FEWEST: usize = 3;

pub(super) fn run(args: &AgreementArgs) -> Result<ExitCode, Failure> {
    let named = args.named.as_ref().or(args.run.as_ref()).expect("one of both is required");
    output::run("agreement", Place::Run(named, FEWEST), (&args.work, &args.output), |run| {
        let run = run.expect("it was read");
        let population = run.snapshot.population.iter();
        let population: Vec<_> =
            population.map(|member| (member.id, member.structure.clone())).collect();
        Ok(Agreement {
            name: run.name.clone(),
            preset: run.preset.clone(),
            members: spread(&population, args.members as usize),
            draws: args.draws,
            seed: args.work.seed,
        })
    })
}
