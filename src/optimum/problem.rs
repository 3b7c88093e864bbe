//! What may be built: the slots of a structure in order, what each may hold, and what limits the sum.

use std::sync::Arc;

use thiserror::Error;

use super::{ObjectiveForm, Price, objective::Objective};
use crate::{
    analytic::{Form, Settings},
    arch::{
        Block, BlockKind, CostCounter, Costs, DEEPEST, LayerAt, MOST_LATENCIES, MapSide, PartCosts,
        Shape, Structure, costs,
    },
    latency::Clock,
    space::{Budget, Budgets, Constraints, Preset, Space},
};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unsolvable {
    #[error(
        "without a cap on sub-layers the best net is as deep as can be; set budget.layers, for \
         example --set budget.layers=18"
    )]
    NoLayers,
    #[error("a latency budget needs a latency table, and none is named")]
    NoTable,
    #[error("{0}")]
    Table(String),
    #[error(
        "space.depth_steps = {steps:?} lead to some depths and not to others; they must be [0], or \
         lead from every depth of 1 to {DEEPEST} to every other and to a split, as [1, 0, -1] do"
    )]
    DepthSteps { steps: Vec<i32> },
    #[error(
        "the last maps are so small that a norm sees a single value, which has no score; raise \
         score.batch or score.resolution"
    )]
    SingleValue,
    #[error("no structure of the space is within the budgets")]
    NothingFits,
    #[error("no structure within the budgets was found; that there is none is not proven")]
    NothingFound,
    #[error(
        "{widths} widths need about {gigabytes} GB, and {most} GB is the most; raise \
         space.width_multiple, or lower space.width_max, budget.layers or a space.stage_depth_max"
    )]
    TooLarge { widths: usize, gigabytes: u64, most: u64 },
    #[error("the system gives the solver no threads: {0}")]
    Threads(String),
    #[error("the solver failed, which is a fault of zendo: {0}")]
    Failed(String),
    #[error("the work was ended before a bound was known")]
    Ended,
}

/// A limit on a sum over layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub budget: Budget,
    /// Parameters, multiply-adds, or of a latency nanoseconds an image.
    pub most: u64,
}

/// Nanoseconds a millisecond.
const NS: f64 = 1e6;

impl Limit {
    /// A limit on the latency by a table.
    pub fn of_latency(budget: Budget, ms: f64) -> Limit {
        Limit { budget, most: (ms * NS).round() as u64 }
    }

    /// Of a latency, milliseconds.
    pub fn ms(self) -> f64 {
        self.most as f64 / NS
    }

    /// As prices are told: per 100 M FLOPs, 0.01 ms, 100 k of the rest.
    pub(super) fn price(self, of_one: f64) -> Price {
        let unit = match self.budget {
            Budget::Flops => 100e6,
            budget if budget.table().is_some() => 0.01 * NS,
            _ => 100e3,
        };
        Price { budget: self.budget, score: of_one * unit, unit }
    }

    pub(super) fn of(self, part: &PartCosts) -> f64 {
        match (self.budget, self.budget.table()) {
            (_, Some(table)) => part.latency_ms().get(table).unwrap_or(0.0) * NS,
            (Budget::Flops, None) => part.flops(),
            _ => part.params() as f64,
        }
    }

    /// What the sum may be at most. Counts are rounded before they are judged, halves upwards, and come in
    /// whole numbers or fractions of a stride's square; latencies are judged as they are, but for what
    /// rounding makes of a sum in another order.
    pub(super) fn bound(self) -> f64 {
        let slack = if self.budget.table().is_some() { 1e-3 } else { 0.499 };
        self.most as f64 + slack
    }

    /// Whether costs rise with every width but for a projection where bottleneck and output differ; what
    /// was measured need not.
    pub(super) fn is_monotone(self) -> bool {
        self.budget.table().is_none()
    }
}

/// Most limits at once.
pub(super) const LIMITS: usize = 2 + MOST_LATENCIES;

/// What the solution is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Sub-layers over all blocks, at most.
    pub layers: u32,
    pub limits: Vec<Limit>,
}

/// What a slot may hold. All lists in rising order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub kind: BlockKind,
    pub depths: Vec<u32>,
    pub outs: Vec<u32>,
    /// Bottlenecks; a plain conv has the one bottleneck 0.
    pub inners: Vec<u32>,
}

impl Choice {
    /// Nothing but `block`.
    fn only(block: &Block) -> Choice {
        Choice {
            kind: block.kind,
            depths: vec![block.sub_layers],
            outs: vec![block.out_channels],
            inners: vec![block.bottleneck],
        }
    }

    fn holds(&self, block: &Block) -> bool {
        self.kind == block.kind
            && self.depths.contains(&block.sub_layers)
            && self.outs.contains(&block.out_channels)
            && self.inners.contains(&block.bottleneck)
    }
}

/// A block that every structure has, in its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub stride: u32,
    pub choices: Vec<Choice>,
    /// What may follow it any number of times with stride 1.
    pub extras: Vec<Choice>,
}

/// The maps at a place of the structure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Maps {
    /// That costs are counted on.
    pub costs: MapSide,
    /// Side of those that are scored.
    pub score: u32,
    /// Whether they are the input.
    pub images: bool,
}

impl Maps {
    pub(super) fn behind(self, stride: u32) -> Maps {
        let costs = self.costs.behind(stride);
        Maps { costs, score: self.score.div_ceil(stride), images: false }
    }
}

/// A space, what is maximised over it, and what it is held to.
#[derive(Debug)]
pub struct Problem {
    pub(super) objective: Objective,
    pub(super) counter: CostCounter,
    pub(super) clock: Option<Arc<Clock>>,
    pub(super) constraints: Constraints,
    pub(super) activation_bytes: Option<u64>,
    pub(super) input_channels: u32,
    pub(super) slots: Vec<Slot>,
    target: Target,
    budgets: Budgets,
}

impl Problem {
    /// Of all structures that mutations lead to from the preset's initial one; `clock` tells latencies,
    /// where the preset limits some.
    ///
    /// # Errors
    /// Why there is nothing to solve.
    pub fn new(
        preset: &Preset,
        form: ObjectiveForm,
        clock: Option<Arc<Clock>>,
    ) -> Result<Problem, Unsolvable> {
        let (space, base) = (preset.search_space(), preset.initial());
        let depths = Depths::of(preset, &space, &base)?;
        Problem::around(preset, form, clock, (base, depths))
    }

    /// Of those with as many blocks as `shape`, each as deep.
    ///
    /// # Errors
    /// Why there is nothing to solve.
    pub fn shaped_like(
        preset: &Preset,
        form: ObjectiveForm,
        clock: Option<Arc<Clock>>,
        shape: Structure,
    ) -> Result<Problem, Unsolvable> {
        Problem::around(preset, form, clock, (shape, Depths::Frozen))
    }

    fn around(
        preset: &Preset,
        form: ObjectiveForm,
        clock: Option<Arc<Clock>>,
        (mut base, depths): (Structure, Depths),
    ) -> Result<Problem, Unsolvable> {
        let space = preset.search_space();
        let budgets = preset.budgets();
        let tables = clock.as_ref().map_or(0, |clock| clock.predictors().len());
        if budgets.latency_ms.iter().skip(tables).any(Option::is_some) {
            return Err(Unsolvable::NoTable);
        }
        let layers = budgets.layers.ok_or(Unsolvable::NoLayers)?;
        let limits = [(Budget::Params, budgets.params), (Budget::Flops, budgets.flops)];
        let limits =
            limits.into_iter().filter_map(|(budget, most)| Some(Limit { budget, most: most? }));
        let latencies = Budget::LATENCIES.into_iter().zip(budgets.latency_ms);
        let latencies = latencies.filter_map(|(budget, ms)| Some(Limit::of_latency(budget, ms?)));
        let limits = limits.chain(latencies);
        let settings = Settings {
            form: Form::Theory,
            definition: preset.score.definition,
            batch: preset.score.batch,
            resolution: preset.score_resolution(),
            alpha: preset.score.alpha,
        };
        let objective = Objective::new(form, settings);
        // Once splits one block in two; the rest may be deep itself.
        while base.split_deep_blocks() != base {
            base = base.split_deep_blocks();
        }
        if form == ObjectiveForm::Theory && sees_single_value(&base, &settings) {
            return Err(Unsolvable::SingleValue);
        }
        Ok(Problem {
            objective,
            counter: CostCounter { spec: *space.net(), counting: budgets.counting },
            clock,
            constraints: space.constraints().clone(),
            activation_bytes: budgets.activation_bytes,
            input_channels: base.blocks()[0].in_channels,
            slots: slots(&space, base.blocks(), depths),
            target: Target { layers, limits: limits.collect() },
            budgets,
        })
    }

    /// The preset's own.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What is maximised, of a structure.
    pub fn objective(&self, structure: &Structure) -> f64 {
        self.objective.whole(structure)
    }

    /// The analytic score, theory form, with what is left of log Δ's distance from saturation.
    pub fn analytic(&self, structure: &Structure) -> f64 {
        self.objective.analytic(structure)
    }

    /// What `structure` costs, where a search would let it in within `target`.
    pub(super) fn costs_within(&self, structure: &Structure, target: &Target) -> Option<Costs> {
        let limit = |budget| target.limits.iter().find(|l| l.budget == budget);
        let most = |budget| limit(budget).map(|limit| limit.most);
        let budgets = Budgets {
            layers: Some(target.layers),
            params: most(Budget::Params),
            flops: most(Budget::Flops),
            latency_ms: Budget::LATENCIES.map(|budget| limit(budget).map(|limit| limit.ms())),
            ..self.budgets
        };
        let costs = self.costs(structure);
        let is_allowed = budgets.broken(&costs).is_none()
            && self.constraints.broken(structure.blocks()).is_none();
        is_allowed.then_some(costs)
    }

    /// What `structure` costs, latencies included.
    pub fn costs(&self, structure: &Structure) -> Costs {
        let spec = &self.counter.spec;
        let latency = self.clock.as_ref().map(|clock| clock.net(structure, spec));
        let costs = costs(structure, spec, self.counter.counting);
        Costs { latency_ms: latency.unwrap_or_default(), ..costs }
    }

    /// What a layer costs, latencies included; `sum` where the maps of a shortcut are added to it.
    pub(super) fn layer_costs(&self, at: &LayerAt, floored: u32, sum: bool) -> PartCosts {
        let part = self.counter.layer(at, floored);
        match &self.clock {
            Some(clock) => part.with_latency(clock.layer(at, sum)),
            None => part,
        }
    }

    /// What pool and classifier cost, latencies included.
    pub(super) fn head_costs(&self, channels: u32, maps: MapSide) -> PartCosts {
        let part = self.counter.head(channels, maps);
        let shape = Shape { channels, resolution: maps.real };
        match &self.clock {
            Some(clock) => part.with_latency(clock.head(shape, &self.counter.spec)),
            None => part,
        }
    }

    pub(super) fn input_maps(&self) -> Maps {
        let (costs, score) = (self.counter.input(), self.objective.side());
        Maps { costs, score, images: true }
    }
}

/// Which depths blocks may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depths {
    /// Their own.
    Frozen,
    /// Any up to [`DEEPEST`], with any number of blocks split off.
    Free,
}

impl Depths {
    fn of(preset: &Preset, space: &Space, initial: &Structure) -> Result<Depths, Unsolvable> {
        if !space.depths_vary() {
            return Ok(Depths::Frozen);
        }
        let residual = initial.blocks().iter().filter(|block| block.kind.is_residual());
        let starts = residual.map(|block| block.sub_layers.min(DEEPEST)).chain(1..=DEEPEST);
        let leads_everywhere = |depth| {
            let reached = space.reachable_depths(depth);
            (1..=DEEPEST).all(|depth| reached.contains(&depth))
                && reached.iter().any(|&depth| depth > DEEPEST)
        };
        match starts.into_iter().all(leads_everywhere) {
            true => Ok(Depths::Free),
            false => Err(Unsolvable::DepthSteps { steps: preset.space.depth_steps.clone() }),
        }
    }
}

/// A norm over a single value has no measurement.
fn sees_single_value(base: &Structure, settings: &Settings) -> bool {
    let side = base.blocks().iter().fold(settings.resolution, |r, b| r.div_ceil(b.stride));
    settings.batch == 1 && side == 1
}

fn slots(space: &Space, base: &[Block], depths: Depths) -> Vec<Slot> {
    let mut slots: Vec<Slot> = (0..base.len()).map(|i| slot(space, base, i, depths)).collect();
    for i in 1..slots.len() {
        // What follows this slot could as well follow a next one of the same make: one of the two
        // is enough, and keeps a structure from being found twice.
        if slots[i].stride == 1 && slots[i].choices == slots[i - 1].extras {
            slots[i - 1].extras.clear();
        }
    }
    slots
}

fn slot(space: &Space, base: &[Block], index: usize, depths: Depths) -> Slot {
    let block = &base[index];
    let stride = block.stride;
    let as_it_is = Choice::only(block);
    if space.is_fixed(index, base.len()) {
        return Slot { stride, choices: vec![as_it_is], extras: Vec::new() };
    }
    let mut outs = space.reachable_widths(block.out_channels);
    if !block.kind.is_residual() {
        if let Err(at) = outs.binary_search(&block.out_channels) {
            outs.insert(at, block.out_channels);
        }
        return Slot { stride, choices: vec![Choice { outs, ..as_it_is }], extras: Vec::new() };
    }
    let inners = space.reachable_widths(block.bottleneck);
    let depths_of = match depths {
        Depths::Frozen => vec![block.sub_layers],
        Depths::Free => (1..=DEEPEST).collect(),
    };
    let of_kind = |kind| Choice {
        kind,
        depths: depths_of.clone(),
        outs: outs.clone(),
        inners: inners.clone(),
    };
    let mut choices: Vec<Choice> = space.kinds().map(of_kind).collect();
    let extras = if depths == Depths::Free { choices.clone() } else { Vec::new() };
    // A block that was never drawn may keep what a drawn one can't have.
    if !choices.iter().any(|choice| choice.holds(block)) {
        choices.push(as_it_is);
    }
    Slot { stride, choices, extras }
}
