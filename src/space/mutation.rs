//! The search space: which kinds, widths and depths a mutation may choose, exactly as the reference
//! does (its `evolution_search` with both search spaces; the paper's Algorithm 3 with one block and
//! other factors is a matter of settings).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Constraints,
    preset::{Family, Fixed, SpaceSettings},
};
use crate::{
    arch::{Block, BlockKind, DEEPEST, Expansion, Kernel, NetSpec, Structure, limits, round_width},
    random::Stream,
};

/// A validated search space.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// Residual kinds with the weight each is drawn by.
    kinds: Vec<(BlockKind, u32)>,
    width_factors: Vec<f64>,
    pub(super) width_min: u32,
    pub(super) width_max: u32,
    pub(super) width_multiple: u32,
    depth_steps: Vec<i32>,
    fixed: Vec<Fixed>,
    constraints: Constraints,
    /// Residual blocks of stride 1 in the initial structure: before its first stride, between the
    /// first and the second, and so on.
    least_in_gap: Vec<usize>,
    /// With shortcuts: what budgets are checked on.
    net: NetSpec,
}

/// One mutated block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutation {
    /// Index in the parent.
    pub block: usize,
    pub from: Block,
    pub to: Block,
}

impl Space {
    /// From settings that have passed the preset's checks.
    pub(super) fn new(settings: &SpaceSettings, initial: &Structure) -> Space {
        let kernels = || settings.kernels.iter().filter_map(|&side| Kernel::from_side(side));
        let mut kinds = Vec::new();
        for family in &settings.families {
            // Weights go by kernel, and for inverted bottlenecks by kernel then expansion.
            let of_family: Vec<BlockKind> = match family {
                Family::KxKx => kernels().map(BlockKind::KxKx).collect(),
                Family::K1KxK1 => kernels().map(BlockKind::K1KxK1).collect(),
                Family::Idw => {
                    let expansions: Vec<_> = settings
                        .expansions
                        .iter()
                        .filter_map(|&factor| Expansion::from_factor(factor))
                        .collect();
                    kernels()
                        .flat_map(|k| expansions.iter().map(move |&e| BlockKind::Idw(e, k)))
                        .collect()
                }
            };
            let weight = |i: usize| settings.kernel_weights.get(i).copied().unwrap_or(1);
            let weighted = of_family.into_iter().enumerate().map(|(i, kind)| (kind, weight(i)));
            kinds.extend(weighted.filter(|&(_, weight)| weight > 0));
        }
        Space {
            kinds,
            width_factors: settings.width_factors.clone(),
            width_min: settings.width_min,
            width_max: settings.width_max,
            width_multiple: settings.width_multiple,
            depth_steps: settings.depth_steps.clone(),
            fixed: settings.fixed.clone(),
            constraints: Constraints::new(settings),
            least_in_gap: gaps(initial),
            net: NetSpec {
                squeeze_excite: settings.se,
                ..NetSpec::residual(settings.resolution, settings.classes)
            },
        }
    }

    /// The network budgets are checked on: with shortcuts, at the space's resolution and classes.
    pub fn net(&self) -> &NetSpec {
        &self.net
    }

    /// Kinds of residual blocks.
    pub fn kinds(&self) -> impl Iterator<Item = BlockKind> {
        self.kinds.iter().map(|(kind, _)| *kind)
    }

    /// Whether depths may change: `depth_steps = [0]` freezes them.
    pub fn depths_vary(&self) -> bool {
        self.depth_steps.iter().any(|&step| step != 0)
    }

    /// `width` so many multiples up or down, within the space.
    pub fn stepped(&self, width: u32, steps: i32) -> u32 {
        let moved = i64::from(width) + i64::from(steps) * i64::from(self.width_multiple);
        round_width(moved.max(0) as f64, self.width_multiple).clamp(self.width_min, self.width_max)
    }

    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Whether a structure of this space stays one without block `index`: the initial structure's
    /// strides keep their order, and between two of them as many blocks stay as there were.
    pub fn is_optional(&self, blocks: &[Block], index: usize) -> bool {
        if blocks[index].stride != 1 || !blocks[index].kind.is_residual() {
            return false;
        }
        let gap = |i: usize| blocks[..i].iter().filter(|b| b.stride > 1).count();
        let at = gap(index);
        let residual = |&(_, b): &(usize, &Block)| b.stride == 1 && b.kind.is_residual();
        let here =
            blocks.iter().enumerate().filter(residual).filter(|&(i, _)| gap(i) == at).count();
        here > self.least_in_gap.get(at).copied().unwrap_or(0)
    }

    /// Whether `structure` could have come from mutating members of this space: kinds and widths of
    /// its residual blocks are the space's or those of `initial`.
    pub fn contains(&self, structure: &Structure, initial: &Structure) -> bool {
        let widths_of = |s: &Structure| -> Vec<u32> {
            s.blocks().iter().flat_map(|b| [b.out_channels, b.bottleneck]).collect()
        };
        let known = widths_of(initial);
        let width_fits = |w: u32| {
            known.contains(&w)
                || (w.is_multiple_of(self.width_multiple)
                    && (self.width_min..=self.width_max).contains(&w))
                || w == self.width_min
                || w == self.width_max
        };
        let first = structure.blocks()[0].in_channels == initial.blocks()[0].in_channels;
        first
            && structure.blocks().iter().all(|block| {
                let kind_fits = self.kinds.iter().any(|(kind, _)| *kind == block.kind)
                    || initial.blocks().iter().any(|b| b.kind == block.kind);
                kind_fits && width_fits(block.out_channels) && width_fits(block.bottleneck)
            })
    }

    /// Whether moves may change the kind and depth of block `index`.
    pub fn is_free_residual(&self, blocks: &[Block], index: usize) -> bool {
        blocks[index].kind.is_residual() && !self.is_fixed(index, blocks.len())
    }

    /// Whether mutation leaves block `index` of `count` alone.
    pub fn is_fixed(&self, index: usize, count: usize) -> bool {
        self.fixed.iter().any(|fixed| match fixed {
            Fixed::First => index == 0,
            Fixed::Last => index + 1 == count,
        })
    }

    pub(super) fn pick_kind(&self, stream: &mut Stream) -> BlockKind {
        let total = self.kinds.iter().map(|(_, weight)| weight).sum();
        let mut ticket = stream.below(total);
        for &(kind, weight) in &self.kinds {
            if ticket < weight {
                return kind;
            }
            ticket -= weight;
        }
        unreachable!("a ticket is below the sum of the weights")
    }

    /// The distinct rounded widths within reach of `width`, widest first.
    pub fn width_options(&self, width: u32) -> Vec<u32> {
        let scaled = self.width_factors.iter().map(|factor| {
            round_width(f64::from(width) * factor, self.width_multiple)
                .clamp(self.width_min, self.width_max)
        });
        distinct_descending(scaled.collect())
    }

    /// Every width that mutations lead to from `width`, in rising order.
    pub fn reachable_widths(&self, width: u32) -> Vec<u32> {
        reachable(width, |width| self.width_options(width))
    }

    /// Every depth that mutations lead to from `sub_layers`, those that make it split included, in
    /// rising order.
    pub fn reachable_depths(&self, sub_layers: u32) -> Vec<u32> {
        reachable(sub_layers, |depth| match depth {
            ..=DEEPEST => self.depth_options(depth),
            _ => Vec::new(),
        })
    }

    /// The distinct depths within reach; those below 1 are dropped, not clamped.
    pub fn depth_options(&self, sub_layers: u32) -> Vec<u32> {
        let moved = self.depth_steps.iter().filter_map(|&step| sub_layers.checked_add_signed(step));
        let mut options =
            distinct_descending(moved.filter(|d| (1..=limits::SUB_LAYERS).contains(d)).collect());
        if options.is_empty() {
            options.push(sub_layers);
        }
        options
    }
}

fn gaps(initial: &Structure) -> Vec<usize> {
    let mut gaps = vec![0];
    for block in initial.blocks() {
        if block.stride > 1 {
            gaps.push(0);
        } else if block.kind.is_residual() {
            *gaps.last_mut().expect("one from the start") += 1;
        }
    }
    gaps
}

fn reachable(from: u32, options: impl Fn(u32) -> Vec<u32>) -> Vec<u32> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(value) = open.pop() {
        open.extend(options(value).into_iter().filter(|&option| found.insert(option)));
    }
    found.into_iter().collect()
}

fn distinct_descending(mut options: Vec<u32>) -> Vec<u32> {
    options.sort_unstable_by(|a, b| b.cmp(a));
    options.dedup();
    options
}
