//! Screens of a run while there is none: what will be there, and the way to it.

use super::chrome::{self, Panels};
use crate::tui::{
    canvas::{Canvas, wrap},
    keymap::{Intent, Tab},
    model::Model,
    theme::Role,
};

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    chrome::band(canvas, model);
    if h < 4 {
        return;
    }
    let x = canvas.text(2, 1, "○ ", Role::Muted);
    let state = if model.awaited.is_some() { "waiting for the host" } else { "nothing runs" };
    canvas.text(x, 1, state, Role::Strong.bold());
    let what = match model.tab {
        Tab::Search => "Here a search will show its best, its scores and where the time goes.",
        Tab::Population => "Here the population of a search can be sorted, filtered and marked.",
        Tab::Log => "Here stands what happens in a search.",
        Tab::Network | Tab::Diff | Tab::Setup | Tab::Lab => "",
    };
    let mut y = 3;
    for line in wrap(what, w.saturating_sub(4)) {
        canvas.text(2, y, line, Role::Text);
        y += 1;
    }
    let [setup, network] = [Tab::Setup, Tab::Network].map(|tab| model.key(Intent::Show(tab)));
    let keys = [
        (&*setup, Role::Accent.into()),
        (" sets one up   ", Role::Muted.into()),
        (&*network, Role::Accent.into()),
        (" shows any network", Role::Muted.into()),
    ];
    if y + 2 < h {
        canvas.runs(2, y + 1, &keys);
    }
    chrome::footer(canvas, model, Panels::All);
}
