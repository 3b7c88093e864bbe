//! What latency tables say of a network, with where they come from and how sure they are.
//!
//! Must not know who is told. Invariant: a prediction that is shown has its interval and its table's origin with it.

use std::{
    io,
    sync::mpsc::{self, TryRecvError},
    thread,
};

use serde::Serialize;

use super::{Waker, tables};
use crate::{
    arch::{NetSpec, Structure},
    latency::{Clock, Predictor},
    space::Preset,
    text::milliseconds,
};

/// More of a network's time is beyond what was measured than passes without a word.
const MUCH: f64 = 0.05;

/// What one table says of a network; times are of one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyPrediction {
    pub table: String,
    pub device: String,
    pub engine: String,
    pub dtype: String,
    pub date: String,
    pub batch: u32,
    pub ms: f64,
    /// Nine in ten networks are within.
    pub low_ms: f64,
    pub high_ms: f64,
    /// Share of the time that is extrapolated, 0 to 1.
    pub extrapolated: f64,
    /// Whole networks that the overhead beside the layers was fitted to.
    pub fitted_nets: usize,
    pub budget_ms: Option<f64>,
}

impl LatencyPrediction {
    /// Of one network, by one table.
    pub fn of(predictor: &Predictor, structure: &Structure, spec: &NetSpec) -> LatencyPrediction {
        let estimate = predictor.net(structure, spec);
        let origin = predictor.provenance().clone();
        LatencyPrediction {
            table: origin.name,
            device: origin.device,
            engine: origin.engine,
            dtype: origin.dtype,
            date: origin.date,
            batch: predictor.batch(),
            ms: estimate.ms,
            low_ms: estimate.low_ms,
            high_ms: estimate.high_ms,
            extrapolated: estimate.extrapolated,
            fitted_nets: predictor.overhead().nets,
            budget_ms: None,
        }
    }

    /// What was timed, and how: `NVIDIA V100, TensorRT, f16, batch 64`.
    pub fn timed(&self) -> String {
        let LatencyPrediction { device, engine, dtype, batch, .. } = self;
        format!("{device}, {engine}, {dtype}, batch {batch}")
    }

    /// The share of the time that is extrapolated, in percent, where it is worth a word.
    pub fn extrapolated_percent(&self) -> Option<f64> {
        (self.extrapolated > MUCH).then_some(100.0 * self.extrapolated)
    }

    /// A sentence, for people.
    pub fn text(&self) -> String {
        let LatencyPrediction { table, date, .. } = self;
        let [ms, low, high] = [self.ms, self.low_ms, self.high_ms].map(milliseconds);
        let budget = self.budget_ms.map_or_else(String::new, |ms| format!(" of {ms} ms"));
        let timed = self.timed();
        let overhead = match self.fitted_nets {
            0 => "; what a network costs beside its layers is not known".to_owned(),
            nets => format!("; fitted to {nets} whole networks"),
        };
        let beyond = self.extrapolated_percent();
        let beyond = beyond.map_or_else(String::new, |p| format!("; {p:.0} % of it extrapolated"));
        format!(
            "latency {ms} ms an image{budget}, {low} to {high} in nine of ten, by table {table} ({timed}, \
             {date}){overhead}{beyond}"
        )
    }
}

/// What the tables of `preset` say of `structure`, in their order; nothing where it asks for none, or they can't be
/// read any more.
pub fn predict(preset: &Preset, structure: &Structure) -> Vec<LatencyPrediction> {
    match tables::clock(preset) {
        Ok(Some(clock)) => by_clock(&clock, preset, structure),
        Ok(None) | Err(_) => Vec::new(),
    }
}

fn by_clock(clock: &Clock, preset: &Preset, structure: &Structure) -> Vec<LatencyPrediction> {
    let space = preset.search_space();
    let latencies = preset.budget.latencies().into_iter().flatten();
    let predicted = clock.predictors().iter().zip(latencies).map(|(predictor, latency)| {
        let budget_ms = latency.ms;
        LatencyPrediction { budget_ms, ..LatencyPrediction::of(predictor, structure, space.net()) }
    });
    predicted.collect()
}

/// Structures with what is said of each.
pub type Predicted = Vec<(Structure, Vec<LatencyPrediction>)>;

/// Predictions on their way: a table that nobody has read yet takes a moment.
pub struct Predicting(mpsc::Receiver<Predicted>);

impl Predicting {
    /// Starts to predict; `waker` is called when there is an answer, from the thread that has it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        preset: Preset,
        structures: Vec<Structure>,
        waker: Waker,
    ) -> io::Result<Predicting> {
        let (answer, receiver) = mpsc::sync_channel(1);
        thread::Builder::new().name("zendo-predict".to_owned()).spawn(move || {
            // Where the tables can't be read any more, nothing is told.
            let clock = tables::clock(&preset).ok().flatten();
            let told = clock.map_or_else(Vec::new, |clock| {
                let both = |structure| {
                    let predicted = by_clock(&clock, &preset, &structure);
                    (structure, predicted)
                };
                structures.into_iter().map(both).collect()
            });
            // Nobody may want it any more.
            let _ = answer.send(told);
            drop(answer);
            waker();
        })?;
        Ok(Predicting(receiver))
    }

    /// The answer; none as long as there is none. Of a thread that broke there is nothing to hear.
    pub fn take(&self) -> Option<Predicted> {
        match self.0.try_recv() {
            Ok(predicted) => Some(predicted),
            Err(TryRecvError::Disconnected) => Some(Vec::new()),
            Err(TryRecvError::Empty) => None,
        }
    }
}
