//! Tables: what was measured, of which device, how and when.
//!
//! A table is lines of JSON: what it is, then a row each, so that whoever measures appends to it and
//! loses at most the last line. docs/latency.md describes the format.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{FusedLayer, Operation};
use crate::arch::Structure;

/// Of the format.
const VERSION: u32 = 1;

/// Most lines that are read, blank ones included.
const MOST_LINES: usize = 2_000_000;

/// Where a table comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// As people call the table.
    pub name: String,
    pub device: String,
    /// Version of the device's driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// What ran the layers.
    pub engine: String,
    /// Of numbers, `f32` or `f16`.
    pub dtype: String,
    /// When it was measured, or imported.
    pub date: String,
    /// That made it.
    pub command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    zendo_latency_table: u32,
    #[serde(flatten)]
    provenance: Provenance,
}

/// A layer that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    pub layer: FusedLayer,
    pub batch: u32,
    /// Of the batch: the median of the runs, milliseconds.
    pub ms: f64,
    /// Of the runs: half the range between their quartiles over the median; none where nobody told.
    pub spread: Option<f64>,
}

/// A whole network that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetRow {
    pub net: Structure,
    pub resolution: u32,
    pub classes: u32,
    pub batch: u32,
    /// Of the batch: the mean of the runs, milliseconds.
    pub ms: f64,
    /// Standard deviation of the runs over their mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
}

/// Operation, batch, channels taken, side, channels given, kernel, stride, sum, ms, spread.
type RowFields = (Operation, u32, u32, u32, u32, u32, u32, bool, f64, Option<f64>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Row(RowFields),
    Net(NetRow),
}

/// A line that can't stand in a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line}: {what}")]
pub struct TableError {
    /// From 1.
    pub line: usize,
    pub what: String,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub provenance: Provenance,
    pub rows: Vec<Row>,
    pub nets: Vec<NetRow>,
}

impl Table {
    pub fn new(provenance: Provenance) -> Table {
        Table { provenance, rows: Vec::new(), nets: Vec::new() }
    }

    /// Reads a table. Of a layer that is there more than once the last line counts.
    ///
    /// # Errors
    /// The first line that is wrong, but for a last one that was cut off.
    pub fn parse(text: &str) -> Result<Table, TableError> {
        let wrong = |line: usize, what: String| TableError { line: line + 1, what };
        let mut lines = text.split_inclusive('\n').enumerate();
        let (_, first) = lines.next().ok_or_else(|| wrong(0, "the table is empty".to_owned()))?;
        let head: Head = serde_json::from_str(first.trim_end()).map_err(|error| {
            let what = "a table's first line says what it is, as {\"zendo_latency_table\": 1, ...}";
            wrong(0, format!("{what}: {error}"))
        })?;
        if head.zendo_latency_table != VERSION {
            let what = format!("a table of version {VERSION} was expected");
            return Err(wrong(0, format!("{what}, got {}", head.zendo_latency_table)));
        }
        let mut table = Table::new(head.provenance);
        let mut places: BTreeMap<(u32, FusedLayer), usize> = BTreeMap::new();
        for (index, line) in lines {
            if index >= MOST_LINES {
                return Err(wrong(index, format!("{MOST_LINES} lines are the most")));
            }
            let is_cut = !line.ends_with('\n');
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            match serde_json::from_str(line) {
                Ok(Line::Row(fields)) => {
                    let row = Row::of(fields).map_err(|what| wrong(index, what))?;
                    let place = *places.entry((row.batch, row.layer)).or_insert(table.rows.len());
                    match table.rows.get_mut(place) {
                        Some(known) => *known = row,
                        None => table.rows.push(row),
                    }
                }
                Ok(Line::Net(net)) => {
                    check_ms(net.ms).map_err(|what| wrong(index, what))?;
                    table.nets.push(net);
                }
                // Whoever measures was ended while it wrote.
                Err(_) if is_cut => {}
                Err(_) => {
                    let what = "expected a row: [\"regular\" | \"depthwise\" | \"sum\", batch, \
                                channels taken, side, channels given, kernel, stride, sum, ms, \
                                spread | null], or a net: {\"net\": ..., \"resolution\": ..., \
                                \"classes\": ..., \"batch\": ..., \"ms\": ...}";
                    return Err(wrong(index, what.to_owned()));
                }
            }
        }
        Ok(table)
    }

    /// The first line of a table's file.
    pub fn head(provenance: &Provenance) -> String {
        let head = Head { zendo_latency_table: VERSION, provenance: provenance.clone() };
        line_of(&head)
    }

    /// The whole file.
    pub fn text(&self) -> String {
        let mut text = Table::head(&self.provenance);
        self.rows.iter().for_each(|row| text.push_str(&row.line()));
        self.nets.iter().for_each(|net| text.push_str(&net.line()));
        text
    }

    /// Batches that layers were measured with, rising.
    pub fn batches(&self) -> Vec<u32> {
        let mut batches: Vec<u32> = self.rows.iter().map(|row| row.batch).collect();
        batches.sort_unstable();
        batches.dedup();
        batches
    }

    /// The same for tables with the same rows.
    pub fn digest(&self) -> u64 {
        let mut hash = rustc_hash::FxHasher::default();
        for row in &self.rows {
            (row.layer, row.batch, row.ms.to_bits()).hash(&mut hash);
        }
        for net in &self.nets {
            (net.net.hash().0, net.batch, net.resolution, net.ms.to_bits()).hash(&mut hash);
        }
        hash.finish()
    }
}

impl Row {
    /// # Errors
    /// What can't be.
    pub fn checked(self) -> Result<Row, String> {
        let FusedLayer { operation, in_channels, side, out_channels, kernel, stride, .. } =
            self.layer;
        check_ms(self.ms)?;
        let sizes = [self.batch, in_channels, side, out_channels, kernel, stride];
        if sizes.iter().any(|&size| !(1..=MOST_SIZE).contains(&size)) {
            return Err(format!("sizes are from 1 to {MOST_SIZE}, got {sizes:?}"));
        }
        if operation != Operation::Regular && in_channels != out_channels {
            let name = operation.name();
            return Err(format!("a {name} layer gives the {in_channels} channels it takes"));
        }
        Ok(self)
    }

    fn of(fields: RowFields) -> Result<Row, String> {
        let (operation, batch, in_channels, side, out_channels, kernel, stride, sum, ms, spread) =
            fields;
        let layer = FusedLayer { operation, in_channels, side, out_channels, kernel, stride, sum };
        Row { layer, batch, ms, spread }.checked()
    }

    /// As it stands in a file.
    pub fn line(&self) -> String {
        let Row { layer, batch, ms, spread } = *self;
        let FusedLayer { operation, in_channels, side, out_channels, kernel, stride, sum } = layer;
        let fields: RowFields =
            (operation, batch, in_channels, side, out_channels, kernel, stride, sum, ms, spread);
        line_of(&fields)
    }
}

impl NetRow {
    /// As it stands in a file.
    pub fn line(&self) -> String {
        line_of(self)
    }
}

/// Of channels, sides, kernels and batches.
const MOST_SIZE: u32 = 1 << 20;

fn check_ms(ms: f64) -> Result<(), String> {
    match ms.is_finite() && ms > 0.0 {
        true => Ok(()),
        false => Err(format!("{ms} ms is no time")),
    }
}

fn line_of(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("plain values have a text");
    let _ = writeln!(line);
    line
}
