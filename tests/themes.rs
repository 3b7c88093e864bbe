//! `zendo themes`: the shipped ones, the user's, what is wrong with them.

use std::process::Command;

use serde_json::Value;

#[test]
fn themes_are_listed_with_yours_and_their_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let themes = folder.path().join("zendo/themes");
    std::fs::create_dir_all(&themes).expect("made");
    std::fs::write(themes.join("late.toml"), "about = \"late\"\ninherits = \"ink\"\n")
        .expect("written");
    std::fs::write(themes.join("odd.toml"), "inherits = \"inky\"\n").expect("written");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
        let output = command.args(args).env("XDG_CONFIG_HOME", folder.path()).output();
        String::from_utf8(output.expect("the binary runs").stdout).expect("UTF-8")
    };
    let plain = run(&["themes"]);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(plain.contains("late                    late   (yours)"), "{plain}");
    assert!(
        plain.contains("odd.toml:1:12: no theme 'inky' is shipped, did you mean 'ink'?"),
        "{plain}"
    );
    let lines: Vec<Value> = run(&["themes", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["ink", "paper", "sixteen", "colour-blind", "mono", "late", "odd"]);
    let keys: Vec<_> = lines[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["about", "error", "name", "yours"]);
    assert_eq!((&lines[5]["yours"], &lines[5]["error"]), (&Value::from(true), &Value::Null));
    assert!(lines[6]["error"].is_string() && lines[6]["about"].is_null());
}
