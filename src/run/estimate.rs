//! How fast a preset would be scored here, measured before it is started.
//!
//! Owns: the measuring thread. Must not know who asks. Invariant: what it tells was measured with the
//! preset's own proxy on its own device; what can't be measured is an error in words.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Role, RunSpec, Waker};
use crate::{
    arch::{Structure, costs},
    random::{Purpose, Stream},
    space::{Draft, Mover, Preset},
};

/// Time a structure is evaluated for, at least once and once before that to warm up.
const PER_STRUCTURE: Duration = Duration::from_millis(500);
/// Steps towards a candidate as large as the budgets let one be.
const STEPS: u64 = 500;

/// What was measured: one worker's time, scaled to all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// With candidates like the initial structure.
    pub early_per_s: f64,
    /// With candidates as large as the budgets allow.
    pub late_per_s: f64,
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
            if let Some(result) = measure(&spec, &wanted).transpose() {
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
    let proxy = spec.build_proxy(Role::Search, &device);
    let mut proxy = proxy.map_err(|error| error.to_string())?;
    if !proxy.is_measured() {
        return Err("an analytic score takes next to no time".to_owned());
    }
    let (preset, workers) = (&spec.preset, spec.workers());
    let seed = preset.search.seed;
    let mut rate = |structure: &Structure| {
        let mut count = 0_u32;
        let mut began = Instant::now();
        while is_wanted.load(Ordering::Relaxed) {
            proxy.evaluate(structure, seed, count).map_err(|error| error.to_string())?;
            if count == 0 {
                began = Instant::now();
            }
            count += 1;
            if count > 1 && began.elapsed() >= PER_STRUCTURE {
                let each = began.elapsed().as_secs_f64() / f64::from(count - 1);
                let each = each * f64::from(preset.score.repeats);
                return Ok(Some((workers as f64 / each, proxy.memory_bytes())));
            }
        }
        Ok::<_, String>(None)
    };
    let Some((early_per_s, _)) = rate(&preset.initial().split_deep_blocks())? else {
        return Ok(None);
    };
    let Some((late_per_s, bytes)) = rate(&large_candidate(preset))? else { return Ok(None) };
    let memory_bytes = bytes.saturating_mul(workers as u64);
    Ok(Some(Estimate { early_per_s, late_per_s, memory_bytes, workers }))
}

/// The most FLOPs that a walk of mutations finds within the budgets.
fn large_candidate(preset: &Preset) -> Structure {
    let (space, budgets) = (preset.search_space(), preset.budgets());
    let cost = |structure: &Structure| costs(structure, space.net(), budgets.counting);
    let (mover, mut draft) = (Mover::new(&space), Draft::default());
    let mut largest = preset.initial().split_deep_blocks();
    let mut flops = cost(&largest).flops;
    for step in 0..STEPS {
        let mut stream = Stream::of_candidate(preset.search.seed, Purpose::Propose, step);
        mover.published(largest.blocks(), 1, &mut stream, &mut draft);
        let structure = draft.structure();
        let found = cost(&structure);
        let is_allowed = budgets.broken(&found).is_none()
            && space.constraints().broken(structure.blocks()).is_none();
        if found.flops > flops && is_allowed {
            (largest, flops) = (structure, found.flops);
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::PresetSource;

    #[test]
    fn the_initial_structure_and_a_large_one_are_measured() {
        let source = PresetSource::find("quick", &|_| Err(String::new())).expect("shipped");
        let mut preset = source.preset().expect("valid");
        let large = large_candidate(&preset);
        let cost = costs(&large, preset.search_space().net(), preset.budgets().counting);
        assert!(preset.budgets().broken(&cost).is_none());
        assert!(cost.params > 300_000, "close to the budget of 400k: {}", cost.params);
        preset.run.device = "cpu".to_owned();
        let mut spec = RunSpec { name: "quick".to_owned(), preset, out: None };
        let estimate = measure(&spec, &AtomicBool::new(true)).expect("scored").expect("wanted");
        assert!(estimate.late_per_s > 0.0 && estimate.early_per_s > 0.0);
        assert_eq!(measure(&spec, &AtomicBool::new(false)), Ok(None));
        spec.preset.score.proxy = "zen-analytic".to_owned();
        assert!(measure(&spec, &AtomicBool::new(true)).is_err());
    }
}
