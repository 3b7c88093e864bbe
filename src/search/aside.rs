//! Members that left by a tuning and not by a better one, and may come back with another.
//!
//! Must not know what was tuned. Invariant: who stays and who comes back follows from population, those aside and
//! settings alone, so that a viewer who asks beforehand hears what then happens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Lineage, Member, Population, Settings, workshop::Part};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Aside {
    /// Best first.
    pub members: Vec<Arc<Member>>,
    /// As many as a population ever had.
    room: usize,
}

impl Aside {
    pub(super) fn of(members: &[Arc<Member>]) -> Aside {
        Aside { members: members.to_vec(), room: 0 }
    }

    pub(super) fn put(&mut self, member: Arc<Member>) {
        let rank = self.members.partition_point(|other| {
            (other.score.value, member.id) > (member.score.value, other.id)
        });
        self.members.insert(rank, member);
    }

    pub(super) fn make_room_for(&mut self, members: usize) {
        self.room = self.room.max(members);
    }

    /// Those for whom there is no room are forgotten.
    pub(super) fn forget(&mut self, lineage: &mut Lineage) {
        let most = self.room.min(self.members.len());
        for forgotten in self.members.drain(most..) {
            lineage.release(forgotten.id);
        }
    }

    /// Puts `population` in order by `settings`: whom these don't allow leaves, as do the last where there is less
    /// room; those aside come back where they are allowed, good enough, and `parts` has what they are made of.
    pub(super) fn exchange(
        &mut self,
        population: &mut Population,
        settings: &Settings,
        parts: &mut dyn FnMut(&Member) -> Option<Box<[Part]>>,
    ) {
        if population.objectives() != settings.objectives {
            population.set_objectives(&settings.objectives);
        }
        let mut leavers = population.retain(|member| settings.admits(member));
        leavers.extend(population.resize(settings.population));
        leavers.into_iter().for_each(|leaver| self.put(leaver));
        for member in std::mem::take(&mut self.members) {
            let is_back = settings.admits(&member)
                && population.has_room_for(member.id, member.score.value, &member.costs);
            let parts = if is_back { parts(&member) } else { None };
            match parts {
                Some(parts) => {
                    let entry = population.insert(member, parts);
                    entry.leaver.into_iter().for_each(|leaver| self.put(leaver));
                }
                None => self.put(member),
            }
        }
    }
}
