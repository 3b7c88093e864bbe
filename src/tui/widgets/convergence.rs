//! The population over the iterations: the band from the lowest to the best, the best and the
//! median as lines.

use super::{near_bound, round_bounds, round_up};
use crate::{
    run::protocol::ConvergencePoint,
    tui::{
        canvas::{Canvas, cut, width},
        format,
        layout::{ChartRows, Columns},
        model::Steps,
        theme::{Depth, Role},
    },
};

/// Columns left of the plot, for the axis' labels.
const LABELS: u16 = 5;

struct Plot {
    columns: Columns,
    rows: ChartRows,
    low: f64,
    high: f64,
}

impl Plot {
    /// Half rows from the bottom of the plot to `value`.
    fn halves(&self, value: f64) -> u16 {
        let most = f64::from(2 * self.rows.body.height() - 1);
        ((value - self.low) / (self.high - self.low) * most).round().clamp(0.0, most) as u16
    }

    /// Where an iteration lies.
    fn column(&self, iteration: u64, (steps, bound): (Steps, u64)) -> u16 {
        let width = u64::from(self.columns.width());
        let ends_before = |column: &u64| steps.edge(*column + 1, width, bound) <= iteration;
        let before = (0..width.saturating_sub(1)).take_while(ends_before).count();
        self.columns.start + before as u16
    }

    fn row(&self, value: f64) -> u16 {
        self.rows.body.last - self.halves(value) / 2
    }
}

/// A change of the settings.
pub struct Mark {
    /// The first iteration by the new ones.
    pub iteration: u64,
    pub text: String,
}

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Curve<'a> {
    /// Oldest first.
    pub marks: &'a [Mark],
    pub points: &'a [ConvergencePoint],
    /// What no analytic score exceeds.
    pub most: Option<f64>,
    pub steps: Steps,
}

/// The first iteration of a logarithmic axis.
const FIRST_STEP: u64 = 10;

impl Steps {
    /// The iteration at the left edge of a column.
    fn edge(self, column: u64, width: u64, bound: u64) -> u64 {
        match self {
            Steps::Even => column * bound / width,
            Steps::Logarithmic if column == 0 => 0,
            Steps::Logarithmic => {
                let first = FIRST_STEP as f64;
                let share = column as f64 / width as f64;
                (first * (bound as f64 / first).max(1.0).powf(share)) as u64
            }
        }
    }

    /// The share of the iterations after which the axis of scores begins.
    fn settled(self, bound: u64) -> u64 {
        match self {
            Steps::Even => bound / 10,
            Steps::Logarithmic => bound / 100,
        }
    }
}

/// The chart with its axes, and a line at what no analytic score exceeds.
pub fn draw(
    canvas: &mut Canvas<'_>,
    columns: Columns,
    rows: ChartRows,
    Curve { marks, points, most, steps }: Curve<'_>,
) {
    let columns = Columns { start: columns.start + LABELS, end: columns.end };
    canvas.horizontal(columns.start..=columns.end, rows.axis, "─");
    let Some(last) = points.last() else {
        let middle = rows.body.first + rows.body.height() / 2;
        canvas.text(columns.start, middle, "nothing scored yet", Role::Faint);
        return;
    };
    let bound = round_up(last.iteration.max(10));
    // The first steps up from the initial structure would leave no rows for all that follows: the
    // axis begins with the lower half as it was after a tenth.
    let settled = points.iter().find(|p| p.iteration >= steps.settled(bound)).unwrap_or(last);
    let lowest = last.lowest.min(settled.median);
    let best = points.iter().map(|p| p.best).fold(f64::NEG_INFINITY, f64::max);
    let most = near_bound(most, (lowest, best));
    let (low, high) = round_bounds(lowest, best.max(most.unwrap_or(best)));
    let plot = Plot { columns, rows, low, high };
    let samples = sample(points, (steps, bound), columns.width());
    if let Some(most) = most {
        canvas.horizontal(columns.start..=columns.end, plot.row(most), "╌");
    }
    river(canvas, &plot, &samples);
    for mark in marks {
        tuned(canvas, &plot, plot.column(mark.iteration, (steps, bound)), &samples);
    }
    line(canvas, &plot, &samples, Line::Median);
    line(canvas, &plot, &samples, Line::Best);
    let end = columns.start + (samples.len() as u16).saturating_sub(1);
    on_river(canvas, &plot, (end, plot.row(last.best)), ("★", Role::Best), &samples);
    labels(canvas, &plot, (steps, bound));
    legend(
        canvas,
        &plot,
        most,
        marks.last().map(|mark| {
            let column = plot.column(mark.iteration, (steps, bound));
            (column, format!("{} {}", format::compact(mark.iteration), mark.text))
        }),
    );
}

/// A line where settings were changed.
fn tuned(canvas: &mut Canvas<'_>, plot: &Plot, x: u16, samples: &[ConvergencePoint]) {
    for y in plot.rows.body.first..=plot.rows.body.last {
        on_river(canvas, plot, (x, y), ("┊", Role::Warn), samples);
    }
    canvas.text(x, plot.rows.axis, "▴", Role::Warn);
}

/// Below the axis, between its ends: what was changed last, and what no analytic score exceeds. On its line
/// that would be overwritten by the best, which is what is near it. Where there is no room for both, the
/// change stays.
fn legend(canvas: &mut Canvas<'_>, plot: &Plot, most: Option<f64>, change: Option<(u16, String)>) {
    let y = plot.rows.labels;
    let (start, end) = (plot.columns.start + 4, plot.columns.end.saturating_sub(6));
    let most = most.map(|most| format!("╌ analytic ≤ {}", format::short_score(most)));
    let Some((x, text)) = change else {
        if let Some(most) = most {
            canvas.text(start, y, most, Role::Muted);
        }
        return;
    };
    let room = (end + 1).saturating_sub(start);
    let text = cut(&text, room);
    let taken = width(&text);
    let most = most.filter(|most| width(most) + 2 + taken <= room);
    let after = most.as_ref().map_or(start, |most| start + width(most) + 2);
    if let Some(most) = most {
        canvas.text(start, y, most, Role::Muted);
    }
    let wished = x.saturating_sub(taken / 2);
    canvas.text(wished.min((end + 1).saturating_sub(taken)).max(after), y, text, Role::Warn);
}

/// The population at the right edge of each column, as far as the run has come.
fn sample(
    points: &[ConvergencePoint],
    (steps, bound): (Steps, u64),
    width: u16,
) -> Vec<ConvergencePoint> {
    let last = points.last().map_or(0, |p| p.iteration);
    let mut samples = Vec::new();
    let mut next = 0;
    for column in 0..u64::from(width) {
        let from = steps.edge(column, width.into(), bound);
        let to = steps.edge(column + 1, width.into(), bound);
        while next + 1 < points.len() && points[next + 1].iteration < to {
            next += 1;
        }
        samples.push(points[next]);
        if (from..to).contains(&last) || last < from {
            break;
        }
    }
    samples
}

fn river(canvas: &mut Canvas<'_>, plot: &Plot, samples: &[ConvergencePoint]) {
    for (x, point) in (plot.columns.start..).zip(samples) {
        let band = plot.halves(point.lowest)..=plot.halves(point.best);
        for (half, y) in (0..).step_by(2).zip((plot.rows.body.first..=plot.rows.body.last).rev()) {
            let glyph = match (band.contains(&half), band.contains(&(half + 1))) {
                (false, false) => continue,
                (true, true) if canvas.theme().depth() == Depth::Mono => "░",
                (true, true) => "█",
                (true, false) => "▄",
                (false, true) => "▀",
            };
            canvas.text(x, y, glyph, Role::River);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Best,
    Median,
}

impl Line {
    fn value(self, point: &ConvergencePoint) -> f64 {
        match self {
            Line::Best => point.best,
            Line::Median => point.median,
        }
    }
}

/// A stepped line; corners join the rows of neighbouring columns.
fn line(canvas: &mut Canvas<'_>, plot: &Plot, samples: &[ConvergencePoint], which: Line) {
    let role = match which {
        Line::Best => Role::Best,
        Line::Median => Role::Muted,
    };
    let mut before: Option<u16> = None;
    for (x, point) in (plot.columns.start..).zip(samples) {
        let y = plot.row(which.value(point));
        let from = before.unwrap_or(y);
        let mut put = |y, glyph| on_river(canvas, plot, (x, y), (glyph, role), samples);
        match from.cmp(&y) {
            std::cmp::Ordering::Equal => put(y, "─"),
            // Rows count downwards: a smaller one is a higher value.
            std::cmp::Ordering::Greater => {
                put(from, "╯");
                (y + 1..from).for_each(|y| put(y, "│"));
                put(y, "╭");
            }
            std::cmp::Ordering::Less => {
                put(from, "╮");
                (from + 1..y).for_each(|y| put(y, "│"));
                put(y, "╰");
            }
        }
        before = Some(y);
    }
}

/// A glyph that lets the river show behind it.
fn on_river(
    canvas: &mut Canvas<'_>,
    plot: &Plot,
    (x, y): (u16, u16),
    (glyph, role): (&str, Role),
    samples: &[ConvergencePoint],
) {
    let point = samples.get(usize::from(x.saturating_sub(plot.columns.start)));
    let half = 2 * plot.rows.body.last.saturating_sub(y);
    let wet = point.is_some_and(|p| {
        let band = plot.halves(p.lowest)..=plot.halves(p.best);
        band.contains(&half) && band.contains(&(half + 1))
    });
    if wet {
        canvas.glyph_on(x, y, glyph, role, Role::River);
    } else {
        canvas.text(x, y, glyph, role);
    }
}

fn labels(canvas: &mut Canvas<'_>, plot: &Plot, (steps, bound): (Steps, u64)) {
    let rows = plot.rows.body;
    let middle = (plot.low + plot.high) / 2.0;
    let labelled =
        [(plot.high, rows.first), (middle, rows.first + rows.height() / 2), (plot.low, rows.last)];
    // Three rows have no room for a middle label that isn't in line with its value.
    for (value, y) in labelled {
        let decimals = usize::from(plot.high - plot.low < 4.0);
        let text = format::axis(value, decimals);
        canvas.right(plot.columns.start - 2, y, text, Role::Muted);
    }
    let first = match steps {
        Steps::Even => "0".to_owned(),
        Steps::Logarithmic => FIRST_STEP.to_string(),
    };
    canvas.text(plot.columns.start, plot.rows.labels, first, Role::Muted);
    canvas.right(plot.columns.end, plot.rows.labels, format::compact(bound), Role::Muted);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(iteration: u64) -> ConvergencePoint {
        ConvergencePoint { iteration, best: iteration as f64, median: 0.0, lowest: -1.0 }
    }

    #[test]
    fn columns_show_the_last_point_before_their_end() {
        let points: Vec<_> = [0, 10, 45, 60].map(point).to_vec();
        let shown: Vec<u64> =
            sample(&points, (Steps::Even, 100), 10).iter().map(|p| p.iteration).collect();
        assert_eq!(shown, [0, 10, 10, 10, 45, 45, 60], "and end where the run is");
        assert_eq!(sample(&points[..1], (Steps::Even, 100), 10).len(), 1);
        let shown: Vec<u64> =
            sample(&points, (Steps::Logarithmic, 100), 5).iter().map(|p| p.iteration).collect();
        assert_eq!(shown, [10, 10, 10, 60], "edges at 15, 25, 39, 63");
    }
}
