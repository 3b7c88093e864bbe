//! Loops over channels, which lie side by side: the compiler makes vectors of them.
//!
//! Must not know: threads. Invariant: what a loop is compiled for changes its rounding and nothing else.

use super::weights::Weights;
use crate::nn::{
    cpu::{Kernel, Simd},
    graph::Window,
    network::Activation,
};

/// Channels that are summed up in registers at a time.
const LANES: usize = 32;

/// y + bias, then the sum, then the activation, of whole pixels, in place.
pub(super) struct Finish<'a> {
    pub bias: &'a [f32],
    pub added: Option<&'a [f32]>,
    pub activation: Activation,
    pub y: &'a mut [f32],
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Finish { bias, added, activation, y } = self;
        let width = bias.len();
        // Below any value.
        let least = match activation {
            Activation::Relu => 0.0,
            Activation::Linear => f32::NEG_INFINITY,
        };
        let mut start = 0;
        while start < y.len() {
            let pixel = &mut y[start..start + width];
            match added {
                Some(added) => {
                    let added = &added[start..start + width];
                    for at in 0..width {
                        let value = pixel[at] + bias[at] + added[at];
                        pixel[at] = if value > least { value } else { least };
                    }
                }
                None => {
                    for at in 0..width {
                        let value = pixel[at] + bias[at];
                        pixel[at] = if value > least { value } else { least };
                    }
                }
            }
            start += width;
        }
    }
}

/// x + added.
pub(super) struct Add<'a> {
    pub x: &'a [f32],
    pub added: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Add { x, added, y } = self;
        let (x, added) = (&x[..y.len()], &added[..y.len()]);
        for at in 0..y.len() {
            y[at] = x[at] + added[at];
        }
    }
}

/// y + `scale` · Σ of the pixels of `x`.
pub(super) struct Scale<'a> {
    pub x: &'a [f32],
    pub scale: f32,
    pub y: &'a mut [f32],
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Scale { x, scale, y } = self;
        let width = y.len();
        let mut start = 0;
        while start + width <= x.len() {
            let pixel = &x[start..start + width];
            for at in 0..width {
                y[at] += pixel[at];
            }
            start += width;
        }
        for value in y {
            *value *= scale;
        }
    }
}

/// A depthwise conv: output rows from `first` on, counted through all samples.
pub(super) struct Depthwise<'a> {
    pub window: Window,
    pub x: &'a [f32],
    pub weights: &'a Weights,
    pub first: usize,
    pub y: &'a mut [f32],
}

impl Kernel for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Depthwise { window, x, weights, first, y } = self;
        let channels = weights.bias.len();
        let weights = &weights.values[..];
        let visit = Visit { window, channels, first };
        visit.pixels(
            y.len(),
            #[inline(always)]
            |start, under| {
                let mut channel = 0;
                while channel + LANES <= channels {
                    sum_taps::<LANES>(
                        (x, weights),
                        (channels, channel),
                        under,
                        &mut y[start + channel..],
                    );
                    channel += LANES;
                }
                while channel + 8 <= channels {
                    sum_taps::<8>(
                        (x, weights),
                        (channels, channel),
                        under,
                        &mut y[start + channel..],
                    );
                    channel += 8;
                }
                while channel < channels {
                    sum_taps::<1>(
                        (x, weights),
                        (channels, channel),
                        under,
                        &mut y[start + channel..],
                    );
                    channel += 1;
                }
            },
        );
    }
}

/// Taps of one output: (rows, columns) of the window, and the pixel of the maps under the first.
#[derive(Clone, Copy)]
struct Under {
    rows: (usize, usize),
    columns: (usize, usize),
    corner: usize,
    side: usize,
    kernel: usize,
}

/// Outputs row by row.
#[derive(Clone, Copy)]
struct Visit {
    window: Window,
    channels: usize,
    first: usize,
}

impl Visit {
    /// Where each output of `len` values starts, and what is under its window.
    #[inline(always)]
    fn pixels(self, len: usize, mut each: impl FnMut(usize, Under)) {
        let Visit { window, channels, first } = self;
        let Window { kernel, stride, side, out } = window;
        let rows = len / (out * channels);
        for row in 0..rows {
            let (sample, oy) = ((first + row) / out, (first + row) % out);
            let (top, bottom) = reach(oy, stride, kernel, side);
            for ox in 0..out {
                let (left, right) = reach(ox, stride, kernel, side);
                let pad = (kernel - 1) / 2;
                let (iy, ix) = (oy * stride + top - pad, ox * stride + left - pad);
                let under = Under {
                    rows: (top, bottom),
                    columns: (left, right),
                    corner: (sample * side + iy) * side + ix,
                    side,
                    kernel,
                };
                each((row * out + ox) * channels, under);
            }
        }
    }
}

/// The taps along one axis of output `o` that are on the map.
#[inline(always)]
fn reach(o: usize, stride: usize, kernel: usize, side: usize) -> (usize, usize) {
    let pad = (kernel - 1) / 2;
    let start = pad.saturating_sub(o * stride);
    let end = (side + pad - o * stride).min(kernel);
    (start, end)
}

#[inline(always)]
fn sum_taps<const N: usize>(
    (x, weights): (&[f32], &[f32]),
    (channels, channel): (usize, usize),
    under: Under,
    y: &mut [f32],
) {
    let Under { rows, columns, corner, side, kernel } = under;
    let mut sums = [0.0_f32; N];
    for ty in rows.0..rows.1 {
        let line = corner + (ty - rows.0) * side;
        for tx in columns.0..columns.1 {
            let pixel = (line + tx - columns.0) * channels + channel;
            let tap = (ty * kernel + tx) * channels + channel;
            let (pixel, tap) = (&x[pixel..pixel + N], &weights[tap..tap + N]);
            for at in 0..N {
                sums[at] += pixel[at] * tap[at];
            }
        }
    }
    y[..N].copy_from_slice(&sums);
}

/// A max-pool: output rows from `first` on, counted through all samples.
pub(super) struct Largest<'a> {
    pub window: Window,
    pub x: &'a [f32],
    pub channels: usize,
    pub first: usize,
    pub y: &'a mut [f32],
}

impl Kernel for Largest<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Largest { window, x, channels, first, y } = self;
        let visit = Visit { window, channels, first };
        visit.pixels(
            y.len(),
            #[inline(always)]
            |start, under| {
                let y = &mut y[start..start + channels];
                y.fill(f32::NEG_INFINITY);
                for ty in 0..under.rows.1 - under.rows.0 {
                    for tx in 0..under.columns.1 - under.columns.0 {
                        let pixel = (under.corner + ty * under.side + tx) * channels;
                        let pixel = &x[pixel..pixel + channels];
                        for at in 0..channels {
                            y[at] = if pixel[at] > y[at] { pixel[at] } else { y[at] };
                        }
                    }
                }
            },
        );
    }
}
