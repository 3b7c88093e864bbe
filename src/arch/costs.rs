//! What a network costs, in two countings: `exact`, and the Zen-NAS reference's own.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Block, Conv, Layer, LayerAt, NetSpec, Shape, Structure, layers::Projection, walk_head,
    walk_sub_layer,
};

/// How parameters and FLOPs (multiply-adds) are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counting {
    /// True parameters; multiply-adds of convs and linear layers at their real resolutions,
    /// projections included, norms and biases not.
    Exact,
    /// As the reference implementation counts, slips included, so that published budgets mean the
    /// same: a norm C parameters and C·r² FLOPs, the classifier's bias 1, projections without their
    /// norm and at the resolution divided by the stride twice, floored resolutions.
    Reference,
}

impl Counting {
    pub const ALL: [Counting; 2] = [Counting::Exact, Counting::Reference];

    pub fn name(self) -> &'static str {
        match self {
            Counting::Exact => "exact",
            Counting::Reference => "reference",
        }
    }
}

/// Costs of one network. Sums saturate, so a monstrous structure breaks every budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    pub params: u64,
    /// Multiply-adds of one sample.
    pub flops: u64,
    /// Depth as Zen-NAS caps it: sub-layers over all blocks.
    pub layers: u32,
    /// Largest output of any layer, f32, one sample, bytes.
    pub activation_bytes: u64,
    /// Of one sample, by each latency table that was asked; whoever has tables fills them in.
    #[serde(default, skip_serializing_if = "Latencies::is_empty")]
    pub latency_ms: Latencies,
}

/// Most latency tables that are asked at once.
pub const MOST_LATENCIES: usize = 3;

/// Latencies by several tables, in their order; milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latencies {
    count: usize,
    /// 0 where there is no table.
    ms: [f64; MOST_LATENCIES],
}

impl Latencies {
    pub const NONE: Latencies = Latencies { count: 0, ms: [0.0; MOST_LATENCIES] };

    /// One a table; none where there are more than [`MOST_LATENCIES`].
    pub fn of(list: &[f64]) -> Option<Latencies> {
        let mut ms = [0.0; MOST_LATENCIES];
        ms.get_mut(..list.len())?.copy_from_slice(list);
        Some(Latencies { count: list.len(), ms })
    }

    pub fn as_slice(&self) -> &[f64] {
        &self.ms[..self.count]
    }

    /// By the table of that number, from 0; none where there is no such table.
    pub fn get(&self, table: usize) -> Option<f64> {
        self.as_slice().get(table).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, other: &Latencies) {
        self.count = self.count.max(other.count);
        self.ms.iter_mut().zip(other.ms).for_each(|(sum, ms)| *sum += ms);
    }

    fn times(&self, count: u32) -> Latencies {
        Latencies { count: self.count, ms: self.ms.map(|ms| ms * f64::from(count)) }
    }
}

impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Latencies, D::Error> {
        let list = Vec::<f64>::deserialize(from)?;
        let many = || de::Error::custom(format!("{MOST_LATENCIES} latencies are the most"));
        Latencies::of(&list).ok_or_else(many)
    }
}

/// The costs of `structure` under `spec`.
pub fn costs(structure: &Structure, spec: &NetSpec, counting: Counting) -> Costs {
    let counter = CostCounter { spec: *spec, counting };
    let mut map = counter.input();
    let mut sum = PartCosts::NOTHING;
    for block in structure.blocks() {
        let (part, next) = counter.block(block, map);
        sum.add(&part);
        map = next;
    }
    let channels = structure.blocks().last().map_or(0, |block| block.out_channels);
    sum.add(&counter.head(channels, map));
    sum.total()
}

/// The side of a map in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapSide {
    /// As convs give it: ceil(r / stride).
    pub real: u32,
    /// As the reference tracks it: floor(r / stride), at least 1.
    pub floored: u32,
}

impl MapSide {
    /// The maps behind a conv of that stride.
    pub fn behind(self, stride: u32) -> MapSide {
        MapSide { real: self.real.div_ceil(stride), floored: (self.floored / stride).max(1) }
    }
}

/// What a block, or the head, adds to the costs of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartCosts {
    params: u64,
    /// Whole numbers but for the reference's projections, which come in fractions of stride²;
    /// f64 is exact to 2⁵³ of them.
    flops: f64,
    /// Elements of the largest layer output.
    activation: u64,
    layers: u32,
    /// Of one sample.
    latency_ms: Latencies,
}

impl PartCosts {
    /// Of nothing.
    pub const NOTHING: PartCosts =
        PartCosts { params: 0, flops: 0.0, activation: 0, layers: 0, latency_ms: Latencies::NONE };

    pub fn add(&mut self, other: &PartCosts) {
        self.params = self.params.saturating_add(other.params);
        self.flops += other.flops;
        self.activation = self.activation.max(other.activation);
        self.layers = self.layers.saturating_add(other.layers);
        self.latency_ms.add(&other.latency_ms);
    }

    /// With these latencies, which counting knows nothing of.
    pub fn with_latency(self, latency_ms: Latencies) -> PartCosts {
        PartCosts { latency_ms, ..self }
    }

    /// The same part `count` times.
    fn times(&self, count: u32) -> PartCosts {
        PartCosts {
            params: self.params.saturating_mul(u64::from(count)),
            flops: self.flops * f64::from(count),
            activation: self.activation,
            layers: self.layers.saturating_mul(count),
            latency_ms: self.latency_ms.times(count),
        }
    }

    pub fn params(&self) -> u64 {
        self.params
    }

    /// Not rounded yet: the reference's projections come in fractions.
    pub fn flops(&self) -> f64 {
        self.flops
    }

    /// Elements of its largest layer output, one sample.
    pub fn activation(&self) -> u64 {
        self.activation
    }

    /// Of one sample, by each table that was asked.
    pub fn latency_ms(&self) -> &Latencies {
        &self.latency_ms
    }

    /// The costs of a network of which this is the sum.
    pub fn total(&self) -> Costs {
        Costs {
            params: self.params,
            flops: self.flops.round() as u64,
            layers: self.layers,
            activation_bytes: self.activation.saturating_mul(4),
            latency_ms: self.latency_ms,
        }
    }
}

/// Counts costs block by block: they depend on the block and on the maps it takes, on nothing else,
/// so what a mutation leaves alone need not be counted again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostCounter {
    pub spec: NetSpec,
    pub counting: Counting,
}

impl CostCounter {
    /// The maps the first block takes.
    pub fn input(&self) -> MapSide {
        MapSide { real: self.spec.resolution, floored: self.spec.resolution }
    }

    /// What `block` costs behind maps of side `map`, and the maps it gives.
    pub fn block(&self, block: &Block, map: MapSide) -> (PartCosts, MapSide) {
        let (mut sum, after) = self.sub_layer(block, 0, map);
        if block.sub_layers > 1 {
            let (other, _) = self.sub_layer(block, 1, after);
            sum.add(&other.times(block.sub_layers - 1));
        }
        (sum, after)
    }

    /// What one layer of a block costs, where the reference tracks maps of side `floored` before it.
    /// The parts of a block's layers add up to the block's.
    pub fn layer(&self, at: &LayerAt, floored: u32) -> PartCosts {
        let mut tally = Tally { part: PartCosts::NOTHING, floored };
        match self.counting {
            Counting::Exact => tally.exact(at),
            Counting::Reference => tally.reference(at),
        }
        tally.part
    }

    /// Pool and classifier behind `channels` maps.
    pub fn head(&self, channels: u32, map: MapSide) -> PartCosts {
        let mut tally = Tally { part: PartCosts::NOTHING, floored: map.floored };
        let shape = Shape { channels, resolution: map.real };
        walk_head(shape, &self.spec, &mut |at| match self.counting {
            Counting::Exact => tally.exact(&at),
            Counting::Reference => tally.reference(&at),
        });
        tally.part
    }

    fn sub_layer(&self, block: &Block, index: u32, map: MapSide) -> (PartCosts, MapSide) {
        let mut tally = Tally {
            part: PartCosts { layers: block.kind.depth(), ..PartCosts::NOTHING },
            floored: map.floored,
        };
        let mut real = map.real;
        // Told apart out here, so that each walk is compiled for its counting.
        match self.counting {
            Counting::Exact => walk_sub_layer(block, index, map.real, &self.spec, &mut |at| {
                tally.exact(&at);
                real = at.output.resolution;
            }),
            Counting::Reference => walk_sub_layer(block, index, map.real, &self.spec, &mut |at| {
                tally.reference(&at);
                real = at.output.resolution;
            }),
        }
        (tally.part, MapSide { real, floored: tally.floored })
    }
}

struct Tally {
    part: PartCosts,
    /// The reference's [`MapSide`].
    floored: u32,
}

impl Tally {
    fn add(&mut self, params: u64, flops: f64) {
        self.part.params = self.part.params.saturating_add(params);
        self.part.flops += flops;
    }

    #[inline]
    fn exact(&mut self, at: &LayerAt) {
        self.part.activation = self.part.activation.max(at.output.elements());
        let area = f64::from(at.output.resolution).powi(2);
        match at.layer {
            Layer::Conv(conv) => self.add(conv.weights(), conv.weights() as f64 * area),
            Layer::Norm { channels } => self.add(2 * u64::from(channels), 0.0),
            Layer::Relu | Layer::MaxPool(_) | Layer::GlobalAvgPool => {}
            Layer::SqueezeExcite { channels, squeezed } => {
                let weights = 2 * u64::from(channels) * u64::from(squeezed);
                let norms = 2 * u64::from(channels) + 2 * u64::from(squeezed);
                self.add(weights + norms, weights as f64);
            }
            Layer::Shortcut(shortcut) => {
                if let Some(p) = shortcut.projection {
                    // The norm's scale and shift, and the conv's bias.
                    let per_channel = (2 + u64::from(p.bias)) * u64::from(p.out_channels);
                    self.add(weights_of(&p) + per_channel, weights_of(&p) as f64 * area);
                }
            }
            Layer::Linear { inputs, outputs } => {
                let weights = u64::from(inputs) * u64::from(outputs);
                self.add(weights + u64::from(outputs), weights as f64);
            }
        }
    }

    #[inline]
    fn reference(&mut self, at: &LayerAt) {
        self.part.activation = self.part.activation.max(at.output.elements());
        match at.layer {
            Layer::Conv(conv) => {
                self.add(conv.weights(), reference_conv_flops(&conv, self.floored));
                self.floored = (self.floored / conv.stride).max(1);
            }
            Layer::Norm { channels } => {
                self.add(u64::from(channels), f64::from(channels) * self.area());
            }
            Layer::Relu | Layer::GlobalAvgPool => {}
            Layer::MaxPool(pool) => self.floored = (self.floored / pool.stride).max(1),
            Layer::SqueezeExcite { channels, squeezed } => {
                let weights = 2 * u64::from(channels) * u64::from(squeezed);
                let norms = 2 * u64::from(channels) + 2 * u64::from(squeezed);
                let scale = f64::from(channels) * (1.0 + self.area());
                self.add(weights + norms, weights as f64 + scale);
            }
            Layer::Shortcut(shortcut) => {
                if let Some(p) = shortcut.projection {
                    let params = weights_of(&p) + u64::from(p.out_channels);
                    self.add(params, params as f64 * self.area() / f64::from(p.stride).powi(2));
                }
            }
            Layer::Linear { inputs, outputs } => {
                let weights = u64::from(inputs) * u64::from(outputs);
                self.add(weights + 1, weights as f64);
            }
        }
    }

    fn area(&self) -> f64 {
        f64::from(self.floored).powi(2)
    }
}

fn weights_of(projection: &Projection) -> u64 {
    u64::from(projection.in_channels) * u64::from(projection.out_channels)
}

/// in·out·k²·r² // stride² // groups, left to right, as the reference divides (quirk 4).
#[inline]
fn reference_conv_flops(conv: &Conv, resolution: u32) -> f64 {
    // Within the limits the product stays below 2⁶³: 98,304² channels · 7² · 4,096².
    let mut flops = u64::from(conv.in_channels)
        .saturating_mul(u64::from(conv.out_channels))
        .saturating_mul(u64::from(conv.kernel.side()).pow(2))
        .saturating_mul(u64::from(resolution).pow(2));
    // Divisions are most of the cost of counting, and most convs need none.
    if conv.stride > 1 {
        flops /= u64::from(conv.stride).pow(2);
    }
    if conv.groups > 1 {
        flops /= u64::from(conv.groups);
    }
    flops as f64
}
