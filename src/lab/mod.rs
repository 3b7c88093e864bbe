//! The lab: experiments that show when to believe a score.
//!
//! Owns: what an experiment runs and what comes out of it, as plain values. Must not know: how that is shown.
//! Invariant: a result follows from the experiment's settings and its seed.

pub mod rank;
mod table1;

pub use table1::{Found, LabError, Opinion, Row, Searched, Table1, Told, rank};
