//! What can be done with the selected candidate, wherever it is selected.

use std::sync::Arc;

use super::{diff, export, network};
use crate::{
    arch::Structure,
    run::protocol::Member,
    tui::{
        action::Effect,
        format,
        keymap::{Intent, Tab},
        model::{Model, Net, NetTarget},
    },
};

/// Who is selected on the screen that is shown.
pub(super) fn selected(model: &Model) -> Option<Arc<Member>> {
    let search = model.search.as_ref()?;
    match model.tab {
        Tab::Population => {
            let rank = model.population.selected()?;
            search.population().get(rank).cloned()
        }
        Tab::Search => search.selected().cloned(),
        Tab::Network | Tab::Diff | Tab::Setup | Tab::Lab | Tab::Log => None,
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if intent == Intent::Export {
        return export::begin(model);
    }
    let Some(member) = selected(model) else {
        return Vec::new();
    };
    let Some(search) = &mut model.search else {
        return Vec::new();
    };
    match intent {
        Intent::Mark => {
            if search.marks.remove(&member.id).is_none() {
                search.marks.insert(member.id, Arc::clone(&member));
            }
            model.population.refresh(search);
        }
        Intent::PinA => {
            diff::pin(model, Net::candidate(&member), NetTarget::A);
        }
        Intent::PinB => {
            diff::pin(model, Net::candidate(&member), NetTarget::B);
        }
        Intent::Enter => network::show(model, &member),
        Intent::Diff => diff::compare(model, Net::candidate(&member)),
        Intent::Copy => return copy(model, &format::id(member.id), &member.structure),
        _ => {}
    }
    Vec::new()
}

/// A structure, to the clipboard.
pub(super) fn copy(model: &mut Model, label: &str, structure: &Structure) -> Vec<Effect> {
    model.say(format!("sent {label}"), "its structure, to the clipboard of your terminal");
    vec![Effect::Copy(structure.to_string())]
}
