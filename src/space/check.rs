//! The checks of a preset: every range, then that its initial structure is one and may start there.

use super::{Budgets, Family, Preset, RunSettings, SeedMode};
use crate::arch::{MOST_LATENCIES, Structure, costs, limits};

/// A setting out of range: its path, what was found and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub path: &'static str,
    pub message: String,
}

impl Preset {
    /// Checks every range, then that the initial structure is one and is within the budgets.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let budget_min = |path, size: Option<u64>| in_range(path, size.unwrap_or(1), 1, u64::MAX);
        in_range("version", self.version, 1, 1)?;
        self.check_space()?;
        budget_min("budget.params", self.budget.params.map(|s| s.0))?;
        budget_min("budget.flops", self.budget.flops.map(|s| s.0))?;
        budget_min("budget.activation", self.budget.activation.map(|s| s.0))?;
        in_range("budget.layers", self.budget.layers.unwrap_or(1), 1, 4_096)?;
        let mut gap = false;
        let paths = ["budget.latency", "budget.latency2", "budget.latency3"];
        for (path, latency) in paths.into_iter().zip(self.budget.latencies()) {
            let Some(latency) = latency else {
                gap = true;
                continue;
            };
            if gap {
                let message =
                    "the ones before it come first: latency, then latency2, then latency3";
                return Err(Invalid { path, message: message.to_owned() });
            }
            positive(path, latency.ms.unwrap_or(1.0))?;
            in_range(path, latency.batch.unwrap_or(1), 1, 4_096)?;
        }
        in_range("search.iterations", self.search.iterations, 1, 1_000_000_000)?;
        in_range("search.max_scored", self.search.max_scored.unwrap_or(1), 1, 1_000_000_000)?;
        in_range("search.population", self.search.population, 2, 65_536)?;
        in_range("search.mutations", self.search.mutations, 1, 8)?;
        in_range("search.pipeline", self.search.pipeline, 1, 4_096)?;
        in_range("search.seed", self.search.seed, 0, i64::MAX as u64)?;
        in_range("search.tournament", self.search.tournament, 1, 64)?;
        in_range("search.small_moves", self.search.small_moves, 0.0, 1.0)?;
        in_range("search.climb", self.search.climb, 0, 64)?;
        self.check_objectives()?;
        in_range("score.batch", self.score.batch, 1, 4_096)?;
        in_range("score.resolution", self.score_resolution(), 1, limits::RESOLUTION)?;
        in_range("score.repeats", self.score.repeats, 1, 1_000)?;
        in_range("score.elites", self.score.elites, 0, 65_536)?;
        in_range("score.elite_scores", self.score.elite_scores, 2, 1_000)?;
        positive("score.alpha", self.score.alpha)?;
        positive("screen.keep", self.screen.keep)?;
        in_range("screen.keep", self.screen.keep, 0.0, 1.0)?;
        in_range("screen.window", self.screen.window, 16, 65_536)?;
        in_range("screen.floor", self.screen.floor, -1.0, 1.0)?;
        in_range("confirm.best", self.confirm.best, 0, 1_000)?;
        if self.score.seed_mode == SeedMode::Common && self.confirm.best == 0 {
            let message = "0 is too small with score.seed_mode \"common\": evolution overfits the one \
                           draw of all, so the best must be scored again with fresh ones; 1 or more";
            return Err(Invalid { path: "confirm.best", message: message.to_owned() });
        }
        in_range("confirm.repeats", self.confirm.repeats, 2, 1_000)?;
        in_range("confirm.batch", self.confirm.batch.unwrap_or(1), 1, 4_096)?;
        in_range("run.workers", self.run.workers.unwrap_or(1), 1, RunSettings::MOST_WORKERS)?;
        let prefix_memory = self.run.prefix_memory.map_or(u64::MAX, |s| s.0);
        in_range("run.prefix_memory", prefix_memory, 16_000_000, u64::MAX)?;
        if self.run.prefix_memory.is_some() && self.score.seed_mode == SeedMode::Fresh {
            let message = "candidates share nothing while each has a draw of its own; it needs \
                           score.seed_mode = \"common\"";
            return Err(Invalid { path: "run.prefix_memory", message: message.to_owned() });
        }
        self.check_initial()
    }

    fn check_objectives(&self) -> Result<(), Invalid> {
        for cost in self.search.minimise.costs() {
            let Some(table) = cost.table() else { continue };
            if self.budget.latencies()[table].is_none() {
                let message = format!(
                    "{cost} is known by a table alone; budget.{cost} names one, such as \
                     {{ table = \"v100\" }}"
                );
                return Err(Invalid { path: "search.minimise", message });
            }
        }
        Ok(())
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
        for (path, ratio) in [
            ("space.bottleneck_ratio_min", space.bottleneck_ratio_min),
            ("space.out_ratio_max", space.out_ratio_max),
        ] {
            ratio.map_or(Ok(()), |ratio| positive(path, ratio))?;
        }
        // Below 1 nothing could keep its width, and a strided net of many stages none at all.
        in_range("space.out_ratio_max", space.out_ratio_max.unwrap_or(1.0), 1.0, f64::MAX)?;
        in_range("space.stage_depth_max", space.stage_depth_max.unwrap_or(1), 1, 4_096)?;
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
        if let Some(block) = initial.blocks().iter().find(|block| !block.kind.is_searchable()) {
            let message = format!(
                "no space has {}: a search starts from the blocks of Zen-NAS (SuperConv…, SuperRes…)",
                block.kind
            );
            return Err(Invalid { path, message });
        }
        let budgets = Budgets { latency_ms: [None; MOST_LATENCIES], ..self.budgets() };
        let (space, split) = (self.search_space(), initial.split_deep_blocks());
        if let Some(constraint) = space.constraints().broken(split.blocks()) {
            let message = format!(
                "the search must start within its constraints, but the initial structure breaks \
                 '{constraint}'"
            );
            return Err(Invalid { path, message });
        }
        let costs = costs(&split, space.net(), budgets.counting);
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
    if value > max {
        return Err(Invalid { path, message: format!("{value} is too large: {max} or less") });
    }
    // Asked so that what is no number is not let in.
    if value >= min {
        return Ok(());
    }
    Err(Invalid { path, message: format!("{value} is too small: {min} or more") })
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
