//! Keys as rows: what is pressed, what it does, how it is called. Footer, help and dispatch all come
//! from [`BINDINGS`]. Must not know the model. Invariant: within a context a key does one thing.

mod bindings;

pub use bindings::{BINDINGS, HELP};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key as bindings name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
}

impl Key {
    /// None for releases and for keys that nothing is bound to.
    pub fn from_event(event: KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        match event.code {
            KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Key::Ctrl(c.to_ascii_lowercase()))
            }
            KeyCode::Char(c) => Some(Key::Char(c)),
            KeyCode::Up => Some(Key::Up),
            KeyCode::Down => Some(Key::Down),
            KeyCode::Left => Some(Key::Left),
            KeyCode::Right => Some(Key::Right),
            KeyCode::PageUp => Some(Key::PageUp),
            KeyCode::PageDown => Some(Key::PageDown),
            KeyCode::Home => Some(Key::Home),
            KeyCode::End => Some(Key::End),
            KeyCode::Enter => Some(Key::Enter),
            KeyCode::Esc => Some(Key::Esc),
            KeyCode::Tab => Some(Key::Tab),
            KeyCode::BackTab => Some(Key::BackTab),
            KeyCode::Backspace => Some(Key::Backspace),
            KeyCode::Delete => Some(Key::Delete),
            _ => None,
        }
    }
}

/// Where keys are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Picker,
    /// Typing a file's path.
    Path,
    Form,
    /// Typing a field's value.
    Edit,
    Running,
    Paused,
    Confirming,
    Finished,
    Help,
    /// Asked whether to leave a running search.
    Leave,
}

impl Context {
    pub const ALL: [Context; 10] = [
        Context::Picker,
        Context::Path,
        Context::Form,
        Context::Edit,
        Context::Running,
        Context::Paused,
        Context::Confirming,
        Context::Finished,
        Context::Help,
        Context::Leave,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Context::Picker | Context::Path => "Presets",
            Context::Form | Context::Edit => "Form",
            Context::Running | Context::Paused | Context::Confirming | Context::Finished => {
                "Search"
            }
            Context::Help => "Help",
            Context::Leave => "Leave",
        }
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
    /// Into: a preset's form, a field's value, what was typed.
    Enter,
    /// Out of: a screen, an overlay, an edit, a banner.
    Back,
    Edit,
    NextValue,
    PreviousValue,
    OpenFile,
    Start,
    Undo,
    Pause,
    Resume,
    Stop,
    Copy,
    Cumulative,
    NewSearch,
    Help,
    Quit,
    /// Ends the search and the program.
    StopAndLeave,
    Redraw,
    Suspend,
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
}

/// The rows that hold in `context`.
pub fn rows(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.contexts.contains(&context))
}

/// What `key` means in `context`.
pub fn intent(context: Context, key: Key) -> Option<Intent> {
    rows(context)
        .flat_map(|binding| binding.keys)
        .find(|(bound, _)| *bound == key)
        .map(|(_, intent)| *intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_context_a_key_does_one_thing() {
        for context in Context::ALL {
            let keys: Vec<Key> =
                rows(context).flat_map(|row| row.keys.iter().map(|(key, _)| *key)).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[..i].contains(key), "{key:?} is bound twice in {context:?}");
            }
        }
    }

    #[test]
    fn every_context_can_be_left() {
        for context in Context::ALL {
            let leaves = [Intent::Quit, Intent::StopAndLeave];
            let reached = intent(context, Key::Ctrl('c'));
            assert!(reached.is_some_and(|i| leaves.contains(&i)), "{context:?}");
        }
    }

    #[test]
    fn text_can_be_typed_where_text_is_wanted() {
        for context in [Context::Path, Context::Edit] {
            for c in ' '..='~' {
                assert_eq!(intent(context, Key::Char(c)), None, "{c} in {context:?}");
            }
        }
    }
}
