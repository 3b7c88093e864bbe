//! Keys of single screens.

use super::{Binding, CANDIDATES, Context, Group, Intent, Key, ROW, SOME};

pub(super) const ROWS: &[Binding] = &[
    Binding {
        keys: &[
            (Key::Enter, Intent::Enter),
            (Key::Right, Intent::Enter),
            (Key::Char('l'), Intent::Enter),
        ],
        short: "⏎",
        shown: "⏎ → l",
        label: "look it over",
        description: "the preset's settings",
        group: Group::Move,
        contexts: &[Context::Picker],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('o'), Intent::OpenFile)],
        short: "o",
        shown: "o",
        label: "open a file",
        description: "open a preset's file",
        group: Group::Settings,
        contexts: &[Context::Picker],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Start), (Key::Char('r'), Intent::Start)],
        short: "⏎",
        shown: "⏎ r",
        label: "start",
        description: "start the search",
        group: Group::Run,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('s'), Intent::Solve)],
        short: "s",
        shown: "s",
        label: "solve",
        description: "the proven optimum",
        group: Group::Run,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('e'), Intent::Edit),
            (Key::Right, Intent::NextValue),
            (Key::Char('l'), Intent::NextValue),
            (Key::Char(' '), Intent::NextValue),
            (Key::Left, Intent::PreviousValue),
            (Key::Char('h'), Intent::PreviousValue),
        ],
        short: "e",
        shown: "e ← →",
        label: "edit",
        description: "edit, or another value",
        group: Group::Settings,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('u'), Intent::Undo)],
        short: "u",
        shown: "u",
        label: "undo",
        description: "undo the last change",
        group: Group::Settings,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Tab, Intent::NextPanel), (Key::BackTab, Intent::PreviousPanel)],
        short: "⇥",
        shown: "⇥ ⇤",
        label: "presets, form, TOML",
        description: "presets, form, TOML",
        group: Group::Move,
        contexts: &[Context::Form, Context::Picker, Context::Toml],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('w'), Intent::Save)],
        short: "w",
        shown: "w",
        label: "save",
        description: "save the preset",
        group: Group::Settings,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('W'), Intent::SaveAs)],
        short: "W",
        shown: "W",
        label: "save as",
        description: "save it under a name",
        group: Group::Settings,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('='), Intent::Compare)],
        short: "=",
        shown: "=",
        label: "compare",
        description: "against what it extends",
        group: Group::Settings,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('m'), Intent::Measure)],
        shown: "m",
        description: "measure the rate here",
        group: Group::Run,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('n'), Intent::NewPreset)],
        short: "n",
        shown: "n",
        label: "new",
        description: "new, over this one",
        group: Group::Settings,
        contexts: &[Context::Picker],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('D'), Intent::DuplicatePreset)],
        short: "D",
        shown: "D",
        label: "duplicate",
        description: "a copy of this one",
        group: Group::Settings,
        contexts: &[Context::Picker],
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "form",
        description: "back to the form",
        group: Group::Move,
        contexts: &[Context::Toml],
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "presets",
        description: "back to the presets",
        group: Group::Move,
        contexts: &[Context::Form],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('<'), Intent::SortLeft), (Key::Char('>'), Intent::SortRight)],
        short: "< >",
        shown: "< >",
        label: "sort",
        description: "sort by another column",
        group: Group::Move,
        contexts: &[Context::Population],
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('r'), Intent::Reverse)],
        shown: "r",
        description: "the other way round",
        group: Group::Move,
        contexts: &[Context::Population],
        runs: SOME,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('/'), Intent::Filter)],
        short: "/",
        shown: "/",
        label: "filter",
        description: "filter: score>120",
        group: Group::Move,
        contexts: &[Context::Population],
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('/'), Intent::Filter)],
        short: "/",
        shown: "/",
        label: "filter",
        description: "filter: kind:best",
        group: Group::Move,
        contexts: &[Context::Log],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('m'), Intent::Mark)],
        short: "m",
        shown: "m",
        label: "mark",
        description: "mark, for the export",
        group: Group::Candidate,
        contexts: CANDIDATES,
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('a'), Intent::PinA), (Key::Char('b'), Intent::PinB)],
        short: "a b",
        shown: "a b",
        label: "pin A, B",
        description: "pin as A, as B",
        group: Group::Candidate,
        contexts: CANDIDATES,
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('d'), Intent::Diff)],
        short: "d",
        shown: "d",
        label: "diff",
        description: "against the best",
        group: Group::Candidate,
        contexts: &[Context::Search, Context::Population, Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('o'), Intent::OpenNet), (Key::Char('v'), Intent::OpenNet)],
        short: "o",
        shown: "o v",
        label: "open any",
        description: "any net, or a string",
        group: Group::Candidate,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('['), Intent::PreviousNet), (Key::Char(']'), Intent::NextNet)],
        short: "[ ]",
        shown: "[ ]",
        label: "candidate",
        description: "another candidate",
        group: Group::Candidate,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('s'), Intent::Share)],
        short: "s",
        shown: "s",
        label: "share of",
        description: "what the bars show",
        group: Group::Charts,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('z'), Intent::Unfold)],
        short: "z",
        shown: "z",
        label: "unfold",
        description: "unfold sub-layers",
        group: Group::Charts,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('a'), Intent::PinA), (Key::Char('b'), Intent::PinB)],
        short: "a b",
        shown: "a b",
        label: "choose A, B",
        description: "choose A, choose B",
        group: Group::Candidate,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('s'), Intent::Swap)],
        short: "s",
        shown: "s",
        label: "swap",
        description: "swap A and B",
        group: Group::Candidate,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('P'), Intent::Parent),
            (Key::Char('G'), Intent::Grandparent),
            (Key::Char('I'), Intent::Initial),
        ],
        short: "P G I",
        shown: "P G I",
        label: "parent, grandparent, initial",
        description: "relatives of B as A",
        group: Group::Candidate,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('y'), Intent::Copy)],
        short: "y",
        shown: "y",
        label: "copy",
        description: "copy its structure",
        group: Group::Candidate,
        contexts: &[
            Context::Search,
            Context::Population,
            Context::Network,
            Context::Diff,
            Context::Log,
        ],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('x'), Intent::Export)],
        short: "x",
        shown: "x",
        label: "export",
        description: "export it, or marked",
        group: Group::Candidate,
        contexts: &[Context::Search, Context::Population, Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('f'), Intent::Axis)],
        short: "f",
        shown: "f",
        label: "x axis",
        description: "another x axis",
        group: Group::Charts,
        contexts: &[Context::Population],
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('f'), Intent::Follow)],
        short: "f",
        shown: "f",
        label: "follow",
        description: "stay on the newest",
        group: Group::Move,
        contexts: &[Context::Log],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('w'), Intent::Save)],
        short: "w",
        shown: "w",
        label: "save as text",
        description: "save as text",
        group: Group::Zendo,
        contexts: &[Context::Log],
        ..ROW
    },
];
