//! The terminal UI: presets to choose from, a form, the search as it runs.
//!
//! Owns: the terminal while it is open, the model, keys, screens, the theme. Must not know: tensors
//! and how a score comes about; it speaks with the engine through `run::protocol` only. Invariant:
//! however it ends, the terminal is left as it was found.

mod action;
mod background;
mod canvas;
mod columns;
mod economy;
mod edit;
mod encoder;
mod event_loop;
mod files;
mod filter;
mod format;
mod glyphs;
mod keymap;
mod laboratory;
mod layout;
mod model;
mod picture;
mod probe;
mod screens;
mod spots;
mod terminal;
mod theme;
mod update;
mod watched;
mod widgets;
mod writer;

#[cfg(test)]
mod fixture;

use std::{io::IsTerminal, path::PathBuf};

use anyhow::bail;

use crate::run::{Standing, config, find_run, user_themes};
use model::{Form, Host, Model, Mouse};
use watched::Home;

/// How the UI is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A preset's name or file, to open at once; none shows what there is.
    pub preset: Option<String>,
    /// `key=value` over the preset.
    pub sets: Vec<String>,
    /// A new or empty folder for the first search; a further one gets another beside it.
    pub out: Option<PathBuf>,
    /// A run to look at, read only: a folder, the name of a kept run, or its beginning.
    pub run: Option<String>,
    /// A theme's name, over what the user keeps.
    pub theme: Option<String>,
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// Keep everything in this process.
    pub foreground: bool,
    /// The folder of a run to be watched at once.
    pub attach: Option<PathBuf>,
}

/// What is settled only when the terminal has been asked.
#[derive(Clone, Copy, Debug)]
struct Opening {
    /// A theme was named; the terminal's ground has no say.
    is_theme_named: bool,
    /// Whether to draw with ASCII alone, where the user says so.
    ascii: Option<bool>,
}

/// How it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// SIGHUP, or the terminal went away.
    HungUp,
}

impl Exit {
    /// Of the process: 128 and the signal's number where one ended it.
    pub fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::HungUp => 129,
        }
    }
}

/// The UI, ready to take the terminal.
#[derive(Debug)]
pub struct Tui {
    model: Model,
    opening: Opening,
    home: Home,
}

impl Tui {
    /// Takes the terminal and keeps it until the UI is left.
    ///
    /// # Errors
    /// A terminal that can't be set up or drawn on, an engine that can't be started.
    pub fn run(self) -> anyhow::Result<Exit> {
        event_loop::run(self.model, self.opening, self.home)
    }
}

/// Gets the UI ready.
///
/// # Errors
/// No terminal to draw on; a preset or a theme that can't be opened; settings with a fault.
pub fn open(options: &Options) -> anyhow::Result<Tui> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if is_dumb || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!(
            "the terminal UI needs a terminal on stdin and stdout, and TERM set to its kind; \
             `zendo search --preset NAME` runs a search without one"
        );
    }
    let config = config()?;
    let mut model = Model::new(host());
    model.out.clone_from(&options.out);
    model.keymap = config.keymap;
    model.mouse = if config.mouse.unwrap_or(false) { Mouse::On } else { Mouse::Off };
    let is_theme_named = name_theme(&mut model, options.theme.as_deref(), config.theme.as_deref())?;
    let ascii = if options.ascii { Some(true) } else { config.ascii };
    if let Some(wanted) = &options.run {
        look_at(&mut model, wanted)?;
    }
    if let Some(reference) = &options.preset {
        match crate::run::open_preset(reference) {
            Ok(mut source) => {
                for assignment in &options.sets {
                    source.set_assignment(assignment)?;
                }
                model.setup.open(Form::new(source)?).map_err(anyhow::Error::msg)?;
            }
            // A file with a fault is opened to be mended.
            Err(broken) if broken.text.is_some() && options.sets.is_empty() => {
                update::update(&mut model, action::Action::Opened(Err(broken)));
            }
            Err(broken) => return Err(broken.error.into()),
        }
    } else if !options.sets.is_empty() {
        bail!("--set changes a preset; name one with --preset");
    }
    if let Some(folder) = &options.attach {
        model.awaited = Some(folder.clone());
    }
    model.rings = config.end.bell.unwrap_or(false);
    let home = if options.foreground { Home::Here } else { Home::Host };
    Ok(Tui { model, opening: Opening { is_theme_named, ascii }, home })
}

/// Shows a run that nobody of this machine has.
fn look_at(model: &mut Model, wanted: &str) -> anyhow::Result<()> {
    let folder = std::path::absolute(find_run(wanted)?)?;
    let (run, picture) = files::read_run(&folder);
    if let Standing::Running { .. } = run.standing {
        model.awaited = Some(folder);
        return Ok(());
    }
    let picture = picture.map_err(anyhow::Error::msg)?;
    update::update(model, action::Action::ReadRun(Box::new(run), Ok(picture)));
    Ok(())
}

/// Puts the theme in force that was asked for, else the one that is kept; tells whether there is one. A kept
/// one that can't be used is said, and doesn't keep anybody from working.
fn name_theme(model: &mut Model, asked: Option<&str>, kept: Option<&str>) -> anyhow::Result<bool> {
    model.themes.list(user_themes());
    if let Some(name) = asked {
        model.themes.show(name).map_err(anyhow::Error::msg)?;
        return Ok(true);
    }
    let Some(name) = kept else { return Ok(false) };
    match model.themes.show(name) {
        Ok(()) => Ok(true),
        Err(why) => {
            model.complain(why);
            Ok(false)
        }
    }
}

/// An environment variable, where it is set to text.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn host() -> Host {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let short = name.split('.').next().unwrap_or_default().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    Host { name: short, cores }
}
