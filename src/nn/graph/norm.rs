//! BatchNorm by batch statistics, and the ReLU after it.
//!
//! Must not know: networks. Invariant: each pass is normalised by its own batch (Algorithm 1,
//! step 4), and the variances that come back are the ones it was normalised by.
//!
//! Accuracy: the mean is subtracted before anything is squared, and on the CPU sums run over blocks
//! short enough for f32 and are gathered in f64, so the largest maps lose nothing.

use candle_core::{
    CpuStorage, CustomOp1, InplaceOp2, Layout, Result, Shape, Tensor, WithDType, bail,
};

use super::conv::{Kernels, contiguous};
use crate::nn::network::{EPSILON, PASSES};

/// Normalises `x` (channels, passes · batch, side, side) and applies ReLU; weight 1, bias 0.
/// Also gives the biased batch variances, (channels, passes).
pub(super) fn norm_relu(x: Tensor, kernels: Kernels) -> Result<(Tensor, Tensor)> {
    match kernels {
        Kernels::Cpu => {
            let moments = x.apply_op1_no_bwd(&Moments)?;
            x.inplace_op2(&moments, &NormaliseRelu)?;
            Ok((x, moments.narrow(2, 1, 1)?.squeeze(2)?))
        }
        Kernels::Tensor => {
            let rows = x.reshape((x.dim(0)?, PASSES, ()))?;
            let centred = rows.broadcast_sub(&rows.mean_keepdim(2)?)?;
            let variance = centred.sqr()?.mean_keepdim(2)?;
            let scale = (&variance + EPSILON)?.sqrt()?.recip()?;
            let y = centred.broadcast_mul(&scale)?.relu()?.reshape(x.shape())?;
            Ok((y, variance.squeeze(2)?))
        }
    }
}

/// Mean and biased variance of each pass of each channel: (channels, passes, 2) in f64.
struct Moments;

impl Moments {
    fn run<T: WithDType>(x: &[T], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (channels, n) = rows(layout)?;
        let moments = contiguous(x, layout)?.chunks_exact(n).flat_map(moments).collect();
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
}

/// Channels, and values in one pass of a channel.
fn rows(layout: &Layout) -> Result<(usize, usize)> {
    let (channels, samples, height, width) = layout.shape().dims4()?;
    Ok((channels, samples / PASSES * height * width))
}

fn moments<T: WithDType>(row: &[T]) -> [f64; 2] {
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

/// max(0, (x − mean) / √(variance + ε)) in place, from the [`Moments`].
struct NormaliseRelu;

impl NormaliseRelu {
    fn run<T: WithDType>(x: &mut [T], layout: &Layout, moments: &[f64]) -> Result<()> {
        let (_, n) = rows(layout)?;
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("expected a contiguous tensor, got strides {:?}", layout.stride())
        };
        let (moments, _) = moments.as_chunks::<2>();
        for (row, &[mean, variance]) in x[start..end].chunks_exact_mut(n).zip(moments) {
            let mean = T::from_f64(mean);
            let scale = T::from_f64((variance + EPSILON).sqrt().recip());
            for x in row {
                let y = (*x - mean) * scale;
                // A NaN stays one: a broken value must reach the score and fail it.
                *x = if y < T::zero() { T::zero() } else { y };
            }
        }
        Ok(())
    }
}

impl InplaceOp2 for NormaliseRelu {
    fn name(&self) -> &'static str {
        "normalise and relu"
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
            CpuStorage::F32(x) => NormaliseRelu::run(x, layout, moments),
            CpuStorage::F64(x) => NormaliseRelu::run(x, layout, moments),
            _ => bail!("{}: expected f32 or f64", self.name()),
        }
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
        let [our_mean, our_variance] = moments(&single);
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
        let copy = x.copy().expect("copies");
        let (y, variance) = norm_relu(copy, Kernels::Cpu).expect("normalises");
        let (y_tensor, variance_tensor) = norm_relu(x, Kernels::Tensor).expect("normalises");
        let worst = |a: &Tensor, b: &Tensor| {
            let worst =
                (a - b).and_then(|d| d.abs()?.max_all()?.to_dtype(DType::F64)?.to_scalar::<f64>());
            worst.expect("same shapes")
        };
        assert!(worst(&y, &y_tensor) < 1e-12);
        assert!(worst(&variance, &variance_tensor) < 1e-12);
        for row in variance.to_vec2::<f64>().expect("two axes") {
            assert!(row[1] > 5.0 * row[0], "{row:?}");
        }
    }
}
