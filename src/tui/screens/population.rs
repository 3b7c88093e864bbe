//! The population: all columns, sorted and filtered, with scores against costs beside it.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{
    chrome::{self, Panels},
    search as whole, small, status,
};
use crate::{
    arch::Costs,
    run::protocol::Member,
    space::Budget,
    tui::{
        canvas::{Canvas, cut, width},
        edit::LineEdit,
        format,
        keymap::Intent,
        layout::{self, ChartRows, Columns, Rows},
        model::{Axis, Model, PopulationView, Search},
        spots::{List, Target},
        theme::{Ground, Ink, Role},
        widgets::{
            population_table::{Purpose, Sorted, Table, Voice, heads, place},
            ribs::{self, RibColumns},
            scatter::{CostAxis, Landmark, Point, PointKind, Scatter},
        },
    },
};

/// Rows of the selected network under the scatter.
const NETWORK_ROWS: u16 = 8;

pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 40 || h < 8 {
        return small::less(model, search, canvas);
    }
    let is_wide = w >= 120 && h >= 24;
    let words = if w >= 100 { status::Words::Long } else { status::Words::Short };
    if w >= 60 {
        chrome::band(canvas, model);
        status::draw(model, search, canvas, words);
    } else {
        small::head(model, search, canvas);
    }
    let top = layout::population_top(h);
    let view = &model.population;
    let main = match is_wide {
        true => Columns { start: 2, end: layout::two_columns(w).0.end + 1 },
        false => Columns { start: 1, end: w - 3 },
    };
    let rows = Rows { first: top + 3, last: h - 3 };
    if search.population().is_empty() {
        let at = Columns { start: 2, end: main.end };
        whole::nobody(search, canvas, (at, Rows { first: top + 2, last: h - 3 }));
    } else if is_wide {
        table(model, search, canvas, (main, rows));
        beside(search, view, canvas, h);
    } else if view.shows_chart {
        let body = Rows { first: top + 2, last: h - 5 };
        let chart = ChartRows { title: top + 1, body, axis: h - 4, labels: h - 3 };
        scatter(search, view, canvas, (Columns { start: 2, end: w - 3 }, chart));
    } else {
        table(model, search, canvas, (main, Rows { first: top + 2, last: h - 3 }));
    }
    // Over the heads, where a fault in the filter has no row of its own.
    line(model, search, canvas, top);
    if let Some(event) = search.events.back().filter(|_| h >= 20) {
        whole::event_line(canvas, h - 2, event);
    }
    whole::banner(model, search, canvas, 2);
    let panels = if is_wide { Panels::All } else { Panels::OneAtATime };
    chrome::footer(canvas, model, panels);
}

/// What is shown, how it is filtered, who is marked and pinned.
fn line(model: &Model, search: &Search, canvas: &mut Canvas<'_>, y: u16) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let view = &model.population;
    let mut panel = match view.edit.is_some() || view.is_filtered() {
        true => canvas.on(Ground::Panel, Rect::new(0, y, w, 1)),
        false => canvas.again(),
    };
    let count = format::count(search.population().len() as u64);
    let mut right: Vec<(String, Ink)> = Vec::new();
    let rows = usize::from(layout::population_rows(w, h));
    if view.rows().len() > rows && w >= 80 && !view.shows_only_chart(w, h) {
        let first = view.top(rows) + 1;
        let last = format::count((first + rows - 1).min(view.rows().len()) as u64);
        right.push((format!("rows {}–{last}   ", format::count(first as u64)), Role::Faint.into()));
    }
    let pins = [(&model.pins.a, "A ", Role::Accent), (&model.pins.b, "B ", Role::B)];
    for (pin, letter, role) in pins {
        if let Some(net) = pin.as_ref().filter(|_| w >= 60) {
            right.push((letter.to_owned(), role.bold()));
            right.push((format!("{}   ", cut(&net.label, 14)), Role::Text.into()));
        }
    }
    if view.is_filtered() {
        right.push((format::count(view.rows().len() as u64), Role::Strong.into()));
        right.push((format!(" of {count}"), Role::Muted.into()));
    }
    if !search.marks.is_empty() {
        let gap = if view.is_filtered() { "   ● " } else { "● " };
        right.push((gap.to_owned(), Role::Mark.into()));
        let marked = format!("{} marked", format::count(search.marks.len() as u64));
        right.push((marked, Role::Text.into()));
    }
    let runs: Vec<(&str, Ink)> = right.iter().map(|(text, ink)| (text.as_str(), *ink)).collect();
    panel.right_runs(w - 3, y, &runs);
    let taken: u16 = right.iter().map(|(text, _)| width(text)).sum();
    let end = w.saturating_sub(taken + 5);
    if let Some(edit) = &view.edit {
        return typed(view, edit, &mut panel, (y, end));
    }
    if view.is_filtered() {
        let x = panel.text(2, y, "/ ", Role::Accent);
        panel.text(x, y, cut(&view.filter_text, end.saturating_sub(x)), Role::Strong);
        return;
    }
    let x = chrome::focused_title(&mut panel, 2, y, "Population");
    let order = if view.reversed { ", reversed" } else { "" };
    let capacity = search.snapshot.as_ref().map_or(0, |s| s.capacity as u64);
    let minimised = search.spec.preset.search.minimise.costs().iter().map(|cost| cost.name());
    let minimised: Vec<&str> = minimised.collect();
    let after = match minimised.is_empty() {
        true => String::new(),
        false => format!(", least {}", minimised.join(" and ")),
    };
    let by = view.sort.name();
    let text = format!("{count} of {}, by {by}{order}{after}", format::count(capacity));
    panel.text(x + 2, y, cut(&text, end.saturating_sub(x + 2)), Role::Muted);
}

/// A filter being typed, its fault underlined and named.
fn typed(view: &PopulationView, edit: &LineEdit, panel: &mut Canvas<'_>, (y, end): (u16, u16)) {
    let (text, cursor) = (edit.text(), edit.before().chars().count());
    let start = panel.text(2, y, "/ ", Role::Accent);
    let room = usize::from(end.saturating_sub(start + 1));
    let skip = text.chars().count().saturating_sub(room);
    let mut x = start;
    for (i, c) in text.chars().enumerate().skip(skip) {
        let wrong = view.error.as_ref().is_some_and(|error| error.at.contains(&i));
        let ink = if wrong { Role::Error.underlined() } else { Role::Strong.into() };
        if i == cursor {
            x = panel.text(x, y, "▏", Role::Accent);
        }
        x = panel.text(x, y, c.to_string(), ink);
    }
    if cursor >= text.chars().count() {
        panel.text(x, y, "▏", Role::Accent);
    }
    if let Some(error) = &view.error {
        // Under the term that it is about, on a line of its own.
        let w = panel.area().width;
        let at = start + (error.at.start.saturating_sub(skip)) as u16;
        let at = at.min(w.saturating_sub(width(&error.message) + 3)).max(2);
        let mut line = panel.on(Ground::Panel, Rect::new(0, y + 1, w, 1));
        line.text(0, y + 1, " ".repeat(w.into()), Role::Text);
        line.text(at, y + 1, cut(&error.message, w.saturating_sub(at + 1)), Role::Error);
    }
}

fn table(model: &Model, search: &Search, canvas: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    let view = &model.population;
    let visible = usize::from(rows.height());
    let sorted = Sorted { by: view.sort, reversed: view.reversed };
    let cursor = view.selected().unwrap_or(usize::MAX);
    let table = Table {
        cursor,
        purpose: Purpose::Population,
        sorted,
        ..whole::table(model, search, visible)
    };
    let placed = match at.width() {
        58.. => {
            let whose = (table.population, table.fronts, table.noise);
            place(whose, at, (Purpose::Population, sorted))
        }
        _ => small::columns(search, canvas.area().width),
    };
    heads(canvas, &placed, rows.first - 1, sorted);
    let top = view.top(visible);
    let area = Rect::new(0, rows.first, at.end + 1, rows.height());
    canvas.spot(area, Target::List(List::Population));
    for ((row, &rank), y) in view.rows().iter().enumerate().skip(top).zip(rows.first..=rows.last) {
        canvas.spot(Rect { y, height: 1, ..area }, Target::Row(List::Population, row));
        table.row(canvas, &placed, (rank, y), Voice::Plain);
    }
    let count = view.rows().len();
    if count == 0 {
        let text = format!("none: {} takes the filter away", model.key(Intent::Back));
        canvas.text(at.start + 2, rows.first, text, Role::Faint);
    }
    if count > visible {
        scroll_line(canvas, at.end + 2 - u16::from(at.start < 2), rows, (top, count));
    }
}

/// How much of the list is seen, and where.
fn scroll_line(canvas: &mut Canvas<'_>, x: u16, rows: Rows, (top, count): (usize, usize)) {
    let height = usize::from(rows.height());
    let length = (height * height / count).clamp(1, height);
    let free = height - length;
    let first = (top * free).div_ceil((count - height).max(1)).min(free);
    for (i, y) in (rows.first..=rows.last).enumerate() {
        let seen = (first..first + length).contains(&i);
        canvas.text(
            x,
            y,
            if seen { "┃" } else { "│" },
            if seen { Role::Faint } else { Role::Rule },
        );
    }
}

/// The scatter and the selected network.
fn beside(search: &Search, view: &PopulationView, canvas: &mut Canvas<'_>, h: u16) {
    let (_, rule, side) = layout::two_columns(canvas.area().width);
    if view.rows().len() <= usize::from(h.saturating_sub(8)) {
        canvas.vertical_rule(rule + 1, 5..=h - 3);
    }
    let legend = h - 5 - NETWORK_ROWS - 1;
    let body = Rows { first: 7, last: legend - 4 };
    let chart = ChartRows { title: 5, body, axis: legend - 3, labels: legend - 2 };
    let front = scatter(search, view, canvas, (side, chart));
    let known = frontier(search, view.axis).is_some();
    let published = !landmarks(search, view.axis).is_empty();
    let mut x = canvas.text(side.start, legend, "◆", Role::Best);
    let whole = search.spec.preset.search.minimise.costs();
    // Where other costs count as well, more are on the front than this chart shows.
    let what = if whole.is_empty() || whole == [view.axis.0] { "front" } else { "front here" };
    x = canvas.text(x + 1, legend, format!("{what}, {front}"), Role::Muted) + 2;
    if view.is_filtered() {
        x = canvas.text(x, legend, "●", Role::Bar);
        x = canvas.text(x + 1, legend, "match", Role::Muted) + 2;
    }
    if known && x + 11 < side.end {
        x = canvas.text(x, legend, "─", Role::Muted);
        x = canvas.text(x + 1, legend, "analytic ≤", Role::Muted) + 2;
    }
    if published && x + 10 < side.end {
        x = canvas.text(x, legend, "○", Role::Text);
        canvas.text(x + 1, legend, "published", Role::Muted);
    }
    canvas.horizontal(side.start..=side.end, legend + 1, "─");
    let Some(member) = view.selected().and_then(|rank| search.population().get(rank)) else {
        return;
    };
    let y = legend + 2;
    let x = canvas.text(side.start, y, format::id(member.id), Role::Strong.bold());
    canvas.text(x + 2, y, format::score(member.score.value), Role::Text);
    let from = member.parent.map_or("initial".to_owned(), |id| format!("from {}", format::id(id)));
    canvas.right(side.end, y, from, Role::Muted);
    let rows = Rows { first: y + 1, last: h - 3 };
    let resolution = search.spec.preset.space.resolution;
    ribs::compact(canvas, RibColumns::compact(side.start), rows, &member.structure, resolution);
}

/// What no candidate's analytic score exceeds, by the costs of an axis.
fn frontier(search: &Search, axis: Axis) -> Option<Vec<(f64, f64)>> {
    search.spec.scores_zen().then_some(())?;
    let optimum = search.snapshot.as_ref()?.optimum.as_ref()?;
    let frontier = optimum.frontiers.iter().find(|frontier| frontier.budget == axis.0)?;
    Some(frontier.drawn().collect())
}

/// Published nets among the candidates: where the score alone counts, those that are as good and as dear as some of
/// them, for all others would squeeze the population into a corner.
fn landmarks(search: &Search, axis: Axis) -> Vec<Landmark<'_>> {
    let placed = search.landmarks.iter().filter_map(|net| {
        let known = || search.predictions.latencies(&net.structure);
        let costs = match axis.0.table() {
            Some(_) => Costs { latency_ms: known()?, ..net.costs },
            None => net.costs,
        };
        Some(Landmark { name: &net.name, cost: axis.0.of(&costs)?, score: net.score })
    });
    let is_near = |of: fn(&Landmark<'_>) -> f64, own: &dyn Fn(&Member) -> Option<f64>| {
        let values = search.population().iter().filter_map(|member| own(member));
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), value| (l.min(value), h.max(value)));
        move |landmark: &Landmark<'_>| (low..=high).contains(&of(landmark))
    };
    let costs = is_near(|l| l.cost, &|member| axis.0.of(&member.costs));
    let scores = is_near(|l| l.score, &|member| Some(member.score.value));
    let is_apart = !search.fronts.is_empty();
    placed.filter(|landmark| is_apart || costs(landmark) && scores(landmark)).collect()
}

/// Gives how many candidates are on the front.
fn scatter(
    search: &Search,
    view: &PopulationView,
    canvas: &mut Canvas<'_>,
    (at, rows): (Columns, ChartRows),
) -> usize {
    let x = canvas.text(at.start, rows.title, "Score × ", Role::Strong.bold());
    canvas.text(x, rows.title, view.axis.name(), Role::Strong.bold());
    let population = search.population();
    let mut kinds = vec![PointKind::Other; population.len()];
    for &rank in view.rows() {
        kinds[rank] = PointKind::Match;
    }
    if !search.marks.is_empty() {
        for (kind, member) in kinds.iter_mut().zip(population) {
            if search.marks.contains_key(&member.id) {
                *kind = PointKind::Marked;
            }
        }
    }
    if let Some(rank) = view.selected() {
        kinds[rank] = PointKind::Selected;
    }
    let point = |(member, kind): (&Arc<Member>, PointKind)| {
        Some(Point { cost: view.axis.0.of(&member.costs)?, score: member.score.value, kind })
    };
    let points: Vec<Point> = population.iter().zip(kinds).filter_map(point).collect();
    let frontier = frontier(search, view.axis).unwrap_or_default();
    let axis = match view.axis.0 {
        Budget::Params | Budget::Flops => CostAxis::Sized,
        Budget::Layers => CostAxis::Depth,
        Budget::Activation => CostAxis::Bytes,
        Budget::Latency | Budget::Latency2 | Budget::Latency3 => CostAxis::Milliseconds,
    };
    let landmarks = landmarks(search, view.axis);
    let chart = Scatter { points: &points, landmarks: &landmarks, frontier: &frontier, axis };
    chart.draw(canvas, at, rows)
}
