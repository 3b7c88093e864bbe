//! What a terminal says of itself decides how it is drawn on, and what is typed meanwhile counts.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
};

use portable_pty::{CommandBuilder, native_pty_system};

use super::{Terminal, size};

/// What zendo ends its question with.
const WHO: &[u8] = b"\x1b[c";

/// The screen once `text` stands on it, in a terminal that answers `answer` as soon as it is asked.
fn answered(folder: &Path, variables: &[(&str, &str)], answer: &[u8], text: &str) -> vt100::Parser {
    let pty = native_pty_system().openpty(size(120, 36)).expect("a pty");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_zendo"));
    command.env("XDG_CONFIG_HOME", folder);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("LC_ALL", "C.UTF-8");
    command.env_remove("NO_COLOR");
    // So long would be waited for an answer that never comes: the test says that it wasn't needed.
    command.env("SSH_CONNECTION", "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = pty.slave.spawn_command(command).expect("zendo starts");
    let mut keys = pty.master.take_writer().expect("a writer");
    let mut output = pty.master.try_clone_reader().expect("a reader");
    let mut screen = vt100::Parser::new(36, 120, 0);
    let (mut seen, mut is_answered) = (Vec::new(), false);
    let mut bytes = [0; 8192];
    while !screen.screen().contents().contains(text) {
        let count = output.read(&mut bytes).expect("drawn");
        assert_ne!(count, 0, "ended early:\n{}", screen.screen().contents());
        screen.process(&bytes[..count]);
        seen.extend_from_slice(&bytes[..count]);
        if !is_answered && seen.windows(WHO.len()).any(|window| window == WHO) {
            is_answered = true;
            keys.write_all(answer).expect("written");
            keys.flush().expect("flushed");
        }
    }
    child.kill().expect("still runs");
    child.wait().expect("ends");
    screen
}

fn ground(screen: &vt100::Parser) -> vt100::Color {
    screen.screen().cell(3, 1).expect("is there").bgcolor()
}

const PAPER: vt100::Color = vt100::Color::Rgb(0xfb, 0xf9, 0xf4);
const INK: vt100::Color = vt100::Color::Rgb(0x11, 0x14, 0x1a);

#[test]
fn the_terminals_ground_decides_unless_a_theme_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = "What shall be searched?";
    let light = b"\x1b[1;2R\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?64c";
    let dark = b"\x1b[1;2R\x1b]11;rgb:0000/0000/0000\x07\x1b[?64c";
    assert_eq!(ground(&answered(folder.path(), &[], light, start)), PAPER);
    assert_eq!(ground(&answered(folder.path(), &[("COLORFGBG", "0;15")], dark, start)), INK);
    let silent = answered(folder.path(), &[("COLORFGBG", "0;15")], b"", start);
    assert_eq!(ground(&silent), PAPER);
    let mono = answered(folder.path(), &[("NO_COLOR", "1")], light, start);
    assert_eq!(ground(&mono), vt100::Color::Default);
    fs::create_dir(folder.path().join("zendo")).expect("made");
    fs::write(folder.path().join("zendo/config.toml"), "theme = \"ink\"\n").expect("written");
    assert_eq!(ground(&answered(folder.path(), &[], light, start)), INK);
}

#[test]
fn keys_typed_before_the_answer_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let answer = b"\r\x1b[1;2R\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?64c";
    answered(folder.path(), &[], answer, "not started");
}

#[test]
fn wide_glyphs_and_other_charsets_get_ascii() {
    let folder = tempfile::tempdir().expect("a folder");
    let wide = b"\x1b[1;3R\x1b[?64c";
    let narrow = b"\x1b[1;2R\x1b[?64c";
    let of = |variables: &[(&str, &str)], answer: &[u8]| {
        answered(folder.path(), variables, answer, "? keys").screen().contents()
    };
    assert!(of(&[], wide).is_ascii());
    assert!(of(&[("LC_ALL", "C")], b"\x1b[?64c").is_ascii());
    assert!(of(&[], narrow).contains('⏎'));
}

#[test]
fn a_theme_is_looked_at_left_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::open_in(folder.path(), &[]);
    let is = |expected: vt100::Color| {
        move |screen: &vt100::Screen| {
            screen.cell(3, 1).is_some_and(|cell| cell.bgcolor() == expected)
        }
    };
    terminal.until_text("What shall be searched?");
    terminal.press("T");
    terminal.until_text("Themes");
    terminal.press("j");
    terminal.until("a light screen", is(PAPER));
    terminal.press("\u{1b}");
    terminal.until("a dark one again", is(INK));
    terminal.press("Tj\r");
    terminal.until_text("theme paper");
    let config = folder.path().join("config/zendo/config.toml");
    assert_eq!(fs::read_to_string(config).expect("kept"), "theme = \"paper\"\n");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    let mut again = Terminal::open_in(folder.path(), &[]);
    again.until_text("What shall be searched?");
    again.until("the theme that was kept", is(PAPER));
    again.press("q");
    assert_eq!(again.end().exit_code(), 0);
}

#[test]
fn a_terminal_that_shows_nothing_is_refused() {
    for (term, arguments) in [("dumb", &["tui"][..]), ("", &[])] {
        let output = Command::new(env!("CARGO_BIN_EXE_zendo"))
            .args(arguments)
            .env("TERM", term)
            .output()
            .expect("ran");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("zendo search --preset"), "{said}");
    }
}
