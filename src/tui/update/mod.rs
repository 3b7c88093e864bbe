//! How the model changes. Pure: a model and an action give a changed model and effects; must not
//! know clocks, files, channels. Invariant: every way out of a running search asks first.

mod form;
mod picker;
mod search;

use super::{
    Exit,
    action::{Action, Effect},
    keymap::{Intent, Key},
    model::{Model, Overlay, Screen},
    screens::help,
};

/// Applies `action`; what is to be done in the world comes back.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Intent(intent) => intend(model, intent),
        Action::Type(key) => {
            type_key(model, key);
            Vec::new()
        }
        Action::Paste(text) => {
            paste(model, &text);
            Vec::new()
        }
        Action::Resize { width, height } => {
            (model.width, model.height) = (width, height);
            Vec::new()
        }
        Action::Clock(now_ms) => {
            model.now_ms = now_ms;
            Vec::new()
        }
        Action::Engine(update) => search::heard(model, update),
        Action::EngineOver => {
            search::over(model);
            Vec::new()
        }
        Action::Opened(result) => {
            picker::opened(model, *result);
            Vec::new()
        }
    }
}

fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::Redraw => return vec![Effect::Redraw],
        Intent::Suspend => return vec![Effect::Suspend],
        Intent::StopAndLeave => return search::stop_and_leave(),
        Intent::Quit => return quit(model),
        Intent::Help => {
            model.overlay = Some(Overlay::Help { scroll: 0 });
            return Vec::new();
        }
        Intent::Back if model.overlay.is_some() => {
            model.overlay = None;
            return Vec::new();
        }
        _ => {}
    }
    if let Some(Overlay::Help { scroll }) = model.overlay {
        let page = help::Page::new(model.base_context(), model.width, model.height);
        let lines = usize::from(page.most_scroll()) + 1;
        let moved = moved(scroll.into(), lines, page.visible().into(), intent);
        if let Some(scroll) = moved.and_then(|scroll| u16::try_from(scroll).ok()) {
            model.overlay = Some(Overlay::Help { scroll });
        }
        return Vec::new();
    }
    match &model.screen {
        Screen::Picker => picker::intend(model, intent),
        Screen::Form(_) => form::intend(model, intent),
        Screen::Search(_) => search::intend(model, intent),
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    match &model.screen {
        Screen::Search(search) if !search.is_over() => {
            model.overlay = Some(Overlay::Leave);
            Vec::new()
        }
        Screen::Picker | Screen::Form(_) | Screen::Search(_) => vec![Effect::Leave(Exit::Done)],
    }
}

fn type_key(model: &mut Model, key: Key) {
    if model.overlay.is_some() {
        return;
    }
    match &mut model.screen {
        Screen::Picker => {
            if let Some(path) = &mut model.picker.path {
                path.key(key);
            }
        }
        Screen::Form(form) => match (&mut form.edit, key) {
            (Some(edit), key) => edit.key(key),
            (None, Key::Char(c)) if c.is_ascii_digit() => form::begin(form, Some(c)),
            (None, Key::Backspace | Key::Delete) => form::begin(form, None),
            (None, _) => {}
        },
        Screen::Search(_) => {}
    }
}

fn paste(model: &mut Model, text: &str) {
    if model.overlay.is_some() {
        return;
    }
    let line = match &mut model.screen {
        Screen::Picker => model.picker.path.as_mut(),
        Screen::Form(form) => form.edit.as_mut(),
        Screen::Search(_) => None,
    };
    if let Some(line) = line {
        line.insert(text.trim());
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
mod tests;
