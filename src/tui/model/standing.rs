//! Places of finalists. Must not know who they are. Invariant: whoever the draws can't tell apart shares a
//! place.

use crate::run::protocol::Confirmed;

/// A finalist's place among those scored again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// From 1; shared by those that can't be told apart.
    pub place: usize,
    pub tied: bool,
}

/// Places of finalists, the leader first. The leader's place is shared by those whose paired
/// difference to it is within its 95 % margin; further down, a place is shared with the first who has it
/// where means are closer than two standard errors of their difference.
pub fn ranks(confirmation: &[Confirmed]) -> Vec<Standing> {
    let level = |finalist: &Confirmed| {
        let apart = finalist.behind.is_some_and(|gap| gap.is_apart());
        finalist.score.is_some() && finalist.failure.is_none() && !finalist.out && !apart
    };
    let close = |a: &Confirmed, b: &Confirmed| {
        let known = |c: &Confirmed| Some((c.score?.mean, c.standard_error()?));
        let both = known(a).zip(known(b)).filter(|_| a.failure.is_none() && b.failure.is_none());
        both.is_some_and(|((a, error_a), (b, error_b))| {
            (a - b).abs() < 2.0 * error_a.hypot(error_b)
        })
    };
    let mut places: Vec<usize> = Vec::with_capacity(confirmation.len());
    for (i, finalist) in confirmation.iter().enumerate() {
        // The first of the place before, unless that is the leader's.
        let before = places.last().copied().filter(|&place| place > 1);
        places.push(match before {
            _ if i == 0 || level(finalist) => 1,
            Some(place) if close(&confirmation[place - 1], finalist) => place,
            _ => i + 1,
        });
    }
    let shared = |place: usize| places.iter().filter(|&&other| other == place).count() > 1;
    places.iter().map(|&place| Standing { place, tied: shared(place) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{run::protocol::Gap, score::MeanStd};

    fn finalist(mean: f64, behind: Option<Gap>) -> Confirmed {
        let score = Some(MeanStd { mean, std: Some(0.9) });
        Confirmed { id: 1, searched: mean, score, repeats: 16, behind, out: false, failure: None }
    }

    #[test]
    fn places_are_shared_within_the_noise_of_a_difference() {
        let gap = |mean: f64| Some(Gap { mean, margin_95: 0.5 });
        let places = |finalists: &[Confirmed]| -> Vec<(usize, bool)> {
            ranks(finalists).iter().map(|s| (s.place, s.tied)).collect()
        };
        let leader = || finalist(191.95, None);
        let tied = [leader(), finalist(191.6, gap(0.35)), finalist(190.3, gap(1.65))];
        assert_eq!(places(&tied), [(1, true), (1, true), (3, false)]);
        let alone = [leader(), finalist(191.3, gap(0.65)), finalist(190.3, gap(1.65))];
        assert_eq!(places(&alone), [(1, false), (2, false), (3, false)]);
        // Out by fewer draws, whatever its mean was then.
        let out = Confirmed { out: true, ..finalist(192.1, gap(0.4)) };
        assert_eq!(places(&[leader(), out]), [(1, false), (2, false)]);
        assert!(ranks(&[]).is_empty());
        // ±0.9 of 16 draws: two means are known to ±0.32 of each other.
        let behind = [leader(), finalist(190.3, gap(1.65)), finalist(189.8, gap(2.15))];
        let third = finalist(189.6, gap(2.35));
        assert_eq!(
            places(&[behind.as_slice(), &[third]].concat()),
            [(1, false), (2, true), (2, true), (4, false)]
        );
    }
}
