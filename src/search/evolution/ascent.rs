//! The end of a search: its best are climbed, one after the other.

use serde::{Deserialize, Serialize};

use super::{Asked, End, Evolution, Rejection, finite_value};
use crate::{
    arch::Structure,
    search::{Applied, Settings, climb::Climb, workshop::Workshop},
};

/// Climbing the best, once everything else is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ascent {
    /// Ids of those still to be climbed, the next one last.
    waiting: Vec<u64>,
    /// Who is being climbed.
    current: Option<(u64, Climb)>,
}

impl Ascent {
    /// With what isn't kept on a disk.
    pub(super) fn complete(&mut self, workshop: &mut Workshop) {
        self.current.iter_mut().for_each(|(_, climb)| climb.complete(workshop));
    }
}

impl Evolution {
    /// Whether a place is kept for a structure that is [planted](Evolution::plant): where one is wanted,
    /// unless the initial structure takes the only score there may be.
    pub fn keeps_place(&self) -> bool {
        self.settings.moves.plant && self.settings.max_scored != Some(1)
    }

    /// How many of the best will be climbed. What that finds counts like other candidates, so the last
    /// places are kept for it; a short search is still one, and climbs for at most half of what planting
    /// leaves.
    fn climbs(&self) -> u64 {
        let Settings { max_scored, iterations, moves, scoring, .. } = &self.settings;
        let most = max_scored.unwrap_or(u64::MAX).min(*iterations);
        let most = most.saturating_sub(u64::from(self.keeps_place()));
        scoring.model().map_or(0, |_| (moves.climb as u64).min(most / 2))
    }

    pub(super) fn reached_end(&self) -> Option<End> {
        let kept = self.climbs() + u64::from(self.keeps_place());
        let on_their_way = self.pending.len() as u64;
        let scored = self.counts.scored + self.counts.failed + on_their_way - self.renewed;
        if self.settings.max_scored.is_some_and(|max| scored + kept >= max) {
            Some(End::MaxScored)
        } else if self.counts.proposed + kept >= self.settings.iterations {
            Some(End::Iterations)
        } else {
            None
        }
    }

    /// Goes on climbing the best; done when all have been climbed and told.
    pub(super) fn climb(&mut self, end: End, applied: &mut dyn FnMut(Applied)) -> Asked {
        let climbs = self.climbs();
        if climbs == 0 {
            return self.offer_planted(applied).unwrap_or(Asked::Done(end));
        }
        let population = &self.population;
        let ascent = self.ascent.get_or_insert_with(|| {
            let best = population.best_by_score(climbs as usize);
            let waiting = best.iter().map(|member| member.id).rev().collect();
            Ascent { waiting, current: None }
        });
        let Some((id, climb)) = &mut ascent.current else {
            let Some(id) = ascent.waiting.pop() else {
                return self.offer_planted(applied).unwrap_or(Asked::Done(end));
            };
            self.turn += 1;
            // A better one may have pushed it out meanwhile.
            if let Some(member) = self.lineage.get(id) {
                let climb = Climb::new(member.structure.blocks(), &mut self.workshop);
                ascent.current = climb.map(|climb| (id, climb));
            }
            return Asked::Again;
        };
        self.turn += 1;
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
        let estimate = finite_value(score);
        let proposal = self.take_draft(self.counts.proposed, parent, costs, estimate);
        self.hand_out(proposal, score, applied)
    }
}
