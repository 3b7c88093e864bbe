//! BatchNorm with its parameters and the ReLU after it, where there is one, and the way back, on the CPU.
//!
//! Must not know: networks. Invariant: the gradient goes through the batch's statistics, and is 0 where
//! the ReLU lets nothing through, at 0 too. In Candle's own operations this is a dozen passes over every
//! map, and as many back.

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType, bail,
};

use super::conv::contiguous;
use crate::nn::network::{Activation, EPSILON};

/// scale · (x − mean) / √(variance + ε) + shift, activated, of `x` (channels, samples, side, side), with scale and
/// shift (channels, 1) and the statistics of all samples.
pub(super) fn norm(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    x.apply_op3(scale, shift, TrainedNorm(activation))
}

/// Values of one channel, and its statistics: mean and 1 / √(variance + ε).
struct Channel<'a, T> {
    x: &'a [T],
    mean: T,
    inverse: T,
}

impl<'a, T: WithDType> Channel<'a, T> {
    fn new(x: &'a [T]) -> Channel<'a, T> {
        let n = x.len() as f64;
        // f64 holds values and squares of f32 exactly, so that nothing has to be centred.
        let (sum, squares) = x.iter().fold((0.0, 0.0), |(sum, squares), x| {
            let x = x.to_f64();
            (sum + x, squares + x * x)
        });
        let mean = sum / n;
        let variance = squares / n - mean * mean;
        // A NaN stays one.
        let variance = if variance < 0.0 { 0.0 } else { variance };
        let inverse = (variance + EPSILON).sqrt().recip();
        Channel { x, mean: T::from_f64(mean), inverse: T::from_f64(inverse) }
    }

    /// The normalised values.
    fn normal(&self) -> impl Iterator<Item = T> + '_ {
        self.x.iter().map(|x| (*x - self.mean) * self.inverse)
    }
}

fn channels(layout: &Layout) -> Result<(usize, usize)> {
    let (channels, samples, height, width) = layout.shape().dims4()?;
    Ok((channels, samples * height * width))
}

struct TrainedNorm(Activation);

impl TrainedNorm {
    fn run<T: WithDType>(
        &self,
        x: &[T],
        layout: &Layout,
        scale: &[T],
        shift: &[T],
    ) -> Result<(CpuStorage, Shape)> {
        let (_, n) = channels(layout)?;
        let x = contiguous(x, layout)?;
        let mut y = Vec::with_capacity(x.len());
        for ((x, scale), shift) in x.chunks_exact(n).zip(scale).zip(shift) {
            let normal = Channel::new(x);
            let scaled = normal.normal().map(|x| x * *scale + *shift);
            match self.0 {
                // A NaN stays one: a broken value must reach the score and fail it.
                Activation::Relu => {
                    y.extend(scaled.map(|y| if y < T::zero() { T::zero() } else { y }));
                }
                Activation::Linear => y.extend(scaled),
            }
        }
        Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
    }
}

impl CustomOp3 for TrainedNorm {
    fn name(&self) -> &'static str {
        "norm and activation with a gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match (x, scale, shift) {
            (CpuStorage::F32(x), CpuStorage::F32(scale), CpuStorage::F32(shift)) => {
                let (scale, shift) =
                    (contiguous(scale, scale_layout)?, contiguous(shift, shift_layout)?);
                self.run(x, x_layout, scale, shift)
            }
            (CpuStorage::F64(x), CpuStorage::F64(scale), CpuStorage::F64(shift)) => {
                let (scale, shift) =
                    (contiguous(scale, scale_layout)?, contiguous(shift, shift_layout)?);
                self.run(x, x_layout, scale, shift)
            }
            _ => bail!("{}: expected three tensors of f32 or of f64", self.name()),
        }
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let grad = match self.0 {
            Activation::Relu => grad.apply_op2_no_bwd(y, &LetThrough)?,
            Activation::Linear => grad,
        };
        // (channels, 2)
        let parameters = x.apply_op2_no_bwd(&grad, &ParameterGradients)?;
        let of_x = x.apply_op3_no_bwd(&grad, scale, &InputGradient)?;
        let of = |column| parameters.narrow(1, column, 1)?.contiguous();
        Ok((Some(of_x), Some(of(0)?), Some(of(1)?)))
    }
}

/// A gradient (first) where the ReLU's output (second) is above 0.
struct LetThrough;

impl LetThrough {
    fn run<T: WithDType>(
        &self,
        grad: (&[T], &Layout),
        y: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (values, outputs) = (contiguous(grad.0, grad.1)?, contiguous(y.0, y.1)?);
        let through = |(grad, y): (&T, &T)| if *y > T::zero() { *grad } else { T::zero() };
        let through = values.iter().zip(outputs).map(through).collect();
        Ok((T::to_cpu_storage_owned(through), grad.1.shape().clone()))
    }
}

/// Of scale and shift, (channels, 2), from the norm's input and the gradient behind the ReLU.
struct ParameterGradients;

impl ParameterGradients {
    fn run<T: WithDType>(
        &self,
        x: (&[T], &Layout),
        grad: (&[T], &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let (channels, n) = channels(x.1)?;
        let rows = contiguous(x.0, x.1)?.chunks_exact(n);
        let mut sums = Vec::with_capacity(2 * channels);
        for (x, grad) in rows.zip(contiguous(grad.0, grad.1)?.chunks_exact(n)) {
            let (of_scale, of_shift) = sums_of(&Channel::new(x), grad);
            sums.extend([T::from_f64(of_scale), T::from_f64(of_shift)]);
        }
        Ok((T::to_cpu_storage_owned(sums), Shape::from((channels, 2))))
    }
}

/// Σ gradient · normalised value, and Σ gradient.
fn sums_of<T: WithDType>(channel: &Channel<'_, T>, grad: &[T]) -> (f64, f64) {
    channel.normal().zip(grad).fold((0.0, 0.0), |(products, sum), (x, grad)| {
        let grad = grad.to_f64();
        (products + grad * x.to_f64(), sum + grad)
    })
}

/// Of the norm's input, from that input, the gradient behind the ReLU and the scale.
struct InputGradient;

impl InputGradient {
    fn run<T: WithDType>(
        x: (&[T], &Layout),
        grad: (&[T], &Layout),
        scale: &[T],
    ) -> Result<(CpuStorage, Shape)> {
        let (_, n) = channels(x.1)?;
        let (values, grads) = (contiguous(x.0, x.1)?, contiguous(grad.0, grad.1)?);
        let mut out = Vec::with_capacity(values.len());
        let rows = values.chunks_exact(n).zip(grads.chunks_exact(n));
        for ((x, grad), scale) in rows.zip(scale) {
            let channel = Channel::new(x);
            let (products, sum) = sums_of(&channel, grad);
            let (along, mean) = (T::from_f64(products / n as f64), T::from_f64(sum / n as f64));
            let factor = *scale * channel.inverse;
            let gradients = channel.normal().zip(grad);
            out.extend(gradients.map(|(x, grad)| factor * (*grad - mean - x * along)));
        }
        Ok((T::to_cpu_storage_owned(out), x.1.shape().clone()))
    }
}

over_two!(LetThrough, "gradient of a relu");
over_two!(ParameterGradients, "gradient of a norm's parameters");

impl CustomOp3 for InputGradient {
    fn name(&self) -> &'static str {
        "gradient of a norm's input"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match (x, grad, scale) {
            (CpuStorage::F32(x), CpuStorage::F32(grad), CpuStorage::F32(scale)) => {
                let scale = contiguous(scale, scale_layout)?;
                InputGradient::run((x, x_layout), (grad, grad_layout), scale)
            }
            (CpuStorage::F64(x), CpuStorage::F64(grad), CpuStorage::F64(scale)) => {
                let scale = contiguous(scale, scale_layout)?;
                InputGradient::run((x, x_layout), (grad, grad_layout), scale)
            }
            _ => bail!("{}: expected three tensors of f32 or of f64", self.name()),
        }
    }
}
