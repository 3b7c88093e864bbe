use std::sync::Arc;

use crate::{
    run::protocol::{Command, Member, Snapshot, Update},
    tui::{
        action::{Action, Effect},
        fixture,
        keymap::{Context, Key, Tab, intent},
        model::{Known, Model, Net, NetTarget, Overlay, Whose},
        update::update,
    },
};

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let action = intent(model.place(), key).map_or(Action::Type(key), Action::Intent);
    update(model, action)
}

fn hear(model: &mut Model, said: Update) -> Vec<Effect> {
    update(model, Action::Engine(said))
}

fn best() -> Arc<Member> {
    Arc::clone(&fixture::snapshot().population[0])
}

/// On the Diff screen, its lineage known.
fn known() -> Model {
    let mut model = fixture::running();
    assert_eq!(press(&mut model, Key::Char('4')), [ask(best().id)]);
    hear(&mut model, Update::Ancestors(fixture::ancestors(best().id)));
    model
}

fn ask(id: u64) -> Effect {
    Effect::Tell(Command::Inspect(id))
}

fn labels(model: &Model) -> (String, String) {
    let label = |net: Option<Net>| net.map_or("none".to_owned(), |net| net.label);
    (label(model.side_a()), label(model.side_b()))
}

fn id_of(net: &Option<Net>) -> Option<u64> {
    net.as_ref()?.member.as_ref().map(|member| member.id)
}

fn chain(model: &Model) -> Vec<u64> {
    let lineage = model.diff.lineage.as_ref().expect("a lineage");
    lineage.chain.iter().map(|member| member.id).collect()
}

fn last_event(model: &Model) -> String {
    let event = model.search.as_ref().and_then(|search| search.events.back());
    event.map_or(String::new(), |event| format!("{} {}", event.lead, event.detail))
}

/// A best that beats all others, a child of rank `parent`.
fn new_best(parent: usize) -> Update {
    let mut snapshot: Snapshot = (*fixture::snapshot()).clone();
    let parent = Arc::clone(&snapshot.population[parent]);
    let mut child = (*parent).clone();
    (child.id, child.parent, child.generation) = (9_999, Some(parent.id), parent.generation + 1);
    child.score.value += 50.0;
    snapshot.population.insert(0, Arc::new(child));
    Update::Snapshot(Arc::new(snapshot))
}

#[test]
fn without_pins_the_best_is_held_against_what_was_published() {
    let mut model = known();
    assert_eq!(labels(&model), ("ZenNet-1M".to_owned(), crate::tui::format::id(best().id)));
    assert!(model.diff.compared.is_some());
    hear(&mut model, new_best(3));
    assert_eq!(labels(&model).1, "#9,999", "B follows the best");
    let compared = model.diff.compared.as_ref().expect("both are there");
    assert_eq!(compared.b.structure, fixture::snapshot().population[3].structure);
}

/// Ancestors leave the population; the run remembers those of whoever lives.
#[test]
fn the_run_is_asked_for_a_lineage_once() {
    let mut model = fixture::running();
    assert_eq!(press(&mut model, Key::Char('4')), [ask(best().id)]);
    let known = |model: &Model| model.diff.lineage.as_ref().map(|lineage| lineage.known);
    assert_eq!(known(&model), Some(Known::Asking));
    assert_eq!(hear(&mut model, Update::Snapshot(fixture::snapshot())), []);
    assert_eq!(press(&mut model, Key::Up), []);
    let ancestors = fixture::ancestors(best().id);
    let ids: Vec<u64> = ancestors.iter().map(|member| member.id).collect();
    assert_eq!(hear(&mut model, Update::Ancestors(ancestors)), []);
    assert_eq!((known(&model), chain(&model)), (Some(Known::Whole), ids));
    // Another best, another question; the answer may have been dropped on its way.
    assert_eq!(hear(&mut model, new_best(3)), [ask(9_999)]);
    update(&mut model, Action::Clock(375_000 + 6_000));
    assert_eq!(hear(&mut model, new_best(3)), [ask(9_999)]);
    // Forgotten is an answer, too.
    assert_eq!(hear(&mut model, Update::Ancestors(Vec::new())), []);
    assert_eq!(known(&model), Some(Known::Part));
    update(&mut model, Action::Clock(500_000));
    assert_eq!(hear(&mut model, new_best(3)), []);
}

#[test]
fn nothing_is_asked_on_other_screens_or_of_a_run_that_is_over() {
    let mut model = fixture::running();
    assert_eq!(hear(&mut model, new_best(3)), []);
    let mut model = fixture::finished();
    assert_eq!(press(&mut model, Key::Char('4')), []);
    let lineage = model.diff.lineage.as_ref().expect("of the winner");
    assert_eq!(lineage.known, Known::Part);
}

#[test]
fn walking_shows_what_each_step_changed() {
    let mut model = known();
    let whole = chain(&model);
    let steps = whole.len();
    press(&mut model, Key::Up);
    press(&mut model, Key::Up);
    let at = model.diff.step();
    assert_eq!(at, steps - 3);
    assert_eq!(press(&mut model, Key::Enter), []);
    let pins = |model: &Model| (id_of(&model.pins.a), id_of(&model.pins.b));
    assert_eq!(pins(&model), (Some(whole[at - 1]), Some(whole[at])));
    assert_eq!((chain(&model), model.diff.step()), (whole.clone(), at), "the lineage stays");
    let lineage = model.diff.lineage.as_ref().expect("still there");
    assert_eq!(lineage.whose, Whose::Walked);
    press(&mut model, Key::Up);
    press(&mut model, Key::Enter);
    assert_eq!(pins(&model), (Some(whole[at - 2]), Some(whole[at - 1])));
    // The first step is the initial structure, which has no parent.
    press(&mut model, Key::Home);
    press(&mut model, Key::Enter);
    assert_eq!(pins(&model), (Some(whole[at - 2]), Some(whole[at - 1])));
    assert_eq!(last_event(&model), "#0 the initial structure has no parent");
    // Pinned by other means, B has a lineage of its own.
    press(&mut model, Key::Char('s'));
    assert_eq!(chain(&model), whole[..at - 1]);
    // What is compared is kept until it is put away.
    let kept = pins(&model);
    press(&mut model, Key::Esc);
    assert_eq!(model.tab, Tab::Search);
    press(&mut model, Key::Char('4'));
    assert_eq!(pins(&model), kept);
    press(&mut model, Key::Backspace);
    assert_eq!((pins(&model), model.tab), ((None, None), Tab::Diff));
    assert_eq!(chain(&model), whole);
}

#[test]
fn relatives_of_b_become_a() {
    let mut model = known();
    let whole = chain(&model);
    for (key, back) in [('P', 2), ('G', 3), ('I', whole.len())] {
        press(&mut model, Key::Char(key));
        assert_eq!(id_of(&model.pins.a), Some(whole[whole.len() - back]), "{key}");
        assert_eq!(id_of(&model.pins.b), Some(best().id), "B stays where it is");
    }
    model.pins.b = model.pins.a.clone();
    press(&mut model, Key::Char('P'));
    assert_eq!(last_event(&model), "#0 has no parent");
}

#[test]
fn a_relative_that_is_not_known_is_asked_for() {
    let mut model = fixture::running();
    let orphan = Net::candidate(&best());
    model.pins.b = Some(orphan);
    press(&mut model, Key::Char('4'));
    press(&mut model, Key::Char('I'));
    assert!(model.diff.wanted.is_some());
    assert_eq!(labels(&model).0, "ZenNet-1M", "not yet");
    hear(&mut model, Update::Ancestors(fixture::ancestors(best().id)));
    assert_eq!((id_of(&model.pins.a), model.diff.wanted), (Some(0), None));
    // Of a candidate that the run has forgotten.
    let mut stranger = (*best()).clone();
    (stranger.id, stranger.parent) = (77_777, Some(66_666));
    model.pins.b = Some(Net::candidate(&Arc::new(stranger)));
    assert_eq!(press(&mut model, Key::Char('P')), [ask(77_777)]);
    hear(&mut model, Update::Ancestors(Vec::new()));
    assert_eq!(last_event(&model), "#77,777 its parent is forgotten");
    // Published nets have no parents.
    let structure = best().structure.clone();
    model.pins.b = Some(Net::other(Some("mine"), structure));
    press(&mut model, Key::Char('G'));
    assert_eq!(last_event(&model), "mine is no candidate of this run: it has no grandparent");
}

#[test]
fn swapping_holds_what_followed() {
    let mut model = known();
    let (a, b) = labels(&model);
    press(&mut model, Key::Char('s'));
    assert_eq!(labels(&model), (b.clone(), a));
    let lineage = model.diff.lineage.as_ref().expect("of A");
    assert_eq!(lineage.whose, Whose::A);
    hear(&mut model, new_best(3));
    assert_eq!(labels(&model).0, b);
}

#[test]
fn a_and_b_are_asked_for() {
    for (key, target) in [('a', NetTarget::A), ('b', NetTarget::B)] {
        let mut model = known();
        press(&mut model, Key::Char(key));
        let Some(Overlay::Net(prompt)) = &model.overlay else { panic!("no prompt") };
        assert_eq!((prompt.target, model.place().context), (target, Context::Net));
        update(&mut model, Action::Paste("SuperConvK3BNRELU(3,8,1,1)".to_owned()));
        press(&mut model, Key::Enter);
        let (a, b) = labels(&model);
        assert_eq!(if target == NetTarget::A { a } else { b }, "pasted");
        let compared = model.diff.compared.as_ref().expect("both are there");
        assert!(compared.a.blocks.len() == 1 || compared.b.blocks.len() == 1);
    }
}

#[test]
fn candidates_are_pinned_where_they_are_listed() {
    let mut model = fixture::running();
    press(&mut model, Key::Down);
    press(&mut model, Key::Char('a'));
    let id = fixture::snapshot().population[1].id;
    let pinned = format!("pinned A {} 4 compares A and B", crate::tui::format::id(id));
    assert_eq!((last_event(&model), model.tab), (pinned, Tab::Search));
    press(&mut model, Key::Down);
    press(&mut model, Key::Char('b'));
    press(&mut model, Key::Char('4'));
    let other = fixture::snapshot().population[2].id;
    assert_eq!((id_of(&model.pins.a), id_of(&model.pins.b)), (Some(id), Some(other)));
}

#[test]
fn d_holds_a_candidate_against_the_best_and_the_best_against_its_parent() {
    let mut model = fixture::running();
    press(&mut model, Key::Down);
    let id = fixture::snapshot().population[1].id;
    assert_eq!(press(&mut model, Key::Char('d')), [ask(id)]);
    assert_eq!(model.tab, Tab::Diff);
    assert_eq!((id_of(&model.pins.a), id_of(&model.pins.b)), (Some(best().id), Some(id)));
    let mut model = known();
    press(&mut model, Key::Char('1'));
    press(&mut model, Key::Char('d'));
    assert_eq!((id_of(&model.pins.a), id_of(&model.pins.b)), (best().parent, Some(best().id)));
    // Where its parent isn't known, what was published.
    let mut model = fixture::running();
    press(&mut model, Key::Char('d'));
    let known = fixture::snapshot().population.iter().any(|m| Some(m.id) == best().parent);
    assert!(known || labels(&model).0 == "ZenNet-1M");
}

#[test]
fn copying_gives_the_structure_of_b() {
    let mut model = known();
    assert_eq!(press(&mut model, Key::Char('y')), [Effect::Copy(best().structure.to_string())]);
    assert!(last_event(&model).starts_with("sent #"));
}

#[test]
fn the_cursor_follows_the_last_step_until_it_is_moved() {
    let mut model = known();
    assert_eq!(model.diff.step(), model.diff.steps() - 1);
    press(&mut model, Key::Home);
    assert_eq!(model.diff.step(), 0);
    press(&mut model, Key::PageDown);
    assert!(model.diff.step() > 0);
    press(&mut model, Key::End);
    press(&mut model, Key::Tab);
    press(&mut model, Key::Down);
    assert_eq!((model.diff.step(), model.diff.line()), (model.diff.steps() - 1, 1));
}

#[test]
fn without_a_run_a_pasted_net_is_held_against_a_published_one() {
    let mut model = fixture::sized(fixture::model(), (120, 36));
    press(&mut model, Key::Char('4'));
    assert!(model.diff.compared.is_none());
    press(&mut model, Key::Char('a'));
    "zennet-1m".chars().for_each(|c| drop(press(&mut model, Key::Char(c))));
    press(&mut model, Key::Enter);
    press(&mut model, Key::Char('b'));
    update(&mut model, Action::Paste("SuperConvK3BNRELU(3,8,1,1)".to_owned()));
    press(&mut model, Key::Enter);
    assert!(model.diff.compared.is_some() && model.diff.lineage.is_none());
    press(&mut model, Key::Backspace);
    assert!(model.diff.compared.is_none());
    press(&mut model, Key::Esc);
    assert_eq!(model.tab, Tab::Setup);
}

/// Their numbers are given again.
#[test]
fn pins_of_a_run_are_no_candidates_of_the_next() {
    let mut model = fixture::finished();
    press(&mut model, Key::Char('a'));
    press(&mut model, Key::Char('N'));
    let source = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    press(&mut model, Key::Char('r'));
    let a = model.pins.a.as_ref().expect("kept");
    assert_eq!((a.label.as_str(), a.member.is_none()), ("#3,146 of an earlier run", true));
    assert_eq!(a.structure, best().structure);
}
