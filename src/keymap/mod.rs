//! Keys as rows: what is pressed, what it does, how it is called. Dispatch, footer, help, palette, `zendo keys`,
//! the manual and the faults of `config.toml` all come from [`bindings`] and a [`Keymap`] over them. Must not
//! know terminals, files, the model. Invariant: within a place a key does one thing.

mod bindings;
mod key;
mod map;
mod names;
mod overrides;

pub use bindings::bindings;
pub use key::Key;
pub use map::{Keymap, Row, Told};
pub use names::actions;
pub use overrides::{At, Fault, Wish, Word};

/// Where keys are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Picker,
    /// Typing a file's path.
    Path,
    Form,
    /// Typing a field's value.
    Edit,
    /// Typing a preset's text.
    Toml,
    Search,
    Population,
    /// Typing a filter of the population.
    Filter,
    Network,
    Diff,
    /// Experiments.
    Lab,
    /// Typing the path of a benchmark.
    Benchmark,
    Log,
    /// Typing a filter of the log.
    LogFilter,
    /// Typing a network's name or structure.
    Net,
    /// Asked in which format to export.
    Export,
    Solve,
    Palette,
    /// Choosing a theme.
    Theme,
    /// Choosing a run that was kept.
    Runs,
    /// Two of them side by side.
    ComparedRuns,
    /// Changing a running search.
    Tune,
    /// Typing a value there.
    TuneEdit,
    Help,
    /// Asked whether to leave a running search.
    Leave,
    /// Asked whether to end it.
    Stop,
}

impl Context {
    pub const ALL: [Context; 26] = [
        Context::Picker,
        Context::Path,
        Context::Form,
        Context::Edit,
        Context::Toml,
        Context::Search,
        Context::Population,
        Context::Filter,
        Context::Network,
        Context::Diff,
        Context::Lab,
        Context::Benchmark,
        Context::Log,
        Context::LogFilter,
        Context::Net,
        Context::Export,
        Context::Solve,
        Context::Palette,
        Context::Theme,
        Context::Runs,
        Context::ComparedRuns,
        Context::Tune,
        Context::TuneEdit,
        Context::Help,
        Context::Leave,
        Context::Stop,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Context::Picker | Context::Path => "Presets",
            Context::Form | Context::Edit => "Form",
            Context::Toml => "TOML",
            Context::Search => "Search",
            Context::Population | Context::Filter => "Population",
            Context::Network => "Network",
            Context::Diff => "Diff",
            Context::Lab | Context::Benchmark => "Lab",
            Context::Log | Context::LogFilter => "Log",
            Context::Net => "Networks",
            Context::Export => "Export",
            Context::Solve => "Solve",
            Context::Palette => "Actions",
            Context::Theme => "Themes",
            Context::Runs | Context::ComparedRuns => "Runs",
            Context::Tune | Context::TuneEdit => "Tune",
            Context::Help => "Help",
            Context::Leave => "Leave",
            Context::Stop => "Stop",
        }
    }

    /// Whether characters are text here.
    pub fn is_typing(self) -> bool {
        match self {
            Context::Path
            | Context::Edit
            | Context::Toml
            | Context::Filter
            | Context::Benchmark
            | Context::LogFilter
            | Context::Net
            | Context::TuneEdit
            | Context::Palette => true,
            Context::Picker
            | Context::Form
            | Context::Search
            | Context::Population
            | Context::Network
            | Context::Diff
            | Context::Lab
            | Context::Log
            | Context::Export
            | Context::Solve
            | Context::Theme
            | Context::Runs
            | Context::ComparedRuns
            | Context::Tune
            | Context::Help
            | Context::Leave
            | Context::Stop => false,
        }
    }

    /// Whether it lies over a screen, or takes its keys, until it is left.
    pub fn is_over_a_screen(self) -> bool {
        match self {
            Context::Path
            | Context::Edit
            | Context::Toml
            | Context::Filter
            | Context::Benchmark
            | Context::LogFilter
            | Context::Net
            | Context::Export
            | Context::Solve
            | Context::Palette
            | Context::Theme
            | Context::Runs
            | Context::ComparedRuns
            | Context::Tune
            | Context::TuneEdit
            | Context::Help
            | Context::Leave
            | Context::Stop => true,
            Context::Picker
            | Context::Form
            | Context::Search
            | Context::Population
            | Context::Network
            | Context::Diff
            | Context::Lab
            | Context::Log => false,
        }
    }
}

/// How the run is, as far as keys care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// There is none.
    None,
    Running,
    Paused,
    Confirming,
    Finished,
    /// Its host is heard no more.
    Lost,
}

impl RunState {
    pub const ALL: [RunState; 6] = [
        RunState::None,
        RunState::Running,
        RunState::Paused,
        RunState::Confirming,
        RunState::Finished,
        RunState::Lost,
    ];

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            RunState::None => "none",
            RunState::Running => "running",
            RunState::Paused => "paused",
            RunState::Confirming => "confirming",
            RunState::Finished => "finished",
            RunState::Lost => "lost",
        }
    }
}

/// Where a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub context: Context,
    pub run: RunState,
}

impl Place {
    /// All that there are.
    pub fn all() -> impl Iterator<Item = Place> {
        let of = |context| RunState::ALL.into_iter().map(move |run| Place { context, run });
        Context::ALL.into_iter().flat_map(of)
    }
}

/// The screens, as the numbers in the band have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Search,
    Population,
    Network,
    Diff,
    Setup,
    Lab,
    Log,
}

impl Tab {
    pub const ALL: [Tab; 7] =
        [Tab::Search, Tab::Population, Tab::Network, Tab::Diff, Tab::Setup, Tab::Lab, Tab::Log];

    pub fn title(self) -> &'static str {
        match self {
            Tab::Search => "Search",
            Tab::Population => "Population",
            Tab::Network => "Network",
            Tab::Diff => "Diff",
            Tab::Setup => "Setup",
            Tab::Lab => "Lab",
            Tab::Log => "Log",
        }
    }

    /// Where there is less room.
    pub fn short_title(self) -> &'static str {
        match self {
            Tab::Population => "Pop",
            Tab::Network => "Net",
            Tab::Search | Tab::Diff | Tab::Setup | Tab::Lab | Tab::Log => self.title(),
        }
    }

    /// From 1.
    pub fn number(self) -> usize {
        1 + Tab::ALL.iter().position(|tab| *tab == self).expect("all are listed")
    }
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    NextPanel,
    PreviousPanel,
    /// Into: a preset's form, a network, what was typed.
    Enter,
    /// Out of: a screen, an overlay, an edit, a banner.
    Back,
    /// The next and the previous of what lies inside a row.
    Into,
    OutOf,
    Show(Tab),
    Edit,
    NextValue,
    PreviousValue,
    OpenFile,
    Start,
    Solve,
    Undo,
    Pause,
    Resume,
    Stop,
    NewSearch,
    /// Changes settings of the running search.
    Tune,
    /// Takes the last change back.
    Untune,
    /// As it is.
    Reset,
    Copy,
    Mark,
    PinA,
    PinB,
    Diff,
    Swap,
    /// Of B, as A.
    Parent,
    Grandparent,
    Initial,
    ShowNetwork,
    OpenNet,
    NextNet,
    PreviousNet,
    Share,
    Unfold,
    /// Whoever was chosen for a comparison is chosen no more.
    Unpin,
    /// One panel over the whole screen, and back.
    Zoom,
    Cumulative,
    LogX,
    /// What the scatter's x axis is.
    Axis,
    /// Those that nobody beats go to a file.
    ExportFront,
    SortLeft,
    SortRight,
    Reverse,
    Filter,
    Follow,
    Save,
    SaveAs,
    NewPreset,
    DuplicatePreset,
    /// How fast it would be.
    Measure,
    /// Makes the experiment that is shown.
    Experiment,
    /// Those that were not made yet.
    Experiments,
    EndExperiment,
    NextExperiment,
    PreviousExperiment,
    /// Trained accuracies to rank by.
    Benchmark,
    /// Other draws.
    Reseed,
    /// What made it.
    CopyCommand,
    /// Its figures.
    SavePicture,
    /// Why this candidate has its score.
    Why,
    /// What differs from the base.
    Compare,
    Export,
    ExportStructure,
    ExportPyTorch,
    ExportCsv,
    ExportJson,
    Palette,
    /// Choose the theme.
    Theme,
    /// Those that were kept.
    Runs,
    CompareRuns,
    Help,
    Quit,
    /// Leaves; the run goes on.
    Detach,
    /// Ends the search and the program.
    StopAndLeave,
    /// Writes down where the run is.
    Checkpoint,
    /// To a host that is heard no more; to another one, where it is gone.
    TryAgain,
    Redraw,
    Suspend,
    /// Whether the mouse is zendo's or the terminal's.
    Mouse,
}

/// Heading in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Move,
    Candidate,
    Charts,
    Run,
    Settings,
    Zendo,
}

impl Group {
    pub const ALL: [Group; 6] =
        [Group::Move, Group::Candidate, Group::Charts, Group::Settings, Group::Run, Group::Zendo];

    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "Move",
            Group::Candidate => "Candidate",
            Group::Charts => "Charts",
            Group::Run => "Run",
            Group::Settings => "Settings",
            Group::Zendo => "zendo",
        }
    }
}

/// A row: keys that belong together.
#[derive(Debug)]
pub struct Binding {
    pub keys: &'static [(Key, Intent)],
    /// The keys in the footer.
    pub short: &'static str,
    /// The keys in the help.
    pub shown: &'static str,
    /// In the footer; empty keeps the row out of it.
    pub label: &'static str,
    pub description: &'static str,
    pub group: Group,
    pub contexts: &'static [Context],
    pub runs: &'static [RunState],
}

/// What `key` means in `place` as zendo ships.
pub fn intent(place: Place, key: Key) -> Option<Intent> {
    Keymap::default().intent(place, key)
}

#[cfg(test)]
mod tests;
