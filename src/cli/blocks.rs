//! Blocks of a network as `inspect` and `diff` tell them: JSON, and a table.

use serde::Serialize;

use super::{
    Failure,
    output::{compact, line, score},
    score::{ALPHA, BATCH},
};
use crate::{
    anatomy::{Anatomy, BlockPart, Form, Part, Settings, Shares, View},
    arch::{Block, Counting, NetSpec},
    proxy::{self, AnalyticZen},
    score::Definition,
};

/// Keys of a block in JSON.
#[derive(Serialize)]
pub(super) struct BlockRow {
    /// Counted from 1.
    block: usize,
    /// As structure strings name it.
    kind: String,
    in_channels: u32,
    out_channels: u32,
    stride: u32,
    /// 0 for plain convs.
    bottleneck: u32,
    sub_layers: u32,
    /// Sides of the maps it takes and gives, pixels.
    in_map: u32,
    map: u32,
    /// Side of the receptive field behind it, pixels of the input.
    field: u64,
    convs: u32,
    /// Elements of its largest layer output, one sample.
    activation: u64,
    #[serde(flatten)]
    part: PartRow,
}

/// What a part adds, and which fractions of the network that is.
#[derive(Serialize)]
pub(super) struct PartRow {
    /// Its part of the analytic score; null where that is no number.
    score: f64,
    params: u64,
    flops: u64,
    score_share: f64,
    params_share: f64,
    flops_share: f64,
}

impl PartRow {
    fn of(part: &Part, whole: &Part) -> PartRow {
        let Shares { score, params, flops } = part.shares(whole);
        let costs = part.costs.total();
        PartRow {
            score: part.score,
            params: costs.params,
            flops: costs.flops,
            score_share: score,
            params_share: params,
            flops_share: flops,
        }
    }
}

impl BlockRow {
    fn of((index, part): (usize, &BlockPart), whole: &Part) -> BlockRow {
        let Block { kind, in_channels, out_channels, stride, bottleneck, sub_layers } = part.block;
        BlockRow {
            block: index + 1,
            kind: kind.to_string(),
            in_channels,
            out_channels,
            stride,
            bottleneck,
            sub_layers,
            in_map: part.input.real,
            map: part.output.real,
            field: part.last_field(),
            convs: part.convs,
            activation: part.part.costs.activation(),
            part: PartRow::of(&part.part, whole),
        }
    }
}

/// A network block by block; keys of JSON.
#[derive(Serialize)]
pub(super) struct Blocks {
    /// The analytic score of which the blocks have their parts, with what it foretells.
    score: f64,
    definition: Definition,
    batch: u32,
    pub blocks: Vec<BlockRow>,
    /// log Δ, pool and classifier.
    pub tail: PartRow,
}

impl Blocks {
    pub fn of(anatomy: &Anatomy) -> Blocks {
        let whole = anatomy.whole();
        let Settings { definition, batch, .. } = anatomy.view.analytic;
        Blocks {
            score: whole.score,
            definition,
            batch,
            blocks: anatomy
                .blocks
                .iter()
                .enumerate()
                .map(|block| BlockRow::of(block, &whole))
                .collect(),
            tail: PartRow::of(&anatomy.tail, &whole),
        }
    }
}

/// The analytic score of `definition` with `batch` images, beside the costs of `net`.
pub(super) fn view(net: NetSpec, counting: Counting, definition: Definition, batch: u32) -> View {
    let NetSpec { resolution, classes, .. } = net;
    let measured = proxy::Settings { definition, batch, resolution, alpha: ALPHA, classes };
    View { net, counting, analytic: AnalyticZen::model_settings(Form::Theory, measured) }
}

/// Like [`view`], where nothing was told of the score.
pub(super) fn usual_view(net: NetSpec, counting: Counting) -> View {
    view(net, counting, Definition::Table, BATCH)
}

/// What a block is, in 33 cells.
pub(super) fn cells(index: usize, block: &Block) -> String {
    let Block { kind, in_channels, out_channels, bottleneck, sub_layers, .. } = block;
    let channels = format!("{in_channels}→{out_channels}");
    let bottleneck = if kind.is_residual() { bottleneck.to_string() } else { "–".to_owned() };
    let kind = kind.short_name();
    format!("{:>3} {kind:<7} {channels:>11} {bottleneck:>5} {sub_layers:>3}", index + 1)
}

/// The heads of [`cells`].
pub(super) const HEADS: &str = "  # block        in→out   btl   ×";

pub(super) fn print(anatomy: &Anatomy) -> Result<(), Failure> {
    let whole = anatomy.whole();
    line(format!(
        "  {HEADS} {:>5} {:>7} {:>8} {:>8} {:>9}  {:>6} {:>8} {:>7}",
        "map", "field", "act", "params", "FLOPs", "score%", "params%", "FLOPs%"
    ))?;
    let parts = |part: &Part| {
        let costs = part.costs.total();
        let Shares { score, params, flops } = part.shares(&whole);
        let [score, params, flops] =
            [score, params, flops].map(|share| format!("{:.1}", 100.0 * share).replace('-', "−"));
        format!(
            "{:>8} {:>9}  {score:>6} {params:>8} {flops:>7}",
            compact(costs.params),
            compact(costs.flops)
        )
    };
    for (index, block) in anatomy.blocks.iter().enumerate() {
        let cells = cells(index, &block.block);
        let map = format!("{}²", block.output.real);
        let activation = compact(block.part.costs.activation());
        let (field, parts) = (block.last_field(), parts(&block.part));
        line(format!("  {cells} {map:>5} {field:>7} {activation:>8} {parts}"))?;
    }
    line(format!("      {:<52} {}", "log Δ, classifier", parts(&anatomy.tail)))?;
    let Settings { definition, batch, .. } = anatomy.view.analytic;
    line(format!(
        "  score: {definition} {} in closed form, batch {batch}, of the plain net",
        score(whole.score)
    ))
}
