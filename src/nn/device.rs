//! Devices: which one is asked for, which one there is, and what to say when they differ.
//!
//! Must not know: what runs on a device. Invariant: a [`Device`] that exists has been opened, so an
//! unusable GPU is reported before any work starts.

use std::{
    fmt,
    num::NonZero,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    cpu::{PrefixCache, PrefixReuse},
    gpu::{self, Gpu},
    kernels::{KernelChoice, KernelPath},
    memory::MemoryPool,
};
use crate::text::{binary, printable};

/// The device as written: `auto`, `cpu`, or GPUs as `cuda:0` or `cuda:0,cuda:1`. Serialises as that
/// string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// All idle GPUs of one kind where there are GPUs, otherwise the CPU.
    #[default]
    Auto,
    Cpu,
    /// These GPUs, all together.
    Cuda(Ordinals),
}

/// Numbers of GPUs, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ordinals(u128);

impl Ordinals {
    /// One more than the highest number.
    const END: usize = 128;

    /// None where `ordinal` is past all numbers.
    pub fn one(ordinal: usize) -> Option<Ordinals> {
        (ordinal < Ordinals::END).then(|| Ordinals(1 << ordinal))
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Ordinals::END).filter(move |ordinal| self.0 >> ordinal & 1 == 1)
    }
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{found}` is no device: expected `auto`, `cpu`, `cuda:N` or several as `cuda:0,cuda:1` (N counts \
     GPUs from 0 to 127, each once)"
)]
pub struct ParseDeviceError {
    found: String,
}

impl FromStr for DeviceChoice {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<DeviceChoice, ParseDeviceError> {
        let one = |text: &str| {
            let digits = text.strip_prefix("cuda:")?;
            // `parse` alone would take a sign.
            let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
            Ordinals::one(digits.parse().ok()?)
        };
        let all = |text: &str| {
            text.split(',').try_fold(Ordinals(0), |all, text| {
                let one = one(text.trim())?;
                (all.0 & one.0 == 0).then_some(Ordinals(all.0 | one.0))
            })
        };
        match text {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            other => all(other)
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
            DeviceChoice::Cuda(ordinals) => f.write_str(&names(ordinals.iter())),
        }
    }
}

/// `cuda:0,cuda:1`
fn names(ordinals: impl Iterator<Item = usize>) -> String {
    ordinals.map(|ordinal| format!("cuda:{ordinal}")).collect::<Vec<_>>().join(",")
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
    pub(super) fn reason(&self) -> String {
        self.to_string()
    }

    /// What can be done about it.
    fn remedy(&self) -> &'static str {
        match self {
            DeviceError::NotBuilt => "rebuild it with `--features cuda`",
            DeviceError::NoDriver => "install the driver",
            DeviceError::OldDriver { .. } => "update the driver",
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
                let memory = self.memory.capacity();
                let memory = (memory > 0).then(|| format!(", {}", binary(memory)));
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

/// Opens what was chosen. `Auto` never fails for want of a GPU: it is the CPU then. The second value is
/// one line about what is not as one may expect.
///
/// # Errors
/// A GPU asked for by name that this build or this machine doesn't have, or such kernels.
pub fn open(
    choice: DeviceChoice,
    kernels: KernelChoice,
) -> Result<(Device, Option<String>), DeviceError> {
    let (device, note) = match choice {
        DeviceChoice::Cpu => (Device::cpu(), None),
        DeviceChoice::Cuda(ordinals) => {
            let found = ordinals.iter().map(gpu::describe).collect::<Result<Vec<_>, _>>();
            let opened = found.and_then(|gpus| with_own_kernels(gpus, kernels));
            let (device, note) = opened.map_err(|why| DeviceError::Asked {
                asked: choice.to_string(),
                why: Box::new(why),
            })?;
            (device, note)
        }
        DeviceChoice::Auto => match idle_gpus().and_then(|(gpus, note)| {
            let (device, trouble) = with_own_kernels(gpus, kernels)?;
            Ok((device, note.or(trouble)))
        }) {
            Ok(opened) => opened,
            Err(error) => {
                let note = format!("device auto: using the CPU ({})", error.reason());
                (Device::cpu(), Some(note))
            }
        },
    };
    Ok((device.with_kernels(kernels)?, note))
}

/// `gpus` opened, with a note where they are not alike or their kernels can't be used.
fn with_own_kernels(
    gpus: Vec<Gpu>,
    kernels: KernelChoice,
) -> Result<(Device, Option<String>), DeviceError> {
    let odd = gpus.iter().find(|gpu| gpu.name != gpus[0].name).map(|gpu| {
        let (one, other) = (printable(&gpus[0].name), printable(&gpu.name));
        format!(
            "{one} and {other} may round differently: which of them scores a candidate can matter"
        )
    });
    let (device, trouble) = Device::gpus(gpus)?;
    match trouble {
        Some(error) if kernels == KernelChoice::Cuda => Err(error),
        Some(error) if kernels == KernelChoice::Auto => Ok((device, Some(error.reason()))),
        _ => Ok((device, odd)),
    }
}

/// The GPUs that nobody uses, of the first one's kind; where all are in use, the one with the most
/// memory left, and a note.
fn idle_gpus() -> Result<(Vec<Gpu>, Option<String>), DeviceError> {
    let count = gpu::check_driver()?;
    choose(&(0..count).map(gpu::describe).collect::<Vec<_>>())
}

fn choose(found: &[Result<Gpu, DeviceError>]) -> Result<(Vec<Gpu>, Option<String>), DeviceError> {
    let usable: Vec<&Gpu> = found.iter().flatten().collect();
    let idle: Vec<&&Gpu> = usable.iter().filter(|gpu| gpu.is_idle()).collect();
    if let Some(first) = idle.first() {
        let alike = idle.iter().filter(|gpu| gpu.name == first.name);
        return Ok((alike.map(|gpu| (**gpu).clone()).collect(), None));
    }
    match usable.iter().max_by_key(|gpu| gpu.memory_free) {
        Some(freest) => {
            let (ordinal, free) = (freest.ordinal, binary(freest.memory_free));
            let note = format!("device auto: no GPU is idle, using cuda:{ordinal} ({free} free)");
            Ok((vec![(*freest).clone()], Some(note)))
        }
        None => Err(found.iter().find_map(|gpu| gpu.clone().err()).unwrap_or(DeviceError::NoGpu)),
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
        for text in ["auto", "cpu", "cuda:0", "cuda:13", "cuda:0,cuda:1", "cuda:3,cuda:127"] {
            assert_eq!(text.parse::<DeviceChoice>().expect(text).to_string(), text);
        }
        for text in [
            "",
            "gpu",
            "cuda",
            "cuda:",
            "cuda:-1",
            "cuda:+1",
            "cuda:x",
            "CPU",
            "cuda:128",
            "cuda:0,",
            "cuda:1,cuda:1",
            "cuda:0,cpu",
        ] {
            let error = text.parse::<DeviceChoice>().expect_err(text);
            assert!(error.to_string().contains("`cuda:N`"), "{error}");
        }
        let pair: DeviceChoice = "cuda:1, cuda:0".parse().expect("in any order");
        let json = serde_json::to_string(&pair).expect("a string");
        assert_eq!(json, "\"cuda:0,cuda:1\"");
        assert_eq!(serde_json::from_str::<DeviceChoice>(&json).expect("parses"), pair);
    }

    #[test]
    fn a_gpu_that_is_not_there_is_an_error_that_says_why() {
        let asked = "cuda:99".parse().expect("a device");
        let error = open(asked, KernelChoice::Auto).expect_err("no machine has 100 GPUs");
        assert!(error.to_string().starts_with("cuda:99 was asked for, but "), "{error}");
        assert!(error.to_string().ends_with("or use `--device cpu`"), "{error}");
        if !cfg!(feature = "cuda") {
            assert!(error.to_string().contains("rebuild it with `--features cuda`"), "{error}");
        }
        let why = DeviceError::NoSuchGpu { ordinal: 9, count: 2 };
        let error = DeviceError::Asked { asked: "cuda:0,cuda:9".to_owned(), why: Box::new(why) };
        let expected = "cuda:0,cuda:9 was asked for, but there is no cuda:9: the driver sees cuda:0 to \
                        cuda:1; name another, or use `--device cpu`";
        assert_eq!(error.to_string(), expected);
        let why = DeviceError::OldDriver { driver: (12, 4), needed: (13, 0) };
        let error = DeviceError::Asked { asked: "cuda:0".to_owned(), why: Box::new(why) };
        assert!(error.to_string().contains("it runs CUDA 12.4, and this zendo needs 13.0; update"));
    }

    #[test]
    fn auto_takes_the_idle_gpus_of_one_kind() {
        let gpu = |ordinal, name: &str, free: u64| {
            Ok(Gpu {
                ordinal,
                name: name.to_owned(),
                compute_capability: (9, 0),
                memory_free: free << 30,
                memory_total: 80 << 30,
            })
        };
        let broken = || Err(DeviceError::Unusable { ordinal: 0, reason: "ECC".to_owned() });
        let chosen = |found: &[Result<Gpu, DeviceError>]| {
            let (gpus, note) = choose(found).expect("there is one");
            (gpus.iter().map(|gpu| gpu.ordinal).collect::<Vec<_>>(), note)
        };
        let found = [broken(), gpu(1, "A", 10), gpu(2, "A", 80), gpu(3, "B", 80), gpu(4, "A", 79)];
        assert_eq!(chosen(&found), (vec![2, 4], None));
        let (one, note) = chosen(&[gpu(0, "A", 10), gpu(1, "A", 30)]);
        assert_eq!(one, [1]);
        assert!(note.expect("told").contains("no GPU is idle, using cuda:1"));
        assert_eq!(choose(&[broken()]).expect_err("none").to_string(), "cuda:0 can't be used: ECC");
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
