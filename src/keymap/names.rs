//! What intents are called: in the palette, in words; in `config.toml`, in names that stay as they are, as do
//! those of places. Invariant: no name is an action's and a place's too, or two of either.

use super::{Context, Intent, Tab, bindings};

/// Every action that has a key, in the order of the rows.
pub fn actions() -> Vec<Intent> {
    let mut found = Vec::new();
    for (_, intent) in bindings().flat_map(|row| row.keys) {
        if !found.contains(intent) {
            found.push(*intent);
        }
    }
    found
}

impl Intent {
    /// In words; none for what only moves a cursor.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Intent::Up
            | Intent::Down
            | Intent::PageUp
            | Intent::PageDown
            | Intent::First
            | Intent::Last
            | Intent::NextPanel
            | Intent::PreviousPanel
            | Intent::Enter
            | Intent::Back
            | Intent::Into
            | Intent::OutOf
            | Intent::NextValue
            | Intent::PreviousValue
            | Intent::Reset
            | Intent::Palette
            | Intent::StopAndLeave => return None,
            Intent::Show(Tab::Search) => "Show the search",
            Intent::Show(Tab::Population) => "Show the population",
            Intent::Show(Tab::Network) => "Show the network",
            Intent::Show(Tab::Diff) => "Show the diff",
            Intent::Show(Tab::Setup) => "Show the setup",
            Intent::Show(Tab::Lab) => "Show the lab",
            Intent::Show(Tab::Log) => "Show the log",
            Intent::Edit => "Edit the setting",
            Intent::OpenFile => "Open a preset's file",
            Intent::Start => "Start the search",
            Intent::Solve => "Solve for the proven optimum",
            Intent::Undo => "Undo the last change",
            Intent::Pause => "Pause the search",
            Intent::Resume => "Let the search go on",
            Intent::Stop => "Stop the search, or its confirmation",
            Intent::NewSearch => "New search",
            Intent::Tune => "Tune the running search",
            Intent::Untune => "Undo the last tuning",
            Intent::Detach => "Detach: leave, the run goes on",
            Intent::Checkpoint => "Write down where the run is",
            Intent::TryAgain => "Try to hear the run's host again",
            Intent::Copy => "Copy the structure",
            Intent::Mark => "Mark the candidate, or not",
            Intent::PinA => "Choose A of the diff",
            Intent::PinB => "Choose B of the diff",
            Intent::Diff => "Compare the network",
            Intent::Swap => "Swap A and B",
            Intent::Parent => "Compare B with its parent",
            Intent::Grandparent => "Compare B with its grandparent",
            Intent::Initial => "Compare B with the initial structure",
            Intent::ShowNetwork => "Show its network",
            Intent::OpenNet => "Open any network",
            Intent::NextNet => "Next candidate",
            Intent::PreviousNet => "Previous candidate",
            Intent::Share => "Shares of score, params or FLOPs",
            Intent::Unpin => "Choose neither A nor B",
            Intent::Zoom => "Show this panel alone, or all",
            Intent::Unfold => "Unfold or fold the sub-layers",
            Intent::Cumulative => "Cumulative scores, or counts",
            Intent::LogX => "Iterations on a log axis, or not",
            Intent::Axis => "Another x axis of the scatter",
            Intent::ExportFront => "Export the front",
            Intent::SortLeft => "Sort by the column before",
            Intent::SortRight => "Sort by the column behind",
            Intent::Reverse => "Reverse the order",
            Intent::Filter => "Filter",
            Intent::Follow => "Follow the newest, or the best",
            Intent::Save => "Save",
            Intent::SaveAs => "Save the preset as",
            Intent::NewPreset => "New preset",
            Intent::DuplicatePreset => "Duplicate the preset",
            Intent::Measure => "Measure rate and memory",
            Intent::Experiment => "Run the experiment",
            Intent::Experiments => "Run the remaining experiments",
            Intent::EndExperiment => "Cancel the experiment",
            Intent::NextExperiment => "Next experiment",
            Intent::PreviousExperiment => "Previous experiment",
            Intent::Benchmark => "Choose a benchmark to rank",
            Intent::Reseed => "Another seed for experiments",
            Intent::CopyCommand => "Copy the experiment's command",
            Intent::SavePicture => "Save the figures as SVG",
            Intent::Why => "Show why it has its score",
            Intent::Compare => "Compare with what it extends",
            Intent::Export => "Export",
            Intent::ExportStructure => "Export the structure",
            Intent::ExportPyTorch => "Export as PyTorch",
            Intent::ExportCsv => "Export as CSV",
            Intent::ExportJson => "Export as JSON lines",
            Intent::Theme => "Choose the theme",
            Intent::Runs => "Show the runs that were kept",
            Intent::CompareRuns => "Compare two runs",
            Intent::Help => "Show the keys",
            Intent::Quit => "Leave",
            Intent::Redraw => "Draw afresh",
            Intent::Suspend => "Suspend",
            Intent::Mouse => "Mouse on, or off",
        })
    }

    /// What it does, in words; [`Intent::name`] where there is one.
    pub fn about(self) -> &'static str {
        match self {
            Intent::Up => "One up",
            Intent::Down => "One down",
            Intent::PageUp => "A page up",
            Intent::PageDown => "A page down",
            Intent::First => "To the first",
            Intent::Last => "To the last",
            Intent::NextPanel => "The next panel",
            Intent::PreviousPanel => "The panel before",
            Intent::Into => "The next inside a row",
            Intent::OutOf => "The one before inside a row",
            Intent::NextValue => "The next value",
            Intent::PreviousValue => "The value before",
            Intent::Reset => "Leave it as it is",
            Intent::Enter => "Into it",
            Intent::Back => "Out of it",
            Intent::Palette => "Find an action",
            Intent::StopAndLeave => "Leave, and end the run",
            named => named.name().expect("all others are named"),
        }
    }

    /// In `config.toml`.
    pub fn action(self) -> &'static str {
        match self {
            Intent::Up => "up",
            Intent::Down => "down",
            Intent::PageUp => "page-up",
            Intent::PageDown => "page-down",
            Intent::First => "first",
            Intent::Last => "last",
            Intent::NextPanel => "next-panel",
            Intent::PreviousPanel => "previous-panel",
            Intent::Enter => "enter",
            Intent::Back => "back",
            Intent::Into => "into",
            Intent::OutOf => "out-of",
            Intent::Show(Tab::Search) => "show-search",
            Intent::Show(Tab::Population) => "show-population",
            Intent::Show(Tab::Network) => "show-network",
            Intent::Show(Tab::Diff) => "show-diff",
            Intent::Show(Tab::Setup) => "show-setup",
            Intent::Show(Tab::Lab) => "show-lab",
            Intent::Show(Tab::Log) => "show-log",
            Intent::Edit => "edit",
            Intent::NextValue => "next-value",
            Intent::PreviousValue => "previous-value",
            Intent::OpenFile => "open-file",
            Intent::Start => "start",
            Intent::Solve => "solve",
            Intent::Undo => "undo",
            Intent::Pause => "pause",
            Intent::Resume => "resume",
            Intent::Stop => "stop",
            Intent::NewSearch => "new-search",
            Intent::Tune => "tune",
            Intent::Untune => "undo-tuning",
            Intent::Detach => "detach",
            Intent::Checkpoint => "checkpoint",
            Intent::TryAgain => "try-again",
            Intent::Reset => "reset",
            Intent::Copy => "copy",
            Intent::Mark => "mark",
            Intent::PinA => "pin-a",
            Intent::PinB => "pin-b",
            Intent::Diff => "compare-networks",
            Intent::Swap => "swap",
            Intent::Parent => "parent",
            Intent::Grandparent => "grandparent",
            Intent::Initial => "initial",
            Intent::ShowNetwork => "show-its-network",
            Intent::OpenNet => "open-net",
            Intent::NextNet => "next-net",
            Intent::PreviousNet => "previous-net",
            Intent::Share => "share",
            Intent::Unfold => "unfold",
            Intent::Unpin => "unpin",
            Intent::Zoom => "zoom",
            Intent::Cumulative => "cumulative",
            Intent::LogX => "log-x",
            Intent::Axis => "axis",
            Intent::ExportFront => "export-front",
            Intent::SortLeft => "sort-left",
            Intent::SortRight => "sort-right",
            Intent::Reverse => "reverse",
            Intent::Filter => "filter",
            Intent::Follow => "follow",
            Intent::Save => "save",
            Intent::SaveAs => "save-as",
            Intent::NewPreset => "new-preset",
            Intent::DuplicatePreset => "duplicate-preset",
            Intent::Measure => "measure",
            Intent::Experiment => "run-experiment",
            Intent::Experiments => "run-experiments",
            Intent::EndExperiment => "end-experiment",
            Intent::NextExperiment => "next-experiment",
            Intent::PreviousExperiment => "previous-experiment",
            Intent::Benchmark => "benchmark",
            Intent::Reseed => "reseed",
            Intent::CopyCommand => "copy-command",
            Intent::SavePicture => "save-picture",
            Intent::Why => "why",
            Intent::Compare => "compare-with-base",
            Intent::Export => "export",
            Intent::ExportStructure => "export-structure",
            Intent::ExportPyTorch => "export-pytorch",
            Intent::ExportCsv => "export-csv",
            Intent::ExportJson => "export-json",
            Intent::Palette => "palette",
            Intent::Theme => "theme",
            Intent::Runs => "runs",
            Intent::CompareRuns => "compare-runs",
            Intent::Help => "help",
            Intent::Quit => "quit",
            Intent::StopAndLeave => "stop-and-leave",
            Intent::Redraw => "redraw",
            Intent::Suspend => "suspend",
            Intent::Mouse => "mouse",
        }
    }
}

impl Context {
    /// In `config.toml`. A table of keys can't be called what an action is.
    pub fn name(self) -> &'static str {
        match self {
            Context::Picker => "picker",
            Context::Path => "path-prompt",
            Context::Form => "form",
            Context::Edit => "field",
            Context::Toml => "toml",
            Context::Search => "search",
            Context::Population => "population",
            Context::Filter => "population-filter",
            Context::Network => "network",
            Context::Diff => "diff",
            Context::Lab => "lab",
            Context::Benchmark => "benchmark-prompt",
            Context::Log => "log",
            Context::LogFilter => "log-filter",
            Context::Net => "net-prompt",
            Context::Export => "export-format",
            Context::Solve => "optimum",
            Context::Palette => "action-list",
            Context::Theme => "theme-list",
            Context::Runs => "run-list",
            Context::ComparedRuns => "run-comparison",
            Context::Tune => "tune-panel",
            Context::TuneEdit => "tune-edit",
            Context::Help => "key-list",
            Context::Leave => "leave-question",
            Context::Stop => "stop-question",
        }
    }

    /// Where that is, for who has not seen it.
    pub fn about(self) -> &'static str {
        match self {
            Context::Picker => "The list of presets",
            Context::Path => "Typing a file's path, or a preset's name",
            Context::Form => "A preset's settings",
            Context::Edit => "Typing a setting's value",
            Context::Toml => "Typing a preset's text",
            Context::Search => "The search",
            Context::Population => "The population",
            Context::Filter => "Typing a filter of the population",
            Context::Network => "A network",
            Context::Diff => "Two networks side by side",
            Context::Lab => "The lab",
            Context::Benchmark => "Typing the path of a benchmark",
            Context::Log => "The log",
            Context::LogFilter => "Typing a filter of the log",
            Context::Net => "Asked for a network",
            Context::Export => "Asked for a format",
            Context::Solve => "A preset's proven optimum",
            Context::Palette => "Every action by its name",
            Context::Theme => "The list of themes",
            Context::Runs => "The runs that were kept",
            Context::ComparedRuns => "Two runs side by side",
            Context::Tune => "The Tune panel",
            Context::TuneEdit => "Typing a value in the Tune panel",
            Context::Help => "The page of keys",
            Context::Leave => "Asked whether to leave",
            Context::Stop => "Asked whether to stop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_can_be_typed() {
        let places = Context::ALL.iter().map(|context| context.name());
        let names: Vec<_> = actions().iter().map(|intent| intent.action()).chain(places).collect();
        assert!(names.len() > 90, "{names:?}");
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} is two things");
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(name.chars().all(plain) && !name.starts_with('-') && !name.ends_with('-'));
        }
    }
}
