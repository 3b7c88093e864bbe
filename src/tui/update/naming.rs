//! What keys do while a preset's name is asked for, and what came of writing it.

use std::path::PathBuf;

use crate::{
    run::{Existing, SaveError, check_preset_name},
    tui::{
        action::{Effect, Save, SaveOf},
        keymap::Intent,
        model::{Form, Model, Naming, Overlay, Purpose, Row},
    },
};

/// Asks for the name of a preset that is to be written.
pub(super) fn begin(model: &mut Model, purpose: Purpose, (from, text): (&str, String)) {
    model.overlay = Some(Overlay::Naming(Box::new(Naming::new(purpose, from, text))));
}

/// Asks for the name of a new preset, over the selected one or a copy of it.
pub(super) fn begin_new(model: &mut Model, purpose: Purpose) {
    let picker = &model.setup.picker;
    let row = picker.selected();
    let Some((reference, own)) = picker.base(row) else { return };
    let (name, path) = match row {
        Row::Shipped(entry) => (entry.name.clone(), None),
        Row::Yours(yours) => (yours.name.clone(), Some(yours.path.as_path())),
        Row::File => return,
    };
    // A copy is one of what is seen, changes included.
    let is_it = |form: &&Form| form.name() == name && form.path() == path;
    let form = model.setup.unsaved().find(is_it).filter(|form| form.errors() == 0);
    let text = match purpose {
        Purpose::New => format!("extends = {}\n", toml::Value::String(reference)),
        Purpose::Duplicate | Purpose::SaveAs => form.map_or(own, Form::text),
    };
    begin(model, purpose, (&name, text));
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Naming(naming)) = &mut model.overlay else {
        return Vec::new();
    };
    match intent {
        Intent::Back => model.overlay = None,
        Intent::Enter => {
            let name = naming.edit.text().trim().to_owned();
            if let Err(why) = check_preset_name(&name) {
                naming.error = Some(why);
                return Vec::new();
            }
            let is_asked_again = naming.taken.as_ref() == Some(&name);
            let save = Save {
                path: None,
                text: naming.text.clone(),
                seen: None,
                existing: if is_asked_again { Existing::Replace } else { Existing::Keep },
                of: match naming.purpose {
                    Purpose::SaveAs => SaveOf::Form,
                    Purpose::New | Purpose::Duplicate => SaveOf::New,
                },
                name,
            };
            return vec![Effect::SavePreset(Box::new(save))];
        }
        _ => {}
    }
    Vec::new()
}

/// A preset was written, or could not be.
pub(super) fn saved(
    model: &mut Model,
    save: Save,
    result: Result<PathBuf, SaveError>,
) -> Vec<Effect> {
    let error = match result {
        Ok(path) => {
            model.overlay = None;
            model.setup.picker.error = None;
            return match (save.of, &mut model.setup.form) {
                (SaveOf::Form, Some(form)) => {
                    form.was_saved(&save.name, path, save.text);
                    vec![Effect::ListPresets]
                }
                (SaveOf::Form | SaveOf::New, _) => {
                    vec![Effect::ListPresets, Effect::Open(path.to_string_lossy().into_owned())]
                }
            };
        }
        Err(error) => error,
    };
    let (text, is_taken) = match error {
        SaveError::Exists(_) => {
            (format!("{} is there already; Enter again replaces it", save.name), true)
        }
        SaveError::Other(reason) => (reason, false),
    };
    match (&mut model.overlay, &mut model.setup.form) {
        (Some(Overlay::Naming(naming)), _) => {
            naming.taken = is_taken.then_some(save.name);
            naming.error = Some(text);
        }
        (_, Some(form)) => form.refusal = Some(format!("Not saved: {text}")),
        (_, None) => model.setup.picker.error = Some(text),
    }
    Vec::new()
}
