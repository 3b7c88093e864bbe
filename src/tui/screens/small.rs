//! The search where there is room for one panel, or for less.

use ratatui::layout::Rect;

use super::{
    charts::Charts,
    chrome, confirm,
    search::{self as whole, nobody, sorted, table},
    status::{percent, share, state},
};
use crate::tui::{
    canvas::{Canvas, cut, width},
    columns::Column,
    format,
    layout::{ChartRows, Columns, Rows, Small},
    model::{Chart, Model, Search},
    theme::{Ground, Role},
    widgets::{
        bars,
        gauge::{Tone, gauge},
        population_table::{Purpose, Voice, heads, place},
    },
};

/// The state alone.
pub fn state_line(model: &Model, search: &Search, canvas: &mut Canvas<'_>, x: u16) -> u16 {
    let (glyph, role, word, about) = state(search, model.now_ms);
    let x = canvas.text(x, 0, glyph, role);
    let x = canvas.text(x + 1, 0, word, Role::Strong.bold());
    let brief = about.split(',').next().unwrap_or_default();
    canvas.text(x, 0, brief, Role::Muted)
}

pub fn state_only(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    state_line(model, search, canvas, 0);
}

/// State, count, best: a line each.
pub fn summary(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    state_line(model, search, canvas, 0);
    if let Some(s) = &search.snapshot {
        let x = canvas.text(0, 1, format::count(s.proposed), Role::Strong);
        canvas.text(x, 1, format!(" of {}", format::count(s.iterations)), Role::Muted);
    }
    if let Some(best) = search.best() {
        let x = canvas.text(0, 2, "★ ", Role::Best);
        canvas.text(x, 2, format::score(best.score.value), Role::Best.bold());
    }
    if let Some((text, _)) = super::search::lost(search, model.now_ms) {
        canvas.text(0, 3, cut(&text, canvas.area().width), Role::Warn);
    } else if let Some(text) = &search.banner {
        canvas.text(0, 3, cut(text, canvas.area().width), Role::Error);
    }
}

/// Where even one panel has no room.
pub fn less(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    match (canvas.area().width, canvas.area().height) {
        (w, h) if w < 12 || h < 2 => state_only(model, search, canvas),
        _ => summary(model, search, canvas),
    }
}

/// Name, state, time left; how far it is.
pub fn head(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let mut band = canvas.on(Ground::Band, Rect::new(0, 0, w, 1));
    band.text(1, 0, "zendo", Role::Accent.bold());
    let x = state_line(model, search, &mut band, 8);
    if let Some(left) = search.left_ms(model.now_ms) {
        let left = format::span(left);
        if x + 8 + width(&left) < w {
            band.right_runs(w - 2, 0, &[("left ", Role::Muted.into()), (&left, Role::Text.into())]);
        }
    }
    if search.snapshot.is_some() {
        gauge(canvas, Columns { start: 1, end: w - 10 }, 1, share(search), Tone::Progress);
        percent(canvas, w - 2, 1, share(search));
    }
}

pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Small) {
    head(model, search, canvas);
    best(search, canvas);
    if search.shows_chart {
        charts(model, search, canvas, at);
    } else {
        population(model, search, canvas, at);
    }
    if search.banner.is_some() || search.lost.is_some() {
        whole::banner(model, search, canvas, at.bottom);
    }
    chrome::footer(canvas, model, chrome::Panels::OneAtATime);
}

fn best(search: &Search, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let Some(best) = search.best() else {
        return;
    };
    let x = canvas.text(1, 2, "★ ", Role::Best);
    let runs = super::best::score_runs(search, best);
    chrome::put(canvas, x, 2, &runs);
    let (params, flops) = whole::units(search);
    let costs = [params.text(best.costs.params), flops.text(best.costs.flops)];
    let costs = format!("{}  L {}", costs.join("  "), best.costs.layers);
    canvas.right(w - 2, 2, costs, Role::Muted);
}

/// Rank, score, params, from, widths; more where it is wider.
pub fn columns(search: &Search, w: u16) -> Vec<(Column, Columns)> {
    if w >= 60 {
        return place(
            (search.population(), &search.fronts, search.draw_noise()),
            Columns { start: 0, end: w - 3 },
            (Purpose::Search, sorted(search)),
        );
    }
    let widths = Columns { start: w - 7, end: w - 2 };
    vec![
        (Column::Rank, Columns { start: 2, end: 4 }),
        (Column::Score, Columns { start: 6, end: 11 }),
        (Column::Params, Columns { start: 14, end: 19 }),
        (Column::From, Columns { start: 22, end: widths.start - 3 }),
        (Column::Widths, widths),
    ]
}

fn population(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Small) {
    let members = search.population();
    if members.is_empty() {
        let columns = Columns { start: 1, end: canvas.area().width.saturating_sub(2) };
        return nobody(search, canvas, (columns, at.table));
    }
    let visible = usize::from(at.table.height());
    let table = table(model, search, visible);
    let columns = columns(search, canvas.area().width);
    heads(canvas, &columns, at.table.first - 1, sorted(search));
    for (rank, y) in (table.top..members.len()).zip(at.table.first..=at.table.last) {
        table.row(canvas, &columns, (rank, y), Voice::Plain);
    }
    let last = members.len() - 1;
    if last >= table.top + visible {
        let leaves = members.len() == table.capacity;
        let voice = if leaves { Voice::Quiet } else { Voice::Plain };
        table.row(canvas, &columns, (last, at.leaves), voice);
        if leaves {
            // What leaves has no more to say than its score.
            let w = canvas.area().width;
            let from = columns.iter().find(|(column, _)| *column == Column::Params);
            let start = from.map_or(14, |(_, at)| at.start);
            let rest = Rect::new(start, at.leaves, w.saturating_sub(start), 1);
            let ground = if last == table.cursor { Ground::Selection } else { Ground::Canvas };
            canvas.on(ground, rest).text(start + 8, at.leaves, "leaves next", Role::Faint);
        }
    }
    history(search, canvas, at.bottom);
}

/// The best over the iterations, and the rate.
fn history(search: &Search, canvas: &mut Canvas<'_>, y: u16) {
    let Some(s) = &search.snapshot else { return };
    let w = canvas.area().width;
    let over = search.is_over();
    let rate = if over { String::new() } else { format::rate(search.rates.scored) };
    canvas.right(w - 2, y, &rate, Role::Text);
    let x = canvas.text(1, y, "best ", Role::Muted);
    let room = usize::from(w.saturating_sub(x + width(&rate) + 5));
    let points = &s.convergence;
    if points.is_empty() || room == 0 {
        return;
    }
    let at = |i: usize| points[i * (points.len() - 1) / room.saturating_sub(1).max(1)].best;
    let values: Vec<f64> = (0..room).map(at).collect();
    canvas.text(x, y, bars::sparkline(&values), Role::Bar);
}

fn charts(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Small) {
    let w = canvas.area().width;
    let body = Rows { first: 4, last: at.bottom.saturating_sub(2).max(4) };
    let rows = ChartRows { title: 3, body, axis: body.last + 1, labels: body.last + 2 };
    let columns = Columns { start: 1, end: w - 2 };
    match search.chart {
        Chart::Convergence if whole::shows_confirmation(search) => {
            confirm::intervals(search, canvas, (columns, rows));
        }
        Chart::Convergence | Chart::Scores => {
            Charts::of(model, search).draw(canvas, (columns, rows), search.chart);
        }
        Chart::Time => whole::time_panel(model, search, canvas, (columns, rows)),
    }
}
