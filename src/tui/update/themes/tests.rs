use super::*;
use crate::{
    theme::Scheme,
    tui::{action::Action, fixture, keymap::Tab, theme::Role, update::update},
};

fn yours() -> Vec<UserTheme> {
    let parse = |name: &str, text: &str| UserTheme {
        name: name.to_owned(),
        found: Scheme::parse(&format!("{name}.toml"), text),
    };
    vec![
        parse("broken", "inherits = \"ink\"\nroles.acent = \"none\"\n"),
        parse("mine", "inherits = \"paper\"\nroles.best = \"#112233\"\n"),
    ]
}

fn press(model: &mut Model, intents: &[Intent]) -> Vec<Effect> {
    intents.iter().flat_map(|&intent| update(model, Action::Intent(intent))).collect()
}

fn choosing() -> Model {
    let mut model = fixture::running();
    assert_eq!(press(&mut model, &[Intent::Theme]), [Effect::ListThemes]);
    update(&mut model, Action::Themes(yours()));
    model
}

#[test]
fn the_cursor_shows_and_enter_keeps() {
    let mut model = choosing();
    assert_eq!(model.themes.name(), "ink");
    let dark = model.themes.theme().colour(Role::Canvas);
    assert_eq!(press(&mut model, &[Intent::Down]), []);
    assert_eq!(model.themes.name(), "paper");
    assert_ne!(model.themes.theme().colour(Role::Canvas), dark, "shown at once");
    let kept = press(&mut model, &[Intent::Enter]);
    assert_eq!(kept, [Effect::KeepTheme("paper".to_owned())]);
    assert!(model.overlay.is_none());
    let result = Ok("/home/me/config.toml".to_owned());
    update(&mut model, Action::KeptTheme("paper".to_owned(), result));
    let notice = model.notice.as_ref().expect("said");
    assert_eq!((notice.lead.as_str(), notice.failed), ("theme paper", false));
    update(&mut model, Action::KeptTheme("paper".to_owned(), Err("disk full".to_owned())));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.failed));
    assert_eq!(model.themes.name(), "paper", "it holds all the same");
}

#[test]
fn esc_and_leaving_restore_what_was() {
    for out in [Intent::Back, Intent::Quit] {
        let mut model = choosing();
        press(&mut model, &[Intent::Last]);
        assert_eq!(model.themes.name(), "mine");
        press(&mut model, &[out]);
        assert_eq!(model.themes.name(), "ink", "{out:?}");
        assert!(!matches!(model.overlay, Some(Overlay::Theme(_))));
    }
}

#[test]
fn a_broken_theme_is_listed_and_never_kept() {
    let mut model = choosing();
    press(&mut model, &[Intent::Last, Intent::Up]);
    assert_eq!(model.themes.name(), "mine", "the last that could be shown");
    assert_eq!(press(&mut model, &[Intent::Enter]), []);
    let Some(Overlay::Theme(choice)) = &model.overlay else { panic!("still open") };
    let error = model.themes.listed()[choice.cursor].found.as_ref().expect_err("broken");
    assert_eq!(error, "broken.toml:2:7: unknown role 'acent', did you mean 'accent'?");
}

#[test]
fn files_may_change_while_they_are_looked_at() {
    let mut model = choosing();
    press(&mut model, &[Intent::Last]);
    let before = model.themes.theme().colour(Role::Best);
    let text = "inherits = \"paper\"\nroles.best = \"#445566\"\n";
    let mended = UserTheme { name: "mine".to_owned(), found: Scheme::parse("mine.toml", text) };
    update(&mut model, Action::Themes(vec![mended]));
    assert_ne!(model.themes.theme().colour(Role::Best), before, "as the file says now");
    let Some(Overlay::Theme(choice)) = &model.overlay else { panic!("still open") };
    assert_eq!(choice.cursor, 5, "on the same theme");
    // Without its file a theme in force stays in force.
    press(&mut model, &[Intent::Enter]);
    let kept = model.themes.theme().colour(Role::Best);
    update(&mut model, Action::Themes(Vec::new()));
    assert_eq!(model.themes.name(), "mine");
    assert_eq!(model.themes.theme().colour(Role::Best), kept);
}

#[test]
fn it_is_chosen_from_every_screen_and_the_palette() {
    for tab in Tab::ALL {
        let mut model = fixture::running();
        press(&mut model, &[Intent::Show(tab), Intent::Theme]);
        assert!(matches!(model.overlay, Some(Overlay::Theme(_))), "{tab:?}");
    }
    let mut model = fixture::running();
    press(&mut model, &[Intent::Palette]);
    update(&mut model, Action::Paste("theme".to_owned()));
    assert_eq!(press(&mut model, &[Intent::Enter]), [Effect::ListThemes]);
    assert!(matches!(model.overlay, Some(Overlay::Theme(_))));
}

#[test]
fn an_unknown_theme_is_told_with_the_nearest() {
    let mut model = choosing();
    let error = model.themes.show("papre").expect_err("unknown");
    assert_eq!(
        error,
        "no theme is called 'papre', did you mean 'paper'?; `zendo themes` lists all"
    );
    assert_eq!(model.themes.name(), "ink");
}
