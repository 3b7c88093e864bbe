//! Keys of a user's own, and the mouse, in a real terminal.

use std::{fs, path::Path};

use rustix::process::Signal;
use vt100::{MouseProtocolEncoding, MouseProtocolMode, Screen};

use super::{Terminal, fresh_settings, is_restored};

fn configured(folder: &Path, text: &str) -> Terminal {
    let config = folder.join("config/zendo");
    fs::create_dir_all(&config).expect("made");
    fs::write(config.join("config.toml"), text).expect("written");
    Terminal::open_in(folder, &[])
}

/// Buttons and the wheel are told, movements are not, and large columns can be.
fn has_mouse(screen: &Screen) -> bool {
    let mode = (screen.mouse_protocol_mode(), screen.mouse_protocol_encoding());
    mode == (MouseProtocolMode::PressRelease, MouseProtocolEncoding::Sgr)
}

fn has_none(screen: &Screen) -> bool {
    screen.mouse_protocol_mode() == MouseProtocolMode::None
}

/// Where a text stands, from 1 as terminals count.
fn place(terminal: &Terminal, text: &str) -> (usize, usize) {
    let shown = terminal.shows();
    let mut lines = shown.lines().zip(1..);
    lines
        .find_map(|(line, row)| {
            let at = line.find(text)?;
            Some((line[..at].chars().count() + 1, row))
        })
        .unwrap_or_else(|| panic!("no {text} in\n{shown}"))
}

/// A button of the mouse, or its wheel, on a text.
fn mouse(terminal: &mut Terminal, button: u8, text: &str) {
    let (column, row) = place(terminal, text);
    let both = format!("\u{1b}[<{button};{column};{row}M\u{1b}[<{button};{column};{row}m");
    terminal.press(&both);
}

const LEFT: u8 = 0;
const WHEEL_DOWN: u8 = 65;

#[test]
fn the_mouse_is_taken_where_it_is_wanted_and_always_given_back() {
    let settings = fresh_settings();
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = configured(folder.path(), "mouse = true\n");
    terminal.until_text("What shall be searched?");
    terminal.until("the mouse", has_mouse);
    // A row is selected, and opened by another click.
    mouse(&mut terminal, LEFT, "1 M params");
    terminal.until("the selected row", |screen| {
        screen
            .contents()
            .lines()
            .any(|line| line.contains("▸") && line.contains("cifar-params-1m "))
    });
    mouse(&mut terminal, LEFT, "1 M params");
    terminal.until_text("not started");
    mouse(&mut terminal, LEFT, "7 Log");
    terminal.until_text("Here stands what happens in a search.");
    mouse(&mut terminal, LEFT, "5 Setup");
    terminal.until_text("not started");
    // Given back and taken again, by a key, by a stop, and by who goes on.
    terminal.press("M");
    terminal.until_text("mouse off");
    terminal.until("no mouse", has_none);
    terminal.press("M");
    terminal.until_text("a click selects");
    terminal.until("the mouse", has_mouse);
    terminal.press("\u{1a}");
    terminal.until("the terminal as it was", |screen| is_restored(screen) && has_none(screen));
    terminal.signal(Signal::CONT);
    terminal.until("the mouse again", |screen| screen.alternate_screen() && has_mouse(screen));
    terminal.signal(Signal::TERM);
    terminal.ends_clean(143, &settings);
    assert!(has_none(terminal.screen.lock().expect("no panic holds it").screen()));
}

#[test]
fn without_a_word_the_mouse_is_the_terminals() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = configured(folder.path(), "");
    terminal.until_text("What shall be searched?");
    assert!(has_none(terminal.screen.lock().expect("no panic holds it").screen()));
    terminal.press("M");
    terminal.until("the mouse", has_mouse);
    terminal.press("?");
    terminal.until_text("Keys of Presets");
    terminal.press("\u{1b}");
    terminal.until("no page", |screen| !screen.contents().contains("Keys of Presets"));
    let before = place(&terminal, "▸");
    mouse(&mut terminal, WHEEL_DOWN, "What shall be searched?");
    mouse(&mut terminal, WHEEL_DOWN, "cifar-params-2m");
    terminal.until("the cursor further down", |screen| {
        let row = screen.contents().lines().position(|line| line.contains('▸'));
        row.is_some_and(|row| row + 1 > before.1)
    });
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    terminal.until("no mouse", has_none);
}

#[test]
fn keys_of_a_users_own_are_shown_and_obeyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[keys]\nhelp = [\"f1\", \"A-h\"]\n\n[keys.picker]\nopen-file = \"F\"\n";
    let mut terminal = configured(folder.path(), text);
    terminal.until_text("f1 keys");
    terminal.until_text("F open a file");
    // F1 as xterm sends it, and Alt as most terminals do.
    terminal.press("\u{1b}OP");
    terminal.until_text("Keys of Presets");
    terminal.until_text("f1 A-h");
    terminal.press("\u{1b}");
    terminal.until("no page", |screen| !screen.contents().contains("Keys of Presets"));
    terminal.press("?");
    terminal.press("\u{1b}h");
    terminal.until_text("Keys of Presets");
    terminal.press("qFx");
    terminal.until_text("file  x");
    terminal.press("\u{3}");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_fault_of_the_keys_is_told_before_anything_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = configured(folder.path(), "[keys]\npuase = \"P\"\n");
    assert_eq!(terminal.end().exit_code(), 2);
    terminal.until_text("did you mean 'pause'?");
    assert!(terminal.shows().replace(['\n', ' '], "").contains("config.toml:2:1:"));
    assert!(!terminal.screen.lock().expect("no panic holds it").screen().alternate_screen());
}
