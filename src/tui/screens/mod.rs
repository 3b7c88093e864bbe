//! Screens: each reads the model and draws. Must not change anything. Invariant: every size from 0×0
//! up draws without panic.

mod best;
mod charts;
mod chrome;
mod compare;
mod confirm;
mod diff;
mod estimate;
mod export;
mod form;
pub mod help;
mod idle;
mod lab;
mod leave;
mod log;
mod naming;
mod network;
mod palette;
mod picker;
mod population;
mod presets;
mod prompt;
mod runs;
mod search;
mod small;
mod solve;
mod status;
mod themes;
mod toml;
mod tune;
mod waiting;
mod zoomed;

use ratatui::{buffer::Buffer, layout::Rect};

pub use lab::lab_rows;
pub use waiting::waiting;

use super::{
    canvas::Canvas,
    keymap::Tab,
    model::{Model, Overlay},
    spots::Spots,
    theme::Theme,
};

/// Draws `model` over the whole of `buffer`, as a line that is quick shows it; `theme` is the one in force.
pub fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    base(model, Canvas::new(buffer, theme));
    overlay(model, Canvas::over(buffer, theme));
}

/// What lies where on the screen of `model`: it is drawn for who asks, which is when somebody clicks.
pub fn spots(model: &Model) -> Spots {
    let mut spots = Spots::default();
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.width, model.height));
    let theme = model.themes.theme();
    base(model, Canvas::new(&mut buffer, theme).telling(&mut spots));
    if model.overlay.is_some() {
        // What it covers can't be reached any more.
        spots.clear();
    }
    overlay(model, Canvas::over(&mut buffer, theme).telling(&mut spots));
    spots
}

/// The screen itself.
fn base(model: &Model, mut canvas: Canvas<'_>) {
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
        (Tab::Lab, _) => lab::draw(model, &mut canvas),
        (_, None) => idle::draw(model, &mut canvas),
        (Tab::Search, Some(search)) => search::draw(model, search, &mut canvas),
        (Tab::Log, Some(search)) => log::draw(model, search, &mut canvas),
        (Tab::Population, Some(search)) => population::draw(model, search, &mut canvas),
    }
    let is_stale = model.search.as_ref().is_some_and(|search| search.lost.is_some());
    if is_stale && matches!(model.tab, Tab::Search | Tab::Population) {
        let Rect { width, height, .. } = canvas.area();
        // State, banner, what is in the footer hold; the rest is how it was.
        canvas.fade(Rect::new(0, 3, width, height.saturating_sub(5)));
    }
}

/// What lies over it.
fn overlay(model: &Model, mut canvas: Canvas<'_>) {
    if canvas.area().is_empty() {
        return;
    }
    match &model.overlay {
        None => {}
        Some(Overlay::Help { scroll }) => {
            help::draw(&model.keymap, model.base_place(), *scroll, &mut canvas)
        }
        Some(Overlay::Leave) => leave::draw(model, &mut canvas),
        Some(Overlay::Stop) => leave::draw_stop(model, &mut canvas),
        Some(Overlay::Naming(naming)) => naming::draw(model, naming, &mut canvas),
        Some(Overlay::Export(export)) => export::draw(model, export, &mut canvas),
        Some(Overlay::Palette(palette)) => palette::draw(palette, &mut canvas),
        Some(Overlay::Runs(list)) => runs::draw(model, list, &mut canvas),
        Some(Overlay::Theme(choice)) => themes::draw(model, choice, &mut canvas),
        Some(Overlay::Solve(solve)) => solve::draw(model, solve, &mut canvas),
        Some(Overlay::Tune(tune)) => {
            if let Some(search) = &model.search {
                tune::draw(model, search, tune, &mut canvas);
            }
        }
        Some(Overlay::Net(prompt)) => prompt::draw(model, prompt, &mut canvas),
    }
}

#[cfg(test)]
mod tests;
