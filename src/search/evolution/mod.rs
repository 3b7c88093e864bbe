//! Ask and tell: Zen-NAS's evolution (Algorithm 2) with a pipeline.
//!
//! The pipeline rule. Candidates that need a score from outside are numbered 0, 1, 2, … in the order
//! they are handed out; number 0 is the initial structure, and a member that is scored again takes a
//! number as well. Number n is chosen by the population and the screen as they stood after exactly
//! the results of numbers ≤ n − D, told in that order, with D the pipeline setting. So up to D may be
//! on their way at once, and neither the number of workers nor their speed can change what is
//! proposed. Proposals that break a budget or are screened out need no score and take no number, only
//! an id: the count of proposals so far, which is what people see. Analytic scores are there at once
//! and are applied at once.

mod ascent;
mod pending;
mod state;
mod tuning;

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use ascent::Ascent;
use pending::{Awaited, Pending, Proposal};
use rustc_hash::FxBuildHasher;
pub use state::{Damaged, State};
use tuning::Renewal;
pub use tuning::{Retuned, Tuning, Untunable};

use super::{
    Applied, Asked, Candidate, Counts, End, History, Lineage, Member, NotWaiting, Outcome,
    Population, Rejection, Scoring, Screening, Settings, Unscored,
    aside::Aside,
    screen::Gate,
    workshop::{Parent, Part, Workshop},
};
use crate::{
    analytic::Model,
    arch::{Costs, Structure, StructureHash, hash_blocks},
    random::{Purpose, Stream},
    score::Score,
};

/// Members up to which the parent is always the initial structure and one block is drawn, as the
/// reference does to start with some variety.
const SEEDLING_POPULATION: usize = 10;
/// Identities that there is room for from the start; beyond them the set grows.
const EXPECTED_IDENTITIES: u64 = 1 << 19;

/// The whole state of a search.
#[derive(Clone, Debug)]
pub struct Evolution {
    settings: Settings,
    workshop: Workshop,
    /// Of the initial structure, for its children.
    initial_parts: Box<[Part]>,
    population: Population,
    lineage: Lineage,
    counts: Counts,
    history: History,
    gate: Option<Gate>,
    /// Not yet applied, oldest first; at most D.
    pending: VecDeque<Pending>,
    /// Members with a draw that failed: the same draw would fail again.
    spoiled: BTreeSet<u64>,
    /// Whether the last number went to a member: they alternate with candidates.
    rescored_last: bool,
    /// Identities proposed for scoring so far; bounded by the iterations. Membership only.
    seen: HashSet<StructureHash, FxBuildHasher>,
    ascent: Option<Ascent>,
    /// From outside, with its parent.
    planted: Option<(u64, Structure)>,
    end: Option<End>,
    started: bool,
    /// Whether those that are too low are told of as well.
    tells_everybody: bool,
    /// Decisions so far, each of which took a number or an id.
    turn: u64,
    /// The newest id of the settings before these.
    tuned_at: u64,
    renewal: Option<Renewal>,
    /// Scores that members got by renewals; nobody asked for so many.
    renewed: u64,
    renewals: u32,
    aside: Aside,
}

impl Evolution {
    pub fn new(settings: Settings) -> Evolution {
        let model = settings.scoring.model().map(|model| Arc::new(Model::new(*model)));
        let Settings { space, budgets, clock, .. } = &settings;
        let mut workshop = Workshop::new(space, budgets, clock.clone(), model);
        let gate = match &settings.scoring {
            Scoring::Screened(_, screen) => Some(Gate::new(screen.clone())),
            Scoring::Measured | Scoring::Analytic(_) => None,
        };
        // What it costs is the preset's business; it starts in any case.
        let costs = workshop.count(settings.initial.blocks());
        let score = workshop.score(&[]);
        let initial_parts = workshop.parts();
        let initial = Proposal {
            id: 0,
            structure: settings.initial.clone(),
            costs,
            parts: initial_parts.clone(),
            parent: None,
            mutations: Vec::new(),
            estimate: finite_value(score),
        };
        let outcome = match &settings.scoring {
            Scoring::Analytic(_) => score.map(Ok),
            Scoring::Measured | Scoring::Screened(..) => None,
        };
        let expected = settings.iterations.min(EXPECTED_IDENTITIES);
        let mut seen = HashSet::with_capacity_and_hasher(expected as usize, FxBuildHasher);
        seen.insert(settings.initial.hash());
        Evolution {
            population: Population::new(settings.population, &settings.objectives),
            lineage: Lineage::default(),
            counts: Counts::default(),
            history: History::default(),
            pending: VecDeque::from([Pending { what: Awaited::New(initial), outcome }]),
            workshop,
            initial_parts,
            gate,
            spoiled: BTreeSet::new(),
            rescored_last: false,
            seen,
            ascent: None,
            planted: None,
            end: None,
            started: false,
            tells_everybody: false,
            turn: 0,
            tuned_at: 0,
            renewal: None,
            renewed: 0,
            renewals: 0,
            aside: Aside::default(),
            settings,
        }
    }

    /// The next thing to do. One call makes at most one proposal, so a caller stays responsive.
    ///
    /// Results that the pipeline rule lets in are applied here; `applied` hears of each, in order.
    pub fn ask(&mut self, applied: &mut dyn FnMut(Applied)) -> Asked {
        if !self.started {
            self.started = true;
            return match &self.pending[0] {
                Pending { outcome: None, what } => Asked::Candidate(what.candidate()),
                Pending { outcome: Some(_), .. } => Asked::Again,
            };
        }
        // One that is stopped meanwhile ends with scores of one kind.
        if self.renewal.is_some() {
            return self.renew(applied);
        }
        self.end = self.end.or_else(|| self.reached_end());
        // The next number minus D is applied exactly when fewer than D are pending.
        let room = match (self.end, self.is_analytic()) {
            (None, false) => self.settings.pipeline,
            _ => 1,
        };
        while self.pending.len() as u64 >= room {
            if !self.apply_oldest(applied) {
                return Asked::Wait;
            }
        }
        match self.end {
            None => self.next_number(applied),
            Some(End::Stopped) => Asked::Done(End::Stopped),
            Some(end) => self.climb(end, applied),
        }
    }

    /// From now on every candidate is told of, analytic scores too low for the population included, which are
    /// otherwise only counted. It takes time and decides nothing.
    pub fn tell_everybody(&mut self) {
        self.tells_everybody = true;
    }

    /// Takes the result of a candidate, in any order.
    ///
    /// # Errors
    /// [`NotWaiting`] for an id that is not on its way.
    pub fn tell(&mut self, id: u64, outcome: Outcome) -> Result<(), NotWaiting> {
        let waiting = |p: &&mut Pending| p.what.id() == id && p.outcome.is_none();
        let pending = self.pending.iter_mut().find(waiting).ok_or(NotWaiting(id))?;
        pending.outcome = Some(outcome);
        Ok(())
    }

    /// Proposes nothing more; candidates on their way still count.
    pub fn stop(&mut self) {
        // A climb is cut short; what was over before stays what it was.
        if self.end.is_none() || self.ascent.is_some() {
            self.end = Some(End::Stopped);
        }
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

    /// The state of the screen, where there is one.
    pub fn screening(&self) -> Option<Screening> {
        self.gate.as_ref().map(Gate::state)
    }

    /// Whether the best are being climbed.
    pub fn is_climbing(&self) -> bool {
        self.ascent.is_some()
    }

    fn is_analytic(&self) -> bool {
        matches!(self.settings.scoring, Scoring::Analytic(_))
    }

    /// Makes a child of the population as it stands, judges and scores it, and keeps nothing of it: what
    /// the hot path costs without all that comes after it. `number` draws the child.
    ///
    /// # Errors
    /// What it breaks.
    pub fn try_child(&mut self, number: u64) -> Result<Option<Score>, Rejection> {
        let mut stream = Stream::of_candidate(self.settings.seed, Purpose::Propose, number);
        let rank = self.draw_parent(&mut stream);
        let parent = parent(&self.settings, &self.initial_parts, &self.population, rank);
        let moves = &self.settings.moves;
        self.workshop.make(parent, moves, rank.is_none(), &mut stream)?;
        Ok(self.workshop.score(parent.parts))
    }

    /// Applies the oldest pending result; false while it waits for that.
    fn apply_oldest(&mut self, applied: &mut dyn FnMut(Applied)) -> bool {
        let Some(outcome) = self.pending.front_mut().and_then(|p| p.outcome.take()) else {
            return false;
        };
        let pending = self.pending.pop_front().expect("its outcome was just taken");
        match pending.what {
            Awaited::New(proposal) => self.settle(proposal, outcome, applied),
            Awaited::Again(Candidate { id, .. }) => self.rescore(id, outcome, applied),
        }
        true
    }

    /// A proposal has its outcome.
    fn settle(&mut self, it: Proposal, outcome: Outcome, applied: &mut dyn FnMut(Applied)) {
        let Proposal { id, parent, .. } = it;
        let score = match finite(outcome) {
            Ok(score) => score,
            Err(reason) => {
                self.counts.failed += 1;
                parent.inspect(|&parent| self.lineage.release(parent));
                let candidate = Unscored { structure: it.structure, costs: it.costs, parent };
                let candidate = Some(Box::new(candidate));
                return applied(Applied::Failed { id, reason, candidate });
            }
        };
        self.counts.scored += 1;
        let is_outdated = self.is_outdated(&it);
        if let (Some(gate), Some(estimate)) = (&mut self.gate, it.estimate) {
            gate.learn(estimate, score.value)
                .into_iter()
                .map(Applied::Gate)
                .for_each(&mut *applied);
        }
        // The initial structure may have failed and still have children.
        let parent_member = parent.and_then(|parent| self.lineage.get(parent));
        let member = Arc::new(Member {
            id,
            structure: it.structure,
            score,
            costs: it.costs,
            parent,
            generation: parent_member.map_or(u32::from(id > 0), |p| p.generation + 1),
            mutations: it.mutations,
            gain: parent_member.map(|p| score.value - p.score.value),
        });
        self.lineage.insert(Arc::clone(&member));
        if is_outdated {
            self.put_aside(Arc::clone(&member));
            return applied(Applied::Outdated(member));
        }
        let entry = self.population.insert(Arc::clone(&member), it.parts);
        if let Some(leaver) = entry.leaver {
            self.lineage.release(leaver.id);
        }
        self.history.record(id, &self.population);
        applied(match entry.rank {
            Some(_) => Applied::Entered(member),
            None => Applied::TooLow(member),
        });
    }

    /// A member has another score. One that has left since keeps what it had.
    fn rescore(&mut self, id: u64, outcome: Outcome, applied: &mut dyn FnMut(Applied)) {
        let score = match finite(outcome) {
            Ok(score) => score,
            Err(reason) => {
                self.counts.failed += 1;
                self.spoiled.insert(id);
                return applied(Applied::RescoreFailed { id, reason });
            }
        };
        self.counts.scored += 1;
        self.counts.rescored += 1;
        let members = self.population.members();
        let Some(rank) = members.iter().position(|member| member.id == id) else { return };
        let old = &members[rank];
        let score = old.score.merged(&score);
        let parent = old.parent.and_then(|parent| self.lineage.get(parent));
        let gain = parent.map(|parent| score.value - parent.score.value);
        let member = Arc::new(Member { score, gain, ..Member::clone(old) });
        self.lineage.replace(Arc::clone(&member));
        self.population.rescore(rank, Arc::clone(&member));
        self.history.record(self.counts.proposed, &self.population);
        applied(Applied::Rescored(member));
    }

    /// A population too small for the reference's rule evolves once it is full.
    fn seedling_population(&self) -> usize {
        SEEDLING_POPULATION.min(self.population.capacity().saturating_sub(1))
    }

    fn next_number(&mut self, applied: &mut dyn FnMut(Applied)) -> Asked {
        self.turn += 1;
        if !self.rescored_last
            && let Some(member) = self.elite_in_need()
        {
            let (id, structure) = (member.id, member.structure.clone());
            let candidate = Candidate { id, structure, first_draw: member.score.repeats };
            self.rescored_last = true;
            return self.await_again(candidate, None);
        }
        self.propose(applied)
    }

    /// A member is scored again; its outcome may be there already.
    fn await_again(&mut self, candidate: Candidate, outcome: Option<Outcome>) -> Asked {
        self.pending.push_back(Pending { what: Awaited::Again(candidate.clone()), outcome });
        Asked::Candidate(candidate)
    }

    /// The best member that hasn't had its scores and isn't being scored.
    fn elite_in_need(&self) -> Option<&Arc<Member>> {
        if self.is_analytic() {
            return None;
        }
        let elites = self.settings.elites;
        let enough = elites.scores.saturating_mul(elites.repeats);
        let on_its_way = |id: u64| self.pending.iter().any(|pending| pending.what.id() == id);
        let best = self.population.members().iter().take(elites.best);
        let mut in_need = best.filter(|m| m.score.repeats < enough && !on_its_way(m.id));
        in_need.find(|member| !self.spoiled.contains(&member.id))
    }

    fn propose(&mut self, applied: &mut dyn FnMut(Applied)) -> Asked {
        self.counts.proposed += 1;
        let id = self.counts.proposed;
        let mut stream = Stream::of_candidate(self.settings.seed, Purpose::Propose, id);
        let rank = self.draw_parent(&mut stream);
        let parent_id = rank.map_or(0, |rank| self.population.members()[rank].id);
        let parent = parent(&self.settings, &self.initial_parts, &self.population, rank);
        let moves = &self.settings.moves;
        let made = self.workshop.make(parent, moves, rank.is_none(), &mut stream);
        let costs = match made {
            Ok(costs) => costs,
            Err(why) => return self.reject(why),
        };
        let hash = hash_blocks(&self.workshop.draft.blocks);
        if self.settings.dedup && self.seen.contains(&hash) {
            return self.reject(Rejection::Duplicate);
        }
        let score = self.workshop.score(parent.parts);
        // One that isn't a number ranks nowhere: the measurement says what is wrong.
        let estimate = finite_value(score);
        if let (Some(gate), Some(estimate)) = (&mut self.gate, estimate)
            && !gate.admits(estimate)
        {
            return self.reject(Rejection::Screened);
        }
        self.seen.insert(hash);
        if let Some(score) = score.filter(|_| self.is_analytic())
            && score.value.is_finite()
            && !self.tells_everybody
            && !self.population.has_room_for(id, score.value, &costs)
        {
            self.counts.scored += 1;
            self.history.record(id, &self.population);
            return Asked::Again;
        }
        let proposal = self.take_draft(id, parent_id, costs, estimate);
        self.hand_out(proposal, score, applied)
    }

    /// The rank of a parent; none for the initial structure, whose children are seedlings.
    fn draw_parent(&self, stream: &mut Stream) -> Option<usize> {
        if self.population.len() <= self.seedling_population() {
            return None;
        }
        let len = self.population.len() as u32;
        let draws = (0..self.settings.tournament()).map(|_| stream.below(len));
        // Best first: the lowest rank wins.
        draws.min().map(|rank| rank as usize)
    }

    fn reject(&mut self, why: Rejection) -> Asked {
        self.counts.reject(why);
        Asked::Again
    }

    fn take_draft(&self, id: u64, parent: u64, costs: Costs, estimate: Option<f64>) -> Proposal {
        Proposal {
            id,
            structure: self.workshop.draft.structure(),
            costs,
            parts: self.workshop.parts(),
            parent: Some(parent),
            mutations: self.workshop.draft.mutations.clone(),
            estimate,
        }
    }

    /// To whoever asks, or straight into the population where the score is known.
    fn hand_out(
        &mut self,
        proposal: Proposal,
        score: Option<Score>,
        applied: &mut dyn FnMut(Applied),
    ) -> Asked {
        proposal.parent.inspect(|&parent| self.lineage.retain(parent));
        if let Some(score) = score.filter(|_| self.is_analytic()) {
            self.settle(proposal, Ok(score), applied);
            return Asked::Again;
        }
        self.rescored_last = false;
        let what = Awaited::New(proposal);
        let candidate = what.candidate();
        self.pending.push_back(Pending { what, outcome: None });
        Asked::Candidate(candidate)
    }
}

fn parent<'a>(
    settings: &'a Settings,
    initial_parts: &'a [Part],
    population: &'a Population,
    rank: Option<usize>,
) -> Parent<'a> {
    let Some(rank) = rank else {
        return Parent { blocks: settings.initial.blocks(), parts: initial_parts };
    };
    let blocks = population.members()[rank].structure.blocks();
    Parent { blocks, parts: population.parts(rank) }
}

fn finite_value(score: Option<Score>) -> Option<f64> {
    score.map(|score| score.value).filter(|value| value.is_finite())
}

fn finite(outcome: Outcome) -> Outcome {
    match outcome {
        Ok(score) if !score.value.is_finite() => Err(format!("the score is {}", score.value)),
        outcome => outcome,
    }
}
