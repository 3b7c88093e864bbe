//! The last step of a search that wants it: the best structure with the block depths of the search's
//! best, by the analytic score, joins the population and is measured like everybody.

use super::{Engine, Message};
use crate::{
    arch::Structure,
    optimum::Unsolvable,
    run::prover::{Prover, Wanted},
    search::End,
};

/// How far the polishing is.
pub(super) enum Polish {
    /// Once everything else is proposed.
    Ahead,
    /// Of the member with this id; the work ends with its prover.
    Solving { id: u64, _prover: Prover },
    /// There is none, or no more.
    Done,
    /// A person stopped it, or stopped what comes before it.
    CutShort,
}

impl Engine<'_> {
    /// Whether the search, which has proposed everything else, still waits for its best to be polished.
    pub(super) fn polishes(&mut self, end: End) -> bool {
        match &self.polish {
            Polish::Done | Polish::CutShort => return false,
            Polish::Solving { .. } => return true,
            Polish::Ahead => self.polish = Polish::Done,
        }
        let is_wanted = end != End::Stopped && !self.leaves_polish_out();
        let best = self.evolution.population().best();
        let Some(best) = best.filter(|_| is_wanted) else { return false };
        let (id, shape) = (best.id, best.structure.clone());
        // The workers have nothing to do meanwhile.
        let wanted =
            Wanted { preset: self.spec.preset.clone(), top: 1, threads: self.spec.workers() };
        let engine = self.messages.clone();
        let tell = move |best| drop(engine.send(Message::Polished(best)));
        match Prover::polish(wanted, shape, tell) {
            Ok(prover) => self.polish = Polish::Solving { id, _prover: prover },
            Err(error) => self.log(&format!("the best can't be polished: {error}")),
        }
        self.changed = true;
        matches!(self.polish, Polish::Solving { .. })
    }

    pub(super) fn cut_polish_short(&mut self) {
        match self.polish {
            Polish::Ahead | Polish::Solving { .. } => self.polish = Polish::CutShort,
            Polish::Done | Polish::CutShort => {}
        }
    }

    pub(super) fn hear_polished(&mut self, best: Result<Structure, Unsolvable>) {
        self.changed = true;
        // One that was stopped meanwhile is not waited for.
        let Polish::Solving { id, .. } = self.polish else { return };
        self.polish = Polish::Done;
        match best {
            Ok(structure) => self.evolution.plant(id, structure),
            Err(why) => self.log(&format!("the best can't be polished: {why}")),
        }
    }
}
