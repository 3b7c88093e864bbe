//! The population: the best so far, and who leaves when it is full.

use std::sync::Arc;

use super::Member;

/// At most `capacity` members, best first; equal scores stand in the order of their ids.
#[derive(Clone, Debug)]
pub struct Population {
    capacity: usize,
    members: Vec<Arc<Member>>,
}

/// What an insertion did.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the new member stands, from 0; `None` where it was itself the smallest and left.
    pub rank: Option<usize>,
    pub leaver: Option<Arc<Member>>,
}

impl Population {
    /// `capacity` is at least 1.
    pub fn new(capacity: usize) -> Population {
        Population { capacity, members: Vec::new() }
    }

    /// Adds a member and, when there are too many, removes the smallest score (Algorithm 2).
    pub fn insert(&mut self, member: Arc<Member>) -> Entry {
        let before = |other: &Arc<Member>| {
            let (new, old) = (member.score.value, other.score.value);
            old > new || (old == new && other.id < member.id)
        };
        let rank = self.members.partition_point(before);
        self.members.insert(rank, member);
        let leaver = (self.members.len() > self.capacity).then(|| self.members.pop()).flatten();
        Entry { rank: (rank < self.members.len()).then_some(rank), leaver }
    }

    /// Best first.
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    pub fn best(&self) -> Option<&Arc<Member>> {
        self.members.first()
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }
}
