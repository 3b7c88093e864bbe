//! The scalar twins: what every kernel computes, one value at a time in f64, and the tests that
//! hold the kernels against them over random shapes.

use super::{
    buffer::Buffer,
    dense::Pass,
    fused::{self, Covariance, Pair},
    geometry::{Blocks, Geometry, depthwise_staged},
    moments::Moments,
    pool::{Pool, PoolGeometry},
    simd::Simd,
    stage::Norm,
    testing::{OnPath, on_every_path},
    tile::panels,
};
use crate::{
    nn::network::Activation,
    random::{Normals, Purpose, Stream},
};

/// A map of `channels` channels in whole vectors, as kernels see it and as plain numbers.
struct Map {
    buffer: Buffer,
    plain: Vec<f64>,
}

fn normals(count: usize, stream: u32) -> Vec<f32> {
    let mut values = vec![0.0; count];
    Normals::new(3, Purpose::Input, stream, 0).fill(&mut values);
    values
}

fn filled(values: &[f32]) -> Buffer {
    let mut buffer = Buffer::default();
    buffer.resize(values.len()).expect("memory");
    buffer.values_mut().copy_from_slice(values);
    buffer
}

fn map(pixels: usize, channels: usize, lanes: usize, stream: u32) -> Map {
    let plain = normals(pixels * channels, stream);
    let padded = channels.next_multiple_of(lanes);
    let mut values = vec![0.0; pixels * padded];
    for (to, from) in values.chunks_exact_mut(padded).zip(plain.chunks_exact(channels)) {
        to[..channels].copy_from_slice(from);
    }
    Map { buffer: filled(&values), plain: plain.into_iter().map(f64::from).collect() }
}

/// Scale and shift of a norm: as kernels see them and as plain numbers.
struct NormValues {
    scale: Vec<f32>,
    shift: Vec<f32>,
    activation: Activation,
}

/// In turns a ReLU behind the norm, and nothing.
fn activation(case: usize) -> Activation {
    if case.is_multiple_of(2) { Activation::Relu } else { Activation::Linear }
}

impl NormValues {
    fn new(channels: usize, lanes: usize, activation: Activation) -> NormValues {
        let padded = channels.next_multiple_of(lanes);
        let of = |stream| {
            let mut values = normals(channels, stream);
            values.resize(padded, 0.0);
            values
        };
        NormValues { scale: of(90), shift: of(91), activation }
    }

    fn norm(&self) -> Norm<'_> {
        Norm { scale: &self.scale, shift: &self.shift, activation: self.activation }
    }

    fn apply(&self, plain: &mut [f64], channels: usize) {
        for pixel in plain.chunks_exact_mut(channels) {
            for (channel, x) in pixel.iter_mut().enumerate() {
                let (scale, shift) = (self.scale[channel], self.shift[channel]);
                *x = (*x * f64::from(scale) + f64::from(shift)).max(self.norm().floor().into());
            }
        }
    }
}

/// (k, k, in, out) as they are drawn, and in panels.
fn weights<S: Simd>(g: &Geometry, stream: u32) -> (Buffer, Vec<f64>) {
    let (rows, width) = (g.weight_rows(), g.out_channels);
    let plain = normals(rows * width, stream);
    let panels: Vec<(usize, usize)> = if g.depthwise {
        vec![(0, width.next_multiple_of(S::LANES))]
    } else {
        panels::<S>(width).map(|panel| (panel.first, panel.width::<S>())).collect()
    };
    // What no pixel sees is not drawn.
    let (seen, fan) = (g.windows(), g.fan());
    let columns = if g.depthwise { 0..g.side } else { seen.clone() };
    let drawn = |row: usize| {
        let tap = row / fan;
        seen.contains(&(tap / g.side)) && columns.contains(&(tap % g.side))
    };
    let mut values = Vec::new();
    for (first, panel) in panels {
        for (number, row) in plain.chunks_exact(width).enumerate() {
            let value = |c: usize| match drawn(number) {
                true => row.get(c).copied().unwrap_or(0.0),
                false => f32::NAN,
            };
            values.extend((first..first + panel).map(value));
        }
    }
    (filled(&values), plain.into_iter().map(f64::from).collect())
}

/// The conv as it is defined.
fn convolve(g: &Geometry, images: usize, from: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(images * g.out_pixels() * g.out_channels);
    for (image, y, x) in
        (0..images).flat_map(|image| (0..g.to * g.to).map(move |at| (image, at / g.to, at % g.to)))
    {
        for output in 0..g.out_channels {
            let mut sum = 0.0;
            for (row, column) in (0..g.side * g.side).map(|tap| (tap / g.side, tap % g.side)) {
                let at = |out: usize, tap: usize| {
                    (out * g.stride + tap).checked_sub(g.padding()).filter(|at| *at < g.from)
                };
                let (Some(iy), Some(ix)) = (at(y, row), at(x, column)) else { continue };
                let pixel = ((image * g.from + iy) * g.from + ix) * g.in_channels;
                for input in 0..g.fan() {
                    let channel = if g.depthwise { output } else { input };
                    let weight = (row * g.side + column) * g.fan() + input;
                    sum += from[pixel + channel] * weights[weight * g.out_channels + output];
                }
            }
            out.push(sum);
        }
    }
    out
}

/// Mean and biased variance of a channel.
fn moments(plain: &[f64], channels: usize, channel: usize) -> (f64, f64) {
    let values = || plain.iter().skip(channel).step_by(channels);
    let n = values().count() as f64;
    let mean = values().sum::<f64>() / n;
    (mean, values().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

/// Holds what a kernel wrote against the twin: every value, padding, moments, fences.
fn compare(what: &str, lanes: usize, channels: usize, to: &Buffer, ours: &Moments, plain: &[f64]) {
    to.check_fences();
    let padded = channels.next_multiple_of(lanes);
    let scale = plain.iter().fold(0.0_f64, |most, x| most.max(x.abs())).max(1e-30);
    assert_eq!(to.values().len() / padded, plain.len() / channels, "{what}");
    for (ours, plain) in to.values().chunks_exact(padded).zip(plain.chunks_exact(channels)) {
        for (ours, plain) in ours.iter().zip(plain) {
            assert!((f64::from(*ours) - plain).abs() < 2e-5 * scale, "{what}: {ours} not {plain}");
        }
        assert!(ours[channels..].iter().all(|x| *x == 0.0), "{what}: padding is not 0");
    }
    for channel in 0..channels {
        let (mean, variance) = moments(plain, channels, channel);
        let found = ours.variances()[channel];
        let tolerance = 1e-5 * (variance + mean * mean) + 1e-10;
        assert!((found - variance).abs() < tolerance, "{what}: {found} not {variance}");
        let norm = ours.norm();
        let normalised =
            |x: f64| x * f64::from(norm.scale[channel]) + f64::from(norm.shift[channel]);
        let expected = |x: f64| (x - mean) / (variance + 1e-3).sqrt();
        for x in [mean, mean + variance.sqrt()] {
            assert!((normalised(x) - expected(x)).abs() < 1e-3, "{what}");
        }
    }
}

fn check_conv<S: Simd>(s: S, g: Geometry, images: usize, with_norm: bool) {
    let lanes = S::LANES;
    let what = format!("{g:?}, {images} images, norm {with_norm}, {lanes} lanes");
    let mut from = map(images * g.in_pixels(), g.in_channels, lanes, 1);
    let norm = NormValues::new(g.in_channels, lanes, activation(images));
    if with_norm {
        norm.apply(&mut from.plain, g.in_channels);
    }
    let (weights, plain_weights) = weights::<S>(&g, 2);
    let padded = g.out_channels.next_multiple_of(lanes);
    let (mut to, mut staged, mut moments) =
        (Buffer::default(), Buffer::default(), Moments::default());
    to.resize(images * g.out_pixels() * padded).expect("memory");
    let room = if g.depthwise {
        depthwise_staged(&g, lanes)
    } else {
        Blocks::of(&g, lanes, images).staged(&g, lanes)
    };
    staged.resize(room).expect("memory");
    moments.reset(padded, g.activation);
    let pass = Pass {
        geometry: g,
        images,
        from: from.buffer.values(),
        norm: with_norm.then(|| norm.norm()),
        weights: weights.values(),
        to: to.values_mut(),
        moments: &mut moments,
        staged: staged.values_mut(),
    };
    if g.depthwise {
        pass.depthwise(s);
    } else {
        pass.dense(s);
    }
    moments.finish(g.out_channels, (images * g.out_pixels()) as f64);
    staged.check_fences();
    let expected = convolve(&g, images, &from.plain, &plain_weights);
    compare(&what, lanes, g.out_channels, &to, &moments, &expected);
}

fn geometry(side: usize, stride: usize, from: usize, channels: [usize; 2]) -> Geometry {
    let [in_channels, out_channels] = channels;
    let to = (from - 1) / stride + 1;
    let activation = Activation::Relu;
    Geometry { in_channels, out_channels, side, stride, depthwise: false, from, to, activation }
}

#[test]
fn dense_convs_are_their_twins() {
    struct Check;
    impl OnPath for Check {
        fn run<S: Simd>(&self, s: S) {
            let mut draw = Stream::new(11, Purpose::Propose, 0, 0);
            for case in 0..120 {
                let side = [1, 3, 5, 7][draw.below(4) as usize];
                let stride = [1, 1, 2, 2, 3, 8][draw.below(6) as usize];
                let from = 1 + draw.below(20) as usize;
                let mut channels = || 1 + draw.below(if case % 2 == 0 { 20 } else { 70 }) as usize;
                let g = geometry(side, stride, from, [channels(), channels()]);
                check_conv(s, g, 1 + draw.below(5) as usize, draw.below(3) > 0);
            }
        }
    }
    on_every_path(&Check);
}

/// Blocks of rows and of images that end within a map, and the shapes of the published nets.
#[test]
fn large_convs_are_their_twins() {
    struct Check;
    impl OnPath for Check {
        fn run<S: Simd>(&self, s: S) {
            check_conv(s, geometry(3, 2, 61, [3, 24]), 3, false);
            check_conv(s, geometry(7, 1, 150, [9, 8]), 1, true);
            check_conv(s, geometry(1, 1, 40, [130, 30]), 2, true);
            check_conv(s, geometry(5, 1, 4, [300, 17]), 30, true);
            check_conv(s, geometry(3, 1, 2, [16, 16]), 90, true);
        }
    }
    on_every_path(&Check);
}

#[test]
fn depthwise_convs_are_their_twins() {
    struct Check;
    impl OnPath for Check {
        fn run<S: Simd>(&self, s: S) {
            let mut draw = Stream::new(12, Purpose::Propose, 0, 0);
            for _ in 0..80 {
                let side = [1, 3, 5, 7][draw.below(4) as usize];
                let stride = [1, 1, 2, 2, 3, 8][draw.below(6) as usize];
                let channels = 2 + draw.below(50) as usize;
                let widest = [5, 20][draw.below(2) as usize];
                let from = 1 + draw.below(widest) as usize;
                let g = geometry(side, stride, from, [channels; 2]);
                let g = Geometry { depthwise: true, ..g };
                check_conv(s, g, 1 + draw.below(3) as usize, draw.below(3) > 0);
            }
            let wide = Geometry { depthwise: true, ..geometry(7, 1, 230, [20; 2]) };
            check_conv(s, wide, 1, true);
        }
    }
    on_every_path(&Check);
}

#[test]
fn fused_pairs_are_their_twins() {
    struct Check;
    impl OnPath for Check {
        fn run<S: Simd>(&self, s: S) {
            let lanes = S::LANES;
            let mut draw = Stream::new(13, Purpose::Propose, 0, 0);
            for _ in 0..25 {
                let (few, many) = (1 + draw.below(64) as usize, 1 + draw.below(150) as usize);
                let (out, images) = (1 + draw.below(60) as usize, 1 + draw.below(4) as usize);
                // Moments of a handful of pixels are too ill-conditioned to compare.
                let from = 6 + draw.below(24) as usize;
                let (first, second) =
                    (geometry(1, 1, from, [few, many]), geometry(1, 1, from, [many, out]));
                let what = format!("{few} {many} {out}, {images} images, {from}, {lanes} lanes");
                let pixels = images * from * from;
                let mut input = map(pixels, few, lanes, 1);
                let norm = NormValues::new(few, lanes, activation(images));
                norm.apply(&mut input.plain, few);
                let (weights_a, plain_a) = weights::<S>(&first, 2);
                let (weights_b, plain_b) = weights::<S>(&second, 3);
                let (mut to, mut staged) = (Buffer::default(), Buffer::default());
                to.resize(pixels * out.next_multiple_of(lanes)).expect("memory");
                staged.resize(fused::staged_len(&first, lanes)).expect("memory");
                let mut moments = [Moments::default(), Moments::default()];
                moments[0].reset(many.next_multiple_of(lanes), Activation::Relu);
                moments[1].reset(out.next_multiple_of(lanes), Activation::Relu);
                let [between, written] = &mut moments;
                let pair = Pair {
                    first,
                    second,
                    images,
                    from: input.buffer.values(),
                    norm: norm.norm(),
                    weights: [weights_a.values(), weights_b.values()],
                    to: to.values_mut(),
                    moments: [between, written],
                    staged: staged.values_mut(),
                    covariance: &mut Covariance::default(),
                };
                pair.run(s);
                moments[1].finish(out, pixels as f64);
                staged.check_fences();
                let mut middle = convolve(&first, images, &input.plain, &plain_a);
                for channel in 0..many {
                    let (mean, variance) = self::moments(&middle, many, channel);
                    let found = moments[0].variances()[channel];
                    let tolerance = 1e-5 * (variance + mean * mean) + 1e-10;
                    assert!((found - variance).abs() < tolerance, "{what}: {found} {variance}");
                    for x in middle.iter_mut().skip(channel).step_by(many) {
                        *x = ((*x - mean) / (variance + 1e-3).sqrt()).max(0.0);
                    }
                }
                let expected = convolve(&second, images, &middle, &plain_b);
                compare(&what, lanes, out, &to, &moments[1], &expected);
            }
        }
    }
    on_every_path(&Check);
}

#[test]
fn pools_are_their_twins() {
    struct Check;
    impl OnPath for Check {
        fn run<S: Simd>(&self, s: S) {
            let mut draw = Stream::new(14, Purpose::Propose, 0, 0);
            for _ in 0..60 {
                let stride = [1, 2, 2, 3, 8][draw.below(5) as usize];
                let (from, channels) = (1 + draw.below(20) as usize, 1 + draw.below(40) as usize);
                let images = 1 + draw.below(3) as usize;
                let geometry = PoolGeometry { side: 3, stride, from, to: from.div_ceil(stride) };
                let padded = channels.next_multiple_of(S::LANES);
                let input = map(images * from * from, channels, S::LANES, 1);
                let mut to = Buffer::default();
                to.resize(images * geometry.to * geometry.to * padded).expect("memory");
                let (from, to_values) = (input.buffer.values(), to.values_mut());
                Pool { geometry, images, channels: padded, from, to: to_values }.run_on(s);
                to.check_fences();
                let expected = pooled(&geometry, images, channels, &input.plain);
                let found = to.values().chunks_exact(padded).flat_map(|pixel| &pixel[..channels]);
                let found: Vec<f64> = found.map(|x| f64::from(*x)).collect();
                assert_eq!(found, expected, "{geometry:?}, {images} images of {channels}");
                let padding = to.values().chunks_exact(padded).flat_map(|pixel| &pixel[channels..]);
                assert!(padding.into_iter().all(|x| *x == 0.0));
            }
        }
    }
    on_every_path(&Check);
}

/// The pool as it is defined: a value goes to every window that it is under.
fn pooled(g: &PoolGeometry, images: usize, channels: usize, from: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NEG_INFINITY; images * g.to * g.to * channels];
    let near = |o: usize, i: usize| (o * g.stride).abs_diff(i) <= 1;
    for (at, x) in from.iter().enumerate() {
        let (pixel, channel) = (at / channels, at % channels);
        let (image, row, column) =
            (pixel / (g.from * g.from), pixel / g.from % g.from, pixel % g.from);
        for (y, x_out) in (0..g.to * g.to).map(|o| (o / g.to, o % g.to)) {
            if near(y, row) && near(x_out, column) {
                let out = &mut out[((image * g.to + y) * g.to + x_out) * channels + channel];
                *out = out.max(*x);
            }
        }
    }
    out
}
