//! Two 1 × 1 convs in one go: from few channels to many and back, the many never stored.
//!
//! The norm between them needs the moments of maps that don't exist. For y = W x they follow from
//! those of x: the mean is W·mean(x), the variance of channel c is wᵀ·Cov(x)·w with w its row of W,
//! and Cov(x) is small where x has few channels. So the pair reads its input twice, once for
//! Cov(x), and writes only its output.
//!
//! Must not know: where weights come from, what comes next. Invariant: whether a pair is fused
//! depends on shapes alone.
#![expect(unsafe_code, reason = "tiles take pointers into slices whose sizes are asserted here")]

use super::{
    geometry::Geometry,
    moments::{Moments, PanelSums},
    simd::{Kernel, Simd},
    stage::{Norm, Stage},
    tile::{Normalise, Store, StoreAndSum, Tile, Tiles, panels, row_width},
};

/// Most input channels: beyond, the covariance costs more than it saves.
const MAX_INPUTS: usize = 64;

/// Pixels of a block: of the covariance, whose sums run in f32, and of the products.
const COVARIANCE_PIXELS: usize = 512;
const PRODUCT_PIXELS: usize = 56;

/// Whether the pair pays, for `images` images in a pass.
pub(super) fn pays(first: &Geometry, second: &Geometry, images: usize) -> bool {
    let pointwise = |g: &Geometry| g.is_pointwise() && g.stride == 1;
    let (few, many) = (first.in_channels, first.out_channels);
    let pixels = images * first.in_pixels();
    pointwise(first) && pointwise(second) && few <= MAX_INPUTS && many >= 2 * few && pixels >= 2048
}

/// Values that staging takes.
pub(super) fn staged_len(first: &Geometry, lanes: usize) -> usize {
    let (few, many) =
        (first.in_channels.next_multiple_of(lanes), first.out_channels.next_multiple_of(lanes));
    let product = PRODUCT_PIXELS * (few + many);
    product.max(COVARIANCE_PIXELS * few + few * few)
}

/// One pass of a pair of 1 × 1 convs with stride 1.
pub(super) struct Pair<'a> {
    pub first: Geometry,
    pub second: Geometry,
    pub images: usize,
    pub from: &'a [f32],
    pub norm: Norm<'a>,
    /// Of the first conv and of the second, in panels.
    pub weights: [&'a [f32]; 2],
    pub to: &'a mut [f32],
    /// Of the norm between the convs, and of the one behind them.
    pub moments: [&'a mut Moments; 2],
    pub staged: &'a mut [f32],
    pub covariance: &'a mut Covariance,
}

/// Sums over all pixels; kept from pair to pair for its memory.
#[derive(Default)]
pub(super) struct Covariance {
    /// Σ x xᵀ, then the covariance; only its lower half is filled.
    products: Vec<f64>,
    /// Σ x, then the mean.
    mean: Vec<f64>,
}

impl Pair<'_> {
    /// Runs both convs; what the tiles trust is asserted first.
    pub(super) fn run<S: Simd>(mut self, s: S) {
        let lanes = S::LANES;
        let pixels = self.images * self.first.in_pixels();
        let padded = |channels: usize| channels.next_multiple_of(lanes);
        let (few, many, out) = (
            padded(self.first.in_channels),
            padded(self.first.out_channels),
            padded(self.second.out_channels),
        );
        assert!(self.from.len() >= pixels * few && self.to.len() >= pixels * out);
        assert!(
            self.weights[0].len()
                >= self.first.in_channels * row_width::<S>(self.first.out_channels)
        );
        assert!(
            self.weights[1].len()
                >= self.first.out_channels * row_width::<S>(self.second.out_channels)
        );
        assert!(self.staged.len() >= staged_len(&self.first, lanes));
        assert!(self.second.in_channels == self.first.out_channels);
        self.covariance(s, pixels, few);
        let inner = Inner {
            covariance: self.covariance,
            inputs: self.first.in_channels,
            outputs: self.first.out_channels,
            weights: self.weights[0],
            moments: &mut *self.moments[0],
        };
        s.run(inner);
        self.products(s, pixels, [few, many, out]);
    }

    /// Mean and covariance of the normalised input.
    fn covariance<S: Simd>(&mut self, s: S, pixels: usize, few: usize) {
        self.covariance.reset(few);
        let (products, staged) = self.staged.split_at_mut(few * few);
        for first in (0..pixels).step_by(COVARIANCE_PIXELS) {
            let count = COVARIANCE_PIXELS.min(pixels - first);
            stage(s, &self.from[first * few..], self.norm, staged, few, count);
            for panel in panels::<S>(few) {
                // Rows above the panel would give the transpose of what others give.
                let column = panel.first;
                let tile = Tile {
                    x: staged[column..].as_ptr(),
                    x_stride: 1,
                    runs: count,
                    run_len: 1,
                    run_stride: few,
                    weights: staged[column..].as_ptr(),
                    weights_stride: few,
                    out: products[column * few + column..].as_mut_ptr(),
                    out_stride: few,
                    channels: [std::ptr::null_mut(); 2],
                };
                // SAFETY: `run` asserted room for the pixels staged and for few × few products.
                unsafe { Tiles::<S, Store>::row(s, panel, few - column, &tile) };
            }
            s.run(Gather { covariance: self.covariance, products, staged: &staged[..count * few] });
        }
        self.covariance.finish(pixels as f64);
    }

    /// Both products, a block of pixels at a time.
    fn products<S: Simd>(&mut self, s: S, pixels: usize, [few, many, out]: [usize; 3]) {
        let (inner, staged) = self.staged.split_at_mut(PRODUCT_PIXELS * many);
        let [between, written] = &mut self.moments;
        let between = between.norm();
        assert!(between.scale.len() >= many && between.shift.len() >= many);
        let mut sums = PanelSums::new();
        for first in (0..pixels).step_by(PRODUCT_PIXELS) {
            let count = PRODUCT_PIXELS.min(pixels - first);
            stage(s, &self.from[first * few..], self.norm, staged, few, count);
            let pointwise = Tile {
                x: staged.as_ptr(),
                x_stride: few,
                runs: 1,
                run_len: self.first.in_channels,
                run_stride: 0,
                weights: std::ptr::null(),
                weights_stride: 0,
                out: std::ptr::null_mut(),
                out_stride: many,
                channels: [std::ptr::null_mut(); 2],
            };
            for panel in panels::<S>(self.first.out_channels) {
                let column = panel.first;
                let tile = Tile {
                    weights: self.weights[0][column * self.first.in_channels..].as_ptr(),
                    out: inner[column..].as_mut_ptr(),
                    // Only read, as the epilogue says.
                    channels: [
                        between.scale[column..].as_ptr().cast_mut(),
                        between.shift[column..].as_ptr().cast_mut(),
                    ],
                    ..pointwise
                };
                // SAFETY: `run` asserted the sizes of all operands; scale and shift have a value
                // for each of the many channels.
                unsafe { Tiles::<S, Normalise>::row(s, panel, count, &tile) };
            }
            for panel in panels::<S>(self.second.out_channels) {
                let column = panel.first;
                let tile = Tile {
                    x: inner.as_ptr(),
                    x_stride: many,
                    run_len: self.first.out_channels,
                    weights: self.weights[1][column * self.first.out_channels..].as_ptr(),
                    out: self.to[first * out + column..].as_mut_ptr(),
                    out_stride: out,
                    channels: sums.pointers(),
                    ..pointwise
                };
                // SAFETY: as above.
                unsafe { Tiles::<S, StoreAndSum>::row(s, panel, count, &tile) };
                written.add(column, panel.vectors * S::LANES, &mut sums);
            }
        }
    }
}

/// Stages `count` pixels of `channels` channels.
fn stage<S: Simd>(
    s: S,
    from: &[f32],
    norm: Norm<'_>,
    to: &mut [f32],
    channels: usize,
    count: usize,
) {
    let (from, to) = (&from[..count * channels], &mut to[..count * channels]);
    let stage = Stage {
        from: from.as_ptr(),
        from_stride: channels,
        to: to.as_mut_ptr(),
        to_stride: channels,
        pixels: count,
        vectors: channels / S::LANES,
        norm: Some(norm),
    };
    // SAFETY: both slices hold exactly the pixels.
    unsafe { stage.run_on(s) };
}

impl Covariance {
    fn reset(&mut self, channels: usize) {
        for (sums, len) in [(&mut self.products, channels * channels), (&mut self.mean, channels)] {
            sums.clear();
            sums.resize(len, 0.0);
        }
    }

    fn finish(&mut self, count: f64) {
        let channels = self.mean.len();
        for mean in &mut self.mean {
            *mean /= count;
        }
        for (i, row) in self.products.chunks_exact_mut(channels).enumerate() {
            for (j, product) in row[..=i].iter_mut().enumerate() {
                *product = *product / count - self.mean[i] * self.mean[j];
            }
        }
    }
}

/// Adds a block's products, and the sums of its pixels.
struct Gather<'a> {
    covariance: &'a mut Covariance,
    products: &'a [f32],
    staged: &'a [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Gather { covariance, products, staged } = self;
        let channels = covariance.mean.len();
        let rows =
            covariance.products.chunks_exact_mut(channels).zip(products.chunks_exact(channels));
        for (i, (totals, products)) in rows.enumerate() {
            for (total, product) in totals[..=i].iter_mut().zip(products) {
                *total += f64::from(*product);
            }
        }
        for (channel, totals) in covariance.mean.chunks_exact_mut(S::LANES).enumerate() {
            let mut sum = s.splat(0.0);
            for pixel in staged.chunks_exact(channels) {
                // SAFETY: a pixel has whole vectors.
                let x = unsafe { s.load(pixel[channel * S::LANES..].as_ptr()) };
                sum = s.add(sum, x);
            }
            let mut sums = [0.0_f32; super::simd::MAX_LANES];
            // SAFETY: no vector is longer than MAX_LANES.
            unsafe { s.store(sums.as_mut_ptr(), sum) };
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += f64::from(sum);
            }
        }
    }
}

/// The moments of the map between the convs.
struct Inner<'a> {
    covariance: &'a Covariance,
    inputs: usize,
    outputs: usize,
    weights: &'a [f32],
    moments: &'a mut Moments,
}

impl Kernel for Inner<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        const WIDTH: usize = super::simd::MAX_PANEL * super::simd::MAX_LANES;
        let Covariance { products, mean } = self.covariance;
        let channels = mean.len();
        for panel in panels::<S>(self.outputs) {
            let (column, width) = (panel.first, panel.width::<S>());
            let weights = &self.weights[column * self.inputs..][..width * self.inputs];
            let (mut means, mut variances) = ([0.0_f64; WIDTH], [0.0_f64; WIDTH]);
            for (i, row) in weights.chunks_exact(width).enumerate() {
                // Each pair of inputs once: the halves of the covariance are the same.
                let mut others = [0.0_f64; WIDTH];
                for (j, row) in weights.chunks_exact(width).take(i).enumerate() {
                    let covariance = 2.0 * products[i * channels + j];
                    for (other, w) in others.iter_mut().zip(row) {
                        *other += covariance * f64::from(*w);
                    }
                }
                let own = products[i * channels + i];
                for (c, w) in row.iter().enumerate() {
                    let w = f64::from(*w);
                    means[c] += mean[i] * w;
                    variances[c] += (own * w + others[c]) * w;
                }
            }
            for c in 0..width.min(self.outputs - column) {
                let variance = variances[c];
                // Rounding can make it negative; what is not a number stays.
                self.moments.set(column + c, means[c], if variance < 0.0 { 0.0 } else { variance });
            }
        }
    }
}
