//! BatchNorm by batch statistics, and the ReLU after it, where there is one.
//!
//! Must not know: networks. Invariant: each pass is normalised by its own batch (Algorithm 1,
//! step 4), and the variances that come back are the ones it was normalised by.
//!
//! Accuracy: the mean is subtracted before anything is squared, and on the CPU sums run over blocks
//! short enough for f32 and are gathered in f64, so the largest maps lose nothing.

use std::sync::{Mutex, PoisonError};

use candle_core::{
    CpuStorage, CustomOp1, DType, InplaceOp1, InplaceOp2, Layout, Result, Shape, Storage, Tensor,
    WithDType, bail, op::BackpropOp,
};

use super::conv::{Kernels, contiguous};
#[cfg(feature = "cuda")]
use super::kernels::{self, Rows, cuda};
use crate::nn::network::{Activation, EPSILON, PASSES};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;

/// Normalises `x` (channels, passes · batch, side, side), weight 1, bias 0, and activates it. Also gives
/// the [`moments`] it was normalised by.
pub(super) fn norm(
    x: Tensor,
    activation: Activation,
    kernels: Kernels,
) -> Result<(Tensor, Tensor)> {
    match kernels {
        Kernels::Cpu | Kernels::Cuda => {
            let op = NormActivate { activation, moments: Mutex::default() };
            x.inplace_op1(&op)?;
            let shape = (x.dim(0)?, PASSES, 2);
            Ok((x, Tensor::from_storage(op.moments(), shape, BackpropOp::none(), false)))
        }
        Kernels::Tensor => {
            let moments = moments(&x, kernels)?;
            Ok((normalise(x, &moments, activation, kernels)?, moments))
        }
    }
}

/// Mean and biased variance of each pass of each channel of `x`: (channels, passes, 2) in f64.
pub(super) fn moments(x: &Tensor, kernels: Kernels) -> Result<Tensor> {
    match kernels {
        Kernels::Cpu | Kernels::Cuda => x.apply_op1_no_bwd(&Moments),
        Kernels::Tensor => {
            let rows = x.reshape((x.dim(0)?, PASSES, ()))?;
            let mean = rows.mean_keepdim(2)?;
            let variance = rows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(2)?;
            Tensor::cat(&[mean, variance], 2)?.to_dtype(DType::F64)
        }
    }
}

/// (x − mean) / √(variance + ε) of `x`, activated, by the [`moments`] of all samples, of which `x` may
/// hold a part.
pub(super) fn normalise(
    x: Tensor,
    moments: &Tensor,
    activation: Activation,
    kernels: Kernels,
) -> Result<Tensor> {
    match kernels {
        Kernels::Cpu | Kernels::Cuda => {
            x.inplace_op2(moments, &Normalise(activation))?;
            Ok(x)
        }
        Kernels::Tensor => {
            let rows = x.reshape((x.dim(0)?, PASSES, ()))?;
            let mean = moments.narrow(2, 0, 1)?.to_dtype(x.dtype())?;
            let scale = (moments.narrow(2, 1, 1)? + EPSILON)?.sqrt()?.recip()?;
            let centred = rows.broadcast_sub(&mean)?;
            let normalised = centred.broadcast_mul(&scale.to_dtype(x.dtype())?)?;
            let activated = match activation {
                Activation::Relu => normalised.relu()?,
                Activation::Linear => normalised,
            };
            activated.reshape(x.shape())
        }
    }
}

/// The moments of all samples from those of `parts`, each with its share of the samples: exact but for
/// rounding in f64 (Chan, Golub & LeVeque 1983).
pub(super) fn merge(parts: &[(Tensor, f64)]) -> Result<Tensor> {
    let weighted = |tensor: &Tensor, share: f64| tensor * share;
    let sum = |terms: Vec<Tensor>| {
        let mut terms = terms.into_iter();
        let first = terms.next().expect("a batch has parts");
        terms.try_fold(first, |sum, term| sum + term)
    };
    let over = |term: &dyn Fn(&Tensor, f64) -> Result<Tensor>| {
        sum(parts.iter().map(|(part, share)| term(part, *share)).collect::<Result<Vec<_>>>()?)
    };
    let mean = over(&|part, share| weighted(&part.narrow(2, 0, 1)?, share))?;
    let variance = over(&|part, share| {
        let apart = (part.narrow(2, 0, 1)? - &mean)?.sqr()?;
        weighted(&(part.narrow(2, 1, 1)? + apart)?, share)
    })?;
    Tensor::cat(&[mean, variance], 2)
}

/// [`Moments`] and [`Normalise`] at once. An operation that changes a tensor in place gives no
/// other, so the moments are fetched from it.
struct NormActivate {
    activation: Activation,
    moments: Mutex<Option<Storage>>,
}

impl NormActivate {
    fn keep(&self, moments: Storage) {
        *self.moments.lock().unwrap_or_else(PoisonError::into_inner) = Some(moments);
    }

    fn moments(self) -> Storage {
        let moments = self.moments.into_inner().unwrap_or_else(PoisonError::into_inner);
        moments.expect("an operation that succeeded kept them")
    }
}

impl InplaceOp1 for NormActivate {
    fn name(&self) -> &'static str {
        "norm and activation"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (moments, shape) = Moments.cpu_fwd(x, layout)?;
        let moments_layout = Layout::contiguous(shape);
        Normalise(self.activation).cpu_fwd(x, layout, &moments, &moments_layout)?;
        self.keep(Storage::Cpu(moments));
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &mut CudaStorage, layout: &Layout) -> Result<()> {
        let rows = Rows::of(layout)?;
        let moments = if rows.take_a_block_each() {
            cuda::fill_and_measure(&kernels::norm(rows, self.activation), x, layout, 2 * rows.rows)?
        } else {
            let (moments, shape) = Moments.cuda_fwd(x, layout)?;
            let moments_layout = Layout::contiguous(shape);
            Normalise(self.activation).cuda_fwd(x, layout, &moments, &moments_layout)?;
            moments
        };
        self.keep(Storage::Cuda(moments));
        Ok(())
    }
}

/// Mean and biased variance of each pass of each channel: (channels, passes, 2) in f64.
struct Moments;

impl Moments {
    fn run<T: WithDType>(x: &[T], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (channels, n) = rows(layout)?;
        let moments = contiguous(x, layout)?.chunks_exact(n).flat_map(moments_of).collect();
        Ok((CpuStorage::F64(moments), Shape::from((channels, PASSES, 2))))
    }
}

impl CustomOp1 for Moments {
    fn name(&self) -> &'static str {
        "batch moments"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match x {
            CpuStorage::F32(x) => Moments::run(x, layout),
            CpuStorage::F64(x) => Moments::run(x, layout),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let rows = Rows::of(layout)?;
        let segments = 2 * rows.rows * rows.segments();
        let sums = cuda::measure(&kernels::sums(rows), x, layout, segments)?;
        let shape = Shape::from((rows.rows / PASSES, PASSES, 2));
        let layout = Layout::contiguous(segments);
        let moments = cuda::measure(&kernels::moments(rows), &sums, &layout, 2 * rows.rows)?;
        Ok((moments, shape))
    }
}

/// Channels, and values in one pass of a channel.
fn rows(layout: &Layout) -> Result<(usize, usize)> {
    let (channels, samples, height, width) = layout.shape().dims4()?;
    Ok((channels, samples / PASSES * height * width))
}

fn moments_of<T: WithDType>(row: &[T]) -> [f64; 2] {
    let n = row.len() as f64;
    let mean = sum(row, |x| x) / n;
    // Centred at the mean as T holds it; what that rounds away is put back by the shift theorem.
    let centre = T::from_f64(mean);
    let squares = sum(row, |x| (x - centre) * (x - centre));
    [mean, squares / n - (mean - centre.to_f64()).powi(2)]
}

/// Σ term(x): blocks summed in T over independent lanes, blocks gathered in f64.
fn sum<T: WithDType>(row: &[T], term: impl Fn(T) -> T) -> f64 {
    const LANES: usize = 16;
    const BLOCK: usize = 16 * LANES;
    let blocks = row.chunks(BLOCK).map(|block| {
        let mut lanes = [T::zero(); LANES];
        let mut whole = block.chunks_exact(LANES);
        for xs in &mut whole {
            for (lane, &x) in lanes.iter_mut().zip(xs) {
                *lane += term(x);
            }
        }
        let rest: f64 = whole.remainder().iter().map(|&x| term(x).to_f64()).sum();
        lanes.iter().map(|lane| lane.to_f64()).sum::<f64>() + rest
    });
    blocks.sum()
}

/// (x − mean) / √(variance + ε), activated, in place, from the [`Moments`].
struct Normalise(Activation);

impl Normalise {
    fn run<T: WithDType>(&self, x: &mut [T], layout: &Layout, moments: &[f64]) -> Result<()> {
        let (_, n) = rows(layout)?;
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected a contiguous tensor, got strides {:?}", layout.stride())
        };
        let (moments, _) = moments.as_chunks::<2>();
        for (row, &[mean, variance]) in x[start..end].chunks_exact_mut(n).zip(moments) {
            let mean = T::from_f64(mean);
            let scale = T::from_f64((variance + EPSILON).sqrt().recip());
            match self.0 {
                Activation::Relu => {
                    for x in row {
                        let y = (*x - mean) * scale;
                        // A NaN stays one: a broken value must reach the score and fail it.
                        *x = if y < T::zero() { T::zero() } else { y };
                    }
                }
                Activation::Linear => row.iter_mut().for_each(|x| *x = (*x - mean) * scale),
            }
        }
        Ok(())
    }
}

impl InplaceOp2 for Normalise {
    fn name(&self) -> &'static str {
        "normalise and activate"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        layout: &Layout,
        moments: &CpuStorage,
        moments_layout: &Layout,
    ) -> Result<()> {
        let moments = contiguous(moments.as_slice::<f64>()?, moments_layout)?;
        match x {
            CpuStorage::F32(x) => self.run(x, layout, moments),
            CpuStorage::F64(x) => self.run(x, layout, moments),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &mut CudaStorage,
        layout: &Layout,
        moments: &CudaStorage,
        moments_layout: &Layout,
    ) -> Result<()> {
        let launch = kernels::normalise(Rows::of(layout)?, self.0);
        cuda::fill(&launch, &[(moments, moments_layout)], x, layout)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::random::{Normals, Purpose};

    /// Large means make naive sums of squares fail; 2 × 224² values a row.
    #[test]
    fn f32_moments_are_accurate_on_large_maps() {
        let mut values = vec![0.0; 2 * 224 * 224];
        Normals::new(1, Purpose::Input, 0, 0).fill(&mut values);
        let single: Vec<f32> = values.iter().map(|v| 1000.0 + v).collect();
        let exact: Vec<f64> = single.iter().map(|&v| f64::from(v)).collect();
        let n = exact.len() as f64;
        let mean = exact.iter().sum::<f64>() / n;
        let variance = exact.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        let [our_mean, our_variance] = moments_of(&single);
        assert!((our_mean - mean).abs() < 1e-7 * mean, "{our_mean} {mean}");
        assert!((our_variance - variance).abs() < 1e-6 * variance, "{our_variance} {variance}");
    }

    #[test]
    fn kernel_sets_agree_and_passes_keep_apart() {
        let mut values = vec![0.0; 3 * 4 * 25];
        Normals::new(1, Purpose::Input, 0, 0).fill(&mut values);
        // The second pass of every channel at five times the spread.
        for pair in values.chunks_exact_mut(100) {
            pair[50..].iter_mut().for_each(|v| *v *= 5.0);
        }
        let values = values.into_iter().map(f64::from).collect::<Vec<_>>();
        let x = Tensor::from_vec(values, (3, 4, 5, 5), &Device::Cpu).expect("fits");
        let run = |activation, kernels| {
            let copy = x.copy().expect("copies");
            norm(copy, activation, kernels).expect("normalises")
        };
        let (y, moments) = run(Activation::Relu, Kernels::Cpu);
        let (y_tensor, moments_tensor) = run(Activation::Relu, Kernels::Tensor);
        let worst = |a: &Tensor, b: &Tensor| {
            let worst =
                (a - b).and_then(|d| d.abs()?.max_all()?.to_dtype(DType::F64)?.to_scalar::<f64>());
            worst.expect("same shapes")
        };
        assert!(worst(&y, &y_tensor) < 1e-12);
        let (linear, _) = run(Activation::Linear, Kernels::Cpu);
        let (linear_tensor, _) = run(Activation::Linear, Kernels::Tensor);
        assert!(worst(&linear, &linear_tensor) < 1e-12);
        assert!(worst(&linear.relu().expect("rectifies"), &y) < 1e-15);
        assert!(worst(&moments, &moments_tensor) < 1e-12);
        for row in moments.to_vec3::<f64>().expect("three axes") {
            assert!(row[1][1] > 5.0 * row[0][1], "{row:?}");
        }
    }
}
