//! Steps on the CPU: maps (samples, side, side, channels), products by `gemm`, everything else by loops.
//!
//! Must not know: clocks. Invariant: once built an engine allocates nothing but what its threads keep for
//! patches, so that what is timed is arithmetic and memory.
//!
//! A conv goes through its outputs in blocks that fit a core's cache: patches, a product, then bias, sum and
//! ReLU in one pass while the block is still there. The cores share the blocks.

use std::{cell::RefCell, ops::Range};

use rayon::prelude::*;

use super::{
    loops::{Add, Depthwise, Finish, Largest, Scale},
    program::{Program, Step, Work},
    weights::{Weights, drawn_maps},
};
use crate::{
    arch::Conv,
    nn::{cpu::compiled_for, graph::Window, kernels::KernelPath, network::Activation},
};

/// A program with its weights and its buffers.
pub(super) struct CpuEngine {
    program: Program,
    samples: usize,
    path: KernelPath,
    /// Of each step; sets of them, which take turns.
    weights: Vec<Vec<Vec<Weights>>>,
    turn: usize,
    buffers: Vec<Vec<f32>>,
    /// Means and gates of squeeze-and-excitation: (samples, channels), (samples, squeezed), (samples, channels).
    gates: [Vec<f32>; 3],
}

thread_local! {
    /// Patches of a thread's block; at most what the largest block so far took.
    static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Values that a core works on before it looks for more: fewer aren't worth waking it.
const GRAIN: usize = 1 << 12;

/// A parallel step over whole rows, as many at a time as make a grain.
fn rows_of(row: usize, rows: usize) -> usize {
    let threads = rayon::current_num_threads();
    let even = rows.div_ceil(4 * threads);
    even.max(GRAIN.div_ceil(row.max(1))).max(1)
}

impl CpuEngine {
    /// Draws input and weights, a set from each of `seeds`, of which there is one at least.
    pub fn new(program: &Program, samples: u32, path: KernelPath, seeds: Range<u64>) -> CpuEngine {
        let samples = samples as usize;
        let buffers = drawn_maps(program, samples, seeds.start);
        let squeezes = program.steps.iter().filter_map(|step| match step.work {
            Work::SqueezeExcite { squeezed } => Some((step.input.channels, squeezed)),
            Work::Conv(_) | Work::Sum | Work::MaxPool(_) | Work::Pool => None,
        });
        let (channels, squeezed) =
            squeezes.fold((0, 0), |most, (c, s)| (most.0.max(c), most.1.max(s)));
        let gate = |width: u32| vec![0.0; width as usize * samples];
        CpuEngine {
            weights: seeds.map(|seed| Weights::of_program(program, seed)).collect(),
            turn: 0,
            program: program.clone(),
            samples,
            path,
            buffers,
            gates: [gate(channels), gate(squeezed), gate(channels)],
        }
    }

    /// Writes the input anew, as the layer before would have, by the cores that will read it.
    pub fn refresh(&mut self) {
        self.buffers[0].par_chunks_mut(GRAIN).for_each(|values| {
            // Values keep their size (and none becomes so small that arithmetic is slow), and no compiler can
            // leave it out.
            values.iter_mut().for_each(|value| *value = -*value);
        });
    }

    /// All steps, by the threads of the pool it is called in and the next set of weights.
    pub fn run(&mut self) {
        self.turn = (self.turn + 1) % self.weights.len();
        let all = &self.weights[self.turn];
        for (&step, weights) in self.program.steps.iter().zip(all) {
            let mut to = std::mem::take(&mut self.buffers[step.to]);
            if let Work::SqueezeExcite { .. } = step.work {
                let [first, second] = &weights[..] else {
                    unreachable!("squeeze-and-excitation has two convs")
                };
                let squeeze = Squeeze { step, samples: self.samples, path: self.path };
                squeeze.run(&mut to, (first, second), &mut self.gates);
            } else {
                let layer = Layer {
                    step: &step,
                    samples: self.samples,
                    path: self.path,
                    x: &self.buffers[step.from],
                    added: step.added.map(|added| &self.buffers[added][..]),
                };
                let values = step.output.elements() as usize * self.samples;
                layer.run(weights.first(), &mut to[..values]);
            }
            self.buffers[step.to] = to;
        }
    }
}

/// A step that doesn't work in place, and its maps.
struct Layer<'a> {
    step: &'a Step,
    samples: usize,
    path: KernelPath,
    x: &'a [f32],
    added: Option<&'a [f32]>,
}

impl Layer<'_> {
    fn run(&self, weights: Option<&Weights>, y: &mut [f32]) {
        let (taken, given) = (self.step.input, self.step.output);
        let (side, out) = (taken.resolution as usize, given.resolution as usize);
        let channels = given.channels as usize;
        match (self.step.work, weights) {
            (Work::Conv(conv), Some(weights)) if conv.is_depthwise() => {
                let window = Window::new(&conv, side);
                let row = out * channels;
                let rows = rows_of(row * window.kernel.pow(2), self.samples * out);
                y.par_chunks_mut(rows * row).enumerate().for_each(|(chunk, y)| {
                    let first = chunk * rows;
                    let x = self.x;
                    compiled_for(self.path, Depthwise { window, x, weights, first, y: &mut *y });
                    self.finish(weights, first * row, y);
                });
            }
            (Work::Conv(conv), Some(weights)) => self.dense(&conv, weights, y),
            (Work::Sum, _) => {
                let values = rows_of(1, y.len());
                y.par_chunks_mut(values).enumerate().for_each(|(chunk, y)| {
                    let start = chunk * values;
                    let (x, added) = (&self.x[start..][..y.len()], self.added);
                    let added = &added.expect("a sum has two sides")[start..][..y.len()];
                    compiled_for(self.path, Add { x, added, y });
                });
            }
            (Work::MaxPool(pool), _) => {
                let window = Window::of_pool(&pool, side);
                let row = out * channels;
                let rows = rows_of(row, self.samples * out);
                y.par_chunks_mut(rows * row).enumerate().for_each(|(chunk, y)| {
                    let first = chunk * rows;
                    compiled_for(self.path, Largest { window, x: self.x, channels, first, y });
                });
            }
            (Work::Pool, _) => means(self.x, side * side, channels, self.path, y),
            (Work::SqueezeExcite { .. }, _) | (Work::Conv(_), None) => {
                unreachable!("runs in place, and convs have weights")
            }
        }
    }

    /// Bias, sum and activation of outputs from `start` on.
    fn finish(&self, weights: &Weights, start: usize, y: &mut [f32]) {
        let added = self.added.map(|added| &added[start..][..y.len()]);
        let activation = self.step.activation;
        compiled_for(self.path, Finish { bias: &weights.bias, added, activation, y });
    }

    fn dense(&self, conv: &Conv, weights: &Weights, y: &mut [f32]) {
        let window = Window::new(conv, self.step.input.resolution as usize);
        let (from, to) = (conv.in_channels as usize, conv.out_channels as usize);
        let pixels = y.len() / to;
        let depth = from * window.kernel.pow(2);
        let threads = rayon::current_num_threads();
        // (first, how many)
        let product = |first: usize, y: &mut [f32], threads: usize| {
            let count = y.len() / to;
            let sizes = Sizes { rows: count, depth, columns: to, threads };
            if window.is_pointwise() {
                multiply(sizes, &self.x[first * from..][..count * from], &weights.values, y);
            } else {
                PATCHES.with_borrow_mut(|patches| {
                    if patches.len() < count * depth {
                        patches.resize(count * depth, 0.0);
                    }
                    let patches = &mut patches[..count * depth];
                    fill_patches(&window, from, self.x, first, patches);
                    multiply(sizes, patches, &weights.values, y);
                });
            }
            self.finish(weights, first * to, y);
        };
        let block = block(pixels, depth + to, threads);
        // With few pixels the cores share the channels.
        if threads == 1 && block >= pixels || pixels < FEWEST * threads {
            product(0, y, threads);
        } else {
            y.par_chunks_mut(block * to)
                .enumerate()
                .for_each(|(chunk, y)| product(chunk * block, y, 1));
        }
    }
}

/// Pixels below which a core isn't given some of its own.
const FEWEST: usize = 32;

/// Pixels of a block whose patches and products have `width` values each.
fn block(pixels: usize, width: usize, threads: usize) -> usize {
    /// Of a core's cache, values.
    const ROOM: usize = 1 << 18;
    const MOST: usize = 512;
    let even = pixels.div_ceil(4 * threads).max(FEWEST);
    even.min((ROOM / width).clamp(FEWEST, MOST)).next_multiple_of(8)
}

#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    depth: usize,
    columns: usize,
    threads: usize,
}

/// y (rows, columns) = a (rows, depth) · b (depth, columns).
#[expect(unsafe_code, reason = "gemm takes pointers")]
fn multiply(sizes: Sizes, a: &[f32], b: &[f32], y: &mut [f32]) {
    let Sizes { rows, depth, columns, threads } = sizes;
    assert_eq!((a.len(), b.len(), y.len()), (rows * depth, depth * columns, rows * columns));
    let parallelism = match threads {
        1 => gemm::Parallelism::None,
        threads => gemm::Parallelism::Rayon(threads),
    };
    // A slice is never longer than isize::MAX bytes.
    let (depth_stride, column_stride) = (depth as isize, columns as isize);
    // SAFETY: the three are as long as their sizes say, which was checked, and what is written is
    // borrowed for it; the old y isn't read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            y.as_mut_ptr(),
            1,
            column_stride,
            false,
            a.as_ptr(),
            1,
            depth_stride,
            b.as_ptr(),
            1,
            column_stride,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// The patches of outputs from `first` on, a row each: (k, k, channels).
fn fill_patches(window: &Window, channels: usize, x: &[f32], first: usize, patches: &mut [f32]) {
    let Window { kernel, side, out, .. } = *window;
    let depth = kernel * kernel * channels;
    for (pixel, patch) in (first..).zip(patches.chunks_exact_mut(depth)) {
        let (sample, oy, ox) = (pixel / (out * out), pixel / out % out, pixel % out);
        for (ty, line) in patch.chunks_exact_mut(kernel * channels).enumerate() {
            if !window.inside(ty).contains(&oy) {
                line.fill(0.0);
                continue;
            }
            let row = (sample * side + window.input(oy, ty)) * side;
            // The taps whose column is on the map lie in a row there, too.
            let left = (ox * window.stride) as isize - window.pad() as isize;
            let start = (-left).max(0) as usize;
            let end = (side as isize - left).clamp(start as isize, kernel as isize) as usize;
            line[..start * channels].fill(0.0);
            line[end * channels..].fill(0.0);
            let at = (row as isize + left + start as isize) as usize * channels;
            let inside = &mut line[start * channels..end * channels];
            inside.copy_from_slice(&x[at..][..inside.len()]);
        }
    }
}

/// The mean over the `pixels` of each sample of `x`, (samples, channels).
fn means(x: &[f32], pixels: usize, channels: usize, path: KernelPath, y: &mut [f32]) {
    let sample = pixels * channels;
    let of_sample = |(sample_x, y): (&[f32], &mut [f32])| {
        y.fill(0.0);
        let scale = 1.0 / pixels as f32;
        compiled_for(path, Scale { x: sample_x, scale, y });
    };
    if sample * y.len() / channels < GRAIN {
        x.chunks_exact(sample).zip(y.chunks_exact_mut(channels)).for_each(of_sample);
    } else {
        x.par_chunks_exact(sample).zip(y.par_chunks_exact_mut(channels)).for_each(of_sample);
    }
}

/// Squeeze-and-excitation of maps in place.
struct Squeeze {
    step: Step,
    samples: usize,
    path: KernelPath,
}

impl Squeeze {
    fn run(
        &self,
        maps: &mut [f32],
        (first, second): (&Weights, &Weights),
        gates: &mut [Vec<f32>; 3],
    ) {
        let channels = self.step.input.channels as usize;
        let squeezed = first.bias.len();
        let values = self.step.input.elements() as usize * self.samples;
        let pixels = values / self.samples / channels;
        let maps = &mut maps[..values];
        let [mean, narrow, gate] = gates;
        let mean = &mut mean[..self.samples * channels];
        let narrow = &mut narrow[..self.samples * squeezed];
        let gate = &mut gate[..self.samples * channels];
        means(maps, pixels, channels, self.path, mean);
        let sizes = Sizes { rows: self.samples, depth: channels, columns: squeezed, threads: 1 };
        multiply(sizes, mean, &first.values, narrow);
        self.finish(first, Activation::Relu, narrow);
        let sizes = Sizes { depth: squeezed, columns: channels, ..sizes };
        multiply(sizes, narrow, &second.values, gate);
        self.finish(second, Activation::Linear, gate);
        gate.iter_mut().for_each(|value| *value = 1.0 / (1.0 + (-*value).exp()));
        let rows = rows_of(channels, self.samples * pixels);
        maps.par_chunks_mut(rows * channels).enumerate().for_each(|(chunk, maps)| {
            for (row, values) in (chunk * rows..).zip(maps.chunks_exact_mut(channels)) {
                let gate = &gate[row / pixels * channels..][..channels];
                values.iter_mut().zip(gate).for_each(|(value, gate)| *value *= gate);
            }
        });
    }

    fn finish(&self, weights: &Weights, activation: Activation, y: &mut [f32]) {
        compiled_for(self.path, Finish { bias: &weights.bias, added: None, activation, y });
    }
}

#[cfg(test)]
mod tests {
    use super::CpuEngine;

    impl CpuEngine {
        /// What the last step gave, (samples, side, side, channels).
        pub fn output(&self) -> &[f32] {
            let last = self.program.steps.last().expect("a program has steps");
            &self.buffers[last.to][..last.output.elements() as usize * self.samples]
        }
    }
}
