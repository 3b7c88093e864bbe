//! What a terminal says was pressed, as a key of the keymap. Must not know what keys do. Invariant: a key is told
//! once, when it goes down or repeats.

#[cfg(test)]
pub use crate::keymap::intent;
pub use crate::keymap::{Context, Group, Intent, Key, Keymap, Place, Row, RunState, Tab};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

impl Key {
    /// None for releases and for keys that nothing can be bound to.
    pub fn from_event(event: KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let is_alt = event.modifiers.contains(KeyModifiers::ALT);
        let is_ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Char(_) if is_alt && is_ctrl => None,
            KeyCode::Char(c) if is_alt => Some(Key::Alt(c)),
            KeyCode::Char(c) if is_ctrl => Some(Key::Ctrl(c.to_ascii_lowercase())),
            KeyCode::Char(c) => Some(Key::Char(c)),
            _ if is_alt => None,
            KeyCode::F(n) => Some(Key::F(n)),
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
