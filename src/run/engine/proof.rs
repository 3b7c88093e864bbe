//! The proof beside the search: what was heard of it, and how far the best is from it.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{Engine, Message};
use crate::{
    optimum::{ObjectiveForm, Problem},
    run::{
        protocol::{Optimum, Phase, Reason},
        prover::{Proof, Prover, Solution, Wanted},
        spec::RunSpec,
        tables,
    },
};

/// A search that took less than its proof waits so long for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is known of the optimum.
#[derive(Default)]
pub(super) struct Proving {
    /// Computes analytic scores; none where the space can't be solved, or nobody wants it.
    problem: Option<Problem>,
    prover: Option<Prover>,
    /// Of this proof; there is another once the settings are changed.
    number: u32,
    optimum: Option<Box<Optimum>>,
    /// The best member's analytic score.
    best: Option<(u64, f64)>,
    /// Everything else is done.
    pub(super) is_awaited: bool,
}

impl Proving {
    /// Starts the proof, where one is wanted; with why not, where there can be none.
    fn start(
        number: u32,
        spec: &RunSpec,
        solved: Option<Solution>,
        engine: mpsc::SyncSender<Message>,
    ) -> (Proving, Option<String>) {
        let mut proving = Proving { number, ..Proving::default() };
        if !spec.preset.run.optimum {
            return (proving, None);
        }
        match tables::problem(&spec.preset, ObjectiveForm::Theory) {
            Err(why) => return (proving, Some(unknown(why))),
            Ok(problem) => proving.problem = Some(problem),
        }
        // One thread: the others are the run's workers'.
        let wanted = Wanted { preset: spec.preset.clone(), top: 1, threads: 1 };
        // Nobody looks at how far it is.
        let tell = move |proof| {
            if !matches!(proof, Proof::Working(_)) {
                drop(engine.send(Message::Proof(number, proof)));
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

impl Engine<'_> {
    /// Proves the optimum beside the search, unless it is `solved` already.
    pub(super) fn prove(&mut self, solved: Option<Solution>) {
        let number = self.proving.number + 1;
        let (proving, unproven) = Proving::start(number, &self.spec, solved, self.messages.clone());
        self.proving = proving;
        if let Some(why) = unproven {
            self.log(&why);
        }
    }

    pub(super) fn hear_proof(&mut self, number: u32, proof: Proof) {
        if number != self.proving.number {
            return;
        }
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

    /// Hears the proof of a search that was faster. One that a person stopped is over at once.
    pub(super) fn await_proof(&mut self, messages: &mpsc::Receiver<Message>) {
        let until = Instant::now() + PATIENCE;
        while self.awaits_proof() {
            if !self.proving.is_awaited {
                self.show_wait();
            }
            let left = until.saturating_duration_since(Instant::now());
            match messages.recv_timeout(left) {
                Ok(Message::Proof(number, proof)) => self.hear_proof(number, proof),
                Ok(Message::Command(command)) => self.obey(command),
                Ok(Message::Kept(kept)) => self.hear_kept(kept),
                Ok(Message::Note(text)) => self.log(&text),
                Ok(Message::Report(_) | Message::Polished(_) | Message::Seeded(_)) => {}
                Err(_) => break,
            }
        }
        self.phase = Phase::Finished;
        self.proving.is_awaited = false;
        self.proving.prover = None;
    }

    fn awaits_proof(&self) -> bool {
        let is_done = matches!(self.reason, Some(Reason::Iterations | Reason::MaxScored));
        let is_pending = self.proving.prover.is_some() && self.proving.optimum.is_none();
        is_done && is_pending && !self.stopped
    }

    /// Viewers see all that was found meanwhile, in a phase that can still be stopped, and clocks that
    /// stand: nothing is searched.
    fn show_wait(&mut self) {
        let now = Instant::now();
        self.search_watch.stop(now);
        self.confirm_watch.stop(now);
        self.proving.is_awaited = true;
        self.phase = self.phase_at_work();
        self.post_snapshot(now);
    }
}
