//! The best of two runs over their iterations, in one chart. Invariant: where they can't be told apart by colour
//! they can be by their lines and letters.

use std::cmp::Ordering;

use super::{round_bounds, round_up};
use crate::{
    run::protocol::ConvergencePoint,
    tui::{
        canvas::Canvas,
        format,
        layout::{ChartRows, Columns},
        theme::Role,
    },
};

/// Columns left of the plot, for the axis' labels.
const LABELS: u16 = 6;

/// How a run's line looks.
struct Pen {
    letter: &'static str,
    role: Role,
    across: &'static str,
    along: &'static str,
}

/// Of A and B.
const PENS: [Pen; 2] = [
    Pen { letter: "A", role: Role::Accent, across: "─", along: "│" },
    Pen { letter: "B", role: Role::B, across: "╌", along: "┊" },
];

/// The colour of the first or second run.
pub fn role(index: usize) -> Role {
    PENS[index.min(1)].role
}

pub fn draw(
    canvas: &mut Canvas<'_>,
    columns: Columns,
    rows: ChartRows,
    courses: [&[ConvergencePoint]; 2],
) {
    let at = Columns { start: columns.start + LABELS, end: columns.end };
    if rows.body.height() < 2 || at.width() < 4 {
        return;
    }
    canvas.horizontal(at.start..=at.end, rows.axis, "─");
    let Some(last) = courses.iter().filter_map(|c| c.last()).map(|p| p.iteration).max() else {
        canvas.text(at.start, rows.body.first, "nothing scored yet", Role::Faint);
        return;
    };
    let bound = round_up(last.max(10));
    let bests = courses.map(|points| columns_of(points, bound, at.width()));
    // The first steps up would leave no rows for all that follows: the axis begins as they were after a tenth.
    let skipped = usize::from(at.width() / 10);
    let settled = bests.iter().filter_map(|best| best.get(skipped).or(best.last()));
    let finite = |value: &&f64| value.is_finite();
    let low = settled.filter(finite).copied().reduce(f64::min).unwrap_or(0.0);
    let high = bests.iter().flatten().filter(finite).copied().fold(low, f64::max);
    let (low, high) = round_bounds(low, high);
    let most = f64::from(rows.body.height() - 1);
    let row = |value: f64| {
        let share = ((value - low) / (high - low) * most).round();
        (share >= 0.0).then(|| rows.body.last - share.min(most) as u16)
    };
    for (pen, best) in PENS.iter().zip(&bests).rev() {
        let mut before: Option<u16> = None;
        let mut end = None;
        for (x, y) in (at.start..).zip(best.iter().map(|value| row(*value))) {
            let Some(y) = y else { continue };
            // Rows count downwards: a smaller one is a higher value.
            let (leaves, arrives) = match before.map(|from| (from, from.cmp(&y))) {
                None | Some((_, Ordering::Equal)) => (None, pen.across),
                Some((from, Ordering::Greater)) => (Some((from, "╯")), "╭"),
                Some((from, Ordering::Less)) => (Some((from, "╮")), "╰"),
            };
            if let Some((from, corner)) = leaves {
                (y.min(from) + 1..y.max(from)).for_each(|y| {
                    canvas.text(x, y, pen.along, pen.role);
                });
                canvas.text(x, from, corner, pen.role);
            }
            canvas.text(x, y, arrives, pen.role);
            (before, end) = (Some(y), Some((x, y)));
        }
        if let Some((x, y)) = end {
            canvas.text(x, y, pen.letter, pen.role.bold());
        }
    }
    let middle = rows.body.first + rows.body.height() / 2;
    let labelled = [(high, rows.body.first), ((low + high) / 2.0, middle), (low, rows.body.last)];
    let shown = labelled.into_iter().filter(|(_, y)| *y != middle || rows.body.height() > 3);
    for (value, y) in shown {
        canvas.right(at.start - 2, y, format::short_score(value), Role::Muted);
    }
    canvas.text(at.start, rows.labels, "0", Role::Muted);
    canvas.right(at.end, rows.labels, format::compact(bound), Role::Muted);
}

/// The best at the right edge of each column, as far as the run has come.
fn columns_of(points: &[ConvergencePoint], bound: u64, width: u16) -> Vec<f64> {
    let edge = |column: u16| {
        let share = u128::from(bound) * u128::from(column) / u128::from(width.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let Some(end) = points.last().map(|point| point.iteration) else { return Vec::new() };
    let best = |column: u16| {
        let so_far = points.partition_point(|point| point.iteration < edge(column + 1));
        points[so_far.max(1) - 1].best
    };
    (0..width).take_while(|column| edge(*column) <= end).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_end_where_the_run_is() {
        let point =
            |iteration, best| ConvergencePoint { iteration, best, median: best, lowest: best };
        let points = [point(0, 1.0), point(10, 2.0), point(45, 3.0)];
        assert_eq!(columns_of(&points, 100, 10), [1.0, 2.0, 2.0, 2.0, 3.0]);
        assert_eq!(columns_of(&[], 100, 10), Vec::<f64>::new());
        assert_eq!(columns_of(&points, u64::MAX, 4), [3.0]);
    }
}
