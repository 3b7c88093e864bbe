//! Structures of a space that no score chose.
//!
//! Must not know: what they are for. Invariant: the same settings give the same structures.

use std::collections::HashSet;

use crate::{
    arch::Structure,
    score::Score,
    search::{Asked, Elites, Evolution, Moves, Scoring, Settings},
    space::{Budgets, Objectives, Preset},
};

/// So many are alive, the oldest leaves as one comes, and every 32nd is taken. A parent is half as old on the average
/// as the oldest, so that two in a row lie a generation apart.
pub(super) const ALIVE: usize = 64;
pub(super) const APART: u64 = 32;
/// Proposals of a walk at most, those that break budgets included: a second or two.
pub(super) const MOST_PROPOSED: u64 = 200_000;

/// A walk through a space by its moves, without a selection: each structure once, the initial one first.
pub(super) fn walked(walk: &Settings) -> Vec<Structure> {
    let mut evolution = Evolution::new(walk.clone());
    let (mut taken, mut seen) = (Vec::new(), HashSet::new());
    let mut count = 0_u64;
    loop {
        match evolution.ask(&mut |_| {}) {
            Asked::Candidate(candidate) => {
                // The newest is the best: whoever is drawn, age alone decides who leaves.
                let score = plain_score(count as f64);
                evolution.tell(candidate.id, Ok(score)).expect("it was just handed out");
                if count.is_multiple_of(APART) && seen.insert(candidate.structure.hash()) {
                    taken.push(candidate.structure);
                }
                count += 1;
            }
            Asked::Again => {}
            Asked::Wait => unreachable!("nothing is on its way"),
            Asked::Done(_) => return taken,
        }
    }
}

/// At most `count` structures of a preset's space within `budgets`, by its published moves.
pub fn random_structures(
    preset: &Preset,
    budgets: Budgets,
    count: usize,
    seed: u64,
) -> Vec<Structure> {
    // Some steps of a walk lead nowhere new.
    let scored = (2 * count as u64 + 4).saturating_mul(APART);
    let walk = Settings {
        space: preset.search_space(),
        budgets,
        clock: None,
        objectives: Objectives::SCORE,
        initial: preset.initial(),
        iterations: MOST_PROPOSED,
        max_scored: Some(scored),
        population: ALIVE,
        moves: Moves::PUBLISHED,
        scoring: Scoring::Measured,
        elites: Elites::NONE,
        pipeline: 1,
        seed,
        dedup: false,
    };
    // The first are not far from where all begin.
    walked(&walk).into_iter().skip(2).take(count).collect()
}

fn plain_score(value: f64) -> Score {
    Score { value, std: None, repeats: 1, log_delta: None, bn_sum: None }
}
