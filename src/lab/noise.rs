//! How noisy a Zen-Score is: the deviation of one draw against the batch, and how many draws part two nets.

use super::{
    LabError, NamedNet,
    work::{Bench, Experiment, ZenJudge},
};
use crate::{
    proxy::Settings,
    report::{Axis, Cell, Chart, Figure, Look, Point, Report, Series, names, settings},
    score::{Definition, MeanStd, standard_error},
};

/// The experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    pub nets: Vec<NamedNet>,
    /// Images in a pass, rising.
    pub batches: Vec<u32>,
    pub definition: Definition,
    pub alpha: f64,
    /// Draws of each; at least 2.
    pub draws: u32,
    pub seed: u64,
}

/// Means are parted where they are so many standard errors of their difference from each other.
const APART: f64 = 2.0;

/// Draws of each of two nets, with deviations `stds`, that part their means, which are `gap` apart; none for
/// equal ones.
pub fn repeats_that_part(gap: f64, stds: [f64; 2]) -> Option<u64> {
    let variance = stds.into_iter().map(|std| std * std).sum::<f64>();
    let repeats = (APART / gap).powi(2) * variance;
    // Beyond it nobody would draw.
    repeats.is_finite().then(|| repeats.ceil().clamp(1.0, 1e15) as u64)
}

/// Means whose deviation is told, at least.
const FEWEST_GROUPS: usize = 4;

impl Experiment for Noise {
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError> {
        let Noise { definition, alpha, .. } = *self;
        let batches = |net| self.batches.iter().map(move |batch| (net, *batch));
        let draws = |(net, batch)| (0..self.draws).map(move |draw| (net, batch, draw));
        let tasks: Vec<(&NamedNet, u32, u32)> =
            self.nets.iter().flat_map(batches).flat_map(draws).collect();
        let measure = |zen: &mut ZenJudge<'_>, &(net, batch, draw): &(&NamedNet, u32, u32)| {
            let resolution = net.resolution;
            let settings = Settings { definition, batch, resolution, alpha, classes: 1 };
            let evaluation = zen.evaluate(&settings, &net.structure, (self.seed, draw));
            let told = |why| format!("{}, batch {batch}: {why}", net.name);
            // A batch that has no score leaves the others theirs.
            Ok(evaluation.map(|evaluation| evaluation.score).map_err(told))
        };
        let device = bench.device;
        let scores = bench.each(&tasks, &|| ZenJudge::new(device), &measure)?;
        let mut failures: Vec<String> = scores
            .chunks(self.draws as usize)
            .filter_map(|draws| draws.iter().find_map(|score| score.as_ref().err().cloned()))
            .collect();
        if failures.len() == self.nets.len() * self.batches.len() {
            return Err(LabError::Setting(failures.swap_remove(0)));
        }
        let values: Vec<f64> = scores.into_iter().map(|score| score.unwrap_or(f64::NAN)).collect();
        let spread: Vec<MeanStd> = values.chunks(self.draws as usize).map(MeanStd::of).collect();
        let mut report = self.report(&spread.chunks(self.batches.len()).collect::<Vec<_>>());
        report.figures.push(Figure::Chart(self.repeats(&values)));
        report.reading.extend(failures.into_iter().map(|why| format!("No score: {why}.")));
        Ok(report)
    }
}

impl Noise {
    /// Of each net, by batch.
    fn report(&self, found: &[&[MeanStd]]) -> Report {
        let std = |it: &MeanStd| it.std.unwrap_or(f64::NAN);
        // Of a deviation that was estimated from so many Gaussian draws.
        let error = 1.0 / (2.0 * f64::from(self.draws - 1)).sqrt();
        let mut rows = Vec::new();
        for (net, spreads) in self.nets.iter().zip(found) {
            for (batch, spread) in self.batches.iter().zip(*spreads) {
                rows.push(vec![
                    Cell::Text(net.name.clone()),
                    Cell::Whole((*batch).into()),
                    Cell::number(spread.mean, 3, "–"),
                    Cell::number(standard_error(std(spread), self.draws), 3, "–"),
                    Cell::number(std(spread), 4, "–"),
                    Cell::number(std(spread) * error, 4, "–"),
                ]);
            }
        }
        let series = |(net, spreads): (&NamedNet, &&[MeanStd])| Series {
            name: net.name.clone(),
            look: Look::Line,
            points: self
                .batches
                .iter()
                .zip(*spreads)
                .map(|(batch, spread)| Point {
                    x: f64::from(*batch),
                    y: std(spread),
                    std: Some(std(spread) * error),
                })
                .filter(|point| point.y > 0.0)
                .collect(),
        };
        Report {
            name: "noise".into(),
            settings: settings([
                ("definition", self.definition.to_string()),
                ("alpha", self.alpha.to_string()),
                ("draws", self.draws.to_string()),
                ("seed", self.seed.to_string()),
            ]),
            columns: names(["net", "batch", "mean", "error_of_mean", "std", "error_of_std"]),
            rows,
            figures: vec![Figure::Chart(Chart {
                title: "Standard deviation of one draw".to_owned(),
                x: Axis::log("batch"),
                y: Axis::log("std"),
                series: self.nets.iter().zip(found).map(series).collect(),
                marks: Vec::new(),
            })],
            reading: self.reading(found),
        }
    }

    /// How the deviation of a mean falls with the draws it is of: each net at its largest batch that has a score,
    /// its draws in groups, beside what independent draws would have.
    fn repeats(&self, values: &[f64]) -> Chart {
        let draws = self.draws as usize;
        let mut series = Vec::new();
        for (net, values) in self.nets.iter().zip(values.chunks(draws * self.batches.len())) {
            let is_scored = |values: &&[f64]| values.iter().all(|value| !value.is_nan());
            let Some(values) = values.chunks(draws).rev().find(is_scored) else { continue };
            let sizes =
                (0..).map(|power| 1 << power).take_while(|size| size * FEWEST_GROUPS <= draws);
            let points: Vec<Point> = sizes
                .filter_map(|size| {
                    let means = values.chunks_exact(size).map(|group| MeanStd::of(group).mean);
                    let means: Vec<f64> = means.collect();
                    let y = MeanStd::of(&means).std.filter(|std| *std > 0.0)?;
                    let error = 1.0 / (2.0 * (means.len() - 1) as f64).sqrt();
                    Some(Point { x: size as f64, y, std: Some(y * error) })
                })
                .collect();
            let independent = points.first().map(|first| {
                let falling = |p: &Point| Point { y: first.y / p.x.sqrt(), std: None, ..*p };
                points.iter().map(falling).collect()
            });
            series.push(Series { name: net.name.clone(), look: Look::Line, points });
            series.extend(independent.map(|points| Series {
                name: format!("{} / √draws", net.name),
                look: Look::Dashed,
                points,
            }));
        }
        Chart {
            title: "Standard deviation of a mean, largest batch".to_owned(),
            x: Axis::log("draws"),
            y: Axis::log("std"),
            series,
            marks: Vec::new(),
        }
    }

    /// How many draws part every two nets, with each batch.
    fn reading(&self, found: &[&[MeanStd]]) -> Vec<String> {
        let mut reading = Vec::new();
        for (a, b) in (0..found.len()).flat_map(|a| (a + 1..found.len()).map(move |b| (a, b))) {
            let parted = self.batches.iter().enumerate().filter_map(|(i, batch)| {
                let [one, other] = [found[a][i], found[b][i]];
                let stds = [one, other].map(|it| it.std.unwrap_or(f64::NAN));
                if one.mean.is_nan() || other.mean.is_nan() {
                    return None;
                }
                Some(match repeats_that_part(one.mean - other.mean, stds) {
                    Some(1) => format!("1 draw of {batch}"),
                    Some(draws) => format!("{draws} draws of {batch}"),
                    None => format!("no number of draws of {batch}"),
                })
            });
            let parted: Vec<String> = parted.collect();
            let (a, b) = (&self.nets[a].name, &self.nets[b].name);
            reading.push(format!("{a} and {b} are parted by {} images each.", parted.join(", ")));
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_independent_draws_deviate_less() {
        let noise = Noise {
            nets: vec![NamedNet {
                name: "one".to_owned(),
                structure: "SuperConvK3BNRELU(3,8,1,1)".parse().expect("valid"),
                resolution: 8,
            }],
            batches: vec![1, 2],
            definition: Definition::Table,
            alpha: 0.01,
            draws: 8,
            seed: 0,
        };
        // The larger batch failed; means of two alternate as their draws do.
        let values = [1.0, 3.0, 5.0, 7.0, 1.0, 3.0, 5.0, 7.0].map(Some);
        let values: Vec<f64> =
            values.into_iter().chain([None; 8]).map(|v| v.unwrap_or(f64::NAN)).collect();
        let chart = noise.repeats(&values);
        let ys = |n: usize| chart.series[n].points.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>();
        let [draw, mean] = [(40.0_f64 / 7.0).sqrt(), (16.0_f64 / 3.0).sqrt()];
        assert_eq!(ys(0), [(1.0, draw), (2.0, mean)]);
        assert_eq!(ys(1), [(1.0, draw), (2.0, draw / 2.0_f64.sqrt())]);
        assert_eq!(chart.series[0].name, "one");
    }

    #[test]
    fn nets_are_parted_at_two_standard_errors() {
        // A difference of two draws has a deviation of 5; 100 of them one of .5.
        assert_eq!(repeats_that_part(1.0, [3.0, 4.0]), Some(100));
        assert_eq!(repeats_that_part(-100.0, [3.0, 4.0]), Some(1));
        assert_eq!(repeats_that_part(0.0, [3.0, 4.0]), None);
        assert_eq!(repeats_that_part(1.0, [f64::NAN, 1.0]), None);
    }
}
