//! A search tuned by hand, and the same search again from its folder.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::Terminal;

/// What the journal in `folder` says of changes and stops, but for the clock.
fn journal(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("journal.jsonl")).expect("a journal");
    let record = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(tuned) = line["record"].get_mut("tuned") {
            tuned["at_ms"] = Value::Null;
        }
        line["record"].take()
    };
    let is_done = |record: &Value| record.get("tuned").is_some() || record.get("stopped").is_some();
    text.lines().map(record).filter(is_done).collect()
}

#[test]
fn a_search_is_tuned_undone_and_done_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = folder.path().join("first");
    let out = first.to_str().expect("UTF-8");
    let sets = ["search.iterations=1000000", "screen.keep=0.5", "confirm.repeats=4"];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["tui", "--preset", "quick", "--out", out].into_iter().chain(sets).collect();
    let mut terminal = Terminal::open_in(folder.path(), &arguments);
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("64 of 64");
    terminal.press("t");
    terminal.until_text("takes effect at the next candidate");
    // Seen before it is asked for, and with every key.
    terminal.press("40");
    terminal.until_text("evicts 24 of 64");
    terminal.until_text("preview: 24 leave");
    terminal.press("\r");
    terminal.until_text("earlier  ▴ #");
    terminal.until_text("evicted 24");
    terminal.press("\u{1b}");
    terminal.until_text("40 of 40");
    // A mark on the curve says when.
    terminal.until_text("population 64→40");
    terminal.press("u");
    terminal.until_text("back 24");
    terminal.until_text("64 of 64");
    terminal.press("Sy");
    terminal.until_text("Take it home");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);

    let second = folder.path().join("second");
    let again = Command::new(env!("CARGO_BIN_EXE_zendo"))
        .args(["search", "--json", "--workers", "1", "--replay", out, "--out"])
        .arg(&second)
        .output()
        .expect("ran");
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let records = journal(&first);
    assert_eq!(records.len(), 3, "{records:?}");
    assert_eq!(records, journal(&second));
    let best = |folder: &Path| fs::read_to_string(folder.join("best.txt")).expect("written");
    assert_eq!(best(&first), best(&second));
}
