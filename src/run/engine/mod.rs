//! The coordinator: one thread that asks the search, feeds the workers, answers the viewer.
//!
//! Everything it decides comes from [`Evolution`] and [`Confirmation`]; here are only threads,
//! clocks and messages.

mod keep;
mod polish;
mod proof;
mod report;
mod retell;
mod seed;
mod sounding;
mod spawn;
mod start;
mod tune;
mod work;

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

pub use spawn::{spawn, spawn_with};

pub(super) use retell::{Extent, Listener, retell};
pub(super) use sounding::Soundings;

use keep::{Keeping, Kept};
use polish::Polish;
use proof::Proving;
use retell::Retelling;
use tune::{Heard, Tunings};

use super::{
    Replay, RunSpec,
    audience::Audience,
    confirmation::{Confirmation, Plan},
    meter::{Meter, Stopwatch},
    protocol::{Command, Finished, Member, Phase, Reason, Update, Winner, WorkerState},
    prover::{Proof, Prover, Solution},
    store::{History, Memory, Record, RunFolder},
    worker::{Job, JobPurpose, Report, Role, ScorerFactory, Worker},
};
use crate::{
    arch::Structure,
    nn::Device,
    optimum::Unsolvable,
    random::{Purpose, Stream},
    search::{Asked, Candidate, End, Evolution},
    space::SeedMode,
};

/// Snapshots come no faster.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(100);
/// And, while there is something to tell, no slower.
const SNAPSHOT_AT_LEAST: Duration = Duration::from_secs(1);
/// Proposals between two looks at the messages.
const ASKS_PER_TURN: usize = 64;
/// A climb's steps can be long.
const LONGEST_TURN: Duration = Duration::from_millis(50);
/// If so many candidates fail before one is scored, something is wrong with all of them.
const HOPELESS_FAILURES: u64 = 32;

/// What the coordinator waits for.
pub(super) enum Message {
    Command(Command),
    Report(Report),
    /// Of the proof with this number: an older one proves what is wanted no more.
    Proof(u32, Proof),
    /// What the search starts from.
    Seeded(Box<Result<Solution, Unsolvable>>),
    /// The best structure of the shape that was to be polished.
    Polished(Result<Structure, Unsolvable>),
    /// A checkpoint was written, or not.
    Kept(Kept),
    /// What a person should know of what the workers do.
    Note(String),
}

/// A worker and what it is doing.
struct Slot {
    worker: Worker,
    state: WorkerState,
}

/// By what an engine scores.
enum Means<'a> {
    /// By proxies from here, or else by the registry's.
    Proxies(Option<ScorerFactory>),
    /// By what a run told that this one tells again.
    Memory(Box<History>, Retelling<'a>),
}

struct Engine<'a> {
    audience: &'a Audience,
    spec: RunSpec,
    device: Device,
    evolution: Evolution,
    /// At work on what the search starts from; nothing is proposed before.
    seeding: Option<Prover>,
    proving: Proving,
    polish: Polish,
    tunings: Tunings,
    slots: Vec<Slot>,
    confirmation: Option<Confirmation>,
    folder: Option<RunFolder>,
    keeping: Keeping,
    /// What another run did that this one repeats.
    planned: Replay,
    /// On their way when the run was interrupted, to be handed out again.
    outstanding: VecDeque<Candidate>,
    /// What workers told before the run was interrupted.
    memory: Memory,
    /// Where that is all there is.
    retelling: Option<Retelling<'a>>,
    /// What a person wants; the phase says how far it is.
    pause_wanted: bool,
    phase: Phase,
    reason: Option<Reason>,
    /// A person ended the search, or what comes behind it.
    stopped: bool,
    last_failure: Option<String>,
    /// The engine itself gave up: nothing was scored for too long.
    hopeless: bool,
    /// The best that viewers and the disk know of.
    known_best: Option<Arc<Member>>,
    /// Candidates whose panic was told and whose failure needs no second word; at most D.
    told_failures: Vec<u64>,
    began: Instant,
    search_watch: Stopwatch,
    confirm_watch: Stopwatch,
    meter: Meter,
    soundings: Soundings,
    seq: u64,
    last_snapshot: Instant,
    changed: bool,
    /// For threads that have something to say.
    messages: mpsc::SyncSender<Message>,
}

impl Engine<'_> {
    fn run(&mut self, messages: mpsc::Receiver<Message>) {
        while self.phase != Phase::Finished {
            let busy = self.work();
            let now = Instant::now();
            self.update_phase(now);
            if self.changed && now.duration_since(self.last_snapshot) >= SNAPSHOT_INTERVAL {
                self.post_snapshot(now);
                self.keep_when_due(now);
            }
            let message = if busy {
                messages.try_recv().ok()
            } else {
                messages.recv_timeout(self.patience(now)).ok()
            };
            match message {
                Some(Message::Command(command)) => self.obey(command),
                Some(Message::Report(report)) => self.take(report),
                Some(Message::Proof(number, proof)) => self.hear_proof(number, proof),
                Some(Message::Polished(best)) => self.hear_polished(best),
                Some(Message::Seeded(seed)) => self.hear_seed(*seed),
                Some(Message::Kept(kept)) => self.hear_kept(kept),
                Some(Message::Note(text)) => self.log(&text),
                // Clocks go on while nothing is said.
                None if !busy && self.phase != Phase::Paused => self.changed = true,
                None => {}
            }
        }
        self.await_proof(&messages);
        // Without a reader, workers that still report end instead of waiting for room in the channel.
        drop(messages);
        self.finish();
    }

    /// How long nothing needs to be done unless a message comes.
    fn patience(&self, now: Instant) -> Duration {
        let interval = match (self.changed, self.phase) {
            (true, _) => SNAPSHOT_INTERVAL,
            (false, Phase::Paused) => return Duration::from_secs(3600),
            (false, _) => SNAPSHOT_AT_LEAST,
        };
        (self.last_snapshot + interval).saturating_duration_since(now)
    }

    fn obey(&mut self, command: Command) {
        self.changed = true;
        match command {
            Command::Pause => self.pause_wanted = true,
            Command::Resume => self.pause_wanted = false,
            Command::Stop => self.end_early(Heard::Now),
            Command::Tune(settings) => self.tune(settings),
            Command::Untune => self.untune(),
            Command::Resync => self.post_snapshot(Instant::now()),
            Command::Inspect(id) => self.tell_ancestors(id),
            Command::Checkpoint => self.want_checkpoint(),
            Command::Suspend => self.suspend(),
            Command::Start(_) => self.log("a search runs here already; the start was ignored"),
        }
    }

    /// Ends the search, or its confirmation.
    fn end_early(&mut self, heard: Heard) {
        self.pause_wanted = false;
        self.stopped = true;
        if self.seeding.is_none() {
            self.note_stop(heard);
        }
        if self.confirmation.is_some() {
            self.phase = Phase::Finished;
        } else if self.seeding.is_some() {
            self.reason = Some(Reason::Stopped);
            self.phase = Phase::Finished;
        } else {
            self.cut_polish_short();
            self.evolution.stop();
        }
    }

    /// Gives work to idle workers; true where there may be more to do right away.
    fn work(&mut self) -> bool {
        if self.pause_wanted || self.seeding.is_some() {
            return false;
        }
        let start = Instant::now();
        let busy = self.work_through(ASKS_PER_TURN);
        if self.confirmation.is_none() {
            self.meter.propose += start.elapsed();
        }
        if !busy {
            self.end_without_answers();
        }
        busy
    }

    fn work_through(&mut self, asks: usize) -> bool {
        let start = Instant::now();
        for ask in 0..asks {
            // When messages are looked at decides nothing but how soon they are obeyed.
            if ask % 8 == 7 && start.elapsed() > LONGEST_TURN {
                break;
            }
            let waiting = |slot: &Slot| slot.state == WorkerState::Waiting;
            let Some(index) = self.at_work().iter().position(waiting) else { return false };
            if self.confirmation.is_none()
                && let Some(job) = self.sounding()
            {
                self.give(index, job);
                continue;
            }
            if let Some(candidate) = self.outstanding.pop_front() {
                let job = self.candidate_job(candidate);
                self.give(index, job);
                continue;
            }
            let job = match &mut self.confirmation {
                Some(confirmation) => confirmation.next_job(),
                None => match self.tuned_ask() {
                    Asked::Candidate(candidate) => Some(self.candidate_job(candidate)),
                    Asked::Again => continue,
                    Asked::Wait => None,
                    Asked::Done(end) => {
                        if self.polishes(end) {
                            return false;
                        }
                        self.end_search(end);
                        if self.phase == Phase::Finished {
                            return false;
                        }
                        continue;
                    }
                },
            };
            let Some(job) = job else { return false };
            self.give(index, job);
        }
        true
    }

    /// The next thing to do, after the changes that are due.
    fn tuned_ask(&mut self) -> Asked {
        if self.has_told_enough() {
            return Asked::Wait;
        }
        self.make_due_changes();
        self.ask()
    }

    fn ask(&mut self) -> Asked {
        let mut changes = Vec::new();
        let asked = self.evolution.ask(&mut |change| changes.push(change));
        self.changed = true;
        for change in changes {
            self.retell(&change);
            self.tell_viewer(change);
        }
        let counts = self.evolution.counts();
        if counts.scored == 0 && counts.failed >= HOPELESS_FAILURES {
            self.hopeless = true;
            self.evolution.stop();
        }
        asked
    }

    fn candidate_job(&self, candidate: Candidate) -> Job {
        let score = &self.spec.preset.score;
        // With common seeds everybody is scored like the initial structure.
        let seed_id = match score.seed_mode {
            SeedMode::Fresh => candidate.id,
            SeedMode::Common => 0,
        };
        let run_seed = self.spec.preset.search.seed;
        Job {
            purpose: JobPurpose::Candidate { id: candidate.id },
            role: Role::Search,
            structure: candidate.structure,
            seed: Stream::of_candidate(run_seed, Purpose::ScoreSeed, seed_id).next_u64(),
            first_repeat: candidate.first_draw,
            repeats: score.repeats,
            definition: score.definition,
        }
    }

    fn end_search(&mut self, end: End) {
        let now = Instant::now();
        self.search_watch.stop(now);
        self.tell_reuse();
        if self.evolution.population().is_empty() {
            let counts = self.evolution.counts();
            let text = match &self.last_failure {
                None if counts.scored > 0 => {
                    "nobody is left within the settings as they were changed; best.txt has the best \
                     of before"
                        .to_owned()
                }
                why => format!(
                    "no candidate could be scored; the last failure: {}",
                    why.as_deref().unwrap_or("nothing was proposed")
                ),
            };
            self.fault(None, None, text);
            self.reason = Some(Reason::Failed);
            self.phase = Phase::Finished;
            return;
        }
        self.reason = Some(match (end, &self.polish) {
            (End::Stopped, _) if self.hopeless => Reason::Failed,
            (End::Stopped, _) | (_, Polish::CutShort) => Reason::Stopped,
            (End::Iterations, _) => Reason::Iterations,
            (End::MaxScored, _) => Reason::MaxScored,
        });
        let confirm = &self.spec.preset.confirm;
        let plan = Plan {
            // Its draws are nobody's score.
            best: if self.is_retelling() { 0 } else { confirm.best },
            repeats: confirm.repeats,
            seed: self.spec.preset.search.seed,
            definition: self.spec.preset.score.definition,
        };
        let confirmation =
            Confirmation::new(plan, &self.evolution.population().best_by_score(plan.best));
        if confirmation.is_complete() {
            self.phase = Phase::Finished;
        } else {
            self.confirm_watch.start(now);
        }
        // Where the confirmation starts from.
        self.keep();
        self.confirmation = Some(confirmation);
    }

    /// Ends this process's part of the run; it can go on from here.
    fn suspend(&mut self) {
        self.reason = Some(Reason::Interrupted);
        self.phase = Phase::Finished;
    }

    fn update_phase(&mut self, now: Instant) {
        if self.phase == Phase::Finished {
            return;
        }
        let in_flight =
            self.slots.iter().any(|slot| matches!(slot.state, WorkerState::Scoring { .. }));
        let phase = match (self.pause_wanted, in_flight) {
            (true, true) => Phase::Pausing,
            (true, false) => Phase::Paused,
            (false, _) => self.phase_at_work(),
        };
        if phase == self.phase {
            return;
        }
        let watch = match self.confirmation {
            Some(_) => &mut self.confirm_watch,
            None => &mut self.search_watch,
        };
        match phase {
            Phase::Paused => watch.stop(now),
            _ => watch.start(now),
        }
        let same_kind = std::mem::discriminant(&phase) == std::mem::discriminant(&self.phase);
        self.phase = phase;
        if !same_kind {
            // The snapshot first: an older one would take the viewer back to the phase before.
            self.post_snapshot(now);
            self.tell(Update::Phase(phase));
        }
    }

    fn phase_at_work(&self) -> Phase {
        match &self.confirmation {
            Some(it) if it.total() > 0 => Phase::Confirming { done: it.told(), total: it.total() },
            _ if self.seeding.is_some() => Phase::Starting,
            _ => Phase::Running,
        }
    }

    fn finish(&mut self) {
        let now = Instant::now();
        self.search_watch.stop(now);
        self.confirm_watch.stop(now);
        let reason = self.reason.unwrap_or(Reason::Stopped);
        if reason == Reason::Interrupted {
            return self.leave_it_there(now);
        }
        for slot in std::mem::take(&mut self.slots) {
            slot.worker.join();
        }
        let winner = self.confirmation.as_ref().and_then(Confirmation::winner).or_else(|| {
            let member = Arc::clone(self.evolution.population().best()?);
            Some(Winner { member, confirmed: None, repeats: 0, ties: Vec::new() })
        });
        if let Some(winner) = &winner {
            self.save_best(&winner.member.structure);
        }
        self.post_snapshot(now);
        let everybody = self.evolution.lineage().members().cloned().collect();
        self.tell(Update::Ancestors(everybody));
        self.tell(Update::Phase(Phase::Finished));
        self.journal(&Record::Finished(reason));
        // Before the last word: behind it nobody hears what is wrong with the disk.
        let finished = Finished { reason, winner };
        self.keep_now(Some(&finished));
        self.tell(Update::Finished(finished));
    }

    /// What workers are at is told again when the run goes on.
    fn leave_it_there(&mut self, now: Instant) {
        self.phase = Phase::Paused;
        self.post_snapshot(now);
        self.keep_now(None);
        self.tell(Update::Finished(Finished { reason: Reason::Interrupted, winner: None }));
    }
}
