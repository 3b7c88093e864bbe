//! A population in order of several objectives: fronts, and on each the extremes first, then who has most room
//! (NSGA-II; Deb, Pratap, Agarwal, Meyarivan 2002, crowded comparison).
//!
//! Owns: fronts and crowding while points come and go one by one (Li, Deb, Zhang, Suganthan, Zhang 2017). Must not
//! know: candidates. Invariant: the order follows from the points alone, in whatever order they came; its first is
//! the best score, and its last is who leaves next.

use std::cmp::Ordering;

use crate::space::{Objectives, Point};

/// Points in order.
#[derive(Clone, Debug)]
pub(super) struct Fronts {
    objectives: Objectives,
    /// None is empty.
    fronts: Vec<Front>,
    len: usize,
    /// Known beforehand: they are asked for much more often than they change.
    median_and_lowest: (f64, f64),
}

/// Points none of which precedes another.
#[derive(Clone, Debug, Default)]
struct Front {
    /// Best score first.
    places: Vec<Place>,
    /// Places in the order of the crowded comparison; empty until it is asked for.
    order: Vec<usize>,
    /// For each cost the places from the least to the largest: a [sortable] cost, then 32 bits of a place.
    along: Vec<Vec<u128>>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    point: Point,
    /// How far its neighbours on the front are from each other, as shares of the front's extent, summed over the
    /// objectives; without bound for an extreme.
    crowding: f64,
    /// Where its owner stands in the order that was told last.
    rank: usize,
}

impl Fronts {
    /// Of `points`, each of which has its index as its rank so far.
    pub(super) fn new(objectives: Objectives, points: &[Point]) -> Fronts {
        let mut fronts: Vec<Front> = Vec::new();
        for (rank, (&point, number)) in points.iter().zip(objectives.fronts(points)).enumerate() {
            if fronts.len() <= number {
                fronts.resize_with(number + 1, Front::default);
            }
            fronts[number].places.push(Place { point, crowding: 0.0, rank });
        }
        for front in &mut fronts {
            front.places.sort_unstable_by(|a, b| a.point.by_score(&b.point));
            front.measure(&objectives);
        }
        Fronts { objectives, fronts, len: points.len(), median_and_lowest: (0.0, 0.0) }
    }

    pub(super) fn objectives(&self) -> &Objectives {
        &self.objectives
    }

    /// Adds a point, whose rank is the number of those before it, and drops the last where there are more than
    /// `most`. Tells the rank that each had before, in the order of now, which is from here on its rank.
    pub(super) fn insert(&mut self, point: Point, most: usize) -> Vec<usize> {
        let mut at = self.fronts.partition_point(|front| front.precedes(&point, &self.objectives));
        let mut coming = vec![Place { point, crowding: 0.0, rank: self.len }];
        self.len += 1;
        // Whoever is preceded by somebody who came goes on to the next front, and so whom it precedes there.
        while !coming.is_empty() {
            if at == self.fronts.len() {
                self.fronts.push(Front::default());
            }
            coming = self.fronts[at].take(coming);
            self.fronts[at].measure(&self.objectives);
            at += 1;
        }
        if self.len > most {
            self.drop_last();
        }
        self.renumbered()
    }

    /// The last front is behind everybody, so whoever leaves it changes no other.
    fn drop_last(&mut self) {
        let Some(front) = self.fronts.last_mut() else { return };
        front.drop_last();
        self.len -= 1;
        if front.places.is_empty() {
            self.fronts.pop();
        }
    }

    /// The rank that each had, in the order of now.
    pub(super) fn renumbered(&mut self) -> Vec<usize> {
        let mut before = Vec::with_capacity(self.len);
        for front in &mut self.fronts {
            front.sort();
            for &index in &front.order {
                let place = &mut front.places[index];
                before.push(std::mem::replace(&mut place.rank, before.len()));
            }
        }
        self.median_and_lowest = self.find_median_and_lowest().unwrap_or_default();
        before
    }

    /// Whether a newer point would be last behind everybody, without a look at how crowded it is.
    pub(super) fn precedes(&self, point: &Point) -> bool {
        // What somebody of a front precedes is preceded by somebody of each front before it.
        self.fronts.last().is_some_and(|front| front.precedes(point, &self.objectives))
    }

    /// The scores in the middle and at the end.
    pub(super) fn median_and_lowest(&self) -> (f64, f64) {
        self.median_and_lowest
    }

    fn find_median_and_lowest(&self) -> Option<(f64, f64)> {
        let places = self.fronts.iter().flat_map(|front| &front.places);
        let mut scores: Vec<f64> = places.map(|place| place.point.score()).collect();
        let lowest = scores.iter().copied().min_by(f64::total_cmp)?;
        let middle = scores.len() / 2;
        let (_, median, _) = scores.select_nth_unstable_by(middle, |a, b| b.total_cmp(a));
        Some((*median, lowest))
    }
}

impl Front {
    /// Whether somebody of it precedes `point`.
    fn precedes(&self, point: &Point, objectives: &Objectives) -> bool {
        let better = self.places.partition_point(|place| place.point.value(0) <= point.value(0));
        let mut nearest = self.places[..better].iter().rev().take(objectives.reach());
        nearest.any(|place| place.point.precedes(point))
    }

    /// Takes in those that come; gives those that they precede.
    fn take(&mut self, coming: Vec<Place>) -> Vec<Place> {
        let mut leaving = Vec::new();
        self.places.retain(|place| {
            let stays = !coming.iter().any(|one| one.point.precedes(&place.point));
            if !stays {
                leaving.push(*place);
            }
            stays
        });
        for place in coming {
            let at = self.places.partition_point(|o| o.point.by_score(&place.point).is_lt());
            self.places.insert(at, place);
        }
        leaving
    }

    /// How crowded it is about everybody. The order is to be found again after that.
    fn measure(&mut self, objectives: &Objectives) {
        self.along.resize_with(objectives.costs().len(), Vec::new);
        for (objective, along) in (1..).zip(&mut self.along) {
            along.clear();
            along.extend((0_u32..).zip(&self.places).map(|(index, place)| {
                // Ties stand by score. As one number, because a comparison is all that a sort does.
                u128::from(sortable(place.point.value(objective))) << 32 | u128::from(index)
            }));
            along.sort_unstable();
        }
        self.crowd();
    }

    /// By how they stand along each cost, which is known.
    fn crowd(&mut self) {
        self.order.clear();
        let Front { places, along, .. } = self;
        places.iter_mut().for_each(|place| place.crowding = 0.0);
        let last = places.len().saturating_sub(1);
        spread(places, 0, |rank| rank, last);
        for (objective, along) in (1..).zip(along) {
            spread(places, objective, |rank| along[rank] as u32 as usize, last);
        }
    }

    /// The better one stands first: by room, then by score, then by age.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        // Places stand by score and age.
        let (one, other) = (&self.places[a], &self.places[b]);
        other.crowding.total_cmp(&one.crowding).then(a.cmp(&b))
    }

    fn sort(&mut self) {
        if self.order.len() == self.places.len() {
            return;
        }
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_unstable_by(|&a, &b| self.compare(a, b));
        self.order = order;
    }

    /// Without whom it is most crowded about.
    fn drop_last(&mut self) {
        let Some(last) = (0..self.places.len()).max_by(|&a, &b| self.compare(a, b)) else { return };
        self.places.remove(last);
        for along in &mut self.along {
            along.retain(|key| *key as u32 as usize != last);
            // Whoever stood behind has moved up.
            along.iter_mut().for_each(|key| *key -= u128::from(*key as u32 as usize > last));
        }
        self.crowd();
    }
}

/// Adds to everybody's room what it is along an objective, in which `at` tells the place of each rank up to `last`.
fn spread(places: &mut [Place], objective: usize, at: impl Fn(usize) -> usize, last: usize) {
    let value = |places: &[Place], rank: usize| places[at(rank)].point.value(objective);
    if places.is_empty() {
        return;
    }
    let extent = value(places, last) - value(places, 0);
    // Where all are alike nobody is an extreme.
    if extent == 0.0 || !extent.is_finite() {
        return;
    }
    for end in [0, last] {
        places[at(end)].crowding = f64::INFINITY;
    }
    let mut before = (value(places, 0), value(places, 1));
    for rank in 1..last {
        let next = value(places, rank + 1);
        places[at(rank)].crowding += (next - before.0) / extent;
        before = (before.1, next);
    }
}

/// A number that stands to others as `value` does by `f64::total_cmp`.
fn sortable(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        arch::{Costs, Latencies},
        space::Budget,
    };

    fn objectives(count: usize) -> Objectives {
        let costs = [Budget::Params, Budget::Flops, Budget::Layers][..count].to_vec();
        Objectives::new(costs).expect("different")
    }

    /// Few values, so that ties are common.
    fn points(objectives: &Objectives, drawn: &[(u8, u8, u8, u8)]) -> Vec<Point> {
        let point = |(id, &(score, params, flops, layers)): (u64, &(u8, u8, u8, u8))| {
            let (params, flops) = (u64::from(params), u64::from(flops));
            let (layers, latency_ms) = (u32::from(layers), Latencies::NONE);
            let costs = Costs { params, flops, layers, activation_bytes: 0, latency_ms };
            objectives.point(id, f64::from(score), &costs)
        };
        (0..).zip(drawn).map(point).collect()
    }

    /// Crowding by its definition: for each objective the gap between the two beside it.
    fn crowding(objectives: &Objectives, front: &[Point], of: &Point) -> f64 {
        let about = (0..objectives.count()).map(|objective| {
            let mut along = front.to_vec();
            along.sort_by(|a, b| a.by_score(b));
            along.sort_by(|a, b| a.value(objective).total_cmp(&b.value(objective)));
            let at = along.iter().position(|p| p.id() == of.id()).expect("of the front");
            let value = |index: usize| along[index].value(objective);
            let extent = value(along.len() - 1) - value(0);
            match extent > 0.0 {
                true if at == 0 || at == along.len() - 1 => f64::INFINITY,
                true => (value(at + 1) - value(at - 1)) / extent,
                false => 0.0,
            }
        });
        about.sum()
    }

    /// Ids by the definition of the crowded comparison.
    fn naive(objectives: &Objectives, points: &[Point]) -> Vec<u64> {
        let numbers = objectives.fronts(points);
        let of = |number: usize| {
            let both = points.iter().zip(&numbers);
            both.filter(|(_, n)| **n == number).map(|(p, _)| *p).collect::<Vec<Point>>()
        };
        let mut all: Vec<(usize, f64, Point)> = points
            .iter()
            .zip(&numbers)
            .map(|(p, &n)| (n, crowding(objectives, &of(n), p), *p))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.by_score(&b.2)));
        all.iter().map(|(_, _, point)| point.id()).collect()
    }

    proptest! {
        /// One by one or all at once, with somebody leaving or not: the order is the definition's.
        #[test]
        fn the_order_is_the_definitions(
            count in 1..4usize,
            most in 1..40usize,
            drawn in prop::collection::vec((0..9u8, 0..9u8, 0..9u8, 0..4u8), 1..50),
        ) {
            let objectives = objectives(count);
            let points = points(&objectives, &drawn);
            let mut fronts = Fronts::new(objectives.clone(), &[]);
            let mut here: Vec<Point> = Vec::new();
            for &point in &points {
                let is_behind = fronts.precedes(&point);
                let order = fronts.insert(point, most);
                here.push(point);
                let mut ids = naive(&objectives, &here);
                if here.len() > most {
                    let leaver = ids.pop().expect("somebody");
                    prop_assert!(!is_behind || leaver == point.id());
                    here.retain(|p| p.id() != leaver);
                    ids = naive(&objectives, &here);
                }
                let told = fronts.ids();
                prop_assert_eq!(&told, &ids);
                prop_assert_eq!(order.len(), ids.len());
                let best = here.iter().map(Point::score).fold(f64::MIN, f64::max);
                let first = here.iter().find(|p| p.id() == told[0]).expect("is here");
                prop_assert_eq!(first.score(), best);
                let mut scores: Vec<f64> = here.iter().map(Point::score).collect();
                scores.sort_by(|a, b| b.total_cmp(a));
                let spread = (scores[scores.len() / 2], scores[scores.len() - 1]);
                prop_assert_eq!(fronts.median_and_lowest(), spread);
            }
            let mut whole = Fronts::new(objectives, &here);
            whole.renumbered();
            prop_assert_eq!(whole.ids(), fronts.ids());
        }
    }

    impl Fronts {
        fn ids(&self) -> Vec<u64> {
            let of = |front: &Front| -> Vec<u64> {
                front.order.iter().map(|&index| front.places[index].point.id()).collect()
            };
            self.fronts.iter().flat_map(of).collect()
        }
    }
}
