//! A network taken apart: what each block adds to score and costs, and what its maps see.
//!
//! Owns: the parts of a network with their shares, the layers of a sub-layer, two networks part by
//! part. Must not know: how a score is measured, how a part is drawn. Invariant: parts add up to
//! [`costs`](crate::arch::costs) to the last digit, and to the analytic score.

mod comparison;
mod layers;

pub use crate::analytic::{Form, Settings};
pub use comparison::{ComparedRow, Comparison, Delta};
pub use layers::{LayerPart, Operation};

use crate::{
    analytic::{BlockScore, Model},
    arch::{
        Block, CostCounter, Costs, Counting, Kernel, Layer, MapSide, NetSpec, PartCosts, Structure,
        walk_sub_layer,
    },
};

/// Under which assumptions a network is taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The network whose costs count.
    pub net: NetSpec,
    pub counting: Counting,
    /// The analytic score, which is always of the plain net. Its resolution, 1 to
    /// [`limits::RESOLUTION`](crate::arch::limits::RESOLUTION), is commonly that of `net`.
    pub analytic: Settings,
}

impl View {
    fn counter(&self) -> CostCounter {
        CostCounter { spec: self.net, counting: self.counting }
    }
}

/// What a part adds to a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Σ log σ̄ over the norms of a block, log Δ of the tail; the analytic score of the whole. By the
    /// reference's definition not finite for a norm over a single value, which has no variance.
    pub score: f64,
    pub costs: PartCosts,
}

impl Part {
    pub const NOTHING: Part = Part { score: 0.0, costs: PartCosts::NOTHING };

    pub fn add(&mut self, other: &Part) {
        self.score += other.score;
        self.costs.add(&other.costs);
    }

    fn sum<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Part {
        let mut sum = Part::NOTHING;
        parts.into_iter().for_each(|part| sum.add(part));
        sum
    }

    /// As fractions of `whole`; 0 of what is not positive there, or no number.
    pub fn shares(&self, whole: &Part) -> Shares {
        let share = |part: f64, whole: f64| {
            if whole > 0.0 && whole.is_finite() { part / whole } else { 0.0 }
        };
        Shares {
            score: share(self.score, whole.score),
            params: share(self.costs.params() as f64, whole.costs.params() as f64),
            flops: share(self.costs.flops(), whole.costs.flops()),
        }
    }
}

/// Fractions of a network; those of all parts add up to 1. That of the score is negative where a part
/// lowers it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub score: f64,
    pub params: f64,
    pub flops: f64,
}

/// What one value of a map sees of the input, along one side, borders neglected: k − 1 more of its
/// neighbours behind each k×k conv and pool.
#[derive(Clone, Copy, Debug)]
struct Field {
    /// Pixels.
    side: u64,
    /// Pixels from one value to the next. Both saturate: strides multiply.
    jump: u64,
}

impl Field {
    const PIXEL: Field = Field { side: 1, jump: 1 };

    fn behind(self, kernel: Kernel, stride: u32) -> Field {
        let more = u64::from(kernel.side() - 1).saturating_mul(self.jump);
        Field {
            side: self.side.saturating_add(more),
            jump: self.jump.saturating_mul(u64::from(stride)),
        }
    }
}

/// A block in its network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockPart {
    pub block: Block,
    /// Sides of the maps that it takes and gives.
    pub input: MapSide,
    pub output: MapSide,
    pub part: Part,
    /// Convs of the main path, over all sub-layers.
    pub convs: u32,
    /// Elements of all their outputs, one sample.
    pub conv_outputs: u64,
    first_field: u64,
    field_step: u64,
    /// What the analytic score carries into the block.
    entering: BlockScore,
}

impl BlockPart {
    /// Side of the receptive field behind `sub_layer`, in pixels of the input, along the main path.
    pub fn field(&self, sub_layer: u32) -> u64 {
        self.field_step.saturating_mul(u64::from(sub_layer)).saturating_add(self.first_field)
    }

    /// Behind the whole block.
    pub fn last_field(&self) -> u64 {
        self.field(self.block.sub_layers - 1)
    }
}

/// Convs of one sub-layer.
struct Convs {
    count: u32,
    outputs: u64,
    field: Field,
}

fn convs(block: &Block, sub_layer: u32, map: MapSide, net: &NetSpec, field: Field) -> Convs {
    let mut convs = Convs { count: 0, outputs: 0, field };
    walk_sub_layer(block, sub_layer, map.real, net, &mut |at| {
        if let Layer::Conv(conv) = at.layer {
            convs.count += 1;
            convs.outputs += at.output.elements();
            convs.field = convs.field.behind(conv.kernel, conv.stride);
        }
        if let Layer::MaxPool(pool) = at.layer {
            convs.field = convs.field.behind(pool.kernel, pool.stride);
        }
    });
    convs
}

/// A network in parts: its blocks, and the tail behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    pub structure: Structure,
    pub view: View,
    pub blocks: Vec<BlockPart>,
    /// log Δ of the last map, and what pool and classifier cost.
    pub tail: Part,
}

impl Anatomy {
    /// Takes microseconds a block; layers are left to [`Anatomy::layers`].
    pub fn of(structure: &Structure, view: &View) -> Anatomy {
        let model = Model::new(view.analytic);
        let counter = view.counter();
        let mut map = counter.input();
        let mut entering = BlockScore {
            log_sigma: 0.0,
            state: model.input(),
            resolution: view.analytic.resolution,
        };
        let mut field = Field::PIXEL;
        let mut blocks = Vec::with_capacity(structure.blocks().len());
        for block in structure.blocks() {
            let (costs, output) = counter.block(block, map);
            let scored = model.block(block, entering.resolution, entering.state);
            let first = convs(block, 0, map, &view.net, field);
            // All others are alike.
            let other = convs(block, 1, output, &view.net, first.field);
            let others = block.sub_layers - 1;
            let part = BlockPart {
                block: *block,
                input: map,
                output,
                part: Part { score: scored.log_sigma, costs },
                convs: first.count + others * other.count,
                conv_outputs: first.outputs + u64::from(others) * other.outputs,
                first_field: first.field.side,
                field_step: other.field.side - first.field.side,
                entering,
            };
            field = Field { side: part.last_field(), jump: first.field.jump };
            (map, entering) = (output, scored);
            blocks.push(part);
        }
        let channels = structure.blocks().last().map_or(0, |block| block.out_channels);
        let tail = Part {
            score: model.log_delta(channels, &entering),
            costs: counter.head(channels, map),
        };
        Anatomy { structure: structure.clone(), view: *view, blocks, tail }
    }

    /// The sum of all parts.
    pub fn whole(&self) -> Part {
        Part::sum(self.blocks.iter().map(|block| &block.part).chain([&self.tail]))
    }

    /// The analytic score.
    pub fn score(&self) -> f64 {
        self.whole().score
    }

    /// As [`costs`](crate::arch::costs) counts them.
    pub fn costs(&self) -> Costs {
        self.whole().costs.total()
    }
}

#[cfg(test)]
mod tests;
