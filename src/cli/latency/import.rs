//! `zendo latency import`: measurements from elsewhere become a table.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use flate2::read::MultiGzDecoder;

use super::file::{made_now, table_file};
use crate::{
    cli::{Failure, output::line},
    latency::{Imported, NetRow, Provenance, Table, csv, v100_library},
    run::{Existing, write_text},
    space::{PublishedNet, published_nets},
    text::{grouped, printable},
};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What was measured; gzip is unpacked
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is written: the published V100 library, or CSV with the columns operation, batch, in_channels,
    /// side, out_channels, kernel, stride, sum, ms and perhaps spread
    #[arg(long, value_enum)]
    format: Format,
    /// The table's name among yours, or a path that ends in .jsonl
    #[arg(long, value_name = "TABLE")]
    out: String,
    /// The device that it was measured on
    #[arg(long)]
    device: Option<String>,
    /// The version of its driver
    #[arg(long)]
    driver: Option<String>,
    /// What ran the layers
    #[arg(long)]
    engine: Option<String>,
    /// The type of the numbers
    #[arg(long, value_name = "f32|f16")]
    dtype: Option<String>,
    /// Fit to the latencies that the paper publishes of its ZenNets on a V100 (FP16, batch 64), so that budgets
    /// mean what they mean there
    #[arg(long)]
    with_zennets: bool,
    /// Write over a table that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a conv: {Regular|Depthwise,batch,in,height,width,out,kernel,stride,sum} ms
    V100,
    Csv,
}

/// Bytes that are unpacked at most.
const MOST_BYTES: u64 = 256 << 20;

pub(super) fn run(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let text = unpacked(&args.file).map_err(Failure::usage)?;
    let imported = match args.format {
        Format::V100 => v100_library(&text),
        Format::Csv => csv(&text),
    };
    let shown = printable(&args.file.display().to_string());
    let Imported { rows, failed } =
        imported.map_err(|error| Failure::usage(anyhow!("{shown}:{error}")))?;
    if rows.is_empty() {
        return Err(Failure::usage(anyhow!("{shown}: nothing was measured")));
    }
    let path = table_file(&args.out)?;
    let mut table = Table::new(provenance(args, &path)?);
    table.rows = rows;
    if args.with_zennets {
        table.nets = zennets();
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::failed)?;
    }
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let to = printable(&path.display().to_string());
    write_text(&path, &table.text(), existing).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(anyhow!("{to} is there already; --force writes over it"))
        }
        _ => Failure::failed(anyhow!("{to}: {error}")),
    })?;
    let batches: Vec<String> = table.batches().iter().map(u32::to_string).collect();
    line(format!(
        "{} layers of batches {}, {} that could not be measured left out, {} whole networks: {to}",
        grouped(table.rows.len() as u64),
        batches.join(", "),
        grouped(failed as u64),
        table.nets.len()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn unpacked(path: &Path) -> anyhow::Result<String> {
    let shown = printable(&path.display().to_string());
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        let mut text = String::new();
        match bytes.starts_with(&[0x1f, 0x8b]) {
            true => MultiGzDecoder::new(bytes.as_slice())
                .take(MOST_BYTES + 1)
                .read_to_string(&mut text)?,
            false => bytes.as_slice().read_to_string(&mut text)?,
        };
        Ok(text)
    };
    let text = read().map_err(|error| anyhow!("{shown}: {error}"))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(anyhow!("{shown}: longer than {} MiB", MOST_BYTES >> 20));
    }
    Ok(text)
}

fn provenance(args: &ImportArgs, path: &Path) -> Result<Provenance, Failure> {
    let is_library = args.format == Format::V100;
    let told = |value: &Option<String>, known: &str, flag: &str| match (value, is_library) {
        (Some(value), _) => Ok(value.clone()),
        (None, true) => Ok(known.to_owned()),
        (None, false) => {
            let what = format!("a table says what it was measured on: --{flag} is missing");
            Err(Failure::usage(anyhow!(what)))
        }
    };
    let made = made_now(path);
    Ok(Provenance {
        device: told(&args.device, "NVIDIA V100", "device")?,
        driver: args.driver.clone(),
        engine: told(&args.engine, "TensorRT", "engine")?,
        dtype: told(&args.dtype, "f16", "dtype")?,
        date: format!("imported {}", made.date),
        source: is_library
            .then(|| "alibaba/lightweight-neural-architecture-search (Apache-2.0)".to_owned()),
        ..made
    })
}

/// The images that the paper times at once.
const ZENNET_BATCH: u32 = 64;

fn zennets() -> Vec<NetRow> {
    // A row of a table has no squeeze-and-excitation.
    let row = |net: PublishedNet| {
        Some(NetRow {
            ms: net.v100_ms.filter(|_| !net.se)? * f64::from(ZENNET_BATCH),
            net: net.structure,
            resolution: net.resolution,
            classes: net.classes,
            batch: ZENNET_BATCH,
            spread: None,
        })
    };
    published_nets().filter_map(row).collect()
}
