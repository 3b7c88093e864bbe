//! Where members came from: every ancestor of somebody alive, and nobody else.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::Member;

/// A member with how many need it: its place in the population, its children here or on their way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    member: Arc<Member>,
    needed_by: u32,
}

/// The family tree of the population, pruned as branches die out; bounded by the population times
/// its generations, in practice by a few times the population.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lineage {
    nodes: BTreeMap<u64, Node>,
}

impl Lineage {
    /// The initial structure is everybody's ancestor and never counted.
    const ROOT: u64 = 0;

    /// Adds a member that has just entered the population. Its parent was retained when it was
    /// proposed, and stays so.
    pub(super) fn insert(&mut self, member: Arc<Member>) {
        self.nodes.insert(member.id, Node { member, needed_by: 1 });
    }

    /// Puts a member with another score in its place.
    pub(super) fn replace(&mut self, member: Arc<Member>) {
        if let Some(node) = self.nodes.get_mut(&member.id) {
            node.member = member;
        }
    }

    pub(super) fn retain(&mut self, id: u64) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.needed_by += 1;
        }
    }

    /// One need less; ancestors that nobody needs any more are forgotten.
    pub(super) fn release(&mut self, id: u64) {
        let mut next = Some(id);
        while let Some(id) = next.filter(|&id| id != Lineage::ROOT) {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            node.needed_by -= 1;
            if node.needed_by > 0 {
                return;
            }
            next = node.member.parent;
            self.nodes.remove(&id);
        }
    }

    pub fn get(&self, id: u64) -> Option<&Arc<Member>> {
        self.nodes.get(&id).map(|node| &node.member)
    }

    /// From `id` back to the initial structure.
    pub fn ancestry(&self, id: u64) -> impl Iterator<Item = &Arc<Member>> {
        std::iter::successors(self.get(id), |member| self.get(member.parent?))
    }

    /// Everybody, by id.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.nodes.values().map(|node| &node.member)
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
