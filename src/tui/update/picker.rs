//! What keys do among the presets.

use super::moved;
use crate::{
    space::{PresetError, PresetSource},
    tui::{
        action::Effect,
        edit::LineEdit,
        keymap::Intent,
        model::{Form, Model},
    },
};

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let picker = &mut model.setup.picker;
    if let Some(path) = &picker.path {
        match intent {
            Intent::Enter => {
                let path = path.text();
                return if path.is_empty() { Vec::new() } else { vec![Effect::Open(path)] };
            }
            Intent::Back => picker.path = None,
            _ => {}
        }
        return Vec::new();
    }
    if let Some(row) = moved(picker.cursor, picker.entries.len() + 1, 5, intent) {
        picker.cursor = row;
        picker.error = None;
        return Vec::new();
    }
    match (intent, picker.selected()) {
        (Intent::Enter, Some(entry)) => return vec![Effect::Open(entry.name.clone())],
        (Intent::OpenFile, _) | (Intent::Enter, None) => {
            picker.cursor = picker.entries.len();
            picker.path = Some(LineEdit::default());
            picker.error = None;
        }
        (Intent::Back, _) => picker.error = None,
        _ => {}
    }
    Vec::new()
}

pub(super) fn opened(model: &mut Model, result: Result<PresetSource, PresetError>) {
    // A file is read afresh, it may have changed; a listed preset goes on where it was left.
    let setup = &mut model.setup;
    let listed = setup.picker.path.is_none();
    match result.and_then(Form::new) {
        Ok(form) => {
            let left = setup.form.take().filter(|left| listed && left.name == form.name);
            setup.picker.path = None;
            setup.picker.error = None;
            setup.open(left.unwrap_or_else(|| Box::new(form)));
        }
        Err(error) => setup.picker.error = Some(error.to_string()),
    }
}
