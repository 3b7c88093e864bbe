//! Shapes: a conv in numbers, and how its work is cut into blocks that fit the caches.
//!
//! Must not know: pointers. Invariant: blocks depend on shapes, batch and vector width alone, so
//! that the order of every sum, and with it every bit, is fixed.

use std::ops::Range;

use crate::{
    arch::{Conv, LayerAt},
    nn::network::Activation,
};

/// A conv with the maps around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Geometry {
    pub in_channels: usize,
    pub out_channels: usize,
    /// k of k × k.
    pub side: usize,
    pub stride: usize,
    pub depthwise: bool,
    /// Side of the input map.
    pub from: usize,
    /// Side of the output map.
    pub to: usize,
    /// Behind its norm.
    pub activation: Activation,
}

impl Geometry {
    pub(super) fn new(conv: &Conv, at: &LayerAt, activation: Activation) -> Geometry {
        Geometry {
            in_channels: conv.in_channels as usize,
            out_channels: conv.out_channels as usize,
            side: conv.kernel.side() as usize,
            stride: conv.stride as usize,
            depthwise: conv.is_depthwise(),
            from: at.input.resolution as usize,
            to: at.output.resolution as usize,
            activation,
        }
    }

    pub(super) fn padding(&self) -> usize {
        (self.side - 1) / 2
    }

    /// Rows (or columns) of the kernel that see the map, for output row (or column) `at`.
    pub(super) fn window(&self, at: usize) -> Range<usize> {
        let first = at * self.stride;
        let pad = self.padding();
        pad.saturating_sub(first)..self.side.min(self.from + pad - first)
    }

    /// Rows (or columns) of the kernel that see the map from anywhere.
    pub(super) fn windows(&self) -> Range<usize> {
        let of = |at: usize| self.window(at);
        // The first output looks furthest back, the last one furthest ahead, but in a map of few
        // pixels others may look further.
        (0..self.to).map(of).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or(0..0)
    }

    /// Input row (or column) that kernel row `kernel` of output row `at` sees; `kernel` in
    /// [`Geometry::window`].
    pub(super) fn source(&self, at: usize, kernel: usize) -> usize {
        at * self.stride + kernel - self.padding()
    }

    /// Rows of the weights as they are drawn: (k, k, in / groups), with the outputs in a row.
    pub(super) fn weight_rows(&self) -> usize {
        self.side * self.side * self.fan()
    }

    /// Input channels of one output.
    pub(super) fn fan(&self) -> usize {
        if self.depthwise { 1 } else { self.in_channels }
    }

    pub(super) fn in_pixels(&self) -> usize {
        self.from * self.from
    }

    pub(super) fn out_pixels(&self) -> usize {
        self.to * self.to
    }

    pub(super) fn is_pointwise(&self) -> bool {
        self.side == 1 && !self.depthwise
    }
}

/// Staged input of a block, in values: half of a first-level cache where the block is read once
/// for each panel, and less than half of a second-level one where it is read k² times.
const NEAR: usize = 5 << 10;
const MIDDLE: usize = 96 << 10;

/// The same for depthwise convs, whose rows are read k times and staged again for every block.
const ROWS_NEAR: usize = 16 << 10;

/// Most output pixels of a block; see [`super::moments`].
pub(super) const PIXELS: usize = 4096;

/// Maps up to this side are cut across images, where there are enough of them: a row would not fill
/// a tile, and much of a kernel may see nothing but padding.
const NARROW: usize = 8;

/// Images that fill a tile well enough.
const FEW: usize = 4;

/// How a dense conv is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    /// 1 × 1: so many pixels, whatever image they are of.
    Pixels(usize),
    /// So many output rows of one image.
    Rows(usize),
    /// So many images, each output pixel of all of them together.
    Images(usize),
}

/// Values between two staged images; not a multiple of a page, where all images would fall in the
/// same cache sets.
pub(super) fn image_stride(geometry: &Geometry) -> usize {
    geometry.in_pixels() * geometry.in_channels + 16
}

/// Size of blocks of at most `most` of `all`, at least one, so that the last is not much smaller: it
/// would fill its tiles badly and be staged for little.
fn even(most: usize, all: usize) -> usize {
    all.div_ceil(all.div_ceil(most.max(1)))
}

impl Blocks {
    /// `lanes` values to a vector, `images` images in a pass.
    pub(super) fn of(geometry: &Geometry, lanes: usize, images: usize) -> Blocks {
        let Geometry { in_channels, to, side, stride, .. } = *geometry;
        if geometry.is_pointwise() {
            let padded = in_channels.next_multiple_of(lanes);
            // Even for the widest tiles.
            return Blocks::Pixels((NEAR / padded / 28 * 28).clamp(28, 448));
        }
        if to <= NARROW && images >= to.min(FEW) {
            let by_size = MIDDLE / image_stride(geometry);
            return Blocks::Images(even(by_size.min(PIXELS / (to * to)), images));
        }
        let row = padded_row(geometry);
        let staged = (MIDDLE / row).max(side + 3 * stride);
        let rows = (staged - side) / stride + 1;
        Blocks::Rows(even(rows.min(PIXELS / to), to))
    }

    /// Values that staging a block takes.
    pub(super) fn staged(self, geometry: &Geometry, lanes: usize) -> usize {
        // The last pixel is written in whole vectors.
        match self {
            Blocks::Pixels(pixels) => pixels * geometry.in_channels.next_multiple_of(lanes),
            Blocks::Rows(rows) => {
                let staged = ((rows - 1) * geometry.stride + geometry.side).min(geometry.from);
                staged * padded_row(geometry) + lanes
            }
            Blocks::Images(images) => images * image_stride(geometry) + lanes,
        }
    }
}

/// Values of a staged row: channels side by side, padding at both ends.
pub(super) fn padded_row(geometry: &Geometry) -> usize {
    (geometry.from + 2 * geometry.padding()) * geometry.in_channels
}

/// Output rows of a depthwise block: its staged rows, one vector of channels wide, stay near.
pub(super) fn depthwise_rows(geometry: &Geometry, lanes: usize) -> usize {
    let row = (geometry.from + 2 * geometry.padding()) * lanes;
    let staged = (ROWS_NEAR / row).max(geometry.side + 3 * geometry.stride);
    let rows = (staged - geometry.side) / geometry.stride + 1;
    even(rows.min(PIXELS / geometry.to), geometry.to)
}

/// Values that staging a depthwise block takes.
pub(super) fn depthwise_staged(geometry: &Geometry, lanes: usize) -> usize {
    let rows = depthwise_rows(geometry, lanes);
    let staged = ((rows - 1) * geometry.stride + geometry.side).min(geometry.from);
    staged * (geometry.from + 2 * geometry.padding()) * lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(side: usize, stride: usize, from: usize) -> Geometry {
        let to = (from - 1) / stride + 1;
        Geometry {
            in_channels: 8,
            out_channels: 8,
            side,
            stride,
            depthwise: false,
            from,
            to,
            activation: Activation::Relu,
        }
    }

    /// Against the definition: which kernel rows fall on the map.
    #[test]
    fn windows_are_the_rows_that_see_the_map() {
        for (side, stride, from) in [
            (1, 1, 5),
            (3, 1, 4),
            (3, 2, 5),
            (7, 1, 2),
            (7, 2, 3),
            (5, 2, 1),
            (7, 8, 20),
            (1, 4, 9),
        ] {
            let geometry = geometry(side, stride, from);
            let mut all = Vec::new();
            for at in 0..geometry.to {
                let sees = |kernel: &usize| {
                    let row = (at * stride + kernel) as isize - geometry.padding() as isize;
                    (0..from as isize).contains(&row)
                };
                let expected: Vec<usize> = (0..side).filter(sees).collect();
                assert_eq!(
                    geometry.window(at).collect::<Vec<_>>(),
                    expected,
                    "{geometry:?} at {at}"
                );
                all.extend(expected);
            }
            let (first, last) = (all.iter().min().expect("some"), all.iter().max().expect("some"));
            assert_eq!(geometry.windows(), *first..last + 1);
        }
    }
}
