//! Prices: the least upper bound that prices of the budgets prove (Lagrangian duality).
//!
//! At any prices λ ≥ 0, max (score − λ·costs) + λ·limits bounds the score of everything within the
//! limits, for whoever keeps to them pays no more than λ·limits. The bound is convex in λ, and the cost
//! of the best path says on which side its least is.

use std::{iter, ops::ControlFlow};

use rayon::ThreadPool;

use super::{
    Target,
    chain::{Chain, Prices, Step},
    grid::Grid,
    place::Measures,
    problem::LIMITS,
};

/// The least bound, and what proves it.
pub(super) struct Dual {
    pub bound: f64,
    /// At several prices, the best first.
    pub chains: Vec<Chain>,
}

/// Told each bound with its path.
pub(super) type Tell<'a> = &'a mut dyn FnMut(f64, &[Step]) -> ControlFlow<()>;

pub(super) struct Duals<'a> {
    pub pool: &'a ThreadPool,
    pub target: &'a Target,
}

/// A bound at some prices, with what proves it.
struct Cut {
    chain: Chain,
    bound: f64,
    price: f64,
}

/// The cuts with the least bounds, the least first; at most [`MOST_CHAINS`].
#[derive(Default)]
struct Cuts(Vec<Cut>);

impl Cuts {
    fn offer(&mut self, cut: Cut) {
        let place = self.0.partition_point(|known| known.bound.total_cmp(&cut.bound).is_le());
        self.0.insert(place, cut);
        self.0.truncate(MOST_CHAINS);
    }
}

/// What a search for prices needs to remember of a cut: the bound, and how it changes with the price.
#[derive(Clone, Copy)]
struct Tangent {
    price: f64,
    bound: f64,
    /// What the path costs over what it may, in a direction's units; at most 0 where it fits.
    excess: f64,
}

/// Prices of one direction: `price` times these.
type Direction = Prices;

/// The limits that are paid for; a price of nothing for the others proves a bound as well.
#[derive(Clone, Copy)]
struct Pair(usize, usize);

impl Pair {
    const FIRST: Pair = Pair(0, 1);

    /// The two that most is spent on.
    fn of(spent: &[f64]) -> Pair {
        let mut order: Vec<usize> = (0..spent.len()).collect();
        order.sort_by(|&x, &y| spent[y].total_cmp(&spent[x]));
        match order[..] {
            [first, second, ..] => Pair(first.min(second), first.max(second)),
            _ => Pair::FIRST,
        }
    }
}

/// Chains that are kept, the best and some beside it: bounds at other prices rule out other labels.
pub(super) const MOST_CHAINS: usize = 6;

/// Bounds closer to the least are not worth a step.
const NEAR: f64 = 1e-4;

impl Duals<'_> {
    /// Prices for a start; none where nothing of a thin grid keeps to the constraints, or the work was
    /// ended.
    pub(super) fn rough(&self, grid: &Grid, tell: Tell) -> Option<Prices> {
        match self.target.limits.len() {
            0 => Some([0.0; LIMITS]),
            1 => Some(self.least(grid, self.direction(Pair::FIRST, 1.0), None, tell)?.chain.prices),
            2 => Some(self.rough_mix(grid, Pair::FIRST, tell)?.1),
            many => {
                // Few limits bind at once: the one that binds most, then whichever beside it binds most.
                let mut alone: Option<(f64, usize)> = None;
                for i in 0..many {
                    let cut = self.least(grid, self.direction(Pair(i, i), 1.0), None, tell)?;
                    if alone.is_none_or(|(bound, _)| cut.bound < bound) {
                        alone = Some((cut.bound, i));
                    }
                }
                let (_, first) = alone?;
                let mut best: Option<(f64, Prices)> = None;
                for second in (0..many).filter(|&i| i != first) {
                    let mix = self.rough_mix(grid, Pair(first, second), tell)?;
                    if best.is_none_or(|(bound, _)| mix.0 < bound) {
                        best = Some(mix);
                    }
                }
                best.map(|(_, prices)| prices)
            }
        }
    }

    /// The bound of a mix of two limits falls to one least and rises from there.
    fn rough_mix(&self, grid: &Grid, pair: Pair, tell: Tell) -> Option<(f64, Prices)> {
        const GOLDEN: f64 = 0.618_033_988_749_894_8;
        let mut best: Option<(f64, Prices)> = None;
        let mut price = None;
        let mut at = |share: f64| -> Option<f64> {
            let cut = self.least(grid, self.direction(pair, share), price, tell)?;
            price = Some(cut.price).filter(|&price| price > 0.0);
            if best.is_none_or(|(bound, _)| cut.bound < bound) {
                best = Some((cut.bound, cut.chain.prices));
            }
            Some(cut.bound)
        };
        let (mut low, mut high) = (0.0, 1.0);
        at(low)?;
        at(high)?;
        let (mut left, mut right) = (high - GOLDEN, GOLDEN);
        let (mut at_left, mut at_right) = (at(left)?, at(right)?);
        for _ in 0..12 {
            if at_left < at_right {
                (high, right, at_right) = (right, left, at_left);
                left = high - GOLDEN * (high - low);
                at_left = at(left)?;
            } else {
                (low, left, at_left) = (left, right, at_right);
                right = low + GOLDEN * (high - low);
                at_right = at(right)?;
            }
        }
        best
    }

    /// The least bound near `guess`, in its direction; with several limits, also in some beside it, whose
    /// paths may keep to all where those of the least don't.
    pub(super) fn fine(&self, grid: &Grid, guess: Option<Prices>, tell: Tell) -> Option<Dual> {
        const BESIDE: [f64; 4] = [-0.06, -0.03, 0.03, 0.06];
        let limits = &self.target.limits;
        let guess = guess.unwrap_or_default();
        let spent: Vec<f64> = limits.iter().zip(guess).map(|(l, p)| l.bound() * p).collect();
        let total: f64 = spent.iter().sum();
        let pair = Pair::of(&spent);
        let share = if total > 0.0 { spent[pair.0] / total } else { 0.5 };
        let price = Some(total).filter(|&total| total > 0.0);
        let beside =
            BESIDE.map(|more| share + more).into_iter().filter(|s| (0.0..=1.0).contains(s));
        let beside = beside.filter(|_| limits.len() > 1 && price.is_some());
        let mut cuts = Cuts::default();
        for share in iter::once(share).chain(beside) {
            let direction = self.direction(pair, share);
            if self.minimise(grid, direction, price, &mut cuts, tell).is_break() {
                break;
            }
        }
        let bound = cuts.0.first()?.bound;
        let chains = cuts.0.into_iter().map(|cut| cut.chain).collect();
        Some(Dual { bound, chains })
    }

    /// `share` of what is paid goes to the first limit of the pair: at price 1, a full budget costs 1 in all.
    fn direction(&self, pair: Pair, share: f64) -> Direction {
        let limits = &self.target.limits;
        let mut direction = [0.0; LIMITS];
        let mut pay = |at: usize, share: f64| {
            if let Some(limit) = limits.get(at) {
                direction[at] += share / limit.bound();
            }
        };
        match limits.len() {
            1 => pay(0, 1.0),
            _ => {
                pay(pair.0, share);
                pay(pair.1, 1.0 - share);
            }
        }
        direction
    }

    /// The cut with the least bound in a direction; none where there is no cut, or the work was ended.
    fn least(
        &self,
        grid: &Grid,
        direction: Direction,
        guess: Option<f64>,
        tell: Tell,
    ) -> Option<Cut> {
        let mut cuts = Cuts::default();
        let flow = self.minimise(grid, direction, guess, &mut cuts, tell);
        cuts.0.into_iter().next().filter(|_| flow.is_continue())
    }

    /// Offers cuts around the least bound in a direction. Each step goes to where the tangents on both
    /// sides of it meet. Breaks where the work was ended.
    fn minimise(
        &self,
        grid: &Grid,
        direction: Direction,
        guess: Option<f64>,
        cuts: &mut Cuts,
        tell: Tell,
    ) -> ControlFlow<()> {
        let mut tried: Vec<Tangent> = Vec::new();
        let mut flow = ControlFlow::Continue(());
        let mut try_price = |price: f64, tried: &mut Vec<Tangent>| -> Option<Tangent> {
            let (chain, tangent) = self.cut(grid, direction, price, tell, &mut flow)?;
            cuts.offer(Cut { chain, bound: tangent.bound, price });
            tried.push(tangent);
            flow.is_continue().then_some(tangent)
        };
        let bracket = bracket(guess, &mut |price| try_price(price, &mut tried).map(|t| t.excess));
        if let Some((mut low, mut high)) = bracket {
            for _ in 0..40 {
                let tangent = |price| *tried.iter().find(|t| t.price == price).expect("was tried");
                let (below, above) = (tangent(low), tangent(high));
                let (over, under) = (below.excess, above.excess);
                // bound(p) ≥ bound(low) − over·(p − low), and likewise from above.
                if over - under < 1e-12 {
                    break;
                }
                let price =
                    (below.bound - above.bound + over * low - under * high) / (over - under);
                let least = below.bound - over * (price - low);
                let is_near = below.bound.min(above.bound) - least < NEAR;
                if is_near || !(low < price && price < high) {
                    break;
                }
                let Some(Tangent { bound, excess, .. }) = try_price(price, &mut tried) else {
                    break;
                };
                if bound - least < NEAR {
                    break;
                }
                *(if excess > 0.0 { &mut low } else { &mut high }) = price;
            }
        }
        flow
    }

    fn cut(
        &self,
        grid: &Grid,
        direction: Direction,
        price: f64,
        tell: Tell,
        flow: &mut ControlFlow<()>,
    ) -> Option<(Chain, Tangent)> {
        let prices = direction.map(|share| share * price);
        let Target { layers, limits } = self.target;
        let chain = self.pool.install(|| Chain::new(grid, prices, *layers));
        let bound = chain.bound(grid, limits, *layers);
        let path = chain.path(grid, *layers)?;
        let mut measures: Measures = [0.0; 1 + LIMITS];
        let last = path.last().map_or(0, |step| usize::from(step.widths[2]));
        for added in path.iter().map(|step| step.measures(grid)).chain([grid.ends[last]]) {
            measures.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
        }
        let over = limits.iter().zip(&measures[1..]).zip(direction);
        let excess = over.map(|((limit, cost), share)| share * (cost - limit.bound())).sum();
        *flow = tell(bound, &path);
        Some((chain, Tangent { price, bound, excess }))
    }
}

/// Two prices with the least bound between them: at the lower the path costs too much, at the higher it
/// fits. None where the lower is 0 and fits, or the work was ended.
fn bracket(
    guess: Option<f64>,
    excess_at: &mut dyn FnMut(f64) -> Option<f64>,
) -> Option<(f64, f64)> {
    let Some(guess) = guess else {
        if excess_at(0.0)? <= 0.0 {
            return None;
        }
        let (mut low, mut high) = (0.0, 8.0);
        while excess_at(high)? > 0.0 {
            (low, high) = (high, 2.0 * high);
            if high > 1e12 {
                return None;
            }
        }
        return Some((low, high));
    };
    let mut step = 1.02;
    if excess_at(guess)? > 0.0 {
        let (mut low, mut high) = (guess, guess * step);
        while excess_at(high)? > 0.0 {
            step *= step;
            (low, high) = (high, high * step);
            if high > 1e12 {
                return None;
            }
        }
        return Some((low, high));
    }
    let (mut low, mut high) = (guess / step, guess);
    while excess_at(low)? <= 0.0 {
        step *= step;
        (low, high) = (low / step, low);
        if low < 1e-6 {
            return if excess_at(0.0)? <= 0.0 { None } else { Some((0.0, high)) };
        }
    }
    Some((low, high))
}
