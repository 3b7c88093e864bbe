//! `zendo lab saturation`, `noise`, `why`: what networks' Zen-Scores are worth.

use std::process::ExitCode;

use anyhow::anyhow;

use super::{
    output::{self, OutputArgs, WorkArgs},
    stacks::check_alpha,
};
use crate::{
    cli::{
        Failure,
        net::{FixArg, NetArgs, resolve_all, resolve_one},
        presets,
        score::{ALPHA, definition},
    },
    lab::{NamedNet, Noise, Saturation, Why},
    score::Definition,
    space::{Preset, published_name},
};

#[derive(Debug, clap::Args)]
pub struct SaturationArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets [default: the CIFAR nets and
    /// what their search starts from]
    #[arg(value_name = "NET")]
    nets: Vec<String>,
    /// Input side in pixels [default: the shipped net's own, else 32]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    resolution: Option<u32>,
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batch: u32,
    /// Draws that are averaged
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repeats: u32,
    /// The perturbation that scores are measured with; others from 1e-12 to .1 are drawn beside it
    #[arg(long, default_value_t = ALPHA)]
    alpha: f64,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct NoiseArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets; how many draws part every two
    /// is told [default: the two larger CIFAR nets]
    #[arg(value_name = "NET")]
    nets: Vec<String>,
    /// Input side in pixels [default: the shipped net's own, else 32]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    resolution: Option<u32>,
    /// Images in a pass, with commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 16, 64], value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batches: Vec<u32>,
    /// Which Zen-Score
    #[arg(long, value_parser = definition, default_value = "table", value_name = "paper|table|reference")]
    definition: Definition,
    /// Draws of each
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    draws: u32,
    /// Size of the perturbation
    #[arg(long, default_value_t = ALPHA)]
    alpha: f64,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// A structure, a file with one, or the name of a shipped net
    #[arg(value_name = "NET")]
    net: String,
    /// The space, the budgets and the measurement that it stands in
    #[arg(long, value_name = "NAME|FILE", default_value = "cifar-params-1m")]
    preset: String,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Draws that are measured
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    draws: u32,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const SMALLER: &str = "zennet_cifar_model_size05M_res32";
const MIDDLE: &str = "zennet_cifar_model_size1M_res32";
const LARGER: &str = "zennet_cifar_model_size2M_res32";

/// What CIFAR searches start from.
fn initial() -> Result<NamedNet, Failure> {
    let preset: Preset = presets::load("cifar-params-1m", &[])?.1;
    let resolution = preset.space.resolution;
    Ok(NamedNet { name: "initial".to_owned(), structure: preset.initial(), resolution })
}

/// Of a net that nobody published: CIFAR's.
const USUAL_RESOLUTION: u32 = 32;

fn named(nets: &[String], resolution: Option<u32>) -> Result<Vec<NamedNet>, Failure> {
    let args = NetArgs { nets: nets.to_vec(), fix: FixArg { fix: false } };
    let nets = resolve_all(&args)?.into_iter().map(|net| NamedNet {
        name: net.name.as_deref().map_or_else(|| net.structure.to_string(), published_name),
        resolution: resolution
            .or(net.published.as_ref().map(|published| published.resolution))
            .unwrap_or(USUAL_RESOLUTION),
        structure: net.structure,
    });
    Ok(nets.collect())
}

pub(super) fn saturation(args: &SaturationArgs) -> Result<ExitCode, Failure> {
    // Below, f64 is not exact enough for a difference; above, nothing of the image is left.
    if !(1e-11..=1.0).contains(&args.alpha) {
        let why = anyhow!("--alpha {}: expected a number from 1e-11 to 1", args.alpha);
        return Err(Failure::usage(why));
    }
    let nets = match args.nets.is_empty() {
        false => named(&args.nets, args.resolution)?,
        true => {
            let names = [SMALLER, MIDDLE, LARGER].map(str::to_owned);
            let mut nets = vec![initial()?];
            nets.extend(named(&names, args.resolution)?);
            nets
        }
    };
    // The one that is used comes with one a decade below, by which its slope is told.
    let mut alphas: Vec<f64> = (-12..=-1).map(|power| 10_f64.powi(power)).collect();
    alphas.extend([args.alpha / 10.0, args.alpha]);
    alphas.sort_by(f64::total_cmp);
    alphas.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-9);
    let used = alphas.iter().copied().find(|alpha| (alpha / args.alpha - 1.0).abs() < 1e-9);
    let used =
        used.ok_or_else(|| Failure::usage(anyhow!("--alpha {} is too small", args.alpha)))?;
    let seed = args.work.seed;
    let SaturationArgs { batch, repeats, .. } = *args;
    let experiment = Saturation { nets, alphas, used, batch, repeats, seed };
    output::run(&args.work, &args.output, &experiment)
}

pub(super) fn why(args: &WhyArgs) -> Result<ExitCode, Failure> {
    let (space, preset) = presets::load(&args.preset, &args.sets)?;
    let net = resolve_one(&args.net, &FixArg { fix: false })?;
    let name = net.name.as_deref().map_or_else(|| "the net".to_owned(), published_name);
    let resolution = preset.score_resolution();
    let net = NamedNet { name, structure: net.structure, resolution };
    let seed = args.work.seed;
    let experiment = Why { net, preset, space, draws: args.draws, seed };
    output::run(&args.work, &args.output, &experiment)
}

pub(super) fn noise(args: &NoiseArgs) -> Result<ExitCode, Failure> {
    check_alpha(args.alpha)?;
    let nets = match args.nets.is_empty() {
        false => named(&args.nets, args.resolution)?,
        true => named(&[MIDDLE, LARGER].map(str::to_owned), args.resolution)?,
    };
    let mut batches = args.batches.clone();
    batches.sort_unstable();
    batches.dedup();
    let NoiseArgs { definition, alpha, draws, .. } = *args;
    let seed = args.work.seed;
    let experiment = Noise { nets, batches, definition, alpha, draws, seed };
    output::run(&args.work, &args.output, &experiment)
}
