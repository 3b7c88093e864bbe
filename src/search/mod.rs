//! Evolution as a pure state machine: ask for a proposal, tell its result.
//!
//! Owns: population, lineage, statistics, when a search ends. Must not know: threads, clocks, how a
//! score comes about. Invariant: the same settings and the same results give the same search, in
//! whatever order the results arrive.

mod counts;
mod evolution;
mod history;
mod lineage;
mod member;
mod population;

pub use counts::{Counts, Rejection};
pub use evolution::{Applied, Asked, Candidate, End, Evolution, NotWaiting, Outcome, Settings};
pub use history::{ConvergencePoint, History, MAX_CONVERGENCE};
pub use lineage::Lineage;
pub use member::Member;
pub use population::{Entry, Population};
