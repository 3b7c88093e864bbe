//! The structures that can still beat a floor, one label each: a walk from the input, where whatever
//! an upper bound rules out, or enough others dominate, goes no further.

use super::{
    Target,
    chain::{Chain, Node, Step, next_nodes, reduced},
    grid::Grid,
    place::{Measures, NEVER, NOTHING, plus},
    problem::Limit,
};

/// What rounding may take from a bound: bottlenecks are found by climbing sums that are concave but
/// for 1e-12 a step.
const SLACK: f64 = 1e-6;

/// Dominance in several costs is asked of so many labels at most; asking fewer leaves more labels, and
/// is no fault.
const ASKED: usize = 64;

/// A structure up to a node.
#[derive(Clone, Copy, Debug)]
struct Label {
    /// Score, and costs without a price on them.
    measures: Measures,
    parent: u32,
    step: Step,
}

const ROOT: u32 = u32::MAX;

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing above the floor was left out.
    Complete,
    /// There were too many labels.
    Overflow,
    /// Somebody asked for it.
    Stopped,
}

/// What a walk found: the best first.
#[derive(Debug)]
pub(super) struct Found {
    pub paths: Vec<(f64, Vec<Step>)>,
    pub end: End,
    pub labels: usize,
}

/// What is looked for.
pub(super) struct Search<'a> {
    pub grid: &'a Grid,
    /// Each gives bounds; the first has its gains.
    pub chains: &'a [Chain],
    pub target: &'a Target,
    /// Structures below are not wanted.
    pub floor: f64,
    /// So many are.
    pub top: usize,
    pub most_labels: usize,
}

struct Walk<'a> {
    search: &'a Search<'a>,
    /// What each chain's prices add to its bounds.
    credits: Vec<f64>,
    limits: &'a [Limit],
    floor: f64,
    /// Labels made so far.
    made: usize,
    /// By sub-layers used, slots filled, sub-layers of the stage, width; as many widths as the widest
    /// node has.
    open: Vec<Vec<Label>>,
    widest: usize,
    closed: Vec<Label>,
    paths: Vec<(f64, Vec<Step>)>,
}

impl Search<'_> {
    /// `go_on` is asked now and then.
    pub(super) fn run(&self, go_on: &mut dyn FnMut(usize) -> bool) -> Found {
        let limits = &self.target.limits;
        let credit = |chain: &Chain| -> f64 {
            limits.iter().zip(&chain.prices).map(|(l, price)| price * l.bound()).sum()
        };
        let mut walk = Walk {
            search: self,
            credits: self.chains.iter().map(credit).collect(),
            limits,
            floor: self.floor,
            made: 0,
            open: Vec::new(),
            widest: self.grid.widths.iter().map(Vec::len).max().unwrap_or(0),
            closed: Vec::new(),
            paths: Vec::new(),
        };
        let end = walk.go(go_on);
        Found { paths: walk.paths, end, labels: walk.closed.len() }
    }
}

impl Walk<'_> {
    fn go(&mut self, go_on: &mut dyn FnMut(usize) -> bool) -> End {
        let grid = self.search.grid;
        let layers = self.search.target.layers;
        self.open.resize_with((layers as usize + 1) * self.nodes_a_layer(), Vec::new);
        let step = Step { place: 0, table: 0, widths: [0; 3], depth: 0 };
        let root = Label { measures: NOTHING, parent: ROOT, step };
        let start = self.index(Node::start(layers));
        self.open[start].push(root);
        for left in (0..=layers).rev() {
            for filled in 0..grid.widths.len() {
                for stage in 0..grid.stages() as u32 {
                    for width in 0..grid.widths[filled].len() {
                        let node = Node { filled, left, stage, width };
                        let at = self.index(node);
                        if self.open[at].is_empty() {
                            continue;
                        }
                        let labels = std::mem::take(&mut self.open[at]);
                        let labels = undominated(labels, self.search.top, self.limits.len());
                        self.extend(node, &labels);
                        if self.made > self.search.most_labels {
                            return End::Overflow;
                        }
                        if !go_on(self.closed.len()) {
                            return End::Stopped;
                        }
                    }
                }
            }
        }
        End::Complete
    }

    /// Of whatever completes a label at `node`.
    fn bound(&self, measures: &Measures, node: Node) -> f64 {
        let bounds = self.search.chains.iter().zip(&self.credits).map(|(chain, credit)| {
            reduced(measures, &chain.prices) + chain.value(node, self.search.grid) + credit
        });
        bounds.fold(f64::INFINITY, f64::min)
    }

    fn nodes_a_layer(&self) -> usize {
        let grid = self.search.grid;
        grid.widths.len() * grid.stages() * self.widest
    }

    fn index(&self, node: Node) -> usize {
        let grid = self.search.grid;
        let used = (self.search.target.layers - node.left) as usize;
        let stage = node.filled * grid.stages() + node.stage as usize;
        used * self.nodes_a_layer() + stage * self.widest + node.width
    }

    fn extend(&mut self, node: Node, labels: &[Label]) {
        let grid = self.search.grid;
        let base = u32::try_from(self.closed.len()).expect("fewer labels than that");
        self.closed.extend_from_slice(labels);
        if grid.is_end(node.filled) {
            let end = &grid.ends[node.width];
            for (i, label) in labels.iter().enumerate() {
                self.finish(base + i as u32, &plus(&label.measures, end));
            }
        }
        let chain = &self.search.chains[0];
        let best = labels.iter().map(|l| reduced(&l.measures, &chain.prices)).fold(NEVER, f64::max);
        for (place_at, filled) in grid.ways(node.filled) {
            let place = &grid.places[place_at];
            for (depth_at, next) in next_nodes(grid, node, place_at, filled) {
                let gains = chain.gains[place_at].row(place, node.width, depth_at);
                let behind = chain.values_at(next, grid);
                for (c, (gain, rest)) in gains.iter().zip(behind).enumerate() {
                    if best + gain + rest + self.credits[0] < self.floor - SLACK {
                        continue;
                    }
                    let next = Node { width: c, ..next };
                    self.extend_to(labels, base, (place_at, depth_at), node.width, next);
                }
            }
        }
    }

    /// Over all kinds and bottlenecks.
    fn extend_to(
        &mut self,
        labels: &[Label],
        base: u32,
        (place_at, depth_at): (usize, usize),
        a: usize,
        next: Node,
    ) {
        let place = &self.search.grid.places[place_at];
        let depth = place.depths[depth_at];
        let c = next.width;
        let chain = &self.search.chains[0];
        let behind = chain.value(next, self.search.grid) + self.credits[0];
        let best = labels.iter().map(|l| reduced(&l.measures, &chain.prices)).fold(NEVER, f64::max);
        for (table_at, table) in place.tables.iter().enumerate() {
            if !table.choice.depths.contains(&depth) {
                continue;
            }
            let (first, last) = table.spans[c];
            for b in first..(last + 1).max(first) {
                let added = place.measures(table, [a, b, c], depth);
                let gain = reduced(&added, &chain.prices);
                if best + gain + behind < self.floor - SLACK {
                    continue;
                }
                let widths = [a, b, c].map(|i| i as u16);
                let (place, table) = (place_at as u16, table_at as u16);
                let step = Step { place, table, widths, depth: depth as u16 };
                for (i, label) in labels.iter().enumerate() {
                    let measures = plus(&label.measures, &added);
                    if self.is_hopeless(&measures, next) {
                        continue;
                    }
                    let at = self.index(next);
                    self.made += 1;
                    self.open[at].push(Label { measures, parent: base + i as u32, step });
                }
            }
        }
    }

    fn is_hopeless(&self, measures: &Measures, next: Node) -> bool {
        self.is_over(measures) || self.bound(measures, next) < self.floor - SLACK
    }

    fn is_over(&self, measures: &Measures) -> bool {
        self.limits.iter().zip(&measures[1..]).any(|(limit, &cost)| cost > limit.bound())
    }

    fn finish(&mut self, label: u32, measures: &Measures) {
        let score = measures[0];
        if self.is_over(measures) || score < self.floor {
            return;
        }
        let mut steps = Vec::new();
        let mut at = label;
        while self.closed[at as usize].parent != ROOT {
            steps.push(self.closed[at as usize].step);
            at = self.closed[at as usize].parent;
        }
        steps.reverse();
        let grid = self.search.grid;
        // Blocks of the same make can follow either of two slots.
        let blocks = |steps: &[Step]| steps.iter().map(|s| s.block(grid)).collect::<Vec<_>>();
        let found = blocks(&steps);
        if self.paths.iter().any(|(_, known)| blocks(known) == found) {
            return;
        }
        let place = self.paths.partition_point(|(known, _)| *known >= score);
        self.paths.insert(place, (score, steps));
        self.paths.truncate(self.search.top);
        if let (true, Some((last, _))) = (self.paths.len() == self.search.top, self.paths.last()) {
            self.floor = self.floor.max(*last);
        }
    }
}

/// Without those that `top` others cost no more than and score no less than: whatever completes one of
/// them completes those.
fn undominated(mut labels: Vec<Label>, top: usize, limits: usize) -> Vec<Label> {
    labels.sort_by(|x, y| {
        let costs = x.measures[1..].iter().zip(&y.measures[1..]);
        let by_cost = costs.map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne());
        by_cost.unwrap_or(std::cmp::Ordering::Equal).then(y.measures[0].total_cmp(&x.measures[0]))
    });
    let mut kept: Vec<Label> = Vec::with_capacity(labels.len());
    // Of the best so far, rising: in one cost the least of them says it all.
    let mut best: Vec<f64> = Vec::with_capacity(top + 1);
    for label in labels {
        let score = label.measures[0];
        let is_dominated = match limits {
            0 | 1 => best.len() == top && best[0] >= score,
            _ => {
                let dominates = |other: &&Label| {
                    let pairs = other.measures[1..].iter().zip(&label.measures[1..]);
                    other.measures[0] >= score
                        && pairs.into_iter().all(|(x, y)| x <= y)
                        && (top == 1 || other.measures != label.measures)
                };
                let dominators = kept.iter().rev().take(ASKED.max(top)).filter(dominates);
                // Equal ones stand side by side, may be the same structure found twice, and count once.
                let (count, _) = dominators.fold((0, None), |(count, last), other| {
                    let measures = Some(other.measures);
                    (count + usize::from(measures != last), measures)
                });
                count >= top
            }
        };
        if is_dominated {
            continue;
        }
        if limits <= 1 {
            // Equal ones may be the same structure found twice, and count once.
            if let Err(place) = best.binary_search_by(|known| known.total_cmp(&score)) {
                best.insert(place, score);
            }
            if best.len() > top {
                best.remove(0);
            }
        }
        kept.push(label);
    }
    kept
}
