//! What the lab measures against the reference's values, statistically: our own draws, a fixed seed, the same
//! mean within the noise of both sides.

use zendo::lab::{Bench, Experiment, NamedNet, Saturation, Stack, StackExperiment, Stacks};
use zendo::nn::Device;
use zendo::report::{Cell, Report};
use zendo::space::published_nets;

const REPEATS: u32 = 16;

/// Mean and standard deviation over some seeds.
type Golden = (f64, f64);

/// depth, width, batch, side, seeds; log Φ without norms, with norms, Zen, by Frobenius norms over α.
type Row = ([u32; 4], u32, [Golden; 3]);

/// Stacks of plain 3×3 convs in f64, α = .01.
const STACKS: &[Row] = &[
    ([2, 32, 32, 16], 8, [(8.213963, 0.045594), (4.334975, 0.009626), (8.216889, 0.031608)]),
    ([4, 32, 32, 16], 8, [(13.10159, 0.082132), (4.693754, 0.01534), (13.139055, 0.037942)]),
    ([8, 32, 32, 16], 8, [(22.947576, 0.171412), (5.391938, 0.014599), (22.993787, 0.030747)]),
    ([16, 32, 32, 16], 8, [(42.681169, 0.241552), (6.768141, 0.039038), (42.697943, 0.047832)]),
    ([2, 32, 32, 32], 8, [(8.944891, 0.044417), (5.03556, 0.004813), (8.948173, 0.031991)]),
    ([8, 8, 16, 16], 8, [(17.395781, 0.299054), (4.688002, 0.048934), (17.446743, 0.095382)]),
    ([8, 16, 16, 16], 8, [(20.223581, 0.22264), (5.046154, 0.024146), (20.247582, 0.064146)]),
];

fn report(experiment: &impl Experiment) -> Report {
    let device = Device::cpu();
    let (stop, tell) = (&|| false, &mut |_, _| ());
    experiment.run(&mut Bench { device: &device, workers: None, stop, tell }).expect("runs")
}

fn number(report: &Report, row: usize, column: &str) -> f64 {
    let column = report.columns.iter().position(|name| *name == column).expect("a column");
    match report.rows[row][column] {
        Cell::Number(value, _) => value,
        ref other => panic!("{other:?} in {column}"),
    }
}

#[test]
fn stacks_are_the_reference_s() {
    let stacks = STACKS.iter().map(|([depth, width, batch, resolution], ..)| Stack {
        depth: *depth,
        width: *width,
        batch: *batch,
        resolution: *resolution,
    });
    let experiment = Stacks {
        experiment: StackExperiment::Theorem1,
        stacks: stacks.collect(),
        alpha: 0.01,
        repeats: REPEATS,
        seed: 1,
    };
    let report = report(&experiment);
    let mut all = Vec::new();
    for (i, (stack, seeds, golden)) in STACKS.iter().enumerate() {
        for (column, (mean, std)) in ["phi", "phi_with_norms", "zen"].into_iter().zip(golden) {
            let error = std * (1.0 / f64::from(REPEATS) + 1.0 / f64::from(*seeds)).sqrt();
            let z = (number(&report, i, column) - mean) / error;
            println!("{stack:?} {column}: z {z:.2}");
            assert!(z.abs() <= 5.0, "{stack:?}: {column} is {z:.2} standard errors off");
            all.push(z);
        }
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(mean.abs() <= 1.0, "the mean z is {mean:.2}");
}

/// First depths at which the reference is not finite in f32, one seed: by the Frobenius norm, by the L1 norm.
/// They follow from the growth of a layer; a draw makes a difference of one.
#[test]
fn without_norms_f32_overflows_where_the_reference_does() {
    for (width, squares, values) in [(32, 20_u32, 36_u32), (64, 17, 31), (128, 15, 28)] {
        let of = |depth| Stack { depth, width, batch: 2, resolution: 8 };
        let experiment = Stacks {
            experiment: StackExperiment::Overflow,
            stacks: (1..=40).map(of).collect(),
            alpha: 0.01,
            repeats: 1,
            seed: 1,
        };
        let report = report(&experiment);
        let said = &report.reading[0];
        let depths: Vec<u32> =
            said.split([' ', '.']).filter_map(|word| word.parse().ok()).collect();
        let [found_squares, found_values] = depths[..] else { panic!("{said}") };
        assert!(squares.abs_diff(found_squares) <= 1, "{width}: {said}");
        assert!(values.abs_diff(found_values) <= 1, "{width}: {said}");
    }
}

/// log Δ (L1) at α = 1e-12, 1e-6, 1e-3, 1e-2, and of unrelated images; f64, 8 images of 32², one seed.
#[test]
fn nets_saturate_as_the_reference_s() {
    const ALPHAS: [f64; 4] = [1e-12, 1e-6, 1e-3, 1e-2];
    let initial = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,1,8,1)SuperResK3K3(16,32,2,16,1)\
                   SuperResK3K3(32,64,2,32,1)SuperResK3K3(64,64,2,32,1)SuperConvK1BNRELU(64,128,1,1)";
    let published =
        |name| published_nets().find(|net| net.name == name).expect("shipped").structure;
    let golden = [
        (
            "initial",
            initial.parse().expect("valid"),
            [-19.375, -5.559, 1.345, 3.624, 6.956],
            "linear",
        ),
        (
            "1M",
            published("zennet_cifar_model_size1M_res32"),
            [-2.329, 8.195, 8.344, 8.366, 8.268],
            "saturated",
        ),
    ];
    for (name, structure, expected, state) in golden {
        let nets = vec![NamedNet { name: name.to_owned(), structure, resolution: 32 }];
        // Draws one by one, for their deviation.
        let draws: Vec<Report> = (1..=4)
            .map(|seed| {
                let alphas = ALPHAS.to_vec();
                let nets = nets.clone();
                let experiment =
                    Saturation { nets, alphas, used: 1e-2, batch: 8, repeats: 1, seed };
                report(&experiment)
            })
            .collect();
        for (i, expected) in expected.into_iter().enumerate() {
            let value = |report: &Report| match ALPHAS.get(i) {
                Some(_) => number(report, i, "log_delta"),
                None => number(report, 0, "limit"),
            };
            let values: Vec<f64> = draws.iter().map(value).collect();
            let zendo::score::MeanStd { mean, std } = zendo::score::MeanStd::of(&values);
            let error = std.expect("four draws") * (1.0_f64 + 0.25).sqrt();
            println!("{name} {i}: {mean:.3} ± {error:.3}, {expected} expected");
            assert!((mean - expected).abs() <= 5.0 * error, "{name}: {mean:.3} is not {expected}");
        }
        let said = draws[0].reading.iter().find(|said| said.ends_with(&format!("{name}.")));
        assert!(said.expect("its state").contains(state), "{said:?}");
    }
}
