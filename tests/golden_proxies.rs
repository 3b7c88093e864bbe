//! Scores of the other proxies against the reference's: means over draws, by their standard errors.
//!
//! `golden/proxies.json` holds means and standard deviations (n − 1) of the reference's values, or of their
//! logarithms where ours are logarithms: N(0, 1) weights, plain nets at 32², 16 images (8 for the tangent kernel),
//! 100 classes.

use serde::Deserialize;
use zendo::arch::Structure;
use zendo::nn::Device;
use zendo::proxy::{self, Settings};
use zendo::score::{Definition, MeanStd};

#[derive(Deserialize)]
struct Golden {
    batch: u32,
    batch_ntk: u32,
    resolution: u32,
    classes: u32,
    rows: Vec<Row>,
    stacks: Vec<Stack>,
}

/// Convs 3×3 of one width with ReLUs: log of the mean ‖f(x + γε) − f(x)‖₂ / γ without norms, γ = 0.01.
#[derive(Deserialize)]
struct Stack {
    depth: u32,
    width: u32,
    resolution: u32,
    batch: u32,
    phi: Sample,
}

impl Stack {
    fn structure(&self) -> Structure {
        let Stack { depth, width, .. } = self;
        let rest = depth - 1;
        format!("SuperConvK3BNRELU(3,{width},1,1)SuperConvK3BNRELU({width},{width},1,{rest})")
            .parse()
            .expect("a structure")
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/proxies.json")).expect("the golden file parses")
}

#[derive(Deserialize)]
struct Row {
    name: String,
    structure: Structure,
    grad_norm: Option<Sample>,
    synflow: Option<Sample>,
    naswot: Option<Sample>,
    ntk: Option<Sample>,
}

#[derive(Clone, Copy, Deserialize)]
struct Sample {
    mean: f64,
    std: f64,
    n: u32,
}

const REPEATS: u32 = 16;

/// How many standard errors our mean of `REPEATS` draws lies from the reference's.
fn z(structure: &Structure, name: &str, settings: &Settings, sign: f64, expected: Sample) -> f64 {
    let mut proxy = proxy::build(name, settings, &Device::cpu()).expect("a proxy");
    let draw = |repeat| sign * proxy.evaluate(structure, 2021, repeat).expect("a score").score;
    let draws: Vec<f64> = (0..REPEATS).map(draw).collect();
    let MeanStd { mean, std } = MeanStd::of(&draws);
    let error = std.expect("several draws").powi(2) / f64::from(REPEATS)
        + expected.std.powi(2) / f64::from(expected.n);
    (mean - expected.mean) / error.sqrt()
}

/// Ours are maximised: what the reference's values stand for is told by the sign.
fn means_agree(name: &str, sign: f64, of: fn(&Row) -> Option<Sample>) {
    let Golden { batch, batch_ntk, resolution, classes, rows, .. } = golden();
    let batch = if name == "ntk" { batch_ntk } else { batch };
    let settings =
        Settings { definition: Definition::Table, batch, resolution, alpha: 0.01, classes };
    let mut all = Vec::new();
    for row in &rows {
        let Some(expected) = of(row) else { continue };
        let z = z(&row.structure, name, &settings, sign, expected);
        println!("{name} of {}: z = {z:.2}", row.name);
        assert!(z.abs() <= 5.0, "{name} of {}: z = {z:.2}", row.name);
        all.push(z);
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(all.len() >= 5 && mean.abs() <= 1.0, "{name}: mean z = {mean:.2} of {}", all.len());
}

#[test]
fn gradient_norms_agree_with_the_reference() {
    means_agree("grad-norm", 1.0, |row| row.grad_norm);
}

#[test]
fn synaptic_flows_agree_with_the_reference() {
    means_agree("synflow", -1.0, |row| row.synflow);
}

#[test]
fn naswot_agrees_with_the_reference() {
    means_agree("naswot", 1.0, |row| row.naswot);
}

#[test]
fn tangent_kernels_agree_with_the_reference() {
    means_agree("ntk", -1.0, |row| row.ntk);
}

#[test]
fn phi_agrees_with_the_reference() {
    let mut all = Vec::new();
    for stack in golden().stacks {
        let Stack { batch, resolution, .. } = stack;
        let (definition, alpha, classes) = (Definition::Paper, 0.01, 10);
        let settings = Settings { definition, batch, resolution, alpha, classes };
        let z = z(&stack.structure(), "phi", &settings, 1.0, stack.phi);
        println!("phi of {} convs of {}: z = {z:.2}", stack.depth, stack.width);
        assert!(z.abs() <= 5.0, "phi of {} convs of {}: z = {z:.2}", stack.depth, stack.width);
        all.push(z);
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(all.len() >= 5 && mean.abs() <= 1.0, "mean z = {mean:.2} of {}", all.len());
}

/// In f32, where Φ itself is past all numbers after some thirty convs.
#[test]
fn phi_of_any_depth_is_a_number() {
    let (definition, batch, classes) = (Definition::Paper, 2, 10);
    let settings = Settings { definition, batch, resolution: 4, alpha: 0.01, classes };
    let mut phi = proxy::build("phi", &settings, &Device::cpu()).expect("a proxy");
    let sample = Sample { mean: 0.0, std: 0.0, n: 1 };
    let stack = |depth| Stack { depth, width: 8, resolution: 4, batch: 2, phi: sample };
    let mut score =
        |depth| phi.evaluate(&stack(depth).structure(), 1, 0).expect("a finite score").score;
    let (shallow, deep) = (score(60), score(250));
    let largest = f64::from(f32::MAX).ln();
    assert!(shallow > largest && deep > 4.0 * largest, "{shallow} {deep}");
}
