//! Two networks part by part.

use std::ops::Range;

use super::{Anatomy, Part};
use crate::arch::{Diff, DiffRow};

/// By how much the second is above the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// Analytic; not finite where one of both isn't.
    pub score: f64,
    pub params: i64,
    /// Not rounded, as those of [`PartCosts`](crate::arch::PartCosts).
    pub flops: f64,
}

impl Delta {
    fn between(a: &Part, b: &Part) -> Delta {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Delta {
            score: b.score - a.score,
            params: whole(b.costs.params()) - whole(a.costs.params()),
            flops: b.costs.flops() - a.costs.flops(),
        }
    }
}

/// A row of the alignment, with what it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRow {
    pub row: DiffRow,
    /// Its blocks in both networks, counted from 0; empty where it has none.
    pub a: Range<usize>,
    pub b: Range<usize>,
    pub delta: Delta,
}

/// Two networks aligned block by block, with what each row changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub rows: Vec<ComparedRow>,
    /// log Δ, pool and classifier.
    pub tail: Delta,
    /// The sum over rows and tail.
    pub total: Delta,
}

impl Comparison {
    /// Of two networks under one view; under two, the deltas hold the views' differences, too.
    pub fn between(a: &Anatomy, b: &Anatomy) -> Comparison {
        let (mut next_a, mut next_b) = (0, 0);
        let rows = Diff::between(&a.structure, &b.structure).rows.into_iter().map(|row| {
            let (from, to) = row.sides();
            let (in_a, in_b) = (next_a..next_a + from.len(), next_b..next_b + to.len());
            (next_a, next_b) = (in_a.end, in_b.end);
            let sum = |of: &Anatomy, at: &Range<usize>| {
                Part::sum(of.blocks[at.clone()].iter().map(|block| &block.part))
            };
            let delta = Delta::between(&sum(a, &in_a), &sum(b, &in_b));
            ComparedRow { row, a: in_a, b: in_b, delta }
        });
        Comparison {
            rows: rows.collect(),
            tail: Delta::between(&a.tail, &b.tail),
            total: Delta::between(&a.whole(), &b.whole()),
        }
    }
}
