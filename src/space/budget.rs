//! Budgets: what a structure may cost. They judge a plain [`Costs`] value.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arch::{Costs, Counting, MOST_LATENCIES};

/// A kind of budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Budget {
    Layers,
    Params,
    Flops,
    Activation,
    /// By the first latency table, and by others.
    Latency,
    Latency2,
    Latency3,
}

impl Budget {
    /// In the order in which they are judged.
    pub const ALL: [Budget; 4 + MOST_LATENCIES] = [
        Budget::Layers,
        Budget::Params,
        Budget::Flops,
        Budget::Activation,
        Budget::Latency,
        Budget::Latency2,
        Budget::Latency3,
    ];

    /// In the order in which people read costs.
    pub const AS_READ: [Budget; 4 + MOST_LATENCIES] = [
        Budget::Params,
        Budget::Flops,
        Budget::Layers,
        Budget::Activation,
        Budget::Latency,
        Budget::Latency2,
        Budget::Latency3,
    ];

    /// By the latency table of that number, from 0.
    pub const LATENCIES: [Budget; MOST_LATENCIES] =
        [Budget::Latency, Budget::Latency2, Budget::Latency3];

    /// The number of the latency table that it goes by, from 0; none for the other budgets.
    pub fn table(self) -> Option<usize> {
        Budget::LATENCIES.iter().position(|budget| *budget == self)
    }

    /// What `costs` say of it: a count, bytes, or milliseconds. None of a latency that no table told.
    pub fn of(self, costs: &Costs) -> Option<f64> {
        match self {
            Budget::Layers => Some(f64::from(costs.layers)),
            Budget::Params => Some(costs.params as f64),
            Budget::Flops => Some(costs.flops as f64),
            Budget::Activation => Some(costs.activation_bytes as f64),
            Budget::Latency | Budget::Latency2 | Budget::Latency3 => {
                costs.latency_ms.get(self.table()?)
            }
        }
    }

    /// The key in a preset's `[budget]`.
    pub fn name(self) -> &'static str {
        match self {
            Budget::Layers => "layers",
            Budget::Params => "params",
            Budget::Flops => "flops",
            Budget::Activation => "activation",
            Budget::Latency => "latency",
            Budget::Latency2 => "latency2",
            Budget::Latency3 => "latency3",
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The limits of a search; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budgets {
    pub layers: Option<u32>,
    pub params: Option<u64>,
    /// Multiply-adds of one sample.
    pub flops: Option<u64>,
    /// Largest layer output, f32, one sample, bytes.
    pub activation_bytes: Option<u64>,
    /// Of one sample, by each latency table; milliseconds.
    pub latency_ms: [Option<f64>; MOST_LATENCIES],
    pub counting: Counting,
}

impl Budgets {
    /// Limit over cost of the first budget that `costs` breaks.
    pub fn ratio(&self, costs: &Costs) -> Option<f64> {
        let budget = self.broken(costs)?;
        let ratio = |limit: Option<u64>, cost: u64| limit.map_or(1.0, |l| l as f64 / cost as f64);
        Some(match budget {
            Budget::Layers => ratio(self.layers.map(u64::from), u64::from(costs.layers)),
            Budget::Params => ratio(self.params, costs.params),
            Budget::Flops => ratio(self.flops, costs.flops),
            Budget::Activation => ratio(self.activation_bytes, costs.activation_bytes),
            Budget::Latency | Budget::Latency2 | Budget::Latency3 => self
                .latency(budget, costs)
                .map_or(1.0, |(limit, ms)| ms.map_or(1.0, |ms| limit / ms)),
        })
    }

    /// The first budget that `costs` breaks, in the order of [`Budget::ALL`].
    ///
    /// A latency limit is broken by costs that carry no latency: unknown is not within.
    pub fn broken(&self, costs: &Costs) -> Option<Budget> {
        Budget::ALL.into_iter().find(|budget| match budget {
            Budget::Layers => self.layers.is_some_and(|max| costs.layers > max),
            Budget::Params => self.params.is_some_and(|max| costs.params > max),
            Budget::Flops => self.flops.is_some_and(|max| costs.flops > max),
            Budget::Activation => {
                self.activation_bytes.is_some_and(|max| costs.activation_bytes > max)
            }
            Budget::Latency | Budget::Latency2 | Budget::Latency3 => {
                let latency = self.latency(*budget, costs);
                latency.is_some_and(|(max, ms)| ms.is_none_or(|ms| ms > max))
            }
        })
    }

    /// The limit of a budget on latency, and what the costs say by its table.
    fn latency(&self, budget: Budget, costs: &Costs) -> Option<(f64, Option<f64>)> {
        let table = budget.table()?;
        Some((self.latency_ms[table]?, costs.latency_ms.get(table)))
    }
}
