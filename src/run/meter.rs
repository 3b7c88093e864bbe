//! Rates and times of a run. The clock is read by the engine and handed in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{protocol::TimeSpent, store::Checkpoint};

/// Rates are means over this long.
const WINDOW: Duration = Duration::from_secs(5);
/// Over less than this a rate says nothing: the first proposals come in a burst.
const LEAST: Duration = Duration::from_millis(500);

/// A clock that can be stopped.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    before: Duration,
    running_since: Option<Instant>,
}

impl Stopwatch {
    /// That has run for so long.
    pub(super) fn after(ms: u64) -> Stopwatch {
        Stopwatch { before: Duration::from_millis(ms), running_since: None }
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.running_since.get_or_insert(now);
    }

    pub(super) fn stop(&mut self, now: Instant) {
        self.before = self.elapsed(now);
        self.running_since = None;
    }

    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        let running = self.running_since.map(|since| now.saturating_duration_since(since));
        self.before + running.unwrap_or_default()
    }
}

/// Counts at a moment of running time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    proposed: u64,
    scored: u64,
}

/// Where the time goes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// At most one a snapshot over the window, plus one before it.
    samples: VecDeque<Sample>,
    pub propose: Duration,
    pub build: Duration,
    /// Without building.
    pub score: Duration,
    /// Thread time that there was before the workers were another number, and until when.
    staffed: Duration,
    staffed_until: Duration,
}

/// Per second of running time; 0 until there is enough of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub proposed: f64,
    pub scored: f64,
}

impl Meter {
    /// Of a run that goes on, with so many workers.
    pub(super) fn after(checkpoint: Option<&Checkpoint>, workers: usize) -> Meter {
        let Some(checkpoint) = checkpoint else { return Meter::default() };
        let ms = |ms: f64| Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default();
        let elapsed = Duration::from_millis(checkpoint.search_ms);
        Meter {
            propose: ms(checkpoint.spent.propose_ms),
            build: ms(checkpoint.spent.build_ms),
            score: ms(checkpoint.spent.score_ms),
            // How many there were isn't known; at least those that are there now.
            staffed: elapsed.mul_f64(workers as f64),
            staffed_until: elapsed,
            ..Meter::default()
        }
    }

    /// Notes the counts at `at`, running time, and gives the rates over the last seconds.
    pub(super) fn rates(&mut self, at: Duration, proposed: u64, scored: u64) -> Rates {
        // While the clock stands, as in a confirmation, there is nothing to add.
        if self.samples.back().is_none_or(|last| last.at < at) {
            self.samples.push_back(Sample { at, proposed, scored });
        }
        while self.samples.get(1).is_some_and(|s| s.at + WINDOW <= at) {
            self.samples.pop_front();
        }
        let first = self.samples[0];
        let span = at.saturating_sub(first.at);
        if span < LEAST {
            return Rates::default();
        }
        let seconds = span.as_secs_f64();
        let per_second = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
        Rates {
            proposed: per_second(first.proposed, proposed),
            scored: per_second(first.scored, scored),
        }
    }

    /// From `elapsed` on there are other workers; so far there were `workers`.
    pub(super) fn change_staff(&mut self, elapsed: Duration, workers: usize) {
        self.staffed = self.thread_time(elapsed, workers);
        self.staffed_until = elapsed;
    }

    fn thread_time(&self, elapsed: Duration, workers: usize) -> Duration {
        let since = elapsed.saturating_sub(self.staffed_until);
        self.staffed + since.mul_f64(workers as f64)
    }

    /// `elapsed` times `workers` is the thread time there was; what building and scoring left of it was waiting.
    pub(super) fn time_spent(&self, elapsed: Duration, workers: usize) -> TimeSpent {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let there_was = ms(self.thread_time(elapsed, workers));
        TimeSpent {
            propose_ms: ms(self.propose),
            build_ms: ms(self.build),
            score_ms: ms(self.score),
            wait_ms: (there_was - ms(self.build + self.score)).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_look_back_five_seconds() {
        let mut meter = Meter::default();
        let second = Duration::from_secs(1);
        assert_eq!(meter.rates(Duration::ZERO, 0, 0), Rates::default());
        for s in 1..=10 {
            meter.rates(second * s, 100 * u64::from(s), 10 * u64::from(s));
        }
        // Ten times faster from here on: after five seconds nothing slower is remembered.
        for s in 11..=16 {
            meter.rates(second * s, 1_000 + 1_000 * u64::from(s - 10), 100);
        }
        let rates = meter.rates(second * 17, 8_000, 100);
        assert_eq!(rates, Rates { proposed: 1_000.0, scored: 0.0 });
    }

    #[test]
    fn a_standing_clock_adds_nothing() {
        let mut meter = Meter::default();
        for _ in 0..100 {
            meter.rates(Duration::from_secs(3), 10, 10);
        }
        assert_eq!(meter.samples.len(), 1);
        // And a burst at the start is no rate.
        assert_eq!(meter.rates(Duration::from_millis(3_400), 99, 10), Rates::default());
    }

    #[test]
    fn workers_that_come_later_have_not_waited_before() {
        let second = Duration::from_secs(1);
        let mut meter = Meter { score: 8 * second, ..Meter::default() };
        meter.change_staff(10 * second, 1);
        assert_eq!(meter.time_spent(10 * second, 4).wait_ms, 2_000.0);
        assert_eq!(meter.time_spent(11 * second, 4).wait_ms, 6_000.0);
    }

    #[test]
    fn a_stopped_watch_stands() {
        let start = Instant::now();
        let mut watch = Stopwatch::default();
        let at = |s| start + Duration::from_secs(s);
        watch.start(at(0));
        watch.stop(at(2));
        assert_eq!(watch.elapsed(at(9)), Duration::from_secs(2));
        watch.start(at(10));
        assert_eq!(watch.elapsed(at(11)), Duration::from_secs(3));
    }
}
