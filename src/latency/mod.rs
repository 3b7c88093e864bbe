//! How long a network takes: tables of measured layers, and what they say of others.
//!
//! Owns: fused layers, tables and their formats, the predictor, what should be measured. Must not know:
//! how a layer is run, files, clocks. Invariant: a prediction follows from a table and a layer alone, and
//! a network's is the sum over its layers.

mod grid;
mod layer;
mod plan;
mod table;

pub use layer::{FusedLayer, Operation, fused, walk_fused, walk_fused_head};
pub use plan::{Group, Groups, Plan, PlanSettings, Skip};
pub use table::{NetRow, Provenance, Row, Table, TableError};
