//! `zendo keys`: every key of the terminal UI, place by place. Must not know what keys do. Invariant: what is
//! printed without a flag is itself a `[keys]` of `config.toml`.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Failure,
    output::{json_line, line},
};
use crate::{
    keymap::{Context, Key, Keymap, Told},
    run::config,
};

#[derive(Debug, clap::Args)]
pub struct KeysArgs {
    /// As zendo ships them, whatever config.toml says
    #[arg(long)]
    shipped: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// As a page of tables
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    place: &'a str,
    group: &'a str,
    action: &'a str,
    keys: Vec<String>,
    description: &'a str,
    runs: Vec<&'a str>,
    yours: bool,
}

pub(super) fn run(args: &KeysArgs) -> Result<ExitCode, Failure> {
    let shipped = Keymap::default();
    let keymap = match args.shipped {
        true => shipped.clone(),
        false => config().map_err(Failure::usage)?.keymap,
    };
    if args.markdown {
        line(markdown(&keymap).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.json {
        line(
            "# Every place with its keys. A line under [keys] itself holds wherever the action has a key.",
        )?;
    }
    for context in Context::ALL {
        let as_shipped = shipped.told(context);
        let told = keymap.told(context);
        if !args.json {
            line(format!("\n[keys.{}]   # {}", context.name(), context.about()))?;
        }
        let mut group = None;
        for told in &told {
            let is_yours = !as_shipped.contains(told);
            if args.json {
                json_line(&Line {
                    place: context.name(),
                    group: told.group.title(),
                    action: told.action.action(),
                    keys: told.keys.iter().map(|key| key.name()).collect(),
                    description: &told.description,
                    runs: told.runs.iter().map(|run| run.name()).collect(),
                    yours: is_yours,
                })?;
                continue;
            }
            if group != Some(told.group) {
                line(format!("# {}", told.group.title()))?;
                group = Some(told.group);
            }
            line(setting(told, is_yours))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of `config.toml` with what it is about.
fn setting(told: &Told, is_yours: bool) -> String {
    let keys = told.keys.iter().map(|key| toml::Value::String(key.name())).collect();
    let setting = format!("{} = {}", told.action.action(), toml::Value::Array(keys));
    let when = match told.when() {
        when if when.is_empty() => when,
        when => format!(" ({when})"),
    };
    let whose = if is_yours { ", yours" } else { "" };
    format!("{setting:<40}  # {}{when}{whose}", told.description)
}

/// A page of tables, a place each.
fn markdown(keymap: &Keymap) -> String {
    let mut page = "# Keys\n\n\
        Made by `zendo keys --shipped --markdown`. `zendo keys` prints the keys in force as `config.toml` would \
        say\nthem; [terminal.md](terminal.md#keys) tells how to change them. `C-` is Ctrl, `A-` Alt.\n"
        .to_owned();
    for context in Context::ALL {
        page.push_str(&format!("\n## {}\n\n", context.name()));
        page.push_str(&format!("{}.\n\n", context.about()));
        page.push_str("| keys | action | what it does | while |\n|---|---|---|---|\n");
        for told in keymap.told(context) {
            let keys: Vec<String> = told.keys.iter().map(|key| code(*key)).collect();
            let (keys, action) = (keys.join(" "), told.action.action());
            let (what, when) = (told.description.replace('|', "\\|"), told.when());
            page.push_str(&format!("| {keys} | `{action}` | {what} | {when} |\n"));
        }
    }
    page
}

/// A key in a table; what would end its cell, or its code, is escaped.
fn code(key: Key) -> String {
    let name = key.name();
    match name.contains('`') {
        true => format!("`` {name} ``"),
        false => format!("`{}`", name.replace('|', "\\|")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_mean_something_in_a_table_are_escaped() {
        assert_eq!(code(Key::Char('|')), "`\\|`");
        assert_eq!(code(Key::Alt('`')), "`` A-` ``");
        assert_eq!(code(Key::Enter), "`enter`");
    }
}
