//! The optimum beside a search, before it and at its end; and who ends it.

use zendo::run::protocol::{Command, Ending, Member, Phase, Reason};

use super::{Said, fingerprint, run_to_end, spec, start};

/// Solved in no time.
const COARSE: [&str; 2] = ["space.width_multiple=32", "space.width_min=32"];
/// Of a space that takes many times as long to solve as the rest of its test.
const SLOW: [&str; 5] = [
    "space.width_max=2048",
    "budget.params=20M",
    "score.proxy=zen-analytic",
    "search.iterations=20",
    "confirm.best=0",
];

/// A search says how far it ended from the proven optimum, and can start there.
#[test]
fn the_optimum_is_proven_beside_a_search() {
    let optimum = |more: &[&str]| {
        let said = run_to_end(spec(&[&COARSE[..], &["confirm.best=0"], more].concat()), None);
        let last = said.last();
        let optimum = last.optimum.clone();
        (optimum, last.population[0].structure.clone(), said.logs)
    };
    let (found, _, logs) = optimum(&["run.optimum=true"]);
    let found = found.expect("was asked for");
    assert!(found.proven && found.gap().is_some_and(|gap| gap > 0.0), "{found:?}");
    assert!(
        logs.iter().any(|log| log.contains("no structure's analytic score exceeds")),
        "{logs:?}"
    );
    let (none, ..) = optimum(&[]);
    assert_eq!(none, None);
    // Nothing can beat what an analytic search starts from, but for what saturation leaves open.
    let seeded = ["run.optimum=true", "search.seed_with=optimum", "score.proxy=zen-analytic"];
    let (seeded, best, _) = optimum(&seeded);
    let seeded = seeded.expect("was asked for");
    assert_eq!(seeded.structure(), found.structure());
    assert!(seeded.gap().is_some_and(|gap| gap < found.gap().expect("known")), "{seeded:?} {best}");
    // Where there is nothing to solve, the search goes on and says why.
    let (none, _, logs) = optimum(&["run.optimum=true", "space.depth_steps=[1, 0]"]);
    assert_eq!(none, None);
    assert!(logs.iter().any(|log| log.contains("space.depth_steps")), "{logs:?}");
    let unsolvable = spec(&["search.seed_with=optimum", "space.depth_steps=[1, 0]"]);
    let error = unsolvable.check().expect_err("no optimum to start from").to_string();
    assert!(error.contains("search.seed_with") && error.contains("depth_steps"), "{error}");
}

/// The best of a search is solved for with its depths kept, joins the population, and is the better.
#[test]
fn the_best_is_polished_at_the_end() {
    let short = ["confirm.best=0", "score.proxy=zen-analytic"];
    let best = |more: &[&str]| {
        let said = run_to_end(spec(&[&COARSE[..], &short, more].concat()), None);
        (said.last().population[0].clone(), said.last().proposed)
    };
    let depths = |member: &Member| -> Vec<u32> {
        member.structure.blocks().iter().map(|block| block.sub_layers).collect()
    };
    let (plain, proposed) = best(&["search.iterations=199"]);
    let (polished, proposed_too) = best(&["search.iterations=200", "search.polish=true"]);
    assert_eq!((proposed, proposed_too), (199, 200), "a place is kept for it");
    assert!(polished.score.value > plain.score.value + 1.0, "{polished:?} {plain:?}");
    assert_eq!((polished.id, polished.parent), (200, Some(plain.id)));
    assert_eq!(depths(&polished), depths(&plain));
    // Measured like everybody where the search measures.
    let said = run_to_end(spec(&[&COARSE[..], &["search.polish=true"]].concat()), None);
    let last = said.last().population.iter().find(|member| member.id == said.last().proposed);
    assert!(last.is_some_and(|member| member.score.repeats == 1 && member.gain.is_some()));
}

/// Its threads are as many as the workers, and its answer the same.
#[test]
fn workers_change_nothing_in_polishing() {
    let run = |workers: &str| {
        let said =
            run_to_end(spec(&[&COARSE[..], &["search.polish=true", workers]].concat()), None);
        assert!(said.last().population.iter().any(|member| member.id == said.last().proposed));
        fingerprint(&said)
    };
    let one = run("run.workers=1");
    for workers in ["run.workers=2", "run.workers=5"] {
        assert_eq!(run(workers), one, "{workers}");
    }
}

/// The only score there may be is the initial structure's.
#[test]
fn polishing_takes_no_score_beyond_the_most() {
    for (most, scored) in [("search.max_scored=1", 1), ("search.max_scored=2", 2)] {
        let said = run_to_end(spec(&[&COARSE[..], &["search.polish=true", most]].concat()), None);
        assert_eq!(said.last().scored, scored);
        assert_eq!(said.finished.map(|f| f.reason), Some(Reason::MaxScored));
    }
}

fn is_proving(said: &Said) -> bool {
    said.snapshots.iter().any(|snapshot| snapshot.ending == Some(Ending::Proving))
}

/// A stop ends the polishing, and nothing is waited for behind it.
#[test]
fn a_stop_cuts_the_polishing_short() {
    let sets = [&SLOW[..], &["search.polish=true", "run.optimum=true"]].concat();
    let handle = start(spec(&sets), None);
    let mut said = Said::default();
    said.listen(&handle, |said| {
        said.snapshots.last().is_some_and(|s| s.ending == Some(Ending::Polishing))
    });
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert!(!is_proving(&said));
    assert_eq!(said.last().proposed, 19, "the place that was kept stays empty");
    let finished = said.finished.expect("finished");
    assert_eq!(finished.reason, Reason::Stopped);
    assert!(finished.winner.is_some());
}

/// A search that is over shows what it found while it waits for the proof, answers, and can be ended.
#[test]
fn a_stop_ends_the_wait_for_the_proof() {
    let handle = start(spec(&[&SLOW[..], &["run.optimum=true"]].concat()), None);
    let mut said = Said::default();
    said.listen(&handle, is_proving);
    let shown = said.last().clone();
    assert_eq!((shown.phase, shown.proposed), (Phase::Running, 20));
    handle.send(Command::Inspect(0)).expect("an engine");
    said.listen(&handle, |said| said.ancestors == 1);
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    let last = said.last();
    assert_eq!((last.phase, &last.optimum, last.ending), (Phase::Finished, &None, None));
    assert_eq!((last.elapsed_ms, last.confirm_ms), (shown.elapsed_ms, shown.confirm_ms));
    assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Iterations));
}

/// Whoever ends the confirmation doesn't wait for the proof either.
#[test]
fn a_stopped_confirmation_waits_for_no_proof() {
    let sets = ["run.optimum=true", "confirm.best=4", "confirm.repeats=1000"];
    let handle = start(spec(&[&SLOW[..], &sets].concat()), None);
    let mut said = Said::default();
    said.listen(&handle, Said::is_confirming);
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert!(!is_proving(&said));
    assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Iterations));
}

/// Commands are heard while what a search starts from is solved for.
#[test]
fn the_solution_of_a_start_can_be_paused_and_stopped() {
    let handle = start(spec(&[&SLOW[..], &["search.seed_with=optimum"]].concat()), None);
    let mut said = Said::default();
    said.listen(&handle, |said| {
        said.logs.iter().any(|log| log.contains("solving for the optimum"))
    });
    handle.send(Command::Pause).expect("an engine");
    said.listen(&handle, |said| said.phases.last() == Some(&Phase::Paused));
    handle.send(Command::Resume).expect("an engine");
    said.listen(&handle, |said| said.phases.last() == Some(&Phase::Starting));
    handle.send(Command::Stop).expect("an engine");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert_eq!((said.last().proposed, said.last().scored), (0, 0));
    assert!(said.faults.is_empty(), "{:?}", said.faults);
    let finished = said.finished.expect("finished");
    assert_eq!((finished.reason, finished.winner), (Reason::Stopped, None));
}
