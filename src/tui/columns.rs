//! The columns of a population: how they are called, how wide they are, by what they sort. Must not
//! know how they are drawn. Invariant: every column sorts.

use std::cmp::Ordering;

use crate::run::protocol::Member;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Rank,
    /// Among those that nobody beats is 1; only where more than the score counts.
    Front,
    Id,
    Score,
    Noise,
    Draws,
    LogDelta,
    LogSigma,
    Params,
    Flops,
    Layers,
    /// By the latency table of that number, from 0.
    Latency(usize),
    Age,
    Generation,
    Parent,
    From,
    Gain,
    Kernels,
    Widths,
}

impl Column {
    /// In the order in which they stand.
    pub const ALL: [Column; 21] = [
        Column::Rank,
        Column::Front,
        Column::Id,
        Column::Score,
        Column::Noise,
        Column::Draws,
        Column::LogDelta,
        Column::LogSigma,
        Column::Params,
        Column::Flops,
        Column::Layers,
        Column::Latency(0),
        Column::Latency(1),
        Column::Latency(2),
        Column::Age,
        Column::Generation,
        Column::Parent,
        Column::From,
        Column::Gain,
        Column::Kernels,
        Column::Widths,
    ];

    pub fn cells(self) -> u16 {
        match self {
            Column::Rank | Column::Generation | Column::Draws => 3,
            Column::Layers => 2,
            Column::Noise => 4,
            Column::LogDelta | Column::Age | Column::Front => 5,
            Column::LogSigma => 7,
            Column::Id
            | Column::Score
            | Column::Params
            | Column::Flops
            | Column::Latency(_)
            | Column::Parent
            | Column::Gain => 6,
            Column::Kernels | Column::Widths => 8,
            Column::From => 12,
        }
    }

    pub fn head(self) -> &'static str {
        match self {
            Column::Rank => "#",
            Column::Front => "front",
            Column::Id => "id",
            Column::Score => "score",
            Column::Noise => "±",
            Column::Draws => "×",
            Column::LogDelta => "log Δ",
            Column::LogSigma => "Σ log σ",
            Column::Params => "params",
            Column::Flops => "FLOPs",
            Column::Layers => "L",
            Column::Latency(0) => "ms",
            Column::Latency(1) => "ms 2",
            Column::Latency(_) => "ms 3",
            Column::Age => "age",
            Column::Generation => "gen",
            Column::Parent => "parent",
            Column::From => "from",
            Column::Gain => "gain",
            Column::Kernels => "kernels",
            Column::Widths => "widths",
        }
    }

    /// In prose.
    pub fn name(self) -> &'static str {
        match self {
            Column::Rank => "rank",
            Column::Noise => "noise",
            Column::Draws => "draws",
            Column::Layers => "depth",
            Column::Latency(0) => "latency",
            Column::Latency(1) => "latency 2",
            Column::Latency(_) => "latency 3",
            Column::Generation => "generation",
            Column::From => "mutation",
            Column::Id
            | Column::Front
            | Column::Score
            | Column::LogDelta
            | Column::LogSigma
            | Column::Params
            | Column::Flops
            | Column::Age
            | Column::Parent
            | Column::Gain
            | Column::Kernels
            | Column::Widths => self.head(),
        }
    }

    pub fn is_text(self) -> bool {
        matches!(
            self,
            Column::Noise | Column::Draws | Column::From | Column::Kernels | Column::Widths
        )
    }

    /// Cells between this column and the one before it.
    pub fn gap(self) -> u16 {
        if matches!(self, Column::Noise | Column::Draws) { 1 } else { 2 }
    }

    /// How two members follow each other: what one wants to see first comes first.
    pub fn order(self, (a, b): (&Member, &Member)) -> Ordering {
        let rising = |value: fn(&Member) -> f64| value(a).total_cmp(&value(b));
        let falling = |value: fn(&Member) -> f64| value(b).total_cmp(&value(a));
        // What isn't known comes last.
        let least = f64::NEG_INFINITY;
        match self {
            // Whose front it is, their search knows, which stands in that order.
            Column::Front => Ordering::Equal,
            Column::Rank | Column::Score => falling(|m| m.score.value),
            Column::Id => a.id.cmp(&b.id),
            Column::Age => b.id.cmp(&a.id),
            Column::Noise => rising(|m| m.score.std.unwrap_or(f64::INFINITY)),
            Column::Draws => b.score.repeats.cmp(&a.score.repeats),
            Column::LogDelta => falling(|m| m.score.log_delta.unwrap_or(f64::NEG_INFINITY)),
            Column::LogSigma => falling(|m| m.score.bn_sum.unwrap_or(f64::NEG_INFINITY)),
            Column::Params => a.costs.params.cmp(&b.costs.params),
            Column::Flops => a.costs.flops.cmp(&b.costs.flops),
            Column::Layers => a.costs.layers.cmp(&b.costs.layers),
            Column::Latency(table) => {
                let ms = |m: &Member| m.costs.latency_ms.get(table).unwrap_or(f64::INFINITY);
                ms(a).total_cmp(&ms(b))
            }
            Column::Generation => b.generation.cmp(&a.generation),
            Column::Parent => a.parent.cmp(&b.parent),
            Column::Gain => b.gain.unwrap_or(least).total_cmp(&a.gain.unwrap_or(least)),
            Column::From => changed_block(a).cmp(&changed_block(b)),
            Column::Kernels => kernels(a).cmp(kernels(b)),
            Column::Widths => widths(a).cmp(widths(b)),
        }
    }
}

/// The first block that was changed; of copies and the initial structure the last.
fn changed_block(member: &Member) -> usize {
    member.mutations.first().map_or(usize::MAX, |mutation| mutation.block)
}

fn kernels(member: &Member) -> impl Iterator<Item = u32> + '_ {
    member.structure.blocks().iter().map(|block| block.kind.kernel().side())
}

fn widths(member: &Member) -> impl Iterator<Item = u32> + '_ {
    member.structure.blocks().iter().map(|block| block.out_channels)
}
