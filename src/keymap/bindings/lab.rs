//! Keys of the lab.

use super::{Binding, CANDIDATES, Context, Group, Intent, Key, ROW, SOME};

const LAB: &[Context] = &[Context::Lab];

pub(super) const ROWS: &[Binding] = &[
    Binding {
        keys: &[(Key::Char('r'), Intent::Experiment)],
        short: "r",
        shown: "r",
        label: "run it",
        description: "run it; ranking: this proxy",
        group: Group::Run,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('R'), Intent::Experiments)],
        short: "R",
        shown: "R",
        label: "the rest",
        description: "run what has no result",
        group: Group::Run,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('['), Intent::PreviousExperiment),
            (Key::Char(']'), Intent::NextExperiment),
            (Key::Left, Intent::PreviousExperiment),
            (Key::Right, Intent::NextExperiment),
        ],
        short: "[ ]",
        shown: "[ ]  ← →",
        label: "experiment",
        description: "another experiment here",
        group: Group::Move,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Tab, Intent::NextPanel), (Key::BackTab, Intent::PreviousPanel)],
        short: "⇥",
        shown: "⇥ ⇤",
        label: "panel",
        description: "next panel",
        group: Group::Move,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('b'), Intent::Benchmark)],
        short: "b",
        shown: "b",
        label: "benchmark",
        description: "trained nets to rank",
        group: Group::Settings,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('s'), Intent::Reseed)],
        short: "s",
        shown: "s",
        label: "seed",
        description: "another seed, for the next",
        group: Group::Settings,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('c'), Intent::EndExperiment)],
        short: "c",
        shown: "c",
        label: "cancel",
        description: "end what runs here",
        group: Group::Run,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('x'), Intent::Export)],
        short: "x",
        shown: "x",
        label: "export CSV",
        description: "its rows as CSV",
        group: Group::Charts,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('X'), Intent::SavePicture)],
        short: "X",
        shown: "X",
        label: "SVG",
        description: "its figures as SVG",
        group: Group::Charts,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('y'), Intent::CopyCommand)],
        short: "y",
        shown: "y",
        label: "copy",
        description: "copy its command",
        group: Group::Charts,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('z'), Intent::Zoom)],
        short: "z",
        shown: "z",
        label: "zoom",
        description: "this panel alone",
        group: Group::Charts,
        contexts: LAB,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('w'), Intent::Why)],
        short: "w",
        shown: "w",
        label: "why",
        description: "why it has its score",
        group: Group::Candidate,
        contexts: CANDIDATES,
        runs: SOME,
    },
];
