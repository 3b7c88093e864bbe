//! Optima computed on a thread of their own: beside a run, at its end, or for somebody who wants no
//! run.
//!
//! Must not know what the answers are for. Invariant: dropping a [`Prover`] ends its work soon, and one
//! that is kept tells an end whatever happens: somebody waits for it.

use std::{
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{protocol::Optimum, tables, worker::panic_text};
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
    fn of(problem: Problem, wanted: &Wanted, watch: Watch) -> Result<Solution, Unsolvable> {
        let target = problem.target().clone();
        let solver = Solver::new(problem, &target, wanted.threads, watch)?;
        let answer = solver.solve(&target, wanted.top, watch)?;
        Ok(Solution { solver, answer })
    }

    /// # Errors
    /// Nothing was found, which proves nothing: of what can't be there is no solution.
    pub(super) fn best(&self) -> Result<&Structure, Unsolvable> {
        let best = self.answer.best.first().ok_or(Unsolvable::NothingFound)?;
        Ok(&best.structure)
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

    /// Tells the optimum, then again with what a sub-layer is worth, then with each frontier; ends where
    /// a word goes to nobody.
    fn tell(&self, watch: Watch, tell: &dyn Fn(Proof) -> ControlFlow<()>) -> ControlFlow<()> {
        let Solution { solver, answer } = self;
        let mut optimum = self.optimum();
        tell(Proof::Found(Box::new(optimum.clone())))?;
        if !answer.proven {
            return ControlFlow::Continue(());
        }
        optimum.layer_price = solver.layer_price(answer, watch);
        tell(Proof::Found(Box::new(optimum.clone())))?;
        // What each depth allows is asked for most.
        let sums = Budget::ALL.into_iter().filter(|budget| *budget != Budget::Activation);
        for budget in sums {
            if let Some(sweep) = Sweep::up_to(&answer.target, budget) {
                optimum.frontiers.push(solver.frontier(&answer.target, &sweep, watch));
                tell(Proof::Found(Box::new(optimum.clone())))?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl Prover {
    /// Solves `wanted`, unless it is `solved` already, and tells whatever is found out; [`Proof::Done`]
    /// at the end.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn spawn(
        wanted: Wanted,
        solved: Option<Solution>,
        tell: impl Fn(Proof) + Send + Sync + 'static,
    ) -> io::Result<Prover> {
        let tell = Arc::new(tell);
        let tell_end = Arc::clone(&tell);
        let solve = move |asked: &AtomicBool| {
            let mut told: Option<Instant> = None;
            let mut watch = |progress| {
                if told.is_none_or(|told| told.elapsed() >= PROGRESS_INTERVAL) {
                    told = Some(Instant::now());
                    tell(Proof::Working(progress));
                }
                go_on(asked)
            };
            let solution = match solved {
                Some(solution) => solution,
                None => {
                    let problem = tables::problem(&wanted.preset, ObjectiveForm::Theory)?;
                    Solution::of(problem, &wanted, &mut watch)?
                }
            };
            let tell_found = |found| {
                tell(found);
                go_on(asked)
            };
            // Nobody is left to hear that it ended early.
            let _ = solution.tell(&mut watch, &tell_found);
            Ok(())
        };
        Prover::work(solve, move |end| {
            if let Err(why) = end {
                tell_end(Proof::Impossible(why));
            }
            tell_end(Proof::Done);
        })
    }

    /// Solves for what a search may start from, and tells it once.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn seed(
        wanted: Wanted,
        tell: impl FnOnce(Result<Solution, Unsolvable>) + Send + 'static,
    ) -> io::Result<Prover> {
        let solve = move |asked: &AtomicBool| {
            let problem = tables::problem(&wanted.preset, ObjectiveForm::Theory)?;
            Solution::of(problem, &wanted, &mut |_| go_on(asked))
        };
        Prover::work(solve, tell)
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
        let solve = move |asked: &AtomicBool| {
            let clock = tables::clock(&wanted.preset).map_err(Unsolvable::Table)?;
            let problem =
                Problem::shaped_like(&wanted.preset, ObjectiveForm::Theory, clock, shape)?;
            let solution = Solution::of(problem, &wanted, &mut |_| go_on(asked))?;
            solution.best().cloned()
        };
        Prover::work(solve, tell)
    }

    /// Does `work`, and tells what came of it; a panic is told as well.
    fn work<T>(
        work: impl FnOnce(&AtomicBool) -> Result<T, Unsolvable> + Send + 'static,
        tell: impl FnOnce(Result<T, Unsolvable>) + Send + 'static,
    ) -> io::Result<Prover> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        thread::Builder::new().name("zendo-prover".to_owned()).spawn(move || {
            let attempt = catch_unwind(AssertUnwindSafe(|| work(&asked)));
            tell(attempt.unwrap_or_else(|panic| {
                Err(Unsolvable::Failed(panic_text(panic.as_ref()).to_owned()))
            }));
        })?;
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::space::PresetSource;

    fn wanted(initial: Option<&str>) -> Wanted {
        let source = PresetSource::find("quick", &|_| Err(String::new())).expect("shipped");
        let mut preset = source.preset().expect("valid");
        (preset.space.width_multiple, preset.space.width_min) = (32, 32);
        // What no preset can have, since it is checked: whoever reads it panics.
        preset.space.initial = initial.map_or(preset.space.initial, str::to_owned);
        Wanted { preset, top: 1, threads: 1 }
    }

    /// Whoever waits for the end hears it.
    #[test]
    fn a_panic_is_told() {
        let (sender, told) = mpsc::channel();
        let tell = move |proof| sender.send(proof).expect("heard");
        let prover = Prover::spawn(wanted(Some("no structure")), None, tell).expect("a thread");
        let said: Vec<Proof> = told.iter().collect();
        let [Proof::Impossible(Unsolvable::Failed(why)), Proof::Done] = &said[..] else {
            panic!("{said:?}");
        };
        assert!(why.contains("checked when the preset was"), "{why}");
        drop(prover);
        let (sender, told) = mpsc::channel();
        let tell = move |seed: Result<Solution, _>| sender.send(seed.err()).expect("heard");
        let _prover = Prover::seed(wanted(Some("no structure")), tell).expect("a thread");
        assert!(matches!(told.recv(), Ok(Some(Unsolvable::Failed(_)))));
    }

    /// The work behind the first answer, which takes the longest, ends with whoever wanted it.
    #[test]
    fn nothing_is_told_to_nobody() {
        let (sender, told) = mpsc::channel();
        let (dropped, is_dropped) = mpsc::channel::<()>();
        let is_dropped = std::sync::Mutex::new(is_dropped);
        let tell = move |proof| {
            let is_found = matches!(proof, Proof::Found(_));
            sender.send(proof).expect("heard");
            if is_found {
                let _ = is_dropped.lock().map(|is_dropped| is_dropped.recv());
            }
        };
        let prover = Prover::spawn(wanted(None), None, tell).expect("a thread");
        let found = told.iter().find(|proof| matches!(proof, Proof::Found(_)));
        assert!(found.is_some());
        drop(prover);
        drop(dropped);
        assert_eq!(told.iter().collect::<Vec<_>>(), [Proof::Done]);
    }
}
