//! The lab: experiments that show when to believe a score.
//!
//! Owns: what an experiment runs and what comes out of it, as a report.
//! Must not know: how that is shown. Invariant: a result follows from the experiment's settings and its
//! seed.

mod agreement;
mod error;
mod noise;
pub mod rank;
mod saturation;
mod stacks;
mod table1;
mod why;
mod work;

pub use agreement::{Agreement, spread};
pub use error::LabError;
pub use noise::{Noise, repeats_that_part};
pub use saturation::{Course, NamedNet, Saturation, State};
pub use stacks::{Stack, StackExperiment, StackValues, Stacks};
pub use table1::{Found, Opinion, Row, Searched, Table1, Told, looked_for, rank};
pub use why::Why;
pub use work::{Bench, Experiment, described};
