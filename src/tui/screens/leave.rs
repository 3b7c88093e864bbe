//! Asks whether to leave a running search.

use ratatui::layout::Rect;

use super::help::frame;
use crate::tui::{
    canvas::{Canvas, cut, wrap},
    theme::{Ground, Role},
};

const QUESTION: &str = "The search runs in this program and ends with it. What it has found so far \
                        is lost unless it is copied first.";

pub fn draw(canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        // No room for a question: its keys, or a stray y would end a search unasked.
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        line.text(0, 0, cut("leave? y yes  esc stay", w), Role::Warn.bold());
        return;
    }
    let width = w.min(64);
    let lines = wrap(QUESTION, width.saturating_sub(6));
    let height = (lines.len() as u16 + 6).min(h);
    let (x, y) = ((w - width) / 2, (h - height) / 2);
    let rect = Rect::new(x, y, width, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    frame(&mut panel, rect);
    panel.text(x + 2, y, " Leave a running search? ", Role::Strong.bold());
    for (line, y) in lines.iter().zip(y + 2..(y + height).saturating_sub(3)) {
        panel.text(x + 3, y, line, Role::Text);
    }
    let keys = [
        ("y", Role::Accent.into()),
        (" stop and leave   ", Role::Muted.into()),
        ("esc", Role::Accent.into()),
        (" stay", Role::Muted.into()),
    ];
    panel.runs(x + 3, y + height - 3, &keys);
}
