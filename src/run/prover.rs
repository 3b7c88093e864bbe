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

use super::{
    engine::Message,
    protocol::{Optimum, Price},
};
use crate::{
    optimum::{Answer, LayerPrice, ObjectiveForm, Problem, Solver, Unsolvable, Watch},
    space::Preset,
};

/// What an engine hears of the proof.
#[derive(Debug)]
pub(super) enum Proof {
    /// So far; more may come.
    Found(Box<Optimum>),
    /// There is nothing more to come.
    Done,
}

/// Proves for one run. Dropping it ends the proof soon.
#[derive(Debug)]
pub(super) struct Prover {
    stop: Arc<AtomicBool>,
}

impl Prover {
    /// One thread: the others are the run's workers'.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn spawn(
        preset: &Preset,
        engine: mpsc::SyncSender<Message>,
    ) -> std::io::Result<Prover> {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, preset) = (Arc::clone(&stop), preset.clone());
        thread::Builder::new().name("zendo-prover".to_owned()).spawn(move || {
            let mut watch = |_| match asked.load(Ordering::Relaxed) {
                false => ControlFlow::Continue(()),
                true => ControlFlow::Break(()),
            };
            let mut tell = |optimum| drop(engine.send(Message::Proof(Proof::Found(optimum))));
            // Why there is nothing to prove was said at the start.
            let _ = prove(&preset, 1, &mut watch, &mut tell);
            let _ = engine.send(Message::Proof(Proof::Done));
        })?;
        Ok(Prover { stop })
    }
}

impl Drop for Prover {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Tells the optimum, then again with what a sub-layer is worth.
///
/// # Errors
/// Why there is nothing to prove.
pub(super) fn prove(
    preset: &Preset,
    threads: usize,
    watch: Watch,
    tell: &mut dyn FnMut(Box<Optimum>),
) -> Result<(), Unsolvable> {
    let problem = Problem::new(preset, ObjectiveForm::Theory)?;
    let target = problem.target().clone();
    let solver = Solver::new(problem, &target, threads, watch)?;
    let answer = solver.solve(&target, 1, watch)?;
    let unknown = LayerPrice { minus: None, plus: None };
    if answer.bound.is_finite() {
        tell(Box::new(optimum(&answer, unknown)));
    }
    if answer.proven {
        let price = solver.layer_price(&answer, watch);
        tell(Box::new(optimum(&answer, price)));
    }
    Ok(())
}

fn optimum(answer: &Answer, layer_price: LayerPrice) -> Optimum {
    let units = |budget| {
        answer.target.limits.iter().find(|l| l.budget == budget).map_or(1.0, |limit| limit.unit())
    };
    let prices =
        answer.prices.iter().map(|&(budget, score)| Price { budget, score, unit: units(budget) });
    Optimum {
        bound: answer.bound,
        proven: answer.proven,
        structure: answer.best.first().map(|best| best.structure.clone()),
        prices: prices.collect(),
        layer_price,
        best: None,
    }
}
