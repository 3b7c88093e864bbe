//! A key, as it is written: by screens in glyphs, by `config.toml` in letters that can be typed. Must not know
//! what keys do. Invariant: [`Key::parse`] reads what [`Key::name`] writes.

use crate::text::{is_unprintable, nearest};

/// A key as rows name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// With Ctrl, a small letter or a space.
    Ctrl(char),
    Alt(char),
    /// A function key, from 1.
    F(u8),
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

/// Function keys that a terminal tells apart.
const MAX_F: u8 = 12;

/// Keys with a name of their own: what they are written as, and how screens show them.
const NAMED: [(Key, &str, &str); 15] = [
    (Key::Char(' '), "space", "space"),
    (Key::Up, "up", "↑"),
    (Key::Down, "down", "↓"),
    (Key::Left, "left", "←"),
    (Key::Right, "right", "→"),
    (Key::PageUp, "pgup", "PgUp"),
    (Key::PageDown, "pgdn", "PgDn"),
    (Key::Home, "home", "Home"),
    (Key::End, "end", "End"),
    (Key::Enter, "enter", "⏎"),
    (Key::Esc, "esc", "esc"),
    (Key::Tab, "tab", "⇥"),
    (Key::BackTab, "backtab", "⇤"),
    (Key::Backspace, "backspace", "⌫"),
    (Key::Delete, "del", "Del"),
];

impl Key {
    fn named(self) -> Option<(&'static str, &'static str)> {
        NAMED.iter().find(|(key, ..)| *key == self).map(|(_, name, shown)| (*name, *shown))
    }

    /// As screens write it.
    pub fn shown(self) -> String {
        self.named().map_or_else(|| self.spelt(), |(_, shown)| shown.to_owned())
    }

    /// As `config.toml` has it.
    pub fn name(self) -> String {
        self.named().map_or_else(|| self.spelt(), |(name, _)| name.to_owned())
    }

    /// A key without a name of its own, by what it types.
    fn spelt(self) -> String {
        let of = |c: char| if c == ' ' { "space".to_owned() } else { c.to_string() };
        match self {
            Key::Char(c) => of(c),
            Key::Ctrl(c) => format!("C-{}", of(c)),
            Key::Alt(c) => format!("A-{}", of(c)),
            Key::F(n) => format!("f{n}"),
            named => {
                let (name, _) = named.named().expect("all others have a name");
                name.to_owned()
            }
        }
    }

    /// Reads a key as [`Key::name`] or [`Key::shown`] write it; names in any case.
    ///
    /// # Errors
    /// It is no key, or none that a terminal tells from another.
    pub fn parse(text: &str) -> Result<Key, String> {
        let lower = text.to_lowercase();
        let is_it = |named: &&(Key, &str, &str)| named.1 == lower || named.2 == text;
        if let Some((key, ..)) = NAMED.iter().find(is_it) {
            return Ok(*key);
        }
        if let Some(c) = only(text) {
            return Ok(Key::Char(c));
        }
        match text.split_at_checked(2) {
            Some(("C-" | "c-", rest)) => return ctrl(text, &rest.to_lowercase()),
            Some(("A-" | "a-", rest)) => return alt(text, rest),
            _ => {}
        }
        let number = lower.strip_prefix('f').and_then(|n| n.parse().ok());
        if let Some(n) = number.filter(|n| (1..=MAX_F).contains(n)) {
            return Ok(Key::F(n));
        }
        let names = NAMED.iter().map(|(_, name, _)| *name).chain(["f1", "f12"]);
        let (meant, _) = nearest(&lower, names).expect("some are known");
        Err(format!(
            "'{text}' is no key, did you mean '{meant}'? A key is a character, C-x, A-x, f1 to f12, or one of {}",
            all()
        ))
    }
}

/// The one printable character of `text`.
fn only(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let c = chars.next().filter(|c| !is_unprintable(*c))?;
    chars.next().is_none().then_some(c)
}

/// All names, for a fault.
fn all() -> String {
    NAMED.map(|(_, name, _)| name).join(", ")
}

fn held(rest: &str) -> Option<char> {
    if rest == "space" { Some(' ') } else { only(rest) }
}

fn ctrl(text: &str, rest: &str) -> Result<Key, String> {
    match held(rest) {
        Some('i') => Err(format!("a terminal sends the same for '{text}' and 'tab'")),
        Some('m') => Err(format!("a terminal sends the same for '{text}' and 'enter'")),
        Some(c) if c.is_ascii_lowercase() || c == ' ' => Ok(Key::Ctrl(c)),
        _ => Err(format!("'{text}' is no key: C- takes a letter or space")),
    }
}

fn alt(text: &str, rest: &str) -> Result<Key, String> {
    match held(rest) {
        // What follows these is another key's name on the line.
        Some('[' | 'O') => Err(format!("a terminal sends no '{text}' of its own")),
        Some(c) => Ok(Key::Alt(c)),
        None => Err(format!("'{text}' is no key: A- takes a character or space")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::bindings;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let shipped = bindings().flat_map(|row| row.keys).map(|(key, _)| *key);
        let more = [Key::Ctrl(' '), Key::Alt('x'), Key::Alt(' '), Key::Alt('X'), Key::F(1)];
        let named = NAMED.map(|(key, ..)| key);
        for key in shipped.chain(more).chain(named).chain([Key::F(12), Key::Char('ä')]) {
            assert_eq!(Key::parse(&key.name()), Ok(key));
            assert_eq!(Key::parse(&key.shown()), Ok(key));
        }
        for (text, key) in [
            ("PgUp", Key::PageUp),
            ("ENTER", Key::Enter),
            ("F5", Key::F(5)),
            ("C-X", Key::Ctrl('x')),
        ] {
            assert_eq!(Key::parse(text), Ok(key));
        }
        assert_ne!(Key::parse("s"), Key::parse("S"));
    }

    #[test]
    fn what_is_no_key_says_why() {
        for (text, expected) in [
            ("entr", "'entr' is no key, did you mean 'enter'? A key is a character,"),
            ("", "'' is no key, did you mean"),
            ("f13", "'f13' is no key, did you mean 'f1'? "),
            ("F0", "'F0' is no key, did you mean 'f1'?"),
            ("C-i", "a terminal sends the same for 'C-i' and 'tab'"),
            ("C-M", "a terminal sends the same for 'C-M' and 'enter'"),
            ("C-1", "'C-1' is no key: C- takes a letter or space"),
            ("C-", "'C-' is no key: C- takes a letter or space"),
            ("A-xy", "'A-xy' is no key: A- takes a character or space"),
            ("A-[", "a terminal sends no 'A-[' of its own"),
            ("\u{1b}", "'\u{1b}' is no key"),
        ] {
            let error = Key::parse(text).expect_err(text);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
