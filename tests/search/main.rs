//! Evolution as a state machine: what it proposes depends on settings and results, on nothing else.

mod fronts;
mod tuning;

use std::{path::Path, sync::Arc};

use proptest::prelude::*;
use zendo::{
    analytic::{self, Form, Model},
    arch::Structure,
    random::{Purpose, Stream},
    score::{Definition, Score},
    search::{
        Applied, Asked, Candidate, Elites, End, Evolution, MAX_CONVERGENCE, Moves, Outcome,
        Rejection, Scoring, Settings,
    },
    space::{Objectives, PresetSource, ScreenSettings},
};

fn settings(seed: u64) -> Settings {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let preset = PresetSource::find("quick", &no_files).and_then(|s| s.preset()).expect("shipped");
    Settings {
        clock: None,
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
        objectives: Objectives::SCORE,
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

fn model() -> analytic::Settings {
    let definition = Definition::Table;
    analytic::Settings { form: Form::Theory, definition, batch: 4, resolution: 32, alpha: 0.01 }
}

/// Children proposed in bulk, elites scored again, the best climbed.
fn tiers(seed: u64) -> Settings {
    let screen = ScreenSettings { keep: 0.3, window: 64, floor: 0.2 };
    let moves = Moves { tournament: 3, small: 0.5, repair: true, climb: 2, ..Moves::PUBLISHED };
    let elites = Elites { best: 4, scores: 5, repeats: 1 };
    let scoring = Scoring::Screened(model(), screen);
    Settings { moves, scoring, elites, iterations: 900, ..settings(seed) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tiers_are_as_deterministic(seed in any::<u32>(), shuffle in any::<u64>(), workers in 2..24usize) {
        let one = run(tiers(seed.into()), 1, 0);
        let many = run(tiers(seed.into()), workers, shuffle);
        prop_assert_eq!(fingerprint(&one), fingerprint(&many));
        prop_assert_eq!(one.screening(), many.screening());
    }
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
fn the_screen_measures_its_share_and_says_how_well_it_knows() {
    let evolution = run(tiers(4), 4, 1);
    let counts = evolution.counts();
    let of = |wanted: Rejection| {
        counts.rejected().find(|(why, _)| *why == wanted).map_or(0, |(_, count)| count)
    };
    let first_scores = counts.scored + counts.failed - counts.rescored;
    let judged = first_scores + of(Rejection::Screened);
    let share = first_scores as f64 / judged as f64;
    // The made-up score grows with widths and depths, as the analytic one does: the gate stays shut.
    assert!((0.25..0.45).contains(&share), "{share}");
    let screening = evolution.screening().expect("there is a screen");
    assert!(screening.agreement.expect("enough were measured") > 0.2, "{screening:?}");
    assert_eq!(counts.proposed, 900);
}

#[test]
fn elites_are_scored_again_and_stand_by_their_mean() {
    let elites = Elites { best: 4, scores: 5, repeats: 1 };
    let evolution = run(Settings { elites, ..settings(8) }, 3, 5);
    let members = evolution.population().members();
    // The last to come have not had theirs yet.
    let scores: Vec<u32> = members.iter().map(|m| m.score.repeats).collect();
    assert!(scores.iter().filter(|&&n| n == 5).count() >= 3, "{scores:?}");
    assert!(scores.contains(&1) && scores.iter().all(|&n| n <= 5), "{scores:?}");
    assert!(members.is_sorted_by(|a, b| a.score.value >= b.score.value));
    assert!(members.iter().all(|m| m.score.std.is_some() == (m.score.repeats > 1)));
    let counts = evolution.counts();
    assert!(counts.rescored >= 16, "{counts:?}");
    // What is drawn again takes nothing from the proposals.
    assert_eq!(counts.proposed, 600);
    // The lineage knows the same scores.
    for member in members {
        assert_eq!(evolution.lineage().get(member.id).map(|m| m.score), Some(member.score));
    }
}

/// The initial structure, what is climbed and what is planted count like everybody, however few scores
/// or iterations there may be.
#[test]
fn no_place_is_given_twice() {
    for (max_scored, iterations) in (1..6).flat_map(|most| [(Some(most), 600), (None, most)]) {
        for scoring in [Scoring::Measured, Scoring::Analytic(model())] {
            let moves = Moves { climb: 2, plant: true, ..Moves::PUBLISHED };
            let settings = Settings { max_scored, iterations, moves, scoring, ..settings(1) };
            let mut evolution = Evolution::new(settings);
            let mut has_planted = false;
            loop {
                match evolution.ask(&mut |_| {}) {
                    Asked::Candidate(it) => {
                        let score = Score {
                            value: 1.0,
                            std: None,
                            repeats: 1,
                            log_delta: None,
                            bn_sum: None,
                        };
                        evolution.tell(it.id, Ok(score)).expect("on its way");
                    }
                    Asked::Again | Asked::Wait => {}
                    Asked::Done(_) if !has_planted && evolution.keeps_place() => {
                        has_planted = true;
                        let best = evolution.population().best().expect("one").clone();
                        let mut blocks = best.structure.blocks().to_vec();
                        let last = blocks.len() - 1;
                        blocks[last].out_channels += 8;
                        evolution.plant(best.id, Structure::new(blocks).expect("a structure"));
                    }
                    Asked::Done(_) => break,
                }
            }
            let counts = evolution.counts();
            assert_eq!(has_planted, max_scored != Some(1));
            assert!(
                max_scored.is_none_or(|most| counts.scored <= most),
                "{max_scored:?} {counts:?}"
            );
            assert!(counts.proposed <= iterations, "{iterations} {counts:?}");
        }
    }
}

/// Without anybody to ask: the published search on the analytic score, and what climbing adds.
#[test]
fn an_analytic_search_needs_nobody_and_climbs_to_a_top() {
    let settings = |climb| Settings {
        scoring: Scoring::Analytic(model()),
        moves: Moves { climb, ..Moves::PUBLISHED },
        iterations: 3_000,
        ..settings(6)
    };
    let alone = |settings: Settings| {
        let mut evolution = Evolution::new(settings);
        loop {
            match evolution.ask(&mut |_| {}) {
                Asked::Again => {}
                Asked::Done(end) => break assert_eq!(end, End::Iterations),
                asked => panic!("nobody is there to answer {asked:?}"),
            }
        }
        evolution
    };
    let (plain, climbed) = (alone(settings(0)), alone(settings(3)));
    assert_eq!(plain.counts().proposed, 3_000);
    assert!(climbed.counts().proposed <= 3_000);
    let best = |evolution: &Evolution| Arc::clone(&evolution.population().members()[0]);
    assert!(best(&climbed).score.value > best(&plain).score.value + 1.0);
    for evolution in [&plain, &climbed] {
        let settings = evolution.settings();
        let model = Model::new(model());
        for member in evolution.population().members() {
            let score = model.parts(&member.structure).score(Definition::Table);
            assert!((member.score.value - score).abs() < 1e-9);
            let costs = zendo::arch::costs(
                &member.structure,
                settings.space.net(),
                settings.budgets.counting,
            );
            assert_eq!((settings.budgets.broken(&costs), member.costs), (None, costs));
        }
    }
    // Nothing is left to climb: the same again from the top.
    let top = best(&climbed).structure.clone();
    let again = alone(Settings { initial: top, iterations: 2, ..settings(1) });
    assert!(best(&again).score.value <= best(&climbed).score.value + 1e-6);
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
    let [Applied::Failed { id: 0, reason, candidate: Some(initial) }] = applied.as_slice() else {
        panic!("{applied:?}")
    };
    assert_eq!((reason.as_str(), initial.parent), ("broken", None));
    assert_eq!(initial.structure, settings(1).initial);
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
