//! Candidates as rows for other programs. Pure: members in, text out. Invariant: one row a candidate,
//! the same keys in both forms, nothing left out.

use std::io::{self, Write};

use serde::Serialize;

use super::protocol::{Confirmed, Member};
use crate::{arch::Costs, search::Unscored};

/// A candidate, by the names that `zendo search --json` uses.
#[derive(Serialize)]
struct Row<'a> {
    id: u64,
    /// None of the initial structure.
    parent: Option<u64>,
    generation: u32,
    score: f64,
    /// Of one draw, from its own; none below two draws.
    std: Option<f64>,
    repeats: u32,
    log_delta: Option<f64>,
    bn_sum: Option<f64>,
    gain: Option<f64>,
    params: u64,
    flops: u64,
    layers: u32,
    activation_bytes: u64,
    /// Of one image, by each latency table.
    latency_ms: Option<f64>,
    latency2_ms: Option<f64>,
    latency3_ms: Option<f64>,
    /// The mean of fresh draws, its standard error and their number, of finalists.
    confirmed: Option<f64>,
    confirmed_error: Option<f64>,
    confirmed_repeats: Option<u32>,
    structure: &'a crate::arch::Structure,
}

impl<'a> Row<'a> {
    fn new((member, confirmed): (&'a Member, Option<&Confirmed>)) -> Row<'a> {
        let Member { id, parent, generation, gain, ref structure, score, costs, .. } = *member;
        Row {
            id,
            parent,
            generation,
            score: score.value,
            std: score.std,
            repeats: score.repeats,
            log_delta: score.log_delta,
            bn_sum: score.bn_sum,
            gain,
            params: costs.params,
            flops: costs.flops,
            layers: costs.layers,
            activation_bytes: costs.activation_bytes,
            latency_ms: costs.latency_ms.get(0),
            latency2_ms: costs.latency_ms.get(1),
            latency3_ms: costs.latency_ms.get(2),
            confirmed: confirmed.and_then(|c| Some(c.score?.mean)),
            confirmed_error: confirmed.and_then(Confirmed::standard_error),
            confirmed_repeats: confirmed.map(|c| c.repeats),
            structure,
        }
    }
}

/// A candidate of a run that is told again, by the same names and a few more. Public: whoever gets one writes it.
#[derive(Debug, Serialize)]
pub struct Candidate<'a> {
    pub id: u64,
    parent: Option<u64>,
    /// None of one that failed.
    generation: Option<u32>,
    pub score: Option<f64>,
    std: Option<f64>,
    repeats: Option<u32>,
    log_delta: Option<f64>,
    bn_sum: Option<f64>,
    gain: Option<f64>,
    params: u64,
    flops: u64,
    layers: u32,
    activation_bytes: u64,
    latency_ms: Option<f64>,
    latency2_ms: Option<f64>,
    latency3_ms: Option<f64>,
    confirmed: Option<f64>,
    confirmed_error: Option<f64>,
    confirmed_repeats: Option<u32>,
    /// How often the population had been given scores of another kind: those of different numbers can't be
    /// compared.
    pub(super) renewal: Option<u32>,
    /// Why there is no score.
    failed: Option<&'a str>,
    pub(super) structure: &'a crate::arch::Structure,
    /// As above, and the latencies.
    #[serde(skip)]
    pub(super) costs: Costs,
}

impl<'a> Candidate<'a> {
    pub(super) fn scored(
        member: &'a Member,
        renewal: u32,
        confirmed: Option<&'a Confirmed>,
    ) -> Candidate<'a> {
        let row = Row::new((member, confirmed));
        Candidate {
            id: row.id,
            parent: row.parent,
            generation: Some(row.generation),
            score: Some(row.score),
            std: row.std,
            repeats: Some(row.repeats),
            log_delta: row.log_delta,
            bn_sum: row.bn_sum,
            gain: row.gain,
            params: row.params,
            flops: row.flops,
            layers: row.layers,
            activation_bytes: row.activation_bytes,
            latency_ms: row.latency_ms,
            latency2_ms: row.latency2_ms,
            latency3_ms: row.latency3_ms,
            confirmed: row.confirmed,
            confirmed_error: row.confirmed_error,
            confirmed_repeats: row.confirmed_repeats,
            renewal: Some(renewal),
            failed: None,
            structure: row.structure,
            costs: member.costs,
        }
    }

    pub(super) fn failed(id: u64, candidate: &'a Unscored, reason: &'a str) -> Candidate<'a> {
        let Unscored { structure, costs, parent } = candidate;
        Candidate {
            id,
            parent: *parent,
            generation: None,
            score: None,
            std: None,
            repeats: None,
            log_delta: None,
            bn_sum: None,
            gain: None,
            params: costs.params,
            flops: costs.flops,
            layers: costs.layers,
            activation_bytes: costs.activation_bytes,
            latency_ms: costs.latency_ms.get(0),
            latency2_ms: costs.latency_ms.get(1),
            latency3_ms: costs.latency_ms.get(2),
            confirmed: None,
            confirmed_error: None,
            confirmed_repeats: None,
            renewal: None,
            failed: Some(reason),
            structure,
            costs: *costs,
        }
    }
}

/// Candidates with what their confirmation found, where there was one.
pub type Rows<'a> = [(&'a Member, Option<&'a Confirmed>)];

/// Comma-separated values with a line of heads.
pub fn csv(rows: &Rows<'_>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for &row in rows {
        writer.serialize(Row::new(row)).expect("a row of plain values, in memory");
    }
    let bytes = writer.into_inner().expect("in memory");
    String::from_utf8(bytes).expect("made of strings")
}

/// One JSON object a line.
pub fn json_lines(rows: &Rows<'_>) -> String {
    let line = |&row: &(&Member, Option<&Confirmed>)| {
        let line = serde_json::to_string(&Row::new(row)).expect("a row of plain values");
        format!("{line}\n")
    };
    rows.iter().map(line).collect()
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values with a line of heads.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Writes candidates as they come.
pub struct Writer<W: Write>(Sheet<W>);

enum Sheet<W: Write> {
    Csv(Box<csv::Writer<W>>),
    JsonLines(io::BufWriter<W>),
}

impl<W: Write> Writer<W> {
    pub fn new(form: Form, out: W) -> Writer<W> {
        Writer(match form {
            Form::Csv => Sheet::Csv(Box::new(csv::Writer::from_writer(out))),
            Form::JsonLines => Sheet::JsonLines(io::BufWriter::new(out)),
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Of what is written to.
    pub fn write(&mut self, candidate: &Candidate<'_>) -> io::Result<()> {
        match &mut self.0 {
            Sheet::Csv(writer) => {
                writer.serialize(candidate).map_err(|error| match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                })
            }
            Sheet::JsonLines(out) => {
                serde_json::to_writer(&mut *out, candidate)?;
                out.write_all(b"\n")
            }
        }
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// Of what is written to.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Sheet::Csv(writer) => writer.flush(),
            Sheet::JsonLines(out) => out.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::Latencies,
        score::{MeanStd, Score},
    };

    fn member() -> Member {
        let structure = "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(8,16,1,1)";
        let costs = Costs {
            params: 1,
            flops: 2,
            layers: 3,
            activation_bytes: 4,
            latency_ms: Latencies::of(&[0.5]).expect("one"),
        };
        let score =
            Score { value: 1.5, std: None, repeats: 1, log_delta: Some(0.25), bn_sum: None };
        Member {
            id: 7,
            structure: structure.parse().expect("valid"),
            score,
            costs,
            parent: Some(2),
            generation: 3,
            mutations: Vec::new(),
            gain: Some(-0.5),
        }
    }

    #[test]
    fn rows_have_heads_and_quoted_structures() {
        let member = member();
        let score = Some(MeanStd { mean: 1.25, std: Some(0.5) });
        let confirmed = Confirmed {
            id: 7,
            searched: 1.5,
            score,
            repeats: 4,
            behind: None,
            out: false,
            failure: None,
        };
        let text = csv(&[(&member, None), (&member, Some(&confirmed))]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            "id,parent,generation,score,std,repeats,log_delta,bn_sum,gain,params,flops,layers,\
             activation_bytes,latency_ms,latency2_ms,latency3_ms,confirmed,confirmed_error,confirmed_repeats,structure"
        );
        assert_eq!(
            lines[1],
            "7,2,3,1.5,,1,0.25,,-0.5,1,2,3,4,0.5,,,,,,\
             \"SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(8,16,1,1)\""
        );
        assert!(lines[2].contains(",4,0.5,,,1.25,0.25,4,"), "{}", lines[2]);
    }

    #[test]
    fn json_has_the_same_keys() {
        let member = member();
        let text = json_lines(&[(&member, None)]);
        let value: serde_json::Value = serde_json::from_str(text.trim_end()).expect("JSON");
        assert_eq!((&value["id"], &value["std"]), (&7.into(), &serde_json::Value::Null));
        let heads = csv(&[(&member, None)]);
        let heads = heads.lines().next().expect("heads").split(',').count();
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(heads));
    }
}
