//! The preset schema: every setting of a search, its default, its range.

use serde::{Deserialize, Serialize};

use super::{Budgets, Objectives, ProxyChoice, Size, Space};
use crate::{
    arch::{Counting, MOST_LATENCIES, Structure},
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
    /// Least bottleneck of a residual block, as a share of its output width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck_ratio_min: Option<f64>,
    /// Whether no residual block may be narrower than what it takes.
    pub non_decreasing: bool,
    /// Widest output of a residual block, as a multiple of what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_ratio_max: Option<f64>,
    /// Most residual sub-layers of a stage: a strided block and those up to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_depth_max: Option<u32>,
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
            bottleneck_ratio_min: None,
            non_decreasing: false,
            out_ratio_max: None,
            stage_depth_max: None,
            initial: String::new(),
            resolution: 32,
            classes: 100,
            se: false,
        }
    }
}

/// A limit on the latency of one image by a table of measured layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyBudget {
    /// The name of a table that is kept, or a table's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Milliseconds an image; without it the table tells latencies, and nothing is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
    /// Images that run at once; the table's own where it knows one, else the paper's 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
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
    /// By further tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency2: Option<LatencyBudget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency3: Option<LatencyBudget>,
}

impl BudgetSettings {
    /// The limits on latency, by the number of their table; whichever are there come first.
    pub fn latencies(&self) -> [Option<&LatencyBudget>; MOST_LATENCIES] {
        [self.latency.as_ref(), self.latency2.as_ref(), self.latency3.as_ref()]
    }

    pub fn latencies_mut(&mut self) -> [Option<&mut LatencyBudget>; MOST_LATENCIES] {
        [self.latency.as_mut(), self.latency2.as_mut(), self.latency3.as_mut()]
    }
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
            latency2: None,
            latency3: None,
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
    /// The parent is the best of so many uniform draws; 1 is the published uniform draw.
    pub tournament: u32,
    /// Share of children made by small moves instead of the published ones.
    pub small_moves: f64,
    /// Whether a child that breaks a budget is shrunk until it fits.
    pub repair: bool,
    /// So many of the best are climbed at the end by pairs of moves, as far as the analytic score
    /// goes; it needs an analytic proxy or a screen.
    pub climb: usize,
    /// Whether, at the end, the best structure with the block depths of the search's best is solved
    /// for by the analytic score (docs/optimum.md) and joins the population.
    pub polish: bool,
    /// Costs that are made small beside the score (docs/search.md); none where the score alone counts.
    #[serde(skip_serializing_if = "Objectives::is_score_alone")]
    pub minimise: Objectives,
    /// Starts from there instead of from the initial structure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed_with: Option<SeedWith>,
}

/// Where a search may start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeedWith {
    /// The best structure by the analytic score (docs/optimum.md).
    Optimum,
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
            tournament: 1,
            small_moves: 0.0,
            repair: false,
            climb: 0,
            polish: false,
            minimise: Objectives::SCORE,
            seed_with: None,
        }
    }
}

/// `[score]`: what a candidate is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreSettings {
    /// A proxy, or several by rank.
    pub proxy: ProxyChoice,
    pub definition: Definition,
    pub batch: u32,
    /// Input side for scoring; the space's unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<u32>,
    /// Size of the perturbation (the paper's α).
    pub alpha: f64,
    pub repeats: u32,
    pub seed_mode: SeedMode,
    /// So many of the best are scored again, one score at a time, up to `elite_scores` scores each;
    /// nobody by an analytic proxy, whose scores are the same each time.
    pub elites: usize,
    pub elite_scores: u32,
}

impl Default for ScoreSettings {
    fn default() -> ScoreSettings {
        ScoreSettings {
            proxy: ProxyChoice::one("zen"),
            definition: Definition::Table,
            batch: 4,
            resolution: None,
            alpha: 0.01,
            repeats: 1,
            seed_mode: SeedMode::Fresh,
            elites: 0,
            elite_scores: 16,
        }
    }
}

/// `[screen]`: only children that the analytic score ranks high are measured. An analytic proxy
/// needs no screen and has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScreenSettings {
    /// Share of the children within the budgets that is measured; 1 measures all and screens nothing.
    pub keep: f64,
    /// Children that the share is of: the last so many.
    pub window: usize,
    /// Least agreement (Kendall's τ) of the analytic and the measured scores of the last candidates
    /// that were measured. Below it the gate widens.
    pub floor: f64,
}

impl Default for ScreenSettings {
    fn default() -> ScreenSettings {
        ScreenSettings { keep: 1.0, window: 512, floor: 0.1 }
    }
}

/// `[confirm]`: the best are scored again with fresh seeds before one is called the winner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmSettings {
    /// How many of the best; 0 leaves the confirmation out.
    pub best: usize,
    /// Draws a finalist, on average: those that can't win any more leave theirs to the others.
    pub repeats: u32,
    /// What judges.
    pub proxy: ProxyChoice,
    /// Images in a pass; as in the search unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
}

impl Default for ConfirmSettings {
    fn default() -> ConfirmSettings {
        ConfirmSettings { best: 8, repeats: 8, proxy: ProxyChoice::one("zen"), batch: None }
    }
}

/// `[run]`: where the work is done. Decides nothing about the result but its rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// One for each core, or four for each GPU, unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
    /// `auto`, `cpu`, `cuda:N` or several as `cuda:0,cuda:1`.
    pub device: String,
    /// `auto`, the CPU's `avx512`, `avx2`, `portable`, a GPU's `cuda`, or `graph`.
    pub kernels: String,
    /// Bytes in which activations are kept that candidates of a common seed share; none keeps
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_memory: Option<Size>,
    /// Whether the optimum by the analytic score is computed beside the search, some seconds on one
    /// core, so that it is known how far from it the search ends.
    pub optimum: bool,
}

impl RunSettings {
    pub(crate) const MOST_WORKERS: usize = 1_024;
}

impl Default for RunSettings {
    fn default() -> RunSettings {
        let auto = || "auto".to_owned();
        RunSettings {
            workers: None,
            device: auto(),
            kernels: auto(),
            prefix_memory: None,
            optimum: true,
        }
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
    pub screen: ScreenSettings,
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
            screen: ScreenSettings::default(),
            confirm: ConfirmSettings::default(),
            run: RunSettings::default(),
        }
    }
}

impl Preset {
    pub fn initial(&self) -> Structure {
        self.space.initial.parse().expect("checked when the preset was")
    }

    pub fn search_space(&self) -> Space {
        Space::new(&self.space, &self.initial())
    }

    pub fn budgets(&self) -> Budgets {
        Budgets {
            layers: self.budget.layers,
            params: self.budget.params.map(|s| s.0),
            flops: self.budget.flops.map(|s| s.0),
            activation_bytes: self.budget.activation.map(|s| s.0),
            latency_ms: self
                .budget
                .latencies()
                .map(|latency| latency.and_then(|latency| latency.ms)),
            counting: self.budget.counting,
        }
    }

    /// The resolution candidates are scored at, pixels.
    pub fn score_resolution(&self) -> u32 {
        self.score.resolution.unwrap_or(self.space.resolution)
    }

    /// Whether the confirmation measures as the search does, so that their scores compare.
    pub fn confirms_alike(&self) -> bool {
        let (score, confirm) = (&self.score, &self.confirm);
        score.proxy == confirm.proxy && confirm.batch.is_none_or(|batch| batch == score.batch)
    }

    /// What keeps this preset from being started here, if anything: a sentence for the user.
    pub fn not_startable(&self) -> Option<String> {
        let mut latencies = self.budget.latencies().into_iter().flatten();
        let latency = latencies.find(|latency| latency.table.is_none())?;
        let limit = latency.ms.map_or_else(String::new, |ms| format!(" of {ms} ms"));
        Some(format!(
            "a latency budget{limit} needs a latency table: 'zendo latency measure --device cpu \
             --preset NAME --out here' makes one of this machine, 'zendo latency import' takes one \
             from elsewhere; name it with --latency-table, or as budget.latency.table"
        ))
    }
}
