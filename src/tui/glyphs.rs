//! What stands for a glyph where a terminal shows only ASCII. Must not know where glyphs are drawn. Invariant:
//! what replaces a text takes as many cells as the text.

use std::borrow::Cow;

use super::canvas::width;

/// What a terminal can be asked to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    /// No UTF-8, or glyphs that take two cells where one is planned.
    Ascii,
}

/// Keys that have a glyph, and what they are called without.
const KEYS: [(&str, &str); 9] = [
    // As a pair they share a dash, so that the footer stays short.
    ("↑↓", "Up/Dn"),
    ("⏎", "Enter"),
    ("⇥", "Tab"),
    ("⇤", "S-Tab"),
    ("⌫", "BS"),
    ("↑", "Up"),
    ("↓", "Dn"),
    ("←", "Lt"),
    ("→", "Rt"),
];

impl Glyphs {
    /// `text` as it can be printed, cell for cell.
    pub fn shown(self, text: &str) -> Cow<'_, str> {
        if self == Glyphs::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match ascii(c) {
                Some(c) => shown.push(c),
                // A letter of somebody's name: its cells stay, so that columns do.
                None => {
                    let cells = width(c.encode_utf8(&mut [0; 4]));
                    shown.extend(std::iter::repeat_n('?', cells.into()));
                }
            }
        }
        Cow::Owned(shown)
    }

    /// The names of keys as they can be printed; they may take more cells.
    pub fn keys(self, keys: &str) -> Cow<'_, str> {
        if self == Glyphs::Unicode || keys.is_ascii() {
            return Cow::Borrowed(keys);
        }
        let spelt =
            KEYS.iter().fold(keys.to_owned(), |text, (glyph, name)| text.replace(glyph, name));
        Cow::Owned(self.shown(&spelt).into_owned())
    }
}

/// What stands for a glyph that zendo draws.
pub(super) fn ascii(c: char) -> Option<char> {
    Some(match c {
        ' '..='~' => c,
        '▸' | '→' | '≥' | '⇥' => '>',
        '←' | '≤' | '⇤' | '⌫' => '<',
        '●' | '★' => '*',
        '▾' | '↓' => 'v',
        '▴' | '↑' => '^',
        '▲' => '!',
        '○' | '•' => 'o',
        '‖' | '━' | '▄' | '▅' | '▆' => '=',
        '✓' | '┼' | '╭' | '╮' | '╰' | '╯' => '+',
        '✗' | '×' => 'x',
        '◆' => '@',
        '▍' | '▏' | '│' | '┃' => '|',
        '▁' => '_',
        '▂' | '·' | '…' => '.',
        '▇' | '█' | '▀' | '■' | '▓' => '#',
        '▃' | '▖' | '▗' | '╸' | '─' | '╌' | '−' | '–' => '-',
        '▒' => '%',
        '┊' | '░' => ':',
        '├' => '[',
        '┤' => ']',
        '²' => '2',
        '±' | '≈' => '~',
        'Δ' => 'D',
        'Σ' => 'S',
        'σ' => 's',
        'τ' => 't',
        'ρ' => 'r',
        'α' => 'a',
        'Φ' => 'P',
        '√' => 'V',
        '⏎' => 'E',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_takes_as_many_cells() {
        for text in ["▸ 32²→16² ±0.9 …", "größe", "日本 net", "e\u{301}", ""] {
            let shown = Glyphs::Ascii.shown(text);
            assert!(shown.is_ascii());
            assert_eq!(width(&shown), width(text), "{text}");
            assert_eq!(Glyphs::Unicode.shown(text), text);
        }
        assert_eq!(Glyphs::Ascii.shown("▸ 32²→16² ±0.9 …"), "> 322>162 ~0.9 .");
        assert_eq!(Glyphs::Ascii.shown("日本 größe"), "???? gr??e");
    }

    #[test]
    fn keys_are_called_by_their_names() {
        assert_eq!(Glyphs::Ascii.keys("⏎ → l"), "Enter Rt l");
        assert_eq!(Glyphs::Ascii.keys("↑↓"), "Up/Dn");
        assert_eq!(Glyphs::Ascii.keys("1 … 6"), "1 . 6");
        assert_eq!(Glyphs::Unicode.keys("⏎"), "⏎");
    }
}
