//! Presets as documents: edited, saved, found again.

use std::path::{Path, PathBuf};

use super::{
    tests::{form, go_to, opened, press, set, type_in},
    update,
};
use crate::{
    run::{Estimate, Existing, SaveError},
    space::PresetSource,
    tui::{
        Exit,
        action::{Action, Effect, Save, SaveOf},
        fixture,
        keymap::{Context, Key},
        model::{Model, Overlay, Panel, TextEdit},
    },
};

fn saving(effects: &[Effect]) -> Save {
    match effects {
        [Effect::SavePreset(save)] => (**save).clone(),
        other => panic!("{other:?}"),
    }
}

fn saved(model: &mut Model, save: &Save, result: Result<&str, SaveError>) -> Vec<Effect> {
    let result = result.map(PathBuf::from);
    update(model, Action::SavedPreset(Box::new(save.clone()), result))
}

#[test]
fn the_form_edits_the_text_and_keeps_its_comments() {
    let mut model = fixture::mine();
    let before = form(&model).text();
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    go_to(&mut model, "run.workers");
    set(&mut model, "3");
    press(&mut model, Key::Enter);
    let expected = before.replace("240_000", "96_000") + "\n[run]\nworkers = 3\n";
    assert_eq!(form(&model).text(), expected);
    assert!(form(&model).is_unsaved());
    // Back to what the base says: what the form added goes again, what was there stays.
    set(&mut model, "");
    press(&mut model, Key::Enter);
    go_to(&mut model, "search.iterations");
    set(&mut model, "240k");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).text(), before);
    assert!(!form(&model).is_unsaved());
}

#[test]
fn a_shipped_preset_is_edited_as_one_that_extends_it() {
    let mut model = opened();
    assert_eq!(form(&model).text(), "extends = \"cifar-params-1m\"\n");
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    let text = "extends = \"cifar-params-1m\"\n\n[search]\niterations = 96_000\n";
    assert_eq!(form(&model).text(), text);
    set(&mut model, "480k");
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).text(), "extends = \"cifar-params-1m\"\n");
}

/// One is chosen by arrows, several are typed.
#[test]
fn proxies_are_chosen_or_weighed() {
    let mut model = opened();
    go_to(&mut model, "score.proxy");
    press(&mut model, Key::Right);
    let proxy = |model: &Model| form(model).draft.preset.score.proxy.to_string();
    assert_eq!(proxy(&model), "zen-analytic");
    press(&mut model, Key::Left);
    set(&mut model, "naswot=0.5, zen=1");
    press(&mut model, Key::Enter);
    assert_eq!(proxy(&model), "zen=1,naswot=0.5");
    let text = "extends = \"cifar-params-1m\"\n\n[score]\nproxy = { zen = 1, naswot = 0.5 }\n";
    assert_eq!(form(&model).text(), text);
    // It is typed again as it is shown.
    press(&mut model, Key::Char('e'));
    press(&mut model, Key::Enter);
    assert_eq!(form(&model).text(), text);
    for (typed, why) in [
        ("zen=1,nawsot=1", "there is no proxy 'nawsot', did you mean 'naswot'?"),
        ("zne", "there is no proxy 'zne', did you mean 'zen'?"),
        (
            "zen=0",
            "zen: 0 can't be a weight: expected 0.001 to 1000 in size, below 0 for less of it",
        ),
    ] {
        set(&mut model, typed);
        assert_eq!(form(&model).edit_error.as_deref(), Some(why));
        press(&mut model, Key::Esc);
    }
    // Arrows go on from there to the first and the last of the list.
    press(&mut model, Key::Left);
    assert_eq!(proxy(&model), "random");
    press(&mut model, Key::Char('u'));
    assert_eq!(proxy(&model), "zen=1,naswot=0.5");
    press(&mut model, Key::Right);
    assert_eq!(form(&model).text(), "extends = \"cifar-params-1m\"\n");
}

/// Edited, saved under a name, reopened as it was saved.
#[test]
fn a_preset_is_saved_under_a_name_and_then_over_itself() {
    let mut model = opened();
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    assert_eq!(press(&mut model, Key::Char('w')), [], "it has no file yet");
    assert_eq!(model.place().context, Context::Path);
    type_in(&mut model, "../x");
    assert_eq!(press(&mut model, Key::Enter), []);
    press(&mut model, Key::Ctrl('u'));
    type_in(&mut model, "half");
    let save = saving(&press(&mut model, Key::Enter));
    assert_eq!((save.name.as_str(), save.existing, save.of), {
        ("half", Existing::Keep, SaveOf::Form)
    });
    let effects = saved(&mut model, &save, Ok("presets/half.toml"));
    assert_eq!(effects, [Effect::ListPresets]);
    assert_eq!((form(&model).name(), form(&model).is_unsaved()), ("half", false));
    assert_eq!(form(&model).changed().count(), 0);
    set(&mut model, "97k");
    press(&mut model, Key::Enter);
    let before = save.text;
    let save = saving(&press(&mut model, Key::Char('w')));
    assert_eq!(save.seen, Some(before), "what the file must still say");
    assert_eq!((save.path, save.existing), {
        (Some(PathBuf::from("presets/half.toml")), Existing::Replace)
    });
}

#[test]
fn a_name_that_is_taken_is_asked_about_and_a_failed_write_loses_nothing() {
    let mut model = fixture::mine();
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    press(&mut model, Key::Char('W'));
    type_in(&mut model, "tiny");
    let save = saving(&press(&mut model, Key::Enter));
    saved(&mut model, &save, Err(SaveError::Exists("presets/tiny.toml".into())));
    let Some(Overlay::Naming(naming)) = &model.overlay else { panic!("still asked") };
    assert_eq!(naming.error.as_deref(), Some("tiny is there already; Enter again replaces it"));
    // Another name is a new question.
    type_in(&mut model, "2");
    assert_eq!(saving(&press(&mut model, Key::Enter)).existing, Existing::Keep);
    press(&mut model, Key::Backspace);
    assert_eq!(saving(&press(&mut model, Key::Enter)).existing, Existing::Replace);
    press(&mut model, Key::Esc);
    let save = saving(&press(&mut model, Key::Char('w')));
    let why = "presets/my-cifar.toml can't be written: no space left".to_owned();
    saved(&mut model, &save, Err(SaveError::Other(why)));
    let refusal = form(&model).refusal.clone().expect("said");
    assert_eq!(refusal, "Not saved: presets/my-cifar.toml can't be written: no space left");
    assert!(form(&model).is_unsaved() && form(&model).text().contains("96_000"));
}

#[test]
fn a_fault_in_the_text_stands_at_its_line_and_refuses_the_start() {
    let mut model = fixture::mine();
    press(&mut model, Key::Tab);
    assert_eq!(model.place().context, Context::Toml);
    press(&mut model, Key::End);
    // The cursor begins at the form's field, iterations.
    update(&mut model, Action::Paste("\nseed = 7\nsed = 1".to_owned()));
    let fault = form(&model).draft.fault.clone().expect("a typo");
    assert_eq!(fault.place(), (7, 0));
    assert_eq!(fault.error.message, "unknown key 'sed', did you mean 'seed'?");
    assert_eq!(form(&model).draft.preset.search.seed, 2_021, "the last good one");
    press(&mut model, Key::Esc);
    assert_eq!(press(&mut model, Key::Char('r')), []);
    assert_eq!(form(&model).panel, Panel::Toml, "the cursor goes to it");
    assert_eq!(form(&model).text_edit.as_ref().map(|edit| edit.row()), Some(7));
    press(&mut model, Key::Delete);
    update(&mut model, Action::Paste("# s".to_owned()));
    assert!(form(&model).draft.fault.is_none());
    assert_eq!(form(&model).draft.preset.search.seed, 7);
    assert!(form(&model).text().contains("# half the paper's, a first look\n"));
    press(&mut model, Key::Esc);
    press(&mut model, Key::Char('u'));
    assert_eq!(form(&model).draft.preset.search.seed, 2_021, "what was typed is one step");
}

/// What is wrong in the form stands in the text, too.
#[test]
fn a_wrong_value_is_shown_in_the_text_and_mended_there() {
    let mut model = fixture::mine();
    set(&mut model, "0");
    press(&mut model, Key::Enter);
    assert!(form(&model).text().contains("iterations = 0\n"));
    press(&mut model, Key::Tab);
    press(&mut model, Key::End);
    press(&mut model, Key::Backspace);
    type_in(&mut model, "500");
    assert_eq!((form(&model).errors(), form(&model).draft.preset.search.iterations), (0, 500));
}

#[test]
fn an_estimate_holds_for_the_settings_it_was_measured_with() {
    let mut model = opened();
    let effects = press(&mut model, Key::Char('m'));
    assert!(matches!(effects.as_slice(), [Effect::Estimate(_)]), "{effects:?}");
    let found = Estimate {
        early_per_s: 100.0,
        late_per_s: 20.0,
        scores_per_proposal: 0.5,
        memory_bytes: 1 << 30,
        workers: 2,
    };
    update(&mut model, Action::Estimated(Ok(found)));
    let measured = model.setup.measured.clone().expect("asked for");
    assert_eq!(measured.found, Some(Ok(found)));
    assert_eq!(measured.preset, form(&model).draft.preset);
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    assert_ne!(measured.preset, form(&model).draft.preset);
}

#[test]
fn new_and_duplicate_write_a_preset_and_open_it() {
    let mut model = fixture::mine();
    press(&mut model, Key::BackTab);
    assert_eq!(form(&model).panel, Panel::Presets);
    for (key, text) in [('n', "extends = \"my-cifar\"\n".to_owned()), ('D', form(&model).text())] {
        press(&mut model, Key::Char(key));
        type_in(&mut model, "next");
        let save = saving(&press(&mut model, Key::Enter));
        assert_eq!((save.of, save.text.as_str()), (SaveOf::New, text.as_str()));
        let effects = saved(&mut model, &save, Ok("presets/next.toml"));
        assert_eq!(effects, [Effect::ListPresets, Effect::Open("presets/next.toml".to_owned())]);
    }
}

#[test]
fn a_broken_preset_is_opened_as_text_at_its_fault_and_mended() {
    let mut model = fixture::mine();
    press(&mut model, Key::BackTab);
    press(&mut model, Key::Down);
    assert_eq!(press(&mut model, Key::Enter), [Effect::Open("presets/tiny.toml".to_owned())]);
    let broken = fixture::yours().swap_remove(1).found.expect_err("a typo");
    assert_eq!(update(&mut model, Action::Opened(Err(Box::new(broken)))), []);
    assert_eq!((form(&model).name(), form(&model).panel), ("tiny", Panel::Toml));
    let fault = form(&model).draft.fault.clone().expect("a typo");
    assert_eq!((fault.place(), fault.error.message.as_str()), ((2, 0), TYPO));
    assert!(!form(&model).is_unsaved(), "as its file has it");
    press(&mut model, Key::End);
    (0.." = 5".len()).for_each(|_| drop(press(&mut model, Key::Left)));
    type_in(&mut model, "s");
    assert!(form(&model).draft.fault.is_none(), "{:?}", form(&model).draft.fault);
    assert_eq!(form(&model).draft.preset.search.iterations, 5);
    assert_eq!(form(&model).changed().count(), 0, "there was no preset to have changed");
    press(&mut model, Key::Esc);
    let effects = press(&mut model, Key::Char('w'));
    let [Effect::SavePreset(save)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(save.text, "extends = \"quick\"\n[search]\niterations = 5\n");
    assert_eq!(save.seen.as_deref(), Some("extends = \"quick\"\n[search]\niteration = 5\n"));
}

const TYPO: &str = "unknown key 'iteration', did you mean 'iterations'?";

/// A file that is not listed is read when a text begins to extend it.
#[test]
fn any_file_can_be_extended() {
    let mut model = fixture::mine();
    press(&mut model, Key::Tab);
    press(&mut model, Key::Home);
    let text = form(&model).text();
    let extend = |model: &mut Model, name: &str| {
        let text = text.replace("cifar-params-1m", name);
        let edit = model.setup.form.as_mut().and_then(|form| form.text_edit.as_mut());
        *edit.expect("the text has the keys") = TextEdit::new(&text, (0, 0));
        press(model, Key::Char(' '))
    };
    let path = PathBuf::from("presets/base.toml");
    assert_eq!(extend(&mut model, "base.toml"), [Effect::Read(path.clone())]);
    assert_eq!(form(&model).errors(), 1);
    update(&mut model, Action::Read(path, Ok("extends = \"quick\"\n".to_owned())));
    assert_eq!(form(&model).errors(), 0);
    let lost = PathBuf::from("presets/lost.toml");
    assert_eq!(extend(&mut model, "lost.toml"), [Effect::Read(lost.clone())]);
    assert_eq!(update(&mut model, Action::Read(lost, Err("no such file".to_owned()))), []);
    let fault = form(&model).draft.fault.as_ref().expect("there is none");
    assert_eq!(fault.error.message, "can't be read: no such file");
}

/// Beside its base it says `base.toml`; among the user's presets that would be another file.
#[test]
fn what_is_saved_elsewhere_names_its_base_in_full() {
    let source = |reference: &str| {
        let text = format!("extends = \"{reference}\" # the base\n");
        let read = |path: &Path| match path.ends_with("a.toml") {
            true => Ok(text.clone()),
            false => Ok("extends = \"quick\"\n".to_owned()),
        };
        PresetSource::find("/home/me/a.toml", &read).expect("valid")
    };
    for (reference, saved) in [("base.toml", "/home/me/base.toml"), ("quick", "quick")] {
        let mut model = fixture::model();
        update(&mut model, Action::Opened(Ok(source(reference))));
        press(&mut model, Key::Char('W'));
        let Some(Overlay::Naming(naming)) = &model.overlay else { panic!("asks for a name") };
        assert_eq!(naming.text, format!("extends = \"{saved}\" # the base\n"));
    }
}

#[test]
fn changes_are_kept_when_another_preset_is_opened_and_asked_about_before_leaving() {
    let mut model = fixture::mine();
    set(&mut model, "96k");
    press(&mut model, Key::Enter);
    let quick = crate::space::PresetSource::find("quick", &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(quick.expect("shipped"))));
    assert_eq!(form(&model).name(), "quick");
    assert_eq!(press(&mut model, Key::Char('q')), []);
    assert!(matches!(model.overlay, Some(Overlay::Leave)));
    press(&mut model, Key::Esc);
    let source = fixture::yours().swap_remove(0).found.expect("good").0;
    update(&mut model, Action::Opened(Ok(source)));
    assert_eq!(form(&model).draft.preset.search.iterations, 96_000);
    // What is searched with is lost to nobody.
    press(&mut model, Key::Char('r'));
    model.search = None;
    assert_eq!(press(&mut model, Key::Char('q')), [Effect::Leave(Exit::Done)]);
}
