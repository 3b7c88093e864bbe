//! Runs that other processes keep.

use crate::{
    run::AttachError,
    tui::{
        action::{Action, Effect},
        fixture,
        keymap::Intent,
        model::Model,
        theme::{Depth, Role, Theme},
        update::update,
    },
};

fn hosted() -> Model {
    let mut model = fixture::running();
    let folder = "/home/ada/.local/state/zendo/runs/cifar-params-1m-20261126-145107-3f2a".into();
    update(&mut model, Action::Attached(folder));
    model
}

pub fn leaving() -> Model {
    let mut model = hosted();
    assert!(update(&mut model, Action::Intent(Intent::StopAndLeave)).is_empty());
    model
}

/// For the fourth time, 43 seconds after the last word.
pub fn lost() -> Model {
    let mut model = hosted();
    let at = model.now_ms;
    let why = "socket closed by the other side".to_owned();
    let tries = update(&mut model, Action::Lost(why));
    assert!(matches!(tries[..], [Effect::Attach(_)]), "at once");
    for seconds in 1..=43 {
        update(&mut model, Action::Clock(at + 1_000 * seconds));
    }
    model
}

pub fn interrupted() -> Model {
    let mut model = lost();
    let folder = model.hosted_in().expect("it is").to_owned();
    let why = AttachError::NotRunning(folder.clone());
    update(&mut model, Action::NotAttached { folder, why });
    model
}

/// What is stale is quiet, and can still be read.
#[test]
fn a_lost_hosts_screen_can_be_read() {
    let buffer = super::paint(lost(), (120, 36), Depth::TrueColor);
    let theme = Theme::ink(Depth::TrueColor);
    let [faint, rule, track] =
        [Role::Faint, Role::Rule, Role::Track].map(|role| theme.colour(role));
    let (mut words, mut bars) = (0, 0);
    for (x, y) in (3..34).flat_map(|y| (0..120).map(move |x| (x, y))) {
        let cell = &buffer[(x, y)];
        let is_word = cell.symbol().chars().all(char::is_alphanumeric);
        words += u32::from(is_word && cell.fg == faint);
        bars += u32::from(cell.fg == track);
        assert!(!is_word || cell.fg == faint, "{} at {x}, {y}", cell.symbol());
        assert!(cell.symbol() == " " || [faint, rule, track].contains(&cell.fg));
    }
    assert!(words > 500 && bars > 100, "{words} {bars}");
}
