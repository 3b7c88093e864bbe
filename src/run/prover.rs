//! Optima computed on a thread of their own: beside a run, at its end, or for somebody who wants no
//! run.
//!
//! Must not know what the answers are for. Invariant: dropping a [`Prover`] ends its work soon.

use std::{
    io,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::protocol::Optimum;
use crate::{
    arch::Structure,
    optimum::{
        Answer, LayerPrice, ObjectiveForm, Problem, Progress, Solver, Sweep, Unsolvable, Watch,
    },
    space::{Budget, Preset},
};

/// Progress comes no faster.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What is heard of an optimum.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    Working(Progress),
    /// So far; more may come.
    Found(Box<Optimum>),
    /// There is nothing to solve.
    Impossible(Unsolvable),
    /// There is nothing more to come.
    Done,
}

/// What an optimum is wanted of.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub preset: Preset,
    /// So many of the best structures.
    pub top: usize,
    pub threads: usize,
}

/// Works on a thread of its own. Dropping it ends the work soon.
#[derive(Debug)]
pub struct Prover {
    stop: Arc<AtomicBool>,
}

/// The best structures of a preset's space, and what they were solved with.
pub(super) struct Solution {
    solver: Solver,
    pub answer: Answer,
}

impl Solution {
    /// # Errors
    /// Why there is none.
    pub(super) fn of(wanted: &Wanted, watch: Watch) -> Result<Solution, Unsolvable> {
        let problem = Problem::new(&wanted.preset, ObjectiveForm::Theory)?;
        Solution::to(problem, wanted, watch)
    }

    fn to(problem: Problem, wanted: &Wanted, watch: Watch) -> Result<Solution, Unsolvable> {
        let target = problem.target().clone();
        let solver = Solver::new(problem, &target, wanted.threads, watch)?;
        let answer = solver.solve(&target, wanted.top, watch)?;
        Ok(Solution { solver, answer })
    }

    fn optimum(&self) -> Optimum {
        let Answer { bound, proven, ref best, ref prices, .. } = self.answer;
        Optimum {
            bound,
            proven,
            structures: best.clone(),
            prices: prices.clone(),
            layer_price: LayerPrice { minus: None, plus: None },
            frontiers: Vec::new(),
            best: None,
        }
    }

    /// Tells the optimum, then again with what a sub-layer is worth, then with each frontier.
    fn tell(&self, watch: Watch, tell: &dyn Fn(Proof)) {
        let Solution { solver, answer } = self;
        let mut optimum = self.optimum();
        tell(Proof::Found(Box::new(optimum.clone())));
        if !answer.proven {
            return;
        }
        optimum.layer_price = solver.layer_price(answer, watch);
        tell(Proof::Found(Box::new(optimum.clone())));
        for budget in [Budget::Params, Budget::Flops, Budget::Layers] {
            if let Some(sweep) = Sweep::up_to(&answer.target, budget) {
                optimum.frontiers.push(solver.frontier(&answer.target, &sweep, watch));
                tell(Proof::Found(Box::new(optimum.clone())));
            }
        }
    }
}

impl Prover {
    /// Solves `wanted`, unless it is `solved` already, and tells whatever is found out.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn spawn(
        wanted: Wanted,
        solved: Option<Solution>,
        tell: impl Fn(Proof) + Send + 'static,
    ) -> io::Result<Prover> {
        Prover::work(move |asked| {
            let mut told: Option<Instant> = None;
            let mut watch = |progress| {
                if told.is_none_or(|told| told.elapsed() >= PROGRESS_INTERVAL) {
                    told = Some(Instant::now());
                    tell(Proof::Working(progress));
                }
                go_on(asked)
            };
            match solved.map_or_else(|| Solution::of(&wanted, &mut watch), Ok) {
                Ok(solution) => solution.tell(&mut watch, &tell),
                Err(why) => tell(Proof::Impossible(why)),
            }
            tell(Proof::Done);
        })
    }

    /// Solves for the best structure with the block depths of `shape`, and tells it once.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn polish(
        wanted: Wanted,
        shape: Structure,
        tell: impl FnOnce(Result<Structure, Unsolvable>) + Send + 'static,
    ) -> io::Result<Prover> {
        Prover::work(move |asked| {
            let problem = Problem::shaped_like(&wanted.preset, ObjectiveForm::Theory, shape);
            let mut watch = |_| go_on(asked);
            let solution = problem.and_then(|problem| Solution::to(problem, &wanted, &mut watch));
            let best = solution.and_then(|solution| {
                let best = solution.answer.best.into_iter().next();
                best.map(|best| best.structure).ok_or(Unsolvable::NothingFits)
            });
            tell(best);
        })
    }

    fn work(work: impl FnOnce(&AtomicBool) + Send + 'static) -> io::Result<Prover> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        thread::Builder::new().name("zendo-prover".to_owned()).spawn(move || work(&asked))?;
        Ok(Prover { stop })
    }
}

fn go_on(asked: &AtomicBool) -> ControlFlow<()> {
    match asked.load(Ordering::Relaxed) {
        false => ControlFlow::Continue(()),
        true => ControlFlow::Break(()),
    }
}

impl Drop for Prover {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
