//! Stacks of plain 3×3 convs and ReLUs: what becomes of Φ, with norms and without (Zen-NAS, Fig. 2 and
//! Theorem 1).
//!
//! Three experiments on one measurement: `overflow` goes over depths, `rescaling` over widths, `theorem1` over
//! values a norm sees. All values are for f(x) against f(x + αε), divided by α, natural logarithms.

use super::{
    LabError,
    work::{Bench, Experiment},
};
use crate::{
    arch::{Block, BlockKind, Kernel, Structure},
    nn::{Engine, InputSpec, NetworkError, PhiloxNormals, PlainNetwork, Precision},
    report::{
        Axis, Cell, Chart, Figure, Look, Mark, Point, Report, Scale, Series, names, settings,
    },
    score::{Definition, MeanStd, standard_error},
};

/// A stack of `depth` convs, and what goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    pub depth: u32,
    pub width: u32,
    pub batch: u32,
    /// Pixels a side.
    pub resolution: u32,
}

impl Stack {
    /// Values that a norm sees of a channel.
    fn samples(&self) -> u64 {
        u64::from(self.batch) * u64::from(self.resolution).pow(2)
    }

    /// # Errors
    /// Sizes that no structure may have.
    fn network(&self, precision: Precision) -> Result<PlainNetwork, String> {
        let block = Block {
            kind: BlockKind::Conv(Kernel::K3),
            in_channels: 3,
            out_channels: self.width,
            stride: 1,
            bottleneck: 0,
            sub_layers: self.depth,
        };
        let structure = Structure::new(vec![block]).map_err(|error| error.to_string())?;
        let Stack { batch, resolution, .. } = *self;
        Ok(PlainNetwork::new(&structure, InputSpec { batch, resolution, precision }))
    }
}

/// Which of the experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackExperiment {
    Overflow,
    Rescaling,
    Theorem1,
}

/// One of the experiments, with all that decides it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stacks {
    pub experiment: StackExperiment,
    /// In the order of what they are drawn against.
    pub stacks: Vec<Stack>,
    pub alpha: f64,
    /// Draws of weights and images; at least 1.
    pub repeats: u32,
    pub seed: u64,
}

/// One draw of a stack. The norms are Frobenius norms, means over the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StackValues {
    /// log Φ, rescaled layer by layer, in f64.
    pub phi: f64,
    /// The same as it comes, in f32; often not finite.
    pub phi_f32: f64,
    /// By the L1 norm, which takes no squares.
    pub phi_l1_f32: f64,
    /// The same with norms, whose variances are not added.
    pub phi_with_norms: f64,
    /// The Zen-Score, definition `paper`.
    pub zen: f64,
}

impl Experiment for Stacks {
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError> {
        for stack in &self.stacks {
            stack.network(Precision::F64).map_err(LabError::Setting)?;
        }
        let draws = |stack| (0..self.repeats).map(move |repeat| (stack, repeat));
        let mut tasks: Vec<_> = self.stacks.iter().flat_map(draws).enumerate().collect();
        // The longest first, so that nobody waits for one at the end.
        tasks.sort_by_key(|(_, (stack, _))| {
            std::cmp::Reverse(stack.samples() * u64::from(stack.depth))
        });
        let device = bench.device;
        let measure = |engine: &mut Result<Engine, NetworkError>, &(place, (stack, repeat)): &_| {
            let found = engine.as_ref().map_err(NetworkError::clone);
            let found = found.and_then(|engine| self.measure(engine, stack, repeat));
            let told = |why| format!("depth {}, width {}: {why}", stack.depth, stack.width);
            found.map(|values| (place, values)).map_err(told)
        };
        let mut measured = bench.each(&tasks, &|| Engine::new(device.clone()), &measure)?;
        measured.sort_by_key(|(place, _)| *place);
        let values: Vec<StackValues> = measured.into_iter().map(|(_, values)| values).collect();
        let rows = self.stacks.iter().zip(values.chunks(self.repeats as usize));
        Ok(self.report(&rows.map(|(stack, draws)| Measured::of(stack, draws)).collect::<Vec<_>>()))
    }
}

impl Stacks {
    fn measure(
        &self,
        engine: &Engine,
        stack: &Stack,
        repeat: u32,
    ) -> Result<StackValues, NetworkError> {
        let network = |precision| stack.network(precision).expect("checked before");
        let source = || PhiloxNormals { seed: self.seed, repeat };
        let phi = engine.log_phi(&network(Precision::F64), self.alpha, &mut source())?;
        let single =
            engine.overflowing_log_phi(&network(Precision::F32), self.alpha, &mut source())?;
        let parts =
            engine.perturb(&network(Precision::F64), self.alpha, &mut source())?.zen_parts();
        let steps = self.alpha.ln();
        Ok(StackValues {
            phi: phi.l2,
            phi_f32: single.l2,
            phi_l1_f32: single.l1,
            phi_with_norms: parts.log_delta_l2 - steps,
            zen: parts.score(Definition::Paper) - steps,
        })
    }
}

/// A stack over all draws.
struct Measured {
    stack: Stack,
    phi: MeanStd,
    /// Not finite where one draw is not.
    phi_f32: f64,
    phi_l1_f32: f64,
    phi_with_norms: MeanStd,
    zen: MeanStd,
    /// Zen − log Φ, draw by draw.
    gap: MeanStd,
    draws: u32,
}

impl Measured {
    fn of(stack: &Stack, draws: &[StackValues]) -> Measured {
        let over = |of: &dyn Fn(&StackValues) -> f64| {
            MeanStd::of(&draws.iter().map(of).collect::<Vec<_>>())
        };
        Measured {
            stack: *stack,
            phi: over(&|v| v.phi),
            phi_f32: over(&|v| v.phi_f32).mean,
            phi_l1_f32: over(&|v| v.phi_l1_f32).mean,
            phi_with_norms: over(&|v| v.phi_with_norms),
            zen: over(&|v| v.zen),
            gap: over(&|v| v.zen - v.phi),
            draws: draws.len() as u32,
        }
    }
}

const OVERFLOWS: &str = "overflow";

impl Stacks {
    fn report(&self, rows: &[Measured]) -> Report {
        let mut settings = settings([
            ("alpha", self.alpha.to_string()),
            ("repeats", self.repeats.to_string()),
            ("seed", self.seed.to_string()),
        ]);
        if let Some(Stack { width, batch, resolution, depth }) = self.stacks.first() {
            let (width, batch, resolution, depth) =
                (width.to_string(), batch.to_string(), resolution.to_string(), depth.to_string());
            let sizes = match self.experiment {
                StackExperiment::Overflow => {
                    [("width", width), ("batch", batch), ("resolution", resolution)].to_vec()
                }
                StackExperiment::Rescaling => {
                    [("depth", depth), ("batch", batch), ("resolution", resolution)].to_vec()
                }
                StackExperiment::Theorem1 => [("depth", depth), ("width", width)].to_vec(),
            };
            settings.extend(sizes.into_iter().map(|(name, value)| (name.into(), value)));
        }
        let (charts, reading) = match self.experiment {
            StackExperiment::Overflow => (overflow_charts(rows), overflow_reading(rows)),
            StackExperiment::Rescaling => (rescaling_charts(rows), rescaling_reading(rows)),
            StackExperiment::Theorem1 => (theorem1_charts(rows), theorem1_reading(rows)),
        };
        Report {
            name: self.experiment.name().into(),
            settings,
            columns: names([
                "depth",
                "width",
                "batch",
                "side",
                "phi_f32",
                "phi",
                "phi_with_norms",
                "zen",
                "zen_minus_phi",
                "bound",
            ]),
            rows: rows.iter().map(row).collect(),
            figures: charts.into_iter().map(Figure::Chart).collect(),
            reading,
        }
    }
}

impl StackExperiment {
    pub fn name(self) -> &'static str {
        match self {
            StackExperiment::Overflow => "overflow",
            StackExperiment::Rescaling => "rescaling",
            StackExperiment::Theorem1 => "theorem1",
        }
    }
}

fn row(it: &Measured) -> Vec<Cell> {
    let Stack { depth, width, batch, resolution } = it.stack;
    let sizes = [depth, width, batch, resolution].map(|n| Cell::Whole(n.into()));
    let values = [
        Cell::number(it.phi_f32, 2, OVERFLOWS),
        Cell::number(it.phi.mean, 2, "–"),
        Cell::number(it.phi_with_norms.mean, 2, "–"),
        Cell::number(it.zen.mean, 2, "–"),
        Cell::number(it.gap.mean, 3, "–"),
        Cell::number(bound(&it.stack), 3, "–"),
    ];
    sizes.into_iter().chain(values).collect()
}

/// Theorem 1: Zen with norms is within (1 ± Lε)² of Φ² without them, ε = K₀/√(BHW); so its log within Lε. Here
/// with K₀ = √2, the deviation of a Gaussian's square: the theorem leaves the constant open.
fn bound(stack: &Stack) -> f64 {
    f64::from(stack.depth) * std::f64::consts::SQRT_2 / (stack.samples() as f64).sqrt()
}

fn series(
    name: &str,
    look: Look,
    rows: &[Measured],
    of: impl Fn(&Measured) -> (f64, MeanStd),
) -> Series {
    let points = rows.iter().map(of).filter(|(_, y)| y.mean.is_finite());
    let points = points.map(|(x, y)| Point { x, y: y.mean, std: y.std }).collect();
    Series { name: name.to_owned(), look, points }
}

/// A mean without a spread of its own.
fn alone(mean: f64) -> MeanStd {
    MeanStd { mean, std: None }
}

fn three(rows: &[Measured], x: Axis, at: impl Fn(&Stack) -> f64, marks: Vec<Mark>) -> Vec<Chart> {
    let chart = |title: &str, y: &str, series: Vec<Series>| Chart {
        title: title.to_owned(),
        x: x.clone(),
        y: Axis::linear(y),
        series,
        marks: marks.clone(),
    };
    let log_phi = series("log Φ, rescaled in f64", Look::Dashed, rows, |r| (at(&r.stack), r.phi));
    let single =
        series("as it comes in f32", Look::Line, rows, |r| (at(&r.stack), alone(r.phi_f32)));
    let kept = series("with norms", Look::Line, rows, |r| (at(&r.stack), r.phi_with_norms));
    let zen = series("Zen", Look::Line, rows, |r| (at(&r.stack), r.zen));
    vec![
        chart("Φ without norms", "log Φ", vec![single, log_phi.clone()]),
        chart("Φ with norms", "log Φ", vec![kept]),
        chart("Zen: with norms, and their variances added", "score", vec![zen, log_phi]),
    ]
}

fn overflow_charts(rows: &[Measured]) -> Vec<Chart> {
    let first = rows.iter().find(|row| !row.phi_f32.is_finite());
    let mark = |row: &Measured| Mark { x: row.stack.depth.into(), text: "overflow".to_owned() };
    three(rows, Axis::linear("depth"), |s| s.depth.into(), first.map(mark).into_iter().collect())
}

/// The first depth at which a value is not finite.
fn overflows_at(rows: &[Measured], value: impl Fn(&Measured) -> f64) -> Option<u32> {
    rows.iter().find(|row| !value(row).is_finite()).map(|row| row.stack.depth)
}

fn overflow_reading(rows: &[Measured]) -> Vec<String> {
    let Some(last) = rows.last() else { return Vec::new() };
    let depth = last.stack.depth;
    let overflow = match (overflows_at(rows, |r| r.phi_f32), overflows_at(rows, |r| r.phi_l1_f32)) {
        (Some(squares), Some(values)) => {
            format!(
                "Without norms Φ overflows f32 from depth {squares} on; by an L1 norm, without squares, from {values} on."
            )
        }
        (Some(squares), None) => {
            format!(
                "Without norms Φ overflows f32 from depth {squares} on; by an L1 norm not up to {depth}."
            )
        }
        (None, _) => format!("Without norms Φ stays within f32 up to depth {depth}."),
    };
    let gap = format!(
        "With norms and their variances added it is log Φ again: {:+.2} apart at depth {depth}.",
        last.gap.mean
    );
    vec![overflow, gap.replace('-', "−")]
}

fn rescaling_charts(rows: &[Measured]) -> Vec<Chart> {
    three(rows, Axis::linear("width"), |s| s.width.into(), Vec::new())
}

fn rescaling_reading(rows: &[Measured]) -> Vec<String> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    let widths = format!("From width {} to {}", first.stack.width, last.stack.width);
    let grows = |of: &dyn Fn(&Measured) -> f64| of(last) - of(first);
    vec![format!(
        "{widths} log Φ grows by {:.1}; with norms alone by {:.1}, so it hardly ranks; Zen by {:.1}.",
        grows(&|r| r.phi.mean),
        grows(&|r| r.phi_with_norms.mean),
        grows(&|r| r.zen.mean)
    )
    .replace('-', "−")]
}

fn theorem1_charts(rows: &[Measured]) -> Vec<Chart> {
    let at = |stack: &Stack| stack.samples() as f64;
    let gap = |r: &Measured| (at(&r.stack), alone(r.gap.mean.abs().max(1e-6)));
    let spread = |r: &Measured| (at(&r.stack), alone(r.gap.std.unwrap_or(f64::NAN)));
    let series = vec![
        series("|mean of Zen − log Φ|", Look::Line, rows, gap),
        series("deviation of one draw", Look::Dots, rows, spread),
        series("bound L·√(2/BHW)", Look::Dashed, rows, |r| {
            (at(&r.stack), alone(bound(&r.stack)))
        }),
    ];
    let axis = |label: &str| Axis { label: label.to_owned(), scale: Scale::Log };
    let title = "Zen approaches log Φ as norms see more values".to_owned();
    vec![Chart {
        title,
        x: axis("values a norm sees, BHW"),
        y: axis("difference"),
        series,
        marks: Vec::new(),
    }]
}

fn theorem1_reading(rows: &[Measured]) -> Vec<String> {
    let inside = rows.iter().filter(|row| row.gap.mean.abs() <= bound(&row.stack)).count();
    let mut reading = vec![format!(
        "The mean difference is within the bound in {inside} of {} cases.",
        rows.len()
    )];
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let said = |row: &Measured| {
            let MeanStd { mean, std } = row.gap;
            let error = standard_error(std.unwrap_or(f64::NAN), row.draws);
            format!("{mean:+.3} ± {error:.3} at BHW = {}", row.stack.samples())
        };
        let (first, last) = (said(first), said(last));
        let mean = format!("Zen − log Φ, its mean and standard error: {first}, {last}.");
        reading.push(mean.replace('-', "−"));
    }
    reading
}
