//! Cells to bytes. Owns: which escape sequences a change costs. Must not know: what is drawn.
//! Invariant: a cell looks as ratatui's own backend would show it.
//!
//! ratatui's crossterm backend sends both colours whenever one changes, which in 24-bit colour more
//! than doubles a frame. Over SSH bytes are latency, so this one sends only what is new, and for a
//! blank cell nothing that can't be seen on it.

use std::io::{self, Write};

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, IntoCrossterm, WindowSize},
    buffer::Cell,
    crossterm::{
        cursor::MoveTo,
        queue,
        style::{Attribute, Print, SetAttribute, SetBackgroundColor, SetForegroundColor},
    },
    layout::{Position, Size},
    style::{Color, Modifier},
};

use super::canvas::width;

/// A crossterm backend with a thrifty `draw`.
pub struct LeanBackend<W: Write> {
    out: CrosstermBackend<W>,
}

/// What the terminal's pen is set to while a frame is written.
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// The modifiers this program uses, each with the attributes that set and clear it.
const MODIFIERS: [(Modifier, Attribute, Attribute); 3] = [
    (Modifier::BOLD, Attribute::Bold, Attribute::NormalIntensity),
    (Modifier::UNDERLINED, Attribute::Underlined, Attribute::NoUnderline),
    (Modifier::REVERSED, Attribute::Reverse, Attribute::NoReverse),
];

impl<W: Write> LeanBackend<W> {
    pub fn new(out: W) -> LeanBackend<W> {
        LeanBackend { out: CrosstermBackend::new(out) }
    }

    fn set(&mut self, pen: &mut Pen, cell: &Cell) -> io::Result<()> {
        let blank = cell.symbol() == " ";
        // On a blank only the ground shows: its colour, a line through it, or both colours swapped.
        let seen = if blank { Modifier::UNDERLINED | Modifier::REVERSED } else { Modifier::all() };
        for (modifier, on, off) in MODIFIERS {
            let wanted = cell.modifier.contains(modifier);
            if seen.contains(modifier) && wanted != pen.modifier.contains(modifier) {
                queue!(self.out, SetAttribute(if wanted { on } else { off }))?;
                pen.modifier.set(modifier, wanted);
            }
        }
        let shows_ink = !blank || cell.modifier.intersects(seen);
        if shows_ink && cell.fg != pen.fg {
            self.colour(cell.fg, Side::Ink)?;
            pen.fg = cell.fg;
        }
        if cell.bg != pen.bg {
            self.colour(cell.bg, Side::Ground)?;
            pen.bg = cell.bg;
        }
        Ok(())
    }

    /// The 16 colours go out as every terminal that has colours knows them; crossterm would send them as
    /// the first of 256, which is longer and which plain terminals don't know.
    fn colour(&mut self, colour: Color, side: Side) -> io::Result<()> {
        if let Some(n) = number_of_16(colour) {
            let base = match (side, n) {
                (Side::Ink, 0..=7) => 30,
                (Side::Ink, _) => 82,
                (Side::Ground, 0..=7) => 40,
                (Side::Ground, _) => 92,
            };
            return write!(self.out, "\u{1b}[{}m", base + n);
        }
        match side {
            Side::Ink => queue!(self.out, SetForegroundColor(colour.into_crossterm())),
            Side::Ground => queue!(self.out, SetBackgroundColor(colour.into_crossterm())),
        }
    }
}

/// Whether all terminals take it for one cell.
fn is_one_cell(symbol: &str) -> bool {
    symbol.len() == 1 || (symbol.chars().nth(1).is_none() && width(symbol) == 1)
}

/// What a colour is set for.
#[derive(Clone, Copy)]
enum Side {
    Ink,
    Ground,
}

fn number_of_16(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}

impl<W: Write> Backend for LeanBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };
        let (mut next, mut any) = (None, false);
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                queue!(self.out, MoveTo(x, y))?;
            }
            self.set(&mut pen, cell)?;
            queue!(self.out, Print(cell.symbol()))?;
            // Terminals differ in the cells that such a glyph moves them by: the next says where it stands.
            next = is_one_cell(cell.symbol()).then_some((x + 1, y));
            any = true;
        }
        if any {
            queue!(self.out, SetAttribute(Attribute::Reset))?;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.out.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.out.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.out.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.out.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.out.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.out.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.out.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.out.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    fn bytes(cells: &[(&str, Style)]) -> String {
        ratatui::crossterm::style::force_color_output(true);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        let mut x = 0;
        for (text, style) in cells {
            (x, _) = buffer.set_stringn(x, 0, text, 20, *style);
        }
        let mut out = Vec::new();
        let drawn = (0..x).map(|x| (x, 0, &buffer[(x, 0)]));
        LeanBackend::new(&mut out).draw(drawn).expect("a vector takes it");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn only_what_is_new_is_sent() {
        let (red, blue) = (Color::Indexed(1), Color::Indexed(4));
        let on = Style::new().bg(blue);
        assert_eq!(
            bytes(&[("a", on.fg(red)), (" ", on.fg(blue)), ("b", on.fg(red)), ("c", on.fg(blue))]),
            "\u{1b}[1;1H\u{1b}[38;5;1m\u{1b}[48;5;4ma b\u{1b}[38;5;4mc\u{1b}[0m"
        );
    }

    #[test]
    fn what_follows_a_wide_glyph_says_where_it_stands() {
        let plain = Style::new();
        assert_eq!(
            bytes(&[("a", plain), ("日", plain), ("e\u{301}", plain), ("b─c", plain)]),
            "\u{1b}[1;1Ha日\u{1b}[1;3H \u{1b}[1;4He\u{301}\u{1b}[1;5Hb─c\u{1b}[0m"
        );
    }

    #[test]
    fn sixteen_colours_go_to_plain_terminals() {
        let style = Style::new().fg(Color::LightYellow).bg(Color::Blue);
        assert_eq!(
            bytes(&[("a", style), ("b", style.fg(Color::Red).bg(Color::DarkGray))]),
            "\u{1b}[1;1H\u{1b}[93m\u{1b}[44ma\u{1b}[31m\u{1b}[100mb\u{1b}[0m"
        );
    }

    #[test]
    fn blanks_show_lines_and_swapped_colours() {
        let style = Style::new().fg(Color::Indexed(1));
        let lined = style.add_modifier(Modifier::UNDERLINED);
        assert_eq!(
            bytes(&[("a", style.add_modifier(Modifier::BOLD)), (" ", lined), ("b", style)]),
            "\u{1b}[1;1H\u{1b}[1m\u{1b}[38;5;1ma\u{1b}[4m \u{1b}[22m\u{1b}[24mb\u{1b}[0m"
        );
    }
}
