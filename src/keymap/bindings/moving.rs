//! Moving about: rows, panels, screens.

use super::{Binding, CANDIDATES, Context, Group, Intent, Key, ROW, SCREENS, SOME};
use crate::keymap::Tab;

/// Screens with a list of rows.
const LISTS: &[Context] = &[
    Context::Picker,
    Context::Form,
    Context::Search,
    Context::Population,
    Context::Diff,
    Context::Lab,
    Context::Log,
];

const ROW_KEYS: &[(Key, Intent)] = &[
    (Key::Up, Intent::Up),
    (Key::Down, Intent::Down),
    (Key::Char('k'), Intent::Up),
    (Key::Char('j'), Intent::Down),
];

pub(super) const ROWS: &[Binding] = &[
    Binding {
        keys: ROW_KEYS,
        short: "↑↓",
        shown: "↑ ↓  k j",
        label: "row",
        description: "row",
        group: Group::Move,
        contexts: LISTS,
        ..ROW
    },
    Binding {
        keys: ROW_KEYS,
        short: "↑↓",
        shown: "↑ ↓  k j",
        label: "block",
        description: "block",
        group: Group::Move,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "network",
        description: "its network",
        group: Group::Move,
        contexts: CANDIDATES,
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "its candidate",
        description: "its candidate",
        group: Group::Move,
        contexts: &[Context::Log],
        runs: SOME,
    },
    Binding {
        keys: &[(Key::Tab, Intent::NextPanel), (Key::BackTab, Intent::PreviousPanel)],
        short: "⇥",
        shown: "⇥ ⇤",
        label: "blocks, steps",
        description: "blocks or steps",
        group: Group::Move,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "with its parent",
        description: "step against parent",
        group: Group::Move,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Right, Intent::Into),
            (Key::Char('l'), Intent::Into),
            (Key::Left, Intent::OutOf),
            (Key::Char('h'), Intent::OutOf),
        ],
        short: "← →",
        shown: "← →  h l",
        label: "sub-layer",
        description: "sub-layer",
        group: Group::Move,
        contexts: &[Context::Network],
        ..ROW
    },
    Binding {
        keys: &[(Key::Tab, Intent::NextPanel), (Key::BackTab, Intent::PreviousPanel)],
        short: "⇥",
        shown: "⇥ ⇤",
        label: "panel",
        description: "next panel",
        group: Group::Move,
        contexts: &[Context::Search, Context::Population],
        runs: SOME,
    },
    Binding {
        keys: &[
            (Key::PageUp, Intent::PageUp),
            (Key::PageDown, Intent::PageDown),
            (Key::Ctrl('u'), Intent::PageUp),
            (Key::Ctrl('d'), Intent::PageDown),
        ],
        shown: "PgUp PgDn",
        description: "page; also C-u, C-d",
        group: Group::Move,
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('g'), Intent::First),
            (Key::Home, Intent::First),
            (Key::Char('G'), Intent::Last),
            (Key::End, Intent::Last),
        ],
        shown: "g G",
        description: "first, last",
        group: Group::Move,
        contexts: &[
            Context::Picker,
            Context::Form,
            Context::Search,
            Context::Population,
            Context::Network,
            Context::Lab,
            Context::Log,
        ],
        ..ROW
    },
    Binding {
        keys: &[(Key::Home, Intent::First), (Key::End, Intent::Last)],
        shown: "Home End",
        description: "first, last",
        group: Group::Move,
        contexts: &[Context::Diff],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('1'), Intent::Show(Tab::Search)),
            (Key::Char('2'), Intent::Show(Tab::Population)),
            (Key::Char('3'), Intent::Show(Tab::Network)),
            (Key::Char('4'), Intent::Show(Tab::Diff)),
            (Key::Char('5'), Intent::Show(Tab::Setup)),
            (Key::Char('6'), Intent::Show(Tab::Lab)),
            (Key::Char('7'), Intent::Show(Tab::Log)),
        ],
        shown: "1 … 7",
        description: "the screens",
        group: Group::Move,
        contexts: SCREENS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        shown: "esc",
        description: "back, close the banner",
        group: Group::Move,
        contexts: &[
            Context::Picker,
            Context::Search,
            Context::Population,
            Context::Network,
            Context::Diff,
            Context::Lab,
            Context::Log,
        ],
        ..ROW
    },
];
