//! What the confirmation found, and what can be taken home.

use super::best;
use crate::tui::{
    canvas::{Canvas, width, wrap},
    format,
    keymap::{Context, Group, Place, RunState},
    layout::{ChartRows, Columns},
    model::{Model, Search},
    theme::Role,
    widgets::confirmation,
};

pub fn intervals(search: &Search, canvas: &mut Canvas<'_>, (at, rows): (Columns, ChartRows)) {
    let x = canvas.text(at.start, rows.title, "Confirmation", Role::Strong.bold());
    let Some(s) = &search.snapshot else {
        return;
    };
    let preset = &search.spec.preset;
    let axis = match search.spec.confirms_in_kind() {
        true => confirmation::Searched::OnTheAxis,
        false => confirmation::Searched::OfAnotherKind,
    };
    let searched = match axis {
        _ if preset.score.proxy == preset.confirm.proxy => "○ as searched".to_owned(),
        confirmation::Searched::OnTheAxis => format!("○ {}", preset.score.proxy),
        confirmation::Searched::OfAnotherKind => format!("searched by {}", preset.score.proxy),
    };
    let right = width(&searched);
    canvas.right(at.end, rows.title, searched, Role::Muted);
    let room = at.end.saturating_sub(right + 2).saturating_sub(x + 1);
    let subtitles = confirmation::subtitles(&s.confirmation);
    if let Some(subtitle) = subtitles.into_iter().find(|text| width(text) <= room) {
        canvas.text(x + 2, rows.title, subtitle, Role::Muted);
    }
    confirmation::draw(canvas, (at, rows), &s.confirmation, axis);
}

/// The keys of a finished search, and what to make of it.
pub fn take_home(
    model: &Model,
    search: &Search,
    canvas: &mut Canvas<'_>,
    (at, rows): (Columns, ChartRows),
) {
    canvas.text(at.start, rows.title, "Take it home", Role::Strong.bold());
    let end = at.end.min(at.start + 35);
    let mut y = rows.body.first;
    let place = Place { context: Context::Search, run: RunState::Finished };
    let own = model.keymap.rows(place).filter(|row| !row.label.is_empty()).filter(|row| {
        row.group == Group::Run || row.group == Group::Candidate && search.best().is_some()
    });
    for row in own {
        let x = canvas.keys(at.start, y, &row.shown, Role::Accent) + 1;
        canvas.text(x.max(at.start + 5), y, row.description, Role::Text);
        y += 1;
    }
    if let Some(best) = search.best() {
        y += 1;
        canvas.text(at.start, y, "the best", Role::Muted);
        canvas.right(end, y, format::id(best.id), Role::Text);
        y += 1;
        canvas.text(at.start, y, "its score", Role::Muted);
        let runs = best::score_runs(search, best);
        let runs: Vec<_> = runs.iter().map(|(text, ink)| (text.as_str(), *ink)).collect();
        canvas.right_runs(end, y, &runs);
    }
    let fell = search.snapshot.as_ref().and_then(|s| confirmation::fall(&s.confirmation));
    let Some(fell) = fell.filter(|fell| *fell > 0.0 && search.spec.preset.confirms_alike()) else {
        return;
    };
    let fell = format::short_score(fell);
    let text = format!("scores fall by {fell} when confirmed: the best of many draws is lucky");
    let lines = wrap(&text, at.width());
    let first = rows.axis.max(y + 2);
    if first + lines.len() as u16 > rows.labels + 1 {
        return;
    }
    for (line, y) in lines.into_iter().zip(first..) {
        canvas.text(at.start, y, line, Role::Muted);
    }
}
