//! A search for more than the score: NSGA-II in the same machine.

use std::{path::Path, sync::Arc};

use zendo::{
    analytic::{self, Form},
    arch::{Costs, Latencies},
    score::Definition,
    search::{Asked, Evolution, Member, Scoring, Settings, Tuning},
    space::{Objectives, PresetSource},
};

use super::{fingerprint, run, settings, tiers};

fn by(names: &str) -> Objectives {
    Objectives::parse(names).expect("costs")
}

/// The analytic search of a shipped preset.
fn analytic_search(name: &str, objectives: Objectives, iterations: u64) -> Settings {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let preset = PresetSource::find(name, &no_files).and_then(|s| s.preset()).expect("shipped");
    let definition = Definition::Table;
    let resolution = preset.score_resolution();
    let form = Form::Theory;
    let model = analytic::Settings { form, definition, batch: 16, resolution, alpha: 0.01 };
    Settings {
        space: preset.search_space(),
        budgets: preset.budgets(),
        initial: preset.initial(),
        population: 64,
        scoring: Scoring::Analytic(model),
        objectives,
        iterations,
        ..settings(3)
    }
}

fn alone(settings: Settings, each: &mut dyn FnMut(&Evolution)) -> Evolution {
    let mut evolution = Evolution::new(settings);
    loop {
        match evolution.ask(&mut |_| {}) {
            Asked::Done(_) => return evolution,
            _ => each(&evolution),
        }
    }
}

fn front(evolution: &Evolution) -> Vec<Arc<Member>> {
    let members = evolution.population().members();
    let point =
        |m: &Arc<Member>| evolution.settings().objectives.point(m.id, m.score.value, &m.costs);
    let points: Vec<_> = members.iter().map(point).collect();
    let front = evolution.settings().objectives.front(&points);
    front.into_iter().map(|index| Arc::clone(&members[index])).collect()
}

/// Area of score and parameters that somebody of the front beats, above no score and below the budget.
fn hypervolume(front: &[Arc<Member>], most: u64) -> f64 {
    let ends = front.iter().map(|m| m.score.value).skip(1).chain([0.0]);
    let step = |(member, below): (&Arc<Member>, f64)| {
        (most.saturating_sub(member.costs.params)) as f64 * (member.score.value - below).max(0.0)
    };
    front.iter().zip(ends).map(step).sum()
}

/// On a shipped preset: the front is bounded, within the budgets, grows, spans them, and its end is as good as what a
/// search for the score alone finds in as many proposals.
#[test]
fn a_front_spans_its_budget_and_its_end_is_what_the_score_alone_finds() {
    let settings = analytic_search("cifar-params-1m", by("params"), 30_000);
    let most = settings.budgets.params.expect("limited");
    let mut volumes = Vec::new();
    let evolution = alone(settings.clone(), &mut |evolution| {
        let proposed = evolution.counts().proposed;
        if proposed.is_multiple_of(5_000) && volumes.len() < (proposed / 5_000) as usize {
            volumes.push(hypervolume(&front(evolution), most));
        }
        assert!(evolution.population().len() <= 64);
    });
    let front = front(&evolution);
    assert!(front.len() > 32 && front.len() <= 64, "{}", front.len());
    assert!(front.iter().all(|m| evolution.settings().admits(m)));
    assert!(front.is_sorted_by(|a, b| a.score.value > b.score.value));
    assert!(front.is_sorted_by(|a, b| a.costs.params > b.costs.params));
    assert_eq!(evolution.population().best().map(|m| m.id), Some(front[0].id));
    // Pruning by room may lose a little, not much.
    assert!(volumes.is_sorted_by(|a, b| *b > 0.98 * a), "{volumes:?}");
    assert!(volumes[volumes.len() - 1] > 1.02 * volumes[0], "{volumes:?}");
    let (dearest, cheapest) = (front[0].costs.params, front[front.len() - 1].costs.params);
    assert!(dearest > most / 10 * 9 && cheapest < most / 20, "{cheapest} to {dearest} of {most}");
    let single = alone(Settings { objectives: Objectives::SCORE, ..settings }, &mut |_| {});
    let best = single.population().best().expect("one").score.value;
    let end = front[0].score.value;
    assert!(end > 0.95 * best, "the front ends at {end}, the score alone finds {best}");
}

#[test]
fn workers_change_nothing_of_a_front() {
    for objectives in ["params", "flops,layers", "layers,params,activation"].map(by) {
        let settings = Settings { objectives, ..tiers(7) };
        let one = run(settings.clone(), 1, 0);
        assert_eq!(fingerprint(&one), fingerprint(&run(settings, 11, 5)));
        assert!(one.counts().rescored > 0);
    }
}

/// Whether those that are too low are told of changes nothing, either.
#[test]
fn a_glance_is_as_good_as_an_insertion() {
    for objectives in ["params", "flops,layers"].map(by) {
        let settings = analytic_search("quick", objectives, 4_000);
        let glanced = alone(settings.clone(), &mut |_| {});
        let mut told = Evolution::new(settings);
        told.tell_everybody();
        while !matches!(told.ask(&mut |_| {}), Asked::Done(_)) {}
        assert_eq!(fingerprint(&glanced), fingerprint(&told));
    }
}

/// At any moment a search can be kept and gone on with, and is the same.
#[test]
fn a_front_survives_the_disk() {
    let settings = analytic_search("quick", by("params,flops"), 3_000);
    let whole = alone(settings.clone(), &mut |_| {});
    for at in [5, 70, 900, 2_500] {
        let mut evolution = Evolution::new(settings.clone());
        while evolution.turn() < at {
            evolution.ask(&mut |_| {});
        }
        let kept = serde_json::to_string(&evolution.state()).expect("plain values");
        let state = serde_json::from_str(&kept).expect("what was written");
        let mut again = Evolution::restored(settings.clone(), state).expect("a search was in it");
        while !matches!(again.ask(&mut |_| {}), Asked::Done(_)) {}
        assert_eq!(fingerprint(&whole), fingerprint(&again));
    }
}

/// What is minimised may change on the way: the population is put in order anew, and what is foretold of it comes
/// true.
#[test]
fn objectives_change_on_the_way() {
    let single = analytic_search("quick", Objectives::SCORE, 4_000);
    let mut evolution = Evolution::new(single.clone());
    let orders = [by("params"), by("flops,layers"), Objectives::SCORE, by("layers")];
    for (step, objectives) in (1..).zip(orders) {
        while evolution.turn() < step * 700 {
            evolution.ask(&mut |_| {});
        }
        let population = if step == 2 { 24 } else { 64 };
        let settings = Settings { objectives, population, ..single.clone() };
        let before = evolution.population().members().to_vec();
        let (stays, back) = settings.stay(&before, evolution.aside());
        let tuning = Tuning { settings, rescores: false };
        let retuned = evolution.retune(tuning).expect("it is tunable");
        let now = evolution.population().members();
        assert_eq!(stays.iter().filter(|&&stays| !stays).count(), retuned.evicted);
        assert_eq!(back, retuned.returned);
        for (member, stays) in before.iter().zip(stays) {
            assert_eq!(stays, now.iter().any(|other| other.id == member.id));
        }
        let best = now.iter().map(|m| m.score.value).fold(f64::MIN, f64::max);
        assert_eq!(now[0].score.value, best);
    }
}

#[test]
fn latencies_count_where_they_are_known() {
    let costs = |ms: &[f64]| Costs {
        params: 1,
        flops: 1,
        layers: 1,
        activation_bytes: 1,
        latency_ms: Latencies::of(ms).expect("few"),
    };
    let objectives = by("latency2");
    let fast = objectives.point(1, 5.0, &costs(&[9.0, 1.0]));
    let slow = objectives.point(2, 5.0, &costs(&[1.0, 2.0]));
    assert!(fast.precedes(&slow));
}
