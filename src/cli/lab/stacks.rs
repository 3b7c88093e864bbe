//! `zendo lab overflow`, `rescaling`, `theorem1`: what becomes of Φ in stacks of plain convs.

use std::process::ExitCode;

use super::{
    kept::KeptArgs,
    output::{self, OutputArgs, WorkArgs},
};
use crate::{
    cli::{Failure, score::ALPHA},
    lab::{Stack, StackExperiment, Stacks},
};

#[derive(Debug, clap::Args)]
pub struct OverflowArgs {
    /// Depths from 1 to this
    #[arg(long, default_value_t = 44, value_parser = clap::value_parser!(u32).range(1..=256))]
    depth: u32,
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    width: u32,
    /// Images in a pass
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batch: u32,
    /// Input side in pixels
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    resolution: u32,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, clap::Args)]
pub struct RescalingArgs {
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    depth: u32,
    /// Of the hidden layers, with commas
    #[arg(long, value_delimiter = ',', default_values_t = [2, 4, 8, 12, 16, 24, 32, 40, 48, 60], value_parser = clap::value_parser!(u32).range(1..=4_096))]
    widths: Vec<u32>,
    /// Images in a pass
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batch: u32,
    /// Input side in pixels
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    resolution: u32,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, clap::Args)]
pub struct Theorem1Args {
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    depth: u32,
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    width: u32,
    /// Images in a pass, with commas; with each side of the image a case
    #[arg(long, value_delimiter = ',', default_values_t = [2, 8, 32], value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batches: Vec<u32>,
    /// Input sides in pixels, with commas
    #[arg(long, value_delimiter = ',', default_values_t = [4, 8, 16, 32], value_parser = clap::value_parser!(u32).range(1..=4_096))]
    sides: Vec<u32>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, clap::Args)]
pub struct CommonArgs {
    /// Draws of weights and images
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repeats: u32,
    /// Size of the perturbation
    #[arg(long, default_value_t = ALPHA)]
    alpha: f64,
    #[command(flatten)]
    kept: KeptArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn overflow(args: &OverflowArgs) -> Result<ExitCode, Failure> {
    let OverflowArgs { width, batch, resolution, .. } = *args;
    let of = |depth| Stack { depth, width, batch, resolution };
    let stacks = (1..=args.depth).map(of).collect();
    run(StackExperiment::Overflow, stacks, &args.common)
}

pub(super) fn rescaling(args: &RescalingArgs) -> Result<ExitCode, Failure> {
    let RescalingArgs { depth, batch, resolution, .. } = *args;
    let of = |width| Stack { depth, width, batch, resolution };
    let stacks = sorted(&args.widths).into_iter().map(of).collect();
    run(StackExperiment::Rescaling, stacks, &args.common)
}

pub(super) fn theorem1(args: &Theorem1Args) -> Result<ExitCode, Failure> {
    let Theorem1Args { depth, width, .. } = *args;
    let sides = sorted(&args.sides);
    let batches = sorted(&args.batches).into_iter();
    let mut stacks: Vec<Stack> = batches
        .flat_map(|batch| {
            sides.iter().map(move |&resolution| Stack { depth, width, batch, resolution })
        })
        .collect();
    stacks.sort_by_key(|stack| u64::from(stack.batch) * u64::from(stack.resolution).pow(2));
    run(StackExperiment::Theorem1, stacks, &args.common)
}

/// Each once.
fn sorted(numbers: &[u32]) -> Vec<u32> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn run(
    experiment: StackExperiment,
    stacks: Vec<Stack>,
    common: &CommonArgs,
) -> Result<ExitCode, Failure> {
    let CommonArgs { repeats, alpha, kept, work, output } = common;
    output::run(experiment.name(), kept.place(0), (work, output), |_| {
        check_alpha(*alpha)?;
        Ok(Stacks { experiment, stacks, alpha: *alpha, repeats: *repeats, seed: work.seed })
    })
}

pub(super) fn check_alpha(alpha: f64) -> Result<(), Failure> {
    match alpha.is_finite() && alpha > 0.0 {
        true => Ok(()),
        false => Err(Failure::usage(anyhow::anyhow!("--alpha {alpha}: expected a number above 0"))),
    }
}
