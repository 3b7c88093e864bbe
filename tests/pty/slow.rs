//! A line that blocks: charts go first, then the table, never what is typed; and a line that stands still.

use std::{sync::atomic::Ordering, thread, time::Duration};

use rustix::process::Signal;

use super::{Launch, Terminal, fresh_settings, is_restored};

const ARGUMENTS: [&str; 7] =
    ["tui", "--preset", "quick", "--set", "search.iterations=2000000", "--set", "run.workers=1"];

fn searching() -> Terminal {
    let mut terminal = Terminal::launch(&Launch { arguments: &ARGUMENTS, ..Launch::default() });
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("★");
    terminal
}

/// Rows of the charts at 120×36.
fn charts(screen: &vt100::Screen) -> Vec<String> {
    screen.rows(0, 120).skip(21).take(12).collect()
}

fn is_slow(screen: &vt100::Screen) -> bool {
    screen.rows(0, 120).nth(35).is_some_and(|footer| footer.contains("slow line"))
}

#[test]
fn on_a_slow_line_charts_wait_and_what_is_typed_does_not() {
    let settings = fresh_settings();
    let mut terminal = searching();
    terminal.line.rate.store(2_000, Ordering::SeqCst);
    terminal.until("charts that wait", is_slow);
    // The search goes on, its charts don't: they are as they were while the first rows say something new.
    let (mut before, mut status) = (Vec::new(), String::new());
    terminal.until("charts that stay", |screen| {
        let rows = charts(screen);
        let said = screen.rows(0, 120).nth(1).unwrap_or_default();
        let stay = is_slow(screen) && rows == before && said != status;
        (before, status) = (rows, said);
        stay
    });
    // What a person does is shown in whole, sooner or later.
    terminal.press("2");
    terminal.until_text("Score × params");
    terminal.press("/params>1");
    terminal.until_text("/ params>1");
    terminal.press("\r1");
    terminal.until_text("Convergence");
    terminal.line.rate.store(0, Ordering::SeqCst);
    terminal.until("everything", |screen| !is_slow(screen));
    let rows = charts(terminal.screen.lock().expect("no panic holds it").screen());
    terminal.until("charts that go on", |screen| charts(screen) != rows);
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

#[test]
fn a_line_that_stands_still_for_a_while_gets_the_newest() {
    let settings = fresh_settings();
    let mut terminal = searching();
    let held = terminal.screen.clone();
    let line = held.lock().expect("no panic holds it");
    // The reader waits for the lock: nothing gets through.
    thread::sleep(Duration::from_secs(4));
    terminal.press("2/params>1\r");
    thread::sleep(Duration::from_secs(1));
    drop(line);
    terminal.until_text("/ params>1");
    terminal.until("everything", |screen| !is_slow(screen));
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

/// What the terminal didn't take is thrown away, and it is restored all the same.
#[test]
fn a_stuck_terminal_does_not_outlive_a_signal() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let settings = fresh_settings();
        let size = (250, 80);
        let mut terminal =
            Terminal::launch(&Launch { arguments: &ARGUMENTS, size, ..Launch::default() });
        terminal.until_text("not started");
        let held = terminal.screen.clone();
        let line = held.lock().expect("no panic holds it");
        terminal.press("r");
        thread::sleep(Duration::from_secs(3));
        terminal.signal(signal);
        let ended = terminal.child.wait().expect("ends");
        assert_eq!(ended.exit_code(), status);
        assert_eq!(terminal.line_settings(), settings);
        drop(line);
        terminal.until("the terminal as it was", is_restored);
    }
}
