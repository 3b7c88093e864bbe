//! What is known of a candidate's measured score, and whether two of them differ by more than their
//! noise. Must not know: analytic scores of parts, how anything is drawn. Invariant: where the noise is
//! not known, no difference is said to be one.

use super::{Net, Search};
use crate::{
    run::protocol::{Confirmed, Gap, Member},
    score::{standard_error, told_apart_by_a_draw},
};

/// A candidate's score as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub mean: f64,
    /// Standard error; none where the noise is not known, 0 in closed form.
    pub error: Option<f64>,
    /// Measured again with fresh draws.
    pub confirmed: bool,
}

/// Whether two networks' measured scores differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// One was not measured, or neither was.
    Unmeasured {
        a: bool,
        b: bool,
    },
    /// Both in closed form: there is no noise.
    Exact {
        gap: f64,
    },
    /// Both measured, their noise not known.
    NoiseUnknown {
        gap: f64,
    },
    /// By less than two standard errors.
    Within {
        gap: f64,
        error: f64,
    },
    Apart {
        gap: f64,
        error: f64,
    },
}

impl Verdict {
    fn of(gap: f64, error: Option<f64>) -> Verdict {
        match error {
            None => Verdict::NoiseUnknown { gap },
            Some(0.0) => Verdict::Exact { gap },
            Some(error) if is_apart(gap, error) => Verdict::Apart { gap, error },
            Some(error) => Verdict::Within { gap, error },
        }
    }
}

/// Whether a difference is at least two of its standard errors.
fn is_apart(gap: f64, error: f64) -> bool {
    // As if of one draw each, whose difference has √2 times a draw's deviation.
    told_apart_by_a_draw(gap, error / std::f64::consts::SQRT_2)
}

/// A standard error of the confirmation needs two draws.
fn again(confirmed: &Confirmed) -> Option<Measured> {
    let mean = confirmed.score?.mean;
    Some(Measured { mean, error: Some(confirmed.standard_error()?), confirmed: true })
}

/// Half of a 95 % interval is about two standard errors.
fn paired(gap: &Gap, sign: f64) -> Verdict {
    let (mean, error) = (sign * gap.mean, gap.margin_95 / 2.0);
    match gap.is_apart() {
        true => Verdict::Apart { gap: mean, error },
        false => Verdict::Within { gap: mean, error },
    }
}

impl Search {
    /// Standard deviation of one draw, pooled where that is known.
    pub fn draw_noise(&self) -> Option<f64> {
        self.snapshot.as_ref()?.noise
    }

    /// The score the search goes by: the best are scored again while it runs.
    fn searched(&self, member: &Member) -> Measured {
        let newest = self.find(member.id).filter(|known| known.structure == member.structure);
        let score = newest.map_or(&member.score, |known| &known.score);
        let std = self.draw_noise().or(score.std);
        let error = match score.is_analytic() {
            true => Some(0.0),
            false => std.map(|std| standard_error(std, score.repeats)),
        };
        Measured { mean: score.value, error, confirmed: false }
    }

    fn confirmation(&self, id: u64) -> Option<&Confirmed> {
        let all = &self.snapshot.as_ref()?.confirmation;
        all.iter().find(|confirmed| confirmed.id == id)
    }

    /// What is known best: by fresh draws where there were any.
    pub fn measured(&self, member: &Member) -> Measured {
        let confirmed = self.confirmation(member.id).and_then(again);
        confirmed.unwrap_or_else(|| self.searched(member))
    }

    /// Of `member`, by the draws that compare with what is known of `other`: those that
    /// [`Search::verdict_on`] goes by.
    pub fn measured_beside(&self, member: &Member, other: &Net) -> Measured {
        let other = other.member.as_ref();
        match other.is_some_and(|other| self.confirmation(other.id).and_then(again).is_none()) {
            true => self.searched(member),
            false => self.measured(member),
        }
    }

    /// What is known of `b` against `a`. Fresh draws compare with fresh draws only: those of the search
    /// chose the finalists, whose scores it flatters.
    pub fn verdict_on(&self, a: &Net, b: &Net) -> Verdict {
        let (Some(a), Some(b)) = (&a.member, &b.member) else {
            return Verdict::Unmeasured { a: a.member.is_some(), b: b.member.is_some() };
        };
        let (again_a, again_b) = (self.confirmation(a.id), self.confirmation(b.id));
        if let (Some(a), Some(b)) = (again_a, again_b)
            && let (Some(score_a), Some(score_b)) = (again(a), again(b))
        {
            // The leader has nobody before it; others know their paired difference to it.
            return match (&a.behind, &b.behind) {
                (None, Some(gap)) => paired(gap, -1.0),
                (Some(gap), None) => paired(gap, 1.0),
                _ => difference(&score_a, &score_b),
            };
        }
        difference(&self.searched(a), &self.searched(b))
    }

    /// Whether a candidate's gain on its parent is more than the noise of both.
    pub fn tells_gain(&self, parent: Option<&Member>, child: &Member) -> bool {
        let (Some(gain), Some(parent)) = (child.gain, parent) else {
            return false;
        };
        let (a, b) = (self.searched(parent), self.searched(child));
        let error = a.error.zip(b.error).map(|(a, b)| a.hypot(b));
        error.is_some_and(|error| is_apart(gain, error))
    }
}

fn difference(a: &Measured, b: &Measured) -> Verdict {
    Verdict::of(b.mean - a.mean, a.error.zip(b.error).map(|(a, b)| a.hypot(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    fn verdict(search: &Search, a: usize, b: usize) -> Verdict {
        let of = |rank: usize| Net::candidate(&search.population()[rank]);
        search.verdict_on(&of(a), &of(b))
    }

    /// Two draws each of ±0.9: their difference is known to ±0.9.
    #[test]
    fn two_standard_errors_tell_scores_apart() {
        let model = fixture::running();
        let search = model.search.as_ref().expect("runs");
        let Verdict::Within { gap, error } = verdict(search, 1, 0) else { panic!("within") };
        assert!(gap > 0.0 && (error - 0.9).abs() < 1e-12, "{gap} {error}");
        let Verdict::Apart { gap, error } = verdict(search, 0, 400) else { panic!("apart") };
        assert!(gap < -1.8 && (error - 0.9).abs() < 1e-12, "{gap} {error}");
        let published = Net::other(None, search.population()[0].structure.clone());
        let other = search.verdict_on(&published, &Net::candidate(&search.population()[0]));
        assert_eq!(other, Verdict::Unmeasured { a: false, b: true });
    }

    #[test]
    fn finalists_compare_by_their_fresh_draws() {
        let model = fixture::finished();
        let search = model.search.as_ref().expect("runs");
        let winner = search.measured(&search.population()[0]);
        assert!(winner.confirmed);
        assert!(matches!(verdict(search, 1, 0), Verdict::Within { gap, .. } if gap > 0.0));
        assert!(matches!(verdict(search, 0, 6), Verdict::Apart { gap, .. } if gap < 0.0));
        // Not scored again: by what the search knew.
        assert!(!search.measured(&search.population()[20]).confirmed);
        assert!(matches!(verdict(search, 0, 20), Verdict::Apart { .. }));
        // What is shown beside each other is what was compared.
        let net = |rank: usize| Net::candidate(&search.population()[rank]);
        let best = &search.population()[0];
        assert!(search.measured_beside(best, &net(6)).confirmed);
        let beside = search.measured_beside(best, &net(20));
        let gap = search.measured_beside(&search.population()[20], &net(0)).mean - beside.mean;
        let Verdict::Apart { gap: told, .. } = verdict(search, 0, 20) else { panic!("apart") };
        assert!(!beside.confirmed && (gap - told).abs() < 1e-12);
    }

    /// As the population has it, not as it was when it was pinned.
    #[test]
    fn a_pinned_candidate_has_its_newest_score() {
        let model = fixture::running();
        let search = model.search.as_ref().expect("runs");
        let mut pinned = (*search.population()[3]).clone();
        pinned.score.value -= 5.0;
        assert_eq!(search.measured(&pinned), search.measured(&search.population()[3]));
    }

    #[test]
    fn unknown_noise_tells_nothing() {
        let mut model = fixture::running();
        let mut snapshot = (*fixture::snapshot()).clone();
        snapshot.noise = None;
        for member in &mut snapshot.population {
            std::sync::Arc::make_mut(member).score.std = None;
        }
        let search = model.search.as_mut().expect("runs");
        search.snapshot = Some(std::sync::Arc::new(snapshot));
        assert!(matches!(verdict(search, 0, 400), Verdict::NoiseUnknown { .. }));
        let members = search.population();
        assert!(!search.tells_gain(Some(&members[0]), &members[400]));
    }
}
