//! Cells to bytes. Owns: which escape sequences a change costs. Must not know: what is drawn, what the terminal
//! showed before. Invariant: every cell that is handed in looks afterwards as it is in the picture, and no other
//! cell changes.
//!
//! Over SSH bytes are latency. A colour of 24 bits costs as much as a row of digits, so cells are sent style by
//! style, not row by row: columns of a table share theirs. Short gaps are printed over, longer ones are skipped
//! by the shortest move.

use std::io::Write;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

use super::{canvas::width, glyphs::ascii};

/// The modifiers this program uses, each with the codes that set and clear it.
const MODIFIERS: [(Modifier, u8, u8); 3] =
    [(Modifier::BOLD, 1, 22), (Modifier::UNDERLINED, 4, 24), (Modifier::REVERSED, 7, 27)];
/// What is seen of a blank: a line through it, or both colours swapped.
const SEEN_ON_BLANKS: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED);

/// Rows further down, and columns further back, are gone to by their numbers: that is shorter.
const MOST_ROWS: u16 = 2;
const MOST_STEPS: u16 = 4;

/// What the terminal's pen is set to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// At the start of a frame, and at its end.
    const RESET: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Pen {
        Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether a cell drawn with this pen looks as it is meant to.
    fn suits(self, cell: &Cell) -> bool {
        if self.bg != cell.bg {
            return false;
        }
        if cell.symbol() == " " && !cell.modifier.intersects(SEEN_ON_BLANKS) {
            return !self.modifier.intersects(SEEN_ON_BLANKS);
        }
        self.fg == cell.fg && self.modifier == cell.modifier
    }
}

/// Cells of one style, row by row.
struct Group<'a> {
    pen: Pen,
    cells: Vec<(u16, u16, &'a Cell)>,
}

fn grouped<'a>(changed: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut last = 0;
    for (x, y, cell) in changed {
        // The cell before mostly has the same.
        let is_same = groups.get(last).is_some_and(|group| group.pen.suits(cell));
        if !is_same {
            let found = groups.iter().position(|group| group.pen.suits(cell));
            last = found.unwrap_or(groups.len());
        }
        if last == groups.len() {
            groups.push(Group { pen: Pen::of(cell), cells: Vec::new() });
        }
        groups[last].cells.push((x, y, cell));
    }
    groups
}

/// The bytes that draw `changed`, which are cells of `picture` in the order of its rows.
pub fn encode<'a>(
    changed: impl Iterator<Item = (u16, u16, &'a Cell)>,
    picture: &'a Buffer,
    out: &mut Vec<u8>,
) {
    let groups = grouped(changed);
    let mut encoder = Encoder { picture, out, pen: Pen::RESET, at: None };
    for group in &groups {
        encoder.set(group.pen);
        for &(x, y, cell) in &group.cells {
            encoder.go(x, y);
            encoder.print(x, y, cell);
        }
    }
    if !groups.is_empty() {
        encoder.put(format_args!("\u{1b}[0m"));
    }
}

struct Encoder<'a, 'b> {
    picture: &'a Buffer,
    out: &'b mut Vec<u8>,
    pen: Pen,
    /// Where the cursor is, where that is sure.
    at: Option<(u16, u16)>,
}

impl Encoder<'_, '_> {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a vector takes it");
    }

    fn print(&mut self, x: u16, y: u16, cell: &Cell) {
        if !is_one_cell(cell.symbol()) {
            // Terminals differ in the cells that it fills: what it may leave bare has its ground.
            let cells = usize::from(width(cell.symbol()).max(1));
            self.put(format_args!("{:cells$}\u{1b}[{};{}H", "", y + 1, x + 1));
        }
        self.out.extend_from_slice(cell.symbol().as_bytes());
        // Nor do they agree on where the cursor is then, or behind the last column.
        let is_sure = is_one_cell(cell.symbol()) && x + 1 < self.picture.area.width;
        self.at = is_sure.then_some((x + 1, y));
    }

    fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((from, row)) if row == y && from < x => {
                let gap = x - from;
                let skip = if gap == 1 { 3 } else { 3 + digits(gap) };
                match self.filling(from..x, y, skip) {
                    Some(cells) => self.out.extend_from_slice(&cells),
                    None if gap == 1 => self.put(format_args!("\u{1b}[C")),
                    None => self.put(format_args!("\u{1b}[{gap}C")),
                }
            }
            Some((from, row)) if row < y && y - row <= MOST_ROWS => {
                self.descend((from, row), (x, y))
            }
            Some(_) | None => self.put(format_args!("\u{1b}[{};{}H", y + 1, x + 1)),
        }
    }

    /// To one of the next rows: line feeds keep the column while output isn't processed, and steps back are a
    /// byte each. The columns of a table are gone down like that.
    fn descend(&mut self, (from, row): (u16, u16), (x, y): (u16, u16)) {
        for _ in row..y {
            self.out.push(b'\n');
        }
        match (from, x) {
            (from, x) if from == x => {}
            (from, x) if x < from && from - x <= MOST_STEPS => {
                self.out.resize(self.out.len() + usize::from(from - x), 0x08);
            }
            (from, x) if x < from => self.put(format_args!("\u{1b}[{}D", from - x)),
            (from, x) => self.put(format_args!("\u{1b}[{}C", x - from)),
        }
    }

    /// What stands in a gap, where the pen suits it and it is no longer than `most` bytes.
    fn filling(&self, columns: std::ops::Range<u16>, y: u16, most: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for x in columns {
            let cell = &self.picture[(x, y)];
            let fits = bytes.len() + cell.symbol().len() <= most;
            if !fits || !self.pen.suits(cell) || !is_one_cell(cell.symbol()) {
                return None;
            }
            bytes.extend_from_slice(cell.symbol().as_bytes());
        }
        Some(bytes)
    }

    /// Sets the pen in one sequence, with what is new alone.
    fn set(&mut self, pen: Pen) {
        let mut codes: Vec<String> = Vec::new();
        for (modifier, on, off) in MODIFIERS {
            let wanted = pen.modifier.contains(modifier);
            if wanted != self.pen.modifier.contains(modifier) {
                codes.push(if wanted { on } else { off }.to_string());
            }
        }
        if pen.fg != self.pen.fg {
            codes.push(colour(pen.fg, Side::Ink));
        }
        if pen.bg != self.pen.bg {
            codes.push(colour(pen.bg, Side::Ground));
        }
        if !codes.is_empty() {
            self.put(format_args!("\u{1b}[{}m", codes.join(";")));
        }
        self.pen = pen;
    }
}

fn digits(n: u16) -> usize {
    match n {
        0..10 => 1,
        10..100 => 2,
        _ => 3,
    }
}

/// Whether this terminal takes it for one cell: ASCII, and the glyphs of zendo's own, which it was asked about. Of
/// letters from names and of U+FFFD terminals think differently.
pub fn is_one_cell(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if ascii(c).is_some())
}

/// What a colour is set for.
#[derive(Clone, Copy)]
enum Side {
    Ink,
    Ground,
}

/// The code that sets a colour. The 16 go out as every terminal that has colours knows them, not as the first of
/// 256.
fn colour(colour: Color, side: Side) -> String {
    let base = match side {
        Side::Ink => 30,
        Side::Ground => 40,
    };
    let named = |n: u8| if n < 8 { base + n } else { base + 60 + n - 8 };
    match colour {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0).to_string(),
        Color::Red => named(1).to_string(),
        Color::Green => named(2).to_string(),
        Color::Yellow => named(3).to_string(),
        Color::Blue => named(4).to_string(),
        Color::Magenta => named(5).to_string(),
        Color::Cyan => named(6).to_string(),
        Color::Gray => named(7).to_string(),
        Color::DarkGray => named(8).to_string(),
        Color::LightRed => named(9).to_string(),
        Color::LightGreen => named(10).to_string(),
        Color::LightYellow => named(11).to_string(),
        Color::LightBlue => named(12).to_string(),
        Color::LightMagenta => named(13).to_string(),
        Color::LightCyan => named(14).to_string(),
        Color::White => named(15).to_string(),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{layout::Rect, style::Style};

    use super::*;
    use crate::tui::picture::Picture;

    fn picture(cells: &[(&str, Style)]) -> (Buffer, u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        let mut x = 0;
        for (text, style) in cells {
            (x, _) = buffer.set_stringn(x, 0, text, 20, *style);
        }
        (buffer, x)
    }

    fn encoded(buffer: &Buffer, columns: impl Iterator<Item = u16>) -> String {
        let mut out = Vec::new();
        encode(columns.map(|x| (x, 0, &buffer[(x, 0)])), buffer, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn bytes(cells: &[(&str, Style)]) -> String {
        let (buffer, end) = picture(cells);
        encoded(&buffer, 0..end)
    }

    #[test]
    fn a_style_is_set_once_and_blanks_take_any() {
        let (red, blue) = (Color::Indexed(1), Color::Indexed(4));
        let on = Style::new().bg(blue);
        assert_eq!(
            bytes(&[("a", on.fg(red)), (" ", on.fg(blue)), ("b", on.fg(red)), ("c", on.fg(blue))]),
            "\u{1b}[38;5;1;48;5;4m\u{1b}[1;1Ha b\u{1b}[38;5;4mc\u{1b}[0m"
        );
        assert_eq!(
            bytes(&[("a", on.fg(red)), ("b", on.fg(blue)), ("c", on.fg(red))]),
            "\u{1b}[38;5;1;48;5;4m\u{1b}[1;1Ha\u{1b}[Cc\u{1b}[38;5;4m\u{1b}[1;2Hb\u{1b}[0m"
        );
    }

    #[test]
    fn short_gaps_are_printed_over_and_long_ones_skipped() {
        let (buffer, _) = picture(&[("a bc, 0123456789─e", Style::new())]);
        assert_eq!(encoded(&buffer, [0, 4].into_iter()), "\u{1b}[1;1Ha bc,\u{1b}[0m");
        assert_eq!(encoded(&buffer, [0, 15].into_iter()), "\u{1b}[1;1Ha\u{1b}[14C9\u{1b}[0m");
        assert_eq!(encoded(&buffer, [15, 17].into_iter()), "\u{1b}[1;16H9─e\u{1b}[0m");
    }

    #[test]
    fn columns_are_gone_down() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 9));
        let cells = [(3, 1), (3, 2), (4, 3), (2, 5), (12, 6), (2, 7), (2, 8)];
        for at in cells {
            buffer[at].set_symbol("x");
        }
        let mut out = Vec::new();
        encode(cells.into_iter().map(|(x, y)| (x, y, &buffer[(x, y)])), &buffer, &mut out);
        let expected =
            "\u{1b}[2;4Hx\n\u{8}x\nx\n\n\u{8}\u{8}\u{8}x\n\u{1b}[9Cx\n\u{1b}[11Dx\n\u{8}x\u{1b}[0m";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }

    #[test]
    fn sixteen_colours_go_to_plain_terminals() {
        let style = Style::new().fg(Color::LightYellow).bg(Color::Blue);
        assert_eq!(
            bytes(&[("a", style), ("b", style.fg(Color::Red).bg(Color::DarkGray))]),
            "\u{1b}[93;44m\u{1b}[1;1Ha\u{1b}[31;100mb\u{1b}[0m"
        );
    }

    #[test]
    fn blanks_show_lines_and_swapped_colours() {
        let style = Style::new().fg(Color::Indexed(1));
        let lined = style.add_modifier(Modifier::UNDERLINED);
        assert_eq!(
            bytes(&[("a", style.add_modifier(Modifier::BOLD)), (" ", lined), ("b", style)]),
            "\u{1b}[1;38;5;1m\u{1b}[1;1Ha\u{1b}[22;4m \u{1b}[24mb\u{1b}[0m"
        );
    }

    #[test]
    fn what_follows_a_wide_glyph_says_where_it_stands() {
        let (buffer, _) = picture(&[("a日b─c", Style::new())]);
        assert_eq!(
            encoded(&buffer, [0, 1, 3, 4, 5].into_iter()),
            "\u{1b}[1;1Ha  \u{1b}[1;2H日\u{1b}[1;4Hb─c\u{1b}[0m"
        );
        let (buffer, _) = picture(&[("e\u{301}c", Style::new())]);
        assert_eq!(encoded(&buffer, 0..2), "\u{1b}[1;1H \u{1b}[1;1He\u{301}\u{1b}[1;2Hc\u{1b}[0m");
    }

    /// Texts in styles at places, one frame after another.
    fn frames() -> impl Strategy<Value = Vec<Vec<(u16, u16, String, u8)>>> {
        let text = prop::collection::vec(
            prop::sample::select(vec!["a", "b", " ", " ", "─", "日", "é", "e\u{301}"]),
            0..12,
        );
        let piece = (0..24_u16, 0..5_u16, text.prop_map(|parts| parts.concat()), 0..16_u8);
        prop::collection::vec(prop::collection::vec(piece, 0..12), 1..6)
    }

    fn style(n: u8) -> Style {
        let colours = [Color::Reset, Color::Indexed(1), Color::Rgb(1, 2, 3), Color::LightRed];
        let at = |n: u8| colours[usize::from(n % 4)];
        let style = Style::new().fg(at(n)).bg(at(n / 4));
        match n % 3 {
            0 => style,
            1 => style.add_modifier(Modifier::BOLD),
            _ => style.add_modifier(Modifier::UNDERLINED),
        }
    }

    proptest! {
        /// Frame after frame, the terminal shows what a terminal shows that gets the last one whole.
        #[test]
        fn the_terminal_shows_the_picture(frames in frames()) {
            let area = Rect::new(0, 0, 24, 5);
            let mut terminal = vt100::Parser::new(5, 24, 0);
            let mut picture = Picture::default();
            for frame in frames {
                let mut next = Buffer::empty(area);
                for (x, y, text, n) in frame {
                    next.set_string(x, y, text, style(n));
                }
                // As ratatui wants it: nothing stands in the second cell of a wide glyph.
                for at in area.positions().filter(|at| at.x + 1 < area.width) {
                    if width(next[at].symbol()) == 2 {
                        next[(at.x + 1, at.y)].set_symbol(" ");
                    }
                }
                let paint = |buffer: &mut Buffer| {
                    buffer.clone_from(&next);
                    Vec::new()
                };
                terminal.process(&picture.frame(area.as_size(), paint).expect("a vector takes it"));
                let mut fresh = vt100::Parser::new(5, 24, 0);
                let whole = Picture::default().frame(area.as_size(), paint);
                fresh.process(&whole.expect("a vector takes it"));
                for at in area.positions() {
                    let cell = |t: &vt100::Parser| t.screen().cell(at.y, at.x).expect("inside").clone();
                    let (is, meant) = (cell(&terminal), cell(&fresh));
                    if !next[at].symbol().trim().is_empty() {
                        prop_assert_eq!(is.contents(), next[at].symbol(), "at {:?}", at);
                    }
                    prop_assert_eq!(is.contents().trim(), meant.contents().trim(), "at {:?}", at);
                    prop_assert_eq!(is.bgcolor(), meant.bgcolor(), "at {:?}", at);
                    if is.has_contents() && is.contents() != " " {
                        prop_assert_eq!(is.fgcolor(), meant.fgcolor(), "at {:?}", at);
                        prop_assert_eq!(is.bold(), meant.bold(), "at {:?}", at);
                    }
                    prop_assert_eq!(is.underline(), meant.underline(), "at {:?}", at);
                }
            }
        }
    }
}
