//! Comparing the outputs of both passes: what Δ is made of.
//!
//! Must not know: batches. Invariant: sums run in f32 over few values and in f64 over all.
#![expect(unsafe_code, reason = "whole vectors are loaded from slices of whole pixels")]

use super::{
    simd::{Kernel, MAX_LANES, Simd},
    stage::Norm,
};

/// One image of both passes, raw, with the norms of the last layer.
pub(super) struct Compare<'a> {
    pub maps: [&'a [f32]; 2],
    pub norms: [Norm<'a>; 2],
    /// In whole vectors.
    pub channels: usize,
}

/// Vectors summed in f32.
const BLOCK: usize = 64;

impl Kernel for Compare<'_> {
    /// Σ|y − z|, Σ(y − z)², Σy, Σy² with y the clean and z the perturbed output.
    type Output = [f64; 4];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f64; 4] {
        let Compare { maps: [clean, perturbed], norms, channels } = self;
        for norm in norms {
            assert!(norm.scale.len() >= channels && norm.shift.len() >= channels);
        }
        assert!(channels.is_multiple_of(S::LANES) && clean.len() == perturbed.len());
        let floors = norms.map(|norm| s.splat(norm.floor()));
        let mut totals = [0.0; 4];
        let mut sums = [s.splat(0.0); 4];
        let mut vectors = 0;
        for (clean, perturbed) in clean.chunks_exact(channels).zip(perturbed.chunks_exact(channels))
        {
            for at in (0..channels).step_by(S::LANES) {
                let output = |map: &[f32], norm: Norm<'_>, floor: S::F32| {
                    // SAFETY: a pixel, and by the assertion a norm, has whole vectors of channels.
                    let (x, scale, shift) = unsafe {
                        let load = |values: &[f32]| s.load(values[at..].as_ptr());
                        (load(map), load(norm.scale), load(norm.shift))
                    };
                    s.max(floor, s.mul_add(x, scale, shift))
                };
                let y = output(clean, norms[0], floors[0]);
                let difference = s.sub(y, output(perturbed, norms[1], floors[1]));
                sums[0] = s.add(sums[0], s.abs(difference));
                sums[1] = s.mul_add(difference, difference, sums[1]);
                sums[2] = s.add(sums[2], y);
                sums[3] = s.mul_add(y, y, sums[3]);
                vectors += 1;
                if vectors == BLOCK {
                    gather(s, &mut sums, &mut totals);
                    vectors = 0;
                }
            }
        }
        gather(s, &mut sums, &mut totals);
        totals
    }
}

/// Moves the lanes of `sums` to `totals`.
#[inline(always)]
fn gather<S: Simd>(s: S, sums: &mut [S::F32; 4], totals: &mut [f64; 4]) {
    for (sum, total) in sums.iter_mut().zip(totals) {
        let mut lanes = [0.0_f32; MAX_LANES];
        // SAFETY: no vector is longer than MAX_LANES.
        unsafe { s.store(lanes.as_mut_ptr(), *sum) };
        *total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        *sum = s.splat(0.0);
    }
}
