//! Candidates that nobody beats in all that counts: of a population, and of everything that a kept run scored.
//!
//! Must not know how a search goes, or what becomes of a row. Invariant: rows come best score first, and nobody is
//! among them whom another precedes.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use serde::Serialize;

use super::{
    RetellError, Retold, each_candidate,
    protocol::Member,
    store::{Past, past},
};
use crate::{
    arch::{Costs, Latencies, Structure},
    space::{Budget, Objectives, Point, Preset},
};

/// A candidate of a front, by the names that `zendo search --json` uses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontRow {
    pub id: u64,
    pub structure: Structure,
    pub score: f64,
    pub params: u64,
    pub flops: u64,
    pub layers: u32,
    pub activation_bytes: u64,
    /// By each latency table, milliseconds.
    pub latency_ms: Latencies,
}

impl FrontRow {
    fn new(id: u64, structure: &Structure, score: f64, costs: &Costs) -> FrontRow {
        let Costs { params, flops, layers, activation_bytes, latency_ms } = *costs;
        let structure = structure.clone();
        FrontRow { id, structure, score, params, flops, layers, activation_bytes, latency_ms }
    }
}

/// The first front of a population, best score first.
pub fn front(population: &[Arc<Member>], objectives: &Objectives) -> Vec<FrontRow> {
    let row = |index: usize| {
        let member = &population[index];
        FrontRow::new(member.id, &member.structure, member.score.value, &member.costs)
    };
    objectives.front(&points(population, objectives)).into_iter().map(row).collect()
}

/// The front of each of a population, 0 for those whom nobody beats.
pub fn fronts(population: &[Arc<Member>], objectives: &Objectives) -> Vec<usize> {
    objectives.fronts(&points(population, objectives))
}

fn points(population: &[Arc<Member>], objectives: &Objectives) -> Vec<Point> {
    let point = |m: &Arc<Member>| objectives.point(m.id, m.score.value, &m.costs);
    population.iter().map(point).collect()
}

/// What a run is after; where the score alone counts, the score and the cost that its budgets limit.
fn objectives_of(preset: &Preset) -> Objectives {
    if !preset.search.minimise.is_score_alone() {
        return preset.search.minimise.clone();
    }
    let budgets = preset.budgets();
    let limited = [
        (Budget::Params, budgets.params.is_some()),
        (Budget::Flops, budgets.flops.is_some()),
        (Budget::Latency, budgets.latency_ms[0].is_some()),
    ];
    let cost = limited.into_iter().find(|(_, is_limited)| *is_limited);
    let cost = cost.map_or(Budget::Params, |(cost, _)| cost);
    Objectives::new(vec![cost]).expect("one doesn't stand twice")
}

/// The front of everything that a kept run scored, those that left its population included.
#[derive(Debug)]
pub struct KeptFront {
    pub objectives: Objectives,
    pub rows: Vec<FrontRow>,
    pub retold: Retold,
}

/// Of the run in `folder`, by the score and the costs in `by`, or by what the run was after. Of a run that was tuned
/// to scores of another kind, of those of the last kind.
///
/// # Errors
/// As [`each_candidate`].
pub fn kept_front(folder: &Path, by: Option<&Objectives>) -> Result<KeptFront, RetellError> {
    let objectives = match by {
        Some(by) => by.clone(),
        None => {
            let Past { spec, history, .. } = past(folder)?;
            let tuned = history.tuned.iter().fold(spec.preset, |preset, tuned| {
                preset.with_settings(&tuned.settings).unwrap_or(preset)
            });
            objectives_of(&tuned)
        }
    };
    let mut front: Vec<(Point, FrontRow)> = Vec::new();
    let mut kind = None;
    let retold = each_candidate(folder, &mut |candidate| {
        let Some(score) = candidate.score else { return true };
        if candidate.renewal > kind {
            front.clear();
            kind = candidate.renewal;
        }
        let point = objectives.point(candidate.id, score, &candidate.costs);
        // Scores of an older kind can't be compared.
        let is_comparable = candidate.renewal == kind;
        if is_comparable && !front.iter().any(|(other, _)| other.precedes(&point)) {
            front.retain(|(other, _)| !point.precedes(other));
            let row = FrontRow::new(candidate.id, candidate.structure, score, &candidate.costs);
            front.push((point, row));
        }
        true
    })?;
    front.sort_unstable_by(|a, b| a.0.by_score(&b.0));
    let rows = front.into_iter().map(|(_, row)| row).collect();
    Ok(KeptFront { objectives, rows, retold })
}

/// Writes rows as comma-separated values (RFC 4180) with a line of heads.
///
/// # Errors
/// Of what is written to.
pub fn write_front_csv(rows: &[FrontRow], out: &mut dyn Write) -> io::Result<()> {
    let tables = rows.iter().map(|row| row.latency_ms.as_slice().len()).max().unwrap_or(0);
    let mut writer = csv::Writer::from_writer(out);
    let mut heads = vec!["id", "score", "params", "flops", "layers", "activation_bytes"];
    heads.extend(["latency_ms", "latency2_ms", "latency3_ms"].into_iter().take(tables));
    heads.push("structure");
    writer.write_record(&heads).map_err(io::Error::other)?;
    for row in rows {
        let mut fields = vec![
            row.id.to_string(),
            row.score.to_string(),
            row.params.to_string(),
            row.flops.to_string(),
            row.layers.to_string(),
            row.activation_bytes.to_string(),
        ];
        let ms = |table| row.latency_ms.get(table).map_or(String::new(), |ms| ms.to_string());
        fields.extend((0..tables).map(ms));
        fields.push(row.structure.to_string());
        writer.write_record(&fields).map_err(io::Error::other)?;
    }
    writer.flush()
}

/// Writes rows as a file of networks, each called by its id, which every command reads.
///
/// # Errors
/// Of what is written to.
pub fn write_front_structures(rows: &[FrontRow], out: &mut dyn Write) -> io::Result<()> {
    rows.iter().try_for_each(|row| writeln!(out, "{} {}", row.id, row.structure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_a_column_for_each_latency() {
        let structure: Structure = "SuperConvK3BNRELU(3,8,1,1)".parse().expect("a structure");
        let latency_ms = Latencies::of(&[1.25, 3.0]).expect("two");
        let costs = Costs { params: 9, flops: 8, layers: 1, activation_bytes: 4, latency_ms };
        let rows = [FrontRow::new(7, &structure, 1.5, &costs)];
        let mut text = Vec::new();
        write_front_csv(&rows, &mut text).expect("in memory");
        assert_eq!(
            String::from_utf8(text).expect("text"),
            "id,score,params,flops,layers,activation_bytes,latency_ms,latency2_ms,structure\n\
             7,1.5,9,8,1,4,1.25,3,\"SuperConvK3BNRELU(3,8,1,1)\"\n"
        );
        let mut text = Vec::new();
        write_front_structures(&rows, &mut text).expect("in memory");
        assert_eq!(text, b"7 SuperConvK3BNRELU(3,8,1,1)\n");
    }
}
