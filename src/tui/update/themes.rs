//! What keys do where a theme is chosen: the cursor shows, Enter keeps, Esc leaves it as it was.

use super::moved;
use crate::{
    run::UserTheme,
    tui::{
        action::Effect,
        keymap::Intent,
        model::{Model, Overlay, ThemeChoice},
    },
};

pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Theme(Box::new(ThemeChoice::new(&model.themes))));
    // A file may have been written, or mended, meanwhile.
    vec![Effect::ListThemes]
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Theme(choice)) = &mut model.overlay else {
        return Vec::new();
    };
    let listed = model.themes.listed();
    if let Some(cursor) = moved(choice.cursor, listed.len(), 10, intent) {
        choice.cursor = cursor;
        preview(model);
        return Vec::new();
    }
    match intent {
        Intent::Back => let_go(model),
        Intent::Enter => {
            let Some(chosen) = listed.get(choice.cursor) else { return Vec::new() };
            // What is wrong with it stands below the list.
            if chosen.found.is_err() {
                return Vec::new();
            }
            let name = chosen.name.clone();
            model.overlay = None;
            return vec![Effect::KeepTheme(name)];
        }
        _ => {}
    }
    Vec::new()
}

/// Draws everything in the theme under the cursor, where it is one.
pub(super) fn preview(model: &mut Model) {
    let Some(Overlay::Theme(choice)) = &model.overlay else { return };
    if let Some(listed) = model.themes.listed().get(choice.cursor).filter(|l| l.found.is_ok()) {
        let name = listed.name.clone();
        model.themes.show(&name).expect("it is listed and is a theme");
    }
}

/// Closes the list, where it is open; nothing was chosen.
pub(super) fn let_go(model: &mut Model) {
    if !matches!(model.overlay, Some(Overlay::Theme(_))) {
        return;
    }
    if let Some(Overlay::Theme(choice)) = model.overlay.take() {
        choice.undo(&mut model.themes);
    }
}

/// The user's themes, as they are now. The cursor stays on its theme.
pub(super) fn listed(model: &mut Model, yours: Vec<UserTheme>) {
    let under = match &model.overlay {
        Some(Overlay::Theme(choice)) => {
            model.themes.listed().get(choice.cursor).map(|listed| listed.name.clone())
        }
        _ => None,
    };
    model.themes.list(yours);
    if let Some(Overlay::Theme(choice)) = &mut model.overlay {
        let listed = model.themes.listed();
        let again = listed.iter().position(|listed| Some(&listed.name) == under.as_ref());
        choice.cursor = again.unwrap_or(0);
        preview(model);
    }
}

pub(super) fn kept(model: &mut Model, name: &str, result: Result<String, String>) {
    match result {
        Ok(path) => model.say(format!("theme {name}"), &format!("kept in {path}")),
        Err(why) => model.complain(format!("theme {name} holds until zendo is left: {why}")),
    }
}

#[cfg(test)]
mod tests;
