//! What was asked for: a preset with everything decided, and whether it can be started here.

use std::{num::NonZero, path::PathBuf, sync::Arc, thread};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Role, store::Checkpoint, tables, tuning::Replay};
use crate::{
    analytic::Form,
    latency::Clock,
    nn::{self, Device, DeviceChoice, KernelChoice},
    optimum::{ObjectiveForm, Problem},
    proxy::{self, AnalyticZen, Combined, Part, Proxy, Standing, Zen},
    search::{Elites, Moves, Scoring, Settings},
    space::{Preset, ProxyChoice, RunSettings},
};

/// A search as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Of the preset.
    pub name: String,
    pub preset: Preset,
    /// A new or empty folder for the run's files; none keeps nothing.
    pub out: Option<PathBuf>,
    /// What another run of it did.
    #[serde(default, skip_serializing_if = "Replay::is_empty")]
    pub replay: Replay,
    /// How the run in the folder goes on; none for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<Resumption>,
    /// Where viewers may come to, of a process that lets them; the folder's lock says it.
    #[serde(skip)]
    pub socket: Option<PathBuf>,
    /// Where it was is kept so often, milliseconds, and no oftener than that costs a fiftieth of the time.
    #[serde(default = "RunSpec::default_checkpoint_ms")]
    pub checkpoint_ms: u64,
}

/// How an interrupted run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumption {
    /// From another machine that says it runs it: a person knows better.
    pub takes_over: bool,
    /// As many workers as this, whatever the run had; none for what it had.
    pub workers: Option<usize>,
}

/// How a search by `preset` measures.
pub fn proxy_settings(preset: &Preset) -> proxy::Settings {
    let score = &preset.score;
    proxy::Settings {
        definition: score.definition,
        batch: score.batch,
        resolution: preset.score_resolution(),
        alpha: score.alpha,
        classes: preset.space.classes,
    }
}

/// Why a search can't be started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    #[error("preset {name} can't be started: {reason}")]
    NotStartable { name: String, reason: String },
    #[error("run.device: {0}")]
    DeviceName(#[from] nn::ParseDeviceError),
    #[error("run.kernels: {0}")]
    KernelsName(#[from] nn::ParseKernelChoiceError),
    #[error("{0}")]
    Device(#[from] nn::DeviceError),
    #[error("score.proxy: {0}")]
    Proxy(proxy::BuildError),
    #[error("confirm.proxy: {0}")]
    Judge(proxy::BuildError),
    #[error("budget.latency: {0}")]
    Table(String),
    #[error("{0}")]
    Tiers(String),
    #[error("search.seed_with: {0}")]
    SeedWith(String),
    #[error("search.polish: {0}")]
    Polish(String),
    #[error("--out {}: {reason}", path.display())]
    Out { path: PathBuf, reason: String },
    #[error("{} can't go on: {reason}", path.display())]
    Resume { path: PathBuf, reason: String },
    #[error("no worker thread could be started: {0}")]
    Threads(String),
}

/// A device that was opened for a run, and what there is to say about it.
pub(super) struct OpenedDevice {
    pub device: Device,
    /// One line, where `auto` fell back.
    pub note: Option<String>,
}

impl RunSpec {
    /// `preset` as it is, kept in no folder.
    pub fn new(name: &str, preset: Preset) -> RunSpec {
        RunSpec {
            name: name.to_owned(),
            preset,
            out: None,
            replay: Replay::default(),
            resumes: None,
            socket: None,
            checkpoint_ms: RunSpec::default_checkpoint_ms(),
        }
    }

    fn default_checkpoint_ms() -> u64 {
        30_000
    }

    /// Everything that can be known before the first candidate: the preset is startable, its device
    /// opens with its kernels, its proxy exists, the folder is there to be written. Creates the
    /// folder.
    ///
    /// # Errors
    /// The first thing that stands in the way, in words for the user.
    pub fn check(&self) -> Result<(), StartError> {
        self.checked().map(drop)
    }

    /// As [`RunSpec::check`], with the device that it opened, so that nobody has to open it again.
    pub(super) fn checked(&self) -> Result<OpenedDevice, StartError> {
        let opened = self.open_device()?;
        self.check_proxies(&opened.device)?;
        self.check_tiers()?;
        if self.preset.search.seed_with.is_some() {
            tables::problem(&self.preset, ObjectiveForm::Theory)
                .map_err(|why| StartError::SeedWith(why.to_string()))?;
        }
        self.check_polish()?;
        if self.resumes.is_none() {
            super::store::claim(self.out.as_deref())?;
        }
        Ok(opened)
    }

    /// With the settings that a run had when it was interrupted; device and kernels are what was asked for now.
    pub(super) fn go_on_as(&mut self, checkpoint: Option<&Checkpoint>) {
        if let Some(checkpoint) = checkpoint {
            let run =
                RunSettings { workers: checkpoint.preset.run.workers, ..self.preset.run.clone() };
            self.preset = Preset { run, ..checkpoint.preset.clone() };
            if let Some(folder) = &self.out {
                tables::find_copies(&mut self.preset, folder);
            }
        }
        if let Some(workers) = self.resumes.and_then(|resumption| resumption.workers) {
            self.preset.run.workers = Some(workers);
        }
    }

    pub(super) fn check_proxies(&self, device: &Device) -> Result<(), StartError> {
        self.build_proxy(Role::Search, device).map_err(StartError::Proxy)?;
        if self.preset.confirm.best > 0 {
            self.build_proxy(Role::Confirmation, device).map_err(StartError::Judge)?;
        }
        Ok(())
    }

    pub(super) fn check_polish(&self) -> Result<(), StartError> {
        if self.preset.search.polish {
            let initial = self.preset.initial();
            Problem::shaped_like(&self.preset, ObjectiveForm::Theory, self.clock(), initial)
                .map_err(|why| StartError::Polish(why.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn open_device(&self) -> Result<OpenedDevice, StartError> {
        if let Some(reason) = self.preset.not_startable() {
            return Err(StartError::NotStartable { name: self.name.clone(), reason });
        }
        tables::clock(&self.preset).map_err(StartError::Table)?;
        let choice: DeviceChoice = self.preset.run.device.parse()?;
        let kernels: KernelChoice = self.preset.run.kernels.parse()?;
        let (device, note) = nn::open(choice, kernels)?;
        let (device, note) = match self.preset.run.prefix_memory {
            None => (device, note),
            Some(bytes) => {
                let device = device.with_prefix_reuse(bytes.0);
                let useless = device.prefix_reuse().is_none().then(|| {
                    format!("run.prefix_memory: {} kernels keep no prefixes", device.kernels())
                });
                let notes: Vec<String> = note.into_iter().chain(useless).collect();
                (device, (!notes.is_empty()).then(|| notes.join("; ")))
            }
        };
        Ok(OpenedDevice { device, note })
    }

    /// What `role` goes by; where that is a combination, one whose parts are worth the same whatever they measure.
    pub(super) fn build_proxy(
        &self,
        role: Role,
        device: &Device,
    ) -> Result<Box<dyn Proxy>, proxy::BuildError> {
        let mut parts = self.build_parts(role, device)?;
        Ok(match self.choice(role) {
            ProxyChoice::One(_) => parts.pop().expect("one name builds one proxy"),
            ProxyChoice::Combination(_) => {
                let unranked = vec![Standing::NONE; parts.len()];
                self.combine(role, parts, unranked)
            }
        })
    }

    /// Every proxy that `role` goes by, in the order of their names.
    pub(super) fn build_parts(
        &self,
        role: Role,
        device: &Device,
    ) -> Result<Vec<Box<dyn Proxy>>, proxy::BuildError> {
        let (score, confirm) = (&self.preset.score, &self.preset.confirm);
        let batch = match role {
            Role::Search => score.batch,
            Role::Confirmation => confirm.batch.unwrap_or(score.batch),
        };
        let settings = proxy::Settings { batch, ..self.proxy_settings() };
        self.choice(role).names().map(|name| proxy::build(name, &settings, device)).collect()
    }

    /// The parts of a combination, each with where its values stand.
    pub(super) fn combine(
        &self,
        role: Role,
        parts: Vec<Box<dyn Proxy>>,
        standings: Vec<Standing>,
    ) -> Box<dyn Proxy> {
        let choice = self.choice(role);
        let weights = match choice {
            ProxyChoice::One(_) => vec![1.0],
            ProxyChoice::Combination(combination) => {
                combination.parts().iter().map(|part| part.weight).collect()
            }
        };
        let parts = weights.into_iter().zip(parts).zip(standings);
        let parts = parts.map(|((weight, proxy), standing)| Part { weight, proxy, standing });
        Box::new(Combined::new(choice.to_string(), parts.collect()))
    }

    pub(super) fn choice(&self, role: Role) -> &ProxyChoice {
        match role {
            Role::Search => &self.preset.score.proxy,
            Role::Confirmation => &self.preset.confirm.proxy,
        }
    }

    /// What foretells the search's measured Zen-Score.
    pub(super) fn build_analytic(&self) -> AnalyticZen {
        AnalyticZen::new(Form::Theory, self.proxy_settings())
    }

    /// Of the search's own proxy.
    fn proxy_settings(&self) -> proxy::Settings {
        proxy_settings(&self.preset)
    }

    /// Whether the search goes by the closed form, which it scores on the spot.
    pub fn scores_in_closed_form(&self) -> bool {
        self.form().is_some()
    }

    fn form(&self) -> Option<Form> {
        self.preset.score.proxy.alone().and_then(AnalyticZen::form)
    }

    /// Whether the search goes by a Zen-Score, measured or in closed form: what is known of the analytic
    /// score says nothing of others.
    pub fn scores_zen(&self) -> bool {
        is_zen(&self.preset.score.proxy)
    }

    /// Whether scores of the search and of the confirmation belong on one axis.
    pub fn confirms_in_kind(&self) -> bool {
        let (score, confirm) = (&self.preset.score.proxy, &self.preset.confirm.proxy);
        score == confirm || is_zen(score) && is_zen(confirm)
    }

    /// Settings that ask for a tier that isn't there.
    pub(super) fn check_tiers(&self) -> Result<(), StartError> {
        let preset = &self.preset;
        let analytic = self.scores_in_closed_form();
        let screened = preset.screen.keep < 1.0;
        let (name, judge) = (&preset.score.proxy, &preset.confirm.proxy);
        let refuse = |what: String| Err(StartError::Tiers(what));
        if !self.scores_zen() {
            let tiers = [
                (screened, "screen.keep", "screen.keep = 1"),
                (preset.search.climb > 0, "search.climb", "search.climb = 0"),
            ];
            let asked = || tiers.iter().filter(|(asked, ..)| *asked);
            let keys: Vec<&str> = asked().map(|(_, key, _)| *key).collect();
            let sets: Vec<&str> = asked().map(|(.., set)| *set).collect();
            if !keys.is_empty() {
                let (keys, sets) = (keys.join(", "), sets.join(" and "));
                return refuse(format!(
                    "{keys}: the analytic Zen-Score foretells nothing of {name}; with score.proxy = \
                     \"{name}\" set {sets}"
                ));
            }
        }
        if preset.search.climb > 0 && !analytic && !screened {
            return refuse(
                "search.climb: climbing goes by the analytic score; it needs score.proxy = \
                 \"zen-analytic\" or a screen (screen.keep below 1)"
                    .to_owned(),
            );
        }
        if preset.confirm.best > 0 && !is_measured(judge) {
            return refuse(format!(
                "confirm.proxy: {judge} is the same in every draw and parts nobody; zen measures, and \
                 confirm.best = 0 leaves the confirmation out"
            ));
        }
        Ok(())
    }

    /// Whether scores come from draws, so that scoring again tells more.
    fn is_measured(&self) -> bool {
        is_measured(&self.preset.score.proxy)
    }

    /// Where the search gets its scores.
    fn scoring(&self) -> Scoring {
        let preset = &self.preset;
        let settings = self.proxy_settings();
        if let Some(form) = self.form() {
            Scoring::Analytic(AnalyticZen::model_settings(form, settings))
        } else if preset.screen.keep < 1.0 {
            let model = AnalyticZen::model_settings(Form::Theory, settings);
            Scoring::Screened(model, preset.screen.clone())
        } else {
            Scoring::Measured
        }
    }

    /// Where nobody said how many workers: what keeps a GPU busy.
    pub(super) fn settle_workers(&mut self, device: &Device) {
        if !device.is_cpu() {
            self.preset.run.workers.get_or_insert(device.default_workers());
        }
    }

    /// As many as asked for, or one for each core.
    pub fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        self.preset.run.workers.unwrap_or_else(cores)
    }

    /// What tells latencies; whether it can was seen when the run was checked.
    fn clock(&self) -> Option<Arc<Clock>> {
        tables::clock(&self.preset).ok().flatten()
    }

    /// What decides the result of the search.
    pub fn search_settings(&self) -> Settings {
        let (search, score) = (&self.preset.search, &self.preset.score);
        Settings {
            space: self.preset.search_space(),
            budgets: self.preset.budgets(),
            clock: self.clock(),
            initial: self.preset.initial(),
            iterations: search.iterations,
            max_scored: search.max_scored,
            population: search.population,
            objectives: search.minimise.clone(),
            moves: Moves {
                draws: search.mutations,
                tournament: search.tournament,
                small: search.small_moves,
                repair: search.repair,
                climb: search.climb,
                plant: search.polish,
            },
            scoring: self.scoring(),
            elites: Elites {
                best: if self.is_measured() { score.elites.min(search.population) } else { 0 },
                scores: score.elite_scores,
                repeats: score.repeats,
            },
            pipeline: search.pipeline,
            seed: search.seed,
            dedup: search.dedup,
        }
    }
}

/// Of a combination, whether any part is: it has the noise of those that are.
pub(super) fn is_measured(choice: &ProxyChoice) -> bool {
    choice.names().any(|name| proxy::info(name).is_none_or(|info| info.measured))
}

/// A combination is none, whatever its parts: its scores are of another scale.
fn is_zen(choice: &ProxyChoice) -> bool {
    choice.alone().is_some_and(|name| name == Zen::NAME || AnalyticZen::form(name).is_some())
}
