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

#[test]
fn means_agree_with_the_reference() {
    let golden: Golden =
        serde_json::from_str(include_str!("golden/proxies.json")).expect("the golden file parses");
    let Golden { batch, batch_ntk, resolution, classes, rows } = golden;
    // Ours are maximised: what the reference's values stand for is told by the sign.
    type Of = fn(&Row) -> Option<Sample>;
    let proxies: [(&str, f64, u32, Of); 4] = [
        ("grad-norm", 1.0, batch, |row| row.grad_norm),
        ("synflow", -1.0, batch, |row| row.synflow),
        ("naswot", 1.0, batch, |row| row.naswot),
        ("ntk", -1.0, batch_ntk, |row| row.ntk),
    ];
    for (name, sign, batch, of) in proxies {
        let definition = Definition::Table;
        let settings = Settings { definition, batch, resolution, alpha: 0.01, classes };
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
}
