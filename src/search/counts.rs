//! What became of the proposals.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::space::{Budget, Constraint};

/// Why a proposal never got a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    Budget(Budget),
    Constraint(Constraint),
    /// Ranked too low by the analytic score to be measured.
    Screened,
    /// Proposed before.
    Duplicate,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Budget(budget) => budget.fmt(f),
            Rejection::Constraint(constraint) => constraint.fmt(f),
            Rejection::Screened => f.write_str("screened"),
            Rejection::Duplicate => f.write_str("duplicate"),
        }
    }
}

/// Counts over a search. `proposed` is also the id of the newest proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Iterations: proposed children, rejected ones included, the initial structure not.
    pub proposed: u64,
    /// Scores told, of candidates and of members that were scored again.
    pub scored: u64,
    /// The part of them that went to members that had a score.
    pub rescored: u64,
    pub failed: u64,
    /// As pairs: a reason is no key of a JSON object.
    #[serde(with = "pairs")]
    rejected: BTreeMap<Rejection, u64>,
}

impl Counts {
    pub(super) fn reject(&mut self, why: Rejection) {
        *self.rejected.entry(why).or_default() += 1;
    }

    /// By reason, budgets in the order in which they are judged, duplicates last.
    pub fn rejected(&self) -> impl Iterator<Item = (Rejection, u64)> {
        self.rejected.iter().map(|(why, count)| (*why, *count))
    }
}

/// A map as a list of pairs.
mod pairs {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(
        map: &BTreeMap<Rejection, u64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Rejection, u64>, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}
