//! Zen-Scores on the CPU at the machine's limit: kernels of our own instead of a graph.
//!
//! Owns: one worker's buffers and the way of a network through the kernels. Must not know: Candle,
//! what results mean. Invariant: bits depend on the network, the draws and the [`KernelPath`],
//! never on what ran before or beside.
//!
//! Maps lie (images, side, side, channels), channels padded to whole vectors. A conv stores its raw
//! output and sums it on the way; the norm and the ReLU behind it happen when the next conv stages
//! that output into its cache. Two maps take turns, so nothing is allocated but on growth.

mod buffer;
mod compare;
mod dense;
mod depthwise;
mod draw;
mod fused;
mod geometry;
mod moments;
mod plan;
mod profile;
mod simd;
mod stage;
#[cfg(test)]
mod testing;
mod tile;
#[cfg(test)]
mod twin;

use std::{collections::TryReserveError, sync::Arc, time::Instant};

use self::{
    buffer::Buffer,
    compare::Compare,
    dense::Pass,
    draw::Matrix,
    fused::{Covariance, Pair},
    moments::Moments,
    plan::{Plan, Sizes, Step},
    profile::Peak,
    simd::Simd,
    tile::panels,
};
use super::{
    error::NetworkError,
    kernels::KernelPath,
    memory::MemoryPool,
    network::{NormVariance, PASSES, Perturbation, PlainNetwork},
    source::{Draw, PhiloxNormals},
};

pub use profile::StepTime;

/// Multiply-adds a second that a core can do with these instructions, measured.
pub(super) fn peak(path: KernelPath) -> f64 {
    let peak = Peak { rounds: 20_000_000 };
    match path {
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx512 => detected::<simd::Avx512>().run(peak),
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx2 => detected::<simd::Avx2>().run(peak),
        KernelPath::Portable => detected::<simd::Portable>().run(peak),
        #[cfg(not(target_arch = "x86_64"))]
        KernelPath::Avx512 | KernelPath::Avx2 => unreachable!("not a path of this CPU"),
    }
}

/// Runs networks in f32 on one thread, one at a time. Workers each have their own.
pub(super) struct Scorer {
    path: KernelPath,
    memory: Arc<MemoryPool>,
    limit: Option<u64>,
    arena: Arena,
}

impl Scorer {
    /// `path` is one that this CPU has.
    pub(super) fn new(path: KernelPath, memory: Arc<MemoryPool>) -> Scorer {
        Scorer { path, memory, limit: None, arena: Arena::default() }
    }

    /// Refuses what needs more than `bytes`, whatever the system has to give.
    pub(super) fn with_memory_limit(self, bytes: u64) -> Scorer {
        Scorer { limit: Some(bytes), ..self }
    }

    /// Bytes of the buffers, kept from network to network.
    pub(super) fn bytes(&self) -> u64 {
        self.arena.bytes()
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
        let plan = Plan::new(network, lanes(self.path));
        let needed = plan.sizes.bytes();
        let refuse = |available| NetworkError::Memory { needed, available };
        if let Some(limit) = self.limit.filter(|&limit| needed > limit) {
            return Err(refuse(limit));
        }
        let memory = Arc::clone(&self.memory);
        let held = memory.take(needed).map_err(refuse)?;
        let arena = &mut self.arena;
        arena.resize(&plan.sizes).map_err(|_| refuse(arena.bytes()))?;
        let forward = Forward { plan: &plan, alpha, draws, arena, times };
        let result = match self.path {
            #[cfg(target_arch = "x86_64")]
            KernelPath::Avx512 => forward.run(detected::<simd::Avx512>()),
            #[cfg(target_arch = "x86_64")]
            KernelPath::Avx2 => forward.run(detected::<simd::Avx2>()),
            KernelPath::Portable => forward.run(detected::<simd::Portable>()),
            #[cfg(not(target_arch = "x86_64"))]
            KernelPath::Avx512 | KernelPath::Avx2 => unreachable!("not a path of this CPU"),
        };
        if self.arena.bytes() > memory.retained_bytes() {
            self.arena = Arena::default();
        }
        drop(held);
        Ok(result)
    }
}

/// Everything that a network is run in.
#[derive(Default)]
struct Arena {
    /// Input and output of a step in turns, both passes in each.
    maps: [Buffer; 2],
    /// Of a step's convs.
    weights: [Buffer; 2],
    staged: Buffer,
    drawn: Buffer,
    /// Of the map that is read, by pass, and of the one that is written.
    moments: [[Moments; PASSES]; 2],
    /// Of the map between fused convs.
    between: [Moments; PASSES],
    covariance: Covariance,
}

impl Arena {
    fn buffers(&mut self) -> [&mut Buffer; 6] {
        let [a, b] = &mut self.maps;
        let [c, d] = &mut self.weights;
        [a, b, c, d, &mut self.staged, &mut self.drawn]
    }

    fn resize(&mut self, sizes: &Sizes) -> Result<(), TryReserveError> {
        let lens = sizes.lens();
        for (buffer, len) in self.buffers().into_iter().zip(lens) {
            buffer.resize(len)?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let buffers = self.maps.iter().chain(&self.weights).chain([&self.staged, &self.drawn]);
        buffers.map(Buffer::bytes).sum()
    }

    fn check_fences(&mut self) {
        for buffer in self.buffers() {
            buffer.check_fences();
        }
    }
}

/// A network on its way.
struct Forward<'a> {
    plan: &'a Plan,
    alpha: f64,
    draws: PhiloxNormals,
    arena: &'a mut Arena,
    times: Option<&'a mut Vec<StepTime>>,
}

impl Forward<'_> {
    fn run<S: Simd>(mut self, s: S) -> Perturbation {
        self.input(s);
        let mut norms = Vec::with_capacity(self.plan.layers.len());
        for (number, step) in self.plan.steps().enumerate() {
            let start = self.times.is_some().then(Instant::now);
            self.weights(s, step);
            let drawn = self.times.is_some().then(Instant::now);
            match step {
                Step::Conv(layer) => self.conv(s, layer, number == 0),
                Step::Pair(layer) => {
                    self.pair(s, layer);
                    norms.push(self.norm_variance(layer, &self.arena.between));
                }
            }
            norms.push(self.norm_variance(step.last(), &self.arena.moments[1]));
            self.arena.maps.swap(0, 1);
            self.arena.moments.swap(0, 1);
            self.arena.check_fences();
            if let (Some(times), Some(start), Some(drawn)) = (&mut self.times, start, drawn) {
                let (layers, images) = (step.layers(), PASSES * self.plan.images);
                let macs =
                    layers.clone().map(|i| profile::macs(&self.plan.layers[i], images)).sum();
                let (drawing, computing) = (drawn - start, drawn.elapsed());
                times.push(StepTime { layers, macs, drawing, computing });
            }
        }
        let result = self.compare(s, norms);
        if self.plan.steps().count() % 2 == 1 {
            // Buffers keep their roles, so that a second run of the same network grows nothing.
            self.arena.maps.swap(0, 1);
        }
        result
    }

    /// x and x + αε, one behind the other.
    fn input<S: Simd>(&mut self, s: S) {
        let plan = self.plan;
        let (images, first) = (plan.images, plan.layers[0]);
        let shape = [images, first.in_channels, first.from, first.from].map(|n| n as u32);
        let (rows, width) = (images * first.in_pixels(), first.in_channels);
        let padded = width.next_multiple_of(S::LANES);
        let (clean, noise) = self.arena.maps[0].values_mut().split_at_mut(rows * padded);
        for (tensor, to) in [(Draw::Input, &mut *clean), (Draw::Noise, &mut *noise)] {
            let normals = self.draws.sequence(tensor, shape);
            let mut matrix = Matrix { normals, width, rows, to };
            let whole = std::iter::once((0, padded));
            matrix.draw(s, 0..rows, whole, self.arena.drawn.values_mut());
        }
        let alpha = self.alpha as f32;
        for (noise, x) in noise.iter_mut().zip(clean) {
            *noise = *x + alpha * *noise;
        }
    }

    /// Draws what a step's convs are going to read.
    fn weights<S: Simd>(&mut self, s: S, step: Step) {
        let arena = &mut *self.arena;
        for (layer, weights) in step.layers().zip(&mut arena.weights) {
            let g = self.plan.layers[layer];
            let shape = [g.out_channels, g.fan(), g.side, g.side].map(|n| n as u32);
            let tensor = Draw::Weights { layer: layer as u32 };
            let normals = self.draws.sequence(tensor, shape);
            let to = weights.values_mut();
            let (width, rows) = (g.out_channels, g.weight_rows());
            let mut matrix = Matrix { normals, width, rows, to };
            let drawn = arena.drawn.values_mut();
            let seen = g.windows();
            for row in seen.clone() {
                let first = row * g.side + seen.start;
                let rows = first * g.fan()..(first + seen.len()) * g.fan();
                if g.depthwise {
                    let padded = width.next_multiple_of(S::LANES);
                    matrix.draw(s, rows, std::iter::once((0, padded)), drawn);
                } else {
                    let panels = panels::<S>(width).map(|panel| (panel.first, panel.width::<S>()));
                    matrix.draw(s, rows, panels, drawn);
                }
            }
        }
    }

    fn conv<S: Simd>(&mut self, s: S, layer: usize, first: bool) {
        let (plan, arena) = (self.plan, &mut *self.arena);
        let g = plan.layers[layer];
        let (from_len, to_len) = plan.map_lens(&g, &g);
        let [from, to] = &mut arena.maps;
        let [read, written] = &mut arena.moments;
        for pass in 0..PASSES {
            written[pass].reset(g.out_channels.next_multiple_of(S::LANES));
            let run = Pass {
                geometry: g,
                images: plan.images,
                from: &from.values()[pass * from_len..][..from_len],
                norm: (!first).then(|| read[pass].norm()),
                weights: arena.weights[0].values(),
                to: &mut to.values_mut()[pass * to_len..][..to_len],
                moments: &mut written[pass],
                staged: arena.staged.values_mut(),
            };
            if g.depthwise {
                run.depthwise(s);
            } else {
                run.dense(s);
            }
            written[pass].finish(g.out_channels, (plan.images * g.out_pixels()) as f64);
        }
    }

    fn pair<S: Simd>(&mut self, s: S, layer: usize) {
        let (plan, arena) = (self.plan, &mut *self.arena);
        let [first, second] = [plan.layers[layer], plan.layers[layer + 1]];
        let (from_len, to_len) = plan.map_lens(&first, &second);
        let [from, to] = &mut arena.maps;
        let [read, written] = &mut arena.moments;
        for pass in 0..PASSES {
            arena.between[pass].reset(first.out_channels.next_multiple_of(S::LANES));
            written[pass].reset(second.out_channels.next_multiple_of(S::LANES));
            let pair = Pair {
                first,
                second,
                images: plan.images,
                from: &from.values()[pass * from_len..][..from_len],
                norm: Some(read[pass].norm()),
                weights: arena.weights.each_ref().map(Buffer::values),
                to: &mut to.values_mut()[pass * to_len..][..to_len],
                moments: [&mut arena.between[pass], &mut written[pass]],
                staged: arena.staged.values_mut(),
                covariance: &mut arena.covariance,
            };
            pair.run(s);
            let count = plan.images * second.out_pixels();
            written[pass].finish(second.out_channels, count as f64);
        }
    }

    fn norm_variance(&self, layer: usize, moments: &[Moments; PASSES]) -> NormVariance {
        let g = self.plan.layers[layer];
        let [clean, perturbed] = moments.each_ref().map(|m| &m.variances()[..g.out_channels]);
        let pairs = clean.iter().zip(perturbed).map(|(clean, perturbed)| [*clean, *perturbed]);
        NormVariance::of(pairs, (self.plan.images * g.out_pixels()) as u64)
    }

    /// What the last map says.
    fn compare<S: Simd>(&self, s: S, norms: Vec<NormVariance>) -> Perturbation {
        let last = self.plan.layers[self.plan.layers.len() - 1];
        let channels = last.out_channels.next_multiple_of(S::LANES);
        let image = last.out_pixels() * channels;
        let maps = self.arena.maps[0].values();
        let (clean, perturbed) = maps.split_at(self.plan.images * image);
        let norms_of = self.arena.moments[0].each_ref().map(Moments::norm);
        let mut sums = Perturbation { norms, ..Perturbation::default() };
        let images = clean.chunks_exact(image).zip(perturbed.chunks_exact(image));
        for (clean, perturbed) in images {
            let maps = [clean, perturbed];
            let [l1, l2, sum, squares] = s.run(Compare { maps, norms: norms_of, channels });
            sums.delta_l1 += l1;
            sums.delta_l2 += l2.sqrt();
            sums.output_sum += sum;
            sums.output_sum_squares += squares;
        }
        let batch = self.plan.images as f64;
        Perturbation { delta_l1: sums.delta_l1 / batch, delta_l2: sums.delta_l2 / batch, ..sums }
    }
}

/// The token of a path that was available when it was chosen.
fn detected<S: Simd>() -> S {
    S::detect().expect("a path is chosen only where the CPU has it")
}

/// Values of a vector.
fn lanes(path: KernelPath) -> usize {
    match path {
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx512 => simd::Avx512::LANES,
        #[cfg(target_arch = "x86_64")]
        KernelPath::Avx2 => simd::Avx2::LANES,
        KernelPath::Portable => simd::Portable::LANES,
        #[cfg(not(target_arch = "x86_64"))]
        KernelPath::Avx512 | KernelPath::Avx2 => unreachable!("not a path of this CPU"),
    }
}
