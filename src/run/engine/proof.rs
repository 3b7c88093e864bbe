//! The proof beside the search: what was heard of it, and how far the best is from it.

use std::{
    ops::ControlFlow,
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{Engine, Message};
use crate::{
    optimum::{ObjectiveForm, Problem},
    run::{
        protocol::{Command, Optimum, Reason},
        prover::{Proof, Prover, Solution, Wanted},
        spec::{RunSpec, StartError},
    },
    space::SeedWith,
};

/// A search that took less than its proof waits so long for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is known of the optimum.
pub(super) struct Proving {
    /// Computes analytic scores; none where the space can't be solved, or nobody wants it.
    problem: Option<Problem>,
    prover: Option<Prover>,
    optimum: Option<Box<Optimum>>,
    /// The best member's analytic score.
    best: Option<(u64, f64)>,
}

impl Proving {
    /// Starts the proof, where one is wanted; with why not, where there can be none.
    pub(super) fn start(
        spec: &RunSpec,
        solved: Option<Solution>,
        engine: mpsc::SyncSender<Message>,
    ) -> (Proving, Option<String>) {
        let mut proving = Proving { problem: None, prover: None, optimum: None, best: None };
        if !spec.preset.run.optimum {
            return (proving, None);
        }
        match Problem::new(&spec.preset, ObjectiveForm::Theory) {
            Err(why) => return (proving, Some(unknown(why))),
            Ok(problem) => proving.problem = Some(problem),
        }
        // One thread: the others are the run's workers'.
        let wanted = Wanted { preset: spec.preset.clone(), top: 1, threads: 1 };
        // Nobody looks at how far it is.
        let tell = move |proof| {
            if !matches!(proof, Proof::Working(_)) {
                drop(engine.send(Message::Proof(proof)));
            }
        };
        match Prover::spawn(wanted, solved, tell) {
            Err(error) => return (proving, Some(unknown(error))),
            Ok(prover) => proving.prover = Some(prover),
        }
        (proving, None)
    }
}

fn unknown(why: impl std::fmt::Display) -> String {
    format!("how far from the optimum isn't known: {why}")
}

/// What a search starts from where that isn't its initial structure.
///
/// # Errors
/// The optimum is wanted and there is none.
pub(super) fn seed(spec: &RunSpec) -> Result<Option<Solution>, StartError> {
    let Some(SeedWith::Optimum) = spec.preset.search.seed_with else { return Ok(None) };
    let mut go_on = |_| ControlFlow::Continue(());
    let wanted = Wanted { preset: spec.preset.clone(), top: 1, threads: spec.workers() };
    let solution = Solution::of(&wanted, &mut go_on);
    solution.map(Some).map_err(|why| StartError::SeedWith(why.to_string()))
}

impl Engine<'_> {
    pub(super) fn hear_proof(&mut self, proof: Proof) {
        self.changed = true;
        match proof {
            Proof::Found(optimum) => {
                if self.proving.optimum.is_none() {
                    let what = match optimum.proven {
                        true => "proven",
                        false => "no proof that it is reached",
                    };
                    let bound = optimum.bound;
                    self.log(&format!("no structure's analytic score exceeds {bound:.4} ({what})"));
                }
                self.proving.optimum = Some(optimum);
            }
            Proof::Working(_) => {}
            Proof::Impossible(why) => self.log(&unknown(why)),
            Proof::Done => self.proving.prover = None,
        }
    }

    /// With the best member's analytic score.
    pub(super) fn optimum(&mut self) -> Option<Box<Optimum>> {
        let Proving { problem, optimum, best, .. } = &mut self.proving;
        let member = self.evolution.population().best();
        if let (Some(problem), Some(member)) = (problem, member)
            && best.is_none_or(|(id, _)| id != member.id)
        {
            *best = Some((member.id, problem.analytic(&member.structure)));
        }
        let best = best.map(|(_, score)| score).filter(|score| score.is_finite());
        optimum.clone().map(|optimum| Box::new(Optimum { best, ..*optimum }))
    }

    /// Hears the proof of a search that was faster; a stop is obeyed.
    pub(super) fn await_proof(&mut self, messages: &mpsc::Receiver<Message>) {
        let wanted = matches!(self.reason, Some(Reason::Iterations | Reason::MaxScored));
        let until = Instant::now() + PATIENCE;
        while wanted && self.proving.prover.is_some() && self.proving.optimum.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            match messages.recv_timeout(left) {
                Ok(Message::Proof(proof)) => self.hear_proof(proof),
                Ok(Message::Command(Command::Stop)) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.proving.prover = None;
    }
}
