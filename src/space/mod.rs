//! What may be searched: preset files, the mutations of a space, budgets, the published nets.
//!
//! Owns: the preset schema and everything a preset decides about which structures may exist. Must
//! not know: scores, populations, threads, files (a caller hands in how a file is read). Invariant:
//! a [`Preset`] that exists has passed every check that needs no machine and no proxy.

mod budget;
mod check;
mod constraint;
mod document;
mod edit;
mod moves;
mod mutation;
mod objectives;
mod preset;
mod proxy_choice;
mod schema;
mod setting;
mod shipped;
mod size;

pub use budget::{Budget, Budgets};
pub use constraint::{Constraint, Constraints};
pub use document::{MAX_BYTES as MAX_PRESET_BYTES, PresetError, PresetFiles, PresetSource};
pub use edit::{Difference, key_line};
pub use moves::{Draft, Mover};
pub use mutation::{Mutation, Space};
pub use objectives::{Objectives, Point};
pub use preset::{
    BudgetSettings, ConfirmSettings, Family, Fixed, LatencyBudget, Preset, RunSettings,
    ScoreSettings, ScreenSettings, SearchSettings, SeedMode, SeedWith, SpaceSettings,
};
pub use proxy_choice::{Combination, ProxyChoice, WeightedProxy};
pub use setting::Setting;
pub use shipped::{
    PublishedNet, published_name, published_nets, shipped_preset, shipped_preset_names,
};
pub use size::Size;
