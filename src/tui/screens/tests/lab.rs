//! The lab with what experiments found: reports that the commands they name wrote, with rows left out.

use std::path::PathBuf;

use super::{fixture, press, type_in};
use crate::{
    run::{Heard, Stands, Underway},
    tui::{
        action::Action,
        keymap::{Intent, Tab},
        model::{Keeper, Model},
        update::update,
    },
};

const AGREEMENT: &str = include_str!("lab/agreement.json");
const NOISE: &str = include_str!("lab/noise.json");
const OVERFLOW: &str = include_str!("lab/overflow.json");
const RANK: &str = include_str!("lab/rank.json");
const SATURATION: &str = include_str!("lab/saturation.json");
const WHY: &str = include_str!("lab/why.json");

fn found(text: &str) -> Stands {
    let found = serde_json::from_str(text).expect("a report");
    Stands { found: Some(Ok(found)), underway: Underway::No }
}

fn hear(model: &mut Model, stands: Vec<(&'static str, Stands)>) {
    update(model, Action::Lab(Heard::Stands(stands)));
}

fn of_a_run() -> Model {
    let mut model = fixture::running();
    let folder = PathBuf::from("/home/me/.local/state/zendo/runs/quick-1");
    model.search.as_mut().expect("a search").keeper = Keeper::Host(folder);
    press(&mut model, &[Intent::Show(Tab::Lab)]);
    model
}

/// Nothing was made, and there is no run.
pub fn nothing() -> Model {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    press(&mut model, &[Intent::Show(Tab::Lab)]);
    model
}

/// On a benchmark, without a run.
pub fn ranked() -> Model {
    let mut model = nothing();
    hear(&mut model, vec![("rank", found(RANK)), ("saturation", found(SATURATION))]);
    press(&mut model, &[Intent::Down, Intent::Down, Intent::Down, Intent::Down, Intent::Down]);
    model
}

/// On the population: one is made anew, others wait.
pub fn under_way() -> Model {
    let mut model = of_a_run();
    let progress = serde_json::from_str(
        r#"{"version":1,"pid":41,"command":[],"began":0,"done":312,"of":512,"text":"","failure":null}"#,
    );
    let underway = Underway::Running(progress.expect("a progress"));
    let agreement = Stands { underway, ..found(AGREEMENT) };
    hear(&mut model, vec![("agreement", agreement), ("saturation", found(SATURATION))]);
    press(&mut model, &[Intent::Experiments]);
    model
}

/// Why the best has its score.
pub fn why() -> Model {
    let mut model = of_a_run();
    hear(&mut model, vec![("why", found(WHY)), ("noise", found(NOISE))]);
    press(&mut model, &[Intent::NextPanel, Intent::NextExperiment, Intent::PreviousPanel]);
    press(&mut model, &[Intent::NextExperiment, Intent::NextExperiment, Intent::Down]);
    model
}

/// One over the whole screen.
pub fn zoomed() -> Model {
    let mut model = nothing();
    hear(&mut model, vec![("overflow", found(OVERFLOW))]);
    press(&mut model, &[Intent::PreviousExperiment; 3]);
    press(&mut model, &[Intent::Zoom]);
    model
}

/// A path is typed where the last one was wrong.
pub fn typing() -> Model {
    let mut model = of_a_run();
    press(&mut model, &[Intent::Benchmark]);
    type_in(&mut model, "/data/nets.csv");
    press(&mut model, &[Intent::Enter]);
    let why = "/data/nets.csv:3:1: accuracy 'high': expected a number".to_owned();
    update(&mut model, Action::Lab(Heard::Ended("rank", Err(why))));
    press(&mut model, &[Intent::Benchmark]);
    model
}
