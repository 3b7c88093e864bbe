//! Devices: which one is asked for, which one there is, and what to say when they differ.
//!
//! Must not know: what runs on a device. Invariant: a [`Device`] that exists has been opened, so an
//! unusable GPU is reported before any work starts.

mod choice;
mod error;
mod open;

use std::{
    fmt,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    cpu::{PrefixCache, PrefixReuse},
    gpu::{self, Gpu},
    kernels::{KernelChoice, KernelPath},
    memory::MemoryPool,
};
use crate::text::{binary, printable};

use choice::names;
pub use choice::{DeviceChoice, Ordinals, ParseDeviceError};
pub use error::DeviceError;
pub use open::open;

/// An opened device with the memory it had then: the CPU, or one GPU or more. Cheap to clone; clones
/// are the same device.
#[derive(Clone, Debug)]
pub struct Device {
    place: Place,
    /// Of the host.
    memory: Arc<MemoryPool>,
    /// Shared by the workers, where there is one.
    pub(super) prefixes: Option<Arc<PrefixCache>>,
}

#[derive(Clone, Debug)]
enum Place {
    /// Without kernels of its own networks run as a graph.
    Cpu(Option<KernelPath>),
    Gpus {
        /// At least one.
        gpus: Arc<[OpenGpu]>,
        /// Whether Candle's operations are all that is used.
        is_plain: bool,
        /// Engines so far, which take the GPUs in turn.
        engines: Arc<AtomicUsize>,
    },
}

#[derive(Debug)]
struct OpenGpu {
    gpu: Gpu,
    memory: Arc<MemoryPool>,
}

/// Where one engine works: a stream of a device, and the memory that it shares with others there.
pub(super) struct Seat {
    pub candle: candle_core::Device,
    pub memory: Arc<MemoryPool>,
}

impl Device {
    /// The CPU with its fastest kernels.
    pub fn cpu() -> Device {
        // Kernels of our own keep their buffers.
        Device::new(Place::Cpu(Some(KernelPath::best())), MemoryPool::of_host(true))
    }

    fn new(place: Place, memory: MemoryPool) -> Device {
        Device { place, memory: Arc::new(memory), prefixes: None }
    }

    /// GPUs with their own kernels, or why those can't be had.
    fn gpus(found: Vec<Gpu>) -> Result<(Device, Option<DeviceError>), DeviceError> {
        let mut trouble = None;
        for gpu in &found {
            let unusable = |e: candle_core::Error| DeviceError::Unusable {
                ordinal: gpu.ordinal,
                reason: first_line(&e),
            };
            let device = gpu::stream(gpu.ordinal).map_err(unusable)?;
            if let Err(error) = gpu::prepare(&device) {
                trouble = Some(DeviceError::NoGpuKernels { reason: first_line(&error) });
            }
        }
        let gpus = found.into_iter().map(|gpu| {
            let memory = Arc::new(MemoryPool::of_gpu(gpu.memory_free));
            OpenGpu { gpu, memory }
        });
        let place = Place::Gpus {
            gpus: gpus.collect(),
            is_plain: trouble.is_some(),
            engines: Arc::new(AtomicUsize::new(0)),
        };
        Ok((Device::new(place, MemoryPool::of_host(false)), trouble))
    }

    /// The same device with other kernels.
    ///
    /// # Errors
    /// A path that this CPU lacks, or one of the CPU for another device.
    pub fn with_kernels(self, choice: KernelChoice) -> Result<Device, DeviceError> {
        let device = self.to_string();
        let of_another = |kernels| DeviceError::KernelsOfAnother { kernels, device };
        let place = match (self.place, choice) {
            (place, KernelChoice::Auto) => place,
            (Place::Cpu(_), KernelChoice::Graph) => Place::Cpu(None),
            (Place::Cpu(_), KernelChoice::Path(path)) if path.is_available() => {
                Place::Cpu(Some(path))
            }
            (Place::Cpu(_), KernelChoice::Path(path)) => {
                return Err(DeviceError::NoKernels { path });
            }
            (Place::Gpus { gpus, engines, .. }, KernelChoice::Graph) => {
                Place::Gpus { gpus, engines, is_plain: true }
            }
            (place @ Place::Gpus { is_plain: false, .. }, KernelChoice::Cuda) => place,
            (Place::Cpu(_) | Place::Gpus { .. }, choice) => return Err(of_another(choice)),
        };
        Ok(Device { place, ..self })
    }

    /// Lets workers reuse the activations of prefixes that candidates with the same seed share, in
    /// `bytes` of memory, or half of what there is. Does nothing where networks run as a graph.
    pub fn with_prefix_reuse(self, bytes: u64) -> Device {
        if self.path().is_none() {
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

    /// The CPU's kernels; none where networks run as a graph.
    pub(super) fn path(&self) -> Option<KernelPath> {
        match &self.place {
            Place::Cpu(path) => *path,
            Place::Gpus { .. } => None,
        }
    }

    pub fn is_cpu(&self) -> bool {
        matches!(self.place, Place::Cpu(_))
    }

    /// Whether GPUs run Candle's operations only.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.place, Place::Gpus { is_plain: true, .. })
    }

    pub(super) fn host_memory(&self) -> Arc<MemoryPool> {
        Arc::clone(&self.memory)
    }

    /// A place for one more engine; GPUs are taken in turn.
    pub(super) fn seat(&self) -> candle_core::Result<Seat> {
        match &self.place {
            Place::Cpu(_) => {
                Ok(Seat { candle: candle_core::Device::Cpu, memory: self.host_memory() })
            }
            Place::Gpus { gpus, engines, .. } => {
                let OpenGpu { gpu, memory } =
                    &gpus[engines.fetch_add(1, Ordering::Relaxed) % gpus.len()];
                Ok(Seat { candle: gpu::stream(gpu.ordinal)?, memory: Arc::clone(memory) })
            }
        }
    }

    /// Workers that keep it busy: one for each core, or some for each GPU, since one thread launches
    /// kernels more slowly than a GPU runs small ones.
    pub fn default_workers(&self) -> usize {
        const OF_A_GPU: usize = 4;
        match &self.place {
            Place::Cpu(_) => std::thread::available_parallelism().map_or(1, NonZero::get),
            Place::Gpus { gpus, .. } => OF_A_GPU * gpus.len(),
        }
    }

    /// What it is and the memory it had when it was opened: `avx512, 21.3 GiB`, `2× NVIDIA H100 80GB
    /// HBM3, 79.1 GiB each`.
    pub fn hardware(&self) -> String {
        match &self.place {
            Place::Cpu(_) => {
                let memory = self.memory.all().map(|bytes| format!(", {}", binary(bytes)));
                format!("{}{}", self.kernels(), memory.unwrap_or_default())
            }
            Place::Gpus { gpus, .. } => {
                let least = gpus.iter().map(|open| open.gpu.memory_free).min().unwrap_or(0);
                let (name, least) = (printable(&gpus[0].gpu.name), binary(least));
                match gpus.len() {
                    1 => format!("{name}, {least}"),
                    many => format!("{many}× {name}, {least} each"),
                }
            }
        }
    }

    /// What the driver calls it; none where it is the CPU or several.
    pub(super) fn gpu_name(&self) -> Option<String> {
        match &self.place {
            Place::Gpus { gpus, .. } if gpus.len() == 1 => Some(printable(&gpus[0].gpu.name)),
            Place::Cpu(_) | Place::Gpus { .. } => None,
        }
    }

    /// The code that does the arithmetic; with the device it decides a score's rounding.
    pub fn kernels(&self) -> &'static str {
        match &self.place {
            Place::Cpu(Some(path)) => path.name(),
            Place::Cpu(None) | Place::Gpus { is_plain: true, .. } => KernelChoice::GRAPH,
            Place::Gpus { is_plain: false, .. } => KernelChoice::CUDA,
        }
    }
}

/// `cpu` or `cuda:N`, several with commas, as a run records it.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Cpu(_) => f.write_str("cpu"),
            Place::Gpus { gpus, .. } => {
                f.write_str(&names(gpus.iter().map(|open| open.gpu.ordinal)))
            }
        }
    }
}

/// Candle appends backtraces to its messages; people want the message.
pub(super) fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
