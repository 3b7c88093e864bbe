//! The ranking: each proxy beside trained accuracy, those that weren't run among them, and how well trainings agree.

use ratatui::layout::Rect;

use super::run_key;
use crate::{
    report::{Bar, Bars, Cell, Chart, Figure, Report},
    text::printable,
    tui::{
        canvas::{Canvas, wrap},
        layout::{Columns, Rows},
        model::{Model, State, Topic, lab_proxies, price},
        spots::{List, Target},
        theme::{Ground, Role},
        widgets::{
            plot::plot,
            ranking::{Ranking, Voice},
        },
    },
};

/// Rows of the trainings' agreement with its title.
const SEEDS: u16 = 6;
/// As many more where there is room.
const MORE_SEEDS: u16 = 8;
/// Proxies that are seen whatever else there is.
const LEAST: u16 = 4;
/// Words with their title, at least.
const WORDS: u16 = 5;

/// What figures of a row are called in the report, with the decimals that are shown.
const FIGURES: [(&str, usize); 3] = [("kendall", 3), ("spearman", 3), ("top_accuracy", 2)];

pub fn draw(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (columns, rows): (Columns, Rows),
    found: Option<&Report>,
) {
    let bars = found.and_then(bars);
    let proxies = lab_proxies(found);
    let mark = bars.and_then(|bars| bars.mark.as_ref());
    let ranking = Ranking::new(columns, 1.0);
    let top = found.and_then(|found| setting(found, "top")).unwrap_or_default();
    let top = match top.chars().count() {
        1..=4 => format!("top {top}"),
        _ => "top".to_owned(),
    };
    let heads = ["τ", "ρ", &top];
    let first = rows.first + 2;
    ranking.heads(canvas, first, ("proxy", heads));
    let reading: Vec<String> = found
        .into_iter()
        .flat_map(|found| &found.reading)
        .flat_map(|text| wrap(&printable(text), columns.width()))
        .collect();
    let seeds = found.and_then(agreement);
    let run = proxies.iter().filter(|(_, row)| row.is_some()).count() as u16;
    // The list first; words and the trainings' agreement where there are rows left.
    let list = u16::try_from(proxies.len()).unwrap_or(u16::MAX);
    let room = (rows.last - rows.first).saturating_sub(3);
    let words = if reading.is_empty() { 0 } else { WORDS };
    let shown = list.min(room.saturating_sub(words + 1)).max(list.min(LEAST));
    let shown = shown.min(room);
    let mut left = room - shown;
    let named = u16::from(mark.is_some() && left > 0);
    left -= named;
    let wanted = u16::try_from(reading.len()).unwrap_or(u16::MAX);
    let seed_rows = if seeds.is_some() && left >= SEEDS + WORDS { SEEDS } else { 0 };
    left -= seed_rows;
    let spare = left.saturating_sub(wanted + 2 + run);
    let seed_rows = if seed_rows > 0 { seed_rows + spare.min(MORE_SEEDS) } else { 0 };
    left -= seed_rows.saturating_sub(SEEDS);
    let words = if left >= 3 { wanted.min(left - 2) } else { 0 };
    left -= if words > 0 { words + 2 } else { 0 };
    // Rows apart from each other where nothing else needs the room.
    let is_spaced = left > run;
    let cursor = model.lab.row(Topic::Rank).min(proxies.len().saturating_sub(1));
    let skipped = (cursor + 1).saturating_sub(usize::from(shown));
    let running = match model.lab.state(Topic::Rank) {
        State::Running(progress) => Some(progress.text.split(':').next().unwrap_or_default()),
        _ => None,
    };
    let mut y = first + 1;
    let end = first + shown + u16::from(is_spaced) * run;
    for (number, (name, row)) in proxies.iter().enumerate().skip(skipped) {
        if y > end {
            break;
        }
        let cells = Rect::new(columns.start.saturating_sub(1), y, columns.width() + 2, 1);
        canvas.spot(cells, Target::Row(List::Lab(Topic::Rank), number));
        let mut line = match number == cursor && super::has_keys(model, Topic::Rank) {
            true => canvas.on(Ground::Selection, cells),
            false => canvas.again(),
        };
        if let Some(mark) = mark {
            ranking.rule(&mut line, y..y + 1, mark);
        }
        let bar = bars.and_then(|bars| bars.rows.iter().find(|bar| bar.name == *name));
        match (row, bar) {
            (Some(row), Some(bar)) => {
                let voice = if name == "zen" { Voice::Score } else { Voice::Plain };
                let figures = figures(found, row);
                let bar = Bar { name: printable(name), ..bar.clone() };
                ranking.bar(&mut line, y, (&bar, figures), voice);
            }
            _ => {
                let why = match running {
                    Some(running) if running == name => "being measured".to_owned(),
                    _ if number == cursor && found.is_some() => {
                        format!("{} runs it, {}", run_key(model), price(name))
                    }
                    _ => format!("not run, {}", price(name)),
                };
                ranking.open(&mut line, y, (name, &why));
            }
        }
        y += 1;
        if is_spaced && row.is_some() {
            if let Some(mark) = mark {
                ranking.rule(canvas, y..y + 1, mark);
            }
            y += 1;
        }
    }
    if let (1, Some(mark)) = (named, mark) {
        ranking.name_rule(canvas, y, mark);
        y += 1;
    }
    let end_of_list = y;
    let is_cut = usize::from(words) < reading.len();
    if words > 0 {
        canvas.horizontal(columns.start..=columns.end, y, "─");
        canvas.text(columns.start, y + 1, "Reading", Role::Strong.bold());
        for (line, y) in reading.iter().take(usize::from(words)).zip(y + 2..) {
            let x = canvas.text(columns.start, y, line, Role::Text);
            if is_cut && y == words + end_of_list + 1 {
                canvas.text(x.min(columns.end), y, "…", Role::Faint);
            }
        }
    }
    if let (Some(chart), true) = (seeds, seed_rows > 0) {
        let y = rows.last + 1 - seed_rows;
        canvas.horizontal(columns.start..=columns.end, y, "─");
        canvas.text(columns.start, y + 1, printable(&chart.title), Role::Strong.bold());
        canvas.right(
            columns.end,
            y + 1,
            format!("{} by {}", chart.y.label, chart.x.label),
            Role::Muted,
        );
        plot(canvas, columns, Rows { first: y + 2, last: rows.last }, chart);
    }
}

fn bars(report: &Report) -> Option<&Bars> {
    report.figures.iter().find_map(|figure| match figure {
        Figure::Bars(bars) => Some(bars),
        Figure::Chart(_) => None,
    })
}

/// How well trainings agree.
fn agreement(report: &Report) -> Option<&Chart> {
    report.figures.iter().find_map(|figure| match figure {
        Figure::Chart(chart) => Some(chart),
        Figure::Bars(_) => None,
    })
}

fn setting(report: &Report, name: &str) -> Option<String> {
    let found = report.settings.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

/// Kendall, Spearman and the accuracy of the top of a row.
fn figures(report: Option<&Report>, row: &[Cell]) -> [String; 3] {
    FIGURES.map(|(name, decimals)| {
        let column = report.and_then(|it| it.columns.iter().position(|column| column == name));
        match column.and_then(|column| row.get(column)) {
            Some(Cell::Number(value, _)) => {
                let text = format!("{value:.decimals$}").replace('-', "−");
                // As figures of correlations are read.
                if decimals == 3 { text.replacen("0.", ".", 1) } else { text }
            }
            Some(_) | None => "–".to_owned(),
        }
    })
}
