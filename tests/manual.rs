//! What tells of keys and commands stays in step with them: `zendo keys`, docs/keys.md, the manual, completions,
//! `zendo config`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use clap::CommandFactory;
use serde_json::Value;
use zendo::{
    cli::Cli,
    keymap::{Context, Keymap, bindings},
    run::Config,
};

fn zendo(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    command.args(args).env("XDG_CONFIG_HOME", folder).output().expect("the binary runs")
}

/// Stdout of a command that must succeed.
fn said(folder: &Path, args: &[&str]) -> String {
    let output = zendo(folder, args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Stderr of a command that must fail by its input.
fn refused(folder: &Path, args: &[&str]) -> String {
    let output = zendo(folder, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A folder with a `config.toml` of `text`.
fn configured(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("zendo")).expect("made");
    fs::write(folder.path().join("zendo/config.toml"), text).expect("written");
    folder
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Every command with the words that lead to it.
fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn of(
        command: &clap::Command,
        path: Vec<String>,
        found: &mut Vec<(Vec<String>, clap::Command)>,
    ) {
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            let path = path.iter().cloned().chain([inner.get_name().to_owned()]).collect();
            of(inner, path, found);
        }
        found.push((path, command.clone()));
    }
    let mut zendo = Cli::command();
    zendo.build();
    let mut found = Vec::new();
    of(&zendo, vec!["zendo".to_owned()], &mut found);
    found
}

#[test]
fn the_page_of_keys_is_what_the_rows_say() {
    let made = said(empty().path(), &["keys", "--shipped", "--markdown"]);
    let kept = fs::read_to_string("docs/keys.md").expect("docs/keys.md");
    assert!(kept == made, "write it anew: zendo keys --shipped --markdown > docs/keys.md");
}

/// What is printed can be kept as it is: it says the keys in force.
#[test]
fn printed_keys_are_settings() {
    let printed = said(empty().path(), &["keys"]);
    assert_eq!(Config::parse("keys", &printed).expect("valid").keymap, Keymap::default());
    let folder = configured("[keys]\npause = ['A-p', 'f9']\nzoom = []\n[keys.log]\nfilter = 'F'\n");
    let printed = said(folder.path(), &["keys"]);
    let lines = |what: &str| printed.lines().filter(|line| line.starts_with(what)).count();
    assert_eq!(lines("pause = [\"A-p\", \"f9\"]"), 6, "{printed}");
    assert_eq!(lines("zoom = [] "), 2, "{printed}");
    assert!(printed.contains("yours"));
    let text = fs::read_to_string(folder.path().join("zendo/config.toml")).expect("there");
    let meant = Config::parse("config.toml", &text).expect("valid").keymap;
    assert_eq!(Config::parse("keys", &printed).expect("valid").keymap, meant);
    assert_eq!(said(folder.path(), &["keys", "--shipped"]), said(empty().path(), &["keys"]));
}

/// Every key of every row stands in `zendo keys`, as text and as JSON, and in the manual.
#[test]
fn every_row_is_told_of() {
    let folder = empty();
    let lines: Vec<Value> = said(folder.path(), &["keys", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let names: Vec<_> = lines[0].as_object().expect("an object").keys().collect();
    assert_eq!(names, ["action", "description", "group", "keys", "place", "runs", "yours"]);
    let printed = said(folder.path(), &["keys"]);
    let manual = said(folder.path(), &["man"]).replace("\\-", "-");
    let page = fs::read_to_string("docs/keys.md").expect("docs/keys.md");
    let section = |text: &str, head: &str, next: &str| {
        let (_, rest) = text.split_once(head).unwrap_or_else(|| panic!("no {head:?}"));
        rest.split(next).next().unwrap_or_default().to_owned()
    };
    let mut told = 0;
    for context in Context::ALL {
        let name = context.name();
        let of_place = section(&printed, &format!("\n[keys.{name}]"), "\n[keys.");
        let of_manual = section(&manual, &format!("\n.SS {name}\n"), "\n.S");
        let of_page = section(&page, &format!("\n## {name}\n"), "\n## ");
        for row in bindings().filter(|row| row.contexts.contains(&context)) {
            for (key, intent) in row.keys {
                let (key, action) = (key.name(), intent.action());
                let is_it = |line: &&Value| line["place"] == name && line["action"] == action;
                let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("{action} in {name}"));
                let keys = line["keys"].as_array().expect("an array");
                assert!(keys.contains(&Value::from(key.as_str())), "{key} {action} in {name}");
                let start = format!("\n{action} = [");
                let setting = of_place.split(&start).nth(1).and_then(|rest| rest.lines().next());
                let setting = setting.unwrap_or_else(|| panic!("no {action} in {name}"));
                assert!(setting.contains(&format!("\"{key}\"")), "{key} {action} in {name}");
                assert!(of_manual.contains(&format!("[{action}]")), "{action} in {name}");
                assert!(of_manual.contains(&key), "{key} in {name}");
                let is_row = |line: &str| {
                    line.contains(&format!("| `{action}` |")) && line.contains(&format!("`{key}`"))
                };
                assert!(of_page.lines().any(is_row), "{key} {action} in {name}");
                told += 1;
            }
        }
    }
    assert!(told > 300, "{told}");
}

#[test]
fn completions_name_every_command_and_flag() {
    let folder = empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(folder.path(), &["completions", shell]);
        for (path, command) in commands() {
            assert!(script.contains(&path[path.len() - 1]), "{path:?} in {shell}");
            for long in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let is_named = match shell {
                    "fish" => script.contains(&format!("-l {long}")),
                    _ => script.contains(&format!("--{long}")),
                };
                assert!(is_named, "{path:?} --{long} in {shell}");
            }
        }
    }
    let output = zendo(folder.path(), &["completions", "tcsh"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = empty();
    let out = folder.path().join("man/man1");
    let path = out.to_str().expect("UTF-8");
    assert_eq!(said(folder.path(), &["man", "--out", path]), "");
    let commands = commands();
    assert!(commands.len() > 15, "{}", commands.len());
    for (words, command) in &commands {
        let file = out.join(format!("{}.1", words.join("-")));
        let page = fs::read_to_string(&file).unwrap_or_else(|_| panic!("no {}", file.display()));
        let page = page.replace("\\-", "-");
        for long in command.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(page.contains(&format!("--{long}")), "{words:?} --{long}");
        }
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            let name = format!("{}-{}(1)", words.join("-"), inner.get_name());
            assert!(page.contains(&name), "{name}");
        }
    }
    assert_eq!(fs::read_dir(&out).expect("there").count(), commands.len());
    let whole = fs::read_to_string(out.join("zendo.1")).expect("there");
    for section in [".SH KEYS", ".SH FILES", ".SH ENVIRONMENT", ".SH \"EXIT STATUS\""] {
        assert!(whole.contains(section), "{section}");
    }
    assert_eq!(said(folder.path(), &["man"]).trim_end(), whole.trim_end());
    let nowhere = folder.path().join("man/man1/zendo.1/x");
    let output = zendo(folder.path(), &["man", "--out", nowhere.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn settings_are_shown_found_and_checked() {
    let folder = empty();
    let file = folder.path().join("zendo/config.toml");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(said(folder.path(), &["config", "path"]).trim_end(), file);
    assert!(said(folder.path(), &["config", "show"]).contains("which is not there"));
    assert!(said(folder.path(), &["config", "check"]).contains("is not there: all is as shipped"));
    assert!(
        refused(folder.path(), &["config", "check", "none.toml"])
            .contains("there is no file none.toml")
    );

    let text = "theme = 'paper'\n\n[keys]\npause = ['A-p', 'p']\n";
    let folder = configured(text);
    let shown = said(folder.path(), &["config", "show"]);
    let words = |key: &str| -> Vec<String> {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("no {key}")).split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words("theme"), ["theme", "\"paper\"", "line", "1"]);
    assert_eq!(words("mouse"), ["mouse", "false", "shipped"]);
    assert_eq!(words("keys.pause"), ["keys.pause", "[\"A-p\",", "\"p\"]", "line", "4"]);
    let lines: Vec<Value> = said(folder.path(), &["config", "show", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let keys: Vec<_> = lines[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["file", "key", "line", "value"]);
    assert_eq!((&lines[0]["value"], &lines[0]["line"]), (&Value::from("paper"), &Value::from(1)));
    assert_eq!((&lines[1]["value"], &lines[1]["file"]), (&Value::Null, &Value::Null));
    assert_eq!(lines[3]["key"], "end.bell");
    assert_eq!(lines[5]["value"], serde_json::json!(["A-p", "p"]));
    assert!(said(folder.path(), &["config", "check"]).ends_with("config.toml is fine\n"));

    for (text, fault) in [
        ("theme = 'papre'\n", "config.toml:1:9: no theme is called 'papre', did you mean 'paper'?"),
        ("\nmuose = true\n", "config.toml:2:1: unknown key 'muose', did you mean 'mouse'?"),
        ("[keys]\nquit = 'Z'\n", "config.toml:2:1: C-c must leave picker"),
        ("x = '\u{1b}[31m'\n", "config.toml:1:"),
    ] {
        let folder = configured(text);
        let error = refused(folder.path(), &["config", "check"]);
        assert!(error.contains(fault) && !error.contains('\u{1b}'), "{error}");
        let file = folder.path().join("zendo/config.toml");
        let named = refused(empty().path(), &["config", "check", file.to_str().expect("UTF-8")]);
        assert_eq!(named, error);
    }
    // What the UI would refuse to start with, the others refuse too.
    let folder = configured("[keys]\npause = 'y'\n");
    for args in [&["keys"][..], &["config", "show"]] {
        assert!(refused(folder.path(), args).contains("'y' can't be 'pause' in search"));
    }
    assert!(said(folder.path(), &["keys", "--shipped"]).contains("pause = [\"p\", \"space\"]"));
}
