//! The tile: a few output pixels times a panel of output channels, all in registers.
//!
//! Search spaces count channels in eights, and vectors may hold 16: where half of a panel's last
//! vector would be idle, two pixels share it.
//!
//! Owns: the innermost loop of every dense conv. Must not know: maps, layers, where a patch comes
//! from. Invariant: inputs are read one value at a time and may lie anywhere; weights, outputs and
//! sums are whole vectors.
#![expect(unsafe_code, reason = "operands are pointers that the caller has checked as a whole")]

use std::marker::PhantomData;

use super::simd::{Kernel, MAX_PANEL, MAX_PIXELS, Simd};

/// The operands of one tile, in values. The patch of an output pixel is `runs` runs of `run_len`
/// values each; the panel has a row of weights (`panel` vectors) for each of them.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// The patch of the first pixel.
    pub x: *const f32,
    /// From a pixel's patch to the next one's.
    pub x_stride: usize,
    pub runs: usize,
    pub run_len: usize,
    /// From a run of a patch to its next.
    pub run_stride: usize,
    pub weights: *const f32,
    /// From the first weights of a run to those of the next.
    pub weights_stride: usize,
    pub out: *mut f32,
    /// From a pixel's output to the next one's.
    pub out_stride: usize,
    /// What the epilogue works with, a value for each channel of the panel.
    pub channels: [*mut f32; 2],
}

/// What becomes of the products.
pub(super) trait Epilogue: 'static {
    /// # Safety
    /// As [`TileFn`].
    unsafe fn finish<S: Simd, const ROWS: usize, const PANEL: usize>(
        s: S,
        products: [[S::F32; PANEL]; ROWS],
        tile: &Tile,
    );
}

/// Stores them.
pub(super) struct Store;

/// Stores them, and adds them and their squares to `channels`.
pub(super) struct StoreAndSum;

/// Stores max(0, product · scale + shift), with `channels` scale and shift.
pub(super) struct Normalise;

impl Epilogue for Store {
    #[inline(always)]
    unsafe fn finish<S: Simd, const ROWS: usize, const PANEL: usize>(
        s: S,
        products: [[S::F32; PANEL]; ROWS],
        tile: &Tile,
    ) {
        for (row, products) in products.into_iter().enumerate() {
            for (v, product) in products.into_iter().enumerate() {
                // SAFETY: the caller's promise on `out`.
                unsafe { s.store(tile.out.add(row * tile.out_stride + v * S::LANES), product) };
            }
        }
    }
}

impl Epilogue for StoreAndSum {
    #[inline(always)]
    unsafe fn finish<S: Simd, const ROWS: usize, const PANEL: usize>(
        s: S,
        products: [[S::F32; PANEL]; ROWS],
        tile: &Tile,
    ) {
        for v in 0..PANEL {
            // SAFETY: the caller's promise on `channels` and `out`.
            unsafe {
                let [sums, squares] = tile.channels.map(|channels| channels.add(v * S::LANES));
                // The tile's own sums first: fewer roundings of the large ones.
                let (mut sum, mut square) = (s.splat(0.0), s.splat(0.0));
                for (row, products) in products.iter().enumerate() {
                    sum = s.add(sum, products[v]);
                    square = s.mul_add(products[v], products[v], square);
                    s.store(tile.out.add(row * tile.out_stride + v * S::LANES), products[v]);
                }
                s.store(sums, s.add(s.load(sums), sum));
                s.store(squares, s.add(s.load(squares), square));
            }
        }
    }
}

impl Epilogue for Normalise {
    #[inline(always)]
    unsafe fn finish<S: Simd, const ROWS: usize, const PANEL: usize>(
        s: S,
        products: [[S::F32; PANEL]; ROWS],
        tile: &Tile,
    ) {
        for v in 0..PANEL {
            // SAFETY: the caller's promise on `channels` and `out`.
            unsafe {
                let [scale, shift] =
                    tile.channels.map(|channels| s.load(channels.add(v * S::LANES)));
                for (row, products) in products.iter().enumerate() {
                    let y = s.max(s.splat(0.0), s.mul_add(products[v], scale, shift));
                    s.store(tile.out.add(row * tile.out_stride + v * S::LANES), y);
                }
            }
        }
    }
}

/// Computes a tile of a fixed number of pixels and vectors of channels.
///
/// # Safety
/// `x` is valid for reads of all patches, `weights` of all rows, `out` for writes of a panel for
/// each pixel, and `channels`, unless the epilogue is [`Store`], for reads and writes of a panel.
pub(super) type TileFn<S> = unsafe fn(S, &Tile);

struct Work<'a, E, const ROWS: usize, const PANEL: usize, const PAIRS: usize> {
    tile: &'a Tile,
    epilogue: PhantomData<E>,
}

impl<E: Epilogue, const ROWS: usize, const PANEL: usize, const PAIRS: usize> Kernel
    for Work<'_, E, ROWS, PANEL, PAIRS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let tile = self.tile;
        let half = S::LANES / 2;
        let width = PANEL * S::LANES + if PAIRS > 0 { half } else { 0 };
        let mut sums = [[s.splat(0.0); PANEL]; ROWS];
        let mut paired = [s.splat(0.0); PAIRS];
        for run in 0..tile.runs {
            // SAFETY: `TileFn`'s promise, through `compute`: every run, pixel and row of weights
            // is readable.
            unsafe {
                let x = tile.x.add(run * tile.run_stride);
                let weights = tile.weights.add(run * tile.weights_stride);
                for i in 0..tile.run_len {
                    let row = weights.add(i * width);
                    let mut w = [s.splat(0.0); PANEL];
                    for (v, w) in w.iter_mut().enumerate() {
                        *w = s.load(row.add(v * S::LANES));
                    }
                    let shared = if PAIRS > 0 {
                        s.load_half(row.add(PANEL * S::LANES))
                    } else {
                        s.splat(0.0)
                    };
                    for pixel in 0..ROWS {
                        let x = x.add(pixel * tile.x_stride + i);
                        let value = s.splat(*x);
                        for (sum, w) in sums[pixel].iter_mut().zip(w) {
                            *sum = s.mul_add(value, w, *sum);
                        }
                        // Close to its pixels, whose values are in registers here.
                        if PAIRS > 0 && pixel % 2 == 1 {
                            let pair = s.splat_pair(*x.sub(tile.x_stride), *x);
                            paired[pixel / 2] = s.mul_add(pair, shared, paired[pixel / 2]);
                        } else if PAIRS > 0 && pixel + 1 == ROWS {
                            paired[pixel / 2] = s.mul_add(value, shared, paired[pixel / 2]);
                        }
                    }
                }
            }
        }
        // SAFETY: `TileFn`'s promise.
        unsafe { E::finish(s, sums, tile) };
        if PAIRS > 0 {
            let mut halves = [[s.splat(0.0); 1]; ROWS];
            for (pair, sum) in paired.into_iter().enumerate() {
                let [lower, upper] = s.halves(sum);
                halves[2 * pair] = [lower];
                if 2 * pair + 1 < ROWS {
                    halves[2 * pair + 1] = [upper];
                }
            }
            // SAFETY: `TileFn`'s promise: behind the panel's whole vectors comes one more.
            unsafe {
                let beside = PANEL * S::LANES;
                let channels = tile.channels.map(|channels| channels.wrapping_add(beside));
                E::finish(s, halves, &Tile { out: tile.out.add(beside), channels, ..*tile });
            }
        }
    }
}

/// # Safety
/// As [`TileFn`].
unsafe fn whole<S: Simd, E: Epilogue, const ROWS: usize, const PANEL: usize>(s: S, tile: &Tile) {
    // The table has all sizes; those that don't fit this instruction set's registers are no code.
    if ROWS <= S::TILE_PIXELS[PANEL - 1] {
        s.run(Work::<E, ROWS, PANEL, 0> { tile, epilogue: PhantomData });
    } else {
        unreachable!("no tile has more rows than TILE_PIXELS");
    }
}

/// # Safety
/// As [`TileFn`].
unsafe fn halved<
    S: Simd,
    E: Epilogue,
    const ROWS: usize,
    const PANEL: usize,
    const PAIRS: usize,
>(
    s: S,
    tile: &Tile,
) {
    const { assert!(PAIRS == ROWS.div_ceil(2)) };
    match S::HALF_TILE_PIXELS {
        Some(rows) if ROWS <= rows[PANEL] => {
            s.run(Work::<E, ROWS, PANEL, PAIRS> { tile, epilogue: PhantomData });
        }
        _ => unreachable!("no tile has more rows than HALF_TILE_PIXELS"),
    }
}

/// Every tile of an instruction set and an epilogue: by vectors of channels, by pixels − 1.
pub(super) struct Tiles<S, E>(PhantomData<(S, E)>);

macro_rules! wholes {
    ($panel:literal: $($rows:literal)*) => { [$(whole::<S, E, $rows, $panel>),*] };
}

macro_rules! halves {
    ($panel:literal: $($rows:literal $pairs:literal),*) => {
        [$(halved::<S, E, $rows, $panel, $pairs>),*]
    };
}

impl<S: Simd, E: Epilogue> Tiles<S, E> {
    const WHOLE: [[TileFn<S>; MAX_PIXELS]; MAX_PANEL] = [
        wholes!(1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
        wholes!(2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
        wholes!(3: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
    ];

    const HALVED: [[TileFn<S>; MAX_PIXELS]; MAX_PANEL] = [
        halves!(0: 1 1, 2 1, 3 2, 4 2, 5 3, 6 3, 7 4, 8 4, 9 5, 10 5, 11 6, 12 6, 13 7, 14 7, 15 8, 16 8),
        halves!(1: 1 1, 2 1, 3 2, 4 2, 5 3, 6 3, 7 4, 8 4, 9 5, 10 5, 11 6, 12 6, 13 7, 14 7, 15 8, 16 8),
        halves!(2: 1 1, 2 1, 3 2, 4 2, 5 3, 6 3, 7 4, 8 4, 9 5, 10 5, 11 6, 12 6, 13 7, 14 7, 15 8, 16 8),
    ];

    /// Computes `pixels` output pixels in tiles of nearly the same size; `first` is what a tile at
    /// pixel 0 would be.
    ///
    /// # Safety
    /// As [`TileFn`], for all pixels.
    #[inline(always)]
    pub(super) unsafe fn row(s: S, panel: Panel, pixels: usize, first: &Tile) {
        let (table, most) = match (S::HALF_TILE_PIXELS, panel.halved) {
            (Some(rows), true) => (&Self::HALVED[panel.vectors - 1], rows[panel.vectors - 1]),
            _ => (&Self::WHOLE[panel.vectors - 1], S::TILE_PIXELS[panel.vectors - 1]),
        };
        let tiles = pixels.div_ceil(most);
        let mut done = 0;
        for left in (1..=tiles).rev() {
            let rows = (pixels - done).div_ceil(left);
            let mut tile = *first;
            // SAFETY: pixel `done` is one of `pixels`, which the caller promises.
            unsafe {
                tile.x = first.x.add(done * first.x_stride);
                tile.out = first.out.add(done * first.out_stride);
                table[rows - 1](s, &tile);
            }
            done += rows;
        }
    }
}

/// Some output channels of a conv, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    /// Its first channel.
    pub first: usize,
    /// Vectors of channels in the maps.
    pub vectors: usize,
    /// Of the last vector only the lower half is used.
    pub halved: bool,
}

impl Panel {
    /// Weights in a row.
    pub(super) fn width<S: Simd>(&self) -> usize {
        self.vectors * S::LANES - if self.halved { S::LANES / 2 } else { 0 }
    }
}

/// Weights in a row of all panels.
pub(super) fn row_width<S: Simd>(channels: usize) -> usize {
    panels::<S>(channels).map(|panel| panel.width::<S>()).sum()
}

/// The panels of a conv with so many output channels: as few as possible, as even as possible.
pub(super) fn panels<S: Simd>(channels: usize) -> impl Iterator<Item = Panel> + Clone {
    let vectors = channels.div_ceil(S::LANES);
    let count = vectors.div_ceil(S::PANEL);
    let spare = vectors * S::LANES - channels >= S::LANES / 2;
    let halved = S::HALF_TILE_PIXELS.is_some() && spare;
    let mut first = 0;
    (0..count).map(move |i| {
        let vectors = (vectors - i).div_ceil(count);
        let panel = Panel { first, vectors, halved: halved && i + 1 == count };
        first += vectors * S::LANES;
        panel
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::testing::{OnPath, on_every_path};

    #[test]
    fn panels_cover_all_channels_evenly() {
        struct Check;
        impl OnPath for Check {
            fn run<S: Simd>(&self, _: S) {
                for channels in 1..200 {
                    let panels: Vec<_> = panels::<S>(channels).collect();
                    let vectors: usize = panels.iter().map(|panel| panel.vectors).sum();
                    assert_eq!(vectors, channels.div_ceil(S::LANES));
                    assert_eq!(panels.len(), vectors.div_ceil(S::PANEL));
                    let mut first = 0;
                    for panel in &panels {
                        assert_eq!(panel.first, first);
                        first += panel.vectors * S::LANES;
                    }
                    let last = panels[panels.len() - 1];
                    assert!(last.first + last.width::<S>() >= channels);
                    let half = S::LANES / 2;
                    let fits = last.first + last.width::<S>() - channels < half;
                    assert_eq!(
                        fits,
                        S::HALF_TILE_PIXELS.is_some()
                            || channels % S::LANES > half
                            || channels % S::LANES == 0
                    );
                }
            }
        }
        on_every_path(&Check);
    }
}
