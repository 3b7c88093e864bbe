//! A search as a viewer knows it. Owns: the newest snapshot, the cursor, the last events, estimates.
//! Must not know: how it is drawn. Invariant: the cursor stays on its candidate while that is in the
//! population, whatever its rank.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Chart, Event, EventKind, Kept, Scale, Steps,
    keeper::{Keeper, Lost},
    landmarks::{PublishedScore, landmarks},
    predictions::Predictions,
    standing::ranks,
};
use crate::{
    arch::{Costs, costs},
    run::{
        RunSpec, front, fronts,
        protocol::{Finished, Hello, Member, Phase, Snapshot, Tuned, WorkerState},
    },
    space::{Budget, Objectives, published_name, published_nets},
    tui::{format, layout::Layout},
};

/// Events that are kept; older ones are forgotten.
const MAX_EVENTS: usize = 2_048;
/// Ancestors that are kept before all are asked for again.
const MAX_ANCESTORS: usize = 65_536;
/// Rates that change faster can't be read.
const RATE_PERIOD_MS: u64 = 1_000;

/// The selected candidate: its id, and the screen row it is held in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// None is the best, whichever that is.
    pub id: Option<u64>,
    /// Where it was last, for when it leaves the population.
    pub rank: usize,
    /// Rows from the top of the list to the cursor.
    pub row: usize,
}

/// How fast it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub proposed: f64,
    pub scored: f64,
    at_ms: u64,
}

/// A published net with its costs as the preset counts them.
#[derive(Clone, Debug)]
pub struct Published {
    pub name: String,
    pub costs: Costs,
}

#[derive(Debug)]
pub struct Search {
    /// With the changes that were made.
    pub spec: RunSpec,
    /// The number of the last change that `spec` has.
    tuned: u32,
    /// Scores and their thread time, milliseconds, before they came about as they do.
    alike_since: (u64, f64),
    pub hello: Option<Hello>,
    pub snapshot: Option<Arc<Snapshot>>,
    /// When the snapshot came.
    pub snapshot_at_ms: u64,
    pub started_at_ms: u64,
    pub paused_at_ms: Option<u64>,
    phase: Phase,
    pub cursor: Cursor,
    pub chart: Chart,
    /// Whether the chart has the focus, not the table; a small screen shows nothing else.
    pub shows_chart: bool,
    /// Whether what has the focus takes the whole screen.
    pub is_zoomed: bool,
    pub scale: Scale,
    pub steps: Steps,
    pub events: VecDeque<Event>,
    /// Events that are kept no more.
    pub forgotten: usize,
    pub banner: Option<String>,
    pub published: Option<Published>,
    /// Published nets that the preset would allow, with scores of the run's kind: of an analytic run.
    pub landmarks: Vec<PublishedScore>,
    /// What latency tables say of the networks that are shown.
    pub predictions: Predictions,
    /// The front of each of the population, from 0; empty where the score alone counts.
    pub fronts: Vec<usize>,
    pub finished: Option<Finished>,
    pub keeper: Keeper,
    /// Nothing is heard of its host.
    pub lost: Option<Lost>,
    /// How long it had run when it began to be watched, milliseconds.
    before_ms: u64,
    /// What happened until then was told before.
    told_ms: u64,
    /// The engine has ended.
    over: bool,
    /// The run that is only looked at; none of one that was watched.
    pub kept: Option<Kept>,
    /// Proposed and scored a second, as shown: once a second at most.
    pub rates: Rates,
    /// Candidates that are marked for an export.
    pub marks: BTreeMap<u64, Arc<Member>>,
    /// Ancestors that were asked for, by id.
    ancestors: BTreeMap<u64, Arc<Member>>,
    /// Projected length of the whole run; moves by a twentieth or not at all.
    whole_ms: Option<u64>,
}

impl Search {
    pub fn new(spec: RunSpec, now_ms: u64) -> Search {
        let published = spec.preset.published.as_ref().and_then(|name| {
            let net = published_nets().find(|net| net.name == name)?;
            let space = spec.preset.search_space();
            let costs = costs(&net.structure, space.net(), spec.preset.budget.counting);
            Some(Published { name: published_name(name), costs })
        });
        let landmarks = landmarks(&spec);
        Search {
            spec,
            tuned: 0,
            alike_since: (0, 0.0),
            hello: None,
            snapshot: None,
            snapshot_at_ms: now_ms,
            started_at_ms: now_ms,
            paused_at_ms: None,
            phase: Phase::Starting,
            cursor: Cursor::default(),
            chart: Chart::Convergence,
            shows_chart: false,
            is_zoomed: false,
            scale: Scale::Counts,
            steps: Steps::Even,
            events: VecDeque::new(),
            forgotten: 0,
            banner: None,
            published,
            landmarks,
            predictions: Predictions::default(),
            fronts: Vec::new(),
            finished: None,
            keeper: Keeper::Here,
            lost: None,
            before_ms: 0,
            told_ms: 0,
            over: false,
            kept: None,
            rates: Rates::default(),
            marks: BTreeMap::new(),
            ancestors: BTreeMap::new(),
            whole_ms: None,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Of a run that a host keeps in `folder`.
    pub fn hosted(spec: RunSpec, folder: PathBuf, now_ms: u64) -> Search {
        Search { keeper: Keeper::Host(folder), ..Search::new(spec, now_ms) }
    }

    /// Where it is kept, as far as that is known.
    pub fn folder(&self) -> Option<&Path> {
        let kept = self.kept.as_ref().map(|kept| kept.folder.as_path());
        let hosted = match &self.keeper {
            Keeper::Host(folder) => Some(folder.as_path()),
            Keeper::Here => None,
        };
        let own = || self.hello.as_ref()?.spec.out.as_deref();
        kept.or(hosted).or_else(own)
    }

    pub fn is_of(&self, folder: &Path) -> bool {
        matches!(&self.keeper, Keeper::Host(own) if own == folder)
    }

    /// Whether the engine has said anything.
    pub fn has_begun(&self) -> bool {
        self.hello.is_some()
    }

    /// Time since it began, pauses included, milliseconds.
    pub fn at_ms(&self, now_ms: u64) -> u64 {
        self.before_ms + now_ms.saturating_sub(self.started_at_ms)
    }

    /// A host answers for it in `folder`, and tells again what there is to tell.
    pub fn found(&mut self, folder: PathBuf, now_ms: u64) {
        self.keeper = Keeper::Host(folder);
        if self.lost.take().is_some() {
            self.told_ms = self.at_ms(now_ms);
            self.events.clear();
            self.banner = None;
        }
    }

    /// Whether something happened since it is watched.
    pub fn is_new(&self, at_ms: u64) -> bool {
        at_ms >= self.told_ms
    }

    /// It ran so long before it was watched.
    pub fn began_before(&mut self, ms: u64) {
        (self.before_ms, self.told_ms) = (ms, ms);
    }

    pub fn is_over(&self) -> bool {
        self.over || self.finished.is_some()
    }

    pub fn end(&mut self) {
        self.over = true;
    }

    /// Nobody is behind it, and nothing more will come.
    pub fn keep_as(&mut self, kept: Kept) {
        self.kept = Some(kept);
        self.over = true;
        // What was concluded just now was so when the last word came.
        let mut latest = 0;
        for event in &mut self.events {
            latest = event.at_ms.max(latest);
            event.at_ms = latest;
        }
    }

    /// Takes the end; a cursor that followed the best goes to the winner.
    pub fn finish(&mut self, finished: Finished, layout: &Layout) {
        let winner = finished.winner.as_ref().map(|winner| winner.member.id);
        self.finished = Some(finished);
        let rank = self.population().iter().position(|member| Some(member.id) == winner);
        if let (Some(rank), None) = (rank, self.cursor.id) {
            self.select(rank, layout.visible(self.population().len()));
        }
    }

    pub fn enter(&mut self, phase: Phase, now_ms: u64) {
        let was_paused = self.phase == Phase::Paused;
        match phase {
            Phase::Paused if !was_paused => self.paused_at_ms = Some(now_ms),
            Phase::Paused => {}
            _ => self.paused_at_ms = None,
        }
        self.phase = phase;
    }

    pub fn log(&mut self, event: Event) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
            self.forgotten += 1;
        }
        self.events.push_back(event);
    }

    pub fn population(&self) -> &[Arc<Member>] {
        self.snapshot.as_ref().map_or(&[], |s| s.population.as_slice())
    }

    /// Those of the population that nobody beats, best score first: in all that the search is after, or, where the
    /// score alone counts, in the score and `cost`.
    pub fn front(&self, cost: Budget) -> Vec<Arc<Member>> {
        let objectives = match self.spec.preset.search.minimise.clone() {
            objectives if objectives.is_score_alone() => Objectives::new(vec![cost]),
            objectives => Ok(objectives),
        };
        let of = |objectives| front(self.population(), &objectives);
        let rows = objectives.map_or_else(|_| Vec::new(), of);
        rows.iter().filter_map(|row| self.find(row.id).cloned()).collect()
    }

    /// A candidate of the population, or an ancestor that was asked for.
    pub fn find(&self, id: u64) -> Option<&Arc<Member>> {
        let member = self.population().iter().find(|member| member.id == id);
        member.or_else(|| self.ancestors.get(&id))
    }

    pub fn learn(&mut self, ancestors: Vec<Arc<Member>>) {
        if self.ancestors.len() > MAX_ANCESTORS {
            self.ancestors.clear();
        }
        self.ancestors.extend(ancestors.into_iter().map(|member| (member.id, member)));
    }

    /// From the initial structure to candidate `id`, as far back as is known.
    pub fn lineage(&self, id: u64) -> Vec<Arc<Member>> {
        // Once through the population, not once a step.
        let known: HashMap<u64, &Arc<Member>> =
            self.population().iter().map(|member| (member.id, member)).collect();
        let find = |id: u64| known.get(&id).copied().or_else(|| self.ancestors.get(&id));
        let parent = |member: &&Arc<Member>| find(member.parent?);
        let mut chain: Vec<Arc<Member>> =
            std::iter::successors(find(id), parent).cloned().collect();
        chain.reverse();
        chain
    }

    pub fn best(&self) -> Option<&Arc<Member>> {
        let winner = self.finished.as_ref().and_then(|f| f.winner.as_ref());
        winner.map(|w| &w.member).or_else(|| self.population().first())
    }

    /// The analytic score that no structure exceeds, where that is known and scores are Zen-Scores.
    pub fn most(&self) -> Option<f64> {
        self.spec.scores_zen().then_some(())?;
        Some(self.snapshot.as_ref()?.optimum.as_ref()?.bound)
    }

    pub fn selected(&self) -> Option<&Arc<Member>> {
        self.population().get(self.rank())
    }

    /// The cursor's place in the population, from 0.
    pub fn rank(&self) -> usize {
        let population = self.population();
        let found = self.cursor.id.map_or(Some(0), |id| population.iter().position(|m| m.id == id));
        found.unwrap_or(self.cursor.rank).min(population.len().saturating_sub(1))
    }

    /// The rank of the first row, where `visible` rows are shown.
    pub fn top(&self, visible: usize) -> usize {
        let rows = self.population().len().saturating_sub(1).max(visible);
        let row = self.cursor.row.min(visible.saturating_sub(1));
        self.rank().saturating_sub(row).min(rows - visible)
    }

    /// Puts the cursor on `rank`; the list scrolls only when it must.
    pub fn select(&mut self, rank: usize, visible: usize) {
        let top = self.top(visible);
        let rank = rank.min(self.population().len().saturating_sub(1));
        let id = self.population().get(rank).map(|member| member.id);
        let row = rank.saturating_sub(top).min(visible.saturating_sub(1));
        let row = if rank < top { 0 } else { row };
        self.cursor = Cursor { id: id.filter(|_| rank > 0), rank, row };
    }

    /// Takes a snapshot; the cursor follows its candidate.
    pub fn show(&mut self, snapshot: Arc<Snapshot>, now_ms: u64, visible: usize) {
        let at_top = self.top(visible) == 0;
        snapshot.tunings.iter().for_each(|tuned| self.follow(tuned));
        let objectives = &self.spec.preset.search.minimise;
        self.fronts = match objectives.is_score_alone() {
            true => Vec::new(),
            false => fronts(&snapshot.population, objectives),
        };
        self.snapshot = Some(snapshot);
        self.snapshot_at_ms = now_ms;
        let rank = self.rank();
        if let Some(member) = self.population().get(rank).filter(|_| self.cursor.id.is_some()) {
            self.cursor.id = Some(member.id);
        }
        self.cursor.rank = rank;
        if at_top && rank < visible {
            self.cursor.row = rank;
        }
        if let Some(s) = &self.snapshot
            && (self.rates.scored == 0.0 || now_ms >= self.rates.at_ms + RATE_PERIOD_MS)
        {
            let (proposed, scored) = (s.proposed_per_s, s.scored_per_s);
            self.rates = Rates { proposed, scored, at_ms: now_ms };
        }
        self.project();
    }

    /// Takes a change that was made, unless it is known.
    pub fn follow(&mut self, tuned: &Tuned) {
        if tuned.number <= self.tuned {
            return;
        }
        self.tuned = tuned.number;
        // What the engine could change can be changed here.
        if let Ok(preset) = self.spec.preset.with_settings(&tuned.settings) {
            self.spec.preset = preset;
            self.landmarks = landmarks(&self.spec);
        }
        let costs_otherwise = |key: &str| key.starts_with("score.");
        if let Some(snapshot) =
            self.snapshot.as_ref().filter(|_| tuned.changes.iter().any(|c| costs_otherwise(&c.key)))
        {
            self.alike_since = (snapshot.scored, snapshot.time.at_work_ms());
        }
    }

    /// Thread time of a score as scores come about by now, milliseconds; none while there is none.
    pub fn score_ms(&self) -> Option<f64> {
        let snapshot = self.snapshot.as_ref()?;
        let (scored, at_work_ms) = self.alike_since;
        let count = snapshot.scored.checked_sub(scored).filter(|count| *count > 0)?;
        Some((snapshot.time.at_work_ms() - at_work_ms) / count as f64)
    }

    /// Time spent running, as of now.
    pub fn elapsed_ms(&self, now_ms: u64) -> u64 {
        let since = now_ms.saturating_sub(self.snapshot_at_ms);
        match (&self.snapshot, self.phase) {
            (None, _) => 0,
            (Some(s), Phase::Running | Phase::Pausing) if !self.is_over() => s.elapsed_ms + since,
            (Some(s), _) => s.elapsed_ms,
        }
    }

    /// Projected length of the whole search, where a rate is known.
    pub fn whole_ms(&self) -> Option<u64> {
        let searches = matches!(self.phase, Phase::Running | Phase::Pausing | Phase::Paused);
        self.whole_ms.filter(|_| searches && !self.is_over() && self.lost.is_none())
    }

    pub fn left_ms(&self, now_ms: u64) -> Option<u64> {
        self.whole_ms().map(|whole| whole.saturating_sub(self.elapsed_ms(now_ms)))
    }

    fn project(&mut self) {
        let Some(s) = &self.snapshot else { return };
        // Before the first score there is no telling how long one takes.
        // While everybody is scored anew nothing is proposed.
        if s.phase != Phase::Running || s.scored_per_s <= 0.0 || s.renewal.is_some() {
            return;
        }
        let left = |todo: u64, per_s: f64| todo as f64 / per_s;
        let mut seconds = left(s.iterations.saturating_sub(s.proposed), s.proposed_per_s);
        if let Some(max) = self.spec.preset.search.max_scored {
            seconds = seconds.min(left(max.saturating_sub(s.scored), s.scored_per_s));
        }
        if !seconds.is_finite() {
            return;
        }
        let fresh_left = seconds * 1e3;
        let fresh = s.elapsed_ms + fresh_left as u64;
        let held = self.whole_ms.filter(|&held| {
            held > s.elapsed_ms && (held as f64 - fresh as f64).abs() < 0.05 * fresh_left
        });
        self.whole_ms = Some(held.unwrap_or(fresh));
    }

    /// Who leads after the confirmation, and who can't be told apart: a lead and the rest.
    pub fn verdict(&self) -> Option<(String, String)> {
        let confirmation = self.snapshot.as_ref()?.confirmation.as_slice();
        let standings = ranks(confirmation);
        let of_place = |place| {
            let named = confirmation.iter().zip(&standings).filter(move |(_, s)| s.place == place);
            named.map(|(c, _)| format::id(c.id)).collect::<Vec<_>>()
        };
        let leaders = of_place(standings.first()?.place);
        confirmation.first()?.margin_95()?;
        let apart = "can't be told apart";
        Some(match leaders.len() {
            1 => (leaders.join(""), "leads alone".to_owned()),
            _ => (leaders.join(", "), format!("{apart}; more draws would part them")),
        })
    }

    /// What went wrong last, in full.
    pub fn last_fault(&self) -> Option<&str> {
        let fault = self.events.iter().rev().find(|event| event.kind == EventKind::Fault);
        fault.map(|event| event.lead.as_str())
    }

    pub fn lost_workers(&self) -> usize {
        let workers = self.snapshot.as_ref().map_or(&[][..], |s| s.workers.as_slice());
        workers.iter().filter(|state| **state == WorkerState::Lost).count()
    }
}
