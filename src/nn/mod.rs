//! Running a network: devices, the plain net as a Candle graph, the seeded Gaussian source.
//!
//! Owns: every tensor of the program. Must not know: what a result is used for. Invariant: all
//! numbers a network is made of come from a [`NormalSource`] in f64, so a device and a precision
//! change rounding and nothing else, and one evaluation is a pure function of network, draws and
//! device.
//!
//! Maps lie channel-major, (channels, samples, side, side), with the samples of both passes side
//! by side: a 1×1 conv is then one matrix product, and the values a norm averages are adjacent.

mod conv;
mod device;
mod engine;
mod memory;
mod network;
mod norm;
mod source;

pub use device::{Device, DeviceChoice, DeviceError, ParseDeviceError, open};
pub use engine::{Engine, NetworkError};
pub use network::{InputSpec, NormVariance, Perturbation, PlainNetwork, Precision};
pub use source::{Draw, NormalSource, PhiloxNormals};
