//! Drawing by cell: text at columns, clipped. Owns: clipping, grounds, what happens to control
//! characters and to glyphs that the terminal can't show. Must not know: screens. Invariant: nothing is written outside the area handed in.

use std::borrow::Cow;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    text::Span,
};

use super::{
    glyphs::Glyphs,
    spots::{Spots, Target},
    theme::{Ground, Ink, Role, Theme},
};
use crate::text::is_unprintable;

/// A buffer with a theme and a ground. Columns and rows are absolute; whatever lies outside the
/// area is dropped.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    area: Rect,
    ground: Ground,
    /// Where who asks what lies where is told of it.
    spots: Option<&'a mut Spots>,
}

fn without_unprintable(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    match text.contains(is_unprintable) {
        true => Cow::Owned(text.replace(is_unprintable, "")),
        false => Cow::Borrowed(text),
    }
}

/// Cells `text` takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// `text` cut to `max` cells, with `…` where something is missing.
pub fn cut(text: &str, max: u16) -> String {
    let clean: String = text.chars().filter(|c| !is_unprintable(*c)).collect();
    if width(&clean) <= max {
        return clean;
    }
    let mut kept = String::new();
    for c in clean.chars() {
        kept.push(c);
        if width(&kept) >= max {
            kept.pop();
            break;
        }
    }
    if max > 0 {
        kept.push('…');
    }
    kept
}

/// `text` in lines of at most `max` cells, broken at spaces.
pub fn wrap(text: &str, max: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= max => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, max)),
        }
    }
    lines
}

impl<'a> Canvas<'a> {
    /// All of `buffer`, painted in the theme's ground.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Canvas<'a> {
        let area = buffer.area;
        buffer.set_style(area, theme.ground(Ground::Canvas));
        Canvas { buffer, theme, area, ground: Ground::Canvas, spots: None }
    }

    /// The same, telling what lies where.
    pub fn telling(self, spots: &'a mut Spots) -> Canvas<'a> {
        Canvas { spots: Some(spots), ..self }
    }

    /// Says what lies in `rect`, as far as it is seen.
    pub fn spot(&mut self, rect: Rect, target: Target) {
        if let Some(spots) = &mut self.spots {
            spots.add(rect.intersection(self.area), target);
        }
    }

    /// On what `buffer` has already.
    pub fn over(buffer: &'a mut Buffer, theme: &'a Theme) -> Canvas<'a> {
        let area = buffer.area;
        Canvas { buffer, theme, area, ground: Ground::Canvas, spots: None }
    }

    pub fn area(&self) -> Rect {
        self.area
    }

    pub fn theme(&self) -> &Theme {
        self.theme
    }

    /// Paints `rect` in `ground`, empties it, and draws on it.
    pub fn on(&mut self, ground: Ground, rect: Rect) -> Canvas<'_> {
        let rect = rect.intersection(self.area);
        for position in rect.positions() {
            self.buffer[position].reset();
        }
        self.buffer.set_style(rect, self.theme.ground(ground));
        let spots = self.spots.as_deref_mut();
        Canvas { buffer: self.buffer, theme: self.theme, area: self.area, ground, spots }
    }

    /// What stands in `rect` is how it was, not how it is: text goes faint, blocks of colour into their tracks.
    pub fn fade(&mut self, rect: Rect) {
        let colour = |role| self.theme.colour(role);
        let [faint, track] = [Role::Faint, Role::Track].map(colour);
        let grounds = [Role::Canvas, Role::Selection].map(colour);
        // A bar may have the colour of a text: the glyph says which it is.
        let is_block = |symbol: &str| symbol.chars().all(|c| ('▀'..='▟').contains(&c));
        for position in rect.intersection(self.area).positions() {
            let cell = &mut self.buffer[position];
            if cell.symbol() != " " && cell.fg != colour(Role::Rule) {
                cell.fg = if is_block(cell.symbol()) { track } else { faint };
            }
            if !grounds.contains(&cell.bg) {
                cell.bg = track;
            }
        }
    }

    /// The same canvas, for a while.
    pub fn again(&mut self) -> Canvas<'_> {
        let Canvas { theme, area, ground, .. } = *self;
        let spots = self.spots.as_deref_mut();
        Canvas { buffer: self.buffer, theme, area, ground, spots }
    }

    /// Writes `text` from column `x`; gives the column after it.
    pub fn text(&mut self, x: u16, y: u16, text: impl AsRef<str>, ink: impl Into<Ink>) -> u16 {
        let style = self.theme.style(ink.into(), self.ground);
        self.styled(x, y, text.as_ref(), style)
    }

    /// Writes `text` so that it ends in column `end`.
    pub fn right(&mut self, end: u16, y: u16, text: impl AsRef<str>, ink: impl Into<Ink>) {
        let text = text.as_ref();
        if let Some(x) = (end + 1).checked_sub(width(text)) {
            self.text(x, y, text, ink);
        }
    }

    /// Writes runs of text one after the other; gives the column after them.
    pub fn runs(&mut self, x: u16, y: u16, runs: &[(&str, Ink)]) -> u16 {
        runs.iter().fold(x, |x, &(text, ink)| self.text(x, y, text, ink))
    }

    /// Like [`Canvas::runs`], ending in column `end`.
    pub fn right_runs(&mut self, end: u16, y: u16, runs: &[(&str, Ink)]) {
        let total: u16 = runs.iter().map(|(text, _)| width(text)).sum();
        if let Some(x) = (end + 1).checked_sub(total) {
            self.runs(x, y, runs);
        }
    }

    /// One glyph with a colour above and a colour below: `▄` in `below` on `above`.
    pub fn halves(&mut self, x: u16, y: u16, above: Role, below: Role) {
        match self.theme.glyphs() {
            Glyphs::Unicode => {
                let style = Style::new().bg(self.theme.colour(above)).fg(self.theme.colour(below));
                self.styled(x, y, "▄", style);
            }
            // No glyph of ASCII has halves: what lies above stands for both.
            Glyphs::Ascii => {
                self.text(x, y, "█", above);
            }
        }
    }

    /// A glyph in `ink` on a ground of `role`'s colour.
    pub fn glyph_on(&mut self, x: u16, y: u16, glyph: &str, ink: impl Into<Ink>, role: Role) {
        let style = self.theme.style(ink.into(), self.ground).bg(self.theme.colour(role));
        self.styled(x, y, glyph, style);
    }

    /// A character that is being typed at.
    pub fn typed_at(&mut self, x: u16, y: u16, character: &str) {
        self.styled(x, y, character, self.theme.typed_at());
    }

    /// A glyph in a colour of another theme.
    pub fn sample(&mut self, x: u16, y: u16, glyph: &str, (ink, ground): (Color, Color)) {
        self.styled(x, y, glyph, Style::new().fg(ink).bg(ground));
    }

    /// Names of keys, spelt out where their glyphs can't be shown; gives the column after them.
    pub fn keys(&mut self, x: u16, y: u16, keys: &str, ink: impl Into<Ink>) -> u16 {
        let keys = self.theme.glyphs().keys(keys);
        self.text(x, y, keys, ink)
    }

    pub fn vertical_rule(&mut self, x: u16, rows: std::ops::RangeInclusive<u16>) {
        for y in rows {
            self.text(x, y, "│", Role::Rule);
        }
    }

    pub fn horizontal(&mut self, columns: std::ops::RangeInclusive<u16>, y: u16, glyph: &str) {
        for x in columns {
            self.text(x, y, glyph, Role::Rule);
        }
    }

    /// Where every text becomes cells. Whoever forgot that a text comes from a file still can't turn a line
    /// round with it.
    fn styled(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let text = &*without_unprintable(text);
        let text = &*self.theme.glyphs().shown(text);
        let inside = y >= self.area.top() && y < self.area.bottom();
        if !inside || x < self.area.left() || x >= self.area.right() {
            return x.saturating_add(width(text));
        }
        self.buffer.set_stringn(x, y, text, usize::from(self.area.right() - x), style);
        x.saturating_add(width(text))
    }
}
