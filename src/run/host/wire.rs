//! What goes through the socket. A population changes little from snapshot to snapshot: members that the other
//! side has are sent as their ids.
//!
//! Invariant: what comes out is what went in.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::super::protocol::{ConvergencePoint, Member, Snapshot, Update, VERSION};

/// The first frame of either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub zendo: String,
    pub protocol: u32,
}

impl Greeting {
    pub(super) fn ours() -> Greeting {
        Greeting { zendo: env!("CARGO_PKG_VERSION").to_owned(), protocol: VERSION }
    }

    /// Whether it can be talked to.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub(super) fn check(&self, who: &str) -> Result<(), String> {
        if self.protocol == VERSION {
            return Ok(());
        }
        Err(format!(
            "the {who} is zendo {} and speaks protocol {}, this is zendo {} with {VERSION}: use the same one \
             for both",
            self.zendo,
            self.protocol,
            env!("CARGO_PKG_VERSION"),
        ))
    }
}

/// The host's answer to a greeting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Welcome(Greeting),
    Refused(String),
}

/// From the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// Anything but a snapshot.
    Said(Box<Update>),
    Seen(Box<Seen>),
    /// There is nothing new.
    Still,
}

/// A snapshot without what the other side has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Without members and without the curve.
    rest: Snapshot,
    population: Vec<u64>,
    aside: Vec<u64>,
    /// Those that are new, or were scored again.
    members: Vec<Arc<Member>>,
    /// So many points of the curve are what they were.
    same: usize,
    convergence: Vec<ConvergencePoint>,
}

/// What both sides have of the last snapshot.
#[derive(Default)]
pub(super) struct Known {
    members: HashMap<u64, Arc<Member>>,
    convergence: Vec<ConvergencePoint>,
}

impl Known {
    /// What is to be sent.
    pub(super) fn pack(&mut self, update: Update) -> Word {
        let Update::Snapshot(snapshot) = update else { return Word::Said(Box::new(update)) };
        let mut rest = Snapshot::clone(&snapshot);
        let [population, aside] = [&mut rest.population, &mut rest.aside].map(std::mem::take);
        let convergence = std::mem::take(&mut rest.convergence);
        let everybody = || population.iter().chain(&aside);
        let is_known = |member: &Arc<Member>| {
            self.members.get(&member.id).is_some_and(|known| Arc::ptr_eq(known, member))
        };
        let members = everybody().filter(|member| !is_known(member)).cloned().collect();
        self.members = everybody().map(|member| (member.id, Arc::clone(member))).collect();
        let pairs = self.convergence.iter().zip(&convergence);
        let same = pairs.take_while(|(known, now)| known == now).count();
        let ids = |members: &[Arc<Member>]| members.iter().map(|member| member.id).collect();
        let seen = Seen {
            population: ids(&population),
            aside: ids(&aside),
            members,
            same,
            convergence: convergence[same..].to_vec(),
            rest,
        };
        self.convergence = convergence;
        Word::Seen(Box::new(seen))
    }

    /// What was sent; none where nothing is new.
    ///
    /// # Errors
    /// It speaks of somebody who was never sent.
    pub(super) fn unpack(&mut self, word: Word) -> Result<Option<Update>, String> {
        let seen = match word {
            Word::Still => return Ok(None),
            Word::Said(update) => return Ok(Some(*update)),
            Word::Seen(seen) => *seen,
        };
        for member in seen.members {
            self.members.insert(member.id, member);
        }
        let known = |id: &u64| {
            let member = self.members.get(id).cloned();
            member.ok_or_else(|| format!("member {id} was never sent"))
        };
        let population: Vec<_> = seen.population.iter().map(known).collect::<Result<_, _>>()?;
        let aside: Vec<_> = seen.aside.iter().map(known).collect::<Result<_, _>>()?;
        let everybody = population.iter().chain(&aside);
        self.members = everybody.map(|member| (member.id, Arc::clone(member))).collect();
        self.convergence.truncate(seen.same);
        self.convergence.extend(seen.convergence);
        let convergence = self.convergence.clone();
        Ok(Some(Update::Snapshot(Arc::new(Snapshot {
            population,
            aside,
            convergence,
            ..seen.rest
        }))))
    }
}
