//! The settings a form shows, as rows. Must not know how they are checked: presets do that.

use crate::{arch::Counting, score::Definition, space::Preset, tui::format};

/// A value as it is shown and as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Count(u64),
    Size(u64),
    /// A name or a number that takes no commas.
    Plain(String),
    Switch(&'static str),
}

impl Value {
    pub fn shown(&self) -> String {
        match self {
            Value::Count(n) => format::count(*n),
            Value::Size(n) => format::size(*n),
            Value::Plain(text) => text.clone(),
            Value::Switch(word) => (*word).to_owned(),
        }
    }

    pub fn typed(&self) -> String {
        match self {
            Value::Count(n) | Value::Size(n) => format::count(*n),
            Value::Plain(text) => text.clone(),
            Value::Switch(word) => (*word).to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Budgets,
    Shapes,
    Search,
    Scoring,
    Confirmation,
    Run,
}

impl Section {
    pub fn title(self) -> &'static str {
        match self {
            Section::Budgets => "Budgets",
            Section::Shapes => "Shapes",
            Section::Search => "Search",
            Section::Scoring => "Scoring",
            Section::Confirmation => "Confirmation",
            Section::Run => "Run",
        }
    }
}

/// How a field is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number; suffixes as in sizes are understood.
    Whole,
    Size,
    Word,
    /// One of these, as a preset spells them, with the word shown.
    Choice(&'static [(&'static str, &'static str)]),
}

#[derive(Debug)]
pub struct Field {
    /// As `--set` takes it.
    pub key: &'static str,
    pub label: &'static str,
    pub section: Section,
    pub kind: Kind,
    /// Range or meaning.
    pub hint: &'static str,
    /// What stands in place of no value, with its hint.
    pub empty: &'static str,
    pub read: fn(&Preset) -> Option<Value>,
}

const YES_NO: &[(&str, &str)] = &[("true", "yes"), ("false", "no")];
const COUNTINGS: &[(&str, &str)] = &[("exact", "exact"), ("reference", "reference")];
const DEFINITIONS: &[(&str, &str)] =
    &[("paper", "paper"), ("table", "table"), ("reference", "reference")];
const KERNELS: &[(&str, &str)] = &[
    ("auto", "auto"),
    ("avx512", "avx512"),
    ("avx2", "avx2"),
    ("portable", "portable"),
    ("graph", "graph"),
];

/// A test holds them to the registry's.
const PROXIES: &[(&str, &str)] =
    &[("zen", "zen"), ("zen-analytic", "zen-analytic"), ("zen-estimate", "zen-estimate")];

fn count(value: impl TryInto<u64>) -> Option<Value> {
    value.try_into().ok().map(Value::Count)
}

pub const FIELDS: &[Field] = &[
    Field {
        key: "budget.params",
        label: "params",
        section: Section::Budgets,
        kind: Kind::Size,
        hint: "at most",
        empty: "no limit",
        read: |p| p.budget.params.map(|s| Value::Size(s.0)),
    },
    Field {
        key: "budget.flops",
        label: "FLOPs",
        section: Section::Budgets,
        kind: Kind::Size,
        hint: "at most",
        empty: "no limit",
        read: |p| p.budget.flops.map(|s| Value::Size(s.0)),
    },
    Field {
        key: "budget.layers",
        label: "depth",
        section: Section::Budgets,
        kind: Kind::Whole,
        hint: "sub-layers",
        empty: "no limit",
        read: |p| p.budget.layers.and_then(count),
    },
    Field {
        key: "budget.activation",
        label: "activation",
        section: Section::Budgets,
        kind: Kind::Size,
        hint: "bytes",
        empty: "no limit",
        read: |p| p.budget.activation.map(|s| Value::Size(s.0)),
    },
    Field {
        key: "budget.counting",
        label: "counting",
        section: Section::Budgets,
        kind: Kind::Choice(COUNTINGS),
        hint: "exact, reference",
        empty: "",
        read: |p| {
            let counting: Counting = p.budget.counting;
            Some(Value::Switch(counting.name()))
        },
    },
    Field {
        key: "space.bottleneck_ratio_min",
        label: "bottleneck ≥ out ×",
        section: Section::Shapes,
        kind: Kind::Word,
        hint: "such as 0.125",
        empty: "no limit",
        read: |p| p.space.bottleneck_ratio_min.map(|ratio| Value::Plain(ratio.to_string())),
    },
    Field {
        key: "space.out_ratio_max",
        label: "out ≤ in ×",
        section: Section::Shapes,
        kind: Kind::Word,
        hint: "1 or more",
        empty: "no limit",
        read: |p| p.space.out_ratio_max.map(|ratio| Value::Plain(ratio.to_string())),
    },
    Field {
        key: "space.non_decreasing",
        label: "widths never fall",
        section: Section::Shapes,
        kind: Kind::Choice(YES_NO),
        hint: "yes, no",
        empty: "",
        read: |p| Some(Value::Switch(if p.space.non_decreasing { "yes" } else { "no" })),
    },
    Field {
        key: "space.stage_depth_max",
        label: "stage depth",
        section: Section::Shapes,
        kind: Kind::Whole,
        hint: "sub-layers",
        empty: "no limit",
        read: |p| p.space.stage_depth_max.and_then(count),
    },
    Field {
        key: "search.iterations",
        label: "iterations",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "proposals",
        empty: "",
        read: |p| count(p.search.iterations),
    },
    Field {
        key: "search.max_scored",
        label: "max scored",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "ends it earlier",
        empty: "no limit",
        read: |p| p.search.max_scored.and_then(count),
    },
    Field {
        key: "search.population",
        label: "population",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "2–65,536",
        empty: "",
        read: |p| count(p.search.population),
    },
    Field {
        key: "search.mutations",
        label: "mutations per child",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "1–8",
        empty: "",
        read: |p| count(p.search.mutations),
    },
    Field {
        key: "search.pipeline",
        label: "told after",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "scores, 1–4,096",
        empty: "",
        read: |p| count(p.search.pipeline),
    },
    Field {
        key: "search.seed",
        label: "seed",
        section: Section::Search,
        kind: Kind::Word,
        hint: "0 or more",
        empty: "",
        read: |p| Some(Value::Plain(p.search.seed.to_string())),
    },
    Field {
        key: "search.dedup",
        label: "drop duplicates",
        section: Section::Search,
        kind: Kind::Choice(YES_NO),
        hint: "yes, no",
        empty: "",
        read: |p| Some(Value::Switch(if p.search.dedup { "yes" } else { "no" })),
    },
    Field {
        key: "search.tournament",
        label: "best of parents",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "1 is uniform",
        empty: "",
        read: |p| count(p.search.tournament),
    },
    Field {
        key: "search.small_moves",
        label: "small moves",
        section: Section::Search,
        kind: Kind::Word,
        hint: "share, 0–1",
        empty: "",
        read: |p| Some(Value::Plain(p.search.small_moves.to_string())),
    },
    Field {
        key: "search.repair",
        label: "shrink to budget",
        section: Section::Search,
        kind: Kind::Choice(YES_NO),
        hint: "yes, no",
        empty: "",
        read: |p| Some(Value::Switch(if p.search.repair { "yes" } else { "no" })),
    },
    Field {
        key: "search.climb",
        label: "climb at the end",
        section: Section::Search,
        kind: Kind::Whole,
        hint: "0–64 of the best",
        empty: "",
        read: |p| count(p.search.climb),
    },
    Field {
        key: "score.proxy",
        label: "proxy",
        section: Section::Scoring,
        kind: Kind::Choice(PROXIES),
        hint: "→ the next of 3",
        empty: "",
        read: |p| Some(Value::Plain(p.score.proxy.clone())),
    },
    Field {
        key: "score.definition",
        label: "definition",
        section: Section::Scoring,
        kind: Kind::Choice(DEFINITIONS),
        hint: "→ the next of 3",
        empty: "",
        read: |p| {
            let definition: Definition = p.score.definition;
            Some(Value::Switch(definition.name()))
        },
    },
    Field {
        key: "score.batch",
        label: "batch",
        section: Section::Scoring,
        kind: Kind::Whole,
        hint: "1–4,096",
        empty: "",
        read: |p| count(p.score.batch),
    },
    Field {
        key: "score.resolution",
        label: "resolution",
        section: Section::Scoring,
        kind: Kind::Whole,
        hint: "1–4,096 px",
        empty: "",
        read: |p| count(p.score_resolution()),
    },
    Field {
        key: "score.repeats",
        label: "repeats",
        section: Section::Scoring,
        kind: Kind::Whole,
        hint: "draws, 1–1,000",
        empty: "",
        read: |p| count(p.score.repeats),
    },
    Field {
        key: "score.elites",
        label: "elites scored again",
        section: Section::Scoring,
        kind: Kind::Whole,
        hint: "of the best",
        empty: "",
        read: |p| count(p.score.elites),
    },
    Field {
        key: "screen.keep",
        label: "screen keeps",
        section: Section::Scoring,
        kind: Kind::Word,
        hint: "share, 1 is all",
        empty: "",
        read: |p| Some(Value::Plain(p.screen.keep.to_string())),
    },
    Field {
        key: "confirm.best",
        label: "of the best",
        section: Section::Confirmation,
        kind: Kind::Whole,
        hint: "0–1,000",
        empty: "",
        read: |p| count(p.confirm.best),
    },
    Field {
        key: "confirm.repeats",
        label: "fresh draws each",
        section: Section::Confirmation,
        kind: Kind::Whole,
        hint: "2–1,000",
        empty: "",
        read: |p| count(p.confirm.repeats),
    },
    Field {
        key: "run.workers",
        label: "workers",
        section: Section::Run,
        kind: Kind::Whole,
        hint: "1–1,024",
        empty: "one a core",
        read: |p| p.run.workers.and_then(count),
    },
    Field {
        key: "run.device",
        label: "device",
        section: Section::Run,
        kind: Kind::Word,
        hint: "auto cpu cuda:N",
        empty: "",
        read: |p| Some(Value::Plain(p.run.device.clone())),
    },
    Field {
        key: "run.kernels",
        label: "kernels",
        section: Section::Run,
        kind: Kind::Choice(KERNELS),
        hint: "→ the next of 5",
        empty: "",
        read: |p| Some(Value::Plain(p.run.kernels.clone())),
    },
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
