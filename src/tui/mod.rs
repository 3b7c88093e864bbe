//! The terminal UI: presets to choose from, a form, the search as it runs.
//!
//! Owns: the terminal while it is open, the model, keys, screens, the theme. Must not know: tensors
//! and how a score comes about; it speaks with the engine through `run::protocol` only. Invariant:
//! however it ends, the terminal is left as it was found.

mod action;
mod backend;
mod canvas;
mod columns;
mod edit;
mod event_loop;
mod filter;
mod format;
mod keymap;
mod layout;
mod model;
mod screens;
mod terminal;
mod theme;
mod update;
mod widgets;

#[cfg(test)]
mod fixture;

use std::io::IsTerminal;

use anyhow::bail;

use model::{Form, Host, Model};

/// How the UI is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A preset's name or file, to open at once; none shows what there is.
    pub preset: Option<String>,
    /// `key=value` over the preset.
    pub sets: Vec<String>,
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
}

impl Tui {
    /// Takes the terminal and keeps it until the UI is left.
    ///
    /// # Errors
    /// A terminal that can't be set up or drawn on, an engine that can't be started.
    pub fn run(self) -> anyhow::Result<Exit> {
        event_loop::run(self.model)
    }
}

/// Gets the UI ready.
///
/// # Errors
/// No terminal to draw on; a preset that can't be opened.
pub fn open(options: &Options) -> anyhow::Result<Tui> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if is_dumb || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!(
            "the terminal UI needs a terminal on stdin and stdout, and TERM set to its kind; \
             `zendo search --preset NAME` runs a search without one"
        );
    }
    let mut model = Model::new(host());
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
    Ok(Tui { model })
}

fn host() -> Host {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let short = name.split('.').next().unwrap_or_default().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    Host { name: short, cores }
}
