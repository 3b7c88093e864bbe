//! The settings that a running search can be tuned by, the most wanted first. Must not know how they are
//! changed. Invariant: they are the form's fields that [`is_tunable`](crate::run::is_tunable), each once.

/// A row of the Tune panel.
#[derive(Clone, Copy, Debug)]
pub struct TuneRow {
    pub key: &'static str,
    /// Said without the form's sections.
    pub label: &'static str,
}

const fn row(key: &'static str, label: &'static str) -> TuneRow {
    TuneRow { key, label }
}

pub const ROWS: &[TuneRow] = &[
    row("search.population", "population"),
    row("budget.params", "max params"),
    row("budget.flops", "max FLOPs"),
    row("budget.layers", "max depth"),
    row("budget.latency.ms", "max latency, ms"),
    row("budget.latency2.ms", "second latency, ms"),
    row("search.mutations", "mutations per child"),
    row("space.width_min", "least width"),
    row("space.width_max", "most width"),
    row("space.kernels", "kernels"),
    row("screen.keep", "screen keeps"),
    row("score.repeats", "repeats"),
    row("run.workers", "workers"),
    row("search.iterations", "iterations"),
    row("search.max_scored", "max scored"),
    row("budget.activation", "max activation"),
    row("space.families", "blocks"),
    row("space.expansions", "expansions"),
    row("space.kernel_weights", "kernel weights"),
    row("space.width_factors", "width factors"),
    row("space.width_multiple", "widths in steps of"),
    row("space.depth_steps", "depth steps"),
    row("space.fixed", "left alone"),
    row("space.bottleneck_ratio_min", "bottleneck ≥ out ×"),
    row("space.out_ratio_max", "out ≤ in ×"),
    row("space.non_decreasing", "widths never fall"),
    row("space.stage_depth_max", "stage depth"),
    row("search.minimise", "minimises too"),
    row("search.tournament", "best of parents"),
    row("search.small_moves", "small moves"),
    row("search.repair", "shrink to budget"),
    row("search.dedup", "drop duplicates"),
    row("search.climb", "climb at the end"),
    row("search.polish", "polish at the end"),
    row("score.proxy", "proxy"),
    row("score.definition", "definition"),
    row("score.batch", "batch"),
    row("score.resolution", "resolution"),
    row("score.alpha", "perturbation α"),
    row("score.seed_mode", "draws"),
    row("score.elites", "elites scored again"),
    row("score.elite_scores", "scores an elite"),
    row("screen.window", "screen, of the last"),
    row("screen.floor", "screen, while τ ≥"),
    row("confirm.best", "finalists"),
    row("confirm.repeats", "draws a finalist"),
    row("confirm.proxy", "finalists judged by"),
    row("confirm.batch", "finalists' batch"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{run::is_tunable, tui::model::FIELDS};

    #[test]
    fn every_tunable_field_has_a_row() {
        let rows: BTreeSet<_> = ROWS.iter().map(|row| row.key).collect();
        let tunable: BTreeSet<_> =
            FIELDS.iter().map(|field| field.key).filter(|key| is_tunable(key)).collect();
        assert_eq!(rows, tunable);
        assert_eq!(rows.len(), ROWS.len());
    }
}
