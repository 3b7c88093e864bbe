//! `zendo inspect`: what networks cost, as a whole and block by block.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::{
    Failure,
    blocks::{self, Blocks, usual_view},
    net::{CountArgs, Net, NetArgs, resolve_all},
    output::{compact, json_line, line},
};
use crate::{
    anatomy::{Anatomy, View},
    arch::{Counting, NetSpec, Shortcuts, costs},
    latency::Predictor,
    run::{LatencyPrediction, find_table, read_table},
    text::grouped,
};

#[derive(Debug, Args)]
pub struct InspectArgs {
    #[command(flatten)]
    nets: NetArgs,
    #[command(flatten)]
    count: CountArgs,
    /// Without shortcuts: the network that is scored
    #[arg(long, conflicts_with = "se")]
    plain: bool,
    /// What each block costs and adds to the analytic score
    #[arg(long)]
    blocks: bool,
    /// A latency table's name or file; several are asked in their order
    #[arg(long = "latency-table", value_name = "TABLE")]
    tables: Vec<String>,
    /// Images at once, of the tables' [default: the table's own where it has one, else 64]
    #[arg(long, value_name = "B", requires = "tables", value_parser = clap::value_parser!(u32).range(1..=4096))]
    latency_batch: Option<u32>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Inspected {
    structure: String,
    name: Option<String>,
    counting: Counting,
    plain: bool,
    se: bool,
    resolution: u32,
    classes: u32,
    params: u64,
    flops: u64,
    layers: u32,
    activation_bytes: u64,
    /// By each latency table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latency: Vec<LatencyPrediction>,
    #[serde(flatten)]
    blocks: Option<Blocks>,
}

pub(super) fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    for net in resolve_all(&args.nets)? {
        let shortcuts = if args.plain { Shortcuts::Removed } else { Shortcuts::Kept };
        let spec = NetSpec { shortcuts, ..args.count.spec(&net) };
        let view = usual_view(spec, args.count.counting);
        let anatomy = args.blocks.then(|| Anatomy::of(&net.structure, &view));
        let mut inspected = inspect(&net, &view, anatomy.as_ref());
        inspected.latency = latency(args, &net, &spec)?;
        if args.json {
            json_line(&inspected)?;
            continue;
        }
        print(&inspected)?;
        if let Some(note) = net.without_se(args.count.se).filter(|_| !args.plain) {
            line(format!("  {note}"))?;
        }
        if let Some(anatomy) = &anatomy {
            blocks::print(anatomy)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect(net: &Net, view: &View, anatomy: Option<&Anatomy>) -> Inspected {
    let View { net: spec, counting, .. } = *view;
    let costs = costs(&net.structure, &spec, counting);
    Inspected {
        structure: net.structure.to_string(),
        name: net.name.clone(),
        counting,
        plain: spec.shortcuts == Shortcuts::Removed,
        se: spec.squeeze_excite && spec.shortcuts == Shortcuts::Kept,
        resolution: spec.resolution,
        classes: spec.classes,
        params: costs.params,
        flops: costs.flops,
        layers: costs.layers,
        activation_bytes: costs.activation_bytes,
        latency: Vec::new(),
        blocks: anatomy.map(Blocks::of),
    }
}

fn print(net: &Inspected) -> Result<(), Failure> {
    line(net.name.as_deref().unwrap_or(&net.structure))?;
    let shortcuts = match (net.plain, net.se) {
        (true, _) => "without shortcuts",
        (false, false) => "with shortcuts",
        (false, true) => "with shortcuts and squeeze-and-excitation",
    };
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
    ))?;
    net.latency.iter().try_for_each(|by| line(format!("  {}", by.text())))
}

/// What the tables say of a network.
fn latency(
    args: &InspectArgs,
    net: &Net,
    spec: &NetSpec,
) -> Result<Vec<LatencyPrediction>, Failure> {
    let usage = |what: String| Failure::usage(anyhow!(what));
    let mut predicted = Vec::new();
    for table in &args.tables {
        let table = read_table(&find_table(table).map_err(usage)?).map_err(usage)?;
        let predictor = Predictor::new(&table, args.latency_batch, spec.resolution);
        let predictor = predictor.map_err(Failure::usage)?;
        predicted.push(LatencyPrediction::of(&predictor, &net.structure, spec));
    }
    Ok(predicted)
}
