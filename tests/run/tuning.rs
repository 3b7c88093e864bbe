//! Settings changed while the engine runs.

use std::fs;

use zendo::{
    run::{
        self, Handle, Replay, RunSpec,
        protocol::{Command, Ending, Phase, Reason, Tuned},
    },
    space::Setting,
};

use super::{Said, fingerprint, run_to_end, spec, start};

/// More than any test waits for: it ends by being tuned, or stopped.
const LONG: &str = "search.iterations=1_000_000";

fn settings(assignments: &[&str]) -> Vec<Setting> {
    assignments.iter().map(|a| Setting::parse(a).expect("a key")).collect()
}

/// A run, and what was heard of it.
struct Watched {
    handle: Handle,
    said: Said,
}

impl Watched {
    fn start(spec: RunSpec) -> Watched {
        Watched { handle: start(spec, None), said: Said::default() }
    }

    fn tell(&self, command: Command) {
        self.handle.send(command).expect("an engine");
    }

    fn until_scored(&mut self, more: u64) {
        let enough = self.said.snapshots.last().map_or(0, |s| s.scored) + more;
        self.said.listen(&self.handle, |said| {
            said.snapshots.last().is_some_and(|s| s.scored >= enough && s.renewal.is_none())
        });
    }

    /// Makes a change and waits until it is made.
    fn change(&mut self, command: Command) -> Tuned {
        let before = self.said.tuned.len();
        self.tell(command);
        self.said.listen(&self.handle, |said| said.tuned.len() > before);
        self.said.tuned.last().expect("just made").clone()
    }

    fn tune(&mut self, assignments: &[&str]) -> Tuned {
        self.change(Command::Tune(settings(assignments)))
    }

    /// What is said of a change that can't be made.
    fn refusal(&mut self, command: Command) -> String {
        let before = self.said.refused.len();
        self.tell(command);
        self.said.listen(&self.handle, |said| said.refused.len() > before);
        self.said.refused.last().expect("just said").to_string()
    }

    fn finish(mut self) -> Said {
        self.said.listen(&self.handle, |said| said.finished.is_some());
        self.handle.join();
        self.said
    }
}

/// Everything about changes but the clock.
fn timeless(said: &Said) -> Vec<Tuned> {
    said.last().tunings.iter().map(|tuned| Tuned { at_ms: 0, ..tuned.clone() }).collect()
}

/// Changed by a person who watches; then again, by nobody and with other workers: the same search.
#[test]
fn a_tuned_run_replays() {
    let spec = |workers: &str| spec(&[LONG, "screen.keep=0.5", "score.elites=4", workers]);
    let mut run = Watched::start(spec("run.workers=2"));
    run.until_scored(150);
    // While it stands, a change is made at once.
    run.tell(Command::Pause);
    run.said.listen(&run.handle, |said| said.phases.contains(&Phase::Paused));
    let first = run.tune(&["search.population=20", "budget.params=900k", "space.kernels=[3, 5]"]);
    assert!(first.evicted >= 44, "{first:?}");
    assert_eq!(run.said.last().population.len(), 64 - first.evicted);
    run.tell(Command::Resume);
    run.until_scored(60);
    let second = run.tune(&["score.definition=paper", "score.batch=3", "run.workers=1"]);
    assert!(second.rescored > 0, "{second:?}");
    run.until_scored(60);
    let back = run.change(Command::Untune);
    assert_eq!(back.undoes, Some(2));
    run.until_scored(60);
    assert_eq!(run.change(Command::Untune).undoes, Some(1));
    run.until_scored(60);
    assert!(run.refusal(Command::Untune).contains("nothing was changed"));
    let end = format!("search.iterations={}", run.said.last().proposed + 300);
    run.tune(&[&end, "confirm.best=4"]);
    let said = run.finish();
    let tuned = timeless(&said);
    assert_eq!(tuned.len(), 5);
    let preset = tuned.iter().try_fold(spec("run.workers=2").preset, |preset, tuned| {
        preset.with_settings(&tuned.settings)
    });
    assert_eq!(preset.expect("valid").search.population, 64);

    let changes = tuned.iter().map(Tuned::scheduled).collect();
    let replay = Replay { changes, stops: Vec::new() };
    let again = run_to_end(RunSpec { replay, ..spec("run.workers=1") }, None);
    // It has one worker all along, so that what changes that is none for it.
    let of_the_search = |mut tuned: Vec<Tuned>| {
        tuned.iter_mut().for_each(|tuned| tuned.changes.retain(|c| c.key != "run.workers"));
        tuned
    };
    assert_eq!(of_the_search(timeless(&again)), of_the_search(tuned));
    assert_eq!(fingerprint(&said), fingerprint(&again));
    let last = |said: &Said| (said.last().proposed, said.last().convergence.clone());
    assert_eq!(last(&said), last(&again));
}

#[test]
fn what_cannot_be_changed_says_why() {
    let mut run = Watched::start(spec(&[LONG]));
    run.until_scored(30);
    for (assignment, why) in [
        ("search.seed=1", "search.seed: it stays what it is while the search runs: all draws"),
        ("run.device=cuda:0", "run.device: it stays what it is"),
        ("search.population=1", "search.population: 1 is too small: 2 or more"),
        ("search.population=64", "everything is set so already"),
        ("budget.params=1k", "breaks 'params'"),
        ("search.climb=4", "climbing goes by the analytic score"),
        ("score.proxy=zne", "no proxy 'zne', did you mean 'zen'?"),
        ("space.kernels=[4]", "space.kernels: 4 is not one of [3, 5, 7]"),
    ] {
        let said = run.refusal(Command::Tune(settings(&[assignment])));
        assert!(said.contains(why), "{assignment}: {said}");
    }
    let unknown = Setting { key: "search.popluation".to_owned(), value: Some("9".to_owned()) };
    let said = run.refusal(Command::Tune(vec![unknown]));
    assert!(said.contains("did you mean 'search.population'?"), "{said}");
    // One that is refused leaves the others of its command undone too.
    let both = run.refusal(Command::Tune(settings(&["search.mutations=3", "search.seed=1"])));
    assert!(both.contains("search.seed"), "{both}");
    run.tell(Command::Stop);
    run.said.listen(&run.handle, Said::is_confirming);
    let late = run.refusal(Command::Tune(settings(&["search.mutations=3"])));
    assert!(late.contains("the search is over"), "{late}");
    run.tell(Command::Stop);
    let said = run.finish();
    assert!(said.tuned.is_empty() && said.last().tunings.is_empty());
}

#[test]
fn workers_come_and_go() {
    let mut run = Watched::start(spec(&[LONG, "run.workers=1"]));
    for wanted in [4, 1, 3] {
        run.until_scored(30);
        run.tune(&[&format!("run.workers={wanted}")]);
        run.until_scored(30);
        assert_eq!(run.said.last().workers.len(), wanted);
    }
    run.tell(Command::Stop);
    run.said.listen(&run.handle, Said::is_confirming);
    run.tell(Command::Stop);
    assert!(run.finish().faults.is_empty());
}

/// Another budget has another optimum.
#[test]
fn a_changed_budget_is_proven_anew() {
    let coarse = ["space.width_multiple=32", "space.width_min=32"];
    let sets = [&coarse[..], &[LONG, "run.optimum=true", "confirm.best=0"]].concat();
    let mut run = Watched::start(spec(&sets));
    let bound =
        |said: &Said| said.snapshots.last()?.optimum.as_ref().filter(|o| o.proven).map(|o| o.bound);
    run.said.listen(&run.handle, |said| bound(said).is_some());
    let wide = bound(&run.said).expect("just heard");
    run.tune(&["budget.params=200k"]);
    run.said.listen(&run.handle, |said| bound(said).is_some_and(|bound| bound < wide));
    run.change(Command::Untune);
    run.said.listen(&run.handle, |said| bound(said) == Some(wide));
    run.tell(Command::Stop);
    run.finish();
}

/// From its folder a run can be done again, changes and stop included.
#[test]
fn a_folder_tells_how_to_do_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("first");
    let mut run = Watched::start(RunSpec { out: Some(out.clone()), ..spec(&[LONG]) });
    run.until_scored(80);
    run.tune(&["search.population=16", "space.kernels=[3]"]);
    run.until_scored(40);
    run.tell(Command::Stop);
    let said = run.finish();
    let asked = run::replay(&out).expect("its files say it");
    assert_eq!((asked.replay.changes.len(), asked.replay.stops.len()), (1, 1));
    let again = folder.path().join("again");
    let again = run_to_end(RunSpec { out: Some(again), ..asked }, None);
    assert_eq!(fingerprint(&said), fingerprint(&again));
    assert_eq!(timeless(&said), timeless(&again));
    let first = fs::read_to_string(out.join("best.txt")).expect("written");
    let second = fs::read_to_string(folder.path().join("again/best.txt")).expect("written");
    assert_eq!(first, second);
    let missing = run::replay(folder.path()).expect_err("no run").to_string();
    assert!(missing.contains("run.toml: can't be read"), "{missing}");
    let settings = fs::read_to_string(out.join("run.toml")).expect("written");
    fs::write(out.join("run.toml"), settings.replace("version = 1", "version = 9"))
        .expect("written");
    let other = run::replay(&out).expect_err("another version").to_string();
    assert!(other.contains("version is 9"), "{other}");
}

/// Also one that came when everything was proposed.
#[test]
fn a_stop_of_the_climb_is_done_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("first");
    let sets = ["search.iterations=600", "screen.keep=0.5", "search.climb=64", "confirm.best=0"];
    let mut run = Watched::start(RunSpec { out: Some(out.clone()), ..spec(&sets) });
    let climbs = |said: &Said| said.snapshots.last().map(|s| s.ending);
    run.said.listen(&run.handle, |said| climbs(said) == Some(Some(Ending::Climbing)));
    run.tell(Command::Stop);
    let said = run.finish();
    assert_eq!(said.finished.as_ref().map(|f| f.reason), Some(Reason::Stopped));
    let again = run_to_end(run::replay(&out).expect("its files say it"), None);
    assert_eq!(fingerprint(&said), fingerprint(&again));
    assert_eq!(said.last().proposed, again.last().proposed);
}
