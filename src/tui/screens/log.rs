//! What has happened, the newest first, and the selected event in full.

use ratatui::layout::Rect;

use super::{
    chrome::{self, Panels},
    prompt, search as whole, small, status,
};
use crate::tui::{
    canvas::{Canvas, cut, width, wrap},
    format,
    keymap::Intent,
    layout::{Columns, Rows},
    model::{Event, EventKind, LogView, Model, Search},
    spots::{List, Target},
    theme::{Ground, Ink, Role},
};

/// Columns: where the time ends, the id ends, the kind and the text start.
const TIME_END: u16 = 10;
const ID_END: u16 = 19;
const KIND: u16 = 22;
const WHAT: u16 = 34;
const GAIN: u16 = 8;

pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 40 || h < 8 {
        return small::less(model, search, canvas);
    }
    let words = if w >= 100 { status::Words::Long } else { status::Words::Short };
    if w >= 60 {
        chrome::band(canvas, model);
        status::draw(model, search, canvas, words);
    } else {
        small::head(model, search, canvas);
    }
    let view = &model.log;
    let top = if h >= 16 { 3 } else { 2 };
    line(search, view, canvas, top);
    // The details have a third of the rows, as far as there are rows for both.
    let details = if h >= 20 { (h / 4).clamp(5, 9) } else { 0 };
    let rows = Rows { first: top + 3, last: h - 3 - details };
    list(model, search, canvas, rows);
    if details > 0 {
        let y = rows.last + 2;
        canvas.horizontal(2..=w - 3, y - 1, "─");
        if let Some(event) = view.selected(search) {
            self::details(event, canvas, Rows { first: y, last: h - 3 });
        }
    }
    whole::banner(model, search, canvas, 2);
    chrome::footer(canvas, model, Panels::All);
}

fn line(search: &Search, view: &LogView, canvas: &mut Canvas<'_>, y: u16) {
    let w = canvas.area().width;
    let mut panel = match view.edit.is_some() || view.is_filtered() {
        true => canvas.on(Ground::Panel, Rect::new(0, y, w, 1)),
        false => canvas.again(),
    };
    let (shown, all) = (view.rows().len() as u64, search.events.len() as u64);
    let mut right: Vec<(String, Ink)> = Vec::new();
    if view.is_filtered() {
        right.push((format::count(shown), Role::Strong.into()));
        right.push((format!(" of {} kept", format::count(all)), Role::Muted.into()));
    } else {
        right.push((format!("{} kept", format::count(all)), Role::Muted.into()));
    }
    if view.follows && w >= 60 {
        right.push(("   following ".to_owned(), Role::Muted.into()));
        right.push(("●".to_owned(), Role::Good.into()));
    }
    let runs: Vec<(&str, Ink)> = right.iter().map(|(text, ink)| (text.as_str(), *ink)).collect();
    panel.right_runs(w - 3, y, &runs);
    let taken: u16 = right.iter().map(|(text, _)| width(text)).sum();
    let end = w.saturating_sub(taken + 5);
    match &view.edit {
        Some(edit) => {
            let x = panel.text(2, y, "/ ", Role::Accent);
            let typed = width(&edit.text()) + 2;
            let at = Columns { start: x, end: end.min(x + typed) };
            prompt::typed(&mut panel, at, y, edit);
            let x = at.end + 2;
            if let Some(error) = &view.error {
                panel.text(x, y, cut(error, end.saturating_sub(x)), Role::Error);
            }
        }
        None if view.is_filtered() => {
            let x = panel.text(2, y, "/ ", Role::Accent);
            panel.text(x, y, cut(&view.filter_text, end.saturating_sub(x)), Role::Strong);
        }
        None => {
            chrome::focused_title(&mut panel, 2, y, "Log");
        }
    }
}

fn glyph(kind: EventKind) -> (&'static str, Role) {
    match kind {
        EventKind::NewBest => ("★", Role::Best),
        EventKind::Fault => ("▲", Role::Error),
        EventKind::Paused => ("‖", Role::Warn),
        EventKind::Tuned => ("▴", Role::Warn),
        EventKind::Note => ("·", Role::Muted),
        EventKind::Done => ("✓", Role::Good),
    }
}

fn list(model: &Model, search: &Search, canvas: &mut Canvas<'_>, rows: Rows) {
    let view = &model.log;
    let w = canvas.area().width;
    let wide = w >= 80;
    let at = Columns { start: if wide { WHAT } else { 14 }, end: w - 3 };
    let y = rows.first - 1;
    canvas.right(TIME_END, y, "after", Role::Muted);
    if wide {
        canvas.right(ID_END, y, "id", Role::Muted);
        canvas.text(KIND, y, "kind", Role::Muted);
    }
    canvas.text(at.start, y, "what", Role::Muted);
    if wide {
        canvas.right(at.end, y, "gain", Role::Muted);
    }
    let visible = usize::from(rows.height());
    let top = (view.row + 1).saturating_sub(visible);
    canvas.spot(Rect::new(0, rows.first, w, rows.height()), Target::List(List::Log));
    for (i, y) in (top..view.rows().len()).zip(rows.first..=rows.last) {
        let Some(event) = view.event(i, search) else { continue };
        let cells = Rect::new(1, y, w.saturating_sub(3), 1);
        canvas.spot(cells, Target::Row(List::Log, i));
        let mut row = if i == view.row {
            let mut row = canvas.on(Ground::Selection, cells);
            row.text(0, y, "▸", Role::Accent);
            row
        } else {
            canvas.again()
        };
        event_row(event, &mut row, (at, y), wide);
    }
    if view.rows().is_empty() {
        let text = match view.is_filtered() {
            true => format!("none: {} takes the filter away", model.key(Intent::Back)),
            false => "nothing yet".to_owned(),
        };
        canvas.text(at.start, rows.first, text, Role::Faint);
    }
}

fn event_row(event: &Event, row: &mut Canvas<'_>, (at, y): (Columns, u16), wide: bool) {
    let (mark, role) = glyph(event.kind);
    row.right(TIME_END, y, format::span(event.at_ms), Role::Faint);
    let mut end = at.end;
    if wide {
        if let Some(id) = event.id {
            row.right(ID_END, y, format::count(id), Role::Muted);
        }
        row.text(KIND, y, mark, role);
        row.text(KIND + 2, y, event.kind.name(), Role::Muted);
        if let Some(gain) = event.gain {
            let role = if gain > 0.0 { Role::Good } else { Role::Error };
            row.right(at.end, y, format::signed(gain), role);
            end = at.end.saturating_sub(GAIN + 1);
        }
    } else {
        row.text(at.start - 2, y, mark, role);
    }
    // Where id and kind have columns, they need no words.
    let lead = if wide { event.lead.clone() } else { event.headline() };
    let x = row.text(at.start, y, cut(&lead, (end + 1).saturating_sub(at.start)), Role::Text);
    if !event.detail.is_empty() && x + 4 < end {
        let x = if lead.is_empty() { x } else { x + 2 };
        row.text(x, y, cut(&event.detail, (end + 1).saturating_sub(x)), Role::Muted);
    }
}

fn details(event: &Event, canvas: &mut Canvas<'_>, rows: Rows) {
    let (mark, role) = glyph(event.kind);
    let w = canvas.area().width;
    let mut x = 2;
    if let Some(id) = event.id {
        x = canvas.text(x, rows.first, format::id(id), Role::Strong.bold()) + 2;
    }
    x = canvas.text(x, rows.first, mark, role) + 1;
    x = canvas.text(x, rows.first, event.kind.name(), Role::Text) + 2;
    canvas.text(x, rows.first, format!("after {}", format::span(event.at_ms)), Role::Muted);
    let lines = wrap(&event.text(), w.saturating_sub(6));
    for (line, y) in lines.iter().zip(rows.first + 2..=rows.last) {
        canvas.text(2, y, line, Role::Text);
    }
}
