//! A run that was interrupted goes on as if it never had been.

use std::{
    collections::BTreeMap,
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
    run::{
        self, RunSpec,
        protocol::{Reason, Snapshot},
    },
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

const FILES: [&str; 3] = ["journal.jsonl", "checkpoint.json", "checkpoint.1.json"];

/// The files of a run as they were when it was killed in its middle, with two checkpoints.
fn interrupted(sets: &[&str]) -> (TempDir, Said, BTreeMap<&'static str, Vec<u8>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let [run, twin] = ["run", "twin"].map(|name| folder.path().join(name));
    let whole = run_to_end(kept(&twin, sets), None);
    let handle = super::start(RunSpec { checkpoint_ms: 20, ..kept(&run, sets) }, None);
    let mut said = Said::default();
    said.listen(&handle, |said| {
        let is_half = |s: &Snapshot| s.proposed > s.iterations / 2;
        said.snapshots.last().is_some_and(|s| is_half(s)) && run.join(FILES[2]).is_file()
    });
    // While one is written the newest has another name for a moment.
    let read = |name| {
        let soon = |_| {
            let bytes = fs::read(run.join(name)).ok();
            bytes.or_else(|| {
                thread::sleep(Duration::from_millis(1));
                None
            })
        };
        (0..10_000).find_map(soon).expect("it is there")
    };
    let files = FILES.map(|name| (name, read(name)));
    for _ in 0..2 {
        // A short one may have ended by itself.
        let _ = handle.send(zendo::run::protocol::Command::Stop);
    }
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    (folder, whole, files.into())
}

/// Damages the files of an interrupted run, one or more of them, at random places.
fn damaged(sets: &[&str], rounds: u32, seed: u64) {
    let (folder, whole, files) = interrupted(sets);
    let mut stream = Stream::of_candidate(seed, Purpose::Noise, 0);
    let mut from_checkpoint = 0;
    for round in 0..rounds {
        let mut told = String::new();
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            let at = stream.below(bytes.len() as u32) as usize;
            match stream.below(6) {
                0 | 1 => bytes.truncate(at),
                2 | 3 => bytes[at] ^= 1 << stream.below(8),
                _ => {}
            }
            told += &format!(" {name} {at}");
            fs::write(folder.path().join("run").join(name), bytes).expect("written");
        }
        let said = resumed(&folder);
        assert_eq!(fingerprint(&said), fingerprint(&whole), "round {round}:{told}");
        let log = said.logs.iter().find(|log| log.contains("results from the journal"));
        from_checkpoint += u32::from(log.expect("said").contains("from the checkpoint"));
    }
    assert!(from_checkpoint > 0 && from_checkpoint < rounds, "{from_checkpoint}");
}

/// Cut at any place, or with any bit turned, journal and checkpoints lead to the same end.
#[test]
fn damaged_files_are_told_and_lead_to_the_same_end() {
    damaged(&[&SETS[..], &["search.iterations=400"]].concat(), 24, 8);
}

/// ```text
/// cargo test --test run -- --ignored damages
/// ```
#[test]
#[ignore = "takes minutes"]
fn two_thousand_damages_lead_to_the_same_end() {
    let sets =
        [&SETS[..], &["search.iterations=120", "confirm.best=2", "confirm.repeats=4"]].concat();
    for seed in 0..20 {
        damaged(&sets, 100, seed);
    }
}

/// Results before it are not asked for again, so a journal that lost them is no loss.
#[test]
fn a_checkpoint_alone_is_enough() {
    let sets = ["score.proxy=zen-analytic", "search.iterations=400_000", "confirm.best=2"];
    is_enough(&sets);
}

/// Nor for more than the score.
#[test]
fn a_checkpoint_alone_is_enough_for_a_front() {
    is_enough(&[
        "score.proxy=zen-analytic",
        "search.minimise=params,flops",
        "search.population=64",
        "search.iterations=60_000",
        "confirm.best=2",
    ]);
}

fn is_enough(sets: &[&str]) {
    let (folder, whole, files) = interrupted(sets);
    for (name, bytes) in &files {
        fs::write(folder.path().join("run").join(name), bytes).expect("written");
    }
    let begun = files["journal.jsonl"].split_inclusive(|&b| b == b'\n').next().expect("a line");
    fs::write(journal(&folder), begun).expect("written");
    let said = resumed(&folder);
    assert_eq!(fingerprint(&said), fingerprint(&whole));
    assert!(said.logs.iter().any(|log| log.contains("from the checkpoint at #")));
}

/// Told to end, it goes on later as if nothing had been.
#[test]
fn who_is_told_to_end_goes_on_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let [run, twin] = ["run", "twin"].map(|name| folder.path().join(name));
    let sets = [&SETS[..], &["search.iterations=3_000"]].concat();
    let whole = run_to_end(kept(&twin, &sets), None);
    let mut spec = kept(&run, &sets);
    for round in 1..4 {
        let handle = super::start(spec, None);
        let mut said = Said::default();
        said.listen(&handle, |said| {
            said.snapshots.last().is_some_and(|s| s.proposed > round * 600)
        });
        handle.send(zendo::run::protocol::Command::Suspend).expect("runs");
        said.listen(&handle, |said| said.finished.is_some());
        assert_eq!(said.finished.expect("ended").reason, Reason::Interrupted);
        handle.join();
        spec = run::resume(&run).expect("its files say it");
    }
    let said = run_to_end(spec, None);
    assert_eq!(fingerprint(&said), fingerprint(&whole));
    assert!(said.logs.iter().any(|log| log.contains("from the checkpoint at #")));
}

#[test]
fn nothing_is_scored_twice() {
    let (folder, whole) = done(&SETS);
    let lines = fs::read_to_string(journal(&folder)).expect("readable").lines().count();
    let said = resumed(&folder);
    assert_eq!(fingerprint(&said), fingerprint(&whole));
    let again = fs::read_to_string(journal(&folder)).expect("readable").lines().count();
    // But for the words that it went on and is finished.
    assert_eq!(again, lines + 2);
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
        let often = ["--checkpoint-every", "0.1"];
        [&start[..], &often, &sets].concat()
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
            true => zendo(&["resume", "--json", "--checkpoint-every", "0.1", out]),
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
