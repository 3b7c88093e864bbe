//! Who is on the way: proposed or scored again, handed out, perhaps told, not yet applied.
//!
//! Must not know when anything is applied. Invariant: whoever is on the way can be handed out again as it was.

use serde::{Deserialize, Serialize};

use crate::{
    arch::{Costs, Structure},
    search::{Candidate, Outcome, workshop::Part},
    space::Mutation,
};

/// A child that is worth a score.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Proposal {
    pub id: u64,
    pub structure: Structure,
    pub costs: Costs,
    /// They follow from the structure.
    #[serde(skip)]
    pub parts: Box<[Part]>,
    pub parent: Option<u64>,
    pub mutations: Vec<Mutation>,
    pub estimate: Option<f64>,
}

/// On its way: handed out, perhaps told, not yet applied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub what: Awaited,
    pub outcome: Option<Outcome>,
}

/// Who has no score yet, or not the one that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Awaited {
    New(Proposal),
    /// A member that is scored again.
    Again(Candidate),
}

impl Awaited {
    pub(super) fn id(&self) -> u64 {
        match self {
            Awaited::New(proposal) => proposal.id,
            Awaited::Again(candidate) => candidate.id,
        }
    }

    pub(super) fn candidate(&self) -> Candidate {
        match self {
            Awaited::New(proposal) => {
                let structure = proposal.structure.clone();
                Candidate { id: proposal.id, structure, first_draw: 0 }
            }
            Awaited::Again(candidate) => candidate.clone(),
        }
    }
}
