//! A run for more than the score, and the front of what a run has kept.

use std::collections::BTreeSet;

use zendo::{
    run::{front, kept_front},
    space::Objectives,
};

use super::{candidates::kept, fingerprint, run_to_end, spec};

/// Elites and a screen included.
#[test]
fn workers_change_nothing_of_a_front() {
    let sets = [
        "search.minimise=params,flops",
        "search.population=40",
        "score.elites=4",
        "search.iterations=800",
        "confirm.best=2",
    ];
    let run = |workers: &str| run_to_end(spec(&[&sets[..], &[workers]].concat()), None);
    assert_eq!(fingerprint(&run("run.workers=1")), fingerprint(&run("run.workers=3")));
}

/// Of everything that was scored: nobody of the population is better, whatever was minimised.
#[test]
fn the_front_of_a_kept_run_is_at_least_its_populations() {
    for minimise in ["search.minimise=params,layers", "search.minimise=[]"] {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("run");
        let sets = [minimise, "score.proxy=zen-analytic", "search.iterations=3_000"];
        let said = run_to_end(kept(&run, &[&sets[..], &["confirm.best=0"]].concat()), None);
        let by = Objectives::parse("params,layers").expect("costs");
        let all = kept_front(&run, Some(&by)).expect("its files say it");
        assert_eq!(all.objectives, by);
        let last = &said.last().population;
        let point = |id, score, params, layers| {
            let latency_ms = zendo::arch::Latencies::NONE;
            let (flops, activation_bytes) = (0, 0);
            let costs = zendo::arch::Costs { params, flops, layers, activation_bytes, latency_ms };
            by.point(id, score, &costs)
        };
        let front_points: Vec<_> =
            all.rows.iter().map(|r| point(r.id, r.score, r.params, r.layers)).collect();
        assert!(all.rows.is_sorted_by(|a, b| a.score >= b.score));
        for (index, one) in front_points.iter().enumerate() {
            assert!(!front_points.iter().any(|other| other.precedes(one)), "{index}");
        }
        let ids: BTreeSet<u64> = all.rows.iter().map(|row| row.id).collect();
        for row in front(last, &by) {
            let own = point(row.id, row.score, row.params, row.layers);
            let is_there = ids.contains(&row.id);
            assert!(is_there || front_points.iter().any(|other| other.precedes(&own)));
        }
        // Unless told it goes by what the run was after, else by what its budgets limit.
        let own = kept_front(&run, None).expect("its files say it").objectives;
        let expected = if minimise.ends_with("[]") { "params" } else { "params,layers" };
        assert_eq!(Ok(own), Objectives::parse(expected));
    }
}
