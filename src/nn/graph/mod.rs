//! The plain net as a Candle graph: for every device but the CPU, and in f64 the oracle that the
//! CPU's kernels are held against.
//!
//! Must not know: what a result is used for. Maps lie channel-major, (channels, samples, side,
//! side), with the samples of both passes side by side: a 1×1 conv is then one matrix product, and
//! the values a norm averages are adjacent.

mod backward;
mod classified;
mod compare;
mod conv;
mod depthwise;
mod draws;
mod engine;
mod examine;
mod forward;
#[cfg(any(feature = "cuda", test))]
mod kernels;
mod memory;
mod norm;
mod patches;
mod plain;
mod quantities;
mod rates;
mod window;

pub use engine::Engine;
pub(super) use examine::examine;
#[cfg(feature = "cuda")]
pub(super) use kernels::cuda::prepare;
pub use quantities::{LogPhi, LossGradient};
pub(super) use rates::rates;
