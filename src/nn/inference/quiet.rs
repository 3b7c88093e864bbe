//! Whether anybody else had the cores while something was timed.
//!
//! Must not know: what is timed. Invariant: where the system says nothing, nothing counts as disturbed.

use std::fs;

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

/// A run, and how long its threads waited for a core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub ms: f64,
    pub waited_ms: f64,
}

impl Run {
    /// Waits of that share of a run don't show.
    const LEAST: f64 = 0.01;

    pub fn is_quiet(&self) -> bool {
        self.waited_ms <= Run::LEAST * self.ms
    }
}

/// Of `runs` those that nobody disturbed; where they are fewer than `least`, the `least` that waited for the
/// smallest share.
pub(super) fn quietest(runs: &[Run], least: usize) -> Vec<f64> {
    let quiet: Vec<f64> = runs.iter().filter(|run| run.is_quiet()).map(|run| run.ms).collect();
    if quiet.len() >= least.min(runs.len()) {
        return quiet;
    }
    let mut by_wait = runs.to_vec();
    by_wait.sort_by(|a, b| (a.waited_ms / a.ms).total_cmp(&(b.waited_ms / b.ms)));
    by_wait.into_iter().take(least).map(|run| run.ms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_runs_count_where_there_are_no_others() {
        let run = |ms: f64, waited_ms: f64| Run { ms, waited_ms };
        let runs = [run(1.0, 0.0), run(3.0, 2.0), run(1.1, 0.005), run(2.0, 1.0)];
        assert_eq!(quietest(&runs, 2), [1.0, 1.1]);
        assert_eq!(quietest(&runs, 3), [1.0, 1.1, 2.0]);
        assert_eq!(quietest(&runs, 9).len(), 4);
        assert_eq!(waited_in("30412 77 12\n"), Some(77));
        assert_eq!(waited_in(""), None);
    }
}
