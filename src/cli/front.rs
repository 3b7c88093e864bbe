//! A front as a table for people. Must not know where it comes from. Invariant: it is bounded, and says how many
//! more there are.

use super::{
    Failure,
    output::{compact, line, score},
};
use crate::{
    run::FrontRow,
    space::{Budget, Objectives},
    text::{binary, grouped, milliseconds},
};

/// Rows of the table. Of a longer front so many stand for it, evenly from one end to the other.
const MOST_ROWS: usize = 20;

/// Prints the table; `more` says where to find those that are left out.
pub(super) fn print(rows: &[FrontRow], objectives: &Objectives, more: &str) -> Result<(), Failure> {
    let costs = Budget::AS_READ.into_iter().filter(|cost| match cost {
        Budget::Params | Budget::Flops | Budget::Layers => true,
        Budget::Activation => objectives.costs().contains(cost),
        Budget::Latency | Budget::Latency2 | Budget::Latency3 => {
            let table = cost.table().unwrap_or(usize::MAX);
            rows.iter().any(|row| row.latency_ms.get(table).is_some())
        }
    });
    let costs: Vec<Budget> = costs.collect();
    let names: Vec<&str> = objectives.costs().iter().map(|cost| cost.name()).collect();
    line(format!(
        "front of score against {}: {} candidates that no other beats in all of it",
        names.join(", "),
        grouped(rows.len() as u64)
    ))?;
    let mut text = format!("{:>10} {:>9}", "id", "score");
    costs.iter().for_each(|cost| text.push_str(&format!(" {:>10}", head(*cost))));
    line(text)?;
    for row in chosen(rows) {
        let mut text = format!("{:>10} {:>9}", grouped(row.id), score(row.score));
        costs.iter().for_each(|cost| text.push_str(&format!(" {:>10}", cell(*cost, row))));
        line(text)?;
    }
    match rows.len().saturating_sub(MOST_ROWS) {
        0 => Ok(()),
        left => line(format!("and {} more between them: {more}", grouped(left as u64))),
    }
}

/// All, or so many from the first to the last.
fn chosen(rows: &[FrontRow]) -> impl Iterator<Item = &FrontRow> {
    let count = rows.len().min(MOST_ROWS);
    let last = rows.len().saturating_sub(1);
    (0..count).map(move |step| &rows[step * last / count.saturating_sub(1).max(1)])
}

fn head(cost: Budget) -> &'static str {
    match cost {
        Budget::Layers => "sub-layers",
        Budget::Params => "params",
        Budget::Flops => "FLOPs",
        Budget::Activation => "activation",
        Budget::Latency => "ms",
        Budget::Latency2 => "ms (2)",
        Budget::Latency3 => "ms (3)",
    }
}

fn cell(cost: Budget, row: &FrontRow) -> String {
    match cost {
        Budget::Layers => row.layers.to_string(),
        Budget::Params => compact(row.params),
        Budget::Flops => compact(row.flops),
        Budget::Activation => binary(row.activation_bytes),
        Budget::Latency | Budget::Latency2 | Budget::Latency3 => {
            let ms = cost.table().and_then(|table| row.latency_ms.get(table));
            ms.map_or("–".to_owned(), milliseconds)
        }
    }
}
