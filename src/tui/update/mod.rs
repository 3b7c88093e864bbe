//! How the model changes. Pure: a model and an action give a changed model and effects; must not
//! know clocks, files, channels. Invariant: every way out of a running search asks first.

mod candidate;
mod diff;
mod export;
mod form;
mod hosting;
mod lab;
mod latency;
mod log;
mod mouse;
mod naming;
mod network;
mod palette;
mod picker;
mod population;
mod prompt;
mod runs;
mod search;
mod solve;
mod themes;
mod tune;

use crate::run::protocol::Command;

use super::{
    Exit,
    action::{Action, Effect},
    edit::LineEdit,
    keymap::{Context, Intent, Key, RunState, Tab},
    model::{Model, Notice, Overlay, Panel},
    screens::help,
};

/// Applies `action`; what is to be done in the world comes back.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let only_time = matches!(action, Action::Clock(_));
    let mut effects = apply(model, action);
    if !only_time {
        effects.extend(diff::follow(model));
        effects.extend(lab::follow(model));
        effects.extend(latency::follow(model));
        if let (Tab::Log, Some(search)) = (model.tab, &model.search) {
            model.log.refresh(search);
        }
    }
    effects
}

fn apply(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(
        action,
        Action::Intent(_) | Action::Type(_) | Action::Paste(_) | Action::Mouse { .. }
    ) {
        model.notice = None;
    }
    match action {
        Action::Intent(intent) => intend(model, intent),
        Action::Type(key) => type_key(model, key),
        Action::Mouse { x, y, kind } => mouse::point(model, (x, y), kind),
        Action::Paste(text) => paste(model, &text),
        Action::Read(path, text) => {
            model.setup.picker.was_read(path, text);
            form::reread(model)
        }
        Action::Resize { width, height } => {
            (model.width, model.height) = (width, height);
            Vec::new()
        }
        Action::Clock(now_ms) => {
            model.now_ms = now_ms;
            hosting::follow(model)
        }
        Action::Line(level) => {
            model.line = level;
            Vec::new()
        }
        Action::Engine(update) => search::heard(model, update),
        Action::EngineOver => {
            search::over(model);
            Vec::new()
        }
        Action::Watch(folder) => {
            model.watch(folder.clone());
            vec![Effect::Attach(folder)]
        }
        Action::Attached(folder) => {
            hosting::attached(model, folder);
            Vec::new()
        }
        Action::NotAttached { folder, why } => {
            hosting::not_attached(model, folder, &why);
            Vec::new()
        }
        Action::Lost(why) => {
            hosting::lost(model, why);
            hosting::follow(model)
        }
        Action::Proved(proof) => {
            solve::heard(model, proof);
            Vec::new()
        }
        Action::Wrote(document, result) => {
            export::wrote(model, &document, result);
            Vec::new()
        }
        Action::Presets(presets) => {
            model.setup.picker.list(presets);
            Vec::new()
        }
        Action::Runs(kept) => {
            runs::listed(model, kept);
            Vec::new()
        }
        Action::ReadRun(run, picture) => runs::opened(model, &run, picture),
        Action::ComparedRuns(pair) => {
            runs::compared(model, pair);
            Vec::new()
        }
        Action::Themes(yours) => {
            themes::listed(model, yours);
            Vec::new()
        }
        Action::KeptTheme(name, result) => {
            themes::kept(model, &name, result);
            Vec::new()
        }
        Action::Lab(heard) => lab::heard(model, heard),
        Action::Estimated(result) => {
            form::estimated(model, result);
            Vec::new()
        }
        Action::SavedPreset(save, result) => naming::saved(model, *save, result),
        Action::Predicted(predicted) => {
            if let Some(search) = &mut model.search {
                search.predictions.hear(predicted);
            }
            Vec::new()
        }
        Action::Opened(result) => picker::opened(model, result),
    }
}

fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::Palette => {
            palette::begin(model);
            return Vec::new();
        }
        Intent::Theme => return themes::begin(model),
        Intent::Runs => return runs::begin(model),
        Intent::Tune => return tune::begin(model),
        Intent::Untune => return tune::undo(model),
        Intent::Mouse => return mouse::toggle(model),
        Intent::Redraw => return vec![Effect::Redraw],
        Intent::Suspend => return vec![Effect::Suspend],
        Intent::StopAndLeave | Intent::Detach | Intent::TryAgain => {
            return hosting::intend(model, intent);
        }
        Intent::Checkpoint => {
            model.notice = Some(Notice {
                lead: "a checkpoint is wanted".to_owned(),
                detail: "the log says when it is written".to_owned(),
                failed: false,
            });
            return vec![Effect::Tell(Command::Checkpoint)];
        }
        Intent::Why => return lab::why(model),
        Intent::Quit => return quit(model),
        Intent::Show(tab) => {
            return show(model, tab);
        }
        Intent::Help => {
            model.overlay = Some(Overlay::Help { scroll: 0 });
            return Vec::new();
        }
        _ if matches!(model.overlay, Some(Overlay::Solve(_))) => {
            return solve::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Palette(_))) => {
            return palette::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Runs(_))) => {
            return runs::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Theme(_))) => {
            return themes::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Tune(_))) => {
            return tune::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Naming(_))) => {
            return naming::intend(model, intent);
        }
        _ if matches!(model.overlay, Some(Overlay::Export(_))) => {
            return export::intend(model, intent);
        }
        Intent::ExportStructure
        | Intent::ExportPyTorch
        | Intent::ExportCsv
        | Intent::ExportJson => return export::at_once(model, intent),
        Intent::Stop if matches!(model.overlay, Some(Overlay::Stop)) => {
            model.overlay = None;
            return vec![Effect::Tell(Command::Stop)];
        }
        Intent::Back if model.overlay.is_some() => {
            model.overlay = None;
            return Vec::new();
        }
        _ => {}
    }
    if let Some(Overlay::Help { scroll }) = model.overlay {
        let page = help::Page::new(&model.keymap, model.base_place(), (model.width, model.height));
        let lines = usize::from(page.most_scroll()) + 1;
        let moved = moved(scroll.into(), lines, page.visible().into(), intent);
        if let Some(scroll) = moved.and_then(|scroll| u16::try_from(scroll).ok()) {
            model.overlay = Some(Overlay::Help { scroll });
        }
        return Vec::new();
    }
    if let Some(Overlay::Net(_)) = model.overlay {
        prompt::intend(model, intent);
        return Vec::new();
    }
    if intent == Intent::Back && model.tab != Tab::Setup && typed_line(model).is_none() {
        // What lies over a screen goes first.
        let banner = model.search.as_mut().and_then(|search| search.banner.take());
        if banner.is_some() {
            return Vec::new();
        }
    }
    match intent {
        Intent::Pause => return vec![Effect::Tell(Command::Pause)],
        Intent::Resume => return vec![Effect::Tell(Command::Resume)],
        Intent::Stop if model.run_state() == RunState::Confirming => {
            return vec![Effect::Tell(Command::Stop)];
        }
        Intent::Stop => model.overlay = Some(Overlay::Stop),
        _ => {}
    }
    match model.tab {
        Tab::Setup => match model.setup.open_form().map(|form| form.panel) {
            Some(Panel::Form | Panel::Toml) => form::intend(model, intent),
            Some(Panel::Presets) | None => picker::intend(model, intent),
        },
        Tab::Search => search::intend(model, intent),
        Tab::Population => population::intend(model, intent),
        Tab::Lab => lab::intend(model, intent),
        Tab::Log => log::intend(model, intent),
        Tab::Network => network::intend(model, intent),
        Tab::Diff => diff::intend(model, intent),
    }
}

/// Another screen.
fn show(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.tab = tab;
    match (tab, &model.search) {
        (Tab::Population, Some(search)) => model.population.refresh(search),
        (Tab::Log, Some(search)) => model.log.refresh(search),
        // Another program may have written one meanwhile.
        (Tab::Setup, _) => return vec![Effect::ListPresets],
        _ => {}
    }
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    themes::let_go(model);
    if matches!(model.overlay, Some(Overlay::Leave)) {
        // Twice is an answer; what lives in a host is left to it.
        return vec![Effect::Leave(Exit::Done)];
    }
    if model.asks_to_leave() {
        // What lay over the screen is gone, and what worked for it ends.
        let solves = matches!(model.overlay, Some(Overlay::Solve(_)));
        model.overlay = Some(Overlay::Leave);
        return if solves { vec![Effect::StopSolving] } else { Vec::new() };
    }
    vec![Effect::Leave(Exit::Done)]
}

/// The line that is being typed into.
fn typed_line(model: &mut Model) -> Option<&mut LineEdit> {
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => return Some(&mut palette.edit),
        Some(Overlay::Naming(naming)) => return Some(&mut naming.edit),
        Some(Overlay::Tune(tune)) => return tune.edit.as_mut(),
        Some(_) => return None,
        None => {}
    }
    match model.tab {
        Tab::Setup if model.setup.shows_form => {
            model.setup.form.as_mut().and_then(|form| form.edit.as_mut())
        }
        Tab::Setup => model.setup.picker.path.as_mut(),
        Tab::Population => model.population.edit.as_mut(),
        Tab::Lab => model.lab.edit.as_mut(),
        Tab::Log => model.log.edit.as_mut(),
        Tab::Search | Tab::Network | Tab::Diff => None,
    }
}

fn type_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(Overlay::Net(prompt)) = &mut model.overlay {
        prompt.key(key);
        return Vec::new();
    }
    if let Some(line) = typed_line(model) {
        let before = line.text();
        line.key(key);
        if line.text() != before {
            typed(model);
        }
        return Vec::new();
    }
    if model.place().context == Context::Toml {
        return form::type_text(model, |edit| edit.key(key));
    }
    if model.place().context == Context::Tune {
        tune::type_key(model, key);
        return Vec::new();
    }
    if model.place().context == Context::Form
        && let Some(form) = model.setup.open_form_mut()
        && matches!(key, Key::Backspace | Key::Delete)
    {
        form::begin(form);
    }
    Vec::new()
}

fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    // Many terminals paste a line's end as a lone carriage return.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.as_str();
    if let Some(Overlay::Net(prompt)) = &mut model.overlay {
        prompt.paste(text);
        return Vec::new();
    }
    if let Some(line) = typed_line(model) {
        line.insert(text.trim());
        typed(model);
        return Vec::new();
    }
    if model.place().context == Context::Toml {
        return form::type_text(model, |edit| edit.insert(text));
    }
    Vec::new()
}

/// A line's text has changed; some have a say at once.
fn typed(model: &mut Model) {
    if let Some(Overlay::Palette(palette)) = &mut model.overlay {
        palette.cursor = 0;
        return;
    }
    if matches!(model.overlay, Some(Overlay::Tune(_))) {
        return tune::typed(model);
    }
    match (model.tab, &model.search) {
        (Tab::Setup, _) => {
            if let Some(form) = model.setup.open_form_mut() {
                form.judge_edit();
            }
        }
        (Tab::Population, Some(search)) => population::typed(&mut model.population, search),
        (Tab::Log, Some(search)) => model.log.typed(search),
        _ => {}
    }
}

/// Where a cursor among `count` rows goes.
fn moved(cursor: usize, count: usize, page: usize, intent: Intent) -> Option<usize> {
    let last = count.saturating_sub(1);
    match intent {
        Intent::Up => Some(cursor.saturating_sub(1)),
        Intent::Down => Some((cursor + 1).min(last)),
        Intent::PageUp => Some(cursor.saturating_sub(page)),
        Intent::PageDown => Some((cursor + page).min(last)),
        Intent::First => Some(0),
        Intent::Last => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod setup_tests;
#[cfg(test)]
mod tests;
