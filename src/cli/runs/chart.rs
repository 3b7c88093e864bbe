//! Two runs' best scores over their iterations, in characters that every terminal has.

use crate::{run::protocol::ConvergencePoint, text};

/// Columns and rows of the plot.
const WIDTH: usize = 72;
const ROWS: usize = 16;
/// Of the labels at the left.
const LABELS: usize = 9;

/// The chart's lines: `a` and `b` are the runs, `*` both.
pub(super) fn lines(a: &[ConvergencePoint], b: &[ConvergencePoint]) -> Vec<String> {
    let curves = [a, b];
    let last = curves.iter().filter_map(|points| points.last()).map(|p| p.iteration).max();
    let Some(last) = last.map(|last| last.max(1)) else {
        return vec!["neither has scored anything yet".to_owned()];
    };
    let bests = curves.map(|points| columns(points, last));
    let (low, high) = bounds(&bests);
    let row = |value: f64| {
        let share = (value - low) / (high - low);
        (share >= 0.0).then(|| (share * (ROWS - 1) as f64).round() as usize)
    };
    let mut cells = vec![[' '; WIDTH]; ROWS];
    for (letter, best) in ['a', 'b'].into_iter().zip(&bests) {
        for (x, value) in best.iter().enumerate() {
            let Some(y) = value.and_then(row).filter(|y| *y < ROWS) else { continue };
            let cell = &mut cells[y][x];
            *cell = if *cell == ' ' { letter } else { '*' };
        }
    }
    let mut lines: Vec<String> = cells
        .iter()
        .enumerate()
        .rev()
        .map(|(y, cells)| {
            let value = low + (high - low) * y as f64 / (ROWS - 1) as f64;
            let is_labelled = y == 0 || y == ROWS - 1 || y == ROWS / 2;
            let label = if is_labelled { text::score(value) } else { String::new() };
            let cells: String = cells.iter().collect();
            format!("{label:>LABELS$} |{}", cells.trim_end())
        })
        .collect();
    lines.push(format!("{:>LABELS$} +{}", "", "-".repeat(WIDTH)));
    let end = text::grouped(last);
    lines.push(format!("{:>LABELS$}  0{end:>1$}", "", WIDTH - 1));
    lines
}

/// The best at the right edge of each column, as far as the run has come.
fn columns(points: &[ConvergencePoint], last: u64) -> Vec<Option<f64>> {
    let end = points.last().map_or(0, |point| point.iteration);
    let edge = |x: usize| (u128::from(last) * (x as u128) / WIDTH as u128) as u64;
    let best = |x: usize| {
        let until = edge(x + 1);
        let so_far = points.partition_point(|point| point.iteration <= until);
        let best = points[..so_far].last().map(|point| point.best);
        best.filter(|_| edge(x) <= end)
    };
    (0..WIDTH).map(best).collect()
}

/// From the lower of both as they were after a tenth, since the first steps would leave no rows for all others.
fn bounds(bests: &[Vec<Option<f64>>; 2]) -> (f64, f64) {
    let settled = bests.iter().filter_map(|best| best[WIDTH / 10..].iter().flatten().next());
    let any = bests.iter().flatten().flatten();
    let low = settled.copied().reduce(f64::min);
    let low = low.or_else(|| any.clone().copied().reduce(f64::min)).unwrap_or(0.0);
    let high = any.copied().fold(low, f64::max);
    if high > low { (low, high) } else { (low - 0.5, low + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: &[(u64, f64)]) -> Vec<ConvergencePoint> {
        let point = |&(iteration, best): &(u64, f64)| ConvergencePoint {
            iteration,
            best,
            median: best - 1.0,
            lowest: best - 2.0,
        };
        of.iter().map(point).collect()
    }

    #[test]
    fn two_curves_share_their_axes() {
        let a = points(&[(0, 1.0), (50, 5.0), (100, 9.0)]);
        let b = points(&[(0, 1.0), (10, 3.0), (50, 5.0)]);
        let lines = lines(&a, &b);
        assert_eq!(lines.len(), ROWS + 2);
        assert!(lines[0].starts_with("     9.00 |") && lines[0].ends_with('a'), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains('*')), "both were at 5");
        assert!(lines.iter().all(|line| line.chars().count() <= LABELS + 2 + WIDTH));
        assert!(lines[ROWS + 1].ends_with("100"));
    }

    #[test]
    fn nothing_and_one_point_are_charts_too() {
        assert_eq!(lines(&[], &[]).len(), 1);
        assert_eq!(lines(&points(&[(0, 1.0)]), &[]).len(), ROWS + 2);
        let odd = points(&[(0, f64::NAN), (u64::MAX, f64::INFINITY)]);
        assert_eq!(lines(&odd, &odd).len(), ROWS + 2);
    }
}
