//! The search as it runs, and as it ended.

use super::{
    best,
    charts::Charts,
    chrome::{self, Alarm, Panels, focus_mark},
    confirm, small,
    status::{self, Words, is_confirming},
    zoomed,
};
use crate::{
    run::{
        protocol::{Member, Snapshot},
        run_name,
    },
    score::MeanStd,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format::{self, Unit},
        keymap::Intent,
        layout::{ChartRows, Columns, Events, Large, Layout, Medium, Rows},
        model::{Chart, Event, EventKind, Keeper, Model, Overlay, Search},
        theme::Role,
        widgets::{
            population_table::{Purpose, Sorted, Table},
            time,
        },
    },
};

pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    let layout = model.layout();
    match &layout {
        Layout::Nothing => {}
        Layout::State => small::state_only(model, search, canvas),
        Layout::Summary => small::summary(model, search, canvas),
        Layout::Small(at) => small::draw(model, search, canvas, at),
        Layout::Medium(at) => medium(model, search, canvas, at),
        Layout::Large(at) => large(model, search, canvas, at),
        Layout::Zoomed(at) => zoomed::draw(model, search, canvas, at),
    }
}

/// What a confirmation has to show is the lower half of the screen.
pub fn shows_confirmation(search: &Search) -> bool {
    let any = search.snapshot.as_ref().is_some_and(|s| !s.confirmation.is_empty());
    any && (is_confirming(search) || search.finished.is_some())
}

pub fn banner(model: &Model, search: &Search, canvas: &mut Canvas<'_>, y: u16) {
    if let Some((text, label)) = lost(search, model.now_ms) {
        let keys = [(model.key(Intent::TryAgain), label)];
        return chrome::sentence(canvas, y, (Alarm::Warning, "○ ", &text), &keys);
    }
    if let Some(text) = &search.banner {
        let is_failure = search.is_over() && search.kept.is_none();
        let alarm = if is_failure { Alarm::Error } else { Alarm::Warning };
        chrome::banner(model, canvas, y, (alarm, text));
    }
}

/// What is known of a host that is heard no more, and what a key does about it.
pub fn lost(search: &Search, now_ms: u64) -> Option<(String, &'static str)> {
    let (lost, Keeper::Host(folder)) = (search.lost.as_ref()?, &search.keeper) else { return None };
    let folder = run_name(folder);
    Some(match lost.next_try_ms {
        None => {
            let why = &lost.why;
            (format!("Interrupted: {why}. `zendo resume {folder}` goes on where it was."), "resume")
        }
        Some(next) => {
            let wait = format::span(next.saturating_sub(now_ms));
            let again = format!("Tried {} times, again in {wait}.", lost.tries);
            (format!("No word from the host: {}. The run goes on there. {again}", lost.why), "now")
        }
    })
}

/// One unit a column, from the budget, or from the largest in the population.
pub fn units(search: &Search) -> (Unit, Unit) {
    let largest = |cost: fn(&Member) -> u64| {
        search.population().iter().map(|member| cost(member)).max().unwrap_or(0)
    };
    let budget = &search.spec.preset.budget;
    let params = budget.params.map_or_else(|| largest(|m| m.costs.params), |s| s.0);
    let flops = budget.flops.map_or_else(|| largest(|m| m.costs.flops), |s| s.0);
    (Unit::for_up_to(params), Unit::for_up_to(flops))
}

pub fn table<'a>(model: &Model, search: &'a Search, visible: usize) -> Table<'a> {
    let population = search.population();
    let (params, flops) = units(search);
    Table {
        population,
        fronts: &search.fronts,
        capacity: search.snapshot.as_ref().map_or(0, |s| s.capacity),
        proposed: search.snapshot.as_ref().map_or(0, |s| s.proposed),
        params,
        flops,
        top: search.top(visible),
        visible,
        cursor: search.rank(),
        winner: search.finished.as_ref().and_then(|f| Some(f.winner.as_ref()?.member.id)),
        noise: search.snapshot.as_ref().and_then(|s| s.noise),
        marks: &search.marks,
        pins: [&model.pins.a, &model.pins.b].map(|pin| pin.as_ref()?.member.as_ref().map(|m| m.id)),
        purpose: Purpose::Search,
        sorted: sorted(search),
    }
}

/// How the population stands.
pub fn sorted(search: &Search) -> Sorted {
    match search.fronts.is_empty() {
        true => Sorted::BY_SCORE,
        false => Sorted::BY_FRONT,
    }
}

pub fn population(
    model: &Model,
    search: &Search,
    canvas: &mut Canvas<'_>,
    (at, rows): (Columns, Rows),
) {
    let members = search.population();
    let x = canvas.text(at.start, 3, "Population", Role::Strong.bold());
    if !search.shows_chart && !matches!(model.overlay, Some(Overlay::Tune(_))) {
        focus_mark(canvas, at.start, 3);
    }
    if let Some(s) = &search.snapshot {
        let of = if at.width() >= 76 && canvas.area().width >= 120 {
            let count = format::count(members.len() as u64);
            format!("{count} of {}", format::count(s.capacity as u64))
        } else {
            format::count(members.len() as u64)
        };
        let x = canvas.text(x + 2, 3, of, Role::Muted);
        noise_against_spread(canvas, Columns { start: x + 3, end: at.end }, search);
    }
    if members.is_empty() {
        return nobody(search, canvas, (at, rows));
    }
    table(model, search, model.layout().visible(members.len())).draw(canvas, at, rows);
}

/// What a draw's noise leaves of the order of the population, where that is known; or that there is no
/// draw.
fn noise_against_spread(canvas: &mut Canvas<'_>, at: Columns, search: &Search) {
    let Some(snapshot) = &search.snapshot else { return };
    let scores: Vec<f64> = snapshot.population.iter().map(|m| m.score.value).collect();
    let analytic = snapshot.population.first().is_some_and(|m| m.score.is_analytic());
    let (texts, role) = match (snapshot.noise, MeanStd::of(&scores).std) {
        _ if analytic => {
            let proxy = &search.spec.preset.score.proxy;
            let long = match proxy.alone() {
                Some("zen-estimate") => format!("≈ {proxy}, estimates without a draw"),
                _ if search.spec.scores_in_closed_form() => {
                    format!("{proxy}, in closed form without a draw")
                }
                Some(_) => format!("{proxy}, counted without a draw"),
                None => format!("{proxy} by rank, without a draw"),
            };
            ([long, proxy.to_string()], Role::Muted)
        }
        (Some(noise), Some(spread)) => {
            let noise_text = format::noise(noise);
            let facts = format!("one draw {noise_text}, spread {}", format::short_score(spread));
            match noise > spread {
                true => {
                    let short = format!("noise {noise_text}, order open");
                    ([format!("{facts}: order open"), short], Role::Warn)
                }
                false => ([facts, format!("one draw {noise_text}")], Role::Muted),
            }
        }
        _ => return,
    };
    if let Some(text) = texts.into_iter().find(|text| width(text) <= at.width()) {
        canvas.right(at.end, 3, text, role);
    }
}

/// In place of the table: that scores will come, or why none came.
pub fn nobody(search: &Search, canvas: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    if !search.is_over() {
        canvas.text(at.start, rows.first, "the first scores are on their way", Role::Faint);
        return;
    }
    canvas.text(at.start, rows.first, "nothing was scored", Role::Text);
    let why = search.last_fault().unwrap_or_default();
    for (line, y) in wrap(why, at.width()).iter().zip(rows.first + 1..=rows.last) {
        canvas.text(at.start, y, line, Role::Error);
    }
}

fn large(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Large) {
    let w = canvas.area().width;
    let charts = Charts::of(model, search);
    chrome::band(canvas, model);
    status::draw(model, search, canvas, Words::Long);
    population(model, search, canvas, (at.main, at.table));
    let side_rows = Rows { first: 3, last: at.table.last };
    best::draw(search, canvas, (at.side, side_rows));

    canvas.vertical_rule(at.rule, 3..=at.chart.labels);
    canvas.horizontal(2..=w - 3, at.bottom_rule, "─");
    canvas.text(at.rule, at.bottom_rule, "┼", Role::Rule);
    if shows_confirmation(search) {
        confirm::intervals(search, canvas, (at.main, at.chart));
    } else {
        charts.draw(canvas, (at.convergence, at.chart), Chart::Convergence);
        canvas.vertical_rule(at.chart_rule, at.chart.title..=at.chart.labels);
        charts.draw(canvas, (at.scores, at.chart), Chart::Scores);
    }
    if search.shows_chart {
        let columns = match search.chart {
            Chart::Convergence => at.convergence,
            Chart::Scores if shows_confirmation(search) => at.main,
            Chart::Scores => at.scores,
            Chart::Time => at.time,
        };
        focus_mark(canvas, columns.start, at.chart.title);
    }
    if search.finished.is_some() {
        confirm::take_home(model, search, canvas, (at.side, at.chart));
    } else {
        time_panel(model, search, canvas, (at.time, at.chart));
        if let (Some(columns), Some(s)) = (at.workers, &search.snapshot) {
            time::workers_panel(canvas, columns, at.chart, &s.workers);
        }
    }
    match at.events {
        Events::Line(y) => {
            if let Some(event) = search.events.back() {
                event_line(canvas, y, event);
            }
        }
        Events::Panel { rule, title, rows } => {
            canvas.horizontal(2..=w - 3, rule, "─");
            canvas.text(2, title, "Events", Role::Strong.bold());
            for (event, y) in search.events.iter().rev().zip(rows.first..=rows.last) {
                event_line(canvas, y, event);
            }
        }
    }
    banner(model, search, canvas, 2);
    chrome::footer(canvas, model, Panels::OneAtATime);
}

fn medium(model: &Model, search: &Search, canvas: &mut Canvas<'_>, at: &Medium) {
    chrome::band(canvas, model);
    status::draw(model, search, canvas, Words::Short);
    population(model, search, canvas, (at.main, at.table));
    if shows_confirmation(search) && search.chart == Chart::Convergence {
        confirm::intervals(search, canvas, (at.main, at.chart));
    } else {
        let rows = Rows { first: at.chart.title, last: at.chart.labels };
        best::brief(search, canvas, (at.best, rows));
        canvas.vertical_rule(at.rule, rows.first..=rows.last);
        // A change is thought about: what it does to the scores is what matters.
        let tunes = matches!(model.overlay, Some(Overlay::Tune(_)));
        let chart = if tunes { Chart::Scores } else { search.chart };
        Charts::of(model, search).draw(canvas, (at.chart_columns, at.chart), chart);
        if chart == Chart::Time {
            time_panel(model, search, canvas, (at.chart_columns, at.chart));
        } else {
            let which = format!("{} of {}", chart.index() + 1, Chart::ALL.len());
            canvas.right(at.chart_columns.end, at.chart.title, which, Role::Faint);
        }
    }
    if search.shows_chart {
        let whole = shows_confirmation(search) && search.chart == Chart::Convergence;
        let columns = if whole { at.main } else { at.chart_columns };
        focus_mark(canvas, columns.start, at.chart.title);
    }
    if let Some(event) = search.events.back() {
        event_line(canvas, at.event, event);
    }
    banner(model, search, canvas, 2);
    chrome::footer(canvas, model, Panels::OneAtATime);
}

pub fn time_panel(
    model: &Model,
    search: &Search,
    canvas: &mut Canvas<'_>,
    (at, rows): (Columns, ChartRows),
) {
    canvas.text(at.start, rows.title, "Time", Role::Strong.bold());
    if let Some(snapshot) = &search.snapshot {
        let snapshot: &Snapshot = snapshot;
        let elapsed_ms = search.elapsed_ms(model.now_ms);
        // The panel of the best says it where there is room for that.
        let shown = matches!(model.layout(), Layout::Large(_));
        let optimum = snapshot.optimum.as_deref().filter(|_| !shown);
        let prices = optimum.map_or_else(Vec::new, best::prices);
        let whole_ms = search.whole_ms();
        let time = time::Time { snapshot, elapsed_ms, whole_ms, prices };
        time::draw(canvas, at, rows, &time);
    }
}

/// What happened, with the time since the start.
pub fn event_line(canvas: &mut Canvas<'_>, y: u16, event: &Event) {
    let end = canvas.area().width.saturating_sub(2);
    let (glyph, role) = match event.kind {
        EventKind::NewBest => ("★", Role::Best),
        EventKind::Fault => ("▲", Role::Error),
        EventKind::Paused => ("‖", Role::Warn),
        EventKind::Tuned => ("▴", Role::Warn),
        EventKind::Note => ("·", Role::Muted),
        EventKind::Done => ("✓", Role::Good),
    };
    canvas.right(9, y, format::span(event.at_ms), Role::Faint);
    canvas.text(12, y, glyph, role);
    let mut x = canvas.text(14, y, cut(&event.headline(), end.saturating_sub(14)), Role::Strong);
    // The detail gives way to what comes after it.
    for (part, reserved) in [(&event.detail, width(&event.tail) + 3), (&event.tail, 0)] {
        if !part.is_empty() {
            let start = if x > 14 && event.kind != EventKind::Done { x + 3 } else { x + 1 };
            let start = if x == 14 { x } else { start };
            let reserved = if event.tail.is_empty() { 0 } else { reserved };
            let room = end.saturating_sub(start + reserved);
            x = canvas.text(start, y, cut(part, room), Role::Muted);
        }
    }
}
