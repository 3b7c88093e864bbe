//! The rows. A new key is a new row. The footer shows them in this order, as far as they fit.

mod lab;
mod moving;
mod overlays;
mod run;
mod screens;

use super::{Binding, Context, Group, Intent, Key, RunState};

/// Screens of a run.
const RUN_SCREENS: &[Context] = &[
    Context::Search,
    Context::Population,
    Context::Network,
    Context::Diff,
    Context::Lab,
    Context::Log,
];
/// Whatever is no overlay and no text.
const SCREENS: &[Context] = &[
    Context::Picker,
    Context::Form,
    Context::Search,
    Context::Population,
    Context::Network,
    Context::Diff,
    Context::Lab,
    Context::Log,
];
/// Where a candidate is selected.
const CANDIDATES: &[Context] = &[Context::Search, Context::Population];

/// Whatever the run does, none included.
const ANY: &[RunState] = &RunState::ALL;
/// There is a run.
const SOME: &[RunState] = &[
    RunState::Running,
    RunState::Paused,
    RunState::Confirming,
    RunState::Finished,
    RunState::Lost,
];
/// There is one, and its host is heard.
const HEARD: &[RunState] =
    &[RunState::Running, RunState::Paused, RunState::Confirming, RunState::Finished];
/// It goes on.
const UNDER_WAY: &[RunState] = &[RunState::Running, RunState::Paused, RunState::Confirming];
/// Something is proposed, or could be.
const LIVE: &[RunState] = &[RunState::Running, RunState::Paused];

/// A row that says nothing yet.
const ROW: Binding = Binding {
    keys: &[],
    short: "",
    shown: "",
    label: "",
    description: "",
    group: Group::Zendo,
    contexts: &[],
    runs: ANY,
};

/// Every key.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    [
        run::FIRST,
        moving::ROWS,
        run::SEARCH,
        screens::ROWS,
        lab::ROWS,
        run::REST,
        overlays::ROWS,
        LAST,
        std::slice::from_ref(&HELP),
    ]
    .into_iter()
    .flatten()
}

const LAST: &[Binding] = &[
    Binding {
        keys: &[(Key::Char(':'), Intent::Palette)],
        short: ":",
        shown: ":",
        label: "actions",
        description: "find an action",
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('T'), Intent::Theme)],
        short: "T",
        shown: "T",
        description: "choose the theme",
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('M'), Intent::Mouse)],
        shown: "M",
        description: "the mouse, on or off",
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('q'), Intent::Quit), (Key::Ctrl('c'), Intent::Quit)],
        short: "q",
        shown: "q C-c",
        label: "leave",
        description: "leave",
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('L'), Intent::Runs)],
        short: "L",
        shown: "L",
        label: "runs",
        description: "kept runs",
        group: Group::Run,
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Ctrl('c'), Intent::Quit)],
        shown: "C-c",
        description: "leave",
        contexts: &[
            Context::Path,
            Context::Edit,
            Context::Toml,
            Context::Filter,
            Context::Benchmark,
            Context::LogFilter,
            Context::Net,
            Context::Export,
            Context::Stop,
            Context::Solve,
            Context::Palette,
            Context::Theme,
            Context::Runs,
            Context::ComparedRuns,
            Context::Tune,
            Context::TuneEdit,
            Context::Help,
        ],
        ..ROW
    },
    Binding {
        keys: &[(Key::Ctrl('l'), Intent::Redraw)],
        shown: "C-l",
        description: "draw afresh",
        contexts: &Context::ALL,
        ..ROW
    },
    Binding {
        keys: &[(Key::Ctrl('z'), Intent::Suspend)],
        shown: "C-z",
        description: "suspend",
        contexts: &Context::ALL,
        ..ROW
    },
];

/// Always in the footer, whatever fits.
const HELP: Binding = Binding {
    keys: &[(Key::Char('?'), Intent::Help)],
    short: "?",
    shown: "?",
    label: "keys",
    description: "all keys of a screen",
    contexts: SCREENS,
    ..ROW
};
