//! The ranking: each proxy beside trained accuracy, those that weren't run among them, and how well trainings agree.

use ratatui::layout::Rect;

use super::run_key;
use crate::{
    report::{Bar, Bars, Cell, Chart, Figure, Report},
    text::printable,
    tui::{
        canvas::{Canvas, wrap},
        layout::{
            Columns, Rows,
            lab::{RankingRows, RankingWanted, ranking},
        },
        model::{Model, Ranked, State, Topic, lab_proxies, price},
        spots::{List, Target},
        theme::{Ground, Role},
        widgets::{
            plot::plot,
            ranking::{Ranking, Voice},
        },
    },
};

/// What figures of a row are called in the report, with the decimals that are shown.
const FIGURES: [(&str, usize); 3] = [("kendall", 3), ("spearman", 3), ("top_accuracy", 2)];

pub fn draw(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (columns, rows): (Columns, Rows),
    found: Option<&Report>,
) {
    let proxies = lab_proxies(found);
    let reading: Vec<String> = found
        .into_iter()
        .flat_map(|found| &found.reading)
        .flat_map(|text| wrap(&printable(text), columns.width()))
        .collect();
    let seeds = found.and_then(agreement);
    let mark = found.and_then(bars).and_then(|bars| bars.mark.as_ref());
    let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let at = ranking(
        rows,
        RankingWanted {
            proxies: lines(proxies.len()),
            run: lines(proxies.iter().filter(|(_, row)| row.is_some()).count()),
            reading: lines(reading.len()),
            has_mark: mark.is_some(),
            has_seeds: seeds.is_some(),
        },
    );
    let bars = Ranking::new(columns, 1.0);
    let top = found.and_then(|found| setting(found, "top")).unwrap_or_default();
    let top = match top.chars().count() {
        1..=4 => format!("top {top}"),
        _ => "top".to_owned(),
    };
    bars.heads(canvas, at.heads, ("proxy", ["τ", "ρ", &top]));
    let mut y = list(model, canvas, (columns, &at, &bars), (found, &proxies));
    if let (true, Some(mark)) = (at.names_mark, mark) {
        bars.name_rule(canvas, y, mark);
        y += 1;
    }
    if at.words > 0 {
        words(canvas, (columns, y), &reading, usize::from(at.words));
    }
    if let (Some(chart), Some(rows)) = (seeds, at.seeds) {
        let title = rows.first + 1;
        canvas.horizontal(columns.start..=columns.end, rows.first, "─");
        canvas.text(columns.start, title, printable(&chart.title), Role::Strong.bold());
        let measure = format!("{} by {}", chart.y.label, chart.x.label);
        canvas.right(columns.end, title, measure, Role::Muted);
        plot(canvas, columns, Rows { first: title + 1, last: rows.last }, chart);
    }
}

/// The proxies, each with its bar, or what it would cost; gives the row below them.
fn list(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (columns, at, ranking): (Columns, &RankingRows, &Ranking),
    (found, proxies): (Option<&Report>, &[Ranked<'_>]),
) -> u16 {
    let bars = found.and_then(bars);
    let mark = bars.and_then(|bars| bars.mark.as_ref());
    let cursor = model.lab.row(Topic::Rank).min(proxies.len().saturating_sub(1));
    let shown = usize::from(at.shown);
    let skipped = (cursor + 1).saturating_sub(shown);
    let mut y = at.heads + 1;
    for (number, (name, row)) in proxies.iter().enumerate().skip(skipped).take(shown) {
        let cells = Rect::new(columns.start.saturating_sub(1), y, columns.width() + 2, 1);
        canvas.spot(cells, Target::Row(List::Lab(Topic::Rank), number));
        let is_selected = number == cursor && super::has_keys(model, Topic::Rank);
        let mut line = match is_selected {
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
                let bar = Bar { name: printable(name), ..bar.clone() };
                ranking.bar(&mut line, y, (&bar, figures(found, row)), voice);
            }
            _ => {
                let is_wanted = number == cursor && found.is_some();
                ranking.open(&mut line, y, (name, &what_about(model, name, is_wanted)));
            }
        }
        y += 1;
        if at.is_spaced && row.is_some() {
            if let Some(mark) = mark {
                ranking.rule(canvas, y..y + 1, mark);
            }
            y += 1;
        }
    }
    y
}

/// What becomes of a proxy that has no bar.
fn what_about(model: &Model, name: &str, is_wanted: bool) -> String {
    let measured = match model.lab.state(Topic::Rank) {
        State::Running(progress) => progress.text.split(':').next(),
        _ => None,
    };
    match measured {
        Some(measured) if measured == name => "being measured".to_owned(),
        _ if is_wanted => format!("{} runs it, {}", run_key(model), price(name)),
        _ => format!("not run, {}", price(name)),
    }
}

/// So many lines of the reading, under a rule and a title.
fn words(canvas: &mut Canvas<'_>, (columns, y): (Columns, u16), reading: &[String], count: usize) {
    canvas.horizontal(columns.start..=columns.end, y, "─");
    canvas.text(columns.start, y + 1, "Reading", Role::Strong.bold());
    let mut end = (columns.start, y + 1);
    for (line, y) in reading.iter().take(count).zip(y + 2..) {
        end = (canvas.text(columns.start, y, line, Role::Text), y);
    }
    if count < reading.len() {
        canvas.text(end.0.min(columns.end), end.1, "…", Role::Faint);
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
