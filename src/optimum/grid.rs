//! The graph of all structures: nodes between blocks, and what may stand between two of them.

use std::ops::ControlFlow;

use rayon::{ThreadPool, prelude::*};

use super::{
    Target, Unsolvable,
    dual::MOST_CHAINS,
    parts::Probe,
    place::{Key, Place, union},
    problem::{LIMITS, Maps, Problem},
};

/// Nodes after so many slots, each with the widths that may leave it.
#[derive(Debug)]
pub(super) struct Grid {
    /// By the number of slots filled: channels, in rising order.
    pub widths: Vec<Vec<u32>>,
    pub places: Vec<Place>,
    /// By slot: the place of its block, and of those that may follow it.
    pub slots: Vec<usize>,
    pub extras: Vec<Option<usize>>,
    /// By the last width: log Δ, and what the head costs.
    pub ends: Vec<[f64; 1 + LIMITS]>,
    /// Most residual sub-layers of a stage; 0 where there is no such limit, or none that binds.
    pub stage_depth: u32,
}

/// Neighbours of a thinned grid are at least so far apart.
const THIN: f64 = 1.12;

/// Most memory of a solution beside its labels, bytes.
const MOST_MEMORY: u128 = 3 << 30;

/// How fine a grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mesh {
    /// Some of the widths, enough to find the prices roughly.
    Thin,
    Full,
}

impl Grid {
    /// For targets no wider than `target`, and those with one sub-layer more. `tell` is called now and
    /// then, and ends the work.
    pub(super) fn new(
        problem: &Problem,
        target: &Target,
        mesh: Mesh,
        pool: &ThreadPool,
        tell: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Grid, Unsolvable> {
        let (mut keys, mut slots, mut extras) = (Vec::new(), Vec::new(), Vec::new());
        let mut widths = vec![vec![problem.input_channels]];
        let mut maps = problem.input_maps();
        for slot in &problem.slots {
            let ins = widths.last().expect("one from the start").clone();
            let behind = maps.behind(slot.stride);
            let mut outs = union(slot.choices.iter().chain(&slot.extras).map(|c| &c.outs));
            let limits = &target.limits;
            let probe = Probe { problem, limits, stride: slot.stride, maps };
            // A further block may give what the slot's own can't.
            let further = Probe { problem, limits, stride: 1, maps: behind };
            let narrowest = outs[0];
            outs.retain(|&out| {
                probe.fits_out(&slot.choices, [ins[0], out])
                    || further.fits_out(&slot.extras, [narrowest, out])
            });
            let mut choices = [slot.choices.clone(), slot.extras.clone()];
            if mesh == Mesh::Thin {
                outs = thin(&outs);
                for choice in choices.iter_mut().flatten() {
                    choice.inners = thin(&choice.inners);
                }
            }
            if outs.is_empty() {
                return Err(Unsolvable::NothingFits);
            }
            let [choices, extra] = choices;
            let (stride, key_outs) = (slot.stride, outs.clone());
            let key = Key { stride, maps, ins, outs: key_outs, choices };
            slots.push(place_of(key, &mut keys));
            extras.push((!extra.is_empty()).then(|| {
                let (ins, outs) = (outs.clone(), outs.clone());
                let key = Key { stride: 1, maps: behind, ins, outs, choices: extra };
                place_of(key, &mut keys)
            }));
            widths.push(outs);
            maps = behind;
        }
        // What not even all sub-layers together exceed is no limit, and would only cost memory.
        let stage_depth = problem.constraints.stage_depth();
        let stage_depth = stage_depth.filter(|&most| most <= target.layers).unwrap_or(0);
        check_memory(&Sizes { keys: &keys, widths: &widths, stage_depth, target })?;
        let mut places: Vec<Place> = Vec::new();
        for keys in keys.chunks(pool.current_num_threads()) {
            if tell().is_break() {
                return Err(Unsolvable::Ended);
            }
            let some = keys.par_iter().map(|key| Place::new(problem, target, key));
            places.extend(pool.install(|| some.collect::<Vec<_>>()));
        }
        let ends = widths.last().expect("one a slot").iter();
        let ends = ends.map(|&channels| end(problem, target, channels, maps)).collect();
        Ok(Grid { widths, places, slots, extras, ends, stage_depth })
    }

    /// What may stand behind a node after `filled` slots: places, with the slots filled behind them.
    pub(super) fn ways(&self, filled: usize) -> impl Iterator<Item = (usize, usize)> {
        let extra = filled.checked_sub(1).and_then(|slot| self.extras[slot]);
        let next = self.slots.get(filled).copied();
        extra.map(|place| (place, filled)).into_iter().chain(next.map(|place| (place, filled + 1)))
    }

    pub(super) fn is_end(&self, filled: usize) -> bool {
        filled == self.slots.len()
    }

    /// The residual sub-layers of the stage so far behind a block of `place` with `depth`; none where
    /// they are too many.
    pub(super) fn stage_behind(&self, place: &Place, stage: u32, depth: u32) -> Option<u32> {
        if self.stage_depth == 0 || !place.is_residual {
            return Some(stage);
        }
        let behind = if place.stride > 1 { 0 } else { stage } + depth;
        (behind <= self.stage_depth).then_some(behind)
    }

    /// How many counts of residual sub-layers a node is told apart by.
    pub(super) fn stages(&self) -> usize {
        self.stage_depth as usize + 1
    }
}

fn place_of(key: Key, keys: &mut Vec<Key>) -> usize {
    let known = keys.iter().position(|k| *k == key);
    known.unwrap_or_else(|| {
        keys.push(key);
        keys.len() - 1
    })
}

fn end(problem: &Problem, target: &Target, channels: u32, maps: Maps) -> [f64; 1 + LIMITS] {
    let mut measures = [0.0; 1 + LIMITS];
    measures[0] = problem.objective.end(channels, maps.score);
    let head = problem.head_costs(channels, maps.costs);
    for (measure, limit) in measures[1..].iter_mut().zip(&target.limits) {
        *measure = limit.of(&head);
    }
    measures
}

/// What the memory of a solution depends on.
struct Sizes<'a> {
    keys: &'a [Key],
    widths: &'a [Vec<u32>],
    stage_depth: u32,
    target: &'a Target,
}

impl Sizes<'_> {
    /// Tables, the chains that are there at once (those that are kept and one that is made), and the
    /// lists of labels; labels have a limit of their own.
    fn bytes(&self) -> u128 {
        const NUMBER: u128 = size_of::<f64>() as u128;
        const LIST: u128 = size_of::<Vec<f64>>() as u128;
        const CHAINS: u128 = MOST_CHAINS as u128 + 1;
        let many = |count: usize| count as u128;
        let measures = many(1 + self.target.limits.len());
        let (mut tables, mut gains) = (0, 0);
        for Key { ins, outs, choices, .. } in self.keys {
            let inners = choices.iter().map(|choice| choice.inners.len()).max().unwrap_or(0);
            let depths = choices.iter().map(|choice| choice.depths.len()).max().unwrap_or(0);
            let (ins, outs, inners) = (many(ins.len()), many(outs.len()), many(inners));
            let cells = ins * inners + 2 * inners * outs + ins * outs;
            tables += NUMBER * cells * measures * many(choices.len());
            gains += NUMBER * ins * outs * many(depths);
        }
        // A solution may be asked for with one sub-layer more, and none left is a row as well.
        let rows = u128::from(self.target.layers) + 2;
        let stages = u128::from(self.stage_depth) + 1;
        let nodes: u128 = self.widths.iter().map(|widths| many(widths.len())).sum();
        let widest = many(self.widths.iter().map(Vec::len).max().unwrap_or(0));
        let values = NUMBER * rows * stages * nodes;
        let lists = LIST * rows * stages * many(self.widths.len()) * widest;
        tables + CHAINS * (gains + values) + lists
    }
}

fn check_memory(sizes: &Sizes) -> Result<(), Unsolvable> {
    let needed = sizes.bytes();
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    let widths = sizes.widths.iter().map(Vec::len).max().unwrap_or(0);
    let gigabytes = |bytes: u128| u64::try_from(bytes >> 30).unwrap_or(u64::MAX);
    let (gigabytes, most) = (gigabytes(needed).saturating_add(1), gigabytes(MOST_MEMORY));
    Err(Unsolvable::TooLarge { widths, gigabytes, most })
}

fn thin(widths: &[u32]) -> Vec<u32> {
    let mut kept: Vec<u32> = Vec::new();
    for (i, &width) in widths.iter().enumerate() {
        let is_far = kept.last().is_none_or(|&last| f64::from(width) >= THIN * f64::from(last));
        if is_far || i + 1 == widths.len() {
            kept.push(width);
        }
    }
    kept
}
