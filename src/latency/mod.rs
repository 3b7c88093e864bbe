//! How long a network takes: tables of measured layers, and what they say of others.
//!
//! Owns: fused layers, tables and their formats, the predictor, what should be measured. Must not know:
//! how a layer is run, files, clocks. Invariant: a prediction follows from a table and a layer alone, and
//! a network's is the sum over its layers.

mod check;
mod clock;
mod grid;
mod import;
mod layer;
mod overhead;
mod plan;
mod predictor;
mod sheet;
mod surface;
mod table;

pub use check::{Checked, Errors, Fold, cross_validate};
pub use clock::Clock;
pub use import::{CSV_COLUMNS, Imported, csv, v100_library};
pub use layer::{FusedLayer, Operation, fused, walk_fused, walk_fused_head};
pub use overhead::Overhead;
pub use plan::{Group, Groups, Plan, PlanSettings, Skip};
pub use predictor::{LayerEstimate, NetEstimate, Predictor, Unpredictable, batch_of};
pub use table::{NetRow, Provenance, Row, Table, TableError};
