//! What keys do among the runs that were kept. Invariant: a search of this process is never let go of for another
//! run.

use super::{form, moved, search, show};
use crate::{
    run::{ListedRun, Picture, Standing, protocol::Update},
    tui::{
        action::Effect,
        keymap::{Intent, Tab},
        model::{ComparedRun, Kept, Model, Overlay, Search},
    },
};

pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Runs(Box::default()));
    // Others write runs, and end.
    vec![Effect::ListRuns]
}

pub(super) fn listed(model: &mut Model, runs: Vec<ListedRun>) {
    if let Some(Overlay::Runs(list)) = &mut model.overlay {
        list.list(runs);
    }
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Runs(list)) = &mut model.overlay else {
        return Vec::new();
    };
    if list.compared.is_some() {
        if matches!(intent, Intent::Back | Intent::CompareRuns) {
            list.compared = None;
        }
        return Vec::new();
    }
    if let Some(cursor) = moved(list.cursor, list.count(), 10, intent) {
        list.cursor = cursor;
        return Vec::new();
    }
    match intent {
        Intent::Back => model.overlay = None,
        Intent::Mark => list.toggle(),
        Intent::CompareRuns => match list.pair() {
            Some(pair) => return vec![Effect::CompareRuns(Box::new(pair))],
            None => model.complain(unmarked(model)),
        },
        Intent::Enter => return enter(model),
        _ => {}
    }
    Vec::new()
}

fn unmarked(model: &Model) -> String {
    let place = model.place();
    let [mark, compare] =
        [Intent::Mark, Intent::CompareRuns].map(|intent| model.keymap.shown(place, intent));
    format!("{mark} marks a run; with two, {compare} compares them")
}

/// Into the run under the cursor.
fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Runs(list)) = &model.overlay else { return Vec::new() };
    let Some(run) = list.selected() else { return Vec::new() };
    let is_this = is_shown(model, run);
    if is_this && model.watches_a_search() {
        model.overlay = None;
        return show(model, Tab::Search);
    }
    if let Some(why) = refusal(model) {
        model.complain(why);
        return Vec::new();
    }
    match &run.standing {
        Standing::Running { .. } => vec![Effect::Attach(run.folder.clone())],
        Standing::Elsewhere { .. }
        | Standing::Interrupted
        | Standing::Finished(_)
        | Standing::Unknown => vec![Effect::ReadRun(run.folder.clone())],
    }
}

/// Lets the run under the cursor go on, where it was interrupted.
pub(super) fn resume(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Runs(list)) = &model.overlay else { return Vec::new() };
    let Some(run) = list.selected() else { return Vec::new() };
    if run.standing != Standing::Interrupted {
        let why = format!("{} was not interrupted: there is nothing to go on with", run.name);
        model.complain(why);
        return Vec::new();
    }
    let folder = run.folder.clone();
    if let Some(why) = refusal(model) {
        model.complain(why);
        return Vec::new();
    }
    vec![Effect::Resume(folder)]
}

/// Whether a run is the one on the screens.
fn is_shown(model: &Model, run: &ListedRun) -> bool {
    let is_it = |search: &Search| {
        search.is_of(&run.folder) || search.spec.out.as_ref() == Some(&run.folder)
    };
    model.search.as_ref().is_some_and(|search| is_it(search))
}

fn refusal(model: &Model) -> Option<String> {
    model.is_searching().then(|| {
        let stop = model.key_in(crate::keymap::Context::Search, Intent::Stop);
        format!("a search runs here; it has to end first ({stop} stops it)")
    })
}

/// Shows a run as it was seen last, with nobody behind it.
pub(super) fn opened(
    model: &mut Model,
    run: &ListedRun,
    picture: Result<Picture, String>,
) -> Vec<Effect> {
    let picture = match (refusal(model), picture) {
        (Some(why), _) | (None, Err(why)) => {
            model.complain(why);
            return Vec::new();
        }
        (None, Ok(picture)) => picture,
    };
    let Some(spec) = picture.hello().map(|hello| hello.spec.clone()) else {
        model.complain(format!("{}: nothing was told of it yet", run.name));
        return Vec::new();
    };
    model.overlay = None;
    model.search = Some(Box::new(Search::new(spec, model.now_ms)));
    form::leave_run(model);
    for update in picture.updates {
        let is_snapshot = matches!(update, Update::Snapshot(_));
        search::heard(model, update);
        if let (true, Some(search)) = (is_snapshot, &mut model.search) {
            // A pause of then is none of the events that follow.
            search.events.clear();
        }
    }
    model.notice = None;
    if let Some(search) = &mut model.search {
        // Of faults that are long over.
        search.banner = banner(run);
        search.keep_as(Kept::of(run));
    }
    // An engine that has ended is not this run's.
    let mut effects = vec![Effect::Forget];
    effects.extend(show(model, Tab::Search));
    effects
}

/// How it stands, where that asks for something.
fn banner(run: &ListedRun) -> Option<String> {
    match &run.standing {
        Standing::Interrupted => {
            // How far it came stands above.
            run.resume_command().map(|command| format!("It goes on with {command}"))
        }
        Standing::Elsewhere { host, pid } => {
            let said = crate::text::age(run.age_s);
            Some(format!(
                "Runs on {host}, process {pid}, as far as can be seen here; said {said} ago"
            ))
        }
        Standing::Running { .. } | Standing::Finished(_) | Standing::Unknown => None,
    }
}

pub(super) fn compared(model: &mut Model, result: Result<Box<[ComparedRun; 2]>, String>) {
    match (result, &mut model.overlay) {
        (Ok(pair), Some(Overlay::Runs(list))) => list.compared = Some(pair),
        (Err(why), _) => model.complain(why),
        // It was closed meanwhile.
        (Ok(_), _) => {}
    }
}

#[cfg(test)]
mod tests;
