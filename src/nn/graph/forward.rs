//! One forward pass of a network on a device: both passes of Algorithm 1 in one batch.
//!
//! Must not know: how much memory there is. Invariant: nothing is read back from the device before
//! everything is on its way, and then once. (A batch that is split waits at every norm: it is slow
//! anyway.)

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};

use super::{
    compare::{TOLD, compare},
    conv::{Kernels, convolve},
    draws::{DrawInputs, DrawWeights, input_pair},
    norm,
    plain::max_pool,
};
use crate::arch::{Conv, Shape};
use crate::nn::{
    network::{Behind, NormVariance, PASSES, Perturbation, PlainNetwork, Precision},
    source::{Draw, NormalSource},
};

/// A network on a device.
pub(super) struct Forward<'a> {
    pub network: &'a PlainNetwork,
    pub device: &'a Device,
    pub kernels: Kernels,
    /// Parts that the batch is taken in, each small enough for the device. Between layers all but the
    /// one at work lie in the host's memory.
    pub parts: u32,
}

/// Both passes of some samples: (channels, 2 · samples, side, side), the clean ones first.
struct Part {
    map: Tensor,
    samples: usize,
}

impl Forward<'_> {
    pub(super) fn perturb(
        &self,
        alpha: f64,
        source: &mut dyn NormalSource,
    ) -> Result<Perturbation> {
        let inputs = parts(self.network.input.batch, self.parts)
            .map(|samples| self.inputs(alpha, source, samples));
        let mut batch = inputs.collect::<Result<Vec<_>>>()?;
        let mut told = Vec::new();
        let layers = self.network.convs().zip(self.network.behind());
        for (layer, ((conv, _), behind)) in (0..).zip(layers) {
            let weights = self.weights(source, layer, conv)?;
            told.push(self.layer(&mut batch, &weights, conv, behind)?);
        }
        for part in &batch {
            told.push(compare(&part.map.to_device(self.device)?, self.kernels)?);
        }
        let flat = told.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?;
        Ok(self.read(&Tensor::cat(&flat, 0)?.to_vec1()?))
    }

    /// Conv, norm, and what is behind them. Gives the moments of the norm.
    fn layer(
        &self,
        batch: &mut [Part],
        weights: &Tensor,
        conv: &Conv,
        Behind { activation, pool }: Behind,
    ) -> Result<Tensor> {
        let pooled = |map: Tensor| match &pool {
            Some(pool) => max_pool(&map, pool),
            None => Ok(map),
        };
        if let [Part { map, .. }] = batch {
            let convolved = convolve(map, weights, conv, self.kernels)?;
            let (normalised, moments) = norm::norm(convolved, activation, self.kernels)?;
            *map = pooled(normalised)?;
            return Ok(moments);
        }
        let samples: usize = batch.iter().map(|part| part.samples).sum();
        let mut moments = Vec::new();
        for part in &mut *batch {
            let map = part.map.to_device(self.device)?;
            let convolved = convolve(&map, weights, conv, self.kernels)?;
            let share = part.samples as f64 / samples as f64;
            moments.push((norm::moments(&convolved, self.kernels)?, share));
            part.map = convolved.to_device(&Device::Cpu)?;
        }
        let moments = norm::merge(&moments)?;
        for part in batch {
            let map = part.map.to_device(self.device)?;
            let normalised = norm::normalise(map, &moments, activation, self.kernels)?;
            part.map = pooled(normalised)?.to_device(&Device::Cpu)?;
        }
        Ok(moments)
    }

    fn inputs(
        &self,
        alpha: f64,
        source: &mut dyn NormalSource,
        samples: Range<usize>,
    ) -> Result<Part> {
        let Shape { channels, resolution } = self.network.input_shape();
        let shape = [self.network.input.batch, channels, resolution, resolution];
        let (start, samples) = (samples.start, samples.len());
        let side = resolution as usize;
        let dims = (channels as usize, PASSES * samples, side, side);
        let map = match self.drawn_here(source) {
            Some(source) => {
                let map = Tensor::zeros(dims, self.dtype(), self.device)?;
                map.inplace_op1(&DrawInputs { source, alpha, shape, start, samples })?;
                map
            }
            None => self.uploaded(input_pair(source, alpha, shape, (start, samples)), dims)?,
        };
        Ok(Part { map, samples })
    }

    fn weights(&self, source: &mut dyn NormalSource, layer: u32, conv: &Conv) -> Result<Tensor> {
        let side = conv.kernel.side();
        let shape = [conv.out_channels, conv.fan_channels(), side, side];
        let [out, fan, k, _] = shape.map(|n| n as usize);
        let dims = (out, fan, k, k);
        if let Some(source) = self.drawn_here(source) {
            let weights = Tensor::zeros(dims, self.dtype(), self.device)?;
            weights.inplace_op1(&DrawWeights { source, layer, shape })?;
            return Ok(weights);
        }
        let mut values = vec![0.0; out * fan * k * k];
        source.fill(Draw::Weights { layer }, shape, &mut values);
        self.uploaded(values, dims)
    }

    /// The source, where a kernel of ours draws its values in place.
    fn drawn_here(&self, source: &dyn NormalSource) -> Option<crate::nn::source::PhiloxNormals> {
        match self.kernels {
            Kernels::Cuda => source.counted(),
            Kernels::Cpu | Kernels::Tensor => None,
        }
    }

    /// Values that the host drew.
    fn uploaded(&self, values: Vec<f64>, dims: (usize, usize, usize, usize)) -> Result<Tensor> {
        let drawn = Tensor::from_vec(values, dims, &Device::Cpu)?;
        drawn.to_dtype(self.dtype())?.to_device(self.device)
    }

    fn dtype(&self) -> DType {
        match self.network.input.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }

    /// Everything that was told, in its order: for each norm and channel the moments of both passes,
    /// then [`TOLD`] sums for each sample.
    fn read(&self, told: &[f64]) -> Perturbation {
        let batch = u64::from(self.network.input.batch);
        let mut rest = told;
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at(n);
            rest = left;
            taken
        };
        let norm = |(conv, at): (&Conv, &crate::arch::LayerAt)| {
            let count = batch * u64::from(at.output.resolution).pow(2);
            let moments = take(conv.out_channels as usize * PASSES * 2);
            let (channels, _) = moments.as_chunks::<{ PASSES * 2 }>();
            let variances = channels.iter().map(|&[_, clean, _, perturbed]| [clean, perturbed]);
            NormVariance::of(variances, count)
        };
        let norms = self.network.convs().map(norm).collect();
        let (samples, _) = rest.as_chunks::<TOLD>();
        let sum = |of: fn(&[f64; TOLD]) -> f64| samples.iter().map(of).sum::<f64>();
        Perturbation {
            delta_l1: sum(|told| told[0]) / batch as f64,
            delta_l2: sum(|told| told[1].sqrt()) / batch as f64,
            output_sum: sum(|told| told[2]),
            output_sum_squares: sum(|told| told[3]),
            norms,
        }
    }
}

/// The samples of each of `parts` parts of a batch, as even as can be.
fn parts(batch: u32, parts: u32) -> impl Iterator<Item = Range<usize>> {
    let at = move |part: u32| (u64::from(batch) * u64::from(part) / u64::from(parts)) as usize;
    (0..parts).map(move |part| at(part)..at(part + 1))
}
