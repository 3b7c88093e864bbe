//! What a person does in an hour: looking through a population, comparing, taking a network home.

use std::{fs, path::Path, process::Command};

use super::Terminal;

/// In a folder of its own, with a search that runs for long enough.
fn searching(folder: &Path) -> Terminal {
    let sets = ["--set", "search.iterations=200000", "--set", "run.workers=1"];
    let arguments: Vec<&str> = ["tui", "--preset", "quick"].into_iter().chain(sets).collect();
    let mut terminal = Terminal::open_in(folder, &arguments);
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("★");
    terminal
}

#[test]
fn a_population_is_filtered_compared_and_taken_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = searching(folder.path());
    terminal.press("2");
    terminal.until_text("Score × params");
    // A filter that isn't one is said so, at its place.
    terminal.press("/parms>1");
    terminal.until_text("nothing is called 'parms'; params?");
    terminal.press("\u{15}params>1 has:K3\r");
    terminal.until_text("/ params>1 has:K3");
    // The second against the third.
    terminal.press("jajb4");
    terminal.until_text("B − A");
    terminal.press("P");
    terminal.until_text("Lineage");
    // Up the lineage, a step against its parent.
    terminal.press("k\r");
    terminal.until_text("from the initial structure to");
    terminal.press("3");
    terminal.until_text("one rib a sub-layer");
    // Marked ones go home as a table, a single one as a Python file.
    let path = folder.path();
    // A file that is being written has another name; runs are kept beside them.
    let names = move || {
        let entries = fs::read_dir(path).expect("readable").map(|entry| entry.expect("readable"));
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("zendo")).collect();
        names.sort();
        names
    };
    let files = |count: usize| move |_: &vt100::Screen| names().len() == count;
    terminal.press("2mjmxc");
    terminal.until("a table", files(1));
    terminal.press("1xs");
    terminal.until("both files", files(2));
    let names = names();
    assert!(names[0].starts_with("zendo-quick-2-candidates"), "{names:?}");
    terminal.press(":pyt");
    terminal.until_text("Actions");
    terminal.press("\u{1b}");
    terminal.until("no palette", |screen| !screen.contents().contains("Actions"));
    terminal.press("7");
    terminal.until_text("following");
    terminal.press("qy");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_preset_is_edited_solved_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let sets = ["--set", "space.width_multiple=64", "--set", "space.width_min=64"];
    let arguments: Vec<&str> = ["tui", "--preset", "quick"].into_iter().chain(sets).collect();
    let mut terminal = Terminal::open_in(folder.path(), &arguments);
    terminal.until_text("not started");
    // The cursor stands on the iterations.
    terminal.press("e\u{15}4k\r");
    terminal.until_text("1 change");
    terminal.press("s");
    terminal.until_text("proven optimum");
    terminal.press("\r");
    terminal.until_text("of 4,000");
    terminal.press("qy");
    assert_eq!(terminal.end().exit_code(), 0);
}

/// A preset that is changed and saved under a name is one from then on.
#[test]
fn a_saved_preset_is_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::open_in(folder.path(), &["tui", "--preset", "quick"]);
    terminal.until_text("not started");
    terminal.press("e\u{15}777\r");
    terminal.until_text("1 change, not saved");
    terminal.press("w");
    terminal.until_text("Save as");
    terminal.press("short\r");
    terminal.until_text("short.toml");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    let config = folder.path().join("config");
    let mut list = Command::new(env!("CARGO_BIN_EXE_zendo"));
    let list = list.env("XDG_CONFIG_HOME", &config).args(["presets", "list"]).output();
    let list = String::from_utf8(list.expect("the binary runs").stdout).expect("UTF-8");
    assert!(list.lines().last().is_some_and(|line| line.starts_with("short ")), "{list}");
    let file = fs::read_to_string(config.join("zendo/presets/short.toml"));
    let text = "extends = \"quick\"\n\n[search]\niterations = 777\n";
    assert_eq!(file.expect("written"), text);
}

/// A kept run is looked at, and left without a question.
#[test]
fn a_kept_run_is_found_and_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("state/zendo/runs/quick-20261126-152507-003f");
    let out = run.to_str().expect("UTF-8");
    let sets =
        ["space.resolution=16", "search.iterations=150", "confirm.best=2", "run.optimum=false"];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let search = ["search", "--preset", "quick", "--out", out].into_iter().chain(sets);
    let done = Command::new(env!("CARGO_BIN_EXE_zendo")).args(search).output();
    assert!(done.expect("it runs").status.success());
    let mut terminal = Terminal::open_in(folder.path(), &[]);
    terminal.until_text("What shall be searched?");
    terminal.press("L");
    terminal.until_text("quick-20261126-152507-003f");
    terminal.press("\r");
    terminal.until_text("read only");
    terminal.press("2");
    terminal.until_text("Score × params");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    let mut terminal = Terminal::open_in(folder.path(), &["runs", "open", out]);
    terminal.until_text("read only");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}
