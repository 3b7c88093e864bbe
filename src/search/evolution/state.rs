//! A search as plain values: what is kept of it, and how it goes on from there.
//!
//! What follows from the rest isn't kept: how scores and costs come about block by block, the neighbours of
//! a climb. Invariant: a search that went on from its state is, decision by decision, the one that was kept.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use base64::{
    Engine as _, display::Base64Display, engine::general_purpose::STANDARD_NO_PAD as BASE64,
};
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Ascent, Awaited, Evolution, Pending, Renewal};
use crate::{
    arch::{Structure, StructureHash},
    search::{
        Candidate, Counts, End, History, Lineage, Population, Settings, aside::Aside, screen::Gate,
    },
};

/// A [search](Evolution) at a moment between two of its decisions. Its settings are kept elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// What it started from, which need not be the settings'.
    initial: Structure,
    lineage: Lineage,
    /// Ids, best first; all of them are in the lineage.
    population: Vec<u64>,
    counts: Counts,
    history: History,
    gate: Option<Gate>,
    pending: VecDeque<Pending>,
    spoiled: BTreeSet<u64>,
    rescored_last: bool,
    seen: Seen,
    ascent: Option<Ascent>,
    planted: Option<(u64, Structure)>,
    end: Option<End>,
    started: bool,
    turn: u64,
    tuned_at: u64,
    renewal: Option<Renewal>,
    renewed: u64,
    renewals: u32,
    aside: Aside,
}

/// A state that no search was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("member {0} of its population has no place in its lineage")]
pub struct Damaged(u64);

impl Evolution {
    /// What it needs to go on later.
    pub fn state(&self) -> State {
        State {
            initial: self.settings.initial.clone(),
            lineage: self.lineage.clone(),
            population: self.population.members().iter().map(|member| member.id).collect(),
            counts: self.counts.clone(),
            history: self.history.clone(),
            gate: self.gate.clone(),
            pending: self.pending.clone(),
            spoiled: self.spoiled.clone(),
            rescored_last: self.rescored_last,
            seen: Seen::of(&self.seen),
            ascent: self.ascent.clone(),
            planted: self.planted.clone(),
            end: self.end,
            started: self.started,
            turn: self.turn,
            tuned_at: self.tuned_at,
            renewal: self.renewal.clone(),
            renewed: self.renewed,
            renewals: self.renewals,
            aside: self.aside.clone(),
        }
    }

    /// The search that was in this state under `settings`, but for what it started from.
    ///
    /// # Errors
    /// No search was.
    pub fn restored(settings: Settings, state: State) -> Result<Evolution, Damaged> {
        let mut search = Evolution::new(Settings { initial: state.initial, ..settings });
        let known = |id: &u64| state.lineage.get(*id).map(Arc::clone).ok_or(Damaged(*id));
        let members: Vec<_> = state.population.iter().map(known).collect::<Result<_, _>>()?;
        let parts = members.iter().map(|member| {
            search.workshop.count(member.structure.blocks());
            search.workshop.score(&[]);
            search.workshop.parts()
        });
        let parts = parts.collect();
        let Settings { population, objectives, .. } = &search.settings;
        search.population = Population::of(*population, objectives, members, parts);
        search.pending = state.pending;
        for pending in &mut search.pending {
            let Awaited::New(proposal) = &mut pending.what else { continue };
            search.workshop.count(proposal.structure.blocks());
            search.workshop.score(&[]);
            proposal.parts = search.workshop.parts();
        }
        search.ascent = state.ascent;
        search.ascent.iter_mut().for_each(|ascent| ascent.complete(&mut search.workshop));
        search.lineage = state.lineage;
        search.counts = state.counts;
        search.history = state.history;
        search.gate = state.gate;
        search.spoiled = state.spoiled;
        search.rescored_last = state.rescored_last;
        search.seen = state.seen.hashes();
        search.planted = state.planted;
        search.end = state.end;
        search.started = state.started;
        search.turn = state.turn;
        search.tuned_at = state.tuned_at;
        search.renewal = state.renewal;
        search.renewed = state.renewed;
        search.renewals = state.renewals;
        search.aside = state.aside;
        Ok(search)
    }

    /// Everybody who was handed out and isn't told, oldest first: whoever goes on with a kept search hands
    /// them out again.
    pub fn outstanding(&self) -> Vec<Candidate> {
        if !self.started {
            return Vec::new();
        }
        let untold = self.pending.iter().filter(|pending| pending.outcome.is_none());
        untold.map(|pending| pending.what.candidate()).collect()
    }
}

/// Identities, 16 bytes each, as one text: there may be a million, and an array of numbers would be twice as long.
#[derive(Clone, Debug)]
struct Seen(Vec<u8>);

impl Seen {
    fn of(hashes: &HashSet<StructureHash, FxBuildHasher>) -> Seen {
        let mut bytes = Vec::with_capacity(size_of::<StructureHash>() * hashes.len());
        hashes.iter().for_each(|hash| bytes.extend_from_slice(&hash.0.to_le_bytes()));
        Seen(bytes)
    }

    fn hashes(&self) -> HashSet<StructureHash, FxBuildHasher> {
        let (hashes, _) = self.0.as_chunks();
        hashes.iter().map(|&bytes| StructureHash(u128::from_le_bytes(bytes))).collect()
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Piece by piece: as a whole it is larger than all the rest.
        to.collect_str(&Base64Display::new(&self.0, &BASE64))
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Seen, D::Error> {
        let bytes = BASE64.decode(String::deserialize(from)?).map_err(de::Error::custom)?;
        match bytes.len().is_multiple_of(size_of::<StructureHash>()) {
            true => Ok(Seen(bytes)),
            false => Err(de::Error::custom("identities are cut off")),
        }
    }
}
