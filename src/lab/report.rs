//! What an experiment says: a table, charts, and in words what they show.

use super::Chart;

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// As the command line calls it.
    pub name: &'static str,
    /// All that decided it, by name.
    pub settings: Vec<(&'static str, String)>,
    pub columns: Vec<&'static str>,
    /// As many cells in each as there are columns.
    pub rows: Vec<Vec<Cell>>,
    pub charts: Vec<Chart>,
    /// Sentences.
    pub reading: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Whole(u64),
    /// Shown with so many decimals.
    Number(f64, usize),
    /// No number: what there is instead.
    Missing(&'static str),
}

impl Cell {
    /// `missing` where the value is not finite.
    pub fn number(value: f64, decimals: usize, missing: &'static str) -> Cell {
        if value.is_finite() { Cell::Number(value, decimals) } else { Cell::Missing(missing) }
    }

    /// For people.
    pub fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Whole(n) => n.to_string(),
            Cell::Number(value, decimals) => format!("{value:.decimals$}").replace('-', "−"),
            Cell::Missing(instead) => (*instead).to_owned(),
        }
    }
}
