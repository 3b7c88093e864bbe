//! Kernels of the graph at shapes of the published networks, timed.
//!
//! Must not know: what is a good time. Invariant: a kernel is timed over so many runs that the wait at
//! their end doesn't show.

use std::time::Instant;

use candle_core::{DType, Device, Result, Tensor};

use super::{
    conv::{Kernels, convolve},
    draws::DrawWeights,
    norm::norm,
};
use crate::{
    arch::{Conv, Kernel},
    nn::{
        device,
        examination::{KernelRate, Limits},
        network::Activation,
        source::PhiloxNormals,
    },
};

/// How much is measured.
struct Scale {
    /// Images of both passes.
    samples: usize,
    /// Of each kernel, after one that doesn't count.
    runs: u32,
    /// Of the large copy.
    copy_bytes: usize,
    /// Of the large matrices.
    side: usize,
}

const SCALE: Scale = Scale { samples: 128, runs: 20, copy_bytes: 1 << 29, side: 4096 };

pub(in crate::nn) fn rates(device: &device::Device) -> Result<(Limits, Vec<KernelRate>)> {
    let seat = device.seat()?.candle;
    Timing { device: &seat, kernels: Kernels::of(device), scale: &SCALE }.all()
}

struct Timing<'a> {
    device: &'a Device,
    kernels: Kernels,
    scale: &'a Scale,
}

impl Timing<'_> {
    fn all(&self) -> Result<(Limits, Vec<KernelRate>)> {
        let limits = self.limits()?;
        let mut rates = Vec::new();
        // By Candle's operations alone the host draws.
        if self.kernels != Kernels::Tensor {
            rates.push(self.weights(512, 512)?);
        }
        for (kernel, stride, width, side) in [
            (Kernel::K3, 1, 96, 112),
            (Kernel::K5, 1, 288, 32),
            (Kernel::K5, 2, 288, 56),
            (Kernel::K7, 1, 288, 32),
            (Kernel::K7, 1, 1152, 14),
        ] {
            rates.push(self.conv(kernel, stride, (width, width, width), side)?);
        }
        for (kernel, stride, from, to, side) in [
            (Kernel::K1, 1, 48, 288, 32),
            (Kernel::K1, 1, 192, 1152, 14),
            (Kernel::K3, 1, 64, 64, 32),
            (Kernel::K3, 2, 64, 128, 56),
        ] {
            rates.push(self.conv(kernel, stride, (from, to, 1), side)?);
        }
        for (width, side) in [(96, 112), (288, 32), (1152, 14), (2048, 7)] {
            rates.push(self.norm(width, side)?);
        }
        Ok((limits, rates))
    }

    /// Seconds of one run.
    fn time<T>(&self, mut run: impl FnMut() -> Result<T>) -> Result<f64> {
        run()?;
        self.device.synchronize()?;
        let start = Instant::now();
        for _ in 0..self.scale.runs {
            run()?;
        }
        self.device.synchronize()?;
        Ok(start.elapsed().as_secs_f64() / f64::from(self.scale.runs))
    }

    fn zeros(&self, dims: (usize, usize, usize, usize)) -> Result<Tensor> {
        Tensor::zeros(dims, DType::F32, self.device)
    }

    fn limits(&self) -> Result<Limits> {
        let Scale { copy_bytes, side, .. } = *self.scale;
        let large = Tensor::zeros(copy_bytes / 4, DType::F32, self.device)?;
        let copy_s = self.time(|| large.copy())?;
        let square = Tensor::ones((side, side), DType::F32, self.device)?;
        let product_s = self.time(|| square.matmul(&square))?;
        Ok(Limits {
            gb_per_s: 2.0 * copy_bytes as f64 / copy_s / 1e9,
            gflop_per_s: 2.0 * (side as f64).powi(3) / product_s / 1e9,
        })
    }

    fn rate(name: String, seconds: f64, values: usize, flops: f64) -> KernelRate {
        KernelRate {
            name,
            ms: 1e3 * seconds,
            gb_per_s: 4.0 * values as f64 / seconds / 1e9,
            gflop_per_s: flops / seconds / 1e9,
        }
    }

    /// (from, to, groups) channels.
    fn conv(
        &self,
        kernel: Kernel,
        stride: u32,
        (from, to, groups): (u32, u32, u32),
        side: usize,
    ) -> Result<KernelRate> {
        let conv = Conv { in_channels: from, out_channels: to, kernel, stride, groups };
        let (k, fan) = (kernel.side() as usize, (from / groups) as usize);
        let samples = self.scale.samples;
        let x = self.zeros((from as usize, samples, side, side))?;
        let weight = self.zeros((to as usize, fan, k, k))?;
        let y = convolve(&x, &weight, &conv, self.kernels)?;
        let seconds = self.time(|| convolve(&x, &weight, &conv, self.kernels))?;
        let what = if groups == 1 { "conv" } else { "depthwise" };
        let name = format!("{what} {k}×{k}, stride {stride}, {from} to {to} × {samples} × {side}²");
        let values = x.elem_count() + y.elem_count() + weight.elem_count();
        let flops = 2.0 * (y.elem_count() * fan * k * k) as f64;
        Ok(Timing::rate(name, seconds, values, flops))
    }

    fn norm(&self, width: usize, side: usize) -> Result<KernelRate> {
        let samples = self.scale.samples;
        let x = self.zeros((width, samples, side, side))?;
        let seconds = self.time(|| norm(x.clone(), Activation::Relu, self.kernels))?;
        let name = format!("norm and ReLU, {width} × {samples} × {side}²");
        Ok(Timing::rate(name, seconds, 2 * x.elem_count(), 0.0))
    }

    fn weights(&self, to: u32, from: u32) -> Result<KernelRate> {
        let x = self.zeros((to as usize, from as usize, 3, 3))?;
        let source = PhiloxNormals { seed: 1, repeat: 0 };
        let shape = [to, from, 3, 3];
        let seconds = self.time(|| x.inplace_op1(&DrawWeights { source, layer: 0, shape }))?;
        let name = format!("draw weights, {to} × {from} × 3²");
        Ok(Timing::rate(name, seconds, x.elem_count(), 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not how fast: that everything that is timed runs, and is counted.
    #[test]
    fn every_kernel_is_measured() {
        let scale = Scale { samples: 2, runs: 1, copy_bytes: 1 << 12, side: 8 };
        for (kernels, count) in [(Kernels::Cuda, 14), (Kernels::Tensor, 13)] {
            let timing = Timing { device: &Device::Cpu, kernels, scale: &scale };
            let (limits, rates) = timing.all().expect("the CPU runs them");
            assert!(limits.gb_per_s > 0.0 && limits.gflop_per_s > 0.0);
            assert_eq!(rates.len(), count, "{kernels:?}");
            for rate in rates {
                assert!(rate.ms > 0.0 && rate.gb_per_s > 0.0, "{rate:?}");
                assert_eq!(rate.gflop_per_s > 0.0, rate.name.contains("stride"), "{rate:?}");
            }
        }
    }
}
