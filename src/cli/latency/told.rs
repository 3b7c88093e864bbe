//! What the tables of a preset say of a network, with where they come from and how sure they are.

use serde::Serialize;

use crate::{
    arch::{NetSpec, Structure},
    latency::Predictor,
    run,
    space::Preset,
    text::milliseconds,
};

/// What one table says of a network; times are of one image.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
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

impl Told {
    /// Of one network, by one table.
    pub fn of(predictor: &Predictor, structure: &Structure, spec: &NetSpec) -> Told {
        let estimate = predictor.net(structure, spec);
        let origin = predictor.provenance().clone();
        Told {
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

    /// For people.
    pub fn text(&self) -> String {
        let Told { table, device, engine, dtype, date, batch, .. } = self;
        let [ms, low, high] = [self.ms, self.low_ms, self.high_ms].map(milliseconds);
        let budget = self.budget_ms.map_or_else(String::new, |ms| format!(" of {ms} ms"));
        let overhead = match self.fitted_nets {
            0 => "; what a network costs beside its layers is not known".to_owned(),
            nets => format!("; fitted to {nets} whole networks"),
        };
        let share = 100.0 * self.extrapolated;
        let beyond = match self.extrapolated > 0.05 {
            true => format!("; {share:.0} % of it extrapolated"),
            false => String::new(),
        };
        format!(
            "latency {ms} ms an image{budget}, {low} to {high} in nine of ten, by table \
             {table} ({device}, {engine}, {dtype}, batch {batch}, {date}){overhead}{beyond}"
        )
    }
}

/// What the tables of `preset` say of `structure`; nothing where it asks for none, or they can't be read any
/// more.
pub(crate) fn told(preset: &Preset, structure: &Structure) -> Vec<Told> {
    let Ok(Some(clock)) = run::clock(preset) else { return Vec::new() };
    let space = preset.search_space();
    let latencies = preset.budget.latencies().into_iter().flatten();
    let told = clock.predictors().iter().zip(latencies).map(|(predictor, latency)| Told {
        budget_ms: latency.ms,
        ..Told::of(predictor, structure, space.net())
    });
    told.collect()
}
