//! The end of a search: its best are climbed, one after the other.

use super::{Asked, End, Evolution, Rejection};
use crate::{
    arch::Structure,
    search::{Applied, climb::Climb},
};

/// Climbing the best, once everything else is told.
#[derive(Clone, Debug)]
pub(super) struct Ascent {
    /// Ids of those still to be climbed, the next one last.
    waiting: Vec<u64>,
    /// Who is being climbed.
    current: Option<(u64, Climb)>,
}

impl Evolution {
    /// Goes on climbing the best; done when all have been climbed and told.
    pub(super) fn climb(&mut self, end: End, applied: &mut dyn FnMut(Applied)) -> Asked {
        let climbs = self.climbs();
        if climbs == 0 {
            return self.offer_planted(applied).unwrap_or(Asked::Done(end));
        }
        let best = self.population.members().iter().take(climbs as usize);
        let ids = best.map(|member| member.id).rev();
        let ascent =
            self.ascent.get_or_insert_with(|| Ascent { waiting: ids.collect(), current: None });
        let Some((id, climb)) = &mut ascent.current else {
            let Some(id) = ascent.waiting.pop() else {
                return self.offer_planted(applied).unwrap_or(Asked::Done(end));
            };
            // A better one may have pushed it out meanwhile.
            if let Some(member) = self.lineage.get(id) {
                let climb = Climb::new(member.structure.blocks(), &mut self.workshop);
                ascent.current = climb.map(|climb| (id, climb));
            }
            return Asked::Again;
        };
        if !climb.step(&mut self.workshop) {
            return Asked::Again;
        }
        let (parent, top) = (*id, climb.blocks().to_vec());
        ascent.current = None;
        let structure = Structure::new(top).expect("what was judged is a structure");
        self.offer(parent, structure, applied)
    }

    /// Another structure for the population, made by somebody else from member `parent`; proposed once
    /// everything else is.
    pub fn plant(&mut self, parent: u64, structure: Structure) {
        self.planted = Some((parent, structure));
    }

    fn offer_planted(&mut self, applied: &mut dyn FnMut(Applied)) -> Option<Asked> {
        let (parent, structure) = self.planted.take()?;
        Some(self.offer(parent, structure, applied))
    }

    /// Proposes `structure`, unless it is known already or breaks something.
    fn offer(
        &mut self,
        parent: u64,
        structure: Structure,
        applied: &mut dyn FnMut(Applied),
    ) -> Asked {
        self.counts.proposed += 1;
        if !self.seen.insert(structure.hash()) {
            return self.reject(Rejection::Duplicate);
        }
        let Some(member) = self.lineage.get(parent) else { return Asked::Again };
        let Ok(costs) = self.workshop.take(structure.blocks(), &[]) else { return Asked::Again };
        self.workshop.draft.note_changes(member.structure.blocks());
        let score = self.workshop.score(&[]);
        let estimate = score.map(|score| score.value);
        let proposal = self.take_draft(self.counts.proposed, parent, costs, estimate);
        self.hand_out(proposal, score, applied)
    }
}
