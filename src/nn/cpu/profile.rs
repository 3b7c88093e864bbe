//! Where the time of a network goes, and how fast the core could be.
//!
//! Must not know: what is measured. Invariant: measuring changes no bit of a result.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    geometry::Geometry,
    simd::{Kernel, Simd},
};

/// Time of one step of a network: one conv, two fused ones or a pool, with their norms, for both passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTime {
    /// Convs of the step, counted from 0; none of a pool.
    pub layers: Range<usize>,
    /// Multiply-adds of both passes that see the map; those with padding don't count.
    pub macs: u64,
    /// With those, as FLOPs are usually counted.
    pub macs_with_padding: u64,
    /// Drawing the weights.
    pub drawing: Duration,
    /// Everything else.
    pub computing: Duration,
}

/// Multiply-adds of `images` images, with those that see nothing but padding.
pub(super) fn macs_with_padding(g: &Geometry, images: usize) -> u64 {
    (g.weight_rows() * g.out_channels * g.out_pixels() * images) as u64
}

/// Multiply-adds of `images` images.
pub(super) fn macs(g: &Geometry, images: usize) -> u64 {
    let taps: u64 = (0..g.to).map(|at| g.window(at).len() as u64).sum();
    taps * taps * (g.fan() * g.out_channels * images) as u64
}

/// Measures for a part of a second: the best of some, since other programs take their time too.
pub(super) struct MeasurePeak;

impl Kernel for MeasurePeak {
    type Output = f64;

    fn run<S: Simd>(self, s: S) -> f64 {
        (0..8).map(|_| s.run(Peak { rounds: 4_000_000 })).fold(0.0, f64::max)
    }
}

/// Multiply-adds a second that one core can do at most: as many independent chains as registers
/// hold, nothing else.
struct Peak {
    rounds: u32,
}

impl Kernel for Peak {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        // Enough to cover the latency of two units, few enough for any register file.
        let mut sums = [s.splat(std::hint::black_box(1.0)); 12];
        let (a, b) = (s.splat(std::hint::black_box(1.0)), s.splat(std::hint::black_box(0.0)));
        let start = Instant::now();
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = s.mul_add(*sum, a, b);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        std::hint::black_box(sums.map(|sum| s.add(sum, a)));
        f64::from(self.rounds) * (sums.len() * S::LANES) as f64 / seconds
    }
}
