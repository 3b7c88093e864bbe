//! Changing a running search: what keys wish for, and what the engine says to it.

use super::moved;
use crate::{
    run::{
        Refusal,
        protocol::{Command, Tuned},
    },
    tui::{
        action::Effect,
        format,
        keymap::{Context, Intent, Key, RunState, Tab},
        model::{Event, EventKind, Model, Notice, Overlay, Search, TUNE_ROWS, Tune, tuned},
    },
};

/// Settings a page down is.
const PAGE: usize = 10;

/// Over the search, whose charts show what the wishes would do.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    if let Some(search) = &mut model.search {
        search.is_zoomed = false;
        model.tab = Tab::Search;
        let mut tune = Tune::default();
        tune.refresh(search);
        model.overlay = Some(Overlay::Tune(Box::new(tune)));
    }
    Vec::new()
}

/// The panel and the search it is about.
fn open(model: &mut Model) -> Option<(&mut Tune, &Search)> {
    match (&mut model.overlay, &model.search) {
        (Some(Overlay::Tune(tune)), Some(search)) => Some((tune, search)),
        _ => None,
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some((tune, search)) = open(model) else { return Vec::new() };
    if let Some(cursor) = moved(tune.cursor, TUNE_ROWS.len(), PAGE, intent) {
        tune.end_edit(search);
        tune.cursor = cursor;
        return Vec::new();
    }
    match intent {
        Intent::NextValue => tune.step(true, search),
        Intent::PreviousValue => tune.step(false, search),
        Intent::Edit => tune.begin(None, search),
        Intent::Reset => tune.reset(search),
        Intent::Back if tune.edit.is_some() => tune.reset(search),
        Intent::Back => model.overlay = None,
        // An answer is on its way.
        Intent::Enter if tune.is_sent => {}
        Intent::Enter => {
            tune.end_edit(search);
            match tune.settings() {
                Some(settings) => {
                    tune.is_sent = true;
                    return vec![Effect::Tell(Command::Tune(settings))];
                }
                None => tune.go_to_fault(),
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Puts the cursor on a row.
pub(super) fn select(model: &mut Model, row: usize) {
    if let Some((tune, search)) = open(model) {
        tune.end_edit(search);
        tune.cursor = row;
    }
}

/// Takes the last change back, as soon as the search can be changed.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    let snapshot = model.search.as_ref().and_then(|search| search.snapshot.clone());
    let last = snapshot.as_ref().and_then(|s| Tuned::last_standing(&s.tunings));
    if open(model).is_none() && last.is_some_and(|last| last.rescored > 0) {
        // What costs time is priced first: the panel says it.
        begin(model);
        let price = match open(model) {
            Some((tune, _)) => tune.preview.undo.clone().unwrap_or_default(),
            None => String::new(),
        };
        let lead = format!("the undo {price}");
        let detail = format!("{} again takes it back", model.key_in(Context::Tune, Intent::Untune));
        model.notice = Some(Notice { lead, detail, failed: false });
        return Vec::new();
    }
    let renewal = snapshot.and_then(|s| s.renewal);
    match (open(model), renewal) {
        (Some((tune, _)), _) => tune.is_sent = true,
        (None, Some((_, of))) => {
            let lead = "the undo waits".to_owned();
            let detail = format!("{} are scored anew first", format::count(of as u64));
            model.notice = Some(Notice { lead, detail, failed: false });
        }
        (None, None) => {}
    }
    vec![Effect::Tell(Command::Untune)]
}

/// What begins a number is typed at once.
pub(super) fn type_key(model: &mut Model, key: Key) {
    if let (Key::Char(c @ ('0'..='9' | '.')), Some((tune, search))) = (key, open(model)) {
        tune.begin(Some(c.encode_utf8(&mut [0; 4])), search);
    }
}

pub(super) fn typed(model: &mut Model) {
    if let Some((tune, search)) = open(model) {
        tune.typed(search);
    }
}

/// The search has gone on: what was foretold is foretold anew, as long as it can be tuned.
pub(super) fn follow(model: &mut Model) {
    let is_live = matches!(model.run_state(), RunState::Running | RunState::Paused);
    match open(model) {
        Some((tune, search)) if is_live => tune.refresh(search),
        Some(_) => {
            model.overlay = None;
            model.notice = Some(Notice {
                lead: "nothing is left to tune".to_owned(),
                detail: "everything is proposed".to_owned(),
                failed: true,
            });
        }
        None => {}
    }
}

/// A change was made.
pub(super) fn tuned(model: &mut Model, change: &Tuned) {
    let Some(search) = &mut model.search else { return };
    search.follow(change);
    let lead = format!("from {} on", format::id(change.id));
    let detail = tuned::told(change);
    let tail = tuned::told_effect(change);
    let event = Event::new(change.at_ms, EventKind::Tuned, lead.clone(), detail.clone());
    search.log(Event { tail: tail.clone(), ..event });
    if let Some((tune, search)) = open(model) {
        tune.granted(search);
    }
    let detail = if tail.is_empty() { detail } else { format!("{detail}   {tail}") };
    model.notice = Some(Notice { lead, detail, failed: false });
}

/// A change was not made.
pub(super) fn refused(model: &mut Model, refusal: &Refusal) {
    match open(model) {
        Some((tune, _)) => {
            tune.is_sent = false;
            tune.refused = Some(refusal.to_string());
        }
        None => model.complain(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests;
