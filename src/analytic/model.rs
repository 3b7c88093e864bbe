//! The analytic score of whole networks and of their blocks.

use std::f64::consts::PI;

use super::{
    Entering, Form, Pooled, State,
    geometry::Geometries,
    recursion::{Step, relu_distance},
};
use crate::{
    arch::{Block, BlockKind, Conv, Layer, NetSpec, Structure, walk_sub_layer},
    score::{Definition, ZenParts},
};

/// The measurement that is foretold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub form: Form,
    pub definition: Definition,
    /// Images in a pass; at least 1.
    pub batch: u32,
    /// Input side, pixels.
    pub resolution: u32,
    /// Scale of the perturbation, α.
    pub alpha: f64,
}

/// A block's part of the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockScore {
    /// Σ log σ̄ over its norms, in the model's definition.
    pub log_sigma: f64,
    pub state: State,
    /// Side of the maps it gives.
    pub resolution: u32,
}

/// The analytic score under one measurement's settings.
#[derive(Debug)]
pub struct Model {
    settings: Settings,
    plain: NetSpec,
    steps: Geometries<Step>,
}

/// Convs of the longest sub-layer.
const MOST_CONVS: usize = 6;

/// σ̄² of some norms as they are added up: the logarithm of a product is one logarithm.
struct Sum {
    product: f64,
    rest: f64,
}

impl Sum {
    const EMPTY: Sum = Sum { product: 1.0, rest: 0.0 };

    fn value(&self) -> f64 {
        0.5 * self.product.ln() + self.rest
    }
}

/// One conv's norm.
#[derive(Clone, Copy)]
struct Sigma {
    /// fan · base: σ̄² before the log of a mean is told from the mean of logs.
    square: f64,
    /// What that costs log σ̄.
    correction: f64,
    samples: f64,
}

impl Sigma {
    /// Behind `conv`, with the variance `base` for unit fan-in.
    fn new(conv: &Conv, step: &Step, base: f64) -> Sigma {
        let fan = f64::from(conv.fan_channels());
        let (out, samples) = (f64::from(conv.out_channels), step.samples_out);
        let correction = -0.5 * (1.0 / (fan * step.taps()) + 1.0 / samples) / out;
        Sigma { square: fan * base, correction, samples }
    }

    fn log(&self) -> f64 {
        0.5 * self.square.ln() + self.correction
    }

    /// The running variance after both passes: 0.81 + 0.19·v with v unbiased.
    fn running_square(&self) -> f64 {
        let biased = self.square * (2.0 * self.correction).exp();
        0.81 + 0.19 * biased * self.samples / (self.samples - 1.0)
    }
}

impl Model {
    pub fn new(settings: Settings) -> Model {
        // The classifier comes after what is scored; its size does not matter.
        let plain = NetSpec::plain(settings.resolution, 1);
        Model { settings, plain, steps: Geometries::new(settings.resolution) }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What enters the first block.
    pub fn input(&self) -> State {
        State::of_input(self.settings.alpha)
    }

    /// The part of `block` behind maps of side `resolution` and `state`. Allocates nothing.
    pub fn block(&self, block: &Block, resolution: u32, state: State) -> BlockScore {
        let mut at = BlockScore { log_sigma: 0.0, state, resolution };
        let (first, _) = self.sub_layer(block, 0, &mut at);
        at.log_sigma = first;
        if block.sub_layers == 1 {
            return at;
        }
        let (second, steps) = self.sub_layer(block, 1, &mut at);
        if at.state.spread > 0.0 || !is_rectified(block.kind) {
            // The spread makes every sub-layer another.
            at.log_sigma += second;
            for index in 2..block.sub_layers {
                at.log_sigma += self.sub_layer(block, index, &mut at).0;
            }
            return at;
        }
        at.log_sigma += f64::from(block.sub_layers - 1) * second;
        at.state.distance = distance_behind(&steps, block.sub_layers - 2, at.state.distance);
        at
    }

    /// Like [`Model::block`], with the same bits, where the part is known for the state `before`: what
    /// the state makes no difference to is taken over.
    pub fn block_again(
        &self,
        block: &Block,
        resolution: u32,
        state: State,
        (before, known): (&State, &BlockScore),
    ) -> BlockScore {
        if *before == state {
            return *known;
        }
        let spreads = [before.spread, known.state.spread, state.spread];
        let rectified = [before, &state].iter().all(|s| s.entering == Entering::Rectified);
        if !(rectified && spreads == [0.0; 3] && is_rectified(block.kind)) {
            return self.block(block, resolution, state);
        }
        let mut again = *known;
        again.state.distance = state.distance;
        let mut side = resolution;
        for index in 0..block.sub_layers.min(2) {
            let mut steps = [None; MOST_CONVS];
            let mut count = 0;
            let entering = side;
            walk_sub_layer(block, index, entering, &self.plain, &mut |layer| {
                let Layer::Conv(conv) = layer.layer else { return };
                let step = self.step(&conv, layer.input.resolution);
                side = step.output();
                steps[count] = Some(step);
                count += 1;
            });
            let times = if index == 0 { 1 } else { block.sub_layers - 1 };
            again.state.distance = distance_behind(&steps, times, again.state.distance);
        }
        again
    }

    /// log σ̄ of the norm behind `conv`, which takes maps of side `resolution`, where the energy is
    /// the same at every position, as it always is in the theory form: it depends on nothing else but
    /// on whether the maps are `images`.
    pub fn log_sigma(&self, conv: &Conv, resolution: u32, images: bool) -> f64 {
        let step = self.step(conv, resolution);
        let sigma = Sigma::new(conv, step, if images { step.taps() } else { step.base() });
        match self.settings.definition {
            Definition::Reference => 0.5 * sigma.running_square().ln(),
            Definition::Paper | Definition::Table => sigma.log(),
        }
    }

    /// T²: the mean number of taps of `conv` that are inside maps of side `resolution`.
    pub fn mean_taps(&self, conv: &Conv, resolution: u32) -> f64 {
        self.step(conv, resolution).taps()
    }

    /// log Δ behind the last block, which gives `channels` maps.
    pub fn log_delta(&self, channels: u32, last: &BlockScore) -> f64 {
        let definition = self.settings.definition;
        self.log_deltas(channels, last)[usize::from(definition == Definition::Paper)]
    }

    /// log σ̄ of the norms of one sub-layer of `block`, in order, in the model's definition; moves the
    /// maps and the state of `at` behind it.
    pub fn norms(&self, block: &Block, index: u32, at: &mut BlockScore) -> Vec<f64> {
        let mut logs = Vec::new();
        let running = self.settings.definition == Definition::Reference;
        self.walk(block, index, at, &mut |sigma, _| {
            logs.push(if running { 0.5 * sigma.running_square().ln() } else { sigma.log() });
        });
        logs
    }

    /// All three definitions with their parts, layer by layer; those of the batch that are not
    /// numbers, as norms over a single value, come out as such.
    pub fn parts(&self, structure: &Structure) -> ZenParts {
        let mut at =
            BlockScore { log_sigma: 0.0, state: self.input(), resolution: self.plain.resolution };
        let (mut log_sigma, mut log_sigma_running) = (Vec::new(), Vec::new());
        for block in structure.blocks() {
            for index in 0..block.sub_layers {
                self.walk(block, index, &mut at, &mut |sigma, _| {
                    log_sigma.push(sigma.log());
                    log_sigma_running.push(0.5 * sigma.running_square().ln());
                });
            }
        }
        let channels = structure.blocks().last().map_or(0, |block| block.out_channels);
        let [log_delta_l1, log_delta_l2] = self.log_deltas(channels, &at);
        ZenParts { log_delta_l1, log_delta_l2, log_sigma, log_sigma_running }
    }

    /// In L1 and in L2.
    fn log_deltas(&self, channels: u32, last: &BlockScore) -> [f64; 2] {
        let c = self.settings.form.constants();
        let elements = f64::from(channels) * f64::from(last.resolution).powi(2);
        let State { spread, distance, entering } = last.state;
        let [absolute, squared] = match entering {
            Entering::Images | Entering::Rectified => {
                [(distance / PI).sqrt(), 2.0 * relu_distance(distance)]
            }
            // Two Gaussians of variance 1 are 2u apart, squared.
            Entering::Normalised => [2.0 * (distance / PI).sqrt(), 2.0 * distance],
            // As if the differences of largest values were Gaussian.
            Entering::Pooled(pooled) => {
                let squared = 2.0 * pooled.distance(distance);
                [(2.0 * squared / PI).sqrt(), squared]
            }
        };
        let l1 = (elements * absolute).ln() - c.spread_l1 / 8.0 * spread.ln_1p();
        let l2 = 0.5 * (elements * squared).ln() - c.spread_l2 / 8.0 * spread.ln_1p();
        [l1, l2]
    }

    /// Σ log σ̄ of one sub-layer, and its steps.
    fn sub_layer(
        &self,
        block: &Block,
        index: u32,
        at: &mut BlockScore,
    ) -> (f64, [Option<&Step>; MOST_CONVS]) {
        let mut sum = Sum::EMPTY;
        let mut steps = [None; MOST_CONVS];
        let mut count = 0;
        let running = self.settings.definition == Definition::Reference;
        self.walk(block, index, at, &mut |sigma, step| {
            if running {
                sum.product *= sigma.running_square();
            } else {
                sum.product *= sigma.square;
                sum.rest += sigma.correction;
            }
            steps[count] = Some(step);
            count += 1;
        });
        (sum.value(), steps)
    }

    /// Calls `visit` for every norm of one sub-layer and moves `at` behind it.
    fn walk<'a>(
        &'a self,
        block: &Block,
        index: u32,
        at: &mut BlockScore,
        visit: &mut impl FnMut(Sigma, &'a Step),
    ) {
        let resolution = at.resolution;
        walk_sub_layer(block, index, resolution, &self.plain, &mut |layer| match layer.layer {
            Layer::Conv(conv) => {
                let (sigma, step) = self.conv(&conv, layer.input.resolution, &mut at.state);
                at.resolution = step.output();
                visit(sigma, step);
            }
            Layer::Relu => at.state.entering = Entering::Rectified,
            Layer::MaxPool(pool) => {
                let (side, resolution) = (pool.kernel.side(), layer.input.resolution);
                let pooled = Pooled::new(side, pool.stride, resolution);
                at.state.entering = Entering::Pooled(pooled);
                at.resolution = layer.output.resolution;
            }
            Layer::Norm { .. }
            | Layer::SqueezeExcite { .. }
            | Layer::Shortcut(_)
            | Layer::GlobalAvgPool
            | Layer::Linear { .. } => {}
        });
    }

    fn conv(&self, conv: &Conv, resolution: u32, state: &mut State) -> (Sigma, &Step) {
        let constants = self.settings.form.constants();
        let step = self.step(conv, resolution);
        let base = step.pass(state, conv.in_channels, constants);
        (Sigma::new(conv, step, base), step)
    }

    fn step(&self, conv: &Conv, resolution: u32) -> &Step {
        let Settings { form, batch, .. } = self.settings;
        self.steps.of(conv, resolution, |geometry| {
            Step::new(geometry, batch, resolution, form.constants())
        })
    }
}

/// Whether every conv of such a block but its first takes what a ReLU left, and the block gives that.
fn is_rectified(kind: BlockKind) -> bool {
    kind != BlockKind::MaxPool && !kind.is_linear()
}

/// The distance of the passes behind `times` sub-layers of those steps, at spread 0.
fn distance_behind(steps: &[Option<&Step>; MOST_CONVS], times: u32, mut distance: f64) -> f64 {
    for _ in 0..times {
        for step in steps.iter().flatten() {
            distance = step.distance(distance);
        }
    }
    distance
}
