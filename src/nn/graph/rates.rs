//! Kernels of the graph at shapes of the published networks, timed.
//!
//! Must not know: what is a good time. Invariant: a kernel is timed over so many runs that the wait at
//! their end doesn't show.

use std::time::Instant;

use candle_core::{DType, Device, Result, Tensor};

use super::{
    conv::{Kernels, convolve},
    draws::DrawWeights,
    norm::norm_relu,
};
use crate::{
    arch::{Conv, Kernel},
    nn::{
        device,
        examination::{KernelRate, Limits},
        source::PhiloxNormals,
    },
};

/// Both passes of 64 images.
const SAMPLES: usize = 128;
const RUNS: usize = 20;

pub(in crate::nn) fn rates(device: &device::Device) -> Result<(Limits, Vec<KernelRate>)> {
    let seat = device.seat()?.candle;
    let timing = Timing { device: &seat, kernels: Kernels::of(device) };
    let limits = timing.limits()?;
    let mut rates = vec![timing.weights(512, 512)?];
    for (kernel, stride, width, side) in [
        (Kernel::K3, 1, 96, 112),
        (Kernel::K5, 1, 288, 32),
        (Kernel::K5, 2, 288, 56),
        (Kernel::K7, 1, 288, 32),
        (Kernel::K7, 1, 1152, 14),
    ] {
        rates.push(timing.conv(kernel, stride, (width, width, width), side)?);
    }
    for (kernel, stride, from, to, side) in [
        (Kernel::K1, 1, 48, 288, 32),
        (Kernel::K1, 1, 192, 1152, 14),
        (Kernel::K3, 1, 64, 64, 32),
        (Kernel::K3, 2, 64, 128, 56),
    ] {
        rates.push(timing.conv(kernel, stride, (from, to, 1), side)?);
    }
    for (width, side) in [(96, 112), (288, 32), (1152, 14), (2048, 7)] {
        rates.push(timing.norm(width, side)?);
    }
    Ok((limits, rates))
}

struct Timing<'a> {
    device: &'a Device,
    kernels: Kernels,
}

impl Timing<'_> {
    /// Seconds of one run.
    fn time<T>(&self, mut run: impl FnMut() -> Result<T>) -> Result<f64> {
        run()?;
        self.device.synchronize()?;
        let start = Instant::now();
        for _ in 0..RUNS {
            run()?;
        }
        self.device.synchronize()?;
        Ok(start.elapsed().as_secs_f64() / RUNS as f64)
    }

    fn zeros(&self, dims: (usize, usize, usize, usize)) -> Result<Tensor> {
        Tensor::zeros(dims, DType::F32, self.device)
    }

    fn limits(&self) -> Result<Limits> {
        const BYTES: usize = 1 << 29;
        const SIDE: usize = 4096;
        let large = Tensor::zeros(BYTES / 4, DType::F32, self.device)?;
        let copy_s = self.time(|| large.copy())?;
        let square = Tensor::ones((SIDE, SIDE), DType::F32, self.device)?;
        let product_s = self.time(|| square.matmul(&square))?;
        Ok(Limits {
            gb_per_s: 2.0 * BYTES as f64 / copy_s / 1e9,
            gflop_per_s: 2.0 * (SIDE as f64).powi(3) / product_s / 1e9,
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
        let x = self.zeros((from as usize, SAMPLES, side, side))?;
        let weight = self.zeros((to as usize, fan, k, k))?;
        let y = convolve(&x, &weight, &conv, self.kernels)?;
        let seconds = self.time(|| convolve(&x, &weight, &conv, self.kernels))?;
        let what = if groups == 1 { "conv" } else { "depthwise" };
        let name = format!("{what} {k}×{k}, stride {stride}, {from} to {to} × {SAMPLES} × {side}²");
        let values = x.elem_count() + y.elem_count() + weight.elem_count();
        let flops = 2.0 * (y.elem_count() * fan * k * k) as f64;
        Ok(Timing::rate(name, seconds, values, flops))
    }

    fn norm(&self, width: usize, side: usize) -> Result<KernelRate> {
        let x = self.zeros((width, SAMPLES, side, side))?;
        let seconds = self.time(|| norm_relu(x.clone(), self.kernels))?;
        let name = format!("norm and ReLU, {width} × {SAMPLES} × {side}²");
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
