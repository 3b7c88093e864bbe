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

/// Gradients, patterns and kernels that other proxies are made of.
#[test]
fn quantities_are_the_golden_ones() {
    let engine = Engine::new(Device::cpu()).expect("a thread");
    let mut seen = 0;
    for vector in Golden::load().vectors {
        let Some(expected) = &vector.quantities else { continue };
        seen += 1;
        let name = &vector.name;
        let network = vector.network();
        let source = || GoldenNormals::new(&vector);
        let classes = vector.num_classes;

        let labels: Vec<u32> = (0..vector.batch_size).map(|i| (7 * i + 3) % classes).collect();
        let gradient = engine.loss_gradient(&network, classes, &labels, &mut source());
        let gradient = gradient.expect("a small network runs");
        // Deep nets of random weights amplify the last digits of a gradient.
        let loss = assert_close(name, &[gradient.loss], &[expected.gradnorm_loss], 1e-6);
        let norm = assert_close(name, &[gradient.norm], &[expected.gradnorm], 1e-6);

        let patterns = engine.patterns(&network, &mut source()).expect("runs");
        assert_eq!(patterns.agreements(), expected.naswot_k, "{name}");

        let kernel = engine.tangent_kernel(&network, classes, &mut source()).expect("runs");
        // A symmetric matrix is known by the sums of the powers of its eigenvalues.
        let eigenvalues = &expected.ntk_eigenvalues;
        let trace: f64 = (0..kernel.len()).map(|i| kernel[i][i]).sum();
        let squares: f64 = kernel.iter().flatten().map(|x| x * x).sum();
        let expected_sums =
            [eigenvalues.iter().sum::<f64>(), eigenvalues.iter().map(|x| x * x).sum::<f64>()];
        let of_kernel = assert_close(name, &[trace, squares], &expected_sums, 1e-6);

        let one = vector.network_of_one_image();
        let flow = engine.synaptic_flow(&one, classes, &mut source()).expect("runs");
        let flow = assert_close(name, &[-flow], &[expected.synflow], 1e-6);
        println!(
            "{name}: loss {loss:.1e}, gradient {norm:.1e}, tangent kernel {of_kernel:.1e}, flow {flow:.1e}"
        );
    }
    assert!(seen >= 4, "the golden file has them");
}

#[test]
fn phi_without_norms_is_the_golden_one() {
    let engine = Engine::new(Device::cpu()).expect("a thread");
    let stacks = Golden::load().phi_plain_stacks;
    assert!(!stacks.is_empty());
    for stack in stacks {
        let phi = engine.log_phi(&stack.network(), 0.01, &mut stack.normals()).expect("runs");
        let what = format!("{} convs", stack.depth);
        let error = assert_close(&what, &[phi.l2], &[stack.logphi_fd_l2], 1e-9);
        println!("{what}: {error:.1e}");
    }
}
