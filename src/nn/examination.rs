//! What a machine can run networks on, and whether it computes them rightly.
//!
//! STUB of the interface: the real one is being written elsewhere and replaces this file.

use std::time::Duration;

use super::device::Device;

/// One GPU as its driver describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// As in `cuda:N`.
    pub ordinal: usize,
    /// "NVIDIA H100 80GB HBM3"
    pub name: String,
    /// (9, 0)
    pub compute_capability: (u32, u32),
    /// Bytes.
    pub memory_free: u64,
    /// Bytes.
    pub memory_total: u64,
}

/// The GPUs of this machine, or why there are none to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpus {
    /// The newest CUDA version that the driver runs, as (major, minor); none where there is no driver.
    pub driver: Option<(u32, u32)>,
    pub gpus: Vec<Gpu>,
    /// One line where none can be used: built without the feature, no driver, driver too old, no GPU.
    pub problem: Option<String>,
}

/// Asks the driver; opens nothing.
pub fn gpus() -> Gpus {
    Gpus {
        driver: None,
        gpus: Vec::new(),
        problem: Some("built without the `cuda` feature".to_owned()),
    }
}

/// One thing that was computed twice, and how far the answers lie apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// "golden vectors", "shapes against f64", "kernel depthwise 5x5 stride 2", …
    pub name: String,
    /// How long the device took, all its runs together.
    pub took: Duration,
    /// The worst difference, relative where the name's unit allows; NaN where nothing came out.
    pub worst: f64,
    /// The most that passes.
    pub tolerance: f64,
    /// Why it failed, in one line; none where it passed.
    pub failure: Option<String>,
}

/// Runs everything that `device` with its kernels can be examined by, and tells each check as it ends.
pub fn self_test(device: &Device, tell: &mut dyn FnMut(Check)) {
    let _ = device;
    tell(Check {
        name: "stub".to_owned(),
        took: Duration::from_millis(1),
        worst: 0.0,
        tolerance: 1e-3,
        failure: None,
    });
}
