//! The finalists scored again: mean, 95 % interval, and where the search had them.

use super::round_bounds;
use crate::{
    run::protocol::Confirmed,
    tui::{
        canvas::{Canvas, cut, width},
        format,
        layout::{ChartRows, Columns},
        model::ranks,
        theme::Role,
    },
};

/// Columns of place, id and mean before the intervals.
const TABLE: u16 = 28;

/// How many finalists there are, how often each was scored; the longest first.
pub fn subtitles(confirmation: &[Confirmed]) -> [String; 3] {
    let draws = || confirmation.iter().map(|c| c.repeats);
    let (least, most) = (draws().min().unwrap_or(0), draws().max().unwrap_or(0));
    let draws = match (least, most) {
        (1, 1) => "1 draw each".to_owned(),
        (least, most) if least == most => format!("{most} draws each"),
        (least, most) => format!("{least}–{most} draws"),
    };
    let best = format!("{} best", confirmation.len());
    [format!("{best}, {draws}, ± std. error, bars 95 %"), format!("{best}, {draws}"), best]
}

/// How much the scores fell on average, where that can be told.
pub fn fall(confirmation: &[Confirmed]) -> Option<f64> {
    let falls: Vec<f64> =
        confirmation.iter().filter_map(|c| Some(c.searched - c.score?.mean)).collect();
    (!falls.is_empty()).then(|| falls.iter().sum::<f64>() / falls.len() as f64)
}

struct Axis {
    columns: Columns,
    low: f64,
    high: f64,
}

impl Axis {
    fn column(&self, value: f64) -> u16 {
        let share = (value - self.low) / (self.high - self.low);
        let cells = f64::from(self.columns.width().saturating_sub(1));
        self.columns.start + (share * cells).round().clamp(0.0, cells) as u16
    }
}

/// What became of the scores that the search went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    OnTheAxis,
    /// FLOPs beside Zen-Scores: no axis holds both.
    OfAnotherKind,
}

pub fn draw(
    canvas: &mut Canvas<'_>,
    (at, rows): (Columns, ChartRows),
    confirmation: &[Confirmed],
    searched: Searched,
) {
    let are_shown = searched == Searched::OnTheAxis;
    let values = confirmation.iter().flat_map(|c| {
        let mean = c.score.map(|s| s.mean);
        let margin = c.margin_95().unwrap_or(0.0);
        [are_shown.then_some(c.searched), mean.map(|m| m - margin), mean.map(|m| m + margin)]
    });
    let values: Vec<f64> = values.flatten().filter(|v| v.is_finite()).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return;
    }
    let (low, high) = round_bounds(low, high);
    let columns = Columns { start: at.start + TABLE, end: at.end };
    let axis = Axis { columns, low, high };
    let standings = ranks(confirmation);
    let fits = usize::from(rows.body.height());
    for (i, (finalist, y)) in confirmation.iter().zip(rows.body.first..).take(fits).enumerate() {
        let standing = standings[i];
        let known = finalist.margin_95().is_some();
        let leads = standing.place == 1 && known;
        let line = match (leads, standing.tied && known) {
            (true, _) => Role::Best,
            (false, true) => Role::Bar,
            (false, false) => Role::Bar2,
        };
        let text = if leads { Role::Best } else { Role::Text };
        // Without a spread there is no telling who is before whom.
        let place = match (known, standing.tied) {
            (false, _) => format::NONE.to_owned(),
            (true, true) => format!("{}=", standing.place),
            (true, false) => standing.place.to_string(),
        };
        canvas.text(at.start + 2, y, place, text);
        canvas.text(at.start + 6, y, format::id(finalist.id), text);
        match (&finalist.failure, finalist.score) {
            (Some(failure), _) => {
                let room = (at.end + 1).saturating_sub(at.start + 16);
                canvas.text(at.start + 16, y, cut(failure, room), Role::Error);
            }
            (None, None) => canvas.right(at.start + 20, y, format::NONE, Role::Faint),
            (None, Some(score)) => {
                let mean = if leads { Role::Best.bold() } else { Role::Strong.into() };
                canvas.right(at.start + 20, y, format::score(score.mean), mean);
                if let Some((error, margin)) = finalist.standard_error().zip(finalist.margin_95()) {
                    canvas.text(at.start + 22, y, format::noise(error), Role::Faint);
                    interval(canvas, &axis, y, (score.mean, margin), line);
                }
                canvas.text(axis.column(score.mean), y, "●", line);
            }
        }
        if are_shown && finalist.failure.is_none() && axis.columns.width() > 8 {
            let x = axis.column(finalist.searched);
            let taken = finalist.score.is_some_and(|s| axis.column(s.mean) == x);
            if !taken {
                canvas.text(x, y, "○", Role::Muted);
            }
        }
    }
    if let Some(more) = confirmation.len().checked_sub(fits).filter(|&more| more > 0) {
        canvas.text(at.start + 2, rows.axis, format!("{more} more"), Role::Faint);
    }
    canvas.horizontal(columns.start..=columns.end, rows.axis, "─");
    let (low, high) = (format::short_score(low), format::short_score(high));
    if width(&low) + width(&high) < columns.width() {
        canvas.text(columns.start, rows.labels, low, Role::Muted);
    }
    canvas.right(columns.end, rows.labels, high, Role::Muted);
}

fn interval(canvas: &mut Canvas<'_>, axis: &Axis, y: u16, (mean, margin): (f64, f64), role: Role) {
    let (left, right) = (axis.column(mean - margin), axis.column(mean + margin));
    for x in left..=right {
        let glyph = match x {
            x if x == left => "├",
            x if x == right => "┤",
            _ => "─",
        };
        canvas.text(x, y, glyph, role);
    }
}
