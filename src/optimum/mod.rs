//! The best structure of a space by the analytic score, with a proof.
//!
//! Owns: what a space may hold, slot by slot; the tables of its blocks; prices of the budgets, the
//! bound they prove, and the walk over what can still beat it. Must not know: searches, runs, clocks,
//! how a score is measured. Invariant: no structure that mutations lead to within the target has a
//! larger objective than [`Answer::bound`], however early the work was ended, and the answer does not
//! depend on the number of threads.
//!
//! The method and its proof are in docs/optimum.md.

mod chain;
mod dual;
mod frontier;
mod grid;
mod labels;
mod objective;
mod parts;
mod place;
mod problem;
mod solver;

pub use frontier::{Frontier, FrontierPoint, Reached, Sweep, SweepError};
pub use objective::ObjectiveForm;
pub use problem::{Limit, Problem, Target, Unsolvable};
pub use solver::{Answer, LayerPrice, Price, Progress, Solved, Solver, Stage, Watch};
