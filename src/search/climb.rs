//! Hill climbing by the analytic score: from a structure to one that no pair of moves improves.

use serde::{Deserialize, Serialize};

use super::workshop::{Part, Workshop};
use crate::arch::{Block, DEEPEST, limits};

/// How far a width moves, in the space's multiples.
const STEPS: [i32; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 32];
/// Structural neighbours that are looked at; only structures of dozens of blocks have more.
const MOST_VARIANTS: usize = 2_048;
/// Structures after which a climb ends where it is: a climb of a net of 18 sub-layers takes some
/// hundred thousand.
const MOST_LOOKS: u64 = 2_000_000;
/// Improvements below it are rounding.
const LEAST_GAIN: f64 = 1e-9;

/// A climb in steps, so that whoever drives it stays responsive.
///
/// The neighbours of a structure are its variants: itself, and what one structural move makes of it
/// (another kind, a sub-layer moved or added, a block split or merged). Of each, every width is tried
/// one step up or down; of the structure itself also every pair of one width up and another down as
/// far as the budget needs. The best neighbour is the next structure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Climb {
    base: Vec<Block>,
    /// Like the variants it follows from the base.
    #[serde(skip)]
    parts: Box<[Part]>,
    score: f64,
    #[serde(skip)]
    variants: Vec<Vec<Block>>,
    /// The next variant, width and step to look at.
    next: (usize, usize, usize),
    looks: u64,
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
        let score = workshop.score(&[])?.value;
        let mut climb = Climb {
            base: start.to_vec(),
            parts: workshop.parts(),
            score,
            variants: Vec::new(),
            next: (0, 0, 0),
            looks: 0,
            best: None,
        };
        climb.look_around(workshop);
        Some(climb)
    }

    /// With what follows from the base, after it came from a disk.
    pub(super) fn complete(&mut self, workshop: &mut Workshop) {
        workshop.count(&self.base);
        workshop.score(&[]);
        self.parts = workshop.parts();
        let next = self.next;
        self.look_around(workshop);
        self.next = next;
    }

    /// Looks at some neighbours; true at the top, where none is better, or after enough of them.
    pub(super) fn step(&mut self, workshop: &mut Workshop) -> bool {
        let (variant, slot, step) = self.next;
        let blocks = self.variants[variant].clone();
        let widths = widths(&blocks, workshop);
        if (slot, step) == (0, 0) && variant > 0 {
            self.look(&blocks, workshop);
        }
        if let Some(&width) = widths.get(slot) {
            let partners = if variant == 0 { &widths[..] } else { &[] };
            self.move_width(&blocks, (width, STEPS[step]), partners, workshop);
        }
        self.next = match (step + 1 < STEPS.len(), slot + 1 < widths.len()) {
            (true, _) if !widths.is_empty() => (variant, slot, step + 1),
            (_, true) => (variant, slot + 1, 0),
            _ => (variant + 1, 0, 0),
        };
        if self.next.0 < self.variants.len() && self.looks < MOST_LOOKS {
            return false;
        }
        match self.best.take() {
            None => true,
            Some((score, blocks)) => {
                (self.score, self.base) = (score, blocks);
                // It was within the budgets when it was looked at.
                let _ = workshop.take(&self.base, &self.parts);
                workshop.score(&self.parts);
                self.parts = workshop.parts();
                self.look_around(workshop);
                self.looks >= MOST_LOOKS
            }
        }
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.base
    }

    /// The width one step down and one up; where up breaks a budget, with each of the partners as far
    /// down as it takes.
    fn move_width(
        &mut self,
        of: &[Block],
        (width, step): (Width, i32),
        partners: &[Width],
        shop: &mut Workshop,
    ) {
        let mut blocks = of.to_vec();
        let from = *width.of(&mut blocks);
        for to in [shop.space().stepped(from, -step), shop.space().stepped(from, step)] {
            if to == from {
                continue;
            }
            *width.of(&mut blocks) = to;
            let fits = self.look(&blocks, shop);
            if to < from || fits {
                continue;
            }
            for &partner in partners.iter().filter(|&&partner| partner != width) {
                let before = *partner.of(&mut blocks);
                for down in STEPS {
                    let lower = shop.space().stepped(before, -down);
                    *partner.of(&mut blocks) = lower;
                    // Further down only costs score.
                    if lower >= before || self.look(&blocks, shop) {
                        break;
                    }
                }
                *partner.of(&mut blocks) = before;
            }
        }
    }

    /// Whether `blocks`, chained, are within the budgets; keeps them where they are the best so far.
    fn look(&mut self, blocks: &[Block], workshop: &mut Workshop) -> bool {
        self.looks += 1;
        let mut blocks = blocks.to_vec();
        for i in 1..blocks.len() {
            blocks[i].in_channels = blocks[i - 1].out_channels;
        }
        if workshop.take(&blocks, &self.parts).is_err() {
            return false;
        }
        let score = workshop.score(&self.parts).map_or(f64::NEG_INFINITY, |score| score.value);
        let to_beat = self.best.as_ref().map_or(self.score + LEAST_GAIN, |(best, _)| *best);
        if score > to_beat {
            self.best = Some((score, blocks));
        }
        true
    }

    fn look_around(&mut self, workshop: &Workshop) {
        self.next = (0, 0, 0);
        self.variants = vec![self.base.clone()];
        let space = workshop.space();
        let count = self.base.len();
        let free = |i: usize| space.is_free_residual(&self.base, i);
        for i in (0..count).filter(|&i| free(i)) {
            let block = self.base[i];
            for kind in space.kinds().filter(|&kind| kind != block.kind) {
                self.variants.push(self.with(i, |b| b.kind = kind));
            }
            if !space.depths_vary() || self.variants.len() >= MOST_VARIANTS {
                continue;
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
        if block.kind.is_residual() {
            widths.push(Width::Bottleneck(index));
        }
    }
    widths
}
