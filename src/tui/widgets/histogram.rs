//! The scores of the population in bins, a column each.

use super::{bars, near_bound, round_bounds, round_up};
use crate::tui::{
    canvas::{Canvas, width},
    format,
    layout::{ChartRows, Columns},
    model::Scale,
    theme::{Depth, Role},
};

/// Columns left of the plot, for the axis' labels.
const LABELS: u16 = 4;

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Histogram<'a> {
    /// Best first.
    pub scores: &'a [f64],
    /// Of whoever leaves next, where somebody does.
    pub out: Option<f64>,
    /// Those of them that would leave.
    pub leaving: &'a [f64],
    pub bins: &'a Bins,
}

/// The bounds and the counts of bins.
pub struct Bins {
    scale: Scale,
    low: f64,
    high: f64,
    counts: Vec<u64>,
    /// What no analytic score exceeds, where the axis shows it.
    most: Option<f64>,
}

impl Bins {
    pub fn new(scores: &[f64], columns: Columns, scale: Scale, most: Option<f64>) -> Bins {
        let count = usize::from(columns.width().saturating_sub(LABELS)).max(1);
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
        if scores.is_empty() {
            return Bins { scale, low: 0.0, high: 1.0, counts: vec![0; count], most: None };
        }
        let most = near_bound(most, (lowest, highest));
        let (low, high) = round_bounds(lowest, highest.max(most.unwrap_or(highest)));
        let mut bins = Bins { scale, low, high, counts: vec![0; count], most };
        bins.counts = bins.count(scores);
        bins
    }

    /// How many of `scores` are in each bin.
    fn count(&self, scores: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.counts.len()];
        for &score in scores {
            counts[self.of(score)] += 1;
        }
        if self.scale == Scale::Cumulative {
            let mut sum = 0;
            for count in &mut counts {
                sum += *count;
                *count = sum;
            }
        }
        counts
    }

    /// Width of a bin.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / self.counts.len() as f64
    }

    fn of(&self, score: f64) -> usize {
        let bin = ((score - self.low) / self.width()).floor().max(0.0) as usize;
        bin.min(self.counts.len() - 1)
    }
}

/// The chart with its axes and the markers of the last, the median and the best of `scores`.
pub fn draw(
    canvas: &mut Canvas<'_>,
    columns: Columns,
    rows: ChartRows,
    Histogram { scores, out, leaving, bins }: Histogram<'_>,
) {
    let start = columns.start + LABELS;
    let plot = Columns { start, end: columns.end };
    canvas.horizontal(plot.start..=plot.end, rows.axis, "─");
    let (Some(&best), Some(out)) = (scores.first(), out) else {
        return;
    };
    let median = scores[scores.len() / 2];
    let highest = round_up(bins.counts.iter().copied().max().unwrap_or(0));
    let units = usize::from(rows.body.height()) * 8;
    let column = |score| plot.start + bins.of(score) as u16;
    if let Some(most) = bins.most {
        for y in rows.body.first..=rows.body.last {
            canvas.text(column(most), y, "┊", Role::Muted);
        }
    }
    let filled = |count: u64| {
        let exact = count as f64 / highest as f64 * units as f64;
        (exact.round() as usize).max(usize::from(count > 0))
    };
    let leaving = bins.count(leaving);
    for (bin, x) in (plot.start..=plot.end).enumerate().take(bins.counts.len()) {
        let (all, red) = (filled(bins.counts[bin]), filled(leaving[bin]));
        let role = if bin == bins.of(best) { Role::Best } else { Role::Bar };
        for (row, y) in (rows.body.first..=rows.body.last).rev().enumerate() {
            let [all, red] = [all, red].map(|filled| filled.saturating_sub(8 * row));
            column_cell(canvas, (x, y), (all, role), red);
        }
    }
    canvas.right(columns.start + 2, rows.body.first, format::compact(highest), Role::Muted);
    let middle = rows.body.last + 1 - rows.body.height().div_ceil(2);
    canvas.right(columns.start + 2, middle, format::compact(highest / 2), Role::Muted);
    canvas.text(column(median), rows.axis, "▴", Role::Text);
    canvas.text(column(out), rows.axis, "▴", Role::Warn);
    canvas.text(column(best), rows.axis, "★", Role::Best);
    let best = format::short_score(best);
    let out = format!("out {}", format::short_score(out));
    let median_text = format!("median {}", format::short_score(median));
    canvas.right(plot.end, rows.labels, &best, Role::Best);
    let after_out = canvas.text(columns.start + 2, rows.labels, &out, Role::Warn) + 2;
    let room = (plot.end + 1).saturating_sub(width(&best) + 1);
    let wished = column(median).saturating_sub(width(&median_text) / 2).max(after_out);
    if wished.min(room.saturating_sub(width(&median_text))) >= after_out {
        let x = wished.min(room.saturating_sub(width(&median_text)));
        canvas.text(x, rows.labels, median_text, Role::Text);
    }
}

/// A cell of a column, so many eighths and more of it filled, the lowest of those red.
fn column_cell(
    canvas: &mut Canvas<'_>,
    (x, y): (u16, u16),
    (all, role): (usize, Role),
    red: usize,
) {
    match (all, red) {
        (0, _) => {}
        (_, 0) => {
            canvas.text(x, y, bars::eighths(all), role);
        }
        // Without colours a pattern says it.
        _ if canvas.theme().depth() == Depth::Mono => {
            canvas.text(x, y, "░", Role::Error);
        }
        (8.., 1..8) => canvas.glyph_on(x, y, bars::eighths(red), Role::Error, role),
        // What is less than a cell has one colour.
        _ => {
            canvas.text(x, y, bars::eighths(all), Role::Error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_one_bin() {
        let columns = Columns { start: 0, end: 13 };
        let scores = [9.9, 9.0, 5.0, 5.0, 0.1];
        let bins = Bins::new(&scores, columns, Scale::Counts, None);
        assert_eq!((bins.low, bins.high, bins.counts.len()), (0.0, 10.0, 10));
        assert_eq!(bins.counts, [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]);
        let cumulative = Bins::new(&scores, columns, Scale::Cumulative, None);
        assert_eq!(cumulative.counts, [1, 1, 1, 1, 1, 3, 3, 3, 3, 5]);
        assert_eq!(Bins::new(&[3.0], columns, Scale::Counts, None).counts.iter().sum::<u64>(), 1);
    }
}
