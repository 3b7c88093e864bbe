//! From a problem to its proven optimum: prices first, then the structures that can still beat what
//! they bound.

use std::ops::ControlFlow;

use rayon::ThreadPool;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Target, Unsolvable,
    chain::{Chain, Step},
    dual::{Dual, Duals},
    grid::{Grid, Mesh},
    labels::{End, Found, Search},
};
use crate::{
    arch::{Costs, Structure},
    space::Budget,
};

/// What the solver is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub stage: Stage,
    /// The least upper bound, and the best structure's objective, so far.
    pub bound: Option<f64>,
    pub best: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Scores and costs of all blocks.
    Tables,
    /// The prices of the budgets.
    Prices,
    /// Structures that may still be better; so many.
    Candidates(usize),
}

/// Told now and then; ends the work soon when it breaks.
pub type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// A structure with what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solved {
    pub structure: Structure,
    pub objective: f64,
    /// The full analytic score.
    pub score: f64,
    pub costs: Costs,
}

/// The best structures within a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub target: Target,
    /// The best first; fewer than were asked for where there are no more, or the work was ended.
    pub best: Vec<Solved>,
    /// No structure within the target has a larger objective.
    pub bound: f64,
    /// What the prices alone prove.
    pub dual_bound: f64,
    /// Whether `best` are the best, in that order.
    pub proven: bool,
    /// Whether the work was ended before it was done.
    pub stopped: bool,
    /// Of each limit.
    pub prices: Vec<Price>,
    /// Partial structures that had to be looked at.
    pub labels: usize,
}

impl Answer {
    /// The bound over the best objective; 0 where that is proven.
    pub fn gap(&self) -> f64 {
        self.best.first().map_or(f64::INFINITY, |best| self.bound - best.objective)
    }
}

/// What a budget is worth at the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub budget: Budget,
    /// Objective of one more `unit` of it.
    pub score: f64,
    pub unit: f64,
}

/// What one sub-layer more or less makes of the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerPrice {
    /// Lost with one less, gained with one more; none where that was not solved.
    pub minus: Option<f64>,
    pub plus: Option<f64>,
}

/// Solves one problem for targets.
#[derive(Debug)]
pub struct Solver {
    problem: Problem,
    widest: Target,
    pool: ThreadPool,
    thin: Grid,
    full: Grid,
}

/// The first floor is so far below the dual bound.
const FIRST_MARGIN: f64 = 0.002;
/// The last one: no structures are farther apart.
const LAST_MARGIN: f64 = 1e6;

/// Most labels, of about 64 bytes each: with one limit, and with several, where what is left out can't
/// be told as well and a proof is not to be hoped for.
const MOST_LABELS: usize = 8_000_000;
const MOST_LABELS_OF_SEVERAL: usize = 1_000_000;

impl Solver {
    /// For targets no wider than `widest`, on `threads` threads.
    ///
    /// # Errors
    /// Why there is nothing to solve; [`Unsolvable::Threads`]; [`Unsolvable::Ended`].
    pub fn new(
        problem: Problem,
        widest: &Target,
        threads: usize,
        watch: Watch,
    ) -> Result<Solver, Unsolvable> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Unsolvable::Threads(error.to_string()))?;
        let mut tell = || watch(Progress { stage: Stage::Tables, bound: None, best: None });
        let mut grid = |mesh| Grid::new(&problem, widest, mesh, &pool, &mut tell);
        let (thin, full) = (grid(Mesh::Thin)?, grid(Mesh::Full)?);
        Ok(Solver { problem, widest: widest.clone(), pool, thin, full })
    }

    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The `top` best structures within `target`.
    ///
    /// # Errors
    /// [`Unsolvable::NothingFits`]; [`Unsolvable::Ended`] before there is a bound.
    ///
    /// # Panics
    /// Where `target` has other limits than the widest one, or more than one sub-layer more.
    pub fn solve(&self, target: &Target, top: usize, watch: Watch) -> Result<Answer, Unsolvable> {
        let alike = target.limits.iter().zip(&self.widest.limits);
        assert!(alike.into_iter().all(|(x, y)| x.budget == y.budget && x.most <= y.most));
        assert!(target.layers <= self.widest.layers.saturating_add(1));
        let mut state = State { best: Vec::new(), bound: f64::INFINITY, stopped: false };
        let duals = Duals { pool: &self.pool, target };
        let mut guess = None;
        // Whoever ends the work between two solutions pays for no part of the next.
        if state.tell(Stage::Prices, watch).is_continue() {
            guess = duals.rough(&self.thin, &mut |_, path| {
                self.solved(&self.thin, path, target).into_iter().for_each(|s| state.offer(s));
                state.tell(Stage::Prices, watch)
            });
        }
        if state.stopped {
            return Err(Unsolvable::Ended);
        }
        let mut go_on = |bound: f64, path: &[Step]| {
            state.bound = state.bound.min(bound);
            self.solved(&self.full, path, target).into_iter().for_each(|s| state.offer(s));
            state.tell(Stage::Prices, watch)
        };
        let Dual { bound, chains } =
            duals.fine(&self.full, guess, &mut go_on).ok_or(Unsolvable::NothingFits)?;
        state.bound = bound;
        let prices = chains[0].prices;
        let labels = self.candidates(target, top, &chains, &mut state, watch);
        let proven = labels.is_some() && !state.stopped;
        if proven {
            state.bound = state.best.first().ok_or(Unsolvable::NothingFits)?.objective;
        }
        let limits = target.limits.iter().zip(prices);
        let State { best, bound: proven_bound, stopped } = state;
        Ok(Answer {
            target: target.clone(),
            best,
            bound: proven_bound,
            dual_bound: bound,
            proven,
            stopped,
            prices: limits.map(|(limit, price)| limit.price(price)).collect(),
            labels: labels.unwrap_or(0),
        })
    }

    /// What one sub-layer more or less than in `answer` is worth.
    pub fn layer_price(&self, answer: &Answer, watch: Watch) -> LayerPrice {
        let mut price = LayerPrice { minus: None, plus: None };
        let Some(here) = answer.best.first().filter(|_| answer.proven) else { return price };
        let mut objective = |layers: Option<u32>| {
            let target = Target { layers: layers?, ..answer.target.clone() };
            let other = self.solve(&target, 1, watch).ok().filter(|other| other.proven)?;
            Some(other.best.first()?.objective)
        };
        let layers = answer.target.layers;
        price.minus = objective(layers.checked_sub(1)).map(|less| here.objective - less);
        price.plus = objective(layers.checked_add(1)).map(|more| more - here.objective);
        price
    }

    /// Lowers the floor until enough structures are above it; how many labels the last walk needed, or
    /// nothing where it did not come to its end.
    fn candidates(
        &self,
        target: &Target,
        top: usize,
        chains: &[Chain],
        state: &mut State,
        watch: Watch,
    ) -> Option<usize> {
        let most_labels = match target.limits.len() {
            0 | 1 => MOST_LABELS,
            _ => MOST_LABELS_OF_SEVERAL,
        };
        let mut search = Search { grid: &self.full, chains, target, floor: 0.0, top, most_labels };
        let dual_bound = state.bound;
        let mut margin = FIRST_MARGIN;
        while !state.stopped {
            search.floor = dual_bound - margin;
            if let (1, Some(best)) = (top, state.best.first()) {
                // What is known needs no looking for, and must be found again.
                search.floor = search.floor.max(best.objective - 1e-9);
            }
            let (solved, found) = self.walk(&search, state, watch);
            match found.end {
                End::Complete if solved.len() >= top || margin >= LAST_MARGIN => {
                    state.best = solved;
                    return Some(found.labels);
                }
                End::Complete => {
                    let best = solved.first().map_or(search.floor, |best| best.objective);
                    state.bound = state.bound.min(best.max(search.floor));
                    solved.into_iter().for_each(|solved| state.offer(solved));
                    margin *= 2.5;
                }
                End::Overflow | End::Stopped => {
                    solved.into_iter().for_each(|solved| state.offer(solved));
                    return None;
                }
            }
        }
        None
    }

    fn walk(&self, search: &Search, state: &mut State, watch: Watch) -> (Vec<Solved>, Found) {
        let mut told = 0;
        let found = search.run(&mut |labels| {
            if labels < told + TELL_EVERY {
                return true;
            }
            told = labels;
            state.tell(Stage::Candidates(labels), watch).is_continue()
        });
        let solved = |(_, path): &(f64, Vec<Step>)| self.solved(&self.full, path, search.target);
        let solved = found.paths.iter().filter_map(solved);
        (solved.collect(), found)
    }

    /// The structure of a path, where a search would let it in.
    fn solved(&self, grid: &Grid, path: &[Step], target: &Target) -> Option<Solved> {
        let blocks = path.iter().map(|step| step.block(grid)).collect();
        let structure = Structure::new(blocks).ok()?;
        let costs = self.problem.costs_within(&structure, target)?;
        let objective = self.problem.objective(&structure);
        let score = self.problem.analytic(&structure);
        Some(Solved { structure, objective, score, costs })
    }
}

const TELL_EVERY: usize = 2_000;

struct State {
    best: Vec<Solved>,
    bound: f64,
    stopped: bool,
}

impl State {
    fn offer(&mut self, solved: Solved) {
        if self.best.first().is_none_or(|best| solved.objective > best.objective) {
            self.best = vec![solved];
        }
    }

    fn tell(
        &mut self,
        stage: Stage,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let bound = Some(self.bound).filter(|bound| bound.is_finite());
        let best = self.best.first().map(|best| best.objective);
        let flow = watch(Progress { stage, bound, best });
        self.stopped |= flow.is_break();
        flow
    }
}
