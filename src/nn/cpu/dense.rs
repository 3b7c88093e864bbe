//! Dense convs: every tap and input channel of an output pixel, as a product of matrices that
//! never exist.
//!
//! Owns: how staged maps become tiles. Must not know: where weights come from, what comes next.
//! Invariant: kernel rows and columns that see nothing but padding cost nothing where they can be
//! left out, and change nothing: they would add zeros.
#![expect(unsafe_code, reason = "tiles take pointers into slices whose sizes are asserted here")]

use super::{
    geometry::{Blocks, Geometry, image_stride, padded_row},
    moments::{Moments, PanelSums},
    simd::Simd,
    stage::{Norm, Stage},
    tile::{Panel, StoreAndSum, Tile, Tiles, panels, row_width},
};

/// One pass of one conv. Maps are (images, side, side, channels), channels padded to whole vectors.
pub(super) struct Pass<'a> {
    pub geometry: Geometry,
    pub images: usize,
    /// Raw output of the layer before, or the input.
    pub from: &'a [f32],
    /// Of the layer before; none in front of the first conv.
    pub norm: Option<Norm<'a>>,
    /// Panels of (k, k, in, panel); of a depthwise conv (k, k, channels).
    pub weights: &'a [f32],
    pub to: &'a mut [f32],
    pub moments: &'a mut Moments,
    /// Room for a block of the staged input.
    pub staged: &'a mut [f32],
}

impl Pass<'_> {
    /// Runs the conv and sums its output. What the tiles trust is asserted first.
    pub(super) fn dense<S: Simd>(self, s: S) {
        let g = self.geometry;
        let lanes = S::LANES;
        let (inputs, outputs) =
            (g.in_channels.next_multiple_of(lanes), g.out_channels.next_multiple_of(lanes));
        let blocks = Blocks::of(&g, lanes, self.images);
        assert!(self.from.len() >= self.images * g.in_pixels() * inputs);
        assert!(self.to.len() >= self.images * g.out_pixels() * outputs);
        assert!(self.weights.len() >= g.weight_rows() * row_width::<S>(g.out_channels));
        assert!(self.staged.len() >= blocks.staged(&g, lanes));
        assert!(!g.depthwise && g.side % 2 == 1 && g.to == (g.from - 1) / g.stride + 1);
        let mut work = Work { s, pass: self, inputs, outputs };
        match blocks {
            Blocks::Pixels(pixels) => work.pixels(pixels),
            Blocks::Rows(rows) => work.rows(rows),
            Blocks::Images(images) => work.images(images),
        }
    }
}

struct Work<'a, S> {
    s: S,
    pass: Pass<'a>,
    /// Channels in whole vectors.
    inputs: usize,
    outputs: usize,
}

impl<S: Simd> Work<'_, S> {
    /// 1 × 1: any pixels side by side.
    fn pixels(&mut self, block: usize) {
        let g = self.pass.geometry;
        let pixels = self.pass.images * g.out_pixels();
        for first in (0..pixels).step_by(block) {
            let count = block.min(pixels - first);
            if g.stride == 1 {
                self.stage(first * self.inputs, 0, self.inputs, self.inputs, count);
            } else {
                for i in 0..count {
                    let (image, at) = ((first + i) / g.out_pixels(), (first + i) % g.out_pixels());
                    let (y, x) = (at / g.to * g.stride, at % g.to * g.stride);
                    let pixel = (image * g.from + y) * g.from + x;
                    self.stage(pixel * self.inputs, i * self.inputs, self.inputs, self.inputs, 1);
                }
            }
            let patch = Patch {
                at: 0,
                stride: self.inputs,
                runs: 1,
                run_len: g.in_channels,
                run_stride: 0,
                weight: 0,
                weights_stride: 0,
            };
            if g.stride == 1 {
                // The next block is on its way while this one is multiplied.
                let next = (first + count) * self.inputs;
                for at in (next..(next + count * self.inputs)).step_by(16) {
                    self.s.prefetch(self.pass.from.as_ptr().wrapping_add(at));
                }
            }
            self.panels(|work, panel, sums| {
                work.tiles(panel, sums, &patch, count, first, 1);
            });
        }
    }

    /// Rows of one image: pixels of a row side by side, its ends padded.
    fn rows(&mut self, block: usize) {
        let g = self.pass.geometry;
        let row_len = padded_row(&g);
        for image in 0..self.pass.images {
            for first in (0..g.to).step_by(block) {
                let rows = first..(first + block).min(g.to);
                let top = g.source(first, g.window(first).start);
                let last = rows.end - 1;
                let bottom = g.source(last, g.window(last).end - 1);
                for row in top..=bottom {
                    self.stage_row(image, row, (row - top) * row_len);
                }
                self.panels(|work, panel, sums| {
                    for y in rows.clone() {
                        let window = g.window(y);
                        let patch = Patch {
                            at: (g.source(y, window.start) - top) * row_len,
                            stride: g.stride * g.in_channels,
                            runs: window.len(),
                            run_len: g.side * g.in_channels,
                            run_stride: row_len,
                            weight: window.start * g.side * g.in_channels,
                            weights_stride: g.side * g.in_channels,
                        };
                        let pixel = (image * g.to + y) * g.to;
                        work.tiles(panel, sums, &patch, g.to, pixel, 1);
                    }
                });
            }
        }
    }

    /// Whole images: the same pixel of all of them side by side, with only what it sees.
    fn images(&mut self, block: usize) {
        let g = self.pass.geometry;
        let (stride, run) = (image_stride(&g), g.from * g.in_channels);
        for first in (0..self.pass.images).step_by(block) {
            let count = block.min(self.pass.images - first);
            for i in 0..count {
                let from = (first + i) * g.in_pixels() * self.inputs;
                self.stage(from, i * stride, self.inputs, g.in_channels, g.in_pixels());
            }
            self.panels(|work, panel, sums| {
                for y in 0..g.to {
                    for x in 0..g.to {
                        let (rows, columns) = (g.window(y), g.window(x));
                        let left = g.source(x, columns.start);
                        let patch = Patch {
                            at: g.source(y, rows.start) * run + left * g.in_channels,
                            stride,
                            runs: rows.len(),
                            run_len: columns.len() * g.in_channels,
                            run_stride: run,
                            weight: (rows.start * g.side + columns.start) * g.in_channels,
                            weights_stride: g.side * g.in_channels,
                        };
                        let pixel = first * g.out_pixels() + y * g.to + x;
                        work.tiles(panel, sums, &patch, count, pixel, g.out_pixels());
                    }
                }
            });
        }
    }

    /// Stages pixels that lie side by side; all arguments in values.
    fn stage(&mut self, from: usize, to: usize, stride: usize, to_stride: usize, pixels: usize) {
        let pass = &mut self.pass;
        let end = to + (pixels - 1) * to_stride + self.inputs;
        let (from, to) = (&pass.from[from..][..pixels * stride], &mut pass.staged[to..end]);
        let stage = Stage {
            from: from.as_ptr(),
            from_stride: stride,
            to: to.as_mut_ptr(),
            to_stride,
            pixels,
            vectors: self.inputs / S::LANES,
            norm: pass.norm,
        };
        // SAFETY: both slices hold all pixels, the last one whole.
        unsafe { stage.run_on(self.s) };
    }

    /// Stages a row of an image at `to`, channels squeezed together, zeros at both ends.
    fn stage_row(&mut self, image: usize, row: usize, to: usize) {
        let g = self.pass.geometry;
        let pad = g.padding() * g.in_channels;
        let from = (image * g.from + row) * g.from * self.inputs;
        self.stage(from, to + pad, self.inputs, g.in_channels, g.from);
        let staged = &mut self.pass.staged[to..to + padded_row(&g)];
        staged[..pad].fill(0.0);
        let end = staged.len() - pad;
        staged[end..].fill(0.0);
    }

    /// Runs `tiles` for each panel and takes the panel's sums.
    fn panels(&mut self, tiles: impl Fn(&mut Self, Panel, &mut PanelSums)) {
        let mut sums = PanelSums::new();
        for panel in panels::<S>(self.pass.geometry.out_channels) {
            tiles(self, panel, &mut sums);
            self.pass.moments.add(panel.first, panel.vectors * S::LANES, &mut sums);
        }
    }

    /// Computes `pixels` output pixels from `first` on, `step` apart.
    #[inline]
    fn tiles(
        &mut self,
        panel: Panel,
        sums: &mut PanelSums,
        patch: &Patch,
        pixels: usize,
        first: usize,
        step: usize,
    ) {
        let width = panel.width::<S>();
        let pass = &mut self.pass;
        let weight = panel.first * pass.geometry.weight_rows() + patch.weight * width;
        debug_assert!(patch.at + (pixels - 1) * patch.stride < pass.staged.len());
        // SAFETY: `dense` asserted that staging, weights and outputs have the sizes that the
        // geometry says, and patches, panels and pixels lie inside of those.
        unsafe {
            let tile = Tile {
                x: pass.staged.as_ptr().add(patch.at),
                x_stride: patch.stride,
                runs: patch.runs,
                run_len: patch.run_len,
                run_stride: patch.run_stride,
                weights: pass.weights.as_ptr().add(weight),
                weights_stride: patch.weights_stride * width,
                out: pass.to.as_mut_ptr().add(first * self.outputs + panel.first),
                out_stride: step * self.outputs,
                channels: sums.pointers(),
            };
            Tiles::<S, StoreAndSum>::row(self.s, panel, pixels, &tile);
        }
    }
}

/// The patch of a row of pixels, in values from the start of the staged block and in rows from the
/// start of the panel's weights.
struct Patch {
    at: usize,
    stride: usize,
    runs: usize,
    run_len: usize,
    run_stride: usize,
    weight: usize,
    weights_stride: usize,
}
