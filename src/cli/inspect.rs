//! `zendo inspect`: what networks cost.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{
    Failure,
    net::{Net, NetArgs, resolve_all},
    output::{compact, json_line, line},
};
use crate::{
    arch::{Counting, NetSpec, Shortcuts, costs, limits},
    text::grouped,
};

#[derive(Debug, Args)]
pub struct InspectArgs {
    #[command(flatten)]
    nets: NetArgs,
    /// Input side in pixels [default: the shipped net's own, else 224]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    resolution: Option<u32>,
    /// Outputs of the classifier [default: the shipped net's own, else 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    classes: Option<u32>,
    /// True costs, or as the Zen-NAS reference counts
    #[arg(long, value_parser = counting, default_value = "exact", value_name = "exact|reference")]
    counting: Counting,
    /// Without shortcuts: the network that is scored
    #[arg(long)]
    plain: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn counting(text: &str) -> Result<Counting, String> {
    Counting::ALL
        .into_iter()
        .find(|counting| counting.name() == text)
        .ok_or_else(|| "expected exact or reference".to_owned())
}

#[derive(Serialize)]
struct Inspected {
    structure: String,
    name: Option<String>,
    counting: Counting,
    plain: bool,
    resolution: u32,
    classes: u32,
    params: u64,
    flops: u64,
    layers: u32,
    activation_bytes: u64,
}

pub(super) fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    for net in resolve_all(&args.nets)? {
        let inspected = inspect(&net, args);
        if args.json {
            json_line(&inspected)?;
        } else {
            print(&inspected)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect(net: &Net, args: &InspectArgs) -> Inspected {
    let (resolution, classes) = (net.resolution(args.resolution), net.classes(args.classes));
    let shortcuts = if args.plain { Shortcuts::Removed } else { Shortcuts::Kept };
    let spec = NetSpec { shortcuts, ..NetSpec::residual(resolution, classes) };
    let costs = costs(&net.structure, &spec, args.counting);
    Inspected {
        structure: net.structure.to_string(),
        name: net.name.clone(),
        counting: args.counting,
        plain: args.plain,
        resolution,
        classes,
        params: costs.params,
        flops: costs.flops,
        layers: costs.layers,
        activation_bytes: costs.activation_bytes,
    }
}

fn print(net: &Inspected) -> Result<(), Failure> {
    line(net.name.as_deref().unwrap_or(&net.structure))?;
    let shortcuts = if net.plain { "without shortcuts" } else { "with shortcuts" };
    let counting = net.counting.name();
    let Inspected { resolution, classes, .. } = net;
    line(format!("  at {resolution}², {classes} classes, {shortcuts}, counted {counting}"))?;
    let row = |name: &str, value: u64| {
        line(format!("  {name:<11}{:>16}   {}", grouped(value), compact(value)))
    };
    row("params", net.params)?;
    row("FLOPs", net.flops)?;
    line(format!("  {:<11}{:>16}", "sub-layers", net.layers))?;
    let kib = net.activation_bytes.div_ceil(1024);
    line(format!(
        "  {:<11}{:>16}   KiB, f32, the largest of one sample",
        "activation",
        grouped(kib)
    ))
}
