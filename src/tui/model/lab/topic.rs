//! The experiments: what each asks, and what it is for, in words.

use crate::run::EXPERIMENTS;

/// An experiment, in the order of [`EXPERIMENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Rank,
    Agreement,
    Saturation,
    Noise,
    Why,
    Overflow,
    Rescaling,
    Theorem1,
}

impl Topic {
    pub const ALL: [Topic; EXPERIMENTS.len()] = [
        Topic::Rank,
        Topic::Agreement,
        Topic::Saturation,
        Topic::Noise,
        Topic::Why,
        Topic::Overflow,
        Topic::Rescaling,
        Topic::Theorem1,
    ];

    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        EXPERIMENTS[self as usize]
    }

    pub fn named(name: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// What it answers.
    pub fn question(self) -> &'static str {
        match self {
            Topic::Rank => "Does the score rank trained nets?",
            Topic::Agreement => "Does the analytic score agree?",
            Topic::Saturation => "Is the score saturated?",
            Topic::Noise => "How noisy is one draw?",
            Topic::Why => "Why has it this score?",
            Topic::Overflow => "Does Φ overflow?",
            Topic::Rescaling => "What do norms take away?",
            Topic::Theorem1 => "Is Zen the same as Φ?",
        }
    }

    /// What is held against what.
    pub fn measure(self) -> &'static str {
        match self {
            Topic::Rank => "Kendall τ with accuracy",
            Topic::Agreement => "measured against analytic",
            Topic::Saturation => "log Δ against α",
            Topic::Noise => "σ of one draw against batch",
            Topic::Why => "shares of score and costs",
            Topic::Overflow => "log Φ against depth",
            Topic::Rescaling => "log Φ against width",
            Topic::Theorem1 => "Zen − Φ against B·H·W",
        }
    }

    /// What it is for, where nothing was found yet.
    pub fn about(self) -> &'static str {
        match self {
            Topic::Rank => {
                "Proxies beside the trained accuracy of a benchmark's nets: NAS-Bench-Macro's JSON, or a CSV with \
                 the heads structure,accuracy. Parameters and FLOPs are always drawn beside."
            }
            Topic::Agreement => {
                "The population, by the closed form and by draws of the measured score: how alike they order it, \
                 and how well noise lets them."
            }
            Topic::Saturation => {
                "Where a net moves as far for a small change as for another image, the score is Σ log σ and a \
                 constant."
            }
            Topic::Noise => {
                "The deviation of one draw against the batch, and how many draws part two nets; pin A and B to \
                 choose them."
            }
            Topic::Why => {
                "The score layer by layer, what each block costs, the best single mutation within the budgets, and \
                 how far the proven optimum is."
            }
            Topic::Overflow => {
                "Stacks of plain convs without norms, in f32: the depth where Φ is no number any more, beside Φ with \
                 norms and Zen (paper, Fig. 2 a–c)."
            }
            Topic::Rescaling => {
                "The same against the width of hidden layers: what ranks is in the variances that norms take out \
                 (paper, Fig. 2 d–f)."
            }
            Topic::Theorem1 => {
                "How near Zen is to Φ, the more values a norm sees, beside the bound of the paper's Theorem 1."
            }
        }
    }

    pub(super) fn at(self) -> usize {
        self as usize
    }
}
