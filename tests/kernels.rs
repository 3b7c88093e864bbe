//! Every kernel path of this CPU against the graph in f64, on the same draws.

use zendo::arch::Structure;
use zendo::nn::{
    DELTA_TOLERANCE, Device, Engine, InputSpec, KernelChoice, KernelPath, NormVariance,
    Perturbation, PhiloxNormals, PlainNetwork, Precision, Runner, SHALLOW, SHALLOW_TOLERANCE,
};

fn network(structure: &str, batch: u32, resolution: u32, precision: Precision) -> PlainNetwork {
    let structure: Structure = structure.parse().expect(structure);
    PlainNetwork::new(&structure, InputSpec { batch, resolution, precision })
}

fn runner(path: KernelPath) -> Runner {
    let device = Device::cpu().with_kernels(KernelChoice::Path(path)).expect("available");
    Runner::new(&device).expect("a runner")
}

fn oracle(structure: &str, batch: u32, resolution: u32, seed: u64) -> Perturbation {
    let engine = Engine::new(Device::cpu()).expect("a thread");
    let network = network(structure, batch, resolution, Precision::F64);
    engine.perturb(&network, 0.01, &mut PhiloxNormals { seed, repeat: 3 }).expect("runs")
}

fn available() -> impl Iterator<Item = KernelPath> {
    KernelPath::ALL.into_iter().filter(|path| {
        let available = path.is_available();
        if !available {
            eprintln!("skipped: this CPU has no {} kernels", path.name());
        }
        available
    })
}

fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / expected.abs()
}

#[test]
fn batch_variances_are_the_oracles() {
    for (seed, &(structure, batch, resolution)) in (1..).zip(SHALLOW) {
        let expected = oracle(structure, batch, resolution, seed);
        for path in available() {
            let network = network(structure, batch, resolution, Precision::F32);
            let draws = PhiloxNormals { seed, repeat: 3 };
            let found = runner(path).perturb(&network, 0.01, draws).expect("runs");
            let what = format!("{} on {structure}", path.name());
            assert_eq!(found.norms.len(), expected.norms.len(), "{what}");
            for (norm, (found, expected)) in found.norms.iter().zip(&expected.norms).enumerate() {
                let of = |variances: &NormVariance| [variances.batch, variances.running];
                for (found, expected) in of(found).into_iter().zip(of(expected)) {
                    let error = relative(found, expected);
                    assert!(error < SHALLOW_TOLERANCE, "{what}, norm {norm}: {error:e}");
                }
            }
            let outputs = |p: &Perturbation| [p.output_sum, p.output_sum_squares];
            for (found, expected) in outputs(&found).into_iter().zip(outputs(&expected)) {
                assert!(relative(found, expected) < 1e-5, "{what}: {found} not {expected}");
            }
            // Differences of nearly the same numbers.
            let deltas = |p: &Perturbation| [p.delta_l1, p.delta_l2];
            for (found, expected) in deltas(&found).into_iter().zip(deltas(&expected)) {
                assert!(
                    relative(found, expected) < DELTA_TOLERANCE,
                    "{what}: {found} not {expected}"
                );
            }
        }
    }
}

/// The last map, where no ReLU is behind it: its values are as often below 0 as above.
#[test]
fn a_network_may_end_without_a_relu() {
    for structure in ["SuperConvK3BNRELU(3,16,1,1)MBConvE6K5(16,16,1,1)", "ConvK1BN(3,20,2,1)"] {
        let expected = oracle(structure, 4, 18, 5);
        for path in available() {
            let network = network(structure, 4, 18, Precision::F32);
            let draws = PhiloxNormals { seed: 5, repeat: 3 };
            let found = runner(path).perturb(&network, 0.01, draws).expect("runs");
            let what = format!("{} on {structure}", path.name());
            assert!(
                relative(found.output_sum_squares, expected.output_sum_squares) < 1e-5,
                "{what}"
            );
            let values = expected.output_sum_squares;
            assert!(found.output_sum.abs() < 1e-4 * values, "{what}: {}", found.output_sum);
            for (found, expected) in
                [(found.delta_l1, expected.delta_l1), (found.delta_l2, expected.delta_l2)]
            {
                assert!(relative(found, expected) < DELTA_TOLERANCE, "{what}: {found} {expected}");
            }
        }
    }
}

/// Buffers that a larger network has left behind, and those that have to grow.
#[test]
fn what_ran_before_changes_no_bit() {
    for path in available() {
        let run = |runner: &mut Runner, &(structure, batch, resolution): &(&str, u32, u32)| {
            let network = network(structure, batch, resolution, Precision::F32);
            let draws = PhiloxNormals { seed: 7, repeat: 0 };
            runner.perturb(&network, 0.01, draws).expect("runs")
        };
        let alone: Vec<_> = SHALLOW.iter().map(|net| run(&mut runner(path), net)).collect();
        let mut used = runner(path);
        for (net, alone) in SHALLOW.iter().zip(&alone).rev().chain(SHALLOW.iter().zip(&alone)) {
            assert_eq!(run(&mut used, net), *alone, "{} on {net:?}", path.name());
        }
        let kept = used.memory_bytes();
        for net in SHALLOW {
            run(&mut used, net);
        }
        assert_eq!(used.memory_bytes(), kept, "nothing grows once the largest has been seen");
    }
}

#[test]
fn what_is_kept_is_what_was_needed() {
    for path in available() {
        let mut runner = runner(path);
        assert_eq!(runner.memory_bytes(), 0);
        let network = network(SHALLOW[0].0, 2, 17, Precision::F32);
        let draws = PhiloxNormals { seed: 1, repeat: 0 };
        runner.perturb(&network, 0.01, draws).expect("runs");
        let map = 2 * 2 * 17 * 17 * 24 * 4;
        assert!((map..4 * map).contains(&runner.memory_bytes()), "{}", runner.memory_bytes());
        let mut capped = self::runner(path).with_memory_limit(map);
        let error = capped.perturb(&network, 0.01, draws).expect_err("two maps don't fit");
        assert!(error.to_string().contains("memory"), "{error}");
        assert_eq!(capped.memory_bytes(), 0);
    }
}

/// Parent and children that differ in one block, first to last, on a device that keeps prefixes.
#[test]
fn a_kept_prefix_gives_the_bits_of_a_fresh_start() {
    const FAMILY: &[&str] = &[
        "SuperConvK3BNRELU(3,16,1,1)SuperResK1K5K1(16,64,2,16,2)SuperResIDWE2K5(64,24,2,16,1)\
         SuperResK3K3(24,40,1,24,1)SuperConvK1BNRELU(40,96,1,1)",
        "SuperConvK3BNRELU(3,16,1,1)SuperResK1K5K1(16,64,2,16,2)SuperResIDWE2K5(64,24,2,16,1)\
         SuperResK3K3(24,40,1,32,1)SuperConvK1BNRELU(40,96,1,1)",
        "SuperConvK3BNRELU(3,16,1,1)SuperResK1K5K1(16,64,2,16,2)SuperResIDWE2K7(64,24,2,16,1)\
         SuperResK3K3(24,40,1,24,1)SuperConvK1BNRELU(40,96,1,1)",
        "SuperConvK3BNRELU(3,24,1,1)SuperResK1K5K1(24,64,2,16,2)SuperResIDWE2K5(64,24,2,16,1)\
         SuperResK3K3(24,40,1,24,1)SuperConvK1BNRELU(40,96,1,1)",
        "SuperConvK3BNRELU(3,16,1,1)SuperResK1K5K1(16,64,2,16,2)SuperResIDWE2K5(64,24,2,16,1)\
         SuperResK3K3(24,40,1,24,1)SuperConvK1BNRELU(40,128,1,1)",
    ];
    let draws = PhiloxNormals { seed: 11, repeat: 0 };
    for path in available() {
        let device = || {
            let device = Device::cpu().with_kernels(KernelChoice::Path(path)).expect("available");
            device.with_prefix_reuse(1 << 28)
        };
        let run = |device: &Device, structure: &str, draws| {
            let network = network(structure, 8, 32, Precision::F32);
            let mut runner = Runner::new(device).expect("a runner");
            runner.perturb(&network, 0.01, draws).expect("runs")
        };
        let kept = device();
        for (known, structure) in FAMILY.iter().enumerate() {
            let fresh = device();
            assert_eq!(run(&kept, structure, draws), run(&fresh, structure, draws), "{structure}");
            let reuse = fresh.prefix_reuse().expect("kernels reuse");
            assert_eq!((reuse.hits, reuse.macs_saved), (0, 0));
            // All but the first and the one whose first block differs.
            let hits = kept.prefix_reuse().expect("kernels reuse").hits;
            assert_eq!(hits, [0, 1, 2, 2, 3][known], "{} on {structure}", path.name());
        }
        let other = PhiloxNormals { seed: 12, repeat: 0 };
        run(&kept, FAMILY[0], other);
        let reuse = kept.prefix_reuse().expect("kernels reuse");
        assert_eq!((reuse.evaluations, reuse.hits), (6, 3), "another draw shares nothing");
        assert!(reuse.macs_saved * 5 > reuse.macs && reuse.bytes > 0);
    }
}

/// The same layers in other blocks are fused elsewhere: another network, as far as bits go.
#[test]
fn where_blocks_end_is_part_of_a_prefix() {
    let net = |a, b| {
        format!(
            "SuperConvK3BNRELU(3,32,1,1)SuperResK1K3K1(32,128,1,32,{a})\
             SuperResK1K3K1(128,128,1,32,{b})SuperConvK1BNRELU(128,64,1,1)"
        )
    };
    let device = || Device::cpu().with_prefix_reuse(1 << 28);
    let draws = PhiloxNormals { seed: 5, repeat: 0 };
    let run = |device: &Device, structure: &str| {
        let network = network(structure, 2, 32, Precision::F32);
        Runner::new(device).expect("a runner").perturb(&network, 0.01, draws).expect("runs")
    };
    let used = device();
    run(&used, &net(2, 1));
    assert_eq!(run(&used, &net(1, 2)), run(&device(), &net(1, 2)));
    assert_ne!(run(&used, &net(1, 2)), run(&used, &net(2, 1)), "rounding tells them apart");
}
