//! What zero padding does to a conv: how many of its taps see the image.

use std::sync::OnceLock;

use crate::arch::{Conv, Kernel, limits};

/// Of a k×k conv of stride st on maps of side r, padded by (k−1)/2. In one dimension, for output row
/// y: cov(y) is the number of taps inside the image. The fields are of both dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Geometry {
    /// T²: mean number of taps inside.
    pub taps: f64,
    /// S²: with p_d the share of rows for which tap d is inside, (Σ_d p_d²)².
    pub taps_squared: f64,
    /// G: the spread of cov² over the map, E[cov²]²/T⁴ − 1.
    pub spread: f64,
    /// p: the share of all taps that is inside.
    pub inside: f64,
    /// Side of the output.
    pub output: u32,
}

impl Geometry {
    fn new(side: u32, stride: u32, resolution: u32) -> Geometry {
        let output = resolution.div_ceil(stride);
        let padding = (side - 1) / 2;
        let mut covered = vec![0_u32; output as usize];
        let mut rows_of_tap = vec![0_u32; side as usize];
        for (y, covered) in covered.iter_mut().enumerate() {
            for (tap, rows) in rows_of_tap.iter_mut().enumerate() {
                let row = (y as u32 * stride + tap as u32).checked_sub(padding);
                if row.is_some_and(|row| row < resolution) {
                    *covered += 1;
                    *rows += 1;
                }
            }
        }
        let rows = f64::from(output);
        let mean =
            |power: i32| covered.iter().map(|&c| f64::from(c).powi(power)).sum::<f64>() / rows;
        let share_squared = rows_of_tap.iter().map(|&n| (f64::from(n) / rows).powi(2));
        let taps = mean(1).powi(2);
        Geometry {
            taps,
            taps_squared: share_squared.sum::<f64>().powi(2),
            spread: mean(2).powi(2) / taps.powi(2) - 1.0,
            inside: taps / f64::from(side * side),
            output,
        }
    }
}

/// The geometries that nets of one input resolution can have, each computed when it is first asked
/// for. Bounded: kernels × strides × the sides that strides make of the input's.
#[derive(Debug)]
pub(super) struct Geometries<T> {
    /// Row of each side that occurs, by side; [`NONE`] for the others.
    rows: Vec<u16>,
    cells: Vec<OnceLock<T>>,
}

const NONE: u16 = u16::MAX;
const STRIDES: usize = limits::STRIDE as usize;

impl<T> Geometries<T> {
    pub(super) fn new(resolution: u32) -> Geometries<T> {
        let mut rows = vec![NONE; resolution as usize + 1];
        let mut sides = vec![resolution];
        rows[resolution as usize] = 0;
        let mut next = 0;
        while let Some(&side) = sides.get(next) {
            for stride in 2..=limits::STRIDE {
                let smaller = side.div_ceil(stride);
                if rows[smaller as usize] == NONE {
                    rows[smaller as usize] = sides.len() as u16;
                    sides.push(smaller);
                }
            }
            next += 1;
        }
        let count = sides.len() * STRIDES * Kernel::ALL.len();
        Geometries { rows, cells: std::iter::repeat_with(OnceLock::new).take(count).collect() }
    }

    /// What `make` makes of the geometry of `conv` on maps of side `resolution`, which must come
    /// from the input's by strides.
    pub(super) fn of(&self, conv: &Conv, resolution: u32, make: impl FnOnce(&Geometry) -> T) -> &T {
        let row = usize::from(self.rows[resolution as usize]);
        assert_ne!(row, usize::from(NONE), "{resolution} pixels don't come from the input's");
        let kernel = conv.kernel as usize;
        let index = (row * STRIDES + conv.stride as usize - 1) * Kernel::ALL.len() + kernel;
        self.cells[index]
            .get_or_init(|| make(&Geometry::new(conv.kernel.side(), conv.stride, resolution)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_see_fewer_taps() {
        // 3 taps on 4 rows: 2, 3, 3, 2; the outer taps miss one row of four.
        let g = Geometry::new(3, 1, 4);
        assert_eq!(g.taps, 2.5 * 2.5);
        assert_eq!(g.taps_squared, (1.0_f64 + 2.0 * 0.75 * 0.75).powi(2));
        assert_eq!(g.spread, (6.5 * 6.5) / 2.5_f64.powi(4) - 1.0);
        assert_eq!(g.inside, 6.25 / 9.0);
        // Stride 2 on 5 rows starts at rows −1, 1, 3.
        let g = Geometry::new(3, 2, 5);
        assert_eq!((g.output, g.taps), (3, (7.0_f64 / 3.0).powi(2)));
        // 1×1 convs have no borders.
        let g = Geometry::new(1, 2, 7);
        assert_eq!((g.output, g.taps, g.taps_squared, g.spread), (4, 1.0, 1.0, 0.0));
    }
}
