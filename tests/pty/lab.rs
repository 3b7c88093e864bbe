//! Experiments that are started from the screens: they outlive them, and can be ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use zendo::run::{Underway, lab_folder, stands};

use super::{
    PATIENCE,
    hosting::{Home, holds_no_terminal},
};

#[test]
fn an_experiment_outlives_the_screens_and_is_found_again() {
    let home = Home::new();
    let mut terminal = home.start();
    terminal.press("6");
    terminal.until_text("Does the analytic score agree?");
    // The run lives in a host: leaving asks nothing.
    terminal.press("rq");
    assert_eq!(terminal.end().exit_code(), 0);
    let lab = lab_folder(Some(&home.run())).expect("a run's");
    let since = Instant::now();
    let found = loop {
        if let Some(found) = stands(&lab, "agreement").found {
            break found.expect("whole");
        }
        assert!(since.elapsed() < PATIENCE, "{:?}", stands(&lab, "agreement"));
        thread::sleep(Duration::from_millis(50));
    };
    assert!(found.report.reading[0].starts_with("Over "), "{:?}", found.report.reading);
    let mut again = home.open(&["attach"]);
    again.until_text("★");
    again.press("6");
    again.until_text("Over ");
    again.until_text("✓ agreement");
    again.is_whole();
    // Another one, which is ended before it has anything to say; what was found stands.
    again.press("[[r");
    again.until_text("theorem1 runs");
    let Underway::Running(progress) = stands(&lab, "theorem1").underway else { panic!("it runs") };
    holds_no_terminal(progress.pid);
    again.press("c");
    again.until_text("failed: interrupted");
    assert_eq!(stands(&lab, "theorem1").underway, Underway::Failed("interrupted".to_owned()));
    again.press("]]");
    again.until_text("Over ");
    again.press("q");
    assert_eq!(again.end().exit_code(), 0);
}

#[test]
fn a_path_is_typed_and_what_is_wrong_with_it_is_said() {
    let home = Home::new();
    let mut terminal = home.start();
    terminal.press("6b/no/such/file.csv\r");
    terminal.until_text("failed: /no/such/file.csv");
    terminal.press("X");
    terminal.until_text("rank has no result yet");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}
