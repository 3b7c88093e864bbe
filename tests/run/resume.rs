//! A run that was interrupted goes on as if it never had been.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use zendo::{
    random::{Purpose, Stream},
    run::{self, RunSpec},
};

use super::{Said, fingerprint, run_to_end, spec};

/// Everything that a journal can hold: a screen, elites, a confirmation.
const SETS: [&str; 4] =
    ["search.iterations=1_500", "screen.keep=0.5", "score.elites=4", "confirm.repeats=8"];

fn kept(folder: &Path, sets: &[&str]) -> RunSpec {
    RunSpec { out: Some(folder.to_owned()), ..spec(sets) }
}

/// A run that has ended, with its folder.
fn done(sets: &[&str]) -> (TempDir, Said) {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run_to_end(kept(&folder.path().join("run"), sets), None);
    (folder, said)
}

fn journal(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("run/journal.jsonl")
}

fn resumed(folder: &TempDir) -> Said {
    run_to_end(run::resume(&folder.path().join("run")).expect("its files say it"), None)
}

/// Cut at any place, or with any bit turned, a journal leads to the same end.
#[test]
fn a_damaged_journal_is_cut_and_leads_to_the_same_end() {
    let sets = [&SETS[..], &["search.iterations=400"]].concat();
    let (folder, whole) = done(&sets);
    let path = journal(&folder);
    let bytes = fs::read(&path).expect("readable");
    let mut stream = Stream::of_candidate(8, Purpose::Noise, 0);
    for round in 0..24 {
        let at = stream.below(bytes.len() as u32) as usize;
        let mut damaged = bytes.clone();
        match round % 2 {
            0 => damaged.truncate(at),
            _ => damaged[at] ^= 1 << stream.below(8),
        }
        fs::write(&path, damaged).expect("written");
        let said = resumed(&folder);
        assert_eq!(fingerprint(&said), fingerprint(&whole), "damaged at {at}, round {round}");
        assert!(said.logs.iter().any(|log| log.contains("results from the journal")));
    }
}

#[test]
fn nothing_is_scored_twice() {
    let (folder, whole) = done(&SETS);
    let lines = fs::read_to_string(journal(&folder)).expect("readable").lines().count();
    let said = resumed(&folder);
    assert_eq!(fingerprint(&said), fingerprint(&whole));
    let again = fs::read_to_string(journal(&folder)).expect("readable").lines().count();
    // But for the word that it is finished.
    assert_eq!(again, lines + 1);
}

#[test]
fn two_cannot_write_one_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let first = super::start(kept(&out, &["search.iterations=1_000_000"]), None);
    let mut said = Said::default();
    said.listen(&first, |said| said.snapshots.last().is_some_and(|s| s.scored > 5));
    let second = run_to_end(run::resume(&out).expect("its files say it"), None);
    assert!(second.faults.iter().any(|fault| fault.text.contains("another zendo runs it")));
    for _ in 0..2 {
        first.send(zendo::run::protocol::Command::Stop).expect("runs");
    }
    said.listen(&first, |said| said.finished.is_some());
    first.join();
}

fn zendo(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_zendo"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs")
}

/// The last line of a run that ends, but for its clock.
fn result(child: Child) -> Value {
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut line: Value =
        serde_json::from_str(text.lines().last().expect("a result")).expect("JSON");
    line["seconds"] = Value::Null;
    // Soundings depend on when they are taken; they decide nothing.
    line["noise"] = Value::Null;
    line
}

/// Kills a search so many times at random moments, each time resumed; the end must be that of a search that
/// nobody touched.
fn killed(times: u32, seed: u64) -> u32 {
    let folder = tempfile::tempdir().expect("a folder");
    let [twin, out] = ["twin", "run"].map(|name| folder.path().join(name));
    let [twin, out] = [&twin, &out].map(|path| path.to_str().expect("UTF-8"));
    let sets =
        ["search.iterations=3000", "space.resolution=16", "confirm.repeats=8", "run.optimum=false"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let arguments = |out| {
        let start = ["search", "--json", "--preset", "quick", "--device", "cpu", "--out", out];
        [&start[..], &sets].concat()
    };
    let expected = result(zendo(&arguments(twin)));
    let mut stream = Stream::of_candidate(seed, Purpose::Noise, 1);
    let mut kills = 0;
    let mut child = zendo(&arguments(out));
    while kills < times {
        thread::sleep(Duration::from_millis(u64::from(20 + stream.below(300))));
        if child.try_wait().expect("asked").is_some() {
            break;
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        kills += 1;
        // Before its first word there is nothing to go on with.
        let begun = folder.path().join("run/journal.jsonl").is_file();
        child = match begun {
            true => zendo(&["resume", "--json", out]),
            false => {
                let _ = fs::remove_dir_all(out);
                zendo(&arguments(out))
            }
        };
    }
    assert_eq!(result(child), expected, "after {kills} kills");
    kills
}

#[test]
fn killed_at_any_moment_it_ends_the_same() {
    assert!(killed(6, 1) > 0);
}

/// ```text
/// cargo test --test run -- --ignored two_hundred --nocapture
/// ```
#[test]
#[ignore = "takes minutes"]
fn killed_two_hundred_times_it_ends_the_same() {
    let mut kills = 0;
    for seed in 0.. {
        kills += killed(25, seed);
        if kills >= 200 {
            break;
        }
    }
    println!("{kills} kills, each resumed; every end was that of an uninterrupted twin");
}
