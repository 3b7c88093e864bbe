//! Constraints on the shape of structures, beyond what they cost. Maximising a score alone gives
//! lopsided nets (docs/search.md); these are what people ask of a net they want to train.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::preset::SpaceSettings;
use crate::arch::Block;

/// A kind of constraint. All speak of residual blocks; plain convs at the ends go free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Bottleneck at least a share of the output width.
    BottleneckRatio,
    /// No block narrower than what it takes.
    NonDecreasing,
    /// Output width at most a multiple of the input width.
    OutRatio,
    /// Sub-layers a stage: a strided block and those up to the next.
    StageDepth,
}

impl Constraint {
    /// As rejections are counted.
    pub fn name(self) -> &'static str {
        match self {
            Constraint::BottleneckRatio => "bottleneck_ratio",
            Constraint::NonDecreasing => "non_decreasing",
            Constraint::OutRatio => "out_ratio",
            Constraint::StageDepth => "stage_depth",
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The constraints of a space; `None` and `false` constrain nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraints {
    bottleneck_ratio: Option<f64>,
    non_decreasing: bool,
    out_ratio: Option<f64>,
    stage_depth: Option<u32>,
    width_min: u32,
    width_max: u32,
    width_multiple: u32,
}

/// Widths come in whole numbers; ratios of them are exact to far less than this.
const ROUNDING: f64 = 1e-9;

impl Constraints {
    pub(super) fn new(settings: &SpaceSettings) -> Constraints {
        Constraints {
            bottleneck_ratio: settings.bottleneck_ratio_min,
            non_decreasing: settings.non_decreasing,
            out_ratio: settings.out_ratio_max,
            stage_depth: settings.stage_depth_max,
            width_min: settings.width_min,
            width_max: settings.width_max,
            width_multiple: settings.width_multiple,
        }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.bottleneck_ratio.is_none()
            && !self.non_decreasing
            && self.out_ratio.is_none()
            && self.stage_depth.is_none()
    }

    /// The first constraint that `blocks` break, from the left.
    pub fn broken(&self, blocks: &[Block]) -> Option<Constraint> {
        if self.is_empty() {
            return None;
        }
        let mut stage = 0_u32;
        for block in blocks.iter().filter(|block| block.kind.is_residual()) {
            if !self.allows_bottleneck(block.bottleneck, block.out_channels) {
                return Some(Constraint::BottleneckRatio);
            }
            if self.narrows(block.in_channels, block.out_channels) {
                return Some(Constraint::NonDecreasing);
            }
            if self.widens_too_much(block.in_channels, block.out_channels) {
                return Some(Constraint::OutRatio);
            }
            stage = if block.stride > 1 { 0 } else { stage }.saturating_add(block.sub_layers);
            if self.stage_depth.is_some_and(|most| stage > most) {
                return Some(Constraint::StageDepth);
            }
        }
        None
    }

    /// Whether a residual block may have that bottleneck before that output width.
    pub fn allows_bottleneck(&self, bottleneck: u32, out: u32) -> bool {
        let least = |ratio: f64| ratio * f64::from(out) - ROUNDING;
        self.bottleneck_ratio.is_none_or(|ratio| f64::from(bottleneck) >= least(ratio))
    }

    /// Whether a residual block may take and give those widths.
    pub fn allows_ends(&self, taken: u32, out: u32) -> bool {
        !self.narrows(taken, out) && !self.widens_too_much(taken, out)
    }

    /// Most residual sub-layers of a stage.
    pub fn stage_depth(&self) -> Option<u32> {
        self.stage_depth
    }

    fn narrows(&self, taken: u32, out: u32) -> bool {
        self.non_decreasing && out < taken
    }

    fn widens_too_much(&self, taken: u32, out: u32) -> bool {
        let most = |ratio: f64| ratio * f64::from(taken) + ROUNDING;
        self.out_ratio.is_some_and(|ratio| f64::from(out) > most(ratio))
    }

    /// Changes widths and depths so that as little as possible is broken; `free` says which blocks
    /// may change. Widths shrink, but for bottlenecks that are too narrow. Input widths are left for
    /// the caller to chain.
    pub(super) fn conform(&self, blocks: &mut [Block], free: impl Fn(usize) -> bool) {
        if self.is_empty() {
            return;
        }
        if self.non_decreasing {
            for i in (1..blocks.len()).rev() {
                let out = blocks[i].out_channels;
                if blocks[i].kind.is_residual() && free(i - 1) {
                    blocks[i - 1].out_channels = blocks[i - 1].out_channels.min(out);
                }
            }
        }
        for i in 0..blocks.len() {
            let taken = match i.checked_sub(1) {
                Some(before) => blocks[before].out_channels,
                None => blocks[i].in_channels,
            };
            let block = &mut blocks[i];
            if !block.kind.is_residual() || !free(i) {
                continue;
            }
            if let Some(ratio) = self.out_ratio {
                let most = self.floor(ratio * f64::from(taken));
                block.out_channels = block.out_channels.min(most);
            }
            if let Some(ratio) = self.bottleneck_ratio {
                let least = self.ceil(ratio * f64::from(block.out_channels));
                block.bottleneck = block.bottleneck.max(least);
            }
        }
        if let Some(most) = self.stage_depth {
            thin_stages(blocks, most, free);
        }
    }

    fn floor(&self, width: f64) -> u32 {
        let steps = ((width + ROUNDING) / f64::from(self.width_multiple)).floor() as u32;
        steps.saturating_mul(self.width_multiple).max(self.width_min)
    }

    fn ceil(&self, width: f64) -> u32 {
        let steps = ((width - ROUNDING) / f64::from(self.width_multiple)).ceil() as u32;
        steps.saturating_mul(self.width_multiple).min(self.width_max)
    }
}

/// Takes sub-layers from the deepest block of each stage that has more than `most`.
fn thin_stages(blocks: &mut [Block], most: u32, free: impl Fn(usize) -> bool) {
    let mut start = 0;
    while start < blocks.len() {
        let next = (start + 1..blocks.len()).find(|&i| blocks[i].stride > 1);
        let end = next.unwrap_or(blocks.len());
        loop {
            let residual = |i: &usize| blocks[*i].kind.is_residual();
            let depth: u32 = (start..end).filter(residual).map(|i| blocks[i].sub_layers).sum();
            let deepest = (start..end)
                .filter(residual)
                .filter(|&i| free(i))
                .max_by_key(|&i| (blocks[i].sub_layers, std::cmp::Reverse(i)));
            match deepest {
                Some(i) if depth > most && blocks[i].sub_layers > 1 => blocks[i].sub_layers -= 1,
                _ => break,
            }
        }
        start = end;
    }
}
