//! The keys of a preset file, by section. Must not know what they mean. Invariant: in step with the
//! types of the preset, which a test holds them to.

/// Of each latency budget.
const LATENCY: &[&str] = &["table", "ms", "batch"];

/// Every key of the schema by section.
pub(super) const SCHEMA: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "version",
            "extends",
            "about",
            "published",
            "space",
            "budget",
            "search",
            "score",
            "screen",
            "confirm",
            "run",
        ],
    ),
    (
        "space",
        &[
            "families",
            "kernels",
            "expansions",
            "kernel_weights",
            "width_factors",
            "width_min",
            "width_max",
            "width_multiple",
            "depth_steps",
            "fixed",
            "bottleneck_ratio_min",
            "non_decreasing",
            "out_ratio_max",
            "stage_depth_max",
            "initial",
            "resolution",
            "classes",
            "se",
        ],
    ),
    (
        "budget",
        &["params", "flops", "layers", "activation", "counting", "latency", "latency2", "latency3"],
    ),
    ("budget.latency", LATENCY),
    ("budget.latency2", LATENCY),
    ("budget.latency3", LATENCY),
    (
        "search",
        &[
            "iterations",
            "max_scored",
            "population",
            "mutations",
            "pipeline",
            "seed",
            "dedup",
            "tournament",
            "small_moves",
            "repair",
            "climb",
            "polish",
            "minimise",
            "seed_with",
        ],
    ),
    (
        "score",
        &[
            "proxy",
            "definition",
            "batch",
            "resolution",
            "alpha",
            "repeats",
            "seed_mode",
            "elites",
            "elite_scores",
        ],
    ),
    ("screen", &["keep", "window", "floor"]),
    ("confirm", &["best", "repeats", "proxy", "batch"]),
    ("run", &["workers", "device", "kernels", "prefix_memory", "optimum"]),
];

/// Where a key stands among all.
pub(super) fn order(key: &str) -> (usize, usize) {
    let (section, field) = key.rsplit_once('.').unwrap_or(("", key));
    let at = SCHEMA.iter().position(|(name, _)| *name == section).unwrap_or(SCHEMA.len());
    let keys = SCHEMA.get(at).map_or(&[][..], |(_, keys)| keys);
    (at, keys.iter().position(|known| *known == field).unwrap_or(keys.len()))
}
