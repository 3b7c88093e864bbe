//! Widths of a group of layers, and cells between them.
//!
//! Must not know: times of what. Invariant: a cell's corners have its least widths first; an axis with one width
//! has no extent, and a cell is split along those that have.

use super::{FusedLayer, Operation};
use crate::arch::round_width;

/// Widths from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub least: u32,
    pub most: u32,
}

/// Of neighbouring widths of a coarse grid.
const COARSE: u32 = 4;

impl Range {
    /// Both ends, and powers of a ratio between.
    fn coarse(self) -> Vec<u32> {
        let powers = std::iter::successors(Some(self.least), |width| width.checked_mul(COARSE));
        let mut widths: Vec<u32> = powers.take_while(|width| *width < self.most).collect();
        // A last one that is hardly farther tells nothing.
        if widths.len() > 1 && widths.last().is_some_and(|last| self.most / last < 2) {
            widths.pop();
        }
        widths.push(self.most);
        widths
    }

    /// Between its ends as ratios are counted; none where nothing is, or they are near.
    fn middle(self, multiple: u32, least_ratio: f64) -> Option<u32> {
        let (least, most) = (f64::from(self.least), f64::from(self.most));
        if most / least <= least_ratio {
            return None;
        }
        let middle = round_width((least * most).sqrt(), multiple);
        (self.least < middle && middle < self.most).then_some(middle)
    }

    /// How far along `width` is, as ratios are counted: 0 to 1.
    fn share(self, width: u32) -> f64 {
        if self.least == self.most {
            return 0.0;
        }
        let log = |width: u32| f64::from(width).ln();
        (log(width) - log(self.least)) / (log(self.most) - log(self.least))
    }

    fn parts(self, at: u32) -> Vec<Range> {
        match self.least < at && at < self.most {
            true => vec![Range { most: at, ..self }, Range { least: at, ..self }],
            false => vec![self],
        }
    }
}

/// All widths of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    like: FusedLayer,
    taken: Range,
    given: Range,
    /// Whether it gives as many channels as it takes.
    is_alike: bool,
}

impl Grid {
    pub fn coarse(like: FusedLayer, [taken, given]: [Range; 2]) -> Grid {
        let is_alike = like.operation != Operation::Regular;
        // Of one that is alike the second axis has no extent.
        let given = if is_alike { Range { most: given.least, ..given } } else { given };
        Grid { like, taken, given, is_alike }
    }

    /// Channels taken and given.
    pub fn layer(&self, [taken, given]: [u32; 2]) -> FusedLayer {
        let given = if self.is_alike { taken } else { given };
        FusedLayer { in_channels: taken, out_channels: given, ..self.like }
    }

    /// Of the coarse grid.
    pub fn cells(&self) -> Vec<Cell> {
        let ranges = |range: Range| -> Vec<Range> {
            let widths = range.coarse();
            if let [only] = widths[..] {
                return vec![Range { least: only, most: only }];
            }
            widths.windows(2).map(|two| Range { least: two[0], most: two[1] }).collect()
        };
        let given = ranges(self.given);
        let with = |taken: Range| given.iter().map(move |&given| Cell { taken, given });
        ranges(self.taken).into_iter().flat_map(with).collect()
    }
}

/// Layers between four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    taken: Range,
    given: Range,
}

impl Cell {
    /// (taken, given); the narrowest first, the widest last.
    pub fn corners(&self) -> [[u32; 2]; 4] {
        let Cell { taken, given } = *self;
        [
            [taken.least, given.least],
            [taken.least, given.most],
            [taken.most, given.least],
            [taken.most, given.most],
        ]
    }

    /// In the middle of the axes that are wide; none where neither is.
    pub fn centre(&self, multiple: u32, least_ratio: f64) -> Option<[u32; 2]> {
        let middles = [self.taken, self.given].map(|range| range.middle(multiple, least_ratio));
        match middles {
            [None, None] => None,
            [taken, given] => {
                Some([taken.unwrap_or(self.taken.least), given.unwrap_or(self.given.least)])
            }
        }
    }

    /// What the `values` at the corners say of `widths`: linear in their logarithms.
    pub fn interpolated(&self, values: [f64; 4], widths: [u32; 2]) -> f64 {
        let (s, t) = (self.taken.share(widths[0]), self.given.share(widths[1]));
        let [a, b, c, d] = values.map(f64::ln);
        ((1.0 - s) * ((1.0 - t) * a + t * b) + s * ((1.0 - t) * c + t * d)).exp()
    }

    /// The parts around `centre`.
    pub fn split(&self, [taken, given]: [u32; 2]) -> Vec<Cell> {
        let given = self.given.parts(given);
        let with = |taken: Range| given.iter().map(move |&given| Cell { taken, given });
        self.taken.parts(taken).into_iter().flat_map(with).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_widths_end_where_the_range_does() {
        let coarse = |least, most| Range { least, most }.coarse();
        assert_eq!(coarse(8, 2048), [8, 32, 128, 512, 2048]);
        assert_eq!(coarse(8, 600), [8, 32, 128, 600]);
        assert_eq!(coarse(8, 8), [8]);
        assert_eq!(coarse(8, 12), [8, 12]);
        assert_eq!(coarse(3, 3), [3]);
    }

    #[test]
    fn cells_interpolate_powers_exactly() {
        let cell =
            Cell { taken: Range { least: 8, most: 128 }, given: Range { least: 32, most: 512 } };
        let value =
            |[taken, given]: [u32; 2]| f64::from(taken).powf(0.7) * f64::from(given).powf(1.2);
        let at = [40, 100];
        let between = cell.interpolated(cell.corners().map(value), at);
        assert!((between / value(at) - 1.0).abs() < 1e-12);
        assert_eq!(cell.centre(8, 1.5), Some([32, 128]));
        assert_eq!(cell.split([32, 128]).len(), 4);
        let flat = Cell { taken: Range { least: 3, most: 3 }, ..cell };
        assert_eq!(flat.centre(8, 1.5), Some([3, 128]));
        assert_eq!(flat.split([3, 128]).len(), 2);
    }
}
