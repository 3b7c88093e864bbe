//! `zendo man`: the manual, a page for zendo and one for each command. Invariant: made from the commands and the
//! rows of keys themselves.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::CommandFactory;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{Cli, Failure, output::line};
use crate::{
    keymap::{Context, Keymap},
    text::printable,
};

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Write zendo.1 and a page for each command into this folder, in place of those that are there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const FILES: [(&str, &str); 4] = [
    (
        "$XDG_CONFIG_HOME/zendo/config.toml",
        "Settings of zendo itself; 'zendo config show' lists them, 'zendo keys' the keys among them.",
    ),
    ("$XDG_CONFIG_HOME/zendo/presets/", "Presets of yours, NAME.toml each."),
    ("$XDG_CONFIG_HOME/zendo/themes/", "Themes of yours, NAME.toml each."),
    ("$XDG_STATE_HOME/zendo/runs/", "Runs that were kept, a folder each; 'zendo runs' lists them."),
];

const ENVIRONMENT: [(&str, &str); 7] = [
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, HOME",
        "Where the files above lie: else in $HOME/.config and $HOME/.local/state.",
    ),
    (
        "XDG_RUNTIME_DIR",
        "Where viewers speak to runs: else in the folder for temporary files, TMPDIR or /tmp.",
    ),
    ("TERM, COLORTERM", "How many colours the terminal shows. 'dumb' has no terminal UI."),
    ("NO_COLOR", "No colours, where it is set to anything."),
    ("COLORFGBG", "Whether the terminal is light, where it doesn't answer itself."),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "ASCII where the first that is set names another charset than UTF-8.",
    ),
    ("SSH_CONNECTION", "Where it is set, the screen is drawn less often."),
];

const STATUS: [(&str, &str); 4] = [
    ("0", "Done."),
    ("1", "Failed."),
    ("2", "Bad usage or input."),
    ("129, 130, 143", "Ended by SIGHUP, SIGINT, SIGTERM."),
];

pub(super) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let mut zendo = Cli::command();
    zendo.build();
    let Some(folder) = &args.out else {
        let page = page(&zendo).map_err(Failure::failed)?;
        line(String::from_utf8_lossy(&page).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    write_all(&zendo, folder).map_err(|error| {
        let folder = printable(&folder.display().to_string());
        Failure::failed(anyhow!("the pages can't be written into {folder}: {error}"))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write_all(command: &clap::Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    // What is hidden is for zendo itself.
    let mut shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.try_for_each(|command| write_all(command, folder))
}

/// The page of a command; that of zendo itself has its keys and files too.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // The commands under a command have no version of their own to name.
    let source = format!("zendo {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).manual("zendo").render(&mut page)?;
    if command.get_name() == "zendo" {
        let mut more = Roff::default();
        keys(&mut more);
        for (title, entries) in
            [("FILES", &FILES[..]), ("ENVIRONMENT", &ENVIRONMENT), ("EXIT STATUS", &STATUS)]
        {
            more.control("SH", [title]);
            for (what, about) in entries {
                more.control("TP", []).text([bold(*what)]).text([roman(*about)]);
            }
        }
        more.to_writer(&mut page)?;
    }
    Ok(page)
}

fn keys(page: &mut Roff) {
    page.control("SH", ["KEYS"]);
    page.text([roman(
        "Of the terminal UI, as shipped, place by place; 'zendo keys' prints those in force. C- is Ctrl, A- Alt. \
         In brackets stands what config.toml calls the action, under [keys] for all places or [keys.PLACE] for one.",
    )]);
    for context in Context::ALL {
        page.control("SS", [context.name()]);
        page.text([roman(format!("{}.", context.about()))]);
        for told in Keymap::default().told(context) {
            let keys: Vec<String> = told.keys.iter().map(|key| key.name()).collect();
            let when = match told.when() {
                when if when.is_empty() => when,
                when => format!("; {when}"),
            };
            let about = format!("{} [{}]{when}", told.description, told.action.action());
            page.control("TP", []).text([bold(keys.join("  "))]).text([roman(about)]);
        }
    }
}
