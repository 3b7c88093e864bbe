//! Everything the screens show. Plain state; must not know the terminal, files, clocks or the
//! engine's handle. Invariant: what a [`Model`] is decides every cell of the picture.

mod chart;
mod diff;
mod event;
mod export;
mod field_rows;
mod fields;
mod form;
mod keeper;
mod lab;
mod landmarks;
mod log;
mod measured;
mod naming;
mod net;
mod network;
mod palette;
mod picker;
mod population;
mod predictions;
mod prompt;
mod runs;
mod search;
mod solve;
mod standing;
mod text_edit;
mod themes;
mod tune;
mod tune_rows;
pub mod tuned;

pub use chart::{Chart, Scale, Steps};
pub use diff::{Compared, DiffView, Half, Known, Line, Lineage, Relative, Whose};
pub use event::{Event, EventKind};
pub use export::{Document, Export, MAX_FILES};
pub use fields::{FIELDS, Field, Kind, Section};
pub use form::{Form, Measured, Panel};
pub use keeper::{Keeper, Lost};
pub use lab::{Bench, LabPanel, LabView, Ranked, State, Topic, price, ranked as lab_proxies};
pub use log::LogView;
pub use measured::Verdict;
pub use naming::{Naming, Purpose};
pub use net::{Net, Pins, Task};
#[cfg(test)]
pub use network::view_of_preset;
pub use network::{NetworkView, Share, Shown};
pub use palette::Palette;
pub use picker::{Entry, Picker, Row};
pub use population::{Axis, PopulationView};
pub use prompt::{NetPrompt, NetTarget, Offer};
pub use runs::{ComparedRun, Kept, RunList};
pub use search::Search;
pub use solve::{Solve, SolveList, TOP};
pub use standing::ranks;
pub use text_edit::TextEdit;
pub use themes::{ThemeChoice, Themes};
pub use tune::{Tune, shown as tuned_value};
pub use tune_rows::ROWS as TUNE_ROWS;

use std::path::{Path, PathBuf};

use super::{
    economy::Level,
    glyphs::Glyphs,
    keymap::{Context, Intent, Keymap, Place, RunState, Tab},
    layout,
    layout::Layout,
    theme::{Depth, Display},
};
use crate::run::protocol::Phase;

/// The machine this runs on, as the band names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub cores: usize,
}

/// Whose the mouse is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// The terminal's, to select text with.
    #[default]
    Off,
    /// Zendo's.
    On,
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
    /// Asks whether to end the search and confirm what it found.
    Stop,
    Solve(Box<Solve>),
    Export(Box<Export>),
    /// Asks for a preset's name.
    Naming(Box<Naming>),
    Palette(Box<Palette>),
    /// Runs that were kept.
    Runs(Box<RunList>),
    Theme(Box<ThemeChoice>),
    /// Changes a running search.
    Tune(Box<Tune>),
    /// Asks for a network.
    Net(NetPrompt),
}

/// What came of something that a person did; said in the footer's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub lead: String,
    pub detail: String,
    pub failed: bool,
}

#[derive(Debug)]
pub struct Model {
    pub host: Host,
    pub width: u16,
    pub height: u16,
    /// Milliseconds since the screens were opened.
    pub now_ms: u64,
    /// What is drawn with; as if all could be shown until the terminal is known.
    pub themes: Themes,
    /// The keys in force.
    pub keymap: Keymap,
    pub mouse: Mouse,
    pub tab: Tab,
    /// Where the first search keeps its files; none keeps nothing.
    pub out: Option<PathBuf>,
    /// Searches that were started.
    started: u32,
    pub setup: Setup,
    /// The search that runs, or ran last.
    pub search: Option<Box<Search>>,
    /// The folder of a run that a host will tell of.
    pub awaited: Option<PathBuf>,
    /// Whether the end of a run rings.
    pub rings: bool,
    pub population: PopulationView,
    pub lab: LabView,
    pub log: LogView,
    pub pins: Pins,
    pub network: NetworkView,
    pub diff: DiffView,
    pub overlay: Option<Overlay>,
    /// What came of the last key, until the next.
    pub notice: Option<Notice>,
    /// What the line to the terminal lets through.
    pub line: Level,
}

/// Presets with unsaved changes that are kept beside the one that is shown.
const MAX_PARKED: usize = 16;

/// What the Setup screen holds.
#[derive(Debug)]
pub struct Setup {
    pub picker: Picker,
    /// The preset that was looked over last; kept when the list is shown again.
    pub form: Option<Box<Form>>,
    /// Others that were changed and not saved.
    parked: Vec<Form>,
    /// Whether the form is shown, not the list.
    pub shows_form: bool,
    /// How fast the settings are that were measured last.
    pub measured: Option<Measured>,
}

impl Setup {
    /// The form, where it is shown.
    pub fn open_form(&self) -> Option<&Form> {
        self.form.as_deref().filter(|_| self.shows_form)
    }

    pub fn open_form_mut(&mut self) -> Option<&mut Form> {
        self.form.as_deref_mut().filter(|_| self.shows_form)
    }

    /// Shows a preset, as it was left where it was changed. The one shown so far is kept, where it
    /// has changes that would be lost.
    ///
    /// # Errors
    /// There are too many of those.
    pub fn open(&mut self, fresh: Form) -> Result<(), String> {
        let is_same = |form: &Form| form.name() == fresh.name() && form.path() == fresh.path();
        if !self.form.as_deref().is_some_and(is_same) {
            let parked = self.parked.iter().position(is_same);
            let is_kept = self.form.as_deref().is_some_and(Form::is_unsaved);
            if is_kept && parked.is_none() && self.parked.len() >= MAX_PARKED {
                return Err(format!(
                    "{MAX_PARKED} presets have changes that aren't saved; save one"
                ));
            }
            let shown = parked.map_or(fresh, |at| self.parked.remove(at));
            let left = self.form.replace(Box::new(shown));
            self.parked.extend(left.map(|form| *form).filter(Form::is_unsaved));
        } else if !self.form.as_deref().is_some_and(Form::is_unsaved) {
            self.form = Some(Box::new(fresh));
        }
        self.shows_form = true;
        if let Some(form) = &mut self.form {
            // What isn't a preset is mended in its text.
            form.focus(if form.draft.fault.is_some() { Panel::Toml } else { Panel::Form });
        }
        Ok(())
    }

    /// Puts the list's cursor on the preset that is open.
    pub fn point_at_open(&mut self) {
        let Some(form) = &self.form else { return };
        match form.path() {
            Some(path) => self.picker.go_to(path),
            None => self.picker.go_to_shipped(form.name()),
        }
    }

    /// Presets with changes, by name and file.
    pub fn unsaved(&self) -> impl Iterator<Item = &Form> {
        self.form.as_deref().into_iter().chain(&self.parked).filter(|form| form.is_unsaved())
    }
}

impl Model {
    pub fn new(host: Host) -> Model {
        Model {
            host,
            width: 0,
            height: 0,
            now_ms: 0,
            themes: Themes::shipped(Display { depth: Depth::TrueColor, glyphs: Glyphs::Unicode }),
            keymap: Keymap::default(),
            mouse: Mouse::Off,
            tab: Tab::Setup,
            out: None,
            started: 0,
            setup: Setup {
                picker: Picker::shipped(),
                form: None,
                parked: Vec::new(),
                shows_form: false,
                measured: None,
            },
            search: None,
            awaited: None,
            rings: false,
            population: PopulationView::default(),
            lab: LabView::default(),
            log: LogView::default(),
            pins: Pins::default(),
            network: NetworkView::default(),
            diff: DiffView::default(),
            overlay: None,
            notice: None,
            line: Level::Everything,
        }
    }

    /// Says what came of something that a person did. A search keeps it in its log.
    pub fn say(&mut self, lead: String, detail: &str) {
        self.tell(Notice { lead, detail: detail.to_owned(), failed: false });
    }

    /// Says that something a person wanted went wrong.
    pub fn complain(&mut self, why: String) {
        self.tell(Notice { lead: why, detail: String::new(), failed: true });
    }

    fn tell(&mut self, notice: Notice) {
        if let Some(search) = &mut self.search {
            let at_ms = search.at_ms(self.now_ms);
            let kind = if notice.failed { EventKind::Fault } else { EventKind::Note };
            search.log(Event::new(at_ms, kind, notice.lead.clone(), notice.detail.clone()));
        }
        self.notice = Some(notice);
    }

    /// The folder of the next search: the one that was named, then that with a number.
    pub fn next_out(&mut self) -> Option<PathBuf> {
        self.started += 1;
        let mut out = self.out.clone()?;
        if self.started > 1 {
            let mut name = out.file_name().unwrap_or_default().to_owned();
            name.push(format!("-{}", self.started));
            out.set_file_name(name);
        }
        Some(out)
    }

    /// Of the search.
    pub fn layout(&self) -> Layout {
        let layout = layout::search(self.width, self.height);
        match &self.search {
            Some(search) if search.is_zoomed => layout.zoomed(self.width, self.height),
            _ => layout,
        }
    }

    /// How the run is, as far as keys care.
    pub fn run_state(&self) -> RunState {
        let Some(search) = &self.search else { return RunState::None };
        match search.phase() {
            _ if search.lost.is_some() => RunState::Lost,
            _ if search.is_over() => RunState::Finished,
            Phase::Starting | Phase::Running => RunState::Running,
            Phase::Pausing | Phase::Paused => RunState::Paused,
            Phase::Confirming { .. } => RunState::Confirming,
            Phase::Finished => RunState::Finished,
        }
    }

    /// Whether a search would end with the program.
    pub fn is_searching(&self) -> bool {
        let ends = |search: &Search| search.keeper == Keeper::Here && !search.is_over();
        self.search.as_ref().is_some_and(|search| ends(search))
    }

    /// Whether a search is under way, whoever keeps it.
    pub fn watches_a_search(&self) -> bool {
        let lives = |search: &Search| !search.is_over() && search.lost.is_none();
        self.search.as_ref().is_some_and(|search| lives(search))
    }

    /// The folder of a run under way that goes on without this program.
    pub fn hosted_in(&self) -> Option<&Path> {
        let search = self.search.as_ref().filter(|search| !search.is_over())?;
        match &search.keeper {
            Keeper::Here => None,
            Keeper::Host(folder) => Some(folder),
        }
    }

    /// Shows the run in `folder` once its host tells of it.
    pub fn watch(&mut self, folder: PathBuf) {
        self.search = None;
        self.overlay = None;
        self.awaited = Some(folder);
        self.tab = Tab::Search;
    }

    /// Whether leaving loses something: a search, or changes to a preset.
    pub fn asks_to_leave(&self) -> bool {
        self.is_searching() || self.setup.unsaved().any(Form::is_worth_asking)
    }

    /// Where a key pressed now would go, overlays left aside.
    pub fn base_place(&self) -> Place {
        let context = match self.tab {
            Tab::Setup => match self.setup.open_form() {
                Some(form) if form.edit.is_some() => Context::Edit,
                Some(form) => match form.panel {
                    Panel::Presets => Context::Picker,
                    Panel::Form => Context::Form,
                    Panel::Toml => Context::Toml,
                },
                None if self.setup.picker.path.is_some() => Context::Path,
                None => Context::Picker,
            },
            Tab::Search => Context::Search,
            Tab::Population if self.population.edit.is_some() => Context::Filter,
            Tab::Population => Context::Population,
            Tab::Network => Context::Network,
            Tab::Diff => Context::Diff,
            Tab::Lab if self.lab.edit.is_some() => Context::Benchmark,
            Tab::Lab => Context::Lab,
            Tab::Log if self.log.edit.is_some() => Context::LogFilter,
            Tab::Log => Context::Log,
        };
        Place { context, run: self.run_state() }
    }

    /// Where a key pressed now goes.
    pub fn place(&self) -> Place {
        let base = self.base_place();
        let context = match &self.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Leave) => Context::Leave,
            Some(Overlay::Stop) => Context::Stop,
            Some(Overlay::Solve(_)) => Context::Solve,
            Some(Overlay::Export(_)) => Context::Export,
            Some(Overlay::Naming(_)) => Context::Path,
            Some(Overlay::Palette(_)) => Context::Palette,
            Some(Overlay::Runs(list)) if list.compared.is_some() => Context::ComparedRuns,
            Some(Overlay::Runs(_)) => Context::Runs,
            Some(Overlay::Theme(_)) => Context::Theme,
            Some(Overlay::Tune(tune)) if tune.edit.is_some() => Context::TuneEdit,
            Some(Overlay::Tune(_)) => Context::Tune,
            Some(Overlay::Net(_)) => Context::Net,
            None => base.context,
        };
        Place { context, ..base }
    }

    /// The key of an intent on the screen, as screens write it.
    pub fn key(&self, intent: Intent) -> String {
        self.keymap.shown(self.base_place(), intent)
    }

    /// The key of an intent in another context.
    pub fn key_in(&self, context: Context, intent: Intent) -> String {
        self.keymap.shown(Place { context, run: self.run_state() }, intent)
    }

    /// Whether it is on the screen how long ago something was, in minutes.
    fn shows_an_age(&self) -> bool {
        let measured =
            self.setup.measured.as_ref().is_some_and(|measured| measured.found.is_some());
        measured && self.tab == Tab::Setup && self.setup.shows_form
    }

    /// How often the clock changes what is shown: never while nothing runs.
    pub fn clock_period_ms(&self) -> Option<u64> {
        if let Some(Overlay::Solve(solve)) = &self.overlay
            && solve.optimum.is_none()
            && solve.impossible.is_none()
        {
            return Some(1_000);
        }
        if self.search.as_ref().is_some_and(|search| search.lost.is_some()) {
            return Some(1_000);
        }
        let Some(search) = self.search.as_ref().filter(|search| !search.is_over()) else {
            return self.shows_an_age().then_some(60_000);
        };
        match search.phase() {
            Phase::Starting | Phase::Running | Phase::Pausing | Phase::Confirming { .. } => {
                Some(1_000)
            }
            Phase::Paused => Some(60_000),
            Phase::Finished => None,
        }
    }
}
