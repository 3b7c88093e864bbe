//! Asks in which format to take networks home.

use ratatui::layout::Rect;

use super::help::frame;
use crate::tui::{
    canvas::{Canvas, cut},
    keymap::{Context, Intent, Place, RunState},
    model::{Export, MAX_FILES, Model},
    theme::{Ground, Role},
};

const WIDTH: u16 = 64;

pub fn draw(model: &Model, export: &Export, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let place = Place { context: Context::Export, run: RunState::None };
    let rows: Vec<_> = model.keymap.rows(place).filter(|row| !row.label.is_empty()).collect();
    if w < 24 || h < 8 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let keys: Vec<_> = rows.iter().map(|row| format!("{} {}", row.short, row.label)).collect();
        line.text(0, 0, cut(&keys.join("  "), w), Role::Strong);
        return;
    }
    let (width, height) = (w.min(WIDTH), (rows.len() as u16 + 6).min(h - 1));
    let rect = Rect::new((w - width) / 2, (h - height) / 2, width, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    frame(&mut panel, rect);
    let title = format!(" Export {} ", cut(&export.title(), width.saturating_sub(16)));
    panel.text(rect.x + 2, rect.y, title, Role::Strong.bold());
    let tabulates = export.tabulates();
    let mut y = rect.y + 2;
    for row in rows {
        let table = row.means(Intent::ExportCsv) || row.means(Intent::ExportJson);
        if table && !tabulates || y + 2 >= rect.bottom() {
            continue;
        }
        panel.keys(rect.x + 3, y, &row.short, Role::Accent);
        panel.text(rect.x + 8, y, cut(row.label, width - 12), Role::Text);
        let more = match (row.intents[0], export.nets.len() > MAX_FILES) {
            (Intent::ExportPyTorch, true) => {
                format!("a Python file each, of the first {MAX_FILES}")
            }
            (intent, _) => explanation(intent).to_owned(),
        };
        let room = width.saturating_sub(26);
        panel.text(rect.x + 22, y, cut(&more, room), Role::Muted);
        y += 1;
    }
    if y + 2 < rect.bottom() {
        let text = "into the folder that zendo was started in";
        panel.text(rect.x + 3, y + 1, cut(text, width - 6), Role::Faint);
    }
}

fn explanation(intent: Intent) -> &'static str {
    match intent {
        Intent::ExportStructure => "a line each, as the reference reads",
        Intent::ExportPyTorch => "a Python file each, with shortcuts",
        Intent::ExportCsv => "scores, costs, ancestry, structure",
        Intent::ExportJson => "the same, an object a line",
        _ => "",
    }
}
