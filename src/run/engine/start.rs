//! How an engine begins: anew, or where a run was interrupted.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{
    Engine, Means, Message,
    keep::Keeping,
    polish::Polish,
    proof::Proving,
    seed,
    sounding::Soundings,
    tune::{Scorers, Tunings},
};
use crate::{
    run::{
        RunSpec,
        audience::Audience,
        meter::{Meter, Stopwatch},
        protocol::{Hello, Phase, Update, VERSION},
        reference::{Reference, Workbench},
        spec::StartError,
        store::{History, PolishAhead, RunFolder},
        tables,
    },
    search::Evolution,
};

impl<'a> Engine<'a> {
    pub(super) fn start(
        audience: &'a Audience,
        mut spec: RunSpec,
        reports: mpsc::SyncSender<Message>,
        means: Means<'a>,
    ) -> Result<Engine<'a>, StartError> {
        let opened = spec.checked()?;
        let device = opened.device.clone();
        spec.settle_workers(&device);
        let (folder, mut history, factory, retelling) = match means {
            Means::Memory(history, retelling) => (None, *history, None, Some(retelling)),
            Means::Proxies(factory) => {
                if spec.resumes.is_none() {
                    let folder = spec.out.clone();
                    tables::settle(&mut spec.preset, folder.as_deref())?;
                }
                let (folder, history) = RunFolder::open(&spec, &device).map_err(|error| {
                    let (path, reason) = (spec.out.clone().unwrap_or_default(), error.to_string());
                    match spec.resumes {
                        Some(_) => StartError::Resume { path, reason },
                        None => StartError::Out { path, reason },
                    }
                })?;
                (folder, history, factory, None)
            }
        };
        let scorers = match factory {
            Some(factory) => Scorers::Foreign(factory),
            None => Scorers::Registry(Workbench {
                device: device.clone(),
                // Of the settings that a run began with, which a checkpoint may have changed.
                reference: Arc::new(Reference::new(&spec)),
                messages: reports.clone(),
            }),
        };
        spec.go_on_as(history.checkpoint.as_deref());
        let tunings = Tunings::new(&spec, scorers, &history);
        audience.post(Update::Hello(Box::new(Hello {
            version: VERSION,
            spec: spec.clone(),
            workers: spec.workers(),
            device: device.to_string(),
            hardware: device.hardware(),
        })));
        let mut evolution = restored(&spec, &history)?;
        if retelling.is_some() {
            evolution.tell_everybody();
        }
        let checkpoint = history.checkpoint.as_deref();
        let polish = match checkpoint.map(|checkpoint| checkpoint.polish) {
            None if evolution.keeps_place() => Polish::Ahead,
            Some(PolishAhead::Yes) => Polish::Ahead,
            None | Some(PolishAhead::No) => Polish::Done,
            Some(PolishAhead::CutShort) => Polish::CutShort,
        };
        let seeding = match checkpoint {
            Some(_) => None,
            None => seed::start(&spec, reports.clone())?,
        };
        let now = Instant::now();
        let stops = checkpoint.map_or_else(Vec::new, |checkpoint| checkpoint.stops.clone());
        let mut engine = Engine {
            audience,
            seeding,
            proving: Proving::default(),
            polish,
            known_best: evolution.population().best().cloned(),
            outstanding: evolution.outstanding().into(),
            evolution,
            tunings,
            slots: Vec::new(),
            confirmation: None,
            keeping: Keeping::new(&spec, folder.as_ref(), now).with_stops(stops),
            folder,
            planned: history.planned.clone(),
            memory: std::mem::take(&mut history.memory),
            retelling,
            pause_wanted: false,
            phase: Phase::Starting,
            reason: None,
            stopped: checkpoint.is_some_and(|checkpoint| checkpoint.stopped),
            last_failure: None,
            hopeless: checkpoint.is_some_and(|checkpoint| checkpoint.hopeless),
            told_failures: Vec::new(),
            began: now.checked_sub(Duration::from_millis(history.at_ms)).unwrap_or(now),
            search_watch: Stopwatch::after(checkpoint.map_or(0, |checkpoint| checkpoint.search_ms)),
            confirm_watch: Stopwatch::default(),
            meter: Meter::after(checkpoint, spec.workers()),
            soundings: checkpoint.map_or_else(Soundings::default, |c| c.soundings.clone()),
            seq: 0,
            last_snapshot: now,
            changed: true,
            messages: reports,
            spec,
            device,
        };
        engine.staff().map_err(|e| StartError::Threads(e.to_string()))?;
        engine.search_watch.start(now);
        if let Some(note) = &opened.note {
            engine.log(note);
        }
        engine.tell_resumed(&history);
        match engine.seeding {
            Some(_) => engine.log("solving for the optimum, which the search starts from"),
            None => engine.prove(None),
        }
        engine.post_snapshot(now);
        // A run that ends before its first checkpoint is one all the same.
        engine.keep();
        Ok(engine)
    }
}

/// The search where it was interrupted, or at its start.
fn restored(spec: &RunSpec, history: &History) -> Result<Evolution, StartError> {
    let Some(checkpoint) = &history.checkpoint else {
        return Ok(Evolution::new(spec.search_settings()));
    };
    Evolution::restored(spec.search_settings(), checkpoint.search.clone()).map_err(|why| {
        let path = spec.out.clone().unwrap_or_default();
        StartError::Resume { path, reason: format!("checkpoint.json: {why}") }
    })
}
