//! The proven optimum of a run's space, computed beside the run on a thread of its own.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use super::{engine::Message, protocol::Optimum};
use crate::{
    optimum::{Answer, LayerPrice, ObjectiveForm, Problem, Solver, Unsolvable, Watch},
    space::Preset,
};

/// What an engine hears of the proof.
#[derive(Debug)]
pub(super) enum Proof {
    /// So far; more may come.
    Found(Box<Optimum>),
    /// Nothing can be proven.
    Impossible(Unsolvable),
    /// There is nothing more to come.
    Done,
}

/// Proves for one run. Dropping it ends the proof soon.
#[derive(Debug)]
pub(super) struct Prover {
    stop: Arc<AtomicBool>,
}

/// The best structure of a preset's space, and what it was solved with.
pub(super) struct Solution {
    solver: Solver,
    pub answer: Answer,
}

impl Solution {
    /// # Errors
    /// Why there is none.
    pub(super) fn of(
        preset: &Preset,
        threads: usize,
        watch: Watch,
    ) -> Result<Solution, Unsolvable> {
        let problem = Problem::new(preset, ObjectiveForm::Theory)?;
        let target = problem.target().clone();
        let solver = Solver::new(problem, &target, threads, watch)?;
        let answer = solver.solve(&target, 1, watch)?;
        Ok(Solution { solver, answer })
    }

    fn optimum(&self, layer_price: LayerPrice) -> Box<Optimum> {
        let Answer { bound, proven, ref best, ref prices, .. } = self.answer;
        let structure = best.first().map(|best| best.structure.clone());
        let prices = prices.clone();
        Box::new(Optimum { bound, proven, structure, prices, layer_price, best: None })
    }
}

impl Prover {
    /// One thread: the others are the run's workers'. What is solved already needs no solving.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn spawn(
        preset: &Preset,
        solved: Option<Solution>,
        engine: mpsc::SyncSender<Message>,
    ) -> std::io::Result<Prover> {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, preset) = (Arc::clone(&stop), preset.clone());
        thread::Builder::new().name("zendo-prover".to_owned()).spawn(move || {
            let mut watch = |_| match asked.load(Ordering::Relaxed) {
                false => ControlFlow::Continue(()),
                true => ControlFlow::Break(()),
            };
            let tell = |proof| drop(engine.send(Message::Proof(proof)));
            match solved.map_or_else(|| Solution::of(&preset, 1, &mut watch), Ok) {
                Ok(solution) => prove(&solution, &mut watch, &tell),
                Err(why) => tell(Proof::Impossible(why)),
            }
            tell(Proof::Done);
        })?;
        Ok(Prover { stop })
    }
}

/// Tells the optimum, then again with what a sub-layer is worth.
fn prove(solution: &Solution, watch: Watch, tell: &dyn Fn(Proof)) {
    let Solution { solver, answer } = solution;
    tell(Proof::Found(solution.optimum(LayerPrice { minus: None, plus: None })));
    if answer.proven {
        tell(Proof::Found(solution.optimum(solver.layer_price(answer, watch))));
    }
}

impl Drop for Prover {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
