//! Why a net has the score it has: layer by layer, what one mutation would change, and how far it is from the best
//! that its space has.

use std::ops::ControlFlow;

use super::{
    LabError, NamedNet,
    work::{Bench, Experiment, ZenJudge, workers},
};
use crate::{
    analytic::Form,
    anatomy::{Anatomy, LayerPart, Operation, View},
    arch::{Block, BlockChange, BlockField, Costs, Structure},
    optimum::{ObjectiveForm, Solver},
    proxy::AnalyticZen,
    report::{Axis, Cell, Chart, Figure, Look, Point, Report, Series, names, settings},
    run::{self, proxy_settings},
    score::{MeanStd, ZenParts, standard_error},
    space::{Preset, Space},
    text::{grouped, score},
};

/// The experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    pub net: NamedNet,
    /// The space and the budgets that it stands in, and how scores are measured there.
    pub preset: Preset,
    /// Of the preset.
    pub space: String,
    /// Draws that are measured; at least 2.
    pub draws: u32,
    pub seed: u64,
}

/// The best of all structures that one mutation makes, within the budgets.
struct Neighbour {
    from: Block,
    to: Block,
    block: usize,
    score: f64,
    costs: Costs,
}

impl Experiment for Why {
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError> {
        let draws: Vec<u32> = (0..self.draws).collect();
        let device = bench.device;
        let settings = proxy_settings(&self.preset);
        let measure = |zen: &mut ZenJudge<'_>, draw: &u32| {
            let evaluation = zen.evaluate(&settings, &self.net.structure, (self.seed, *draw));
            let evaluation = evaluation.map_err(|why| format!("{}: {why}", self.net.name))?;
            Ok(evaluation.zen.expect("a Zen-Score has parts"))
        };
        let measured = bench.each(&draws, &|| ZenJudge::new(device), &measure)?;
        let anatomy = Anatomy::of(&self.net.structure, &self.view());
        let optimum = self.optimum(workers(bench.workers, device), bench.stop);
        match (bench.stop)() {
            true => Err(LabError::Interrupted { kept: None }),
            false => Ok(self.report(&anatomy, &measured, optimum)),
        }
    }
}

impl Why {
    fn view(&self) -> View {
        View {
            net: *self.preset.search_space().net(),
            counting: self.preset.budgets().counting,
            analytic: AnalyticZen::model_settings(Form::Theory, proxy_settings(&self.preset)),
        }
    }

    /// The analytic score of the proven best, and the bound; or why there is none.
    fn optimum(&self, threads: usize, stop: &dyn Fn() -> bool) -> Result<(f64, f64), String> {
        let told = |error: crate::optimum::Unsolvable| error.to_string();
        let mut watch = |_| if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let problem = run::problem(&self.preset, ObjectiveForm::Theory).map_err(told)?;
        let target = problem.target().clone();
        let solver = Solver::new(problem, &target, threads, &mut watch).map_err(told)?;
        let answer = solver.solve(&target, 1, &mut watch).map_err(told)?;
        let best = answer.best.first().ok_or("no structure was found within the budgets")?;
        Ok((best.score, answer.bound))
    }

    /// Over every kind, width, bottleneck and depth that a mutation of one block may draw at once.
    fn best_mutation(&self) -> Option<Neighbour> {
        let (space, budgets, view) =
            (self.preset.search_space(), self.preset.budgets(), self.view());
        let blocks = self.net.structure.blocks();
        let mut best: Option<Neighbour> = None;
        for (index, from) in blocks.iter().enumerate() {
            for to in mutated(&space, from, space.is_fixed(index, blocks.len())) {
                let mut mutated = blocks.to_vec();
                mutated[index] = to;
                let Ok(child) = Structure::chained(mutated) else { continue };
                let child = child.split_deep_blocks();
                if space.constraints().broken(child.blocks()).is_some() {
                    continue;
                }
                let anatomy = Anatomy::of(&child, &view);
                let (score, costs) = (anatomy.score(), anatomy.costs());
                let is_better = best.as_ref().is_none_or(|best| score > best.score);
                if is_better && budgets.broken(&costs).is_none() {
                    best = Some(Neighbour { from: *from, to, block: index, score, costs });
                }
            }
        }
        best
    }
}

/// What one mutation may make of `block`, itself left out.
fn mutated(space: &Space, block: &Block, is_fixed: bool) -> Vec<Block> {
    if is_fixed {
        return Vec::new();
    }
    let outs = space.width_options(block.out_channels);
    let of_out =
        |block: Block| outs.iter().map(move |&out_channels| Block { out_channels, ..block });
    if !block.kind.is_residual() {
        return of_out(*block).filter(|to| to != block).collect();
    }
    let inners = space.width_options(block.bottleneck);
    let depths = space.depth_options(block.sub_layers);
    let kinds = space.kinds().map(|kind| Block { kind, ..*block });
    let deep = kinds.flat_map(|b| depths.iter().map(move |&sub_layers| Block { sub_layers, ..b }));
    let wide = deep.flat_map(|b| inners.iter().map(move |&bottleneck| Block { bottleneck, ..b }));
    wide.flat_map(of_out).filter(|to| to != block).collect()
}

impl Why {
    fn report(
        &self,
        anatomy: &Anatomy,
        measured: &[ZenParts],
        optimum: Result<(f64, f64), String>,
    ) -> Report {
        let definition = self.preset.score.definition;
        let over = |of: &dyn Fn(&ZenParts) -> f64| {
            MeanStd::of(&measured.iter().map(of).collect::<Vec<_>>())
        };
        let mut rows = Vec::new();
        let mut norm = 0;
        for (index, part) in anatomy.blocks.iter().enumerate() {
            for sub_layer in 0..part.block.sub_layers {
                for layer in anatomy.layers(index, sub_layer) {
                    let measured = matches!(layer.operation, Operation::Conv(_)).then(|| {
                        norm += 1;
                        over(&|parts| parts.layers(definition)[norm - 1])
                    });
                    rows.push(row(index, &layer, measured));
                }
            }
        }
        let log_delta = over(&|parts| parts.log_delta(definition));
        rows.push(vec![
            Cell::Text("–".to_owned()),
            Cell::Text("log Δ, classifier".to_owned()),
            Cell::number(anatomy.tail.score, 3, "–"),
            Cell::number(log_delta.mean, 3, "–"),
            Cell::number(log_delta.std.unwrap_or(f64::NAN), 3, "–"),
            Cell::Whole(anatomy.tail.costs.params()),
            Cell::Whole(anatomy.tail.costs.flops().round() as u64),
        ]);
        Report {
            name: "why".into(),
            settings: settings([
                ("net", self.net.name.clone()),
                ("preset", self.space.clone()),
                ("definition", definition.to_string()),
                ("batch", self.preset.score.batch.to_string()),
                ("draws", self.draws.to_string()),
                ("seed", self.seed.to_string()),
            ]),
            columns: names(["block", "layer", "analytic", "measured", "std", "params", "flops"]),
            rows,
            figures: vec![Figure::Chart(shares(anatomy))],
            reading: self.reading(anatomy, &over(&|parts| parts.score(definition)), optimum),
        }
    }

    fn reading(
        &self,
        anatomy: &Anatomy,
        measured: &MeanStd,
        optimum: Result<(f64, f64), String>,
    ) -> Vec<String> {
        let (own, costs) = (anatomy.score(), anatomy.costs());
        let within = match self.preset.budgets().broken(&costs) {
            None => format!("within the budgets of {}", self.space),
            Some(budget) => format!("over the budget '{budget}' of {}", self.space),
        };
        let error = standard_error(measured.std.unwrap_or(f64::NAN), self.draws);
        let mut reading = vec![format!(
            "{}: {} measured ± {}, {} analytic; {} params, {} FLOPs, depth {}, {within}.",
            self.net.name,
            score(measured.mean),
            score(error),
            score(own),
            grouped(costs.params),
            grouped(costs.flops),
            costs.layers,
        )];
        reading.extend(dearest(anatomy));
        reading.push(match self.best_mutation() {
            Some(it) => format!(
                "The best single mutation within the budgets: block {} ({}): {}, {} params, {} FLOPs.",
                it.block + 1,
                changes(&it),
                signed(it.score - own, score),
                signed(it.costs.params as f64 - costs.params as f64, whole),
                signed(it.costs.flops as f64 - costs.flops as f64, whole),
            ),
            None => "No single mutation is within the budgets.".to_owned(),
        });
        reading.push(match optimum {
            Ok((best, bound)) => format!(
                "The best of the space has {} (no structure more than {}): {} from here.",
                score(best),
                score(bound),
                signed(best - own, score)
            ),
            Err(why) => format!("The optimum of the space is not known: {why}."),
        });
        reading
    }
}

fn row(block: usize, layer: &LayerPart, measured: Option<MeanStd>) -> Vec<Cell> {
    let what = match layer.operation {
        Operation::Conv(conv) => {
            let depthwise = if conv.is_depthwise() { " depthwise" } else { "" };
            let k = conv.kernel.side();
            format!("{k}×{k}{depthwise} {}→{}", conv.in_channels, conv.out_channels)
        }
        Operation::MaxPool(pool) => format!("max-pool {0}×{0}", pool.kernel.side()),
        Operation::SqueezeExcite { channels, squeezed } => format!("SE {channels}→{squeezed}"),
        Operation::Projection(p) => format!("shortcut {}→{}", p.in_channels, p.out_channels),
    };
    let number = |value: Option<f64>| Cell::number(value.unwrap_or(f64::NAN), 3, "–");
    vec![
        Cell::Text((block + 1).to_string()),
        Cell::Text(what),
        number(layer.log_sigma),
        number(measured.map(|it| it.mean)),
        number(measured.and_then(|it| it.std)),
        Cell::Whole(layer.costs.params()),
        Cell::Whole(layer.costs.flops().round() as u64),
    ]
}

/// What each block has of the whole, in percent; the tail comes last.
fn shares(anatomy: &Anatomy) -> Chart {
    let whole = anatomy.whole();
    let parts = anatomy.blocks.iter().map(|block| &block.part).chain([&anatomy.tail]);
    let shares: Vec<_> = parts.map(|part| part.shares(&whole)).collect();
    let series = |name: &str, of: &dyn Fn(&crate::anatomy::Shares) -> f64| Series {
        name: name.to_owned(),
        look: Look::Line,
        points: (1..)
            .zip(&shares)
            .map(|(block, shares)| Point { x: f64::from(block), y: 100.0 * of(shares), std: None })
            .collect(),
    };
    Chart {
        title: "What each block has of the whole; the last is log Δ and classifier".to_owned(),
        x: Axis::linear("block"),
        y: Axis::linear("%"),
        series: vec![
            series("score", &|shares| shares.score),
            series("params", &|shares| shares.params),
            series("FLOPs", &|shares| shares.flops),
        ],
        marks: Vec::new(),
    }
}

/// Who has most of the score, and who pays most for it.
fn dearest(anatomy: &Anatomy) -> Option<String> {
    let whole = anatomy.whole();
    let blocks =
        || anatomy.blocks.iter().enumerate().map(|(i, block)| (i, block.part.shares(&whole)));
    let (most, shares) = blocks().max_by(|a, b| a.1.score.total_cmp(&b.1.score))?;
    let (heaviest, heavy) = blocks().max_by(|a, b| a.1.params.total_cmp(&b.1.params))?;
    let name =
        |i: usize| format!("block {} ({})", i + 1, anatomy.blocks[i].block.kind.short_name());
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let mut sentence = format!(
        "Most of the score has {}: {} for {} of the params",
        name(most),
        percent(shares.score),
        percent(shares.params)
    );
    if heaviest != most {
        sentence += &format!(
            "; most of the params {}: {} for {} of the score",
            name(heaviest),
            percent(heavy.params),
            percent(heavy.score)
        );
    }
    Some(sentence + ".")
}

/// The fields that a mutation changed.
fn changes(it: &Neighbour) -> String {
    let change = BlockChange { from: it.from, to: it.to };
    let told = |field: BlockField| match field {
        BlockField::Kind => {
            Some(format!("{} → {}", it.from.kind.short_name(), it.to.kind.short_name()))
        }
        BlockField::OutChannels => {
            Some(format!("out {} → {}", it.from.out_channels, it.to.out_channels))
        }
        BlockField::Bottleneck => {
            Some(format!("bottleneck {} → {}", it.from.bottleneck, it.to.bottleneck))
        }
        BlockField::SubLayers => {
            Some(format!("sub-layers {} → {}", it.from.sub_layers, it.to.sub_layers))
        }
        // These follow from others.
        BlockField::InChannels | BlockField::Stride => None,
    };
    let changed = BlockField::ALL.into_iter().filter(|field| change.differs(*field));
    changed.filter_map(told).collect::<Vec<_>>().join(", ")
}

fn signed(value: f64, text: impl Fn(f64) -> String) -> String {
    format!("{}{}", if value < 0.0 { '−' } else { '+' }, text(value.abs()))
}

fn whole(value: f64) -> String {
    grouped(value.round() as u64)
}
