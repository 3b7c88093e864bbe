//! The settings that the form shows, in its order. Must not know how they are checked: presets do that.
//! Invariant: a key is a key of the schema and stands once; a section's rows stand together.

use super::fields::{Field, Kind, Section, Value};
use crate::{
    arch::Counting,
    score::Definition,
    space::{LatencyBudget, Preset, SeedMode, SeedWith},
};

const YES_NO: &[(&str, &str)] = &[("true", "yes"), ("false", "no")];
const COUNTINGS: &[(&str, &str)] = &[("exact", "exact"), ("reference", "reference")];
const DEFINITIONS: &[(&str, &str)] =
    &[("paper", "paper"), ("table", "table"), ("reference", "reference")];
const KERNELS: &[(&str, &str)] = &[
    ("auto", "auto"),
    ("avx512", "avx512"),
    ("avx2", "avx2"),
    ("portable", "portable"),
    ("cuda", "cuda"),
    ("graph", "graph"),
];

const SEED_MODES: &[(&str, &str)] = &[("fresh", "fresh"), ("common", "common")];
/// Nothing said is the initial structure.
const SEEDS: &[(&str, &str)] = &[("", "–"), ("optimum", "optimum")];

/// A test holds them to the registry's.
pub(super) const PROXIES: &[(&str, &str)] = &[
    ("zen", "zen"),
    ("zen-analytic", "zen-analytic"),
    ("zen-estimate", "zen-estimate"),
    ("phi", "phi"),
    ("naswot", "naswot"),
    ("linear-regions", "linear-regions"),
    ("ntk", "ntk"),
    ("te", "te"),
    ("grad-norm", "grad-norm"),
    ("synflow", "synflow"),
    ("entropy", "entropy"),
    ("flops", "flops"),
    ("params", "params"),
    ("random", "random"),
];

fn count(value: impl TryInto<u64>) -> Option<Value> {
    value.try_into().ok().map(Value::Count)
}

fn yes_no(is: bool) -> Option<Value> {
    Some(Value::Switch(if is { "yes" } else { "no" }))
}

/// None for none.
fn list<T>(items: &[T], shown: impl Fn(&T) -> String) -> Option<Value> {
    let shown: Vec<String> = items.iter().map(shown).collect();
    (!shown.is_empty()).then(|| Value::Plain(shown.join(" ")))
}

fn latency_ms(latency: &Option<LatencyBudget>) -> Option<Value> {
    latency.as_ref()?.ms.map(|ms| Value::Plain(ms.to_string()))
}

fn latency_table(latency: &Option<LatencyBudget>) -> Option<Value> {
    latency.as_ref()?.table.clone().map(Value::Plain)
}

/// Key, label, hint, and what stands in place of no value.
const fn row(
    section: Section,
    kind: Kind,
    [key, label, hint, empty]: [&'static str; 4],
    read: fn(&Preset) -> Option<Value>,
) -> Field {
    Field { key, label, section, kind, hint, empty, read }
}

pub const FIELDS: &[Field] = &[
    row(Section::Space, Kind::Words, ["space.families", "blocks", "KxKx K1KxK1 IDW", ""], |p| {
        list(&p.space.families, |f| format!("{f:?}").replace("Idw", "IDW"))
    }),
    row(Section::Space, Kind::Numbers, ["space.kernels", "kernels", "of 3 5 7", ""], |p| {
        list(&p.space.kernels, u32::to_string)
    }),
    row(
        Section::Space,
        Kind::Numbers,
        ["space.kernel_weights", "kernel weights", "one a kernel", "alike"],
        |p| list(&p.space.kernel_weights, u32::to_string),
    ),
    row(
        Section::Space,
        Kind::Numbers,
        ["space.expansions", "expansions", "IDW: of 1 2 4 6", ""],
        |p| list(&p.space.expansions, u32::to_string),
    ),
    row(Section::Space, Kind::Whole, ["space.width_min", "least width", "1 or more", ""], |p| {
        count(p.space.width_min)
    }),
    row(Section::Space, Kind::Whole, ["space.width_max", "most width", "≥ the least", ""], |p| {
        count(p.space.width_max)
    }),
    row(
        Section::Space,
        Kind::Whole,
        ["space.width_multiple", "widths in steps of", "1–1,024", ""],
        |p| count(p.space.width_multiple),
    ),
    row(
        Section::Space,
        Kind::Numbers,
        ["space.width_factors", "width factors", "one is drawn", ""],
        |p| list(&p.space.width_factors, f64::to_string),
    ),
    row(
        Section::Space,
        Kind::Numbers,
        ["space.depth_steps", "depth steps", "one is drawn", ""],
        |p| list(&p.space.depth_steps, i32::to_string),
    ),
    row(Section::Space, Kind::Words, ["space.fixed", "left alone", "first last", "none"], |p| {
        list(&p.space.fixed, |f| format!("{f:?}").to_lowercase())
    }),
    row(Section::Space, Kind::Whole, ["space.resolution", "image", "1–4,096 px", ""], |p| {
        count(p.space.resolution)
    }),
    row(Section::Space, Kind::Whole, ["space.classes", "classes", "1–1,000,000", ""], |p| {
        count(p.space.classes)
    }),
    row(
        Section::Space,
        Kind::Choice(YES_NO),
        ["space.se", "squeeze-excitation", "when trained", ""],
        |p| yes_no(p.space.se),
    ),
    row(Section::Space, Kind::Word, ["space.initial", "starts from", "a structure", ""], |p| {
        Some(Value::Plain(p.space.initial.clone()))
    }),
    row(Section::Budgets, Kind::Size, ["budget.params", "params", "at most", "no limit"], |p| {
        p.budget.params.map(|s| Value::Size(s.0))
    }),
    row(Section::Budgets, Kind::Size, ["budget.flops", "FLOPs", "at most", "no limit"], |p| {
        p.budget.flops.map(|s| Value::Size(s.0))
    }),
    row(
        Section::Budgets,
        Kind::Whole,
        ["budget.layers", "depth", "1–4,096 deep", "no limit"],
        |p| p.budget.layers.and_then(count),
    ),
    row(
        Section::Budgets,
        Kind::Size,
        ["budget.activation", "activation", "bytes", "no limit"],
        |p| p.budget.activation.map(|s| Value::Size(s.0)),
    ),
    row(
        Section::Budgets,
        Kind::Word,
        ["budget.latency.ms", "latency", "ms an image", "no limit"],
        |p| latency_ms(&p.budget.latency),
    ),
    row(
        Section::Budgets,
        Kind::Word,
        ["budget.latency.table", "by table", "a name or a file", "none"],
        |p| latency_table(&p.budget.latency),
    ),
    row(
        Section::Budgets,
        Kind::Word,
        ["budget.latency2.ms", "second latency", "ms an image", "no limit"],
        |p| latency_ms(&p.budget.latency2),
    ),
    row(
        Section::Budgets,
        Kind::Word,
        ["budget.latency2.table", "second table", "a name or a file", "none"],
        |p| latency_table(&p.budget.latency2),
    ),
    row(
        Section::Budgets,
        Kind::Choice(COUNTINGS),
        ["budget.counting", "counting", "exact, reference", ""],
        |p| {
            let counting: Counting = p.budget.counting;
            Some(Value::Switch(counting.name()))
        },
    ),
    row(
        Section::Shapes,
        Kind::Word,
        ["space.bottleneck_ratio_min", "bottleneck ≥ out ×", "such as 0.125", "no limit"],
        |p| p.space.bottleneck_ratio_min.map(|ratio| Value::Plain(ratio.to_string())),
    ),
    row(
        Section::Shapes,
        Kind::Word,
        ["space.out_ratio_max", "out ≤ in ×", "1 or more", "no limit"],
        |p| p.space.out_ratio_max.map(|ratio| Value::Plain(ratio.to_string())),
    ),
    row(
        Section::Shapes,
        Kind::Choice(YES_NO),
        ["space.non_decreasing", "widths never fall", "yes, no", ""],
        |p| yes_no(p.space.non_decreasing),
    ),
    row(
        Section::Shapes,
        Kind::Whole,
        ["space.stage_depth_max", "stage depth", "1–4,096 deep", "no limit"],
        |p| p.space.stage_depth_max.and_then(count),
    ),
    row(
        Section::Search,
        Kind::Whole,
        ["search.iterations", "iterations", "1–1,000,000,000", ""],
        |p| count(p.search.iterations),
    ),
    row(
        Section::Search,
        Kind::Whole,
        ["search.max_scored", "max scored", "ends it earlier", "no limit"],
        |p| p.search.max_scored.and_then(count),
    ),
    row(Section::Search, Kind::Whole, ["search.population", "population", "2–65,536", ""], |p| {
        count(p.search.population)
    }),
    row(
        Section::Search,
        Kind::Whole,
        ["search.mutations", "mutations per child", "1–8", ""],
        |p| count(p.search.mutations),
    ),
    row(
        Section::Search,
        Kind::Whole,
        ["search.pipeline", "told after", "scores, 1–4,096", ""],
        |p| count(p.search.pipeline),
    ),
    row(Section::Search, Kind::Word, ["search.seed", "seed", "0 or more", ""], |p| {
        Some(Value::Plain(p.search.seed.to_string()))
    }),
    row(
        Section::Search,
        Kind::Choice(YES_NO),
        ["search.dedup", "drop duplicates", "yes, no", ""],
        |p| yes_no(p.search.dedup),
    ),
    row(
        Section::Search,
        Kind::Words,
        ["search.minimise", "minimises too", "params flops …", "score alone"],
        |p| list(p.search.minimise.costs(), |cost| cost.name().to_owned()),
    ),
    row(
        Section::Search,
        Kind::Whole,
        ["search.tournament", "best of parents", "1–64, 1 uniform", ""],
        |p| count(p.search.tournament),
    ),
    row(
        Section::Search,
        Kind::Word,
        ["search.small_moves", "small moves", "share, 0–1", ""],
        |p| Some(Value::Plain(p.search.small_moves.to_string())),
    ),
    row(
        Section::Search,
        Kind::Choice(YES_NO),
        ["search.repair", "shrink to budget", "yes, no", ""],
        |p| yes_no(p.search.repair),
    ),
    row(
        Section::Search,
        Kind::Whole,
        ["search.climb", "climb at the end", "0–64 of the best", ""],
        |p| count(p.search.climb),
    ),
    row(
        Section::Search,
        Kind::Choice(YES_NO),
        ["search.polish", "polish at the end", "solves its shape", ""],
        |p| yes_no(p.search.polish),
    ),
    row(
        Section::Search,
        Kind::Choice(SEEDS),
        ["search.seed_with", "start from the", "optimum", "initial one"],
        |p| p.search.seed_with.map(|SeedWith::Optimum| Value::Switch("optimum")),
    ),
    row(
        Section::Scoring,
        Kind::Proxy(PROXIES),
        ["score.proxy", "proxy", "or zen=1,te=0.5", ""],
        |p| Some(Value::Plain(p.score.proxy.to_string())),
    ),
    row(
        Section::Scoring,
        Kind::Choice(DEFINITIONS),
        ["score.definition", "definition", "→ the next of 3", ""],
        |p| {
            let definition: Definition = p.score.definition;
            Some(Value::Switch(definition.name()))
        },
    ),
    row(Section::Scoring, Kind::Whole, ["score.batch", "batch", "1–4,096", ""], |p| {
        count(p.score.batch)
    }),
    row(
        Section::Scoring,
        Kind::Whole,
        ["score.resolution", "resolution", "1–4,096 px", ""],
        |p| count(p.score_resolution()),
    ),
    row(Section::Scoring, Kind::Whole, ["score.repeats", "repeats", "draws, 1–1,000", ""], |p| {
        count(p.score.repeats)
    }),
    row(Section::Scoring, Kind::Word, ["score.alpha", "perturbation α", "above 0", ""], |p| {
        Some(Value::Plain(p.score.alpha.to_string()))
    }),
    row(
        Section::Scoring,
        Kind::Choice(SEED_MODES),
        ["score.seed_mode", "draws", "fresh, common", ""],
        |p| {
            Some(Value::Switch(match p.score.seed_mode {
                SeedMode::Fresh => "fresh",
                SeedMode::Common => "common",
            }))
        },
    ),
    row(
        Section::Scoring,
        Kind::Whole,
        ["score.elites", "elites scored again", "0–65,536", ""],
        |p| count(p.score.elites),
    ),
    row(
        Section::Scoring,
        Kind::Whole,
        ["score.elite_scores", "scores an elite", "2–1,000", ""],
        |p| count(p.score.elite_scores),
    ),
    row(
        Section::Scoring,
        Kind::Word,
        ["screen.keep", "screen keeps", "0–1, 1 keeps all", ""],
        |p| Some(Value::Plain(p.screen.keep.to_string())),
    ),
    row(
        Section::Scoring,
        Kind::Whole,
        ["screen.window", "of the last children", "16–65,536", ""],
        |p| count(p.screen.window),
    ),
    row(
        Section::Scoring,
        Kind::Word,
        ["screen.floor", "while τ is at least", "-1–1", ""],
        |p| Some(Value::Plain(p.screen.floor.to_string())),
    ),
    row(
        Section::Confirmation,
        Kind::Whole,
        ["confirm.best", "of the best", "0–1,000", ""],
        |p| count(p.confirm.best),
    ),
    row(
        Section::Confirmation,
        Kind::Whole,
        ["confirm.repeats", "fresh draws each", "2–1,000", ""],
        |p| count(p.confirm.repeats),
    ),
    row(
        Section::Confirmation,
        Kind::Proxy(PROXIES),
        ["confirm.proxy", "judged by", "or zen=1,te=0.5", ""],
        |p| Some(Value::Plain(p.confirm.proxy.to_string())),
    ),
    row(
        Section::Confirmation,
        Kind::Whole,
        ["confirm.batch", "batch", "1–4,096", "as in the search"],
        |p| p.confirm.batch.and_then(count),
    ),
    row(Section::Run, Kind::Whole, ["run.workers", "workers", "1–1,024", "as fits"], |p| {
        p.run.workers.and_then(count)
    }),
    row(Section::Run, Kind::Word, ["run.device", "device", "auto cpu cuda:N", ""], |p| {
        Some(Value::Plain(p.run.device.clone()))
    }),
    row(
        Section::Run,
        Kind::Choice(KERNELS),
        ["run.kernels", "kernels", "→ the next of 6", ""],
        |p| Some(Value::Plain(p.run.kernels.clone())),
    ),
    row(
        Section::Run,
        Kind::Size,
        ["run.prefix_memory", "prefix memory", "16M or more", "none"],
        |p| p.run.prefix_memory.map(|s| Value::Size(s.0)),
    ),
    row(
        Section::Run,
        Kind::Choice(YES_NO),
        ["run.optimum", "prove the optimum", "beside the run", ""],
        |p| yes_no(p.run.optimum),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::KernelChoice;

    #[test]
    fn proxies_are_those_of_the_registry() {
        let known: Vec<_> = crate::proxy::names().collect();
        let offered: Vec<_> = PROXIES.iter().map(|(spelled, _)| *spelled).collect();
        assert_eq!(offered, known);
    }

    /// The form may not know `nn`, so this holds its words to those that a run takes.
    #[test]
    fn kernels_are_those_of_a_run() {
        for (spelled, shown) in KERNELS {
            assert_eq!(spelled, shown);
            spelled.parse::<KernelChoice>().expect("names kernels");
        }
        let error = "".parse::<KernelChoice>().expect_err("names none").to_string();
        let names: Vec<_> = KERNELS.iter().map(|(spelled, _)| *spelled).collect();
        assert!(error.contains(&format!("expected {};", names.join(", "))), "{error}");
    }
}
