//! Asks whether to leave what would be lost.

use ratatui::layout::Rect;

use super::help::frame;
use crate::tui::{
    canvas::{Canvas, cut, wrap},
    model::{Form, Model},
    theme::{Ground, Role},
};

const QUESTION: &str = "The search runs in this program and ends with it. What it has found so far \
                        is lost unless it is copied first.";

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        // No room for a question: its keys, or a stray y would end a search unasked.
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        line.text(0, 0, cut("leave? y yes  esc stay", w), Role::Warn.bold());
        return;
    }
    let width = w.min(64);
    let unsaved: Vec<&str> =
        model.setup.unsaved().filter(|form| form.is_worth_asking()).map(Form::name).collect();
    let mut question = if model.is_searching() { QUESTION.to_owned() } else { String::new() };
    if !unsaved.is_empty() {
        question.push_str(&format!(" Not saved: {}.", unsaved.join(", ")));
    }
    let (title, leave) = match model.is_searching() {
        true => (" Leave a running search? ", " stop and leave   "),
        false => (" Leave without saving? ", " leave   "),
    };
    let lines = wrap(&question, width.saturating_sub(6));
    let height = (lines.len() as u16 + 6).min(h);
    let (x, y) = ((w - width) / 2, (h - height) / 2);
    let rect = Rect::new(x, y, width, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    frame(&mut panel, rect);
    panel.text(x + 2, y, title, Role::Strong.bold());
    for (line, y) in lines.iter().zip(y + 2..(y + height).saturating_sub(3)) {
        panel.text(x + 3, y, line, Role::Text);
    }
    let keys = [
        ("y", Role::Accent.into()),
        (leave, Role::Muted.into()),
        ("esc", Role::Accent.into()),
        (" stay", Role::Muted.into()),
    ];
    panel.runs(x + 3, y + height - 3, &keys);
}
