//! Everything the screens show. Plain state; must not know the terminal, files, clocks or the
//! engine's handle. Invariant: what a [`Model`] is decides every cell of the picture.

mod diff;
mod export;
mod fields;
mod form;
mod log;
mod measured;
mod net;
mod network;
mod palette;
mod picker;
mod population;
mod prompt;
mod search;
mod solve;

pub use diff::{Compared, DiffView, Half, Known, Line, Lineage, Relative, Whose};
pub use export::{Document, Export};
pub use fields::{FIELDS, Field, Kind, Section};
pub use form::Form;
pub use log::LogView;
pub use measured::Verdict;
pub use net::{Net, Pins, Task};
pub use network::{NetworkView, Share, Shown};
pub use palette::Palette;
pub use picker::{Entry, Picker};
pub use population::{Axis, PopulationView};
pub use prompt::{NetPrompt, NetTarget, Offer};
pub use search::{Chart, Event, EventKind, Scale, Search, Steps, published_name, ranks};
pub use solve::{Solve, TOP};

use super::{
    keymap::{Context, Place, RunState, Tab},
    layout,
    layout::Layout,
};
use crate::run::protocol::Phase;

/// The machine this runs on, as the band names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub cores: usize,
}

/// Over a screen.
#[derive(Debug)]
pub enum Overlay {
    /// Lines that were scrolled out above.
    Help {
        scroll: u16,
    },
    /// Asks whether to leave a running search.
    Leave,
    Solve(Box<Solve>),
    Export(Box<Export>),
    Palette(Box<Palette>),
    /// Asks for a network.
    Net(NetPrompt),
}

#[derive(Debug)]
pub struct Model {
    pub host: Host,
    pub width: u16,
    pub height: u16,
    /// Milliseconds since the screens were opened.
    pub now_ms: u64,
    pub tab: Tab,
    pub setup: Setup,
    /// The search that runs, or ran last.
    pub search: Option<Box<Search>>,
    pub population: PopulationView,
    pub log: LogView,
    pub pins: Pins,
    pub network: NetworkView,
    pub diff: DiffView,
    pub overlay: Option<Overlay>,
}

/// What the Setup screen holds.
#[derive(Debug)]
pub struct Setup {
    pub picker: Picker,
    /// The preset that was looked over last; kept when the list is shown again.
    pub form: Option<Box<Form>>,
    /// Whether the form is shown, not the list.
    pub shows_form: bool,
}

impl Setup {
    /// The form, where it is shown.
    pub fn open_form(&self) -> Option<&Form> {
        self.form.as_deref().filter(|_| self.shows_form)
    }

    pub fn open_form_mut(&mut self) -> Option<&mut Form> {
        self.form.as_deref_mut().filter(|_| self.shows_form)
    }

    pub fn open(&mut self, form: Box<Form>) {
        self.form = Some(form);
        self.shows_form = true;
    }
}

impl Model {
    pub fn new(host: Host) -> Model {
        Model {
            host,
            width: 0,
            height: 0,
            now_ms: 0,
            tab: Tab::Setup,
            setup: Setup { picker: Picker::shipped(), form: None, shows_form: false },
            search: None,
            population: PopulationView::default(),
            log: LogView::default(),
            pins: Pins::default(),
            network: NetworkView::default(),
            diff: DiffView::default(),
            overlay: None,
        }
    }

    pub fn layout(&self) -> Layout {
        layout::search(self.width, self.height)
    }

    /// How the run is, as far as keys care.
    pub fn run_state(&self) -> RunState {
        let Some(search) = &self.search else { return RunState::None };
        match search.phase() {
            _ if search.is_over() => RunState::Finished,
            Phase::Starting | Phase::Running => RunState::Running,
            Phase::Pausing | Phase::Paused => RunState::Paused,
            Phase::Confirming { .. } => RunState::Confirming,
            Phase::Finished => RunState::Finished,
        }
    }

    /// Whether a search would end with the program.
    pub fn is_searching(&self) -> bool {
        self.search.as_ref().is_some_and(|search| !search.is_over())
    }

    /// Where a key pressed now would go, overlays left aside.
    pub fn base_place(&self) -> Place {
        let context = match self.tab {
            Tab::Setup => match self.setup.open_form() {
                Some(form) if form.edit.is_some() => Context::Edit,
                Some(_) => Context::Form,
                None if self.setup.picker.path.is_some() => Context::Path,
                None => Context::Picker,
            },
            Tab::Search => Context::Search,
            Tab::Population if self.population.edit.is_some() => Context::Filter,
            Tab::Population => Context::Population,
            Tab::Network => Context::Network,
            Tab::Diff => Context::Diff,
            Tab::Log if self.log.edit.is_some() => Context::LogFilter,
            Tab::Log => Context::Log,
        };
        Place { context, run: self.run_state() }
    }

    /// Where a key pressed now goes.
    pub fn place(&self) -> Place {
        let base = self.base_place();
        let context = match self.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Leave) => Context::Leave,
            Some(Overlay::Solve(_)) => Context::Solve,
            Some(Overlay::Export(_)) => Context::Export,
            Some(Overlay::Palette(_)) => Context::Palette,
            Some(Overlay::Net(_)) => Context::Net,
            None => base.context,
        };
        Place { context, ..base }
    }

    /// How often the clock changes what is shown: never while nothing runs.
    pub fn clock_period_ms(&self) -> Option<u64> {
        if let Some(Overlay::Solve(solve)) = &self.overlay
            && solve.optimum.is_none()
            && solve.impossible.is_none()
        {
            return Some(1_000);
        }
        let search = self.search.as_ref().filter(|search| !search.is_over())?;
        match search.phase() {
            Phase::Starting | Phase::Running | Phase::Pausing | Phase::Confirming { .. } => {
                Some(1_000)
            }
            Phase::Paused => Some(60_000),
            Phase::Finished => None,
        }
    }
}
