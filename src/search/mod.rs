//! Evolution as a pure state machine: ask for a proposal, tell its result.
//!
//! Owns: population, lineage, statistics, when a search ends. Must not know: threads, clocks, how a
//! score comes about. Invariant: the same settings and the same results give the same search, in
//! whatever order the results arrive.

mod aside;
mod ask;
mod climb;
mod counts;
mod evolution;
mod fronts;
mod history;
mod lineage;
mod member;
mod population;
mod screen;
mod settings;
mod workshop;

pub use ask::{Applied, Asked, Candidate, End, NotWaiting, Outcome, Unscored};
pub use counts::{Counts, Rejection};
pub use evolution::{Damaged, Evolution, Retuned, State, Tuning, Untunable};
pub use history::{ConvergencePoint, History, MAX_CONVERGENCE};
pub use lineage::Lineage;
pub use member::Member;
pub use population::{Entry, Population, Spread};
pub use screen::{GateMoved, Screening};
pub use settings::{Elites, Moves, Scoring, Settings};
