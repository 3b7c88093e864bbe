//! The confirmation: the best of a search are scored again with seeds the search never saw, since
//! the best of many single draws is lucky.

use std::sync::Arc;

use super::{
    protocol::{Confirmed, Member, Winner},
    worker::{Job, JobPurpose},
};
use crate::{
    random::{Purpose, Stream},
    score::{Definition, MeanStd},
};

/// How the finalists are scored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub best: usize,
    /// Draws of each.
    pub repeats: u32,
    pub seed: u64,
    pub definition: Definition,
}

struct Finalist {
    member: Arc<Member>,
    seed: u64,
    /// By draw number, so that the mean doesn't depend on the order of arrival.
    draws: Vec<Option<f64>>,
    failure: Option<String>,
}

impl Finalist {
    fn mean(&self) -> (Option<MeanStd>, u32) {
        let values: Vec<f64> = self.draws.iter().copied().flatten().collect();
        let repeats = u32::try_from(values.len()).expect("as many as there are draws");
        ((!values.is_empty()).then(|| MeanStd::of(&values)), repeats)
    }
}

/// Finalists and the draws they have so far.
pub(super) struct Confirmation {
    plan: Plan,
    finalists: Vec<Finalist>,
    handed_out: u32,
    told: u32,
}

impl Confirmation {
    /// `members` best first; the plan takes as many as it wants.
    pub(super) fn new(plan: Plan, members: &[Arc<Member>]) -> Confirmation {
        let finalist = |member: &Arc<Member>| Finalist {
            member: Arc::clone(member),
            seed: Stream::of_candidate(plan.seed, Purpose::ConfirmSeed, member.id).next_u64(),
            draws: vec![None; plan.repeats as usize],
            failure: None,
        };
        let finalists = members.iter().take(plan.best).map(finalist).collect();
        Confirmation { plan, finalists, handed_out: 0, told: 0 }
    }

    pub(super) fn total(&self) -> u32 {
        u32::try_from(self.finalists.len()).expect("at most a thousand") * self.plan.repeats
    }

    pub(super) fn told(&self) -> u32 {
        self.told
    }

    pub(super) fn id_of(&self, finalist: usize) -> u64 {
        self.finalists[finalist].member.id
    }

    pub(super) fn is_complete(&self) -> bool {
        self.told == self.total()
    }

    /// The next draw: the first of everybody, then the second, so that means stay comparable.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        if self.handed_out == self.total() {
            return None;
        }
        let count = self.finalists.len();
        let (draw, finalist) = (self.handed_out / count as u32, self.handed_out as usize % count);
        self.handed_out += 1;
        Some(Job {
            purpose: JobPurpose::Confirmation { finalist, draw },
            structure: self.finalists[finalist].member.structure.clone(),
            seed: self.finalists[finalist].seed,
            first_repeat: draw,
            repeats: 1,
            definition: self.plan.definition,
        })
    }

    pub(super) fn tell(&mut self, finalist: usize, draw: u32, outcome: Result<f64, String>) {
        self.told += 1;
        match outcome {
            Ok(value) => self.finalists[finalist].draws[draw as usize] = Some(value),
            Err(reason) => self.finalists[finalist].failure = Some(reason),
        }
    }

    /// Best mean first, those without one last, ties by id.
    pub(super) fn report(&self) -> Vec<Confirmed> {
        let mut report: Vec<Confirmed> = self
            .finalists
            .iter()
            .map(|finalist| {
                let (score, repeats) = finalist.mean();
                Confirmed {
                    id: finalist.member.id,
                    searched: finalist.member.score.value,
                    score,
                    repeats,
                    failure: finalist.failure.clone(),
                }
            })
            .collect();
        let mean = |c: &Confirmed| c.score.map_or(f64::NEG_INFINITY, |s| s.mean);
        report.sort_by(|a, b| mean(b).total_cmp(&mean(a)).then(a.id.cmp(&b.id)));
        report
    }

    /// The best mean of at least two draws without a failure; `None` where nobody has that, as
    /// after an early stop.
    pub(super) fn winner(&self) -> Option<Winner> {
        let confirmed = self.report();
        let best = confirmed.iter().find(|c| c.repeats >= 2 && c.failure.is_none())?;
        let finalist = self.finalists.iter().find(|f| f.member.id == best.id)?;
        Some(Winner {
            member: Arc::clone(&finalist.member),
            confirmed: best.score,
            repeats: best.repeats,
        })
    }
}
