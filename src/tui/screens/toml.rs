//! A preset's text with line numbers, coloured by what is what, faults at their lines. Must not change
//! anything, nor parse what it shows. Invariant: the line of the cursor is in sight.

use ratatui::layout::Rect;

use super::chrome;
use crate::{
    space::key_line,
    text::is_unprintable,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        layout::{Columns, Rows},
        model::{Form, Panel},
        spots::{List, Target},
        theme::{Ground, Role},
    },
};

/// Cells before the text: the line's number and a gap.
const GUTTER: u16 = 5;
/// Rows below the cursor that are kept in sight.
const BELOW: usize = 3;

/// A line of the text, or of a fault below it.
enum Line {
    Text(usize),
    Fault(String),
}

pub fn draw(form: &Form, canvas: &mut Canvas<'_>, side: Columns, rows: Rows) {
    let has_keys = form.panel == Panel::Toml;
    let title = rows.first.saturating_sub(2);
    if title > 1 {
        let x = match has_keys {
            true => chrome::focused_title(canvas, side.start, title, "TOML"),
            false => canvas.text(side.start, title, "TOML", Role::Strong.bold()),
        };
        let file = form.path().and_then(|path| path.file_name());
        let file = file.map_or("in no file yet".to_owned(), |f| f.to_string_lossy().into_owned());
        let room = (side.end + 1).saturating_sub(x + 2);
        canvas.text(x + 2, title, cut(&file, room), Role::Muted);
    }
    let text = form.text();
    let faults = faults(form, &text);
    let texts = lines_of(&text);
    let selected = match &form.text_edit {
        Some(edit) => Some(edit.row()),
        None => form.line_of(form.field()),
    };
    let room = side.width().saturating_sub(GUTTER).max(1);
    let mut lines = Vec::new();
    for at in 0..texts.len() {
        lines.push(Line::Text(at));
        for (_, message) in faults.iter().filter(|(line, _)| *line == at) {
            lines.extend(wrap(message, room).into_iter().map(Line::Fault));
        }
    }
    let fits = usize::from(rows.height());
    let is_cursor = |line: &Line| matches!(line, Line::Text(at) if Some(*at) == selected);
    let cursor = lines.iter().position(is_cursor).unwrap_or(0);
    let below = lines[cursor..].iter().skip(1).take_while(|l| matches!(l, Line::Fault(_))).count();
    let last = (cursor + 1 + below.max(BELOW)).min(lines.len());
    let first = last.saturating_sub(fits).min(cursor);
    let area = Rect::new(side.start, rows.first, side.width(), rows.height());
    canvas.spot(area, Target::List(List::Text));
    for (line, y) in lines[first..].iter().zip(rows.first..=rows.last) {
        let at = match line {
            Line::Fault(message) => {
                canvas.text(side.start + GUTTER, y, message, Role::Error);
                continue;
            }
            Line::Text(at) => *at,
        };
        let is_wrong = faults.iter().any(|(line, _)| *line == at);
        let ground = Rect::new(side.start - 1, y, side.width() + 2, 1);
        canvas.spot(ground, Target::Row(List::Text, at));
        let mut row = match is_cursor(line) {
            true => canvas.on(Ground::Selection, ground),
            false => canvas.again(),
        };
        let number = if is_wrong { Role::Error } else { Role::Faint };
        row.right(side.start + 2, y, (at + 1).to_string(), number);
        let typed = form.text_edit.as_ref().filter(|edit| edit.row() == at);
        let end = side.end.saturating_sub(if is_wrong { 2 } else { 0 });
        let columns = Columns { start: side.start + GUTTER, end };
        text_row(&mut row, columns, y, (&texts[at], typed.map(|edit| edit.column())));
        if is_wrong {
            row.text(side.end, y, "✗", Role::Error);
        }
    }
}

/// Lines, from 0, that can't stand, with the reason.
fn faults(form: &Form, text: &str) -> Vec<(usize, String)> {
    if let Some(fault) = &form.draft.fault {
        let (line, column) = fault.place();
        let message = format!("{}:{} {}", line + 1, column + 1, fault.error.message);
        return vec![(line, message)];
    }
    let wrong = form.draft.wrong.iter();
    let lines =
        wrong.filter_map(|wrong| Some((key_line(text, wrong.key)? - 1, wrong.message.clone())));
    lines.collect()
}

/// One line; where it is being typed at, so far to the left that the cursor is seen.
fn text_row(
    row: &mut Canvas<'_>,
    at: Columns,
    y: u16,
    (line, cursor): (&[(char, Role)], Option<usize>),
) {
    let room = usize::from(at.width());
    let skip = cursor.map_or(0, |cursor| (cursor + 1).saturating_sub(room));
    let mut x = at.start;
    for (i, (c, role)) in line.iter().enumerate().skip(skip) {
        let shown = if *c == '\t' { ' ' } else { *c }.to_string();
        if x + width(&shown) > at.end + 1 {
            row.text(at.end, y, "…", Role::Faint);
            break;
        }
        x = match cursor == Some(i) {
            true => {
                row.typed_at(x, y, &shown);
                x + width(&shown)
            }
            false => row.text(x, y, shown, *role),
        };
    }
    if cursor == Some(line.len()) {
        row.text(x, y, "▏", Role::Accent);
    }
}

/// The text's characters with their roles, line by line.
fn lines_of(text: &str) -> Vec<Vec<(char, Role)>> {
    let mut long_string = None;
    text.split('\n').map(|line| coloured(line, &mut long_string)).collect()
}

/// A line's characters with their roles; `long` is the quote of a string over lines that is open.
fn coloured(line: &str, long: &mut Option<char>) -> Vec<(char, Role)> {
    let chars: Vec<char> = line.chars().filter(|c| !is_unprintable(*c) || *c == '\t').collect();
    let is_table = long.is_none() && line.trim_start().starts_with('[');
    let mut roles = Vec::with_capacity(chars.len());
    let mut quote: Option<char> = None;
    let mut is_value = long.is_some();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let triple = matches!(c, '"' | '\'') && chars[i..].starts_with(&[c, c, c]);
        let mut taken = 1;
        let role = match (*long, quote) {
            (Some(open), _) => {
                if triple && c == open {
                    *long = None;
                    taken = 3;
                }
                Role::Strong
            }
            (None, Some(open)) => {
                if c == '\\' && open == '"' {
                    taken = 2;
                } else if c == open {
                    quote = None;
                }
                if is_value { Role::Strong } else { Role::Text }
            }
            (None, None) => match c {
                '#' => {
                    taken = chars.len() - i;
                    Role::Faint
                }
                '"' | '\'' if triple => {
                    *long = Some(c);
                    taken = 3;
                    Role::Strong
                }
                '"' | '\'' => {
                    quote = Some(c);
                    if is_value { Role::Strong } else { Role::Text }
                }
                '=' if !is_value => {
                    is_value = true;
                    Role::Faint
                }
                _ if is_table => Role::Accent,
                _ if is_value => Role::Strong,
                _ => Role::Text,
            },
        };
        let end = (i + taken).min(chars.len());
        roles.extend(chars[i..end].iter().map(|c| (*c, role)));
        i = end;
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_values_and_comments_have_their_roles() {
        let text = "[a] # one\nb = \"x # y\" # two\nc = \"\"\"\n# in\n\"\"\" # out";
        let lines = lines_of(text);
        let role = |line: usize, what: char| {
            let found = lines[line].iter().rfind(|(c, _)| *c == what);
            found.map(|(_, role)| *role)
        };
        assert_eq!(role(0, 'a'), Some(Role::Accent));
        assert_eq!((role(0, 'o'), role(1, 't')), (Some(Role::Faint), Some(Role::Faint)));
        assert_eq!((role(1, 'b'), role(1, 'y')), (Some(Role::Text), Some(Role::Strong)));
        assert_eq!((role(3, 'i'), role(4, 'u')), (Some(Role::Strong), Some(Role::Faint)));
    }
}
