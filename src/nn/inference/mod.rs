//! Networks as they are deployed, and the time they take: norms folded into convs, ReLU and sum in the same
//! step, in f32 or f16.
//!
//! Owns: how an inference runs, how it is timed. Must not know: what times are used for. Invariant: a layer
//! is timed by the same code, on maps and weights as warm, as when it runs in a network.

mod bench;
mod cpu;
mod hardware;
mod loops;
mod program;
mod quiet;
mod tensors;
mod weights;

pub use bench::{Bench, BenchError, Count, Dtype, Times};
pub use hardware::Hardware;

#[cfg(test)]
mod tests {
    use super::{cpu::CpuEngine, program::Program, tensors::TensorEngine};
    use crate::{
        arch::{LayerList, NetSpec, Structure},
        latency::{FusedLayer, Operation},
        nn::kernels::KernelPath,
    };
    use candle_core::{DType, Device};

    /// The largest difference between both engines, over the largest output.
    fn apart(program: &Program, samples: u32, path: KernelPath) -> f32 {
        let mut cpu = CpuEngine::new(program, samples, path, 7..8);
        let device = (&Device::Cpu, DType::F32);
        let mut plain = TensorEngine::new(program, samples, device, 7).expect("builds");
        plain.run().expect("runs");
        let expected = plain.output().expect("gave something");
        let expected =
            expected.permute((0, 2, 3, 1)).and_then(|y| y.flatten_all()?.to_vec1::<f32>());
        let expected = expected.expect("f32 values");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        let mut worst = 0.0_f32;
        // Twice: a run must leave nothing behind that the next one sees.
        for _ in 0..2 {
            pool.install(|| cpu.run());
            let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(largest > 0.0 && largest.is_finite());
            assert_eq!(cpu.output().len(), expected.len());
            for (ours, theirs) in cpu.output().iter().zip(&expected) {
                worst = worst.max((ours - theirs).abs() / largest);
            }
        }
        worst
    }

    #[test]
    fn networks_of_every_family_match_plain_operations() {
        for net in [
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,1,8,1)SuperResK5K5(16,24,2,12,2)\
             SuperResK1K7K1(24,40,2,16,1)SuperConvK1BNRELU(40,64,1,1)",
            "SuperConvK3BNRELU(3,8,2,1)SuperResIDWE6K3(8,16,2,8,1)SuperResIDWE2K5(16,24,1,16,2)\
             SuperResIDWE1K7(24,24,2,24,1)SuperConvK1BNRELU(24,40,1,1)",
            "SuperConvK7BNRELU(3,16,2,1)MaxPoolK3(16,16,2,1)BasicBlock(16,16,1,16,2)\
             Bottleneck(16,64,2,16,2)",
            "SuperConvK3BNRELU(3,8,1,1)MBConvE3K5(8,8,1,2)MBConvE6K3(8,16,2,2)ConvK1BN(16,20,2,1)",
        ] {
            let structure: Structure = match net.parse() {
                Ok(structure) => structure,
                Err(error) => panic!("{net}: {error}"),
            };
            for (squeeze_excite, samples, side) in [(false, 2, 17), (true, 3, 16), (true, 1, 40)] {
                let spec = NetSpec { squeeze_excite, ..NetSpec::residual(side, 10) };
                let program = Program::of_network(&LayerList::new(&structure, &spec));
                for path in [KernelPath::best(), KernelPath::Portable] {
                    let apart = apart(&program, samples, path);
                    assert!(apart < 1e-4, "{net} SE {squeeze_excite} side {side}: {apart}");
                }
            }
        }
    }

    #[test]
    fn single_layers_match_plain_operations() {
        for operation in Operation::ALL {
            for (from, to) in [(3, 8), (40, 40), (67, 12)] {
                for (kernel, stride, side, sum) in [
                    (1, 1, 5, true),
                    (1, 2, 7, false),
                    (3, 1, 12, true),
                    (5, 2, 9, false),
                    (7, 3, 8, true),
                ] {
                    let alike = operation != Operation::Regular;
                    let layer = FusedLayer {
                        operation,
                        in_channels: from,
                        side,
                        out_channels: if alike { from } else { to },
                        kernel: if operation == Operation::Sum { 1 } else { kernel },
                        stride: if operation == Operation::Sum { 1 } else { stride },
                        sum,
                    };
                    let program = Program::of_layer(&layer).expect("a kernel that there is");
                    let apart = apart(&program, 5, KernelPath::best());
                    assert!(apart < 1e-5, "{layer:?}: {apart}");
                }
            }
        }
    }
}
