//! `zendo lab saturation`, `noise`, `why`: what networks' Zen-Scores are worth.

use std::process::ExitCode;

use anyhow::anyhow;

use super::{
    kept::{KeptArgs, KeptRun},
    output::{self, OutputArgs, WorkArgs},
    stacks::check_alpha,
};
use crate::{
    arch::Structure,
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
struct MemberArgs {
    /// Members of the run's population, by their ids with commas
    #[arg(
        long = "id",
        value_name = "ID,…",
        value_delimiter = ',',
        requires = "run",
        conflicts_with = "nets"
    )]
    ids: Vec<u64>,
    /// Input side in pixels [default: the run's, else the shipped net's own, else 32]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    resolution: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct SaturationArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets [default: the run's best, middle
    /// and lowest, and what its search starts from; without a run the CIFAR nets, and what theirs starts from]
    #[arg(value_name = "NET")]
    nets: Vec<String>,
    #[command(flatten)]
    members: MemberArgs,
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batch: u32,
    /// Draws that are averaged
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repeats: u32,
    /// The perturbation that scores are measured with; others from 1e-12 to .1 are drawn beside it [default: the
    /// run's, else .01]
    #[arg(long)]
    alpha: Option<f64>,
    #[command(flatten)]
    kept: KeptArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct NoiseArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets; how many draws part every two
    /// is told [default: the run's best two, without a run the two larger CIFAR nets]
    #[arg(value_name = "NET")]
    nets: Vec<String>,
    #[command(flatten)]
    members: MemberArgs,
    /// Images in a pass, with commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 16, 64], value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batches: Vec<u32>,
    /// Which Zen-Score [default: the run's, else table]
    #[arg(long, value_parser = definition, value_name = "paper|table|reference")]
    definition: Option<Definition>,
    /// Draws of each
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    draws: u32,
    /// Size of the perturbation [default: the run's, else .01]
    #[arg(long)]
    alpha: Option<f64>,
    #[command(flatten)]
    kept: KeptArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// A structure, a file with one, or the name of a shipped net [default: the run's best]
    #[arg(value_name = "NET", required_unless_present = "run")]
    net: Option<String>,
    /// A member of the run's population, by its id
    #[arg(long, value_name = "ID", requires = "run", conflicts_with = "net")]
    id: Option<u64>,
    /// The space, the budgets and the measurement that it stands in [default: the run's, else cifar-params-1m]
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "run")]
    preset: Option<String>,
    /// Change a setting of the preset, such as budget.params=900k
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "run")]
    sets: Vec<String>,
    /// Draws that are measured
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    draws: u32,
    #[command(flatten)]
    kept: KeptArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const SMALLER: &str = "zennet_cifar_model_size05M_res32";
const MIDDLE: &str = "zennet_cifar_model_size1M_res32";
const LARGER: &str = "zennet_cifar_model_size2M_res32";

/// What `why` takes a net to stand in.
const USUAL_PRESET: &str = "cifar-params-1m";

/// What CIFAR searches start from.
fn initial() -> Result<NamedNet, Failure> {
    let preset: Preset = presets::load(USUAL_PRESET, &[])?.1;
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

/// Members of `run` that were asked for, or the `usual` ones.
fn of_run(
    run: &KeptRun,
    ids: &[u64],
    resolution: Option<u32>,
    usual: &dyn Fn(&KeptRun) -> Vec<(String, Structure)>,
) -> Result<Vec<NamedNet>, Failure> {
    let nets = match ids.is_empty() {
        true => usual(run),
        false => run.members(ids)?,
    };
    if nets.is_empty() {
        return Err(run.is_empty());
    }
    let resolution = resolution.unwrap_or_else(|| run.preset.score_resolution());
    let net = |(name, structure)| NamedNet { name, structure, resolution };
    Ok(nets.into_iter().map(net).collect())
}

/// The best, one in the middle, the lowest, and what the search starts from.
fn from_best_to_initial(run: &KeptRun) -> Vec<(String, Structure)> {
    let last = run.snapshot.population.len().saturating_sub(1);
    let mut nets = run.at(&[("best", 0), ("middle", last / 2), ("last", last)]);
    let initial = run.preset.initial();
    if nets.iter().all(|(_, structure)| *structure != initial) {
        nets.push(("initial".to_owned(), initial));
    }
    nets
}

pub(super) fn saturation(args: &SaturationArgs) -> Result<ExitCode, Failure> {
    let members = usize::from(args.nets.is_empty());
    output::run("saturation", args.kept.place(members), (&args.work, &args.output), |run| {
        let alpha = args.alpha.or(run.map(|run| run.preset.score.alpha)).unwrap_or(ALPHA);
        // Below, f64 is not exact enough for a difference; above, nothing of the image is left.
        if !(1e-11..=1.0).contains(&alpha) {
            let why = anyhow!("--alpha {alpha}: expected a number from 1e-11 to 1");
            return Err(Failure::usage(why));
        }
        let run_resolution = run.map(|run| run.preset.score_resolution());
        let nets = match (args.nets.is_empty(), run) {
            (false, _) => named(&args.nets, args.members.resolution.or(run_resolution))?,
            (true, Some(run)) => {
                of_run(run, &args.members.ids, args.members.resolution, &from_best_to_initial)?
            }
            (true, None) => {
                let names = [SMALLER, MIDDLE, LARGER].map(str::to_owned);
                let mut nets = vec![initial()?];
                nets.extend(named(&names, args.members.resolution)?);
                nets
            }
        };
        // The one that is used comes with one a decade below, by which its slope is told.
        let mut alphas: Vec<f64> = (-12..=-1).map(|power| 10_f64.powi(power)).collect();
        alphas.extend([alpha / 10.0, alpha]);
        alphas.sort_by(f64::total_cmp);
        alphas.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-9);
        let used = alphas.iter().copied().find(|other| (other / alpha - 1.0).abs() < 1e-9);
        let used = used.ok_or_else(|| Failure::usage(anyhow!("--alpha {alpha} is too small")))?;
        let SaturationArgs { batch, repeats, .. } = *args;
        Ok(Saturation { nets, alphas, used, batch, repeats, seed: args.work.seed })
    })
}

pub(super) fn why(args: &WhyArgs) -> Result<ExitCode, Failure> {
    let members = usize::from(args.net.is_none());
    output::run("why", args.kept.place(members), (&args.work, &args.output), |run| {
        let (space, preset) = match run {
            Some(run) => (run.hello.spec.name.clone(), run.preset.clone()),
            None => presets::load(args.preset.as_deref().unwrap_or(USUAL_PRESET), &args.sets)?,
        };
        let resolution = preset.score_resolution();
        let net = match (&args.net, run) {
            (Some(net), _) => {
                let net = resolve_one(net, &FixArg { fix: false })?;
                let name = net.name.as_deref().map_or_else(|| "the net".to_owned(), published_name);
                NamedNet { name, structure: net.structure, resolution }
            }
            (None, Some(run)) => {
                let ids: Vec<u64> = args.id.into_iter().collect();
                let best = |run: &KeptRun| run.at(&[("best", 0)]);
                of_run(run, &ids, Some(resolution), &best)?.remove(0)
            }
            (None, None) => unreachable!("the command line asks for a net or a run"),
        };
        Ok(Why { net, preset, space, draws: args.draws, seed: args.work.seed })
    })
}

pub(super) fn noise(args: &NoiseArgs) -> Result<ExitCode, Failure> {
    let members = if args.nets.is_empty() { 2 } else { 0 };
    output::run("noise", args.kept.place(members), (&args.work, &args.output), |run| {
        let score = run.map(|run| &run.preset.score);
        let alpha = args.alpha.or(score.map(|score| score.alpha)).unwrap_or(ALPHA);
        check_alpha(alpha)?;
        let run_resolution = run.map(|run| run.preset.score_resolution());
        let best_two = |run: &KeptRun| run.at(&[("best", 0), ("second", 1)]);
        let nets = match (args.nets.is_empty(), run) {
            (false, _) => named(&args.nets, args.members.resolution.or(run_resolution))?,
            (true, Some(run)) => {
                of_run(run, &args.members.ids, args.members.resolution, &best_two)?
            }
            (true, None) => named(&[MIDDLE, LARGER].map(str::to_owned), args.members.resolution)?,
        };
        let mut batches = args.batches.clone();
        batches.sort_unstable();
        batches.dedup();
        let definition = args.definition.or(score.map(|score| score.definition));
        let definition = definition.unwrap_or(Definition::Table);
        Ok(Noise { nets, batches, definition, alpha, draws: args.draws, seed: args.work.seed })
    })
}
