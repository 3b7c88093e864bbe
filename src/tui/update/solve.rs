//! What keys and the solver do to a preset that is solved.

use super::{form, moved};
use crate::{
    run::{Proof, Wanted},
    tui::{
        action::Effect,
        keymap::{Intent, Tab},
        model::{Model, Net, Overlay, Solve, SolveList, TOP},
    },
};

/// Begins to solve what the form says, unless that can't be started either.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    let now_ms = model.now_ms;
    let threads = model.host.cores;
    let Some(form) = model.setup.open_form_mut() else {
        return Vec::new();
    };
    let Some(preset) = form.startable() else {
        return Vec::new();
    };
    let wanted = Wanted { preset: preset.clone(), top: TOP, threads };
    let solve = Solve::new(form.name().to_owned(), preset, now_ms);
    model.overlay = Some(Overlay::Solve(Box::new(solve)));
    vec![Effect::Solve(Box::new(wanted))]
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Solve(solve)) = &mut model.overlay else {
        return Vec::new();
    };
    let place = match solve.list {
        SolveList::Best => moved(solve.cursor, solve.structures().len(), TOP, intent),
        SolveList::Depths => moved(solve.depth_cursor, solve.depths().len(), TOP, intent),
    };
    if let Some(place) = place {
        match solve.list {
            SolveList::Best => solve.cursor = place,
            SolveList::Depths => solve.depth_cursor = place,
        }
        return Vec::new();
    }
    match intent {
        Intent::Back => {
            model.overlay = None;
            vec![Effect::StopSolving]
        }
        Intent::NextPanel | Intent::PreviousPanel => {
            solve.list = match solve.list {
                SolveList::Best => SolveList::Depths,
                SolveList::Depths => SolveList::Best,
            };
            Vec::new()
        }
        Intent::Start => {
            let depth = solve.selected_depth().map(|point| point.limit.to_string());
            model.overlay = None;
            if let (Some(depth), Some(form)) = (depth, model.setup.open_form_mut()) {
                form.change("budget.layers", &depth);
            }
            let mut effects = vec![Effect::StopSolving];
            effects.extend(form::start(model));
            effects
        }
        Intent::Copy => {
            let Some(solved) = solve.selected() else { return Vec::new() };
            let text = solved.structure.to_string();
            solve.said = Some("sent to the clipboard of your terminal".to_owned());
            vec![Effect::Copy(text)]
        }
        Intent::ShowNetwork => {
            let Some(solved) = solve.selected() else { return Vec::new() };
            let label = format!("optimum {}", solve.cursor + 1);
            model.network.open(Net::other(Some(&label), solved.structure.clone()));
            model.tab = Tab::Network;
            model.overlay = None;
            vec![Effect::StopSolving]
        }
        _ => Vec::new(),
    }
}

/// The solver said something; to nobody, where the answer isn't wanted any more.
pub(super) fn heard(model: &mut Model, proof: Proof) {
    let now_ms = model.now_ms;
    if let Some(Overlay::Solve(solve)) = &mut model.overlay {
        solve.hear(proof, now_ms);
    }
}
