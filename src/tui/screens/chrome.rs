//! What every screen has: the band on top, the banner in row 2, the footer.

use ratatui::layout::Rect;

use crate::tui::{
    canvas::{Canvas, cut, width},
    keymap::{Binding, Context, HELP, Intent, rows},
    theme::{Ground, Ink, Role},
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

/// The band: the name, the screen if it has one, and what runs where.
pub fn band(canvas: &mut Canvas<'_>, screen: &str, right: &str) {
    let w = canvas.area().width;
    let mut band = canvas.on(Ground::Band, Rect::new(0, 0, w, 1));
    let mut x = band.text(2, 0, "zendo", Role::Accent.bold());
    if !screen.is_empty() {
        let tab = Rect::new(x + 2, 0, width(screen) + 2, 1);
        let mut tab = band.on(Ground::Selection, tab);
        x = tab.text(x + 3, 0, screen, Role::Strong.bold()) + 1;
    }
    let room = w.saturating_sub(x + 5);
    let mut band = canvas.on(Ground::Band, Rect::new(x, 0, w.saturating_sub(x), 1));
    let text = cut(right, room);
    if room > 8 {
        band.right(w.saturating_sub(3), 0, text, Role::Muted);
    }
}

/// How urgent a banner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    Warning,
    Error,
}

/// A sentence across row `y`.
pub fn banner(canvas: &mut Canvas<'_>, y: u16, alarm: Alarm, text: &str) {
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
    let x = banner.text(2, y, "▲ ", role);
    let keys = if w >= 60 { 9 } else { 0 };
    let text = cut(text, w.saturating_sub(x + 2 + keys));
    banner.text(x, y, text, Role::Strong);
    if keys > 0 {
        banner.right_runs(w - 3, y, &[("esc", Role::Accent.into()), (" ok", Role::Muted.into())]);
    }
}

/// Whether there are panels to turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panels {
    All,
    OneAtATime,
}

/// The keys of `context`: the first that fit, and always the one that shows them all.
pub fn footer(canvas: &mut Canvas<'_>, context: Context, panels: Panels) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let y = h.saturating_sub(1);
    let mut footer = canvas.on(Ground::Band, Rect::new(0, y, w, 1));
    let item = |row: &Binding| width(row.short) + 1 + width(row.label);
    let has_help = HELP.contexts.contains(&context);
    let reserved = if has_help { item(&HELP) + 3 } else { 0 };
    let mut x = 2;
    let mut full = false;
    let turns = |row: &&Binding| row.keys.iter().any(|(_, intent)| *intent == Intent::NextPanel);
    let shown = rows(context).filter(|row| !row.label.is_empty() && row.short != HELP.short);
    for row in shown.filter(|row| panels == Panels::OneAtATime || !turns(row)) {
        full |= x + item(row) + reserved + 1 > w;
        if !full {
            x = key(&mut footer, x, y, row) + 3;
        }
    }
    if has_help {
        key(&mut footer, x, y, &HELP);
    }
}

fn key(canvas: &mut Canvas<'_>, x: u16, y: u16, row: &Binding) -> u16 {
    let runs = [
        (row.short, Role::Accent.into()),
        (" ", Role::Text.into()),
        (row.label, Role::Muted.into()),
    ];
    canvas.runs(x, y, &runs)
}

/// A panel's title, with the mark of the panel that has the keys.
pub fn focused_title(canvas: &mut Canvas<'_>, x: u16, y: u16, title: &str) -> u16 {
    canvas.text(x.saturating_sub(2), y, "▍", Role::Accent);
    canvas.text(x, y, title, Role::Strong.bold())
}
