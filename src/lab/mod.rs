//! The lab: experiments that show when to believe a score.
//!
//! Owns: what an experiment runs and what comes out of it, as plain values, with charts as values and as pictures.
//! Must not know: how a terminal shows that. Invariant: a result follows from the experiment's settings and its
//! seed.

mod agreement;
mod chart;
mod error;
mod noise;
pub mod rank;
mod report;
mod saturation;
mod stacks;
mod svg;
mod table1;
mod why;
mod work;

pub use agreement::{Agreement, spread};
pub use chart::{Axis, Chart, Extent, Look, Mark, Point, Scale, Series};
pub use error::LabError;
pub use noise::{Noise, repeats_that_part};
pub use report::{Cell, Report};
pub use saturation::{Course, NamedNet, Saturation, State};
pub use stacks::{Stack, StackExperiment, StackValues, Stacks};
pub use svg::svg;
pub use table1::{Found, Opinion, Row, Searched, Table1, Told, rank};
pub use why::Why;
pub use work::{Bench, Experiment};
