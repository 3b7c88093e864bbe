//! The engine: one worker's way to run networks as a Candle graph.
//!
//! Owns: a stream of a device, and the one CPU thread that its work runs on. Must not know: what results
//! mean. Invariant: an evaluation is refused before anything is allocated, or it runs to its end; what it
//! gives does not depend on other engines but for rounding, where memory ran out and it was split.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    conv::Kernels,
    forward::Forward,
    memory::{Plan, resting},
};
use crate::nn::{
    device::{Device, Seat, first_line},
    error::NetworkError,
    memory::available_host_bytes,
    network::{Perturbation, PlainNetwork},
    source::NormalSource,
};

/// Runs networks on one device, one at a time. Workers each have their own.
pub struct Engine {
    seat: Seat,
    kernels: Kernels,
    memory_limit: Option<u64>,
    /// Parts that a batch is taken in at least.
    least_parts: u32,
    /// Of the last batch that was run.
    last_parts: AtomicU32,
    /// Candle's CPU operations spread over the rayon pool they are called in: in this one they stay
    /// on one thread, so that workers do not fight over cores.
    thread: rayon::ThreadPool,
}

impl Engine {
    /// # Errors
    /// The system gives no thread, or the device no stream.
    pub fn new(device: Device) -> Result<Engine, NetworkError> {
        let thread = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(|_| "zendo-nn".to_owned())
            .build()
            .map_err(|e| NetworkError::Backend(e.to_string()))?;
        let kernels = Kernels::of(&device);
        let seat = device.seat().map_err(|e| NetworkError::Backend(first_line(&e)))?;
        Ok(Engine {
            seat,
            kernels,
            memory_limit: None,
            least_parts: 1,
            last_parts: AtomicU32::new(1),
            thread,
        })
    }

    /// Refuses what needs more than `bytes`, whatever the system has to give.
    pub fn with_memory_limit(self, bytes: u64) -> Engine {
        Engine { memory_limit: Some(bytes), ..self }
    }

    /// Takes every batch in `parts` parts at least, as where memory is short: slow, and the same but for
    /// rounding.
    pub fn split(self, parts: u32) -> Engine {
        Engine { least_parts: parts.max(1), ..self }
    }

    pub(super) fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Parts that the last batch was taken in: more than 1 where memory was short.
    pub fn parts(&self) -> u32 {
        self.last_parts.load(Ordering::Relaxed)
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
        let first = self.least_parts.min(network.input.batch);
        retry(first, network.input.batch, |parts| {
            let plan = self.plan(network, parts).map_err(Attempt::Refused)?;
            let refuse = |available| NetworkError::Memory { needed: plan.bytes, available };
            let held = self.seat.memory.take(plan.bytes).map_err(refuse);
            let _held = held.map_err(Attempt::Refused)?;
            let (device, kernels) = (&self.seat.candle, self.kernels);
            let forward = Forward { network, device, kernels, parts: plan.parts };
            self.last_parts.store(plan.parts, Ordering::Relaxed);
            self.thread.install(|| forward.perturb(alpha, source)).map_err(|error| {
                let reason = first_line(&error);
                if is_out_of_memory(&reason) {
                    Attempt::OutOfMemory { parts: plan.parts, reason }
                } else {
                    Attempt::Refused(NetworkError::Backend(reason))
                }
            })
        })
    }

    /// Runs `work` in `needed` bytes of the device.
    pub(super) fn reserved<T: Send>(
        &self,
        network: &PlainNetwork,
        needed: u64,
        work: impl FnOnce(&candle_core::Device, Kernels) -> candle_core::Result<T> + Send,
    ) -> Result<T, NetworkError> {
        if let Some(norm) = network.degenerate_norm() {
            return Err(NetworkError::Degenerate { norm });
        }
        let refuse = |available| NetworkError::Memory { needed, available };
        if let Some(limit) = self.memory_limit.filter(|limit| needed > *limit) {
            return Err(refuse(limit));
        }
        let _held = self.seat.memory.take(needed).map_err(refuse)?;
        self.thread
            .install(|| work(&self.seat.candle, self.kernels))
            .map_err(|error| NetworkError::Backend(first_line(&error)))
    }

    /// Bytes of the device that an evaluation can have.
    pub(super) fn available(&self) -> u64 {
        self.seat.memory.limit().min(self.memory_limit.unwrap_or(u64::MAX))
    }

    /// How `network` is to run, in `least` parts or more.
    fn plan(&self, network: &PlainNetwork, least: u32) -> Result<Plan, NetworkError> {
        let available = self.available();
        let refuse = |needed| NetworkError::Memory { needed, available };
        // In the host's memory parts would lie side by side with what they are parts of.
        if self.kernels == Kernels::Cpu {
            let plan = Plan::of(network, self.kernels, least);
            return if plan.bytes <= available { Ok(plan) } else { Err(refuse(plan.bytes)) };
        }
        let plan = Plan::within(network, self.kernels, least, available).map_err(refuse)?;
        let resting = if plan.parts > 1 { resting(network) } else { 0 };
        match available_host_bytes() {
            Some(available) if resting > available => {
                Err(NetworkError::Memory { needed: resting, available })
            }
            _ => Ok(plan),
        }
    }
}

/// Why an attempt gave nothing.
enum Attempt {
    Refused(NetworkError),
    /// The device had less than was planned with: others use it too.
    OutOfMemory {
        parts: u32,
        reason: String,
    },
}

/// Attempts in `parts` parts, and in smaller ones as long as memory runs out.
fn retry<T>(
    mut parts: u32,
    batch: u32,
    mut attempt: impl FnMut(u32) -> Result<T, Attempt>,
) -> Result<T, NetworkError> {
    loop {
        match attempt(parts) {
            Ok(result) => return Ok(result),
            Err(Attempt::Refused(error)) => return Err(error),
            Err(Attempt::OutOfMemory { parts: tried, reason }) => {
                let smaller = Plan::smaller(tried, batch);
                parts = smaller.ok_or_else(|| {
                    let what = "the device's memory ran out, an image at a time too";
                    NetworkError::Backend(format!("{what}: {reason}"))
                })?;
            }
        }
    }
}

/// By the names that the driver and cuBLAS give it.
fn is_out_of_memory(reason: &str) -> bool {
    ["OUT_OF_MEMORY", "out of memory", "ALLOC_FAILED"].iter().any(|name| reason.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::graph::memory;
    use crate::nn::{InputSpec, PhiloxNormals, Precision};

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
        for kernels in [Kernels::Cuda, Kernels::Tensor] {
            let other = Engine { kernels, ..engine() };
            for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-3)] {
                let (ours, theirs) = (perturb(&engine(), precision), perturb(&other, precision));
                let worst = worst_difference(&ours, &theirs);
                assert!(worst < tolerance, "{kernels:?} {precision:?}: {worst:e}");
            }
        }
    }

    /// In uneven parts too, and an image at a time.
    #[test]
    fn a_split_batch_has_the_statistics_of_the_whole() {
        for kernels in [Kernels::Cpu, Kernels::Cuda, Kernels::Tensor] {
            let whole = perturb(&Engine { kernels, ..engine() }, Precision::F64);
            for parts in [2, 3, 4, 9] {
                let split = Engine { kernels, ..engine() }.split(parts);
                let worst = worst_difference(&perturb(&split, Precision::F64), &whole);
                assert!(worst < 1e-11, "{kernels:?} in {parts} parts: {worst:e}");
            }
        }
    }

    #[test]
    fn where_memory_runs_out_smaller_parts_are_tried() {
        let out = |parts| Attempt::OutOfMemory { parts, reason: "out of memory".to_owned() };
        let mut tried = Vec::new();
        let result = retry(1, 6, |parts| {
            tried.push(parts);
            if parts < 6 { Err(out(parts)) } else { Ok(parts) }
        });
        assert_eq!((result, tried), (Ok(6), vec![1, 2, 4, 6]));
        let error = retry::<()>(1, 2, |parts| Err(out(parts))).expect_err("never fits");
        assert!(error.to_string().contains("an image at a time too"), "{error}");
        // What the plan chose counts, not what was asked for.
        let mut tried = Vec::new();
        let _ = retry(1, 16, |parts| {
            tried.push(parts);
            if parts == 1 { Err(out(8)) } else { Ok(()) }
        });
        assert_eq!(tried, [1, 16]);
        let refused = NetworkError::Backend("no".to_owned());
        let result = retry::<()>(1, 8, |_| Err(Attempt::Refused(refused.clone())));
        assert_eq!(result, Err(refused));
        for (reason, expected) in [
            ("DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")", true),
            ("CublasError(CUBLAS_STATUS_ALLOC_FAILED)", true),
            ("DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, \"…\")", false),
        ] {
            assert_eq!(is_out_of_memory(reason), expected, "{reason}");
        }
    }

    #[test]
    fn precisions_differ_in_rounding_only() {
        let (single, double) =
            (perturb(&engine(), Precision::F32), perturb(&engine(), Precision::F64));
        let worst = worst_difference(&single, &double);
        assert!(worst > 0.0 && worst < 1e-3, "{worst:e}");
    }

    /// Our ways back against Candle's, which GPUs take: strides, depthwise and dense convs.
    #[test]
    fn gradients_are_those_of_candle() {
        let quantities = |kernels| {
            let engine = Engine { kernels, ..engine() };
            let network = network(Precision::F64);
            let mut source = PhiloxNormals { seed: 3, repeat: 1 };
            let gradient = engine.loss_gradient(&network, 7, &[1, 6, 0, 3], &mut source);
            let kernel = engine.tangent_kernel(&network, 7, &mut source);
            let flow = engine.synaptic_flow(&network, 7, &mut source);
            let phi = engine.log_phi(&network, 0.01, &mut source).expect("runs");
            let gradient = gradient.expect("a small network runs");
            let mut all = vec![gradient.loss, gradient.norm, flow.expect("runs"), phi.l1, phi.l2];
            all.extend(kernel.expect("runs").into_iter().flatten());
            (all, engine.patterns(&network, &mut source).expect("runs"))
        };
        let (ours, patterns) = quantities(Kernels::Cpu);
        let (theirs, expected) = quantities(Kernels::Tensor);
        assert_eq!(patterns, expected);
        assert_eq!(ours.len(), 5 + 16);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
        }
    }

    /// A max-pool behind the stem, by all kernels and by all that runs networks.
    #[test]
    fn pools_are_the_same_everywhere() {
        let structure = "SuperConvK7BNRELU(3,8,2,1)MaxPoolK3(8,8,2,1)BasicBlock(8,16,1,8,1)";
        let structure = structure.parse().expect("valid");
        let input = InputSpec { batch: 4, resolution: 27, precision: Precision::F64 };
        let network = PlainNetwork::new(&structure, input);
        let source = || PhiloxNormals { seed: 2, repeat: 0 };
        let run = |engine: Engine| engine.perturb(&network, 0.01, &mut source()).expect("runs");
        let ours = run(engine());
        for kernels in [Kernels::Cuda, Kernels::Tensor] {
            let worst = worst_difference(&run(Engine { kernels, ..engine() }), &ours);
            assert!(worst < 1e-12, "{kernels:?}: {worst:e}");
        }
        assert!(worst_difference(&run(engine().split(3)), &ours) < 1e-11);
        let gradient = |kernels| {
            let engine = Engine { kernels, ..engine() };
            let found = engine.loss_gradient(&network, 5, &[1, 0, 3, 4], &mut source());
            found.expect("runs").norm
        };
        let (ours, theirs) = (gradient(Kernels::Cpu), gradient(Kernels::Tensor));
        assert!((ours / theirs - 1.0).abs() < 1e-10, "{ours} {theirs}");
    }

    /// Linear bottlenecks, by all kernels and by all that runs networks; one of the linear ends is the last.
    #[test]
    fn linear_ends_are_the_same_everywhere() {
        let structure = "SuperConvK3BNRELU(3,8,1,1)ConvK1BN(8,12,2,1)MBConvE3K5(12,12,1,2)\
                         SuperConvK1BNRELU(12,16,1,1)MBConvE6K3(16,8,2,1)";
        let structure = structure.parse().expect("valid");
        let input = InputSpec { batch: 4, resolution: 13, precision: Precision::F64 };
        let network = PlainNetwork::new(&structure, input);
        let source = || PhiloxNormals { seed: 2, repeat: 0 };
        let run = |engine: Engine| engine.perturb(&network, 0.01, &mut source()).expect("runs");
        let ours = run(engine());
        // A norm without a ReLU has a mean of 0.
        assert!(ours.output_sum.abs() < 1e-9, "{ours:?}");
        for kernels in [Kernels::Cuda, Kernels::Tensor] {
            let worst = |a: &Perturbation, b: &Perturbation| {
                // The sum is all rounding.
                let timeless = |p: &Perturbation| Perturbation { output_sum: 1.0, ..p.clone() };
                worst_difference(&timeless(a), &timeless(b))
            };
            let apart = worst(&run(Engine { kernels, ..engine() }), &ours);
            assert!(apart < 1e-11, "{kernels:?}: {apart:e}");
            let apart = worst(&run(Engine { kernels, ..engine() }.split(3)), &ours);
            assert!(apart < 1e-10, "{kernels:?} split: {apart:e}");
        }
        let quantities = |kernels| {
            let engine = Engine { kernels, ..engine() };
            let found = engine.loss_gradient(&network, 5, &[1, 0, 3, 4], &mut source());
            let phi = engine.log_phi(&network, 0.01, &mut source()).expect("runs");
            let patterns = engine.patterns(&network, &mut source()).expect("runs");
            // Those of ReLUs alone: 8 of 13² pixels, then of 7², then of 4² behind the stride.
            assert_eq!(patterns.units(), 8 * 169 + 49 * (4 * 36 + 16 + 96) + 96 * 16);
            [found.expect("runs").norm, phi.l1, phi.l2]
        };
        let (ours, theirs) = (quantities(Kernels::Cpu), quantities(Kernels::Tensor));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
        }
    }

    #[test]
    fn a_tangent_kernel_is_the_same_in_little_memory() {
        let network = network(Precision::F32);
        let kernel = |engine: Engine| {
            engine.tangent_kernel(&network, 7, &mut PhiloxNormals { seed: 3, repeat: 1 })
        };
        let whole = kernel(engine()).expect("runs");
        let needed = |held| memory::tracked(&network, Kernels::Cpu, 7, held);
        for held in 2..4 {
            let little = engine().with_memory_limit(needed(held));
            assert_eq!(little.gradients_held(&network, 7), held);
            assert_eq!(kernel(little), Ok(whole.clone()), "{held} held");
        }
        let too_little = kernel(engine().with_memory_limit(needed(2) - 1));
        assert!(matches!(too_little, Err(NetworkError::Memory { .. })), "{too_little:?}");
    }

    #[test]
    fn candle_runs_on_one_thread() {
        assert_eq!(engine().thread.install(rayon::current_num_threads), 1);
    }
}
