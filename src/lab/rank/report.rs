//! What a ranking comes to, as a report: a row a proxy, bars, how well trainings agree, sentences.
//!
//! Must not know: how anything is measured. Invariant: a sentence says no more than its interval does.

use super::{BASELINES, Counted, Figure, Figures, Interval, Judged, Predictor, Rank, Ranked};
use crate::{
    report::{
        self, Axis, Bar, Bars, Cell, Chart, Look, Mark, Point, Report, Series, names, settings,
    },
    score::MeanStd,
    text::grouped,
};

pub const KENDALL: Figure = |figures: &Figures| figures.kendall;
pub const SPEARMAN: Figure = |figures: &Figures| figures.spearman;
pub const NDCG: Figure = |figures: &Figures| figures.ndcg;
pub const TOP: Figure = |figures: &Figures| figures.top;

/// Bins of the chart of deviations.
const BINS: usize = 56;
/// Accuracies below this share of all fall into its first bin: failed trainings would stretch it.
const LOWEST: f64 = 0.01;

impl Rank {
    /// `ranked`, of a file that is called `file`.
    pub fn report(&self, ranked: &Ranked, file: &str) -> Report {
        let mut by_kendall: Vec<&Judged> = ranked.proxies.iter().collect();
        // Whatever orders nothing stands behind.
        let order = |judged: &Judged| match judged.predictor.figures.kendall {
            kendall if kendall.is_nan() => f64::NEG_INFINITY,
            kendall => kendall,
        };
        by_kendall.sort_by(|a, b| order(b).total_cmp(&order(a)));
        let mut rows: Vec<Vec<Cell>> = by_kendall
            .iter()
            .map(|judged| {
                let failures = judged.values.iter().filter(|value| value.is_err()).count();
                row(judged.proxy, &judged.predictor, Cell::Whole(failures as u64))
            })
            .collect();
        let ceiling = ranked.ceiling.as_ref();
        rows.extend(ceiling.map(|it| row("one training", it, Cell::Missing("–".into()))));
        let spread = self.spread();
        let mut figures = vec![report::Figure::Bars(bars(&by_kendall, ceiling))];
        figures.extend(spread.as_ref().and_then(chart).map(report::Figure::Chart));
        let count = |n: usize| grouped(n as u64);
        let (benchmark, measured) = (&self.benchmark, &self.settings);
        let counted = match self.counted {
            Counted::Once => "once each",
            Counted::AsListed => "as listed",
        };
        Report {
            name: "rank".into(),
            settings: settings([
                ("file", file.to_owned()),
                ("networks", count(benchmark.nets.len())),
                ("listed", count(benchmark.listed)),
                ("counted", counted.to_owned()),
                ("trainings", benchmark.seeds.to_string()),
                ("definition", measured.definition.to_string()),
                ("batch", measured.batch.to_string()),
                ("resolution", measured.resolution.to_string()),
                ("classes", measured.classes.to_string()),
                ("repeats", self.repeats.to_string()),
                ("seed", self.seed.to_string()),
                ("top", ranked.top.to_string()),
            ]),
            columns: names([
                "proxy",
                "kendall",
                "low",
                "high",
                "spearman",
                "ndcg",
                "top_accuracy",
                "failures",
            ]),
            rows,
            figures,
            reading: self.reading(ranked, spread.as_ref()),
        }
    }

    fn reading(&self, ranked: &Ranked, spread: Option<&Spread>) -> Vec<String> {
        let mut reading = verdicts(ranked);
        let kendall = ranked.ceiling.as_ref().map(|ceiling| ceiling.figures.kendall);
        reading.extend(kendall.filter(|kendall| kendall.is_finite()).map(|kendall| {
            format!(
                "Nothing can be seen to pass {kendall:.3}, which one training has beside the mean of the others: \
                 noise of training reorders the networks that much."
            )
        }));
        reading.extend(spread.map(|Spread { median, between, .. }| {
            format!(
                "Trainings of a network have a standard deviation of {median:.2} (the median), the networks one of \
                 {between:.2}."
            )
        }));
        reading.push(format!("The best network has {:.2}.", self.best_accuracy()));
        let left_out = self.benchmark.nets.len() - ranked.compared;
        if left_out > 0 {
            let left_out = grouped(left_out as u64);
            reading
                .push(format!("{left_out} networks are left out: a proxy has no value of them."));
        }
        reading
    }

    /// Of all networks.
    pub fn best_accuracy(&self) -> f64 {
        let accuracies = self.benchmark.nets.iter().map(|net| net.accuracy());
        accuracies.fold(f64::NEG_INFINITY, f64::max)
    }

    /// None where each was trained once.
    fn spread(&self) -> Option<Spread> {
        let nets = self.benchmark.nets.iter();
        let mut nets: Vec<(f64, f64)> = nets
            .map(|net| Some((net.accuracy(), MeanStd::of(&net.accuracies).std?)))
            .collect::<Option<_>>()?;
        let accuracies: Vec<f64> = nets.iter().map(|(accuracy, _)| *accuracy).collect();
        let between = MeanStd::of(&accuracies).std?;
        nets.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (low, high) = (nets[(nets.len() - 1) / 2].1, nets[nets.len() / 2].1);
        nets.sort_by(|a, b| a.0.total_cmp(&b.0));
        Some(Spread { nets, median: low.midpoint(high), between })
    }
}

/// How far trainings of a network lie apart.
struct Spread {
    /// Mean accuracy and standard deviation of each, by accuracy.
    nets: Vec<(f64, f64)>,
    /// Of the standard deviations.
    median: f64,
    /// The standard deviation of the networks' accuracies.
    between: f64,
}

/// How well seeds agree, by accuracy; none where all networks are equally accurate.
fn chart(spread: &Spread) -> Option<Chart> {
    let lowest = spread.nets[((spread.nets.len() - 1) as f64 * LOWEST) as usize].0;
    let (best, _) = spread.nets.last()?;
    let width = (best - lowest) / BINS as f64;
    if width <= 0.0 || !width.is_finite() {
        return None;
    }
    let mut bins = vec![(0.0, 0_u32); BINS];
    for (accuracy, std) in &spread.nets {
        // What is below 0 becomes 0.
        let bin = (((accuracy - lowest) / width) as usize).min(BINS - 1);
        bins[bin].0 += std;
        bins[bin].1 += 1;
    }
    let point = |(bin, (sum, count)): (usize, (f64, u32))| Point {
        x: lowest + (bin as f64 + 0.5) * width,
        y: sum / f64::from(count.max(1)),
        std: None,
    };
    Some(Chart {
        title: "How well do seeds agree?".to_owned(),
        x: Axis::linear("accuracy"),
        y: Axis::linear("std over seeds"),
        series: vec![Series {
            name: "mean of the networks there".to_owned(),
            look: Look::Columns,
            points: bins.into_iter().enumerate().map(point).collect(),
        }],
        marks: Vec::new(),
    })
}

fn row(name: &str, predictor: &Predictor, failures: Cell) -> Vec<Cell> {
    let Predictor { figures, .. } = predictor;
    let (low, high) = predictor
        .interval(KENDALL)
        .map_or((f64::NAN, f64::NAN), |Interval { low, high }| (low, high));
    vec![
        Cell::Text(name.to_owned()),
        Cell::number(figures.kendall, 3, "–"),
        Cell::number(low, 3, "–"),
        Cell::number(high, 3, "–"),
        Cell::number(figures.spearman, 3, "–"),
        Cell::number(figures.ndcg, 3, "–"),
        Cell::number(figures.top, 2, "–"),
        failures,
    ]
}

fn bars(by_kendall: &[&Judged], ceiling: Option<&Predictor>) -> Bars {
    let bar = |judged: &&Judged| Bar {
        name: judged.proxy.to_owned(),
        value: judged.predictor.figures.kendall,
        interval: judged.predictor.interval(KENDALL).map(|Interval { low, high }| (low, high)),
    };
    let mark = ceiling.map(|ceiling| ceiling.figures.kendall);
    Bars {
        title: "Kendall's τ with accuracy".to_owned(),
        label: "Kendall τ".to_owned(),
        rows: by_kendall.iter().map(bar).filter(|bar| bar.value.is_finite()).collect(),
        mark: mark
            .filter(|kendall| kendall.is_finite())
            .map(|x| Mark { x, text: "one training against the others".to_owned() }),
    }
}

/// Who ranks best, and by how much the others do worse.
pub fn verdicts(ranked: &Ranked) -> Vec<String> {
    let by = |figure: Figure| {
        let known = ranked.proxies.iter().filter(move |j| !figure(&j.predictor.figures).is_nan());
        known.max_by(|a, b| figure(&a.predictor.figures).total_cmp(&figure(&b.predictor.figures)))
    };
    let (Some(best), Some(top)) = (by(KENDALL), by(TOP)) else { return Vec::new() };
    let figure = best.predictor.figures.kendall;
    let mut all = vec![format!("By Kendall {} ranks best, with {figure:.3}.", best.proxy)];
    for judged in ranked.proxies.iter().filter(|judged| judged.proxy != best.proxy) {
        let (ahead, interval) = best.predictor.ahead(&judged.predictor, KENDALL);
        let Some(Interval { low, high }) = interval else { continue };
        let verdict = if low > 0.0 { "loses to it" } else { "can't be told from it" };
        all.push(format!("{} {verdict}: {ahead:.3} behind ({low:.3} to {high:.3}).", judged.proxy));
    }
    let (accuracy, name) = (top.predictor.figures.top, top.proxy);
    let baselines =
        ranked.proxies.iter().filter(|j| BASELINES.contains(&j.proxy) && j.proxy != name);
    let ahead = baselines.map(|baseline| {
        let (ahead, interval) = top.predictor.ahead(&baseline.predictor, TOP);
        let ends = interval.map(|Interval { low, high }| format!(" ({low:.2} to {high:.2})"));
        format!("; {ahead:.2} above {}{}", baseline.proxy, ends.unwrap_or_default())
    });
    let ahead: String = ahead.collect();
    all.push(format!(
        "The top {} by {name} are the best by mean accuracy, {accuracy:.2}{ahead}.",
        ranked.top
    ));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lab::rank::{Benchmark, Others},
        nn::{DeviceChoice, KernelChoice},
        proxy::Settings,
        score::Definition,
    };

    /// Networks that differ by their width, with two accuracies each.
    fn experiment(accuracies: &[[f64; 2]]) -> Rank {
        let row = |(n, [one, other]): (usize, &[f64; 2])| {
            format!("\"SuperConvK3BNRELU(3,{},1,1)\",{one},{other}\n", 8 * (n + 1))
        };
        let rows: String = accuracies.iter().enumerate().map(row).collect();
        let text = format!("structure,accuracy,accuracy2\n{rows}");
        Rank {
            benchmark: Benchmark::parse(&text, "bench").expect("valid"),
            proxies: vec!["zen-analytic"],
            settings: Settings {
                definition: Definition::Table,
                batch: 2,
                resolution: 8,
                alpha: 0.01,
                classes: 10,
            },
            counted: Counted::Once,
            seed: 0,
            repeats: 1,
            top: 0.5,
            device: DeviceChoice::Cpu,
            kernels: KernelChoice::Auto,
            workers: Some(1),
            out: None,
            others: Others::Refused,
        }
    }

    #[test]
    fn a_ranking_is_a_report_best_first() {
        let experiment = experiment(&[[80.0, 82.0], [84.0, 84.0], [86.0, 90.0]]);
        let ranked = experiment.run(&|| false, &mut |_| ()).expect("runs");
        let report = experiment.report(&ranked, "bench.csv");
        assert!(report.is_whole());
        let proxies: Vec<String> = report.rows.iter().map(|row| row[0].shown()).collect();
        assert_eq!(proxies, ["zen-analytic", "params", "flops", "one training"]);
        assert_eq!(report.rows[0][1], Cell::Number(1.0, 3), "wider is better here");
        let report::Figure::Bars(bars) = &report.figures[0] else { panic!("bars first") };
        assert_eq!(bars.rows.len(), 3);
        assert_eq!(bars.mark.as_ref().map(|mark| mark.x), Some(1.0));
        assert!(report.reading.iter().any(|said| said == "The best network has 88.00."));
        let said = |text: &str| report.reading.iter().any(|said| said.contains(text));
        assert!(said("can be seen to pass 1.000"), "{:?}", report.reading);
        assert!(said("deviation of 1.41 (the median)"), "{:?}", report.reading);
        assert!(said("the networks one of 3.51"), "{:?}", report.reading);
    }

    #[test]
    fn every_network_is_in_one_bin() {
        let all: Vec<[f64; 2]> = (0..300).map(|n| f64::from(n) / 10.0).map(|a| [a, a]).collect();
        let mut experiment = experiment(&all);
        // Failed trainings.
        experiment.benchmark.nets[0].accuracies = vec![-900.0, -900.0];
        let far = experiment.benchmark.nets.last_mut().expect("some");
        far.accuracies = vec![28.9, 30.9];
        let spread = experiment.spread().expect("two seeds");
        let chart = chart(&spread).expect("they differ");
        let points = &chart.series[0].points;
        assert_eq!(points.len(), BINS);
        assert!(points[0].x > 0.0 && points[BINS - 1].x < 29.9);
        let (last, others) = points.split_last().expect("some");
        // Five or six networks are in a bin; one of the last has a deviation.
        assert!(others.iter().all(|point| point.y == 0.0) && last.y > 0.2, "{last:?}");
        let equal = Spread { nets: vec![(1.0, 0.5); 3], median: 0.5, between: 0.0 };
        assert_eq!(super::chart(&equal), None);
    }
}
