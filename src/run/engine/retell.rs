//! A run told again: the same search asked the same questions, answered from its journal and by nobody else.
//! It keeps nothing and ends where the answers end.
//!
//! Must not know who listens, nor what is made of it. Invariant: what is told is what the run did, candidate by
//! candidate in the order of their ids.

use std::sync::mpsc;

use super::{Engine, Means, Message, polish::Polish};
use crate::{
    run::{
        RunSpec,
        audience::Audience,
        protocol::{Phase, Reason},
        spec::StartError,
        store::History,
    },
    search::{Applied, Counts, Population, Scoring},
};

/// Room for what provers say.
const MAX_MESSAGES: usize = 64;

/// Hears what became of a candidate, with the population right after it and how often that had been given other
/// scores; false where no more is wanted.
pub(in crate::run) type Listener<'a> = &'a mut dyn FnMut(&Applied, &Population, u32) -> bool;

/// How much of a run is told.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct Extent {
    /// Of a search that scores on the spot, how far it had come; none for to its end.
    pub most: Option<u64>,
    /// Whether what comes once everything is proposed is told as well. Climbing and polishing take seconds, and
    /// nobody is scored again by then.
    pub has_ending: bool,
}

/// Where a retelling is.
pub(super) struct Retelling<'a> {
    listener: Listener<'a>,
    extent: Extent,
    is_enough: bool,
}

/// Tells the run of `spec` again that has this `history`, on this thread; gives its counts at the end.
///
/// # Errors
/// It can't be started here.
pub(in crate::run) fn retell(
    mut spec: RunSpec,
    history: History,
    extent: Extent,
    listener: Listener<'_>,
) -> Result<Counts, StartError> {
    spec.out = None;
    let run = &mut spec.preset.run;
    // Nothing is measured, so it matters no more on what it was.
    "cpu".clone_into(&mut run.device);
    "auto".clone_into(&mut run.kernels);
    (run.workers, run.prefix_memory, run.optimum) = (None, None, false);
    let audience = Audience::default();
    let (sender, messages) = mpsc::sync_channel::<Message>(MAX_MESSAGES);
    let retelling = Retelling { listener, extent, is_enough: false };
    let means = Means::Memory(Box::new(history), retelling);
    let mut engine = Engine::start(&audience, spec, sender, means)?;
    engine.run(messages);
    Ok(engine.evolution.counts().clone())
}

impl Engine<'_> {
    pub(super) fn is_retelling(&self) -> bool {
        self.retelling.is_some()
    }

    /// Says what became of a candidate.
    pub(super) fn retell(&mut self, change: &Applied) {
        let Some(retelling) = &mut self.retelling else { return };
        let (population, renewals) = (self.evolution.population(), self.evolution.renewals());
        if !retelling.is_enough && !(retelling.listener)(change, population, renewals) {
            retelling.is_enough = true;
        }
    }

    /// Whether nothing more is to be asked.
    pub(super) fn has_told_enough(&self) -> bool {
        let Some(retelling) = &self.retelling else { return false };
        // Who scores on the spot needs no answers and would go on for ever.
        let is_on_the_spot = matches!(self.evolution.settings().scoring, Scoring::Analytic(_));
        let proposed = self.evolution.counts().proposed;
        let is_over = !retelling.extent.has_ending && self.evolution.is_climbing();
        let is_most = retelling.extent.most.is_some_and(|most| proposed >= most);
        retelling.is_enough || is_over || is_on_the_spot && is_most
    }

    /// Whether nobody wants to hear of the polish.
    pub(super) fn leaves_polish_out(&self) -> bool {
        self.retelling.as_ref().is_some_and(|retelling| !retelling.extent.has_ending)
    }

    /// Ends a retelling that waits for an answer nobody has.
    pub(super) fn end_without_answers(&mut self) {
        let is_solving = self.seeding.is_some() || matches!(self.polish, Polish::Solving { .. });
        if self.is_retelling() && self.phase != Phase::Finished && !is_solving {
            self.reason = Some(Reason::Interrupted);
            self.phase = Phase::Finished;
        }
    }
}
