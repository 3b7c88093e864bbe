//! The screen: which children are worth a measurement, and whether the analytic score may still say so.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::space::ScreenSettings;

/// Measured candidates that the agreement is computed over: the last so many.
const PAIRS: usize = 256;
/// Fewer say nothing.
const LEAST_PAIRS: usize = 64;
/// Candidates between two changes of the gate, so that each shows what it does.
const PATIENCE: usize = 64;
/// The agreement is computed anew after so many candidates.
const STRIDE: usize = 8;
/// A gate that was widened narrows again once the agreement is so far above the floor.
const RECOVERY: f64 = 0.1;

/// The state of the screen, as screens show it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screening {
    /// Share of the children that is measured, as of now.
    pub share: f64,
    /// The share that was asked for; the gate stands wider where the agreement is poor.
    pub keep: f64,
    /// Kendall's τ of analytic and measured scores; none before enough were measured.
    pub agreement: Option<f64>,
    /// How many candidates the agreement is of.
    pub pairs: usize,
    pub floor: f64,
}

/// The gate has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateMoved {
    pub from: f64,
    pub to: f64,
    pub agreement: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gate {
    settings: ScreenSettings,
    share: f64,
    /// Analytic scores of the last children, in their order and sorted; at most the window.
    recent: VecDeque<f64>,
    sorted: Vec<f64>,
    /// Analytic and measured scores; at most [`PAIRS`].
    pairs: VecDeque<(f64, f64)>,
    agreement: Option<f64>,
    learned: usize,
    moved_at: usize,
}

impl Gate {
    pub(super) fn new(settings: ScreenSettings) -> Gate {
        Gate {
            share: settings.keep,
            recent: VecDeque::with_capacity(settings.window + 1),
            sorted: Vec::with_capacity(settings.window + 1),
            pairs: VecDeque::with_capacity(PAIRS + 1),
            agreement: None,
            learned: 0,
            moved_at: 0,
            settings,
        }
    }

    /// Goes on by other settings, with what it has learned.
    pub(super) fn with_settings(mut self, settings: ScreenSettings) -> Gate {
        if settings.keep != self.settings.keep {
            self.share = settings.keep;
        }
        while self.recent.len() > settings.window {
            self.forget_oldest();
        }
        self.settings = settings;
        self
    }

    /// Other children come from here on: those before say nothing about who is among the best.
    pub(super) fn forget_children(&mut self) {
        self.recent.clear();
        self.sorted.clear();
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.recent.pop_front() else { return };
        let index = self.sorted.partition_point(|&other| other < oldest);
        self.sorted.remove(index);
    }

    /// Whether a child of that analytic score is among the best share of the last children.
    pub(super) fn admits(&mut self, estimate: f64) -> bool {
        let below = self.sorted.partition_point(|&other| other < estimate);
        let above = self.sorted.len() - below;
        let admitted = (above as f64) < self.share * (self.sorted.len() + 1) as f64;
        self.sorted.insert(below, estimate);
        self.recent.push_back(estimate);
        if self.recent.len() > self.settings.window {
            self.forget_oldest();
        }
        admitted
    }

    /// Takes note of a measurement; says where that moved the gate.
    pub(super) fn learn(&mut self, estimate: f64, measured: f64) -> Option<GateMoved> {
        self.pairs.push_back((estimate, measured));
        if self.pairs.len() > PAIRS {
            self.pairs.pop_front();
        }
        self.learned += 1;
        if self.pairs.len() < LEAST_PAIRS || !self.learned.is_multiple_of(STRIDE) {
            return None;
        }
        let agreement = kendall_tau(self.pairs.make_contiguous());
        self.agreement = agreement;
        let agreement = agreement?;
        if self.learned - self.moved_at < PATIENCE {
            return None;
        }
        let ScreenSettings { keep, floor, .. } = self.settings;
        let from = self.share;
        if agreement < floor {
            self.share = (2.0 * from).min(1.0);
        } else if agreement > floor + RECOVERY {
            self.share = (from / 2.0).max(keep);
        }
        (self.share != from).then(|| {
            self.moved_at = self.learned;
            GateMoved { from, to: self.share, agreement }
        })
    }

    pub(super) fn state(&self) -> Screening {
        Screening {
            share: self.share,
            keep: self.settings.keep,
            agreement: self.agreement,
            pairs: self.pairs.len(),
            floor: self.settings.floor,
        }
    }
}

/// Kendall's τ-b; none where one side is all equal.
fn kendall_tau(pairs: &[(f64, f64)]) -> Option<f64> {
    let (mut concordant, mut ties, mut total) = (0_i64, [0_i64; 2], 0_i64);
    for (i, a) in pairs.iter().enumerate() {
        for b in &pairs[..i] {
            let order = |x: f64, y: f64| x.partial_cmp(&y).map_or(0, |order| order as i64);
            let (first, second) = (order(a.0, b.0), order(a.1, b.1));
            concordant += first * second;
            ties[0] += i64::from(first == 0);
            ties[1] += i64::from(second == 0);
            total += 1;
        }
    }
    let untied = |ties: i64| (total - ties) as f64;
    let scale = (untied(ties[0]) * untied(ties[1])).sqrt();
    (scale > 0.0).then(|| concordant as f64 / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(keep: f64, floor: f64) -> Gate {
        Gate::new(ScreenSettings { keep, window: 100, floor })
    }

    /// A sequence without order: multiples of the golden ratio.
    fn scattered(i: u32) -> f64 {
        (f64::from(i) * 0.618_033_988_749_895).fract()
    }

    #[test]
    fn kendall_counts_pairs() {
        let tau = |ys: &[f64]| {
            let pairs: Vec<_> = ys.iter().enumerate().map(|(x, &y)| (x as f64, y)).collect();
            kendall_tau(&pairs)
        };
        assert_eq!(tau(&[1.0, 2.0, 3.0, 4.0]), Some(1.0));
        assert_eq!(tau(&[4.0, 3.0, 2.0, 1.0]), Some(-1.0));
        // 5 of 6 pairs in order.
        assert_eq!(tau(&[1.0, 3.0, 2.0, 4.0]), Some(4.0 / 6.0));
        // One pair tied: 5 / √(6·5).
        assert_eq!(tau(&[1.0, 2.0, 2.0, 4.0]), Some(5.0 / 30.0_f64.sqrt()));
        assert_eq!(tau(&[1.0, 1.0, 1.0]), None);
    }

    #[test]
    fn the_gate_keeps_its_share_and_follows_the_level() {
        let mut gate = gate(0.1, 0.0);
        let mut admitted =
            |level: f64| (0..1_000).filter(|&i| gate.admits(level + scattered(i))).count();
        assert!((80..=140).contains(&admitted(0.0)));
        // A better population: only its own best are let through.
        assert!((80..=160).contains(&admitted(10.0)));
        assert!((80..=140).contains(&admitted(10.0)));
    }

    #[test]
    fn the_gate_widens_where_the_tiers_disagree_and_narrows_again() {
        let mut gate = gate(0.125, 0.3);
        let mut moves = Vec::new();
        for i in 0..400 {
            // No agreement at all.
            moves.extend(gate.learn(scattered(i), scattered(i * 7 + 3)));
        }
        let to: Vec<f64> = moves.iter().map(|moved| moved.to).collect();
        assert_eq!(to, [0.25, 0.5, 1.0]);
        assert!(moves.iter().all(|moved| moved.agreement < 0.3));
        let narrowed: Vec<f64> = (0..600)
            .filter_map(|i| gate.learn(scattered(i), scattered(i)))
            .map(|moved| moved.to)
            .collect();
        assert_eq!(narrowed, [0.5, 0.25, 0.125]);
        assert!(gate.state().agreement.expect("enough pairs") > 0.99);
    }
}
