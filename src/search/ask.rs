//! What a search and whoever measures for it say to each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{GateMoved, Member};
use crate::{
    arch::{Costs, Structure},
    score::Score,
};

/// A structure that wants a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub id: u64,
    pub structure: Structure,
    /// Draws it has had before: fresh ones are numbered from here on.
    pub first_draw: u32,
}

/// The answer to [`Evolution::ask`](super::Evolution::ask).
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Score this and tell.
    Candidate(Candidate),
    /// Something was done that needs nobody: a proposal rejected, or scored on the spot. Ask again.
    Again,
    /// Nothing can be proposed before a candidate on its way is told.
    Wait,
    /// Everything was proposed and told.
    Done(End),
}

/// Why there is nothing more to propose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Iterations,
    MaxScored,
    /// [`Evolution::stop`](super::Evolution::stop) was called.
    Stopped,
}

/// A result. A failure is recorded with its reason and never enters the population.
pub type Outcome = Result<Score, String>;

/// What telling a result changed; for events, not for decisions.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// A candidate has its place in the population.
    Entered(Arc<Member>),
    /// Scored below everybody in a full population. Analytic scores have many of those, and are heard of only
    /// by who [asks for all](super::Evolution::tell_everybody).
    TooLow(Arc<Member>),
    /// A member was scored again, and stands where its mean puts it.
    Rescored(Arc<Member>),
    Failed {
        id: u64,
        reason: String,
        /// None of a member that had a score of another kind.
        candidate: Option<Box<Unscored>>,
    },
    /// A member could not be scored again, and keeps the score it has.
    RescoreFailed { id: u64, reason: String },
    /// The screen lets more or fewer through from here on.
    Gate(GateMoved),
    /// Scored, and by then no longer what a tuned search may have.
    Outdated(Arc<Member>),
    /// All members have scores of another kind; those that could not be scored have left.
    Renewed { members: usize, of: usize },
}

/// A candidate that has no score.
#[derive(Clone, Debug, PartialEq)]
pub struct Unscored {
    pub structure: Structure,
    pub costs: Costs,
    /// None for the initial structure.
    pub parent: Option<u64>,
}

/// An id that was never handed out, or was told already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("candidate {0} is not waiting for a result")]
pub struct NotWaiting(pub u64);
