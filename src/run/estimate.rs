//! How fast a preset would be scored here, measured before it is started.
//!
//! Owns: the measuring thread. Must not know who asks. Invariant: what it tells was measured with the
//! preset's own proxy on its own device; what can't be measured is an error in words.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Role, RunSpec, Waker, worker::panic_text};
use crate::{
    arch::Structure,
    proxy::{Evaluation, Proxy},
    score::Score,
    search::{Asked, Evolution, Moves, Settings},
};

/// Time a structure is evaluated for, at least once, and once before that to warm up.
const PER_STRUCTURE: Duration = Duration::from_millis(500);
/// Iterations that are gone through with the analytic score: most searches are close to their budgets by
/// then, and it is done within a second.
const REHEARSED: u64 = 20_000;

/// What was measured, with as many workers as the search would have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// With candidates like the initial structure.
    pub early_per_s: f64,
    /// With candidates like those that a search comes to under these budgets.
    pub late_per_s: f64,
    /// Scores a proposal: of those that keep the budgets, and of members that are scored again.
    pub scores_per_proposal: f64,
    /// Of all workers, with the large ones; 0 where that is not known.
    pub memory_bytes: u64,
    pub workers: usize,
}

/// A measurement at work. Dropping it ends the work after the evaluation it is at.
pub struct Estimating {
    is_wanted: Arc<AtomicBool>,
    found: Arc<Mutex<Option<Result<Estimate, String>>>>,
}

impl Estimating {
    /// Starts to measure; `waker` is called when there is an answer, from the measuring thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(spec: RunSpec, waker: Waker) -> io::Result<Estimating> {
        let is_wanted = Arc::new(AtomicBool::new(true));
        let found = Arc::<Mutex<Option<Result<Estimate, String>>>>::default();
        let (wanted, slot) = (Arc::clone(&is_wanted), Arc::clone(&found));
        thread::Builder::new().name("zendo-estimate".to_owned()).spawn(move || {
            let attempt = catch_unwind(AssertUnwindSafe(|| measure(&spec, &wanted)));
            // Whoever waits for the answer is told of a panic, too.
            let measured =
                attempt.unwrap_or_else(|panic| Err(panic_text(panic.as_ref()).to_owned()));
            if let Some(result) = measured.transpose() {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                waker();
            }
        })?;
        Ok(Estimating { is_wanted, found })
    }

    /// The answer, once.
    pub fn take(&self) -> Option<Result<Estimate, String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Estimating {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}

/// None where it isn't wanted any more.
fn measure(spec: &RunSpec, is_wanted: &AtomicBool) -> Result<Option<Estimate>, String> {
    let device = spec.open_device().map_err(|error| error.to_string())?.device;
    let mut settled = spec.clone();
    settled.settle_workers(&device);
    let spec = &settled;
    let proxy = spec.build_proxy(Role::Search, &device);
    let proxy = proxy.map_err(|error| error.to_string())?;
    if !proxy.is_measured() {
        return Err(format!("{} takes next to no time", proxy.name()));
    }
    let Some(rehearsed) = rehearse(spec, is_wanted)? else { return Ok(None) };
    let mut proxies = vec![proxy];
    for _ in 1..spec.workers() {
        let another = spec.build_proxy(Role::Search, &device).map_err(|error| error.to_string())?;
        proxies.push(another);
    }
    let mut rate = |structure: &Structure| rate(spec, &mut proxies, structure, is_wanted);
    let initial = spec.preset.initial().split_deep_blocks();
    let Some((early_per_s, _)) = rate(&initial)? else { return Ok(None) };
    let Some((late_per_s, memory_bytes)) = rate(&rehearsed.best)? else { return Ok(None) };
    let scores_per_proposal = rehearsed.scores_per_proposal;
    Ok(Some(Estimate {
        early_per_s,
        late_per_s,
        scores_per_proposal,
        memory_bytes,
        workers: proxies.len(),
    }))
}

/// Scores a second of all proxies at once, each on its thread as in a search, and what they run in.
fn rate(
    spec: &RunSpec,
    proxies: &mut [Box<dyn Proxy>],
    structure: &Structure,
    is_wanted: &AtomicBool,
) -> Result<Option<(f64, u64)>, String> {
    let (seed, repeats) = (spec.preset.search.seed, spec.preset.score.repeats);
    let together = Barrier::new(proxies.len());
    let one = |proxy: &mut Box<dyn Proxy>| {
        // Whatever happens, the others are not left waiting.
        let warm = catch_unwind(AssertUnwindSafe(|| proxy.evaluate(structure, seed, 0)));
        together.wait();
        let warm = warm.map_err(|panic| panic_text(panic.as_ref()).to_owned())?;
        warm.map_err(|error| error.to_string())?;
        let (began, mut count) = (Instant::now(), 0_u32);
        while is_wanted.load(Ordering::Relaxed) {
            count += 1;
            proxy.evaluate(structure, seed, count).map_err(|error| error.to_string())?;
            let elapsed = began.elapsed();
            if elapsed >= PER_STRUCTURE {
                let draws_per_s = f64::from(count) / elapsed.as_secs_f64();
                return Ok(Some((draws_per_s / f64::from(repeats), proxy.memory_bytes())));
            }
        }
        Ok(None)
    };
    let rates: Result<Option<Vec<_>>, String> = thread::scope(|scope| {
        let threads: Vec<_> = proxies.iter_mut().map(|proxy| scope.spawn(|| one(proxy))).collect();
        let rate = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| Err(panic_text(panic.as_ref()).to_owned()))
        };
        threads.into_iter().map(rate).collect()
    });
    Ok(rates?.map(|rates| {
        rates.into_iter().fold((0.0, 0_u64), |(sum, total), (rate, bytes)| {
            (sum + rate, total.saturating_add(bytes))
        })
    }))
}

/// What a search by the analytic score came to.
struct Rehearsed {
    best: Structure,
    scores_per_proposal: f64,
}

/// The beginning of this search with analytic scores in place of measured ones: it leads to candidates of
/// the size that the measured score would find, and breaks budgets as often. None where it isn't wanted
/// any more.
fn rehearse(spec: &RunSpec, is_wanted: &AtomicBool) -> Result<Option<Rehearsed>, String> {
    let settings = spec.search_settings();
    let settings = Settings {
        iterations: settings.iterations.min(REHEARSED),
        max_scored: None,
        moves: Moves { climb: 0, plant: false, ..settings.moves },
        ..settings
    };
    let mut proxy = spec.build_analytic();
    let mut evolution = Evolution::new(settings);
    while is_wanted.load(Ordering::Relaxed) {
        match evolution.ask(&mut |_| {}) {
            Asked::Candidate(candidate) => {
                let score = proxy.evaluate(&candidate.structure, 0, 0);
                let outcome = score.map(|Evaluation { score: value, .. }| Score {
                    value,
                    std: None,
                    repeats: 1,
                    log_delta: None,
                    bn_sum: None,
                });
                let outcome = outcome.map_err(|error| error.to_string());
                evolution.tell(candidate.id, outcome).expect("it was just handed out");
            }
            Asked::Again => {}
            Asked::Wait => unreachable!("nothing is on its way"),
            Asked::Done(_) => {
                let counts = evolution.counts();
                let best = evolution.population().best().map(|best| best.structure.clone());
                let best = best.ok_or("no candidate has an analytic score")?;
                let asked = (counts.scored + counts.failed).max(1);
                let scores_per_proposal = asked as f64 / counts.proposed.max(asked) as f64;
                return Ok(Some(Rehearsed { best, scores_per_proposal }));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::costs,
        space::{PresetSource, ProxyChoice},
    };

    #[test]
    fn the_initial_structure_and_a_large_one_are_measured() {
        let source = PresetSource::find("quick", &|_| Err(String::new())).expect("shipped");
        let mut preset = source.preset().expect("valid");
        preset.run.device = "cpu".to_owned();
        let budgets = preset.budgets();
        let mut spec = RunSpec::new("quick", preset);
        let rehearsed = rehearse(&spec, &AtomicBool::new(true)).expect("scored").expect("wanted");
        let cost = costs(&rehearsed.best, spec.preset.search_space().net(), budgets.counting);
        assert!(budgets.broken(&cost).is_none());
        assert!(cost.params > 300_000, "close to the budget of 400k: {}", cost.params);
        assert!(
            (0.01..0.99).contains(&rehearsed.scores_per_proposal),
            "{}",
            rehearsed.scores_per_proposal
        );
        let estimate = measure(&spec, &AtomicBool::new(true)).expect("scored").expect("wanted");
        assert!(estimate.late_per_s > 0.0 && estimate.early_per_s > 0.0);
        assert_eq!(measure(&spec, &AtomicBool::new(false)), Ok(None));
        spec.preset.score.proxy = ProxyChoice::one("zen-analytic");
        assert!(measure(&spec, &AtomicBool::new(true)).is_err());
    }

    #[test]
    fn a_panic_is_an_answer() {
        let source = PresetSource::find("quick", &|_| Err(String::new())).expect("shipped");
        let mut preset = source.preset().expect("valid");
        preset.run.device = "cpu".to_owned();
        // What no preset can have, since it is checked: whoever reads it panics.
        preset.space.initial = "no structure".to_owned();
        let spec = RunSpec::new("quick", preset);
        let (sender, woken) = std::sync::mpsc::sync_channel(1);
        let waker = Box::new(move || sender.send(()).expect("waited for"));
        let estimating = Estimating::start(spec, waker).expect("a thread");
        assert_eq!(woken.recv(), Ok(()), "there is an answer");
        let why = estimating.take().expect("an answer").expect_err("no measurement");
        assert!(why.contains("checked when the preset was"), "{why}");
    }
}
