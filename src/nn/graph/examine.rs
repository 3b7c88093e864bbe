//! Each kernel of the graph against its twin on the CPU in f64, at shapes that networks have.
//!
//! Must not know: networks. Invariant: the device's first run of a kernel, which may compile it, is not
//! among those that are timed.

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Result, Tensor};

use super::{
    compare::compare,
    conv::{Kernels, convolve},
    draws::{DrawInputs, DrawWeights},
    norm::{self, moments, normalise},
};
use crate::{
    arch::{Conv, Kernel},
    nn::{
        device::{self, first_line},
        examination::{Check, worst},
        network::{Activation, PASSES},
        source::PhiloxNormals,
    },
    random::{Normals, Purpose},
};

/// What f32 is held to, of the largest value in the answer.
const TOLERANCE: f64 = 1e-5;

/// Tells a check for each kernel of `device`.
pub(in crate::nn) fn examine(device: &device::Device, tell: &mut dyn FnMut(Check)) {
    let kernels = Kernels::of(device);
    let seat = match device.seat() {
        Ok(seat) => seat.candle,
        Err(error) => {
            return tell(Check::new("a stream", 0.0, Err(first_line(&error))));
        }
    };
    let examination = Examination { device: &seat, kernels };
    let mut tell = |name: String, tolerance, measured: Result<(Duration, f64)>| {
        tell(Check::new(name, tolerance, measured.map_err(|e| first_line(&e))));
    };
    if kernels == Kernels::Cuda {
        tell("kernel draws: weights, bits".to_owned(), 0.0, examination.weights());
        tell("kernel draws: inputs, bits".to_owned(), 0.0, examination.inputs());
    }
    for (kernel, stride) in [(Kernel::K3, 1), (Kernel::K5, 2), (Kernel::K7, 1), (Kernel::K1, 2)] {
        let k = kernel.side();
        let measured = examination.conv(kernel, stride, 1);
        tell(format!("kernel conv {k}×{k}, stride {stride}"), TOLERANCE, measured);
    }
    for kernel in [Kernel::K3, Kernel::K5, Kernel::K7] {
        for stride in [1, 2, 3] {
            let k = kernel.side();
            let measured = examination.conv(kernel, stride, WIDTH);
            tell(format!("kernel depthwise {k}×{k}, stride {stride}"), TOLERANCE, measured);
        }
    }
    for (what, channels, side) in [("short", 600, 7), ("long", 6, 112)] {
        let measured = examination.norm(channels, side);
        tell(format!("kernel norm and ReLU, {what} rows"), TOLERANCE, measured);
        let measured = examination.norm_in_steps(channels, side);
        tell(format!("kernel norm in steps, {what} rows"), TOLERANCE, measured);
    }
    tell("kernel compare".to_owned(), TOLERANCE, examination.compare());
}

/// Channels of the convs.
const WIDTH: u32 = 24;
const SAMPLES: usize = 8;

struct Examination<'a> {
    device: &'a Device,
    kernels: Kernels,
}

impl Examination<'_> {
    /// The worst difference of `here` on the device from `there` on the CPU, and how long one run took.
    fn held_to(
        &self,
        there: &Tensor,
        here: impl Fn() -> Result<Tensor>,
    ) -> Result<(Duration, f64)> {
        here()?;
        self.device.synchronize()?;
        let start = Instant::now();
        let found = here()?;
        self.device.synchronize()?;
        let took = start.elapsed();
        let (found, expected) = (values(&found)?, values(there)?);
        let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let apart = found.iter().zip(&expected).map(|(f, e)| (f - e).abs() / largest);
        Ok((took, if found.len() == expected.len() { worst(apart) } else { f64::NAN }))
    }

    /// In f32, on the device.
    fn single(&self, tensor: &Tensor) -> Result<Tensor> {
        tensor.to_dtype(DType::F32)?.to_device(self.device)
    }

    fn conv(&self, kernel: Kernel, stride: u32, groups: u32) -> Result<(Duration, f64)> {
        let conv = Conv { in_channels: WIDTH, out_channels: WIDTH, kernel, stride, groups };
        let (k, fan) = (kernel.side() as usize, (WIDTH / groups) as usize);
        let x = normals((WIDTH as usize, SAMPLES, 29, 29), 0)?;
        let weight = normals((WIDTH as usize, fan, k, k), 1)?;
        let expected = convolve(&x, &weight, &conv, Kernels::Cpu)?;
        let (x, weight) = (self.single(&x)?, self.single(&weight)?);
        self.held_to(&expected, || convolve(&x, &weight, &conv, self.kernels))
    }

    fn norm(&self, channels: usize, side: usize) -> Result<(Duration, f64)> {
        let x = normals((channels, SAMPLES, side, side), 0)?;
        let single = self.single(&x)?;
        let (expected, _) = norm::norm(x, Activation::Relu, Kernels::Cpu)?;
        self.held_to(
            &expected,
            || Ok(norm::norm(single.copy()?, Activation::Relu, self.kernels)?.0),
        )
    }

    /// As a batch that is split has it.
    fn norm_in_steps(&self, channels: usize, side: usize) -> Result<(Duration, f64)> {
        let x = normals((channels, SAMPLES, side, side), 0)?;
        let single = self.single(&x)?;
        let (expected, _) = norm::norm(x, Activation::Relu, Kernels::Cpu)?;
        self.held_to(&expected, || {
            let moments = moments(&single, self.kernels)?;
            normalise(single.copy()?, &moments, Activation::Relu, self.kernels)
        })
    }

    fn compare(&self) -> Result<(Duration, f64)> {
        let map = normals((300, PASSES * SAMPLES, 7, 7), 0)?;
        let expected = compare(&map, Kernels::Cpu)?;
        let map = self.single(&map)?;
        self.held_to(&expected, || compare(&map, self.kernels))
    }

    fn weights(&self) -> Result<(Duration, f64)> {
        let shape = [40, 24, 3, 3];
        let draw = |device: &Device| {
            let weights = Tensor::zeros((40, 24, 3, 3), DType::F32, device)?;
            weights.inplace_op1(&DrawWeights { source: SOURCE, layer: 5, shape })?;
            Ok(weights)
        };
        self.held_to(&draw(&Device::Cpu)?, || draw(self.device))
    }

    fn inputs(&self) -> Result<(Duration, f64)> {
        let shape = [9, 3, 33, 33];
        let draw = |device: &Device| {
            let pair = Tensor::zeros((3, 2 * 5, 33, 33), DType::F32, device)?;
            let (start, samples) = (2, 5);
            let source = SOURCE;
            pair.inplace_op1(&DrawInputs { source, alpha: 0.01, shape, start, samples })?;
            Ok(pair)
        };
        self.held_to(&draw(&Device::Cpu)?, || draw(self.device))
    }
}

const SOURCE: PhiloxNormals = PhiloxNormals { seed: 2021, repeat: 1 };

/// In f64, on the CPU; representable in f32, so that both sides start from the same numbers.
pub(super) fn normals(shape: (usize, usize, usize, usize), stream: u32) -> Result<Tensor> {
    let mut values = vec![0.0; shape.0 * shape.1 * shape.2 * shape.3];
    Normals::new(SOURCE.seed, Purpose::Input, stream, 0).fill(&mut values);
    Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F64)
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}
