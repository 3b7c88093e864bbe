//! The engine with its threads: same search whatever the workers do, and nothing lost when things
//! go wrong.

mod candidates;
mod fronts;
mod proofs;
mod ranks;
mod resume;
mod tuning;

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use zendo::{
    arch::Structure,
    proxy::{Evaluation, Failure, Proxy},
    random::{Purpose, Stream},
    run::{
        self, Handle, Refusal, RunSpec, ScorerFactory,
        protocol::{Command, Fault, Finished, Phase, Reason, Snapshot, Tuned, Update},
    },
    space::PresetSource,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn spec(sets: &[&str]) -> RunSpec {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let mut source = PresetSource::find("quick", &no_files).expect("shipped");
    for set in [
        "run.device=cpu",
        "space.resolution=8",
        "score.batch=2",
        "search.iterations=300",
        "confirm.repeats=8",
        // One tier, unless a test is about them.
        "screen.keep=1",
        "search.climb=0",
        "search.repair=false",
        "score.elites=0",
        "run.optimum=false",
    ] {
        source.set_assignment(set).expect("a key");
    }
    for set in sets {
        source.set_assignment(set).expect("a key");
    }
    RunSpec::new("quick", source.preset().expect("valid"))
}

/// Everything a run said.
#[derive(Default)]
struct Said {
    snapshots: Vec<Arc<Snapshot>>,
    phases: Vec<Phase>,
    faults: Vec<Fault>,
    logs: Vec<String>,
    ancestors: usize,
    tuned: Vec<Tuned>,
    refused: Vec<Refusal>,
    finished: Option<Finished>,
}

impl Said {
    fn last(&self) -> &Snapshot {
        self.snapshots.last().expect("at least one snapshot")
    }

    fn is_confirming(&self) -> bool {
        self.phases.iter().any(|phase| matches!(phase, Phase::Confirming { .. }))
    }

    fn take(&mut self, updates: Vec<Update>) {
        for update in updates {
            match update {
                Update::Snapshot(snapshot) => self.snapshots.push(snapshot),
                Update::Phase(phase) => self.phases.push(phase),
                Update::Fault(fault) => self.faults.push(fault),
                Update::Finished(finished) => self.finished = Some(finished),
                Update::Log(log) => self.logs.push(log.text),
                Update::Ancestors(_) => self.ancestors += 1,
                Update::Tuned(tuned) => self.tuned.push(*tuned),
                Update::Refused(refused) => self.refused.push(refused),
                Update::Hello(_) | Update::NewBest(_) => {}
            }
        }
    }

    /// Listens until `enough`; fails when that takes too long.
    fn listen(&mut self, handle: &Handle, enough: impl Fn(&Said) -> bool) {
        let start = Instant::now();
        while !enough(self) {
            assert!(start.elapsed() < PATIENCE, "waited in vain; phases {:?}", self.phases);
            self.take(handle.wait(Duration::from_millis(50)));
        }
    }
}

fn start(spec: RunSpec, factory: Option<ScorerFactory>) -> Handle {
    let waker = Box::new(|| {});
    let handle = match factory {
        Some(factory) => run::spawn_with(waker, factory),
        None => run::spawn(waker),
    };
    let handle = handle.expect("a thread");
    handle.send(Command::Start(Box::new(spec))).expect("an engine");
    handle
}

fn run_to_end(spec: RunSpec, factory: Option<ScorerFactory>) -> Said {
    let handle = start(spec, factory);
    let mut said = Said::default();
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    said
}

fn fingerprint(said: &Said) -> String {
    let last = said.last();
    let members: Vec<_> = last
        .population
        .iter()
        .map(|m| (m.id, m.structure.to_string(), m.score.value.to_bits(), m.parent))
        .collect();
    let confirmed: Vec<_> =
        last.confirmation.iter().map(|c| (c.id, c.score.map(|s| s.mean.to_bits()))).collect();
    let winner = said.finished.as_ref().and_then(|f| f.winner.as_ref()).map(|w| w.member.id);
    format!("{members:?} {confirmed:?} {winner:?} {} {:?}", last.scored, last.rejected)
}

/// Real Zen-Scores, 2,000 iterations: the same population, confirmation and winner with one worker and with two;
/// another with another seed.
#[test]
fn workers_change_nothing_and_seeds_do() {
    let run = |sets: &[&str]| {
        let all = [&["search.iterations=2_000"], sets].concat();
        fingerprint(&run_to_end(spec(&all), None))
    };
    let one = run(&["run.workers=1"]);
    assert_eq!(one, run(&["run.workers=2"]));
    assert_eq!(one, run(&["run.workers=2"]));
    let other = run(&["run.workers=2", "search.seed=7"]);
    assert_ne!(one, other);
}

/// Screen, elites, repair, climb and the rounds of a confirmation decide by results alone.
#[test]
fn workers_change_nothing_in_tiers() {
    let tiers = [
        "screen.keep=0.2",
        "search.climb=3",
        "search.repair=true",
        "score.elites=6",
        "search.iterations=1_500",
        "confirm.repeats=24",
    ];
    let run = |workers: &str| run_to_end(spec(&[&tiers[..], &[workers]].concat()), None);
    let (one, three) = (run("run.workers=1"), run("run.workers=3"));
    assert_eq!(fingerprint(&one), fingerprint(&three));
    let last = one.last();
    assert_eq!(last.screening, three.last().screening);
    assert!(last.screening.is_some_and(|s| s.agreement.is_some()), "{:?}", last.screening);
    assert!(last.rescored > 0 && last.noise.is_some_and(|noise| noise > 0.0));
    assert!(last.rejected.iter().any(|(why, count)| why == "screened" && *count > 0));
}

/// The analytic score searches without a worker; the measured one judges its finalists.
#[test]
fn an_analytic_search_is_confirmed_by_measurement() {
    let sets = ["score.proxy=zen-analytic", "search.iterations=20_000", "confirm.repeats=16"];
    let said = run_to_end(spec(&sets), None);
    let last = said.last();
    assert!(last.population.iter().all(|m| m.score.repeats == 0 && m.score.std.is_none()));
    assert_eq!(last.noise, None);
    let winner = said.finished.as_ref().and_then(|f| f.winner.as_ref()).expect("a winner");
    assert!(winner.repeats >= 16 && winner.confirmed.is_some_and(|c| c.std > Some(0.0)));
    // Ties are finalists that nothing rules out.
    for tie in &winner.ties {
        let finalist = last.confirmation.iter().find(|c| c.id == tie.id).expect("a finalist");
        assert!(!finalist.out && finalist.behind.is_some_and(|gap| !gap.is_apart()));
    }
    // The shipped tiers mean nothing to it, and are no reason to refuse it.
    spec(&["score.proxy=zen-estimate", "screen.keep=0.5", "score.elites=2"])
        .check()
        .expect("starts");
    for set in ["search.climb=2", "confirm.proxy=zen-analytic"] {
        let error = spec(&[set]).check().expect_err(set).to_string();
        assert!(error.contains(set.split('=').next().expect("a key")), "{error}");
    }
}

/// Which worker knows a prefix, and which prefixes had to make room, depends on luck; results don't.
#[test]
fn kept_prefixes_change_no_result() {
    let run = |sets: &[&str]| {
        let common = [
            "score.seed_mode=common",
            "search.iterations=1_000",
            "space.resolution=16",
            "score.batch=4",
        ];
        let said = run_to_end(spec(&[&common, sets].concat()), None);
        assert!(said.faults.is_empty(), "{:?}", said.faults);
        let told = said.logs.iter().any(|log| log.starts_with("common seeds: "));
        (fingerprint(&said), told)
    };
    let (one, told) = run(&["run.prefix_memory=1G", "run.workers=1"]);
    assert!(told, "what was saved is told");
    // The least memory there may be: most prefixes soon leave.
    for sets in [
        ["run.prefix_memory=1G", "run.workers=2"],
        ["run.prefix_memory=16M", "run.workers=1"],
        ["run.prefix_memory=16M", "run.workers=3"],
    ] {
        assert_eq!(run(&sets).0, one, "{sets:?}");
    }
    assert!(!run(&["run.workers=2"]).1, "nothing is kept unless asked for");
    let spec = spec(&["score.seed_mode=common", "run.prefix_memory=16M", "run.kernels=graph"]);
    let said = run_to_end(spec, None);
    assert!(said.logs.iter().any(|log| log.contains("keep no prefixes")), "{:?}", said.logs);
}

#[test]
fn the_winner_is_the_confirmed_one() {
    let said = run_to_end(spec(&[]), None);
    let last = said.last();
    assert_eq!((last.phase, last.proposed), (Phase::Finished, 300));
    assert_eq!(last.confirmation.len(), 8);
    assert!(last.confirmation.iter().all(|c| c.repeats == 8 && c.margin_95().is_some()));
    let finished = said.finished.as_ref().expect("finished");
    assert_eq!(finished.reason, Reason::Iterations);
    let winner = finished.winner.as_ref().expect("a winner");
    assert_eq!((winner.member.id, winner.repeats), (last.confirmation[0].id, 8));
    // Fresh draws: the confirmed mean is not the score the search went by.
    assert_ne!(winner.confirmed.map(|c| c.mean), Some(winner.member.score.value));
}

#[test]
fn pause_waits_and_resume_goes_on() {
    let handle = start(spec(&["search.iterations=1_000_000"]), None);
    let mut said = Said::default();
    said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.scored > 0));
    handle.send(Command::Pause).expect("an engine");
    said.listen(&handle, |said| said.phases.last() == Some(&Phase::Paused));
    said.listen(&handle, |said| said.last().phase == Phase::Paused);
    let (proposed, elapsed) = (said.last().proposed, said.last().elapsed_ms);
    std::thread::sleep(Duration::from_millis(300));
    handle.send(Command::Resync).expect("an engine");
    let seen = said.last().seq;
    said.listen(&handle, |said| said.last().seq > seen);
    assert_eq!((said.last().proposed, said.last().elapsed_ms), (proposed, elapsed));
    handle.send(Command::Resume).expect("an engine");
    said.listen(&handle, |said| said.last().proposed > proposed);
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    let finished = said.finished.as_ref().expect("finished");
    assert_eq!(finished.reason, Reason::Stopped);
    assert!(finished.winner.as_ref().is_some_and(|w| w.repeats == 8), "a stop still confirms");
}

/// A second stop ends the confirmation.
#[test]
fn two_stops_end_at_once() {
    let handle = start(spec(&["confirm.repeats=1000", "search.iterations=20"]), None);
    let mut said = Said::default();
    said.listen(&handle, Said::is_confirming);
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert!(said.last().confirmation.iter().any(|c| c.repeats < 1000));
}

/// More workers than the engine's channel holds messages, all of them busy when it ends.
#[test]
fn an_early_end_does_not_wait_for_room_in_a_channel() {
    let sets =
        ["run.workers=150", "search.pipeline=200", "confirm.best=200", "confirm.repeats=1000"];
    let handle = start(spec(&sets), Some(scripted(u32::MAX, u32::MAX)));
    let mut said = Said::default();
    said.listen(&handle, Said::is_confirming);
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
}

/// A proxy, and a viewer, that wait while somebody holds their gates.
#[derive(Clone, Default)]
struct Gates {
    proxy: Arc<Mutex<()>>,
    viewer: Arc<Mutex<()>>,
    is_viewer_waiting: Arc<AtomicBool>,
    at_work: Arc<AtomicU32>,
    scored: Arc<AtomicU32>,
}

impl Proxy for Gates {
    fn name(&self) -> &'static str {
        "gates"
    }

    fn evaluate(&mut self, _: &Structure, _: u64, _: u32) -> Result<Evaluation, Failure> {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        drop(self.proxy.lock());
        self.scored.fetch_add(1, Ordering::Relaxed);
        Ok(Evaluation { score: 1.0, zen: None })
    }
}

fn wait_until(enough: impl Fn() -> bool) {
    let start = Instant::now();
    while !enough() {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// However many workers have something to say to an engine that is busy.
#[test]
fn reports_leave_room_for_commands() {
    let gates = Gates::default();
    let (proxy, viewer) = (gates.proxy.lock(), gates.viewer.lock());
    let factory: ScorerFactory = {
        let gates = gates.clone();
        Arc::new(move |_| Ok(Box::new(gates.clone())))
    };
    let waker = {
        let gates = gates.clone();
        Box::new(move || {
            // Only once all workers are at work.
            if gates.at_work.load(Ordering::Relaxed) == 150 {
                gates.is_viewer_waiting.store(true, Ordering::Relaxed);
                drop(gates.viewer.lock());
            }
        })
    };
    let handle = run::spawn_with(waker, factory).expect("a thread");
    let sets =
        ["run.workers=150", "search.pipeline=200", "search.iterations=1_000_000", "confirm.best=0"];
    handle.send(Command::Start(Box::new(spec(&sets)))).expect("an engine");
    wait_until(|| gates.is_viewer_waiting.load(Ordering::Relaxed));
    drop(proxy);
    wait_until(|| gates.scored.load(Ordering::Relaxed) >= 150);
    // For the reports themselves.
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..63 {
        handle.send(Command::Resync).expect("room");
    }
    handle.send(Command::Stop).expect("room");
    drop(viewer);
    let mut said = Said::default();
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Stopped));
}

/// A population below the reference's start of eleven evolves once it is full.
#[test]
fn a_small_population_evolves() {
    let said = run_to_end(spec(&["search.population=4", "confirm.best=0"]), None);
    assert!(said.last().population.iter().any(|m| m.generation > 1));
}

/// Scores by width; panics or fails on every so many-th call.
struct Scripted {
    calls: Arc<AtomicU32>,
    panic_every: u32,
    fail_every: u32,
}

impl Proxy for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn evaluate(&mut self, structure: &Structure, _: u64, _: u32) -> Result<Evaluation, Failure> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(!call.is_multiple_of(self.panic_every), "scripted panic");
        if call.is_multiple_of(self.fail_every) {
            return Err(Failure::NotFinite { what: "a made-up score".to_owned() });
        }
        // Long enough that an end finds every worker at work.
        std::thread::sleep(Duration::from_micros(200));
        let score = structure.blocks().iter().map(|b| f64::from(b.out_channels)).sum();
        Ok(Evaluation { score, zen: None })
    }
}

fn scripted(panic_every: u32, fail_every: u32) -> ScorerFactory {
    let calls = Arc::new(AtomicU32::new(0));
    Arc::new(move |_| {
        let calls = Arc::clone(&calls);
        Ok(Box::new(Scripted { calls, panic_every, fail_every }))
    })
}

#[test]
fn a_panicking_worker_costs_one_candidate_and_is_reported() {
    // With two draws a candidate the best isn't sounded: a panic there would be no candidate's.
    let twice = spec(&["confirm.best=0", "score.repeats=2"]);
    let said = run_to_end(twice, Some(scripted(20, u32::MAX)));
    let last = said.last();
    assert!(last.failed > 0 && last.scored > last.failed);
    let rejected: u64 = last.rejected.iter().map(|(_, n)| n).sum();
    assert_eq!(last.scored + last.failed + rejected, last.proposed + 1);
    // Each is told once, with its worker and its candidate.
    assert_eq!(said.faults.len() as u64, last.failed);
    assert!(said.faults.iter().all(|f| f.worker.is_some() && f.id.is_some()));
    assert!(said.faults.iter().all(|f| f.text.contains("panicked: scripted panic")));
    assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Iterations));
}

#[test]
fn a_failed_score_is_a_recorded_failure() {
    let said = run_to_end(spec(&["confirm.best=0"]), Some(scripted(u32::MAX, 10)));
    let last = said.last();
    assert!(last.failed > 0);
    assert!(said.faults.iter().any(|f| f.text.contains("a made-up score is not finite")));
    assert!(last.population.iter().all(|m| m.score.value.is_finite()));
}

#[test]
fn a_hopeless_search_ends_and_says_why() {
    let said = run_to_end(spec(&[]), Some(scripted(u32::MAX, 1)));
    let finished = said.finished.as_ref().expect("finished");
    assert_eq!((finished.reason, &finished.winner), (Reason::Failed, &None));
    let last_words = said.faults.iter().filter(|f| f.text.contains("no candidate could be scored"));
    assert_eq!(last_words.count(), 1);
}

#[test]
fn a_run_leaves_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("new");
    let portable = spec(&["run.kernels=portable"]);
    let said = run_to_end(RunSpec { out: Some(out.clone()), ..portable }, None);
    let winner = said.finished.and_then(|f| f.winner).expect("a winner");
    let best = fs::read_to_string(out.join("best.txt")).expect("best.txt");
    assert_eq!(best.trim_end(), winner.member.structure.to_string());
    let run = fs::read_to_string(out.join("run.toml")).expect("run.toml");
    let run: toml::Table = run.parse().expect("TOML");
    assert_eq!(run["settings"]["search"]["seed"].as_integer(), Some(2021));
    assert_eq!(run["device"].as_str(), Some("cpu"));
    assert_eq!(run["kernels"].as_str(), Some("portable"));
    assert_eq!(run["settings"]["run"]["kernels"].as_str(), Some("portable"));
    // A used folder is nobody's to write into.
    let error = RunSpec { out: Some(out), ..spec(&[]) }.check().expect_err("not empty");
    assert!(error.to_string().contains("not empty"), "{error}");
}

#[test]
fn what_cannot_start_says_why() {
    for (set, expected) in [
        ("run.device=gpu", "run.device: "),
        ("run.kernels=grahp", "run.kernels: `grahp` names no kernels"),
        ("score.proxy=zenn", "did you mean"),
        ("confirm.proxy=zenn", "confirm.proxy: "),
        (
            "score.proxy={ zen = 1, naswto = 1 }",
            "score.proxy: there is no proxy `naswto`; did you mean `naswot`?",
        ),
        (
            "confirm.proxy=flops=1,params=1",
            "confirm.proxy: flops=1,params=1 is the same in every draw",
        ),
        ("budget.latency={ ms = 1.0 }", "needs a latency table"),
    ] {
        let spec = spec(&[set]);
        let error = spec.check().expect_err(set).to_string();
        assert!(error.contains(expected), "{error}");
        let said = run_to_end(spec, None);
        assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Failed));
        assert_eq!(said.faults.first().map(|f| f.text.clone()), Some(error));
    }
}

/// The messages are the same over a wire.
#[test]
fn the_protocol_round_trips() {
    let handle = start(spec(&["search.iterations=40"]), None);
    let mut updates = Vec::new();
    while !handle.is_over() {
        updates.extend(handle.wait(Duration::from_millis(50)));
    }
    handle.join();
    assert!(updates.len() > 4);
    for update in updates {
        let json = serde_json::to_string(&update).expect("serialises");
        assert_eq!(serde_json::from_str::<Update>(&json).expect("reads back"), update);
    }
    let command = Command::Start(Box::new(spec(&[])));
    let json = serde_json::to_string(&command).expect("serialises");
    assert_eq!(serde_json::from_str::<Command>(&json).expect("reads back"), command);
}

/// Everybody is drawn once, so nothing else tells how noisy a draw is; what is drawn more decides nothing.
#[test]
fn the_noise_is_sounded_where_nothing_tells_it() {
    let noisy = |calls: Arc<AtomicU32>| -> ScorerFactory {
        Arc::new(move |_| Ok(Box::new(Noisy { calls: Arc::clone(&calls) })))
    };
    let sets = ["confirm.best=0", "search.iterations=400"];
    let calls = Arc::new(AtomicU32::new(0));
    let said = run_to_end(spec(&sets), Some(noisy(Arc::clone(&calls))));
    let last = said.last();
    let noise = last.noise.expect("sounded");
    // Of 8 and more draws, uniform between −1 and 1: about 0.58.
    assert!((0.2..1.2).contains(&noise), "{noise}");
    let soundings = u64::from(calls.load(Ordering::Relaxed)) - last.scored;
    assert!(soundings >= 8 && soundings.is_multiple_of(4), "{soundings} draws");
    assert_eq!(last.rescored, 0);
    assert!(last.population.iter().all(|member| member.score.repeats == 1));
}

/// A score with noise by seed and draw.
struct Noisy {
    calls: Arc<AtomicU32>,
}

impl Proxy for Noisy {
    fn name(&self) -> &'static str {
        "noisy"
    }

    fn evaluate(&mut self, s: &Structure, seed: u64, repeat: u32) -> Result<Evaluation, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut stream = Stream::of_candidate(seed, Purpose::ScoreSeed, repeat.into());
        let noise = f64::from(stream.below(2_001)) / 1_000.0 - 1.0;
        Ok(Evaluation { score: s.blocks().len() as f64 + noise, zen: None })
    }
}
