//! What other nets of the same kind would have said: resamples of the nets, with replacement (Efron 1979).
//!
//! Must not know: proxies, files. Invariant: a resample depends on the seed and its number alone, and is the same
//! for all that is compared, so that differences have intervals of their own.

use std::thread;

use super::statistics::{Compared, Figures};
use crate::random::{Purpose, Stream};

/// Enough for intervals of two figures.
pub const RESAMPLES: u32 = 1_000;

/// Where 95 % of the resamples are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Percentiles 2.5 and 97.5; none where a resample gave no number.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Interval> {
        let mut values: Vec<f64> = values.collect();
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (low, part) = (place.floor() as usize, place.fract());
            let high = (low + 1).min(values.len() - 1);
            values[low] + part * (values[high] - values[low])
        };
        Some(Interval { low: at(0.025), high: at(0.975) })
    }
}

/// Figures in every resample of networks that each count `times` so often: of each predictor, which is the mean of
/// what it is made of.
pub(super) fn resampled(
    predictors: &[Vec<Compared>],
    times: &[u32],
    k: usize,
    seed: u64,
    workers: usize,
) -> Vec<Vec<Figures>> {
    let one = |number: u32| -> Vec<Figures> {
        let counts = resample(seed, number, times);
        predictors.iter().map(|parts| figures(parts, &counts, k)).collect()
    };
    let workers = workers.clamp(1, RESAMPLES as usize) as u32;
    let mut resamples: Vec<Vec<Figures>> = Vec::with_capacity(RESAMPLES as usize);
    thread::scope(|scope| {
        let part =
            |worker: u32| (RESAMPLES * worker / workers)..(RESAMPLES * (worker + 1) / workers);
        let one = &one;
        let threads: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || part(worker).map(one).collect::<Vec<_>>()))
            .collect();
        for thread in threads {
            resamples.extend(thread.join().expect("figures are arithmetic"));
        }
    });
    let of = |predictor| resamples.iter().map(|all| all[predictor]).collect();
    (0..predictors.len()).map(of).collect()
}

/// The mean over what a predictor is made of.
pub(super) fn figures(parts: &[Compared], counts: &[u32], k: usize) -> Figures {
    let all: Vec<Figures> = parts.iter().map(|part| part.figures(counts, k)).collect();
    Figures::mean(&all)
}

/// How often each net counts after as many draws as there are nets.
fn resample(seed: u64, number: u32, times: &[u32]) -> Vec<u32> {
    let nets = times.len();
    let mut stream = Stream::new(seed, Purpose::Bootstrap, number, 0);
    let mut counts = vec![0; nets];
    let choices = u32::try_from(nets).expect("a benchmark's size is bounded");
    for _ in 0..nets {
        let net = stream.below(choices) as usize;
        counts[net] += times[net];
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_percentiles() {
        let interval = Interval::of((0..=1_000).rev().map(f64::from)).expect("numbers");
        assert_eq!((interval.low, interval.high), (25.0, 975.0));
        assert_eq!(Interval::of([1.0, f64::NAN].into_iter()), None);
    }

    /// A correlation of n pairs of normals has a standard error of (1 − ρ²) / √n or so.
    #[test]
    fn intervals_are_as_wide_as_theory_has_them() {
        let mut stream = Stream::new(5, Purpose::Bootstrap, 0, 1);
        let mut normal =
            || (0..12).map(|_| f64::from(stream.next_u32()) / 2.0_f64.powi(32)).sum::<f64>() - 6.0;
        let x: Vec<f64> = (0..400).map(|_| normal()).collect();
        let y: Vec<f64> = x.iter().map(|x| 0.6 * x + 0.8 * normal()).collect();
        let predictors = [vec![Compared::new(&x, &y)]];
        let all = resampled(&predictors, &[1; 400], 4, 1, 2);
        assert_eq!(all, resampled(&predictors, &[1; 400], 4, 1, 3), "workers decide nothing");
        let spearman = Interval::of(all[0].iter().map(|figures| figures.spearman));
        let Interval { low, high } = spearman.expect("numbers");
        let width = (high - low) / (2.0 * 1.96);
        assert!((0.025..0.045).contains(&width), "{width}");
        let own = figures(&predictors[0], &[1; 400], 4).spearman;
        assert!((low..high).contains(&own), "{low} {own} {high}");
    }
}
