//! What keys do among the presets.

use super::{moved, naming};
use std::path::Path;

use crate::{
    run::Broken,
    space::{PresetError, PresetSource},
    tui::{
        action::Effect,
        edit::LineEdit,
        keymap::Intent,
        model::{Form, Model, Panel, Purpose, Row, Yours},
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
    if let Some(row) = moved(picker.cursor, picker.file_row() + 1, 5, intent) {
        picker.cursor = row;
        picker.error = None;
        return Vec::new();
    }
    match (intent, picker.selected()) {
        (Intent::Enter, Row::Shipped(entry)) => return vec![Effect::Open(entry.name.clone())],
        (
            Intent::Enter,
            Row::Yours(Yours { name, path, found: Err(Broken { text: Some(text), .. }) }),
        ) => {
            let form = picker.with_files(|files| Form::broken(name, path, text, files));
            let wanted = picker.wanted_file().map(Effect::Read);
            open(model, form);
            return wanted.into_iter().collect();
        }
        (Intent::Enter, Row::Yours(yours)) => {
            return vec![Effect::Open(yours.path.to_string_lossy().into_owned())];
        }
        (Intent::OpenFile, _) | (Intent::Enter, Row::File) => {
            picker.cursor = picker.file_row();
            picker.path = Some(LineEdit::default());
            picker.error = None;
            model.setup.shows_form = false;
        }
        (Intent::NewPreset, _) => naming::begin_new(model, Purpose::New),
        (Intent::DuplicatePreset, _) => naming::begin_new(model, Purpose::Duplicate),
        (Intent::NextPanel | Intent::PreviousPanel, _) => turn(model, intent),
        (Intent::Back, _) => {
            picker.error = None;
            match model.setup.open_form_mut() {
                Some(form) if form.refusal.is_some() => form.refusal = None,
                Some(_) | None => model.setup.shows_form = false,
            }
        }
        _ => {}
    }
    Vec::new()
}

/// On to the form, or back to its text.
fn turn(model: &mut Model, intent: Intent) {
    let panel = if intent == Intent::NextPanel { Panel::Form } else { Panel::Toml };
    if let Some(form) = &mut model.setup.form {
        form.focus(panel);
        model.setup.shows_form = true;
    }
}

pub(super) fn opened(model: &mut Model, result: Result<PresetSource, PresetError>) {
    match result.and_then(Form::new) {
        Ok(form) => open(model, form),
        Err(error) => refuse(model, error.to_string()),
    }
}

fn open(model: &mut Model, form: Form) {
    let setup = &mut model.setup;
    let path = form.path().map(Path::to_path_buf);
    match setup.open(form) {
        Ok(()) => {
            setup.picker.path = None;
            setup.picker.error = None;
            if let Some(path) = path {
                setup.picker.go_to(&path);
            }
        }
        Err(error) => refuse(model, error),
    }
}

fn refuse(model: &mut Model, error: String) {
    // Beside the form there is no room for it but in the banner.
    if let Some(form) = model.setup.open_form_mut() {
        form.refusal = Some(format!("Can't open: {error}"));
    }
    model.setup.picker.error = Some(error);
}
