//! Every candidate of a run can be told again from its folder: the same ids, the same scores to the bit.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use zendo::{
    run::{
        RunSpec, each_candidate,
        protocol::{Command, Snapshot},
    },
    space::Setting,
};

use super::{Said, run_to_end, spec, start};

struct Row {
    score: Option<f64>,
    value: Value,
}

/// As they are exported, by id; they come in that order.
fn told(folder: &Path) -> (BTreeMap<u64, Row>, zendo::run::Retold) {
    let mut rows = BTreeMap::new();
    let mut before = None;
    let retold = each_candidate(folder, &mut |candidate| {
        assert!(before.is_none_or(|before| before < candidate.id), "in the order of their ids");
        before = Some(candidate.id);
        let value = serde_json::to_value(candidate).expect("plain values");
        rows.insert(candidate.id, Row { score: candidate.score, value });
        true
    });
    (rows, retold.expect("its files say it"))
}

/// First scores by the journal, by id; none of those that failed.
fn journaled(folder: &Path) -> BTreeMap<u64, Option<f64>> {
    let text = fs::read_to_string(folder.join("journal.jsonl")).expect("there");
    let mut first = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let told = &line["record"]["told"];
        if let Some(id) = told["purpose"]["candidate"]["id"].as_u64() {
            first.entry(id).or_insert_with(|| told["outcome"]["scored"]["value"].as_f64());
        }
    }
    first
}

/// Everybody of the last population has the score it had there.
fn agrees(rows: &BTreeMap<u64, Row>, last: &Snapshot) {
    for member in &last.population {
        let row = rows.get(&member.id).unwrap_or_else(|| panic!("#{} is missing", member.id));
        assert_eq!(
            row.score.map(f64::to_bits),
            Some(member.score.value.to_bits()),
            "#{}",
            member.id
        );
        assert_eq!(row.value["structure"], member.structure.to_string());
        assert_eq!(row.value["params"], member.costs.params);
        assert_eq!(row.value["generation"], member.generation);
        assert_eq!(row.value["repeats"], member.score.repeats);
    }
}

/// Everybody the run counted is there, and nobody else.
fn is_whole(rows: &BTreeMap<u64, Row>, last: &Snapshot) {
    let scored = rows.values().filter(|row| row.score.is_some()).count() as u64;
    assert_eq!(scored, last.scored - last.rescored);
}

pub(super) fn kept(folder: &Path, sets: &[&str]) -> RunSpec {
    RunSpec { out: Some(folder.to_owned()), ..spec(sets) }
}

#[test]
fn a_measured_run_is_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let said = run_to_end(kept(&run, &["search.iterations=600"]), None);
    let (rows, retold) = told(&run);
    let scores: BTreeMap<u64, Option<u64>> =
        rows.iter().map(|(id, row)| (*id, row.score.map(f64::to_bits))).collect();
    let journaled = journaled(&run).into_iter().map(|(id, s)| (id, s.map(f64::to_bits)));
    assert_eq!(scores, journaled.collect());
    agrees(&rows, said.last());
    is_whole(&rows, said.last());
    assert_eq!(retold.counted, Some(retold.scored));
    assert_eq!((retold.failed, retold.damage), (said.last().failed, None));
}

/// With everything that changes a score: a screen, elites, changes that score anew, the polish at the end.
#[test]
fn a_tuned_run_is_told_again_with_its_last_scores() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let sets = ["search.iterations=900", "screen.keep=0.5", "score.elites=4", "search.polish=true"];
    let handle = start(kept(&run, &sets), None);
    let mut said = Said::default();
    said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.proposed > 200));
    let other = Setting::parse("score.definition=paper").expect("a setting");
    handle.send(Command::Tune(vec![other])).expect("it runs");
    said.listen(&handle, |said| said.finished.is_some());
    handle.join();
    assert_eq!(said.tuned.len(), 1, "{:?}", said.refused);
    let (rows, _) = told(&run);
    agrees(&rows, said.last());
    is_whole(&rows, said.last());
    let renewals: Vec<_> = rows.values().map(|row| row.value["renewal"].as_u64()).collect();
    assert!(renewals.contains(&Some(0)) && renewals.contains(&Some(1)), "{renewals:?}");
}

/// Where nothing is journaled everybody is computed again, those too low for the population too.
#[test]
fn an_analytic_run_is_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let sets = ["score.proxy=zen-analytic", "search.iterations=20_000", "confirm.best=2"];
    let said = run_to_end(kept(&run, &sets), None);
    let (rows, _) = told(&run);
    agrees(&rows, said.last());
    is_whole(&rows, said.last());
    assert!(rows.len() > 10 * said.last().population.len(), "{}", rows.len());
    let confirmed = rows.values().filter(|row| !row.value["confirmed"].is_null()).count();
    assert_eq!(confirmed, 2);
}

#[test]
fn a_run_that_was_cut_off_is_told_as_far_as_it_came() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, proxy) in [("measured", "zen"), ("analytic", "zen-analytic")] {
        let run = folder.path().join(name);
        let proxy = format!("score.proxy={proxy}");
        let handle = start(kept(&run, &["search.iterations=5_000_000", &proxy]), None);
        let mut said = Said::default();
        said.listen(&handle, |said| said.snapshots.last().is_some_and(|s| s.proposed > 100));
        handle.send(Command::Suspend).expect("it runs");
        said.listen(&handle, |said| said.finished.is_some());
        handle.join();
        let (rows, retold) = told(&run);
        agrees(&rows, said.last());
        match name {
            "analytic" => is_whole(&rows, said.last()),
            // Workers had told more than had its turn.
            _ => assert!(retold.scored >= said.last().scored),
        }
        assert_eq!(retold.damage, None);
        let journal = run.join("journal.jsonl");
        let text = fs::read_to_string(&journal).expect("there");
        fs::write(&journal, &text[..text.len() - 9]).expect("written");
        let (rows, retold) = told(&run);
        assert!(retold.damage.is_some() || name == "analytic");
        assert!(!rows.is_empty());
    }
}
