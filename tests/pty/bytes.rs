//! What a screen costs a line: bytes counted, not times taken. Figures are in docs/terminal.md; `-- --nocapture`
//! prints them.

use std::{thread, time::Duration};

use super::{Launch, Terminal};

/// So long nothing may come before a screen counts as drawn, or still.
const STILL: Duration = Duration::from_millis(700);
const WINDOW: Duration = Duration::from_secs(5);

/// Bytes a second over a while.
fn rate(terminal: &Terminal) -> u64 {
    let before = terminal.line.count();
    thread::sleep(WINDOW);
    (terminal.line.count() - before) / WINDOW.as_secs()
}

fn within(what: &str, bytes: u64, most: u64) {
    println!("{what}: {bytes}");
    assert!(bytes <= most, "{what}: {bytes} bytes, {most} at most");
}

const LONG: [&str; 7] =
    ["tui", "--preset", "quick", "--set", "search.iterations=2000000", "--set", "run.workers=1"];

fn searching(size: (u16, u16), arguments: &[&str]) -> Terminal {
    let variables = &[("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")];
    let mut terminal =
        Terminal::launch(&Launch { arguments, size, variables, ..Launch::default() });
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("★");
    terminal
}

#[test]
fn what_stands_still_costs_next_to_nothing() {
    const MOST: u64 = 60;
    let mut picker = Terminal::open(&[]);
    picker.until_text("What shall be searched?");
    picker.until_quiet(STILL);
    within("idle, presets, B/s", rate(&picker), MOST);
    // A proof of the optimum would go on beside a search that is paused.
    let unproven: Vec<&str> = LONG.into_iter().chain(["--set", "run.optimum=false"]).collect();
    let mut search = searching((120, 36), &unproven);
    search.press("p");
    search.until_text("paused by you");
    search.until_quiet(STILL);
    within("idle, paused, B/s", rate(&search), MOST);
    let short: Vec<&str> = ["tui", "--preset", "quick"]
        .into_iter()
        .chain(["--set", "search.iterations=40", "--set", "confirm.repeats=2"])
        .collect();
    let mut finished = searching((120, 36), &short);
    finished.until_text("Take it home");
    finished.until_quiet(STILL);
    within("idle, finished, B/s", rate(&finished), MOST);
}

#[test]
fn a_steady_search_fits_a_thin_line() {
    let mut terminal = searching((120, 36), &LONG);
    for (key, what) in [
        ("1", "Scores"),
        ("2", "Score × params"),
        ("3", "one rib"),
        ("4", "Diff"),
        ("6", "saturat"),
        ("7", "kept"),
    ] {
        terminal.press(key);
        terminal.until_text(what);
        thread::sleep(Duration::from_secs(1));
        within(&format!("searching, screen {key}, B/s"), rate(&terminal), 8_000);
    }
}

/// Screens and what lies over them: the key, and what is seen then.
const SCREENS: [(&str, &str); 13] = [
    ("2", "Score × params"),
    ("3", "one rib"),
    ("4", "Lineage"),
    ("5", "TOML"),
    ("6", "saturat"),
    ("7", "kept"),
    ("1", "Convergence"),
    ("?", "Keys of"),
    ("\u{1b}", "Convergence"),
    (":", "Actions"),
    ("\u{1b}", "Convergence"),
    ("T", "Themes"),
    ("\u{1b}", "Convergence"),
];

#[test]
fn another_screen_costs_no_more_than_a_line_carries_in_a_moment() {
    for (size, most) in [((120, 36), 20_000), ((200, 60), 35_000)] {
        let mut terminal = searching(size, &LONG);
        // With a population to show.
        thread::sleep(Duration::from_secs(3));
        terminal.press("p");
        terminal.until_text("paused by you");
        for (key, what) in SCREENS {
            terminal.until_quiet(STILL);
            let before = terminal.line.count();
            terminal.press(key);
            terminal.until_text(what);
            terminal.until_quiet(STILL);
            let cost = terminal.line.count() - before;
            within(&format!("{}×{} key {key:?}", size.0, size.1), cost, most);
        }
        let before = terminal.line.count();
        terminal.press("\u{c}");
        terminal.until_quiet(STILL);
        within(&format!("{}×{} drawn anew", size.0, size.1), terminal.line.count() - before, most);
    }
}
