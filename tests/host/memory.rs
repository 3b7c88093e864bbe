//! Memory of a host and of who watches it: flat, however long the run is.

use std::{fs, time::Duration};

use zendo::run::attach;

use super::{Home, beyond, ended, hear, is_finished, owner};

/// Resident memory, KiB.
fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux says it");
    line.split_whitespace().nth(1).expect("a number").parse().expect("KiB")
}

#[test]
fn memory_is_flat_over_a_million_candidates() {
    let home = Home::new();
    let sets = ["score.proxy=zen-analytic", "search.iterations=1_300_000", "confirm.best=0"];
    let folder = home.search(&[&sets[..], &["search.climb=0", "search.dedup=true"]].concat());
    let viewer = attach(&folder, Box::new(|| {})).expect("it is hosted");
    let host = owner(&folder);
    // Nothing of what was heard is kept.
    let at = |proposed| {
        let mut there = beyond(proposed);
        while !viewer.wait(Duration::from_millis(100)).iter().any(&mut there) {
            assert!(!viewer.is_over(), "it ended too soon");
        }
        [resident(host), resident(std::process::id())]
    };
    let early = at(200_000);
    let late = at(1_200_000);
    let names = ["the host's", "the viewer's"];
    for ((early, late), whose) in early.into_iter().zip(late).zip(names) {
        println!(
            "{whose} memory: {early} KiB after 200,000 candidates, {late} KiB after 1,200,000"
        );
        // A checkpoint under way holds a copy of the identities it writes.
        assert!(late < early + 16 * 1024, "{whose} memory: {early} KiB, then {late} KiB");
    }
    hear(&viewer, is_finished);
    ended(&folder);
}
