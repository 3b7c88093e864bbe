//! Ask and tell: Zen-NAS's evolution (Algorithm 2) with a pipeline.
//!
//! The pipeline rule. Candidates that need a score are numbered 0, 1, 2, … in the order they are
//! proposed; number 0 is the initial structure. Candidate n is proposed from the population as it
//! stood after exactly the results of candidates ≤ n − D, told in that order, with D the pipeline
//! setting. So up to D candidates may be on their way at once, and neither the number of workers
//! nor their speed can change what is proposed. Proposals that break a budget need no score and
//! take no number, only an id: the count of proposals so far, which is what people see.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use super::{Counts, History, Lineage, Member, Population, Rejection};
use crate::{
    arch::{Costs, Structure, StructureHash, costs},
    random::{Purpose, Stream},
    score::Score,
    space::{Budgets, Mutation, Space},
};

/// Members up to which the parent is always the initial structure and one block is drawn, as the
/// reference does to start with some variety.
const SEEDLING_POPULATION: usize = 10;

/// What a search needs to know; all of it decides the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub space: Space,
    pub budgets: Budgets,
    pub initial: Structure,
    pub iterations: u64,
    pub max_scored: Option<u64>,
    pub population: usize,
    /// Blocks drawn per child.
    pub mutations: u32,
    /// D of the pipeline rule, at least 1.
    pub pipeline: u64,
    pub seed: u64,
    /// Drop structures that were proposed for scoring before.
    pub dedup: bool,
}

/// A structure that wants a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub id: u64,
    pub structure: Structure,
}

/// The answer to [`Evolution::ask`].
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Score this and tell.
    Candidate(Candidate),
    /// A proposal was rejected and counted; ask again.
    Rejected,
    /// Nothing can be proposed before a candidate on its way is told.
    Wait,
    /// Everything was proposed and told.
    Done(End),
}

/// Why there is nothing more to propose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Iterations,
    MaxScored,
    /// [`Evolution::stop`] was called.
    Stopped,
}

/// A result. A failure is recorded with its reason and never enters the population.
pub type Outcome = Result<Score, String>;

/// A candidate on its way: proposed, perhaps told, not yet applied.
#[derive(Clone, Debug)]
struct Pending {
    id: u64,
    structure: Structure,
    costs: Costs,
    parent: Option<u64>,
    mutations: Vec<Mutation>,
    outcome: Option<Outcome>,
}

/// What telling a result changed; for events, not for decisions.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    Entered {
        member: Arc<Member>,
        is_best: bool,
    },
    /// Scored below everybody in a full population.
    TooLow {
        id: u64,
    },
    Failed {
        id: u64,
        reason: String,
    },
}

/// An id that was never handed out, or was told already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("candidate {0} is not waiting for a result")]
pub struct NotWaiting(pub u64);

/// The whole state of a search.
#[derive(Clone, Debug)]
pub struct Evolution {
    settings: Settings,
    population: Population,
    lineage: Lineage,
    counts: Counts,
    history: History,
    /// Candidates not yet applied, oldest first; at most D.
    pending: VecDeque<Pending>,
    /// Identities proposed for scoring so far; bounded by the iterations. Membership only.
    seen: HashSet<StructureHash>,
    end: Option<End>,
    started: bool,
}

impl Evolution {
    pub fn new(settings: Settings) -> Evolution {
        let initial_costs =
            costs(&settings.initial, settings.space.net(), settings.budgets.counting);
        let initial = Pending {
            id: 0,
            structure: settings.initial.clone(),
            costs: initial_costs,
            parent: None,
            mutations: Vec::new(),
            outcome: None,
        };
        Evolution {
            population: Population::new(settings.population),
            lineage: Lineage::default(),
            counts: Counts::default(),
            history: History::default(),
            seen: HashSet::from([settings.initial.hash()]),
            pending: VecDeque::from([initial]),
            end: None,
            started: false,
            settings,
        }
    }

    /// The next thing to do. One call makes at most one proposal, so a caller stays responsive.
    ///
    /// Results that the pipeline rule lets in are applied here; `applied` hears of each, in order.
    pub fn ask(&mut self, applied: &mut dyn FnMut(Applied)) -> Asked {
        if !self.started {
            self.started = true;
            let initial = &self.pending[0];
            return Asked::Candidate(Candidate { id: 0, structure: initial.structure.clone() });
        }
        self.end = self.end.or_else(|| self.reached_end());
        // The next candidate's number minus D is applied exactly when fewer than D are pending.
        let room = if self.end.is_some() { 1 } else { self.settings.pipeline };
        while self.pending.len() as u64 >= room {
            match self.apply_oldest() {
                Some(change) => applied(change),
                None => return Asked::Wait,
            }
        }
        match self.end {
            Some(end) => Asked::Done(end),
            None => self.propose(),
        }
    }

    /// Takes the result of a candidate, in any order.
    ///
    /// # Errors
    /// [`NotWaiting`] for an id that is not on its way.
    pub fn tell(&mut self, id: u64, outcome: Outcome) -> Result<(), NotWaiting> {
        let waiting = |p: &&mut Pending| p.id == id && p.outcome.is_none();
        let pending = self.pending.iter_mut().find(waiting).ok_or(NotWaiting(id))?;
        pending.outcome = Some(match outcome {
            Ok(score) if !score.value.is_finite() => Err(format!("the score is {}", score.value)),
            outcome => outcome,
        });
        Ok(())
    }

    /// Proposes nothing more; candidates on their way still count.
    pub fn stop(&mut self) {
        self.end.get_or_insert(End::Stopped);
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn population(&self) -> &Population {
        &self.population
    }

    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn reached_end(&self) -> Option<End> {
        let on_their_way = self.pending.len() as u64;
        let scored = self.counts.scored + self.counts.failed + on_their_way;
        if self.settings.max_scored.is_some_and(|max| scored >= max) {
            Some(End::MaxScored)
        } else if self.counts.proposed >= self.settings.iterations {
            Some(End::Iterations)
        } else {
            None
        }
    }

    /// Applies the oldest pending candidate; `None` while it waits for its result.
    fn apply_oldest(&mut self) -> Option<Applied> {
        let outcome = self.pending.front_mut()?.outcome.take()?;
        let pending = self.pending.pop_front()?;
        let id = pending.id;
        let score = match outcome {
            Ok(score) => score,
            Err(reason) => {
                self.counts.failed += 1;
                pending.parent.inspect(|&parent| self.lineage.release(parent));
                return Some(Applied::Failed { id, reason });
            }
        };
        self.counts.scored += 1;
        // The initial structure may have failed and still have children.
        let parent = pending.parent.and_then(|parent| self.lineage.get(parent));
        let member = Arc::new(Member {
            id,
            structure: pending.structure,
            score,
            costs: pending.costs,
            parent: pending.parent,
            generation: parent.map_or(u32::from(id > 0), |p| p.generation + 1),
            mutations: pending.mutations,
            gain: parent.map(|p| score.value - p.score.value),
        });
        self.lineage.insert(Arc::clone(&member));
        let entry = self.population.insert(Arc::clone(&member));
        if let Some(leaver) = entry.leaver {
            self.lineage.release(leaver.id);
        }
        self.history.record(id, &self.population);
        Some(match entry.rank {
            Some(rank) => Applied::Entered { member, is_best: rank == 0 },
            None => Applied::TooLow { id },
        })
    }

    /// A population too small for the reference's rule evolves once it is full.
    fn seedling_population(&self) -> usize {
        SEEDLING_POPULATION.min(self.population.capacity().saturating_sub(1))
    }

    fn propose(&mut self) -> Asked {
        self.counts.proposed += 1;
        let id = self.counts.proposed;
        let mut stream = Stream::of_candidate(self.settings.seed, Purpose::Propose, id);
        let (parent, draws) = if self.population.len() <= self.seedling_population() {
            ((0, &self.settings.initial), 1)
        } else {
            let len = u32::try_from(self.population.len()).expect("populations are small");
            let parent = &self.population.members()[stream.below(len) as usize];
            ((parent.id, &parent.structure), self.settings.mutations)
        };
        let child = self.settings.space.mutate(parent.1, draws, &mut stream);
        let counting = self.settings.budgets.counting;
        let costs = costs(&child.structure, self.settings.space.net(), counting);
        if let Some(budget) = self.settings.budgets.broken(&costs) {
            self.counts.reject(Rejection::Budget(budget));
            return Asked::Rejected;
        }
        if !self.seen.insert(child.structure.hash()) && self.settings.dedup {
            self.counts.reject(Rejection::Duplicate);
            return Asked::Rejected;
        }
        let parent = parent.0;
        self.lineage.retain(parent);
        let structure = child.structure.clone();
        self.pending.push_back(Pending {
            id,
            structure: child.structure,
            costs,
            parent: Some(parent),
            mutations: child.mutations,
            outcome: None,
        });
        Asked::Candidate(Candidate { id, structure })
    }
}
