//! What an experiment says, as plain values: a table, figures, sentences.
//!
//! Owns: charts and bars as values, how a figure becomes a picture. Must not know: how anything is measured, or what a
//! terminal shows. Invariant: what is written as JSON reads back the same.

mod bars;
mod chart;
mod csv;
mod svg;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use bars::{Bar, Bars};
pub use chart::{Axis, Chart, Extent, Look, Mark, Point, Scale, Series};
pub use csv::csv;
pub use svg::svg;

/// A name that is in the program, or was read from a file.
pub type Name = Cow<'static, str>;

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// As the command line calls it.
    pub name: Name,
    /// All that decided it, by name.
    pub settings: Vec<(Name, String)>,
    pub columns: Vec<Name>,
    /// As many cells in each as there are columns.
    pub rows: Vec<Vec<Cell>>,
    pub figures: Vec<Figure>,
    /// Sentences.
    pub reading: Vec<String>,
}

/// What a report shows beside its table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    Chart(Chart),
    Bars(Bars),
}

impl Figure {
    pub fn title(&self) -> &str {
        match self {
            Figure::Chart(chart) => &chart.title,
            Figure::Bars(bars) => &bars.title,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    Text(String),
    Whole(u64),
    /// Finite, shown with so many decimals.
    Number(f64, usize),
    /// No number: what there is instead.
    Missing(Name),
}

impl Cell {
    /// `missing` where the value is not finite.
    pub fn number(value: f64, decimals: usize, missing: &'static str) -> Cell {
        match value.is_finite() {
            true => Cell::Number(value, decimals),
            false => Cell::Missing(missing.into()),
        }
    }

    /// For people.
    pub fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Whole(n) => n.to_string(),
            // A file may ask for any number of them.
            Cell::Number(value, decimals) => {
                let decimals = (*decimals).min(MAX_DECIMALS);
                format!("{value:.decimals$}").replace('-', "−")
            }
            Cell::Missing(instead) => instead.clone().into_owned(),
        }
    }
}

const MAX_DECIMALS: usize = 12;

/// Names of the program.
pub fn names<const N: usize>(names: [&'static str; N]) -> Vec<Name> {
    names.map(Cow::Borrowed).into()
}

/// Settings by names of the program.
pub fn settings<const N: usize>(settings: [(&'static str, String); N]) -> Vec<(Name, String)> {
    settings.map(|(name, value)| (Cow::Borrowed(name), value)).into()
}

impl Report {
    /// Whether every row has a cell for each column, and figures hold numbers alone: what a file has to prove.
    pub fn is_whole(&self) -> bool {
        let cells = |row: &Vec<Cell>| {
            row.len() == self.columns.len()
                && row
                    .iter()
                    .all(|cell| !matches!(cell, Cell::Number(value, _) if !value.is_finite()))
        };
        let figure = |figure: &Figure| match figure {
            Figure::Chart(chart) => chart.is_finite(),
            Figure::Bars(bars) => bars.is_finite(),
        };
        self.rows.iter().all(cells) && self.figures.iter().all(figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back_the_same() {
        let point = Point { x: 0.1, y: 1.0 / 3.0, std: Some(1e-300) };
        let series = Series { name: "one".to_owned(), look: Look::Dots, points: vec![point] };
        let chart = Chart {
            title: "t".to_owned(),
            x: Axis::log("x"),
            y: Axis::linear("y"),
            series: vec![series],
            marks: vec![Mark { x: 2.0, text: "here".to_owned() }],
        };
        let bar = Bar { name: "zen".to_owned(), value: 0.5, interval: Some((0.4, 0.6)) };
        let bars =
            Bars { title: "b".to_owned(), label: "τ".to_owned(), rows: vec![bar], mark: None };
        let report = Report {
            name: "noise".into(),
            settings: settings([("seed", "0".to_owned())]),
            columns: names(["net", "n", "score", "std"]),
            rows: vec![vec![
                Cell::Text("a".to_owned()),
                Cell::Whole(u64::MAX),
                Cell::number(-1.5, 2, "–"),
                Cell::number(f64::NAN, 2, "–"),
            ]],
            figures: vec![Figure::Chart(chart), Figure::Bars(bars)],
            reading: vec!["So.".to_owned()],
        };
        let text = serde_json::to_string(&report).expect("plain values");
        let read: Report = serde_json::from_str(&text).expect("the same");
        assert_eq!(read, report);
        assert!(read.is_whole());
        let shown: Vec<String> = report.rows[0].iter().map(Cell::shown).collect();
        assert_eq!(shown, ["a", "18446744073709551615", "−1.50", "–"]);
        let mut torn = read;
        torn.columns.pop();
        assert!(!torn.is_whole());
    }
}
