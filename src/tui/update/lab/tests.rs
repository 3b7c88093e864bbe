//! The lab's keys, without a lab.

use std::path::PathBuf;

use super::*;
use crate::{
    run::Stands,
    tui::{
        action::Action,
        fixture,
        keymap::Key,
        model::{Bench, Keeper},
        update::update,
    },
};

/// Keys as they are shipped; what is to be done comes back.
fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        let key = if key == '\n' { Key::Enter } else { Key::Char(key) };
        let action = match model.keymap.intent(model.place(), key) {
            Some(intent) => Action::Intent(intent),
            None => Action::Type(key),
        };
        effects.extend(update(model, action));
    }
    effects
}

fn ended(model: &mut Model, name: &'static str, result: Result<(), String>) -> Vec<Effect> {
    update(model, Action::Lab(Heard::Ended(name, result)))
}

/// A run that is kept, in the lab.
fn hosted() -> Model {
    let mut model = fixture::running();
    let folder = PathBuf::from("/runs/quick-1");
    model.search.as_mut().expect("a search").keeper = Keeper::Host(folder);
    model
}

/// What was started, as a person would type it.
fn started(effects: &[Effect]) -> Vec<String> {
    let command = |effect: &Effect| match effect {
        Effect::Experiment { command, .. } => Some(pasted(command)),
        _ => None,
    };
    effects.iter().filter_map(command).collect()
}

#[test]
fn without_a_run_what_is_shipped_is_looked_at() {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    assert_eq!(press(&mut model, "6"), [Effect::WatchLab(Some(Bench::Own))]);
    // There is nothing to rank until somebody says what.
    assert!(press(&mut model, "r").is_empty());
    let said = model.notice.take().expect("it says what is missing");
    assert!(said.failed && said.lead.contains("b names"), "{said:?}");
    let effects = press(&mut model, "bmy nets.csv\n");
    let wanted = "zendo lab rank 'my nets.csv' --proxies zen,zen-analytic --keep --seed 0";
    assert_eq!(started(&effects), [wanted]);
    // One at a time: the other waits for it.
    assert!(started(&press(&mut model, "]]sr")).is_empty());
    let effects = ended(&mut model, "rank", Ok(()));
    assert_eq!(started(&effects), ["zendo lab noise --keep --seed 1"]);
    assert!(press(&mut model, "c").contains(&Effect::EndExperiment("noise")));
    ended(&mut model, "noise", Err("interrupted".to_owned()));
    assert_eq!(model.lab.state(Topic::Noise), State::Failed("interrupted"));
    assert!(started(&press(&mut model, "[")).is_empty());
    assert_eq!(press(&mut model, "5"), [Effect::ListPresets, Effect::WatchLab(None)]);
}

#[test]
fn of_a_run_everything_is_run_in_turn() {
    let mut model = hosted();
    let bench = Bench::Run(PathBuf::from("/runs/quick-1"));
    assert_eq!(press(&mut model, "6"), [Effect::WatchLab(Some(bench))]);
    assert_eq!(model.lab.topic(), Topic::Agreement);
    let first = started(&press(&mut model, "R"));
    assert_eq!(first, ["zendo lab agreement --run /runs/quick-1 --seed 0"]);
    // What is busy is watched, whatever the screen.
    assert!(press(&mut model, "1").is_empty());
    let mut names = vec!["agreement"];
    while let Some(name) = names.last().copied() {
        let effects = ended(&mut model, name, Ok(()));
        let next = effects.iter().find_map(|effect| match effect {
            Effect::Experiment { name, .. } => Some(*name),
            _ => None,
        });
        let Some(next) = next else { break };
        names.push(next);
    }
    // The ranking lacks a benchmark.
    let all: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
    assert_eq!(names, all[1..]);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.lead == "theorem1 is done"));
    assert_eq!(model.lab.watched, None, "nobody looks and nothing goes on");
}

#[test]
fn candidates_are_asked_about_by_what_they_are() {
    let mut model = hosted();
    let population = model.search.as_ref().expect("a search").population().to_vec();
    let effects = press(&mut model, "jw");
    let named = |rank: usize| {
        let member = &population[rank];
        format!("'#{} {}'", member.id, member.structure)
    };
    let why = format!("zendo lab why {} --run /runs/quick-1 --seed 0", named(1));
    assert_eq!(started(&effects), [why]);
    assert_eq!((model.tab, model.lab.topic()), (Tab::Lab, Topic::Why));
    ended(&mut model, "why", Ok(()));
    model.pins.a = Some(Net::candidate(&population[0]));
    model.pins.b = Some(Net::candidate(&population[2]));
    let effects = press(&mut model, "[r");
    let (a, b) = (named(0), named(2));
    let noise = format!("zendo lab noise {a} {b} --run /runs/quick-1 --seed 0");
    assert_eq!(started(&effects), [noise]);
}

#[test]
fn another_run_has_another_lab() {
    let mut model = hosted();
    press(&mut model, "6");
    let failed = Stands { found: Some(Err("torn".to_owned())), ..Stands::default() };
    update(&mut model, Action::Lab(Heard::Stands(vec![("noise", failed)])));
    assert_eq!(model.lab.state(Topic::Noise), State::Failed("torn"));
    let other = PathBuf::from("/runs/quick-2");
    model.search.as_mut().expect("a search").keeper = Keeper::Host(other.clone());
    let effects = update(&mut model, Action::Resize { width: 80, height: 24 });
    assert_eq!(effects, [Effect::WatchLab(Some(Bench::Run(other)))]);
    assert_eq!(model.lab.state(Topic::Noise), State::Open);
}
