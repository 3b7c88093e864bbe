//! Convolutions over channel-major maps (channels, samples, side, side), dense and depthwise.
//!
//! Must not know: networks. Invariant: all kernels compute the same function; they differ in rounding
//! only.
//!
//! Channel-major, a 1×1 conv is one product of matrices for all samples, and what a norm looks at lies
//! in a row.

use candle_core::{Layout, Result, Tensor, bail};

use super::{depthwise::Depthwise, patches::by_patches, plain, window::Window};
use crate::{arch::Conv, nn::device::Device};

/// Which implementation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernels {
    /// Operations of our own as loops over CPU memory.
    Cpu,
    /// The same operations as kernels of a GPU. On the CPU they are what they are there.
    Cuda,
    /// Candle's operations only: any device.
    Tensor,
}

impl Kernels {
    /// What `device` was opened with.
    pub(super) fn of(device: &Device) -> Kernels {
        match (device.is_cpu(), device.is_plain()) {
            (true, _) => Kernels::Cpu,
            (false, false) => Kernels::Cuda,
            (false, true) => Kernels::Tensor,
        }
    }

    /// Columns of patches built at a time, for patches of `rows` values of `bytes`. On the CPU what
    /// stays in cache while it is multiplied, but enough that the weights are not read too often; a
    /// GPU likes large products.
    pub(super) fn patch_columns(self, rows: usize, bytes: usize) -> usize {
        const COLUMNS: usize = 512;
        let room = match self {
            Kernels::Cpu => 2 << 20,
            Kernels::Cuda | Kernels::Tensor => 512 << 20,
        };
        (room / (rows * bytes)).max(COLUMNS)
    }
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
    let shape = (out_channels, samples, window.out, window.out);
    let rows = (out_channels, weight.elem_count() / out_channels);
    match (conv.is_depthwise(), kernels) {
        (true, Kernels::Cpu | Kernels::Cuda) => x.apply_op2_no_bwd(weight, &Depthwise { window }),
        (true, Kernels::Tensor) => plain::depthwise(x, weight, window),
        (false, _) if window.is_pointwise() => weight
            .reshape(rows)?
            .matmul(&x.reshape((channels, samples * side * side))?)?
            .reshape(shape),
        (false, Kernels::Cpu | Kernels::Cuda) => {
            by_patches(x, &weight.reshape(rows)?, window, kernels)?.reshape(shape)
        }
        (false, Kernels::Tensor) => plain::dense(x, weight, window)?.reshape(shape),
    }
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
                    for kernels in [Kernels::Cpu, Kernels::Cuda, Kernels::Tensor] {
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
        let lines = Kernels::Cpu.patch_columns(90 * 49, 8).div_ceil(20);
        assert_ne!(lines % 20, 0, "steps end within samples");
        let ours = convolve(&x, &weight, &conv, Kernels::Cpu).expect("a valid conv");
        let theirs = convolve(&x, &weight, &conv, Kernels::Tensor).expect("a valid conv");
        assert!(difference(&ours, &theirs) < 1e-10);
    }
}
