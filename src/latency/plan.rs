//! What should be timed of a space: a coarse grid of widths for each kind of layer, then more where the grid
//! doesn't foretell what lies between.
//!
//! Must not know: how a layer is timed, clocks. Invariant: what comes next follows from the groups, the settings
//! and what was told so far; a table that was begun is continued as if nobody had stopped.

use std::collections::{BTreeMap, VecDeque};

use super::{
    FusedLayer, Operation, Row,
    grid::{Cell, Grid, Range},
    walk_fused, walk_fused_head,
};
use crate::arch::{Block, NetSpec, Shape};

/// Layers that differ in their widths alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// With the narrowest widths.
    narrow: FusedLayer,
    taken: Range,
    given: Range,
}

impl Group {
    /// Whether it is one of these layers.
    pub fn covers(&self, layer: &FusedLayer) -> bool {
        let Range { least, most } = self.taken;
        let Range { least: least_given, most: most_given } = self.given;
        let like = |layer: &FusedLayer| FusedLayer { in_channels: 0, out_channels: 0, ..*layer };
        like(layer) == like(&self.narrow)
            && (least..=most).contains(&layer.in_channels)
            && (least_given..=most_given).contains(&layer.out_channels)
    }
}

/// Collects the groups of a space from the blocks that it may have.
#[derive(Clone, Debug, Default)]
pub struct Groups(BTreeMap<(FusedLayer, bool, bool), [u32; 4]>);

impl Groups {
    /// All layers of a block of the narrowest and of the widest widths, alike in all else, behind maps of `side`:
    /// widths that don't differ are the only ones.
    pub fn add_block(&mut self, [narrow, wide]: [&Block; 2], side: u32, spec: &NetSpec) {
        let mut sides = [side; 2];
        for sub_layer in 0..narrow.sub_layers.min(2) {
            let layers = [0, 1].map(|at| {
                let mut layers = Vec::new();
                let block = [narrow, wide][at];
                sides[at] = walk_fused(block, sub_layer, sides[at], spec, &mut |l| layers.push(l));
                layers
            });
            self.add(&layers);
        }
    }

    /// The layers behind the last maps.
    pub fn add_head(&mut self, maps: [Shape; 2], spec: &NetSpec) {
        let layers = maps.map(|maps| {
            let mut layers = Vec::new();
            walk_fused_head(maps, spec, &mut |layer| layers.push(layer));
            layers
        });
        self.add(&layers);
    }

    fn add(&mut self, [narrow, wide]: &[Vec<FusedLayer>; 2]) {
        for (narrow, wide) in narrow.iter().zip(wide) {
            let key = FusedLayer { in_channels: 0, out_channels: 0, ..*narrow };
            let fixed =
                (narrow.in_channels == wide.in_channels, narrow.out_channels == wide.out_channels);
            let widths =
                [narrow.in_channels, wide.in_channels, narrow.out_channels, wide.out_channels];
            // What is fixed at another width is another kind of layer, which shares a grid all the same.
            let known = self.0.entry((key, fixed.0, fixed.1)).or_insert(widths);
            for (at, width) in widths.into_iter().enumerate() {
                let wider = at % 2 == 1;
                known[at] = if wider { known[at].max(width) } else { known[at].min(width) };
            }
        }
    }

    pub fn groups(&self) -> Vec<Group> {
        let all = self.0.iter().map(|((key, ..), widths)| {
            let [taken, most_taken, given, most_given] = *widths;
            Group {
                narrow: FusedLayer { in_channels: taken, out_channels: given, ..*key },
                taken: Range { least: taken, most: most_taken },
                given: Range { least: given, most: most_given },
            }
        });
        all.collect()
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanSettings {
    pub batch: u32,
    /// What lies between may be off by this share.
    pub tolerance: f64,
    /// Widths whose ratio is no larger have nothing between them.
    pub least_ratio: f64,
    /// Of all widths between.
    pub width_multiple: u32,
    /// Layers slower than this are left out, milliseconds.
    pub most_ms: f64,
    /// Layers with more weights can't be part of a network.
    pub most_weights: Option<u64>,
    /// The same for multiply-adds of one sample.
    pub most_flops: Option<u64>,
}

/// Why a layer isn't timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It would take longer than the longest that is wanted.
    Slow,
    /// Budgets allow no network with it.
    OverBudget,
    /// It doesn't fit the memory, or failed otherwise.
    Failed,
}

impl Skip {
    pub fn name(self) -> &'static str {
        match self {
            Skip::Slow => "slower than wanted",
            Skip::OverBudget => "over a budget by itself",
            Skip::Failed => "failed",
        }
    }
}

/// What is known of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Measured { ms: f64, spread: f64 },
    Skipped(Skip),
}

/// Where a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Corners of cells.
    Corners,
    /// Their centres, which tell which cells are to be split.
    Centres,
}

/// What is to be timed, step by step.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: PlanSettings,
    grids: Vec<Grid>,
    known: BTreeMap<FusedLayer, Known>,
    /// Multiply-adds a millisecond, of the fastest layer so far, by operation.
    rates: BTreeMap<Operation, f64>,
    /// Cells of this level, with the grid they belong to.
    cells: Vec<(usize, Cell)>,
    stage: Stage,
    open: VecDeque<FusedLayer>,
    measured: usize,
}

impl Plan {
    /// Of `groups`; layers in `rows` of the same batch are known already.
    pub fn new(groups: &[Group], settings: PlanSettings, rows: &[Row]) -> Plan {
        let grids: Vec<Grid> = groups
            .iter()
            .map(|group| Grid::coarse(group.narrow, [group.taken, group.given]))
            .collect();
        let mut plan = Plan {
            settings,
            known: BTreeMap::new(),
            rates: BTreeMap::new(),
            cells: grids
                .iter()
                .enumerate()
                .flat_map(|(at, grid)| grid.cells().into_iter().map(move |cell| (at, cell)))
                .collect(),
            grids,
            stage: Stage::Corners,
            open: VecDeque::new(),
            measured: 0,
        };
        for row in rows.iter().filter(|row| row.batch == settings.batch) {
            plan.note(row.layer, row.ms, row.spread.unwrap_or(0.0));
        }
        plan.open_corners();
        plan
    }

    /// The next layer to be timed; none at the end.
    pub fn next_layer(&mut self) -> Option<FusedLayer> {
        loop {
            while let Some(&layer) = self.open.front() {
                if self.known.contains_key(&layer) {
                    self.open.pop_front();
                    continue;
                }
                match self.excluded(&layer) {
                    Some(skip) => {
                        self.known.insert(layer, Known::Skipped(skip));
                    }
                    None => return Some(layer),
                }
            }
            match self.stage {
                Stage::Corners if self.cells.is_empty() => return None,
                Stage::Corners => self.open_centres(),
                Stage::Centres => self.split(),
            }
        }
    }

    /// What came of it: the median, milliseconds, and the spread of the runs.
    pub fn tell(&mut self, layer: FusedLayer, outcome: Result<(f64, f64), Skip>) {
        match outcome {
            Ok((ms, spread)) => {
                self.measured += 1;
                self.note(layer, ms, spread);
            }
            Err(skip) => {
                self.known.insert(layer, Known::Skipped(skip));
            }
        }
    }

    fn note(&mut self, layer: FusedLayer, ms: f64, spread: f64) {
        let rate = layer.flops() * f64::from(self.settings.batch) / ms;
        let best = self.rates.entry(layer.operation).or_insert(rate);
        *best = best.max(rate);
        self.known.insert(layer, Known::Measured { ms, spread });
    }

    /// Layers that were told, those of the table they began with apart.
    pub fn measured(&self) -> usize {
        self.measured
    }

    /// Layers that wait, as far as is known: refining may bring more.
    pub fn waiting(&self) -> usize {
        self.open.iter().filter(|layer| !self.known.contains_key(layer)).count()
    }

    /// How many layers were left out, and why.
    pub fn skipped(&self) -> BTreeMap<Skip, usize> {
        let mut counts = BTreeMap::new();
        for known in self.known.values() {
            if let Known::Skipped(skip) = known {
                *counts.entry(*skip).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Milliseconds that the fastest layer's rate promises; none before one was timed.
    pub fn promised_ms(&self, layer: &FusedLayer) -> Option<f64> {
        let rate = self.rates.get(&layer.operation)?;
        Some(layer.flops() * f64::from(self.settings.batch) / rate)
    }

    /// Multiply-adds of one sample that regular convs do in `ms` at the rate of the fastest; none before one was
    /// timed.
    pub fn flops_within(&self, ms: f64) -> Option<u64> {
        let rate = self.rates.get(&Operation::Regular)?;
        Some((rate * ms / f64::from(self.settings.batch)) as u64)
    }

    fn excluded(&self, layer: &FusedLayer) -> Option<Skip> {
        let over = |cost: f64, most: Option<u64>| most.is_some_and(|most| cost > most as f64);
        let PlanSettings { most_weights, most_flops, most_ms, .. } = self.settings;
        if over(layer.weights(), most_weights) || over(layer.flops(), most_flops) {
            return Some(Skip::OverBudget);
        }
        self.promised_ms(layer).is_some_and(|ms| ms > most_ms).then_some(Skip::Slow)
    }

    fn measured_of(&self, layer: &FusedLayer) -> Option<(f64, f64)> {
        match self.known.get(layer)? {
            Known::Measured { ms, spread } => Some((*ms, *spread)),
            Known::Skipped(_) => None,
        }
    }

    /// Small layers first: they tell the rates that larger ones are judged by.
    fn open_corners(&mut self) {
        let layers = self.cells.iter().flat_map(|(grid, cell)| {
            let grid = self.grids[*grid];
            cell.corners().map(|widths| grid.layer(widths))
        });
        self.open(layers.collect());
        self.stage = Stage::Corners;
    }

    fn open_centres(&mut self) {
        let PlanSettings { least_ratio, width_multiple, .. } = self.settings;
        let measured = |grid: &Grid, widths| self.measured_of(&grid.layer(widths)).is_some();
        let (mut kept, mut centres) = (Vec::new(), Vec::new());
        for (index, cell) in &self.cells {
            let grid = self.grids[*index];
            // Where nothing is small enough, or nothing fits between, there is nothing to find.
            let Some(centre) = cell.centre(width_multiple, least_ratio) else { continue };
            if !measured(&grid, cell.corners()[0]) {
                continue;
            }
            kept.push((*index, *cell));
            // A cell that the limits cut is split anyway.
            if cell.corners().into_iter().all(|widths| measured(&grid, widths)) {
                centres.push(grid.layer(centre));
            }
        }
        self.cells = kept;
        self.open(centres);
        self.stage = Stage::Centres;
    }

    /// Cells that foretell their centre are left; the others become cells of the next level.
    fn split(&mut self) {
        let PlanSettings { least_ratio, width_multiple, tolerance, .. } = self.settings;
        let mut next = Vec::new();
        for (index, cell) in &self.cells {
            let grid = self.grids[*index];
            let Some(centre) = cell.centre(width_multiple, least_ratio) else { continue };
            let corners = cell.corners().map(|widths| self.measured_of(&grid.layer(widths)));
            let foretold = match (corners, self.measured_of(&grid.layer(centre))) {
                ([Some(a), Some(b), Some(c), Some(d)], Some((ms, spread))) => {
                    let promised = cell.interpolated([a.0, b.0, c.0, d.0], centre);
                    (promised / ms - 1.0).abs() <= tolerance.max(spread)
                }
                _ => false,
            };
            if !foretold {
                next.extend(cell.split(centre).into_iter().map(|part| (*index, part)));
            }
        }
        self.cells = next;
        self.open_corners();
    }

    fn open(&mut self, mut layers: Vec<FusedLayer>) {
        layers.retain(|layer| !self.known.contains_key(layer));
        layers.sort_by(|a, b| a.flops().total_cmp(&b.flops()).then(a.cmp(b)));
        layers.dedup();
        self.open = layers.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Structure;

    const SETTINGS: PlanSettings = PlanSettings {
        batch: 4,
        tolerance: 0.05,
        least_ratio: 1.5,
        width_multiple: 8,
        most_ms: 1e6,
        most_weights: None,
        most_flops: None,
    };

    fn groups() -> Vec<Group> {
        let blocks = |width: u32| -> Structure {
            let text = format!(
                "SuperConvK3BNRELU(3,{width},1,1)SuperResK3K3({width},{width},2,{width},2)"
            );
            text.parse().expect("valid")
        };
        let (narrow, wide) = (blocks(8), blocks(512));
        let spec = NetSpec::residual(16, 10);
        let mut groups = Groups::default();
        let mut side = 16;
        for (narrow, wide) in narrow.blocks().iter().zip(wide.blocks()) {
            groups.add_block([narrow, wide], side, &spec);
            side = side.div_ceil(narrow.stride);
        }
        groups.add_head([8, 512].map(|channels| Shape { channels, resolution: side }), &spec);
        groups.groups()
    }

    /// All layers in their order with what a clock tells of them.
    fn run(plan: &mut Plan, clock: &dyn Fn(&FusedLayer) -> f64) -> Vec<Row> {
        let mut rows = Vec::new();
        while let Some(layer) = plan.next_layer() {
            let ms = clock(&layer);
            plan.tell(layer, Ok((ms, 0.0)));
            rows.push(Row { layer, batch: SETTINGS.batch, ms, spread: None });
            assert!(rows.len() < 10_000);
        }
        rows
    }

    fn smooth(layer: &FusedLayer) -> f64 {
        1e-6 * layer.flops()
    }

    #[test]
    fn widths_that_never_change_have_no_range() {
        let groups = groups();
        let first = groups
            .iter()
            .find(|g| g.narrow.side == 16 && g.narrow.kernel == 3 && g.narrow.stride == 1);
        let first = first.expect("the first conv");
        assert_eq!(first.taken, Range { least: 3, most: 3 });
        assert_eq!(first.given, Range { least: 8, most: 512 });
        let head = groups.iter().find(|g| g.narrow.side == 1).expect("the classifier");
        assert_eq!((head.taken.most, head.given), (512, Range { least: 10, most: 10 }));
        assert!(groups.iter().any(|g| g.narrow.sum) && groups.iter().any(|g| !g.narrow.sum));
    }

    #[test]
    fn what_is_smooth_is_measured_coarsely() {
        let all = groups();
        let rows = run(&mut Plan::new(&all, SETTINGS, &[]), &smooth);
        // 8, 32, 128, 512 a side and a centre for each cell.
        let of = |kernel, side, stride, sum| {
            let like = |row: &&Row| {
                let layer = row.layer;
                (layer.kernel, layer.side, layer.stride, layer.sum) == (kernel, side, stride, sum)
                    && layer.in_channels != 3
            };
            rows.iter().filter(like).count()
        };
        assert_eq!(of(3, 16, 2, false), 16 + 9);
        assert_eq!(of(1, 1, 1, false), 4 + 3);
        let flops = rows.iter().map(|row| row.layer.flops());
        assert!(flops.clone().next() < flops.clone().nth(20));
    }

    #[test]
    fn a_step_is_refined_where_it_is() {
        let all = groups();
        let stepped = |layer: &FusedLayer| {
            smooth(layer) * if layer.out_channels > 200 && layer.stride == 2 { 2.0 } else { 1.0 }
        };
        let rows = run(&mut Plan::new(&all, SETTINGS, &[]), &stepped);
        let plain = run(&mut Plan::new(&all, SETTINGS, &[]), &smooth);
        assert!(rows.len() > plain.len() + 20);
        for row in rows.iter().filter(|row| !plain.iter().any(|p| p.layer == row.layer)) {
            assert_eq!(row.layer.stride, 2, "{row:?}");
            assert!((128..=512).contains(&row.layer.out_channels), "{row:?}");
        }
    }

    #[test]
    fn a_plan_goes_on_where_a_table_ends() {
        let all = groups();
        let clock = |layer: &FusedLayer| smooth(layer) + f64::from(layer.out_channels % 48) * 1e-3;
        let whole = run(&mut Plan::new(&all, SETTINGS, &[]), &clock);
        for cut in [0, 7, whole.len() / 2, whole.len() - 1] {
            let (done, expected) = whole.split_at(cut);
            assert_eq!(run(&mut Plan::new(&all, SETTINGS, done), &clock), expected);
        }
        let mut other = whole.clone();
        other.iter_mut().for_each(|row| row.batch = 1);
        assert_eq!(run(&mut Plan::new(&all, SETTINGS, &other), &clock), whole);
    }

    #[test]
    fn limits_leave_layers_out_and_say_why() {
        let all = groups();
        let settings = PlanSettings { most_ms: 5.0, most_weights: Some(300_000), ..SETTINGS };
        let mut plan = Plan::new(&all, settings, &[]);
        let rows = run(&mut plan, &smooth);
        assert!(rows.iter().all(|row| row.layer.weights() <= 300_000.0));
        assert!(rows.iter().all(|row| row.ms <= 5.0 * 1.001));
        let skipped = plan.skipped();
        assert!(skipped[&Skip::Slow] > 0 && skipped[&Skip::OverBudget] > 0, "{skipped:?}");
        assert_eq!(plan.measured(), rows.len());
        // What is cut is split, so that the limit is approached.
        let most = rows.iter().map(|row| row.ms).fold(0.0, f64::max);
        assert!(most > 2.5, "{most}");
    }
}
