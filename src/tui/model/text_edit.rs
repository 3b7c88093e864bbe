//! A text of many lines being edited. Owns: lines and cursor. Must not know what the text says.
//! Invariant: the cursor stands on a character or at the end of a line; the text is at most
//! [`MAX_PRESET_BYTES`] long.

use crate::{space::MAX_PRESET_BYTES, text::is_unprintable, tui::keymap::Key};

/// Rows that a page moves.
const PAGE: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    lines: Vec<String>,
    /// Between lines: what the text came with.
    ending: &'static str,
    row: usize,
    /// Characters before the cursor.
    column: usize,
}

impl TextEdit {
    /// With the cursor at a row and a column, from 0, as far as they are there.
    pub fn new(text: &str, (row, column): (usize, usize)) -> TextEdit {
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned());
        let mut edit = TextEdit { lines: lines.collect(), ending, row: 0, column: 0 };
        edit.go(row, column);
        edit
    }

    pub fn text(&self) -> String {
        self.lines.join(self.ending)
    }

    pub fn row(&self) -> usize {
        self.row
    }

    pub fn column(&self) -> usize {
        self.column
    }

    pub fn go(&mut self, row: usize, column: usize) {
        self.row = row.min(self.lines.len() - 1);
        self.column = column.min(self.chars());
    }

    /// As much as there is room for; control characters but tabs and line ends are left out.
    pub fn insert(&mut self, text: &str) {
        let mut room = MAX_PRESET_BYTES.saturating_sub(self.text().len());
        let mut before = self.line()[..self.byte()].to_owned();
        let after = self.line()[self.byte()..].to_owned();
        let mut whole = Vec::new();
        for c in text.chars().filter(|c| !is_unprintable(*c) || matches!(c, '\n' | '\t')) {
            let bytes = if c == '\n' { self.ending.len() } else { c.len_utf8() };
            let Some(rest) = room.checked_sub(bytes) else { break };
            room = rest;
            match c {
                '\n' => whole.push(std::mem::take(&mut before)),
                c => before.push(c),
            }
        }
        let (column, added) = (before.chars().count(), whole.len());
        whole.push(before + &after);
        self.lines.splice(self.row..=self.row, whole);
        self.row += added;
        self.column = column;
    }

    pub fn key(&mut self, key: Key) {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Enter => self.insert("\n"),
            Key::Backspace | Key::Ctrl('h') => {
                if (self.row, self.column) != (0, 0) {
                    self.left();
                    self.delete();
                }
            }
            Key::Delete => self.delete(),
            Key::Left => self.left(),
            Key::Right if self.column < self.chars() => self.column += 1,
            Key::Right if self.row + 1 < self.lines.len() => self.go(self.row + 1, 0),
            Key::Right => {}
            Key::Up => self.go(self.row.saturating_sub(1), self.column),
            Key::Down => self.go(self.row + 1, self.column),
            Key::PageUp => self.go(self.row.saturating_sub(PAGE), self.column),
            Key::PageDown => self.go(self.row + PAGE, self.column),
            Key::Home | Key::Ctrl('a') => self.column = 0,
            Key::End | Key::Ctrl('e') => self.column = self.chars(),
            Key::Ctrl('k') => {
                let byte = self.byte();
                if byte == self.line().len() {
                    self.delete();
                } else {
                    self.lines[self.row].truncate(byte);
                }
            }
            Key::Ctrl('u') => {
                let byte = self.byte();
                self.lines[self.row].drain(..byte);
                self.column = 0;
            }
            Key::Ctrl(_) | Key::Alt(_) | Key::F(_) | Key::Esc | Key::Tab | Key::BackTab => {}
        }
    }

    /// Puts the cursor on a line, from 0; the last where there are fewer.
    pub fn go_to_line(&mut self, row: usize) {
        self.go(row, self.column);
    }

    fn line(&self) -> &str {
        &self.lines[self.row]
    }

    fn chars(&self) -> usize {
        self.line().chars().count()
    }

    /// Where the cursor stands in its line.
    fn byte(&self) -> usize {
        self.line().char_indices().nth(self.column).map_or(self.line().len(), |(at, _)| at)
    }

    fn left(&mut self) {
        if self.column > 0 {
            self.column -= 1;
        } else if self.row > 0 {
            self.go(self.row - 1, usize::MAX);
        }
    }

    /// The character under the cursor, or the line's end.
    fn delete(&mut self) {
        let byte = self.byte();
        if byte < self.line().len() {
            self.lines[self.row].remove(byte);
        } else if self.row + 1 < self.lines.len() {
            let next = self.lines.remove(self.row + 1);
            self.lines[self.row].push_str(&next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(edit: &mut TextEdit, keys: &[Key]) {
        keys.iter().for_each(|key| edit.key(*key));
    }

    #[test]
    fn lines_part_and_join() {
        let mut edit = TextEdit::new("ab\nçd\n", (1, 1));
        keys(&mut edit, &[Key::Enter, Key::Char('x')]);
        assert_eq!((edit.text().as_str(), edit.row(), edit.column()), ("ab\nç\nxd\n", 2, 1));
        keys(&mut edit, &[Key::Backspace, Key::Backspace, Key::Home, Key::Delete]);
        assert_eq!(edit.text(), "ab\nd\n");
        keys(&mut edit, &[Key::Left, Key::Delete, Key::End, Key::Ctrl('k')]);
        assert_eq!((edit.text().as_str(), edit.row(), edit.column()), ("abd", 0, 3));
        keys(&mut edit, &[Key::Delete, Key::Right, Key::Down, Key::PageUp, Key::Ctrl('u')]);
        assert_eq!((edit.text().as_str(), edit.column()), ("", 0));
        keys(&mut edit, &[Key::Backspace, Key::Left, Key::Up]);
        assert_eq!(edit.text(), "");
    }

    #[test]
    fn line_ends_of_another_system_stay() {
        let mut edit = TextEdit::new("a\r\nb\r\n", (0, 9));
        keys(&mut edit, &[Key::Char('c'), Key::Enter]);
        assert_eq!(edit.text(), "ac\r\n\r\nb\r\n");
    }

    #[test]
    fn a_paste_keeps_its_lines_and_has_an_end() {
        let mut edit = TextEdit::new("[a]\n", (9, 9));
        edit.insert("x = 1\r\n\ty = 2\u{1b}\n");
        assert_eq!((edit.text().as_str(), edit.row()), ("[a]\nx = 1\n\ty = 2\n", 3));
        edit.insert(&"é".repeat(MAX_PRESET_BYTES));
        let bytes = edit.text().len();
        assert!(bytes <= MAX_PRESET_BYTES && bytes + 1 >= MAX_PRESET_BYTES);
    }
}
