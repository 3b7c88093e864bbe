//! Both networks side by side, in 112 columns.

use super::{Measured, Side};
use crate::{
    anatomy::{Anatomy, Comparison, Delta, Settings, View},
    arch::Change,
    cli::{
        Failure,
        blocks::{HEADS, cells},
        output::{compact, line, score, signed_compact, signed_score},
    },
};

/// Cells of one side.
const SIDE: usize = 39;
/// Longest name of a network.
const NAME: usize = 100;

pub(super) fn print(
    a: &Side,
    b: &Side,
    compared: &Comparison,
    measured: Option<&Measured>,
) -> Result<(), Failure> {
    for (letter, side) in [('A', a), ('B', b)] {
        let shown = side.net.shown();
        let cut: String = shown.chars().take(NAME).collect();
        let more = if cut.len() < shown.len() { "…" } else { "" };
        line(format!("{letter}  {cut}{more}"))?;
    }
    line("")?;
    let heads = format!("  map {HEADS}");
    line(format!("{heads}   {heads} {:>8} {:>10} {:>10}", "score", "params", "FLOPs"))?;
    let rule = "─".repeat(2 * SIDE + 34);
    line(&rule)?;
    for row in &compared.rows {
        let glyph = row.row.change().glyph();
        for index in 0..row.a.len().max(row.b.len()) {
            let of = |side: &Side, blocks: &std::ops::Range<usize>| {
                blocks.clone().nth(index).map_or(String::new(), |at| block(&side.anatomy, at))
            };
            let (left, right) = (of(a, &row.a), of(b, &row.b));
            let deltas = if index == 0 { deltas(&row.delta) } else { String::new() };
            let text = format!("{left:<SIDE$} {glyph} {right:<SIDE$}{deltas}");
            line(text.trim_end())?;
        }
    }
    line(format!("{:<1$}{2}", "      log Δ, classifier", 2 * SIDE + 3, deltas(&compared.tail)))?;
    line(&rule)?;
    totals(&a.anatomy, &b.anatomy, &compared.total)?;
    if compared.rows.iter().all(|row| row.row.change() == Change::Same) {
        line("the same structure")?;
    }
    let View { net, counting, analytic } = a.anatomy.view;
    let Settings { definition, batch, .. } = analytic;
    line(format!(
        "at {}², {} classes, with shortcuts, counted {}",
        net.resolution,
        net.classes,
        counting.name()
    ))?;
    line(format!(
        "score: {definition} in closed form, batch {batch}, without noise of its own; --repeats measures"
    ))?;
    measured.map_or(Ok(()), print_measured)
}

fn block(anatomy: &Anatomy, index: usize) -> String {
    let part = &anatomy.blocks[index];
    format!("{:>5} {}", format!("{}²", part.output.real), cells(index, &part.block))
}

fn deltas(delta: &Delta) -> String {
    let Delta { score, params, flops } = *delta;
    let [params, flops] = [params as f64, flops].map(signed_compact);
    format!(" {:>8} {params:>10} {flops:>10}", signed_score(score))
}

fn totals(a: &Anatomy, b: &Anatomy, total: &Delta) -> Result<(), Failure> {
    let row = |name: &str, a: String, b: String, delta: String| {
        line(format!("  {name:<11}{a:>10} {b:>10} {delta:>11}"))
    };
    let (costs_a, costs_b) = (a.costs(), b.costs());
    row("", "A".to_owned(), "B".to_owned(), "B − A".to_owned())?;
    row("score", score(a.score()), score(b.score()), signed_score(total.score))?;
    row(
        "params",
        compact(costs_a.params),
        compact(costs_b.params),
        signed_compact(total.params as f64),
    )?;
    row("FLOPs", compact(costs_a.flops), compact(costs_b.flops), signed_compact(total.flops))?;
    let layers = f64::from(costs_b.layers) - f64::from(costs_a.layers);
    row(
        "sub-layers",
        costs_a.layers.to_string(),
        costs_b.layers.to_string(),
        signed_compact(layers),
    )
}

fn print_measured(measured: &Measured) -> Result<(), Failure> {
    let Measured { repeats, a, b, difference, half_width, inside_noise } = measured;
    line(format!(
        "measured: A {} ±{:.2}, B {} ±{:.2} (standard errors of {repeats} draws with common seeds)",
        score(a.mean),
        a.standard_error,
        score(b.mean),
        b.standard_error
    ))?;
    let verdict = if *inside_noise { "inside the noise" } else { "outside the noise" };
    line(format!(
        "          B − A {} ±{half_width:.2} (95 %): {verdict}",
        signed_score(*difference)
    ))
}
