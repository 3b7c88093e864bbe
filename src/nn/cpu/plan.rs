//! The plan of a network: its steps, and what buffers they need.
//!
//! Must not know: pointers. Invariant: made before anything is allocated, with sums that saturate,
//! so that a monstrous structure is refused before it does harm.

use std::ops::Range;

use super::{
    draw::drawn_len,
    fused,
    geometry::{Blocks, Geometry, depthwise_staged},
    pool::PoolGeometry,
};
use crate::nn::network::{Activation, PASSES, PlainNetwork};

/// One or two convs that run together, or a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// The conv of this layer.
    Conv(usize),
    /// This 1 × 1 conv and the next.
    Pair(usize),
    /// The pool behind the conv of this layer.
    Pool(usize, PoolGeometry),
}

impl Step {
    /// Whose convs run.
    pub(super) fn layers(self) -> Range<usize> {
        match self {
            Step::Conv(layer) => layer..layer + 1,
            Step::Pair(layer) => layer..layer + 2,
            Step::Pool(layer, _) => layer + 1..layer + 1,
        }
    }

    /// The layer that is complete behind it, but for a pool.
    pub(super) fn last(self) -> usize {
        self.layers().end - 1
    }
}

/// A network for one vector width.
pub(super) struct Plan {
    pub layers: Vec<Geometry>,
    /// Behind each of them.
    pools: Vec<Option<PoolGeometry>>,
    /// In a pass.
    pub images: usize,
    pub sizes: Sizes,
    lanes: usize,
    /// Of each layer, the block it belongs to.
    blocks: Vec<usize>,
    /// Whether every block starts with a step of its own, so that prefixes can be kept.
    bordered: bool,
}

/// What buffers need at their fullest; values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    maps: [u64; 2],
    weights: [u64; 2],
    staged: u64,
    drawn: u64,
}

impl Plan {
    /// `lanes` values to a vector; `bordered` if maps between blocks must exist.
    pub(super) fn new(network: &PlainNetwork, lanes: usize, bordered: bool) -> Plan {
        let (mut layers, mut pools) = (Vec::new(), Vec::new());
        for ((conv, at), behind) in network.convs().zip(network.behind()) {
            layers.push(Geometry::new(conv, at, behind.activation));
            pools.push(behind.pool.map(|pool| PoolGeometry::new(&pool, at)));
        }
        let blocks = network.convs().map(|(_, at)| at.block).collect();
        let images = network.input.batch as usize;
        let sizes = Sizes::default();
        let mut plan = Plan { layers, pools, images, sizes, lanes, blocks, bordered };
        plan.sizes = plan.sizes();
        plan
    }

    /// Every conv once, in order, and the pools behind them.
    pub(super) fn steps(&self) -> Vec<Step> {
        let (mut steps, mut layer) = (Vec::new(), 0);
        while layer < self.layers.len() {
            let step = match self.layers.get(layer..layer + 2) {
                Some([a, b]) if self.may_pair(layer) && fused::pays(a, b, self.images) => {
                    Step::Pair(layer)
                }
                Some(_) | None => Step::Conv(layer),
            };
            steps.push(step);
            steps.extend(self.pools[step.last()].map(|pool| Step::Pool(step.last(), pool)));
            layer = step.last() + 1;
        }
        steps
    }

    /// The input has no norm to stage by, and neither a pool nor a border has a place inside of a pair,
    /// which has a ReLU there.
    fn may_pair(&self, layer: usize) -> bool {
        layer > 0
            && self.pools[layer].is_none()
            && self.layers[layer].activation == Activation::Relu
            && !(self.bordered && self.blocks[layer] != self.blocks[layer + 1])
    }

    /// Whether a block ends with `step`, and no pool goes with it.
    pub(super) fn is_border(&self, step: Step) -> bool {
        let last = step.last();
        let waits = self.pools[last].is_some() && !matches!(step, Step::Pool(..));
        !waits && self.blocks.get(last + 1).is_none_or(|next| *next != self.blocks[last])
    }

    /// Values of one pass of the maps in front of `first` and behind `last`.
    pub(super) fn map_lens(&self, first: &Geometry, last: &Geometry) -> (usize, usize) {
        let padded = |channels: usize| channels.next_multiple_of(self.lanes);
        (
            self.images * first.in_pixels() * padded(first.in_channels),
            self.images * last.out_pixels() * padded(last.out_channels),
        )
    }

    /// Values of one pass of the map behind `step`.
    pub(super) fn len_behind(&self, step: Step) -> usize {
        let last = &self.layers[step.last()];
        match step {
            Step::Conv(_) | Step::Pair(_) => self.map_lens(last, last).1,
            Step::Pool(_, pool) => self.pooled_len(last, pool),
        }
    }

    /// Values of one pass of the map that `pool` makes of the one behind `last`.
    pub(super) fn pooled_len(&self, last: &Geometry, pool: PoolGeometry) -> usize {
        self.images * pool.to * pool.to * last.out_channels.next_multiple_of(self.lanes)
    }

    fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        let padded = |channels: usize| channels.next_multiple_of(self.lanes);
        let map = |pixels: usize, channels: usize| {
            let image = (pixels * padded(channels)) as u64;
            image.saturating_mul(self.images as u64).saturating_mul(PASSES as u64)
        };
        let grow = |size: &mut u64, to: usize| *size = (*size).max(to as u64);
        grow(&mut sizes.drawn, drawn_len(self.layers[0].in_channels));
        for (number, step) in self.steps().into_iter().enumerate() {
            let [from, to] = [number % 2, (number + 1) % 2];
            let last = &self.layers[step.last()];
            if let Step::Pool(_, pool) = step {
                // What it takes was counted with the step before.
                sizes.maps[to] = sizes.maps[to].max(map(pool.to * pool.to, last.out_channels));
                continue;
            }
            let first = &self.layers[step.layers().start];
            let in_map = map(first.in_pixels(), first.in_channels);
            sizes.maps[from] = sizes.maps[from].max(in_map);
            sizes.maps[to] = sizes.maps[to].max(map(last.out_pixels(), last.out_channels));
            for (layer, weights) in step.layers().zip(&mut sizes.weights) {
                let g = &self.layers[layer];
                grow(weights, g.weight_rows() * padded(g.out_channels));
                grow(&mut sizes.drawn, drawn_len(g.out_channels));
            }
            let staged = match step {
                Step::Pair(_) => fused::staged_len(first, self.lanes),
                Step::Pool(..) => 0,
                Step::Conv(_) if first.depthwise => depthwise_staged(first, self.lanes),
                Step::Conv(_) => {
                    Blocks::of(first, self.lanes, self.images).staged(first, self.lanes)
                }
            };
            grow(&mut sizes.staged, staged);
        }
        sizes
    }
}

impl Sizes {
    /// Of the buffers, as the arena lists them.
    pub(super) fn lens(&self) -> [usize; 6] {
        let Sizes { maps: [a, b], weights: [c, d], staged, drawn } = *self;
        [a, b, c, d, staged, drawn].map(|len| len as usize)
    }

    /// Of all buffers together.
    pub(super) fn bytes(&self) -> u64 {
        let Sizes { maps: [a, b], weights: [c, d], staged, drawn } = *self;
        let values = [a, b, c, d, staged, drawn].into_iter().fold(0, u64::saturating_add);
        values.saturating_mul(size_of::<f32>() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{InputSpec, Precision};

    fn steps(structure: &str, bordered: bool) -> Vec<Step> {
        let input = InputSpec { batch: 8, resolution: 32, precision: Precision::F32 };
        let network = PlainNetwork::new(&structure.parse().expect("valid"), input);
        Plan::new(&network, 16, bordered).steps()
    }

    #[test]
    fn pairs_may_not_cross_the_borders_of_blocks_that_are_kept() {
        let structure = "SuperConvK3BNRELU(3,16,1,1)SuperResK1K3K1(16,64,1,16,1)\
                         SuperResK1K3K1(64,64,1,16,1)SuperConvK1BNRELU(64,32,1,1)";
        // conv | 1×1 3×3 1×1 1×1 3×3 1×1 | 1×1 3×3 1×1 1×1 3×3 1×1 | 1×1
        let pairs = |bordered| {
            let is_pair = |step: &Step| matches!(step, Step::Pair(_));
            steps(structure, bordered).into_iter().filter(is_pair).collect::<Vec<_>>()
        };
        assert_eq!(pairs(false), [3, 6, 9, 12].map(Step::Pair));
        assert_eq!(pairs(true), [3, 9].map(Step::Pair));
        for bordered in [false, true] {
            let layers: Vec<_> =
                steps(structure, bordered).into_iter().flat_map(Step::layers).collect();
            assert_eq!(layers, (0..14).collect::<Vec<_>>(), "every conv once, in order");
        }
    }
}
