//! What can be done with the selected candidate, wherever it is selected.

use std::sync::Arc;

use super::{diff, export, network};
use crate::{
    run::protocol::Member,
    tui::{
        action::Effect,
        format,
        keymap::{Intent, Tab},
        model::{Event, EventKind, Model, Net, NetTarget, Search},
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
        Tab::Network | Tab::Diff | Tab::Setup | Tab::Log => None,
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if intent == Intent::Export {
        return export::begin(model);
    }
    let Some(member) = selected(model) else {
        return Vec::new();
    };
    let now_ms = model.now_ms;
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
        Intent::Copy => {
            sent(search, now_ms, &format::id(member.id));
            return vec![Effect::Copy(member.structure.to_string())];
        }
        _ => {}
    }
    Vec::new()
}

/// A structure went to the clipboard.
pub(super) fn sent(search: &mut Search, now_ms: u64, label: &str) {
    let detail = "its structure, to the clipboard of your terminal";
    note(search, now_ms, format!("sent {label}"), detail);
}

/// Something that a person did.
pub(super) fn note(search: &mut Search, now_ms: u64, lead: String, detail: &str) {
    let at_ms = now_ms.saturating_sub(search.started_at_ms);
    search.log(Event::new(at_ms, EventKind::Note, lead, detail.to_owned()));
}
