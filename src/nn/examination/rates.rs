//! How fast kernels of a GPU are, beside what the GPU can do.

use super::{super::device::Device, graph};

/// What a device can do, measured by the plainest work there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Of a large copy, bytes read and written, GB/s.
    pub gb_per_s: f64,
    /// Of a large product of matrices in f32, GFLOP/s.
    pub gflop_per_s: f64,
}

/// One kernel at one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelRate {
    /// `depthwise 5×5, stride 1, 128 × 288 × 32²`
    pub name: String,
    /// Of one run, milliseconds.
    pub ms: f64,
    /// Bytes that have to be read and written at least, a second, GB/s.
    pub gb_per_s: f64,
    /// Additions and products, GFLOP/s; 0 where that says nothing.
    pub gflop_per_s: f64,
}

impl KernelRate {
    /// The larger of both shares: how near it comes to what bounds it.
    pub fn fraction(&self, limits: Limits) -> f64 {
        (self.gb_per_s / limits.gb_per_s).max(self.gflop_per_s / limits.gflop_per_s)
    }
}

/// Measures the kernels of a network's layers in f32, for some seconds.
///
/// # Errors
/// The backend's, in one line.
pub fn rates(device: &Device) -> Result<(Limits, Vec<KernelRate>), String> {
    graph::rates(device).map_err(|error| super::super::device::first_line(&error))
}
