//! The population: the best so far, and who leaves when it is full.

use std::sync::Arc;

use super::{Member, workshop::Part};

/// At most `capacity` members, best first; equal scores stand in the order of their ids.
#[derive(Clone, Debug)]
pub struct Population {
    capacity: usize,
    members: Vec<Arc<Member>>,
    /// How each member's score and costs come about, for its children.
    parts: Vec<Box<[Part]>>,
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
        Population { capacity, members: Vec::new(), parts: Vec::new() }
    }

    /// The one that had these members, best first, with the parts of each.
    pub(super) fn of(
        capacity: usize,
        members: Vec<Arc<Member>>,
        parts: Vec<Box<[Part]>>,
    ) -> Population {
        Population { capacity, members, parts }
    }

    /// Adds a member and, when there are too many, removes the smallest score (Algorithm 2).
    pub(super) fn insert(&mut self, member: Arc<Member>, parts: Box<[Part]>) -> Entry {
        let rank = self.rank_of(member.score.value, member.id);
        self.members.insert(rank, member);
        self.parts.insert(rank, parts);
        self.parts.truncate(self.capacity);
        let leaver = (self.members.len() > self.capacity).then(|| self.members.pop()).flatten();
        Entry { rank: (rank < self.members.len()).then_some(rank), leaver }
    }

    /// Gives the member at `rank` another score, and the place it has by that.
    pub(super) fn rescore(&mut self, rank: usize, member: Arc<Member>) {
        self.members.remove(rank);
        let parts = self.parts.remove(rank);
        let rank = self.rank_of(member.score.value, member.id);
        self.members.insert(rank, member);
        self.parts.insert(rank, parts);
    }

    /// Keeps those of whom `stays` says so; gives the others.
    pub(super) fn retain(&mut self, stays: impl Fn(&Member) -> bool) -> Vec<Arc<Member>> {
        let (mut leavers, mut parts) = (Vec::new(), std::mem::take(&mut self.parts).into_iter());
        for member in std::mem::take(&mut self.members) {
            let own = parts.next().expect("everybody has parts");
            if stays(&member) {
                self.members.push(member);
                self.parts.push(own);
            } else {
                leavers.push(member);
            }
        }
        leavers
    }

    /// Room for so many; gives those at the end who have none any more.
    pub(super) fn resize(&mut self, capacity: usize) -> Vec<Arc<Member>> {
        self.capacity = capacity;
        self.parts.truncate(capacity);
        self.members.split_off(capacity.min(self.members.len()))
    }

    /// How everybody's score and costs come about, in the order of the members.
    pub(super) fn set_parts(&mut self, parts: Vec<Box<[Part]>>) {
        self.parts = parts;
    }

    /// Whether a newer candidate of that score would stay.
    pub(super) fn has_room_for(&self, value: f64) -> bool {
        self.members.len() < self.capacity
            || self.members.last().is_some_and(|lowest| value > lowest.score.value)
    }

    fn rank_of(&self, value: f64, id: u64) -> usize {
        self.members.partition_point(|other| {
            other.score.value > value || (other.score.value == value && other.id < id)
        })
    }

    pub(super) fn parts(&self, rank: usize) -> &[Part] {
        &self.parts[rank]
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
