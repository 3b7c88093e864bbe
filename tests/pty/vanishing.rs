//! A terminal that goes away, told by nobody but the terminal itself.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, native_pty_system};

use super::size;

/// Its exit status, after the terminal went away with the last of `steps`: keys, each pressed once a text stands
/// on the screen.
fn closed_after(steps: &[(&str, &str)]) -> String {
    let pty = native_pty_system().openpty(size(120, 36)).expect("a pty");
    let tty = pty.slave;
    let mut command = CommandBuilder::new("sh");
    // The shell takes the SIGHUP; zendo, in the background group of no session leader, gets none.
    let script = format!(
        "trap '' HUP; '{}' tui --foreground; echo $? > \"$STATUS\"",
        env!("CARGO_BIN_EXE_zendo")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let status = folder.path().join("status");
    command.args(["-c", &script]);
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("XDG_CONFIG_HOME", folder.path());
    command.env("XDG_STATE_HOME", folder.path());
    command.env("STATUS", &status);
    let mut child = tty.spawn_command(command).expect("sh starts");
    drop(tty);
    let mut output = pty.master.try_clone_reader().expect("a reader");
    let mut keys = pty.master.take_writer().expect("a writer");
    let mut screen = vt100::Parser::new(36, 120, 0);
    let mut bytes = [0; 8192];
    for (text, key) in steps {
        while !screen.screen().contents().contains(text) {
            let count = output.read(&mut bytes).expect("drawn");
            assert_ne!(count, 0, "ended early:\n{}", screen.screen().contents());
            screen.process(&bytes[..count]);
        }
        keys.write_all(key.as_bytes()).expect("written");
    }
    drop((output, keys, pty.master));
    child.wait().expect("ends");
    std::fs::read_to_string(status).expect("the shell wrote it").trim().to_owned()
}

#[test]
fn a_terminal_that_closes_ends_it_wherever_it_is() {
    let begun = [("What shall be searched?", "")];
    let searching = [("What shall be searched?", "\r"), ("not started", "r"), ("★", "")];
    let over_it = [searching[0], searching[1], ("★", ":"), ("Actions", "")];
    let asking = [searching[0], searching[1], ("★", "q"), ("Leave a running search?", "")];
    for steps in [&begun[..], &searching, &over_it, &asking] {
        assert_eq!(closed_after(steps), "129", "{steps:?}");
    }
}
