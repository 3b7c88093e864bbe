//! Depthwise convs: one vector of channels at a time.
//!
//! Must not know: where weights come from, what comes next. Invariant: kernel rows that see
//! nothing but padding are left out.
#![expect(unsafe_code, reason = "the kernel takes pointers into slices whose sizes are asserted")]

use super::{
    dense::Pass,
    geometry::{Geometry, PIXELS, depthwise_rows, depthwise_staged},
    moments::PanelSums,
    simd::{Kernel, Simd},
    stage::Stage,
};

/// Most output pixels of a kernel call.
const MAX_PIXELS: usize = 8;

/// Widest kernel.
const MAX_SIDE: usize = 7;

impl Pass<'_> {
    /// Runs the conv and sums its output. What the kernel trusts is asserted first.
    pub(super) fn depthwise<S: Simd>(self, s: S) {
        let g = self.geometry;
        let lanes = S::LANES;
        let channels = g.out_channels.next_multiple_of(lanes);
        assert!(self.from.len() >= self.images * g.in_pixels() * channels);
        assert!(self.to.len() >= self.images * g.out_pixels() * channels);
        assert!(self.weights.len() >= g.side * g.side * channels);
        assert!(self.staged.len() >= depthwise_staged(&g, lanes));
        assert!(g.depthwise && g.to == (g.from - 1) / g.stride + 1 && g.side <= MAX_SIDE);
        let work = Work { s, pass: self, channels };
        if is_whole(&g) {
            work.whole();
        } else {
            work.rows();
        }
    }
}

struct Work<'a, S> {
    s: S,
    pass: Pass<'a>,
    /// In whole vectors.
    channels: usize,
}

impl<S: Simd> Work<'_, S> {
    /// Narrow maps: whole images, without padding.
    fn whole(self) {
        let Work { s, pass, channels } = self;
        let g = pass.geometry;
        let mut sums = PanelSums::new();
        let block = PIXELS / g.in_pixels();
        for channel in (0..channels).step_by(S::LANES) {
            for image in 0..pass.images {
                let at = image * g.in_pixels() * channels + channel;
                let staged = &mut pass.staged[..g.in_pixels() * S::LANES];
                let stage = Stage {
                    from: pass.from[at..].as_ptr(),
                    from_stride: channels,
                    to: staged.as_mut_ptr(),
                    to_stride: S::LANES,
                    pixels: g.in_pixels(),
                    vectors: 1,
                    norm: pass.norm.map(|norm| norm.channels_from(channel)),
                };
                // SAFETY: the image lies inside of `from`, `staged` holds a vector for each of its
                // pixels.
                unsafe { stage.run_on(s) };
                let taps = Taps {
                    x: staged.as_ptr(),
                    x_stride: S::LANES,
                    rows: g.side,
                    row_stride: g.from * S::LANES,
                    weights: pass.weights[channel..].as_ptr(),
                    out: pass.to[at..].as_mut_ptr(),
                    channels,
                    sums: sums.pointers(),
                };
                // SAFETY: the staged image, the channel's weights and the image's outputs lie
                // inside of what `depthwise` asserted.
                unsafe { whole_image(s, g.side, g.from, taps) };
                if (image + 1) % block == 0 {
                    pass.moments.add(channel, S::LANES, &mut sums);
                }
            }
            pass.moments.add(channel, S::LANES, &mut sums);
        }
    }

    /// Rows of one image, padded at both ends.
    fn rows(self) {
        let Work { s, pass, channels } = self;
        let g = pass.geometry;
        let lanes = S::LANES;
        let pad = g.padding();
        let row_len = (g.from + 2 * pad) * lanes;
        let block = depthwise_rows(&g, lanes);
        let mut sums = PanelSums::new();
        for image in 0..pass.images {
            for first in (0..g.to).step_by(block) {
                let rows = first..(first + block).min(g.to);
                let top = g.source(first, g.window(first).start);
                let last = rows.end - 1;
                let bottom = g.source(last, g.window(last).end - 1);
                for channel in (0..channels).step_by(lanes) {
                    for row in top..=bottom {
                        let staged = &mut pass.staged[(row - top) * row_len..][..row_len];
                        let (left, rest) = staged.split_at_mut(pad * lanes);
                        let (inside, right) = rest.split_at_mut(g.from * lanes);
                        left.fill(0.0);
                        right.fill(0.0);
                        let from = (image * g.from + row) * g.from * channels + channel;
                        let stage = Stage {
                            from: pass.from[from..].as_ptr(),
                            from_stride: channels,
                            to: inside.as_mut_ptr(),
                            to_stride: lanes,
                            pixels: g.from,
                            vectors: 1,
                            norm: pass.norm.map(|norm| norm.channels_from(channel)),
                        };
                        // SAFETY: the row lies inside of `from`, and `inside` holds a vector for
                        // each of its pixels.
                        unsafe { stage.run_on(s) };
                    }
                    for y in rows.clone() {
                        let window = g.window(y);
                        let staged = (g.source(y, window.start) - top) * row_len;
                        let weights = window.start * g.side * channels + channel;
                        let out = (image * g.to + y) * g.to * channels + channel;
                        let taps = Taps {
                            x: pass.staged[staged..].as_ptr(),
                            x_stride: g.stride * lanes,
                            rows: window.len(),
                            row_stride: row_len,
                            weights: pass.weights[weights..].as_ptr(),
                            out: pass.to[out..].as_mut_ptr(),
                            channels,
                            sums: sums.pointers(),
                        };
                        // SAFETY: the staged rows of the window with their padding, its weights
                        // and a row of outputs lie inside of what `depthwise` asserted.
                        unsafe { row(s, g.side, g.to, taps) };
                    }
                    pass.moments.add(channel, lanes, &mut sums);
                }
            }
        }
    }
}

/// Output pixels side by side, one vector of channels each.
#[derive(Clone, Copy)]
struct Taps {
    /// What the first pixel's first tap sees.
    x: *const f32,
    /// From a pixel to the next one.
    x_stride: usize,
    /// Kernel rows.
    rows: usize,
    row_stride: usize,
    weights: *const f32,
    out: *mut f32,
    /// From a tap's weights to the next, from an output to the next.
    channels: usize,
    sums: [*mut f32; 2],
}

/// # Safety
/// `x` is valid for all taps of all pixels, `weights` for all taps, `out` for a vector a pixel,
/// `sums` for a vector each.
type TapsFn<S> = unsafe fn(S, Taps);

/// # Safety
/// As [`TapsFn`], for `pixels` pixels and kernels of `side` columns.
unsafe fn row<S: Simd>(s: S, side: usize, pixels: usize, first: Taps) {
    let adjacent = first.x_stride == S::LANES;
    let table = match (side, adjacent) {
        (1, _) => table::<S, 1, false>(),
        (3, true) => table::<S, 3, true>(),
        (3, false) => table::<S, 3, false>(),
        (5, true) => table::<S, 5, true>(),
        (5, false) => table::<S, 5, false>(),
        (7, true) => table::<S, 7, true>(),
        (7, false) => table::<S, 7, false>(),
        _ => unreachable!("kernels have 1, 3, 5 or 7 columns"),
    };
    let calls = pixels.div_ceil(S::DEPTHWISE_PIXELS);
    let mut done = 0;
    for left in (1..=calls).rev() {
        let count = (pixels - done).div_ceil(left);
        // SAFETY: pixel `done` is one of `pixels`, which the caller promises.
        unsafe {
            let (x, out) =
                (first.x.add(done * first.x_stride), first.out.add(done * first.channels));
            table[count - 1](s, Taps { x, out, ..first });
        }
        done += count;
    }
}

const fn table<S: Simd, const SIDE: usize, const ADJACENT: bool>() -> [TapsFn<S>; MAX_PIXELS] {
    [
        compute::<S, SIDE, ADJACENT, 1>,
        compute::<S, SIDE, ADJACENT, 2>,
        compute::<S, SIDE, ADJACENT, 3>,
        compute::<S, SIDE, ADJACENT, 4>,
        compute::<S, SIDE, ADJACENT, 5>,
        compute::<S, SIDE, ADJACENT, 6>,
        compute::<S, SIDE, ADJACENT, 7>,
        compute::<S, SIDE, ADJACENT, 8>,
    ]
}

/// # Safety
/// As [`TapsFn`].
unsafe fn compute<S: Simd, const SIDE: usize, const ADJACENT: bool, const PIXELS: usize>(
    s: S,
    taps: Taps,
) {
    s.run(Row::<SIDE, ADJACENT, PIXELS>(taps));
}

struct Row<const SIDE: usize, const ADJACENT: bool, const PIXELS: usize>(Taps);

impl<const SIDE: usize, const ADJACENT: bool, const PIXELS: usize> Kernel
    for Row<SIDE, ADJACENT, PIXELS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let taps = self.0;
        let mut sums = [s.splat(0.0); PIXELS];
        for row in 0..taps.rows {
            // SAFETY: `TapsFn`'s promise: rows, columns and pixels below are in range.
            unsafe {
                let x = taps.x.add(row * taps.row_stride);
                let weights = taps.weights.add(row * SIDE * taps.channels);
                if ADJACENT {
                    // Each input is loaded once and serves all the pixels that see it.
                    let mut seen = [s.splat(0.0); MAX_PIXELS + MAX_SIDE - 1];
                    for (i, seen) in seen[..PIXELS + SIDE - 1].iter_mut().enumerate() {
                        *seen = s.load(x.add(i * S::LANES));
                    }
                    for column in 0..SIDE {
                        let weight = s.load(weights.add(column * taps.channels));
                        for (pixel, sum) in sums.iter_mut().enumerate() {
                            *sum = s.mul_add(weight, seen[pixel + column], *sum);
                        }
                    }
                } else {
                    for column in 0..SIDE {
                        let weight = s.load(weights.add(column * taps.channels));
                        for (pixel, sum) in sums.iter_mut().enumerate() {
                            let seen = s.load(x.add(pixel * taps.x_stride + column * S::LANES));
                            *sum = s.mul_add(weight, seen, *sum);
                        }
                    }
                }
            }
        }
        // SAFETY: `TapsFn`'s promise on `out` and `sums`.
        unsafe { finish(s, &taps, taps.out, sums) };
    }
}

/// Stores a row of results and sums them.
///
/// # Safety
/// `out` is valid for a vector a pixel, `taps.channels` apart, and so are the sums for one each.
#[inline(always)]
unsafe fn finish<S: Simd, const PIXELS: usize>(
    s: S,
    taps: &Taps,
    out: *mut f32,
    results: [S::F32; PIXELS],
) {
    let (mut sum, mut square) = (s.splat(0.0), s.splat(0.0));
    // SAFETY: the caller's promise.
    unsafe {
        let [total, squares] = taps.sums;
        for (pixel, value) in results.into_iter().enumerate() {
            sum = s.add(sum, value);
            square = s.mul_add(value, value, square);
            s.store(out.add(pixel * taps.channels), value);
        }
        s.store(total, s.add(s.load(total), sum));
        s.store(squares, s.add(s.load(squares), square));
    }
}

/// Whether a conv's images are taken whole.
fn is_whole(g: &Geometry) -> bool {
    g.stride == 1 && g.from <= MAX_PIXELS
}

/// # Safety
/// `x` is valid for a square image of `width` by `width` vectors, `weights` for all taps, `out` for
/// a vector a pixel, `sums` for a vector each.
unsafe fn whole_image<S: Simd>(s: S, side: usize, width: usize, taps: Taps) {
    let table = match side {
        1 => whole_table::<S, 1>(),
        3 => whole_table::<S, 3>(),
        5 => whole_table::<S, 5>(),
        7 => whole_table::<S, 7>(),
        _ => unreachable!("kernels have 1, 3, 5 or 7 columns"),
    };
    // SAFETY: the caller's promise.
    unsafe { table[width - 1](s, taps) };
}

const fn whole_table<S: Simd, const SIDE: usize>() -> [TapsFn<S>; MAX_PIXELS] {
    [
        compute_whole::<S, SIDE, 1>,
        compute_whole::<S, SIDE, 2>,
        compute_whole::<S, SIDE, 3>,
        compute_whole::<S, SIDE, 4>,
        compute_whole::<S, SIDE, 5>,
        compute_whole::<S, SIDE, 6>,
        compute_whole::<S, SIDE, 7>,
        compute_whole::<S, SIDE, 8>,
    ]
}

/// # Safety
/// As [`whole_image`].
unsafe fn compute_whole<S: Simd, const SIDE: usize, const WIDTH: usize>(s: S, taps: Taps) {
    s.run(Whole::<SIDE, WIDTH>(taps));
}

/// An image of WIDTH by WIDTH pixels; taps that see nothing but padding don't exist.
struct Whole<const SIDE: usize, const WIDTH: usize>(Taps);

impl<const SIDE: usize, const WIDTH: usize> Kernel for Whole<SIDE, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let taps = self.0;
        let pad = (SIDE - 1) / 2;
        for y in 0..WIDTH {
            let mut sums = [s.splat(0.0); WIDTH];
            for row in pad.saturating_sub(y)..SIDE.min(WIDTH + pad - y) {
                // SAFETY: `whole_image`'s promise: the row is one of the image, the columns are of
                // the kernel.
                unsafe {
                    let x = taps.x.add((y + row - pad) * taps.row_stride);
                    let mut seen = [s.splat(0.0); WIDTH];
                    for (i, seen) in seen.iter_mut().enumerate() {
                        *seen = s.load(x.add(i * S::LANES));
                    }
                    for column in 0..SIDE {
                        if column + WIDTH <= pad || column >= WIDTH + pad {
                            continue;
                        }
                        let weight =
                            s.load(taps.weights.add((row * SIDE + column) * taps.channels));
                        for (pixel, sum) in sums.iter_mut().enumerate() {
                            let at = (pixel + column).wrapping_sub(pad);
                            if at < WIDTH {
                                *sum = s.mul_add(weight, seen[at], *sum);
                            }
                        }
                    }
                }
            }
            // SAFETY: `whole_image`'s promise on `out` and `sums`.
            unsafe { finish(s, &taps, taps.out.add(y * WIDTH * taps.channels), sums) };
        }
    }
}
