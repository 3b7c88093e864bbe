//! Screens: each reads the model and draws. Must not change anything. Invariant: every size from 0×0
//! up draws without panic.

mod best;
mod chrome;
mod compare;
mod confirm;
mod diff;
mod estimate;
mod export;
mod form;
pub mod help;
mod idle;
mod leave;
mod log;
mod naming;
mod network;
mod palette;
mod picker;
mod population;
mod presets;
mod prompt;
mod search;
mod small;
mod solve;
mod themes;
mod toml;
mod waiting;
mod zoomed;

use ratatui::buffer::Buffer;

pub use waiting::waiting;

use super::{
    canvas::Canvas,
    keymap::Tab,
    model::{Model, Overlay},
    theme::Theme,
};

/// Draws `model` over the whole of `buffer`; `theme` is the one in force.
pub fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    base(model, theme, buffer);
    overlay(model, theme, buffer);
}

/// The screen itself.
fn base(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    let mut canvas = Canvas::new(buffer, theme);
    if canvas.area().is_empty() {
        return;
    }
    match (model.tab, &model.search) {
        (Tab::Setup, _) => match model.setup.open_form() {
            Some(form) => form::draw(model, form, &mut canvas),
            None => picker::draw(model, &mut canvas),
        },
        (Tab::Network, _) => network::draw(model, &mut canvas),
        (Tab::Diff, _) => diff::draw(model, &mut canvas),
        (_, None) => idle::draw(model, &mut canvas),
        (Tab::Search, Some(search)) => search::draw(model, search, &mut canvas),
        (Tab::Log, Some(search)) => log::draw(model, search, &mut canvas),
        (Tab::Population, Some(search)) => population::draw(model, search, &mut canvas),
    }
}

/// What lies over it.
fn overlay(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    let mut canvas = Canvas::over(buffer, theme);
    if canvas.area().is_empty() {
        return;
    }
    match &model.overlay {
        None => {}
        Some(Overlay::Help { scroll }) => help::draw(model.base_place(), *scroll, &mut canvas),
        Some(Overlay::Leave) => leave::draw(model, &mut canvas),
        Some(Overlay::Stop) => leave::draw_stop(model, &mut canvas),
        Some(Overlay::Naming(naming)) => naming::draw(naming, &mut canvas),
        Some(Overlay::Export(export)) => export::draw(export, &mut canvas),
        Some(Overlay::Palette(palette)) => palette::draw(palette, &mut canvas),
        Some(Overlay::Theme(choice)) => themes::draw(&model.themes, choice, &mut canvas),
        Some(Overlay::Solve(solve)) => solve::draw(solve, model.now_ms, &mut canvas),
        Some(Overlay::Net(prompt)) => prompt::draw(model, prompt, &mut canvas),
    }
}

#[cfg(test)]
mod tests;
