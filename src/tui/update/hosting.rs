//! What the model makes of runs in other processes: found, lost, found again.

use std::path::PathBuf;

use super::{runs, search};
use crate::{
    run::AttachError,
    tui::{
        Exit,
        action::Effect,
        keymap::Intent,
        model::{Keeper, Lost, Model, Overlay},
    },
};

/// A host answers for the run in `folder`; what it is comes with its first word.
pub(super) fn attached(model: &mut Model, folder: PathBuf) {
    let now_ms = model.now_ms;
    match &mut model.search {
        // The one that was started here, or was lost.
        Some(search) if search.is_of(&folder) || !search.has_begun() => {
            search.found(folder, now_ms);
        }
        // It was shown already what is awaited.
        _ if model.awaited.as_ref() == Some(&folder) => {}
        _ => model.watch(folder),
    }
}

pub(super) fn not_attached(model: &mut Model, folder: PathBuf, why: &AttachError) {
    let Some(search) = &mut model.search else { return model.complain(why.to_string()) };
    match (&mut search.lost, why) {
        // Whether it is there and silent or gone is for the folder's lock to say.
        (Some(lost), AttachError::NotRunning(_)) => lost.next_try_ms = None,
        // It is tried again, unless that was the resuming.
        (Some(lost), _) if search.keeper == Keeper::Host(folder) && !lost.is_gone() => {}
        _ => model.complain(why.to_string()),
    }
}

/// Nothing is heard of the host any more.
pub(super) fn lost(model: &mut Model, why: String) {
    let now_ms = model.now_ms;
    if matches!(model.overlay, Some(Overlay::Leave | Overlay::Stop | Overlay::Tune(_))) {
        model.overlay = None;
    }
    if let Some(search) = &mut model.search {
        search.lost = Some(Lost::new(why, now_ms));
    }
}

/// Tries again when it is time.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let now_ms = model.now_ms;
    let Some(search) = &mut model.search else { return Vec::new() };
    let (Keeper::Host(folder), Some(lost)) = (&search.keeper, &mut search.lost) else {
        return Vec::new();
    };
    match lost.tries_again(now_ms) {
        true => vec![Effect::Attach(folder.clone())],
        false => Vec::new(),
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::TryAgain => try_again(model),
        Intent::Detach => match model.hosted_in() {
            Some(_) => vec![Effect::Leave(Exit::Done)],
            None => {
                model.complain("the run lives in this program and ends with it".to_owned());
                Vec::new()
            }
        },
        Intent::StopAndLeave if model.overlay.is_none() => {
            model.overlay = Some(Overlay::Leave);
            Vec::new()
        }
        Intent::StopAndLeave => search::stop_and_leave(model),
        _ => Vec::new(),
    }
}

/// Now, not when it is time; a run whose host is gone goes on in another one.
fn try_again(model: &mut Model) -> Vec<Effect> {
    if matches!(model.overlay, Some(Overlay::Runs(_))) {
        return runs::resume(model);
    }
    let now_ms = model.now_ms;
    let Some(search) = &mut model.search else { return Vec::new() };
    let (Keeper::Host(folder), Some(lost)) = (&search.keeper, &mut search.lost) else {
        return Vec::new();
    };
    let folder = folder.clone();
    if lost.is_gone() {
        return vec![Effect::Resume(folder)];
    }
    lost.next_try_ms = Some(now_ms);
    follow(model)
}

/// A run that its host was told to leave is watched to its end, and goes on in another host.
pub(super) fn interrupted(model: &mut Model) {
    let now_ms = model.now_ms;
    if let Some(search) = &mut model.search
        && matches!(search.keeper, Keeper::Host(_))
    {
        let why = "the host was told to end".to_owned();
        search.lost = Some(Lost { next_try_ms: None, ..Lost::new(why, now_ms) });
        search.finished = None;
    }
}
