//! Evolution as a state machine: what it proposes depends on settings and results, on nothing else.

use std::path::Path;

use proptest::prelude::*;
use zendo::{
    random::{Purpose, Stream},
    score::Score,
    search::{
        Applied, Asked, Candidate, Elites, End, Evolution, MAX_CONVERGENCE, Moves, Outcome,
        Scoring, Settings,
    },
    space::PresetSource,
};

fn settings(seed: u64) -> Settings {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let preset = PresetSource::find("quick", &no_files).and_then(|s| s.preset()).expect("shipped");
    Settings {
        space: preset.search_space(),
        budgets: preset.budgets(),
        initial: preset.initial(),
        iterations: 600,
        max_scored: None,
        population: 32,
        moves: Moves::PUBLISHED,
        scoring: Scoring::Measured,
        elites: Elites::NONE,
        pipeline: 16,
        seed,
        dedup: true,
    }
}

/// A stand-in for a proxy: wider and deeper is better, with noise by id; some fail.
fn outcome(candidate: &Candidate) -> Outcome {
    let mut stream = Stream::of_candidate(99, Purpose::ScoreSeed, candidate.id);
    if stream.below(20) == 0 {
        return Err("a made-up failure".to_owned());
    }
    let blocks = candidate.structure.blocks();
    let sum: f64 =
        blocks.iter().map(|b| f64::from(b.out_channels).ln() * f64::from(b.sub_layers)).sum();
    let value = sum + f64::from(stream.below(1000)) / 1000.0;
    Ok(Score { value, std: None, repeats: 1, log_delta: None, bn_sum: None })
}

/// Runs to the end with `at_once` candidates on their way, told in an order drawn from `shuffle`.
fn run(settings: Settings, at_once: usize, shuffle: u64) -> Evolution {
    let mut evolution = Evolution::new(settings);
    let mut order = Stream::of_candidate(shuffle, Purpose::Propose, 0);
    let mut flying: Vec<Candidate> = Vec::new();
    loop {
        let asked = if flying.len() < at_once { evolution.ask(&mut |_| {}) } else { Asked::Wait };
        match asked {
            Asked::Candidate(candidate) => flying.push(candidate),
            Asked::Again => {}
            Asked::Wait => {
                let landing = order.below(u32::try_from(flying.len()).expect("few")) as usize;
                let candidate = flying.swap_remove(landing);
                evolution.tell(candidate.id, outcome(&candidate)).expect("on its way");
            }
            Asked::Done(_) => return evolution,
        }
    }
}

fn fingerprint(evolution: &Evolution) -> String {
    let members: Vec<_> = evolution
        .population()
        .members()
        .iter()
        .map(|m| (m.id, m.structure.to_string(), m.score.value.to_bits(), m.parent, m.generation))
        .collect();
    let points: Vec<_> = evolution.history().points().collect();
    format!("{members:?} {:?} {points:?} {}", evolution.counts(), evolution.lineage().len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_number_of_workers_change_nothing(seed in any::<u32>(), shuffle in any::<u64>(), workers in 1..24usize) {
        let one = run(settings(seed.into()), 1, 0);
        let many = run(settings(seed.into()), workers, shuffle);
        prop_assert_eq!(fingerprint(&one), fingerprint(&many));
    }
}

#[test]
fn another_seed_differs() {
    assert_ne!(fingerprint(&run(settings(1), 1, 0)), fingerprint(&run(settings(2), 1, 0)));
}

/// Candidate n is proposed after exactly the results ≤ n − D: a result withheld stops the next
/// proposal just there.
#[test]
fn the_pipeline_waits_for_the_oldest() {
    for pipeline in [1, 4, 16] {
        let mut evolution = Evolution::new(Settings { pipeline, ..settings(3) });
        let mut candidates = Vec::new();
        loop {
            match evolution.ask(&mut |_| {}) {
                Asked::Candidate(candidate) => candidates.push(candidate),
                Asked::Again => {}
                Asked::Wait => break,
                Asked::Done(_) => panic!("nothing was told yet"),
            }
        }
        assert_eq!(candidates.len() as u64, pipeline);
        // All but the oldest told: still nothing new.
        for candidate in &candidates[1..] {
            evolution.tell(candidate.id, outcome(candidate)).expect("on its way");
        }
        assert_eq!(evolution.ask(&mut |_| {}), Asked::Wait);
        evolution.tell(0, outcome(&candidates[0])).expect("on its way");
        let mut applied = Vec::new();
        evolution.ask(&mut |change| applied.push(change));
        // Exactly one is let in, though all are told.
        assert_eq!(applied.len(), 1);
    }
}

#[test]
fn the_initial_structure_is_a_member_and_lineage_leads_back_to_it() {
    let evolution = run(Settings { iterations: 40, population: 100, ..settings(5) }, 4, 7);
    let members = evolution.population().members();
    assert!(members.iter().any(|m| m.id == 0 && m.parent.is_none() && m.generation == 0));
    for member in members {
        let path: Vec<_> = evolution.lineage().ancestry(member.id).collect();
        assert_eq!(path.last().map(|m| m.id), Some(0));
        assert_eq!(path.len() as u32, member.generation + 1);
    }
}

#[test]
fn lineage_forgets_those_whose_line_died_out() {
    let evolution = run(Settings { iterations: 4_000, population: 16, ..settings(5) }, 4, 7);
    let mut needed: Vec<u64> = evolution
        .population()
        .members()
        .iter()
        .flat_map(|m| evolution.lineage().ancestry(m.id).map(|a| a.id).collect::<Vec<_>>())
        .chain([0])
        .collect();
    needed.sort_unstable();
    needed.dedup();
    assert_eq!(evolution.lineage().len(), needed.len());
}

#[test]
fn counts_add_up() {
    let settings = settings(11);
    let evolution = run(settings.clone(), 3, 1);
    let counts = evolution.counts();
    assert_eq!(counts.proposed, settings.iterations);
    let rejected: u64 = counts.rejected().map(|(_, n)| n).sum();
    // The initial structure is scored and not proposed.
    assert_eq!(counts.scored + counts.failed + rejected, counts.proposed + 1);
    assert!(counts.failed > 0 && rejected > 0);
    let population = evolution.population();
    assert_eq!(population.len(), settings.population);
    assert!(population.members().is_sorted_by(|a, b| a.score.value >= b.score.value));
    let net = settings.space.net();
    for member in population.members() {
        let costs = zendo::arch::costs(&member.structure, net, settings.budgets.counting);
        assert_eq!(settings.budgets.broken(&costs), None);
    }
    assert!(evolution.history().points().count() <= MAX_CONVERGENCE);
}

#[test]
fn duplicates_are_dropped_only_when_asked() {
    let identities = |evolution: &Evolution| {
        let members = evolution.population().members();
        let mut hashes: Vec<_> = members.iter().map(|m| m.structure.hash()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        (hashes.len(), members.len())
    };
    let with = run(Settings { population: 400, ..settings(2) }, 1, 0);
    let without = run(Settings { population: 400, dedup: false, ..settings(2) }, 1, 0);
    assert_eq!(identities(&with).0, identities(&with).1);
    assert!(identities(&without).0 < identities(&without).1);
}

#[test]
fn ends_where_it_should() {
    let end_of = |mut evolution: Evolution| loop {
        match evolution.ask(&mut |_| {}) {
            Asked::Candidate(c) => evolution.tell(c.id, outcome(&c)).expect("on its way"),
            Asked::Done(end) => return (end, evolution.counts().clone()),
            Asked::Again | Asked::Wait => {}
        }
    };
    let (end, _) = end_of(Evolution::new(settings(1)));
    assert_eq!(end, End::Iterations);
    let (end, counts) = end_of(Evolution::new(Settings { max_scored: Some(50), ..settings(1) }));
    assert_eq!((end, counts.scored + counts.failed), (End::MaxScored, 50));
    let mut stopped = Evolution::new(settings(1));
    stopped.ask(&mut |_| {});
    stopped.stop();
    assert_eq!(stopped.ask(&mut |_| {}), Asked::Wait);
    stopped.tell(0, Err("broken".to_owned())).expect("on its way");
    let mut applied = Vec::new();
    assert_eq!(stopped.ask(&mut |c| applied.push(c)), Asked::Done(End::Stopped));
    assert_eq!(applied, [Applied::Failed { id: 0, reason: "broken".to_owned() }]);
    assert!(stopped.tell(0, Err(String::new())).is_err());
}

/// A score that is no number is a failure, whoever tells it.
#[test]
fn no_score_that_is_not_finite() {
    let mut evolution = Evolution::new(settings(1));
    evolution.ask(&mut |_| {});
    let nan = Score { value: f64::NAN, std: None, repeats: 1, log_delta: None, bn_sum: None };
    evolution.tell(0, Ok(nan)).expect("on its way");
    evolution.stop();
    evolution.ask(&mut |_| {});
    assert_eq!((evolution.counts().failed, evolution.population().len()), (1, 0));
}
