//! A search whose settings change on the way.

use std::collections::BTreeMap;

use proptest::prelude::*;
use zendo::{
    random::{Purpose, Stream},
    search::{
        Applied, Asked, Candidate, End, Evolution, Moves, Outcome, Retuned, Scoring, Settings,
        Tuning, Untunable,
    },
    space::{ScreenSettings, Setting},
};

use super::{fingerprint, model, outcome, settings, tiers};

/// Of the preset behind [`settings`], with changes.
fn tuned(base: &Settings, sets: &[&str]) -> Settings {
    let no_files = |_: &std::path::Path| Err("no files here".to_owned());
    let source = zendo::space::PresetSource::find("quick", &no_files).expect("shipped");
    let sets: Vec<_> = sets.iter().map(|set| Setting::parse(set).expect("a key")).collect();
    let preset = source.preset().expect("valid").with_settings(&sets).expect("valid");
    Settings { space: preset.search_space(), budgets: preset.budgets(), ..base.clone() }
}

/// A search under way, told in an order drawn at random.
struct Ride {
    evolution: Evolution,
    flying: Vec<Candidate>,
    order: Stream,
    at_once: usize,
    heard: Vec<Applied>,
    /// How a candidate is scored.
    score: fn(&Candidate) -> Outcome,
}

impl Ride {
    fn new(settings: Settings, at_once: usize, shuffle: u64) -> Ride {
        Ride {
            evolution: Evolution::new(settings),
            flying: Vec::new(),
            order: Stream::of_candidate(shuffle, Purpose::Propose, 0),
            at_once,
            heard: Vec::new(),
            score: outcome,
        }
    }

    /// Where it may be tuned, if that is soon.
    fn step(&mut self) -> Option<End> {
        let heard = &mut self.heard;
        let asked = match self.flying.len() < self.at_once {
            true => self.evolution.ask(&mut |change| heard.push(change)),
            false => Asked::Wait,
        };
        match asked {
            Asked::Candidate(candidate) => self.flying.push(candidate),
            Asked::Again => {}
            Asked::Wait => {
                let flying = u32::try_from(self.flying.len()).expect("few");
                let candidate = self.flying.swap_remove(self.order.below(flying) as usize);
                let outcome = (self.score)(&candidate);
                self.evolution.tell(candidate.id, outcome).expect("on its way");
            }
            Asked::Done(end) => return Some(end),
        }
        None
    }

    fn until(&mut self, there: impl Fn(&Evolution) -> bool) {
        while !there(&self.evolution) {
            assert_eq!(self.step(), None, "it ended before");
        }
    }

    /// To the end, with changes at their turns.
    fn finish(mut self, mut changes: BTreeMap<u64, Tuning>) -> Evolution {
        loop {
            let turn = self.evolution.turn();
            if self.evolution.tunable().is_ok()
                && let Some(tuning) = changes.remove(&turn)
            {
                self.evolution.retune(tuning).expect("it is tunable");
            }
            if self.step().is_some() {
                assert!(changes.is_empty(), "not all changes were made");
                return self.evolution;
            }
        }
    }

    /// Kept, forgotten, and gone on with.
    fn through_a_disk(&mut self) {
        let kept = serde_json::to_string(&self.evolution.state()).expect("plain values");
        let settings = self.evolution.settings().clone();
        let state = serde_json::from_str(&kept).expect("what was written");
        self.evolution = Evolution::restored(settings, state).expect("a search was in it");
        self.flying.sort_by_key(|candidate| candidate.id);
        let mut outstanding = self.evolution.outstanding();
        outstanding.sort_by_key(|candidate| candidate.id);
        assert_eq!(outstanding, self.flying);
    }

    fn retune(&mut self, settings: Settings) -> Retuned {
        self.evolution.retune(Tuning { settings, rescores: false }).expect("it is tunable")
    }
}

fn everybody_fits(evolution: &Evolution) -> bool {
    evolution.population().members().iter().all(|member| evolution.settings().admits(member))
}

fn ids(evolution: &Evolution) -> Vec<u64> {
    evolution.population().members().iter().map(|member| member.id).collect()
}

/// Another kind of score: what was good is bad.
fn upside_down(candidate: &Candidate) -> Outcome {
    outcome(candidate).map(|score| zendo::score::Score { value: -score.value, ..score })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same changes at the same turns are the same search, whoever scores how fast.
    #[test]
    fn changes_replay(
        seed in any::<u32>(), shuffle in any::<u64>(), workers in 2..24usize,
        turns in prop::collection::btree_set(1..300_u64, 4),
    ) {
        let base = tiers(seed.into());
        let small = tuned(&base, &["budget.params=800k", "space.kernels=[3, 5]"]);
        let few = Settings { population: 11, ..small.clone() };
        let unscreened = Settings { scoring: Scoring::Measured, ..base.clone() };
        let changes = [
            Tuning { settings: small, rescores: false },
            Tuning { settings: few, rescores: true },
            Tuning { settings: unscreened, rescores: false },
            Tuning { settings: base.clone(), rescores: true },
        ];
        let changes: BTreeMap<u64, Tuning> = turns.into_iter().zip(changes).collect();
        let one = Ride::new(base.clone(), 1, 0).finish(changes.clone());
        let many = Ride::new(base.clone(), workers, shuffle).finish(changes);
        prop_assert_eq!(fingerprint(&one), fingerprint(&many));
        let untouched = Ride::new(base, 1, 0).finish(BTreeMap::new());
        prop_assert_ne!(fingerprint(&one), fingerprint(&untouched));
    }

    /// Kept at any moments, with others on their way, a tuning behind it, elites or a climb: it goes on as if
    /// nothing had been.
    #[test]
    fn a_kept_search_goes_on_as_if_it_never_had_stopped(
        seed in any::<u32>(), shuffle in any::<u64>(), kind in 0..4usize,
        steps in prop::collection::btree_set(1..3_000_usize, 6),
    ) {
        let screened = tiers(seed.into());
        let base = match kind {
            0 => settings(seed.into()),
            1 => screened,
            2 => Settings { moves: Moves { climb: 2, ..screened.moves }, ..screened },
            _ => Settings {
                scoring: Scoring::Analytic(model()),
                moves: Moves { climb: 2, ..screened.moves },
                ..screened
            },
        };
        let change = Tuning {
            settings: tuned(&base, &["budget.params=900k"]),
            rescores: kind % 2 == 0,
        };
        let changes = BTreeMap::from([(200, change)]);
        let twin = Ride::new(base.clone(), 5, shuffle).finish(changes.clone());
        let mut ride = Ride::new(base, 5, shuffle);
        let mut changes = changes.into_iter().peekable();
        for step in 0.. {
            if steps.contains(&step) {
                ride.through_a_disk();
            }
            let is_due = |(turn, _): &(u64, Tuning)| *turn == ride.evolution.turn();
            if ride.evolution.tunable().is_ok()
                && let Some((_, tuning)) = changes.next_if(is_due)
            {
                ride.evolution.retune(tuning).expect("it is tunable");
            }
            if ride.step().is_some() {
                break;
            }
        }
        prop_assert_eq!(fingerprint(&ride.evolution), fingerprint(&twin));
    }
}

#[test]
fn a_tighter_budget_evicts_those_that_break_it_and_they_come_back() {
    let base = settings(3);
    let mut ride = Ride::new(base.clone(), 8, 5);
    ride.until(|evolution| evolution.population().len() == 32);
    let before = ride.evolution.population().members().to_vec();
    let mut params: Vec<u64> = before.iter().map(|member| member.costs.params).collect();
    params.sort_unstable();
    let small = tuned(&base, &[&format!("budget.params={}", params[20])]);
    let (foretold, none) = small.stay(&before, ride.evolution.aside());
    assert_eq!(none, 0);
    let done = ride.retune(small);
    assert_eq!(done.id, ride.evolution.counts().proposed + 1);
    assert_eq!((done.evicted, done.returned, done.rescored), (11, 0, 0));
    let stay = before.iter().zip(&foretold).filter(|(_, stays)| **stays);
    assert_eq!(ids(&ride.evolution), stay.map(|(member, _)| member.id).collect::<Vec<_>>());
    // Nothing that breaks it enters any more, those on their way included.
    for _ in 0..200 {
        assert_eq!(ride.step(), None);
        assert!(everybody_fits(&ride.evolution));
    }
    assert!(ride.heard.iter().any(|change| matches!(change, Applied::Outdated(_))));
    let now = ids(&ride.evolution);
    let members = ride.evolution.population().members();
    let (stays, returning) = base.stay(members, ride.evolution.aside());
    let back = ride.retune(base);
    assert_eq!(back.returned, returning);
    assert_eq!(back.evicted, stays.iter().filter(|stays| !**stays).count());
    let again = ids(&ride.evolution);
    assert!(back.returned > 0);
    let returned = again.iter().filter(|id| !now.contains(id));
    assert_eq!(returned.count(), back.returned);
    // Whoever is back is among the best of all that are known.
    let scores: Vec<f64> =
        ride.evolution.population().members().iter().map(|m| m.score.value).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b));
}

/// A change taken back at once leaves everything as it was.
#[test]
fn a_change_that_is_taken_back_at_once_is_none() {
    let base = settings(4);
    for turn in [2, 40, 180] {
        let mut ride = Ride::new(base.clone(), 8, 1);
        ride.until(|evolution| evolution.turn() == turn);
        let before = ids(&ride.evolution);
        let small = tuned(&base, &["budget.params=700k"]);
        let evicted = ride.retune(Settings { population: 5, ..small }).evicted;
        let done = ride.retune(base.clone());
        assert_eq!(done.returned, evicted);
        assert_eq!(ids(&ride.evolution), before);
        while ride.step().is_none() {}
        let untouched = Ride::new(base.clone(), 8, 9).finish(BTreeMap::new());
        assert_eq!(ids(&ride.evolution), ids(&untouched));
        assert_eq!(ride.evolution.lineage().len(), untouched.lineage().len());
    }
}

#[test]
fn the_population_shrinks_and_grows() {
    let base = settings(5);
    let mut ride = Ride::new(base.clone(), 8, 1);
    ride.until(|evolution| evolution.population().len() == 32);
    let before = ids(&ride.evolution);
    let done = ride.retune(Settings { population: 20, ..base.clone() });
    assert_eq!((done.evicted, ids(&ride.evolution)), (12, before[..20].to_vec()));
    ride.retune(Settings { population: 40, ..base });
    ride.until(|evolution| evolution.population().len() == 40);
}

#[test]
fn kernels_that_are_no_longer_allowed_are_gone() {
    let base = settings(6);
    let mut ride = Ride::new(base.clone(), 8, 1);
    ride.until(|evolution| evolution.population().len() == 32);
    let has_other = |evolution: &Evolution| {
        let members = evolution.population().members().iter();
        members.filter(|member| member.structure.to_string().contains("K7")).count()
    };
    let others = has_other(&ride.evolution);
    assert!(others > 0, "the case shows nothing");
    let done = ride.retune(tuned(&base, &["space.kernels=[3, 5]"]));
    assert_eq!((done.evicted, has_other(&ride.evolution)), (others, 0));
    ride.until(|evolution| evolution.turn() > 200);
    assert_eq!(has_other(&ride.evolution), 0);
}

#[test]
fn scores_of_another_kind_replace_the_old_before_anything_is_proposed() {
    let base = settings(7);
    let mut ride = Ride::new(base.clone(), 8, 2);
    ride.until(|evolution| evolution.turn() == 150);
    let done = ride.evolution.retune(Tuning { settings: base.clone(), rescores: true });
    let done = done.expect("it is tunable");
    assert_eq!(done.rescored, ride.evolution.population().len());
    // Those on their way still have the old kind.
    while ride.evolution.renewal().is_some_and(|(told, _)| told == 0) && !ride.flying.is_empty() {
        ride.step();
    }
    let proposed = ride.evolution.counts().proposed;
    let again = ride.evolution.retune(Tuning { settings: base, rescores: false });
    assert_eq!(again, Err(Untunable::Rescoring));
    ride.score = upside_down;
    ride.heard.clear();
    let members = ride.evolution.population().members().to_vec();
    ride.until(|evolution| evolution.renewal().is_none());
    assert_eq!(ride.evolution.counts().proposed, proposed);
    let failed = members.len() - ride.evolution.population().len();
    let renewed = Applied::Renewed { members: members.len() - failed, of: members.len() };
    assert!(ride.heard.contains(&renewed), "{:?}", ride.heard);
    assert!(ride.evolution.population().members().iter().all(|m| m.score.value < 0.0));
    ride.until(|evolution| evolution.turn() == 300);
    assert!(ride.evolution.population().members().iter().all(|m| m.score.value < 0.0));
}

#[test]
fn an_analytic_score_is_there_on_the_spot() {
    let base = settings(8);
    let mut ride = Ride::new(base.clone(), 4, 2);
    ride.until(|evolution| evolution.turn() == 100);
    let analytic = Settings { scoring: Scoring::Analytic(model()), ..base.clone() };
    ride.evolution.retune(Tuning { settings: analytic, rescores: true }).expect("tunable");
    ride.until(|evolution| evolution.turn() == 150);
    let members = ride.evolution.population().members();
    let model = zendo::analytic::Model::new(model());
    for member in members {
        let whole = model.parts(&member.structure).score(zendo::score::Definition::Table);
        assert!((member.score.value - whole).abs() < 1e-9);
    }
    // And back: everybody is measured.
    ride.evolution.retune(Tuning { settings: base, rescores: true }).expect("tunable");
    ride.until(|evolution| evolution.turn() == 300);
    assert!(ride.evolution.population().members().iter().all(|m| !m.score.is_analytic()));
}

#[test]
fn a_screen_can_be_set_and_lifted() {
    let base = settings(9);
    let screen = |keep| ScreenSettings { keep, window: 64, floor: -1.0 };
    let screened = |keep| Settings {
        scoring: Scoring::Screened(model(), screen(keep)),
        iterations: 2_000,
        ..base.clone()
    };
    let mut ride = Ride::new(Settings { iterations: 2_000, ..base.clone() }, 4, 2);
    ride.until(|evolution| evolution.turn() == 100);
    assert_eq!(ride.evolution.screening(), None);
    ride.retune(screened(0.5));
    ride.until(|evolution| evolution.turn() == 600);
    let state = ride.evolution.screening().expect("a screen");
    assert!(state.pairs > 64, "{state:?}");
    ride.retune(screened(0.25));
    let narrower = ride.evolution.screening().expect("a screen");
    // What was learned stays.
    assert_eq!((narrower.share, narrower.pairs), (0.25, state.pairs));
    ride.retune(Settings { iterations: 2_000, ..base.clone() });
    assert_eq!(ride.evolution.screening(), None);
    ride.until(|evolution| evolution.turn() == 700);
}

#[test]
fn a_search_is_tuned_between_its_start_and_its_end() {
    let base = settings(10);
    let mut ride = Ride::new(base.clone(), 1, 0);
    let tune = |ride: &mut Ride, iterations| {
        let settings = Settings { iterations, ..base.clone() };
        ride.evolution.retune(Tuning { settings, rescores: false })
    };
    assert_eq!(tune(&mut ride, 9), Err(Untunable::NotBegun));
    ride.until(|evolution| evolution.turn() == 20);
    assert!(tune(&mut ride, 60).is_ok());
    while ride.step().is_none() {}
    assert_eq!(ride.evolution.counts().proposed, 60);
    assert_eq!(tune(&mut ride, 600), Err(Untunable::Over));
}

/// Whoever is stopped amid new scores gets the rest of them: half of each would compare what doesn't.
#[test]
fn a_stop_amid_new_scores_waits_for_the_rest() {
    let base = settings(11);
    let mut ride = Ride::new(base.clone(), 4, 2);
    ride.until(|evolution| evolution.turn() == 150);
    ride.evolution.retune(Tuning { settings: base, rescores: true }).expect("tunable");
    ride.until(|evolution| evolution.renewal().is_some_and(|(told, _)| told == 0));
    while ride.evolution.renewal().is_some_and(|(told, _)| told < 5) {
        // What is on its way from before is scored as before.
        ride.score = upside_down_where_renewed(&ride);
        ride.step();
    }
    ride.evolution.stop();
    while ride.step().is_none() {}
    assert_eq!(ride.evolution.renewal(), None);
    let members = ride.evolution.population().len();
    assert!(ride.heard.contains(&Applied::Renewed { members, of: members }));
    // The first were handed out before the other score was there.
    let other = ride.evolution.population().members().iter().filter(|m| m.score.value < 0.0);
    assert!(other.count() + 4 >= members);
}

fn upside_down_where_renewed(ride: &Ride) -> fn(&Candidate) -> Outcome {
    let renews = ride.evolution.renewal().is_some_and(|(told, _)| told > 0);
    if renews { upside_down } else { outcome }
}
