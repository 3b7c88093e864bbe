//! An experiment in its panel: what it asks, what was found, what that means.

use ratatui::layout::Rect;

use super::{has_keys, place, rank, run_key};
use crate::{
    report::{Cell, Figure, Report},
    text::printable,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format,
        layout::{
            Columns, Rows,
            lab::{ReportRows, Wanted, report},
        },
        model::{Model, State, Topic, lab_proxies},
        screens::chrome,
        spots::{List, Target},
        theme::Role,
        widgets::{
            plot::plot,
            ranking::{Ranking, Voice},
        },
    },
};

/// Rows of a topic's list, and how many are seen at once.
pub fn rows(model: &Model, topic: Topic) -> (usize, usize) {
    let Some((columns, rows)) = place(model, topic) else { return (0, 1) };
    let found = model.lab.found(topic).map(|found| &found.report);
    if topic == Topic::Rank && model.lab.benchmark.is_some() {
        return (lab_proxies(found).len(), 10);
    }
    let Some(found) = found else { return (0, 1) };
    let view = Seen::of(topic, found, columns.width());
    let at = view.layout(below(columns, rows, topic));
    let page = at.table.map_or(1, |(_, rows)| usize::from(rows.height()));
    // The cursor is the first row that is seen.
    (view.rows.len().saturating_sub(page) + 1, page)
}

pub fn draw(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (columns, rows): (Columns, Rows),
    topic: Topic,
) {
    let area = Rect::new(columns.start, rows.first, columns.width(), rows.height());
    canvas.spot(area, Target::List(List::Lab(topic)));
    title(model, canvas, (columns, rows.first), topic);
    let found = model.lab.found(topic).map(|found| &found.report);
    if topic == Topic::Rank && model.lab.benchmark.is_some() {
        return rank::draw(model, canvas, (columns, rows), found);
    }
    match found {
        Some(found) => body(model, canvas, (columns, rows), (topic, found)),
        None => about(model, canvas, (columns, rows), topic),
    }
}

/// What is left for a report, whose own first row is the title's last.
fn below(columns: Columns, rows: Rows, topic: Topic) -> Rows {
    Rows { first: rows.first + below_title(columns, topic) - 2, last: rows.last }
}

/// Rows that the title takes, with a blank one.
fn below_title(columns: Columns, topic: Topic) -> u16 {
    if fits_beside(columns, topic) { 2 } else { 3 }
}

/// Whether what is measured stands in the title's row.
fn fits_beside(columns: Columns, topic: Topic) -> bool {
    width(topic.question()) + width(topic.measure()) + 2 <= columns.width()
}

/// What it asks and what it measures; while it can't be seen otherwise, how it stands.
fn title(model: &Model, canvas: &mut Canvas<'_>, (columns, y): (Columns, u16), topic: Topic) {
    if has_keys(model, topic) {
        chrome::focus_mark(canvas, columns.start, y);
    }
    canvas.text(columns.start, y, topic.question(), Role::Strong.bold());
    let measure = topic.measure();
    if fits_beside(columns, topic) {
        canvas.right(columns.end, y, measure, Role::Muted);
    } else {
        canvas.text(columns.start, y + 1, cut(measure, columns.width()), Role::Muted);
    }
    // Beside an experiment that has the keys, row 1 speaks of that one.
    let told = match model.lab.state(topic) {
        _ if has_keys(model, topic) => return,
        State::Running(progress) if progress.of > 0 => {
            (format!("runs, {} %", 100 * progress.done / progress.of), Role::Accent)
        }
        State::Running(_) | State::Starting => ("runs".to_owned(), Role::Accent),
        State::Waiting => ("waits".to_owned(), Role::Warn),
        State::Failed(_) => ("failed".to_owned(), Role::Error),
        State::Open | State::Done(_) => return,
    };
    canvas.right(columns.end, y + 1, told.0, told.1);
}

/// What an experiment is for, and the command and the key that make it.
fn about(model: &Model, canvas: &mut Canvas<'_>, (columns, rows): (Columns, Rows), topic: Topic) {
    let mut y = rows.first + below_title(columns, topic);
    let mut say = |canvas: &mut Canvas<'_>, text: &str, role: Role| {
        for line in wrap(text, columns.width()) {
            if y <= rows.last {
                canvas.text(columns.start, y, line, role);
            }
            y += 1;
        }
        y += 1;
    };
    say(canvas, topic.about(), Role::Text);
    if let State::Failed(why) = model.lab.state(topic) {
        return say(canvas, &format!("It failed: {why}"), Role::Error);
    }
    match model.experiment(topic, &[]) {
        Ok(wish) => {
            say(canvas, &format!("zendo {}", wish.command.join(" ")), Role::Faint);
            let key = run_key(model);
            let key = canvas.theme().glyphs().keys(&key).into_owned();
            if let State::Open = model.lab.state(topic) {
                say(canvas, &format!("{key} runs it."), Role::Muted);
            }
        }
        Err(why) => say(canvas, &format!("{why}."), Role::Warn),
    }
}

/// A report as it is seen in so many columns.
struct Seen<'a> {
    chart: Option<&'a Figure>,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether a column has words.
    is_text: Vec<bool>,
    widths: Vec<u16>,
    gap: u16,
    reading: Vec<String>,
}

impl<'a> Seen<'a> {
    fn of(topic: Topic, report: &'a Report, columns: u16) -> Seen<'a> {
        let rows: Vec<&Vec<Cell>> = rows_of(topic, report);
        // What is the same in all rows says nothing here.
        let differs =
            |column: &usize| rows.windows(2).any(|two| two[0][*column] != two[1][*column]);
        let is_alone = rows.len() < 2;
        let mut wanted: Vec<usize> =
            (0..report.columns.len()).filter(|column| is_alone || differs(column)).collect();
        let shown = |column: usize| rows.iter().map(move |row| cell(&row[column]));
        let head = |column: usize| head(&report.columns[column]);
        let widest = |column: &usize| {
            let cells = shown(*column).map(|text| width(&text)).max().unwrap_or(0);
            cells.max(width(&head(*column))).min(MAX_CELL)
        };
        // Columns closer together before one is left out.
        let total = |wanted: &[usize], gap: u16| {
            wanted.iter().map(|column| widest(column) + gap).sum::<u16>() - gap
        };
        let mut gap = GAP;
        while wanted.len() > 1 && total(&wanted, gap) > columns {
            match gap {
                1 => drop(wanted.pop()),
                _ => gap = 1,
            }
        }
        let widths = wanted.iter().map(widest).collect();
        let is_text =
            |column: &usize| rows.first().is_some_and(|row| matches!(row[*column], Cell::Text(_)));
        Seen {
            chart: report.figures.first(),
            heads: wanted.iter().map(|column| head(*column)).collect(),
            rows: rows
                .iter()
                .map(|row| wanted.iter().map(|column| cell(&row[*column])).collect())
                .collect(),
            is_text: wanted.iter().map(is_text).collect(),
            widths,
            gap,
            reading: report
                .reading
                .iter()
                .flat_map(|text| wrap(&printable(text), columns))
                .collect(),
        }
    }

    fn layout(&self, rows: Rows) -> ReportRows {
        let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        report(
            rows,
            Wanted {
                has_chart: self.chart.is_some(),
                table: lines(self.rows.len()),
                reading: lines(self.reading.len()),
            },
        )
    }
}

/// Widest cell of a table, and the cells between two.
const MAX_CELL: u16 = 24;
const GAP: u16 = 2;

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Whole(n) => format::count(*n),
        other => printable(&other.shown()),
    }
}

/// A column's name for people.
fn head(name: &str) -> String {
    match name {
        "flops" => "FLOPs".to_owned(),
        "log_delta" => "log Δ".to_owned(),
        "alpha" => "α".to_owned(),
        "phi_f32" => "Φ f32".to_owned(),
        "phi" => "Φ".to_owned(),
        "phi_with_norms" => "with norms".to_owned(),
        "zen_minus_phi" => "Zen − Φ".to_owned(),
        "zen" => "Zen".to_owned(),
        other => printable(&other.replace('_', " ")),
    }
}

/// The rows that are shown: of a saturation those with the α that scores are measured by.
fn rows_of(topic: Topic, report: &Report) -> Vec<&Vec<Cell>> {
    let all = || report.rows.iter().collect();
    if topic != Topic::Saturation {
        return all();
    }
    let column = report.columns.iter().position(|column| column == "alpha");
    let used = report.settings.iter().find(|(name, _)| name == "alpha");
    let (Some(column), Some((_, used))) = (column, used) else { return all() };
    let used: f64 = used.parse().unwrap_or(f64::NAN);
    let is_used = |row: &&Vec<Cell>| match &row[column] {
        Cell::Number(value, _) => *value == used,
        cell => cell.shown().parse() == Ok(used),
    };
    let rows: Vec<_> = report.rows.iter().filter(is_used).collect();
    if rows.is_empty() { all() } else { rows }
}

fn body(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (columns, rows): (Columns, Rows),
    (topic, found): (Topic, &Report),
) {
    let seen = Seen::of(topic, found, columns.width());
    let at = seen.layout(below(columns, rows, topic));
    let last = rows.last;
    if let (Some(figure), Some(rows)) = (seen.chart, at.chart) {
        match figure {
            Figure::Chart(chart) => plot(canvas, columns, rows, chart),
            Figure::Bars(bars) => {
                let ranking = Ranking::new(columns, bars.extent().map_or(1.0, |(_, high)| high));
                for (bar, y) in bars.rows.iter().zip(rows.first..=rows.last) {
                    let value = format!("{:.3}", bar.value);
                    let figures = [value, String::new(), String::new()];
                    ranking.bar(canvas, y, (bar, figures), Voice::Plain);
                }
            }
        }
    }
    if let Some((heads, rows)) = at.table {
        let view = (model.lab.row(topic), last);
        table(canvas, &seen, (columns, heads, rows), view);
    }
    if let Some(rows) = at.reading {
        let is_cut = seen.reading.len() > usize::from(rows.height());
        for (line, y) in seen.reading.iter().zip(rows.first..=rows.last) {
            let x = canvas.text(columns.start, y, line, Role::Text);
            if is_cut && y == rows.last {
                canvas.text(x.min(columns.end), y, "…", Role::Faint);
            }
        }
    }
}

fn table(
    canvas: &mut Canvas<'_>,
    seen: &Seen<'_>,
    (columns, heads, rows): (Columns, u16, Rows),
    (first, last): (usize, u16),
) {
    let put = |canvas: &mut Canvas<'_>, y: u16, cells: &[String], is_head: bool| {
        let mut x = columns.start;
        for (i, cell) in cells.iter().enumerate() {
            let (wide, text) = (seen.widths[i], cut(cell, seen.widths[i]));
            let role = match (is_head, seen.is_text[i]) {
                (true, _) => Role::Muted,
                (false, true) => state_role(&text),
                (false, false) => Role::Strong,
            };
            match seen.is_text[i] {
                true => {
                    canvas.text(x, y, text, role);
                }
                false => canvas.right(x + wide - 1, y, text, role),
            }
            x += wide + seen.gap;
        }
    };
    put(canvas, heads, &seen.heads, true);
    let page = usize::from(rows.height());
    let first = first.min(seen.rows.len().saturating_sub(page));
    for (row, y) in seen.rows.iter().skip(first).zip(rows.first..=rows.last) {
        put(canvas, y, row, false);
    }
    // In the blank row below.
    if seen.rows.len() > page && rows.last < last {
        let text =
            format!("{}–{} of {}", first + 1, (first + page).min(seen.rows.len()), seen.rows.len());
        canvas.right(columns.end, rows.last + 1, text, Role::Faint);
    }
}

/// Words that are a verdict.
fn state_role(text: &str) -> Role {
    match text {
        "saturated" => Role::Warn,
        "linear" => Role::Good,
        _ => Role::Text,
    }
}
