//! What an engine and its viewers say to each other: plain values, serialisable, free of tensors and
//! instants, the same over an in-process channel and (later) a socket.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Change, Refusal, RunSpec, Scheduled};
pub use crate::optimum::{
    Frontier, FrontierPoint, LayerPrice, Price, Progress, Reached, Solved, Stage,
};
pub use crate::search::{ConvergencePoint, MAX_CONVERGENCE, Member, Screening};
use crate::{
    arch::Structure,
    score::{MeanStd, half_width_95, standard_error},
    space::Setting,
    text::grouped,
};

/// Of these messages. A viewer and an engine of different versions don't talk.
pub const VERSION: u32 = 1;

/// From a viewer to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Starts the search; once in an engine's life.
    Start(Box<RunSpec>),
    /// Candidates on their way are still told; nothing new is proposed.
    Pause,
    Resume,
    /// Ends the search and goes on to the confirmation; during the confirmation, ends that.
    Stop,
    /// Changes settings from the next candidate on; answered by [`Update::Tuned`] or
    /// [`Update::Refused`].
    Tune(Vec<Setting>),
    /// Takes back the last change that stands.
    Untune,
    /// Asks for a fresh [`Update::Snapshot`] after a gap in `seq`.
    Resync,
    /// Asks for the [`Update::Ancestors`] of a candidate.
    Inspect(u64),
    /// Writes down where the run is, now.
    Checkpoint,
    /// Writes down where the run is and ends, to go on later.
    Suspend,
}

/// From the engine to a viewer. Everything but snapshots goes through a bounded queue; what didn't
/// fit is counted in [`Snapshot::dropped_events`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Update {
    Hello(Box<Hello>),
    Snapshot(Arc<Snapshot>),
    Phase(Phase),
    NewBest(Box<NewBest>),
    Log(Log),
    Fault(Fault),
    Tuned(Box<Tuned>),
    /// A change that isn't made.
    Refused(Refusal),
    /// Where candidates came from: one that was asked for with all its ancestors, the oldest first; at
    /// the end of a search, the ancestors of the whole population.
    Ancestors(Vec<Arc<Member>>),
    /// The last update.
    Finished(Finished),
}

/// What runs here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u32,
    pub spec: RunSpec,
    pub workers: usize,
    /// `cpu` or `cuda:N`, several with commas, as opened.
    pub device: String,
    /// What that is, and the memory it had: `NVIDIA H100 80GB HBM3, 79.1 GiB`.
    #[serde(default)]
    pub hardware: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Starting,
    Running,
    /// Asked to pause; waiting for the candidates on their way.
    Pausing,
    Paused,
    /// Scoring the best again with fresh seeds.
    Confirming {
        done: u32,
        total: u32,
    },
    Finished,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Running => "running",
            Phase::Pausing => "pausing",
            Phase::Paused => "paused",
            Phase::Confirming { .. } => "confirming",
            Phase::Finished => "finished",
        }
    }
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// All iterations were proposed.
    Iterations,
    /// `max_scored` was reached.
    MaxScored,
    /// A person stopped it.
    Stopped,
    /// It was told to end here and to go on later.
    Interrupted,
    /// Nothing could be scored, or the engine failed; the log says why.
    Failed,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Iterations => "iterations",
            Reason::MaxScored => "max_scored",
            Reason::Stopped => "stopped",
            Reason::Interrupted => "interrupted",
            Reason::Failed => "failed",
        }
    }
}

/// The state of a search, whole; at most ten a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counts up by one a snapshot.
    pub seq: u64,
    pub phase: Phase,
    /// Time spent running, pauses left out, milliseconds.
    pub elapsed_ms: u64,
    /// Time spent in the confirmation, milliseconds.
    pub confirm_ms: u64,
    /// Iterations so far, rejected proposals included.
    pub proposed: u64,
    /// Iterations asked for.
    pub iterations: u64,
    pub scored: u64,
    pub failed: u64,
    /// The part of `scored` that went to members for another score.
    pub rescored: u64,
    /// Rejected proposals by what they broke: the name of a budget or a constraint, `screened`, or
    /// `duplicate`.
    pub rejected: Vec<(String, u64)>,
    /// Means over the last 5 seconds.
    pub proposed_per_s: f64,
    pub scored_per_s: f64,
    /// Best first; ties by id. Shared, never copied for a viewer in the same process.
    pub population: Vec<Arc<Member>>,
    /// How many members the population may have.
    pub capacity: usize,
    /// Oldest first, at most [`MAX_CONVERGENCE`].
    pub convergence: Vec<ConvergencePoint>,
    /// The last changes of the settings that were made, at most 32, oldest first.
    pub tunings: Vec<Tuned>,
    /// Members that left by a change and may come back with another, best first.
    pub aside: Vec<Arc<Member>>,
    /// Members that are scored anew before the search goes on: how many were, and of how many.
    pub renewal: Option<(usize, usize)>,
    /// The screen, where there is one.
    pub screening: Option<Screening>,
    /// Standard deviation of one draw, pooled over all that were drawn twice or more; none before.
    pub noise: Option<f64>,
    /// How good a structure of the space can be; none before that is known.
    pub optimum: Option<Box<Optimum>>,
    /// What the search does once everything else is proposed.
    pub ending: Option<Ending>,
    pub time: TimeSpent,
    pub workers: Vec<WorkerState>,
    /// Best mean first.
    pub confirmation: Vec<Confirmed>,
    /// Updates that a viewer's queue had no room for.
    pub dropped_events: u64,
}

impl TimeSpent {
    /// Thread time of workers that did something, milliseconds.
    pub fn at_work_ms(&self) -> f64 {
        self.build_ms + self.score_ms
    }
}

/// A change of the settings that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuned {
    /// From 1.
    pub number: u32,
    pub at_ms: u64,
    /// The first candidate by the new settings.
    pub id: u64,
    /// Decisions of the search before; the same change there gives the same search.
    pub turn: u64,
    /// As they were asked for.
    pub settings: Vec<Setting>,
    pub changes: Vec<Change>,
    /// The change that this one takes back.
    pub undoes: Option<u32>,
    /// Members that had to leave.
    pub evicted: usize,
    /// Members that had left by an earlier change and are back.
    pub returned: usize,
    /// Members that are scored anew first.
    pub rescored: usize,
}

impl Tuned {
    /// In words.
    pub fn told(&self) -> String {
        let changes: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        let mut text = format!("from #{} on: {}", grouped(self.id), changes.join(", "));
        for (count, what) in [
            (self.evicted, "evicted"),
            (self.returned, "came back"),
            (self.rescored, "are scored anew first"),
        ] {
            if count > 0 {
                text += &format!("; {} {what}", grouped(count as u64));
            }
        }
        text
    }

    /// To be made again by another run.
    pub fn scheduled(&self) -> Scheduled {
        Scheduled { turn: self.turn, settings: self.settings.clone(), undoes: self.undoes }
    }

    /// What takes it back.
    pub fn taken_back(&self) -> Vec<Setting> {
        let back = |c: &Change| Setting { key: c.key.clone(), value: c.from.clone() };
        self.changes.iter().map(back).collect()
    }

    /// Of `tunings`, the one that is taken back next.
    pub fn last_standing(tunings: &[Tuned]) -> Option<&Tuned> {
        let is_undone = |tuned: &Tuned| tunings.iter().any(|t| t.undoes == Some(tuned.number));
        tunings.iter().rev().find(|tuned| tuned.undoes.is_none() && !is_undone(tuned))
    }
}

/// The best the space has within the budgets by the analytic score (theory form).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// No structure's analytic score is larger.
    pub bound: f64,
    /// Whether the first of `structures` is the optimum.
    pub proven: bool,
    /// The best that were found, the best first.
    pub structures: Vec<Solved>,
    pub prices: Vec<Price>,
    /// Of one sub-layer; empty until that is known.
    pub layer_price: LayerPrice,
    /// By each limit; those that are known so far.
    pub frontiers: Vec<Frontier>,
    /// The analytic score of the search's best.
    pub best: Option<f64>,
}

impl Optimum {
    /// The best that was found.
    pub fn structure(&self) -> Option<&Structure> {
        self.structures.first().map(|best| &best.structure)
    }

    /// How far the search's best is from the bound.
    pub fn gap(&self) -> Option<f64> {
        Some(self.bound - self.best?)
    }
}

/// How a search's best are made better at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The best are climbed by the analytic score.
    Climbing,
    /// The best's widths and kernels are solved for, its depths kept.
    Polishing,
    /// Everything is done, and the optimum is not yet known.
    Proving,
}

impl Ending {
    pub fn words(self) -> &'static str {
        match self {
            Ending::Climbing => "climbing the best",
            Ending::Polishing => "polishing the best",
            Ending::Proving => "waiting for the optimum",
        }
    }
}

/// Where the time went: thread time in milliseconds, workers added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSpent {
    /// Proposing and judging by budgets and by the analytic score, climbing, handing out work.
    pub propose_ms: f64,
    /// Laying networks out, drawing weights and images.
    pub build_ms: f64,
    pub score_ms: f64,
    /// Workers without work.
    pub wait_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkerState {
    Waiting,
    Scoring {
        id: u64,
    },
    /// Gone for good.
    Lost,
}

/// A finalist scored again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmed {
    pub id: u64,
    /// The score the search went by.
    pub searched: f64,
    /// Over the fresh draws so far; none before the first.
    pub score: Option<MeanStd>,
    pub repeats: u32,
    /// The leader's score minus this one's, over the draws of both; none for the leader.
    pub behind: Option<Gap>,
    /// Behind by more than the noise, and drawn no more.
    pub out: bool,
    /// Why no mean can be given, where a draw failed.
    pub failure: Option<String>,
}

/// A difference of two scores that shared their seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub mean: f64,
    /// Half the width of its 95 % interval.
    pub margin_95: f64,
}

impl Gap {
    /// Whether the difference is more than its noise.
    pub fn is_apart(&self) -> bool {
        self.mean > self.margin_95
    }
}

impl Confirmed {
    /// Standard error of the mean; none below two draws.
    pub fn standard_error(&self) -> Option<f64> {
        Some(standard_error(self.score?.std?, self.repeats))
    }

    /// Half the width of the mean's 95 % interval; none below two draws.
    pub fn margin_95(&self) -> Option<f64> {
        Some(half_width_95(self.score?.std?, self.repeats))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewBest {
    pub member: Arc<Member>,
    /// Local time isn't the engine's business: milliseconds since the start, pauses included.
    pub at_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    pub at_ms: u64,
    pub text: String,
}

/// Something went wrong and the search goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub at_ms: u64,
    pub worker: Option<usize>,
    pub id: Option<u64>,
    /// What happened, and what happens by itself.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub reason: Reason,
    /// The confirmed winner where a confirmation ran, else the best of the population.
    pub winner: Option<Winner>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Winner {
    pub member: Arc<Member>,
    pub confirmed: Option<MeanStd>,
    pub repeats: u32,
    /// Finalists that the draws could not tell from it.
    pub ties: Vec<Arc<Member>>,
}
