//! Staging: the next conv's input, normalised, brought close to the core.
//!
//! Owns: the norm of every layer and the ReLU behind it, where there is one. Must not know: which conv reads it. Invariant: a value
//! is normalised by the scale and shift of its own pass (Algorithm 1, step 4).
#![expect(unsafe_code, reason = "operands are pointers that the caller has checked as a whole")]

use super::simd::{Kernel, Simd};
use crate::nn::network::Activation;

/// A norm with known moments, as x · scale + shift, and what follows it; whole vectors of channels, 0 in
/// those that the map doesn't have.
#[derive(Clone, Copy)]
pub(super) struct Norm<'a> {
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub activation: Activation,
}

impl<'a> Norm<'a> {
    /// What values are at least.
    pub(super) fn floor(self) -> f32 {
        match self.activation {
            Activation::Relu => 0.0,
            Activation::Linear => f32::NEG_INFINITY,
        }
    }

    /// The norm of the channels from `first` on.
    pub(super) fn channels_from(self, first: usize) -> Norm<'a> {
        Norm { scale: &self.scale[first..], shift: &self.shift[first..], ..self }
    }
}

/// Copies `pixels` of `vectors` vectors each, normalised and activated where there is a norm.
///
/// Where `to_stride` is less than the vectors hold, a pixel's end is overwritten by the next one's
/// start: that is how padded channels are squeezed out.
pub(super) struct Stage<'a> {
    pub from: *const f32,
    pub from_stride: usize,
    pub to: *mut f32,
    pub to_stride: usize,
    pub pixels: usize,
    pub vectors: usize,
    pub norm: Option<Norm<'a>>,
}

impl Stage<'_> {
    /// # Safety
    /// `from` and `to` are valid for all pixels, the last one with whole vectors.
    pub(super) unsafe fn run_on<S: Simd>(self, s: S) {
        if let Some(norm) = self.norm {
            let channels = self.vectors * S::LANES;
            assert!(norm.scale.len() >= channels && norm.shift.len() >= channels);
        }
        // Told apart out here, so that the loops of both are their own.
        match self.norm.map(|norm| norm.activation) {
            None | Some(Activation::Relu) => s.run(Checked::<ZERO>(self)),
            Some(Activation::Linear) => s.run(Checked::<NOTHING>(self)),
        }
    }
}

/// Made only where `run_on`'s promise was given. Values are at least 0 with [`ZERO`], and any with [`NOTHING`].
struct Checked<'a, const FLOOR: u8>(Stage<'a>);

const ZERO: u8 = 0;
const NOTHING: u8 = 1;

/// Pixels that share a load of scale and shift.
const TOGETHER: usize = 4;

impl<const FLOOR: u8> Kernel for Checked<'_, FLOOR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Stage { from, from_stride, to, to_stride, pixels, vectors, norm } = self.0;
        let width = vectors * S::LANES;
        let together = if to_stride >= width { pixels / TOGETHER * TOGETHER } else { 0 };
        let floor = s.splat(if FLOOR == ZERO { 0.0 } else { f32::NEG_INFINITY });
        // SAFETY: `run_on`'s promise: pixels and vectors below are in range, and it asserted that
        // scale and shift have a value for each channel.
        unsafe {
            let copy = |pixel: usize, v: usize, norm: Option<(S::F32, S::F32)>| {
                let x = s.load(from.add(pixel * from_stride + v * S::LANES));
                let y = match norm {
                    // NaN comes out of a maximum only as its second operand.
                    Some((scale, shift)) => s.max(floor, s.mul_add(x, scale, shift)),
                    None => x,
                };
                s.store(to.add(pixel * to_stride + v * S::LANES), y);
            };
            let norm_of = |v: usize| {
                norm.map(|norm| {
                    let at = |values: &[f32]| s.load(values.as_ptr().add(v * S::LANES));
                    (at(norm.scale), at(norm.shift))
                })
            };
            for first in (0..together).step_by(TOGETHER) {
                for v in 0..vectors {
                    let norm = norm_of(v);
                    for pixel in first..first + TOGETHER {
                        copy(pixel, v, norm);
                    }
                }
            }
            for pixel in together..pixels {
                for v in 0..vectors {
                    copy(pixel, v, norm_of(v));
                }
            }
        }
    }
}
