//! The presets, and what the selected one is.

use ratatui::layout::Rect;

use super::chrome;
use crate::{
    space::published_nets,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format,
        keymap::{Context, Intent},
        layout::{self, Columns, Rows},
        model::{Entry, Model, Picker, Row},
        spots::{List, Target},
        theme::{Ground, Role},
        widgets::ribs::{self, RibColumns},
    },
};

/// Columns of the list: where texts start, where numbers end.
const NAME: u16 = 4;
const SPACE: u16 = 30;
const IMAGE_END: u16 = 46;
const CLASSES_END: u16 = 55;
const BUDGET_END: u16 = 70;

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    chrome::band(canvas, model);
    if h < 2 {
        return;
    }
    let is_wide = w >= 120 && h >= 20;
    let main =
        if is_wide { layout::two_columns(w).0 } else { Columns { start: 2, end: w.max(6) - 3 } };
    let is_tall = h >= 16;
    let mut y = 1;
    if is_tall {
        canvas.text(2, 3, "What shall be searched?", Role::Strong.bold());
        let about = "Pick a preset; every setting can be changed before the start.";
        canvas.text(2, 4, cut(about, main.width()), Role::Muted);
        y = 6;
    }
    heads(canvas, y, w);
    list(model, canvas, main, Rows { first: y + 1, last: h.saturating_sub(2).max(y + 1) });
    if is_wide {
        let (_, rule, side) = layout::two_columns(w);
        canvas.vertical_rule(rule, 3..=h - 3);
        match model.setup.picker.selected() {
            Row::Shipped(entry) => details(entry, canvas, side, h - 3),
            Row::Yours(yours) => match &yours.found {
                Ok((entry, _)) => details(entry, canvas, side, h - 3),
                Err(found) => {
                    let what = (yours.name.as_str(), &*found.error.to_string());
                    broken(what, &model.key_in(Context::Picker, Intent::Enter), canvas, side);
                }
            },
            Row::File => about_files(canvas, side),
        }
    }
    chrome::footer(canvas, model, chrome::Panels::All);
}

fn heads(canvas: &mut Canvas<'_>, y: u16, w: u16) {
    canvas.text(NAME, y, "preset", Role::Muted);
    if w >= BUDGET_END + 3 {
        canvas.text(SPACE, y, "space", Role::Muted);
        canvas.right(IMAGE_END, y, "image", Role::Muted);
        canvas.right(CLASSES_END, y, "classes", Role::Muted);
        canvas.right(BUDGET_END, y, "budget", Role::Muted);
    }
}

/// A line of the list.
enum Line<'a> {
    Entry(usize, &'a Entry),
    Yours,
    /// Name and fault.
    Broken(usize, &'a str, String),
    File,
    Blank,
    Error(String),
    Hint,
}

fn list(model: &Model, canvas: &mut Canvas<'_>, main: Columns, rows: Rows) {
    let picker = &model.setup.picker;
    let fits = usize::from(rows.height());
    let mut lines = lines(picker, main.width());
    if lines.len() > fits {
        lines.retain(|line| !matches!(line, Line::Blank | Line::Hint));
    }
    let is_cursor = |line: &Line| match line {
        Line::Entry(i, _) | Line::Broken(i, ..) => *i == picker.cursor,
        Line::File => picker.cursor == picker.file_row(),
        Line::Yours | Line::Blank | Line::Error(_) | Line::Hint => false,
    };
    let cursor = lines.iter().position(is_cursor).unwrap_or(0);
    // An error stands under the row it is about and must be seen with it.
    let errors = lines.iter().filter(|line| matches!(line, Line::Error(_))).count();
    let first = (cursor + 1 + errors).saturating_sub(fits).min(lines.len().saturating_sub(fits));
    for (line, y) in lines[first..].iter().zip(rows.first..=rows.last) {
        let ground = Rect::new(1, y, main.end, 1);
        let at = match line {
            Line::Entry(i, _) | Line::Broken(i, ..) => Some(*i),
            Line::File => Some(picker.file_row()),
            Line::Yours | Line::Blank | Line::Error(_) | Line::Hint => None,
        };
        canvas.spot(
            ground,
            at.map_or(Target::List(List::Presets), |at| Target::Row(List::Presets, at)),
        );
        let mut row = if is_cursor(line) {
            let mut row = canvas.on(Ground::Selection, ground);
            row.text(1, y, "▸", Role::Accent);
            row
        } else {
            canvas.again()
        };
        match line {
            Line::Entry(i, entry) => {
                let selected = *i == picker.cursor;
                entry_row(&mut row, entry, y, (main, selected));
            }
            Line::Yours => {
                row.text(2, y, "yours", Role::Faint);
            }
            Line::Broken(_, name, error) => {
                row.text(NAME, y, cut(name, SPACE - NAME - 3), Role::Text);
                let x = SPACE.min(main.end);
                row.text(x - 2, y, "✗", Role::Error);
                row.text(x, y, cut(error, (main.end + 1).saturating_sub(x)), Role::Error);
            }
            Line::File => file_row(&mut row, picker, y, main),
            Line::Blank => {}
            Line::Error(text) => {
                row.text(NAME, y, text, Role::Error);
            }
            Line::Hint => {
                let x = row.text(2, y, "First time?  ", Role::Strong.bold());
                let key = model.key_in(Context::Picker, Intent::Help);
                let x = row.keys(x, y, &key, Role::Accent);
                row.text(x, y, " shows the keys", Role::Muted);
            }
        }
    }
}

fn lines(picker: &Picker, width: u16) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let error = |lines: &mut Vec<Line<'_>>| {
        if let Some(error) = &picker.error {
            lines.extend(wrap(error, width.saturating_sub(2)).into_iter().map(Line::Error));
        }
    };
    for (i, entry) in picker.entries.iter().enumerate() {
        if i > 0 && !entry.is_of_a_kind_with(&picker.entries[i - 1]) {
            lines.push(Line::Blank);
        }
        lines.push(Line::Entry(i, entry));
        if i == picker.cursor {
            error(&mut lines);
        }
    }
    if !picker.yours.is_empty() {
        lines.extend([Line::Blank, Line::Yours]);
    }
    for (i, yours) in (picker.entries.len()..).zip(&picker.yours) {
        lines.push(match &yours.found {
            Ok((entry, _)) => Line::Entry(i, entry),
            Err(broken) => Line::Broken(i, &yours.name, broken.error.to_string()),
        });
        if i == picker.cursor {
            error(&mut lines);
        }
    }
    lines.extend([Line::Blank, Line::File]);
    if picker.cursor == picker.file_row() {
        error(&mut lines);
    }
    lines.extend([Line::Blank, Line::Blank, Line::Hint]);
    lines
}

fn entry_row(row: &mut Canvas<'_>, entry: &Entry, y: u16, (main, selected): (Columns, bool)) {
    let startable = entry.preset.not_startable().is_none();
    let loud = match (startable, selected) {
        (false, _) => Role::Faint.into(),
        (true, true) => Role::Strong.bold(),
        (true, false) => Role::Text.into(),
    };
    let quiet = if startable { Role::Muted } else { Role::Faint };
    let (amount, unit) = entry.budget();
    if main.end < BUDGET_END {
        let budget = format!("{amount} {unit}");
        let room = main.end.saturating_sub(NAME + width(&budget) + 1);
        row.text(NAME, y, cut(&entry.name, room), loud);
        row.right(main.end, y, budget, quiet);
        return;
    }
    row.text(NAME, y, cut(&entry.name, SPACE - NAME - 1), loud);
    row.text(SPACE, y, entry.space(), quiet);
    row.right(IMAGE_END, y, format::map(entry.preset.space.resolution), quiet);
    row.right(CLASSES_END, y, format::count(u64::from(entry.preset.space.classes)), quiet);
    let digits = if startable { Role::Text } else { Role::Faint };
    row.right_runs(
        BUDGET_END,
        y,
        &[(&amount, digits.into()), (" ", quiet.into()), (unit, quiet.into())],
    );
}

fn file_row(row: &mut Canvas<'_>, picker: &Picker, y: u16, main: Columns) {
    let Some(path) = &picker.path else {
        row.text(NAME, y, "from a file", Role::Text);
        row.text(
            SPACE.min(main.end),
            y,
            cut("a preset in TOML", main.end.saturating_sub(SPACE)),
            Role::Muted,
        );
        return;
    };
    let x = row.text(NAME, y, "file  ", Role::Strong.bold());
    // The end being typed at stays in sight.
    let room = usize::from(main.end.saturating_sub(x + 1 + width(path.after()).min(10)));
    let before = path.before();
    let skip = before.chars().count().saturating_sub(room);
    let shown: String = before.chars().skip(skip).collect();
    let x = row.text(x, y, shown, Role::Strong);
    let x = row.text(x, y, "▏", Role::Accent);
    row.text(x, y, cut(path.after(), (main.end + 1).saturating_sub(x)), Role::Strong);
}

fn details(entry: &Entry, canvas: &mut Canvas<'_>, side: Columns, last: u16) {
    let preset = &entry.preset;
    canvas.text(side.start, 3, cut(&entry.name, side.width()), Role::Strong.bold());
    let mut y = 5;
    for line in wrap(&preset.about, side.width()) {
        canvas.text(side.start, y, line, Role::Muted);
        y += 1;
    }
    if let Some(reason) = preset.not_startable() {
        y += 1;
        for line in wrap(&reason, side.width()).into_iter().take(6) {
            canvas.text(side.start, y, line, Role::Warn);
            y += 1;
        }
    }
    let facts = last.saturating_sub(1);
    let at = RibColumns::without_depth(side.start);
    let published = preset.published.as_ref();
    let published = published.and_then(|name| published_nets().find(|net| net.name == *name));
    let initial = preset.initial();
    let diagrams = [
        Some(("starts from", initial, preset.space.resolution)),
        published.map(|net| ("published answer", net.structure, preset.space.resolution)),
    ];
    for (title, structure, resolution) in diagrams.into_iter().flatten() {
        y += 1;
        if y + 3 > facts {
            break;
        }
        canvas.text(side.start, y, title, Role::Faint);
        let rows = Rows { first: y + 1, last: facts.saturating_sub(2) };
        y = ribs::compact(canvas, at, rows, &structure, resolution);
    }
    let search = &preset.search;
    let facts = format!(
        "{} iterations, population {}",
        format::count(search.iterations),
        format::count(search.population as u64)
    );
    canvas.text(side.start, (y + 1).min(last), facts, Role::Muted);
}

fn broken((name, error): (&str, &str), enter: &str, canvas: &mut Canvas<'_>, side: Columns) {
    canvas.text(side.start, 3, cut(name, side.width()), Role::Strong.bold());
    let mut y = 5;
    for line in wrap(error, side.width()) {
        canvas.text(side.start, y, line, Role::Error);
        y += 1;
    }
    let enter = canvas.theme().glyphs().keys(enter).into_owned();
    let keys = [(&*enter, Role::Accent.into()), (" opens its text", Role::Muted.into())];
    canvas.runs(side.start, y + 1, &keys);
}

fn about_files(canvas: &mut Canvas<'_>, side: Columns) {
    canvas.text(side.start, 3, "from a file", Role::Strong.bold());
    let about = "A preset of your own: TOML that names what may be searched and what it may cost. \
                 It may extend a shipped one and change only what differs.";
    for (line, y) in wrap(about, side.width()).into_iter().zip(5..) {
        canvas.text(side.start, y, line, Role::Muted);
    }
}
