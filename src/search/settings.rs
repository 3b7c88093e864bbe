//! What a search needs to know; all of it decides the result.

use std::sync::Arc;

use super::{Member, Population, aside::Aside};
use crate::{
    analytic,
    arch::{Costs, Structure},
    latency::Clock,
    space::{Budgets, Objectives, ScreenSettings, Space},
};

/// A whole search.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub space: Space,
    pub budgets: Budgets,
    /// What tells latencies, where budgets limit some.
    pub clock: Option<Arc<Clock>>,
    pub initial: Structure,
    pub iterations: u64,
    pub max_scored: Option<u64>,
    pub population: usize,
    /// Where more than the score counts, the population is in the order of NSGA-II.
    pub objectives: Objectives,
    pub moves: Moves,
    pub scoring: Scoring,
    pub elites: Elites,
    /// D of the pipeline rule, at least 1.
    pub pipeline: u64,
    pub seed: u64,
    /// Drop structures that were proposed for scoring before.
    pub dedup: bool,
}

impl Settings {
    /// Whether a structure of those costs may be: within the space, its constraints and the budgets.
    pub fn allows(&self, structure: &Structure, costs: &Costs) -> bool {
        self.budgets.broken(costs).is_none()
            && self.space.constraints().broken(structure.blocks()).is_none()
            && self.space.contains(structure, &self.initial)
    }

    /// Draws of which the best becomes a parent: with several objectives a tournament of two, at least.
    pub fn tournament(&self) -> u32 {
        match self.objectives.is_score_alone() {
            true => self.moves.tournament,
            false => self.moves.tournament.max(2),
        }
    }

    pub fn admits(&self, member: &Member) -> bool {
        self.allows(&member.structure, &member.costs)
    }

    /// Of `members`, best first, who stays in a population by these settings, and how many of those `aside`,
    /// best first, come back.
    pub fn stay(&self, members: &[Arc<Member>], aside: &[Arc<Member>]) -> (Vec<bool>, usize) {
        let parts = vec![Box::default(); members.len()];
        let mut population =
            Population::of(self.population, &Objectives::SCORE, members.to_vec(), parts);
        Aside::of(aside).exchange(&mut population, self, &mut |_| Some(Box::default()));
        let mut now: Vec<u64> = population.members().iter().map(|member| member.id).collect();
        now.sort_unstable();
        let is_in = |member: &Arc<Member>| now.binary_search(&member.id).is_ok();
        let stays: Vec<bool> = members.iter().map(is_in).collect();
        let staying = stays.iter().filter(|&&stays| stays).count();
        (stays, now.len() - staying)
    }
}

/// How children come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moves {
    /// Blocks drawn per published move.
    pub draws: u32,
    /// The parent is the best of so many uniform draws; of at least [two](Settings::tournament) where more than
    /// the score counts.
    pub tournament: u32,
    /// Share of small moves.
    pub small: f64,
    /// Shrink what breaks a budget.
    pub repair: bool,
    /// So many of the best are climbed at the end, where there is an analytic score.
    pub climb: usize,
    /// Whether a place is kept at the end for a structure that is planted.
    pub plant: bool,
}

impl Moves {
    /// The reference's.
    pub const PUBLISHED: Moves =
        Moves { draws: 2, tournament: 1, small: 0.0, repair: false, climb: 0, plant: false };
}

/// Where scores come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Scoring {
    /// Whoever asks measures every candidate.
    Measured,
    /// Whoever asks measures those that the analytic score ranks high.
    Screened(analytic::Settings, ScreenSettings),
    /// The analytic score, on the spot: nobody is asked.
    Analytic(analytic::Settings),
}

impl Scoring {
    pub fn model(&self) -> Option<&analytic::Settings> {
        match self {
            Scoring::Measured => None,
            Scoring::Screened(model, _) | Scoring::Analytic(model) => Some(model),
        }
    }
}

/// Members that are scored again, so that a lucky draw doesn't stay on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elites {
    /// How many of the best; 0 is nobody.
    pub best: usize,
    /// Scores until a member has enough.
    pub scores: u32,
    /// Draws of each score.
    pub repeats: u32,
}

impl Elites {
    pub const NONE: Elites = Elites { best: 0, scores: 2, repeats: 1 };
}
