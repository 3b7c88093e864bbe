//! What keys do in the log.

use super::{moved, network};
use crate::tui::{
    action::Effect,
    format,
    keymap::Intent,
    model::{Document, Model},
};

/// A page.
const PAGE: usize = 10;

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Model { log: view, search: Some(search), .. } = model else {
        return Vec::new();
    };
    if view.edit.is_some() {
        match intent {
            Intent::Enter if view.error.is_none() => view.edit = None,
            Intent::Back => view.clear_filter(),
            _ => {}
        }
        view.refresh(search);
        return Vec::new();
    }
    if let Some(row) = moved(view.row, view.rows().len(), PAGE, intent) {
        view.select(row);
        return Vec::new();
    }
    match intent {
        Intent::Filter => view.begin(),
        Intent::Follow => view.select(0),
        Intent::Back => {
            view.clear_filter();
            view.refresh(search);
        }
        Intent::Enter => {
            let id = view.selected(search).and_then(|event| event.id);
            // One that is forgotten can't be shown.
            if let Some(member) = id.and_then(|id| search.find(id)).cloned() {
                network::show(model, &member);
            }
        }
        Intent::Copy => {
            let Some(event) = view.selected(search) else { return Vec::new() };
            let text = event.text();
            model.say("sent the event".to_owned(), "to the clipboard of your terminal");
            return vec![Effect::Copy(text)];
        }
        Intent::Save => {
            let rows = (0..view.rows().len()).rev().filter_map(|row| view.event(row, search));
            let line = |event: &crate::tui::model::Event| {
                format!(
                    "{:>9}  {:<5}  {}\n",
                    format::span(event.at_ms),
                    event.kind.name(),
                    event.text()
                )
            };
            let stem = format!("zendo-{}-log", search.spec.name.replace('/', "-"));
            let text = rows.map(line).collect();
            return vec![Effect::Write(Document { stem, extension: "txt", text })];
        }
        _ => {}
    }
    Vec::new()
}
