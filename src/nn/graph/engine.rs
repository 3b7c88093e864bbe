//! The engine: one worker's way to run networks as a Candle graph.
//!
//! Owns: a device and the one CPU thread that its work runs on. Must not know: what results mean.
//! Invariant: an evaluation is refused before anything is allocated, or it runs to its end; what it
//! gives does not depend on other engines.

use candle_core::{DType, Tensor};

use super::{
    conv::{Kernels, convolve},
    memory,
    norm::norm_relu,
};
use crate::arch::Shape;
use crate::nn::{
    device::{Device, first_line},
    error::NetworkError,
    network::{NormVariance, PASSES, Perturbation, PlainNetwork, Precision},
    source::{Draw, NormalSource},
};

/// Runs networks on one device, one at a time. Workers each have their own.
pub struct Engine {
    device: Device,
    kernels: Kernels,
    memory_limit: Option<u64>,
    /// Candle's CPU operations spread over the rayon pool they are called in: in this one they stay
    /// on one thread, so that workers do not fight over cores.
    thread: rayon::ThreadPool,
}

impl Engine {
    /// # Errors
    /// The system gives no thread.
    pub fn new(device: Device) -> Result<Engine, NetworkError> {
        let thread = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(|_| "zendo-nn".to_owned())
            .build()
            .map_err(|e| NetworkError::Backend(e.to_string()))?;
        let kernels = if device.candle.is_cpu() { Kernels::Cpu } else { Kernels::Tensor };
        Ok(Engine { device, kernels, memory_limit: None, thread })
    }

    /// Refuses what needs more than `bytes`, whatever the system has to give.
    pub fn with_memory_limit(self, bytes: u64) -> Engine {
        Engine { memory_limit: Some(bytes), ..self }
    }

    /// Runs f(x) and f(x + `alpha`·ε) with one set of weights, all of them from `source`.
    ///
    /// # Errors
    /// A network that would not fit in memory, one with a norm over single values, or a failure of
    /// the backend. Values that are not finite are no error here: they show in the result.
    pub fn perturb(
        &self,
        network: &PlainNetwork,
        alpha: f64,
        source: &mut dyn NormalSource,
    ) -> Result<Perturbation, NetworkError> {
        if let Some(norm) = network.degenerate_norm() {
            return Err(NetworkError::Degenerate { norm });
        }
        let needed = memory::needed(network, self.kernels);
        let refuse = |available| NetworkError::Memory { needed, available };
        if let Some(limit) = self.memory_limit.filter(|&limit| needed > limit) {
            return Err(refuse(limit));
        }
        let _held = self.device.memory.take(needed).map_err(refuse)?;
        let forward = Forward { network, device: &self.device.candle, kernels: self.kernels };
        self.thread
            .install(|| forward.perturb(alpha, source))
            .map_err(|e| NetworkError::Backend(first_line(&e)))
    }
}

/// A network on a device.
struct Forward<'a> {
    network: &'a PlainNetwork,
    device: &'a candle_core::Device,
    kernels: Kernels,
}

impl Forward<'_> {
    fn perturb(
        &self,
        alpha: f64,
        source: &mut dyn NormalSource,
    ) -> candle_core::Result<Perturbation> {
        let mut map = self.input_pair(alpha, source)?;
        // Read back after the last layer, so that a GPU is not waited for at every norm.
        let mut variances = Vec::new();
        for (layer, (conv, _)) in (0..).zip(self.network.convs()) {
            let side = conv.kernel.side();
            let shape = [conv.out_channels, conv.fan_channels(), side, side];
            let weights = self.drawn(source, Draw::Weights { layer }, shape)?;
            let weights = self.tensor(weights)?;
            map = convolve(&map, &weights, conv, self.kernels)?;
            let (normalised, variance) = norm_relu(map, self.kernels)?;
            map = normalised;
            variances.push(variance);
        }
        let norms = variances.iter().zip(self.network.convs()).map(|(variance, (_, at))| {
            let count =
                u64::from(self.network.input.batch) * u64::from(at.output.resolution).pow(2);
            let variance = variance.to_device(&candle_core::Device::Cpu)?.to_dtype(DType::F64)?;
            let values = variance.flatten_all()?.to_vec1::<f64>()?;
            let (pairs, _) = values.as_chunks::<PASSES>();
            Ok(NormVariance::of(pairs.iter().copied(), count))
        });
        self.compare(&map, norms.collect::<candle_core::Result<_>>()?)
    }

    /// x and x + αε as (channels, 2 · batch, side, side).
    fn input_pair(&self, alpha: f64, source: &mut dyn NormalSource) -> candle_core::Result<Tensor> {
        let Shape { channels, resolution } = self.network.input_shape();
        let shape = [self.network.input.batch, channels, resolution, resolution];
        let x = self.drawn(source, Draw::Input, shape)?;
        let noise = self.drawn(source, Draw::Noise, shape)?;
        let perturbed = (&x + (noise * alpha)?)?;
        let pair = Tensor::cat(&[x, perturbed], 0)?;
        self.tensor(pair.transpose(0, 1)?.contiguous()?)
    }

    /// A tensor of draws in f64, on the host.
    fn drawn(
        &self,
        source: &mut dyn NormalSource,
        tensor: Draw,
        shape: [u32; 4],
    ) -> candle_core::Result<Tensor> {
        let dims = shape.map(|n| n as usize);
        let mut values = vec![0.0; dims.iter().product()];
        source.fill(tensor, shape, &mut values);
        Tensor::from_vec(values, &dims, &candle_core::Device::Cpu)
    }

    /// Drawn values in the network's precision, on its device.
    fn tensor(&self, drawn: Tensor) -> candle_core::Result<Tensor> {
        let dtype = match self.network.input.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        drawn.to_dtype(dtype)?.to_device(self.device)
    }

    /// What the last map (channels, 2 · batch, side, side) says; sums in f64. On the host: Candle's
    /// element-wise operations on large tensors would wake a thread on every core.
    fn compare(&self, map: &Tensor, norms: Vec<NormVariance>) -> candle_core::Result<Perturbation> {
        let map = map.to_device(&candle_core::Device::Cpu)?;
        let sample = |index| -> candle_core::Result<Vec<f64>> {
            map.narrow(1, index, 1)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
        };
        let batch = self.network.input.batch as usize;
        let (mut l1, mut l2, mut output_sum, mut output_sum_squares) = (0.0, 0.0, 0.0, 0.0);
        for index in 0..batch {
            let (clean, perturbed) = (sample(index)?, sample(batch + index)?);
            let differences = || clean.iter().zip(&perturbed).map(|(y, z)| y - z);
            l1 += differences().map(f64::abs).sum::<f64>();
            l2 += differences().map(|d| d * d).sum::<f64>().sqrt();
            output_sum += clean.iter().sum::<f64>();
            output_sum_squares += clean.iter().map(|y| y * y).sum::<f64>();
        }
        let (delta_l1, delta_l2) = (l1 / batch as f64, l2 / batch as f64);
        Ok(Perturbation { delta_l1, delta_l2, output_sum, output_sum_squares, norms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{InputSpec, PhiloxNormals};

    const NET: &str = "SuperConvK3BNRELU(3,8,2,1)SuperResIDWE2K5(8,16,2,8,1)\
                       SuperResK1K3K1(16,24,2,8,1)SuperConvK1BNRELU(24,32,1,1)";

    fn network(precision: Precision) -> PlainNetwork {
        let structure = NET.parse().expect("valid");
        PlainNetwork::new(&structure, InputSpec { batch: 4, resolution: 18, precision })
    }

    fn engine() -> Engine {
        Engine::new(Device::cpu()).expect("a thread")
    }

    fn perturb(engine: &Engine, precision: Precision) -> Perturbation {
        let mut source = PhiloxNormals { seed: 1, repeat: 0 };
        engine.perturb(&network(precision), 0.01, &mut source).expect("a small network runs")
    }

    fn worst_difference(a: &Perturbation, b: &Perturbation) -> f64 {
        let numbers = |p: &Perturbation| {
            let variances = p.norms.iter().flat_map(|norm| [norm.batch, norm.running]);
            let outputs = [p.delta_l1, p.delta_l2, p.output_sum, p.output_sum_squares];
            variances.chain(outputs).collect::<Vec<_>>()
        };
        let (a, b) = (numbers(a), numbers(b));
        a.iter().zip(&b).map(|(a, b)| (a - b).abs() / b.abs()).fold(0.0, f64::max)
    }

    /// What GPUs run, here on the CPU: the same function but for rounding.
    #[test]
    fn kernel_sets_give_the_same_network() {
        let tensor = Engine { kernels: Kernels::Tensor, ..engine() };
        for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-3)] {
            let (ours, theirs) = (perturb(&engine(), precision), perturb(&tensor, precision));
            let worst = worst_difference(&ours, &theirs);
            assert!(worst < tolerance, "{precision:?}: {worst:e}");
        }
    }

    #[test]
    fn precisions_differ_in_rounding_only() {
        let (single, double) =
            (perturb(&engine(), Precision::F32), perturb(&engine(), Precision::F64));
        let worst = worst_difference(&single, &double);
        assert!(worst > 0.0 && worst < 1e-3, "{worst:e}");
    }

    #[test]
    fn candle_runs_on_one_thread() {
        assert_eq!(engine().thread.install(rayon::current_num_threads), 1);
    }
}
