//! Runs that were kept: the list, two of them, one that is looked at.

use std::{path::PathBuf, sync::Arc};

use super::{fixture, press};
use crate::{
    run::{
        ListedRun, Picture, Standing,
        protocol::{Finished, Hello, Log, Reason, Snapshot, Update, VERSION, Winner},
    },
    score::MeanStd,
    text::FileError,
    tui::{
        action::Action,
        keymap::Intent,
        model::{ComparedRun, Model},
        update::update,
    },
};

fn hello() -> Update {
    let spec = fixture::spec();
    Update::Hello(Box::new(Hello {
        version: VERSION,
        spec,
        workers: 4,
        device: "cpu".to_owned(),
        hardware: "avx512, 21.3 GiB".to_owned(),
    }))
}

/// What was seen last of a run that had come so far.
pub fn picture(proposed: u64, reason: Option<Reason>) -> Picture {
    let mut snapshot: Snapshot = (*fixture::snapshot()).clone();
    snapshot.proposed = proposed;
    snapshot.convergence.retain(|point| point.iteration <= proposed);
    let member = Arc::clone(&snapshot.population[0]);
    let log = Log { at_ms: 371_000, text: "the screen agrees again".to_owned() };
    let mut updates = vec![hello(), Update::Snapshot(Arc::new(snapshot)), Update::Log(log)];
    updates.extend(reason.map(|reason| {
        let confirmed = Some(MeanStd { mean: member.score.value - 0.9, std: Some(1.2) });
        let winner = Some(Winner { member, confirmed, repeats: 32, ties: Vec::new() });
        Update::Finished(Finished { reason, winner })
    }));
    Picture { updates }
}

pub fn run(name: &str, standing: Standing, age_s: Option<u64>) -> ListedRun {
    let (proposed, reason) = match &standing {
        Standing::Finished(reason) => (4_640, Some(*reason)),
        _ => (2_120, None),
    };
    let summary = match standing {
        Standing::Unknown => Err(FileError {
            origin: "summary.json".to_owned(),
            line_column: Some((1, 1)),
            message: "it was changed, or is another zendo's".to_owned(),
        }),
        _ => Ok(picture(proposed, reason).summary().expect("there is a snapshot")),
    };
    let folder = PathBuf::from(format!("/home/me/.local/state/zendo/runs/{name}"));
    ListedRun { folder, name: name.to_owned(), standing, summary, age_s }
}

pub fn all() -> Vec<ListedRun> {
    let elsewhere = Standing::Elsewhere { host: "gpu-07".to_owned(), pid: 4_711 };
    vec![
        run("cifar-params-1m-20261128-101010-7777", Standing::Running { pid: 4_242 }, Some(4)),
        run("cifar-params-1m-20261128-091010-03af", elsewhere, Some(31)),
        run("cifar-params-1m-20261127-152507-90ab", Standing::Interrupted, Some(7_500)),
        run(
            "cifar-params-1m-20261126-152507-003f",
            Standing::Finished(Reason::Iterations),
            Some(273_600),
        ),
        run("mine-20261126-080000-1111", Standing::Finished(Reason::Failed), None),
        run("odd", Standing::Unknown, None),
    ]
}

fn over(mut model: Model, runs: Vec<ListedRun>) -> Model {
    press(&mut model, &[Intent::Runs]);
    update(&mut model, Action::Runs(runs));
    model
}

pub fn listed() -> Model {
    let mut model = over(fixture::model(), all());
    press(&mut model, &[Intent::Down, Intent::Down, Intent::Mark]);
    model
}

pub fn none() -> Model {
    over(fixture::finished(), Vec::new())
}

pub fn pair() -> Box<[ComparedRun; 2]> {
    let runs = all();
    let side = |at: usize, proposed, reason| ComparedRun {
        run: runs[at].clone(),
        course: picture(proposed, reason).course().expect("there is a snapshot"),
    };
    Box::new([side(2, 2_120, None), side(3, 4_640, Some(Reason::Iterations))])
}

pub fn compared() -> Model {
    let mut model = listed();
    update(&mut model, Action::ComparedRuns(Ok(pair())));
    model
}

fn opened(at: usize, picture: Picture) -> Model {
    let mut model = fixture::sized(listed(), (120, 36));
    let run = Box::new(all().swap_remove(at));
    update(&mut model, Action::ReadRun(run, Ok(picture)));
    model
}

pub fn kept() -> Model {
    opened(3, picture(96_000, Some(Reason::Iterations)))
}

pub fn interrupted() -> Model {
    opened(2, picture(2_120, None))
}
