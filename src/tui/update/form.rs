//! What keys do in the form.

use super::moved;
use crate::{
    run::RunSpec,
    tui::{
        action::Effect,
        keymap::Intent,
        model::{FIELDS, Form, Kind, Model, Screen, Search},
    },
};

/// Begins typing, but not where only a choice can be made.
pub(super) fn begin(form: &mut Form, first: Option<char>) {
    match form.field().kind {
        Kind::Choice(_) => {}
        Kind::Whole | Kind::Size | Kind::Word => form.begin(first),
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Screen::Form(form) = &mut model.screen else {
        return Vec::new();
    };
    if form.edit.is_some() {
        match intent {
            Intent::Enter => form.commit(),
            Intent::Back => form.edit = None,
            _ => {}
        }
        return Vec::new();
    }
    if let Some(row) = moved(form.cursor, FIELDS.len(), 5, intent) {
        form.cursor = row;
        return Vec::new();
    }
    match intent {
        Intent::Start => return start(model),
        Intent::Edit | Intent::NextValue => match form.field().kind {
            Kind::Choice(choices) => form.cycle(choices, 1),
            Kind::Whole | Kind::Size | Kind::Word => form.begin(None),
        },
        Intent::PreviousValue => match form.field().kind {
            Kind::Choice(choices) => form.cycle(choices, -1),
            Kind::Whole | Kind::Size | Kind::Word => {}
        },
        Intent::Undo => form.undo(),
        Intent::Back if form.refusal.is_some() => form.refusal = None,
        Intent::Back => {
            // Parked, not dropped: what was changed is there again when the preset is reopened.
            if let Screen::Form(form) = std::mem::replace(&mut model.screen, Screen::Picker) {
                model.parked = Some(form);
            }
        }
        _ => {}
    }
    Vec::new()
}

fn start(model: &mut Model) -> Vec<Effect> {
    let Screen::Form(form) = &mut model.screen else {
        return Vec::new();
    };
    let Some(preset) = form.startable() else {
        return Vec::new();
    };
    let spec = RunSpec { name: form.name.clone(), preset, out: None };
    let search = Screen::Search(Box::new(Search::new(spec.clone(), model.now_ms)));
    if let Screen::Form(form) = std::mem::replace(&mut model.screen, search) {
        model.parked = Some(form);
    }
    vec![Effect::Start(Box::new(spec))]
}
