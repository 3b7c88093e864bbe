//! Dense convolutions by im2col: patches as the columns of a matrix, a few output lines at a time.
//!
//! Must not know: networks. Invariant: the cuts between steps don't show in the product.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};

#[cfg(feature = "cuda")]
use super::kernels::{self, cuda};
use super::{
    backward::Unpatch,
    conv::{Kernels, contiguous},
    window::Window,
};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;

/// `weight` (out, in·k²) times the patches, a few output lines at a time: (out, samples·out²).
pub(super) fn by_patches(
    x: &Tensor,
    weight: &Tensor,
    window: Window,
    kernels: Kernels,
) -> Result<Tensor> {
    let lines = x.dim(1)? * window.out;
    let columns = kernels.patch_columns(weight.dim(1)?, x.dtype().size_in_bytes());
    let step = columns.div_ceil(window.out);
    let products = (0..lines)
        .step_by(step)
        .map(|start| {
            let lines = start..(start + step).min(lines);
            weight.matmul(&x.apply_op1_no_bwd(&Patches { window, lines })?)
        })
        .collect::<Result<Vec<_>>>()?;
    match &products[..] {
        [all] => Ok(all.clone()),
        products => Tensor::cat(products, 1),
    }
}

/// im2col of some output lines: (in·k², lines·out), rows in the order of the weights.
pub(super) struct Patches {
    pub window: Window,
    /// Output lines, counted through all samples.
    pub lines: Range<usize>,
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

    /// Of patches of all lines.
    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (channels, samples, _, _) = x.dims4()?;
        if self.lines != (0..samples * self.window.out) {
            bail!("{}: only patches of all lines have a gradient", self.name());
        }
        let unpatch = Unpatch { window: self.window, channels, samples };
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(&unpatch)?))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (channels, samples, _, _) = layout.shape().dims4()?;
        let columns = self.lines.len() * self.window.out;
        let shape = Shape::from((channels * self.window.kernel.pow(2), columns));
        let lines = (self.lines.start, self.lines.len());
        let launch = kernels::patches(channels, samples, self.window, lines);
        Ok((cuda::produce(&launch, &[(x, layout)], shape.elem_count())?, shape))
    }
}
