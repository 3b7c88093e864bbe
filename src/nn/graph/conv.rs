//! Convolutions over channel-major maps (channels, samples, side, side), dense and depthwise.
//!
//! Must not know: networks. Invariant: both kernel sets compute the same function; they differ in
//! rounding only.
//!
//! Candle's own conv2d gathers im2col scalar by scalar on the CPU and runs grouped convs as one
//! conv a group everywhere, so on the CPU patches are built here, and depthwise convs are taps as
//! shifted multiplies on every device. Both rest on one picture: a padded map split by stride into
//! *phases* (phase (a, b) holds the padded pixels with row ≡ a, column ≡ b), in which every tap is a
//! plain shift.

use std::ops::Range;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType, bail,
};

use crate::arch::Conv;

/// Which implementation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernels {
    /// Candle operations only: any device.
    Tensor,
    /// This crate's loops over CPU memory.
    Cpu,
}

/// Columns of patches built at a time on the CPU, for patches of `rows` values of `bytes`: what
/// stays in cache while it is multiplied, but enough that the weights are not read too often.
pub(super) fn patch_columns(rows: usize, bytes: usize) -> usize {
    const BYTES: usize = 2 << 20;
    const COLUMNS: usize = 512;
    (BYTES / (rows * bytes)).max(COLUMNS)
}

/// Convolves `x` (in, samples, side, side) with `weight` (out, in / groups, k, k): a contiguous
/// (out, samples, ⌈side / stride⌉, ⌈side / stride⌉).
pub(super) fn convolve(
    x: &Tensor,
    weight: &Tensor,
    conv: &Conv,
    kernels: Kernels,
) -> Result<Tensor> {
    let (channels, samples, side, _) = x.dims4()?;
    let window = Window::new(conv, side);
    let out_channels = conv.out_channels as usize;
    let (shape, weight_rows) = (
        (out_channels, samples, window.out, window.out),
        (out_channels, weight.elem_count() / out_channels),
    );
    match (conv.is_depthwise(), kernels) {
        (true, Kernels::Cpu) => x.apply_op2_no_bwd(weight, &Depthwise { window }),
        (true, Kernels::Tensor) => shifted_multiplies(x, weight, window),
        (false, _) if window.is_pointwise() => weight
            .reshape(weight_rows)?
            .matmul(&x.reshape((channels, samples * side * side))?)?
            .reshape(shape),
        (false, Kernels::Cpu) => {
            by_patches(x, &weight.reshape(weight_rows)?, window)?.reshape(shape)
        }
        (false, Kernels::Tensor) => x
            .transpose(0, 1)?
            .contiguous()?
            .conv2d(weight, window.pad(), window.stride, 1, 1)?
            .transpose(0, 1)?
            .contiguous(),
    }
}

/// A square kernel going over a square map, padded by (k−1)/2 a side.
#[derive(Clone, Copy, Debug)]
struct Window {
    kernel: usize,
    stride: usize,
    side: usize,
    /// Side of the output: ⌈side / stride⌉.
    out: usize,
}

impl Window {
    fn new(conv: &Conv, side: usize) -> Window {
        let stride = conv.stride as usize;
        let kernel = conv.kernel.side() as usize;
        Window { kernel, stride, side, out: side.div_ceil(stride) }
    }

    fn pad(&self) -> usize {
        (self.kernel - 1) / 2
    }

    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Side of a phase: all that the taps of the outputs reach.
    fn phase_side(&self) -> usize {
        self.out + (self.kernel - 1) / self.stride
    }

    fn taps(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let kernel = self.kernel;
        (0..kernel * kernel).map(move |tap| (tap / kernel, tap % kernel))
    }

    /// The outputs along one axis whose tap `at` falls on the map, not on its padding.
    fn inside(&self, at: usize) -> Range<usize> {
        let end = (self.side + self.pad()).saturating_sub(at).div_ceil(self.stride).min(self.out);
        let start = self.pad().saturating_sub(at).div_ceil(self.stride);
        start.min(end)..end
    }

    /// The input coordinate under tap `at` of output `o`, which must be [`Window::inside`].
    fn input(&self, o: usize, at: usize) -> usize {
        o * self.stride + at - self.pad()
    }
}

/// `weight` (out, in·k²) times the patches, a few output lines at a time: (out, samples·out²).
fn by_patches(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let lines = x.dim(1)? * window.out;
    let columns = patch_columns(weight.dim(1)?, x.dtype().size_in_bytes());
    let step = columns.div_ceil(window.out);
    let products = (0..lines)
        .step_by(step)
        .map(|start| {
            let lines = start..(start + step).min(lines);
            weight.matmul(&x.apply_op1_no_bwd(&Patches { window, lines })?)
        })
        .collect::<Result<Vec<_>>>()?;
    Tensor::cat(&products, 1)
}

/// im2col of some output lines: (in·k², lines·out), rows in the order of the weights.
struct Patches {
    window: Window,
    /// Output lines, counted through all samples.
    lines: Range<usize>,
}

impl Patches {
    fn run<T: WithDType>(&self, x: &[T], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(x, layout)?;
        let (channels, samples, _, _) = layout.shape().dims4()?;
        let w = &self.window;
        let columns = self.lines.len() * w.out;
        let mut patches = vec![T::zero(); channels * w.kernel * w.kernel * columns];
        let mut rows = patches.chunks_exact_mut(columns);
        let places: Vec<_> = self.lines.clone().map(|l| (l / w.out * w.side, l % w.out)).collect();
        for channel in x.chunks_exact(samples * w.side * w.side) {
            for (ty, tx) in w.taps() {
                let row = rows.next().expect("a row for each tap of each channel");
                let (ys, xs) = (w.inside(ty), w.inside(tx));
                if xs.is_empty() {
                    continue;
                }
                let first = w.input(xs.start, tx);
                for (&(map, y), line) in places.iter().zip(row.chunks_exact_mut(w.out)) {
                    if !ys.contains(&y) {
                        continue;
                    }
                    let from = &channel[(map + w.input(y, ty)) * w.side + first..];
                    let to = &mut line[xs.clone()];
                    if w.stride == 1 {
                        to.copy_from_slice(&from[..to.len()]);
                    } else {
                        for (to, from) in to.iter_mut().zip(from.iter().step_by(w.stride)) {
                            *to = *from;
                        }
                    }
                }
            }
        }
        let shape = Shape::from((patches.len() / columns, columns));
        Ok((T::to_cpu_storage_owned(patches), shape))
    }
}

impl CustomOp1 for Patches {
    fn name(&self) -> &'static str {
        "patches"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match x {
            CpuStorage::F32(x) => self.run(x, layout),
            CpuStorage::F64(x) => self.run(x, layout),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
    }
}

/// Depthwise convolution on the CPU.
struct Depthwise {
    window: Window,
}

impl Depthwise {
    fn run<T: WithDType>(
        &self,
        x: (&[T], &Layout),
        weight: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (channels, samples, _, _) = x.1.shape().dims4()?;
        let (x, weight) = (contiguous(x.0, x.1)?, contiguous(weight.0, weight.1)?);
        let w = &self.window;
        let (plane, out_plane, taps) = (w.side * w.side, w.out * w.out, w.kernel * w.kernel);
        let mut y = vec![T::zero(); channels * samples * out_plane];
        let mut phases = Phases::new(w);
        // Outputs at the pitch of a phase, so that a tap is one long shifted multiply; the columns
        // past each row's end hold products across rows and are dropped.
        let pitch = w.phase_side();
        let mut sums = vec![T::zero(); w.out * pitch];
        let reach = (w.out - 1) * pitch + w.out;
        for (i, (map, out)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out_plane)).enumerate()
        {
            let weights = &weight[i / samples * taps..][..taps];
            phases.load(map);
            sums.fill(T::zero());
            for ((ty, tx), &weight) in w.taps().zip(weights) {
                for (sum, &value) in sums[..reach].iter_mut().zip(phases.under(ty, tx)) {
                    *sum += weight * value;
                }
            }
            for (out, sums) in out.chunks_exact_mut(w.out).zip(sums.chunks_exact(pitch)) {
                out.copy_from_slice(&sums[..w.out]);
            }
        }
        let shape = Shape::from((channels, samples, w.out, w.out));
        Ok((T::to_cpu_storage_owned(y), shape))
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match (x, weight) {
            (CpuStorage::F32(x), CpuStorage::F32(weight)) => {
                self.run((x, x_layout), (weight, weight_layout))
            }
            (CpuStorage::F64(x), CpuStorage::F64(weight)) => {
                self.run((x, x_layout), (weight, weight_layout))
            }
            _ => bail!("{}: expected two tensors of f32 or of f64", self.name()),
        }
    }
}

/// One padded map, split into its stride² phases. Padding is written once: every map covers the
/// same pixels.
struct Phases<'w, T> {
    window: &'w Window,
    values: Vec<T>,
}

impl<'w, T: WithDType> Phases<'w, T> {
    fn new(window: &'w Window) -> Phases<'w, T> {
        let phases = window.stride * window.stride;
        Phases { window, values: vec![T::zero(); phases * window.phase_side().pow(2)] }
    }

    fn load(&mut self, map: &[T]) {
        let (w, pitch) = (self.window, self.window.phase_side());
        for (y, row) in map.chunks_exact(w.side).enumerate() {
            let y = y + w.pad();
            if y / w.stride >= pitch {
                break;
            }
            for x in 0..w.stride {
                let phase = y % w.stride * w.stride + x;
                let line = &mut self.values[(phase * pitch + y / w.stride) * pitch..][..pitch];
                // The first pixel of this phase on the map, and where in the line it goes.
                let first = (x + w.stride - w.pad() % w.stride) % w.stride;
                let to = line.iter_mut().skip((first + w.pad()) / w.stride);
                for (to, from) in to.zip(row.iter().skip(first).step_by(w.stride)) {
                    *to = *from;
                }
            }
        }
    }

    /// The values under tap (ty, tx) from output (0, 0) on, rows at the pitch of a phase.
    fn under(&self, ty: usize, tx: usize) -> &[T] {
        let (w, pitch) = (self.window, self.window.phase_side());
        let phase = ty % w.stride * w.stride + tx % w.stride;
        &self.values[(phase * pitch + ty / w.stride) * pitch + tx / w.stride..]
    }
}

/// Depthwise convolution in Candle operations.
fn shifted_multiplies(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (channels, samples, _, _) = x.dims4()?;
    let (stride, phase_side) = (window.stride, window.phase_side());
    let padded = stride * phase_side;
    // A last padded column may be past what any tap reaches, or the map may end before it.
    let reached = window.side.min(padded - window.pad());
    let after = padded - window.pad() - reached;
    let phases = x
        .narrow(2, 0, reached)?
        .narrow(3, 0, reached)?
        .pad_with_zeros(2, window.pad(), after)?
        .pad_with_zeros(3, window.pad(), after)?
        .reshape(&[channels, samples, phase_side, stride, phase_side, stride])?;
    let weight = weight.reshape((channels, window.kernel * window.kernel))?;
    let mut sum: Option<Tensor> = None;
    for (tap, (ty, tx)) in window.taps().enumerate() {
        let under = phases
            .narrow(3, ty % stride, 1)?
            .narrow(5, tx % stride, 1)?
            .narrow(2, ty / stride, window.out)?
            .narrow(4, tx / stride, window.out)?
            .squeeze(5)?
            .squeeze(3)?;
        let product =
            under.broadcast_mul(&weight.narrow(1, tap, 1)?.reshape((channels, 1, 1, 1))?)?;
        sum = Some(match sum {
            None => product,
            Some(sum) => (sum + product)?,
        });
    }
    sum.expect("a kernel has at least one tap").contiguous()
}

/// The elements of a contiguous tensor in its storage.
pub(super) fn contiguous<'a, T>(storage: &'a [T], layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage[start..end]),
        None => bail!("expected a contiguous tensor, got strides {:?}", layout.stride()),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::arch::Kernel;
    use crate::random::{Normals, Purpose};

    fn normals(shape: (usize, usize, usize, usize), stream: u32) -> Tensor {
        let mut values = vec![0.0; shape.0 * shape.1 * shape.2 * shape.3];
        Normals::new(1, Purpose::Input, stream, 0).fill(&mut values);
        let values = values.into_iter().map(f64::from).collect::<Vec<_>>();
        Tensor::from_vec(values, shape, &Device::Cpu).expect("as many values as the shape holds")
    }

    fn difference(a: &Tensor, b: &Tensor) -> f64 {
        let difference = ((a - b).expect("same shapes")).abs().and_then(|d| d.max_all());
        difference.and_then(|d| d.to_dtype(DType::F64)?.to_scalar()).expect("one number")
    }

    /// Against Candle's conv2d, which is slow and right.
    #[test]
    fn every_kernel_stride_and_side_matches_conv2d() {
        const CHANNELS: u32 = 5;
        for kernel in [Kernel::K1, Kernel::K3, Kernel::K5, Kernel::K7] {
            for (stride, side) in
                [1, 2, 3, 8].into_iter().flat_map(|s| [1, 2, 5, 8, 9].map(|r| (s, r)))
            {
                for groups in [1, CHANNELS] {
                    let conv = Conv {
                        in_channels: CHANNELS,
                        out_channels: if groups == 1 { 4 } else { CHANNELS },
                        kernel,
                        stride,
                        groups,
                    };
                    let k = kernel.side() as usize;
                    let fan = conv.fan_channels() as usize;
                    let x = normals((CHANNELS as usize, 3, side, side), 0);
                    let weight = normals((conv.out_channels as usize, fan, k, k), 1);
                    let expected = x
                        .transpose(0, 1)
                        .and_then(|x| {
                            x.contiguous()?.conv2d(
                                &weight,
                                (k - 1) / 2,
                                stride as usize,
                                1,
                                groups as usize,
                            )
                        })
                        .and_then(|y| y.transpose(0, 1)?.contiguous())
                        .expect("a valid conv");
                    for kernels in [Kernels::Cpu, Kernels::Tensor] {
                        let y = convolve(&x, &weight, &conv, kernels).expect("a valid conv");
                        assert!(
                            difference(&y, &expected) < 1e-12,
                            "{conv:?} side {side} {kernels:?}"
                        );

                        let single = |t: &Tensor| t.to_dtype(DType::F32).expect("converts");
                        let y =
                            convolve(&single(&x), &single(&weight), &conv, kernels).expect("f32");
                        assert!(difference(&y, &single(&expected)) < 1e-4, "{conv:?} in f32");
                    }
                }
            }
        }
    }

    /// Output lines are taken a few at a time; the cuts, within samples too, must not show.
    #[test]
    fn patches_in_several_steps_match_conv2d() {
        let conv =
            Conv { in_channels: 90, out_channels: 4, kernel: Kernel::K7, stride: 1, groups: 1 };
        let (x, weight) = (normals((90, 5, 20, 20), 0), normals((4, 90, 7, 7), 1));
        assert_ne!(patch_columns(90 * 49, 8).div_ceil(20) % 20, 0, "steps end within samples");
        let ours = convolve(&x, &weight, &conv, Kernels::Cpu).expect("a valid conv");
        let theirs = convolve(&x, &weight, &conv, Kernels::Tensor).expect("a valid conv");
        assert!(difference(&ours, &theirs) < 1e-10);
    }
}
