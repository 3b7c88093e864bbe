use std::sync::Arc;

use super::*;
use crate::{
    run::protocol::{Phase, Snapshot, Update},
    space::Setting,
    tui::{
        action::Action,
        fixture,
        keymap::{Context, Intent, Key},
        model::Model,
        update::update,
    },
};

fn press(model: &mut Model, intents: &[Intent]) -> Vec<Effect> {
    intents.iter().flat_map(|&intent| update(model, Action::Intent(intent))).collect()
}

fn keys(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        update(model, Action::Type(Key::Char(c)));
    }
}

fn hear(model: &mut Model, said: Update) {
    update(model, Action::Engine(said));
}

fn panel(model: &Model) -> &Tune {
    match &model.overlay {
        Some(Overlay::Tune(tune)) => tune,
        other => panic!("no panel but {other:?}"),
    }
}

fn tuning() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Tune]);
    model
}

fn setting(key: &str, value: &str) -> Setting {
    Setting { key: key.to_owned(), value: Some(value.to_owned()) }
}

/// Typed, previewed with every key, asked for, answered.
#[test]
fn a_population_is_made_smaller() {
    let mut model = tuning();
    assert_eq!(model.place().context, Context::Tune);
    keys(&mut model, "475");
    assert_eq!(model.place().context, Context::TuneEdit);
    assert_eq!(panel(&model).wish(0).expect("typed").effect, Ok("evicts 37 of 512".to_owned()));
    assert_eq!(panel(&model).preview.leaving(), 37);
    let effects = press(&mut model, &[Intent::Enter]);
    let asked = Command::Tune(vec![setting("search.population", "475")]);
    assert_eq!(effects, [Effect::Tell(asked)]);
    assert!(panel(&model).is_sent);
    let change = Tuned { settings: vec![setting("search.population", "475")], ..fixture::tuned() };
    let mut after = (*fixture::snapshot()).clone();
    after.population.truncate(475);
    hear(
        &mut model,
        Update::Snapshot(Arc::new(Snapshot { tunings: vec![change.clone()], ..after })),
    );
    hear(&mut model, Update::Tuned(Box::new(change)));
    assert_eq!((panel(&model).wishes(), panel(&model).preview.leaving()), (0, 0));
    let search = model.search.as_ref().expect("runs");
    assert_eq!(search.spec.preset.search.population, 475);
    assert_eq!(search.events.back().map(|event| event.kind), Some(EventKind::Tuned));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.lead == "from #1,800 on"));
}

#[test]
fn wishes_are_stepped_reset_and_dropped() {
    let mut model = tuning();
    press(&mut model, &[Intent::PreviousValue]);
    assert_eq!(panel(&model).wish(0).expect("stepped").shown, "500");
    press(&mut model, &[Intent::NextValue]);
    assert_eq!(panel(&model).wish(0).expect("stepped").shown, "550");
    press(&mut model, &[Intent::Reset]);
    assert!(panel(&model).wish(0).is_none());
    // What is typed and then left as it was is no wish.
    keys(&mut model, "512");
    press(&mut model, &[Intent::Down]);
    assert_eq!(panel(&model).wishes(), 0);
    // Escape drops what is typed, then the panel.
    keys(&mut model, "9");
    press(&mut model, &[Intent::Back]);
    assert_eq!(panel(&model).wishes(), 0);
    press(&mut model, &[Intent::Back]);
    assert!(model.overlay.is_none());
    assert!(press(&mut model, &[Intent::Tune, Intent::Enter]).is_empty(), "nothing is wished");
}

#[test]
fn what_cannot_be_says_why_and_is_not_asked_for() {
    let mut model = tuning();
    keys(&mut model, "1");
    let why = panel(&model).wish(0).expect("typed").effect.clone().expect_err("too few");
    assert!(why.contains("1 is too small: 2 or more"), "{why}");
    assert!(press(&mut model, &[Intent::Enter]).is_empty());
    // With the least width above the most, neither can be alone; together they can.
    let mut model = tuning();
    let row = |key| TUNE_ROWS.iter().position(|row| row.key == key).expect("a row");
    for (key, value) in [("space.width_min", "3000"), ("space.width_max", "4000")] {
        press(&mut model, &[Intent::First]);
        press(&mut model, &vec![Intent::Down; row(key)]);
        keys(&mut model, value);
    }
    let least = panel(&model).wish(row("space.width_min")).expect("typed");
    assert_eq!(least.effect, Ok("with the others".to_owned()));
}

#[test]
fn scores_of_another_kind_have_a_price() {
    let mut model = tuning();
    let row = TUNE_ROWS.iter().position(|row| row.key == "score.batch").expect("a row");
    press(&mut model, &vec![Intent::Down; row]);
    keys(&mut model, "2");
    let effect = panel(&model).wish(row).expect("typed").effect.clone().expect("can be");
    assert!(effect.starts_with("re-scores 512, ≈ "), "{effect}");
}

#[test]
fn a_refusal_is_said_where_it_was_wished_for() {
    let mut model = tuning();
    keys(&mut model, "475");
    press(&mut model, &[Intent::Enter]);
    let refusal = Refusal { key: "search.population".to_owned(), message: "no".to_owned() };
    hear(&mut model, Update::Refused(refusal.clone()));
    assert_eq!(panel(&model).refused.as_deref(), Some("search.population: no"));
    assert_eq!(panel(&model).wishes(), 1);
    press(&mut model, &[Intent::Back]);
    assert_eq!(press(&mut model, &[Intent::Untune]), [Effect::Tell(Command::Untune)]);
    hear(&mut model, Update::Refused(refusal));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.failed));
}

#[test]
fn the_panel_closes_when_everything_is_proposed() {
    let mut model = tuning();
    hear(&mut model, Update::Phase(Phase::Confirming { done: 0, total: 8 }));
    assert!(model.overlay.is_none());
    assert!(model.notice.is_some());
}
