//! `zendo latency net`: whole networks, timed.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::anyhow;
use serde::Serialize;

use super::{BenchArgs, failure};
use crate::{
    arch::{NetSpec, Structure, limits},
    cli::{
        Failure,
        net::{Net, NetArgs, resolve_all},
        output::{json_line, line},
    },
    latency::{NetEstimate, Predictor},
    nn::inference::{Bench, Count, Hardware},
    run::{find_table, read_table},
    score::MeanStd,
    text::printable,
};

#[derive(Debug, clap::Args)]
pub struct NetLatencyArgs {
    #[command(flatten)]
    nets: NetArgs,
    #[command(flatten)]
    bench: BenchArgs,
    /// Images at a time
    #[arg(long, value_name = "B", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Batches that are timed
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Input side in pixels [default: the shipped net's own, else 224]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    resolution: Option<u32>,
    /// Outputs of the classifier [default: the shipped net's own, else 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    classes: Option<u32>,
    /// With squeeze-and-excitation in residual blocks
    #[arg(long)]
    se: bool,
    /// A table that foretells the same
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Timed<'a> {
    structure: String,
    name: Option<&'a str>,
    batch: u32,
    resolution: u32,
    classes: u32,
    se: bool,
    runs: u32,
    /// Of a batch: the mean, the standard deviation (null of one run), the shortest; milliseconds.
    ms: f64,
    std_ms: Option<f64>,
    least_ms: f64,
    ms_per_image: f64,
    /// Of a batch, by the table; null where nothing foretells it.
    predicted_ms: Option<f64>,
    /// Where nine in ten are.
    predicted_low_ms: Option<f64>,
    predicted_high_ms: Option<f64>,
    device: &'a str,
    engine: &'a str,
    dtype: String,
}

pub(super) fn run(args: &NetLatencyArgs) -> Result<ExitCode, Failure> {
    let nets = resolve_all(&args.nets)?;
    let bench = args.bench.open()?;
    let hardware = bench.hardware();
    if !args.json {
        let Hardware { device, engine, dtype, .. } = &hardware;
        line(format!("{device}, {dtype}, batch {}, {} runs, {engine}", args.batch, args.runs))?;
    }
    for net in &nets {
        if let Some(note) = net.without_se(args.se) {
            let _ = writeln!(io::stderr(), "{}: {note}", net.shown());
        }
        time(net, args, (&bench, &hardware))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn time(
    net: &Net,
    args: &NetLatencyArgs,
    (bench, hardware): (&Bench, &Hardware),
) -> Result<(), Failure> {
    let spec = NetSpec::residual(net.resolution(args.resolution), net.classes(args.classes));
    let spec = NetSpec { squeeze_excite: args.se, ..spec };
    let times = bench.time_net(&net.structure, &spec, args.batch, Count::All(args.runs));
    let times = times.map_err(failure)?.ms;
    let MeanStd { mean: ms, std: std_ms } = MeanStd::of(&times);
    let predicted = match &args.table {
        Some(table) => Some(prediction(table, &net.structure, &spec, args.batch)?),
        None => None,
    };
    let timed = Timed {
        structure: net.structure.to_string(),
        name: net.name.as_deref(),
        batch: args.batch,
        resolution: spec.resolution,
        classes: spec.classes,
        se: args.se,
        runs: args.runs,
        ms,
        std_ms,
        least_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
        ms_per_image: ms / f64::from(args.batch),
        predicted_ms: predicted.as_ref().map(|predicted| predicted.ms),
        predicted_low_ms: predicted.as_ref().map(|predicted| predicted.low_ms),
        predicted_high_ms: predicted.as_ref().map(|predicted| predicted.high_ms),
        device: &hardware.device,
        engine: &hardware.engine,
        dtype: hardware.dtype.to_string(),
    };
    if args.json {
        return json_line(&timed);
    }
    line(printable(&net.shown()))?;
    let spread = timed.std_ms.map(|std| format!(" ±{std:.3}")).unwrap_or_default();
    let Timed { ms, least_ms, ms_per_image, .. } = timed;
    line(format!(
        "  {ms:.3}{spread} ms a batch, at least {least_ms:.3}; {ms_per_image:.4} ms an image"
    ))?;
    let Some(NetEstimate { ms: told, low_ms, high_ms, extrapolated, .. }) = predicted else {
        return Ok(());
    };
    let off = 100.0 * (told / ms - 1.0);
    let beyond = match extrapolated > 0.05 {
        true => format!(", {:.0} % of it extrapolated", 100.0 * extrapolated),
        false => String::new(),
    };
    line(format!(
        "  {told:.3} ms foretold, {low_ms:.3} to {high_ms:.3} in nine of ten, {off:+.1} %{beyond}"
    ))
}

/// What a table says of a network on a batch: milliseconds of the batch.
fn prediction(
    table: &str,
    structure: &Structure,
    spec: &NetSpec,
    batch: u32,
) -> Result<NetEstimate, Failure> {
    let usage = |what: String| Failure::usage(anyhow!(what));
    let path = find_table(table).map_err(usage)?;
    let table = read_table(&path).map_err(usage)?;
    let predictor = Predictor::new(&table, Some(batch), spec.resolution).map_err(Failure::usage)?;
    let estimate = predictor.net(structure, spec);
    let images = f64::from(batch);
    let NetEstimate { ms, low_ms, high_ms, .. } = estimate;
    Ok(NetEstimate {
        ms: ms * images,
        low_ms: low_ms * images,
        high_ms: high_ms * images,
        ..estimate
    })
}
