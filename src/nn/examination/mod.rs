//! Whether a device computes what it should: against the reference's numbers, and against f64 on the
//! CPU.
//!
//! Must not know: who asks. Invariant: a check that gives no number, or none that is finite, has failed.

pub mod golden;
mod rates;

use std::time::{Duration, Instant};

use super::{
    device::Device,
    error::NetworkError,
    graph::{self, Engine},
    network::{InputSpec, Perturbation, PlainNetwork, Precision},
    runner::Runner,
    source::PhiloxNormals,
};
use crate::score::Definition;
use golden::{Golden, GoldenNormals, GoldenVector};

pub use rates::{KernelRate, Limits, rates};

/// Few enough convs that rounding does not grow: every kind of block, every kernel side, strides,
/// widths of all remainders, and pairs that are fused. With batch and resolution.
pub const SHALLOW: &[(&str, u32, u32)] = &[
    ("SuperConvK3BNRELU(3,24,1,1)SuperConvK1BNRELU(24,17,1,1)", 2, 17),
    ("SuperConvK7BNRELU(3,5,2,1)SuperConvK5BNRELU(5,40,2,1)SuperConvK1BNRELU(40,9,2,1)", 3, 33),
    ("SuperConvK3BNRELU(3,16,1,1)SuperResIDWE6K7(16,24,2,16,1)", 2, 30),
    ("SuperConvK3BNRELU(3,8,2,1)SuperResIDWE4K5(8,16,1,8,1)", 1, 65),
    ("SuperConvK3BNRELU(3,32,2,1)SuperResK3K3(32,56,2,24,1)", 5, 21),
    ("SuperConvK1BNRELU(3,64,1,1)SuperResK1K5K1(64,48,2,16,1)", 4, 15),
    (
        "SuperConvK1BNRELU(3,12,1,1)SuperConvK1BNRELU(12,120,1,1)SuperConvK1BNRELU(120,16,1,1)",
        2,
        32,
    ),
    ("SuperConvK3BNRELU(3,16,8,1)SuperResIDWE2K3(16,24,1,8,1)", 6, 48),
    ("SuperConvK5BNRELU(3,8,3,2)SuperConvK1BNRELU(8,200,1,1)", 1, 31),
    ("SuperConvK3BNRELU(3,8,1,1)SuperResIDWE2K7(8,16,2,8,1)", 40, 3),
    // Linear ends, in front of every kind of conv and of a fused pair.
    (
        "SuperConvK3BNRELU(3,16,1,1)ConvK1BN(16,12,1,1)SuperConvK3BNRELU(12,8,1,1)MBConvE3K3(8,24,1,2)\
         SuperConvK1BNRELU(24,72,1,1)SuperConvK1BNRELU(72,20,1,1)",
        3,
        28,
    ),
];

/// Means over many channels tell more of a map than single ones; what f32 is held to on [`SHALLOW`].
pub const SHALLOW_TOLERANCE: f64 = 1e-5;
/// For differences of nearly the same numbers.
pub const DELTA_TOLERANCE: f64 = 1e-3;

const ALPHA: f64 = 0.01;

/// One thing that was computed twice, and how far the answers lie apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// `golden vectors`, `kernel depthwise 5×5 stride 2`, …
    pub name: String,
    /// How long the device took, all its runs together.
    pub took: Duration,
    /// The worst difference, relative to what it should be; NaN where nothing came out.
    pub worst: f64,
    /// The most that passes.
    pub tolerance: f64,
    /// Why it failed, in one line; none where it passed.
    pub failure: Option<String>,
}

impl Check {
    /// Of `measured`: how long it took, and the worst difference.
    pub(super) fn new(
        name: impl Into<String>,
        tolerance: f64,
        measured: Result<(Duration, f64), String>,
    ) -> Check {
        let name = name.into();
        match measured {
            Ok((took, worst)) => {
                let failure = (worst.is_nan() || worst > tolerance)
                    .then(|| format!("differs by {worst:.1e}, and {tolerance:.0e} is allowed"));
                Check { name, took, worst, tolerance, failure }
            }
            Err(reason) => {
                let (took, worst) = (Duration::ZERO, f64::NAN);
                Check { name, took, worst, tolerance, failure: Some(reason) }
            }
        }
    }
}

/// Runs everything that `device` with its kernels can be examined by, and tells each check as it ends.
pub fn self_test(device: &Device, tell: &mut dyn FnMut(Check)) {
    if device.path().is_none() {
        graph::examine(device, tell);
        tell(Check::new("golden vectors, share of allowed 1e-9", 1.0, against_golden(device)));
        tell(Check::new("a batch in parts, f64", 1e-10, in_parts(device)));
    }
    if device.path().is_some() {
        for (name, net) in kernels_of_the_cpu() {
            let (small, batch, resolution) = (net.as_str(), 3, 29);
            let [variances, _] = against_f64(device, &[(small, batch, resolution)]);
            tell(Check::new(name, SHALLOW_TOLERANCE, variances));
        }
    }
    let [variances, deltas] = against_f64(device, SHALLOW);
    tell(Check::new("shapes against f64: variances", SHALLOW_TOLERANCE, variances));
    tell(Check::new("shapes against f64: Δ", DELTA_TOLERANCE, deltas));
}

/// The CPU's kernels know no tensors: each is examined by a network of little else, which has its name.
fn kernels_of_the_cpu() -> impl Iterator<Item = (String, String)> {
    let strides = |sides: &'static [u32]| sides.iter().flat_map(|k| [1, 2].map(|s| (*k, s)));
    let dense = strides(&[1, 3, 5, 7]).map(|(k, s)| {
        let net = format!("SuperConvK1BNRELU(3,24,1,1)SuperConvK{k}BNRELU(24,40,{s},1)");
        (format!("kernel conv {k}×{k}, stride {s}"), net)
    });
    let depthwise = strides(&[3, 5, 7]).map(|(k, s)| {
        let net = format!("SuperConvK1BNRELU(3,16,1,1)SuperResIDWE2K{k}(16,24,{s},8,1)");
        (format!("kernel depthwise {k}×{k}, stride {s}"), net)
    });
    dense.chain(depthwise)
}

/// The largest of `differences`; NaN where one is.
pub(super) fn worst(differences: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |worst: f64, d: f64| if d <= worst { worst } else { d };
    differences
        .into_iter()
        .fold(0.0, |worst, d| if worst.is_nan() { worst } else { larger(worst, d) })
}

fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / expected.abs()
}

fn text(error: &NetworkError) -> String {
    error.to_string()
}

/// The worst error of all golden vectors, each as a share of what it may be.
fn against_golden(device: &Device) -> Result<(Duration, f64), String> {
    let engine = Engine::new(device.clone()).map_err(|e| text(&e))?;
    let mut took = Duration::ZERO;
    let mut errors = Vec::new();
    for vector in Golden::load().vectors {
        let mut source = GoldenNormals::new(&vector);
        let start = Instant::now();
        let found = engine.perturb(&vector.network(), vector.gamma, &mut source);
        took += start.elapsed();
        errors.push(golden_error(&found.map_err(|e| text(&e))?, &vector));
    }
    Ok((took, worst(errors)))
}

fn golden_error(found: &Perturbation, vector: &GoldenVector) -> f64 {
    let parts = found.zen_parts();
    let scores = Definition::ALL.map(|definition| match definition {
        Definition::Paper => (parts.score(definition), vector.zen_paper_l2),
        Definition::Table => (parts.score(definition), vector.zen_paper_l1),
        Definition::Reference => (parts.score(definition), vector.zen_reference),
    });
    let raw = [
        (found.delta_l1, vector.delta_l1_mean),
        (found.delta_l2, vector.delta_l2_mean),
        (found.output_sum, vector.output_sum),
        (found.output_sum_squares, vector.output_sumsq),
    ];
    let expected = vector.bn_batch_var_mean_clean.iter().zip(&vector.bn_running_var_mean);
    let variances = found
        .norms
        .iter()
        .zip(expected)
        .flat_map(|(norm, (batch, running))| [(norm.batch, *batch), (norm.running, *running)]);
    let allowed = if vector.is_chaotic() { 1e-6 } else { 1e-9 };
    let share = |(found, expected): (f64, f64), allowed| relative(found, expected) / allowed;
    let scores = scores.into_iter().map(|pair| share(pair, 1e-9));
    worst(scores.chain(raw.into_iter().chain(variances).map(|pair| share(pair, allowed))))
}

/// Every number that two evaluations of a network gave, in pairs.
fn pairs<'a>(
    found: &'a Perturbation,
    expected: &'a Perturbation,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    let norms = found.norms.iter().zip(&expected.norms);
    let norms = norms.flat_map(|(f, e)| [(f.batch, e.batch), (f.running, e.running)]);
    norms.chain([
        (found.output_sum, expected.output_sum),
        (found.output_sum_squares, expected.output_sum_squares),
    ])
}

fn deltas(found: &Perturbation, expected: &Perturbation) -> [(f64, f64); 2] {
    [(found.delta_l1, expected.delta_l1), (found.delta_l2, expected.delta_l2)]
}

fn shallow((structure, batch, resolution): (&str, u32, u32), precision: Precision) -> PlainNetwork {
    let structure = structure.parse().expect("SHALLOW holds structures");
    PlainNetwork::new(&structure, InputSpec { batch, resolution, precision })
}

/// `nets` in f32 against f64 on the CPU: variances and outputs, then Δ.
fn against_f64(device: &Device, nets: &[(&str, u32, u32)]) -> [Result<(Duration, f64), String>; 2] {
    let run = || -> Result<(Duration, [f64; 2]), NetworkError> {
        let oracle = Engine::new(Device::cpu())?;
        let mut runner = Runner::new(device)?;
        let mut took = Duration::ZERO;
        let (mut variances, mut differences) = (Vec::new(), Vec::new());
        for (seed, net) in (1..).zip(nets) {
            let mut draws = PhiloxNormals { seed, repeat: 3 };
            let start = Instant::now();
            let found = runner.perturb(&shallow(*net, Precision::F32), ALPHA, draws)?;
            took += start.elapsed();
            let expected = oracle.perturb(&shallow(*net, Precision::F64), ALPHA, &mut draws)?;
            let relative = |(f, e)| relative(f, e);
            variances.extend(pairs(&found, &expected).map(relative));
            differences.extend(deltas(&found, &expected).map(relative));
        }
        Ok((took, [worst(variances), worst(differences)]))
    };
    match run() {
        Ok((took, [variances, differences])) => [Ok((took, variances)), Ok((took, differences))],
        Err(error) => [Err(text(&error)), Err(text(&error))],
    }
}

/// A batch that was split against the whole, both in f64 on the device.
fn in_parts(device: &Device) -> Result<(Duration, f64), String> {
    let run = || -> Result<(Duration, f64), NetworkError> {
        let whole = Engine::new(device.clone())?;
        let split = Engine::new(device.clone())?.split(3);
        let (mut took, mut errors) = (Duration::ZERO, Vec::new());
        for (seed, net) in (1..).zip(SHALLOW) {
            let network = shallow(*net, Precision::F64);
            let mut draws = PhiloxNormals { seed, repeat: 3 };
            let start = Instant::now();
            let found = split.perturb(&network, ALPHA, &mut draws)?;
            took += start.elapsed();
            let expected = whole.perturb(&network, ALPHA, &mut draws)?;
            let all = pairs(&found, &expected).chain(deltas(&found, &expected));
            errors.extend(all.map(|(f, e)| relative(f, e)));
        }
        Ok((took, worst(errors)))
    };
    run().map_err(|e| text(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::KernelChoice;

    #[test]
    fn this_cpu_passes() {
        for choice in [KernelChoice::Auto, KernelChoice::Graph] {
            let device = Device::cpu().with_kernels(choice).expect("every CPU has them");
            let mut names = Vec::new();
            self_test(&device, &mut |check| {
                assert_eq!(check.failure, None, "{check:?}");
                assert!(check.worst <= check.tolerance, "{check:?}");
                names.push(check.name);
            });
            let graph = choice == KernelChoice::Graph;
            assert_eq!(names.iter().any(|name| name.contains("golden")), graph, "{names:?}");
            for what in ["Δ", "conv 7×7", "depthwise 5×5"] {
                assert!(names.iter().any(|name| name.contains(what)), "{names:?}");
            }
        }
    }

    /// What is told of a device that computes something else, or nothing.
    #[test]
    fn a_wrong_number_or_none_is_a_failure() {
        let of = |measured| Check::new("x", 1e-5, measured).failure;
        assert_eq!(of(Ok((Duration::ZERO, 1e-5))), None);
        assert_eq!(
            of(Ok((Duration::ZERO, 2e-5))).as_deref(),
            Some("differs by 2.0e-5, and 1e-5 is allowed")
        );
        assert!(of(Ok((Duration::ZERO, f64::NAN))).is_some());
        assert_eq!(of(Err("no".to_owned())).as_deref(), Some("no"));
        assert!(worst([1.0, f64::NAN, 2.0]).is_nan() && worst([f64::NAN, 1.0]).is_nan());
        assert_eq!(worst([1.0, 3.0, 2.0]), 3.0);
        let vector = &Golden::load().vectors[0];
        let engine = Engine::new(Device::cpu()).expect("a thread");
        let run = |alpha| {
            let mut source = GoldenNormals::new(vector);
            engine.perturb(&vector.network(), alpha, &mut source).expect("runs")
        };
        assert!(golden_error(&run(vector.gamma), vector) <= 1.0);
        assert!(golden_error(&run(vector.gamma * 1.000_001), vector) > 1.0);
    }
}
