//! Frontiers: the optimum against one of its limits.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Answer, Limit, Solved, Solver, Target, Unsolvable, Watch};
use crate::{
    arch::Costs,
    space::{Budget, Size},
};

impl Frontier {
    /// What is limited, a latency in milliseconds, with the objective that nothing within it exceeds.
    pub fn drawn(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().map(|point| {
            let limit = Limit { budget: self.budget, most: point.limit };
            let cost = match self.budget.table() {
                Some(_) => limit.ms(),
                None => limit.most as f64,
            };
            (cost, point.bound)
        })
    }
}

/// Values of one limit, rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    pub budget: Budget,
    pub values: Vec<u64>,
}

/// What no structure exceeds, by one of its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frontier {
    pub budget: Budget,
    /// Rising.
    pub points: Vec<FrontierPoint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    pub limit: u64,
    /// No structure within `limit` has a larger objective.
    pub bound: f64,
    /// What the best structure within it scores, in full, and costs; none where none was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Reached>,
}

/// A structure of a frontier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub score: f64,
    pub costs: Costs,
    /// Whether nothing is better.
    pub proven: bool,
}

/// Points of a frontier over sizes, unless told.
const POINTS: usize = 16;
/// Most points of a frontier.
const MOST_POINTS: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0}; expected such as params=0.25M..4M, flops=100M..800M:8, latency=0.1..1.2 (ms) or layers=8..30"
)]
pub struct SweepError(String);

impl Sweep {
    /// Up to the limit that `target` sets `budget`: sizes from an eighth of it, the last twelve
    /// depths. None where it sets none.
    pub fn up_to(target: &Target, budget: Budget) -> Option<Sweep> {
        let values = match budget {
            Budget::Layers => {
                let most = u64::from(target.layers);
                (most.saturating_sub(11).max(1)..=most).collect()
            }
            _ => {
                let limit = target.limits.iter().find(|limit| limit.budget == budget)?;
                spaced((limit.most / 8).max(1), limit.most.max(1), POINTS)
            }
        };
        Some(Sweep { budget, values })
    }

    /// `target` with each of the values.
    pub fn targets(&self, target: &Target) -> Vec<Target> {
        self.values.iter().map(|&value| self.with(target, value)).collect()
    }

    /// `target` with the largest value.
    pub fn widest(&self, target: &Target) -> Target {
        self.values.last().map_or(target.clone(), |&value| self.with(target, value))
    }

    fn with(&self, target: &Target, value: u64) -> Target {
        let mut target = target.clone();
        let limit = Limit { budget: self.budget, most: value };
        if self.budget == Budget::Layers {
            target.layers = u32::try_from(value).unwrap_or(u32::MAX);
        } else if let Some(known) = target.limits.iter_mut().find(|l| l.budget == self.budget) {
            *known = limit;
        } else {
            target.limits.push(limit);
        }
        target
    }
}

impl Solver {
    /// The bound at each of the sweep's values that anything fits in; fewer where `watch` ends the work.
    pub fn frontier(&self, target: &Target, sweep: &Sweep, watch: Watch) -> Frontier {
        let mut points = Vec::new();
        for (target, &limit) in sweep.targets(target).iter().zip(&sweep.values) {
            match self.solve(target, 1, watch) {
                Ok(Answer { stopped: true, .. }) | Err(Unsolvable::Ended) => break,
                Ok(Answer { bound, proven, best, .. }) => {
                    let reached =
                        |best: &Solved| Reached { score: best.score, costs: best.costs, proven };
                    points.push(FrontierPoint { limit, bound, best: best.first().map(reached) });
                }
                Err(_) => {}
            }
        }
        Frontier { budget: sweep.budget, points }
    }
}

impl FromStr for Sweep {
    type Err = SweepError;

    /// `KEY=FROM..TO`, with `:POINTS` for sizes; sizes are spaced evenly in their logarithm, ends
    /// included, layers one by one.
    fn from_str(text: &str) -> Result<Sweep, SweepError> {
        let wrong = |what: String| SweepError(what);
        let (key, range) =
            text.split_once('=').ok_or_else(|| wrong(format!("'{text}' has no '='")))?;
        let swept = |budget: &Budget| *budget != Budget::Activation && budget.name() == key;
        let budget = Budget::ALL.into_iter().find(swept);
        let budget = budget.ok_or_else(|| wrong(format!("'{key}' can't be swept")))?;
        let (range, points) = match range.split_once(':') {
            Some((range, points)) => (range, Some(points)),
            None => (range, None),
        };
        let (from, to) =
            range.split_once("..").ok_or_else(|| wrong(format!("'{range}' is no range")))?;
        let size = |text: &str| -> Result<u64, SweepError> {
            if budget.table().is_some() {
                let ms: Option<f64> = text.trim_end_matches("ms").trim().parse().ok();
                let ms = ms.filter(|ms| ms.is_finite() && *ms > 0.0 && *ms < 1e6);
                let ms = ms.ok_or_else(|| wrong(format!("'{text}' is no latency in ms")))?;
                return Ok(Limit::of_latency(budget, ms).most);
            }
            let size: Result<Size, _> = text.parse();
            size.map(|size| size.0).map_err(wrong)
        };
        let (from, to) = (size(from)?, size(to)?);
        if from == 0 || from > to {
            return Err(wrong(format!("'{range}' must rise from at least 1")));
        }
        let points = match points {
            None => POINTS,
            Some(_) if budget == Budget::Layers => {
                return Err(wrong("layers are swept one by one".to_owned()));
            }
            Some(points) => {
                points.parse().ok().filter(|points| (2..=MOST_POINTS).contains(points)).ok_or_else(
                    || wrong(format!("'{points}' is no number of 2 to {MOST_POINTS}")),
                )?
            }
        };
        let values = match budget {
            Budget::Layers if to - from >= MOST_POINTS as u64 => {
                return Err(wrong(format!("'{range}' has more than {MOST_POINTS} values")));
            }
            Budget::Layers => (from..=to).collect(),
            _ => spaced(from, to, points),
        };
        Ok(Sweep { budget, values })
    }
}

fn spaced(from: u64, to: u64, points: usize) -> Vec<u64> {
    let ratio = to as f64 / from as f64;
    let at = |i: usize| match i {
        0 => from,
        i if i + 1 == points => to,
        i => (from as f64 * ratio.powf(i as f64 / (points - 1) as f64)).round() as u64,
    };
    let mut values: Vec<u64> = (0..points).map(at).collect();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let sweep: Sweep = "params=0.25M..4M:5".parse().expect("a range");
        assert_eq!(sweep.values, [250_000, 500_000, 1_000_000, 2_000_000, 4_000_000]);
        let sweep: Sweep = "layers=8..10".parse().expect("a range");
        assert_eq!((sweep.budget, sweep.values), (Budget::Layers, vec![8, 9, 10]));
        assert_eq!("flops=1M..2M".parse::<Sweep>().expect("a range").values.len(), 16);
        for text in
            ["params", "width=1..2", "params=2..1", "params=1..x", "layers=1..2:3", "params=0..9"]
        {
            let error = text.parse::<Sweep>().expect_err("no range").to_string();
            assert!(error.contains("params=0.25M..4M"), "{error}");
        }
    }
}
