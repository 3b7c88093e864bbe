//! What the terminal shows and what it shall show next. Owns: both as cells, what keeps its cells, the bytes of a
//! frame. Must not know: screens, the terminal's file. Invariant: after the bytes of a frame the terminal shows
//! exactly what is remembered as shown.

use std::io;

use ratatui::{
    buffer::Buffer,
    crossterm::{
        queue,
        terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate},
    },
    layout::{Position, Rect, Size},
};

use super::{
    canvas::width,
    encoder::{encode, is_one_cell},
};

/// The cells of a terminal.
#[derive(Default)]
pub struct Picture {
    shown: Buffer,
    next: Buffer,
    /// What the terminal shows isn't known: it was resized, or somebody else wrote on it.
    is_unknown: bool,
}

impl Picture {
    /// The next frame is drawn on an empty screen.
    pub fn forget(&mut self) {
        self.is_unknown = true;
    }

    /// The bytes that make the terminal show what `paint` paints; none where it shows that already. What
    /// `paint` tells to wait keeps the cells it has.
    ///
    /// # Errors
    /// None: the bytes go into a vector.
    pub fn frame(
        &mut self,
        size: Size,
        paint: impl FnOnce(&mut Buffer) -> Vec<Rect>,
    ) -> io::Result<Vec<u8>> {
        let area = Rect::from((Position::ORIGIN, size));
        let is_new = self.is_unknown || self.shown.area != area;
        if is_new {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
        } else {
            self.next.reset();
        }
        let waiting = paint(&mut self.next);
        for at in waiting.into_iter().flat_map(|rect| rect.intersection(area).positions()) {
            self.next[at].clone_from(&self.shown[at]);
        }
        self.spoil_halves();
        let mut changed = self.shown.diff(&self.next);
        // The second cell of a wide glyph is the glyph's: a blank there would take it away again.
        changed.retain(|&(x, y, _)| x == 0 || width(self.next[(x - 1, y)].symbol()) < 2);
        let mut bytes = Vec::new();
        if !changed.is_empty() || is_new {
            queue!(bytes, BeginSynchronizedUpdate)?;
            if is_new {
                queue!(bytes, Clear(ClearType::All))?;
            }
            encode(changed.into_iter(), &self.next, &mut bytes);
            queue!(bytes, EndSynchronizedUpdate)?;
        }
        self.is_unknown = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(bytes)
    }
}

impl Picture {
    /// What comes over the first cell of a wide glyph takes the glyph away, and the terminal decides how the
    /// second looks then: that one is drawn anew.
    fn spoil_halves(&mut self) {
        let area = self.shown.area;
        for at in area.positions().filter(|at| at.x + 1 < area.right()) {
            let (is, becomes) = (&self.shown[at], &self.next[at]);
            if is != becomes && !is_one_cell(is.symbol()) {
                // Of private use: no cell is drawn like that.
                self.shown[(at.x + 1, at.y)].set_symbol("\u{e000}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    const SIZE: Size = Size { width: 20, height: 4 };

    fn rows(texts: [&str; 4]) -> impl FnOnce(&mut Buffer) -> Vec<Rect> {
        move |buffer| {
            for (text, y) in texts.into_iter().zip(0..) {
                buffer.set_string(0, y, text, Style::new());
            }
            Vec::new()
        }
    }

    fn shown(terminal: &vt100::Parser) -> String {
        let rows = terminal.screen().rows(0, 20).map(|row| row.trim_end().to_owned());
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_frame_has_what_changed_and_nothing_else() {
        let mut picture = Picture::default();
        let mut terminal = vt100::Parser::new(4, 20, 0);
        terminal.process(b"somebody else's");
        terminal.process(&picture.frame(SIZE, rows(["a", "b", "c", "d"])).expect("a vector"));
        assert_eq!(shown(&terminal), "a\nb\nc\nd");
        let same = picture.frame(SIZE, rows(["a", "b", "c", "d"])).expect("a vector");
        assert!(same.is_empty());
        let changed = picture.frame(SIZE, rows(["a", "b", "C", "d"])).expect("a vector");
        assert_eq!(changed, b"\x1b[?2026h\x1b[3;1HC\x1b[0m\x1b[?2026l");
        picture.forget();
        terminal.process(b"\x1b[Hspoilt");
        terminal.process(&picture.frame(SIZE, rows(["a", "b", "C", "d"])).expect("a vector"));
        assert_eq!(shown(&terminal), "a\nb\nC\nd");
    }

    #[test]
    fn what_waits_keeps_its_cells_until_it_does_not() {
        let mut picture = Picture::default();
        let mut terminal = vt100::Parser::new(4, 20, 0);
        let below = Rect::new(0, 1, 40, 2);
        let mut draw = |texts, waiting: Vec<Rect>| {
            let paint = |buffer: &mut Buffer| {
                rows(texts)(buffer);
                waiting
            };
            terminal.process(&picture.frame(SIZE, paint).expect("a vector"));
            shown(&terminal)
        };
        assert_eq!(draw(["1", "1", "1", "1"], Vec::new()), "1\n1\n1\n1");
        assert_eq!(draw(["2", "2", "2", "2"], vec![below]), "2\n1\n1\n2");
        assert_eq!(draw(["3", "3", "3", "3"], vec![below]), "3\n1\n1\n3");
        assert_eq!(draw(["3", "3", "3", "3"], Vec::new()), "3\n3\n3\n3");
    }

    /// Half of a glyph is never left, whatever comes over it and wherever a part that waits ends.
    #[test]
    fn wide_glyphs_come_and_go_whole() {
        let mut picture = Picture::default();
        let mut terminal = vt100::Parser::new(4, 20, 0);
        let texts = ["日本語", "a日b", "日本x", " 日本", "ab語日", "plain"];
        for text in texts.into_iter().chain(texts.into_iter().rev()) {
            let bytes = picture.frame(SIZE, rows([text, "|", "", ""])).expect("a vector");
            terminal.process(&bytes);
            assert_eq!(shown(&terminal), format!("{text}\n|\n\n"));
        }
    }

    /// One cell or two, as terminals think of it: what follows stands in the third, and nothing is written over
    /// the second once the glyph is there.
    #[test]
    fn a_glyph_of_a_doubtful_width_keeps_its_cells() {
        let mut picture = Picture::default();
        let mut terminal = vt100::Parser::new(4, 20, 0);
        for text in ["xyz", "❤\u{fe0f}b", "xyz"] {
            let bytes = picture.frame(SIZE, rows([text, "", "", ""])).expect("a vector");
            terminal.process(&bytes);
            let row = terminal.screen().rows(0, 20).next().expect("a row");
            // This one takes it for one.
            assert_eq!(row.trim_end(), text.replace('b', " b"));
            let sent = String::from_utf8(bytes).expect("UTF-8");
            let after = sent.split_once('\u{fe0f}').map_or("", |(_, after)| after);
            assert!(!after.contains("\u{1b}[1;2H"), "{sent:?}");
        }
    }
}
