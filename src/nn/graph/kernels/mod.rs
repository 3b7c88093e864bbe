//! Kernels in CUDA C: their sources, and how each is launched.
//!
//! Must not know: tensors, and who launches (a GPU by [`cuda`], tests on the CPU by an emulator).
//! Invariant: a [`Launch`] covers its output whole, and what it says is all that a kernel is told
//! beside its buffers.

#[cfg(feature = "cuda")]
pub(super) mod cuda;
#[cfg(test)]
mod emulated;

use candle_core::{Layout, Result};

use super::window::Window;
use crate::nn::network::{Activation, EPSILON, PASSES};
use crate::random::{
    Normals,
    normal::{CELL, COSINE, GROUP, LN_2, LOGARITHM, SINE, TURN},
};

/// Threads of a block, in every launch.
const THREADS: u32 = 256;
/// Values of a row that one block sums up.
const SEGMENT: u32 = 1 << 14;
/// Rows from which on a block each fills a GPU, however long they are.
const MANY_ROWS: u32 = 512;
/// The longest row that one block takes for itself then.
const LONG_ROW: u32 = 4 * SEGMENT;
/// Blocks along the second axis of a grid, at most.
const MOST_BLOCKS_Y: u32 = 65_535;

/// A file of kernels, compiled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Draws,
    Depthwise,
    Patches,
    Norm,
    Compare,
}

impl Source {
    pub(super) const ALL: [Source; 5] =
        [Source::Draws, Source::Depthwise, Source::Patches, Source::Norm, Source::Compare];

    pub(super) fn name(self) -> &'static str {
        match self {
            Source::Draws => "draws",
            Source::Depthwise => "depthwise",
            Source::Patches => "patches",
            Source::Norm => "norm",
            Source::Compare => "compare",
        }
    }

    /// CUDA C over values of type `real`, `float` or `double`.
    pub(super) fn text(self, real: &str) -> String {
        let text = match self {
            Source::Draws => include_str!("draws.cu"),
            Source::Depthwise => include_str!("depthwise.cu"),
            Source::Patches => include_str!("patches.cu"),
            Source::Norm => include_str!("norm.cu"),
            Source::Compare => include_str!("compare.cu"),
        };
        // Shortest decimals that read back to the same bits.
        let single = |x: f32| format!("{x:e}f");
        let list = |xs: &[f32]| xs.iter().map(|x| single(*x)).collect::<Vec<_>>().join(", ");
        format!(
            "#define REAL {real}\n#define THREADS {THREADS}\n#define SEGMENT {SEGMENT}\n\
             #define EPSILON {EPSILON:e}\n#define CELL {}\n#define TURN {}\n\
             #define LN_2_HIGH {}\n#define LN_2_LOW {}\n#define LOGARITHM {{{}}}\n\
             #define SINE {{{}}}\n#define COSINE {{{}}}\n{text}",
            single(CELL),
            single(TURN),
            single(LN_2[0]),
            single(LN_2[1]),
            list(&LOGARITHM),
            list(&SINE),
            list(&COSINE),
        )
    }

    /// Whether products and sums may be fused: draws have bits to keep.
    pub(super) fn fuses(self) -> bool {
        self != Source::Draws
    }
}

/// A number that a kernel is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Int(i32),
    Word(u32),
    Real(f64),
}

/// One launch: a kernel takes its buffers, then `scalars`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Launch {
    pub source: Source,
    pub kernel: &'static str,
    /// Of [`THREADS`] threads.
    pub blocks: [u32; 2],
    pub scalars: Vec<Scalar>,
}

impl Launch {
    /// A thread for each of `threads`.
    fn over(source: Source, kernel: &'static str, threads: u64, scalars: Vec<Scalar>) -> Launch {
        let blocks = threads.div_ceil(u64::from(THREADS));
        Launch::of_blocks(source, kernel, blocks, scalars)
    }

    fn of_blocks(
        source: Source,
        kernel: &'static str,
        blocks: u64,
        scalars: Vec<Scalar>,
    ) -> Launch {
        let blocks = u32::try_from(blocks).expect("tensors are bounded by memory::MOST_VALUES");
        Launch { source, kernel, blocks: [blocks, 1], scalars }
    }
}

fn int(value: usize) -> Scalar {
    Scalar::Int(i32::try_from(value).expect("tensors are bounded by memory::MOST_VALUES"))
}

fn key(normals: &Normals) -> [Scalar; 2] {
    normals.key.map(Scalar::Word)
}

/// Philox blocks of `values` draws.
fn philox_blocks(values: usize) -> u64 {
    (values.div_ceil(GROUP) * GROUP / 4) as u64
}

/// `weights`: (out) ← `normals`, of shape (outs, fan, k, k).
pub(super) fn weights(normals: &Normals, outs: usize, fan: usize, taps: usize) -> Launch {
    let counter = normals.counter.map(Scalar::Word);
    let sizes = [int(outs), int(fan), int(taps)];
    let scalars = key(normals).into_iter().chain(counter).chain(sizes).collect();
    Launch::over(Source::Draws, "weights", philox_blocks(outs * fan * taps), scalars)
}

/// The images that `inputs` makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Images {
    pub channels: usize,
    /// Of one image.
    pub pixels: usize,
    /// The first sample, and how many.
    pub start: usize,
    pub samples: usize,
}

/// `inputs`: (out) ← x and x + `alpha`·e of the sequences, (channels, 2·samples, pixels).
pub(super) fn inputs(x: &Normals, noise: &Normals, alpha: f64, images: Images) -> Launch {
    let Images { channels, pixels, start, samples } = images;
    assert_eq!((x.key, x.counter[..2].to_vec()), (noise.key, noise.counter[..2].to_vec()));
    let [a, b, of_input] = x.counter;
    let words = [a, b, of_input, noise.counter[2]].map(Scalar::Word);
    let sizes = [int(channels), int(pixels), int(start), int(samples)];
    let mut scalars = key(x).to_vec();
    scalars.extend(words);
    scalars.push(Scalar::Real(alpha));
    scalars.extend(sizes);
    let last = (start + samples) * pixels * channels;
    Launch::over(Source::Draws, "inputs", philox_blocks(last), scalars)
}

/// `depthwise`: (x, weight, out), maps in `planes` = channels · samples.
pub(super) fn depthwise(channels: usize, samples: usize, window: Window) -> Launch {
    /// Outputs of a column that one thread makes.
    const ROWS: usize = 4;
    let Window { kernel, stride, side, out } = window;
    let planes = channels * samples;
    let mut scalars = vec![int(planes), int(samples), int(side), int(out)];
    let name = match (kernel, stride) {
        (3, 1) => "depthwise_3_1",
        (3, 2) => "depthwise_3_2",
        (5, 1) => "depthwise_5_1",
        (5, 2) => "depthwise_5_2",
        (7, 1) => "depthwise_7_1",
        (7, 2) => "depthwise_7_2",
        _ => {
            scalars.extend([int(kernel), int(stride)]);
            let threads = (planes * out * out) as u64;
            return Launch::over(Source::Depthwise, "depthwise", threads, scalars);
        }
    };
    let threads = (planes * out.div_ceil(ROWS) * out) as u64;
    Launch::over(Source::Depthwise, name, threads, scalars)
}

/// `patches`: (x, out), the output lines `first` to `first + lines` of all samples.
pub(super) fn patches(
    channels: usize,
    samples: usize,
    window: Window,
    (first, lines): (usize, usize),
) -> Launch {
    let Window { kernel, stride, side, out } = window;
    let sizes = [channels, samples, side, out, kernel, stride, first, lines].map(int);
    let columns = (lines * out) as u64;
    let launch = Launch::over(Source::Patches, "patches", columns, sizes.to_vec());
    let rows = u32::try_from(channels * kernel * kernel).unwrap_or(u32::MAX);
    Launch { blocks: [launch.blocks[0], rows.min(MOST_BLOCKS_Y)], ..launch }
}

/// Rows of a norm: passes of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub rows: usize,
    /// Values in one.
    pub n: usize,
}

impl Rows {
    /// Of a map (channels, passes · batch, side, side).
    pub(super) fn of(layout: &Layout) -> Result<Rows> {
        let (channels, samples, height, width) = layout.shape().dims4()?;
        Ok(Rows { rows: channels * PASSES, n: samples / PASSES * height * width })
    }

    /// Whether one launch does it all: [`norm`]. Otherwise [`sums`], [`moments`], [`normalise`].
    pub(super) fn take_a_block_each(self) -> bool {
        let longest = if self.rows >= MANY_ROWS as usize { LONG_ROW } else { SEGMENT };
        self.n <= longest as usize
    }

    /// Blocks that sum up one row.
    pub(super) fn segments(self) -> usize {
        self.n.div_ceil(SEGMENT as usize)
    }

    fn launch(self, kernel: &'static str) -> Launch {
        let scalars = vec![int(self.n), int(self.segments())];
        let blocks = (self.rows * self.segments()) as u64;
        Launch::of_blocks(Source::Norm, kernel, blocks, scalars)
    }
}

/// Whether a norm's kernel rectifies.
fn rectifies(activation: Activation) -> Scalar {
    Scalar::Int(match activation {
        Activation::Relu => 1,
        Activation::Linear => 0,
    })
}

/// `norm`: (x in place, moments out).
pub(super) fn norm(rows: Rows, activation: Activation) -> Launch {
    let scalars = vec![int(rows.n), rectifies(activation)];
    Launch::of_blocks(Source::Norm, "norm", rows.rows as u64, scalars)
}

/// `sums`: (x, sums of segments out).
pub(super) fn sums(rows: Rows) -> Launch {
    rows.launch("sums")
}

/// `moments`: (sums of segments, moments out).
pub(super) fn moments(rows: Rows) -> Launch {
    let scalars = vec![int(rows.rows), int(rows.n), int(rows.segments())];
    Launch::over(Source::Norm, "moments", rows.rows as u64, scalars)
}

/// `normalise`: (moments, x in place).
pub(super) fn normalise(rows: Rows, activation: Activation) -> Launch {
    let mut launch = rows.launch("normalise");
    launch.scalars.push(rectifies(activation));
    launch
}

/// `compare`: (map, four sums for each sample out).
pub(super) fn compare(channels: usize, batch: usize, pixels: usize) -> Launch {
    let scalars = vec![int(channels), int(batch), int(pixels)];
    Launch::of_blocks(Source::Compare, "compare", batch as u64, scalars)
}
