//! Whether the analytic score orders a population as the measured one does, and how far noise lets it.

use super::{
    LabError,
    rank::Compared,
    work::{Bench, Experiment, ZenJudge},
};
use crate::{
    analytic::Form,
    arch::Structure,
    proxy::{AnalyticZen, Proxy},
    report::{Axis, Cell, Chart, Figure, Look, Point, Report, Series, names, settings},
    run::proxy_settings,
    score::{MeanStd, pooled_std},
    space::Preset,
};

/// The experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// Of the run.
    pub name: String,
    /// How scores are measured.
    pub preset: Preset,
    /// Its members by id, at least 3.
    pub members: Vec<(u64, Structure)>,
    /// Draws of each; at least 2.
    pub draws: u32,
    pub seed: u64,
}

/// At most `most` of `all`, evenly spread, the first and the last among them.
pub fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most.max(2) {
        return all.to_vec();
    }
    let (steps, last) = (most.max(2) - 1, all.len() - 1);
    (0..=steps).map(|step| all[step * last / steps].clone()).collect()
}

impl Experiment for Agreement {
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError> {
        if self.members.len() < 3 {
            let why = format!("{} has {} members: an order takes 3", self.name, self.members.len());
            return Err(LabError::Setting(why));
        }
        let draws = |member| (0..self.draws).map(move |draw| (member, draw));
        let tasks: Vec<(&(u64, Structure), u32)> = self.members.iter().flat_map(draws).collect();
        let settings = proxy_settings(&self.preset);
        let measure = |zen: &mut ZenJudge<'_>,
                       &((id, structure), draw): &(&(u64, Structure), u32)| {
            let evaluation = zen.evaluate(&settings, structure, (self.seed, draw));
            evaluation.map(|evaluation| evaluation.score).map_err(|why| format!("#{id}: {why}"))
        };
        let device = bench.device;
        let scores = bench.each(&tasks, &|| ZenJudge::new(device), &measure)?;
        let measured: Vec<MeanStd> = scores.chunks(self.draws as usize).map(MeanStd::of).collect();
        let mut proxy = AnalyticZen::new(Form::Theory, settings);
        let mut analytic = Vec::new();
        for (id, structure) in &self.members {
            let evaluation = proxy.evaluate(structure, 0, 0);
            let evaluation =
                evaluation.map_err(|why| LabError::Setting(format!("#{id}, analytic: {why}")))?;
            analytic.push(evaluation.score);
        }
        Ok(self.report(&analytic, &measured))
    }
}

impl Agreement {
    fn report(&self, analytic: &[f64], measured: &[MeanStd]) -> Report {
        let means: Vec<f64> = measured.iter().map(|it| it.mean).collect();
        let figures = Compared::new(analytic, &means).figures(&vec![1; means.len()], 1);
        let std = |it: &MeanStd| it.std.unwrap_or(f64::NAN);
        let row = |(((id, _), analytic), measured): (((&u64, &Structure), &f64), &MeanStd)| {
            vec![
                Cell::Text(format!("#{id}")),
                Cell::number(*analytic, 3, "–"),
                Cell::number(measured.mean, 3, "–"),
                Cell::number(std(measured), 3, "–"),
            ]
        };
        let members = self.members.iter().map(|(id, structure)| (id, structure));
        let point = |(x, y): (&f64, &MeanStd)| Point { x: *x, y: y.mean, std: y.std };
        let series = Series {
            name: "members".to_owned(),
            look: Look::Dots,
            points: analytic.iter().zip(measured).map(point).collect(),
        };
        let noise = pooled_std(measured.iter().map(|it| (std(it), self.draws))).unwrap_or(f64::NAN);
        let ceiling = ceiling(&means, noise, self.draws);
        Report {
            name: "agreement".into(),
            settings: settings([
                ("run", self.name.clone()),
                ("definition", self.preset.score.definition.to_string()),
                ("batch", self.preset.score.batch.to_string()),
                ("draws", self.draws.to_string()),
                ("seed", self.seed.to_string()),
            ]),
            columns: names(["member", "analytic", "measured", "std"]),
            rows: members.zip(analytic).zip(measured).map(row).collect(),
            figures: vec![Figure::Chart(Chart {
                title: "Measured against analytic".to_owned(),
                x: Axis::linear("analytic"),
                y: Axis::linear("measured"),
                series: vec![series],
                marks: Vec::new(),
            })],
            reading: vec![
                format!(
                    "Over {} members: Spearman {:.3}, Kendall {:.3}.",
                    self.members.len(),
                    figures.spearman,
                    figures.kendall
                )
                .replace('-', "−"),
                match ceiling {
                    Some(ceiling) => format!(
                        "One draw has a deviation of {noise:.3}; a score without error would correlate with \
                         these means of {} by {ceiling:.3}.",
                        self.draws
                    ),
                    None => format!(
                        "One draw has a deviation of {noise:.3}: the means of {} differ by no more than noise.",
                        self.draws
                    ),
                },
            ],
        }
    }
}

/// What a score without error would correlate with means of so many draws: the root of the share of their variance
/// that is no noise (Spearman 1904). None where nothing is left.
fn ceiling(means: &[f64], noise: f64, draws: u32) -> Option<f64> {
    let variance = MeanStd::of(means).std?.powi(2);
    let share = 1.0 - noise * noise / f64::from(draws) / variance;
    (share > 0.0).then(|| share.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_lowers_the_ceiling() {
        // Variance 4; of means of four draws with deviation 2 a quarter is noise.
        let means = [0.0, 2.0, 4.0];
        assert_eq!(ceiling(&means, 0.0, 4), Some(1.0));
        let found = ceiling(&means, 2.0, 4).expect("some is left");
        assert!((found - 0.75_f64.sqrt()).abs() < 1e-12);
        assert_eq!(ceiling(&means, 4.0, 4), None);
    }

    #[test]
    fn members_are_spread_over_the_population() {
        let all: Vec<u32> = (0..100).collect();
        assert_eq!(spread(&all, 4), [0, 33, 66, 99]);
        assert_eq!(spread(&all[..3], 4), [0, 1, 2]);
        assert_eq!(spread(&all, 0), [0, 99]);
    }
}
