//! A report's chart in cells: lines as steps, dots, columns, with axes, marks and the names of series beside their
//! lines. Must not know experiments. Invariant: nothing is drawn outside the columns and rows handed in.

use std::collections::BTreeSet;

use crate::{
    report::{Chart, Extent, Look, Series},
    tui::{
        canvas::{Canvas, cut, width},
        layout::{Columns, Rows},
        theme::Role,
    },
};

/// Columns left of the plot, for the axis' labels.
const LABELS: u16 = 7;
/// Rows below it: the axis and its labels.
const BELOW: u16 = 2;
/// Eighths of a cell from the bottom.
const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// What series have that aren't a score.
const ROLES: [Role; 4] = [Role::K5, Role::Muted, Role::K3, Role::K7];

/// Where things lie.
struct Plot {
    columns: Columns,
    rows: Rows,
    extent: Extent,
}

impl Plot {
    fn x(&self, place: f64) -> u16 {
        let [(left, right), _] = self.extent;
        let most = f64::from(self.columns.width() - 1);
        let at = ((place - left) / (right - left) * most).round().clamp(0.0, most);
        self.columns.start + at as u16
    }

    /// Rows from the bottom, in so many parts each.
    fn up(&self, place: f64, parts: u16) -> u16 {
        let [_, (low, high)] = self.extent;
        let most = f64::from(self.rows.height() * parts - 1);
        ((place - low) / (high - low) * most).round().clamp(0.0, most) as u16
    }

    fn y(&self, place: f64) -> u16 {
        self.rows.last - self.up(place, 1)
    }

    /// The row in which a line through points crosses column `x`.
    fn row(&self, points: &[(f64, f64)], x: u16) -> u16 {
        let [(left, right), _] = self.extent;
        let share = f64::from(x - self.columns.start) / f64::from(self.columns.width() - 1);
        self.y(between(points, left + share * (right - left)))
    }
}

/// Gold is a score's; the others are told apart by what kernels are.
pub fn roles(chart: &Chart) -> Vec<Role> {
    let is_score = |name: &str| {
        let name = name.to_lowercase();
        name == "score" || name.starts_with("zen") || name.starts_with("best")
    };
    let first = chart.series.iter().position(|series| is_score(&series.name));
    let mut rest = ROLES.iter().cycle();
    let role = |(number, series): (usize, &Series)| match series.look {
        _ if first == Some(number) => Role::Best,
        Look::Columns => Role::Bar,
        Look::Line | Look::Dashed | Look::Dots => *rest.next().expect("a cycle has no end"),
    };
    chart.series.iter().enumerate().map(role).collect()
}

/// The chart over all of `rows`, its axes included.
pub fn plot(canvas: &mut Canvas<'_>, columns: Columns, rows: Rows, chart: &Chart) {
    if rows.height() < BELOW + 1 || columns.width() < LABELS + 8 {
        return;
    }
    let columns = Columns { start: columns.start + LABELS, end: columns.end };
    let body = Rows { first: rows.first, last: rows.last - BELOW };
    let Some(extent) = chart.extent() else {
        let middle = body.first + body.height() / 2;
        canvas.text(columns.start, middle, "nothing to draw", Role::Faint);
        return;
    };
    let plot = Plot { columns, rows: body, extent };
    axes(canvas, &plot, chart);
    let roles = roles(chart);
    let mut taken = BTreeSet::new();
    // The first stand above the others, and a score above all.
    let mut order: Vec<_> = chart.series.iter().zip(&roles).rev().collect();
    order.sort_by_key(|(_, role)| **role == Role::Best);
    for (series, role) in order {
        draw(canvas, &plot, chart, (series, *role), &mut taken);
    }
    names(canvas, &plot, chart, (&roles, &mut taken));
}

fn axes(canvas: &mut Canvas<'_>, plot: &Plot, chart: &Chart) {
    let Plot { columns, rows, extent: [(left, right), (low, high)] } = plot;
    let (axis, labels) = (rows.last + 1, rows.last + 2);
    canvas.horizontal(columns.start..=columns.end, axis, "─");
    let most = usize::from(rows.height() * 2 / 5).clamp(2, 6);
    let mut above = None;
    for (at, text) in chart.y.ticks(*low, *high, most) {
        let y = plot.y(at);
        // Rows are few: two values may fall into one.
        if above != Some(y) {
            canvas.right(columns.start - 2, y, cut(&text, LABELS - 1), Role::Faint);
        }
        above = Some(y);
    }
    let mut free = columns.start - 3;
    let mut marked = None;
    for mark in &chart.marks {
        let x = plot.x(chart.x.place(mark.x));
        for y in rows.first..=rows.last {
            canvas.text(x, y, "┊", Role::Warn);
        }
        canvas.text(x, axis, "▴", Role::Warn);
        let text = cut(&mark.text, columns.width());
        let end = (x + width(&text) / 2).clamp(columns.start + width(&text) - 1, columns.end);
        canvas.right(end, labels, &text, Role::Warn);
        marked = Some((end + 1 - width(&text), end));
    }
    let most = usize::from(columns.width() / 9).clamp(2, 8);
    for (at, text) in chart.x.ticks(*left, *right, most) {
        let half = width(&text) / 2;
        let start = plot.x(at).saturating_sub(half);
        let end = start + width(&text) - 1;
        let is_marked = marked.is_some_and(|(from, to)| start <= to + 1 && end + 1 >= from);
        if start > free && end <= columns.end + 1 && !is_marked {
            canvas.text(start, labels, &text, Role::Faint);
            free = end + 1;
        }
    }
}

/// Cells that something is drawn in.
type Taken = BTreeSet<(u16, u16)>;

fn draw(
    canvas: &mut Canvas<'_>,
    plot: &Plot,
    chart: &Chart,
    (series, role): (&Series, Role),
    taken: &mut Taken,
) {
    let place = |p: &crate::report::Point| (chart.x.place(p.x), chart.y.place(p.y));
    let points: Vec<(f64, f64)> = series.points.iter().map(place).collect();
    match series.look {
        Look::Line => steps(canvas, plot, &points, ("─", role), taken),
        Look::Dashed => steps(canvas, plot, &points, ("╌", role), taken),
        Look::Dots => {
            for (x, y) in points {
                let at = (plot.x(x), plot.y(y));
                canvas.text(at.0, at.1, "•", role);
                taken.insert(at);
            }
        }
        Look::Columns => {
            // Each cell has the highest of its points; between two, that of the nearer.
            for x in plot.columns.start..=plot.columns.end {
                let here = points.iter().filter(|(at, _)| plot.x(*at) == x);
                let nearest = || points.iter().min_by_key(|(at, _)| plot.x(*at).abs_diff(x));
                let highest = here.max_by(|a, b| a.1.total_cmp(&b.1)).or_else(nearest);
                if let Some((_, value)) = highest {
                    column(canvas, plot, x, (*value, role), taken);
                }
            }
        }
    }
}

/// A column from the bottom up, in eighths of rows; what is 0 has none.
fn column(
    canvas: &mut Canvas<'_>,
    plot: &Plot,
    x: u16,
    (value, role): (f64, Role),
    taken: &mut Taken,
) {
    if value <= plot.extent[1].0 {
        return;
    }
    let eighths = plot.up(value, 8);
    for row in 0..=eighths / 8 {
        let part = if row < eighths / 8 { 7 } else { eighths % 8 };
        let y = plot.rows.last - row;
        canvas.text(x, y, EIGHTHS[usize::from(part)], role);
        taken.insert((x, y));
    }
}

/// A line through points, from left to right: level within a column, up or down at its end.
fn steps(
    canvas: &mut Canvas<'_>,
    plot: &Plot,
    points: &[(f64, f64)],
    (level, role): (&str, Role),
    taken: &mut Taken,
) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let (left, right) = (plot.x(first.0), plot.x(last.0));
    let row = |x: u16| plot.row(points, x);
    let mut put = |x: u16, y: u16, glyph: &str| {
        canvas.text(x, y, glyph, role);
        taken.insert((x, y));
    };
    let mut y = row(left);
    put(left, y, level);
    for x in left + 1..=right {
        let next = row(x);
        let (from, to) = match next.cmp(&y) {
            std::cmp::Ordering::Equal => {
                put(x, y, level);
                continue;
            }
            std::cmp::Ordering::Less => ("╯", "╭"),
            std::cmp::Ordering::Greater => ("╮", "╰"),
        };
        put(x, y, from);
        for between in y.min(next) + 1..y.max(next) {
            put(x, between, "│");
        }
        put(x, next, to);
        y = next;
    }
}

/// The value at `x` on the straight lines between points; beyond them that of the nearest.
fn between(points: &[(f64, f64)], x: f64) -> f64 {
    let behind = points.partition_point(|point| point.0 < x);
    match (behind.checked_sub(1).map(|i| points[i]), points.get(behind)) {
        (Some((x0, y0)), Some(&(x1, y1))) if x1 > x0 => y0 + (x - x0) / (x1 - x0) * (y1 - y0),
        (_, Some(&(_, y))) | (Some((_, y)), None) => y,
        (None, None) => 0.0,
    }
}

/// Each series' name beside its line, where nothing else is drawn; of one alone, the title says it.
fn names(
    canvas: &mut Canvas<'_>,
    plot: &Plot,
    chart: &Chart,
    (roles, taken): (&[Role], &mut Taken),
) {
    if chart.series.len() < 2 {
        return;
    }
    let mut homeless = Vec::new();
    for (series, role) in chart.series.iter().zip(roles) {
        let name = cut(&series.name, plot.columns.width() / 2);
        match free_spot(plot, chart, series, (width(&name), taken)) {
            Some(at) => put_name(canvas, at, (&name, *role), taken),
            None => homeless.push((name, *role)),
        }
    }
    // Away from its line a name is told by its colour.
    for (name, role) in homeless {
        let cells = (plot.rows.first..=plot.rows.last)
            .flat_map(|y| (plot.columns.start + 1..plot.columns.end).map(move |x| (x, y)));
        let spot = cells.into_iter().find(|at| is_free(plot, *at, (width(&name), taken)));
        if let Some(at) = spot {
            put_name(canvas, at, (&name, role), taken);
        }
    }
}

fn put_name(
    canvas: &mut Canvas<'_>,
    (x, y): (u16, u16),
    (name, role): (&str, Role),
    taken: &mut Taken,
) {
    canvas.text(x, y, name, role);
    taken.extend((x..x + width(name)).map(|x| (x, y)));
}

/// Whether a name of so many cells fits there, apart from whatever is drawn.
fn is_free(plot: &Plot, (x, y): (u16, u16), (wide, taken): (u16, &Taken)) -> bool {
    let inside = x > plot.columns.start && x + wide <= plot.columns.end + 1;
    let rows = plot.rows.first..=plot.rows.last;
    inside && rows.contains(&y) && (x - 1..=x + wide).all(|x| !taken.contains(&(x, y)))
}

/// A place for a name of so many cells, next to a point of the series' line; those in its middle first.
fn free_spot(
    plot: &Plot,
    chart: &Chart,
    series: &Series,
    (wide, taken): (u16, &Taken),
) -> Option<(u16, u16)> {
    let points: Vec<(f64, f64)> =
        series.points.iter().map(|p| (chart.x.place(p.x), chart.y.place(p.y))).collect();
    let (first, last) = (points.first()?, points.last()?);
    let (left, right) = (plot.x(first.0), plot.x(last.0));
    let middle = left + (right - left) / 2;
    let mut xs: Vec<u16> = (left..=right).collect();
    xs.sort_by_key(|x| x.abs_diff(middle));
    xs.into_iter().find_map(|x| {
        let y = plot.row(&points, x);
        // Left of the line above it, right of it below: where a rising line leaves room.
        let places = [
            (x.checked_sub(wide + 1), y.checked_sub(1)),
            (Some(x + 2), y.checked_add(1)),
            (x.checked_sub(wide / 2), y.checked_sub(1)),
            (x.checked_sub(wide / 2), y.checked_add(1)),
        ];
        places
            .into_iter()
            .find_map(|(x, y)| Some((x?, y?)).filter(|at| is_free(plot, *at, (wide, taken))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::{Axis, Mark, Point},
        tui::theme::{Depth, Theme},
    };
    use ratatui::{buffer::Buffer, layout::Rect};

    fn series(name: &str, look: Look, points: &[(f64, f64)]) -> Series {
        let point = |&(x, y): &(f64, f64)| Point { x, y, std: None };
        Series { name: name.to_owned(), look, points: points.iter().map(point).collect() }
    }

    fn chart(series: Vec<Series>) -> Chart {
        let (x, y) = (Axis::linear("x"), Axis::linear("y"));
        Chart { title: String::new(), x, y, series, marks: Vec::new() }
    }

    fn drawn(chart: &Chart, (w, h): (u16, u16)) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, w, h));
        let theme = Theme::ink(Depth::Mono);
        let mut canvas = Canvas::new(&mut buffer, &theme);
        let (columns, rows) = (Columns { start: 0, end: w - 1 }, Rows { first: 0, last: h - 1 });
        plot(&mut canvas, columns, rows, chart);
        let line = |y: ratatui::layout::Rect| {
            let text: String = y.positions().map(|at| buffer[at].symbol()).collect();
            text.trim_end().to_owned()
        };
        buffer.area.rows().map(line).collect()
    }

    #[test]
    fn a_line_goes_up_in_steps() {
        let line = series("up", Look::Line, &[(0.0, 0.0), (10.0, 3.0)]);
        let mut chart = chart(vec![line]);
        chart.marks.push(Mark { x: 10.0, text: "end".to_owned() });
        let found = drawn(&chart, (18, 6));
        assert_eq!(
            found,
            [
                "                ╭─",
                "     2      ╭───╯┊",
                "         ╭──╯    ┊",
                "     0 ──╯       ┊",
                "       ──────────▴",
                "       0    5  end",
            ]
        );
    }

    #[test]
    fn names_stand_where_nothing_is_drawn() {
        let chart = chart(vec![
            series("zen", Look::Line, &[(0.0, 5.0), (10.0, 9.0)]),
            series("Φ", Look::Dashed, &[(0.0, 0.0), (10.0, 4.0)]),
        ]);
        let found = drawn(&chart, (40, 14));
        assert_eq!(found.iter().filter(|line| line.contains("zen")).count(), 1, "{found:#?}");
        assert_eq!(found.iter().filter(|line| line.contains('Φ')).count(), 1, "{found:#?}");
        assert_eq!(roles(&chart), [Role::Best, Role::K5]);
    }

    #[test]
    fn columns_stand_on_the_ground_and_nothing_is_no_column() {
        let chart = chart(vec![series("c", Look::Columns, &[(0.0, 0.0), (5.0, 1.0), (10.0, 2.0)])]);
        let found = drawn(&chart, (18, 4));
        let full = |row: usize| found[row].chars().filter(|c| *c == '█').count();
        assert_eq!((full(0), full(1)), (3, 8), "{found:#?}");
    }

    #[test]
    fn no_size_is_too_small() {
        let chart = chart(vec![
            series("a", Look::Line, &[(0.0, 0.0), (1.0, 1.0)]),
            series("b", Look::Dots, &[(0.0, 1.0)]),
            series("none", Look::Line, &[]),
        ]);
        for (w, h) in (1..40).flat_map(|w| (1..16).map(move |h| (w, h))) {
            drawn(&chart, (w, h));
        }
    }
}
