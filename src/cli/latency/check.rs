//! `zendo latency check`: how far a table can be believed.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::{
    arch::NetSpec,
    cli::{
        Failure,
        output::{json_line, line},
    },
    latency::{Checked, Errors, Fold, Predictor, Table, cross_validate},
    run::{find_table, read_table},
    space::{published_name, published_nets},
    text::{grouped, printable},
};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// A table's name or file
    #[arg(value_name = "TABLE")]
    table: String,
    /// Of one batch alone [default: all that the table has]
    #[arg(long, value_name = "B")]
    batch: Option<u32>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ErrorsLine {
    batch: u32,
    /// What was held out together: a layer, all sides of a pair of widths, or a network.
    held_out: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<String>,
    count: usize,
    median: f64,
    nine_in_ten: f64,
    median_ratio: f64,
    covered: f64,
}

impl ErrorsLine {
    fn new(batch: u32, held_out: &'static str, layers: Option<String>, errors: &Errors) -> Self {
        let Errors { count, median, nine_in_ten, median_ratio, covered } = *errors;
        ErrorsLine { batch, held_out, layers, count, median, nine_in_ten, median_ratio, covered }
    }

    fn text(&self) -> String {
        let what = self.layers.as_deref().unwrap_or("all");
        format!(
            "{:>5}  {:<14} {:<24} {:>7} {:>8.1} % {:>8.1} % {:>8.3} {:>8.1} %",
            self.batch,
            self.held_out,
            what,
            grouped(self.count as u64),
            100.0 * self.median,
            100.0 * self.nine_in_ten,
            self.median_ratio,
            100.0 * self.covered
        )
    }
}

/// A published network beside what the table says of it.
#[derive(Serialize)]
struct NetLine {
    net: String,
    batch: u32,
    /// Milliseconds an image.
    predicted_ms: f64,
    low_ms: f64,
    high_ms: f64,
    /// On a V100 in FP16, 64 images at once, as the paper has it.
    published_ms: f64,
    ratio: f64,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let usage = |what: String| Failure::usage(anyhow::anyhow!(what));
    let path = find_table(&args.table).map_err(usage)?;
    let table = read_table(&path).map_err(usage)?;
    if !args.json {
        let origin = &table.provenance;
        line(printable(&format!(
            "{} ({}, {}, {}, {})",
            origin.name, origin.device, origin.engine, origin.dtype, origin.date
        )))?;
        line(
            "batch  held out       layers                     rows    median    9 of 10    ratio  covered",
        )?;
    }
    let batches = args.batch.map_or_else(|| table.batches(), |batch| vec![batch]);
    for &batch in &batches {
        for (fold, name) in [(Fold::Layer, "a layer"), (Fold::Widths, "a pair of widths")] {
            let checked = cross_validate(&table, batch, fold).map_err(Failure::usage)?;
            for told in lines(&checked, fold, name) {
                print(args, &told, ErrorsLine::text)?;
            }
        }
    }
    if !args.json {
        line("ratio: predicted over measured. covered: within the interval of nine in ten.")?;
    }
    for &batch in &batches {
        published(args, &table, batch)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print<T: Serialize>(
    args: &CheckArgs,
    told: &T,
    text: impl Fn(&T) -> String,
) -> Result<(), Failure> {
    if args.json { json_line(told) } else { line(text(told)) }
}

fn lines(checked: &Checked, fold: Fold, name: &'static str) -> Vec<ErrorsLine> {
    let mut lines = vec![ErrorsLine::new(checked.batch, name, None, &checked.all)];
    if fold == Fold::Layer {
        for ((operation, kernel, stride, sum), errors) in &checked.makes {
            let sum = if *sum { " + sum" } else { "" };
            let layers = format!("{} {kernel}×{kernel}/{stride}{sum}", operation.name());
            lines.push(ErrorsLine::new(checked.batch, name, Some(layers), errors));
        }
        if let Some(errors) = &checked.nets {
            lines.push(ErrorsLine::new(checked.batch, "a network", None, errors));
        }
    }
    lines
}

/// The paper's networks beside the table.
fn published(args: &CheckArgs, table: &Table, batch: u32) -> Result<(), Failure> {
    let mut nets = published_nets().filter_map(|net| Some((net.v100_ms?, net))).peekable();
    if !args.json && nets.peek().is_some() {
        line(format!(
            "\nThe paper's networks, ms an image (published: PyTorch, FP16, batch 64, on a V100), batch {batch} here:"
        ))?;
    }
    for (published_ms, net) in nets {
        let predictor =
            Predictor::new(table, Some(batch), net.resolution).map_err(Failure::usage)?;
        let spec =
            NetSpec { squeeze_excite: net.se, ..NetSpec::residual(net.resolution, net.classes) };
        let estimate = predictor.net(&net.structure, &spec);
        let told = NetLine {
            net: published_name(net.name),
            batch,
            predicted_ms: estimate.ms,
            low_ms: estimate.low_ms,
            high_ms: estimate.high_ms,
            published_ms,
            ratio: estimate.ms / published_ms,
        };
        print(args, &told, |told| {
            format!(
                "  {:<16} {:>8.4} ({:.4} to {:.4})   published {:>6.3}   ratio {:.2}",
                told.net,
                told.predicted_ms,
                told.low_ms,
                told.high_ms,
                told.published_ms,
                told.ratio
            )
        })?;
    }
    Ok(())
}
