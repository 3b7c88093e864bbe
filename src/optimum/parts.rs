//! The layers of a block by the widths they see.

use super::{
    place::{Measures, NOTHING, plus},
    problem::{Choice, LIMITS, Limit, Maps, Problem},
};
use crate::arch::{Block, BlockKind, Layer, LayerAt, walk_sub_layer};

/// Asks for blocks of one stride on maps of one size.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub problem: &'a Problem,
    pub limits: &'a [Limit],
    pub stride: u32,
    pub maps: Maps,
}

impl Probe<'_> {
    pub(super) fn block(&self, kind: BlockKind, [a, b, c]: [u32; 3], sub_layers: u32) -> Block {
        let stride = self.stride;
        Block { kind, in_channels: a, out_channels: c, stride, bottleneck: b, sub_layers }
    }

    /// Whether maps of a block are small enough. They have its bottleneck's and its output's widths,
    /// or multiples of them.
    pub(super) fn fits_activation(&self, block: &Block) -> bool {
        let Some(most) = self.problem.activation_bytes else { return true };
        let (part, _) = self.problem.counter.block(block, self.maps.costs);
        part.total().activation_bytes <= most
    }

    /// Whether some block of these widths is within every limit for itself, as far as costs rise with the
    /// widths.
    fn fits(&self, choices: &[Choice], widths: [u32; 3]) -> bool {
        choices.iter().any(|choice| {
            let block = self.block(choice.kind, widths, 1);
            let (part, _) = self.problem.counter.block(&block, self.maps.costs);
            let counted = self.limits.iter().filter(|limit| limit.is_monotone());
            counted.into_iter().all(|limit| limit.of(&part) <= limit.bound())
                && self.fits_activation(&block)
        })
    }

    /// Whether some block may have the bottleneck `b`, if `a` is the narrowest input and `c` the
    /// narrowest output.
    pub(super) fn fits_inner(&self, choices: &[Choice], [a, b, c]: [u32; 3]) -> bool {
        self.fits(choices, [a, b, c]) || self.fits(choices, [a, b, b])
    }

    /// Whether some block may give `c` channels, if `a` is the narrowest input.
    pub(super) fn fits_out(&self, choices: &[Choice], [a, c]: [u32; 2]) -> bool {
        let least = choices.iter().filter_map(|choice| choice.inners.first()).min();
        least.is_some_and(|&b| self.fits(choices, [a, b, c])) || self.fits(choices, [a, c, c])
    }
}

/// Which widths of its block a layer sees, and which maps it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// What is taken, the bottleneck, what is given.
    widths: [bool; 3],
    /// As the reference tracks it.
    floored: u32,
    /// Side of the maps that are scored.
    side: u32,
    images: bool,
    /// Whether the maps of a shortcut are added to what it gives.
    sum: bool,
}

impl Seen {
    /// What is taken, and perhaps the bottleneck.
    pub(super) fn is_entry(&self) -> bool {
        matches!(self.widths, [true, _, false])
    }

    /// What is taken and what is given.
    pub(super) fn is_around(&self) -> bool {
        matches!(self.widths, [true, false, true])
    }

    /// Bottleneck and what is given.
    pub(super) fn is_exit(&self) -> bool {
        matches!(self.widths, [false, true, true])
    }

    /// The bottleneck, or no width at all.
    pub(super) fn is_inner(&self) -> bool {
        matches!(self.widths, [false, _, false])
    }

    /// What is given.
    pub(super) fn is_outer(&self) -> bool {
        matches!(self.widths, [false, false, true])
    }
}

/// The layers of a block of one kind, those of its first sub-layer and of a further one.
pub(super) struct Parts<'a> {
    probe: &'a Probe<'a>,
    kind: BlockKind,
    first: Vec<Seen>,
    further: Vec<Seen>,
}

type Of = fn(&Seen) -> bool;

impl<'a> Parts<'a> {
    /// # Panics
    /// Where a layer sees all three widths of its block: no layer of the grammar does.
    pub(super) fn new(probe: &'a Probe<'a>, kind: BlockKind) -> Parts<'a> {
        let images = probe.maps.images;
        let [first, further] = [0, 1].map(|index| {
            let maps = if index == 0 { probe.maps } else { probe.maps.behind(probe.stride) };
            let layers = |widths| {
                let block = probe.block(kind, widths, 2);
                let mut layers: Vec<LayerAt> = Vec::new();
                let spec = &probe.problem.counter.spec;
                walk_sub_layer(&block, index, maps.costs.real, spec, &mut |at| layers.push(at));
                layers
            };
            // Far apart, so that no two roles have the same width.
            let widths = [1_000, 3_000, 7_000];
            let plain = layers(widths);
            let moved: [Vec<LayerAt>; 3] = std::array::from_fn(|i| {
                let mut widths = widths;
                widths[i] += 80;
                layers(widths)
            });
            let (mut floored, mut side) = (maps.costs.floored, maps.score);
            let mut images = images && index == 0;
            let seen = |(i, at): (usize, &LayerAt)| {
                let widths = [0, 1, 2].map(|width| moved[width][i] != *at);
                assert!(widths != [true; 3], "a layer sees at most two widths of its block");
                let sum = is_summed(&plain[i..]);
                let seen = Seen { widths, floored, side, images, sum };
                if let Layer::Conv(conv) = at.layer {
                    floored = (floored / conv.stride).max(1);
                    side = side.div_ceil(conv.stride);
                    images = false;
                }
                seen
            };
            plain.iter().enumerate().map(seen).collect()
        });
        Parts { probe, kind, first, further }
    }

    /// Whether there are such layers in the first sub-layer.
    pub(super) fn has(&self, of: Of) -> bool {
        self.first.iter().any(of)
    }

    /// Σ over such layers of the first sub-layer of a block of those widths.
    pub(super) fn first(&self, of: Of, widths: [u32; 3]) -> Measures {
        self.sum(0, self.probe.maps, &self.first, of, widths)
    }

    /// Σ over such layers of a further sub-layer.
    pub(super) fn further(&self, of: Of, widths: [u32; 3]) -> Measures {
        let maps = self.probe.maps.behind(self.probe.stride);
        self.sum(1, maps, &self.further, of, widths)
    }

    fn sum(&self, index: u32, maps: Maps, seen: &[Seen], of: Of, widths: [u32; 3]) -> Measures {
        let block = self.probe.block(self.kind, widths, index + 1);
        let spec = &self.probe.problem.counter.spec;
        let mut sum = NOTHING;
        let mut layers = seen.iter();
        walk_sub_layer(&block, index, maps.costs.real, spec, &mut |at| {
            let seen = layers.next().expect("widths don't change the layers");
            if of(seen) {
                sum = plus(&sum, &self.layer(&at, seen));
            }
        });
        sum
    }

    fn layer(&self, at: &LayerAt, seen: &Seen) -> Measures {
        let Probe { problem, limits, .. } = self.probe;
        let mut measures: Measures = [0.0; 1 + LIMITS];
        if let Layer::Conv(conv) = &at.layer {
            measures[0] = problem.objective.conv(conv, seen.side, seen.images);
        }
        let part = problem.layer_costs(at, seen.floored, seen.sum);
        for (measure, limit) in measures[1..].iter_mut().zip(*limits) {
            *measure = limit.of(&part);
        }
        measures
    }
}

/// Whether the first of these layers gives what the maps of a shortcut are added to.
fn is_summed(layers: &[LayerAt]) -> bool {
    let mut behind = layers.iter().skip(1).map(|at| at.layer);
    let next = behind.find(|layer| matches!(layer, Layer::Conv(_) | Layer::Shortcut(_)));
    matches!(next, Some(Layer::Shortcut(_)))
}
