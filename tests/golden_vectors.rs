//! The plain net in f64 against the reference implementation on the same numbers: a generator both
//! can run (SplitMix64, Box–Muller, one stream a network) gives weights and inputs.

use zendo::nn::{
    Device, Draw, Engine,
    golden::{Golden, GoldenNormals, SplitMix64},
};
use zendo::score::Definition;

fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / expected.abs()
}

#[test]
fn the_generator_is_the_golden_one() {
    let golden = Golden::load();
    let mut generator = SplitMix64(1);
    for word in &golden.generator.splitmix_seed1_first4_u64 {
        assert_eq!(&generator.next_u64().to_string(), word);
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
    for vector in Golden::load().vectors {
        let found = engine
            .perturb(&vector.network(), vector.gamma, &mut GoldenNormals::new(&vector))
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
        let tolerance = if vector.is_chaotic() { 1e-6 } else { 1e-9 };
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
