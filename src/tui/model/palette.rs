//! Every action by its name. Owns: what is typed, what matches, the cursor. Must not know what the
//! actions do. Invariant: what is listed can be done now.

use crate::tui::{
    edit::LineEdit,
    keymap::{Context, Intent, Key, Keymap, Place, RunState, Tab},
};

/// An action and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub intent: Intent,
    pub name: &'static str,
    pub keys: String,
    /// None belongs to every screen.
    pub tab: Option<Tab>,
}

#[derive(Debug)]
pub struct Palette {
    pub edit: LineEdit,
    pub cursor: usize,
    entries: Vec<Entry>,
}

impl Palette {
    /// What can be done from the screen `here`, its own actions first.
    pub fn new(here: (Tab, Place), keymap: &Keymap) -> Palette {
        let (tab, place) = here;
        let mut entries: Vec<Entry> = Vec::new();
        let mut add = |tab: Tab, place: Place| {
            for (intent, key) in keymap.actions(place) {
                let Some(name) = intent.name() else { continue };
                let everywhere = everywhere(intent);
                let tab = (!everywhere).then_some(tab);
                let keys = key.map_or_else(String::new, Key::shown);
                let entry = Entry { intent, name, keys, tab };
                // What is done with a candidate is done here where it can be.
                let same = |known: &Entry| {
                    known.intent == intent && (known.tab == tab || is_of_a_candidate(intent))
                };
                if !entries.iter().any(same) {
                    entries.push(entry.clone());
                    if intent == Intent::Export {
                        let formats = formats(keymap, &entry.keys);
                        entries.extend(formats.into_iter().map(|format| Entry { tab, ..format }));
                    }
                }
            }
        };
        add(tab, place);
        for (other, context) in SCREENS.into_iter().filter(|(other, _)| *other != tab) {
            add(other, Place { context, run: place.run });
        }
        Palette { edit: LineEdit::default(), cursor: 0, entries }
    }

    /// What matches, the best match first.
    pub fn matches(&self) -> Vec<Entry> {
        let text = self.edit.text().to_lowercase();
        let mut found: Vec<(u32, Entry)> = self
            .entries
            .iter()
            .filter_map(|entry| Some((distance(&text, &entry.name.to_lowercase())?, entry.clone())))
            .collect();
        // Stable: the screen's own stay first among equals.
        found.sort_by_key(|(distance, _)| *distance);
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    pub fn count(&self) -> usize {
        self.entries.len()
    }
}

/// The screens with a context each; the form's keys are only its own.
const SCREENS: [(Tab, Context); 6] = [
    (Tab::Search, Context::Search),
    (Tab::Population, Context::Population),
    (Tab::Network, Context::Network),
    (Tab::Diff, Context::Diff),
    (Tab::Lab, Context::Lab),
    (Tab::Log, Context::Log),
];

/// Whether an action is the same on all screens.
fn everywhere(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Show(_)
            | Intent::Pause
            | Intent::Resume
            | Intent::Stop
            | Intent::Help
            | Intent::Theme
            | Intent::Mouse
            | Intent::Quit
            | Intent::Redraw
            | Intent::Suspend
    )
}

/// Whether an intent is about a selected candidate, on whichever screen.
fn is_of_a_candidate(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Export | Intent::Copy | Intent::Mark | Intent::Diff | Intent::PinA | Intent::PinB
    )
}

/// The formats of an export, each by its two keys, where it has both.
fn formats(keymap: &Keymap, export: &str) -> Vec<Entry> {
    let place = Place { context: Context::Export, run: RunState::None };
    let entries = keymap.actions(place).filter_map(|(intent, key)| {
        let is_format = matches!(
            intent,
            Intent::ExportStructure
                | Intent::ExportPyTorch
                | Intent::ExportCsv
                | Intent::ExportJson
        );
        let keys = match key {
            Some(key) if !export.is_empty() => format!("{export} {}", key.shown()),
            Some(_) | None => String::new(),
        };
        Some(Entry { intent, name: intent.name().filter(|_| is_format)?, keys, tab: None })
    });
    entries.collect()
}

/// How badly `text` fits `name`: its characters must all be there in their order, and the closer they
/// stand together, and to a word's beginning, the better.
fn distance(text: &str, name: &str) -> Option<u32> {
    let mut cost = 0;
    let mut last: Option<usize> = None;
    let name: Vec<char> = name.chars().collect();
    let mut from = 0;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let at = (from..name.len()).find(|&i| name[i] == c)?;
        let begins_word = at == 0 || name[at - 1] == ' ';
        cost += match last {
            Some(last) if at == last + 1 => 0,
            _ if begins_word => 1,
            _ => 4 + (at - from) as u32,
        };
        last = Some(at);
        from = at + 1;
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette(text: &str) -> Vec<&'static str> {
        let place = Place { context: Context::Search, run: RunState::Running };
        let mut palette = Palette::new((Tab::Search, place), &Keymap::default());
        palette.edit.insert(text);
        palette.matches().iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn actions_are_found_by_some_of_their_letters() {
        assert_eq!(palette("pau")[0], "Pause the search");
        assert_eq!(palette("swp")[0], "Swap A and B");
        assert_eq!(palette("grand"), ["Compare B with its grandparent"]);
        assert_eq!(palette("export").len(), 6, "once, the front, and each format");
        assert!(palette("pytorch").contains(&"Export as PyTorch"));
        assert!(palette("zzz").is_empty());
        assert!(palette("").len() > 30);
    }

    #[test]
    fn what_cannot_be_done_now_is_not_listed() {
        let none = Place { context: Context::Picker, run: RunState::None };
        let palette = Palette::new((Tab::Setup, none), &Keymap::default());
        assert!(palette.matches().iter().all(|entry| entry.intent != Intent::Pause));
        assert!(palette.matches().iter().any(|entry| entry.intent == Intent::OpenNet));
    }
}
