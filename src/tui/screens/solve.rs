//! A preset's proven optimum, over its form.

use ratatui::layout::Rect;

use super::help::frame;
use crate::{
    run::protocol::{Optimum, Progress, Reached, Solved, Stage},
    space::{Budget, Size},
    text::milliseconds,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format::{self, Unit},
        keymap::{Context, Place, RunState},
        layout::{ChartRows, Columns, Rows},
        model::{Model, Solve, SolveList, TOP},
        spots::{List, Target},
        theme::{Ground, Role},
        widgets::{
            bars,
            ribs::{self, RibColumns},
            scatter::{CostAxis, Scatter},
        },
    },
};

/// As large as it gets.
const WIDTH: u16 = 112;
const HEIGHT: u16 = 28;
/// From this width on there is a network beside the list.
const TWO_COLUMNS: u16 = 100;
/// Of the list.
const LIST: u16 = 62;

pub fn draw(model: &Model, solve: &Solve, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        return;
    }
    let (wide, height) = (w.min(WIDTH), h.saturating_sub(2).min(HEIGHT));
    let (x, y) = ((w - wide) / 2, (h - height).div_ceil(2).min(4));
    let rect = Rect::new(x, y, wide, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Optimum));
    frame(&mut panel, rect);
    let title = format!(" Optimum of {} ", cut(&solve.name, wide.saturating_sub(20)));
    panel.text(x + 2, y, title, Role::Strong.bold());
    let inner = Columns { start: x + 3, end: x + wide - 4 };
    let rows = Rows { first: y + 2, last: y + height - 3 };
    keys(model, solve, &mut panel, (inner, y + height - 2));
    let Some(optimum) = &solve.optimum else {
        return waiting(solve, model.now_ms, &mut panel, (inner, rows));
    };
    let left = match wide >= TWO_COLUMNS {
        true => Columns { start: inner.start, end: inner.start + LIST - 1 },
        false => inner,
    };
    let next = verdict(solve, optimum, &mut panel, (left, rows));
    let below = Rows { first: next, last: rows.last };
    let next = match solve.list {
        SolveList::Best => list(solve, &mut panel, left, below),
        SolveList::Depths => depths(solve, &mut panel, left, below),
    };
    frontier(solve, &mut panel, left, Rows { first: next + 1, last: rows.last });
    if wide >= TWO_COLUMNS {
        let side = Columns { start: left.end + 7, end: inner.end };
        panel.vertical_rule(left.end + 4, rows.first..=rows.last);
        network(solve, &mut panel, side, rows);
    }
}

fn keys(model: &Model, solve: &Solve, panel: &mut Canvas<'_>, (at, y): (Columns, u16)) {
    let place = Place { context: Context::Solve, run: RunState::None };
    let shown = model.keymap.rows(place).filter(|row| !row.label.is_empty());
    let mut x = at.start;
    for row in shown {
        let short = panel.theme().glyphs().keys(&row.short).into_owned();
        let end = x + width(&short) + 1 + width(row.label);
        if end > at.end {
            break;
        }
        let runs = [
            (short.as_str(), Role::Accent.into()),
            (" ", Role::Text.into()),
            (row.label, Role::Muted.into()),
        ];
        x = panel.runs(x, y, &runs) + 3;
    }
    if let Some(said) = &solve.said {
        let room = (at.end + 1).saturating_sub(x);
        panel.right(at.end, y, cut(said, room), Role::Text);
    }
}

/// Before there is an answer: how far it is, or why there will be none.
fn waiting(solve: &Solve, now_ms: u64, panel: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    let mut y = rows.first;
    let mut say = |text: &str, role: Role| {
        for line in wrap(text, at.width()) {
            if y <= rows.last {
                panel.text(at.start, y, line, role);
            }
            y += 1;
        }
    };
    if let Some(why) = &solve.impossible {
        say("There is nothing to solve.", Role::Strong);
        return say(why, Role::Error);
    }
    let elapsed = format::span(now_ms.saturating_sub(solve.started_at_ms));
    let doing = solve.progress.map_or("starting".to_owned(), progress);
    say(&format!("{elapsed}   {doing}"), Role::Strong);
    say("", Role::Text);
    say(
        "The analytic score and the budgets are sums over blocks, so the best structure can be \
         computed, with a proof. A search measures; this foretells.",
        Role::Muted,
    );
}

fn progress(progress: Progress) -> String {
    let stage = match progress.stage {
        Stage::Tables => "tables of all blocks".to_owned(),
        Stage::Prices => "prices of the budgets".to_owned(),
        Stage::Candidates(n) => format!("{} candidates left", format::count(n as u64)),
    };
    match progress.bound {
        Some(bound) => format!("{stage}, at most {}", format::score(bound)),
        None => stage,
    }
}

/// What was found and what it is worth; gives the next free row.
fn verdict(
    solve: &Solve,
    optimum: &Optimum,
    panel: &mut Canvas<'_>,
    (at, rows): (Columns, Rows),
) -> u16 {
    let mut y = rows.first;
    let Some(best) = solve.selected().or(solve.structures().first()) else {
        let text = format!("no structure found; none exceeds {}", format::score(optimum.bound));
        panel.text(at.start, y, text, Role::Text);
        return y + 2;
    };
    let x = panel.text(at.start, y, format::score(best.objective), Role::Best.bold());
    let took = solve.took_ms.map_or_else(String::new, |ms| format!(" in {:.1} s", ms as f64 / 1e3));
    let text = match (optimum.proven, solve.cursor) {
        (true, 0) => format!("proven optimum{took}"),
        (true, n) => format!("proven number {}", n + 1),
        (false, _) => format!("at most {} is possible", format::score(optimum.bound)),
    };
    let room = (at.end + 1).saturating_sub(x + 2);
    panel.text(x + 2, y, cut(&text, room), Role::Strong);
    y += 1;
    let budget = &solve.preset.budget;
    let of = |value: u64, limit: Option<u64>| match limit {
        Some(limit) => {
            let unit = Unit::for_up_to(limit);
            format!("{} of {}", unit.text(value), unit.text(limit))
        }
        None => format::size(value),
    };
    let params = of(best.costs.params, budget.params.map(|s| s.0));
    let flops = of(best.costs.flops, budget.flops.map(|s| s.0));
    let mut facts = format!("{params} params   {flops} FLOPs   {} deep", best.costs.layers);
    for ms in best.costs.latency_ms.as_slice() {
        facts += &format!("   {} ms", milliseconds(*ms));
    }
    panel.text(at.start, y, cut(&facts, at.width()), Role::Text);
    y += 1;
    let full =
        format!("full analytic score {}; the measured one judges", format::score(best.score));
    panel.text(at.start, y, cut(&full, at.width()), Role::Muted);
    y += 1;
    let worth = worth(optimum);
    if !worth.is_empty() {
        panel.text(at.start, y, cut(&worth, at.width()), Role::Text);
        y += 1;
    }
    y + u16::from(rows.height() > 12)
}

/// What more of the budgets is worth.
fn worth(optimum: &Optimum) -> String {
    let mut parts: Vec<String> = Vec::new();
    for price in &optimum.prices {
        let unit = match price.budget {
            Budget::Flops => "+100M FLOPs",
            Budget::Latency | Budget::Latency2 | Budget::Latency3 => "+0.01 ms",
            Budget::Params | Budget::Layers | Budget::Activation => "+100k params",
        };
        parts.push(format!("{unit} {}", format::signed(price.score)));
    }
    if let Some(plus) = optimum.layer_price.plus {
        parts.push(format!("one more sub-layer {}", format::signed(plus)));
    }
    if let Some(minus) = optimum.layer_price.minus {
        parts.push(format!("one less {}", format::signed(-minus)));
    }
    parts.join("   ")
}

/// The best structures; gives the next free row.
fn list(solve: &Solve, panel: &mut Canvas<'_>, at: Columns, rows: Rows) -> u16 {
    let x = at.start;
    let wide = at.width() >= 56;
    let budget = &solve.preset.budget;
    let most = |cost: fn(&Solved) -> u64, limit: Option<Size>| {
        let dearest = solve.structures().iter().map(cost).max().unwrap_or(0);
        Unit::for_up_to(limit.map_or(dearest, |limit| limit.0))
    };
    let params = most(|s| s.costs.params, budget.params);
    let flops = most(|s| s.costs.flops, budget.flops);
    let mut y = rows.first;
    panel.right(x + 2, y, "#", Role::Muted);
    panel.right(x + 12, y, "analytic", Role::Muted);
    panel.right(x + 21, y, "params", Role::Muted);
    if wide {
        panel.right(x + 31, y, "FLOPs", Role::Muted);
        panel.right(x + 36, y, "L", Role::Muted);
        panel.text(x + 40, y, "widths", Role::Muted);
    }
    y += 1;
    for (i, solved) in solve.structures().iter().enumerate() {
        if y > rows.last {
            break;
        }
        let cells = Rect::new(x - 1, y, at.width() + 1, 1);
        panel.spot(cells, Target::Row(List::Optimum, i));
        let mut row = if i == solve.cursor {
            let mut row = panel.on(Ground::Selection, cells);
            row.text(x - 1, y, "▸", Role::Accent);
            row
        } else {
            panel.again()
        };
        row.right(x + 2, y, (i + 1).to_string(), Role::Muted);
        let ink = if i == 0 { Role::Best.bold() } else { Role::Strong.into() };
        row.right(x + 12, y, format!("{:.4}", solved.objective), ink);
        row.right(x + 21, y, params.text(solved.costs.params), Role::Text);
        if wide {
            row.right(x + 31, y, flops.text(solved.costs.flops), Role::Text);
            row.right(x + 36, y, solved.costs.layers.to_string(), Role::Text);
            let room = usize::from((at.end + 1).saturating_sub(x + 40));
            row.text(x + 40, y, bars::widths(&solved.structure, room), Role::Bar);
        }
        y += 1;
    }
    y
}

/// What each cap of the depth allows; gives the next free row.
fn depths(solve: &Solve, panel: &mut Canvas<'_>, at: Columns, rows: Rows) -> u16 {
    let x = at.start;
    let points = solve.depths();
    if points.is_empty() {
        let text = if solve.done { "not known" } else { "what each depth allows is on its way" };
        panel.text(x, rows.first, text, Role::Faint);
        return rows.first + 1;
    }
    let dearest = |cost: fn(&Reached) -> u64| {
        let most = points.iter().filter_map(|point| point.best.as_ref()).map(cost).max();
        Unit::for_up_to(most.unwrap_or(0))
    };
    let params = dearest(|best| best.costs.params);
    let flops = dearest(|best| best.costs.flops);
    let tables = points.iter().filter_map(|point| point.best).map(|b| b.costs.latency_ms).next();
    let tables = tables.map_or(0, |latency| latency.as_slice().len());
    let wide = at.width() >= 56;
    let mut y = rows.first;
    let mut heads = vec![(x + 4, "depth"), (x + 13, "analytic"), (x + 21, "gain")];
    if wide {
        heads.extend([(x + 31, "params"), (x + 41, "FLOPs")]);
        heads.extend([(x + 50, "ms"), (x + 58, "ms 2")].into_iter().take(tables));
    }
    heads.into_iter().for_each(|(end, head)| panel.right(end, y, head, Role::Muted));
    y += 1;
    // Room for the chart, and the cursor in sight.
    let room = usize::from((rows.last + 1).saturating_sub(y)).clamp(1, TOP);
    let first = solve.depth_cursor.saturating_sub(room - 1).min(points.len().saturating_sub(room));
    for (i, point) in points.iter().enumerate().skip(first).take(room) {
        let cells = Rect::new(x - 1, y, at.width() + 1, 1);
        panel.spot(cells, Target::Row(List::Optimum, i));
        let mut row = if i == solve.depth_cursor {
            let mut row = panel.on(Ground::Selection, cells);
            row.text(x - 1, y, "▸", Role::Accent);
            row
        } else {
            panel.again()
        };
        row.right(x + 4, y, point.limit.to_string(), Role::Text);
        let ink = if i + 1 == points.len() { Role::Best.bold() } else { Role::Strong.into() };
        row.right(x + 13, y, format!("{:.4}", point.bound), ink);
        let gain = i.checked_sub(1).map(|before| point.bound - points[before].bound);
        row.right(x + 21, y, gain.map_or("–".to_owned(), format::signed), Role::Text);
        if let Some(best) = point.best.filter(|_| wide) {
            row.right(x + 31, y, params.text(best.costs.params), Role::Text);
            row.right(x + 41, y, flops.text(best.costs.flops), Role::Text);
            let latencies = best.costs.latency_ms;
            for (table, ms) in latencies.as_slice().iter().enumerate().take(2) {
                row.right(x + 50 + 8 * table as u16, y, milliseconds(*ms), Role::Text);
            }
            if !best.proven {
                row.text(x + 15, y, "≤", Role::Muted);
            }
        }
        y += 1;
    }
    y
}

fn frontier(solve: &Solve, panel: &mut Canvas<'_>, at: Columns, rows: Rows) {
    if rows.last < rows.first + 5 {
        return;
    }
    let title = panel.text(at.start, rows.first, "Frontier", Role::Strong.bold()) + 2;
    let Some(frontier) = solve.frontier().filter(|frontier| !frontier.points.is_empty()) else {
        let text = match (solve.done, solve.optimum.as_ref().is_some_and(|o| o.proven)) {
            (false, true) => "on its way",
            _ => "not known",
        };
        panel.text(title, rows.first, text, Role::Faint);
        return;
    };
    let (by, axis) = match frontier.budget {
        Budget::Layers => ("what each depth allows", CostAxis::Depth),
        Budget::Params => ("what each params budget allows", CostAxis::Sized),
        Budget::Latency | Budget::Latency2 | Budget::Latency3 => {
            ("what each latency budget allows", CostAxis::Milliseconds)
        }
        Budget::Flops | Budget::Activation => ("what each FLOPs budget allows", CostAxis::Sized),
    };
    panel.text(title, rows.first, by, Role::Muted);
    let points: Vec<(f64, f64)> = frontier.drawn().collect();
    let body = Rows { first: rows.first + 1, last: rows.last - 2 };
    let chart = ChartRows { title: rows.first, body, axis: rows.last - 1, labels: rows.last };
    let scatter = Scatter { points: &[], landmarks: &[], frontier: &points, axis };
    scatter.draw(panel, Columns { start: at.start, end: at.end.min(at.start + 59) }, chart);
}

fn network(solve: &Solve, panel: &mut Canvas<'_>, at: Columns, rows: Rows) {
    let title = format!("Number {}", solve.cursor + 1);
    panel.text(at.start, rows.first, title, Role::Strong.bold());
    let Some(solved) = solve.selected() else { return };
    panel.text(at.start, rows.first + 1, "map", Role::Muted);
    panel.right(at.start + 29, rows.first + 1, "out", Role::Muted);
    panel.right(at.start + 33, rows.first + 1, "btl", Role::Muted);
    panel.right(at.start + 35, rows.first + 1, "×", Role::Muted);
    let ribs = Rows { first: rows.first + 2, last: rows.last };
    let resolution = solve.preset.space.resolution;
    ribs::compact(panel, RibColumns::compact(at.start), ribs, &solved.structure, resolution);
}
