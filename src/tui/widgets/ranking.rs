//! Bars by name with their intervals, what they can't be expected to pass, and figures beside them. Must not know what
//! is ranked.

use crate::{
    report::{Bar, Mark},
    tui::{
        canvas::{Canvas, cut, width},
        layout::Columns,
        theme::{Ink, Role},
    },
};

/// Cells for names, and for how far an interval reaches.
const NAME: u16 = 16;
const MARGIN: u16 = 7;
/// Narrower than this there is no room for both.
const NARROW: u16 = 60;

/// Where a ranking's parts lie.
#[derive(Clone, Copy, Debug)]
pub struct Ranking {
    name: Columns,
    bars: Columns,
    /// Ends of the figures' columns, from the left.
    figures: [u16; 3],
    /// Whether figures are shown.
    pub has_figures: bool,
    /// What the whole width stands for, from 0.
    most: f64,
}

/// How a bar is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Plain,
    /// A score's.
    Score,
}

impl Ranking {
    pub fn new(columns: Columns, most: f64) -> Ranking {
        let is_wide = columns.width() >= NARROW;
        let name = if is_wide { NAME } else { 13 };
        let figures = if is_wide { 21 } else { 6 };
        let bars = Columns {
            start: columns.start + name,
            end: columns.end.saturating_sub(figures).max(columns.start + name),
        };
        Ranking {
            name: Columns { start: columns.start, end: columns.start + name - 2 },
            bars,
            figures: [columns.end.saturating_sub(14), columns.end.saturating_sub(8), columns.end],
            has_figures: is_wide,
            most: if most > 0.0 && most.is_finite() { most } else { 1.0 },
        }
    }

    /// The cell of a value, as far as there is one.
    fn x(&self, value: f64) -> u16 {
        let share = (value.abs() / self.most).min(1.0);
        self.bars.start + (share * f64::from(self.bars.width() - 1)).round() as u16
    }

    /// What stands over bars and figures.
    pub fn heads(&self, canvas: &mut Canvas<'_>, y: u16, (what, figures): (&str, [&str; 3])) {
        canvas.text(self.name.start, y, what, Role::Muted);
        for share in [0.0, 0.5, 1.0] {
            let value = share * self.most;
            let text = format!("{value:.2}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            let text = if text.len() > 1 { text.trim_start_matches('0') } else { text };
            let half = width(text) / 2;
            canvas.text(
                self.x(value).saturating_sub(if share == 0.0 { 0 } else { half }),
                y,
                text,
                Role::Faint,
            );
        }
        if self.has_figures {
            for (end, head) in self.figures.into_iter().zip(figures) {
                canvas.right(end, y, head, Role::Muted);
            }
        } else {
            canvas.right(self.figures[2], y, figures[0], Role::Muted);
        }
    }

    /// A bar with its figures.
    pub fn bar(
        &self,
        canvas: &mut Canvas<'_>,
        y: u16,
        (bar, figures): (&Bar, [String; 3]),
        voice: Voice,
    ) {
        let (ink, role): (Ink, Role) = match voice {
            Voice::Plain => (Role::Text.into(), Role::Bar),
            Voice::Score => (Role::Strong.bold(), Role::Best),
        };
        canvas.text(self.name.start, y, cut(&bar.name, self.name.width()), ink);
        // What ranks the wrong way round is drawn as long, and quiet.
        let role = if bar.value < 0.0 { Role::Bar2 } else { role };
        let at = self.x(bar.value);
        for x in self.bars.start..at {
            canvas.text(x, y, "▄", role);
        }
        let mut end = at;
        if let Some((low, high)) = bar.interval {
            let (from, to) = (self.x(low), self.x(high));
            // An interval of less than a cell is one all the same.
            let from = from.min(to).min(at.saturating_sub(1)).max(self.bars.start);
            let to = self.x(high).max(self.x(low)).max(at + 1).min(self.bars.end);
            for x in from..=to {
                canvas.text(x, y, "─", Role::Text);
            }
            if from < at {
                canvas.text(from, y, "├", Role::Text);
            }
            if to > at {
                canvas.text(to, y, "┤", Role::Text);
            }
            end = end.max(to);
            let margin = format!("±{:.3}", (high - low).abs() / 2.0).replace("±0.", "±.");
            if end + 2 + MARGIN <= self.bars.end {
                canvas.text(end + 2, y, margin, Role::Muted);
            }
        }
        canvas.text(at, y, "●", Role::Strong);
        if self.has_figures {
            let roles = [Role::Strong, Role::Muted, Role::Strong];
            for ((end, text), role) in self.figures.into_iter().zip(figures).zip(roles) {
                canvas.right(end, y, text, role);
            }
        } else {
            let [first, ..] = figures;
            canvas.right(self.figures[2], y, first, Role::Strong);
        }
    }

    /// What has no value yet, and why.
    pub fn open(&self, canvas: &mut Canvas<'_>, y: u16, (name, why): (&str, &str)) {
        canvas.text(self.name.start, y, cut(name, self.name.width()), Role::Muted);
        let dashes =
            Columns { start: self.bars.start, end: (self.bars.start + 7).min(self.bars.end) };
        canvas.horizontal(dashes.start..=dashes.end, y, "╌");
        let room = self.bars.end.saturating_sub(dashes.end + 2);
        canvas.text(dashes.end + 3, y, cut(why, room), Role::Faint);
    }

    /// A dashed line where a value lies, in rows that have nothing there.
    pub fn rule(&self, canvas: &mut Canvas<'_>, rows: std::ops::Range<u16>, mark: &Mark) {
        for y in rows {
            canvas.text(self.x(mark.x), y, "┊", Role::Warn);
        }
    }

    /// What that line is.
    pub fn name_rule(&self, canvas: &mut Canvas<'_>, y: u16, mark: &Mark) {
        let x = self.x(mark.x);
        let value = format!("{:.3}", mark.x);
        let text = format!("{} {}", mark.text, value.trim_start_matches('0'));
        let text = cut(&text, x.saturating_sub(self.name.start + 1));
        canvas.right(x.saturating_sub(2), y, text, Role::Warn);
        canvas.text(x, y, "▴", Role::Warn);
    }
}
