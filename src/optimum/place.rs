//! Places: what a block at a point of the structure adds to score and costs, by its widths.
//!
//! A layer sees at most two of a block's three widths (what it takes, its bottleneck, what it gives),
//! so whatever is a sum over layers is a sum of functions of two widths, and three tables hold it.
//! That is all the solver knows of scores and costs; any other sum over layers is a measure like
//! these.

use rayon::prelude::*;

use super::{
    Target,
    parts::{Parts, Probe, Seen},
    problem::{Choice, LIMITS, Maps, Problem},
};
use crate::arch::Block;

/// Score, then a cost for each limit.
pub(super) type Measures = [f64; 1 + LIMITS];

pub(super) const NOTHING: Measures = [0.0; 1 + LIMITS];
pub(super) const NEVER: f64 = f64::NEG_INFINITY;

pub(super) fn plus(x: &Measures, y: &Measures) -> Measures {
    std::array::from_fn(|m| x[m] + y[m])
}

/// One measure of a block of one kind: `ab[a, b] + bc[c, b] + ac[a, c]` for the first sub-layer, and
/// `other[c, b]` for each further one.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    pub ab: Vec<f64>,
    pub bc: Vec<f64>,
    pub ac: Vec<f64>,
    pub other: Vec<f64>,
    /// What `bc` and `other` are where the bottleneck equals the output, by c: there a shortcut may
    /// need no projection. Empty where that makes no difference to their shape.
    pub equal: Vec<[f64; 2]>,
}

/// How the sum over the bottleneck looks, for fixed ends and any price that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Concave, but for the bottleneck that equals the output: whatever can't be improved by a step
    /// is best.
    Concave,
    /// Nothing is known, and every bottleneck is tried.
    Any,
}

/// A choice of a place with its tables.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub choice: Choice,
    /// Score first. The score of `bc` is [`NEVER`] for what must not be.
    pub measures: Vec<Pairs>,
    pub shape: Shape,
    /// By c: the first and the last bottleneck that are allowed; none are where the first is behind
    /// the last.
    pub spans: Vec<(usize, usize)>,
    /// By c: the bottleneck that equals it.
    pub equals: Vec<Option<usize>>,
}

/// Blocks of one stride on maps of one size.
#[derive(Debug)]
pub(super) struct Place {
    pub stride: u32,
    /// Channels taken and given, bottlenecks; in rising order.
    pub ins: Vec<u32>,
    pub outs: Vec<u32>,
    pub inners: Vec<u32>,
    /// Of all choices, in rising order.
    pub depths: Vec<u32>,
    pub is_residual: bool,
    pub tables: Vec<Table>,
}

/// What makes two places the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub stride: u32,
    pub maps: Maps,
    pub ins: Vec<u32>,
    pub outs: Vec<u32>,
    pub choices: Vec<Choice>,
}

impl Place {
    pub(super) fn new(problem: &Problem, target: &Target, key: &Key) -> Place {
        let Key { stride, maps, ins, outs, choices } = key.clone();
        let probe = Probe { problem, limits: &target.limits, stride, maps };
        let inners = union(choices.iter().map(|choice| &choice.inners));
        let inners =
            inners.into_iter().filter(|&b| probe.fits_inner(&choices, [ins[0], b, outs[0]]));
        let inners: Vec<u32> = inners.collect();
        let depths = union(choices.iter().map(|choice| &choice.depths));
        let is_residual = choices.iter().any(|choice| choice.kind.is_residual());
        let tables =
            choices.into_par_iter().map(|choice| Table::new(&probe, choice, &ins, &inners, &outs));
        let tables = if inners.is_empty() { Vec::new() } else { tables.collect() };
        Place { stride, ins, outs, inners, depths, is_residual, tables }
    }

    /// What a block adds, by the indices of its widths.
    pub(super) fn measures(&self, table: &Table, [a, b, c]: [usize; 3], depth: u32) -> Measures {
        let (width, outs) = (self.inners.len(), self.outs.len());
        let mut measures = [0.0; 1 + LIMITS];
        for (sum, pairs) in measures.iter_mut().zip(&table.measures) {
            let [bc, other] = match pairs.equal.get(c) {
                Some(&equal) if table.equals[c] == Some(b) => equal,
                _ => [pairs.bc[c * width + b], pairs.other[c * width + b]],
            };
            let further = f64::from(depth - 1) * other;
            *sum = pairs.ab[a * width + b] + bc + pairs.ac[a * outs + c] + further;
        }
        measures
    }

    pub(super) fn block(&self, table: &Table, [a, b, c]: [usize; 3], depth: u32) -> Block {
        Block {
            kind: table.choice.kind,
            in_channels: self.ins[a],
            out_channels: self.outs[c],
            stride: self.stride,
            bottleneck: self.inners[b],
            sub_layers: depth,
        }
    }
}

/// All that are in one of the lists, in rising order.
pub(super) fn union<'a>(lists: impl Iterator<Item = &'a Vec<u32>>) -> Vec<u32> {
    let mut all: Vec<u32> = lists.flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Table {
    fn new(probe: &Probe, choice: Choice, ins: &[u32], inners: &[u32], outs: &[u32]) -> Table {
        let count = 1 + probe.limits.len();
        let parts = Parts::new(probe, choice.kind);
        let [a0, b0, c0] = [ins[0], inners[0], outs[0]];
        let ab = square(ins, inners, |a, b| parts.first(Seen::is_entry, [a, b, c0]));
        let ac = match parts.has(Seen::is_around) {
            true => square(ins, outs, |a, c| parts.first(Seen::is_around, [a, b0, c])),
            false => vec![NOTHING; ins.len() * outs.len()],
        };
        // Layers that see one width are computed once for it.
        let behind = |further: bool| -> Vec<Measures> {
            let part = |of, widths| match further {
                false => parts.first(of, widths),
                true => parts.further(of, widths),
            };
            let narrow: Vec<_> =
                inners.iter().map(|&b| part(Seen::is_inner, [a0, b, c0])).collect();
            let wide: Vec<_> = outs.iter().map(|&c| part(Seen::is_outer, [a0, b0, c])).collect();
            let mut both = square(outs, inners, |c, b| part(Seen::is_exit, [a0, b, c]));
            both.par_chunks_mut(inners.len()).zip(&wide).for_each(|(row, wide)| {
                row.iter_mut()
                    .zip(&narrow)
                    .for_each(|(x, narrow)| *x = plus(&plus(x, narrow), wide));
            });
            both
        };
        let bc = behind(false);
        let is_deep = choice.depths.iter().any(|&depth| depth > 1);
        let other = if is_deep { behind(true) } else { vec![NOTHING; bc.len()] };
        let list = |of: &[Measures], m: usize| -> Vec<f64> { of.iter().map(|x| x[m]).collect() };
        let pairs = |m: usize| Pairs {
            ab: list(&ab, m),
            bc: list(&bc, m),
            ac: list(&ac, m),
            other: list(&other, m),
            equal: Vec::new(),
        };
        let mut table = Table {
            measures: (0..count).map(pairs).collect(),
            shape: Shape::Any,
            spans: vec![(1, 0); outs.len()],
            equals: outs.iter().map(|c| inners.binary_search(c).ok()).collect(),
            choice,
        };
        table.forbid(probe, ins, inners, outs);
        for (m, limit) in probe.limits.iter().enumerate() {
            // Where costs rise with the widths, too wide ones were left out before.
            if !limit.is_monotone() {
                table.forbid_beyond(1 + m, limit.bound());
            }
        }
        table.shape = table.find_shape(inners);
        table
    }

    /// Marks what constraints and the activation budget refuse.
    fn forbid(&mut self, probe: &Probe, ins: &[u32], inners: &[u32], outs: &[u32]) {
        let Table { choice, measures, spans, .. } = self;
        let is_residual = choice.kind.is_residual();
        let constraints = &probe.problem.constraints;
        let deepest = choice.depths.last().map_or(1, |&depth| depth.min(2));
        let score = &mut measures[0];
        for (c, &out) in outs.iter().enumerate() {
            for (b, &inner) in inners.iter().enumerate() {
                let block = probe.block(choice.kind, [ins[0], inner, out], deepest);
                let allowed = choice.outs.binary_search(&out).is_ok()
                    && choice.inners.binary_search(&inner).is_ok()
                    && (!is_residual || constraints.allows_bottleneck(inner, out))
                    && probe.fits_activation(&block);
                if allowed {
                    let (first, last) = spans[c];
                    spans[c] = (if first > last { b } else { first }, b);
                } else {
                    score.bc[c * inners.len() + b] = NEVER;
                }
            }
        }
        if is_residual {
            for (a, &taken) in ins.iter().enumerate() {
                for (c, &out) in outs.iter().enumerate() {
                    if !constraints.allows_ends(taken, out) {
                        score.ac[a * outs.len() + c] = NEVER;
                    }
                }
            }
        }
    }

    /// Marks what costs more than `most` by measure `m`, whatever its other widths.
    fn forbid_beyond(&mut self, m: usize, most: f64) {
        let width = self.inner_count();
        let (score, costs) = self.measures.split_at_mut(m);
        let (score, costs) = (&mut score[0], &costs[0]);
        let outs = self.spans.len();
        let least = |row: &[f64]| row.iter().copied().fold(f64::INFINITY, f64::min);
        let least_at = |list: &[f64], stride: usize, at: usize| {
            list.iter().skip(at).step_by(stride).copied().fold(f64::INFINITY, f64::min)
        };
        let entries: Vec<f64> = (0..width).map(|b| least_at(&costs.ab, width, b)).collect();
        let arounds: Vec<f64> = (0..outs).map(|c| least_at(&costs.ac, outs, c)).collect();
        let by_in: Vec<f64> = costs.ab.chunks(width).map(least).collect();
        let by_out: Vec<f64> = costs.bc.chunks(width).map(least).collect();
        for (c, span) in self.spans.iter_mut().enumerate() {
            for (b, entry) in entries.iter().enumerate() {
                if entry + costs.bc[c * width + b] + arounds[c] > most {
                    score.bc[c * width + b] = NEVER;
                }
            }
            let row = &score.bc[c * width..(c + 1) * width];
            let allowed = |b: &usize| row[*b] != NEVER;
            let first = (0..width).find(allowed);
            *span = first.zip((0..width).rfind(allowed)).unwrap_or((1, 0));
        }
        for (a, of_in) in by_in.iter().enumerate() {
            for (c, of_out) in by_out.iter().enumerate() {
                if of_in + of_out + costs.ac[a * outs + c] > most {
                    score.ac[a * outs + c] = NEVER;
                }
            }
        }
    }

    /// Bottlenecks of a row.
    fn inner_count(&self) -> usize {
        self.measures[0].bc.len() / self.spans.len().max(1)
    }

    /// Whether score minus costs is concave in the bottleneck, whatever the prices; where it is so but
    /// for the bottleneck that equals the output, that one is set apart.
    fn find_shape(&mut self, inners: &[u32]) -> Shape {
        if self.is_concave(inners) {
            return Shape::Concave;
        }
        let before = self.measures.clone();
        for pairs in &mut self.measures {
            pairs.set_apart(&self.equals, &self.spans, inners);
        }
        if self.is_concave(inners) {
            return Shape::Concave;
        }
        self.measures = before;
        Shape::Any
    }

    fn is_concave(&self, inners: &[u32]) -> bool {
        let width = inners.len();
        let spans = || self.spans.iter().enumerate().filter(|(_, (first, last))| first <= last);
        // No holes.
        let score = &self.measures[0];
        if !spans().all(|(c, &(first, last))| {
            score.bc[c * width + first..=c * width + last].iter().all(|&x| x != NEVER)
        }) {
            return false;
        }
        self.measures.iter().enumerate().all(|(m, pairs)| {
            let (sign, slack) = if m == 0 { (1.0, BEND) } else { (-1.0, 0.0) };
            let bends = |row: &[f64], widths: &[u32]| bends_down(row, widths, sign, slack);
            pairs.ab.par_chunks(width).all(|row| bends(row, inners))
                && spans().all(|(c, &(first, last))| {
                    let range = c * width + first..c * width + last + 1;
                    let widths = &inners[first..=last];
                    bends(&pairs.bc[range.clone()], widths) && bends(&pairs.other[range], widths)
                })
        })
    }
}

/// A value for each pair, row by row.
fn square(
    rows: &[u32],
    columns: &[u32],
    of: impl Fn(u32, u32) -> Measures + Sync,
) -> Vec<Measures> {
    let mut values = vec![NOTHING; rows.len() * columns.len()];
    values.par_chunks_mut(columns.len()).zip(rows).for_each(|(values, &row)| {
        values.iter_mut().zip(columns).for_each(|(value, &column)| *value = of(row, column));
    });
    values
}

/// What rounding may bend the wrong way: scores are sums of logarithms.
const BEND: f64 = 1e-12;

/// Whether no value is below the chord of its neighbours.
fn bends_down(row: &[f64], widths: &[u32], sign: f64, slack: f64) -> bool {
    row.windows(3).zip(widths.windows(3)).all(|(y, x)| {
        let (left, right) = (f64::from(x[1] - x[0]), f64::from(x[2] - x[1]));
        let chord = (y[0] * right + y[2] * left) / (left + right);
        sign * (y[1] - chord) >= -slack
    })
}

impl Pairs {
    /// Keeps the values at the bottlenecks that equal outputs apart, and puts what a straight line
    /// through their neighbours has there in their place.
    fn set_apart(&mut self, equals: &[Option<usize>], spans: &[(usize, usize)], inners: &[u32]) {
        let Pairs { bc, other, equal, .. } = self;
        *equal = vec![[NEVER; 2]; equals.len()];
        for (c, (at, &(first, last))) in equals.iter().zip(spans).enumerate() {
            let Some(b) = at.filter(|b| (first..=last).contains(b)) else { continue };
            let row = c * inners.len()..(c + 1) * inners.len();
            equal[c] = [bc[row.start + b], other[row.start + b]];
            for list in [&mut *bc, &mut *other] {
                straighten(&mut list[row.clone()][first..=last], &inners[first..=last], b - first);
            }
        }
    }
}

fn straighten(row: &mut [f64], widths: &[u32], at: usize) {
    if row.len() < 3 {
        return;
    }
    let neighbours = match at {
        0 => [1, 2],
        _ if at + 1 == row.len() => [at - 2, at - 1],
        _ => [at - 1, at + 1],
    };
    let [(x0, y0), (x1, y1)] = neighbours.map(|i| (f64::from(widths[i]), row[i]));
    row[at] = y0 + (y1 - y0) * (f64::from(widths[at]) - x0) / (x1 - x0);
}
