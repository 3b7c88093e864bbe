//! A search for tests: real structures, mutated and judged as the engine would, under a score that
//! stands in for a proxy's.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::{
    action::{Action, Effect},
    keymap::Tab,
    model::{Host, Model, Search, view_of_preset},
    update::update,
};
use crate::{
    anatomy::Anatomy,
    arch::{Costs, Latencies, Structure, costs},
    random::{Purpose, Stream},
    run::{
        Broken, Change, LatencyPrediction, RunSpec, UserPreset, fronts,
        protocol::{
            Confirmed, ConvergencePoint, Fault, Finished, Frontier, FrontierPoint, Gap, LayerPrice,
            Member, NewBest, Optimum, Phase, Price, Reason, Screening, Snapshot, TimeSpent, Tuned,
            Update, Winner, WorkerState,
        },
    },
    score::{MeanStd, Score},
    space::{
        Budget, Draft, LatencyBudget, Mover, Objectives, PresetError, PresetSource, ProxyChoice,
        Setting,
    },
};

/// The shipped preset the fixture searches under.
pub const PRESET: &str = "cifar-params-1m";

pub fn spec() -> RunSpec {
    let source = PresetSource::find(PRESET, &|_| Err("no files".to_owned())).expect("shipped");
    let mut preset = source.preset().expect("valid");
    preset.search.iterations = 96_000;
    preset.run.workers = Some(4);
    RunSpec::new(PRESET, preset)
}

/// Deep and wide nets score high; the noise is a draw's.
fn score(structure: &Structure, id: u64) -> Score {
    let mut stream = Stream::of_candidate(7, Purpose::Noise, id);
    let mut uniform = || (f64::from(stream.next_u32()) + 0.5) / 4_294_967_296.0;
    let (radius, turn) = ((-2.0 * uniform().ln()).sqrt(), uniform() * std::f64::consts::TAU);
    let noise = [radius * turn.cos(), radius * turn.sin()];
    let sum: f64 = structure
        .blocks()
        .iter()
        .map(|b| f64::from(b.sub_layers) * (1.3 * f64::from(b.out_channels).ln() + 2.0))
        .sum();
    Score {
        value: sum + 0.9 * noise[0],
        std: Some(1.3 + 0.1 * noise[1].tanh()),
        repeats: 2,
        log_delta: Some(7.5 + 0.5 * noise[1].tanh()),
        bn_sum: Some(sum - 7.5),
    }
}

/// Everybody who was ever in the population, by id.
type Everybody = BTreeMap<u64, Arc<Member>>;

fn evolved() -> &'static (Arc<Snapshot>, Everybody) {
    static EVOLVED: OnceLock<(Arc<Snapshot>, Everybody)> = OnceLock::new();
    EVOLVED.get_or_init(|| {
        let (snapshot, everybody) = evolve(4_640);
        (Arc::new(snapshot), everybody)
    })
}

/// The state after some iterations.
pub fn snapshot() -> Arc<Snapshot> {
    Arc::clone(&evolved().0)
}

/// What the engine answers when it is asked for candidate `id`.
pub fn ancestors(id: u64) -> Vec<Arc<Member>> {
    let everybody = &evolved().1;
    let parent = |member: &Arc<Member>| everybody.get(&member.parent?).cloned();
    let mut chain: Vec<_> = std::iter::successors(everybody.get(&id).cloned(), parent).collect();
    chain.reverse();
    chain
}

fn evolve(proposed: u64) -> (Snapshot, Everybody) {
    let spec = spec();
    let preset = &spec.preset;
    let (space, budgets) = (preset.search_space(), preset.budgets());
    let initial = preset.initial();
    let cost = |s: &Structure| costs(s, space.net(), budgets.counting);
    let member = |id, structure: Structure, parent: Option<&Member>, mutations| {
        let score = score(&structure, id);
        Member {
            id,
            costs: cost(&structure),
            structure,
            score,
            parent: parent.map(|p| p.id),
            generation: parent.map_or(0, |p| p.generation + 1),
            mutations,
            gain: parent.map(|p| score.value - p.score.value),
        }
    };
    let mut population = vec![Arc::new(member(0, initial, None, Vec::new()))];
    let mut everybody: Everybody = [(0, Arc::clone(&population[0]))].into();
    let mut convergence = Vec::new();
    let (mut depth, mut params, mut scored) = (0, 0, 1);
    let (mover, mut draft) = (Mover::new(&space), Draft::default());
    for id in 1..proposed {
        let mut stream = Stream::of_candidate(2021, Purpose::Propose, id);
        let parent = Arc::clone(&population[stream.below(population.len() as u32) as usize]);
        mover.published(
            parent.structure.blocks(),
            preset.search.mutations,
            &mut stream,
            &mut draft,
        );
        let structure = draft.structure();
        match budgets.broken(&cost(&structure)).map(|budget| budget.name()) {
            Some("layers") => depth += 1,
            Some(_) => params += 1,
            None => {
                scored += 1;
                let fresh = member(id, structure, Some(&parent), draft.mutations.clone());
                let rank = population.partition_point(|m| m.score.value >= fresh.score.value);
                let fresh = Arc::new(fresh);
                everybody.insert(id, Arc::clone(&fresh));
                population.insert(rank, fresh);
                population.truncate(preset.search.population);
            }
        }
        if id % 40 == 0 {
            let at = |rank: usize| population[rank].score.value;
            let (median, lowest) = (at(population.len() / 2), at(population.len() - 1));
            convergence.push(ConvergencePoint { iteration: id, best: at(0), median, lowest });
        }
    }
    let snapshot = Snapshot {
        tunings: Vec::new(),
        renewal: None,
        aside: Vec::new(),
        seq: 1,
        phase: Phase::Running,
        elapsed_ms: 374_000,
        confirm_ms: 0,
        proposed,
        iterations: preset.search.iterations,
        scored,
        failed: 0,
        rescored: 213,
        rejected: vec![("params".to_owned(), params), ("layers".to_owned(), depth)],
        proposed_per_s: 124.0,
        scored_per_s: 46.0,
        population,
        capacity: preset.search.population,
        convergence,
        screening: Some(Screening {
            share: 0.1,
            keep: 0.1,
            agreement: Some(0.46),
            pairs: 256,
            floor: 0.1,
        }),
        noise: Some(0.9),
        optimum: Some(Box::new(Optimum {
            bound: 151.24,
            proven: true,
            structures: Vec::new(),
            prices: vec![Price { budget: Budget::Params, score: 2.41, unit: 100e3 }],
            layer_price: LayerPrice { minus: Some(10.57), plus: Some(10.42) },
            frontiers: vec![Frontier {
                budget: Budget::Params,
                points: [(400_000, 128.0), (600_000, 137.5), (800_000, 145.2), (1_000_000, 151.24)]
                    .map(|(limit, bound)| FrontierPoint { limit, bound, best: None })
                    .to_vec(),
            }],
            best: Some(143.66),
        })),
        ending: None,
        time: TimeSpent {
            propose_ms: 31_400.0,
            build_ms: 106_200.0,
            score_ms: 1_312_000.0,
            wait_ms: 46_400.0,
        },
        workers: vec![
            WorkerState::Scoring { id: proposed },
            WorkerState::Scoring { id: proposed + 1 },
            WorkerState::Waiting,
            WorkerState::Scoring { id: proposed + 2 },
        ],
        confirmation: Vec::new(),
        dropped_events: 0,
    };
    (snapshot, everybody)
}

pub fn model() -> Model {
    Model::new(Host { name: "gpu-07".to_owned(), cores: 32 })
}

pub fn sized(mut model: Model, (width, height): (u16, u16)) -> Model {
    update(&mut model, Action::Resize { width, height });
    model
}

fn hear(model: &mut Model, said: Update) {
    update(model, Action::Engine(said));
}

/// A search that was just started.
pub fn starting() -> Model {
    let mut model = model();
    model.search = Some(Box::new(Search::new(spec(), 0)));
    model.tab = Tab::Search;
    model
}

pub fn running() -> Model {
    let mut model = starting();
    update(&mut model, Action::Resize { width: 120, height: 36 });
    update(&mut model, Action::Clock(375_000));
    let snapshot = snapshot();
    let member = Arc::clone(&snapshot.population[0]);
    hear(&mut model, Update::Snapshot(snapshot));
    hear(&mut model, Update::NewBest(Box::new(NewBest { member, at_ms: 371_000 })));
    model
}

/// A search for score, parameters and latency by the analytic score: everybody who ever was in the fixture's
/// population, front by front.
pub fn fronted() -> Model {
    let mut spec = spec();
    let preset = &mut spec.preset;
    preset.search.minimise = Objectives::parse("params,latency").expect("costs");
    preset.budget.latency =
        Some(LatencyBudget { table: Some("t4".to_owned()), ms: Some(5.0), batch: None });
    preset.score.proxy = ProxyChoice::one("zen-analytic");
    let (objectives, view) = (preset.search.minimise.clone(), view_of_preset(preset));
    let scored = |member: &Arc<Member>| {
        let value = Anatomy::of(&member.structure, &view).score();
        let latency_ms = Latencies::of(&[ms_of(&member.costs)]).expect("one");
        let score = Score { value, std: None, repeats: 0, log_delta: None, bn_sum: None };
        let costs = Costs { latency_ms, ..member.costs };
        Arc::new(Member { score, costs, ..Member::clone(member) })
    };
    let everybody: Vec<_> = evolved().1.values().map(scored).collect();
    let mut population: Vec<_> =
        fronts(&everybody, &objectives).into_iter().zip(everybody).collect();
    population.sort_by(|(front, a), (other, b)| {
        front.cmp(other).then(b.score.value.total_cmp(&a.score.value))
    });
    population.truncate(spec.preset.search.population);
    let population: Vec<_> = population.into_iter().map(|(_, member)| member).collect();
    let mut model = model();
    model.search = Some(Box::new(Search::new(spec, 0)));
    model.tab = Tab::Search;
    let predict = |structure: Structure| {
        let by = predicted(ms_of(&costs(&structure, &view.net, view.counting)));
        (structure, vec![by])
    };
    let mut answered = |action: Action| {
        for effect in update(&mut model, action) {
            if let Effect::Predict { structures, .. } = effect {
                let told = structures.into_iter().map(predict).collect();
                update(&mut model, Action::Predicted(told));
            }
        }
    };
    answered(Action::Resize { width: 120, height: 36 });
    answered(Action::Clock(375_000));
    let snapshot = Snapshot {
        population,
        noise: None,
        screening: None,
        optimum: None,
        ..(*snapshot()).clone()
    };
    answered(Action::Engine(Update::Snapshot(Arc::new(snapshot))));
    model
}

/// What no table has measured: the more layers for its FLOPs, the slower.
fn ms_of(costs: &Costs) -> f64 {
    costs.flops as f64 / 5e7 + f64::from(costs.layers) * 0.05
}

fn predicted(ms: f64) -> LatencyPrediction {
    LatencyPrediction {
        table: "t4".to_owned(),
        device: "NVIDIA T4".to_owned(),
        engine: "TensorRT 8".to_owned(),
        dtype: "f16".to_owned(),
        date: "2026-11-01".to_owned(),
        batch: 64,
        ms,
        low_ms: 0.93 * ms,
        high_ms: 1.08 * ms,
        extrapolated: 0.12,
        fitted_nets: 8,
        budget_ms: Some(5.0),
    }
}

pub fn paused() -> Model {
    let mut model = running();
    hear(&mut model, Update::Phase(Phase::Paused));
    update(&mut model, Action::Clock(505_000));
    model
}

pub fn worker_failed() -> Model {
    let mut model = running();
    let mut lost = (*snapshot()).clone();
    lost.workers[1] = WorkerState::Lost;
    hear(&mut model, Update::Snapshot(Arc::new(lost)));
    hear(
        &mut model,
        Update::Fault(Fault {
            at_ms: 374_000,
            worker: Some(1),
            id: Some(4_641),
            text: "worker 2 is gone\u{1b}[31m; others take its work".to_owned(),
        }),
    );
    model
}

/// The engine's answer to a change: raised depth at #1,800.
pub fn tuned() -> Tuned {
    let change = |from: Option<&str>, to: Option<&str>| Change {
        key: "budget.layers".to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    Tuned {
        number: 1,
        at_ms: 150_000,
        id: 1_800,
        turn: 1_800,
        settings: vec![Setting { key: "budget.layers".to_owned(), value: Some("18".to_owned()) }],
        changes: vec![change(Some("16"), Some("18"))],
        undoes: None,
        evicted: 0,
        returned: 0,
        rescored: 0,
    }
}

/// A running search whose depth was raised.
pub fn raised() -> Model {
    let mut model = running();
    let tunings = vec![tuned()];
    hear(&mut model, Update::Snapshot(Arc::new(Snapshot { tunings, ..(*snapshot()).clone() })));
    hear(&mut model, Update::Tuned(Box::new(tuned())));
    model.notice = None;
    model
}

/// The eight best, so many of 8 draws done.
fn confirmation(repeats: u32) -> Vec<Confirmed> {
    let falls = [0.4, 0.9, 1.1, 1.2, 1.3, 2.4, 2.6, 3.9];
    let snapshot = snapshot();
    let population = &snapshot.population;
    let finalists = population.iter().take(8).zip(falls).map(|(m, fall)| {
        let searched = m.score.value;
        let best = population[0].score.value;
        let score = (repeats > 0).then_some(MeanStd { mean: best - fall, std: Some(0.9) });
        // As far apart as the draws can tell, from the third on.
        let gap = Gap { mean: fall - falls[0], margin_95: 0.6 };
        let behind = (repeats > 1 && gap.mean > 0.0).then_some(gap);
        Confirmed { id: m.id, searched, score, repeats, behind, out: false, failure: None }
    });
    finalists.collect()
}

pub fn confirming() -> Model {
    let mut model = running();
    let mut snapshot = (*snapshot()).clone();
    snapshot.proposed = snapshot.iterations;
    snapshot.phase = Phase::Confirming { done: 12, total: 64 };
    snapshot.confirmation = confirmation(3);
    snapshot.confirmation[7].score = None;
    snapshot.confirmation[7].repeats = 0;
    hear(&mut model, Update::Snapshot(Arc::new(snapshot)));
    model
}

pub fn finished() -> Model {
    let mut model = running();
    let mut snapshot = (*snapshot()).clone();
    snapshot.proposed = snapshot.iterations;
    snapshot.phase = Phase::Finished;
    snapshot.elapsed_ms = 771_000;
    snapshot.confirm_ms = 38_000;
    snapshot.confirmation = confirmation(8);
    let member = Arc::clone(&snapshot.population[0]);
    let tie = Arc::clone(&snapshot.population[1]);
    let confirmed = snapshot.confirmation[0].score;
    update(&mut model, Action::Clock(810_000));
    hear(&mut model, Update::Snapshot(Arc::new(snapshot)));
    let winner = Some(Winner { member, confirmed, repeats: 8, ties: vec![tie] });
    hear(&mut model, Update::Finished(Finished { reason: Reason::Iterations, winner }));
    model
}

/// `model` as if it searched by FLOPs: large scores that follow from the structure. Its scores times 10⁶, so
/// that everybody keeps their place.
fn by_flops(mut model: Model) -> Model {
    let search = model.search.as_mut().expect("a search");
    search.spec.preset.score.proxy = ProxyChoice::one("flops");
    search.spec.preset.screen.keep = 1.0;
    let mut snapshot = Snapshot::clone(search.snapshot.as_ref().expect("a snapshot"));
    let of = |score: f64| (1e6 * score).round();
    for member in &mut snapshot.population {
        let Member { score, gain, .. } = Arc::make_mut(member);
        let value = of(score.value);
        *score = Score { value, std: None, repeats: 0, log_delta: None, bn_sum: None };
        *gain = gain.map(of);
    }
    for point in &mut snapshot.convergence {
        for value in [&mut point.best, &mut point.median, &mut point.lowest] {
            *value = of(*value);
        }
    }
    for finalist in &mut snapshot.confirmation {
        finalist.searched = of(finalist.searched);
    }
    snapshot.noise = None;
    if let Some(winner) = search.finished.as_mut().and_then(|f| f.winner.as_mut()) {
        winner.member = Arc::clone(&snapshot.population[0]);
    }
    hear(&mut model, Update::Snapshot(Arc::new(snapshot)));
    model
}

pub fn counting() -> Model {
    by_flops(running())
}

/// Judged by Zen-Scores, which no axis holds beside FLOPs.
pub fn counted() -> Model {
    by_flops(finished())
}

/// The user's presets: one that is good, one that is broken.
pub fn yours() -> Vec<UserPreset> {
    let mine = "# CIFAR, at most 0.9 M parameters\nextends = \"cifar-params-1m\"\n\n[search]\n# half \
                the paper's, a first look\niterations = 240_000\npopulation = 256\n\n[budget]\nparams = \
                \"0.9M\"\n";
    let found = |text: &str, path: &str| -> Result<_, PresetError> {
        let source = PresetSource::find(path, &|_| Ok(text.to_owned()))?;
        let preset = source.preset()?;
        Ok((source, preset))
    };
    let listed = [("my-cifar", mine), ("tiny", "extends = \"quick\"\n[search]\niteration = 5\n")]
        .map(|(name, text)| {
            let path = format!("presets/{name}.toml");
            let found = found(text, &path).map_err(|error| Broken {
                error,
                path: Some(path.clone().into()),
                text: Some(text.to_owned()),
            });
            UserPreset { name: name.to_owned(), found, path: path.into() }
        });
    listed.into()
}

/// With the good one open.
pub fn mine() -> Model {
    let mut model = sized(model(), (120, 36));
    update(&mut model, Action::Presets(yours()));
    let source = yours().swap_remove(0).found.expect("it is good").0;
    update(&mut model, Action::Opened(Ok(source)));
    model
}
