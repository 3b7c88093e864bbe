//! Whether anybody else had the cores, or a share of one, while something was timed.
//!
//! Must not know: what is timed. Invariant: where the system says nothing of waits, none count.

use std::{
    fs,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use crate::nn::{
    cpu::{Kernel, Simd, compiled_for},
    kernels::KernelPath,
};

/// How fast the cores are, as against the fastest they were: whoever runs on the other half of a core makes
/// nobody wait, and costs a third of its speed all the same.
pub(super) struct Pace {
    path: KernelPath,
    /// The shortest lap of the slowest thread so far, nanoseconds.
    best_ns: AtomicU64,
}

impl Pace {
    /// Laps that find out how fast it can be.
    const LAPS: u32 = 300;

    /// Of the pool this is called in.
    pub fn new(path: KernelPath) -> Pace {
        let pace = Pace { path, best_ns: AtomicU64::new(u64::MAX) };
        for _ in 0..Pace::LAPS {
            pace.now();
        }
        pace
    }

    /// What a lap takes over what the shortest took; at least 1.
    pub fn now(&self) -> f64 {
        let laps = rayon::broadcast(|_| {
            let start = Instant::now();
            black_box(compiled_for(self.path, Lap(black_box(0.999_9))));
            start.elapsed().as_nanos() as u64
        });
        let lap = laps.into_iter().max().unwrap_or(1).max(1);
        let best = self.best_ns.fetch_min(lap, Ordering::Relaxed).min(lap);
        lap as f64 / best as f64
    }
}

/// Some microseconds of arithmetic in registers, by that factor.
struct Lap(f32);

impl Kernel for Lap {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f32 {
        const TURNS: usize = 4000;
        const WIDTH: usize = 128;
        let mut values = [1.0_f32; WIDTH];
        let mut turn = 0;
        while turn < TURNS {
            for value in &mut values {
                *value = *value * self.0 + 1e-3;
            }
            turn += 1;
        }
        values[0] + values[WIDTH - 1]
    }
}

/// The time that the threads of the pool this is called in were ready to run and had no core, so far; nanoseconds.
pub(super) fn waited_ns() -> u64 {
    rayon::broadcast(|_| of_this_thread().unwrap_or(0)).into_iter().sum()
}

/// Linux: time on a core, time waiting for one, slices.
fn of_this_thread() -> Option<u64> {
    waited_in(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

fn waited_in(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// A run, how long its threads waited for a core, and how slow the cores were around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub ms: f64,
    pub waited_ms: f64,
    /// A [`Pace`].
    pub pace: f64,
}

impl Run {
    /// Waits of that share of a run don't show.
    const LEAST: f64 = 0.01;
    /// What clocks differ by without anybody else, and more; who shares a core has 1.5 and more.
    const STEADY: f64 = 1.3;

    pub fn is_quiet(&self) -> bool {
        self.waited_ms <= Run::LEAST * self.ms && self.pace <= Run::STEADY
    }
}

/// Of `runs` those that nobody disturbed; where they are fewer than `least`, the `least` fastest of all: nobody makes
/// a run faster than it is.
pub(super) fn quietest(runs: &[Run], least: usize) -> Vec<f64> {
    let quiet: Vec<f64> = runs.iter().filter(|run| run.is_quiet()).map(|run| run.ms).collect();
    if quiet.len() >= least.min(runs.len()) {
        return quiet;
    }
    let mut all: Vec<f64> = runs.iter().map(|run| run.ms).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.truncate(least);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_runs_count_where_there_are_no_others() {
        let run = |ms: f64, waited_ms: f64, pace: f64| Run { ms, waited_ms, pace };
        let runs = [
            run(1.0, 0.0, 1.0),
            run(3.0, 2.0, 1.0),
            run(1.1, 0.005, 1.1),
            run(2.0, 1.0, 1.0),
            run(1.5, 0.0, 1.6),
        ];
        assert_eq!(quietest(&runs, 2), [1.0, 1.1]);
        assert_eq!(quietest(&runs, 3), [1.0, 1.1, 1.5]);
        assert_eq!(quietest(&runs, 9).len(), 5);
        assert_eq!(waited_in("30412 77 12\n"), Some(77));
        assert_eq!(waited_in(""), None);
    }

    #[test]
    fn a_pace_is_never_faster_than_the_fastest() {
        let pace = Pace::new(KernelPath::best());
        assert!((0..50).all(|_| pace.now() >= 1.0));
    }
}
