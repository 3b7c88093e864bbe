//! Keys while text is typed or something lies over a screen.

use super::{Binding, Context, Group, Intent, Key, ROW, UNDER_WAY};

const FIELDS: &[Context] = &[Context::Path, Context::Edit, Context::Benchmark, Context::Net];
const TUNING: &[Context] = &[Context::Tune, Context::TuneEdit];
const FILTERS: &[Context] = &[Context::Filter, Context::LogFilter];

pub(super) const ROWS: &[Binding] = &[
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "take it",
        description: "take what was typed",
        group: Group::Settings,
        contexts: FIELDS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "leave it as it was",
        description: "leave it as it was",
        group: Group::Settings,
        contexts: FIELDS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "keep it",
        description: "keep the filter",
        group: Group::Settings,
        contexts: FILTERS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "no filter",
        description: "no filter",
        group: Group::Settings,
        contexts: FILTERS,
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "do it",
        description: "do it",
        group: Group::Zendo,
        contexts: &[Context::Palette],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Up, Intent::Up),
            (Key::Down, Intent::Down),
            // Letters are text here; vi completes by these.
            (Key::Ctrl('p'), Intent::Up),
            (Key::Ctrl('n'), Intent::Down),
            (Key::PageUp, Intent::PageUp),
            (Key::PageDown, Intent::PageDown),
        ],
        short: "↑↓",
        shown: "↑ ↓ C-p C-n",
        label: "row",
        description: "row",
        group: Group::Move,
        contexts: &[Context::Palette, Context::Net, Context::TuneEdit],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Up, Intent::Up),
            (Key::Char('k'), Intent::Up),
            (Key::Down, Intent::Down),
            (Key::Char('j'), Intent::Down),
            (Key::PageUp, Intent::PageUp),
            (Key::PageDown, Intent::PageDown),
            (Key::Ctrl('u'), Intent::PageUp),
            (Key::Ctrl('d'), Intent::PageDown),
            (Key::Char('g'), Intent::First),
            (Key::Home, Intent::First),
            (Key::Char('G'), Intent::Last),
            (Key::End, Intent::Last),
        ],
        short: "↑↓",
        shown: "↑ ↓  k j",
        label: "row",
        description: "row",
        group: Group::Move,
        contexts: &[Context::Help, Context::Solve, Context::Theme, Context::Runs, Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "keep it",
        description: "keep the theme",
        group: Group::Settings,
        contexts: &[Context::Theme],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Esc, Intent::Back),
            (Key::Char('T'), Intent::Back),
            (Key::Char('q'), Intent::Back),
        ],
        short: "esc",
        shown: "esc T q",
        label: "as it was",
        description: "leave it as it was",
        group: Group::Settings,
        contexts: &[Context::Theme],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "look at it",
        description: "look at it, or watch it",
        group: Group::Run,
        contexts: &[Context::Runs],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('m'), Intent::Mark)],
        short: "m",
        shown: "m",
        label: "mark",
        description: "mark it, or not",
        group: Group::Run,
        contexts: &[Context::Runs],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('r'), Intent::TryAgain)],
        short: "r",
        shown: "r",
        label: "go on",
        description: "go on with one that was interrupted",
        group: Group::Run,
        contexts: &[Context::Runs],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('c'), Intent::CompareRuns)],
        short: "c",
        shown: "c",
        label: "compare",
        description: "compare two that are marked",
        group: Group::Run,
        contexts: &[Context::Runs],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Esc, Intent::Back),
            (Key::Char('L'), Intent::Back),
            (Key::Char('q'), Intent::Back),
        ],
        short: "esc",
        shown: "esc L q",
        label: "close",
        description: "close the list",
        group: Group::Zendo,
        contexts: &[Context::Runs],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Esc, Intent::Back),
            (Key::Char('c'), Intent::Back),
            (Key::Char('q'), Intent::Back),
        ],
        short: "esc",
        shown: "esc c q",
        label: "all runs",
        description: "back to all runs",
        group: Group::Zendo,
        contexts: &[Context::ComparedRuns],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Enter)],
        short: "⏎",
        shown: "⏎",
        label: "apply all",
        description: "apply all changes",
        group: Group::Run,
        contexts: TUNING,
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Char('-'), Intent::PreviousValue),
            (Key::Left, Intent::PreviousValue),
            (Key::Char('h'), Intent::PreviousValue),
            (Key::Char('+'), Intent::NextValue),
            (Key::Char('='), Intent::NextValue),
            (Key::Right, Intent::NextValue),
            (Key::Char('l'), Intent::NextValue),
        ],
        short: "- +",
        shown: "- +  ← →",
        label: "step",
        description: "a step down, up",
        group: Group::Settings,
        contexts: &[Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('e'), Intent::Edit)],
        short: "e",
        shown: "e",
        label: "edit",
        description: "edit it; digits do too",
        group: Group::Settings,
        contexts: &[Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[(Key::Backspace, Intent::Reset), (Key::Delete, Intent::Reset)],
        short: "⌫",
        shown: "⌫ Del",
        label: "reset",
        description: "as it is",
        group: Group::Settings,
        contexts: &[Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('u'), Intent::Untune)],
        short: "u",
        shown: "u",
        label: "undo last",
        description: "undo the last tuning",
        group: Group::Run,
        contexts: &[Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Esc, Intent::Back),
            (Key::Char('t'), Intent::Back),
            (Key::Char('q'), Intent::Back),
        ],
        short: "esc",
        shown: "esc t q",
        label: "close",
        description: "close, change nothing",
        group: Group::Zendo,
        contexts: &[Context::Tune],
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "leave it as it was",
        description: "leave it as it was",
        group: Group::Settings,
        contexts: &[Context::TuneEdit],
        ..ROW
    },
    Binding {
        keys: &[(Key::Enter, Intent::Start), (Key::Char('r'), Intent::Start)],
        short: "⏎",
        shown: "⏎ r",
        label: "start the search",
        description: "start the search",
        group: Group::Run,
        contexts: &[Context::Solve],
        ..ROW
    },
    Binding {
        keys: &[(Key::Tab, Intent::NextPanel), (Key::BackTab, Intent::PreviousPanel)],
        short: "⇥",
        shown: "⇥ ⇤",
        label: "by depth",
        description: "the best, or what each depth allows",
        group: Group::Move,
        contexts: &[Context::Solve],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('n'), Intent::ShowNetwork)],
        short: "n",
        shown: "n",
        label: "network",
        description: "its network",
        group: Group::Candidate,
        contexts: &[Context::Solve],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('y'), Intent::Copy)],
        short: "y",
        shown: "y",
        label: "copy",
        description: "copy its structure",
        group: Group::Candidate,
        contexts: &[Context::Solve],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('s'), Intent::ExportStructure)],
        short: "s",
        shown: "s",
        label: "structure",
        description: "structures",
        group: Group::Candidate,
        contexts: &[Context::Export],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('p'), Intent::ExportPyTorch)],
        short: "p",
        shown: "p",
        label: "PyTorch",
        description: "as a Python file",
        group: Group::Candidate,
        contexts: &[Context::Export],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('c'), Intent::ExportCsv)],
        short: "c",
        shown: "c",
        label: "CSV",
        description: "comma-separated values",
        group: Group::Candidate,
        contexts: &[Context::Export],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('j'), Intent::ExportJson)],
        short: "j",
        shown: "j",
        label: "JSON lines",
        description: "as JSON, a line each",
        group: Group::Candidate,
        contexts: &[Context::Export],
        ..ROW
    },
    Binding {
        keys: &[
            (Key::Esc, Intent::Back),
            (Key::Char('?'), Intent::Back),
            (Key::Char('q'), Intent::Back),
        ],
        short: "esc",
        shown: "? esc q",
        label: "close",
        description: "close this page",
        group: Group::Zendo,
        contexts: &[Context::Help],
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back)],
        short: "esc",
        shown: "esc",
        label: "close",
        description: "close",
        group: Group::Zendo,
        contexts: &[Context::Solve, Context::Export, Context::Palette],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('y'), Intent::StopAndLeave)],
        short: "y",
        shown: "y",
        label: "stop and leave",
        description: "leave, and end the run",
        group: Group::Zendo,
        contexts: &[Context::Leave],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('q'), Intent::Quit), (Key::Ctrl('c'), Intent::Quit)],
        shown: "q C-c",
        description: "leave",
        group: Group::Zendo,
        contexts: &[Context::Leave],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('d'), Intent::Detach)],
        shown: "d",
        description: "leave; a run that has a host goes on",
        group: Group::Zendo,
        contexts: &[Context::Leave],
        runs: UNDER_WAY,
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back), (Key::Char('n'), Intent::Back)],
        short: "esc",
        shown: "esc n",
        label: "stay",
        description: "stay",
        group: Group::Zendo,
        contexts: &[Context::Leave],
        ..ROW
    },
    Binding {
        keys: &[(Key::Char('y'), Intent::Stop), (Key::Char('S'), Intent::Stop)],
        short: "y",
        shown: "y S",
        label: "stop and confirm",
        description: "stop and confirm",
        group: Group::Run,
        contexts: &[Context::Stop],
        ..ROW
    },
    Binding {
        keys: &[(Key::Esc, Intent::Back), (Key::Char('n'), Intent::Back)],
        short: "esc",
        shown: "esc n",
        label: "go on",
        description: "go on searching",
        group: Group::Run,
        contexts: &[Context::Stop],
        ..ROW
    },
];
