//! The plain net in f64 against the reference implementation on the same numbers: a generator both
//! can run (SplitMix64, Box–Muller, one stream a network) gives weights and inputs.

use std::collections::HashMap;

use serde::Deserialize;
use zendo::arch::{LayerList, NetSpec, Structure};
use zendo::nn::{Device, Draw, Engine, InputSpec, NormalSource, PlainNetwork, Precision};
use zendo::score::Definition;

#[derive(Deserialize)]
struct Golden {
    generator: Generator,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Generator {
    splitmix_seed1_first4_u64: Vec<String>,
    normal_seed1_first6: Vec<f64>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    structure: Structure,
    num_classes: u32,
    resolution: u32,
    batch_size: u32,
    seed: u64,
    gamma: f64,
    first_weights: Vec<f64>,
    x_first4: Vec<f64>,
    e_first4: Vec<f64>,
    output_sum: f64,
    output_sumsq: f64,
    delta_l1_mean: f64,
    delta_l2_mean: f64,
    zen_reference: f64,
    zen_paper_l1: f64,
    zen_paper_l2: f64,
    bn_running_var_mean: Vec<f64>,
    bn_batch_var_mean_clean: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/golden_vectors.json"))
        .expect("the golden file parses")
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whole pairs; the surplus of an odd tensor is dropped.
    fn normals(&mut self, n: u64) -> Vec<f64> {
        let mut out = Vec::new();
        while (out.len() as u64) < n {
            let (u1, u2) = (self.uniform(), self.uniform());
            let radius = (-2.0 * (1.0 - u1).ln()).sqrt();
            let angle = std::f64::consts::TAU * u2;
            out.extend([radius * angle.cos(), radius * angle.sin()]);
        }
        out.truncate(n as usize);
        out
    }
}

/// Every tensor of a network, drawn up front in the golden order: conv weights, classifier, x, ε.
struct GoldenNormals(HashMap<Draw, Vec<f64>>);

impl GoldenNormals {
    fn new(vector: &Vector) -> GoldenNormals {
        let list = LayerList::new(
            &vector.structure,
            &NetSpec::plain(vector.resolution, vector.num_classes),
        );
        let mut generator = SplitMix64(vector.seed);
        let mut tensors = HashMap::new();
        for (layer, (conv, _)) in (0..).zip(list.convs()) {
            tensors.insert(Draw::Weights { layer }, generator.normals(conv.weights()));
        }
        let features = u64::from(list.pre_pool_shape().channels);
        generator.normals(features * u64::from(vector.num_classes));
        let inputs = u64::from(vector.batch_size) * list.input.elements();
        tensors.insert(Draw::Input, generator.normals(inputs));
        tensors.insert(Draw::Noise, generator.normals(inputs));
        GoldenNormals(tensors)
    }
}

impl NormalSource for GoldenNormals {
    fn fill(&mut self, tensor: Draw, _: [u32; 4], out: &mut [f64]) {
        out.copy_from_slice(&self.0[&tensor]);
    }
}

fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / expected.abs()
}

#[test]
fn the_generator_is_the_golden_one() {
    let golden = golden();
    let mut generator = SplitMix64(1);
    for word in &golden.generator.splitmix_seed1_first4_u64 {
        assert_eq!(&generator.next().to_string(), word);
    }
    assert_close(
        "normals",
        &SplitMix64(1).normals(6),
        &golden.generator.normal_seed1_first6,
        1e-14,
    );
    for vector in &golden.vectors {
        let source = GoldenNormals::new(vector);
        let first = |tensor| &source.0[&tensor][..4];
        assert_close("weights", first(Draw::Weights { layer: 0 }), &vector.first_weights, 1e-13);
        assert_close("x", first(Draw::Input), &vector.x_first4, 1e-13);
        assert_close("noise", first(Draw::Noise), &vector.e_first4, 1e-13);
    }
}

fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let errors = found.iter().zip(expected).map(|(&f, &e)| relative(f, e));
    let worst = errors.fold(0.0, f64::max);
    assert!(worst <= tolerance, "{what}: relative error {worst:e} above {tolerance:e}");
    worst
}

#[test]
fn the_plain_net_gives_the_golden_numbers() {
    let engine = Engine::new(Device::cpu()).expect("a thread");
    for vector in golden().vectors {
        let network = PlainNetwork::new(
            &vector.structure,
            InputSpec {
                batch: vector.batch_size,
                resolution: vector.resolution,
                precision: Precision::F64,
            },
        );
        let found = engine
            .perturb(&network, vector.gamma, &mut GoldenNormals::new(&vector))
            .expect("a small network runs");
        let parts = found.zen_parts();
        let name = &vector.name;

        let scores = Definition::ALL.map(|definition| parts.score(definition));
        let expected = Definition::ALL.map(|definition| match definition {
            Definition::Paper => vector.zen_paper_l2,
            Definition::Table => vector.zen_paper_l1,
            Definition::Reference => vector.zen_reference,
        });
        let score_error = assert_close(&format!("{name}: scores"), &scores, &expected, 1e-9);

        // The deep net is chaotic: the order of a sum shows in the last map.
        let tolerance = if found.norms.len() >= 98 { 1e-6 } else { 1e-9 };
        let raw = [found.delta_l1, found.delta_l2, found.output_sum, found.output_sum_squares];
        let expected =
            [vector.delta_l1_mean, vector.delta_l2_mean, vector.output_sum, vector.output_sumsq];
        let raw_error = assert_close(&format!("{name}: Δ and outputs"), &raw, &expected, tolerance);

        let batch: Vec<f64> = found.norms.iter().map(|norm| norm.batch).collect();
        let running: Vec<f64> = found.norms.iter().map(|norm| norm.running).collect();
        let what = format!("{name}: batch variances");
        let variance_error =
            assert_close(&what, &batch, &vector.bn_batch_var_mean_clean, tolerance).max(
                assert_close(
                    &format!("{name}: running variances"),
                    &running,
                    &vector.bn_running_var_mean,
                    tolerance,
                ),
            );
        println!(
            "{name}: worst relative error {score_error:.1e} of scores, {raw_error:.1e} of Δ and \
             outputs, {variance_error:.1e} of variances"
        );
    }
}
