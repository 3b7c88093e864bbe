use std::sync::Arc;

use super::update;
use crate::{
    run::{
        Broken, Proof, Unsolvable,
        protocol::{Command, Phase, Snapshot, Update},
    },
    tui::{
        Exit,
        action::{Action, Effect},
        columns::Column,
        fixture,
        keymap::{Context, Key, Place, RunState, intent},
        model::{Form, Model, Overlay, Search, Shown},
    },
};

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    match intent(model.place(), key) {
        Some(intent) => update(model, Action::Intent(intent)),
        None => update(model, Action::Type(key)),
    }
}

pub(super) fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, Key::Char(c));
    }
}

/// In a form: over the value of the field under the cursor.
pub(super) fn set(model: &mut Model, text: &str) {
    press(model, Key::Char('e'));
    press(model, Key::Ctrl('u'));
    type_in(model, text);
}

/// In a form: the cursor to a field.
pub(super) fn go_to(model: &mut Model, key: &str) {
    press(model, Key::Char('g'));
    while form(model).field().key != key {
        press(model, Key::Down);
    }
}

fn search(model: &Model) -> &Search {
    model.search.as_ref().expect("a search")
}

pub(super) fn form(model: &Model) -> &Form {
    model.setup.open_form().expect("a form")
}

/// From the picker into the form of the fixture's preset.
pub(super) fn opened() -> Model {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    press(&mut model, Key::Down);
    let effects = press(&mut model, Key::Enter);
    assert_eq!(effects, [Effect::Open(fixture::PRESET.to_owned())]);
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    model
}

#[test]
fn enter_edits_a_setting_and_r_starts() {
    let mut model = opened();
    assert_eq!(model.place().context, Context::Form);
    press(&mut model, Key::Enter);
    assert_eq!(model.place().context, Context::Edit);
    press(&mut model, Key::Esc);
    set(&mut model, "96k");
    assert_eq!(model.place().context, Context::Edit);
    press(&mut model, Key::Enter);
    let effects = press(&mut model, Key::Char('r'));
    let [Effect::Forget, Effect::Start(spec)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(spec.preset.search.iterations, 96_000);
    assert_eq!(model.place(), Place { context: Context::Search, run: RunState::Running });
}

/// Counts are exact: no fraction is rounded, no large seed loses its last digits.
#[test]
fn whole_numbers_are_taken_as_typed_or_refused() {
    let mut model = opened();
    set(&mut model, "1.5");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.wrong[0].message, "'1.5' is no whole number");
    press(&mut model, Key::Char('u'));
    go_to(&mut model, "search.seed");
    set(&mut model, "9007199254740993");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).draft.preset.search.seed, 9_007_199_254_740_993);
}

/// Leaving the form for the list and coming back finds what was changed.
#[test]
fn a_form_that_was_left_is_found_again() {
    let mut model = opened();
    set(&mut model, "777");
    press(&mut model, Key::Enter);
    press(&mut model, Key::Esc);
    assert_eq!(model.place().context, Context::Picker);
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    assert_eq!(form(&model).draft.preset.search.iterations, 777);
}

#[test]
fn a_start_is_refused_while_a_value_is_wrong() {
    let mut model = opened();
    set(&mut model, "0");
    press(&mut model, Key::Enter);
    let wrong = form(&model).draft.wrong.clone();
    assert_eq!(wrong[0].message, "0 is too small: 1 or more");
    press(&mut model, Key::Char('G'));
    assert_eq!(press(&mut model, Key::Char('r')), []);
    let refusal = form(&model).refusal.as_deref();
    assert_eq!(refusal, Some("search.iterations first: 0 is too small: 1 or more"));
    assert_eq!(form(&model).field().key, "search.iterations", "the cursor goes to it");
    press(&mut model, Key::Char('u'));
    assert!(form(&model).draft.wrong.is_empty(), "undone");
    assert!(matches!(
        press(&mut model, Key::Char('r')).as_slice(),
        [Effect::Forget, Effect::Start(_)]
    ));
}

#[test]
fn a_limit_of_the_preset_can_be_raised_but_not_lifted() {
    let mut model = opened();
    go_to(&mut model, "budget.params");
    press(&mut model, Key::Char('e'));
    press(&mut model, Key::Ctrl('u'));
    press(&mut model, Key::Enter);
    let message = form(&model).draft.wrong[0].message.clone();
    assert_eq!(message, "the preset itself sets 1.000M: a limit can be raised, not lifted");
    set(&mut model, "2M");
    press(&mut model, Key::Enter);
    assert!(form(&model).draft.wrong.is_empty());
    assert_eq!(form(&model).draft.preset.budget.params.map(|s| s.0), Some(2_000_000));
    // No limit becomes one, and none again.
    press(&mut model, Key::Down);
    set(&mut model, "900M");
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
    go_to(&mut model, "budget.counting");
    press(&mut model, Key::Right);
    assert_eq!(form(&model).draft.preset.budget.counting.name(), "exact");
    press(&mut model, Key::Left);
    assert_eq!(form(&model).changed().count(), 0);
    press(&mut model, Key::Down);
    set(&mut model, "5");
    press(&mut model, Key::Esc);
    assert_eq!(form(&model).changed().count(), 0);
    press(&mut model, Key::Esc);
    assert_eq!(model.place().context, Context::Picker);
}

#[test]
fn kernels_are_chosen_from_a_list() {
    let mut model = opened();
    go_to(&mut model, "run.kernels");
    type_in(&mut model, "x");
    assert_eq!(form(&model).changed().count(), 0, "nothing to type");
    press(&mut model, Key::Left);
    let effects = press(&mut model, Key::Char('r'));
    let [Effect::Forget, Effect::Start(spec)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(spec.preset.run.kernels, "graph");
}

#[test]
fn latency_presets_are_shown_but_not_started() {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    let no_files = |_: &std::path::Path| Err(String::new());
    let source = crate::space::PresetSource::find("imagenet-latency-0.1ms", &no_files);
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    assert_eq!(press(&mut model, Key::Char('r')), []);
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
    let error = result.expect_err("a typo");
    let broken = Broken { error, path: None, text: None };
    update(&mut model, Action::Opened(Err(Box::new(broken))));
    let error = model.setup.picker.error.clone().expect("refused");
    assert!(error.starts_with("qq.toml:3:1: unknown key 'iteration'"), "{error}");
    assert_eq!(model.place().context, Context::Path, "the path can be mended");
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
    assert_eq!(press(&mut model, Key::Char('S')), [], "asked first");
    assert!(matches!(model.overlay, Some(Overlay::Stop)));
    press(&mut model, Key::Esc);
    assert!(model.overlay.is_none());
    press(&mut model, Key::Char('S'));
    assert_eq!(press(&mut model, Key::Char('y')), [Effect::Tell(Command::Stop)]);
}

#[test]
fn leaving_a_running_search_is_asked_about() {
    for key in [Key::Char('q'), Key::Ctrl('c')] {
        let mut model = fixture::running();
        assert_eq!(press(&mut model, key), []);
        assert!(matches!(model.overlay, Some(Overlay::Leave)));
        press(&mut model, Key::Esc);
        assert!(model.overlay.is_none());
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
    assert!(model.overlay.is_none());
    assert_eq!(model.place(), Place { context: Context::Search, run: RunState::Finished });
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
    (0..3_000).for_each(|_| drop(press(&mut model, Key::Char('y'))));
    assert_eq!(search(&model).events.len(), 2_048);
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
    assert_eq!(press(&mut model, Key::Char('N')), [Effect::ListPresets]);
    assert_eq!(model.place().context, Context::Picker);
    press(&mut model, Key::Char('1'));
    assert_eq!(search(&model).events.len(), 2, "it is still there");
}

#[test]
fn a_search_that_cannot_begin_goes_back_to_its_form() {
    use crate::run::protocol::{Fault, Finished, Reason};
    let mut model = opened();
    press(&mut model, Key::Char('r'));
    let text = "score.proxy: unknown proxy 'zem'".to_owned();
    let fault = Fault { at_ms: 0, worker: None, id: None, text: text.clone() };
    update(&mut model, Action::Engine(Update::Fault(fault)));
    let finished = Finished { reason: Reason::Failed, winner: None };
    let effects = update(&mut model, Action::Engine(Update::Finished(finished)));
    assert_eq!(effects, [Effect::Forget]);
    assert_eq!(form(&model).refusal, Some(format!("Can't start: {text}")));
}

/// The population's screen of the running fixture.
fn population() -> Model {
    let mut model = fixture::running();
    press(&mut model, Key::Char('2'));
    model
}

fn shown_ids(model: &Model) -> Vec<u64> {
    let members = search(model).population();
    model.population.rows().iter().map(|&rank| members[rank].id).collect()
}

#[test]
fn a_population_is_filtered_as_one_types() {
    let mut model = population();
    let all = shown_ids(&model);
    assert_eq!(all.len(), 512);
    press(&mut model, Key::Char('/'));
    type_in(&mut model, "params<0.9M");
    let cheap = shown_ids(&model);
    assert!(!cheap.is_empty() && cheap.len() < all.len());
    // What is no filter yet leaves the last one standing, and can't be kept.
    type_in(&mut model, " has:");
    assert_eq!(shown_ids(&model), cheap);
    press(&mut model, Key::Enter);
    assert_eq!(model.place().context, Context::Filter);
    type_in(&mut model, "K7");
    press(&mut model, Key::Enter);
    assert_eq!(model.place().context, Context::Population);
    assert!(shown_ids(&model).len() < cheap.len());
    press(&mut model, Key::Esc);
    assert_eq!(shown_ids(&model), all);
}

#[test]
fn a_population_sorts_by_any_column_and_the_cursor_stays() {
    let mut model = population();
    press(&mut model, Key::Down);
    let id = shown_ids(&model)[model.population.row()];
    let params = |model: &Model| -> Vec<u64> {
        let members = search(model).population();
        model.population.rows().iter().map(|&rank| members[rank].costs.params).collect()
    };
    while model.population.sort != Column::Params {
        press(&mut model, Key::Char('>'));
    }
    assert!(params(&model).is_sorted());
    assert_eq!(shown_ids(&model)[model.population.row()], id);
    press(&mut model, Key::Char('r'));
    assert!(params(&model).iter().rev().is_sorted());
    press(&mut model, Key::Char('<'));
    assert_ne!(model.population.sort, Column::Params);
    // A snapshot that adds candidates leaves it there as well.
    update(&mut model, Action::Engine(Update::Snapshot(moved(5))));
    assert_eq!(shown_ids(&model)[model.population.row()], id);
}

#[test]
fn what_is_marked_is_exported() {
    let mut model = population();
    for key in ['m', 'j', 'm', 'x', 'c'] {
        if key == 'c' {
            assert_eq!(model.place().context, Context::Export);
            let effects = press(&mut model, Key::Char(key));
            let [Effect::Write(document)] = effects.as_slice() else { panic!("{effects:?}") };
            assert_eq!((document.extension, document.text.lines().count()), ("csv", 3));
            assert_eq!(document.stem, "zendo-cifar-params-1m-2-candidates");
            let wrote = Action::Wrote(document.clone(), Ok("/home/me/x.csv".to_owned()));
            update(&mut model, wrote);
        } else {
            press(&mut model, Key::Char(key));
        }
    }
    assert!(search(&model).events.back().is_some_and(|e| e.lead.starts_with("wrote /home/me/")));
    // One network is one Python file; what can't be written is said.
    press(&mut model, Key::Char('m'));
    press(&mut model, Key::Up);
    press(&mut model, Key::Char('m'));
    press(&mut model, Key::Char('x'));
    let effects = press(&mut model, Key::Char('p'));
    let [Effect::Write(document)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(document.text.contains("class Net(nn.Module)"));
    update(&mut model, Action::Wrote(document.clone(), Err("no space left".to_owned())));
    let notice = model.notice.as_ref().expect("said");
    assert_eq!((notice.lead.as_str(), notice.failed), ("no space left", true));
}

#[test]
fn an_optimum_is_solved_for_from_the_form() {
    let mut model = opened();
    let effects = press(&mut model, Key::Char('s'));
    let [Effect::Solve(wanted)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(wanted.preset.budget.params.map(|size| size.0), Some(1_000_000));
    assert_eq!(model.clock_period_ms(), Some(1_000), "its clock ticks");
    update(&mut model, Action::Proved(Proof::Impossible(Unsolvable::NothingFits)));
    assert_eq!(model.clock_period_ms(), None);
    assert_eq!(press(&mut model, Key::Esc), [Effect::StopSolving]);
    // Words that come late find nobody.
    update(&mut model, Action::Proved(Proof::Done));
    press(&mut model, Key::Char('s'));
    let effects = press(&mut model, Key::Enter);
    assert!(
        matches!(effects.as_slice(), [Effect::StopSolving, Effect::Forget, Effect::Start(_)]),
        "{effects:?}"
    );
    assert_eq!(model.place().context, Context::Search);
}

#[test]
fn any_action_is_found_in_the_palette() {
    let mut model = fixture::running();
    press(&mut model, Key::Char(':'));
    type_in(&mut model, "reverse");
    press(&mut model, Key::Enter);
    assert_eq!(model.place().context, Context::Population);
    assert!(model.population.reversed);
    press(&mut model, Key::Char(':'));
    type_in(&mut model, "pause");
    assert_eq!(press(&mut model, Key::Enter), [Effect::Tell(Command::Pause)]);
}

#[test]
fn the_log_is_filtered_and_saved() {
    let mut model = fixture::worker_failed();
    press(&mut model, Key::Char('7'));
    assert_eq!(model.log.rows().len(), 2);
    press(&mut model, Key::Char('/'));
    type_in(&mut model, "kind:fault");
    press(&mut model, Key::Enter);
    assert_eq!(model.log.rows().len(), 1);
    let effects = press(&mut model, Key::Char('w'));
    let [Effect::Write(document)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(document.text.contains("worker 2 is gone") && document.text.lines().count() == 1);
    // The banner goes first.
    press(&mut model, Key::Esc);
    press(&mut model, Key::Esc);
    assert_eq!(model.log.rows().len(), 2);
}

/// As many terminals paste.
#[test]
fn a_paste_may_end_its_lines_with_carriage_returns() {
    let mut model = fixture::running();
    press(&mut model, Key::Char('3'));
    press(&mut model, Key::Char('o'));
    update(&mut model, Action::Paste("# mine\rSuperConvK3BNRELU(3,8,1,1)".to_owned()));
    press(&mut model, Key::Enter);
    let shown = model.shown_net().expect("taken");
    assert_eq!(shown.structure.to_string(), "SuperConvK3BNRELU(3,8,1,1)");
}

#[test]
fn what_was_marked_is_exported_though_it_has_left() {
    let mut model = population();
    press(&mut model, Key::Char('G'));
    press(&mut model, Key::Char('m'));
    let worst = fixture::snapshot().population[511].structure.to_string();
    update(&mut model, Action::Engine(Update::Snapshot(moved(511))));
    press(&mut model, Key::Char('x'));
    let effects = press(&mut model, Key::Char('s'));
    let [Effect::Write(document)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(document.text, format!("{worst}\n"));
    // The cursor went to whoever stands there now, and stays with that one.
    let at = model.population.row();
    let id = shown_ids(&model)[at];
    update(&mut model, Action::Engine(Update::Snapshot(moved(511))));
    assert_eq!(shown_ids(&model)[model.population.row()], id);
}

/// Candidates of another run have the same numbers.
#[test]
fn a_new_search_leaves_the_candidates_of_the_last() {
    let mut model = fixture::finished();
    press(&mut model, Key::Char('2'));
    press(&mut model, Key::Down);
    press(&mut model, Key::Enter);
    assert!(matches!(model.network.shown, Shown::Net(_)));
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    press(&mut model, Key::Char('5'));
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    let effects = press(&mut model, Key::Char('r'));
    assert!(matches!(effects.last(), Some(Effect::Start(_))), "{effects:?}");
    assert!(matches!(model.network.shown, Shown::Best));
    assert_eq!((model.population.row(), model.log.rows().len()), (0, 0));
}

#[test]
fn leaving_over_a_solve_ends_it() {
    let mut model = opened();
    press(&mut model, Key::Char('r'));
    model.tab = crate::tui::keymap::Tab::Setup;
    press(&mut model, Key::Char('s'));
    assert_eq!(press(&mut model, Key::Ctrl('c')), [Effect::StopSolving], "a search runs: asked");
    assert!(matches!(model.overlay, Some(Overlay::Leave)));
}

#[test]
fn the_logs_cursor_stays_on_its_event_when_old_ones_are_forgotten() {
    let mut model = fixture::running();
    press(&mut model, Key::Char('7'));
    for _ in 0..2_100 {
        press(&mut model, Key::Char('y'));
    }
    press(&mut model, Key::Down);
    let selected = |model: &Model| {
        let search = model.search.as_deref().expect("runs");
        (search.forgotten + search.events.len(), model.log.row)
    };
    let (before, row) = selected(&model);
    press(&mut model, Key::Char('y'));
    assert_eq!(selected(&model), (before + 1, row + 1));
}
