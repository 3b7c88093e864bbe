//! Convolutions and max-pools in Candle's operations alone: for any device, differentiable, and slow.
//!
//! Candle's own conv2d runs grouped convs as one conv a group, and on GPUs hands dense ones to cuDNN,
//! which rounds to TF32 on its own account. So taps are shifted products here, dense and depthwise.

use candle_core::{Result, Tensor};

use super::window::Window;
use crate::arch::MaxPool;

/// A padded map split by stride into its phases: in phase (a, b), which holds the padded pixels with
/// row ≡ a and column ≡ b, a tap is a plain shift.
struct Phases {
    window: Window,
    /// (channels, samples, phase side, stride, phase side, stride)
    values: Tensor,
}

impl Phases {
    fn new(x: &Tensor, window: Window) -> Result<Phases> {
        let (channels, samples, _, _) = x.dims4()?;
        let (stride, phase_side) = (window.stride, window.phase_side());
        let padded = stride * phase_side;
        // A last padded column may be past what any tap reaches, or the map may end before it.
        let reached = window.side.min(padded - window.pad());
        let after = padded - window.pad() - reached;
        let values = x
            .narrow(2, 0, reached)?
            .narrow(3, 0, reached)?
            .pad_with_zeros(2, window.pad(), after)?
            .pad_with_zeros(3, window.pad(), after)?
            .reshape(&[channels, samples, phase_side, stride, phase_side, stride])?;
        Ok(Phases { window, values })
    }

    /// The value under a tap of every output: (channels, samples, out, out), not contiguous.
    fn under(&self, (ty, tx): (usize, usize)) -> Result<Tensor> {
        let (stride, out) = (self.window.stride, self.window.out);
        self.values
            .narrow(3, ty % stride, 1)?
            .narrow(5, tx % stride, 1)?
            .narrow(2, ty / stride, out)?
            .narrow(4, tx / stride, out)?
            .squeeze(5)?
            .squeeze(3)
    }
}

/// What `join` makes of `term` over all taps.
fn over_taps(
    window: Window,
    term: impl Fn(usize, (usize, usize)) -> Result<Tensor>,
    join: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let mut taps = window.taps().enumerate();
    let (tap, at) = taps.next().expect("a kernel has at least one tap");
    let first = term(tap, at)?;
    taps.try_fold(first, |joined, (tap, at)| join(&joined, &term(tap, at)?))
}

/// The largest value under each window of `x` (channels, samples, side, side), which has none below 0:
/// the padding's zeros are never larger.
pub(super) fn max_pool(x: &Tensor, pool: &MaxPool) -> Result<Tensor> {
    let window = Window::of_pool(pool, x.dim(2)?);
    let phases = Phases::new(x, window)?;
    over_taps(window, |_, at| phases.under(at), |most, value| most.maximum(value))?.contiguous()
}

/// `x` (channels, samples, side, side) by `weight` (channels, 1, k, k).
pub(in crate::nn) fn depthwise(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let channels = x.dim(0)?;
    let phases = Phases::new(x, window)?;
    let weight = weight.reshape((channels, window.kernel * window.kernel))?;
    let product = |tap, at| {
        let weight = weight.narrow(1, tap, 1)?.reshape((channels, 1, 1, 1))?;
        phases.under(at)?.broadcast_mul(&weight)
    };
    over_taps(window, product, |sum, term| sum + term)?.contiguous()
}

/// `x` (in, samples, side, side) by `weight` (out, in, k, k): (out, samples·out²).
pub(super) fn dense(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (out, channels, side, _) = weight.dims4()?;
    let phases = Phases::new(x, window)?;
    let weight = weight.reshape((out, channels, side * side))?;
    let product = |tap, at| {
        let weight = weight.narrow(2, tap, 1)?.squeeze(2)?.contiguous()?;
        weight.matmul(&phases.under(at)?.contiguous()?.reshape((channels, ()))?)
    };
    over_taps(window, product, |sum, term| sum + term)
}
