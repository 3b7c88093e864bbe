//! The themes there are, over a screen that shows the one under the cursor.

use ratatui::layout::Rect;

use super::help::frame;
use crate::{
    run::ListedTheme,
    theme::SWATCHES,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        keymap::{Context, Intent},
        model::{Model, ThemeChoice, Themes},
        spots::{List, Target},
        theme::{Depth, Ground, Role, Theme},
    },
};

const WIDTH: u16 = 72;
/// Rows that list nothing: the frame, a blank line each, what is wrong, the keys.
const REST: u16 = 8;
/// Lines for what is wrong with a file.
const FAULT: u16 = 2;
/// Columns from the frame.
const ABOUT: u16 = 24;
const SWATCH: u16 = SWATCHES.len() as u16 + 2;

pub fn draw(model: &Model, choice: &ThemeChoice, canvas: &mut Canvas<'_>) {
    let themes = &model.themes;
    let (w, h) = (canvas.area().width, canvas.area().height);
    let listed = themes.listed();
    let (wide, high) = (w.min(WIDTH), (listed.len() as u16 + REST).min(h.saturating_sub(1)));
    if wide < 24 || high < 9 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let name = listed.get(choice.cursor).map_or("", |listed| listed.name.as_str());
        line.text(0, 0, cut(&format!("theme: {name}"), w), Role::Strong);
        return;
    }
    let rect = Rect::new((w - wide) / 2, 4.min(h - high), wide, high);
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Themes));
    frame(&mut panel, rect);
    panel.text(rect.x + 2, rect.y, " Themes ", Role::Strong.bold());
    let shows = format!(" this terminal shows {} ", themes.display().depth.name());
    if wide >= 48 {
        panel.text(rect.right() - 2 - width(&shows), rect.y, shows, Role::Muted);
    }
    let rows = usize::from(high - REST);
    let top = (choice.cursor + 1).saturating_sub(rows);
    for (i, y) in (top..listed.len()).zip(rect.y + 2..).take(rows) {
        let cells = Rect::new(rect.x + 1, y, wide - 2, 1);
        panel.spot(cells, Target::Row(List::Themes, i));
        let mut row = match i == choice.cursor {
            true => {
                let mut row = panel.on(Ground::Selection, cells);
                row.text(rect.x + 2, y, "▸", Role::Accent);
                row
            }
            false => panel.again(),
        };
        if listed[i].name == choice.before() {
            row.text(rect.x + 3, y, "●", Role::Muted);
        }
        theme_row(&mut row, cells, themes, &listed[i]);
    }
    let x = rect.x + 3;
    let under = listed.get(choice.cursor);
    let fault = under.and_then(|listed| listed.found.as_ref().err());
    let lines = fault.map_or_else(Vec::new, |error| wrap(error, wide - 6));
    let first = rect.bottom() - 3 - FAULT;
    for (line, y) in lines.iter().zip(first..).take(FAULT.into()) {
        panel.text(x, y, line, Role::Error);
    }
    let enter = model.key_in(Context::Theme, Intent::Enter);
    let back = model.key_in(Context::Theme, Intent::Back);
    let glyphs = panel.theme().glyphs();
    let (enter, back) = (glyphs.keys(&enter), glyphs.keys(&back));
    let keys = [
        (&*enter, Role::Accent.into()),
        (" keep it   ", Role::Muted.into()),
        (&*back, Role::Accent.into()),
        (" as it was", Role::Muted.into()),
    ];
    panel.runs(x, rect.bottom() - 2, &keys);
}

fn theme_row(row: &mut Canvas<'_>, cells: Rect, themes: &Themes, listed: &ListedTheme) {
    let (x, y) = (cells.x, cells.y);
    let name = cut(&listed.name, ABOUT - 6);
    row.text(x + 4, y, name, if listed.found.is_ok() { Role::Text } else { Role::Muted });
    let swatch = cells.right().saturating_sub(SWATCH + 2);
    let room = swatch.saturating_sub(x + ABOUT + 1);
    let (about, role) = match &listed.found {
        Ok(scheme) if scheme.about().is_empty() && listed.is_yours => {
            ("yours".to_owned(), Role::Muted)
        }
        Ok(scheme) if listed.is_yours => (format!("{}, yours", scheme.about()), Role::Muted),
        Ok(scheme) => (scheme.about().to_owned(), Role::Muted),
        Err(_) => ("no theme as it is".to_owned(), Role::Error),
    };
    row.text(x + ABOUT, y, cut(&about, room), role);
    let Ok(scheme) = &listed.found else { return };
    let theme = Theme::new(scheme.clone(), themes.display());
    if theme.depth() == Depth::Mono || swatch < x + ABOUT {
        return;
    }
    let ground = theme.colour(Role::Canvas);
    for (cell, at) in (0..SWATCH).zip(swatch..) {
        let role = (cell as usize).checked_sub(1).and_then(|i| SWATCHES.get(i));
        match role {
            Some(role) => row.sample(at, y, "■", (theme.colour(*role), ground)),
            None => row.sample(at, y, " ", (ground, ground)),
        }
    }
}
