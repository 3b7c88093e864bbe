//! What keys do in the form.

use super::{moved, solve};
use crate::{
    run::RunSpec,
    tui::{
        action::Effect,
        keymap::{Intent, Tab},
        model::{DiffView, FIELDS, Form, Kind, Model, Search},
    },
};

/// Begins typing, but not where only a choice can be made.
pub(super) fn begin(form: &mut Form) {
    match form.field().kind {
        Kind::Choice(_) => {}
        Kind::Whole | Kind::Size | Kind::Word => form.begin(),
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(form) = model.setup.open_form_mut() else {
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
        Intent::Solve => return solve::begin(model),
        Intent::Edit | Intent::NextValue => match form.field().kind {
            Kind::Choice(choices) => form.cycle(choices, 1),
            Kind::Whole | Kind::Size | Kind::Word => form.begin(),
        },
        Intent::PreviousValue => match form.field().kind {
            Kind::Choice(choices) => form.cycle(choices, -1),
            Kind::Whole | Kind::Size | Kind::Word => {}
        },
        Intent::Undo => form.undo(),
        Intent::Back if form.refusal.is_some() => form.refusal = None,
        // Not dropped: what was changed is there again when the preset is reopened.
        Intent::Back => model.setup.shows_form = false,
        _ => {}
    }
    Vec::new()
}

pub(super) fn start(model: &mut Model) -> Vec<Effect> {
    let searching = model.is_searching();
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    let Some(preset) = form.startable() else {
        return Vec::new();
    };
    if searching {
        form.refusal = Some("a search is running; S on its screen stops it".to_owned());
        return Vec::new();
    }
    let spec = RunSpec { name: form.name.clone(), preset, out: None };
    model.search = Some(Box::new(Search::new(spec.clone(), model.now_ms)));
    model.pins.leave_run();
    model.diff = DiffView::default();
    model.tab = Tab::Search;
    vec![Effect::Forget, Effect::Start(Box::new(spec))]
}
