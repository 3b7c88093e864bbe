//! Drawing: the seeded normals of [`crate::random`], vectors at a time, in the kernels' layout.
//!
//! Owns: the order in which kernels find weights and inputs. Must not know: layers. Invariant: a
//! value depends on its place in the tensor alone, not on the layout nor the vectors' width.
#![expect(unsafe_code, reason = "whole vectors are stored into slices whose sizes are asserted")]

use std::ops::Range;

use super::simd::{Kernel, Simd};
use crate::random::{
    Normals,
    normal::{CELL, COSINE, GROUP, LN_2, LOGARITHM, SINE, TURN},
};

/// Values drawn at a time, at least.
const CHUNK: usize = 1024;

/// A matrix of draws, `width` to a row, that is stored as panels side by side.
pub(super) struct Matrix<'a> {
    pub normals: Normals,
    pub width: usize,
    /// Rows in all, which places the panels.
    pub rows: usize,
    pub to: &'a mut [f32],
}

/// Room that [`Matrix::draw`] needs for rows of `width` values.
pub(super) fn drawn_len(width: usize) -> usize {
    rows_together(width) * width + 2 * GROUP
}

/// Rows drawn together: some thousand values, whole groups of them where the width is even enough.
fn rows_together(width: usize) -> usize {
    CHUNK.div_ceil(width).next_multiple_of(8)
}

impl Matrix<'_> {
    /// Draws some of the rows. `panels` are the panels' first columns and widths; what a panel has
    /// beyond `width` becomes 0. `drawn` is room to work in.
    pub(super) fn draw<S: Simd>(
        &mut self,
        s: S,
        rows: Range<usize>,
        panels: impl Iterator<Item = (usize, usize)> + Clone,
        drawn: &mut [f32],
    ) {
        assert!(drawn.len() >= drawn_len(self.width) && rows.end <= self.rows);
        let together = rows_together(self.width);
        for first in rows.clone().step_by(together) {
            let count = together.min(rows.end - first);
            let (start, end) = (first * self.width, (first + count) * self.width);
            let (group, end_group) = (start / GROUP, end.div_ceil(GROUP));
            let groups = &mut drawn[..(end_group - group) * GROUP];
            s.run(Groups { normals: self.normals, first: group as u32, out: groups });
            let values = &groups[start - group * GROUP..][..count * self.width];
            self.lay_out(s, first, values, panels.clone());
        }
    }

    fn lay_out<S: Simd>(
        &mut self,
        s: S,
        first: usize,
        values: &[f32],
        panels: impl Iterator<Item = (usize, usize)>,
    ) {
        for (column, width) in panels {
            let start = column * self.rows + first * width;
            let count = values.len() / self.width;
            let to = &mut self.to[start..start + count * width];
            let from = &values[column.min(self.width)..];
            let used = width.min(self.width.saturating_sub(column));
            s.run(Columns { from, from_stride: self.width, to, to_stride: width, used });
        }
    }
}

/// Copies the first `used` values of every row; the rest of a row becomes 0.
struct Columns<'a> {
    from: &'a [f32],
    from_stride: usize,
    to: &'a mut [f32],
    to_stride: usize,
    used: usize,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // Rows are short: as copies of known size they are a few instructions each.
        let whole = self.used == self.to_stride && self.used.is_multiple_of(S::LANES);
        match self.used / S::LANES {
            1 if whole => self.copy::<S, 1>(s),
            2 if whole => self.copy::<S, 2>(s),
            3 if whole => self.copy::<S, 3>(s),
            _ => {
                let rows = self.to.chunks_exact_mut(self.to_stride);
                for (to, from) in rows.zip(self.from.chunks(self.from_stride)) {
                    let (used, rest) = to.split_at_mut(self.used);
                    used.copy_from_slice(&from[..self.used]);
                    rest.fill(0.0);
                }
            }
        }
    }
}

impl Columns<'_> {
    /// Rows of whole vectors.
    #[inline(always)]
    fn copy<S: Simd, const VECTORS: usize>(self, s: S) {
        let rows = self.to.chunks_exact_mut(VECTORS * S::LANES);
        for (to, from) in rows.zip(self.from.chunks(self.from_stride)) {
            let from = &from[..VECTORS * S::LANES];
            for v in 0..VECTORS {
                let at = v * S::LANES;
                // SAFETY: both rows hold so many vectors.
                unsafe { s.store(to[at..].as_mut_ptr(), s.load(from[at..].as_ptr())) };
            }
        }
    }
}

/// Whole groups of draws, from group `first` on.
struct Groups<'a> {
    normals: Normals,
    first: u32,
    out: &'a mut [f32],
}

impl Kernel for Groups<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        const BLOCKS: usize = GROUP / 4;
        let (groups, _) = self.out.as_chunks_mut::<GROUP>();
        let blocks = BLOCKS / S::LANES * groups.len();
        let mut start = 0;
        // Blocks are chains of dependent steps: some run side by side.
        while start < blocks {
            let first = self.first.wrapping_mul(BLOCKS as u32);
            let at = |i: usize| (start + i).min(blocks - 1) * S::LANES;
            let counters = std::array::from_fn(|i| first.wrapping_add(at(i) as u32));
            for (i, words) in philox(s, &self.normals, counters).into_iter().enumerate() {
                let (group, lane) = (at(i) / BLOCKS, at(i) % BLOCKS);
                for pair in 0..2 {
                    let radius = radius(s, words[2 * pair]);
                    let (sin, cos) = sin_cos(s, words[2 * pair + 1]);
                    for (half, value) in [(0, cos), (1, sin)] {
                        let place = (2 * pair + half) * BLOCKS + lane;
                        let out = &mut groups[group][place..place + S::LANES];
                        // SAFETY: the slice holds a vector.
                        unsafe { s.store(out.as_mut_ptr(), s.mul(radius, value)) };
                    }
                }
            }
            start += TOGETHER;
        }
    }
}

/// Vectors of Philox blocks computed side by side.
const TOGETHER: usize = 2;

/// Philox4x32-10 of the blocks from each of `first` on, one to a lane; words of a block by index.
#[inline(always)]
fn philox<S: Simd>(s: S, normals: &Normals, first: [u32; TOGETHER]) -> [[S::U32; 4]; TOGETHER] {
    // Products are twice as wide as their factors, so even and odd blocks go separate ways; what
    // gathers in the lanes between is never looked at.
    let [a, b, c] = normals.counter;
    let [a, b, c] = [s.splat_u32(a), s.splat_u32(b), s.splat_u32(c)];
    // Loops, not iterators: code inside of those would not be compiled for these instructions.
    let mut halves = [[[a; 4]; 2]; TOGETHER];
    for (halves, first) in halves.iter_mut().zip(first) {
        let blocks = s.count_from(first);
        *halves = [[blocks, a, b, c], [s.odd_to_even(blocks), a, b, c]];
    }
    let mut key = normals.key;
    for _ in 0..10 {
        let (key0, key1) = (s.splat_u32(key[0]), s.splat_u32(key[1]));
        for counter in halves.as_flattened_mut() {
            let low0 = s.mul_even(counter[0], 0xD251_1F53);
            let low1 = s.mul_even(counter[2], 0xCD9E_8D57);
            let (high0, high1) = (s.odd_to_even(low0), s.odd_to_even(low1));
            *counter = [
                s.xor(s.xor(high1, counter[1]), key0),
                low1,
                s.xor(s.xor(high0, counter[3]), key1),
                low0,
            ];
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    let mut words = [[a; 4]; TOGETHER];
    for (words, [even, odd]) in words.iter_mut().zip(halves) {
        for (i, word) in words.iter_mut().enumerate() {
            *word = s.interleave_even(even[i], odd[i]);
        }
    }
    words
}

/// √(−2 ln u), step by step as [`crate::random`] defines it.
#[inline(always)]
fn radius<S: Simd>(s: S, word: S::U32) -> S::F32 {
    let half = s.add(s.to_f32(s.shift_right::<1>(word)), s.splat(0.5));
    let u = s.bits_of(s.mul(half, s.splat(CELL)));
    let e = s.shift_right_signed::<23>(s.sub_u32(u, s.splat_u32(0x3F35_04F3)));
    let m = s.float_of(s.sub_u32(u, s.shift_left::<23>(e)));
    let (e, x) = (s.to_f32(e), s.sub(m, s.splat(1.0)));
    let square = s.mul(x, x);
    let mut series = s.splat(LOGARITHM[0]);
    for c in &LOGARITHM[1..] {
        series = s.add(s.mul(series, x), s.splat(*c));
    }
    let tail = s.add(
        s.add(s.mul(s.mul(series, x), square), s.mul(e, s.splat(LN_2[1]))),
        s.mul(square, s.splat(-0.5)),
    );
    let ln = s.add(s.add(x, tail), s.mul(e, s.splat(LN_2[0])));
    s.sqrt(s.mul(ln, s.splat(-2.0)))
}

/// Sine and cosine, step by step as [`crate::random`] defines them.
#[inline(always)]
fn sin_cos<S: Simd>(s: S, word: S::U32) -> (S::F32, S::F32) {
    let quarter = s.shift_right::<30>(s.add_u32(word, s.splat_u32(1 << 29)));
    let from_there = s.to_f32(s.sub_u32(word, s.shift_left::<30>(quarter)));
    let angle = s.mul(from_there, s.splat(TURN));
    let square = s.mul(angle, angle);
    let series = |c: [f32; 3]| {
        let sum = s.add(s.mul(square, s.splat(c[0])), s.splat(c[1]));
        s.add(s.mul(sum, square), s.splat(c[2]))
    };
    let sin = s.add(s.mul(s.mul(series(SINE), square), angle), angle);
    let cos = s.add(
        s.add(s.mul(s.mul(series(COSINE), square), square), s.mul(square, s.splat(-0.5))),
        s.splat(1.0),
    );
    let (sin, cos) = (s.select_odd(quarter, cos, sin), s.select_odd(quarter, sin, cos));
    let signed = |x: S::F32, negative: S::U32| {
        let sign = s.shift_left::<30>(s.and(negative, s.splat_u32(2)));
        s.float_of(s.xor(s.bits_of(x), sign))
    };
    (signed(sin, quarter), signed(cos, s.add_u32(quarter, s.splat_u32(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::{
        testing::{OnPath, on_every_path},
        tile::panels,
    };
    use crate::random::Purpose;

    fn normals(seed: u64) -> Normals {
        Normals::of_shape(seed, Purpose::Weights, 2, 1, [40, 24, 3])
    }

    #[test]
    fn vectors_draw_the_bits_of_the_definition() {
        struct Check;
        impl OnPath for Check {
            fn run<S: Simd>(&self, s: S) {
                // Also where the counter wraps around.
                for first in [0, 77, u32::MAX / 16 - 1] {
                    let mut out = vec![0.0; 4 * GROUP];
                    s.run(Groups { normals: normals(5), first, out: &mut out });
                    for (group, out) in (first..).zip(out.chunks(GROUP)) {
                        let expected = normals(5).group(group).map(f32::to_bits);
                        let out: Vec<u32> = out.iter().map(|x| x.to_bits()).collect();
                        assert_eq!(out, expected);
                    }
                }
            }
        }
        on_every_path(&Check);
    }

    #[test]
    fn matrices_are_laid_out_in_panels() {
        struct Check;
        impl OnPath for Check {
            fn run<S: Simd>(&self, s: S) {
                for (width, rows) in [(3, 50), (8, 9), (40, 30), (49, 47), (130, 20), (1100, 3)] {
                    let mut drawn = vec![0.0; drawn_len(width)];
                    let padded = width.next_multiple_of(S::LANES);
                    let mut to = vec![f32::NAN; rows * padded];
                    let mut expected = vec![0.0; rows * width];
                    normals(9).fill(&mut expected);
                    let part = rows / 3..rows;
                    let mut matrix = Matrix { normals: normals(9), width, rows, to: &mut to };
                    let panels = panels::<S>(width).map(|panel| (panel.first, panel.width::<S>()));
                    matrix.draw(s, part.clone(), panels.clone(), &mut drawn);
                    let mut values = to.iter();
                    for (first, panel) in panels {
                        for (row, column) in (0..rows)
                            .flat_map(|row| (first..first + panel).map(move |column| (row, column)))
                        {
                            let value = *values.next().expect("a value");
                            if !part.contains(&row) {
                                assert!(value.is_nan(), "row {row} was not asked for");
                            } else if column < width {
                                assert_eq!(value, expected[row * width + column]);
                            } else {
                                assert_eq!(value, 0.0);
                            }
                        }
                    }
                }
            }
        }
        on_every_path(&Check);
    }
}
