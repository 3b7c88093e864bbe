//! Searches by several proxies at once, by rank.

use std::fs;

use zendo::{
    run::{
        self, RunSpec,
        protocol::{Command, Reason},
    },
    space::Setting,
};

use super::{Said, fingerprint, run_to_end, spec, start};

/// With noise and without.
const COMBINED: &str = "score.proxy={ zen = 1.0, params = -0.5, naswot = 0.5 }";

fn sets<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&[COMBINED, "search.iterations=120", "confirm.best=2"], more].concat()
}

/// What is said of the sample; nothing in between of how long it took.
fn told(said: &Said) -> Vec<&str> {
    let of = said.logs.iter().filter_map(|log| log.strip_prefix("zen=1,naswot=0.5,params=-0.5: "));
    of.map(|text| text.split(", scored in").next().unwrap_or(text)).collect()
}

const ONCE: [&str; 2] = ["scores 64 structures first, to rank by", "ranks among 64 structures"];

/// The sample is measured by whoever is there, once.
#[test]
fn the_number_of_workers_decides_nothing() {
    let one = run_to_end(spec(&sets(&["run.workers=1"])), None);
    assert_eq!(one.finished.as_ref().map(|f| f.reason), Some(Reason::Iterations));
    assert_eq!(told(&one), ONCE);
    let three = run_to_end(spec(&sets(&["run.workers=3"])), None);
    assert_eq!(told(&three), ONCE);
    assert_eq!(fingerprint(&one), fingerprint(&three));
    // Not of another order alone: a population that went by one part is another.
    let zen = run_to_end(spec(&sets(&["score.proxy=zen", "run.workers=3"])), None);
    assert_ne!(fingerprint(&one), fingerprint(&zen));
}

/// Ranks of one proxy order as it does: the search is the same search.
#[test]
fn one_proxy_by_rank_searches_as_it_does() {
    let structures = |set: &str| -> Vec<String> {
        let said = run_to_end(spec(&[set, "search.iterations=300", "confirm.best=0"]), None);
        assert!(said.last().population.len() > 20);
        said.last().population.iter().map(|member| member.structure.to_string()).collect()
    };
    let plain = structures("score.proxy=params");
    assert_eq!(structures("score.proxy={ params = 2.0 }"), plain);
    let fewest = structures("score.proxy={ params = -1.0 }");
    assert_ne!(fewest, plain);
}

/// Interrupted and tuned: the sample is of the space as the run began with it, and scores are what they were.
#[test]
fn a_run_goes_on_by_the_ranks_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let [run, twin] = ["run", "twin"].map(|name| folder.path().join(name));
    let kept = |out: &std::path::Path| RunSpec {
        out: Some(out.to_owned()),
        checkpoint_ms: 20,
        ..spec(&sets(&["search.iterations=2_000", "search.max_scored=400"]))
    };
    let change = [Setting::parse("budget.params=300k").expect("a key")];
    let mut spec = kept(&run);
    for round in 1..4_u64 {
        let handle = start(spec, None);
        let mut said = Said::default();
        if round == 1 {
            said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.scored > 40));
            handle.send(Command::Tune(change.to_vec())).expect("runs");
            said.listen(&handle, |said| !said.tuned.is_empty());
        }
        said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.scored > round * 80));
        handle.send(Command::Suspend).expect("runs");
        said.listen(&handle, |said| said.finished.is_some());
        assert_eq!(said.finished.expect("ended").reason, Reason::Interrupted);
        handle.join();
        spec = run::resume(&run).expect("its files say it");
    }
    let said = run_to_end(spec, None);
    assert_eq!(said.finished.as_ref().map(|f| f.reason), Some(Reason::MaxScored));
    let replay = run::replay(&run).expect("its files say it");
    let again = run_to_end(RunSpec { out: Some(twin), ..replay }, None);
    assert_eq!(fingerprint(&said), fingerprint(&again));
    let asked = fs::read_to_string(run.join("run.toml")).expect("run.toml");
    assert!(asked.contains(r#"proxy = "zen=1,naswot=0.5,params=-0.5""#), "{asked}");
}

/// From one proxy to several and back: everybody is scored anew, by what ranks mean then.
#[test]
fn a_running_search_takes_up_ranks() {
    let handle = start(spec(&["search.iterations=1_000_000", "confirm.best=0"]), None);
    let mut said = Said::default();
    said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.scored > 30));
    let tune = |set: &str| Command::Tune(vec![Setting::parse(set).expect("a key")]);
    handle.send(tune("score.proxy=zen=1,nawsot=1")).expect("runs");
    said.listen(&handle, |said| !said.refused.is_empty());
    let refused = said.refused.last().map(ToString::to_string).unwrap_or_default();
    assert_eq!(refused, "score.proxy: there is no proxy 'nawsot', did you mean 'naswot'?");
    handle.send(tune(COMBINED)).expect("runs");
    said.listen(&handle, |said| said.logs.iter().any(|log| log.contains("members anew")));
    assert_eq!(told(&said), ONCE);
    let change = said.tuned.last().and_then(|tuned| tuned.changes.first()).expect("a change");
    assert_eq!(change.to_string(), "score.proxy zen → zen=1,naswot=0.5,params=-0.5");
    // What is measured stays what it is, and so does the sample.
    for set in ["score.repeats=2", "confirm.best=3"] {
        let before = said.tuned.len();
        handle.send(tune(set)).expect("runs");
        said.listen(&handle, |said| said.tuned.len() > before);
        handle.send(Command::Untune).expect("runs");
        said.listen(&handle, |said| said.tuned.len() > before + 1);
    }
    let scored = said.last().scored;
    said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.scored > scored + 5));
    assert_eq!(told(&said), ONCE);
    handle.send(Command::Untune).expect("runs");
    said.listen(&handle, |said| {
        said.tuned.len() == 6 && said.snapshots.last().is_some_and(|s| s.renewal.is_none())
    });
    handle.send(Command::Stop).expect("runs");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    let best = said.last().population.first().expect("somebody").score;
    assert!(best.value > 20.0, "by zen again: {best:?}");
}

/// Finalists can be judged by ranks, too, by draws that the search never saw.
#[test]
fn a_confirmation_goes_by_ranks() {
    let confirm = "confirm.proxy={ zen = 1.0, params = -0.5, naswot = 0.5 }";
    let alike = run_to_end(spec(&sets(&[confirm])), None);
    assert_eq!(told(&alike), ONCE);
    let winner = alike.finished.and_then(|f| f.winner).expect("a winner");
    let mean = winner.confirmed.expect("confirmed").mean;
    assert!(mean.abs() < 10.0, "in standard deviations of the sample: {mean}");
    // By other batches it is another sample's values.
    let other = run_to_end(spec(&sets(&[confirm, "confirm.batch=3"])), None);
    assert_eq!(told(&other), [ONCE, ONCE].concat());
}

/// Beside a proxy that fails on everybody no rank can be had, and the run says which.
#[test]
fn a_sample_without_scores_says_why() {
    let said = run_to_end(spec(&["score.proxy={ zen = 1.0, te = 1.0 }", "score.alpha=1e30"]), None);
    assert_eq!(said.finished.map(|f| f.reason), Some(Reason::Failed));
    let why = said.faults.last().map(|fault| fault.text.as_str()).unwrap_or_default();
    assert!(why.contains("nothing to rank by: zen scores 0 structures of the sample"), "{why}");
    assert!(why.contains("is not finite"), "{why}");
}
