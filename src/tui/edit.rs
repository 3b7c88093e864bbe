//! A line of text being edited. Owns: text and cursor. Invariant: the cursor stands on a character
//! boundary within the text; the text is at most as long as it may be, [`MAX_CHARS`] unless told, and
//! has no control characters.

use super::keymap::Key;
use crate::text::is_unprintable;

/// Longer input is cut.
pub const MAX_CHARS: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEdit {
    before: String,
    after: String,
    max_chars: usize,
}

impl Default for LineEdit {
    fn default() -> LineEdit {
        LineEdit::up_to(MAX_CHARS)
    }
}

impl LineEdit {
    /// Empty, with room for so many characters.
    pub fn up_to(max_chars: usize) -> LineEdit {
        LineEdit { before: String::new(), after: String::new(), max_chars }
    }

    /// With the cursor behind `text`.
    pub fn new(text: &str) -> LineEdit {
        let mut edit = LineEdit::default();
        edit.insert(text);
        edit
    }

    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub fn before(&self) -> &str {
        &self.before
    }

    pub fn after(&self) -> &str {
        &self.after
    }

    pub fn insert(&mut self, text: &str) {
        let taken = self.before.chars().count() + self.after.chars().count();
        let room = self.max_chars.saturating_sub(taken);
        self.before.extend(text.chars().filter(|c| !is_unprintable(*c)).take(room));
    }

    pub fn key(&mut self, key: Key) {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Backspace | Key::Ctrl('h') => {
                self.before.pop();
            }
            Key::Delete => self.after = self.after.chars().skip(1).collect(),
            Key::Left => {
                if let Some(c) = self.before.pop() {
                    self.after.insert(0, c);
                }
            }
            Key::Right => {
                let mut rest = self.after.chars();
                self.before.extend(rest.next());
                self.after = rest.collect();
            }
            Key::Home | Key::Ctrl('a') => {
                self.after = self.text();
                self.before.clear();
            }
            Key::End | Key::Ctrl('e') => {
                self.before = self.text();
                self.after.clear();
            }
            Key::Ctrl('u') => self.before.clear(),
            Key::Ctrl('k') => self.after.clear(),
            Key::Ctrl('w') => {
                let trimmed = self.before.trim_end_matches(|c| c != '/' && c != ' ');
                let cut = trimmed.trim_end_matches(['/', ' ']).len();
                self.before.truncate(cut);
            }
            Key::Ctrl(_)
            | Key::Alt(_)
            | Key::F(_)
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::BackTab => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_around_the_cursor() {
        let mut edit = LineEdit::new("näs");
        for key in [Key::Left, Key::Backspace, Key::Char('a'), Key::End, Key::Char('!')] {
            edit.key(key);
        }
        assert_eq!(edit.text(), "nas!");
        edit.key(Key::Home);
        edit.key(Key::Delete);
        edit.key(Key::Right);
        assert_eq!((edit.before(), edit.after()), ("a", "s!"));
        edit.key(Key::Ctrl('u'));
        assert_eq!(edit.text(), "s!");
    }

    #[test]
    fn takes_no_control_characters_and_has_an_end() {
        let mut edit = LineEdit::new("a\u{1b}[31mb\n");
        assert_eq!(edit.text(), "a[31mb");
        edit.insert(&"x".repeat(2 * MAX_CHARS));
        assert_eq!(edit.text().chars().count(), MAX_CHARS);
    }
}
