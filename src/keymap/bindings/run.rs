//! What a run can be told.

use super::{
    Binding, Context, Group, Intent, Key, LIVE, ROW, RUN_SCREENS, RunState, SOME, UNDER_WAY,
};

/// Screens of a run that are about something else.
const OTHER_SCREENS: &[Context] =
    &[Context::Population, Context::Network, Context::Diff, Context::Lab, Context::Log];
/// Where `r` runs nothing.
const WITHOUT_EXPERIMENTS: &[Context] =
    &[Context::Search, Context::Population, Context::Network, Context::Diff, Context::Log];

/// What is most wanted in a run's state.
pub(super) const FIRST: &[Binding] = &[
    Binding {
        keys: &[(Key::Char('p'), Intent::Resume), (Key::Char(' '), Intent::Resume)],
        short: "p",
        shown: "p space",
        label: "go on",
        description: "go on",
        group: Group::Run,
        contexts: RUN_SCREENS,
        runs: &[RunState::Paused],
    },
    Binding {
        keys: &[(Key::Char('r'), Intent::TryAgain)],
        short: "r",
        shown: "r",
        label: "try now",
        description: "to its host again, or to another one",
        group: Group::Run,
        contexts: WITHOUT_EXPERIMENTS,
        runs: &[RunState::Lost],
    },
    Binding {
        keys: &[(Key::Char('N'), Intent::NewSearch)],
        short: "N",
        shown: "N",
        label: "new search",
        description: "new search",
        group: Group::Run,
        contexts: &[Context::Search],
        runs: &[RunState::Finished, RunState::None, RunState::Lost],
    },
];

const PAUSE: Binding = Binding {
    keys: &[(Key::Char('p'), Intent::Pause), (Key::Char(' '), Intent::Pause)],
    short: "p",
    shown: "p space",
    label: "pause",
    description: "pause",
    group: Group::Run,
    contexts: &[Context::Search],
    runs: &[RunState::Running],
};

const STOP: Binding = Binding {
    keys: &[(Key::Char('S'), Intent::Stop)],
    short: "S",
    shown: "S",
    label: "stop and confirm",
    description: "stop and confirm",
    group: Group::Run,
    contexts: &[Context::Search],
    runs: LIVE,
};

const END_CONFIRMING: Binding = Binding {
    keys: &[(Key::Char('S'), Intent::Stop)],
    short: "S",
    shown: "S",
    label: "end confirming",
    description: "end the confirmation",
    group: Group::Run,
    contexts: &[Context::Search],
    runs: &[RunState::Confirming],
};

const TUNE: Binding = Binding {
    keys: &[(Key::Char('t'), Intent::Tune)],
    short: "t",
    shown: "t",
    label: "tune",
    description: "change its settings",
    group: Group::Run,
    contexts: &[Context::Search],
    runs: LIVE,
};

/// On the screen that is about the run.
pub(super) const SEARCH: &[Binding] = &[TUNE, PAUSE, STOP, END_CONFIRMING];

/// On the others.
pub(super) const REST: &[Binding] = &[
    Binding { contexts: OTHER_SCREENS, ..TUNE },
    Binding {
        keys: &[(Key::Char('u'), Intent::Untune)],
        short: "u",
        shown: "u",
        description: "undo the last tuning",
        group: Group::Run,
        contexts: RUN_SCREENS,
        runs: LIVE,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('K'), Intent::Checkpoint)],
        short: "K",
        shown: "K",
        description: "write down where it is",
        group: Group::Run,
        contexts: RUN_SCREENS,
        runs: LIVE,
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('d'), Intent::Detach)],
        short: "d",
        shown: "d",
        label: "detach",
        description: "leave; the run goes on",
        group: Group::Run,
        // Elsewhere it compares; q leaves everywhere.
        contexts: &[Context::Log],
        runs: UNDER_WAY,
    },
    Binding {
        keys: &[(Key::Char('Q'), Intent::StopAndLeave)],
        short: "Q",
        shown: "Q",
        description: "stop the run and leave",
        group: Group::Run,
        contexts: RUN_SCREENS,
        runs: UNDER_WAY,
        ..ROW
    },
    Binding { contexts: OTHER_SCREENS, ..PAUSE },
    Binding { contexts: OTHER_SCREENS, ..STOP },
    Binding { contexts: OTHER_SCREENS, ..END_CONFIRMING },
    Binding {
        keys: &[(Key::Char('c'), Intent::Cumulative)],
        short: "c",
        shown: "c",
        label: "cumulative",
        description: "cumulative scores",
        group: Group::Charts,
        contexts: &[Context::Search],
        runs: LIVE,
    },
    Binding {
        keys: &[(Key::Char('X'), Intent::LogX)],
        short: "X",
        shown: "X",
        label: "log x",
        description: "log axis of iterations",
        group: Group::Charts,
        contexts: &[Context::Search],
        runs: LIVE,
    },
    Binding {
        keys: &[(Key::Char('z'), Intent::Zoom)],
        short: "z",
        shown: "z",
        label: "zoom",
        description: "this panel alone",
        group: Group::Charts,
        contexts: &[Context::Search],
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Char('f'), Intent::Follow)],
        shown: "f",
        description: "stay on the best",
        group: Group::Candidate,
        contexts: &[Context::Search],
        runs: SOME,
        ..ROW
    },
];
