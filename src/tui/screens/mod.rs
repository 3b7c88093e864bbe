//! Screens: each reads the model and draws. Must not change anything. Invariant: every size from 0×0
//! up draws without panic.

mod best;
mod chrome;
mod confirm;
mod form;
pub mod help;
mod leave;
mod picker;
mod search;
mod small;

use ratatui::buffer::Buffer;

use super::{
    canvas::Canvas,
    model::{Model, Overlay, Screen},
    theme::Theme,
};

/// Draws `model` over the whole of `buffer`.
pub fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    let mut canvas = Canvas::new(buffer, theme);
    if canvas.area().is_empty() {
        return;
    }
    match &model.screen {
        Screen::Picker => picker::draw(model, &mut canvas),
        Screen::Form(form) => form::draw(model, form, &mut canvas),
        Screen::Search(search) => search::draw(model, search, &mut canvas),
    }
    match model.overlay {
        None => {}
        Some(Overlay::Help { scroll }) => help::draw(model.base_context(), scroll, &mut canvas),
        Some(Overlay::Leave) => leave::draw(&mut canvas),
    }
}

#[cfg(test)]
mod tests;
