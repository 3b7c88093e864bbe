//! The first step of a search that wants it: the optimum is solved for, and the search starts from it
//! instead of from its initial structure.

use std::sync::mpsc;

use super::{Engine, Message};
use crate::{
    optimum::Unsolvable,
    run::{
        protocol::{Phase, Reason},
        prover::{Prover, Solution, Wanted},
        spec::{RunSpec, StartError},
    },
    search::{Evolution, Settings},
    space::SeedWith,
};

/// Starts to solve for what the search starts from, where that isn't its initial structure.
///
/// # Errors
/// The system gives no thread.
pub(super) fn start(
    spec: &RunSpec,
    engine: mpsc::SyncSender<Message>,
) -> Result<Option<Prover>, StartError> {
    let Some(SeedWith::Optimum) = spec.preset.search.seed_with else { return Ok(None) };
    // The workers have nothing to do meanwhile.
    let wanted = Wanted { preset: spec.preset.clone(), top: 1, threads: spec.workers() };
    let tell = move |seed| drop(engine.send(Message::Seeded(Box::new(seed))));
    let prover = Prover::seed(wanted, tell);
    prover.map(Some).map_err(|error| StartError::SeedWith(error.to_string()))
}

impl Engine<'_> {
    pub(super) fn hear_seed(&mut self, seed: Result<Solution, Unsolvable>) {
        self.changed = true;
        self.seeding = None;
        match seed.and_then(|solution| Ok((solution.best()?.clone(), solution))) {
            Ok((initial, solution)) => {
                let settings = self.spec.search_settings();
                self.evolution = Evolution::new(Settings { initial, ..settings });
                if self.is_retelling() {
                    self.evolution.tell_everybody();
                }
                self.prove(Some(solution));
            }
            Err(why) => {
                self.fault(None, None, StartError::SeedWith(why.to_string()).to_string());
                self.reason = Some(Reason::Failed);
                self.phase = Phase::Finished;
            }
        }
    }
}
