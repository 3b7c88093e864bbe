//! The runs that were kept, over a screen; two of them side by side.

use ratatui::layout::Rect;

use super::help::frame;
use crate::{
    run::{Best, ListedRun, Standing, protocol::Reason},
    text::{age, printable},
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format,
        keymap::{Context, Intent},
        layout::{ChartRows, Columns, Rows},
        model::{ComparedRun, Model, RunList},
        spots::{List, Target},
        theme::{Ground, Role},
        widgets::courses,
    },
};

/// As large as it gets.
const WIDTH: u16 = 116;
const HEIGHT: u16 = 30;
/// Below the list: a blank line, what is said of the run under the cursor, the keys, the frame.
const FOOT: u16 = 5;

pub fn draw(model: &Model, list: &RunList, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let name = list.selected().map_or("", |run| run.name.as_str());
        line.text(0, 0, cut(&format!("run: {name}"), w), Role::Strong);
        return;
    }
    let rows = u16::try_from(list.count()).unwrap_or(HEIGHT);
    let wished = match list.compared {
        Some(_) => HEIGHT,
        None => rows.max(4).saturating_add(FOOT + 3),
    };
    let (wide, high) = (w.min(WIDTH), wished.min(HEIGHT).min(h.saturating_sub(1)));
    let top = if h >= 20 { 4.min(h - high) } else { (h - high).min(1) };
    let rect = Rect::new((w - wide) / 2, top.min(h.saturating_sub(high + 1)), wide, high);
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Runs));
    frame(&mut panel, rect);
    match &list.compared {
        Some(pair) => {
            panel.text(rect.x + 2, rect.y, " Two runs ", Role::Strong.bold());
            comparison(model, pair, &mut panel, rect);
        }
        None => {
            panel.text(rect.x + 2, rect.y, " Runs ", Role::Strong.bold());
            runs(model, list, &mut panel, rect);
        }
    }
}

/// A run's state: glyph, colour, word.
fn standing(standing: &Standing) -> (&'static str, Role, String) {
    let name = standing.name().to_owned();
    match standing {
        Standing::Running { .. } => ("●", Role::Good, name),
        Standing::Elsewhere { host, .. } => ("●", Role::Muted, format!("on {host}")),
        Standing::Interrupted => ("○", Role::Warn, name),
        Standing::Finished(Reason::Failed) | Standing::Unknown => ("✗", Role::Error, name),
        Standing::Finished(_) => ("✓", Role::Good, name),
    }
}

/// Where the list's columns are; those that have no room are left out.
struct Table {
    name: Columns,
    state: Option<Columns>,
    /// Where numbers end.
    best: u16,
    margin: Option<u16>,
    params: Option<u16>,
    progress: Option<u16>,
    age: u16,
}

impl Table {
    fn of(rect: Rect) -> Table {
        let (first, last) = (rect.x + 7, rect.right() - 4);
        let inner = last + 1 - first;
        let age = last;
        let mut end = age.saturating_sub(9);
        let mut take = |wanted: bool, cells: u16| {
            let at = end;
            wanted.then(|| {
                end = end.saturating_sub(cells);
                at
            })
        };
        let progress = take(inner >= 60, if inner >= 96 { 13 } else { 9 });
        let params = take(inner >= 96, 10);
        let margin = take(inner >= 60, 7);
        let best = take(true, 9).unwrap_or(end);
        let state = (inner >= 60).then(|| Columns { start: end.saturating_sub(13), end });
        let name = state.map_or(end, |state| state.start.saturating_sub(2));
        Table {
            name: Columns { start: first, end: name },
            state,
            best,
            margin,
            params,
            progress,
            age,
        }
    }
}

fn runs(model: &Model, list: &RunList, panel: &mut Canvas<'_>, rect: Rect) {
    let table = Table::of(rect);
    let x = rect.x + 3;
    let y = rect.y + 1;
    let body = Rows { first: y + 1, last: rect.bottom().saturating_sub(FOOT + 1) };
    keys(model, panel, rect, Context::Runs);
    let Some(runs) = &list.runs else { return };
    if runs.is_empty() {
        let text = "No run is kept. A search that is given a folder leaves one.";
        for (line, y) in wrap(text, rect.width - 6).into_iter().zip(y + 1..rect.bottom() - 2) {
            panel.text(x, y, line, Role::Muted);
        }
        return;
    }
    panel.text(table.name.start, y, "run", Role::Muted);
    if let Some(state) = table.state {
        panel.text(state.start, y, "state", Role::Muted);
    }
    panel.right(table.best, y, "best", Role::Muted);
    let heads = [(table.params, "params"), (table.progress, "proposed"), (Some(table.age), "age")];
    for (end, head) in heads {
        end.into_iter().for_each(|end| panel.right(end, y, head, Role::Muted));
    }
    let visible = usize::from(body.height());
    let top = (list.cursor + 1).saturating_sub(visible);
    for ((at, run), y) in runs.iter().enumerate().skip(top).zip(body.first..=body.last) {
        let cells = Rect::new(rect.x + 1, y, rect.width - 2, 1);
        panel.spot(cells, Target::Row(List::Runs, at));
        let mut row = match at == list.cursor {
            true => {
                let mut row = panel.on(Ground::Selection, cells);
                row.text(rect.x + 2, y, "▸", Role::Accent);
                row
            }
            false => panel.again(),
        };
        if let Some(mark) = list.mark(&run.folder) {
            row.text(rect.x + 3, y, mark.to_string(), Role::Mark);
        }
        run_row(&mut row, &table, run, y);
    }
    if let Some(run) = list.selected() {
        let room = Rows { first: rect.bottom() - FOOT + 1, last: rect.bottom() - 3 };
        about(model, run, panel, (Columns { start: x, end: rect.right() - 4 }, room));
    }
}

fn run_row(row: &mut Canvas<'_>, table: &Table, run: &ListedRun, y: u16) {
    let (glyph, role, word) = standing(&run.standing);
    row.text(table.name.start - 2, y, glyph, role);
    row.text(table.name.start, y, short_name(&run.name, table.name.width()), Role::Text);
    if let Some(state) = table.state {
        row.text(state.start, y, cut(&word, state.width()), role);
    }
    row.right(table.age, y, age(run.age_s), Role::Muted);
    let Ok(summary) = &run.summary else { return };
    let (proposed, iterations) = (summary.proposed, summary.iterations);
    if let Some(end) = table.progress {
        if table.params.is_some() {
            let of = format!(" of {}", format::compact(iterations));
            let done = format::compact(proposed);
            row.right_runs(end, y, &[(&done, Role::Text.into()), (&of, Role::Muted.into())]);
        } else {
            let share = proposed as f64 / iterations.max(1) as f64;
            row.right(end, y, format::percent(share), Role::Text);
        }
    }
    let Some(best) = &summary.best else { return };
    let (score, margin) = best.standing();
    row.right(table.best, y, format::score(score), Role::Best);
    if let (Some(end), Some(margin)) = (table.margin, margin) {
        let start = end.saturating_sub(5);
        row.text(start, y, cut(&format::noise(margin), 6), Role::Muted);
    }
    if let Some(end) = table.params {
        row.right(end, y, format::size(best.costs.params), Role::Text);
    }
}

/// Runs of a preset differ at the ends of their names.
fn short_name(name: &str, room: u16) -> String {
    // The time and the id, or the id alone.
    let kept = if room > 22 { 11 } else { 4 };
    let is_cut = width(name) > room && usize::from(room) > kept + 4;
    let end = name.char_indices().rev().nth(kept - 1).filter(|_| is_cut);
    let Some((at, _)) = end else { return cut(name, room) };
    let end = &name[at..];
    format!("{}{end}", cut(name, room.saturating_sub(width(end))))
}

/// What the row has no room for.
fn about(model: &Model, run: &ListedRun, panel: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    let enter = model.key_in(Context::Runs, Intent::Enter);
    let enter = panel.theme().glyphs().keys(&enter).into_owned();
    let facts = run.summary.as_ref().map(|summary| {
        let took = format::span(summary.elapsed_ms);
        printable(&format!(
            "{}, seed {}, {} on {}; {} scored in {took}",
            summary.name,
            summary.seed,
            summary.proxy,
            summary.device,
            format::count(summary.scored)
        ))
    });
    let said = match &run.standing {
        Standing::Running { pid } => {
            (format!("process {pid} has it; {enter} watches it"), Role::Text)
        }
        Standing::Elsewhere { host, pid } => {
            let text = format!("process {pid} on {host} has it, as far as can be seen from here");
            (text, Role::Text)
        }
        Standing::Interrupted => {
            let command = run.resume_command().unwrap_or_default();
            (format!("it goes on with: {command}"), Role::Warn)
        }
        Standing::Finished(Reason::Failed) => {
            ("it ended by a failure; its log says why".into(), Role::Error)
        }
        Standing::Finished(_) | Standing::Unknown => (String::new(), Role::Text),
    };
    let (facts, role) = match facts {
        Ok(facts) => (facts, Role::Muted),
        Err(error) => (error.to_string(), Role::Error),
    };
    let mut y = rows.first;
    for (text, role) in [(facts, role), said] {
        if y <= rows.last && !text.is_empty() {
            panel.text(at.start, y, cut(&text, at.width()), role);
            y += 1;
        }
    }
}

fn keys(model: &Model, panel: &mut Canvas<'_>, rect: Rect, context: Context) {
    let place = crate::tui::keymap::Place { context, run: model.run_state() };
    let mut x = rect.x + 3;
    for row in model.keymap.rows(place).filter(|row| !row.label.is_empty()) {
        let short = panel.theme().glyphs().keys(&row.short).into_owned();
        let end = x + width(&short) + 1 + width(row.label);
        if end + 3 > rect.right() {
            break;
        }
        let runs = [
            (short.as_str(), Role::Accent.into()),
            (" ", Role::Text.into()),
            (row.label, Role::Muted.into()),
        ];
        x = panel.runs(x, rect.bottom() - 2, &runs) + 3;
    }
}

/// Rows of the table below the chart.
const FACTS: u16 = 10;

fn comparison(model: &Model, pair: &[ComparedRun; 2], panel: &mut Canvas<'_>, rect: Rect) {
    keys(model, panel, rect, Context::ComparedRuns);
    let at = Columns { start: rect.x + 3, end: rect.right() - 4 };
    let rows = Rows { first: rect.y + 1, last: rect.bottom() - 4 };
    let high = rows.height();
    // A chart of fewer rows says nothing.
    let chart = if high >= 13 { high.saturating_sub(FACTS + 2).max(6) } else { 0 };
    let table = Rows { first: rows.first + chart + u16::from(chart > 0), last: rows.last };
    if chart > 0 {
        let last = rows.first + chart - 1;
        let body = Rows { first: rows.first + 1, last: last - 2 };
        let rows = ChartRows { title: rows.first, body, axis: last - 1, labels: last };
        panel.text(at.start, rows.title, "Best", Role::Strong.bold());
        panel.text(at.start + 6, rows.title, "over the iterations", Role::Muted);
        let courses = pair.each_ref().map(|side| side.course.points.as_slice());
        courses::draw(panel, at, rows, courses);
    }
    facts(pair, panel, at, table);
}

fn facts(pair: &[ComparedRun; 2], panel: &mut Canvas<'_>, at: Columns, rows: Rows) {
    let head = if at.width() >= 60 { 12 } else { 9 };
    let each = at.width().saturating_sub(head + 2) / 2;
    let starts = [at.start + head, at.start + head + each + 2];
    let of = |fact: &dyn Fn(&ComparedRun) -> String| pair.each_ref().map(fact);
    let best = |fact: &'static dyn Fn(&Best) -> String| {
        of(&|side| side.course.summary.best.as_ref().map_or(format::NONE.to_owned(), fact))
    };
    let mut lines = vec![
        ("", of(&|side| side.run.name.clone())),
        (
            "best",
            best(&|best| match best.standing() {
                (score, Some(margin)) => {
                    format!("{} {}", format::score(score), format::noise(margin))
                }
                (score, None) => format::score(score),
            }),
        ),
        ("found at", best(&|best| format::id(best.id))),
        ("params", best(&|best| format::size(best.costs.params))),
        ("FLOPs", best(&|best| format::size(best.costs.flops))),
        ("depth", best(&|best| best.costs.layers.to_string())),
        (
            "proposed",
            of(&|side| {
                let summary = &side.course.summary;
                format!(
                    "{} of {}",
                    format::count(summary.proposed),
                    format::count(summary.iterations)
                )
            }),
        ),
        ("took", of(&|side| format::span(side.course.summary.elapsed_ms))),
        ("scores", of(&|side| side.course.kind())),
        ("state", of(&|side| standing(&side.run.standing).2)),
    ];
    let [a, b] = pair;
    if !a.course.is_scored_like(&b.course) {
        let text = "their scores are of different kinds: which is larger says nothing";
        panel.text(at.start, rows.last + 1, cut(text, at.width()), Role::Warn);
    }
    lines.truncate(usize::from(rows.height()));
    for ((name, values), y) in lines.into_iter().zip(rows.first..=rows.last) {
        panel.text(at.start, y, name, Role::Muted);
        for ((index, value), x) in values.iter().enumerate().zip(starts) {
            if name.is_empty() {
                let letter = ["A", "B"][index];
                let x = panel.text(x, y, letter, courses::role(index).bold()) + 1;
                panel.text(x, y, short_name(value, each.saturating_sub(2)), Role::Strong);
                continue;
            }
            let role = if name == "best" { Role::Best } else { Role::Text };
            panel.text(x, y, cut(value, each), role);
        }
    }
}
