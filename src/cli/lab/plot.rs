//! Charts in characters, for a terminal of 80 columns.

use crate::report::{Axis, Bars, Chart, Extent, Look};

const WIDTH: usize = 64;
const HEIGHT: usize = 14;
/// For the values at the left.
const LABELS: usize = 9;

/// One a series, in their order; told apart without colours.
const GLYPHS: [char; 8] = ['●', '○', '▲', '△', '■', '□', '◆', '◇'];

/// The lines of a chart.
pub(super) fn plot(chart: &Chart) -> Vec<String> {
    let mut lines = vec![format!("{}  ({} against {})", chart.title, chart.y.label, chart.x.label)];
    let Some(extent) = chart.extent() else {
        lines.push("nothing to draw".to_owned());
        return lines;
    };
    let [(left, right), (low, high)] = extent;
    let mut cells = vec![[' '; WIDTH]; HEIGHT];
    for mark in &chart.marks {
        if let Some(x) = cell(chart.x.place(mark.x), (left, right), WIDTH) {
            cells.iter_mut().for_each(|row| row[x] = '┊');
        }
    }
    // The first series are drawn last: they stand above the others.
    for (series, glyph) in
        chart.series.iter().zip(GLYPHS.iter().cycle()).collect::<Vec<_>>().iter().rev()
    {
        let at = |p: &crate::report::Point| (chart.x.place(p.x), chart.y.place(p.y));
        let points: Vec<_> = series.points.iter().map(at).collect();
        let drawn = match series.look {
            Look::Line | Look::Dashed => between(&points, &extent),
            Look::Dots => places(&points, &extent).collect(),
            Look::Columns => columns(&points, &extent),
        };
        for (x, y) in drawn {
            let row = HEIGHT - 1 - y;
            cells[row][x] = **glyph;
        }
    }
    let labels = labels(&chart.y, (low, high));
    for (row, cells) in cells.iter().enumerate() {
        let text: String = cells.iter().collect();
        lines.push(format!("{:>LABELS$} │{}", labels[row], text).trim_end().to_owned());
    }
    lines.push(format!("{:>LABELS$} └{}", "", "─".repeat(WIDTH)));
    lines.push(below(&chart.x, (left, right)));
    let names = chart.series.iter().zip(GLYPHS.iter().cycle());
    let names = names.map(|(series, glyph)| format!("{glyph} {}", series.name));
    let marks = chart.marks.iter().map(|mark| format!("┊ {}", mark.text));
    lines.push(format!("{:>LABELS$}  {}", "", names.chain(marks).collect::<Vec<_>>().join("   ")));
    lines
}

/// The lines of bars: each with its value and its interval.
pub(super) fn bars(bars: &Bars) -> Vec<String> {
    let mut lines = vec![format!("{}  ({})", bars.title, bars.label)];
    let Some(range) = bars.extent() else {
        lines.push("nothing to draw".to_owned());
        return lines;
    };
    let names = bars.rows.iter().map(|bar| bar.name.chars().count()).max().unwrap_or(0);
    let width = WIDTH.saturating_sub(names.saturating_sub(LABELS) + VALUES);
    let at = |value: f64| cell(value, range, width);
    for bar in &bars.rows {
        let mut cells = vec![' '; width];
        if let (Some(from), Some(to)) = (at(bar.value.min(0.0)), at(bar.value.max(0.0))) {
            cells[from..=to].fill('▄');
        }
        if let Some(place) = bars.mark.as_ref().and_then(|mark| at(mark.x)) {
            cells[place] = '┊';
        }
        let ends = bar.interval.map(|(low, high)| (at(low), at(high)));
        if let Some((Some(low), Some(high))) = ends {
            cells[low..=high].fill('─');
            (cells[low], cells[high]) = ('├', '┤');
        }
        if let Some(place) = at(bar.value) {
            cells[place] = '●';
        }
        let cells: String = cells.into_iter().collect();
        let value = format!("{:.3}", bar.value).replace('-', "−");
        lines.push(format!("{:<names$} │{cells} {value}", bar.name));
    }
    let axis = |value: f64| format!("{value}").replace('-', "−");
    let (low, high) = (axis(range.0), axis(range.1));
    let between = width.saturating_sub(low.chars().count());
    lines.push(format!("{:names$}  {low}{high:>between$}", ""));
    if let Some(mark) = &bars.mark {
        lines.push(format!("{:names$}  ┊ {} {:.3}", "", mark.text, mark.x));
    }
    lines
}

/// For a bar's value.
const VALUES: usize = 8;

/// The cell of `place` within `low` to `high`.
fn cell(place: f64, (low, high): (f64, f64), cells: usize) -> Option<usize> {
    let share = (place - low) / (high - low);
    (0.0..=1.0).contains(&share).then(|| (share * (cells - 1) as f64).round() as usize)
}

/// The cells of points.
fn places(points: &[(f64, f64)], [xs, ys]: &Extent) -> impl Iterator<Item = (usize, usize)> {
    points.iter().filter_map(|&(x, y)| Some((cell(x, *xs, WIDTH)?, cell(y, *ys, HEIGHT)?)))
}

/// The cells of points and below them.
fn columns(points: &[(f64, f64)], extent: &Extent) -> Vec<(usize, usize)> {
    places(points, extent).flat_map(|(x, top)| (0..=top).map(move |y| (x, y))).collect()
}

/// The cells of points and of the straight lines between them.
fn between(points: &[(f64, f64)], extent @ [xs, ys]: &Extent) -> Vec<(usize, usize)> {
    let place = |x: f64, y: f64| Some((cell(x, *xs, WIDTH)?, cell(y, *ys, HEIGHT)?));
    let mut cells: Vec<_> = places(points, extent).collect();
    for pair in points.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let steps = 2 * WIDTH;
        for step in 1..steps {
            let share = step as f64 / steps as f64;
            cells.extend(place(x0 + share * (x1 - x0), y0 + share * (y1 - y0)));
        }
    }
    cells
}

/// A label for each row, from the top; most are empty.
fn labels(axis: &Axis, range: (f64, f64)) -> Vec<String> {
    let mut labels = vec![String::new(); HEIGHT];
    for (at, text) in axis.ticks(range.0, range.1, 5) {
        if let Some(row) = cell(at, range, HEIGHT) {
            labels[HEIGHT - 1 - row] = text;
        }
    }
    labels
}

fn below(axis: &Axis, range: (f64, f64)) -> String {
    let mut line = vec![' '; LABELS + 2 + WIDTH + 8];
    let mut free = 0;
    for (at, text) in axis.ticks(range.0, range.1, 8) {
        let Some(x) = cell(at, range, WIDTH) else { continue };
        let start = (LABELS + 2 + x).saturating_sub(text.chars().count() / 2);
        if start >= free && start + text.chars().count() <= line.len() {
            for (i, c) in text.chars().enumerate() {
                line[start + i] = c;
            }
            free = start + text.chars().count() + 1;
        }
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Look, Mark, Point, Series};

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let point = |x, y| Point { x, y, std: None };
        let chart = Chart {
            title: "rise".to_owned(),
            x: Axis::linear("x"),
            y: Axis::linear("y"),
            series: vec![Series {
                name: "one".to_owned(),
                look: Look::Line,
                points: vec![point(0.0, 0.0), point(10.0, 5.0)],
            }],
            marks: vec![Mark { x: 5.0, text: "half".to_owned() }],
        };
        let lines = plot(&chart);
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
        let rows = &lines[1..=HEIGHT];
        assert!(rows[0].ends_with('●') && rows[0].trim_start().starts_with('5'), "{lines:#?}");
        assert!(rows[HEIGHT - 1].contains("0 │●"), "{lines:#?}");
        assert!(rows.iter().all(|row| row.contains('●') && row.matches('┊').count() <= 1));
        assert!(lines.last().expect("a legend").contains("● one   ┊ half"));
        let empty = Chart { series: Vec::new(), marks: Vec::new(), ..chart };
        assert_eq!(plot(&empty).len(), 2);
    }
}
