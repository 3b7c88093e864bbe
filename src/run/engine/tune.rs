//! Settings that are changed while the search goes on: when, by whom, and what follows for workers,
//! proof and files. What it means for the population is the search's business.

use std::{collections::VecDeque, io, sync::Arc, time::Instant};

use super::{Engine, Slot, polish::Polish};
use crate::{
    run::{
        RunSpec,
        protocol::{Tuned, Update, WorkerState},
        reference::Workbench,
        store::{History, Record},
        tuning::{Plan, Refusal, Scheduled, Stop},
        worker::{ScorerFactory, Worker},
    },
    search::{Tuning, Untunable},
    space::Setting,
    text::{grouped, score},
};

/// Changes that a run takes; a person makes a few.
const MAX_CHANGES: usize = 4_096;
/// Changes that snapshots tell of, the newest.
pub(super) const MAX_TOLD: usize = 32;
/// Changes that may wait for the moment when the search can be changed.
const MAX_WAITING: usize = 64;

/// A change that somebody wants.
enum Wish {
    Settings(Vec<Setting>),
    /// Without the last change that stands.
    Undo,
    /// What the run did that this one repeats, or goes on with.
    Again(Due<Scheduled>),
}

/// Who ends something early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Somebody, now.
    Now,
    /// Somebody did in the run that this one repeats.
    Again,
    /// Somebody did in this run, before it was interrupted.
    Before,
}

/// What is to be done again, and whether the journal of this run has it.
#[derive(Clone, Debug)]
struct Due<T> {
    what: T,
    is_journaled: bool,
}

impl<T> Due<T> {
    fn journaled(what: T) -> Due<T> {
        Due { what, is_journaled: true }
    }

    fn planned(what: T) -> Due<T> {
        Due { what, is_journaled: false }
    }
}

/// Changes made, wanted, and to be made again.
pub(super) struct Tunings {
    made: Vec<Tuned>,
    /// For the moment when the search can be changed; the first comes first.
    waiting: VecDeque<Wish>,
    replay: VecDeque<Due<Scheduled>>,
    /// When the run was stopped.
    stops: VecDeque<Due<Stop>>,
    factory: ScorerFactory,
    /// What another factory is made with; none where one was handed in that does what it does.
    bench: Option<Arc<Workbench>>,
}

/// Where the proxies come from.
pub(super) enum Scorers {
    Foreign(ScorerFactory),
    Registry(Workbench),
}

impl Tunings {
    pub(super) fn new(spec: &RunSpec, scorers: Scorers, history: &History) -> Tunings {
        let (factory, bench) = match scorers {
            Scorers::Foreign(factory) => (factory, None),
            Scorers::Registry(bench) => {
                let bench = Arc::new(bench);
                (bench.factory(spec), Some(bench))
            }
        };
        let checkpoint = history.checkpoint.as_deref();
        let made = checkpoint.map_or_else(Vec::new, |checkpoint| checkpoint.tuned.clone());
        let stopped = checkpoint.map_or(0, |checkpoint| checkpoint.stops.len());
        let known = history.tuned.iter().skip(made.len()).map(Tuned::scheduled).map(Due::journaled);
        // What was planned up to the last change that is known was made.
        let last = history.tuned.last().map(|tuned| tuned.turn);
        let ahead =
            history.planned.changes.iter().filter(|change| last.is_none_or(|t| change.turn > t));
        let stops = history.stops.iter().skip(stopped).copied().map(Due::journaled);
        let stops_ahead = history.planned.stops.iter().skip(history.stops.len()).copied();
        Tunings {
            replay: known.chain(ahead.cloned().map(Due::planned)).collect(),
            made,
            waiting: VecDeque::new(),
            stops: stops.chain(stops_ahead.map(Due::planned)).collect(),
            factory,
            bench,
        }
    }

    /// All that were made, oldest first.
    pub(super) fn all(&self) -> &[Tuned] {
        &self.made
    }

    /// The newest changes, oldest first.
    pub(super) fn told(&self) -> &[Tuned] {
        &self.made[self.made.len().saturating_sub(MAX_TOLD)..]
    }

    pub(super) fn factory(&self) -> &ScorerFactory {
        &self.factory
    }
}

impl Engine<'_> {
    /// Changes settings, now or as soon as the search can be changed.
    pub(super) fn tune(&mut self, settings: Vec<Setting>) {
        self.wish(Wish::Settings(settings));
    }

    /// Takes back the last change that stands.
    pub(super) fn untune(&mut self) {
        self.wish(Wish::Undo);
    }

    fn wish(&mut self, wish: Wish) {
        if self.confirmation.is_some() {
            return self.refuse(Refusal::whole("the search is over: its best are being confirmed"));
        }
        if self.tunings.waiting.len() >= MAX_WAITING {
            return self.refuse(Refusal::whole("too many changes wait already"));
        }
        self.tunings.waiting.push_back(wish);
        // Between two decisions of the search, so at once; also while it is paused.
        self.make_due_changes();
    }

    /// Makes the changes that are wanted now, and those of the run that this one repeats.
    pub(super) fn make_due_changes(&mut self) {
        loop {
            let is_seeding = self.seeding.is_some();
            match self.evolution.tunable() {
                Ok(()) if !is_seeding => {}
                Err(Untunable::Over) => {
                    self.refuse_all();
                    break;
                }
                // They wait until then.
                _ => break,
            }
            let turn = self.evolution.turn();
            let due = self.tunings.replay.front().is_some_and(|next| next.what.turn <= turn);
            let wish = match due {
                true => self.tunings.replay.pop_front().map(Wish::Again),
                false => self.tunings.waiting.pop_front(),
            };
            let Some(wish) = wish else { break };
            if let Err(refusal) = self.make(wish) {
                self.refuse(refusal);
            }
        }
        self.make_due_stop();
    }

    /// Stops where the run that this one repeats was stopped.
    pub(super) fn make_due_stop(&mut self) {
        let turn = self.evolution.turn();
        let is_over = self.evolution.tunable() == Err(Untunable::Over);
        let change_comes_first =
            self.tunings.replay.front().is_some_and(|next| next.what.turn <= turn);
        let is_due = |stop: &Due<Stop>| match (stop.what, &self.confirmation) {
            (Stop::Search { turn: moment }, None) => {
                moment <= turn && !is_over && !change_comes_first
            }
            (Stop::Ending { turn: moment }, None) => moment <= turn && is_over,
            (Stop::Confirmation { told }, Some(confirmation)) => confirmation.told() >= told,
            _ => false,
        };
        if self.tunings.stops.front().is_some_and(is_due)
            && let Some(stop) = self.tunings.stops.pop_front()
        {
            self.end_early(if stop.is_journaled { Heard::Before } else { Heard::Again });
        }
    }

    fn refuse_all(&mut self) {
        while self.tunings.waiting.pop_front().is_some() {
            self.refuse(Refusal::whole(format!("the search is over: {}", Untunable::Over)));
        }
    }

    fn refuse(&self, refusal: Refusal) {
        self.tell(Update::Refused(refusal));
    }

    fn make(&mut self, wish: Wish) -> Result<(), Refusal> {
        if self.tunings.made.len() >= MAX_CHANGES {
            return Err(Refusal::whole(format!("a run takes {MAX_CHANGES} changes, and had them")));
        }
        let is_again = matches!(wish, Wish::Again(_));
        let is_journaled = matches!(&wish, Wish::Again(due) if due.is_journaled);
        let (settings, undoes) = match wish {
            Wish::Settings(settings) => (settings, None),
            Wish::Again(Due { what: Scheduled { settings, undoes, .. }, .. }) => (settings, undoes),
            Wish::Undo => {
                let last = Tuned::last_standing(&self.tunings.made)
                    .ok_or_else(|| Refusal::whole("nothing was changed that could be undone"))?;
                (last.taken_back(), Some(last.number))
            }
        };
        // What changes nothing here, as other workers for who has others, keeps its number all the same.
        let plan = match is_again {
            true => Plan::again(&self.spec, &settings)?,
            false => Plan::of(&self.spec, &settings)?,
        };
        let spec = RunSpec { preset: plan.preset.clone(), ..self.spec.clone() };
        if let Some(bench) = &self.tunings.bench {
            if plan.touches_proxies() {
                spec.check_proxies(&self.device).map_err(Refusal::whole)?;
            }
            if plan.changes_proxies() {
                self.tunings.factory = bench.factory(&spec);
            }
        }
        let tuning = Tuning { settings: plan.search, rescores: plan.rescores };
        let done = self.evolution.retune(tuning).map_err(Refusal::whole)?;
        let workers = self.spec.workers();
        self.meter.change_staff(self.search_watch.elapsed(Instant::now()), workers);
        self.spec = spec;
        if let Err(error) = self.staff() {
            self.fault(None, None, format!("no further worker could be started: {error}"));
        }
        if plan.rescores {
            self.soundings.forget();
        }
        match (self.evolution.keeps_place(), &self.polish) {
            (true, Polish::Done) => self.polish = Polish::Ahead,
            (false, Polish::Ahead) => self.polish = Polish::Done,
            _ => {}
        }
        if plan.moves_optimum && self.spec.preset.run.optimum {
            self.prove(None);
        }
        self.lead_anew();
        let tuned = Tuned {
            number: self.tunings.made.len() as u32 + 1,
            at_ms: self.at_ms(),
            id: done.id,
            turn: done.turn,
            settings,
            changes: plan.changes,
            undoes,
            evicted: done.evicted,
            returned: done.returned,
            rescored: done.rescored,
        };
        self.tunings.made.push(tuned.clone());
        self.audience.amend(&self.spec);
        if !is_journaled {
            self.journal(&Record::Tuned(Box::new(tuned.clone())));
        }
        self.post_snapshot(Instant::now());
        self.tell(Update::Tuned(Box::new(tuned)));
        Ok(())
    }

    /// Keeps a stop for who does the run again, unless that is known.
    pub(super) fn note_stop(&mut self, heard: Heard) {
        let turn = self.evolution.turn();
        let stop = match (&self.confirmation, self.evolution.tunable()) {
            (Some(confirmation), _) => Stop::Confirmation { told: confirmation.told() },
            (None, Err(Untunable::Over)) => Stop::Ending { turn },
            (None, Ok(()) | Err(Untunable::Rescoring | Untunable::NotBegun)) => {
                Stop::Search { turn }
            }
        };
        match heard {
            Heard::Before => self.know_stop(stop),
            Heard::Now | Heard::Again => self.journal_stop(stop),
        }
    }

    /// The best may have left, or have another score: whoever leads now does so without being new.
    fn lead_anew(&mut self) {
        self.known_best = self.evolution.population().best().cloned();
        if let Some(best) = &self.known_best {
            self.save_best(&best.structure);
        }
    }

    pub(super) fn tell_renewed(&mut self, members: usize, of: usize) {
        self.lead_anew();
        let lost = match of - members {
            0 => String::new(),
            lost => format!(", {} have no score and left", grouped(lost as u64)),
        };
        let best = self.evolution.population().best();
        let best = best.map_or(String::new(), |best| {
            format!("; best now {} #{}", score(best.score.value), grouped(best.id))
        });
        self.log(&format!("scored {} members anew{lost}{best}", grouped(of as u64)));
    }

    /// The workers that are wanted; others end when they have told what they are at.
    pub(super) fn at_work(&self) -> &[Slot] {
        &self.slots[..self.slots.len().min(self.spec.workers())]
    }

    /// As many workers as are wanted.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn staff(&mut self) -> io::Result<()> {
        while self.slots.len() < self.spec.workers() {
            let worker = Worker::spawn(self.slots.len(), self.messages.clone())?;
            self.slots.push(Slot { worker, state: WorkerState::Waiting });
        }
        self.dismiss();
        Ok(())
    }

    /// Lets idle workers go that are wanted no more.
    pub(super) fn dismiss(&mut self) {
        while self.slots.len() > self.spec.workers()
            && let Some(slot) =
                self.slots.pop_if(|slot| !matches!(slot.state, WorkerState::Scoring { .. }))
        {
            slot.worker.join();
        }
    }
}
