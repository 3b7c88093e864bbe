//! What a device is called where times are told of it.
//!
//! Must not know: networks. Invariant: two devices with the same words give the same times, as far as this
//! program can tell them apart.

use std::fs;

use super::Dtype;
use crate::{
    nn::{Device, gpu},
    text::printable,
};

/// Of Candle, as Cargo.toml asks for it.
const CANDLE: &str = "0.11";
/// Of the crate that multiplies matrices on the CPU.
const GEMM: &str = "0.19";

/// Where times were measured, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// "Intel(R) Xeon(R) Processor, 2 threads", "NVIDIA H100 80GB HBM3"
    pub device: String,
    /// "CUDA 12.4"; none for a CPU.
    pub driver: Option<String>,
    /// "zendo 0.1.0 with gemm 0.19, avx512"
    pub engine: String,
    pub dtype: Dtype,
}

impl Hardware {
    pub(super) fn of(device: &Device, threads: usize, dtype: Dtype) -> Hardware {
        let zendo = env!("CARGO_PKG_VERSION");
        if device.is_cpu() {
            let model = cpu_model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
            let plural = if threads == 1 { "" } else { "s" };
            let kernels = device.kernels();
            return Hardware {
                device: format!("{model}, {threads} thread{plural}"),
                driver: None,
                engine: format!("zendo {zendo} with gemm {GEMM}, {kernels}"),
                dtype,
            };
        }
        let cudnn = if cfg!(feature = "cudnn") { " and cuDNN" } else { "" };
        let version = gpu::gpus().driver.map(|(major, minor)| format!("CUDA {major}.{minor}"));
        Hardware {
            device: device.gpu_name().unwrap_or_else(|| device.to_string()),
            driver: version,
            engine: format!("zendo {zendo} with candle {CANDLE}{cudnn}, {}", device.kernels()),
            dtype,
        }
    }
}

/// As the system calls it.
fn cpu_model() -> Option<String> {
    model_in(&fs::read_to_string("/proc/cpuinfo").ok()?)
}

fn model_in(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    let name = line.split_once(':')?.1.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then(|| printable(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_built_with() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("candle-core = \"{CANDLE}\"")));
        assert!(manifest.contains(&format!("gemm = \"{GEMM}\"")));
    }

    #[test]
    fn cpus_have_names() {
        let text = "processor\t: 0\nmodel name\t: Some  CPU @ 2 GHz\nflags\t: fpu";
        assert_eq!(model_in(text).as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!(model_in("model name\t: \n"), None);
        assert_eq!(model_in("Hardware : board"), None);
    }
}
