//! The plain net as a Candle graph: for every device but the CPU, and in f64 the oracle that the
//! CPU's kernels are held against.
//!
//! Must not know: what a result is used for. Maps lie channel-major, (channels, samples, side,
//! side), with the samples of both passes side by side: a 1×1 conv is then one matrix product, and
//! the values a norm averages are adjacent.

/// Runs `$op.run` over two storages of one type.
macro_rules! over_two {
    ($op:ident, $name:literal) => {
        impl CustomOp2 for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn cpu_fwd(
                &self,
                a: &CpuStorage,
                a_layout: &Layout,
                b: &CpuStorage,
                b_layout: &Layout,
            ) -> Result<(CpuStorage, Shape)> {
                match (a, b) {
                    (CpuStorage::F32(a), CpuStorage::F32(b)) => {
                        self.run((a, a_layout), (b, b_layout))
                    }
                    (CpuStorage::F64(a), CpuStorage::F64(b)) => {
                        self.run((a, a_layout), (b, b_layout))
                    }
                    _ => bail!("{}: expected two tensors of f32 or of f64", self.name()),
                }
            }
        }
    };
}

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
mod trained_norm;
mod window;

pub use engine::Engine;
pub(super) use examine::examine;
#[cfg(feature = "cuda")]
pub(super) use kernels::cuda::prepare;
pub(super) use plain::depthwise;
pub use quantities::{LogPhi, LossGradient};
pub(super) use rates::rates;
pub(super) use window::Window;
