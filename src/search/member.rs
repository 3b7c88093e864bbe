//! Members of a population.

use serde::{Deserialize, Serialize};

use crate::{
    arch::{Costs, Structure},
    score::Score,
    space::Mutation,
};

/// A candidate that was scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The iteration that proposed it; 0 is the initial structure.
    pub id: u64,
    pub structure: Structure,
    pub score: Score,
    pub costs: Costs,
    /// None for the initial structure.
    pub parent: Option<u64>,
    /// Steps from the initial structure.
    pub generation: u32,
    /// What was changed in the parent; empty for the initial structure and for copies.
    pub mutations: Vec<Mutation>,
    /// Own score minus the parent's.
    pub gain: Option<f64>,
}
