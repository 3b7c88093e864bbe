//! What a network is made of, drawn where it is used.
//!
//! Must not know: layers. Invariant: the bits of [`PhiloxNormals`], whoever draws them; a tensor is
//! written whole.

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, bail};

#[cfg(feature = "cuda")]
use super::kernels::{self, cuda};
use crate::nn::source::{Draw, NormalSource, PhiloxNormals};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;

/// Fills a tensor (out, in / groups, k, k) with the weights of conv number `layer`.
pub(super) struct DrawWeights {
    pub source: PhiloxNormals,
    pub layer: u32,
    /// Of the tensor.
    pub shape: [u32; 4],
}

impl InplaceOp1 for DrawWeights {
    fn name(&self) -> &'static str {
        "draw weights"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let mut drawn = vec![0.0; layout.shape().elem_count()];
        let mut source = self.source;
        source.fill(Draw::Weights { layer: self.layer }, self.shape, &mut drawn);
        store(storage, layout, &drawn)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
        let [out, fan, side, _] = self.shape.map(|n| n as usize);
        let normals = self.source.sequence(Draw::Weights { layer: self.layer }, self.shape);
        cuda::fill(&kernels::weights(&normals, out, fan, side * side), &[], storage, layout)
    }
}

/// Fills a tensor (channels, 2·samples, side, side) with x and x + α·ε of some samples of the batch.
pub(super) struct DrawInputs {
    pub source: PhiloxNormals,
    pub alpha: f64,
    /// Of the whole batch: (batch, channels, side, side).
    pub shape: [u32; 4],
    /// The first sample, and how many.
    pub start: usize,
    pub samples: usize,
}

impl InplaceOp1 for DrawInputs {
    fn name(&self) -> &'static str {
        "draw inputs"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let mut source = self.source;
        let pair = input_pair(&mut source, self.alpha, self.shape, (self.start, self.samples));
        store(storage, layout, &pair)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
        let [_, channels, side, _] = self.shape.map(|n| n as usize);
        let sequence = |tensor| self.source.sequence(tensor, self.shape);
        let (start, samples) = (self.start, self.samples);
        let images = kernels::Images { channels, pixels: side * side, start, samples };
        let (x, noise) = (sequence(Draw::Input), sequence(Draw::Noise));
        cuda::fill(&kernels::inputs(&x, &noise, self.alpha, images), &[], storage, layout)
    }
}

/// x and x + `alpha`·ε of `samples` samples from `start` on: (channels, 2·samples, side, side) by rows.
/// `shape` is that of the whole batch, (batch, channels, side, side).
pub(super) fn input_pair(
    source: &mut dyn NormalSource,
    alpha: f64,
    shape: [u32; 4],
    (start, samples): (usize, usize),
) -> Vec<f64> {
    let [batch, channels, side, _] = shape.map(|n| n as usize);
    let pixels = side * side;
    let mut drawn = |tensor| {
        let mut values = vec![0.0; batch * channels * pixels];
        source.fill(tensor, shape, &mut values);
        values
    };
    let (x, noise) = (drawn(Draw::Input), drawn(Draw::Noise));
    let mut pair = Vec::with_capacity(2 * samples * channels * pixels);
    for channel in 0..channels {
        let maps = |sample: usize| ((start + sample) * channels + channel) * pixels;
        for at in (0..samples).map(maps) {
            pair.extend_from_slice(&x[at..at + pixels]);
        }
        for at in (0..samples).map(maps) {
            let noise = noise[at..at + pixels].iter().map(|e| e * alpha);
            pair.extend(x[at..at + pixels].iter().zip(noise).map(|(x, e)| x + e));
        }
    }
    pair
}

fn store(storage: &mut CpuStorage, layout: &Layout, values: &[f64]) -> Result<()> {
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("expected one piece") };
    match storage {
        CpuStorage::F32(to) => {
            to[start..end].iter_mut().zip(values).for_each(|(to, value)| *to = *value as f32);
        }
        CpuStorage::F64(to) => to[start..end].copy_from_slice(values),
        _ => bail!("expected f32 or f64"),
    }
    Ok(())
}
