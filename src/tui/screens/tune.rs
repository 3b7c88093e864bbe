//! Settings of a running search being changed, over its table: what is, what shall be, what that does. Must
//! not change anything. Invariant: the row under the cursor is seen, and so is why it can't be.

use ratatui::layout::Rect;

use super::{
    chrome::{Runs, put, run, width_of},
    help::frame,
    prompt,
};
use crate::{
    run::protocol::Tuned,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        edit::LineEdit,
        format,
        keymap::{Context, Intent},
        layout::{Columns, Layout, Rows},
        model::{Model, Search, TUNE_ROWS, Tune, tuned, tuned_value},
        spots::{List, Target},
        theme::{Ground, Role},
    },
};

/// Where labels start, from the panel's edge.
const LABEL: u16 = 4;
/// Narrower panels say effects below the list.
const WIDE: u16 = 70;
/// From here on lists have the room that they need.
const WIDEST: u16 = 110;

/// Where the columns lie, from the panel's edge.
#[derive(Clone, Copy)]
struct Grid {
    now_end: u16,
    new_end: u16,
    effect: u16,
}

impl Grid {
    fn of(width: u16) -> Grid {
        match width {
            WIDEST.. => Grid { now_end: 47, new_end: 71, effect: 75 },
            _ => Grid { now_end: 33, new_end: 45, effect: 49 },
        }
    }
}

/// The panel: what the layout gives the table.
fn area(model: &Model) -> Rect {
    let (w, h) = (model.width, model.height);
    let over = |main: Columns, last: u16| {
        Rect::new(main.start - 1, 2, main.width() + 2, last.saturating_sub(1))
    };
    match model.layout() {
        Layout::Large(at) => over(at.main, at.table.last + 1),
        Layout::Medium(at) => over(at.main, at.chart.title - 1),
        _ => Rect::new(0, u16::from(h > 3), w, h.saturating_sub(2)),
    }
}

pub fn draw(model: &Model, search: &Search, tune: &Tune, canvas: &mut Canvas<'_>) {
    let rect = area(model).intersection(canvas.area());
    if rect.width < 24 || rect.height < 6 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, canvas.area().width, 1));
        let row = TUNE_ROWS[tune.cursor];
        let value = tune.wish(tune.cursor).map(|wish| wish.shown.clone());
        let value = value.unwrap_or_else(|| tuned_value(tune.cursor, &search.spec.preset));
        line.text(0, 0, cut(&format!("{} {value}", row.label), line.area().width), Role::Strong);
        return;
    }
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Settings));
    frame(&mut panel, rect);
    panel.text(rect.x + 2, rect.y, " Tune ", Role::Strong.bold());
    head(search, tune, &mut panel, rect);
    let has_air = rect.height >= 14;
    let heads = rect.y + 1 + u16::from(has_air);
    let lines = foot(model, (search, tune), &panel, rect);
    let last = rect.bottom() - 2;
    let list = Rows {
        first: heads + 1,
        last: last.saturating_sub(lines.len() as u16 + u16::from(has_air)),
    };
    rows(search, tune, &mut panel, (rect, heads, list));
    for (line, y) in lines.iter().rev().zip((list.last..=last).rev()) {
        put(&mut panel, rect.x + LABEL, y, line);
    }
}

/// From when on changes hold.
fn head(search: &Search, tune: &Tune, panel: &mut Canvas<'_>, rect: Rect) {
    let snapshot = search.snapshot.as_deref();
    let text = match snapshot.and_then(|s| s.renewal) {
        Some((told, of)) => {
            let [told, of] = [told, of].map(|n| format::count(n as u64));
            let asked = if tune.is_sent { "asked for; " } else { "" };
            format!(" {asked}{told} of {of} are scored anew first ")
        }
        None if tune.is_sent => " asked for ".to_owned(),
        None => {
            let next = snapshot.map_or(0, |s| s.proposed) + 1;
            format!(" takes effect at the next candidate, here {} ", format::id(next))
        }
    };
    if width(&text) + 14 <= rect.width {
        panel.text(rect.right() - 2 - width(&text), rect.y, text, Role::Muted);
    }
}

fn rows(
    search: &Search,
    tune: &Tune,
    panel: &mut Canvas<'_>,
    (rect, heads, list): (Rect, u16, Rows),
) {
    let x = rect.x;
    let is_wide = rect.width >= WIDE;
    let grid = Grid::of(rect.width);
    let end = rect.right() - 3;
    panel.text(x + LABEL, heads, "setting", Role::Muted);
    if is_wide {
        panel.right(x + grid.now_end, heads, "now", Role::Muted);
        panel.right(x + grid.new_end, heads, "new", Role::Muted);
        panel.text(x + grid.effect, heads, "effect", Role::Muted);
    } else {
        panel.right(end, heads, "now, new", Role::Muted);
    }
    let visible = usize::from(list.height());
    // The cursor moves within the list until it would leave it.
    let top = (tune.cursor + 2).min(TUNE_ROWS.len()).saturating_sub(visible);
    for (index, y) in (top..TUNE_ROWS.len()).zip(list.first..=list.last) {
        let cells = Rect::new(x + 1, y, rect.width - 2, 1);
        panel.spot(cells, Target::Row(List::Settings, index));
        let mut row = if index == tune.cursor {
            let mut row = panel.on(Ground::Selection, cells);
            row.text(x + LABEL - 2, y, "▸", Role::Accent);
            row
        } else {
            panel.again()
        };
        let wish = tune.wish(index);
        let role = if wish.is_some() { Role::Strong } else { Role::Text };
        let label = TUNE_ROWS[index].label;
        row.text(x + LABEL, y, label, role);
        let now = tuned_value(index, &search.spec.preset);
        let new = wish.map(|wish| (wish.shown.clone(), wish.effect.is_ok()));
        let edit = tune.edit.as_ref().filter(|_| index == tune.cursor);
        if !is_wide {
            let at = Columns { start: x + LABEL + width(label) + 2, end };
            narrow_values(&mut row, (at, y), &now, (new, edit));
            continue;
        }
        let room = (x + grid.now_end).saturating_sub(x + LABEL + width(label) + 1);
        row.right(x + grid.now_end, y, cut(&now, room), Role::Muted);
        let start = x + grid.now_end + 2;
        let room = x + grid.new_end + 1 - start;
        match (&new, edit) {
            (_, Some(edit)) => {
                row.text(x + grid.now_end + 2, y, "→", Role::Warn);
                let typed = (width(&edit.text()) + 1).min(room - 2);
                let at = Columns { start: x + grid.new_end + 2 - typed, end: x + grid.new_end + 1 };
                prompt::typed(&mut row, at, y, edit);
            }
            (Some((new, is_fine)), None) => {
                let room = room - 3;
                row.text(x + grid.now_end + 2, y, "→", Role::Warn);
                let role = if *is_fine { Role::Warn } else { Role::Error };
                row.right(x + grid.new_end, y, cut(new, room), role.bold());
            }
            (None, None) => row.right(x + grid.new_end, y, cut(&now, room), Role::Faint),
        }
        if let Some(wish) = wish {
            let (text, role) = match &wish.effect {
                Ok(effect) => (effect, Role::Warn),
                Err(why) => (why, Role::Error),
            };
            row.text(x + grid.effect, y, cut(text, end.saturating_sub(x + grid.effect) + 1), role);
        }
    }
    let below = TUNE_ROWS.len().saturating_sub(top + visible);
    if below > 0 || top > 0 {
        let text = format!(" {} of {} ", tune.cursor + 1, TUNE_ROWS.len());
        panel.text(rect.right() - 2 - width(&text), rect.bottom() - 1, text, Role::Muted);
    }
}

/// Both values in one column: what shall be, and as far as there is room what is.
fn narrow_values(
    row: &mut Canvas<'_>,
    (at, y): (Columns, u16),
    now: &str,
    (new, edit): (Option<(String, bool)>, Option<&LineEdit>),
) {
    let before = |row: &mut Canvas<'_>, taken: u16| {
        let room = at.width().saturating_sub(taken + 1);
        let now = if room >= width(now) { now } else { "" };
        let end = at.end.saturating_sub(taken);
        row.right_runs(end, y, &[(now, Role::Muted.into()), ("→", Role::Warn.into())]);
    };
    match (new, edit) {
        (_, Some(edit)) => {
            let typed = (width(&edit.text()) + 1).min(at.width());
            before(row, typed);
            prompt::typed(row, Columns { start: at.end + 1 - typed, end: at.end }, y, edit);
        }
        (Some((new, is_fine)), None) => {
            let role = if is_fine { Role::Warn } else { Role::Error };
            let new = cut(&new, at.width());
            before(row, width(&new));
            row.right(at.end, y, new, role.bold());
        }
        (None, None) => row.right(at.end, y, cut(now, at.width()), Role::Muted),
    }
}

/// Below the list: what can't be, what was changed earlier, the keys.
fn foot(
    model: &Model,
    (search, tune): (&Search, &Tune),
    panel: &Canvas<'_>,
    rect: Rect,
) -> Vec<Runs> {
    let room = rect.width.saturating_sub(LABEL + 3);
    let mut lines = Vec::new();
    let under = tune.wish(tune.cursor);
    let effects_below = rect.width < WIDE;
    let refused = tune.refused.as_ref().or(tune.preview.refusal.as_ref());
    if let Some(why) = refused.or(under.and_then(|wish| wish.effect.as_ref().err())) {
        // There is no room for all of it beside a row.
        let most = if rect.height < 14 { 1 } else { 3 };
        let said = wrap(why, room);
        let left = said.len() > most;
        for (i, line) in said.into_iter().enumerate().take(most) {
            let ends_here = left && i + 1 == most;
            let line = if ends_here { cut(&format!("{line} …"), room) } else { line };
            lines.push(vec![run(line, Role::Error)]);
        }
    } else if let (true, Some(Ok(effect))) = (effects_below, under.map(|wish| &wish.effect)) {
        lines.push(vec![run(cut(effect, room), Role::Warn)]);
    } else if let Some(total) = total(tune) {
        lines.push(vec![run(cut(&total, room), Role::Warn)]);
    }
    let tunings = search.snapshot.as_ref().map_or(&[][..], |s| s.tunings.as_slice());
    let so_many = match rect.height {
        0..10 => 0,
        10..16 => 1,
        16..24 => 2,
        _ => 5,
    };
    lines.extend(earlier(tunings, so_many, room));
    lines.push(keys(model, (tunings, tune), panel, room));
    lines
}

/// What several wishes do together, where that is more than what each says.
fn total(tune: &Tune) -> Option<String> {
    let leaving = tune.preview.leaving();
    if !tune.touches_many() {
        return None;
    }
    let evicts = (leaving > 0).then(|| format!("evicts {}", format::count(leaving as u64)));
    let parts: Vec<String> = evicts.into_iter().chain(tune.preview.price.clone()).collect();
    Some(format!("together: {}", parts.join(", then ")))
}

/// The last changes, the newest first.
fn earlier(tunings: &[Tuned], most: usize, room: u16) -> Vec<Runs> {
    let line = |(index, change): (usize, &Tuned)| {
        let lead = if index == 0 { "earlier  " } else { "         " };
        let undone = tunings.iter().any(|t| t.undoes == Some(change.number));
        let what = match (change.undoes, undone) {
            (Some(_), _) => format!(" undone: {}", tuned::told(change)),
            (None, true) => format!(" {}, undone since", tuned::told(change)),
            (None, false) => format!(" {}", tuned::told(change)),
        };
        let mut line = vec![
            run(lead, Role::Muted),
            run("▴ ", Role::Warn),
            run(format::id(change.id), if undone { Role::Muted } else { Role::Text }),
        ];
        let left = room.saturating_sub(width_of(&line));
        line.push(run(cut(&what, left), Role::Muted));
        line
    };
    tunings.iter().rev().enumerate().take(most).map(line).collect()
}

fn keys(model: &Model, (tunings, tune): (&[Tuned], &Tune), panel: &Canvas<'_>, room: u16) -> Runs {
    let glyphs = panel.theme().glyphs();
    let key = |intent| model.key_in(Context::Tune, intent);
    let apply = match tune.wishes() {
        count if tune.settings().is_some() => format!(" apply {count}"),
        _ => " apply".to_owned(),
    };
    let undo = Tuned::last_standing(tunings).map(|last| match &tune.preview.undo {
        Some(effect) if last.rescored > 0 => format!(" undo {}: {effect}", format::id(last.id)),
        _ => format!(" undo {}", format::id(last.id)),
    });
    let steps = format!("{} {}", key(Intent::PreviousValue), key(Intent::NextValue));
    let all = [
        (key(Intent::Enter), Some(apply)),
        (steps.trim().to_owned(), Some(" step".to_owned())),
        (key(Intent::Reset), Some(" reset".to_owned())),
        (key(Intent::Untune), undo),
        (key(Intent::Back), Some(" close".to_owned())),
    ];
    let mut runs = Runs::new();
    for (key, what) in all {
        // A user may have taken the key away.
        let Some(what) = what.filter(|_| !key.is_empty()) else { continue };
        let key = glyphs.keys(&key).into_owned();
        if width_of(&runs) + width(&key) + width(&what) + 3 > room {
            break;
        }
        if !runs.is_empty() {
            runs.push(run("   ", Role::Muted));
        }
        runs.push(run(key, Role::Accent));
        runs.push(run(what, Role::Muted));
    }
    runs
}
