//! What intents are called in the palette.

use super::{Intent, Tab};

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
            Intent::Compare => "Compare with what it extends",
            Intent::Export => "Export",
            Intent::ExportStructure => "Export the structure",
            Intent::ExportPyTorch => "Export as PyTorch",
            Intent::ExportCsv => "Export as CSV",
            Intent::ExportJson => "Export as JSON lines",
            Intent::Theme => "Choose the theme",
            Intent::Help => "Show the keys",
            Intent::Quit => "Leave",
            Intent::Redraw => "Draw afresh",
            Intent::Suspend => "Suspend",
        })
    }
}
