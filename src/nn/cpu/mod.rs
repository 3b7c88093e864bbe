//! Zen-Scores on the CPU at the machine's limit: kernels of our own instead of a graph.
//!
//! Owns: one worker's buffers and the way of a network through the kernels. Must not know: Candle,
//! what results mean. Invariant: bits depend on the network, the draws and the [`KernelPath`],
//! never on what ran before or beside. (Where prefixes are kept, convs of different blocks are never
//! fused, which rounds differently.)
//!
//! Maps lie (images, side, side, channels), channels padded to whole vectors. A conv stores its raw
//! output and sums it on the way; the norm and the ReLU behind it happen when the next conv stages
//! that output into its cache. Two maps take turns, so nothing is allocated but on growth.

mod buffer;
mod compare;
mod dense;
mod depthwise;
mod draw;
mod forward;
mod fused;
mod geometry;
mod moments;
mod plan;
mod pool;
mod prefix;
mod profile;
mod simd;
mod stage;
#[cfg(test)]
mod testing;
mod tile;
#[cfg(test)]
mod twin;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use self::{
    forward::{Arena, Forward},
    plan::Plan,
    profile::MeasurePeak,
};
use super::{
    error::NetworkError,
    kernels::KernelPath,
    memory::MemoryPool,
    network::{Perturbation, PlainNetwork},
    source::PhiloxNormals,
};

pub(super) use prefix::PrefixCache;
pub use prefix::PrefixReuse;
pub use profile::StepTime;
pub(super) use simd::{Kernel, Simd};

/// Multiply-adds a second that a core can do with these instructions, measured.
pub(super) fn peak(path: KernelPath) -> f64 {
    on_path(path, MeasurePeak)
}

/// Runs networks in f32 on one thread, one at a time. Workers each have their own.
pub(super) struct Scorer {
    path: KernelPath,
    memory: Arc<MemoryPool>,
    limit: Option<u64>,
    prefixes: Option<Arc<PrefixCache>>,
    arena: Arena,
    /// Of the arena during the last network.
    bytes: u64,
    /// Of the arena now, as the device's books have it.
    kept: u64,
    /// Time for the last network's plan and draws.
    building: Duration,
}

impl Drop for Scorer {
    fn drop(&mut self) {
        self.memory.give_up(self.kept);
    }
}

impl Scorer {
    /// `path` is one that this CPU has.
    pub(super) fn new(path: KernelPath, memory: Arc<MemoryPool>) -> Scorer {
        let arena = Arena::default();
        Scorer {
            path,
            memory,
            limit: None,
            prefixes: None,
            arena,
            bytes: 0,
            kept: 0,
            building: Duration::ZERO,
        }
    }

    /// Starts networks behind prefixes that `prefixes` knows, and keeps theirs there.
    pub(super) fn with_prefixes(mut self, prefixes: Option<Arc<PrefixCache>>) -> Scorer {
        self.prefixes = prefixes;
        self
    }

    /// Refuses what needs more than `bytes`, whatever the system has to give.
    pub(super) fn with_memory_limit(mut self, bytes: u64) -> Scorer {
        self.limit = Some(bytes);
        self
    }

    /// Bytes that the last network ran in.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Time the last network took to be planned, its buffers laid out, its weights and images drawn.
    pub(super) fn building(&self) -> Duration {
        self.building
    }

    /// Runs f(x) and f(x + `alpha`·ε) with one set of weights.
    ///
    /// # Errors
    /// A network that would not fit in memory, or one with a norm over single values. Values that
    /// are not finite are no error here: they show in the result.
    pub(super) fn perturb(
        &mut self,
        network: &PlainNetwork,
        alpha: f64,
        draws: PhiloxNormals,
    ) -> Result<Perturbation, NetworkError> {
        self.run(network, alpha, draws, None)
    }

    /// As [`Scorer::perturb`], with the time of every step.
    ///
    /// # Errors
    /// As [`Scorer::perturb`].
    pub(super) fn profile(
        &mut self,
        network: &PlainNetwork,
        alpha: f64,
        draws: PhiloxNormals,
    ) -> Result<Vec<StepTime>, NetworkError> {
        let mut times = Vec::new();
        self.run(network, alpha, draws, Some(&mut times))?;
        Ok(times)
    }

    fn run(
        &mut self,
        network: &PlainNetwork,
        alpha: f64,
        draws: PhiloxNormals,
        times: Option<&mut Vec<StepTime>>,
    ) -> Result<Perturbation, NetworkError> {
        if let Some(norm) = network.degenerate_norm() {
            return Err(NetworkError::Degenerate { norm });
        }
        let start = Instant::now();
        let plan = Plan::new(network, on_path(self.path, Lanes), self.prefixes.is_some());
        let needed = plan.sizes.bytes();
        let refuse = |available| NetworkError::Memory { needed, available };
        if let Some(limit) = self.limit.filter(|&limit| needed > limit) {
            return Err(refuse(limit));
        }
        let planned = start.elapsed();
        let memory = Arc::clone(&self.memory);
        // That may have to wait for others.
        let held = memory.take(needed).map_err(refuse)?;
        let start = Instant::now();
        let arena = &mut self.arena;
        if arena.resize(&plan.sizes).is_err() {
            self.keep_arena(false);
            return Err(refuse(self.memory.capacity()));
        }
        let prefixes = self.prefixes.as_deref();
        self.building = planned + start.elapsed();
        let drawing = &mut self.building;
        let forward = Forward { plan: &plan, alpha, draws, arena, prefixes, times, drawing };
        let result = on_path(self.path, forward);
        self.keep_arena(true);
        drop(held);
        Ok(result)
    }

    /// Keeps the buffers for the next network, where that is wanted and the device's memory allows
    /// it beside what other workers keep.
    fn keep_arena(&mut self, wanted: bool) {
        self.bytes = self.arena.bytes();
        self.memory.give_up(std::mem::take(&mut self.kept));
        if wanted && self.memory.keep(self.bytes) {
            self.kept = self.bytes;
        } else {
            self.arena = Arena::default();
        }
    }
}

/// Whether this CPU has a path's instructions.
pub(super) fn is_available(path: KernelPath) -> bool {
    match path {
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx512 => simd::Avx512::detect().is_some(),
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx2 => simd::Avx2::detect().is_some(),
        KernelPath::Portable => simd::Portable::detect().is_some(),
        #[cfg(not(target_arch = "x86_64"))]
        KernelPath::Avx512 | KernelPath::Avx2 => false,
    }
}

/// Runs `kernel`, compiled for the instructions of a path that was available when it was chosen.
pub(super) fn compiled_for<K: Kernel>(path: KernelPath, kernel: K) -> K::Output {
    struct Compiled<K>(K);
    impl<K: Kernel> Kernel for Compiled<K> {
        type Output = K::Output;
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> K::Output {
            simd.run(self.0)
        }
    }
    on_path(path, Compiled(kernel))
}

/// Runs `kernel` with the token of a path that was available when it was chosen.
fn on_path<K: Kernel>(path: KernelPath, kernel: K) -> K::Output {
    fn detected<S: Simd>() -> S {
        S::detect().expect("a path is chosen only where the CPU has it")
    }
    match path {
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx512 => kernel.run(detected::<simd::Avx512>()),
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx2 => kernel.run(detected::<simd::Avx2>()),
        KernelPath::Portable => kernel.run(detected::<simd::Portable>()),
        #[cfg(not(target_arch = "x86_64"))]
        KernelPath::Avx512 | KernelPath::Avx2 => unreachable!("not a path of this CPU"),
    }
}

/// Values of a vector.
struct Lanes;

impl Kernel for Lanes {
    type Output = usize;

    fn run<S: Simd>(self, _: S) -> usize {
        S::LANES
    }
}
