//! How noisy a draw is, where the search draws everybody once and nothing tells: now and then the best is
//! drawn a few times more. Decides nothing; the draws are for the screens.

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::{
    random::{Purpose, Stream},
    run::worker::{Job, JobPurpose, Role},
    score::Score,
};

/// The best is sounded when so many are scored, and whenever that has doubled.
const FIRST: u64 = 32;
/// Draws of a sounding.
const DRAWS: u32 = 4;
/// Soundings that count: noise is another for other networks, so old ones are forgotten.
const KEPT: usize = 4;
/// Numbers of the draws, beyond all that a search or a confirmation takes.
const FIRST_DRAW: u32 = 1 << 30;

/// What was sounded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct Soundings {
    taken: u32,
    /// Deviation of a draw, and of how many draws; the newest last.
    found: Vec<(f64, u32)>,
}

impl Soundings {
    pub(super) fn found(&self) -> impl Iterator<Item = (f64, u32)> {
        self.found.iter().copied()
    }

    /// Scores are of another kind from here on.
    pub(super) fn forget(&mut self) {
        self.found.clear();
    }

    pub(super) fn learn(&mut self, score: &Score) {
        self.found.extend(score.std.map(|std| (std, score.repeats)));
        if self.found.len() > KEPT {
            self.found.remove(0);
        }
    }
}

impl Engine<'_> {
    /// The best's fresh draws, where it is time for them.
    pub(super) fn sounding(&mut self) -> Option<Job> {
        let score = &self.spec.preset.score;
        let best = self.evolution.population().best()?;
        let is_told_otherwise = best.score.is_analytic() || score.repeats > 1 || score.elites > 0;
        let due = FIRST << self.soundings.taken.min(40);
        if is_told_otherwise || self.evolution.counts().scored < due {
            return None;
        }
        self.soundings.taken += 1;
        let run_seed = self.spec.preset.search.seed;
        Some(Job {
            purpose: JobPurpose::Sounding { id: best.id },
            role: Role::Search,
            structure: best.structure.clone(),
            seed: Stream::of_candidate(run_seed, Purpose::ScoreSeed, best.id).next_u64(),
            first_repeat: FIRST_DRAW,
            repeats: DRAWS,
            definition: score.definition,
        })
    }
}
