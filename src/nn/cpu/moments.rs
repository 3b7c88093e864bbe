//! Batch moments: what a norm is made of.
//!
//! Must not know: layers. Invariant: sums run in f32 over a block of pixels short enough for it, and
//! from block to block in f64, so the largest maps lose no digits.

use super::{
    simd::{MAX_LANES, MAX_PANEL},
    stage::Norm,
};
use crate::nn::network::{Activation, EPSILON};

/// Sums of a block of pixels for the channels of one panel.
#[repr(C, align(64))]
pub(super) struct PanelSums([[f32; MAX_PANEL * MAX_LANES]; 2]);

impl PanelSums {
    pub(super) fn new() -> PanelSums {
        PanelSums([[0.0; MAX_PANEL * MAX_LANES]; 2])
    }

    /// Sums and sums of squares.
    pub(super) fn pointers(&mut self) -> [*mut f32; 2] {
        self.0.each_mut().map(|sums| sums.as_mut_ptr())
    }
}

/// The moments of one pass of one layer; whole vectors of channels.
#[derive(Default)]
pub(super) struct Moments {
    sums: Vec<f64>,
    squares: Vec<f64>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    variances: Vec<f64>,
    /// Behind the norm.
    activation: Activation,
}

impl Moments {
    /// Starts anew, for so many channels and what follows their norm.
    pub(super) fn reset(&mut self, channels: usize, activation: Activation) {
        self.activation = activation;
        for sums in [&mut self.sums, &mut self.squares, &mut self.variances] {
            sums.clear();
            sums.resize(channels, 0.0);
        }
        for values in [&mut self.scale, &mut self.shift] {
            values.clear();
            values.resize(channels, 0.0);
        }
    }

    /// Adds a block's sums of `channels` channels from `first` on, and clears them.
    #[inline]
    pub(super) fn add(&mut self, first: usize, channels: usize, block: &mut PanelSums) {
        for (totals, block) in [&mut self.sums, &mut self.squares].into_iter().zip(&mut block.0) {
            for (total, sum) in totals[first..first + channels].iter_mut().zip(block) {
                *total += f64::from(*sum);
                *sum = 0.0;
            }
        }
    }

    /// Takes a channel's mean and variance from elsewhere.
    pub(super) fn set(&mut self, channel: usize, mean: f64, variance: f64) {
        let scale = 1.0 / (variance + EPSILON).sqrt();
        self.variances[channel] = variance;
        self.scale[channel] = scale as f32;
        self.shift[channel] = (-mean * scale) as f32;
    }

    /// All sums are in: the norm of `channels` channels over `count` values each is known. Vectors
    /// are longer; what is beyond stays 0.
    pub(super) fn finish(&mut self, channels: usize, count: f64) {
        for channel in 0..channels {
            let mean = self.sums[channel] / count;
            // Rounding can make a constant channel's variance negative; what is not a number stays.
            let variance = self.squares[channel] / count - mean * mean;
            self.set(channel, mean, if variance < 0.0 { 0.0 } else { variance });
        }
    }

    /// Takes a norm that was known before, without its sums.
    pub(super) fn restore(&mut self, scale: &[f32], shift: &[f32], activation: Activation) {
        self.reset(0, activation);
        self.scale.extend_from_slice(scale);
        self.shift.extend_from_slice(shift);
    }

    /// Biased, by channel.
    pub(super) fn variances(&self) -> &[f64] {
        &self.variances
    }

    pub(super) fn norm(&self) -> Norm<'_> {
        Norm { scale: &self.scale, shift: &self.shift, activation: self.activation }
    }
}
