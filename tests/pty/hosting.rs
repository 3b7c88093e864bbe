//! A run that outlives the terminal that it was started in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use tempfile::TempDir;
use zendo::run::{Ownership, ownership, protocol::Command};

use super::{Launch, Terminal};

/// A place of its own for runs and sockets.
pub struct Home {
    folder: TempDir,
    state: String,
    sockets: String,
}

impl Home {
    pub fn new() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        let [state, sockets] = ["state", "sockets"].map(|name| {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("made");
            path.to_str().expect("UTF-8").to_owned()
        });
        Home { folder, state, sockets }
    }

    pub fn open(&self, arguments: &[&str]) -> Terminal {
        Terminal::launch(&Launch {
            folder: self.folder.path(),
            arguments,
            variables: &[("XDG_STATE_HOME", &self.state), ("XDG_RUNTIME_DIR", &self.sockets)],
            hosts: true,
            ..Launch::default()
        })
    }

    /// A search that nobody waits for, under way.
    pub fn start(&self) -> Terminal {
        let mut terminal =
            self.open(&["tui", "--preset", "quick", "--set", "search.iterations=100_000_000"]);
        terminal.until_text("not started");
        terminal.press("r");
        terminal.until_text("running");
        terminal.until_text("★");
        terminal
    }

    pub fn run(&self) -> PathBuf {
        let runs = Path::new(&self.state).join("zendo/runs");
        let mut entries = fs::read_dir(runs).expect("there");
        let run = entries.next().expect("a run").expect("read").path();
        assert!(entries.next().is_none(), "one run");
        run
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Ok(handle) = zendo::run::attach(&self.run(), Box::new(|| {})) {
            let _ = handle.send(Command::Suspend);
            while !handle.is_over() {
                handle.wait(super::PATIENCE);
            }
        }
    }
}

/// Or a login that is left would wait for the process.
pub fn holds_no_terminal(pid: u32) {
    // Only Linux tells.
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return };
    for file in open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()) {
        assert!(!file.starts_with("/dev/pts"), "process {pid} has {}", file.display());
    }
}

/// How many are proposed, as the status line says.
fn proposed(terminal: &Terminal) -> u64 {
    let shown = terminal.shows();
    let status = shown.lines().nth(1).expect("a status line");
    let count = status.split(" of ").next().expect("a count").split_whitespace().last();
    count.expect("a count").replace(',', "").parse().expect("a number")
}

#[test]
fn a_terminal_that_hangs_up_leaves_the_run_to_its_host() {
    let home = Home::new();
    let mut terminal = home.start();
    let at = proposed(&terminal);
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.end().exit_code(), 129);
    let Ownership::Here(host) = ownership(&home.run()) else { panic!("a host has it") };
    holds_no_terminal(host.pid);
    let mut again = home.open(&["attach"]);
    again.until_text("★");
    assert!(proposed(&again) > at, "further on");
    // Once more by its name, from a second terminal, both at once.
    let run = home.run();
    let mut second = home.open(&["attach", run.to_str().expect("UTF-8")]);
    second.until_text("★");
    second.press("p");
    again.until_text("paused");
    second.press("p");
    again.until_text("running");
    // Leaving takes no answer, and says how to come back.
    second.press("q");
    assert_eq!(second.end().exit_code(), 0);
    second.until_text("The run goes on; `zendo attach");
    again.press("7");
    again.press("7");
    again.until_text("detach");
    again.press("d");
    assert_eq!(again.end().exit_code(), 0);
    let mut last = home.open(&["attach"]);
    last.until_text("★");
    last.press("K");
    last.until_text("a checkpoint is wanted");
    last.press("7");
    last.press("/");
    last.until_text("keep it");
    last.press("checkpoint at");
    last.until_text("it would go on from here");
    last.press("\u{1b}");
    last.until_gone("keep it");
    last.press("Q");
    last.until_text("Stop the run and leave?");
    last.press("y");
    assert_eq!(last.end().exit_code(), 0);
}

#[test]
fn a_host_that_is_lost_is_told_and_goes_on_by_a_key() {
    let home = Home::new();
    let mut terminal = home.start();
    let run = home.run();
    let Ownership::Here(host) = ownership(&run) else { panic!("it runs") };
    let pid = i32::try_from(host.pid).ok().and_then(rustix::process::Pid::from_raw).expect("one");
    // Silent, it may be there.
    rustix::process::kill_process(pid, Signal::STOP).expect("delivered");
    terminal.until_text("host lost");
    terminal.until_text("No word from the host");
    rustix::process::kill_process(pid, Signal::CONT).expect("delivered");
    terminal.press("r");
    terminal.until_text("running");
    // Dead, it isn't.
    let at = proposed(&terminal);
    rustix::process::kill_process(pid, Signal::KILL).expect("delivered");
    terminal.until_text("interrupted");
    terminal.until_text("zendo resume");
    terminal.press("r");
    terminal.until_text("running");
    terminal.until("further on", |screen| {
        let text = screen.contents();
        let count = text.lines().nth(1).and_then(|status| {
            let count = status.split(" of ").next()?.split_whitespace().last()?;
            count.replace(',', "").parse::<u64>().ok()
        });
        count.is_some_and(|count| count > at)
    });
}
