//! The way of one network through the kernels.
//!
//! Owns: the buffers of a worker. Must not know: which instructions there are, who else runs.
//! Invariant: every step reads what the step before wrote, so starting behind a kept border is the
//! same as coming from the input.

use std::{
    collections::TryReserveError,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    buffer::Buffer,
    compare::Compare,
    dense::Pass,
    draw::Matrix,
    fused::{Covariance, Pair},
    geometry::Geometry,
    moments::Moments,
    plan::{Plan, Sizes, Step},
    pool::{Pool, PoolGeometry},
    prefix::{Border, BorderNorm, Prefix, PrefixCache},
    profile::{self, StepTime},
    simd::{Kernel, Simd},
    tile::panels,
};
use crate::nn::{
    network::{NormVariance, PASSES, Perturbation},
    source::{Draw, PhiloxNormals},
};

/// Everything that a network is run in.
#[derive(Default)]
pub(super) struct Arena {
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

    pub(super) fn resize(&mut self, sizes: &Sizes) -> Result<(), TryReserveError> {
        let lens = sizes.lens();
        for (buffer, len) in self.buffers().into_iter().zip(lens) {
            buffer.resize(len)?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
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
pub(super) struct Forward<'a> {
    pub plan: &'a Plan,
    pub alpha: f64,
    pub draws: PhiloxNormals,
    pub arena: &'a mut Arena,
    pub prefixes: Option<&'a PrefixCache>,
    pub times: Option<&'a mut Vec<StepTime>>,
    /// Where the time for weights and images is added up.
    pub drawing: &'a mut Duration,
}

impl Kernel for Forward<'_> {
    type Output = Perturbation;

    fn run<S: Simd>(mut self, s: S) -> Perturbation {
        let steps = self.plan.steps();
        let mut norms = Vec::with_capacity(self.plan.layers.len());
        let first = match self.resume(&steps, S::LANES) {
            Some((first, border)) => {
                self.restore(&border, first);
                norms.extend_from_slice(&border.variances);
                first
            }
            None => {
                let start = Instant::now();
                self.input(s);
                *self.drawing += start.elapsed();
                0
            }
        };
        for (number, step) in steps.iter().copied().enumerate().skip(first) {
            let start = Instant::now();
            self.weights(s, step);
            let drawn = Instant::now();
            *self.drawing += drawn - start;
            match step {
                Step::Conv(layer) => self.conv(s, layer, number == 0),
                Step::Pair(layer) => {
                    self.pair(s, layer);
                    norms.push(self.norm_variance(layer, &self.arena.between));
                }
                Step::Pool(layer, pool) => self.pool(s, layer, pool),
            }
            self.arena.maps.swap(0, 1);
            // What is left of a map is normalised as all of it.
            if !matches!(step, Step::Pool(..)) {
                norms.push(self.norm_variance(step.last(), &self.arena.moments[1]));
                self.arena.moments.swap(0, 1);
            }
            self.arena.check_fences();
            if self.prefixes.is_some() && self.plan.is_border(step) && number + 1 < steps.len() {
                self.keep(&steps[..=number], &norms, S::LANES);
            }
            if let Some(times) = &mut self.times {
                let (layers, images) = (step.layers(), PASSES * self.plan.images);
                let macs =
                    layers.clone().map(|i| profile::macs(&self.plan.layers[i], images)).sum();
                let padded = |i| profile::macs_with_padding(&self.plan.layers[i], images);
                let macs_with_padding = layers.clone().map(padded).sum();
                let (drawing, computing) = (drawn - start, drawn.elapsed());
                times.push(StepTime { layers, macs, macs_with_padding, drawing, computing });
            }
        }
        let result = self.compare(s, norms, steps[steps.len() - 1]);
        if steps.len() % 2 == 1 {
            // Buffers keep their roles, so that a second run of the same network grows nothing.
            self.arena.maps.swap(0, 1);
        }
        result
    }
}

impl Forward<'_> {
    /// What decides the map behind the last of `steps`.
    fn prefix(&self, steps: &[Step], lanes: usize) -> Prefix {
        let layers = steps.last().map_or(0, |step| step.last() + 1);
        Prefix {
            layers: self.plan.layers[..layers].into(),
            steps: steps.into(),
            images: self.plan.images,
            alpha_bits: self.alpha.to_bits(),
            draws: self.draws,
            lanes,
        }
    }

    /// The step behind the furthest border that is known, and that border.
    fn resume(&self, steps: &[Step], lanes: usize) -> Option<(usize, Arc<Border>)> {
        let prefixes = self.prefixes?;
        let inner = &steps[..steps.len() - 1];
        let is_border = |number: &usize| self.plan.is_border(inner[*number]);
        let borders: Vec<_> = (0..inner.len()).rev().filter(is_border).collect();
        let prefix = |number: &usize| self.prefix(&steps[..=*number], lanes);
        let wanted: Vec<_> = borders.iter().map(prefix).collect();
        let found = prefixes.find(wanted.iter());
        let found = found.map(|(place, border)| (borders[place] + 1, border));
        let images = PASSES * self.plan.images;
        let macs = |layers: &[Geometry]| layers.iter().map(|g| profile::macs(g, images)).sum();
        let saved = found.as_ref().map_or(0, |(step, _)| steps[step - 1].last() + 1);
        prefixes.count(macs(&self.plan.layers), macs(&self.plan.layers[..saved]));
        found
    }

    /// Puts the network where `border` was kept, in front of step number `step`.
    fn restore(&mut self, border: &Border, step: usize) {
        if step % 2 == 1 {
            self.arena.maps.swap(0, 1);
        }
        // A border is not the start.
        let activation = self.plan.layers[border.variances.len() - 1].activation;
        border.map.copy_to(self.arena.maps[0].values_mut());
        for (moments, norm) in self.arena.moments[0].iter_mut().zip(&border.norms) {
            moments.restore(&norm.scale, &norm.shift, activation);
        }
    }

    /// Keeps the map that the last of `steps` has just written.
    fn keep(&self, steps: &[Step], norms: &[NormVariance], lanes: usize) {
        let (Some(prefixes), Some(step)) = (self.prefixes, steps.last()) else { return };
        let norm = |moments: &Moments| {
            let norm = moments.norm();
            BorderNorm { scale: norm.scale.to_vec(), shift: norm.shift.to_vec() }
        };
        let map = &self.arena.maps[0].values()[..PASSES * self.plan.len_behind(*step)];
        let of_passes = self.arena.moments[0].each_ref().map(norm);
        prefixes.keep(self.prefix(steps, lanes), map, of_passes, norms.to_vec());
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
            // Depthwise kernels read whole rows, with zeros for what lies beside the map.
            let columns = if g.depthwise { 0..g.side } else { seen.clone() };
            for row in seen {
                let first = row * g.side + columns.start;
                let rows = first * g.fan()..(first + columns.len()) * g.fan();
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
            written[pass].reset(g.out_channels.next_multiple_of(S::LANES), g.activation);
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
            let many = first.out_channels.next_multiple_of(S::LANES);
            arena.between[pass].reset(many, first.activation);
            let out = second.out_channels.next_multiple_of(S::LANES);
            written[pass].reset(out, second.activation);
            let pair = Pair {
                first,
                second,
                images: plan.images,
                from: &from.values()[pass * from_len..][..from_len],
                norm: read[pass].norm(),
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

    fn pool<S: Simd>(&mut self, s: S, layer: usize, geometry: PoolGeometry) {
        let plan = self.plan;
        let g = plan.layers[layer];
        let ((_, from_len), to_len) = (plan.map_lens(&g, &g), plan.pooled_len(&g, geometry));
        let [from, to] = &mut self.arena.maps;
        for pass in 0..PASSES {
            let pool = Pool {
                geometry,
                images: plan.images,
                channels: g.out_channels.next_multiple_of(S::LANES),
                from: &from.values()[pass * from_len..][..from_len],
                to: &mut to.values_mut()[pass * to_len..][..to_len],
            };
            pool.run_on(s);
        }
    }

    fn norm_variance(&self, layer: usize, moments: &[Moments; PASSES]) -> NormVariance {
        let g = self.plan.layers[layer];
        let [clean, perturbed] = moments.each_ref().map(|m| &m.variances()[..g.out_channels]);
        let pairs = clean.iter().zip(perturbed).map(|(clean, perturbed)| [*clean, *perturbed]);
        NormVariance::of(pairs, (self.plan.images * g.out_pixels()) as u64)
    }

    /// What the map behind the `last` step says.
    fn compare<S: Simd>(&self, s: S, norms: Vec<NormVariance>, last: Step) -> Perturbation {
        let channels = self.plan.layers[last.last()].out_channels.next_multiple_of(S::LANES);
        let pass = self.plan.len_behind(last);
        let image = pass / self.plan.images;
        let (clean, perturbed) = self.arena.maps[0].values().split_at(pass);
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
