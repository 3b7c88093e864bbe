//! A device that inferences are timed on.
//!
//! Must not know: which layers matter. Invariant: nothing is allocated, drawn or read back while the clock runs.

use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use candle_core::DType;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    cpu::CpuEngine,
    hardware::Hardware,
    program::Program,
    quiet::{Pace, Run, quietest, waited_ns},
    tensors::TensorEngine,
};
use crate::{
    arch::{LayerList, NetSpec, Structure},
    latency::FusedLayer,
    nn::{
        Device, DeviceChoice, DeviceError, KernelChoice, NetworkError, device::first_line,
        kernels::KernelPath, memory::MemoryPool, open,
    },
};

/// The type of weights and maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    F32,
    /// On GPUs.
    F16,
}

impl Dtype {
    fn bytes(self) -> u64 {
        match self {
            Dtype::F32 => 4,
            Dtype::F16 => 2,
        }
    }

    fn of_candle(self) -> DType {
        match self {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "f32",
            Dtype::F16 => "f16",
        })
    }
}

impl FromStr for Dtype {
    type Err = String;

    fn from_str(text: &str) -> Result<Dtype, String> {
        match text {
            "f32" => Ok(Dtype::F32),
            "f16" => Ok(Dtype::F16),
            _ => Err("expected f32 or f16".to_owned()),
        }
    }
}

/// Why nothing was timed.
#[derive(Debug, Error)]
pub enum BenchError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(
        "f16 is slower than f32 on CPUs here: products in f16 are widened number by number; use \
         `--dtype f32`, or a GPU"
    )]
    HalfOnCpu,
    #[error("times are those of one GPU, and {0} are several; name one, as in `--device cuda:0`")]
    ManyGpus(String),
    #[error("there is no conv with a kernel of {0}×{0}")]
    Kernel(u32),
    #[error("the system gives no {0} threads")]
    Threads(usize),
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// An opened device, its threads and its type.
pub struct Bench {
    device: Device,
    dtype: Dtype,
    place: Place,
}

enum Place {
    Cpu {
        /// Of its own: the time of a layer depends on how many there are.
        pool: rayon::ThreadPool,
        path: KernelPath,
        pace: Arc<Pace>,
        memory: Arc<MemoryPool>,
    },
    Gpu {
        seat: candle_core::Device,
        memory: Arc<MemoryPool>,
    },
}

/// What the sets of a layer's weights that take turns come to, at least: more than a core's own cache, so that a
/// layer finds its weights where the other layers of a network left them. Its maps stay where they are: in a network,
/// too, a few buffers go round.
const ROTATION_BYTES: u64 = 16 << 20;
/// Sets that take turns.
const SETS: (u64, u64) = (2, 48);
/// Quiet runs that are wanted of a layer or network: those of so many milliseconds, within bounds.
const WANTED_MS: f64 = 30.0;
const WANTED_RUNS: (usize, usize) = (5, 60);
/// The time spent on one layer where it isn't quiet, over what the wanted runs take; and what is spent at least,
/// milliseconds.
const PATIENCE: f64 = 6.0;
const PATIENCE_MS: f64 = 400.0;
/// Runs before the first that counts: until two agree within this share, but so many at most.
const WARM: (f64, usize) = (0.05, 12);

/// Between runs while somebody else is at work.
const PAUSE: Duration = Duration::from_millis(2);

/// What was timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Of each run that counts, milliseconds.
    pub ms: Vec<f64>,
    /// Whether nobody else had the cores meanwhile, or enough runs were left when those were dropped.
    pub is_quiet: bool,
}

/// Which runs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many, as they come.
    All(u32),
    /// Those while nobody else had the cores, for as long as patience lasts.
    Quiet,
}

impl Bench {
    /// Opens a device. With `threads` a CPU uses so many, else one for each core; without a type it is f32 on a
    /// CPU, f16 on a GPU. The second value is a line about what is not as one may expect.
    ///
    /// # Errors
    /// There is no such device, or it can't run that type.
    pub fn open(
        choice: DeviceChoice,
        dtype: Option<Dtype>,
        threads: Option<usize>,
    ) -> Result<(Bench, Option<String>), BenchError> {
        let (device, note) = open(choice, KernelChoice::Auto)?;
        let dtype = dtype.unwrap_or(if device.is_cpu() { Dtype::F32 } else { Dtype::F16 });
        let backend = |error: candle_core::Error| NetworkError::Backend(first_line(&error));
        let place = match device.path() {
            Some(_) if dtype == Dtype::F16 => return Err(BenchError::HalfOnCpu),
            Some(path) => {
                let wanted = threads.unwrap_or_else(|| device.default_workers());
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(wanted)
                    .thread_name(|index| format!("zendo-bench-{index}"))
                    .build()
                    .map_err(|_| BenchError::Threads(wanted))?;
                let pace = Arc::new(pool.install(|| Pace::new(path)));
                Place::Cpu { pool, path, pace, memory: device.host_memory() }
            }
            None => {
                if device.gpu_name().is_none() {
                    return Err(BenchError::ManyGpus(device.to_string()));
                }
                let seat = device.seat().map_err(backend)?;
                Place::Gpu { seat: seat.candle, memory: seat.memory }
            }
        };
        Ok((Bench { device, dtype, place }, note))
    }

    /// What is measured here.
    pub fn hardware(&self) -> Hardware {
        let threads = match &self.place {
            Place::Cpu { pool, .. } => pool.current_num_threads(),
            Place::Gpu { .. } => 0,
        };
        Hardware::of(&self.device, threads, self.dtype)
    }

    /// Times the quiet runs of one layer on `batch` samples: its input fresh from the cores that use it,
    /// its weights as far away as in a network.
    ///
    /// # Errors
    /// It needs more memory than there is, or is no layer that can be run.
    pub fn time_layer(&self, layer: &FusedLayer, batch: u32) -> Result<Times, BenchError> {
        let program = Program::of_layer(layer).ok_or(BenchError::Kernel(layer.kernel))?;
        let bytes = self.bytes(&program, batch);
        // On a GPU a set has maps of its own.
        let of_a_set = match &self.place {
            Place::Cpu { .. } => program.weights().saturating_mul(self.dtype.bytes()),
            Place::Gpu { .. } => bytes,
        };
        let sets = match of_a_set {
            0 => 1,
            some => ROTATION_BYTES.div_ceil(some).clamp(SETS.0, SETS.1),
        };
        let _held = self.hold(bytes.saturating_add(of_a_set.saturating_mul(sets)))?;
        let mut runs = self.runs_of(&program, batch, sets)?;
        self.within(|| {
            for _ in 0..sets {
                runs.next()?;
            }
            timed(&mut runs, Count::Quiet)
        })
    }

    /// Times the runs of a whole network on `batch` samples, after some that don't count.
    ///
    /// # Errors
    /// It needs more memory than there is.
    pub fn time_net(
        &self,
        structure: &Structure,
        spec: &NetSpec,
        batch: u32,
        count: Count,
    ) -> Result<Times, BenchError> {
        let program = Program::of_network(&LayerList::new(structure, spec));
        let _held = self.hold(self.bytes(&program, batch))?;
        let mut runs = self.runs_of(&program, batch, 1)?;
        self.within(|| timed(&mut runs, count))
    }

    /// Weights, maps, and what runs beside them.
    fn bytes(&self, program: &Program, batch: u32) -> u64 {
        let maps: u64 = program.buffers.iter().fold(0, |all, one| all.saturating_add(*one));
        let values = maps.saturating_mul(batch.into()).saturating_add(program.weights());
        // Patches of each core's block, or what cuDNN works in.
        let beside = match &self.place {
            Place::Cpu { pool, .. } => pool.current_num_threads() as u64 * (8 << 20),
            Place::Gpu { .. } => values.saturating_mul(2 * self.dtype.bytes()),
        };
        values.saturating_mul(self.dtype.bytes()).saturating_add(beside)
    }

    fn hold(&self, bytes: u64) -> Result<impl Drop + use<'_>, BenchError> {
        let (Place::Cpu { memory, .. } | Place::Gpu { memory, .. }) = &self.place;
        let refuse = |available| NetworkError::Memory { needed: bytes, available };
        Ok(memory.take(bytes).map_err(refuse)?)
    }

    /// Runs of a program, by so many sets of weights in turn.
    fn runs_of(&self, program: &Program, batch: u32, sets: u64) -> Result<Runs, BenchError> {
        let backend = |error: candle_core::Error| NetworkError::Backend(first_line(&error));
        Ok(match &self.place {
            Place::Cpu { path, pace, .. } => {
                let engine = CpuEngine::new(program, batch, *path, 0..sets);
                Runs::Cpu { engine: Box::new(engine), pace: Arc::clone(pace) }
            }
            Place::Gpu { seat, .. } => {
                let device = (seat, self.dtype.of_candle());
                let engine = |seed| TensorEngine::new(program, batch, device, seed);
                let engines = (0..sets).map(engine).collect::<candle_core::Result<_>>();
                Runs::Gpu { engines: engines.map_err(backend)?, at: 0, device: seat.clone() }
            }
        })
    }

    fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.place {
            Place::Cpu { pool, .. } => pool.install(work),
            Place::Gpu { .. } => work(),
        }
    }
}

/// Timed runs without end.
enum Runs {
    Cpu { engine: Box<CpuEngine>, pace: Arc<Pace> },
    Gpu { engines: Vec<TensorEngine>, at: usize, device: candle_core::Device },
}

impl Runs {
    /// One more.
    fn next(&mut self) -> Result<Run, BenchError> {
        match self {
            Runs::Cpu { engine, pace } => {
                let pace_before = pace.now();
                engine.refresh();
                let before = waited_ns();
                let start = Instant::now();
                engine.run();
                let ms = start.elapsed().as_secs_f64() * 1e3;
                let waited_ms = waited_ns().saturating_sub(before) as f64 / 1e6;
                Ok(Run { ms, waited_ms, pace: pace_before.max(pace.now()) })
            }
            Runs::Gpu { engines, at, device } => {
                let ms = gpu_run(engines, at, device)
                    .map_err(|error| NetworkError::Backend(first_line(&error)))?;
                Ok(Run { ms, waited_ms: 0.0, pace: 1.0 })
            }
        }
    }
}

/// A GPU is asked to run a program so often that neither the first launch nor the wait at the end shows.
fn gpu_run(
    engines: &mut [TensorEngine],
    at: &mut usize,
    device: &candle_core::Device,
) -> candle_core::Result<f64> {
    // A network hides the way to the GPU by itself.
    let launches = if engines.len() == 1 { 1 } else { 32 };
    device.synchronize()?;
    let start = Instant::now();
    for _ in 0..launches {
        *at = (*at + 1) % engines.len();
        engines[*at].run()?;
    }
    device.synchronize()?;
    Ok(start.elapsed().as_secs_f64() * 1e3 / f64::from(launches))
}

/// Runs that count, after some that don't.
fn timed(runs: &mut Runs, count: Count) -> Result<Times, BenchError> {
    let one = warmed(runs)?;
    let wanted = match count {
        Count::All(count) => {
            let all = (0..count).map(|_| runs.next()).collect::<Result<Vec<_>, _>>()?;
            let is_quiet = all.iter().all(Run::is_quiet);
            return Ok(Times { ms: all.into_iter().map(|run| run.ms).collect(), is_quiet });
        }
        Count::Quiet => ((WANTED_MS / one.max(1e-6)) as usize).clamp(WANTED_RUNS.0, WANTED_RUNS.1),
    };
    let patience = (PATIENCE * wanted as f64 * one).max(PATIENCE_MS);
    let (mut all, mut quiet) = (Vec::new(), 0);
    let start = Instant::now();
    while quiet < wanted && (all.len() < wanted || start.elapsed().as_secs_f64() * 1e3 < patience) {
        let run = runs.next()?;
        quiet += usize::from(run.is_quiet());
        all.push(run);
        if !run.is_quiet() {
            thread::sleep(PAUSE);
        }
    }
    Ok(Times { ms: quietest(&all, WANTED_RUNS.0), is_quiet: quiet >= WANTED_RUNS.0 })
}

/// Milliseconds of the last of the runs before those that count.
fn warmed(runs: &mut Runs) -> Result<f64, BenchError> {
    let (apart, most) = WARM;
    let mut last = runs.next()?.ms;
    for _ in 1..most {
        let next = runs.next()?.ms;
        let is_steady = (next - last).abs() <= apart * last;
        last = next;
        if is_steady {
            break;
        }
    }
    Ok(last)
}
