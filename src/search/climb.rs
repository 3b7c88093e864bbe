//! Hill climbing by the analytic score: from a structure to one that no pair of moves improves.

use super::workshop::{Part, Workshop};
use crate::arch::{Block, BlockKind, limits};

/// How far a width moves, in the space's multiples.
const STEPS: [u32; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 32];
/// Improvements below it are rounding.
const LEAST_GAIN: f64 = 1e-9;
/// Sub-layers above which blocks split.
const DEEPEST: u32 = 5;

/// A climb in steps, so that whoever drives it stays responsive.
///
/// The neighbours of a structure are its variants: itself, and what one structural move makes of it
/// (another kind, a sub-layer moved or added, a block split or merged). Of each, every width is tried
/// one step up or down; of the structure itself also every pair of one width up and another down as
/// far as the budget needs. The best neighbour is the next structure.
#[derive(Clone, Debug)]
pub(super) struct Climb {
    base: Vec<Block>,
    parts: Box<[Part]>,
    score: f64,
    variants: Vec<Vec<Block>>,
    /// The next variant and width to look at.
    next: (usize, usize),
    best: Option<(f64, Vec<Block>)>,
}

/// A width of a structure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Out(usize),
    Bottleneck(usize),
}

impl Climb {
    /// None where `start` breaks something or has no score.
    pub(super) fn new(start: &[Block], workshop: &mut Workshop) -> Option<Climb> {
        workshop.take(start, &[]).ok()?;
        let score = workshop.score()?.value;
        let mut climb = Climb {
            base: start.to_vec(),
            parts: workshop.parts(),
            score,
            variants: Vec::new(),
            next: (0, 0),
            best: None,
        };
        climb.look_around(workshop);
        Some(climb)
    }

    /// Looks at some neighbours; true at the top, where none is better.
    pub(super) fn step(&mut self, workshop: &mut Workshop) -> bool {
        let (variant, slot) = self.next;
        let blocks = self.variants[variant].clone();
        let widths = widths(&blocks, workshop);
        if slot == 0 && variant > 0 {
            self.look(&blocks, workshop);
        }
        if let Some(&width) = widths.get(slot) {
            self.move_width(&blocks, width, if variant == 0 { &widths } else { &[] }, workshop);
        }
        self.next = if slot + 1 < widths.len() { (variant, slot + 1) } else { (variant + 1, 0) };
        if self.next.0 < self.variants.len() {
            return false;
        }
        match self.best.take() {
            None => true,
            Some((score, blocks)) => {
                (self.score, self.base) = (score, blocks);
                // It was within the budgets when it was looked at.
                let _ = workshop.take(&self.base, &self.parts);
                workshop.score();
                self.parts = workshop.parts();
                self.look_around(workshop);
                false
            }
        }
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.base
    }

    /// Every width one step up or down, and with `partners` each of them as far down as it takes.
    fn move_width(&mut self, of: &[Block], width: Width, partners: &[Width], shop: &mut Workshop) {
        let multiple = shop.space().width_multiple();
        let mut blocks = of.to_vec();
        let from = *width.of(&mut blocks);
        for step in STEPS.map(|step| step * multiple) {
            for to in [from.checked_sub(step), Some(from + step)].into_iter().flatten() {
                if !shop.space().width_range().contains(&to) {
                    continue;
                }
                *width.of(&mut blocks) = to;
                let fits = self.look(&blocks, shop);
                if to < from || fits {
                    continue;
                }
                for &partner in partners.iter().filter(|&&partner| partner != width) {
                    let before = *partner.of(&mut blocks);
                    let range = shop.space().width_range();
                    let lower = STEPS.iter().filter_map(|step| before.checked_sub(step * multiple));
                    for lower in lower.filter(|width| range.contains(width)) {
                        *partner.of(&mut blocks) = lower;
                        // Further down only costs score.
                        if self.look(&blocks, shop) {
                            break;
                        }
                    }
                    *partner.of(&mut blocks) = before;
                }
            }
            *width.of(&mut blocks) = from;
        }
    }

    /// Whether `blocks`, chained, are within the budgets; keeps them where they are the best so far.
    fn look(&mut self, blocks: &[Block], workshop: &mut Workshop) -> bool {
        let mut blocks = blocks.to_vec();
        for i in 1..blocks.len() {
            blocks[i].in_channels = blocks[i - 1].out_channels;
        }
        if workshop.take(&blocks, &self.parts).is_err() {
            return false;
        }
        let score = workshop.score().map_or(f64::NEG_INFINITY, |score| score.value);
        let to_beat = self.best.as_ref().map_or(self.score + LEAST_GAIN, |(best, _)| *best);
        if score > to_beat {
            self.best = Some((score, blocks));
        }
        true
    }

    fn look_around(&mut self, workshop: &Workshop) {
        self.next = (0, 0);
        self.variants = vec![self.base.clone()];
        let space = workshop.space();
        let count = self.base.len();
        let free = |i: usize| !self.base[i].kind.is_conv() && !space.is_fixed(i, count);
        for i in (0..count).filter(|&i| free(i)) {
            let block = self.base[i];
            for kind in space.kinds().filter(|&kind| kind != block.kind) {
                self.variants.push(self.with(i, |b| b.kind = kind));
            }
            if block.sub_layers < DEEPEST {
                self.variants.push(self.with(i, |b| b.sub_layers += 1));
            }
            for j in (0..count).filter(|&j| j != i && free(j)) {
                if block.sub_layers > 1 && self.base[j].sub_layers < DEEPEST {
                    let mut moved = self.with(i, |b| b.sub_layers -= 1);
                    moved[j].sub_layers += 1;
                    self.variants.push(moved);
                }
            }
            for first in 1..block.sub_layers {
                if count < limits::BLOCKS {
                    let mut split = self.with(i, |b| b.sub_layers = first);
                    let sub_layers = block.sub_layers - first;
                    split.insert(i + 1, Block { stride: 1, sub_layers, ..block });
                    self.variants.push(split);
                }
            }
            if space.is_optional(&self.base, i) {
                for j in (0..count).filter(|&j| j != i && free(j)) {
                    if self.base[j].sub_layers + block.sub_layers <= DEEPEST {
                        let mut merged = self.with(j, |b| b.sub_layers += block.sub_layers);
                        merged.remove(i);
                        self.variants.push(merged);
                    }
                }
            }
        }
    }

    fn with(&self, index: usize, change: impl FnOnce(&mut Block)) -> Vec<Block> {
        let mut blocks = self.base.clone();
        change(&mut blocks[index]);
        blocks
    }
}

impl Width {
    fn of(self, blocks: &mut [Block]) -> &mut u32 {
        match self {
            Width::Out(index) => &mut blocks[index].out_channels,
            Width::Bottleneck(index) => &mut blocks[index].bottleneck,
        }
    }
}

fn widths(blocks: &[Block], workshop: &Workshop) -> Vec<Width> {
    let mut widths = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if workshop.space().is_fixed(index, blocks.len()) {
            continue;
        }
        widths.push(Width::Out(index));
        if !matches!(block.kind, BlockKind::Conv(_)) {
            widths.push(Width::Bottleneck(index));
        }
    }
    widths
}
