//! What keys do in the form.

use super::{moved, naming, solve};
use std::path::Path;

use crate::{
    run::{Estimate, Existing, RunSpec},
    tui::{
        action::{Effect, Save, SaveOf},
        keymap::{Context, Intent, Place, Tab},
        model::{
            DiffView, FIELDS, Form, Kind, LogView, Measured, Model, Panel, Purpose, Search, Shown,
            TextEdit,
        },
    },
};

/// Begins typing, but not where only a choice can be made.
pub(super) fn begin(form: &mut Form) {
    match form.field().kind {
        Kind::Choice(_) => {}
        Kind::Whole | Kind::Size | Kind::Word | Kind::Numbers | Kind::Words | Kind::Proxy(_) => {
            form.begin()
        }
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    // As the screen has it: elsewhere a comparison lies over the form.
    let is_wide = model.width >= 120 && model.height >= 16;
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    form.said = None;
    if form.edit.is_some() {
        match intent {
            Intent::Enter => form.commit(),
            Intent::Back => form.drop_edit(),
            _ => {}
        }
        return Vec::new();
    }
    match (intent, form.panel) {
        (Intent::NextPanel, Panel::Toml) | (Intent::PreviousPanel, Panel::Form) => {
            form.focus(Panel::Presets);
            model.setup.point_at_open();
            return Vec::new();
        }
        (Intent::NextPanel, _) => {
            form.focus(Panel::Toml);
            return Vec::new();
        }
        (Intent::PreviousPanel, _) | (Intent::Back, Panel::Toml) => {
            form.focus(Panel::Form);
            return Vec::new();
        }
        _ => {}
    }
    let changes = matches!(intent, Intent::Edit | Intent::NextValue | Intent::PreviousValue);
    // Nothing is changed that can't be seen.
    if form.compares && !is_wide && (changes || moved(0, 2, 1, intent).is_some()) {
        form.compares = false;
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
            Kind::Proxy(_) if intent == Intent::Edit => form.begin(),
            Kind::Choice(choices) | Kind::Proxy(choices) => form.cycle(choices, 1),
            Kind::Whole | Kind::Size | Kind::Word | Kind::Numbers | Kind::Words => form.begin(),
        },
        Intent::PreviousValue => match form.field().kind {
            Kind::Choice(choices) | Kind::Proxy(choices) => form.cycle(choices, -1),
            Kind::Whole | Kind::Size | Kind::Word | Kind::Numbers | Kind::Words => {}
        },
        Intent::Undo => form.undo(),
        Intent::Save => return save(model),
        Intent::SaveAs if form.stands() => {
            save_as(model);
        }
        Intent::Measure => return measure(model),
        Intent::Compare => form.compares = !form.compares,
        Intent::Back if form.refusal.is_some() => form.refusal = None,
        Intent::Back if form.compares => form.compares = false,
        // Not dropped: what was changed is there again when the preset is reopened.
        Intent::Back => {
            model.setup.shows_form = false;
            model.setup.point_at_open();
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn start(model: &mut Model) -> Vec<Effect> {
    let (searching, run) = (model.watches_a_search(), model.run_state());
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    let Some(preset) = form.startable() else {
        return Vec::new();
    };
    if searching {
        let key = model.keymap.shown(Place { context: Context::Search, run }, Intent::Stop);
        let reason = format!("Can't start: a search is running; {key} on its screen stops it");
        form.refusal = Some(reason);
        return Vec::new();
    }
    form.was_started();
    let name = form.name().to_owned();
    let spec = RunSpec { out: model.next_out(), ..RunSpec::new(&name, preset) };
    model.setup.measured.take_if(|measured| measured.found.is_none());
    model.search = Some(Box::new(Search::new(spec.clone(), model.now_ms)));
    leave_run(model);
    model.tab = Tab::Search;
    vec![Effect::Forget, Effect::Start(Box::new(spec))]
}

/// Ids begin anew: what is looked at and was a candidate is none any more.
pub(super) fn leave_run(model: &mut Model) {
    model.pins.leave_run();
    model.diff = DiffView::default();
    model.log = LogView::default();
    model.population.leave_run();
    if matches!(&model.network.shown, Shown::Net(net) if net.member.is_some()) {
        model.network.follow_best();
    }
}

/// Asks how fast the preset would be scored here.
fn measure(model: &mut Model) -> Vec<Effect> {
    let searching = model.is_searching();
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    let Some(preset) = form.startable() else {
        return Vec::new();
    };
    if searching {
        let reason = "A search has the machine: what is measured beside it would be too slow";
        form.refusal = Some(reason.to_owned());
        return Vec::new();
    }
    let spec = RunSpec::new(form.name(), preset.clone());
    model.setup.measured = Some(Measured { preset, found: None, at_ms: model.now_ms });
    vec![Effect::Estimate(Box::new(spec))]
}

pub(super) fn estimated(model: &mut Model, result: Result<Estimate, String>) {
    if let Some(measured) = &mut model.setup.measured {
        measured.found.get_or_insert(result);
        measured.at_ms = model.now_ms;
    }
}

/// Asks for a name to keep it under, among the user's presets.
fn save_as(model: &mut Model) {
    let Some(form) = model.setup.form.as_deref() else { return };
    let picker = &model.setup.picker;
    let (name, text) =
        (form.name().to_owned(), form.text_for_elsewhere(&|name| picker.is_named(name)));
    naming::begin(model, Purpose::SaveAs, (&name, text));
}

/// Over its own file; a preset without one needs a name.
fn save(model: &mut Model) -> Vec<Effect> {
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    if !form.stands() {
        return Vec::new();
    }
    let (name, text) = (form.name().to_owned(), form.text());
    let Some(path) = form.path().map(Path::to_path_buf) else {
        save_as(model);
        return Vec::new();
    };
    let (existing, of) = (Existing::Replace, SaveOf::Form);
    let (path, seen) = (Some(path), Some(form.saved().to_owned()));
    vec![Effect::SavePreset(Box::new(Save { name, path, text, existing, seen, of }))]
}

/// Changes the text that has the keys.
pub(super) fn type_text(model: &mut Model, change: impl FnOnce(&mut TextEdit)) -> Vec<Effect> {
    let Some(form) = model.setup.form.as_deref_mut() else { return Vec::new() };
    let Some(edit) = &mut form.text_edit else { return Vec::new() };
    change(edit);
    form.said = None;
    take_text(model)
}

/// The text again, now that a file it extends was read.
pub(super) fn reread(model: &mut Model) -> Vec<Effect> {
    let form = model.setup.form.as_deref();
    match form.is_some_and(|form| form.draft.fault.is_some() && form.text_edit.is_some()) {
        true => take_text(model),
        false => Vec::new(),
    }
}

fn take_text(model: &mut Model) -> Vec<Effect> {
    let Some(form) = model.setup.form.as_deref_mut() else { return Vec::new() };
    let picker = &model.setup.picker;
    picker.with_files(|files| form.typed(files));
    picker.wanted_file().map(Effect::Read).into_iter().collect()
}
