//! Max-pools over raw maps: the norm and the ReLU behind the conv come later, when the next conv stages
//! what is left. Both grow with their argument (a norm's scale is positive), so the largest raw value
//! stays the largest.
//!
//! Must not know: norms. Invariant: what lies beside the map is never the largest.
#![expect(
    unsafe_code,
    reason = "vectors are read and written through pointers into checked slices"
)]

use super::simd::{Kernel, Simd};
use crate::arch::{LayerAt, MaxPool};

/// A pool with the maps around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PoolGeometry {
    pub side: usize,
    pub stride: usize,
    /// Side of the map it takes.
    pub from: usize,
    /// Side of the map it gives: ⌈from / stride⌉.
    pub to: usize,
}

impl PoolGeometry {
    /// Of the pool behind the conv `at`.
    pub(super) fn new(pool: &MaxPool, at: &LayerAt) -> PoolGeometry {
        let (stride, from) = (pool.stride as usize, at.output.resolution as usize);
        PoolGeometry { side: pool.kernel.side() as usize, stride, from, to: from.div_ceil(stride) }
    }

    /// Rows (or columns) of the map under output row (or column) `at`.
    fn window(&self, at: usize) -> std::ops::Range<usize> {
        let (first, padding) = (at * self.stride, (self.side - 1) / 2);
        first.saturating_sub(padding)..(first + self.side - padding).min(self.from)
    }
}

/// One pass: maps of (images, side, side, channels).
pub(super) struct Pool<'a> {
    pub geometry: PoolGeometry,
    pub images: usize,
    /// In whole vectors.
    pub channels: usize,
    pub from: &'a [f32],
    pub to: &'a mut [f32],
}

impl Pool<'_> {
    pub(super) fn run_on<S: Simd>(self, s: S) {
        let PoolGeometry { from, to, .. } = self.geometry;
        assert!(self.channels.is_multiple_of(S::LANES) && to > 0);
        assert!(self.from.len() >= self.images * from * from * self.channels);
        assert!(self.to.len() >= self.images * to * to * self.channels);
        s.run(Checked(self));
    }
}

/// Made only where `run_on` has checked the slices.
struct Checked<'a>(Pool<'a>);

impl Kernel for Checked<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Pool { geometry: g, images, channels, from, to } = self.0;
        for image in 0..images {
            for y in 0..g.to {
                let rows = g.window(y);
                for x in 0..g.to {
                    let columns = g.window(x);
                    let out = ((image * g.to + y) * g.to + x) * channels;
                    for channel in (0..channels).step_by(S::LANES) {
                        let mut most = s.splat(f32::NEG_INFINITY);
                        for row in rows.start..rows.end {
                            for column in columns.start..columns.end {
                                let at = ((image * g.from + row) * g.from + column) * channels;
                                // SAFETY: windows lie on the map, and `run_on` has checked that all maps
                                // with whole vectors of channels lie in the slice.
                                let value = unsafe { s.load(from.as_ptr().add(at + channel)) };
                                most = s.max(most, value);
                            }
                        }
                        // SAFETY: as above, for the map that is written.
                        unsafe { s.store(to.as_mut_ptr().add(out + channel), most) };
                    }
                }
            }
        }
    }
}
