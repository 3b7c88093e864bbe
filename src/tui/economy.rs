//! What a slow line gets to see, and how often. Owns: how quick the line is believed to be, what is still owed to a
//! person. Must not know: the terminal, screens, clocks (times are handed in). Invariant: what a person did is
//! shown in whole in the end, whatever the line; only what the engine says by itself may be left out.
//!
//! Only a write that blocked tells how quick a line is: the rest went into a buffer. So the line counts as quick
//! until one does, is believed to be as quick as that write was, and to be quicker again after some patience.

use std::time::Duration;

/// A write that takes longer was kept waiting by the line.
const SLOW: Duration = Duration::from_millis(150);
/// Bytes a second from which on a line counts as quick.
const QUICK: u64 = 64 * 1024;
/// Slower than this is a line that stands still, and nothing is learned from how long.
const SLOWEST: u64 = 256;
/// A line is believed to be so many times as quick after some patience.
const RAISE: u64 = 4;
/// Patience at first. It doubles each time that the line didn't keep up with what was believed.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_PATIENCE: Duration = Duration::from_secs(16);
/// The engine's frames take one part of so many of the line; the rest is for keys.
const ENGINE_SHARE: u32 = 4;

/// Bytes a second that the engine's frames may take of a remote line, however quick it is: it isn't ours alone.
const REMOTE_SHARE: u64 = 7_500;

/// What is drawn: each leaves out more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    #[default]
    Everything,
    WithoutCharts,
    /// Nor charts.
    WithoutTables,
    /// The first two rows and the last, banners, and what is typed.
    InputAlone,
}

impl Level {
    /// What the next frame adds; none where nothing is left out.
    fn more(self) -> Option<Level> {
        match self {
            Level::Everything => None,
            Level::WithoutCharts => Some(Level::Everything),
            Level::WithoutTables => Some(Level::WithoutCharts),
            Level::InputAlone => Some(Level::WithoutTables),
        }
    }

    /// What waits, in a few words.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Level::Everything => None,
            Level::WithoutCharts => Some("slow line: charts wait"),
            Level::WithoutTables => Some("slow line: charts and table wait"),
            Level::InputAlone => Some("slow line: all but keys waits"),
        }
    }
}

/// A frame that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    pub bytes: u64,
    pub took: Duration,
}

/// All times are since one and the same moment.
#[derive(Debug, Default)]
pub struct Economy {
    /// Bytes a second, where the line is not quick.
    rate: Option<u64>,
    patience: Duration,
    raise_at: Duration,
    raised_at: Option<Duration>,
    /// The next frame of those that bring the whole picture, the most urgent first.
    owed: Option<Level>,
    last_bytes: u64,
    is_remote: bool,
}

impl Economy {
    /// Of a line that goes through a network.
    pub fn remote() -> Economy {
        Economy { is_remote: true, ..Economy::default() }
    }

    /// What is left out as long as the line is as it is.
    pub fn level(&self) -> Level {
        match self.rate {
            None | Some(16_384..) => Level::Everything,
            Some(4_096..16_384) => Level::WithoutCharts,
            Some(1_024..4_096) => Level::WithoutTables,
            Some(0..1_024) => Level::InputAlone,
        }
    }

    /// What the next frame shows.
    pub fn next(&self) -> Level {
        self.owed.unwrap_or_else(|| self.level())
    }

    /// A person did something, or the whole screen has to be drawn anew.
    pub fn ask(&mut self) {
        self.owed = Some(self.level()).filter(|level| *level != Level::Everything);
    }

    /// A frame with what [`Economy::next`] says has been handed over.
    pub fn drew(&mut self) {
        self.owed = self.owed.and_then(Level::more);
    }

    /// Whether a frame is due for what was left out so far.
    pub fn owes(&self) -> bool {
        self.owed.is_some()
    }

    pub fn wrote(&mut self, now: Duration, write: Write) {
        self.last_bytes = write.bytes;
        let took_ms = u64::try_from(write.took.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = write.bytes.saturating_mul(1_000) / took_ms;
        if write.took < SLOW || rate >= QUICK {
            return;
        }
        // Belief was ahead of the line, if this is so soon after it rose.
        let is_again = self.raised_at.is_some_and(|at| now <= at + self.patience * 2);
        self.patience = match is_again {
            true => (self.patience * 2).clamp(PATIENCE, MOST_PATIENCE),
            false => self.patience.max(PATIENCE),
        };
        self.rate = Some(rate.max(SLOWEST));
        self.raise_at = now + self.patience;
    }

    /// When the line will be believed to be quicker.
    pub fn wakes_at(&self) -> Option<Duration> {
        self.rate.map(|_| self.raise_at)
    }

    /// Believes it, where it is time; tells whether that changes what is shown.
    pub fn tell_time(&mut self, now: Duration) -> bool {
        let settled = |at: Duration| now > at + MOST_PATIENCE * 4;
        let Some(rate) = self.rate.filter(|_| now >= self.raise_at) else {
            if self.rate.is_none() && self.raised_at.is_some_and(settled) {
                (self.raised_at, self.patience) = (None, Duration::ZERO);
            }
            return false;
        };
        let before = self.level();
        self.rate = Some(rate * RAISE).filter(|rate| *rate < QUICK);
        (self.raised_at, self.raise_at) = (Some(now), now + self.patience);
        self.level() != before
    }

    /// How long the line takes for the last frame, as far as is believed.
    fn drain(&self) -> Duration {
        let millis = |rate| self.last_bytes * 1_000 / rate;
        self.rate.map_or(Duration::ZERO, |rate| Duration::from_millis(millis(rate)))
    }

    /// Least time from the last frame to the next of the engine.
    pub fn engine_pause(&self) -> Duration {
        let remote_ms = if self.is_remote { self.last_bytes * 1_000 / REMOTE_SHARE } else { 0 };
        (self.drain() * ENGINE_SHARE).max(Duration::from_millis(remote_ms))
    }

    /// And to the next of those that are owed.
    pub fn owed_pause(&self) -> Duration {
        self.drain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn write(bytes: u64, took_ms: u64) -> Write {
        Write { bytes, took: Duration::from_millis(took_ms) }
    }

    /// On a line that let through so much of one write.
    fn slow(bytes: u64, took_ms: u64) -> Economy {
        let mut economy = Economy::default();
        economy.wrote(seconds(10), write(bytes, took_ms));
        economy
    }

    #[test]
    fn the_slower_the_line_the_less_is_drawn() {
        assert_eq!(slow(15_000, 149).level(), Level::Everything, "nothing blocked");
        assert_eq!(slow(15_000, 160).level(), Level::Everything, "much in little time");
        assert_eq!(slow(15_000, 2_000).level(), Level::WithoutCharts);
        assert_eq!(slow(15_000, 5_000).level(), Level::WithoutTables);
        assert_eq!(slow(15_000, 30_000).level(), Level::InputAlone);
        assert_eq!(slow(0, u64::MAX).level(), Level::InputAlone);
    }

    #[test]
    fn a_line_that_keeps_up_gets_everything_back() {
        let mut economy = slow(100, 60_000);
        let (mut now, mut seen) = (seconds(10), vec![economy.level()]);
        while let Some(at) = economy.wakes_at() {
            assert!(at > now && !economy.tell_time(at - Duration::from_millis(1)));
            now = at;
            economy.tell_time(now);
            economy.wrote(now, write(5_000, 1));
            seen.push(economy.level());
        }
        use Level::*;
        let back = [InputAlone, WithoutTables, WithoutCharts, Everything, Everything];
        assert_eq!(seen, back);
        assert_eq!(now, seconds(18));
    }

    #[test]
    fn patience_grows_with_a_line_that_stays_slow_and_has_an_end() {
        let mut economy = slow(2_000, 1_000);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let at = economy.wakes_at().expect("slow");
            economy.tell_time(at);
            let after = at + Duration::from_millis(500);
            economy.wrote(after, write(2_000, 1_000));
            waits.push((economy.wakes_at().expect("slow") - after).as_secs());
        }
        assert_eq!(waits, [4, 8, 16, 16, 16, 16, 16, 16]);
    }

    /// The line is needed for keys too.
    #[test]
    fn the_engine_leaves_most_of_the_line_to_keys() {
        let economy = slow(2_048, 1_000);
        assert_eq!(economy.engine_pause(), seconds(4));
        assert_eq!(economy.owed_pause(), seconds(1));
        let mut quick = Economy::default();
        quick.wrote(seconds(1), write(15_000, 1));
        assert_eq!(quick.engine_pause(), Duration::ZERO);
        let mut remote = Economy::remote();
        remote.wrote(seconds(1), write(15_000, 1));
        assert_eq!(remote.engine_pause(), seconds(2));
        assert_eq!(remote.level(), Level::Everything);
    }

    #[test]
    fn what_a_person_did_is_shown_in_whole_the_input_line_first() {
        let mut economy = slow(100, 1_000);
        assert_eq!(economy.next(), Level::InputAlone);
        assert!(!economy.owes());
        economy.ask();
        let mut seen = Vec::new();
        while economy.owes() {
            seen.push(economy.next());
            economy.drew();
        }
        use Level::*;
        assert_eq!(seen, [InputAlone, WithoutTables, WithoutCharts, Everything]);
        assert_eq!(economy.next(), InputAlone, "the engine's next frame");
        let mut quick = Economy::default();
        quick.ask();
        assert!(!quick.owes(), "one frame has it all");
    }
}
