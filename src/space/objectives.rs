//! What a search is after besides the score: costs to be made small, and who is better in all of it.
//!
//! Owns: the costs that count, points, dominance, fronts. Must not know: populations, crowding, how a score comes
//! about. Invariant: fronts follow from the points alone, whatever order they come in.

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Budget;
use crate::{
    arch::{Costs, MOST_LATENCIES},
    text::{did_you_mean, printable},
};

/// The score and every cost.
const MOST_OBJECTIVES: usize = 1 + 4 + MOST_LATENCIES;

/// Costs that are made small while the score is made large; none where the score alone counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objectives {
    costs: Vec<Budget>,
}

impl Objectives {
    /// The score alone.
    pub const SCORE: Objectives = Objectives { costs: Vec::new() };

    /// The score and `costs`.
    ///
    /// # Errors
    /// A cost that stands twice.
    pub fn new(costs: Vec<Budget>) -> Result<Objectives, String> {
        let again = (1..costs.len()).find(|&index| costs[..index].contains(&costs[index]));
        match again {
            Some(index) => Err(format!("{} stands twice", costs[index])),
            None => Ok(Objectives { costs }),
        }
    }

    /// What `params,latency` names.
    ///
    /// # Errors
    /// A cost that is none, with the nearest that is one; one that stands twice.
    pub fn parse(names: &str) -> Result<Objectives, String> {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        Objectives::named(names)
    }

    fn named<'a>(names: impl Iterator<Item = &'a str>) -> Result<Objectives, String> {
        let all = || Budget::ALL.into_iter().map(Budget::name);
        let cost = |name: &str| {
            let unknown = || {
                let names: Vec<_> = all().collect();
                let meant = did_you_mean(name, all());
                let shown = printable(name);
                format!("'{shown}' is no cost{meant}; there are {}", names.join(", "))
            };
            Budget::ALL.into_iter().find(|budget| budget.name() == name).ok_or_else(unknown)
        };
        Objectives::new(names.map(cost).collect::<Result<_, _>>()?)
    }

    /// Whether nothing but the score counts.
    pub fn is_score_alone(&self) -> bool {
        self.costs.is_empty()
    }

    /// In the order in which they were asked for.
    pub fn costs(&self) -> &[Budget] {
        &self.costs
    }

    /// How many there are, the score included.
    pub fn count(&self) -> usize {
        1 + self.costs.len()
    }

    /// Where candidate `id` stands.
    pub fn point(&self, id: u64, score: f64, costs: &Costs) -> Point {
        let mut values = [0.0; MOST_OBJECTIVES];
        values[0] = -score;
        for (value, cost) in values[1..].iter_mut().zip(&self.costs) {
            // Unknown is worse than anything known.
            *value = cost.of(costs).unwrap_or(f64::INFINITY);
        }
        Point { values, id }
    }

    /// The front of each point, 0 for those that nothing precedes, 1 for those that only front 0 precedes, and so
    /// on. By efficient non-dominated sort with binary search (ENS-BS; Zhang, Tian, Cheng, Jin 2015).
    pub fn fronts(&self, points: &[Point]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_unstable_by(|&a, &b| points[a].by_score(&points[b]));
        let mut fronts: Vec<Vec<usize>> = Vec::new();
        let mut numbers = vec![0; points.len()];
        for index in order {
            // Whoever is preceded by somebody of a front is preceded by somebody of each front before it.
            let number = fronts.partition_point(|front: &Vec<usize>| {
                let nearest = front.iter().rev().take(self.reach());
                nearest.into_iter().any(|&other| points[other].precedes(&points[index]))
            });
            numbers[index] = number;
            match fronts.get_mut(number) {
                Some(front) => front.push(index),
                None => fronts.push(vec![index]),
            }
        }
        numbers
    }

    /// The points that nothing precedes, as their places in `points`, best score first.
    pub fn front(&self, points: &[Point]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_unstable_by(|&a, &b| points[a].by_score(&points[b]));
        let mut front: Vec<usize> = Vec::new();
        for index in order {
            let mut nearest = front.iter().rev().take(self.reach());
            if !nearest.any(|&other| points[other].precedes(&points[index])) {
                front.push(index);
            }
        }
        front
    }

    /// How many of a front, worst score first, have to be asked whether one of them precedes a point of no better
    /// score: with a single cost a front is a staircase, whose last step precedes whatever any does.
    pub fn reach(&self) -> usize {
        match self.count() {
            ..=2 => 1,
            3.. => usize::MAX,
        }
    }
}

impl Serialize for Objectives {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.costs.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Objectives {
    /// From a list of names, or from `"params,latency"`.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Objectives, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a list of costs, such as [\"params\", \"flops\"]")]
        enum Written {
            List(Vec<String>),
            Word(String),
        }
        let objectives = match Written::deserialize(from)? {
            Written::List(names) => Objectives::named(names.iter().map(String::as_str)),
            Written::Word(names) => Objectives::parse(&names),
        };
        objectives.map_err(de::Error::custom)
    }
}

/// A candidate as its objectives see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The less the better: the score with its sign turned, then the costs; 0 where there are no more.
    values: [f64; MOST_OBJECTIVES],
    id: u64,
}

impl Point {
    /// Whether it is nowhere worse than `other` and somewhere better, which is dominance; or alike in everything and
    /// older, so that one stands for all that are alike.
    pub fn precedes(&self, other: &Point) -> bool {
        let mut pairs = self.values.iter().zip(&other.values);
        pairs.all(|(own, theirs)| own <= theirs)
            && (self.values != other.values || self.id < other.id)
    }

    /// Best score first, then least costs one by one, then the oldest: nobody precedes who stands before it.
    pub fn by_score(&self, other: &Point) -> Ordering {
        let pairs = self.values.iter().zip(&other.values);
        let first = pairs.map(|(own, theirs)| own.total_cmp(theirs)).find(|order| order.is_ne());
        first.unwrap_or_else(|| self.id.cmp(&other.id))
    }

    /// Of objective `index`, from 0, the score: the less the better.
    pub fn value(&self, index: usize) -> f64 {
        self.values[index]
    }

    pub fn score(&self) -> f64 {
        -self.values[0]
    }

    pub fn id(&self) -> u64 {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arch::Latencies;

    fn costs(params: u64, flops: u64, layers: u32) -> Costs {
        let latency_ms = Latencies::NONE;
        Costs { params, flops, layers, activation_bytes: 0, latency_ms }
    }

    /// Few values, so that ties are common.
    fn points(objectives: &Objectives, drawn: &[(u8, u8, u8, u8)]) -> Vec<Point> {
        let point = |(id, (score, a, b, c)): (usize, &(u8, u8, u8, u8))| {
            let costs = costs(u64::from(*a), u64::from(*b), u32::from(*c));
            objectives.point(id as u64, f64::from(*score), &costs)
        };
        drawn.iter().enumerate().map(point).collect()
    }

    /// By the definition: front after front of those that nobody of the rest precedes.
    fn naive(points: &[Point]) -> Vec<usize> {
        let mut numbers = vec![usize::MAX; points.len()];
        for front in 0.. {
            let rest: Vec<usize> =
                (0..points.len()).filter(|&i| numbers[i] == usize::MAX).collect();
            if rest.is_empty() {
                break;
            }
            for &index in &rest {
                if !rest.iter().any(|&other| points[other].precedes(&points[index])) {
                    numbers[index] = front;
                }
            }
        }
        numbers
    }

    fn some_objectives() -> impl Strategy<Value = Objectives> {
        let costs = [
            vec![],
            vec![Budget::Params],
            vec![Budget::Flops, Budget::Params],
            vec![Budget::Params, Budget::Flops, Budget::Layers],
        ];
        prop::sample::select(costs.map(|c| Objectives::new(c).expect("different")).to_vec())
    }

    proptest! {
        #[test]
        fn fronts_are_those_of_the_definition(
            objectives in some_objectives(),
            drawn in prop::collection::vec((0..8u8, 0..8u8, 0..8u8, 0..4u8), 0..60),
        ) {
            let points = points(&objectives, &drawn);
            let numbers = objectives.fronts(&points);
            prop_assert_eq!(&numbers, &naive(&points));
            let mut first = objectives.front(&points);
            prop_assert!(first.is_sorted_by(|&a, &b| points[a].score() >= points[b].score()));
            first.sort_unstable();
            let zeros: Vec<usize> = (0..points.len()).filter(|&i| numbers[i] == 0).collect();
            prop_assert_eq!(first, zeros);
        }

        #[test]
        fn precedence_is_a_strict_order(
            objectives in some_objectives(),
            drawn in prop::collection::vec((0..4u8, 0..4u8, 0..4u8, 0..4u8), 3),
        ) {
            let p = points(&objectives, &drawn);
            prop_assert!(!p[0].precedes(&p[0]));
            prop_assert!(!(p[0].precedes(&p[1]) && p[1].precedes(&p[0])));
            prop_assert!(!(p[0].precedes(&p[1]) && p[1].precedes(&p[2])) || p[0].precedes(&p[2]));
            prop_assert!(!p[0].precedes(&p[1]) || p[0].by_score(&p[1]).is_lt());
        }
    }

    #[test]
    fn one_stands_for_all_that_are_alike() {
        let objectives = Objectives::parse("params").expect("a cost");
        let points = points(&objectives, &[(5, 1, 0, 0), (5, 1, 3, 3), (5, 2, 0, 0)]);
        assert_eq!(objectives.fronts(&points), [0, 1, 2]);
    }

    #[test]
    fn an_unknown_latency_is_worse_than_any() {
        let objectives = Objectives::parse("latency").expect("a cost");
        let known = Costs { latency_ms: Latencies::of(&[9.0]).expect("one"), ..costs(1, 1, 1) };
        let unknown = objectives.point(0, 1.0, &costs(1, 1, 1));
        assert!(objectives.point(1, 1.0, &known).precedes(&unknown));
    }

    #[test]
    fn names_are_read_and_the_meant_one_is_told() {
        let read = |text: &str| {
            let table: toml::Table = text.parse().expect("TOML");
            Objectives::deserialize(table["minimise"].clone()).map_err(|e| e.to_string())
        };
        let both = read("minimise = ['params', 'latency2']").expect("costs");
        assert_eq!(both.costs(), [Budget::Params, Budget::Latency2]);
        assert_eq!(read("minimise = 'params, latency2'"), Ok(both));
        assert_eq!(read("minimise = []"), Ok(Objectives::SCORE));
        let unknown = read("minimise = ['parms']").expect_err("no cost");
        assert!(unknown.contains("'parms' is no cost, did you mean 'params'?"), "{unknown}");
        let twice = read("minimise = ['flops', 'flops']").expect_err("twice");
        assert!(twice.contains("flops stands twice"), "{twice}");
        assert!(read("minimise = 3").expect_err("no list").contains("expected a list of costs"));
    }
}
