//! Why a device can't be used, and what can be done about it.

use thiserror::Error;

use crate::nn::kernels::{KernelChoice, KernelPath};

/// Why what was asked for can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    #[error("{asked} was asked for, but {}; {}, or use `--device cpu`", why.reason(), why.remedy())]
    Asked {
        /// As it was written.
        asked: String,
        why: Box<DeviceError>,
    },
    #[error("this zendo was built without CUDA")]
    NotBuilt,
    #[error("there is no NVIDIA driver (libcuda.so.1)")]
    NoDriver,
    #[error(
        "the NVIDIA driver is too old: it runs CUDA {}.{}, and this zendo needs {}.{}",
        driver.0, driver.1, needed.0, needed.1
    )]
    OldDriver {
        /// (major, minor)
        driver: (u32, u32),
        /// (major, minor)
        needed: (u32, u32),
    },
    #[error("{name} of CUDA {}.{} can't be opened", version.0, version.1)]
    NoLibrary {
        name: String,
        /// (major, minor)
        version: (u32, u32),
    },
    #[error("the NVIDIA driver failed: {reason}")]
    Driver { reason: String },
    #[error("the NVIDIA driver sees no GPU")]
    NoGpu,
    #[error("there is no cuda:{ordinal}: the driver sees {}", present(*count))]
    NoSuchGpu { ordinal: usize, count: usize },
    #[error("cuda:{ordinal} can't be used: {reason}")]
    Unusable { ordinal: usize, reason: String },
    #[error("the GPU's own kernels can't be used: {reason}; `--kernels graph` goes without them")]
    NoGpuKernels { reason: String },
    #[error("this CPU has no `{}` kernels; it has {}", path.name(), available_paths())]
    NoKernels { path: KernelPath },
    #[error("`{kernels}` kernels are not of the device, which is {device}")]
    KernelsOfAnother { kernels: KernelChoice, device: String },
}

fn present(count: usize) -> String {
    match count {
        1 => "cuda:0 only".to_owned(),
        more => format!("cuda:0 to cuda:{}", more - 1),
    }
}

impl DeviceError {
    /// What is wrong, in one line.
    pub(in crate::nn) fn reason(&self) -> String {
        self.to_string()
    }

    /// What can be done about it.
    fn remedy(&self) -> &'static str {
        match self {
            DeviceError::NotBuilt => "rebuild it with `--features cuda`",
            DeviceError::NoDriver => "install the driver",
            DeviceError::OldDriver { .. } => "update the driver",
            DeviceError::NoLibrary { .. } => {
                "install the CUDA runtime libraries, or name their folder in LD_LIBRARY_PATH"
            }
            DeviceError::NoSuchGpu { .. } => "name another",
            DeviceError::Asked { .. }
            | DeviceError::Driver { .. }
            | DeviceError::NoGpu
            | DeviceError::Unusable { .. }
            | DeviceError::NoGpuKernels { .. }
            | DeviceError::NoKernels { .. }
            | DeviceError::KernelsOfAnother { .. } => "see what `nvidia-smi` says",
        }
    }
}

fn available_paths() -> String {
    let available = KernelPath::ALL.into_iter().filter(|path| path.is_available());
    available.map(KernelPath::name).collect::<Vec<_>>().join(", ")
}
