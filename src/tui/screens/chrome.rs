//! What every screen has: the band on top, the banner in row 2, the footer.

use ratatui::layout::Rect;

use super::status;
use crate::{
    text::printable,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        economy::Level,
        keymap::{Context, Intent, Key, Place, Row, Tab},
        model::{Model, Notice, Search},
        spots::Target,
        theme::{Ground, Ink, Role},
    },
};

/// Runs of text in roles, made as they are needed.
pub type Runs = Vec<(String, Ink)>;

pub fn run(text: impl Into<String>, ink: impl Into<Ink>) -> (String, Ink) {
    (text.into(), ink.into())
}

pub fn width_of(runs: &Runs) -> u16 {
    runs.iter().map(|(text, _)| width(text)).sum()
}

pub fn put(canvas: &mut Canvas<'_>, x: u16, y: u16, runs: &Runs) -> u16 {
    runs.iter().fold(x, |x, (text, ink)| canvas.text(x, y, text, *ink))
}

/// First column of the tabs.
const TABS: u16 = 10;
/// From these widths on tabs are shown, and by their full names.
const SHORT_TABS: u16 = 72;
const FULL_TABS: u16 = 104;

/// The band: the name, the screens with the one that is shown, what runs where.
pub fn band(canvas: &mut Canvas<'_>, model: &Model) {
    let w = canvas.area().width;
    let mut band = canvas.on(Ground::Band, Rect::new(0, 0, w, 1));
    let mut x = band.text(2, 0, "zendo", Role::Accent.bold()) + 1;
    // Where text is typed they have no keys.
    let place = Place { context: Context::Search, run: model.run_state() };
    for tab in Tab::ALL {
        let title = match w {
            FULL_TABS.. => tab.title(),
            SHORT_TABS.. => tab.short_title(),
            _ if tab == model.tab => tab.title(),
            _ => continue,
        };
        x = x.max(TABS);
        let key = model.keymap.key(place, Intent::Show(tab)).map_or_else(String::new, Key::shown);
        let key = band.theme().glyphs().keys(&key).into_owned();
        let name = x + width(&key) + 1;
        let cells = Rect::new(x - 1, 0, name + width(title) + 2 - x, 1);
        if tab == model.tab {
            let mut selected = band.on(Ground::Selection, cells);
            selected.text(x, 0, key, Role::Accent);
            selected.text(name, 0, title, Role::Strong.bold());
        } else {
            band.text(x, 0, key, Role::Faint);
            band.text(name, 0, title, Role::Muted);
        }
        band.spot(cells, Target::Tab(tab));
        x = cells.right() + 1;
    }
    let host = &model.host.name;
    let room = w.saturating_sub(x + 5);
    let right = match &model.search {
        // Where there is no room for more, what runs is less than how it is.
        Some(search) if w < SHORT_TABS => {
            let (glyph, _, word, _) = status::state(search, model.now_ms);
            format!("{glyph} {word}")
        }
        Some(search) => what_runs_where(search, host, room),
        None => format!("nothing running · {host}"),
    };
    if room > 8 && !(SHORT_TABS..FULL_TABS).contains(&w) {
        let mut band = canvas.on(Ground::Band, Rect::new(x, 0, w.saturating_sub(x), 1));
        band.right(w.saturating_sub(3), 0, cut(&right, room), Role::Muted);
    }
}

/// The run and where it runs, as exactly as `room` allows: with the device and its memory, by the
/// device's name, or without.
fn what_runs_where(search: &Search, host: &str, room: u16) -> String {
    let run = format!("{} · seed {} · {host}", search.spec.name, search.spec.preset.search.seed);
    let Some(hello) = &search.hello else { return run };
    let words = [&hello.hardware, &hello.device];
    let whole = words.map(|device| format!("{run} · {}", printable(device)));
    whole.into_iter().find(|text| width(text) <= room).unwrap_or(run)
}

/// How urgent a banner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    Warning,
    Error,
}

/// A sentence across row `y`, which a key takes away.
pub fn banner(model: &Model, canvas: &mut Canvas<'_>, y: u16, (alarm, text): (Alarm, &str)) {
    let key = (model.key(Intent::Back), "ok");
    sentence(canvas, y, (alarm, "▲ ", text), &[key]);
}

/// The same in as many rows as it takes, `most` at most: what is there to be done stands at the end of a sentence.
pub fn tall_banner(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (y, most): (u16, u16),
    (alarm, text): (Alarm, &str),
) {
    // The first row has the key as well.
    let mut lines = wrap(text, canvas.area().width.saturating_sub(16));
    if lines.len() > usize::from(most) {
        let rest = lines.split_off(usize::from(most.max(1)) - 1);
        lines.push(rest.join(" "));
    }
    for (number, line) in (0..).zip(&lines) {
        match number {
            0 => banner(model, canvas, y, (alarm, line)),
            _ => sentence(canvas, y + number, (alarm, "  ", line), &[]),
        }
    }
}

/// A sentence across row `y`, and keys that do something about it.
pub fn sentence(
    canvas: &mut Canvas<'_>,
    y: u16,
    (alarm, glyph, text): (Alarm, &str, &str),
    keys: &[(String, &str)],
) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if y >= h || w < 8 {
        return;
    }
    let role = match alarm {
        Alarm::Warning => Role::Warn,
        Alarm::Error => Role::Error,
    };
    let mut banner = canvas.on(Ground::Panel, Rect::new(0, y, w, 1));
    banner.text(0, y, "▍", role);
    let x = banner.text(2, y, glyph, role);
    let glyphs = banner.theme().glyphs();
    let mut runs = Runs::new();
    for (key, label) in keys {
        runs.push(run(format!("  {}", glyphs.keys(key)), Role::Accent));
        runs.push(run(format!(" {label}"), Role::Muted));
    }
    let keys = if w >= 60 { width_of(&runs) + 1 } else { 0 };
    let text = cut(text, w.saturating_sub(x + 2 + keys));
    banner.text(x, y, text, Role::Strong);
    if keys > 0 {
        put(&mut banner, w.saturating_sub(2 + width_of(&runs)), y, &runs);
    }
}

/// Whether there are panels to turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panels {
    All,
    OneAtATime,
}

/// The keys that mean something now: the first that fit, and always the one that shows them all. What came
/// of the last key is said in their place, until the next.
pub fn footer(canvas: &mut Canvas<'_>, model: &Model, panels: Panels) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let y = h.saturating_sub(1);
    let place = model.place();
    let mut footer = canvas.on(Ground::Band, Rect::new(0, y, w, 1));
    let w = w.saturating_sub(slow_line(&mut footer, y, model.line));
    if let Some(said) = &model.notice {
        return notice(&mut footer, (y, w), said);
    }
    let glyphs = footer.theme().glyphs();
    let item = |row: &Row| width(&glyphs.keys(&row.short)) + 1 + width(row.label);
    let rows = || model.keymap.rows(place).filter(|row| !row.label.is_empty());
    // Always there, whatever fits.
    let help = rows().find(|row| row.means(Intent::Help));
    let reserved = help.map_or(0, |help| item(help) + 3);
    let mut x = 2;
    let mut full = false;
    let turns = |row: &&Row| row.means(Intent::NextPanel);
    let shown = rows().filter(|row| !row.means(Intent::Help));
    for row in shown.filter(|row| panels == Panels::OneAtATime || !turns(row)) {
        full |= x + item(row) + reserved + 1 > w;
        if !full {
            x = key(&mut footer, x, y, row) + 3;
        }
    }
    if let Some(help) = help {
        key(&mut footer, x, y, help);
    }
}

/// What a slow line leaves out, at the right end; gives the cells that takes.
fn slow_line(footer: &mut Canvas<'_>, y: u16, line: Level) -> u16 {
    let w = footer.area().width;
    let Some(words) = line.words() else { return 0 };
    // Where there is no room for what waits, that something does.
    let words = match w {
        80.. => words,
        _ => words.split(':').next().unwrap_or(words),
    };
    footer.right(w.saturating_sub(3), y, words, Role::Warn);
    width(words) + 3
}

fn notice(footer: &mut Canvas<'_>, (y, w): (u16, u16), notice: &Notice) {
    let (mark, ink) = match notice.failed {
        true => ("▲", Role::Error),
        false => ("✓", Role::Good),
    };
    let x = footer.runs(2, y, &[(mark, ink.into()), (" ", Role::Text.into())]);
    let room = w.saturating_sub(x + 2);
    let lead = cut(&notice.lead, room);
    let x = footer.text(x, y, lead, Role::Strong) + 3;
    let room = w.saturating_sub(x + 2);
    if room >= width(&notice.detail).min(12) {
        footer.text(x, y, cut(&notice.detail, room), Role::Muted);
    }
}

fn key(canvas: &mut Canvas<'_>, x: u16, y: u16, row: &Row) -> u16 {
    let x = canvas.keys(x, y, &row.short, Role::Accent);
    canvas.text(x + 1, y, row.label, Role::Muted)
}

/// A panel's title, with the mark of the panel that has the keys.
pub fn focused_title(canvas: &mut Canvas<'_>, x: u16, y: u16, title: &str) -> u16 {
    focus_mark(canvas, x, y);
    canvas.text(x, y, title, Role::Strong.bold())
}

/// Beside a title at `x`.
pub fn focus_mark(canvas: &mut Canvas<'_>, x: u16, y: u16) {
    canvas.text(x.saturating_sub(2), y, "▍", Role::Accent);
}
