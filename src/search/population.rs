//! The population: the best so far, and who leaves when it is full.

use std::sync::Arc;

use super::{Member, fronts::Fronts, workshop::Part};
use crate::{arch::Costs, space::Objectives};

/// At most `capacity` members, best first. Where the score alone counts, equal scores stand in the order of their
/// ids; else the order is NSGA-II's crowded comparison, whose first is the best score as well.
#[derive(Clone, Debug)]
pub struct Population {
    capacity: usize,
    members: Vec<Arc<Member>>,
    /// How each member's score and costs come about, for its children.
    parts: Vec<Box<[Part]>>,
    /// None where the score alone counts.
    fronts: Option<Fronts>,
}

/// What an insertion did.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the new member stands, from 0; `None` where it was itself the last and left.
    pub rank: Option<usize>,
    pub leaver: Option<Arc<Member>>,
}

/// What the scores of a population are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub best: f64,
    pub median: f64,
    pub lowest: f64,
}

impl Population {
    /// `capacity` is at least 1.
    pub fn new(capacity: usize, objectives: &Objectives) -> Population {
        Population::of(capacity, objectives, Vec::new(), Vec::new())
    }

    /// The one of these members, in any order where more than the score counts, else best first; with the parts of
    /// each.
    pub(super) fn of(
        capacity: usize,
        objectives: &Objectives,
        members: Vec<Arc<Member>>,
        parts: Vec<Box<[Part]>>,
    ) -> Population {
        let mut population = Population { capacity, members, parts, fronts: None };
        if !objectives.is_score_alone() {
            population.set_objectives(objectives);
        }
        population
    }

    /// Puts everybody in order by other objectives.
    pub(super) fn set_objectives(&mut self, objectives: &Objectives) {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        self.fronts = None;
        if objectives.is_score_alone() {
            order.sort_by(|&a, &b| {
                let (a, b) = (&self.members[a], &self.members[b]);
                b.score.value.total_cmp(&a.score.value).then(a.id.cmp(&b.id))
            });
        } else {
            let point = |m: &Arc<Member>| objectives.point(m.id, m.score.value, &m.costs);
            let points: Vec<_> = self.members.iter().map(point).collect();
            let mut fronts = Fronts::new(objectives.clone(), &points);
            order = fronts.renumbered();
            self.fronts = Some(fronts);
        }
        self.arrange(&order);
    }

    /// Puts members where `order` says, by where they stood; gives the one of whom it says nothing.
    fn arrange(&mut self, order: &[usize]) -> Option<Arc<Member>> {
        let mut members: Vec<_> = std::mem::take(&mut self.members).into_iter().map(Some).collect();
        let mut parts = std::mem::take(&mut self.parts);
        for &rank in order {
            self.members.extend(members[rank].take());
            self.parts.push(std::mem::take(&mut parts[rank]));
        }
        members.into_iter().flatten().next()
    }

    /// Adds a member and, when there are too many, removes the last (Algorithm 2).
    pub(super) fn insert(&mut self, member: Arc<Member>, parts: Box<[Part]>) -> Entry {
        if let Some(fronts) = &mut self.fronts {
            let (value, newest) = (member.score.value, self.members.len());
            let point = fronts.objectives().point(member.id, value, &member.costs);
            let order = fronts.insert(point, self.capacity);
            self.members.push(member);
            self.parts.push(parts);
            let rank = order.iter().position(|&before| before == newest);
            return Entry { rank, leaver: self.arrange(&order) };
        }
        let rank = self.rank_of(member.score.value, member.id);
        self.members.insert(rank, member);
        self.parts.insert(rank, parts);
        self.parts.truncate(self.capacity);
        let leaver = (self.members.len() > self.capacity).then(|| self.members.pop()).flatten();
        Entry { rank: (rank < self.members.len()).then_some(rank), leaver }
    }

    /// Gives the member at `rank` another score, and the place it has by that.
    pub(super) fn rescore(&mut self, rank: usize, member: Arc<Member>) {
        if self.fronts.is_some() {
            self.members[rank] = member;
            return self.reorder();
        }
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
        self.reorder();
        leavers
    }

    /// Room for so many; gives those at the end who have none any more.
    pub(super) fn resize(&mut self, capacity: usize) -> Vec<Arc<Member>> {
        self.capacity = capacity;
        self.parts.truncate(capacity);
        let leavers = self.members.split_off(capacity.min(self.members.len()));
        self.reorder();
        leavers
    }

    /// How everybody's score and costs come about, in the order of the members.
    pub(super) fn set_parts(&mut self, parts: Vec<Box<[Part]>>) {
        self.parts = parts;
    }

    /// Whether a newer candidate of that score and costs may stay; where more than the score counts, how crowded it
    /// is about the candidate is seen only when it is inserted.
    pub(super) fn has_room_for(&self, id: u64, value: f64, costs: &Costs) -> bool {
        if self.members.len() < self.capacity {
            return true;
        }
        match &self.fronts {
            Some(fronts) => !fronts.precedes(&fronts.objectives().point(id, value, costs)),
            None => self.members.last().is_some_and(|lowest| value > lowest.score.value),
        }
    }

    pub(super) fn objectives(&self) -> Objectives {
        self.fronts.as_ref().map_or(Objectives::SCORE, |fronts| fronts.objectives().clone())
    }

    /// After members came or went: by score alone they stand as before.
    fn reorder(&mut self) {
        if self.fronts.is_some() {
            self.set_objectives(&self.objectives());
        }
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

    /// The `count` best by score alone, best first.
    pub fn best_by_score(&self, count: usize) -> Vec<Arc<Member>> {
        let mut best = self.members.clone();
        // Where the score alone counts they stand so already.
        best.sort_by(|a, b| b.score.value.total_cmp(&a.score.value));
        best.truncate(count);
        best
    }

    /// Of the scores; none of nobody.
    pub fn spread(&self) -> Option<Spread> {
        let best = self.members.first()?.score.value;
        let value = |member: &Arc<Member>| member.score.value;
        let (median, lowest) = match &self.fronts {
            Some(fronts) => fronts.median_and_lowest(),
            None => (value(&self.members[self.members.len() / 2]), value(self.members.last()?)),
        };
        Some(Spread { best, median, lowest })
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
