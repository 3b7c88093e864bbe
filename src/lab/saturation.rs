//! How far two outputs lie apart against how far the inputs do: whether a net still tells a small change from
//! another image (docs/analytic-zen.md). Where it does not, the score is Σ log σ̄ and a constant.

use super::{
    LabError,
    work::{Bench, Experiment},
};
use crate::{
    arch::Structure,
    nn::{Engine, InputSpec, NetworkError, PhiloxNormals, PlainNetwork, Precision},
    report::{Axis, Cell, Chart, Figure, Look, Mark, Point, Report, Series, names, settings},
    score::MeanStd,
};

/// A network that is examined, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedNet {
    pub name: String,
    pub structure: Structure,
    /// Pixels a side.
    pub resolution: u32,
}

/// The experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Saturation {
    pub nets: Vec<NamedNet>,
    /// Rising.
    pub alphas: Vec<f64>,
    /// The one that scores are measured with; among the others, not the first.
    pub used: f64,
    pub batch: u32,
    /// Draws that are averaged; at least 1.
    pub repeats: u32,
    pub seed: u64,
}

/// So much of the perturbation that nothing is seen of the clean image: the first norm takes the size away, and
/// two unrelated images are compared.
const UNRELATED: f64 = 1e6;

/// So near to the limit, or of so little slope, a net is saturated.
const NEAR: f64 = 0.1;
const FLAT: f64 = 0.1;

/// A perturbation ten times as large moves the output ten times as far, but for a tenth.
const LINEAR: f64 = 0.9;

/// What a small change does to the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In proportion.
    Linear,
    Partly,
    /// As much as another image.
    Saturated,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Linear => "linear",
            State::Partly => "partly",
            State::Saturated => "saturated",
        }
    }
}

/// log Δ (L1) of one net, in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// For each perturbation.
    pub log_deltas: Vec<f64>,
    /// Of two unrelated images.
    pub limit: f64,
}

impl Course {
    /// At perturbation number `used`, not the first, by the decades between it and the one before.
    pub fn state(&self, used: usize, decades: f64) -> State {
        let slope =
            (self.log_deltas[used] - self.log_deltas[used - 1]) / decades / std::f64::consts::LN_10;
        if self.limit - self.log_deltas[used] < NEAR || slope < FLAT {
            State::Saturated
        } else if slope >= LINEAR {
            State::Linear
        } else {
            State::Partly
        }
    }
}

impl Experiment for Saturation {
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError> {
        let alphas = || self.alphas.iter().copied().chain([UNRELATED]);
        let draws = |(net, alpha)| (0..self.repeats).map(move |repeat| (net, alpha, repeat));
        let pairs = self.nets.iter().flat_map(|net| alphas().map(move |alpha| (net, alpha)));
        let tasks: Vec<_> = pairs.flat_map(draws).collect();
        let device = bench.device;
        let measure = |engine: &mut Result<Engine, NetworkError>, &(net, alpha, repeat): &_| {
            let found = engine.as_ref().map_err(NetworkError::clone);
            let found = found.and_then(|engine| self.log_delta(engine, net, alpha, repeat));
            found.map_err(|why| format!("{}: {why}", net.name))
        };
        let found = bench.each(&tasks, &|| Engine::new(device.clone()), &measure)?;
        let means: Vec<f64> =
            found.chunks(self.repeats as usize).map(|draws| MeanStd::of(draws).mean).collect();
        let courses = means.chunks(self.alphas.len() + 1).map(|means| {
            let (limit, log_deltas) = means.split_last().expect("one more than perturbations");
            Course { log_deltas: log_deltas.to_vec(), limit: *limit }
        });
        Ok(self.report(&courses.collect::<Vec<_>>()))
    }
}

impl Saturation {
    fn log_delta(
        &self,
        engine: &Engine,
        net: &NamedNet,
        alpha: f64,
        repeat: u32,
    ) -> Result<f64, NetworkError> {
        let (batch, resolution) = (self.batch, net.resolution);
        let input = InputSpec { batch, resolution, precision: Precision::F64 };
        let network = PlainNetwork::new(&net.structure, input);
        let mut source = PhiloxNormals { seed: self.seed, repeat };
        Ok(engine.perturb(&network, alpha, &mut source)?.delta_l1.ln())
    }

    /// The used perturbation's number, and the decades between it and the one before.
    fn used(&self) -> (usize, f64) {
        let used = self.alphas.iter().position(|alpha| *alpha == self.used).unwrap_or(1).max(1);
        (used, (self.alphas[used] / self.alphas[used - 1]).log10())
    }

    fn report(&self, courses: &[Course]) -> Report {
        let (used, decades) = self.used();
        let states: Vec<State> = courses.iter().map(|course| course.state(used, decades)).collect();
        let line = |(net, course): (&NamedNet, &Course)| {
            let points = self.alphas.iter().zip(&course.log_deltas);
            let points =
                points.filter(|(_, y)| y.is_finite()).map(|(&x, &y)| Point { x, y, std: None });
            Series { name: net.name.clone(), look: Look::Line, points: points.collect() }
        };
        let mut rows = Vec::new();
        for ((net, course), state) in self.nets.iter().zip(courses).zip(&states) {
            for (alpha, log_delta) in self.alphas.iter().zip(&course.log_deltas) {
                // What is asked for stands in the row of the perturbation that is used.
                let state = if *alpha == self.alphas[used] { state.name() } else { "" };
                rows.push(vec![
                    Cell::Text(net.name.clone()),
                    Cell::Text(format!("{alpha:e}")),
                    Cell::number(*log_delta, 3, "–"),
                    Cell::number(course.limit, 3, "–"),
                    Cell::Text(state.to_owned()),
                ]);
            }
        }
        let of_state = |wanted| {
            let names = self.nets.iter().zip(&states).filter(|(_, state)| **state == wanted);
            names.map(|(net, _)| net.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let sentences = [
            (
                State::Saturated,
                "a small change moves the output as far as another image; the score is Σ log σ and a constant",
            ),
            (State::Partly, "in between"),
            (State::Linear, "the output moves in proportion"),
        ];
        let reading = sentences.into_iter().filter_map(|(state, what)| {
            let names = of_state(state);
            (!names.is_empty())
                .then(|| format!("At α = {}, {} ({what}): {names}.", self.used, state.name()))
        });
        Report {
            name: "saturation".into(),
            settings: settings([
                ("alpha", self.used.to_string()),
                ("batch", self.batch.to_string()),
                ("repeats", self.repeats.to_string()),
                ("seed", self.seed.to_string()),
            ]),
            columns: names(["net", "alpha", "log_delta", "limit", "state"]),
            rows,
            figures: vec![Figure::Chart(Chart {
                title: "Is the score saturated?".to_owned(),
                x: Axis::log("perturbation α"),
                y: Axis::linear("log Δ"),
                series: self.nets.iter().zip(courses).map(line).collect(),
                marks: vec![Mark { x: self.used, text: "used".to_owned() }],
            })],
            reading: reading.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the reference's measurement at .001 and .01, one seed each, and of unrelated images.
    #[test]
    fn states_are_those_of_the_reference() {
        for (name, log_deltas, limit, state) in [
            ("initial", [1.345, 3.624], 6.956, State::Linear),
            ("random 03", [4.740, 6.503], 6.976, State::Partly),
            ("random 05", [5.614, 6.218], 6.288, State::Saturated),
            ("ZenNet-1M", [8.344, 8.366], 8.268, State::Saturated),
        ] {
            let course = Course { log_deltas: log_deltas.to_vec(), limit };
            assert_eq!(course.state(1, 1.0), state, "{name}");
        }
    }
}
