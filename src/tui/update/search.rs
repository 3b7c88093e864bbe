//! What keys and the engine do to a search.

use super::{candidate, form, hosting, moved, show, tune};
use crate::{
    run::protocol::{Command, Fault, Finished, NewBest, Phase, Reason, Update},
    tui::{
        Exit,
        action::Effect,
        format,
        keymap::{Intent, Tab},
        model::{Chart, Event, EventKind, Model, Overlay, Scale, Search, Steps},
    },
};

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let layout = model.layout();
    let Some(search) = &mut model.search else {
        return if intent == Intent::NewSearch { new_search(model) } else { Vec::new() };
    };
    let count = search.population().len();
    let visible = layout.visible(count);
    if let Some(rank) = moved(search.rank(), count, visible, intent) {
        search.select(rank, visible);
        return Vec::new();
    }
    match intent {
        Intent::Cumulative => {
            search.scale = match search.scale {
                Scale::Counts => Scale::Cumulative,
                Scale::Cumulative => Scale::Counts,
            };
        }
        Intent::LogX => {
            search.steps = match search.steps {
                Steps::Even => Steps::Logarithmic,
                Steps::Logarithmic => Steps::Even,
            };
        }
        Intent::NextPanel => turn(search, 1),
        Intent::PreviousPanel => turn(search, -1),
        Intent::Zoom => search.is_zoomed = !search.is_zoomed,
        Intent::Back => search.is_zoomed = false,
        Intent::NewSearch => return new_search(model),
        Intent::Follow => search.select(0, visible),
        _ => return candidate::intend(model, intent),
    }
    Vec::new()
}

/// To the presets.
fn new_search(model: &mut Model) -> Vec<Effect> {
    model.setup.shows_form = false;
    show(model, Tab::Setup)
}

pub(super) fn stop_and_leave(model: &Model) -> Vec<Effect> {
    match model.hosted_in() {
        // A host confirms what was found, and ends then.
        Some(_) => vec![Effect::Tell(Command::Stop), Effect::Leave(Exit::Done)],
        // The engine runs in this process and ends with it.
        None => vec![Effect::Leave(Exit::Done)],
    }
}

/// The focus to the next panel; the table comes before the charts.
fn turn(search: &mut Search, step: isize) {
    let count = Chart::ALL.len() as isize;
    let now = if search.shows_chart { search.chart.index() as isize + 1 } else { 0 };
    let next = (now + step).rem_euclid(count + 1);
    search.shows_chart = next > 0;
    if next > 0 {
        search.chart = Chart::ALL[next as usize - 1];
    }
}

/// The engine said something.
pub(super) fn heard(model: &mut Model, update: Update) -> Vec<Effect> {
    let layout = model.layout();
    let now_ms = model.now_ms;
    if let (Update::Hello(hello), Some(folder)) = (&update, &model.awaited) {
        let search = Search::hosted(hello.spec.clone(), folder.clone(), now_ms);
        model.search = Some(Box::new(search));
        form::leave_run(model);
    }
    let Some(search) = &mut model.search else {
        return Vec::new();
    };
    match update {
        Update::Hello(hello) => search.hello = Some(*hello),
        Update::Snapshot(snapshot) => {
            let visible = layout.visible(snapshot.population.len());
            let phase = snapshot.phase;
            if model.awaited.take().is_some() {
                search.began_before(snapshot.elapsed_ms + snapshot.confirm_ms);
            }
            search.show(snapshot, now_ms, visible);
            enter(search, phase, now_ms);
            if model.tab == Tab::Population {
                model.population.refresh(search);
            }
            tune::follow(model);
        }
        Update::Phase(phase) => {
            enter(search, phase, now_ms);
            tune::follow(model);
        }
        Update::NewBest(best) => {
            search.log(new_best(&best));
            search.learn(vec![best.member]);
        }
        Update::Log(log) => {
            search.log(Event::new(log.at_ms, EventKind::Note, String::new(), log.text));
        }
        Update::Fault(fault) => {
            let Fault { at_ms, text, worker: _, id } = fault;
            // What was said before anybody watched is in the log.
            if search.is_new(at_ms) {
                search.banner = Some(text.clone());
            }
            // The text says itself which worker and which candidate it is about.
            let detail = String::new();
            search.log(Event { id, ..Event::new(at_ms, EventKind::Fault, text, detail) });
        }
        Update::Tuned(tuned) => tune::tuned(model, &tuned),
        Update::Refused(refusal) => tune::refused(model, &refusal),
        Update::Ancestors(ancestors) => {
            model.diff.hear(&ancestors);
            search.learn(ancestors);
        }
        Update::Finished(finished) => return finish(model, finished),
    }
    Vec::new()
}

/// Hears of a phase; a pause is an event.
fn enter(search: &mut Search, phase: Phase, now_ms: u64) {
    let paused = phase == Phase::Paused && search.phase() != Phase::Paused;
    search.enter(phase, now_ms);
    if paused {
        let proposed = search.snapshot.as_ref().map_or(0, |s| s.proposed);
        let at_ms = search.at_ms(now_ms);
        let lead = format!("paused at {}", format::id(proposed));
        let detail = "those on their way were told first".to_owned();
        search.log(Event::new(at_ms, EventKind::Paused, lead, detail));
    }
}

fn new_best(best: &NewBest) -> Event {
    let member = &best.member;
    let lead = format::score(member.score.value);
    let detail = match member.parent {
        None => "the initial structure".to_owned(),
        Some(_) => format::mutation_in_words(&member.mutations),
    };
    let gain = member.gain.map(|gain| format!("{} on its parent", format::signed(gain)));
    Event {
        tail: gain.unwrap_or_default(),
        id: Some(member.id),
        gain: member.gain,
        ..Event::new(best.at_ms, EventKind::NewBest, lead, detail)
    }
}

fn finish(model: &mut Model, finished: Finished) -> Vec<Effect> {
    if finished.reason == Reason::Interrupted {
        hosting::interrupted(model);
        return Vec::new();
    }
    let now_ms = model.now_ms;
    let layout = &model.layout();
    let ring = Some(Effect::Ring).filter(|_| model.rings);
    close_question(model);
    let Some(search) = &mut model.search else {
        return Vec::new();
    };
    let failed = finished.reason == Reason::Failed;
    if let (true, None, Some(form)) = (failed, &search.snapshot, &mut model.setup.form) {
        // It never began: back to where what stands in the way can be changed.
        form.refusal = search.banner.take().map(|reason| format!("Can't start: {reason}"));
        model.setup.shows_form = true;
        model.tab = Tab::Setup;
        model.search = None;
        return vec![Effect::Forget];
    }
    search.finish(finished, layout);
    search.enter(Phase::Finished, now_ms);
    let (lead, detail) = match search.verdict() {
        Some(verdict) => verdict,
        None if failed => return ring.into_iter().collect(),
        None => ("finished".to_owned(), "nothing was scored again".to_owned()),
    };
    let at_ms = search.at_ms(now_ms);
    search.log(Event::new(at_ms, EventKind::Done, lead, detail));
    ring.into_iter().collect()
}

/// Whether to leave, to stop or to tune a running search is no question any more.
fn close_question(model: &mut Model) {
    if matches!(model.overlay, Some(Overlay::Leave | Overlay::Stop)) {
        model.overlay = None;
    }
    tune::follow(model);
}

/// The engine is gone.
pub(super) fn over(model: &mut Model) {
    let Some(search) = &mut model.search else {
        return;
    };
    if search.lost.is_some() {
        return;
    }
    if search.finished.is_none() {
        search.banner = Some("The engine ended before the search did.".to_owned());
    }
    search.end();
    close_question(model);
}
