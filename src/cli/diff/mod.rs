//! `zendo diff`: two networks block by block.

mod table;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{
    Failure,
    blocks::{BlockRow, Blocks, view},
    net::{CountArgs, FixArg, Net, resolve_one},
    output::json_line,
    score::{ALPHA, BATCH, definition, draws},
};
use crate::{
    anatomy::{Anatomy, ComparedRow, Comparison, Delta},
    arch::{Change, Counting, Structure},
    nn::{self, DeviceChoice, KernelChoice},
    proxy::{self, Proxy, Zen},
    score::{Definition, MeanStd, half_width_95, standard_error},
};

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A structure, a file with one, or the name of a shipped net
    #[arg(value_name = "A")]
    a: String,
    /// The same
    #[arg(value_name = "B")]
    b: String,
    #[command(flatten)]
    fix: FixArg,
    #[command(flatten)]
    count: CountArgs,
    /// Which Zen-Score
    #[arg(long, value_parser = definition, default_value = "table", value_name = "paper|table|reference")]
    definition: Definition,
    /// Images in a batch
    #[arg(long, default_value_t = BATCH, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Measure both as well, with so many draws each
    #[arg(long, value_name = "DRAWS", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    repeats: Option<u32>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// A network and its parts.
struct Side {
    net: Net,
    anatomy: Anatomy,
}

/// Both scores measured, draw by draw with common seeds, so that what their noise has in common
/// cancels in the difference.
#[derive(Serialize)]
struct Measured {
    repeats: u32,
    a: Mean,
    b: Mean,
    /// Mean of B − A.
    difference: f64,
    /// Of its 95 % confidence interval, by Student's t.
    half_width: f64,
    inside_noise: bool,
}

#[derive(Serialize)]
struct Mean {
    mean: f64,
    standard_error: f64,
}

pub(super) fn run(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let (a, b) = (resolve_one(&args.a, &args.fix)?, resolve_one(&args.b, &args.fix)?);
    // Both under one view, or the numbers could not be compared.
    let view = view(args.count.spec(&a), args.count.counting, args.definition, args.batch);
    let side = |net: Net| Side { anatomy: Anatomy::of(&net.structure, &view), net };
    let (a, b) = (side(a), side(b));
    let compared = Comparison::between(&a.anatomy, &b.anatomy);
    let measured = args.repeats.map(|repeats| measure([&a, &b], repeats)).transpose()?;
    if args.json {
        json_line(&to_json(&a, &b, &compared, measured))?;
    } else {
        table::print(&a, &b, &compared, measured.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(sides: [&Side; 2], repeats: u32) -> Result<Measured, Failure> {
    let (device, note) =
        nn::open(DeviceChoice::Auto, KernelChoice::Auto).map_err(Failure::usage)?;
    if let Some(note) = note {
        eprintln!("{note}");
    }
    let view = &sides[0].anatomy.view;
    let analytic = view.analytic;
    let settings = proxy::Settings {
        definition: analytic.definition,
        batch: analytic.batch,
        resolution: analytic.resolution,
        alpha: ALPHA,
        classes: view.net.classes,
    };
    let mut zen = proxy::build(Zen::NAME, &settings, &device).map_err(Failure::usage)?;
    let mut scores = |structure: &Structure| values(structure, zen.as_mut(), repeats);
    let (a, b) = (scores(&sides[0].net.structure)?, scores(&sides[1].net.structure)?);
    let gaps: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let MeanStd { mean: difference, std } = MeanStd::of(&gaps);
    let half_width = half_width_95(std.expect("two draws or more"), repeats);
    let mean = |values: &[f64]| {
        let MeanStd { mean, std } = MeanStd::of(values);
        let standard_error = standard_error(std.expect("two draws or more"), repeats);
        Mean { mean, standard_error }
    };
    Ok(Measured {
        repeats,
        a: mean(&a),
        b: mean(&b),
        difference,
        half_width,
        inside_noise: difference.abs() <= half_width,
    })
}

fn values(structure: &Structure, zen: &mut dyn Proxy, repeats: u32) -> Result<Vec<f64>, Failure> {
    let draws = draws(structure, zen, 0, repeats).map_err(Failure::failed)?;
    Ok(draws.iter().map(|draw| draw.score).collect())
}

/// What `--json` prints. Scores are analytic and null where they are no numbers; differences are
/// B − A; rows and tail add up to `delta`.
#[derive(Serialize)]
struct Compared {
    a: NetRow,
    b: NetRow,
    rows: Vec<Row>,
    /// log Δ, pool and classifier.
    tail: DeltaRow,
    delta: Total,
    definition: Definition,
    batch: u32,
    resolution: u32,
    classes: u32,
    counting: Counting,
    /// With `--repeats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Measured>,
}

#[derive(Serialize)]
struct NetRow {
    name: Option<String>,
    structure: String,
    score: f64,
    params: u64,
    flops: u64,
    layers: u32,
}

/// A row of the alignment: `a` and `b` are a block, an array of the blocks of a split or a merge, or
/// null where a side has none.
#[derive(Serialize)]
struct Row {
    change: Change,
    a: Cell,
    b: Cell,
    #[serde(flatten)]
    delta: DeltaRow,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Cell {
    None,
    One(Box<BlockRow>),
    Many(Vec<BlockRow>),
}

#[derive(Serialize)]
struct DeltaRow {
    score_delta: f64,
    params_delta: i64,
    flops_delta: i64,
}

impl DeltaRow {
    fn of(delta: &Delta) -> DeltaRow {
        let Delta { score, params, flops } = *delta;
        DeltaRow { score_delta: score, params_delta: params, flops_delta: flops.round() as i64 }
    }
}

#[derive(Serialize)]
struct Total {
    score: f64,
    params: i64,
    flops: i64,
    layers: i64,
}

fn to_json(a: &Side, b: &Side, compared: &Comparison, measured: Option<Measured>) -> Compared {
    let net = |side: &Side| {
        let costs = side.anatomy.costs();
        NetRow {
            name: side.net.name.clone(),
            structure: side.net.structure.to_string(),
            score: side.anatomy.score(),
            params: costs.params,
            flops: costs.flops,
            layers: costs.layers,
        }
    };
    let blocks = |side: &Side| Blocks::of(&side.anatomy).blocks.into_iter();
    let (mut in_a, mut in_b) = (blocks(a), blocks(b));
    let row = |row: &ComparedRow| Row {
        change: row.row.change(),
        a: cell(&mut in_a, row.a.len()),
        b: cell(&mut in_b, row.b.len()),
        delta: DeltaRow::of(&row.delta),
    };
    let rows = compared.rows.iter().map(row).collect();
    let view = a.anatomy.view;
    let (a, b) = (net(a), net(b));
    let Delta { score, params, flops } = compared.total;
    let layers = i64::from(b.layers) - i64::from(a.layers);
    Compared {
        a,
        b,
        rows,
        tail: DeltaRow::of(&compared.tail),
        delta: Total { score, params, flops: flops.round() as i64, layers },
        definition: view.analytic.definition,
        batch: view.analytic.batch,
        resolution: view.net.resolution,
        classes: view.net.classes,
        counting: view.counting,
        measured,
    }
}

/// The next `count` blocks of a side.
fn cell(blocks: &mut impl Iterator<Item = BlockRow>, count: usize) -> Cell {
    let mut taken: Vec<BlockRow> = blocks.take(count).collect();
    match taken.pop() {
        None => Cell::None,
        Some(one) if taken.is_empty() => Cell::One(Box::new(one)),
        Some(last) => {
            taken.push(last);
            Cell::Many(taken)
        }
    }
}
