//! The preset schema: every setting of a search, its default, its range.

use serde::{Deserialize, Serialize};

use super::{Budgets, Size, Space};
use crate::{
    arch::{Counting, Structure, costs, limits},
    score::Definition,
};

/// A family of residual blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    KxKx,
    K1KxK1,
    #[serde(rename = "IDW")]
    Idw,
}

/// A block that mutation leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fixed {
    First,
    Last,
}

/// Whether every candidate draws its own weights and images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeedMode {
    /// A draw of its own for each candidate, as the reference does.
    Fresh,
    /// One draw for all: less noise between candidates, and what a child shares with its parent can
    /// be kept (`run.prefix_memory`). Evolution can overfit the draw, so the best must be confirmed
    /// by fresh ones.
    Common,
}

/// `[space]`: which structures may exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpaceSettings {
    pub families: Vec<Family>,
    /// Sides of the k×k convs.
    pub kernels: Vec<u32>,
    /// Of inverted bottlenecks.
    pub expansions: Vec<u32>,
    /// By kernel, or kernel then expansion in the IDW family; empty is uniform.
    pub kernel_weights: Vec<u32>,
    pub width_factors: Vec<f64>,
    pub width_min: u32,
    pub width_max: u32,
    pub width_multiple: u32,
    pub depth_steps: Vec<i32>,
    pub fixed: Vec<Fixed>,
    /// Where the search starts; checked when the preset is.
    pub initial: String,
    /// Input side the costs are counted at, pixels.
    pub resolution: u32,
    pub classes: u32,
    /// Squeeze-and-excitation in the trained network; the scored one never has it.
    pub se: bool,
}

impl Default for SpaceSettings {
    fn default() -> SpaceSettings {
        SpaceSettings {
            families: vec![Family::KxKx, Family::K1KxK1],
            kernels: vec![3, 5, 7],
            expansions: vec![1, 2, 4, 6],
            kernel_weights: Vec::new(),
            width_factors: vec![2.5, 2.0, 1.5, 1.25, 1.0, 1.0 / 1.25, 1.0 / 1.5, 0.5, 0.4],
            width_min: 8,
            width_max: 2048,
            width_multiple: 8,
            depth_steps: vec![2, 1, 0, -1, -2],
            fixed: Vec::new(),
            initial: String::new(),
            resolution: 32,
            classes: 100,
            se: false,
        }
    }
}

/// A latency limit. Which table tells the latency of a structure is a later part's business.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyBudget {
    /// A latency table's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub ms: f64,
}

/// `[budget]`: what a structure may cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flops: Option<Size>,
    /// The paper's L: sub-layers over all blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<u32>,
    /// Bytes of the largest layer output, f32, one sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Size>,
    pub counting: Counting,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyBudget>,
}

impl Default for BudgetSettings {
    fn default() -> BudgetSettings {
        BudgetSettings {
            params: None,
            flops: None,
            layers: None,
            activation: None,
            counting: Counting::Exact,
            latency: None,
        }
    }
}

/// `[search]`: how evolution goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// Proposed children, rejected ones included.
    pub iterations: u64,
    /// Ends the search earlier, after so many scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_scored: Option<u64>,
    pub population: usize,
    /// Blocks drawn for mutation per child.
    pub mutations: u32,
    /// D: how many candidates may be on their way when the next is proposed.
    pub pipeline: u64,
    pub seed: u64,
    /// Whether a structure that was scored before is dropped.
    pub dedup: bool,
}

impl Default for SearchSettings {
    fn default() -> SearchSettings {
        SearchSettings {
            iterations: 96_000,
            max_scored: None,
            population: 256,
            mutations: 2,
            pipeline: 16,
            seed: 2021,
            dedup: true,
        }
    }
}

/// `[score]`: what a candidate is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreSettings {
    pub proxy: String,
    pub definition: Definition,
    pub batch: u32,
    /// Input side for scoring; the space's unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<u32>,
    /// Size of the perturbation (the paper's α).
    pub alpha: f64,
    pub repeats: u32,
    pub seed_mode: SeedMode,
}

impl Default for ScoreSettings {
    fn default() -> ScoreSettings {
        ScoreSettings {
            proxy: "zen".to_owned(),
            definition: Definition::Table,
            batch: 4,
            resolution: None,
            alpha: 0.01,
            repeats: 1,
            seed_mode: SeedMode::Fresh,
        }
    }
}

/// `[confirm]`: the best are scored again with fresh seeds before one is called the winner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmSettings {
    /// How many of the best; 0 leaves the confirmation out.
    pub best: usize,
    pub repeats: u32,
}

impl Default for ConfirmSettings {
    fn default() -> ConfirmSettings {
        ConfirmSettings { best: 8, repeats: 8 }
    }
}

/// `[run]`: where the work is done. Decides nothing about the result but its rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// One for each core unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
    /// `auto`, `cpu` or `cuda:N`.
    pub device: String,
    /// Of the CPU: `auto`, `avx512`, `avx2`, `portable` or `graph`.
    pub kernels: String,
    /// Bytes in which activations are kept that candidates of a common seed share; none keeps
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_memory: Option<Size>,
}

impl Default for RunSettings {
    fn default() -> RunSettings {
        let auto = || "auto".to_owned();
        RunSettings { workers: None, device: auto(), kernels: auto(), prefix_memory: None }
    }
}

/// All settings of a search, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preset {
    /// Of the schema; 1.
    pub version: u32,
    /// What this search is for, in a sentence or two.
    pub about: String,
    /// The net the literature gives as the answer, by its shipped name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    pub space: SpaceSettings,
    pub budget: BudgetSettings,
    pub search: SearchSettings,
    pub score: ScoreSettings,
    pub confirm: ConfirmSettings,
    pub run: RunSettings,
}

impl Default for Preset {
    fn default() -> Preset {
        Preset {
            version: 1,
            about: String::new(),
            published: None,
            space: SpaceSettings::default(),
            budget: BudgetSettings::default(),
            search: SearchSettings::default(),
            score: ScoreSettings::default(),
            confirm: ConfirmSettings::default(),
            run: RunSettings::default(),
        }
    }
}

/// A setting out of range: its path, what was found and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub path: &'static str,
    pub message: String,
}

impl Preset {
    pub fn initial(&self) -> Structure {
        self.space.initial.parse().expect("checked when the preset was")
    }

    pub fn search_space(&self) -> Space {
        Space::new(&self.space)
    }

    pub fn budgets(&self) -> Budgets {
        Budgets {
            layers: self.budget.layers,
            params: self.budget.params.map(|s| s.0),
            flops: self.budget.flops.map(|s| s.0),
            activation_bytes: self.budget.activation.map(|s| s.0),
            latency_ms: self.budget.latency.as_ref().map(|l| l.ms),
            counting: self.budget.counting,
        }
    }

    /// The resolution candidates are scored at, pixels.
    pub fn score_resolution(&self) -> u32 {
        self.score.resolution.unwrap_or(self.space.resolution)
    }

    /// What keeps this preset from being started here, if anything: a sentence for the user.
    pub fn not_startable(&self) -> Option<String> {
        let latency = self.budget.latency.as_ref()?;
        Some(format!(
            "a latency budget of {} ms needs a latency table or a device to measure on, and this \
             version of zendo has neither yet; budget params or flops instead",
            latency.ms
        ))
    }

    /// Checks every range, then that the initial structure is one and is within the budgets.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let budget_min = |path, size: Option<u64>| in_range(path, size.unwrap_or(1), 1, u64::MAX);
        in_range("version", self.version, 1, 1)?;
        self.check_space()?;
        budget_min("budget.params", self.budget.params.map(|s| s.0))?;
        budget_min("budget.flops", self.budget.flops.map(|s| s.0))?;
        budget_min("budget.activation", self.budget.activation.map(|s| s.0))?;
        in_range("budget.layers", self.budget.layers.unwrap_or(1), 1, 4_096)?;
        if let Some(latency) = &self.budget.latency {
            positive("budget.latency", latency.ms)?;
        }
        in_range("search.iterations", self.search.iterations, 1, 1_000_000_000)?;
        in_range("search.max_scored", self.search.max_scored.unwrap_or(1), 1, 1_000_000_000)?;
        in_range("search.population", self.search.population, 2, 65_536)?;
        in_range("search.mutations", self.search.mutations, 1, 8)?;
        in_range("search.pipeline", self.search.pipeline, 1, 4_096)?;
        in_range("search.seed", self.search.seed, 0, i64::MAX as u64)?;
        in_range("score.batch", self.score.batch, 1, 4_096)?;
        in_range("score.resolution", self.score_resolution(), 1, limits::RESOLUTION)?;
        in_range("score.repeats", self.score.repeats, 1, 1_000)?;
        positive("score.alpha", self.score.alpha)?;
        in_range("confirm.best", self.confirm.best, 0, 1_000)?;
        if self.score.seed_mode == SeedMode::Common && self.confirm.best == 0 {
            let message = "0 is too small with score.seed_mode \"common\": evolution overfits the one \
                           draw of all, so the best must be scored again with fresh ones; 1 or more";
            return Err(Invalid { path: "confirm.best", message: message.to_owned() });
        }
        in_range("confirm.repeats", self.confirm.repeats, 2, 1_000)?;
        in_range("run.workers", self.run.workers.unwrap_or(1), 1, 1_024)?;
        let prefix_memory = self.run.prefix_memory.map_or(u64::MAX, |s| s.0);
        in_range("run.prefix_memory", prefix_memory, 16_000_000, u64::MAX)?;
        if self.run.prefix_memory.is_some() && self.score.seed_mode == SeedMode::Fresh {
            let message = "candidates share nothing while each has a draw of its own; it needs \
                           score.seed_mode = \"common\"";
            return Err(Invalid { path: "run.prefix_memory", message: message.to_owned() });
        }
        self.check_initial()
    }

    fn check_space(&self) -> Result<(), Invalid> {
        let space = &self.space;
        not_empty("space.families", &space.families)?;
        not_empty("space.kernels", &space.kernels)?;
        among("space.kernels", &space.kernels, &[3, 5, 7])?;
        not_empty("space.expansions", &space.expansions)?;
        among("space.expansions", &space.expansions, &[1, 2, 4, 6])?;
        not_empty("space.width_factors", &space.width_factors)?;
        for &factor in &space.width_factors {
            positive("space.width_factors", factor)?;
        }
        not_empty("space.depth_steps", &space.depth_steps)?;
        in_range("space.width_multiple", space.width_multiple, 1, 1_024)?;
        in_range("space.width_min", space.width_min, 1, limits::WIDTH)?;
        in_range("space.width_max", space.width_max, space.width_min, limits::WIDTH)?;
        in_range("space.resolution", space.resolution, 1, limits::RESOLUTION)?;
        in_range("space.classes", space.classes, 1, 1_000_000)?;
        self.check_kernel_weights()
    }

    fn check_kernel_weights(&self) -> Result<(), Invalid> {
        let space = &self.space;
        let weights = &space.kernel_weights;
        if weights.is_empty() {
            return Ok(());
        }
        let path = "space.kernel_weights";
        for family in &space.families {
            let expected = match family {
                Family::KxKx | Family::K1KxK1 => space.kernels.len(),
                Family::Idw => space.kernels.len() * space.expansions.len(),
            };
            if weights.len() != expected {
                let found = weights.len();
                let message = format!("{found} weights for {expected} block types of {family:?}");
                return Err(Invalid { path, message });
            }
        }
        if weights.iter().all(|&w| w == 0) || weights.iter().any(|&w| w > 1_000_000) {
            let message = "weights are from 0 to 1,000,000, and not all 0".to_owned();
            return Err(Invalid { path, message });
        }
        Ok(())
    }

    fn check_initial(&self) -> Result<(), Invalid> {
        let path = "space.initial";
        let initial: Structure = self
            .space
            .initial
            .parse()
            .map_err(|e| Invalid { path, message: format!("in the structure: {e}") })?;
        let budgets = Budgets { latency_ms: None, ..self.budgets() };
        let costs =
            costs(&initial.split_deep_blocks(), self.search_space().net(), budgets.counting);
        match budgets.broken(&costs) {
            None => Ok(()),
            Some(budget) => {
                let message = format!(
                    "the search must start within its budgets, but the initial structure breaks \
                     '{budget}' ({} layers, {} params, {} flops, {} activation bytes, counted as {})",
                    costs.layers,
                    costs.params,
                    costs.flops,
                    costs.activation_bytes,
                    budgets.counting.name()
                );
                Err(Invalid { path, message })
            }
        }
    }
}

fn in_range<T: PartialOrd + std::fmt::Display>(
    path: &'static str,
    value: T,
    min: T,
    max: T,
) -> Result<(), Invalid> {
    if value < min {
        return Err(Invalid { path, message: format!("{value} is too small: {min} or more") });
    }
    if value > max {
        return Err(Invalid { path, message: format!("{value} is too large: {max} or less") });
    }
    Ok(())
}

fn positive(path: &'static str, value: f64) -> Result<(), Invalid> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Invalid { path, message: format!("{value} is not a positive number") })
}

fn not_empty<T>(path: &'static str, list: &[T]) -> Result<(), Invalid> {
    if list.is_empty() {
        return Err(Invalid { path, message: "must not be empty".to_owned() });
    }
    Ok(())
}

fn among(path: &'static str, list: &[u32], allowed: &[u32]) -> Result<(), Invalid> {
    match list.iter().find(|value| !allowed.contains(value)) {
        None => Ok(()),
        Some(value) => Err(Invalid { path, message: format!("{value} is not one of {allowed:?}") }),
    }
}
