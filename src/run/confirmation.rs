//! The confirmation: the best of a search are scored again with seeds the search never saw, since
//! the best of many single draws is lucky.
//!
//! Successive halving on paired differences. All finalists share their seeds, so draw i of one and
//! draw i of another have the same images and as much of the weights as their layers allow, and what
//! that noise has in common cancels in the difference. After each round those that are behind the
//! leader by more than the 95 % margin of the difference are out; the others get twice the draws,
//! until one is left (which then gets the draws that were asked for) or the draws are spent. Whoever is still in stands beside the winner as a tie.
//! Judged only between rounds, so the order in which results arrive changes nothing.

use std::sync::Arc;

use super::{
    protocol::{Confirmed, Gap, Member, Winner},
    worker::{Job, JobPurpose, Role},
};
use crate::{
    random::{Purpose, Stream},
    score::{Definition, MeanStd, half_width_95},
};

/// Draws of everybody before anybody can be out; fewer tell too little about the noise.
const FIRST_ROUND: u32 = 8;

/// How the finalists are scored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub best: usize,
    /// Draws of each, on average.
    pub repeats: u32,
    pub seed: u64,
    pub definition: Definition,
}

struct Finalist {
    member: Arc<Member>,
    /// By draw number; `None` is on its way or failed.
    draws: Vec<Option<f64>>,
    failure: Option<String>,
    out: bool,
}

impl Finalist {
    fn mean(&self) -> (Option<MeanStd>, u32) {
        let values: Vec<f64> = self.draws.iter().copied().flatten().collect();
        let repeats = u32::try_from(values.len()).expect("as many as there are draws");
        ((!values.is_empty()).then(|| MeanStd::of(&values)), repeats)
    }

    fn rank(&self) -> f64 {
        self.mean().0.map_or(f64::NEG_INFINITY, |score| score.mean)
    }

    fn is_in(&self) -> bool {
        !self.out && self.failure.is_none()
    }

    /// How far this one is behind `leader` over the draws that both have; none below two.
    fn behind(&self, leader: &Finalist) -> Option<Gap> {
        let both = leader.draws.iter().zip(&self.draws);
        let gaps: Vec<f64> = both.filter_map(|(a, b)| Some((*a)? - (*b)?)).collect();
        let MeanStd { mean, std } = (gaps.len() >= 2).then(|| MeanStd::of(&gaps))?;
        let margin_95 = half_width_95(std?, gaps.len() as u32);
        Some(Gap { mean, margin_95 })
    }
}

/// Finalists and the draws they have so far.
pub(super) struct Confirmation {
    plan: Plan,
    finalists: Vec<Finalist>,
    /// Common to all finalists.
    seed: u64,
    /// Draws that everybody still in has, or will have by the end of this round.
    round: u32,
    /// Of this round, not yet handed out; the next one last.
    waiting: Vec<(usize, u32)>,
    on_their_way: u32,
    told: u32,
    over: bool,
}

impl Confirmation {
    /// `members` best first; the plan takes as many as it wants.
    pub(super) fn new(plan: Plan, members: &[Arc<Member>]) -> Confirmation {
        let finalist = |member: &Arc<Member>| Finalist {
            member: Arc::clone(member),
            draws: Vec::new(),
            failure: None,
            out: false,
        };
        let mut confirmation = Confirmation {
            plan,
            finalists: members.iter().take(plan.best).map(finalist).collect(),
            seed: Stream::of_candidate(plan.seed, Purpose::ConfirmSeed, 0).next_u64(),
            round: 0,
            waiting: Vec::new(),
            on_their_way: 0,
            told: 0,
            over: false,
        };
        confirmation.begin_round();
        confirmation
    }

    /// The draws there are; fewer are taken where the best is found before.
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
        self.over
    }

    /// The next draw of this round; none while its last ones are on their way.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        let (finalist, draw) = self.waiting.pop()?;
        self.on_their_way += 1;
        Some(Job {
            purpose: JobPurpose::Confirmation { finalist, draw },
            role: Role::Confirmation,
            structure: self.finalists[finalist].member.structure.clone(),
            seed: self.seed,
            first_repeat: draw,
            repeats: 1,
            definition: self.plan.definition,
        })
    }

    pub(super) fn tell(&mut self, finalist: usize, draw: u32, outcome: Result<f64, String>) {
        self.told += 1;
        self.on_their_way -= 1;
        match outcome {
            Ok(value) => self.finalists[finalist].draws[draw as usize] = Some(value),
            Err(reason) => self.finalists[finalist].failure = Some(reason),
        }
        if self.waiting.is_empty() && self.on_their_way == 0 {
            self.judge();
            self.begin_round();
        }
    }

    /// Sends those out that are behind the leader by more than the noise of the difference.
    fn judge(&mut self) {
        let Some(leader) = self.leader() else { return };
        for index in 0..self.finalists.len() {
            let gap = self.finalists[index].behind(&self.finalists[leader]);
            if index != leader && gap.is_some_and(|gap| gap.is_apart()) {
                self.finalists[index].out = true;
            }
        }
    }

    /// The best mean of those that are in; of equals the older.
    fn leader(&self) -> Option<usize> {
        let ready = (0..self.finalists.len()).filter(|&index| self.finalists[index].is_in());
        let ranked = ready.map(|index| (index, self.finalists[index].rank()));
        let best = ranked.max_by(|(a, rank_a), (b, rank_b)| {
            let id = |index: usize| self.finalists[index].member.id;
            rank_a.total_cmp(rank_b).then(id(*b).cmp(&id(*a)))
        });
        best.map(|(index, _)| index)
    }

    fn begin_round(&mut self) {
        let ready: Vec<usize> =
            (0..self.finalists.len()).filter(|&i| self.finalists[i].is_in()).collect();
        // Rounds begin when nothing is on its way.
        let left = self.total() - self.told;
        let affordable = left / u32::try_from(ready.len()).unwrap_or(u32::MAX).max(1);
        // Whoever is left alone still gets the draws that a winner is told by.
        let alone = self.plan.repeats.saturating_sub(self.round);
        let useful = if ready.len() > 1 { u32::MAX } else { alone };
        let doubled = if self.round == 0 { FIRST_ROUND } else { self.round };
        let more = doubled.min(useful).min(affordable);
        if ready.is_empty() || more == 0 {
            self.over = true;
            return;
        }
        let first = self.round;
        self.round += more;
        for &index in &ready {
            self.finalists[index].draws.resize(self.round as usize, None);
        }
        // The first draw of everybody, then the second, so that means stay comparable.
        let draws = (first..self.round).flat_map(|draw| ready.iter().map(move |&i| (i, draw)));
        self.waiting = draws.collect();
        self.waiting.reverse();
    }

    /// The leader first, then by mean; those that are out after those that are in, failures last.
    pub(super) fn report(&self) -> Vec<Confirmed> {
        let leader = self.leader();
        let ranks: Vec<f64> = self.finalists.iter().map(Finalist::rank).collect();
        let mut order: Vec<usize> = (0..self.finalists.len()).collect();
        order.sort_by(|&i, &j| {
            let key = |finalist: &Finalist| (finalist.failure.is_some(), finalist.out);
            let (a, b) = (&self.finalists[i], &self.finalists[j]);
            let means = ranks[j].total_cmp(&ranks[i]);
            key(a).cmp(&key(b)).then(means).then(a.member.id.cmp(&b.member.id))
        });
        let confirmed = |index: usize| {
            let finalist = &self.finalists[index];
            let (score, repeats) = finalist.mean();
            let rivals = leader.filter(|&leader| leader != index && finalist.failure.is_none());
            Confirmed {
                id: finalist.member.id,
                searched: finalist.member.score.value,
                score,
                repeats,
                behind: rivals.and_then(|leader| finalist.behind(&self.finalists[leader])),
                out: finalist.out,
                failure: finalist.failure.clone(),
            }
        };
        order.into_iter().map(confirmed).collect()
    }

    /// The leader, if it has two draws, with those that can't be told from it; `None` before, as after
    /// an early stop.
    pub(super) fn winner(&self) -> Option<Winner> {
        let leader = &self.finalists[self.leader()?];
        let (confirmed, repeats) = leader.mean();
        if repeats < 2 {
            return None;
        }
        let rivals = self.finalists.iter().filter(|f| f.is_in() && f.member.id != leader.member.id);
        let tied = rivals.filter(|f| f.behind(leader).is_none_or(|gap| !gap.is_apart()));
        Some(Winner {
            member: Arc::clone(&leader.member),
            confirmed,
            repeats,
            ties: tied.map(|f| Arc::clone(&f.member)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::{Costs, Latencies, Structure},
        score::Score,
    };

    fn members(count: u64) -> Vec<Arc<Member>> {
        let structure: Structure = "SuperConvK3BNRELU(3,8,1,1)".parse().expect("valid");
        let member = |id| {
            let value = 100.0 - id as f64;
            Arc::new(Member {
                id,
                structure: structure.clone(),
                score: Score { value, std: None, repeats: 1, log_delta: None, bn_sum: None },
                costs: Costs {
                    params: 1,
                    flops: 1,
                    layers: 1,
                    activation_bytes: 1,
                    latency_ms: Latencies::NONE,
                },
                parent: None,
                generation: 0,
                mutations: Vec::new(),
                gain: None,
            })
        };
        (0..count).map(member).collect()
    }

    fn plan(best: usize, repeats: u32) -> Plan {
        Plan { best, repeats, seed: 1, definition: Definition::Table }
    }

    /// Runs to the end; `score` says what draw of whom is worth.
    fn run(plan: Plan, score: impl Fn(u64, u32) -> Result<f64, String>) -> Confirmation {
        let mut confirmation = Confirmation::new(plan, &members(plan.best as u64));
        while !confirmation.is_complete() {
            let job = confirmation.next_job().expect("one at a time is never waited for");
            let JobPurpose::Confirmation { finalist, draw } = job.purpose else { panic!("a draw") };
            let id = confirmation.id_of(finalist);
            confirmation.tell(finalist, draw, score(id, draw));
        }
        confirmation
    }

    /// Without order over draws, the same for everybody.
    fn common(draw: u32) -> f64 {
        (f64::from(draw) * 0.618_033_988_749_895).fract() * 10.0
    }

    fn own(id: u64, draw: u32) -> f64 {
        (f64::from(draw * 31 + id as u32 * 17) * 0.754_877_666_246_693).fract()
    }

    #[test]
    fn common_noise_cancels_and_draws_go_where_the_ranking_is_open() {
        // 2 and 1 are close, the others far behind; the common noise is larger than any gap.
        let levels = [0.0, 3.9, 4.0, 0.5];
        let confirmation =
            run(plan(4, 32), |id, draw| Ok(levels[id as usize] + common(draw) + own(id, draw)));
        let report = confirmation.report();
        assert_eq!(report[0].id, 2);
        let draws = |id: u64| report.iter().find(|c| c.id == id).map(|c| c.repeats);
        assert_eq!((draws(0), draws(3)), (Some(8), Some(8)));
        assert!(draws(1) > Some(32) && draws(2) > Some(32), "{report:?}");
        assert!(confirmation.told() <= confirmation.total());
        assert!(report[2].out && report[3].out);
    }

    #[test]
    fn ties_are_named() {
        let confirmation =
            run(plan(3, 16), |id, draw| Ok(if id == 1 { 5.0 } else { 0.0 } + own(id, draw)));
        let winner = confirmation.winner().expect("two draws");
        assert_eq!((winner.member.id, winner.ties.len(), winner.repeats), (1, 0, 16));
        // Found after the first round: the others' draws are saved.
        assert_eq!(confirmation.told(), 24 + 8);
        let confirmation = run(plan(3, 16), |id, draw| Ok(own(id, draw)));
        let winner = confirmation.winner().expect("two draws");
        let ties: Vec<u64> = winner.ties.iter().map(|member| member.id).collect();
        assert!(!ties.is_empty() && !ties.contains(&winner.member.id), "{ties:?}");
    }

    #[test]
    fn a_failed_draw_takes_a_finalist_out() {
        let confirmation = run(plan(2, 8), |id, draw| match (id, draw) {
            (0, 3) => Err("broken".to_owned()),
            _ => Ok(10.0 - id as f64),
        });
        assert_eq!(confirmation.winner().map(|w| w.member.id), Some(1));
        assert_eq!(confirmation.report()[1].failure.as_deref(), Some("broken"));
        let nobody = run(plan(2, 8), |_, _| Err("broken".to_owned()));
        assert!(nobody.winner().is_none() && nobody.is_complete());
    }

    #[test]
    fn all_share_their_seeds() {
        let mut confirmation = Confirmation::new(plan(2, 2), &members(2));
        let jobs: Vec<Job> = std::iter::from_fn(|| confirmation.next_job()).collect();
        assert_eq!(jobs.len(), 4);
        assert!(jobs.iter().all(|job| job.seed == jobs[0].seed && job.repeats == 1));
        assert_eq!(jobs.iter().map(|job| job.first_repeat).collect::<Vec<_>>(), [0, 0, 1, 1]);
    }
}
