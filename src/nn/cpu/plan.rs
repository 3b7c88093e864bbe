//! The plan of a network: its steps, and what buffers they need.
//!
//! Must not know: pointers. Invariant: made before anything is allocated, with sums that saturate,
//! so that a monstrous structure is refused before it does harm.

use super::{
    draw::drawn_len,
    fused,
    geometry::{Blocks, Geometry, depthwise_staged},
};
use crate::nn::network::{PASSES, PlainNetwork};

/// One or two convs that run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// The conv of this layer.
    Conv(usize),
    /// This 1 × 1 conv and the next.
    Pair(usize),
}

impl Step {
    pub(super) fn layers(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Step::Conv(layer) => layer..=layer,
            Step::Pair(layer) => layer..=layer + 1,
        }
    }

    pub(super) fn last(self) -> usize {
        *self.layers().end()
    }
}

/// A network for one vector width.
pub(super) struct Plan {
    pub layers: Vec<Geometry>,
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
        let layers = network.convs().map(|(conv, at)| Geometry::new(conv, at)).collect();
        let blocks = network.convs().map(|(_, at)| at.block).collect();
        let images = network.input.batch as usize;
        let sizes = Sizes::default();
        let mut plan = Plan { layers, images, sizes, lanes, blocks, bordered };
        plan.sizes = plan.sizes();
        plan
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let mut layer = 0;
        std::iter::from_fn(move || {
            let step = match self.layers.get(layer..layer + 2) {
                _ if layer == self.layers.len() => return None,
                Some([a, b]) if self.may_pair(layer) && fused::pays(a, b, self.images) => {
                    Step::Pair(layer)
                }
                _ => Step::Conv(layer),
            };
            layer = step.last() + 1;
            Some(step)
        })
    }

    /// The input has no norm to stage by, and a border is no place inside of a pair.
    fn may_pair(&self, layer: usize) -> bool {
        layer > 0 && !(self.bordered && self.blocks[layer] != self.blocks[layer + 1])
    }

    /// Whether a block ends with `step`.
    pub(super) fn is_border(&self, step: Step) -> bool {
        let last = step.last();
        self.blocks.get(last + 1).is_none_or(|next| *next != self.blocks[last])
    }

    /// Values of one pass of the maps in front of `first` and behind `last`.
    pub(super) fn map_lens(&self, first: &Geometry, last: &Geometry) -> (usize, usize) {
        let padded = |channels: usize| channels.next_multiple_of(self.lanes);
        (
            self.images * first.in_pixels() * padded(first.in_channels),
            self.images * last.out_pixels() * padded(last.out_channels),
        )
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
        for (number, step) in self.steps().enumerate() {
            let (first, last) = (&self.layers[*step.layers().start()], &self.layers[step.last()]);
            let [from, to] = [number % 2, (number + 1) % 2];
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
        Plan::new(&network, 16, bordered).steps().collect()
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
