//! What was asked for: a preset with everything decided, and whether it can be started here.

use std::{num::NonZero, path::PathBuf, thread};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy,
    search::Settings,
    space::Preset,
};

/// A search as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Of the preset.
    pub name: String,
    pub preset: Preset,
    /// A new or empty folder for the run's files; none keeps nothing.
    pub out: Option<PathBuf>,
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
    Proxy(#[from] proxy::BuildError),
    #[error("--out {}: {reason}", path.display())]
    Out { path: PathBuf, reason: String },
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
    /// Everything that can be known before the first candidate: the preset is startable, its device
    /// opens with its kernels, its proxy exists, the folder is there to be written. Creates the
    /// folder.
    ///
    /// # Errors
    /// The first thing that stands in the way, in words for the user.
    pub fn check(&self) -> Result<(), StartError> {
        let opened = self.open_device()?;
        self.build_proxy(&opened.device)?;
        super::files::claim(self.out.as_deref())
    }

    pub(super) fn open_device(&self) -> Result<OpenedDevice, StartError> {
        if let Some(reason) = self.preset.not_startable() {
            return Err(StartError::NotStartable { name: self.name.clone(), reason });
        }
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

    pub(super) fn build_proxy(
        &self,
        device: &Device,
    ) -> Result<Box<dyn proxy::Proxy>, proxy::BuildError> {
        let score = &self.preset.score;
        let settings = proxy::Settings {
            definition: score.definition,
            batch: score.batch,
            resolution: self.preset.score_resolution(),
            alpha: score.alpha,
        };
        proxy::build(&score.proxy, &settings, device)
    }

    /// As many as asked for, or one for each core.
    pub fn workers(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        self.preset.run.workers.unwrap_or_else(cores)
    }

    /// What decides the result of the search.
    pub fn search_settings(&self) -> Settings {
        let search = &self.preset.search;
        Settings {
            space: self.preset.search_space(),
            budgets: self.preset.budgets(),
            initial: self.preset.initial(),
            iterations: search.iterations,
            max_scored: search.max_scored,
            population: search.population,
            mutations: search.mutations,
            pipeline: search.pipeline,
            seed: search.seed,
            dedup: search.dedup,
        }
    }
}
