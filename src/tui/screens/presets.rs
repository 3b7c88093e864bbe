//! The list of presets beside the form. Must not change anything. Invariant: the row of the cursor is in
//! sight while the list has the keys, else the open preset's.

use ratatui::layout::Rect;

use super::chrome;
use crate::tui::{
    canvas::{Canvas, cut},
    keymap::{Context, Intent},
    layout::Rows,
    model::{Form, Model, Panel, Row},
    spots::{List, Target},
    theme::{Ground, Role},
};

/// Last column of the list.
const END: u16 = 25;

enum Line<'a> {
    Heading(&'static str),
    Row(usize, Row<'a>),
    /// A file that was opened from elsewhere.
    Open(&'a str),
    Blank,
}

pub fn draw(model: &Model, form: &Form, canvas: &mut Canvas<'_>, rows: Rows) {
    let has_keys = form.panel == Panel::Presets;
    match has_keys {
        true => chrome::focused_title(canvas, 2, 3, "Presets"),
        false => canvas.text(2, 3, "Presets", Role::Strong.bold()),
    };
    let picker = &model.setup.picker;
    let is_open = |line: &Line<'_>| match line {
        Line::Row(_, Row::Shipped(entry)) => form.path().is_none() && entry.name == form.name(),
        Line::Row(_, Row::Yours(yours)) => form.path() == Some(yours.path.as_path()),
        Line::Open(_) => true,
        Line::Row(_, Row::File) | Line::Heading(_) | Line::Blank => false,
    };
    let mut lines = vec![Line::Heading("shipped")];
    for at in 0..=picker.file_row() {
        if at == picker.entries.len() && !picker.yours.is_empty() {
            lines.extend([Line::Blank, Line::Heading("yours")]);
        }
        match picker.row(at) {
            Row::File if has_keys => lines.extend([Line::Blank, Line::Row(at, Row::File)]),
            Row::File => {}
            row => lines.push(Line::Row(at, row)),
        }
    }
    if !lines.iter().any(is_open) {
        lines.extend([Line::Blank, Line::Heading("from a file"), Line::Open(form.name())]);
    }
    let is_cursor = |line: &Line<'_>| match line {
        Line::Row(at, _) if has_keys => *at == picker.cursor,
        line => !has_keys && is_open(line),
    };
    let fits = usize::from(rows.height()).saturating_sub(2);
    if lines.len() > fits {
        lines.retain(|line| !matches!(line, Line::Blank));
    }
    let cursor = lines.iter().position(is_cursor).unwrap_or(0);
    let first = (cursor + 2).saturating_sub(fits).min(lines.len().saturating_sub(fits));
    for (line, y) in lines[first..].iter().take(fits).zip(rows.first..=rows.last) {
        let cells = Rect::new(1, y, END, 1);
        canvas.spot(
            cells,
            match line {
                Line::Row(at, _) => Target::Row(List::Presets, *at),
                Line::Heading(_) | Line::Open(_) | Line::Blank => Target::List(List::Presets),
            },
        );
        let mut row = if is_cursor(line) {
            let mut row = canvas.on(Ground::Selection, cells);
            if has_keys {
                row.text(1, y, "▸", Role::Accent);
            }
            row
        } else {
            canvas.again()
        };
        let ink = match is_open(line) || is_cursor(line) {
            true => Role::Strong.bold(),
            false => Role::Muted.into(),
        };
        let (name, path) = match line {
            Line::Blank => continue,
            Line::Heading(title) => {
                row.text(2, y, title, Role::Faint);
                continue;
            }
            Line::Open(name) => (*name, form.path()),
            Line::Row(_, Row::Shipped(entry)) => (entry.name.as_str(), None),
            Line::Row(_, Row::Yours(yours)) => (yours.name.as_str(), Some(yours.path.as_path())),
            Line::Row(_, Row::File) => {
                row.text(3, y, "from a file", ink);
                continue;
            }
        };
        let is_this = |form: &Form| form.name() == name && form.path() == path;
        let sign = if matches!(line, Line::Row(_, Row::Yours(yours)) if yours.found.is_err()) {
            Some(("✗", Role::Error))
        } else if model.setup.unsaved().any(is_this) {
            Some(("●", Role::Warn))
        } else {
            None
        };
        row.text(3, y, cut(name, if sign.is_some() { END - 5 } else { END - 3 }), ink);
        if let Some((sign, role)) = sign {
            row.text(END - 1, y, sign, role);
        }
    }
    let error = picker.error.as_ref().filter(|_| has_keys);
    if error.is_none() && rows.height() > 4 {
        let new = model.key_in(Context::Picker, Intent::NewPreset);
        let x = canvas.keys(2, rows.last, &new, Role::Accent);
        let x = canvas.text(x, rows.last, " new  ", Role::Muted);
        let key = model.key_in(Context::Picker, Intent::DuplicatePreset);
        let x = canvas.keys(x, rows.last, &key, Role::Accent);
        canvas.text(x, rows.last, " duplicate", Role::Muted);
    }
}
