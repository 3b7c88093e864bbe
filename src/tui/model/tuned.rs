//! Changes that were made to a running search, in words. Must not know how they are drawn. Invariant: a
//! setting is called as its row in the Tune panel.

use super::tune_rows::ROWS;
use crate::{
    run::{Change, protocol::Tuned},
    tui::format,
};

/// What was changed: `population 512→475, max depth 16→18`.
pub fn told(tuned: &Tuned) -> String {
    let changes: Vec<String> = tuned.changes.iter().map(change).collect();
    changes.join(", ")
}

fn change(change: &Change) -> String {
    let row = ROWS.iter().find(|row| row.key == change.key);
    let label = row.map_or(change.key.as_str(), |row| row.label);
    let [from, to] =
        [&change.from, &change.to].map(|value| value.as_deref().unwrap_or(format::NONE));
    format!("{label} {from}→{to}")
}

/// What it did to the population; nothing where it did nothing.
pub fn told_effect(tuned: &Tuned) -> String {
    let counts =
        [(tuned.evicted, "evicted "), (tuned.returned, "back "), (tuned.rescored, "re-scored ")];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> =
        said.map(|(count, what)| format!("{what}{}", format::count(*count as u64))).collect();
    said.join(", ")
}
