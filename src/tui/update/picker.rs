//! What keys do among the presets.

use super::{moved, naming};
use std::path::Path;

use crate::{
    run::Broken,
    space::PresetSource,
    tui::{
        action::Effect,
        edit::LineEdit,
        keymap::Intent,
        model::{Form, Model, Panel, Purpose, Row},
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

pub(super) fn opened(model: &mut Model, result: Result<PresetSource, Box<Broken>>) -> Vec<Effect> {
    match result {
        Ok(source) => match Form::new(source) {
            Ok(form) => return open(model, form),
            Err(error) => refuse(model, error.to_string()),
        },
        Err(broken) => match &*broken {
            Broken { path: Some(path), text: Some(text), .. } => {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let picker = &model.setup.picker;
                let form = picker.with_files(|files| Form::broken(&name, path, text, files));
                return open(model, form);
            }
            Broken { error, .. } => refuse(model, error.to_string()),
        },
    }
    Vec::new()
}

/// Shows a form; a file that its text extends may still have to be read.
fn open(model: &mut Model, form: Form) -> Vec<Effect> {
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
    model.setup.picker.wanted_file().map(Effect::Read).into_iter().collect()
}

fn refuse(model: &mut Model, error: String) {
    // Beside the form there is no room for it but in the banner.
    if let Some(form) = model.setup.open_form_mut() {
        form.refusal = Some(format!("Can't open: {error}"));
    }
    model.setup.picker.error = Some(error);
}
