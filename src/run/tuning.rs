//! What of a running search can be changed, and what a change means for it.
//!
//! Owns: which settings are fixed, which need other scores. Must not know when it happens: the engine
//! does. Invariant: what a plan foretells of the population is what the search then does.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{RunSpec, protocol::Member, spec::is_measured};
use crate::{
    arch::MOST_LATENCIES,
    proxy,
    search::Settings,
    space::{Difference, Preset, PresetError, Setting},
    text::did_you_mean,
};

const TABLE: &str = "everybody's latency was told by it";

/// Settings that a search keeps as it began, with why.
const FIXED: &[(&str, &str)] = &[
    ("version", "it is the schema's"),
    ("about", "it is text for people"),
    ("published", "it is text for people"),
    ("space.initial", "the search began there"),
    ("space.resolution", "everybody's costs were counted at it"),
    ("space.classes", "everybody's costs were counted with them"),
    ("space.se", "everybody's costs were counted with it"),
    ("budget.counting", "everybody's costs were counted by it"),
    ("budget.latency.table", TABLE),
    ("budget.latency.batch", TABLE),
    ("budget.latency2.table", TABLE),
    ("budget.latency2.batch", TABLE),
    ("budget.latency3.table", TABLE),
    ("budget.latency3.batch", TABLE),
    ("search.seed", "all draws follow from it"),
    ("search.pipeline", "which results a proposal may know follows from it"),
    ("search.seed_with", "the search began there"),
    ("run.device", "the workers were started on it"),
    ("run.kernels", "the workers were started with them"),
    ("run.prefix_memory", "the workers were started with it"),
    ("run.optimum", "it was decided at the start"),
];

/// Whether a running search may change it.
pub fn is_tunable(key: &str) -> bool {
    reason(key).is_none()
}

fn reason(key: &str) -> Option<&'static str> {
    let is_of = |fixed: &str| {
        key.strip_prefix(fixed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    FIXED.iter().find(|(fixed, _)| is_of(fixed)).map(|(_, why)| *why)
}

/// Why a change can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{message}", if key.is_empty() { String::new() } else { format!("{key}: ") })]
pub struct Refusal {
    /// What it is about; empty where it is about the whole.
    pub key: String,
    pub message: String,
}

impl Refusal {
    pub(super) fn whole(message: impl ToString) -> Refusal {
        Refusal { key: String::new(), message: message.to_string() }
    }
}

impl From<PresetError> for Refusal {
    fn from(error: PresetError) -> Refusal {
        Refusal { key: error.key, message: error.message }
    }
}

/// A setting before and after; as TOML, none where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub key: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [&self.from, &self.to].map(|value| value.as_deref().unwrap_or("none"));
        write!(f, "{} {from} → {to}", self.key)
    }
}

/// Settings at a moment of a search, to be made again by another run of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// Decisions of the search before.
    pub turn: u64,
    pub settings: Vec<Setting>,
    /// The number of the change that is taken back by it.
    pub undoes: Option<u32>,
}

/// When somebody stopped a run. The moments count what no clock and no thread has a say in, but for the draws of
/// a confirmation: which ones were told by then is up to the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The search, so many decisions after its start.
    Search { turn: u64 },
    /// What comes after everything is proposed: climbing, polishing.
    Ending { turn: u64 },
    /// The confirmation, after so many draws.
    Confirmation { told: u32 },
}

/// What another run did, to be done again at the same moments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Oldest first.
    pub changes: Vec<Scheduled>,
    /// Oldest first.
    pub stops: Vec<Stop>,
}

impl Replay {
    pub fn is_empty(&self) -> bool {
        *self == Replay::default()
    }
}

/// A change that can be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// With the change.
    pub preset: Preset,
    pub changes: Vec<Change>,
    /// Whether the population needs other scores first.
    pub rescores: bool,
    /// Whether other structures may be than before, so that another one may be the best.
    pub moves_optimum: bool,
    pub(super) search: Settings,
}

/// The tables and batches that latencies are told by.
fn tables(preset: &Preset) -> [Option<(&Option<String>, Option<u32>)>; MOST_LATENCIES] {
    preset.budget.latencies().map(|latency| latency.map(|it| (&it.table, it.batch)))
}

impl Plan {
    /// What `settings` change in a search as it is by now.
    ///
    /// # Errors
    /// Unknown settings, those that are fixed, values that can't stand or don't go together, and what
    /// changes nothing.
    pub fn of(now: &RunSpec, settings: &[Setting]) -> Result<Plan, Refusal> {
        for Setting { key, .. } in settings {
            if let Some(why) = reason(key) {
                let message = format!("it stays what it is while the search runs: {why}");
                return Err(Refusal { key: key.clone(), message });
            }
        }
        let plan = Plan::again(now, settings)?;
        match plan.changes.is_empty() {
            true => Err(Refusal::whole("everything is set so already")),
            false => Ok(plan),
        }
    }

    /// Like [`Plan::of`], for a change that another run made: it may be none here.
    pub(super) fn again(now: &RunSpec, settings: &[Setting]) -> Result<Plan, Refusal> {
        let preset = now.preset.with_settings(settings)?;
        let differences = preset.differences(&now.preset);
        let change = |Difference { key, base, own }| Change { key, from: base, to: own };
        let spec = RunSpec { preset, ..now.clone() };
        for (key, choice) in [
            ("score.proxy", &spec.preset.score.proxy),
            ("confirm.proxy", &spec.preset.confirm.proxy),
        ] {
            let mut names = choice.names();
            if let Some(name) = names.find(|name| proxy::names().all(|known| known != *name)) {
                let message =
                    format!("there is no proxy '{name}'{}", did_you_mean(name, proxy::names()));
                return Err(Refusal { key: key.to_owned(), message });
            }
        }
        if tables(&spec.preset) != tables(&now.preset) {
            let key = "budget.latency".to_owned();
            let message = format!("its tables stay what they are while the search runs: {TABLE}");
            return Err(Refusal { key, message });
        }
        spec.check_tiers().map_err(Refusal::whole)?;
        spec.check_polish().map_err(Refusal::whole)?;
        let changes: Vec<Change> = differences.into_iter().map(change).collect();
        // What a solver knows of the space, the budgets and the score.
        let is_solved_for = |c: &Change| match c.key.as_str() {
            "space.kernel_weights" => false,
            "score.definition" | "score.batch" | "score.resolution" | "score.alpha" => true,
            key => key.starts_with("space.") || key.starts_with("budget."),
        };
        let score = |preset: &Preset| {
            let it = &preset.score;
            let draws = (it.batch, preset.score_resolution(), it.alpha, it.seed_mode);
            (it.proxy.clone(), it.definition, draws)
        };
        Ok(Plan {
            rescores: score(&now.preset) != score(&spec.preset),
            moves_optimum: changes.iter().any(is_solved_for),
            search: spec.search_settings(),
            preset: spec.preset,
            changes,
        })
    }

    /// Of a population, best first, who stays; and how many of those `aside` come back.
    pub fn stay(&self, population: &[Arc<Member>], aside: &[Arc<Member>]) -> (Vec<bool>, usize) {
        self.search.stay(population, aside)
    }

    /// What a score costs by the plan, as a multiple of what one costs `now`: 0 where it follows from the
    /// structure; none where it costs nothing now, or another proxy is to measure.
    pub fn score_cost(&self, now: &RunSpec) -> Option<f64> {
        let is_drawn = |preset: &Preset| is_measured(&preset.score.proxy);
        let work = |preset: &Preset| {
            let side = f64::from(preset.score_resolution());
            preset.score.batch as f64 * side * side * f64::from(preset.score.repeats)
        };
        let is_same = now.preset.score.proxy == self.preset.score.proxy;
        match (is_drawn(&now.preset), is_drawn(&self.preset)) {
            (_, false) => Some(0.0),
            (true, true) if is_same => Some(work(&self.preset) / work(&now.preset)),
            (_, true) => None,
        }
    }

    /// Whether it may ask for proxies that can't be had.
    pub(super) fn touches_proxies(&self) -> bool {
        self.changes.iter().any(|c| c.key.starts_with("score.") || c.key.starts_with("confirm."))
    }

    /// Whether the workers do what they do in another way: for ranks, a sample has to be measured anew.
    pub(super) fn changes_proxies(&self) -> bool {
        let is_measured_by = |key: &str| {
            matches!(
                key,
                "score.proxy"
                    | "score.definition"
                    | "score.batch"
                    | "score.resolution"
                    | "score.alpha"
                    | "confirm.proxy"
                    | "confirm.batch"
            )
        };
        self.changes.iter().any(|change| is_measured_by(&change.key))
    }
}
