//! How the population grew better: a bounded history for the convergence curve.

use serde::{Deserialize, Serialize};

use super::{Population, Spread};

/// Points that are kept; older ones are thinned out evenly.
pub const MAX_CONVERGENCE: usize = 512;

/// The population at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvergencePoint {
    /// The newest id that was told.
    pub iteration: u64,
    pub best: f64,
    pub median: f64,
    pub lowest: f64,
}

/// Every `stride`-th result, and always the newest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct History {
    points: Vec<ConvergencePoint>,
    newest: Option<ConvergencePoint>,
    stride: u64,
    recorded: u64,
}

impl Default for History {
    fn default() -> History {
        let points = Vec::with_capacity(MAX_CONVERGENCE);
        History { points, newest: None, stride: 1, recorded: 0 }
    }
}

impl History {
    pub(super) fn record(&mut self, iteration: u64, population: &Population) {
        let Some(Spread { best, median, lowest }) = population.spread() else { return };
        // A member that is scored again may be told before older candidates.
        let iteration = self.newest.map_or(iteration, |newest| newest.iteration.max(iteration));
        let point = ConvergencePoint { iteration, best, median, lowest };
        self.newest = Some(point);
        if self.recorded.is_multiple_of(self.stride) {
            self.points.push(point);
        }
        self.recorded += 1;
        if self.points.len() == MAX_CONVERGENCE {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride *= 2;
        }
    }

    /// Oldest first, the newest last; at most [`MAX_CONVERGENCE`].
    pub fn points(&self) -> impl Iterator<Item = ConvergencePoint> {
        let newest = self.newest.filter(|newest| self.points.last() != Some(newest));
        self.points.iter().copied().chain(newest)
    }
}
