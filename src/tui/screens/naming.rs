//! Asks for a preset's name. Must not change anything. Invariant: what stands in the way is seen with
//! the name.

use ratatui::layout::Rect;

use super::help::frame;
use crate::tui::{
    canvas::{Canvas, cut, wrap},
    keymap::{Context, Intent},
    model::{Model, Naming, Purpose},
    theme::{Ground, Role},
};

const WIDTH: u16 = 64;
const HEIGHT: u16 = 9;

pub fn draw(model: &Model, naming: &Naming, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let title = match naming.purpose {
        Purpose::New => "New preset over",
        Purpose::Duplicate => "Duplicate",
        Purpose::SaveAs => "Save as",
    };
    if w < 24 || h < HEIGHT {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let text = naming.error.clone().unwrap_or_else(|| format!("name: {}", naming.edit.text()));
        line.text(0, 0, cut(&text, w), Role::Strong);
        return;
    }
    let width = w.min(WIDTH);
    let rect = Rect::new((w - width) / 2, (h - HEIGHT) / 2, width, HEIGHT);
    let mut panel = canvas.on(Ground::Panel, rect);
    frame(&mut panel, rect);
    let title = match naming.purpose {
        Purpose::SaveAs => format!(" {title} "),
        Purpose::New | Purpose::Duplicate => format!(" {title} {} ", naming.from),
    };
    panel.text(rect.x + 2, rect.y, cut(&title, width - 4), Role::Strong.bold());
    let (x, room) = (rect.x + 3, width - 6);
    let at = panel.text(x, rect.y + 2, "name  ", Role::Muted);
    let edit = &naming.edit;
    let before = edit.before();
    let fits = usize::from(room.saturating_sub(8));
    let skip = before.chars().count().saturating_sub(fits);
    let at =
        panel.text(at, rect.y + 2, before.chars().skip(skip).collect::<String>(), Role::Strong);
    let at = panel.text(at, rect.y + 2, "▏", Role::Accent);
    let rest = (rect.right() - 2).saturating_sub(at);
    panel.text(at, rect.y + 2, cut(edit.after(), rest), Role::Strong);
    let (text, role) = match &naming.error {
        Some(error) => (error.as_str(), Role::Error),
        None => ("a file in the folder of your presets, zendo/presets", Role::Faint),
    };
    for (line, y) in wrap(text, room).iter().zip(rect.y + 4..rect.bottom() - 2) {
        panel.text(x, y, line, role);
    }
    let enter = model.key_in(Context::Path, Intent::Enter);
    let back = model.key_in(Context::Path, Intent::Back);
    let glyphs = panel.theme().glyphs();
    let (enter, back) = (glyphs.keys(&enter), glyphs.keys(&back));
    let keys = [
        (&*enter, Role::Accent.into()),
        (" write it   ", Role::Muted.into()),
        (&*back, Role::Accent.into()),
        (" leave it", Role::Muted.into()),
    ];
    panel.runs(x, rect.bottom() - 2, &keys);
}
