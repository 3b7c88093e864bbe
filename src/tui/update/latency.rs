//! What latency tables say of the networks that are shown, asked for as they come.

use crate::{
    space::Preset,
    tui::{action::Effect, keymap::Tab, model::Model},
};

/// Asks for what isn't known yet: of the best, of the network that is looked at, of the published ones.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let asks = |preset: &Preset| preset.budget.latencies().iter().any(Option::is_some);
    if !model.search.as_ref().is_some_and(|search| asks(&search.spec.preset)) {
        return Vec::new();
    }
    let shown = (model.tab == Tab::Network).then(|| model.shown_net()).flatten();
    let Some(search) = &mut model.search else { return Vec::new() };
    let best = search.best().map(|best| best.structure.clone());
    let shown = shown.map(|net| net.structure);
    let published = search.landmarks.iter().map(|net| &net.structure);
    let structures = search.predictions.ask(best.iter().chain(&shown).chain(published));
    if structures.is_empty() {
        return Vec::new();
    }
    let preset = Box::new(search.spec.preset.clone());
    vec![Effect::Predict { preset, structures }]
}
