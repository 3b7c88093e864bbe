use std::path::PathBuf;

use super::*;
use crate::{
    run::protocol::{Finished, Hello, Log, Reason, VERSION},
    tui::{
        action::Action,
        fixture,
        keymap::{Context, RunState},
        update::update,
    },
};

fn listed_run(name: &str, standing: Standing) -> ListedRun {
    let summary = picture().summary().ok_or_else(|| panic!("there is a snapshot"));
    let folder = PathBuf::from("/runs").join(name);
    ListedRun { folder, name: name.to_owned(), standing, summary, age_s: Some(3) }
}

fn picture() -> Picture {
    let hello = Hello {
        version: VERSION,
        spec: fixture::spec(),
        workers: 4,
        device: "cpu".to_owned(),
        hardware: "avx512, 21.3 GiB".to_owned(),
    };
    let updates = vec![
        Update::Hello(Box::new(hello)),
        Update::Snapshot(fixture::snapshot()),
        Update::Log(Log { at_ms: 5_000, text: "said".to_owned() }),
    ];
    Picture { updates }
}

fn finished() -> Picture {
    let mut picture = picture();
    picture.updates.push(Update::Finished(Finished { reason: Reason::Iterations, winner: None }));
    picture
}

fn press(model: &mut Model, intents: &[Intent]) -> Vec<Effect> {
    intents.iter().flat_map(|intent| update(model, Action::Intent(*intent))).collect()
}

fn listing(mut model: Model) -> Model {
    assert_eq!(press(&mut model, &[Intent::Runs]), [Effect::ListRuns]);
    let runs = vec![
        listed_run("live", Standing::Running { pid: 7 }),
        listed_run("cut", Standing::Interrupted),
        listed_run("done", Standing::Finished(Reason::Iterations)),
    ];
    update(&mut model, Action::Runs(runs));
    model
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from("/runs").join(name)
}

#[test]
fn a_run_is_watched_or_looked_at() {
    let mut model = listing(fixture::sized(fixture::model(), (120, 36)));
    assert_eq!(press(&mut model, &[Intent::Enter]), [Effect::Attach(folder("live"))]);
    let read = press(&mut model, &[Intent::Down, Intent::Enter]);
    assert_eq!(read, [Effect::ReadRun(folder("cut"))]);

    let run = Box::new(listed_run("cut", Standing::Interrupted));
    update(&mut model, Action::ReadRun(run, Ok(picture())));
    assert_eq!(model.place().context, Context::Search);
    assert_eq!(model.run_state(), RunState::Finished);
    assert!(!model.asks_to_leave() && model.clock_period_ms().is_none());
    let search = model.search.as_deref().expect("it is shown");
    let banner = search.banner.as_deref().expect("it can go on");
    assert!(banner.contains("zendo resume /runs/cut"), "{banner}");
    assert_eq!(search.population().len(), fixture::snapshot().population.len());
    // All screens are there, and nobody is told anything.
    for tab in Tab::ALL {
        let effects = press(&mut model, &[Intent::Show(tab), Intent::Down]);
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Start(_))), "{effects:?}");
    }

    let mut model = listing(model);
    let run = Box::new(listed_run("done", Standing::Finished(Reason::Iterations)));
    update(&mut model, Action::ReadRun(run, Ok(finished())));
    let search = model.search.as_deref().expect("it is shown");
    assert_eq!(search.banner, None);
    let last = search.events.back().expect("it ended");
    assert!(last.at_ms >= 5_000, "not before what came before: {last:?}");
    assert!(press(&mut model, &[Intent::Quit]).contains(&Effect::Leave(crate::tui::Exit::Done)));
}

#[test]
fn a_search_of_this_process_is_not_let_go_of() {
    let mut model = listing(fixture::running());
    for step in [Intent::First, Intent::Down, Intent::Down] {
        assert_eq!(press(&mut model, &[step, Intent::Enter]), []);
        assert!(model.notice.as_ref().is_some_and(|notice| notice.failed));
    }
    let run = Box::new(listed_run("done", Standing::Finished(Reason::Iterations)));
    assert_eq!(update(&mut model, Action::ReadRun(run, Ok(finished()))), []);
    let search = model.search.as_deref_mut().expect("it runs");
    assert!(search.kept.is_none() && !search.is_over());
    // It may itself be in the list.
    search.spec.out = Some(folder("live"));
    assert_eq!(press(&mut model, &[Intent::First, Intent::Enter]), []);
    assert!(model.overlay.is_none() && model.is_searching());
}

#[test]
fn two_runs_are_compared() {
    let mut model = listing(fixture::model());
    assert_eq!(press(&mut model, &[Intent::CompareRuns]), []);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.lead.contains("m marks a run")));
    let effects = press(&mut model, &[Intent::Mark, Intent::Last, Intent::CompareRuns]);
    let pair = Box::new([folder("live"), folder("done")]);
    assert_eq!(effects, [Effect::CompareRuns(pair)]);
    // A third mark takes the place of the first.
    press(&mut model, &[Intent::Mark, Intent::Up, Intent::Mark]);
    let effects = press(&mut model, &[Intent::CompareRuns]);
    assert_eq!(effects, [Effect::CompareRuns(Box::new([folder("done"), folder("cut")]))]);
    update(&mut model, Action::ComparedRuns(Err("last.json: changed".to_owned())));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.failed));
    let side = |name| ComparedRun {
        run: listed_run(name, Standing::Interrupted),
        course: picture().course().expect("there is a snapshot"),
    };
    update(&mut model, Action::ComparedRuns(Ok(Box::new([side("done"), side("cut")]))));
    assert_eq!(model.place().context, Context::ComparedRuns);
    press(&mut model, &[Intent::Back]);
    assert_eq!(model.place().context, Context::Runs);
    press(&mut model, &[Intent::Back]);
    assert!(model.overlay.is_none());
}

#[test]
fn a_list_that_changes_keeps_its_cursor() {
    let mut model = listing(fixture::model());
    press(&mut model, &[Intent::Down, Intent::Mark]);
    let runs = vec![
        listed_run("done", Standing::Finished(Reason::Iterations)),
        listed_run("new", Standing::Running { pid: 8 }),
        listed_run("cut", Standing::Interrupted),
    ];
    update(&mut model, Action::Runs(runs));
    let Some(Overlay::Runs(list)) = &model.overlay else { panic!("the list") };
    assert_eq!(list.selected().map(|run| run.name.as_str()), Some("cut"));
    assert_eq!(list.mark(&folder("cut")), Some('A'));
    // What was never told of can't be looked at.
    let run = Box::new(listed_run("new", Standing::Unknown));
    update(&mut model, Action::ReadRun(run, Ok(Picture { updates: Vec::new() })));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.lead.contains("nothing was told")));
}
