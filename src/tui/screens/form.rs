//! A preset being edited: the list of presets, the form, its text. Must not change anything. Invariant:
//! the panel that has the keys is always seen.

use ratatui::layout::Rect;

use super::{
    chrome::{self, Alarm},
    compare, estimate, picker, presets, status, toml,
};
use crate::tui::{
    canvas::{Canvas, cut, width, wrap},
    format,
    keymap::{Context, Intent},
    layout::{self, Columns, Rows},
    model::{FIELDS, Field, Form, Kind, Model, Panel, Section},
    spots::{List, Target},
    theme::{Ground, Role},
};

/// Rows that a refusal may take.
const REFUSAL_ROWS: u16 = 5;

/// Where the form's columns lie.
#[derive(Clone, Copy)]
struct Grid {
    x: u16,
    value_end: u16,
    sign: u16,
    hint: u16,
    end: u16,
}

pub fn draw(model: &Model, form: &Form, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let is_wide = w >= 120 && h >= 16;
    if form.panel == Panel::Presets && !is_wide {
        return picker::draw(model, canvas);
    }
    chrome::band(canvas, model);
    if h < 2 {
        return;
    }
    status_line(model, form, canvas, w);
    let top = if h >= 16 { 3 } else { 2 };
    let last = h.saturating_sub(2).max(top);
    let rows = match h {
        16.. => Rows { first: 5, last: last - 2 },
        _ => Rows { first: top + u16::from(form.refusal.is_some()), last },
    };
    if h >= 16 {
        estimate::draw(model, form, canvas, h - 2);
    }
    let grid = if is_wide {
        let (main, rule, side) = layout::two_columns(w);
        presets::draw(model, form, canvas, rows);
        canvas.vertical_rule(28, 3..=h - 4);
        canvas.vertical_rule(rule, 3..=h - 4);
        match form.compares && form.panel != Panel::Toml {
            true => compare::draw(form, canvas, side, rows),
            false => toml::draw(form, canvas, side, rows),
        }
        Grid { x: 31, value_end: 57, sign: 60, hint: 62, end: main.end }
    } else {
        let main = Columns { start: 2, end: w.max(6) - 3 };
        match (form.panel, form.compares) {
            (Panel::Toml, _) => toml::draw(form, canvas, main, rows),
            (Panel::Form | Panel::Presets, true) => compare::draw(form, canvas, main, rows),
            (Panel::Form | Panel::Presets, false) => {}
        }
        if form.panel == Panel::Toml || form.compares {
            refusal(model, form, canvas);
            return chrome::footer(canvas, model, chrome::Panels::OneAtATime);
        }
        if w >= 60 {
            Grid { x: 2, value_end: 35, sign: 38, hint: 40, end: w - 3 }
        } else {
            let end = w.max(8) - 2;
            Grid { x: 1, value_end: end.saturating_sub(2), sign: end, hint: w, end }
        }
    };
    if h >= 16 {
        match form.panel {
            Panel::Form => chrome::focused_title(canvas, grid.x.max(2), 3, "Form"),
            Panel::Presets | Panel::Toml => {
                canvas.text(grid.x.max(2), 3, "Form", Role::Strong.bold())
            }
        };
    }
    fields(model, form, canvas, (grid, rows));
    refusal(model, form, canvas);
    chrome::footer(canvas, model, chrome::Panels::OneAtATime);
}

/// Why it can't be started, over what is below until a key takes it away.
fn refusal(model: &Model, form: &Form, canvas: &mut Canvas<'_>) {
    let h = canvas.area().height;
    if let (Some(refusal), true) = (&form.refusal, h >= 4) {
        let most = if h >= 16 { REFUSAL_ROWS } else { 1 };
        chrome::tall_banner(model, canvas, (2, most), (Alarm::Warning, refusal));
    }
}

/// Whether a search runs, and the state of the preset.
fn status_line(model: &Model, form: &Form, canvas: &mut Canvas<'_>, w: u16) {
    let running = model.search.as_deref().filter(|search| !search.is_over());
    let (glyph, role, word) = match running.map(|search| status::state(search, model.now_ms)) {
        Some((glyph, role, word, _)) => (glyph, role, word),
        None => ("○", Role::Muted, "not started"),
    };
    let x = canvas.text(2, 1, glyph, role);
    let mut x = canvas.text(x + 1, 1, word, Role::Strong.bold());
    if running.is_some() && w >= 80 {
        x = canvas.text(x, 1, ", another is looked over", Role::Muted);
    }
    let mut x = canvas.text(x + 3, 1, cut(form.name(), w.saturating_sub(x + 8)), Role::Text);
    if let (Some(base), true, 80..) = (form.base_name(), form.path().is_some(), w) {
        x = canvas.text(x, 1, " from ", Role::Faint);
        x = canvas.text(x, 1, cut(&base, 26), Role::Muted);
    }
    if form.is_unsaved() && x + 20 < w {
        let x = canvas.text(x + 3, 1, "● ", Role::Warn);
        let text = match form.changed().count() {
            0 => "not saved".to_owned(),
            1 => "1 change, not saved".to_owned(),
            changes => format!("{changes} changes, not saved"),
        };
        canvas.text(x, 1, cut(&text, w.saturating_sub(x + 14)), Role::Text);
    } else if let Some(said) = &form.said {
        canvas.text(x + 3, 1, cut(said, w.saturating_sub(x + 5)), Role::Good);
    }
    let errors = form.errors();
    if errors > 0 && w >= 40 {
        let text = if errors == 1 { " 1 error".to_owned() } else { format!(" {errors} errors") };
        canvas.right_runs(w - 3, 1, &[("✗", Role::Error.into()), (&text, Role::Text.into())]);
    }
}

/// A line of the form.
enum Line {
    Section(Section),
    Field(usize),
    Fault(String),
    Blank,
}

fn fields(model: &Model, form: &Form, canvas: &mut Canvas<'_>, (grid, rows): (Grid, Rows)) {
    let fits = usize::from(rows.height());
    let mut lines = lines(form, grid);
    while lines.len() > fits {
        let Some(blank) = lines.iter().rposition(|line| matches!(line, Line::Blank)) else { break };
        lines.remove(blank);
    }
    let at = |line: &Line| matches!(line, Line::Field(i) if *i == form.cursor);
    let cursor = lines.iter().position(at).unwrap_or(0);
    let faults = lines[cursor + 1..].iter().take_while(|l| matches!(l, Line::Fault(_))).count();
    // The fields around the cursor stay in sight, and its fault with it.
    let below = (cursor + 1 + faults.max(2)).min(lines.len());
    let first = below.saturating_sub(fits).min(cursor);
    let area = Rect::new(grid.x, rows.first, (grid.end + 1).saturating_sub(grid.x), rows.height());
    canvas.spot(area, Target::List(List::Fields));
    for (line, y) in lines[first..].iter().zip(rows.first..=rows.last) {
        match line {
            Line::Blank => {}
            Line::Section(section) => {
                canvas.text(grid.x.max(2), y, section.title(), Role::Accent);
            }
            Line::Fault(text) => {
                canvas.text(
                    grid.x + 2,
                    y,
                    cut(text, grid.end.saturating_sub(grid.x + 1)),
                    Role::Error,
                );
            }
            Line::Field(i) => field_row(model, (form, *i), canvas, (grid, y)),
        }
    }
}

fn lines(form: &Form, grid: Grid) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut section = None;
    for (i, field) in FIELDS.iter().enumerate() {
        if section != Some(field.section) {
            if section.is_some() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Section(field.section));
            section = Some(field.section);
        }
        lines.push(Line::Field(i));
        let message = match form.edit.is_some() && i == form.cursor {
            true => form.edit_error.as_ref(),
            false => form.wrong(field).map(|wrong| &wrong.message),
        };
        if let Some(message) = message {
            let room = grid.end.saturating_sub(grid.x + 1).max(8);
            lines.extend(wrap(message, room).into_iter().map(Line::Fault));
        }
    }
    lines
}

fn field_row(
    model: &Model,
    (form, index): (&Form, usize),
    canvas: &mut Canvas<'_>,
    (grid, y): (Grid, u16),
) {
    let field = &FIELDS[index];
    let is_selected = index == form.cursor;
    let ground = Rect::new(grid.x - 1, y, (grid.end + 2).saturating_sub(grid.x), 1);
    canvas.spot(ground, Target::Row(List::Fields, index));
    let mut row = if is_selected {
        let mut row = canvas.on(Ground::Selection, ground);
        row.text(grid.x - 1, y, "▸", Role::Accent);
        row
    } else {
        canvas.again()
    };
    row.text(grid.x + 1, y, field.label, Role::Text);
    let wrong = form.wrong(field);
    match form.edit.as_ref().filter(|_| is_selected) {
        Some(edit) => {
            let end = grid.value_end;
            let room = usize::from(end.saturating_sub(grid.x + 2 + width(field.label)));
            let text: String = edit.text();
            let skip = text.chars().count().saturating_sub(room);
            let shown: String = text.chars().skip(skip).collect();
            let x = (end + 1).saturating_sub(width(&shown));
            row.text(x, y, &shown, Role::Strong.underlined());
            let before = edit.before().chars().count().saturating_sub(skip) as u16;
            if edit.after().is_empty() {
                row.text(end + 1, y, "▏", Role::Accent);
            } else {
                let under = edit.after().chars().next().unwrap_or(' ').to_string();
                row.typed_at(x + before, y, &under);
            }
        }
        None => {
            let (text, ink) = match (wrong, value(form, field)) {
                (Some(wrong), _) if wrong.text.is_empty() => {
                    (format::NONE.to_owned(), Role::Error.into())
                }
                (Some(wrong), _) => (wrong.text.clone(), Role::Error.into()),
                (None, None) => (format::NONE.to_owned(), Role::Muted.into()),
                (None, Some(value)) if form.is_changed(field) => (value, Role::Strong.underlined()),
                (None, Some(value)) => (value, Role::Strong.into()),
            };
            let room = grid.value_end.saturating_sub(grid.x + 1 + width(field.label));
            row.right(grid.value_end, y, cut(&text, room), ink);
        }
    }
    let (sign, hint, role) = match (wrong, form.is_changed(field)) {
        (Some(_), _) => (("✗", Role::Error), field.hint.to_owned(), Role::Muted),
        (None, true) => (("~", Role::Warn), was(form, field), Role::Muted),
        (None, false) => ((" ", Role::Faint), hint(form, field), Role::Faint),
    };
    row.text(grid.sign, y, sign.0, sign.1);
    let is_choice = matches!(field.kind, Kind::Choice(_) | Kind::Proxy(_));
    let (hint, role) = match is_selected && is_choice && grid.hint < grid.end {
        true => {
            let keys =
                [Intent::PreviousValue, Intent::NextValue].map(|i| model.key_in(Context::Form, i));
            (format!("{} another", row.theme().glyphs().keys(&keys.join(" "))), Role::Accent)
        }
        false => (hint, role),
    };
    row.text(grid.hint, y, cut(&hint, (grid.end + 1).saturating_sub(grid.hint)), role);
}

fn value(form: &Form, field: &Field) -> Option<String> {
    (field.read)(&form.draft.preset).map(|value| value.shown())
}

fn was(form: &Form, field: &Field) -> String {
    let before = (field.read)(&form.original).map(|value| value.shown());
    format!("was {}", before.unwrap_or_else(|| field.empty.to_owned()))
}

fn hint(form: &Form, field: &Field) -> String {
    if value(form, field).is_none() { field.empty } else { field.hint }.to_owned()
}
