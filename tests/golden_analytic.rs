//! The analytic Zen-Score against an independent implementation's values, and against what the
//! reference measures.

use serde::Deserialize;
use zendo::analytic::{Form, Model, Settings};
use zendo::arch::Structure;
use zendo::score::{Definition, ZenParts};

#[derive(Deserialize)]
struct Row {
    name: String,
    structure: Structure,
    resolution: u32,
    batch_size: u32,
    form: String,
    table: f64,
    paper: f64,
    reference: f64,
    log_delta_l1: f64,
    log_delta_l2: f64,
    bn_sum: f64,
}

impl Row {
    fn score(&self, definition: Definition) -> f64 {
        match definition {
            Definition::Paper => self.paper,
            Definition::Table => self.table,
            Definition::Reference => self.reference,
        }
    }
}

/// Of the golden analytic values.
const ALPHA: f64 = 0.01;

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9, "{what}: {found}, expected {expected}");
}

#[test]
fn both_forms_agree_with_the_golden_values() {
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("golden/analytic.json")).expect("golden rows");
    assert_eq!(rows.len(), 56);
    for row in rows {
        let form = if row.form == "theory" { Form::Theory } else { Form::Fitted };
        let what = |part: &str| format!("{} {} {part}", row.name, row.form);
        for definition in Definition::ALL {
            let (batch, resolution) = (row.batch_size, row.resolution);
            let model = Model::new(Settings { form, definition, batch, resolution, alpha: ALPHA });
            let parts = model.parts(&row.structure);
            close(parts.score(definition), row.score(definition), &what(definition.name()));
            close(parts.log_delta_l1, row.log_delta_l1, &what("log Δ L1"));
            close(parts.log_delta_l2, row.log_delta_l2, &what("log Δ L2"));
            close(parts.bn_sum(Definition::Table), row.bn_sum, &what("Σ log σ̄"));
            // Block by block, as a search adds it up.
            let mut state = model.input();
            let mut sum = 0.0;
            let mut last = None;
            let mut resolution = row.resolution;
            for block in row.structure.blocks() {
                let part = model.block(block, resolution, state);
                sum += part.log_sigma;
                (state, resolution, last) = (part.state, part.resolution, Some(part));
            }
            let channels = row.structure.blocks().last().expect("a block").out_channels;
            let score = sum + model.log_delta(channels, &last.expect("a block"));
            close(score, row.score(definition), &what("by blocks"));
        }
    }
}

#[derive(Deserialize)]
struct Measured {
    scores: Vec<MeasuredRow>,
}

#[derive(Deserialize)]
struct MeasuredRow {
    name: String,
    structure: Structure,
    resolution: u32,
    batch_size: u32,
    gamma: f64,
    repeats: u32,
    zen_reference: Spread,
    zen_paper_l1: Spread,
    zen_paper_l2: Spread,
    bn_log_sigma_per_layer_mean: Vec<f64>,
}

#[derive(Clone, Copy, Deserialize)]
struct Spread {
    mean: f64,
    std: f64,
}

impl MeasuredRow {
    fn spread(&self, definition: Definition) -> Spread {
        match definition {
            Definition::Paper => self.zen_paper_l2,
            Definition::Table => self.zen_paper_l1,
            Definition::Reference => self.zen_reference,
        }
    }

    fn parts(&self, form: Form) -> ZenParts {
        let (definition, batch) = (Definition::Table, self.batch_size);
        let (resolution, alpha) = (self.resolution, self.gamma);
        let model = Model::new(Settings { form, definition, batch, resolution, alpha });
        model.parts(&self.structure)
    }
}

fn measured() -> Vec<MeasuredRow> {
    let golden: Measured =
        serde_json::from_str(include_str!("golden/zen_scores.json")).expect("golden rows");
    golden.scores
}

/// Scores compare only under one measurement's settings.
fn families() -> Vec<Vec<MeasuredRow>> {
    let mut families: Vec<Vec<MeasuredRow>> = Vec::new();
    for row in measured() {
        let key = |r: &MeasuredRow| (r.resolution, r.batch_size);
        match families.iter_mut().find(|family| key(&family[0]) == key(&row)) {
            Some(family) => family.push(row),
            None => families.push(vec![row]),
        }
    }
    families
}

#[test]
fn nets_are_ordered_as_they_are_measured() {
    for form in [Form::Theory, Form::Fitted] {
        for definition in Definition::ALL {
            let mut compared = 0;
            for family in families() {
                for (i, a) in family.iter().enumerate() {
                    for b in &family[..i] {
                        let (x, y) = (a.spread(definition), b.spread(definition));
                        let square =
                            |r: &MeasuredRow, s: Spread| s.std.powi(2) / f64::from(r.repeats);
                        let error = (square(a, x) + square(b, y)).sqrt();
                        if (x.mean - y.mean).abs() <= 4.0 * error {
                            continue;
                        }
                        compared += 1;
                        let gap = a.parts(form).score(definition) - b.parts(form).score(definition);
                        assert_eq!(
                            gap > 0.0,
                            x.mean > y.mean,
                            "{form:?} {definition}: {} {} against {} {}, analytic gap {gap}",
                            a.name,
                            x.mean,
                            b.name,
                            y.mean
                        );
                    }
                }
            }
            assert!(compared > 100, "{compared} pairs are too few to say anything");
        }
    }
}

/// Mean absolute errors of the `table` score over a set of nets.
#[test]
fn errors_are_within_what_is_claimed() {
    let mean_error = |set: &[&MeasuredRow], form: Form| {
        let error = |row: &&MeasuredRow| {
            let analytic = row.parts(form).score(Definition::Table);
            (analytic - row.zen_paper_l1.mean).abs()
        };
        set.iter().map(error).sum::<f64>() / set.len() as f64
    };
    let rows = measured();
    let cifar: Vec<_> = rows.iter().filter(|r| r.resolution == 32).collect();
    let mobile: Vec<_> = rows.iter().filter(|r| r.resolution == 64).collect();
    assert_eq!((cifar.len(), mobile.len()), (13, 14));
    for (set, form, most) in [
        (&cifar, Form::Fitted, 0.3),
        (&mobile, Form::Fitted, 0.2),
        (&cifar, Form::Theory, 1.0),
        (&mobile, Form::Theory, 0.6),
    ] {
        let error = mean_error(set, form);
        println!("{form:?}, {} nets: {error:.3}", set.len());
        assert!(error <= most, "{form:?}: {error}");
    }
}

#[test]
fn layers_are_foretold_one_by_one() {
    for row in measured() {
        let analytic = row.parts(Form::Theory).log_sigma;
        assert_eq!(analytic.len(), row.bn_log_sigma_per_layer_mean.len(), "{}", row.name);
        let errors =
            analytic.iter().zip(&row.bn_log_sigma_per_layer_mean).map(|(a, m)| (a - m).abs());
        let mean = errors.sum::<f64>() / analytic.len() as f64;
        assert!(mean < 0.05, "{}: {mean}", row.name);
    }
}
