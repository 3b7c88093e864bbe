use std::sync::Arc;

use super::update;
use crate::{
    run::protocol::{Command, Phase, Snapshot, Update},
    tui::{
        Exit,
        action::{Action, Effect},
        fixture,
        keymap::{Context, Key, intent},
        model::{Form, Model, Overlay, Screen, Search},
    },
};

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    match intent(model.context(), key) {
        Some(intent) => update(model, Action::Intent(intent)),
        None => update(model, Action::Type(key)),
    }
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, Key::Char(c));
    }
}

fn search(model: &Model) -> &Search {
    match &model.screen {
        Screen::Search(search) => search,
        Screen::Picker | Screen::Form(_) => panic!("a search"),
    }
}

fn form(model: &Model) -> &Form {
    match &model.screen {
        Screen::Form(form) => form,
        Screen::Picker | Screen::Search(_) => panic!("a form"),
    }
}

/// From the picker into the form of the fixture's preset.
fn opened() -> Model {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    press(&mut model, Key::Down);
    let effects = press(&mut model, Key::Enter);
    assert_eq!(effects, [Effect::Open(fixture::PRESET.to_owned())]);
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Box::new(source)));
    model
}

#[test]
fn enter_shows_a_preset_and_a_second_enter_starts_it() {
    let mut model = opened();
    assert_eq!(model.context(), Context::Form);
    type_in(&mut model, "96k");
    assert_eq!(model.context(), Context::Edit);
    press(&mut model, Key::Enter);
    let effects = press(&mut model, Key::Enter);
    let [Effect::Start(spec)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(spec.preset.search.iterations, 96_000);
    assert_eq!(model.context(), Context::Running);
}

/// Counts are exact: no fraction is rounded, no large seed loses its last digits.
#[test]
fn whole_numbers_are_taken_as_typed_or_refused() {
    let mut model = opened();
    type_in(&mut model, "1.5");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.wrong[0].message, "'1.5' is no whole number");
    press(&mut model, Key::Char('u'));
    while form(&model).field().key != "search.seed" {
        press(&mut model, Key::Down);
    }
    type_in(&mut model, "9007199254740993");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.preset.search.seed, 9_007_199_254_740_993);
}

/// Leaving the form for the list and coming back finds what was changed.
#[test]
fn a_form_that_was_left_is_found_again() {
    let mut model = opened();
    type_in(&mut model, "777");
    press(&mut model, Key::Enter);
    press(&mut model, Key::Esc);
    assert_eq!(model.context(), Context::Picker);
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Box::new(source)));
    assert_eq!(form(&model).draft.preset.search.iterations, 777);
}

#[test]
fn a_start_is_refused_while_a_value_is_wrong() {
    let mut model = opened();
    type_in(&mut model, "0");
    press(&mut model, Key::Enter);
    let wrong = form(&model).draft.wrong.clone();
    assert_eq!(wrong[0].message, "0 is too small: 1 or more");
    press(&mut model, Key::Char('G'));
    assert_eq!(press(&mut model, Key::Enter), []);
    assert_eq!(form(&model).field().key, "search.iterations", "the cursor goes to it");
    press(&mut model, Key::Char('u'));
    assert!(form(&model).draft.wrong.is_empty(), "undone");
    assert!(matches!(press(&mut model, Key::Char('r')).as_slice(), [Effect::Start(_)]));
}

#[test]
fn a_limit_of_the_preset_can_be_raised_but_not_lifted() {
    let mut model = opened();
    press(&mut model, Key::Char('g'));
    press(&mut model, Key::Char('e'));
    press(&mut model, Key::Ctrl('u'));
    press(&mut model, Key::Enter);
    let message = form(&model).draft.wrong[0].message.clone();
    assert_eq!(message, "the preset itself sets 1.000M: a limit can be raised, not lifted");
    type_in(&mut model, "2M");
    press(&mut model, Key::Enter);
    assert!(form(&model).draft.wrong.is_empty());
    assert_eq!(form(&model).draft.preset.budget.params.map(|s| s.0), Some(2_000_000));
    // No limit becomes one, and none again.
    press(&mut model, Key::Down);
    type_in(&mut model, "900M");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.preset.budget.flops.map(|s| s.0), Some(900_000_000));
    press(&mut model, Key::Char('e'));
    press(&mut model, Key::Ctrl('u'));
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.preset.budget.flops, None);
}

#[test]
fn choices_cycle_and_escape_leaves_a_value_as_it_was() {
    let mut model = opened();
    press(&mut model, Key::Char('g'));
    (0..4).for_each(|_| drop(press(&mut model, Key::Down)));
    assert_eq!(form(&model).field().key, "budget.counting");
    press(&mut model, Key::Right);
    assert_eq!(form(&model).draft.preset.budget.counting.name(), "exact");
    press(&mut model, Key::Left);
    assert_eq!(form(&model).changed().count(), 0);
    press(&mut model, Key::Down);
    type_in(&mut model, "5");
    press(&mut model, Key::Esc);
    assert_eq!(form(&model).changed().count(), 0);
    press(&mut model, Key::Esc);
    assert_eq!(model.context(), Context::Picker);
}

#[test]
fn kernels_are_chosen_from_a_list() {
    let mut model = opened();
    press(&mut model, Key::Char('G'));
    assert_eq!(form(&model).field().key, "run.kernels");
    type_in(&mut model, "x");
    assert_eq!(form(&model).changed().count(), 0, "nothing to type");
    press(&mut model, Key::Left);
    let effects = press(&mut model, Key::Enter);
    let [Effect::Start(spec)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(spec.preset.run.kernels, "graph");
}

#[test]
fn latency_presets_are_shown_but_not_started() {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    let no_files = |_: &std::path::Path| Err(String::new());
    let source = crate::space::PresetSource::find("imagenet-latency-0.1ms", &no_files);
    update(&mut model, Action::Opened(Box::new(source)));
    assert_eq!(press(&mut model, Key::Enter), []);
    assert!(form(&model).refusal.as_deref().is_some_and(|text| text.contains("latency")));
}

#[test]
fn a_file_that_cannot_be_opened_says_where_it_is_wrong() {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    press(&mut model, Key::Char('o'));
    type_in(&mut model, "qq.toml");
    assert_eq!(press(&mut model, Key::Enter), [Effect::Open("qq.toml".to_owned())]);
    let read = |_: &std::path::Path| Ok("version = 1\n[search]\niteration = 5\n".to_owned());
    let result = crate::space::PresetSource::find("qq.toml", &read);
    update(&mut model, Action::Opened(Box::new(result)));
    let error = model.picker.error.clone().expect("refused");
    assert!(error.starts_with("qq.toml:3:1: unknown key 'iteration'"), "{error}");
    assert_eq!(model.context(), Context::Path, "the path can be mended");
}

#[test]
fn space_and_p_pause_and_go_on() {
    let mut model = fixture::running();
    assert_eq!(press(&mut model, Key::Char(' ')), [Effect::Tell(Command::Pause)]);
    assert_eq!(press(&mut model, Key::Char('p')), [Effect::Tell(Command::Pause)]);
    update(&mut model, Action::Engine(Update::Phase(Phase::Pausing)));
    assert_eq!(press(&mut model, Key::Char('p')), [Effect::Tell(Command::Resume)]);
    let mut model = fixture::paused();
    assert_eq!(press(&mut model, Key::Char(' ')), [Effect::Tell(Command::Resume)]);
    assert_eq!(press(&mut model, Key::Char('S')), [Effect::Tell(Command::Stop)]);
}

#[test]
fn leaving_a_running_search_is_asked_about() {
    for key in [Key::Char('q'), Key::Ctrl('c')] {
        let mut model = fixture::running();
        assert_eq!(press(&mut model, key), []);
        assert_eq!(model.overlay, Some(Overlay::Leave));
        press(&mut model, Key::Esc);
        assert_eq!(model.overlay, None);
        press(&mut model, key);
        assert_eq!(press(&mut model, key), [Effect::Leave(Exit::Done)], "a second {key:?}");
    }
    for mut model in [fixture::model(), opened(), fixture::finished()] {
        assert_eq!(press(&mut model, Key::Char('q')), [Effect::Leave(Exit::Done)]);
    }
}

#[test]
fn the_question_goes_away_when_the_search_ends_meanwhile() {
    let mut model = fixture::running();
    press(&mut model, Key::Char('q'));
    update(&mut model, Action::EngineOver);
    assert_eq!(model.overlay, None);
    assert_eq!(model.context(), Context::Finished);
}

/// The fixture's snapshot with everything moved down by `new` better candidates.
fn moved(new: usize) -> Arc<Snapshot> {
    let mut snapshot = (*fixture::snapshot()).clone();
    let best = Arc::clone(&snapshot.population[0]);
    for i in 0..new {
        let mut member = (*best).clone();
        member.id = 100_000 + i as u64;
        snapshot.population.insert(0, Arc::new(member));
    }
    snapshot.population.truncate(snapshot.capacity);
    Arc::new(snapshot)
}

#[test]
fn the_cursor_stays_on_its_candidate() {
    let mut model = fixture::running();
    (0..3).for_each(|_| drop(press(&mut model, Key::Char('j'))));
    let id = search(&model).selected().expect("selected").id;
    assert_eq!(search(&model).rank(), 3);
    update(&mut model, Action::Engine(Update::Snapshot(moved(5))));
    assert_eq!(search(&model).rank(), 8);
    assert_eq!(search(&model).selected().map(|m| m.id), Some(id));
    assert_eq!(search(&model).top(12), 0, "the best stay in sight while it is among the first 12");
    // Below those, the list is held still around it.
    update(&mut model, Action::Engine(Update::Snapshot(moved(30))));
    let (rank, top) = (search(&model).rank(), search(&model).top(12));
    assert_eq!((rank, rank - top), (33, 8));
    // Its candidate gone, it stays where it was.
    update(&mut model, Action::Engine(Update::Snapshot(moved(511))));
    assert_eq!(search(&model).rank(), 33);
}

#[test]
fn the_cursor_follows_the_best_until_it_is_moved() {
    let mut model = fixture::running();
    update(&mut model, Action::Engine(Update::Snapshot(moved(2))));
    assert_eq!(search(&model).rank(), 0);
    press(&mut model, Key::Char('G'));
    assert_eq!(search(&model).rank(), 511);
    press(&mut model, Key::PageUp);
    assert_eq!(search(&model).rank(), 499);
    press(&mut model, Key::Home);
    assert_eq!((search(&model).rank(), search(&model).top(12)), (0, 0));
}

#[test]
fn copying_gives_the_selected_structure() {
    let mut model = fixture::running();
    press(&mut model, Key::Down);
    let structure = fixture::snapshot().population[1].structure.to_string();
    assert_eq!(press(&mut model, Key::Char('y')), [Effect::Copy(structure)]);
    assert!(search(&model).events.back().is_some_and(|event| event.lead.starts_with("sent #")));
}

#[test]
fn events_are_bounded() {
    let mut model = fixture::running();
    (0..1_000).for_each(|_| drop(press(&mut model, Key::Char('y'))));
    assert_eq!(search(&model).events.len(), 256);
}

#[test]
fn estimates_move_by_a_twentieth_or_not_at_all() {
    let mut model = fixture::running();
    let whole = search(&model).whole_ms().expect("a rate is known");
    let with_rate = |rate: f64| {
        let mut snapshot = (*fixture::snapshot()).clone();
        snapshot.proposed_per_s = rate;
        Update::Snapshot(Arc::new(snapshot))
    };
    update(&mut model, Action::Engine(with_rate(126.0)));
    assert_eq!(search(&model).whole_ms(), Some(whole));
    update(&mut model, Action::Engine(with_rate(140.0)));
    assert!(search(&model).whole_ms().is_some_and(|fresh| fresh < whole));
}

#[test]
fn a_finished_search_stays_until_it_is_left() {
    let mut model = fixture::finished();
    assert_eq!(model.clock_period_ms(), None, "nothing ticks any more");
    assert_eq!(press(&mut model, Key::Char('N')), [Effect::Forget]);
    assert_eq!(model.context(), Context::Picker);
}

#[test]
fn a_search_that_cannot_begin_goes_back_to_its_form() {
    use crate::run::protocol::{Fault, Finished, Reason};
    let mut model = opened();
    press(&mut model, Key::Enter);
    let text = "score.proxy: unknown proxy 'zem'".to_owned();
    let fault = Fault { at_ms: 0, worker: None, id: None, text: text.clone() };
    update(&mut model, Action::Engine(Update::Fault(fault)));
    let finished = Finished { reason: Reason::Failed, winner: None };
    let effects = update(&mut model, Action::Engine(Update::Finished(finished)));
    assert_eq!(effects, [Effect::Forget]);
    assert_eq!(form(&model).refusal, Some(text));
}
