//! Running a network: devices, the seeded Gaussian source, the plain net on the CPU and as a graph.
//!
//! Owns: every tensor of the program. Must not know: what a result is used for. Invariant: all
//! numbers a network is made of are the same on every device and in every precision; those change
//! rounding and nothing else. One evaluation is a pure function of network, draws, device and
//! kernels.

mod cpu;
mod device;
mod error;
mod examination;
mod gpu;
mod graph;
pub mod inference;
mod kernels;
mod memory;
mod network;
mod patterns;
mod runner;
mod source;

pub use cpu::{PrefixReuse, StepTime};
pub use device::{Device, DeviceChoice, DeviceError, Ordinals, ParseDeviceError, open};
pub use error::NetworkError;
pub use examination::{
    Check, DELTA_TOLERANCE, KernelRate, Limits, SHALLOW, SHALLOW_TOLERANCE, golden, rates,
    self_test,
};
pub use gpu::{Gpu, Gpus, gpus};
pub use graph::{Engine, LogPhi, LossGradient};
pub use kernels::{KernelChoice, KernelPath, ParseKernelChoiceError};
pub use memory::available_host_bytes;
pub use network::{InputSpec, NormVariance, Perturbation, PlainNetwork, Precision};
pub use patterns::Patterns;
pub use runner::Runner;
pub use source::{Draw, NormalSource, PhiloxNormals};
