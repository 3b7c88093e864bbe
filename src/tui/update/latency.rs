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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::Structure,
        tui::{action::Action, fixture, keymap::Intent, update::update},
    };

    fn asked(effects: Vec<Effect>) -> Vec<Structure> {
        let structures = effects.into_iter().filter_map(|effect| match effect {
            Effect::Predict { structures, .. } => Some(structures),
            _ => None,
        });
        structures.flatten().collect()
    }

    #[test]
    fn what_is_looked_at_is_asked_for() {
        let mut model = fixture::fronted();
        let search = model.search.as_ref().expect("one runs");
        let best = search.best().expect("a population").structure.clone();
        let known = search.predictions.of(&best);
        assert!(known[0].low_ms < known[0].ms && known[0].ms < known[0].high_ms);
        assert!(
            search
                .landmarks
                .iter()
                .all(|net| search.predictions.latencies(&net.structure).is_some())
        );
        let second = search.population()[1].structure.clone();
        update(&mut model, Action::Intent(Intent::Down));
        let effects = update(&mut model, Action::Intent(Intent::Enter));
        assert_eq!(asked(effects), [second]);
    }

    #[test]
    fn without_a_table_nobody_is_asked() {
        let mut model = fixture::running();
        let effects = update(&mut model, Action::Intent(Intent::Show(Tab::Network)));
        assert_eq!(asked(effects), []);
    }
}
