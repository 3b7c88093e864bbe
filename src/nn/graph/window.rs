//! Where a square kernel meets a square map.
//!
//! Must not know: values. Invariant: an output at ⌈side / stride⌉² places, as every conv here has it.

use std::ops::Range;

use crate::arch::{Conv, MaxPool};

/// A square kernel going over a square map, padded by (k−1)/2 a side.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub side: usize,
    /// Side of the output: ⌈side / stride⌉.
    pub out: usize,
}

impl Window {
    pub(in crate::nn) fn new(conv: &Conv, side: usize) -> Window {
        Window::of(conv.kernel.side(), conv.stride, side)
    }

    pub(in crate::nn) fn of_pool(pool: &MaxPool, side: usize) -> Window {
        Window::of(pool.kernel.side(), pool.stride, side)
    }

    fn of(kernel: u32, stride: u32, side: usize) -> Window {
        let stride = stride as usize;
        Window { kernel: kernel as usize, stride, side, out: side.div_ceil(stride) }
    }

    pub(in crate::nn) fn pad(&self) -> usize {
        (self.kernel - 1) / 2
    }

    pub(in crate::nn) fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Side of a phase: all that the taps of the outputs reach.
    pub(in crate::nn) fn phase_side(&self) -> usize {
        self.out + (self.kernel - 1) / self.stride
    }

    pub(in crate::nn) fn taps(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let kernel = self.kernel;
        (0..kernel * kernel).map(move |tap| (tap / kernel, tap % kernel))
    }

    /// The outputs along one axis whose tap `at` falls on the map, not on its padding.
    pub(in crate::nn) fn inside(&self, at: usize) -> Range<usize> {
        let end = (self.side + self.pad()).saturating_sub(at).div_ceil(self.stride).min(self.out);
        let start = self.pad().saturating_sub(at).div_ceil(self.stride);
        start.min(end)..end
    }

    /// The input coordinate under tap `at` of output `o`, which must be [`Window::inside`].
    pub(in crate::nn) fn input(&self, o: usize, at: usize) -> usize {
        o * self.stride + at - self.pad()
    }
}
