//! What the last map tells of each sample, clean and perturbed.
//!
//! Must not know: networks. Invariant: sums run in f64, and a sample's do not depend on the others.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType, bail};

use super::conv::{Kernels, contiguous};
#[cfg(feature = "cuda")]
use super::kernels::{self, cuda};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;

/// Numbers that a sample tells: Σ|y − z|, Σ(y − z)², Σy, Σy² of its clean map y and perturbed map z.
pub(super) const TOLD: usize = 4;

/// Of `map` (channels, 2·samples, side, side), the clean passes first: (samples, [`TOLD`]) in f64.
pub(super) fn compare(map: &Tensor, kernels: Kernels) -> Result<Tensor> {
    match kernels {
        Kernels::Cpu | Kernels::Cuda => map.apply_op1_no_bwd(&Compare),
        Kernels::Tensor => {
            let samples = map.dim(1)? / 2;
            let pass = |first| {
                // (samples, channels · pixels)
                let pass = map.narrow(1, first, samples)?.to_dtype(DType::F64)?;
                pass.transpose(0, 1)?.contiguous()?.flatten_from(1)
            };
            let clean = pass(0)?;
            let difference = (&clean - pass(samples)?)?;
            let told = [difference.abs()?, difference.sqr()?, clean.clone(), clean.sqr()?];
            Tensor::cat(&told.map(|x| x.sum_keepdim(1)).into_iter().collect::<Result<Vec<_>>>()?, 1)
        }
    }
}

struct Compare;

impl Compare {
    fn run<T: WithDType>(map: &[T], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (channels, maps, height, width) = layout.shape().dims4()?;
        let (samples, pixels) = (maps / 2, height * width);
        let map = contiguous(map, layout)?;
        let mut told = Vec::with_capacity(samples * TOLD);
        for sample in 0..samples {
            let mut sums = [0.0; TOLD];
            for channel in 0..channels {
                let of = |sample: usize| &map[(channel * maps + sample) * pixels..][..pixels];
                for (y, z) in of(sample).iter().zip(of(samples + sample)) {
                    let y = y.to_f64();
                    let d = y - z.to_f64();
                    for (sum, term) in sums.iter_mut().zip([d.abs(), d * d, y, y * y]) {
                        *sum += term;
                    }
                }
            }
            told.extend(sums);
        }
        Ok((CpuStorage::F64(told), Shape::from((samples, TOLD))))
    }
}

impl CustomOp1 for Compare {
    fn name(&self) -> &'static str {
        "compare"
    }

    fn cpu_fwd(&self, map: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match map {
            CpuStorage::F32(map) => Compare::run(map, layout),
            CpuStorage::F64(map) => Compare::run(map, layout),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, map: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (channels, maps, height, width) = layout.shape().dims4()?;
        let samples = maps / 2;
        let shape = Shape::from((samples, TOLD));
        let launch = kernels::compare(channels, samples, height * width);
        Ok((cuda::measure(&launch, map, layout, shape.elem_count())?, shape))
    }
}
