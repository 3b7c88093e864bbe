//! What a terminal says of itself when it is asked, and what its environment says where it doesn't. Owns: the
//! question, how answers are told from keys. Must not know: reading and writing, themes. Invariant: what a
//! person typed meanwhile comes out as they typed it.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::glyphs::Glyphs;
use crate::theme::{Charset, Rgb, Variable};

/// A glyph that some terminals set two cells wide: East Asian Width "ambiguous", as most that are drawn here.
const AMBIGUOUS: &str = "●";
/// From the upper left: where is the cursor?
const WHERE: &str = "\u{1b}[6n";
/// Which colour has the ground (OSC 11)?
const GROUND: &str = "\u{1b}]11;?\u{1b}\\";
/// What are you (DA1)? Nearly all terminals answer this, and they answer in order: what hasn't been
/// answered before it never will be, so there is no need to wait.
const WHO: &str = "\u{1b}[c";
const HOME: &str = "\u{1b}[H";
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// What to write to the terminal, once, on an empty screen; it leaves the screen empty.
pub fn question(variable: Variable<'_>) -> String {
    let width = match Charset::of_locale(variable) {
        Charset::Utf8 | Charset::Unknown => format!("{HOME}{AMBIGUOUS}{WHERE}"),
        Charset::Other => String::new(),
    };
    // The Linux console's ground is black, and old ones print what they don't know.
    let ground = if variable("TERM").is_some_and(|term| term == "linux") { "" } else { GROUND };
    format!("{width}{ground}{WHO}{CLEAR}")
}

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub ground: Option<Rgb>,
    /// Cells that the ambiguous glyph took.
    pub cells: Option<u16>,
    /// Whether the last question was answered: nothing comes late.
    pub is_whole: bool,
    /// What a person typed meanwhile.
    pub typed: Vec<Event>,
}

impl Answers {
    /// Tells answers from keys.
    pub fn read(bytes: &[u8]) -> Answers {
        let mut answers = Answers::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[answers.take(rest)..];
        }
        answers
    }

    /// Takes what stands in front; gives how many bytes that is, at least one.
    fn take(&mut self, bytes: &[u8]) -> usize {
        if let Some(body) = bytes.strip_prefix(b"\x1b]11;") {
            let end =
                body.iter().position(|byte| matches!(byte, 0x07 | 0x1b)).unwrap_or(body.len());
            self.ground = std::str::from_utf8(&body[..end]).ok().and_then(rgb);
            // The end is a bell, or ESC and a backslash.
            let closing = if body[end..].starts_with(b"\x1b\\") { 2 } else { 1 };
            return (5 + end + closing).min(bytes.len());
        }
        if let Some(body) = bytes.strip_prefix(b"\x1b[200~") {
            let closing = b"\x1b[201~";
            let end = body.windows(closing.len()).position(|window| window == closing);
            let text = String::from_utf8_lossy(&body[..end.unwrap_or(body.len())]);
            self.typed.push(Event::Paste(text.into_owned()));
            return bytes.len().min(6 + end.map_or(body.len(), |end| end + closing.len()));
        }
        if let Some(body) = bytes.strip_prefix(b"\x1b[") {
            let Some(end) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
                return bytes.len();
            };
            self.sequence(&body[..end], body[end]);
            return 2 + end + 1;
        }
        if let [0x1b, b'O', last, ..] = bytes {
            self.typed.extend(moving(*last).map(key));
            return 3;
        }
        let text = std::str::from_utf8(bytes);
        let valid = text.unwrap_or_else(|error| {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("checked so far")
        });
        let Some(c) = valid.chars().next() else { return 1 };
        self.typed.push(character(c));
        c.len_utf8()
    }

    /// A control sequence by its parameters and its last byte.
    fn sequence(&mut self, parameters: &[u8], last: u8) {
        let numbers = || {
            let text = std::str::from_utf8(parameters).unwrap_or_default();
            text.split(';').map(|part| part.parse::<u16>().ok()).collect::<Vec<_>>()
        };
        match (last, parameters) {
            (b'c', [b'?', ..]) => self.is_whole = true,
            (b'R', _) if self.cells.is_none() => {
                if let [_, Some(column)] = numbers()[..] {
                    self.cells = column.checked_sub(1);
                }
            }
            (b'~', _) => {
                let code = match numbers().first() {
                    Some(Some(1 | 7)) => KeyCode::Home,
                    Some(Some(4 | 8)) => KeyCode::End,
                    Some(Some(3)) => KeyCode::Delete,
                    Some(Some(5)) => KeyCode::PageUp,
                    Some(Some(6)) => KeyCode::PageDown,
                    _ => return,
                };
                self.typed.push(key(code));
            }
            (last, _) => self.typed.extend(moving(last).map(key)),
        }
    }
}

fn moving(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'Z' => KeyCode::BackTab,
        _ => return None,
    })
}

fn key(code: KeyCode) -> Event {
    Event::Key(code.into())
}

fn character(c: char) -> Event {
    match c {
        '\r' => key(KeyCode::Enter),
        '\t' => key(KeyCode::Tab),
        '\u{1b}' => key(KeyCode::Esc),
        '\u{7f}' => key(KeyCode::Backspace),
        '\u{1}'..='\u{1a}' => {
            let letter = char::from(c as u8 - 1 + b'a');
            Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
        }
        c => key(KeyCode::Char(c)),
    }
}

/// `rgb:1111/1414/1a1a`, with one to four hexadecimal digits a part; a fourth part is transparency.
fn rgb(text: &str) -> Option<Rgb> {
    let parts = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let part = |text: &str| {
        let most = match text.len() {
            digits @ 1..=4 => (1_u32 << (4 * digits)) - 1,
            _ => return None,
        };
        u8::try_from(u32::from_str_radix(text, 16).ok()? * 255 / most).ok()
    };
    let mut parts = parts.split('/').map(part);
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// Whether dark text belongs on the terminal's ground: as it answered, else by COLORFGBG, whose last number is
/// the ground among the 16 colours. None where nobody says.
pub fn is_light(ground: Option<Rgb>, variable: Variable<'_>) -> Option<bool> {
    if let Some([r, g, b]) = ground.map(|rgb| rgb.map(u32::from)) {
        // Luma of BT.601, which asks no more than bright or not.
        return Some(299 * r + 587 * g + 114 * b >= 128 * 1_000);
    }
    let said = variable("COLORFGBG")?;
    match said.rsplit(';').next()?.parse::<u8>().ok()? {
        7 | 9..=15 => Some(true),
        0..=6 | 8 => Some(false),
        16.. => None,
    }
}

/// What can be drawn with: as the user set it, else as the locale says, unless the terminal shows that
/// glyphs take two cells. Where the locale says nothing, a terminal that knows UTF-8 has moved by one cell.
pub fn glyphs(ascii: Option<bool>, charset: Charset, cells: Option<u16>) -> Glyphs {
    match (ascii, charset, cells) {
        (Some(true), ..) => Glyphs::Ascii,
        (Some(false), ..) => Glyphs::Unicode,
        (None, Charset::Other, _) => Glyphs::Ascii,
        (None, Charset::Utf8, None | Some(1)) => Glyphs::Unicode,
        (None, Charset::Unknown, Some(1)) => Glyphs::Unicode,
        (None, Charset::Utf8 | Charset::Unknown, _) => Glyphs::Ascii,
    }
}

/// Keeps an answer that comes too late (a slow line) from being taken for keys. Only the colour can be: the
/// other answers are known to whoever reads keys.
#[derive(Debug, Default)]
pub struct Late {
    /// An answer may still come.
    is_awaited: bool,
    is_inside: bool,
}

impl Late {
    pub fn after(answers: &Answers) -> Late {
        Late { is_awaited: !answers.is_whole && answers.ground.is_none(), is_inside: false }
    }

    /// Whether an event is part of the answer.
    pub fn swallows(&mut self, event: &Event) -> bool {
        if !self.is_awaited {
            return false;
        }
        let Event::Key(KeyEvent { code, modifiers, .. }) = event else { return false };
        let (alt, control) =
            (modifiers.contains(KeyModifiers::ALT), modifiers.contains(KeyModifiers::CONTROL));
        match code {
            // ESC ] is read as a key with Alt.
            KeyCode::Char(']') if alt => self.is_inside = true,
            _ if !self.is_inside => return false,
            KeyCode::Char('\\') if alt => *self = Late::default(),
            KeyCode::Char('g') if control => *self = Late::default(),
            KeyCode::Char('0'..='9' | 'a'..='f' | 'A'..='F' | 'r' | 'g' | ':' | ';' | '/') => {}
            _ => {
                *self = Late::default();
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
