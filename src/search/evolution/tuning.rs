//! Settings that change while the search goes on: who has to go, who comes back, who is scored anew.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Awaited, Evolution, Pending, Proposal, finite};
use crate::{
    analytic::Model,
    search::{
        Applied, Candidate, Member, Outcome, Population, Scoring, Settings, screen::Gate,
        workshop::Workshop,
    },
};

/// Other settings from the next decision on. Initial structure, seed and pipeline stay what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    pub settings: Settings,
    /// Whether scores come about in another way, so that the population needs new ones.
    pub rescores: bool,
}

/// What a tuning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retuned {
    /// Of the first proposal by the new settings.
    pub id: u64,
    /// Decisions made before; a search that is tuned alike at the same turns is the same search.
    pub turn: u64,
    /// Members that had to leave.
    pub evicted: usize,
    /// Members that had left by an earlier tuning and are back.
    pub returned: usize,
    /// Members that are scored anew before anything else is proposed.
    pub rescored: usize,
}

/// Why a search can't be tuned now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untunable {
    #[error("the search hasn't begun")]
    NotBegun,
    #[error("the population is being scored anew")]
    Rescoring,
    #[error("everything is proposed")]
    Over,
}

/// The population gets other scores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Renewal {
    /// Once those on their way have come in, with scores of the old kind.
    Ahead,
    /// The members as they were, best first, and how many of them were handed out.
    Scoring { members: Vec<Arc<Member>>, given: usize },
}

impl Evolution {
    /// Decisions so far. Between two of them the search may be tuned.
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// How many members have new scores, and how many are to have some; none while nobody is scored
    /// anew.
    pub fn renewal(&self) -> Option<(usize, usize)> {
        match self.renewal.as_ref()? {
            Renewal::Ahead => Some((0, self.population.len())),
            Renewal::Scoring { members, given } => {
                let told = self.pending.iter().filter(|p| p.outcome.is_some()).count();
                Some((told.min(*given), members.len()))
            }
        }
    }

    /// How often the population was given other scores so far, this time included.
    pub fn renewals(&self) -> u32 {
        self.renewals
    }

    /// Members that left by a tuning and may come back, best first.
    pub fn aside(&self) -> &[Arc<Member>] {
        &self.aside.members
    }

    /// Whether it can be tuned now.
    ///
    /// # Errors
    /// Why not.
    pub fn tunable(&self) -> Result<(), Untunable> {
        if !self.started {
            return Err(Untunable::NotBegun);
        }
        if self.renewal.is_some() {
            return Err(Untunable::Rescoring);
        }
        if self.end.is_some() {
            return Err(Untunable::Over);
        }
        Ok(())
    }

    /// Goes on by other settings. Members that these don't allow leave, as do the last where there is
    /// less room; those that left by an earlier tuning come back where they are allowed and good enough.
    ///
    /// # Errors
    /// It can't be tuned now.
    pub fn retune(&mut self, tuning: Tuning) -> Result<Retuned, Untunable> {
        self.tunable()?;
        let Settings { initial, seed, pipeline, .. } = self.settings.clone();
        let settings = Settings { initial, seed, pipeline, ..tuning.settings };
        let new_model = settings.scoring.model() != self.settings.scoring.model();
        self.aside.make_room_for(self.population.capacity().max(settings.population));
        self.gate = match (&settings.scoring, self.gate.take()) {
            (Scoring::Screened(_, screen), Some(gate)) if !new_model => {
                Some(gate.with_settings(screen.clone()))
            }
            (Scoring::Screened(_, screen), _) => Some(Gate::new(screen.clone())),
            (Scoring::Measured | Scoring::Analytic(_), _) => None,
        };
        let others_may_be =
            settings.space != self.settings.space || settings.budgets != self.settings.budgets;
        if let (Some(gate), true) = (&mut self.gate, others_may_be) {
            gate.forget_children();
        }
        self.settings = settings;
        self.refit();
        let before = self.population.members().to_vec();
        let workshop = &mut self.workshop;
        self.aside.exchange(&mut self.population, &self.settings, &mut |member| {
            workshop.take(member.structure.blocks(), &[]).ok()?;
            workshop.score(&[]);
            Some(workshop.parts())
        });
        self.aside.forget(&mut self.lineage);
        if new_model {
            self.renew_parts();
        }
        self.tuned_at = self.counts.proposed;
        self.history.record(self.counts.proposed, &self.population);
        if tuning.rescores {
            self.renewal = Some(Renewal::Ahead);
        }
        let is_in = |members: &[Arc<Member>], id: u64| members.iter().any(|m| m.id == id);
        let now = self.population.members();
        Ok(Retuned {
            id: self.counts.proposed + 1,
            turn: self.turn,
            evicted: before.iter().filter(|m| !is_in(now, m.id)).count(),
            returned: now.iter().filter(|m| !is_in(&before, m.id)).count(),
            rescored: if tuning.rescores { now.len() } else { 0 },
        })
    }

    /// The workshop, and what children of the initial structure take over, by the settings as they are.
    fn refit(&mut self) {
        let Settings { space, budgets, clock, scoring, initial, .. } = &self.settings;
        let model = scoring.model().map(|model| Arc::new(Model::new(*model)));
        self.workshop = Workshop::new(space, budgets, clock.clone(), model);
        self.workshop.count(initial.blocks());
        self.workshop.score(&[]);
        self.initial_parts = self.workshop.parts();
    }

    /// Whether a candidate that was proposed before a tuning is still wanted.
    pub(super) fn is_outdated(&self, it: &Proposal) -> bool {
        it.id <= self.tuned_at && !self.settings.allows(&it.structure, &it.costs)
    }

    /// A scored candidate that the settings no longer allow.
    pub(super) fn put_aside(&mut self, member: Arc<Member>) {
        self.aside.put(member);
    }

    fn renew_parts(&mut self) {
        let members = self.population.members().to_vec();
        let parts = members.iter().map(|member| {
            self.workshop.count(member.structure.blocks());
            self.workshop.score(&[]);
            self.workshop.parts()
        });
        let parts = parts.collect();
        self.population.set_parts(parts);
    }

    /// Goes on giving the population other scores.
    pub(super) fn renew(&mut self, applied: &mut dyn FnMut(Applied)) -> Asked {
        match &mut self.renewal {
            None => Asked::Again,
            Some(Renewal::Ahead) => {
                while !self.pending.is_empty() {
                    if !self.apply_oldest(applied) {
                        return Asked::Wait;
                    }
                }
                self.renewals += 1;
                let members = self.population.members().to_vec();
                if let Scoring::Analytic(_) = self.settings.scoring {
                    self.score_on_the_spot(&members);
                    let given = members.len();
                    self.renewal = Some(Renewal::Scoring { members, given });
                } else {
                    self.renewal = Some(Renewal::Scoring { members, given: 0 });
                }
                Asked::Again
            }
            Some(Renewal::Scoring { members, given }) => {
                if let Some(member) = members.get(*given) {
                    *given += 1;
                    let candidate = drawn_anew(member);
                    return self.await_again(candidate, None);
                }
                if self.pending.iter().any(|pending| pending.outcome.is_none()) {
                    return Asked::Wait;
                }
                let members = std::mem::take(members);
                self.renewal = None;
                let outcomes = std::mem::take(&mut self.pending);
                let outcomes = outcomes.into_iter().filter_map(|pending| pending.outcome);
                self.replace_scores(members, outcomes.collect(), applied);
                Asked::Again
            }
        }
    }

    fn score_on_the_spot(&mut self, members: &[Arc<Member>]) {
        for member in members {
            self.workshop.count(member.structure.blocks());
            let score = self.workshop.score(&[]);
            let outcome = Some(score.ok_or_else(|| "there is no analytic score".to_owned()));
            let what = Awaited::Again(drawn_anew(member));
            self.pending.push_back(Pending { what, outcome });
        }
    }

    /// Everybody has its outcome, in the same order.
    fn replace_scores(
        &mut self,
        members: Vec<Arc<Member>>,
        outcomes: Vec<Outcome>,
        applied: &mut dyn FnMut(Applied),
    ) {
        // Scores of the old kind say nothing beside those of the new one.
        for gone in std::mem::take(&mut self.aside.members) {
            self.lineage.release(gone.id);
        }
        self.spoiled.clear();
        let total = members.len();
        let mut renewed: Vec<Member> = Vec::with_capacity(total);
        for (member, outcome) in members.into_iter().zip(outcomes) {
            match finite(outcome) {
                Ok(score) => renewed.push(Member { score, gain: None, ..Member::clone(&member) }),
                Err(reason) => {
                    self.counts.failed += 1;
                    self.lineage.release(member.id);
                    applied(Applied::Failed { id: member.id, reason, candidate: None });
                }
            }
        }
        self.counts.scored += renewed.len() as u64;
        self.counts.rescored += renewed.len() as u64;
        self.renewed += total as u64;
        if let Scoring::Screened(_, screen) = &self.settings.scoring {
            // What those on their way told was of the old kind.
            self.gate = Some(Gate::new(screen.clone()));
        }
        let mut values: Vec<(u64, f64)> = renewed.iter().map(|m| (m.id, m.score.value)).collect();
        values.sort_unstable_by_key(|(id, _)| *id);
        let value = |id: u64| {
            let at = values.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(values[at].1)
        };
        self.population = Population::new(self.settings.population, &self.settings.objectives);
        for mut member in renewed {
            let parent = member.parent.and_then(value);
            member.gain = parent.map(|parent| member.score.value - parent);
            let member = Arc::new(member);
            self.workshop.count(member.structure.blocks());
            self.workshop.score(&[]);
            self.lineage.replace(Arc::clone(&member));
            self.population.insert(member, self.workshop.parts());
        }
        self.history.record(self.counts.proposed, &self.population);
        applied(Applied::Renewed { members: self.population.len(), of: total });
    }
}

fn drawn_anew(member: &Member) -> Candidate {
    Candidate { id: member.id, structure: member.structure.clone(), first_draw: 0 }
}
