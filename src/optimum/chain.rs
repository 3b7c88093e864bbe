//! What the rest of a structure is worth at given prices of the budgets: a longest path, layer by
//! layer from the end, and the structure it goes through.

use rayon::prelude::*;

use super::{
    grid::Grid,
    place::{Measures, NEVER, Pairs, Place, Shape, Table},
    problem::{LIMITS, Limit},
};
use crate::arch::Block;

/// Score a unit of each limit's cost.
pub(super) type Prices = [f64; LIMITS];

/// Σ measures, the costs at their prices.
pub(super) fn reduced(measures: &Measures, prices: &Prices) -> f64 {
    let costs = prices.iter().zip(&measures[1..]);
    measures[0] - costs.map(|(price, cost)| price * cost).sum::<f64>()
}

/// The best a block of a place can add at the prices: `[a, depth, c]`, over kinds and bottlenecks.
#[derive(Debug)]
pub(super) struct Gains(Vec<f64>);

impl Gains {
    pub(super) fn row(&self, place: &Place, a: usize, depth: usize) -> &[f64] {
        let width = place.outs.len();
        let start = (a * place.depths.len() + depth) * width;
        &self.0[start..start + width]
    }
}

/// The longest paths at some prices.
#[derive(Debug)]
pub(super) struct Chain {
    pub prices: Prices,
    pub gains: Vec<Gains>,
    /// By slots filled, layers left (at most), then sub-layers of the stage × width.
    values: Vec<Vec<Vec<f64>>>,
}

/// A block of a path: its place, the table of its kind, the indices of its widths, its depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub place: u16,
    pub table: u16,
    pub widths: [u16; 3],
    pub depth: u16,
}

impl Step {
    pub(super) fn measures(&self, grid: &Grid) -> Measures {
        let place = &grid.places[usize::from(self.place)];
        let table = &place.tables[usize::from(self.table)];
        place.measures(table, self.widths.map(usize::from), u32::from(self.depth))
    }

    pub(super) fn block(&self, grid: &Grid) -> Block {
        let place = &grid.places[usize::from(self.place)];
        let table = &place.tables[usize::from(self.table)];
        place.block(table, self.widths.map(usize::from), u32::from(self.depth))
    }
}

impl Chain {
    /// For structures of at most `layers` sub-layers.
    pub(super) fn new(grid: &Grid, prices: Prices, layers: u32) -> Chain {
        let gains: Vec<Gains> = grid.places.iter().map(|place| gains(place, &prices)).collect();
        let mut chain = Chain { prices, gains, values: Vec::new() };
        chain.values = vec![Vec::new(); grid.widths.len()];
        for filled in (0..grid.widths.len()).rev() {
            for left in 0..=layers {
                let row = chain.row(grid, filled, left);
                chain.values[filled].push(row);
            }
        }
        chain
    }

    /// The most that can be added behind a node.
    pub(super) fn value(&self, node: Node, grid: &Grid) -> f64 {
        self.values_at(node, grid)[node.width]
    }

    /// Of the nodes that differ in their width only.
    pub(super) fn values_at(&self, node: Node, grid: &Grid) -> &[f64] {
        let width = grid.widths[node.filled].len();
        let start = node.stage as usize * width;
        &self.values[node.filled][node.left as usize][start..start + width]
    }

    /// An upper bound of the score within `limits` and `layers` (the Lagrangian dual).
    pub(super) fn bound(&self, grid: &Grid, limits: &[Limit], layers: u32) -> f64 {
        let free = self.value(Node::start(layers), grid);
        free + limits.iter().zip(&self.prices).map(|(l, price)| l.bound() * price).sum::<f64>()
    }

    fn row(&self, grid: &Grid, filled: usize, left: u32) -> Vec<f64> {
        let width = grid.widths[filled].len();
        let mut values = vec![NEVER; width * grid.stages()];
        let cells = values.par_chunks_mut(width).enumerate();
        cells.for_each(|(stage, values)| {
            values.par_iter_mut().with_min_len(8).enumerate().for_each(|(a, value)| {
                let node = Node { filled, left, stage: stage as u32, width: a };
                *value = self.best_behind(grid, node);
            });
        });
        values
    }

    fn best_behind(&self, grid: &Grid, node: Node) -> f64 {
        let end = grid.is_end(node.filled).then(|| reduced(&grid.ends[node.width], &self.prices));
        let mut best = end.unwrap_or(NEVER);
        for (place, filled) in grid.ways(node.filled) {
            for (depth_at, next) in next_nodes(grid, node, place, filled) {
                let gains = self.gains[place].row(&grid.places[place], node.width, depth_at);
                best = best.max(most(gains, self.values_at(next, grid)));
            }
        }
        best
    }

    /// A path that attains the value of a structure of at most `layers` sub-layers.
    pub(super) fn path(&self, grid: &Grid, layers: u32) -> Option<Vec<Step>> {
        let mut node = Node::start(layers);
        let mut steps = Vec::new();
        loop {
            let value = self.value(node, grid);
            if value == NEVER {
                return None;
            }
            let at_end =
                grid.is_end(node.filled) && reduced(&grid.ends[node.width], &self.prices) == value;
            if at_end {
                return Some(steps);
            }
            let (step, next) = self.step_of_value(grid, node, value)?;
            steps.push(step);
            node = next;
        }
    }

    fn step_of_value(&self, grid: &Grid, node: Node, value: f64) -> Option<(Step, Node)> {
        for (place_at, filled) in grid.ways(node.filled) {
            let place = &grid.places[place_at];
            for (depth_at, next) in next_nodes(grid, node, place_at, filled) {
                let gains = self.gains[place_at].row(place, node.width, depth_at);
                let behind = self.values_at(next, grid);
                let found = gains.iter().zip(behind).position(|(gain, rest)| gain + rest == value);
                let Some(c) = found else { continue };
                let depth = place.depths[depth_at];
                let (table, b) = self.best_block(place, [node.width, c], depth)?;
                let widths = [node.width, b, c].map(|i| i as u16);
                let (place, table) = (place_at as u16, table as u16);
                let step = Step { place, table, widths, depth: depth as u16 };
                return Some((step, Node { width: c, ..next }));
            }
        }
        None
    }

    /// The kind and the bottleneck that add most between two ends.
    fn best_block(&self, place: &Place, [a, c]: [usize; 2], depth: u32) -> Option<(usize, usize)> {
        let mut best = None;
        let mut most = NEVER;
        for (at, table) in place.tables.iter().enumerate() {
            if !table.choice.depths.contains(&depth) {
                continue;
            }
            let (first, last) = table.spans[c];
            for b in first..=last.min(place.inners.len() - 1) {
                let gain = reduced(&place.measures(table, [a, b, c], depth), &self.prices);
                if gain > most {
                    (best, most) = (Some((at, b)), gain);
                }
            }
        }
        best
    }
}

/// A point between two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Slots filled.
    pub filled: usize,
    /// Sub-layers left.
    pub left: u32,
    /// Residual sub-layers of the stage so far, where they are limited.
    pub stage: u32,
    /// Index of the width.
    pub width: usize,
}

impl Node {
    pub(super) fn start(layers: u32) -> Node {
        Node { filled: 0, left: layers, stage: 0, width: 0 }
    }
}

/// The nodes behind a block of `place`, by the index of its depth; of their widths the first stands
/// for all.
pub(super) fn next_nodes(
    grid: &Grid,
    node: Node,
    place: usize,
    filled: usize,
) -> impl Iterator<Item = (usize, Node)> {
    let place = &grid.places[place];
    place.depths.iter().enumerate().filter_map(move |(at, &depth)| {
        let left = node.left.checked_sub(depth)?;
        let stage = grid.stage_behind(place, node.stage, depth)?;
        Some((at, Node { filled, left, stage, width: 0 }))
    })
}

/// The largest sum of two at the same index.
fn most(left: &[f64], right: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [NEVER; LANES];
    let (mut xs, mut ys) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    for (x, y) in xs.by_ref().zip(ys.by_ref()) {
        for lane in 0..LANES {
            let sum = x[lane] + y[lane];
            lanes[lane] = if sum > lanes[lane] { sum } else { lanes[lane] };
        }
    }
    let rest = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x + y);
    lanes.into_iter().chain(rest).fold(NEVER, f64::max)
}

/// Rows of inputs that share a pass over the tables.
const ROWS: usize = 16;

fn gains(place: &Place, prices: &Prices) -> Gains {
    let (outs, depths) = (place.outs.len(), place.depths.len());
    let mut gains = vec![NEVER; place.ins.len() * depths * outs];
    for table in &place.tables {
        let priced = Priced::new(place, table, prices);
        let chunks = gains.par_chunks_mut(ROWS * depths * outs).enumerate();
        chunks.for_each(|(chunk, gains)| priced.fill(chunk * ROWS, gains));
    }
    Gains(gains)
}

/// A table at its prices.
struct Priced<'a> {
    place: &'a Place,
    table: &'a Table,
    ab: Vec<f64>,
    ac: Vec<f64>,
    /// By depth: `[c, b]`, and what it is where b equals c.
    bc: Vec<Option<(Vec<f64>, Vec<f64>)>>,
}

impl<'a> Priced<'a> {
    fn new(place: &'a Place, table: &'a Table, prices: &Prices) -> Priced<'a> {
        let sum = |of: &(dyn Fn(&Pairs) -> &[f64] + Sync)| -> Vec<f64> {
            let mut sum = of(&table.measures[0]).to_vec();
            for (pairs, price) in table.measures[1..].iter().zip(prices) {
                if *price > 0.0 {
                    let costs = of(pairs);
                    sum.par_chunks_mut(4_096).zip(costs.par_chunks(4_096)).for_each(|(s, c)| {
                        s.iter_mut().zip(c).for_each(|(sum, cost)| *sum -= price * cost);
                    });
                }
            }
            sum
        };
        let (first, other) = (sum(&|pairs| &pairs.bc), sum(&|pairs| &pairs.other));
        let equal = |c: usize, further: f64| -> f64 {
            let mut measures = [0.0; 1 + LIMITS];
            for (measure, pairs) in measures.iter_mut().zip(&table.measures) {
                let [bc, other] = pairs.equal[c];
                *measure = bc + further * other;
            }
            reduced(&measures, prices)
        };
        let equals = table.measures[0].equal.len();
        let bc = place.depths.par_iter().map(|&depth| {
            table.choice.depths.contains(&depth).then(|| {
                let further = f64::from(depth - 1);
                let sums = first.iter().zip(&other).map(|(x, y)| x + further * y).collect();
                (sums, (0..equals).map(|c| equal(c, further)).collect())
            })
        });
        let bc = bc.collect();
        Priced { place, table, ab: sum(&|pairs| &pairs.ab), ac: sum(&|pairs| &pairs.ac), bc }
    }

    /// Raises the gains of the rows from input `start` on.
    fn fill(&self, start: usize, gains: &mut [f64]) {
        let Priced { place, table, .. } = self;
        let (width, outs, depths) = (place.inners.len(), place.outs.len(), place.depths.len());
        let rows = gains.len() / (depths * outs);
        for (depth, bc) in self.bc.iter().enumerate() {
            let Some((bc, equal)) = bc else { continue };
            // The best bottleneck moves little from one output to the next.
            let mut starts = [0; ROWS];
            for (c, &(first, last)) in table.spans.iter().enumerate() {
                if first > last {
                    continue;
                }
                let bc = &bc[c * width..(c + 1) * width];
                let apart = equal.get(c).zip(table.equals[c]);
                let apart = apart.filter(|(_, b)| (first..=last).contains(b));
                for row in 0..rows {
                    let a = start + row;
                    let ends = self.ac[a * outs + c];
                    if ends == NEVER {
                        continue;
                    }
                    let ab = &self.ab[a * width..(a + 1) * width];
                    let sum = |b: usize| ab[b] + bc[b];
                    let inner = match table.shape {
                        Shape::Any => most(&ab[first..=last], &bc[first..=last]),
                        Shape::Concave => {
                            let top = climb(sum, (first, last), starts[row]);
                            starts[row] = top;
                            match apart {
                                None => sum(top),
                                Some((&equal, b)) => {
                                    let rest = if top != b {
                                        sum(top)
                                    } else {
                                        let below = b.checked_sub(1).filter(|&b| b >= first);
                                        let above = Some(b + 1).filter(|&b| b <= last);
                                        below
                                            .into_iter()
                                            .chain(above)
                                            .map(sum)
                                            .fold(NEVER, f64::max)
                                    };
                                    rest.max(ab[b] + equal)
                                }
                            }
                        }
                    };
                    let gain = &mut gains[(row * depths + depth) * outs + c];
                    *gain = gain.max(inner + ends);
                }
            }
        }
    }
}

/// The top of a concave sequence.
#[inline]
fn climb(value: impl Fn(usize) -> f64, (first, last): (usize, usize), start: usize) -> usize {
    let mut at = start.clamp(first, last);
    let mut here = value(at);
    let before = at;
    while at < last {
        let next = value(at + 1);
        if next <= here {
            break;
        }
        (at, here) = (at + 1, next);
    }
    if at > before {
        return at;
    }
    while at > first {
        let next = value(at - 1);
        if next <= here {
            break;
        }
        (at, here) = (at - 1, next);
    }
    at
}
