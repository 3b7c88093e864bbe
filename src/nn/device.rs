//! Devices: which one is asked for, which one there is, and what to say when they differ.
//!
//! Must not know: what runs on a device. Invariant: a [`Device`] that exists has been opened, so an
//! unusable GPU is reported before any work starts.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    cpu::{PrefixCache, PrefixReuse},
    kernels::{KernelChoice, KernelPath},
    memory::MemoryPool,
};

/// The device as written: `auto`, `cpu` or `cuda:N`. Serialises as that string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU where there is one, otherwise the CPU.
    #[default]
    Auto,
    Cpu,
    /// The GPU of this ordinal.
    Cuda(usize),
}

/// A word that names no device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{found}` is no device: expected `auto`, `cpu` or `cuda:N` (N counts GPUs from 0; one GPU a run \
     for now)"
)]
pub struct ParseDeviceError {
    found: String,
}

impl FromStr for DeviceChoice {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<DeviceChoice, ParseDeviceError> {
        let ordinal = |text: &str| {
            let digits = text.strip_prefix("cuda:")?;
            // `parse` alone would take a sign.
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        match text {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            other => ordinal(other)
                .map(DeviceChoice::Cuda)
                .ok_or_else(|| ParseDeviceError { found: other.escape_debug().to_string() }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = ParseDeviceError;

    fn try_from(text: String) -> Result<DeviceChoice, ParseDeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> String {
        choice.to_string()
    }
}

/// Why what was asked for can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    #[error(
        "cuda:{ordinal} was asked for, but this zendo was built without CUDA; rebuild it with \
         `--features cuda`, or use `--device cpu`"
    )]
    NotBuilt { ordinal: usize },
    #[error("cuda:{ordinal} can't be used: {reason}; check `nvidia-smi`, or use `--device cpu`")]
    Unusable { ordinal: usize, reason: String },
    #[error("this CPU has no `{}` kernels; it has {}", path.name(), available_paths())]
    NoKernels { path: KernelPath },
    #[error("`{}` kernels are of the CPU, and the device is {device}", path.name())]
    KernelsOfAnother { path: KernelPath, device: String },
}

fn available_paths() -> String {
    let available = KernelPath::ALL.into_iter().filter(|path| path.is_available());
    available.map(KernelPath::name).collect::<Vec<_>>().join(", ")
}

/// An opened device with the memory it had then. Cheap to clone; clones are the same device.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) candle: candle_core::Device,
    ordinal: Option<usize>,
    /// Of the CPU; none where networks run as a graph.
    pub(super) path: Option<KernelPath>,
    pub(super) memory: Arc<MemoryPool>,
    /// Shared by the workers, where there is one.
    pub(super) prefixes: Option<Arc<PrefixCache>>,
}

impl Device {
    /// The CPU with its fastest kernels.
    pub fn cpu() -> Device {
        Device::new(candle_core::Device::Cpu, None, Some(KernelPath::best()))
    }

    fn new(
        candle: candle_core::Device,
        ordinal: Option<usize>,
        path: Option<KernelPath>,
    ) -> Device {
        // Kernels of our own keep their buffers; Candle frees what it allocates.
        let memory = Arc::new(MemoryPool::of(&candle, path.is_some()));
        Device { candle, ordinal, path, memory, prefixes: None }
    }

    /// The same device with other kernels.
    ///
    /// # Errors
    /// A path that this CPU lacks, or one of the CPU for another device.
    pub fn with_kernels(self, choice: KernelChoice) -> Result<Device, DeviceError> {
        let path = match choice {
            KernelChoice::Auto => return Ok(self),
            KernelChoice::Graph => None,
            KernelChoice::Path(path) if self.ordinal.is_some() => {
                return Err(DeviceError::KernelsOfAnother { path, device: self.to_string() });
            }
            KernelChoice::Path(path) if !path.is_available() => {
                return Err(DeviceError::NoKernels { path });
            }
            KernelChoice::Path(path) => Some(path),
        };
        Ok(Device { path, ..self })
    }

    fn cuda(ordinal: usize) -> Result<Device, DeviceError> {
        if !cfg!(feature = "cuda") {
            return Err(DeviceError::NotBuilt { ordinal });
        }
        let candle = candle_core::Device::new_cuda(ordinal)
            .map_err(|e| DeviceError::Unusable { ordinal, reason: first_line(&e) })?;
        Ok(Device::new(candle, Some(ordinal), None))
    }

    /// Lets workers reuse the activations of prefixes that candidates with the same seed share, in
    /// `bytes` of memory, or half of what there is. Does nothing where networks run as a graph.
    pub fn with_prefix_reuse(self, bytes: u64) -> Device {
        if self.path.is_none() {
            return self;
        }
        let (memory, part) = self.memory.split(bytes);
        let prefixes = Some(Arc::new(PrefixCache::new(part)));
        Device { memory: Arc::new(memory), prefixes, ..self }
    }

    /// What [`Device::with_prefix_reuse`] has brought so far.
    pub fn prefix_reuse(&self) -> Option<PrefixReuse> {
        self.prefixes.as_ref().map(|prefixes| prefixes.reuse())
    }

    /// The code that does the arithmetic; with the device it decides a score's rounding.
    pub fn kernels(&self) -> &'static str {
        match (self.path, self.ordinal) {
            (Some(path), _) => path.name(),
            (None, None) => "graph",
            (None, Some(_)) if cfg!(feature = "cudnn") => "candle-cudnn",
            (None, Some(_)) => "candle-cuda",
        }
    }
}

/// `cpu` or `cuda:N`, as a run records it.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            None => f.write_str("cpu"),
            Some(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

/// Opens what was chosen. `Auto` never fails for want of a GPU: it is the CPU then, and the second
/// value is one line that says why.
///
/// # Errors
/// A GPU asked for by name that this build or this machine doesn't have, or such kernels.
pub fn open(
    choice: DeviceChoice,
    kernels: KernelChoice,
) -> Result<(Device, Option<String>), DeviceError> {
    let (device, note) = match choice {
        DeviceChoice::Cpu => (Device::cpu(), None),
        DeviceChoice::Cuda(ordinal) => (Device::cuda(ordinal)?, None),
        DeviceChoice::Auto => match Device::cuda(0) {
            Ok(device) => (device, None),
            Err(error) => (Device::cpu(), Some(fallback_note(&error))),
        },
    };
    Ok((device.with_kernels(kernels)?, note))
}

fn fallback_note(error: &DeviceError) -> String {
    match error {
        DeviceError::NotBuilt { .. } => {
            "device auto: using the CPU (built without the `cuda` feature)".to_owned()
        }
        DeviceError::Unusable { reason, .. } => {
            format!("device auto: using the CPU (no usable GPU: {reason})")
        }
        DeviceError::NoKernels { .. } | DeviceError::KernelsOfAnother { .. } => {
            format!("device auto: using the CPU ({error})")
        }
    }
}

/// Candle appends backtraces to its messages; people want the message.
pub(super) fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_print_as_they_parse() {
        for text in ["auto", "cpu", "cuda:0", "cuda:13"] {
            assert_eq!(text.parse::<DeviceChoice>().expect(text).to_string(), text);
        }
        for text in ["", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "CPU"] {
            let error = text.parse::<DeviceChoice>().expect_err(text);
            assert!(error.to_string().contains("`cuda:N`"), "{error}");
        }
        let json = serde_json::to_string(&DeviceChoice::Cuda(1)).expect("a string");
        assert_eq!(json, "\"cuda:1\"");
        assert_eq!(
            serde_json::from_str::<DeviceChoice>(&json).expect("parses"),
            DeviceChoice::Cuda(1)
        );
    }

    #[test]
    fn a_gpu_that_is_not_there_is_an_error() {
        let error =
            open(DeviceChoice::Cuda(99), KernelChoice::Auto).expect_err("no machine has 100 GPUs");
        assert!(error.to_string().contains("cuda:99"), "{error}");
        assert!(error.to_string().contains("--device cpu"), "{error}");
        if !cfg!(feature = "cuda") {
            let error = open(DeviceChoice::Cuda(0), KernelChoice::Auto).expect_err("not built");
            assert_eq!(error, DeviceError::NotBuilt { ordinal: 0 });
        }
    }

    #[test]
    fn auto_falls_back_with_one_line() {
        let (device, note) =
            open(DeviceChoice::Auto, KernelChoice::Auto).expect("auto never fails");
        if !cfg!(feature = "cuda") {
            assert_eq!(device.to_string(), "cpu");
            let note = note.expect("the fallback is told");
            assert!(note.contains("CPU") && !note.contains('\n'), "{note}");
        }
    }
}
