//! Every action by its name, over a screen.

use ratatui::layout::Rect;

use super::{help::frame, prompt::typed};
use crate::tui::{
    canvas::{Canvas, cut, width},
    layout::Columns,
    model::Palette,
    spots::{List, Target},
    theme::{Ground, Role},
};

const WIDTH: u16 = 72;
const HEIGHT: u16 = 19;

pub fn draw(palette: &Palette, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let (wide, high) = (w.min(WIDTH), h.saturating_sub(1).min(HEIGHT));
    if wide < 20 || high < 5 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let found = palette.matches();
        let name = found.get(palette.cursor).map_or("none", |entry| entry.name);
        line.text(0, 0, cut(&format!(": {} {name}", palette.edit.text()), w), Role::Strong);
        return;
    }
    let rect = Rect::new((w - wide) / 2, 4.min(h - high), wide, high);
    let mut panel = canvas.on(Ground::Panel, rect);
    panel.spot(rect, Target::List(List::Actions));
    frame(&mut panel, rect);
    let found = palette.matches();
    panel.text(rect.x + 2, rect.y, " Actions ", Role::Strong.bold());
    let count = format!(" {} of {} ", found.len(), palette.count());
    panel.text(rect.right() - 2 - width(&count), rect.y, count, Role::Muted);
    let x = panel.text(rect.x + 3, rect.y + 1, ": ", Role::Accent);
    typed(&mut panel, Columns { start: x, end: rect.right() - 3 }, rect.y + 1, &palette.edit);
    let rows = usize::from(high - 4);
    let top = (palette.cursor + 1).saturating_sub(rows);
    for (i, (entry, y)) in found.iter().skip(top).zip(rect.y + 3..).take(rows).enumerate() {
        let is_selected = top + i == palette.cursor;
        let shown = panel.theme().glyphs().keys(&entry.keys);
        let cells = Rect::new(rect.x + 1, y, wide - 2, 1);
        panel.spot(cells, Target::Row(List::Actions, top + i));
        let mut row = match is_selected {
            true => {
                let mut row = panel.on(Ground::Selection, cells);
                row.text(rect.x + 2, y, "▸", Role::Accent);
                row
            }
            false => panel.again(),
        };
        let keys = width(&shown);
        let taken = if wide >= 60 { wide - 45 } else { keys + 4 };
        let room = wide.saturating_sub(taken + 6);
        row.text(rect.x + 5, y, cut(entry.name, room.max(10)), Role::Text);
        if wide >= 60 {
            let place = entry.tab.map_or("zendo", |tab| tab.title());
            row.text(rect.x + 46, y, place, Role::Muted);
        }
        row.right(rect.right() - 3, y, shown, Role::Accent);
    }
    if found.is_empty() {
        panel.text(rect.x + 5, rect.y + 3, "nothing is called so", Role::Faint);
    }
}
