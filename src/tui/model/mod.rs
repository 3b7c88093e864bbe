//! Everything the screens show. Plain state; must not know the terminal, files, clocks or the
//! engine's handle. Invariant: what a [`Model`] is decides every cell of the picture.

mod fields;
mod form;
mod picker;
mod search;

pub use fields::{FIELDS, Field, Kind, Section};
pub use form::Form;
pub use picker::{Entry, Picker};
pub use search::{Chart, Event, EventKind, Scale, Search, ranks};

use super::{keymap::Context, layout, layout::Layout};
use crate::run::protocol::Phase;

/// The machine this runs on, as the band names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub cores: usize,
}

#[derive(Debug)]
pub enum Screen {
    Picker,
    Form(Box<Form>),
    Search(Box<Search>),
}

/// Over a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Lines that were scrolled out above.
    Help { scroll: u16 },
    /// Asks whether to leave a running search.
    Leave,
}

#[derive(Debug)]
pub struct Model {
    pub host: Host,
    pub width: u16,
    pub height: u16,
    /// Milliseconds since the screens were opened.
    pub now_ms: u64,
    pub picker: Picker,
    pub screen: Screen,
    /// The form that was left: for the picker, or for a search, to come back to when it can't start.
    pub parked: Option<Box<Form>>,
    pub overlay: Option<Overlay>,
}

impl Model {
    pub fn new(host: Host) -> Model {
        Model {
            host,
            width: 0,
            height: 0,
            now_ms: 0,
            picker: Picker::shipped(),
            screen: Screen::Picker,
            parked: None,
            overlay: None,
        }
    }

    pub fn layout(&self) -> Layout {
        layout::search(self.width, self.height)
    }

    /// Where a key pressed now would go, overlays left aside.
    pub fn base_context(&self) -> Context {
        match &self.screen {
            Screen::Picker if self.picker.path.is_some() => Context::Path,
            Screen::Picker => Context::Picker,
            Screen::Form(form) if form.edit.is_some() => Context::Edit,
            Screen::Form(_) => Context::Form,
            Screen::Search(search) => match search.phase() {
                _ if search.is_over() => Context::Finished,
                Phase::Starting | Phase::Running => Context::Running,
                Phase::Pausing | Phase::Paused => Context::Paused,
                Phase::Confirming { .. } => Context::Confirming,
                Phase::Finished => Context::Finished,
            },
        }
    }

    /// Where a key pressed now goes.
    pub fn context(&self) -> Context {
        match self.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Leave) => Context::Leave,
            None => self.base_context(),
        }
    }

    /// How often the clock changes what is shown: never while nothing runs.
    pub fn clock_period_ms(&self) -> Option<u64> {
        match &self.screen {
            Screen::Picker | Screen::Form(_) => None,
            Screen::Search(search) if search.is_over() => None,
            Screen::Search(search) => match search.phase() {
                Phase::Starting | Phase::Running | Phase::Pausing | Phase::Confirming { .. } => {
                    Some(1_000)
                }
                Phase::Paused => Some(60_000),
                Phase::Finished => None,
            },
        }
    }
}
