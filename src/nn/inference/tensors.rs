//! Steps as Candle's operations, on maps (samples, channels, side, side): the way of GPUs, and what the CPU's
//! engine is held against.
//!
//! Must not know: clocks. Invariant: everything goes to the device's stream in order, and nothing waits for it.

use candle_core::{D, DType, Device, Result, Tensor};

use super::{
    program::{Program, Step, Work},
    weights::{Weights, drawn_maps},
};
use crate::{
    arch::{Conv, MaxPool, Shape},
    nn::{
        graph::{Window, depthwise},
        network::Activation,
    },
};

/// A program with its weights and its maps.
pub(super) struct TensorEngine {
    program: Program,
    /// Of each step, each conv's (out, in / groups, k, k) and (1, out, 1, 1).
    weights: Vec<Vec<(Tensor, Tensor)>>,
    /// Maps that are there before the first step, and those that steps gave.
    buffers: Vec<Option<Tensor>>,
}

impl TensorEngine {
    /// Draws weights and input from `seed`.
    pub fn new(
        program: &Program,
        samples: u32,
        (device, dtype): (&Device, DType),
        seed: u64,
    ) -> Result<TensorEngine> {
        let place = |values: Vec<f32>, shape: &[usize]| -> Result<Tensor> {
            Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?.to_device(device)
        };
        let of_conv = |(conv, drawn): (Conv, Weights)| {
            let k = conv.kernel.side() as usize;
            let (fan, out) = (conv.fan_channels() as usize, conv.out_channels as usize);
            let values = Tensor::from_vec(drawn.values, (k, k, fan, out), &Device::Cpu)?;
            let values = values.permute((3, 2, 0, 1))?.contiguous()?;
            let values = values.to_dtype(dtype)?.to_device(device)?;
            Ok((values, place(drawn.bias, &[1, out, 1, 1])?))
        };
        let drawn = Weights::of_program(program, seed);
        let weights =
            program.steps.iter().zip(drawn).map(|(step, drawn)| {
                step.convs().zip(drawn).map(of_conv).collect::<Result<Vec<_>>>()
            });
        let weights = weights.collect::<Result<Vec<_>>>()?;
        // What is read before it is written.
        let mut shapes: Vec<Option<Shape>> = vec![None; program.buffers.len()];
        let mut written = vec![false; program.buffers.len()];
        shapes[0] = Some(program.input);
        for step in &program.steps {
            if let Some(added) = step.added.filter(|added| !written[*added]) {
                shapes[added].get_or_insert(step.output);
            }
            written[step.to] = true;
        }
        let maps = drawn_maps(program, samples as usize, seed).into_iter().zip(shapes);
        let maps = maps.map(|(values, shape)| {
            let Some(Shape { channels, resolution }) = shape else { return Ok(None) };
            let (channels, side) = (channels as usize, resolution as usize);
            let len = samples as usize * channels * side * side;
            let shape = (samples as usize, side, side, channels);
            let maps = Tensor::from_slice(&values[..len], shape, &Device::Cpu)?;
            let maps = maps.permute((0, 3, 1, 2))?.contiguous()?;
            maps.to_dtype(dtype)?.to_device(device).map(Some)
        });
        let buffers = maps.collect::<Result<Vec<_>>>()?;
        Ok(TensorEngine { program: program.clone(), weights, buffers })
    }

    /// All steps; the device may still be at it.
    pub fn run(&mut self) -> Result<()> {
        for (step, weights) in self.program.steps.iter().zip(&self.weights) {
            let maps = |buffer: usize| -> Result<&Tensor> {
                let maps = self.buffers[buffer].as_ref();
                maps.ok_or_else(|| candle_core::Error::msg("a step reads what nobody wrote"))
            };
            let y = output(step, maps(step.from)?, step.added.map(maps).transpose()?, weights)?;
            self.buffers[step.to] = Some(y);
        }
        Ok(())
    }
}

fn output(
    step: &Step,
    x: &Tensor,
    added: Option<&Tensor>,
    weights: &[(Tensor, Tensor)],
) -> Result<Tensor> {
    match (step.work, weights) {
        (Work::Conv(conv), [(values, bias)]) => {
            finish(convolve(x, values, &conv)?, bias, added, step.activation)
        }
        (Work::Sum, _) => match added {
            Some(added) => x + added,
            None => Ok(x.clone()),
        },
        (Work::MaxPool(pool), _) => max_pool(x, &pool),
        (Work::Pool, _) => mean(x),
        (Work::SqueezeExcite { .. }, [first, second]) => {
            let narrow = mean(x)?.conv2d(&first.0, 0, 1, 1, 1)?;
            let narrow = finish(narrow, &first.1, None, Activation::Relu)?;
            let gate = narrow.conv2d(&second.0, 0, 1, 1, 1)?;
            let gate = finish(gate, &second.1, None, Activation::Linear)?;
            x.broadcast_mul(&(gate.neg()?.exp()? + 1.0)?.recip()?)
        }
        (Work::Conv(_) | Work::SqueezeExcite { .. }, _) => {
            Err(candle_core::Error::msg("a conv has weights"))
        }
    }
}

fn convolve(x: &Tensor, weight: &Tensor, conv: &Conv) -> Result<Tensor> {
    if conv.is_depthwise() {
        // Candle's conv2d runs one conv a group, thousands of launches; this is one product a tap.
        let window = Window::new(conv, x.dim(2)?);
        let y = depthwise(&x.transpose(0, 1)?, weight, window)?;
        return y.transpose(0, 1)?.contiguous();
    }
    let pad = (conv.kernel.side() as usize - 1) / 2;
    x.conv2d(weight, pad, conv.stride as usize, 1, 1)
}

/// Bias, sum and activation.
fn finish(
    y: Tensor,
    bias: &Tensor,
    added: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    let y = y.broadcast_add(bias)?;
    let y = match added {
        Some(added) => (y + added)?,
        None => y,
    };
    match activation {
        Activation::Relu => y.relu(),
        Activation::Linear => Ok(y),
    }
}

fn max_pool(x: &Tensor, pool: &MaxPool) -> Result<Tensor> {
    // Behind a ReLU nothing is below the padding.
    let pad = (pool.kernel.side() as usize - 1) / 2;
    let padded = x.pad_with_zeros(D::Minus1, pad, pad)?.pad_with_zeros(D::Minus2, pad, pad)?;
    padded.max_pool2d_with_stride(pool.kernel.side() as usize, pool.stride as usize)
}

/// (samples, channels, 1, 1)
fn mean(x: &Tensor) -> Result<Tensor> {
    x.mean_keepdim(D::Minus1)?.mean_keepdim(D::Minus2)
}

#[cfg(test)]
mod tests {
    use super::{Tensor, TensorEngine};

    impl TensorEngine {
        /// What the last step gave, (samples, channels, side, side).
        pub fn output(&self) -> Option<&Tensor> {
            self.buffers[self.program.steps.last()?.to].as_ref()
        }
    }
}
