//! What combinations rank by: a sample of the preset's space, measured once by each of their proxies.
//!
//! Owns: which structures are in the sample, who measures them. Must not know what ranks are made of: the proxies do.
//! Invariant: where values stand follows from the space a run began with and the settings it scores by, whatever the
//! number of workers, so that a score never changes, and a run that goes on has the scores it had.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, mpsc},
    time::{Duration, Instant},
};

use super::{
    Role, RunSpec, ScorerFactory,
    engine::Message,
    sample::{ALIVE, APART, MOST_PROPOSED, walked},
    worker::panic_text,
};
use crate::{
    arch::Structure,
    nn::Device,
    proxy::{Proxy, Standing},
    random::{Purpose, Stream},
    search::{Elites, Moves, Scoring, Settings},
    space::ProxyChoice,
};

/// Structures that values stand among.
const SAMPLE: usize = 64;
/// Of them a proxy must have measured so many; fewer order nothing.
const LEAST: usize = 8;
/// The sample's structures: a walk through the preset's space by the published mutations within its budgets, without
/// a selection.
pub(super) struct Reference {
    walk: Settings,
    structures: OnceLock<Vec<Structure>>,
}

/// One for all runs: those of a space and its budgets have one sample, and scores that compare.
const SEED: u64 = 0;

impl Reference {
    /// Of the space as it is in `spec`; where a search is tuned later, the sample stays.
    pub(super) fn new(spec: &RunSpec) -> Reference {
        let walk = Settings {
            iterations: MOST_PROPOSED,
            max_scored: Some((SAMPLE as u64 - 1) * APART + 1),
            population: ALIVE,
            moves: Moves::PUBLISHED,
            scoring: Scoring::Measured,
            elites: Elites::NONE,
            pipeline: 1,
            seed: Reference::seed(0),
            dedup: false,
            ..spec.search_settings()
        };
        Reference { walk, structures: OnceLock::new() }
    }

    /// Each once; the initial one first.
    fn structures(&self) -> &[Structure] {
        self.structures.get_or_init(|| walked(&self.walk))
    }

    /// Of the walk at 0, of the draw that measures the structure with the index `i` at `i` + 1.
    fn seed(of: u64) -> u64 {
        Stream::of_candidate(SEED, Purpose::Reference, of).next_u64()
    }
}

/// What the proxies of a run's workers are built with, whatever its settings become.
pub(super) struct Workbench {
    pub device: Device,
    pub reference: Arc<Reference>,
    /// For what a person should know of it.
    pub messages: mpsc::SyncSender<Message>,
}

impl Workbench {
    /// By the registry, as `spec` wants them; those of combinations once their sample is measured, which all workers
    /// that wait for it do together.
    pub(super) fn factory(self: &Arc<Workbench>, spec: &RunSpec) -> ScorerFactory {
        let scorers = Scorers {
            spec: spec.clone(),
            bench: Arc::clone(self),
            search: Measuring::default(),
            confirmation: Measuring::default(),
        };
        Arc::new(move |role| scorers.build(role))
    }
}

struct Scorers {
    spec: RunSpec,
    bench: Arc<Workbench>,
    search: Measuring,
    confirmation: Measuring,
}

impl Scorers {
    /// # Errors
    /// A proxy can't start, or there is too little of the sample to rank by.
    fn build(&self, role: Role) -> Result<Box<dyn Proxy>, String> {
        let (choice, Workbench { device, reference, messages }) =
            (self.spec.choice(role), self.bench.as_ref());
        if let ProxyChoice::One(_) = choice {
            return self.spec.build_proxy(role, device).map_err(|error| error.to_string());
        }
        let measuring = match role {
            Role::Confirmation if !self.spec.preset.confirms_alike() => &self.confirmation,
            Role::Search | Role::Confirmation => &self.search,
        };
        let build = || self.spec.build_parts(role, device).map_err(|e| e.to_string());
        let mut parts = build()?;
        let standings = measuring.help(reference, &mut parts, &build, &|what| {
            let text = match what {
                Told::Begun(n) => format!("{choice}: scores {n} structures first, to rank by"),
                Told::Done(n, took) => {
                    let seconds = took.as_secs_f64();
                    format!("{choice}: ranks among {n} structures, scored in {seconds:.1} s")
                }
            };
            // Nobody listens to a run that is over.
            let _ = messages.send(Message::Note(text));
        });
        let standings: Result<Vec<_>, String> =
            choice.names().zip(standings?).map(|(name, found)| standing(name, found)).collect();
        Ok(self.spec.combine(role, parts, standings?))
    }
}

/// Where the values of the proxy called `name` stand.
fn standing(name: &str, Found { values, failure }: Found) -> Result<Standing, String> {
    if values.len() < LEAST {
        let why = failure.map_or(String::new(), |failure| format!(": {failure}"));
        let (found, wanted) = (values.len(), LEAST);
        return Err(format!(
            "nothing to rank by: {name} scores {found} structures of the sample, and {wanted} are needed{why}"
        ));
    }
    Ok(Standing::among(&values))
}

enum Told {
    /// So many are to be measured.
    Begun(usize),
    /// So many were, in that time.
    Done(usize, Duration),
}

/// By proxy, in the order of the combination: a value, or why there is none.
type Values = Vec<Result<f64, String>>;

/// What one proxy measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    /// In the order of the structures.
    values: Vec<f64>,
    /// The first there was.
    failure: Option<String>,
}

/// A sample that is being measured, or was.
#[derive(Default)]
struct Measuring {
    slots: Mutex<Slots>,
    /// Nobody is at work on it any more.
    all_told: Condvar,
}

#[derive(Default)]
struct Slots {
    /// By structure; those behind the last one are nobody's yet.
    values: Vec<Option<Values>>,
    /// Filled.
    told: usize,
    began: Option<Instant>,
}

impl Measuring {
    /// Measures what nobody has begun, waits for what others are at, and gives what each proxy measured. `parts` are as
    /// `build` builds them, before and after.
    ///
    /// # Errors
    /// `parts` panicked and can't be built again.
    fn help(
        &self,
        reference: &Reference,
        parts: &mut Vec<Box<dyn Proxy>>,
        build: &dyn Fn() -> Result<Vec<Box<dyn Proxy>>, String>,
        tell: &dyn Fn(Told),
    ) -> Result<Vec<Found>, String> {
        let structures = reference.structures();
        let lock = || self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut slots = lock();
            let index = slots.values.len();
            let Some(structure) = structures.get(index) else { break };
            // Others leave this one alone from here on; it is filled whatever happens.
            slots.values.push(None);
            let is_first = slots.began.is_none();
            slots.began.get_or_insert_with(Instant::now);
            drop(slots);
            if is_first {
                tell(Told::Begun(structures.len()));
            }
            let (values, broken) = measure(structure, Reference::seed(index as u64 + 1), parts);
            let rebuilt = if broken { build().map(|new| *parts = new) } else { Ok(()) };
            let mut slots = lock();
            slots.values[index] = Some(values);
            slots.told += 1;
            let took = slots.began.map_or(Duration::ZERO, |began| began.elapsed());
            let is_last = slots.told == structures.len();
            drop(slots);
            if is_last {
                self.all_told.notify_all();
                tell(Told::Done(structures.len(), took));
            }
            rebuilt?;
        }
        let mut slots = lock();
        while slots.told < structures.len() {
            slots = self.all_told.wait(slots).unwrap_or_else(PoisonError::into_inner);
        }
        let mut found = vec![Found::default(); parts.len()];
        for values in slots.values.iter().flatten() {
            for (Found { values, failure }, value) in found.iter_mut().zip(values) {
                match value {
                    Ok(value) => values.push(*value),
                    Err(why) => *failure = failure.take().or_else(|| Some(why.clone())),
                }
            }
        }
        Ok(found)
    }
}

/// What each of `parts` measures, and whether one panicked, which costs nobody but it this value.
fn measure(structure: &Structure, seed: u64, parts: &mut [Box<dyn Proxy>]) -> (Values, bool) {
    let mut broken = false;
    let mut one = |proxy: &mut Box<dyn Proxy>| match catch_unwind(AssertUnwindSafe(|| {
        proxy.evaluate(structure, seed, 0)
    })) {
        Ok(Ok(evaluation)) => Ok(evaluation.score),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(panic) => {
            broken = true;
            Err(panic_text(panic.as_ref()).to_owned())
        }
    };
    let values = parts.iter_mut().map(&mut one).collect();
    (values, broken)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::{
        arch::costs,
        proxy::{Evaluation, Failure},
        space::{PresetSource, SearchSettings},
    };

    fn spec(name: &str, sets: &[&str]) -> RunSpec {
        let mut source = PresetSource::find(name, &|_| Err(String::new())).expect("shipped");
        sets.iter().for_each(|set| source.set_assignment(set).expect("a key"));
        RunSpec::new(name, source.preset().expect("valid"))
    }

    /// Within the budgets, far apart, and the same each time.
    #[test]
    fn the_walk_goes_through_the_space() {
        for name in ["quick", "cifar-params-1m", "imagenet-flops-400m-fast"] {
            let spec = spec(name, &[]);
            let reference = Reference::new(&spec);
            let structures = reference.structures();
            assert!(structures.len() >= 60, "{name}: {}", structures.len());
            let (space, budgets) = (spec.preset.search_space(), spec.preset.budgets());
            let mut params = Vec::new();
            for structure in structures {
                let costs = costs(structure, space.net(), budgets.counting);
                assert!(budgets.broken(&costs).is_none(), "{name}: {structure}");
                params.push(costs.params);
            }
            params.sort_unstable();
            let [low, high] = [structures.len() / 8, structures.len() * 7 / 8].map(|at| params[at]);
            assert!(2 * high > 3 * low, "{name}: from {low} to {high}");
            assert_eq!(Reference::new(&spec).structures(), structures);
            // How it is searched, and by which draws, is nothing to it.
            let mut other = spec.clone();
            other.preset.search = SearchSettings { seed: 7, population: 16, ..Default::default() };
            assert_eq!(Reference::new(&other).structures(), structures);
            other.preset.space.kernels = vec![3];
            assert_ne!(Reference::new(&other).structures(), structures);
        }
    }

    /// As deep as the structure; every so often it fails, or panics and is broken from there on.
    struct Fickle {
        calls: Arc<AtomicU32>,
        is_broken: bool,
    }

    impl Proxy for Fickle {
        fn name(&self) -> &str {
            "fickle"
        }

        fn evaluate(
            &mut self,
            structure: &Structure,
            seed: u64,
            _: u32,
        ) -> Result<Evaluation, Failure> {
            assert!(!self.is_broken, "used after a panic");
            self.calls.fetch_add(1, Ordering::Relaxed);
            // By the structure's own draw, so that others fail nowhere else.
            match seed % 8 {
                0 => Err(Failure::NotFinite { what: "fickle".to_owned() }),
                1 => {
                    self.is_broken = true;
                    panic!("scripted");
                }
                _ => Ok(Evaluation { score: structure.blocks().len() as f64, zen: None }),
            }
        }
    }

    /// Nobody waits in vain, and nobody's trouble is another's.
    #[test]
    fn workers_measure_together_whatever_happens() {
        let reference = Reference::new(&spec("quick", &[]));
        let measured = |workers: usize| {
            let (measuring, calls) = (Measuring::default(), Arc::new(AtomicU32::new(0)));
            let build = || -> Result<Vec<Box<dyn Proxy>>, String> {
                let fickle = || Fickle { calls: Arc::clone(&calls), is_broken: false };
                Ok(vec![Box::new(fickle()), Box::new(fickle())])
            };
            let told = AtomicU32::new(0);
            let work = || {
                let mut parts = build().expect("builds");
                let tell = |_: Told| {
                    told.fetch_add(1, Ordering::Relaxed);
                };
                measuring.help(&reference, &mut parts, &build, &tell).expect("measured")
            };
            let found: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
                threads.into_iter().map(|thread| thread.join().expect("caught")).collect()
            });
            assert!(found.iter().all(|other| *other == found[0]));
            assert_eq!(told.load(Ordering::Relaxed), 2);
            // Who comes later measures nothing.
            let before = calls.load(Ordering::Relaxed);
            assert_eq!(before as usize, 2 * reference.structures().len());
            assert_eq!(work(), found[0]);
            assert_eq!(calls.load(Ordering::Relaxed), before);
            found.into_iter().next().expect("a worker")
        };
        let one = measured(1);
        let Found { values, failure } = one[0].clone();
        assert!((LEAST..reference.structures().len()).contains(&values.len()), "{}", values.len());
        assert!(failure.is_some());
        assert_eq!(measured(3), one);
        let few = Found { values: values[..LEAST - 1].to_vec(), failure };
        let few = standing("fickle", few).expect_err("too few");
        assert!(few.starts_with("nothing to rank by: fickle scores 7 structures"), "{few}");
        assert!(standing("fickle", one[0].clone()).is_ok());
    }
}
