//! How well one number of a network foretells another.
//!
//! Owns: rank correlations and what the best of a ranking are worth, of nets that may count several times. Must
//! not know: proxies, files. Invariant: nets that are equal by the predictor stand in no order: what depends on
//! one is its mean over all of them.

/// What is told of a predictor. Not a number where the nets have no order by one of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Kendall's τ-b: pairs in the right order minus pairs in the wrong one, over pairs that aren't tied.
    pub kendall: f64,
    /// Spearman's ρ: the correlation of ranks, equal values sharing their mean rank.
    pub spearman: f64,
    /// Gain of the first k by the predictor, discounted by log₂(1 + place), over that of the best k (Järvelin &
    /// Kekäläinen 2002). A net's gain is what it is by the target, from 0 of the worst to 1 of the best.
    pub ndcg: f64,
    /// Mean of the target over the first k by the predictor.
    pub top: f64,
}

impl Figures {
    pub fn as_array(self) -> [f64; 4] {
        [self.kendall, self.spearman, self.ndcg, self.top]
    }

    pub fn from_array([kendall, spearman, ndcg, top]: [f64; 4]) -> Figures {
        Figures { kendall, spearman, ndcg, top }
    }

    /// Of several, value by value.
    pub fn mean(all: &[Figures]) -> Figures {
        let mut sums = [0.0; 4];
        for figures in all {
            sums.iter_mut().zip(figures.as_array()).for_each(|(sum, figure)| *sum += figure);
        }
        Figures::from_array(sums.map(|sum| sum / all.len() as f64))
    }
}

/// Values in groups of equal ones.
#[derive(Clone, Debug)]
struct Ordered {
    /// Nets from the smallest value on.
    ascending: Vec<usize>,
    /// Of each net, from the smallest value on.
    group: Vec<usize>,
    groups: usize,
}

impl Ordered {
    fn new(values: &[f64]) -> Ordered {
        let mut ascending: Vec<usize> = (0..values.len()).collect();
        ascending.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let (mut group, mut groups) = (vec![0; values.len()], 0);
        for (place, &net) in ascending.iter().enumerate() {
            if place == 0 || values[ascending[place - 1]] != values[net] {
                groups += 1;
            }
            group[net] = groups - 1;
        }
        Ordered { ascending, group, groups }
    }

    /// Nets of each group, from the smallest value on.
    fn grouped(&self) -> impl DoubleEndedIterator<Item = &[usize]> {
        self.ascending.chunk_by(|&a, &b| self.group[a] == self.group[b])
    }

    /// Of each group, how often its nets count.
    fn totals(&self, counts: &[u32]) -> Vec<u64> {
        let mut totals = vec![0; self.groups];
        for (group, count) in self.group.iter().zip(counts) {
            totals[*group] += u64::from(*count);
        }
        totals
    }
}

/// Pairs of `n`.
fn pairs(n: u64) -> f64 {
    n as f64 * (n as f64 - 1.0) / 2.0
}

/// Sums of what stands before a place (Fenwick 1994).
struct Sums(Vec<u64>);

impl Sums {
    fn new(places: usize) -> Sums {
        Sums(vec![0; places + 1])
    }

    fn add(&mut self, place: usize, count: u64) {
        let mut at = place + 1;
        while at < self.0.len() {
            self.0[at] += count;
            at += at & at.wrapping_neg();
        }
    }

    fn before(&self, place: usize) -> u64 {
        let (mut at, mut sum) = (place, 0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}

/// A predictor beside its target, over the same nets.
#[derive(Clone, Debug)]
pub struct Compared {
    predictor: Ordered,
    target: Ordered,
    values: Vec<f64>,
    /// Of the target.
    gains: Vec<f64>,
}

impl Compared {
    /// Both finite, and of equally many nets.
    pub fn new(predictor: &[f64], target: &[f64]) -> Compared {
        assert_eq!(predictor.len(), target.len(), "both are of the same nets");
        let worst = target.iter().copied().fold(f64::INFINITY, f64::min);
        let best = target.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Compared {
            predictor: Ordered::new(predictor),
            target: Ordered::new(target),
            values: target.to_vec(),
            gains: target.iter().map(|value| (value - worst) / (best - worst)).collect(),
        }
    }

    /// Where each net counts as often as `counts` says, by the first `k`.
    pub fn figures(&self, counts: &[u32], k: usize) -> Figures {
        let [kendall, spearman] = self.correlations(counts);
        let mut discounts = vec![0.0];
        for place in 1..=k {
            discounts.push(discounts[place - 1] + 1.0 / (1.0 + place as f64).log2());
        }
        let discounted = |by| first(by, &self.gains, counts, &discounts);
        let ndcg = discounted(&self.predictor) / discounted(&self.target);
        let places: Vec<f64> = (0..=k).map(|place| place as f64).collect();
        let top = first(&self.predictor, &self.values, counts, &places) / k as f64;
        Figures { kendall, spearman, ndcg, top }
    }

    /// Kendall's τ-b and Spearman's ρ, in O(n log n).
    fn correlations(&self, counts: &[u32]) -> [f64; 2] {
        let (a, b) = (&self.predictor, &self.target);
        let (totals_a, totals_b) = (a.totals(counts), b.totals(counts));
        let n: u64 = totals_a.iter().sum();
        let (mut sums, mut seen, mut agreement) = (Sums::new(b.groups), 0_u64, 0.0);
        for group in a.grouped() {
            for &net in group {
                let smaller = sums.before(b.group[net]);
                let larger = seen - sums.before(b.group[net] + 1);
                agreement += f64::from(counts[net]) * (smaller as f64 - larger as f64);
            }
            for &net in group {
                sums.add(b.group[net], counts[net].into());
                seen += u64::from(counts[net]);
            }
        }
        let untied = |totals: &[u64]| pairs(n) - totals.iter().map(|&n| pairs(n)).sum::<f64>();
        let kendall = agreement / (untied(&totals_a) * untied(&totals_b)).sqrt();
        let (ranks_a, ranks_b) = (ranks(&totals_a), ranks(&totals_b));
        let mean = (n as f64 + 1.0) / 2.0;
        let [mut product, mut square_a, mut square_b] = [0.0; 3];
        for (net, &count) in counts.iter().enumerate() {
            let count = f64::from(count);
            let (x, y) = (ranks_a[a.group[net]] - mean, ranks_b[b.group[net]] - mean);
            product += count * x * y;
            square_a += count * x * x;
            square_b += count * y * y;
        }
        [kendall, product / (square_a * square_b).sqrt()]
    }
}

/// Mean rank of each group, from 1.
fn ranks(totals: &[u64]) -> Vec<f64> {
    let mut before = 0;
    let rank = |total: &u64| {
        let rank = before as f64 + (*total as f64 + 1.0) / 2.0;
        before += total;
        rank
    };
    totals.iter().map(rank).collect()
}

/// Σ value · weight of its place over the first places by `by`, the largest first; `weights` are summed up: of
/// none, of one, of two … places.
fn first(by: &Ordered, values: &[f64], counts: &[u32], weights: &[f64]) -> f64 {
    let k = weights.len() as u64 - 1;
    let (mut place, mut sum) = (0_u64, 0.0);
    for group in by.grouped().rev() {
        let total: u64 = group.iter().map(|&net| u64::from(counts[net])).sum();
        if total == 0 {
            continue;
        }
        let value: f64 = group.iter().map(|&net| f64::from(counts[net]) * values[net]).sum();
        let end = (place + total).min(k);
        sum += value / total as f64 * (weights[end as usize] - weights[place as usize]);
        place = end;
        if place == k {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} not {expected}");
    }

    /// By hand: of six pairs five in order; with a tie in the predictor, five pairs of which four.
    #[test]
    fn small_rankings_have_their_figures() {
        let target = [1.0, 2.0, 3.0, 4.0];
        let found = Compared::new(&[1.0, 3.0, 2.0, 4.0], &target).figures(&[1; 4], 2);
        close(found.kendall, 4.0 / 6.0);
        close(found.spearman, 1.0 - 6.0 * 2.0 / (4.0 * 15.0));
        close(found.top, 3.0);
        let third = 1.0 / 3.0_f64.log2();
        close(found.ndcg, (1.0 + third / 3.0) / (1.0 + third * 2.0 / 3.0));
        let tied = Compared::new(&[1.0, 2.0, 2.0, 4.0], &target).figures(&[1; 4], 2);
        close(tied.kendall, 5.0 / (5.0 * 6.0_f64).sqrt());
        // The second of the first two is either of both.
        close(tied.top, (4.0 + 2.5) / 2.0);
        let ranks = [-1.5, 0.0, 0.0, 1.5];
        let product: f64 = ranks.iter().zip([-1.5, -0.5, 0.5, 1.5]).map(|(a, b)| a * b).sum();
        close(tied.spearman, product / (4.5_f64 * 5.0).sqrt());
        let backwards = Compared::new(&[4.0, 3.0, 2.0, 1.0], &target).figures(&[1; 4], 1);
        close(backwards.kendall, -1.0);
        close(backwards.spearman, -1.0);
        close(backwards.ndcg, 0.0);
        assert!(Compared::new(&[1.0; 4], &target).figures(&[1; 4], 1).kendall.is_nan());
    }

    /// Against all pairs, with many ties; a net that counts twice is two nets.
    #[test]
    fn figures_are_those_of_all_pairs() {
        let mut stream = Stream::new(1, Purpose::Bootstrap, 0, 0);
        for _ in 0..20 {
            let mut draw = |n| (0..40).map(|_| f64::from(stream.below(n))).collect::<Vec<_>>();
            let (a, b) = (draw(9), draw(12));
            let counts: Vec<u32> = draw(3).into_iter().map(|n| n as u32).collect();
            let repeated = |values: &[f64]| -> Vec<f64> {
                let each = values.iter().zip(&counts);
                each.flat_map(|(value, count)| vec![*value; *count as usize]).collect()
            };
            let (all_a, all_b) = (repeated(&a), repeated(&b));
            let [mut agreement, mut untied_a, mut untied_b] = [0.0; 3];
            for i in 0..all_a.len() {
                for j in 0..i {
                    let sign = |values: &[f64]| {
                        let apart = values[i] - values[j];
                        if apart == 0.0 { 0.0 } else { apart.signum() }
                    };
                    agreement += sign(&all_a) * sign(&all_b);
                    untied_a += sign(&all_a).abs();
                    untied_b += sign(&all_b).abs();
                }
            }
            let found = Compared::new(&a, &b).figures(&counts, 7);
            close(found.kendall, agreement / f64::sqrt(untied_a * untied_b));
            let once = Compared::new(&all_a, &all_b).figures(&vec![1; all_a.len()], 7);
            close(found.spearman, once.spearman);
            close(found.top, once.top);
        }
    }
}
