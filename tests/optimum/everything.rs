//! Presets so small that everything that can be built can be listed.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use zendo::{
    arch::{Block, BlockKind, Costs, DEEPEST, Structure, costs},
    latency::{Clock, FusedLayer, Operation, Predictor, Provenance, Row, Table},
    random::{Purpose, Stream},
    space::{Preset, PresetSource, Space},
};

/// Everything that can be built from the initial structure of a tiny preset, block by block, as the
/// mutations have it.
pub fn everything(preset: &Preset) -> Vec<Structure> {
    Everything::of(preset)
}

struct Everything {
    space: Space,
    initial: Vec<Block>,
    layers: u32,
    found: Vec<Structure>,
}

impl Everything {
    fn of(preset: &Preset) -> Vec<Structure> {
        let mut all = Everything {
            space: preset.search_space(),
            initial: preset.initial().blocks().to_vec(),
            layers: preset.budget.layers.expect("a cap"),
            found: Vec::new(),
        };
        all.extend(&mut Vec::new(), 0);
        all.found
    }

    fn extend(&mut self, blocks: &mut Vec<Block>, filled: usize) {
        let depth: u32 = blocks.iter().map(|b| b.sub_layers).sum();
        if depth > self.layers {
            return;
        }
        if filled == self.initial.len() {
            self.found.extend(Structure::new(blocks.clone()));
        }
        // The next block of the initial structure, or one that was split off the one before.
        if let Some(&next) = self.initial.get(filled) {
            let options = self.options(blocks, next, filled, true);
            self.place(blocks, options, filled + 1);
        }
        if let Some(&before) = filled.checked_sub(1).and_then(|i| self.initial.get(i))
            && self.space.is_free_residual(&self.initial, filled - 1)
            && self.space.depths_vary()
        {
            let like = Block { stride: 1, ..before };
            let options = self.options(blocks, like, filled - 1, false);
            self.place(blocks, options, filled);
        }
    }

    fn place(&mut self, blocks: &mut Vec<Block>, options: Vec<Block>, filled: usize) {
        for block in options {
            blocks.push(block);
            self.extend(blocks, filled);
            blocks.pop();
        }
    }

    /// What mutations make of a block `like` that; one that was never drawn keeps what a drawn one
    /// can't have.
    fn options(&self, blocks: &[Block], like: Block, index: usize, undrawn: bool) -> Vec<Block> {
        let in_channels = blocks.last().map_or(like.in_channels, |b| b.out_channels);
        let like = Block { in_channels, ..like };
        let fixed = self.space.is_fixed(index, self.initial.len());
        let outs = self.space.reachable_widths(like.out_channels);
        if fixed {
            vec![like]
        } else if !like.kind.is_residual() {
            outs.iter().map(|&out_channels| Block { out_channels, ..like }).collect()
        } else {
            let depths = if self.space.depths_vary() {
                1..=DEEPEST
            } else {
                like.sub_layers..=like.sub_layers
            };
            let kinds: Vec<BlockKind> = self.space.kinds().collect();
            let inners = self.space.reachable_widths(like.bottleneck);
            let mut options = Vec::new();
            for kind in kinds {
                for &out_channels in &outs {
                    for &bottleneck in &inners {
                        options.extend(depths.clone().map(|sub_layers| Block {
                            kind,
                            out_channels,
                            bottleneck,
                            sub_layers,
                            ..like
                        }));
                    }
                }
            }
            if undrawn && !options.contains(&like) {
                options.push(like);
            }
            options
        }
    }
}

/// Two tables of made-up measurements, so uneven that a wider layer is often the faster one.
pub static CLOCK: LazyLock<Arc<Clock>> = LazyLock::new(|| {
    let predictors = (1..=2).map(|seed| {
        let predictor = Predictor::new(&uneven_table(seed), Some(1), 8).expect("it has the batch");
        Arc::new(predictor)
    });
    Arc::new(Clock::new(predictors.collect()).expect("two"))
});

fn uneven_table(seed: u64) -> Table {
    let mut table = Table::new(Provenance::default());
    let mut stream = Stream::of_candidate(seed, Purpose::Noise, 0);
    let channels = [3, 8, 16, 24, 32, 48];
    for operation in [Operation::Regular, Operation::Depthwise] {
        for (kernel, stride, sum) in
            [1, 3, 5, 7].into_iter().flat_map(|k| [(k, 1, false), (k, 2, false), (k, 1, true)])
        {
            for (in_channels, out_channels) in
                channels.into_iter().flat_map(|i| channels.map(|out| (i, out)))
            {
                if operation == Operation::Depthwise && in_channels != out_channels {
                    continue;
                }
                for side in [1, 2, 4, 8] {
                    let layer = FusedLayer {
                        operation,
                        in_channels,
                        side,
                        out_channels,
                        kernel,
                        stride,
                        sum,
                    };
                    let uneven = 0.5 + f64::from(stream.below(1_000)) / 500.0;
                    let ms = uneven * (0.01 + layer.flops() / 1e6 + layer.elements() / 1e5);
                    table.rows.push(Row { layer, batch: 1, ms, spread: None });
                }
            }
        }
    }
    table
}

/// What a search by `preset` counts, latencies included.
pub fn cost(preset: &Preset, structure: &Structure) -> Costs {
    let space = preset.search_space();
    let latency_ms = CLOCK.net(structure, space.net());
    Costs { latency_ms, ..costs(structure, space.net(), preset.budgets().counting) }
}

/// Whether a search with `preset` would let `structure` in.
pub fn is_allowed(preset: &Preset, structure: &Structure) -> bool {
    let (space, budgets) = (preset.search_space(), preset.budgets());
    let costs = cost(preset, structure);
    budgets.broken(&costs).is_none() && space.constraints().broken(structure.blocks()).is_none()
}

/// Budgets beside the cap on layers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub params: Option<u64>,
    pub flops: Option<u64>,
    pub activation: Option<u64>,
    /// By the first table, and by the second.
    pub latency_ms: [Option<f64>; 2],
}

/// A preset small enough to list everything, as TOML.
#[derive(Clone, Debug)]
pub struct Tiny {
    pub idw: bool,
    pub initial: usize,
    pub kernels: Vec<u32>,
    pub width_max: u32,
    /// Of 4, inverted bottlenecks are wider inside than in proportion.
    pub width_multiple: u32,
    pub layers: u32,
    pub fixed_last: bool,
    /// Share of the way from the cheapest net's cost to the dearest's.
    pub params: Option<f64>,
    pub flops: Option<f64>,
    pub activation: Option<f64>,
    pub latency: [Option<f64>; 2],
    pub exact: bool,
    pub definition: &'static str,
    pub constraint: &'static str,
    pub se: bool,
}

impl Tiny {
    fn initial(&self) -> String {
        let kind = if self.idw { "SuperResIDWE2K3" } else { "SuperResK3K3" };
        let body = match self.initial {
            0 => format!("{kind}(8,8,2,8,1)"),
            1 => format!("{kind}(8,16,1,16,1){kind}(16,16,2,16,1)"),
            // Two of stride 1 in a row: either may be followed by more.
            _ => format!("{kind}(8,8,1,8,1){kind}(8,8,1,8,1)"),
        };
        let out = if self.initial == 1 { 16 } else { 8 };
        format!("SuperConvK3BNRELU(3,8,1,1){body}SuperConvK1BNRELU({out},16,1,1)")
    }

    fn text(&self, limits: &Limits) -> String {
        let families = if self.idw { "[\"IDW\"]" } else { "[\"KxKx\", \"K1KxK1\"]" };
        let limit = |name: &str, most: Option<u64>| match most {
            Some(most) => format!("{name} = {most}\n"),
            None => String::new(),
        };
        format!(
            "version = 1\n[space]\nfamilies = {families}\nkernels = {:?}\nexpansions = [1, 2]\n\
             width_max = {}\nwidth_multiple = {}\nfixed = {}\ninitial = \"{}\"\nresolution = 8\nclasses = 10\nse = {}\n{}\n\
             [budget]\nlayers = {}\n{}{}{}{}counting = \"{}\"\n[score]\ndefinition = \"{}\"\n",
            self.kernels,
            self.width_max,
            self.width_multiple,
            if self.fixed_last { "[\"last\"]" } else { "[]" },
            self.initial(),
            self.se,
            self.constraint,
            self.layers,
            limit("params", limits.params),
            limit("flops", limits.flops),
            limit("activation", limits.activation),
            latency(limits.latency_ms),
            if self.exact { "exact" } else { "reference" },
            self.definition,
        )
    }

    pub fn preset(&self, limits: &Limits) -> Preset {
        let text = self.text(limits);
        let source = PresetSource::find("tiny.toml", &|_| Ok(text.clone()));
        source.and_then(|source| source.preset()).expect("valid")
    }
}

fn latency([first, second]: [Option<f64>; 2]) -> String {
    let told = |name: &str, ms: Option<f64>| {
        let ms = ms.map_or_else(String::new, |ms| format!(", ms = {ms}"));
        format!("{name} = {{ table = \"made-up\"{ms} }}\n")
    };
    told("latency", first) + &told("latency2", second)
}

pub fn tiny() -> impl Strategy<Value = Tiny> {
    let shape = (any::<bool>(), 0..3_usize, any::<bool>(), any::<bool>());
    let lists = (
        prop_oneof![Just(vec![3]), Just(vec![5]), Just(vec![3, 7])],
        prop_oneof![Just((16_u32, 8_u32)), Just((24, 8)), Just((16, 4))],
        0..=1_u32,
    );
    let share = || prop_oneof![1 => Just(None), 3 => (0.02..0.9_f64).prop_map(Some)];
    let rest = (
        prop_oneof![Just("table"), Just("paper"), Just("reference")],
        prop_oneof![
            3 => Just(""),
            1 => Just("bottleneck_ratio_min = 0.75"),
            1 => Just("non_decreasing = true"),
            1 => Just("out_ratio_max = 2.0"),
            1 => Just("stage_depth_max = 2"),
        ],
        any::<bool>(),
    );
    let seldom = || prop_oneof![2 => Just(None), 1 => (0.02..0.9_f64).prop_map(Some)];
    let shares = (share(), share(), seldom(), seldom(), seldom());
    (shape, lists, shares, rest).prop_map(|(shape, lists, shares, rest)| {
        let (params, flops, activation, first, second) = shares;
        let (idw, initial, fixed_last, exact) = shape;
        let (kernels, widths, more) = lists;
        let (definition, constraint, se) = rest;
        // As few layers beyond the initial structure's as keep the list short.
        let layers = if initial == 0 { 4 + more } else { 5 };
        let (width_max, width_multiple) =
            if initial == 0 && kernels.len() == 1 { widths } else { (16, 8) };
        let kernels = if initial == 0 || idw { kernels } else { vec![kernels[0]] };
        Tiny {
            idw,
            initial,
            kernels,
            width_max,
            width_multiple,
            layers,
            fixed_last,
            params,
            flops,
            activation,
            latency: [first, second],
            exact,
            definition,
            constraint,
            se,
        }
    })
}
