//! Who may know whom: every `crate::` import in the source, against the arrows of
//! docs/architecture.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A part, and the parts it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("keymap", &["text"]),
    ("theme", &["text"]),
    ("random", &[]),
    ("report", &[]),
    ("score", &[]),
    ("arch", &["text"]),
    ("analytic", &["arch", "score"]),
    ("anatomy", &["analytic", "arch"]),
    ("export", &["arch", "text"]),
    ("space", &["arch", "random", "score", "text"]),
    ("latency", &["arch", "text"]),
    ("search", &["analytic", "arch", "latency", "random", "score", "space"]),
    ("optimum", &["analytic", "arch", "latency", "space"]),
    ("nn", &["arch", "latency", "random", "score", "text"]),
    ("proxy", &["analytic", "arch", "nn", "random", "score", "text"]),
    (
        "run",
        &[
            "analytic", "arch", "keymap", "latency", "nn", "optimum", "proxy", "random", "report",
            "score", "search", "space", "text", "theme",
        ],
    ),
    (
        "lab",
        &[
            "analytic", "anatomy", "arch", "latency", "nn", "optimum", "proxy", "random", "report",
            "run", "score", "space", "text",
        ],
    ),
    (
        "cli",
        &[
            "anatomy", "arch", "export", "keymap", "lab", "latency", "nn", "optimum", "proxy",
            "report", "run", "score", "space", "text", "theme",
        ],
    ),
    (
        "tui",
        &[
            "anatomy", "arch", "export", "keymap", "report", "run", "score", "space", "text",
            "theme",
        ],
    ),
];

/// Crates that stay in one part.
const OUTSIDERS: &[(&str, &[&str])] = &[
    ("candle_core", &["nn"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
];

/// `src/arch/parse.rs` belongs to `arch`, `src/score.rs` to `score`.
fn part_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").expect("a source file");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// First names after `crate::`, also inside `crate::{…}`.
fn imported(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(first_name(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.extend(Some(first_name(&std::mem::take(&mut item)))),
                _ if depth == 0 => item.push(c),
                _ => {}
            }
        }
        names.insert(first_name(&item));
    }
    names.remove("");
    names
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The code of a file without what is only there under test, which may use anything: an item on one
/// line goes alone, a module with a body ends the file.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let item = lines.next().unwrap_or_default();
        if !item.trim_end().ends_with(';') {
            assert!(item.contains("mod "), "only modules are taken out: {item}");
            break;
        }
    }
    code
}

/// Whether the file is declared under `#[cfg(test)]` by the module around it.
fn is_test_module(file: &Path) -> bool {
    let parent = file.parent().map(|folder| folder.join("mod.rs"));
    let Some(text) = parent.and_then(|parent| fs::read_to_string(parent).ok()) else {
        return false;
    };
    let name = file.file_stem().expect("a source file").to_string_lossy();
    text.split("#[cfg(test)]").skip(1).any(|rest| {
        let line = rest.trim_start().lines().next().unwrap_or_default();
        line.trim_start_matches("pub(crate) ") == format!("mod {name};")
    })
}

#[test]
fn imports_follow_the_arrows() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 30, "the sources are read from the crate's root");
    let mut checked = 0;
    for file in files {
        let part = part_of(&file);
        // The crate's own root names every part.
        if ["lib", "main"].contains(&part.as_str()) || is_test_module(&file) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == part)
            .unwrap_or_else(|| panic!("{} is of no part of docs/architecture.md", file.display()));
        let code = without_tests(&text);
        assert!(!code.contains("super::super::super"), "{} climbs too far", file.display());
        for name in imported(&code) {
            checked += 1;
            assert!(
                name == part || allowed.contains(&name.as_str()),
                "{} imports crate::{name}, and {part} may only know {allowed:?}",
                file.display()
            );
        }
        for (outsider, parts) in OUTSIDERS {
            let found = code.contains(&format!("{outsider}::"));
            assert!(!found || parts.contains(&part.as_str()), "{} uses {outsider}", file.display());
        }
    }
    assert!(checked > 30, "only {checked} imports were found");
}

#[test]
fn the_reader_finds_imports() {
    let text = "use crate::{\n  arch::{Block, x},\n  space::Y,\n};\nfn f() { crate::nn::z(); } // crate::no";
    let names: Vec<_> = imported(text).into_iter().collect();
    assert_eq!(names, ["arch", "nn", "space"]);
    let tested = "#[cfg(test)]\nmod fixture;\nuse crate::nn::x;\n#[cfg(test)]\nmod tests {\nuse crate::tui::y;";
    let names: Vec<_> = imported(&without_tests(tested)).into_iter().collect();
    assert_eq!(names, ["nn"]);
}
