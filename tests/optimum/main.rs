//! The solver against brute force, against the values known for the shipped presets, and whether
//! mutations lead to what it finds.

mod everything;
mod walker;

use std::{ops::ControlFlow, path::Path};

use everything::{CLOCK, Limits, Tiny, cost, everything, is_allowed, tiny};
use proptest::prelude::*;
use walker::Walker;
use zendo::{
    arch::{Costs, Structure},
    optimum::{Answer, ObjectiveForm, Problem, Solver, Sweep, Unsolvable},
    space::{Budget, Preset, PresetSource},
};

fn shipped(name: &str, sets: &[&str]) -> Preset {
    let no_files = |_: &Path| Err("no files here".to_owned());
    let mut source = PresetSource::find(name, &no_files).expect("shipped");
    for set in sets {
        source.set_assignment(set).expect("a setting");
    }
    source.preset().expect("valid")
}

fn solver(preset: &Preset, form: ObjectiveForm, threads: usize) -> Result<Solver, Unsolvable> {
    let clock = preset.budget.latency.is_some().then(|| CLOCK.clone());
    let problem = Problem::new(preset, form, clock)?;
    let target = problem.target().clone();
    Solver::new(problem, &target, threads, &mut |_| ControlFlow::Continue(()))
}

fn solve(solver: &Solver, top: usize) -> Result<Answer, Unsolvable> {
    let target = solver.problem().target().clone();
    solver.solve(&target, top, &mut |_| ControlFlow::Continue(()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// The best structures, one by one, are those of a list of everything.
    #[test]
    fn equals_brute_force(tiny in tiny(), simple in any::<bool>(), top in 1..6_usize) {
        holds_against_brute_force(&tiny, simple, top)?;
    }
}

fn holds_against_brute_force(tiny: &Tiny, simple: bool, top: usize) -> Result<(), TestCaseError> {
    let form = if simple { ObjectiveForm::Simple } else { ObjectiveForm::Theory };
    let free = tiny.preset(&Limits::default());
    let everything = everything(&free);
    let cost = |s: &Structure| cost(&free, s);
    let (initial, all) = (cost(&free.initial()), everything.iter().map(cost).collect::<Vec<_>>());
    let latency = |table: usize| {
        let of = |costs: &Costs| costs.latency_ms.get(table).expect("the tables tell it");
        let (least, most) = (of(&initial), all.iter().map(of).fold(0.0, f64::max));
        tiny.latency[table].map(|share| least + (most - least) * share.powi(2))
    };
    // Within it the search must be able to start.
    let limit = |share: Option<f64>, of: fn(&Costs) -> u64| {
        let (least, most) = (of(&initial), all.iter().map(of).max().unwrap_or(0));
        share.map(|share| least + ((most - least) as f64 * share.powi(2)) as u64)
    };
    let limits = Limits {
        params: limit(tiny.params, |c| c.params),
        flops: limit(tiny.flops, |c| c.flops),
        activation: limit(tiny.activation, |c| c.activation_bytes),
        latency_ms: [latency(0), latency(1)],
    };
    let preset = tiny.preset(&limits);
    let solver = solver(&preset, form, 2).expect("the initial structure is one");
    let mut expected: Vec<(f64, Structure)> = everything
        .into_iter()
        .filter(|s| is_allowed(&preset, s))
        .map(|s| (solver.problem().objective(&s), s))
        .collect();
    // Blocks of the same make can have followed either of two.
    expected.sort_by_key(|(_, structure)| structure.to_string());
    expected.dedup_by(|x, y| x.1 == y.1);
    expected.sort_by(|x, y| y.0.total_cmp(&x.0));
    let answer = solve(&solver, top).expect("the initial structure is one");
    prop_assert!(answer.proven, "{answer:?}");
    prop_assert_eq!(answer.best.len(), top.min(expected.len()));
    for (solved, (objective, structure)) in answer.best.iter().zip(&expected) {
        prop_assert!(
            (solved.objective - objective).abs() < 1e-9,
            "{} {} but {} {}",
            solved.objective,
            solved.structure,
            objective,
            structure
        );
        prop_assert!(is_allowed(&preset, &solved.structure));
        prop_assert!(expected.iter().any(|(_, s)| *s == solved.structure));
    }
    prop_assert!(answer.dual_bound >= expected[0].0 - 1e-9);
    for (i, solved) in answer.best.iter().enumerate() {
        prop_assert!(answer.best[..i].iter().all(|other| other.structure != solved.structure));
    }
    if !simple {
        let above = |s: &Structure| solver.problem().objective(s) - solver.problem().analytic(s);
        prop_assert!(expected.iter().take(200).all(|(_, s)| above(s) >= -1e-9));
    }
    Ok(())
}

/// Found by the test above: with several limits, a structure reached by two paths once counted twice as a
/// better one, and the ranking left others out.
#[test]
fn a_structure_found_twice_rules_out_nothing() {
    let tiny = Tiny {
        idw: true,
        initial: 2,
        kernels: vec![5],
        width_max: 16,
        width_multiple: 8,
        layers: 5,
        fixed_last: false,
        params: Some(0.45283848981805275),
        flops: Some(0.515629712893213),
        activation: None,
        latency: [None, None],
        exact: false,
        definition: "table",
        constraint: "",
        se: false,
    };
    holds_against_brute_force(&tiny, true, 4).expect("as a list of everything has it");
}

/// The values that are known for the simple closed form, with one sub-layer less and one more.
#[test]
fn known_optima_of_the_shipped_presets() {
    for (name, optimum, dual_bound, layers) in [
        ("cifar-params-1m", 199.2923, 199.2974, [188.79, 209.69]),
        ("imagenet-flops-400m", 149.3105, 149.3242, [138.34, 160.19]),
    ] {
        let solver = solver(&shipped(name, &[]), ObjectiveForm::Simple, 2).expect("solvable");
        let answer = solve(&solver, 1).expect("solvable");
        assert!(answer.proven);
        assert!((answer.best[0].objective - optimum).abs() < 1e-4, "{:?}", answer.best);
        assert!((answer.dual_bound - dual_bound).abs() < 2e-4, "{}", answer.dual_bound);
        let price = solver.layer_price(&answer, &mut |_| ControlFlow::Continue(()));
        let found = [price.minus.map(|p| optimum - p), price.plus.map(|p| optimum + p)];
        for (found, known) in found.into_iter().zip(layers) {
            assert!(found.is_some_and(|found| (found - known).abs() < 0.01), "{found:?} {known}");
        }
    }
}

/// Mutations lead from the initial structure to the optimum, each step within the budgets.
#[test]
fn mutations_lead_to_the_optimum() {
    let presets = [
        ("quick", &[][..]),
        ("imagenet-flops-400m", &["space.width_max=2048"][..]),
        ("cifar-params-1m", &["space.width_multiple=16", "space.width_min=16"][..]),
    ];
    for (name, sets) in presets {
        let preset = shipped(name, sets);
        let answer = solve(&solver(&preset, ObjectiveForm::Theory, 2).expect("solvable"), 1);
        let answer = answer.expect("solvable");
        assert!(answer.proven);
        let mut walker = Walker::new(&preset);
        walker.walk(&answer.best[0].structure);
        assert!(walker.steps > 10, "{name}: {} steps", walker.steps);
    }
}

/// Constraints that leave one width only, which is not among those that prices are first sought with.
#[test]
fn one_width_is_enough() {
    let text = "version = 1\n[space]\nfixed = [\"first\"]\nout_ratio_max = 1.0\n\
                non_decreasing = true\ninitial = \"SuperConvK3BNRELU(3,80,1,1)\
                SuperResK3K3(80,80,2,80,1)SuperConvK1BNRELU(80,64,1,1)\"\n\
                [budget]\nparams = \"400k\"\nlayers = 6\n";
    let source = PresetSource::find("one.toml", &|_| Ok(text.to_owned()));
    let preset = source.and_then(|source| source.preset()).expect("valid");
    let answer = solve(&solver(&preset, ObjectiveForm::Theory, 2).expect("solvable"), 1);
    let answer = answer.expect("the initial structure is one");
    assert!(answer.proven);
    let blocks = answer.best[0].structure.blocks();
    let residual = &blocks[1..blocks.len() - 1];
    assert!(residual.iter().all(|block| block.out_channels == 80), "{blocks:?}");
}

/// The same whatever the number of threads.
#[test]
fn threads_make_no_difference() {
    let preset = shipped("quick", &["space.width_multiple=32", "space.width_min=32"]);
    let answer = |threads| {
        solve(&solver(&preset, ObjectiveForm::Theory, threads).expect("solvable"), 4).expect("some")
    };
    assert_eq!(answer(1), answer(3));
}

/// Ended at any time, what is said to bound does; before there is a bound, that is said.
#[test]
fn a_bound_holds_however_early_the_end() {
    let preset = shipped("quick", &["space.width_multiple=32", "space.width_min=32"]);
    let solver = solver(&preset, ObjectiveForm::Theory, 2).expect("solvable");
    let optimum = solve(&solver, 1).expect("solvable").best[0].objective;
    let target = solver.problem().target().clone();
    let (mut answers, mut nothing) = (0, 0);
    for end in 1..30 {
        let (mut told, mut bounded) = (0, false);
        let answer = solver.solve(&target, 1, &mut |progress| {
            told += 1;
            bounded |= progress.bound.is_some();
            if told >= end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                assert_eq!((why, bounded, told), (Unsolvable::Ended, false, end));
                nothing += 1;
                continue;
            }
        };
        answers += 1;
        assert!(answer.bound >= optimum - 1e-9, "{end}: {answer:?}");
        // Something is known as well, and the first bound is a good one.
        assert!(answer.best[0].objective <= optimum + 1e-9);
        assert!(answer.gap() < 0.05 * optimum, "{end}: {answer:?}");
        assert_eq!(answer.stopped, told >= end);
        assert_eq!(answer.proven, !answer.stopped);
    }
    assert!(answers > 0 && nothing > 0, "both ends were tried: {answers} {nothing}");
}

/// Whoever is gone costs no more: every step asks before it begins, and none goes on behind a break.
#[test]
fn an_ended_work_does_nothing_more() {
    let sets = ["space.width_multiple=32", "space.width_min=32", "budget.flops=30M"];
    let preset = shipped("quick", &sets);
    let mut told = 0;
    let mut gone = |_| {
        told += 1;
        ControlFlow::Break(())
    };
    let problem = Problem::new(&preset, ObjectiveForm::Theory, None).expect("solvable");
    let target = problem.target().clone();
    let error = Solver::new(problem, &target, 1, &mut gone).expect_err("was ended");
    assert_eq!(error, Unsolvable::Ended);
    let solver = solver(&preset, ObjectiveForm::Theory, 1).expect("solvable");
    assert_eq!(solver.solve(&target, 1, &mut gone).expect_err("was ended"), error);
    let sweep = Sweep::up_to(&target, Budget::Params).expect("a limit");
    assert!(solver.frontier(&target, &sweep, &mut gone).points.is_empty());
    assert_eq!(told, 3);
    // In the middle of the first prices, which two limits seek in many directions.
    let mut told = 0;
    let error = solver.solve(&target, 1, &mut |_| {
        told += 1;
        if told >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((error, told), (Err(Unsolvable::Ended), 3));
}

/// A limit on a stage that a whole structure can't exceed changes nothing.
#[test]
fn a_stage_as_deep_as_the_net_is_no_limit() {
    let answer = |stage: &[&str]| {
        let coarse = ["space.width_multiple=32", "space.width_min=32"];
        let preset = shipped("quick", &[&coarse, stage].concat());
        solve(&solver(&preset, ObjectiveForm::Theory, 2).expect("solvable"), 2).expect("some")
    };
    let free = answer(&[]);
    assert_eq!(answer(&["space.stage_depth_max=4096"]), free);
    assert_ne!(answer(&["space.stage_depth_max=4"]), free);
}

#[test]
fn what_cannot_be_solved_says_why() {
    let reason = |sets: &[&str]| {
        let preset = shipped("quick", sets);
        solver(&preset, ObjectiveForm::Theory, 1).expect_err("unsolvable").to_string()
    };
    assert!(reason(&["space.depth_steps=[1, 0]"]).contains("space.depth_steps = [1, 0]"));
    // What prices take counts, not only the tables.
    let deep = reason(&["space.stage_depth_max=4000", "budget.layers=4096"]);
    assert!(deep.contains("GB") && deep.contains("space.stage_depth_max"), "{deep}");
    assert!(reason(&["score.resolution=4", "score.batch=1"]).contains("score.batch"));
    let latency = shipped("imagenet-latency-0.1ms", &[]);
    let error = Problem::new(&latency, ObjectiveForm::Theory, None).expect_err("unsolvable");
    assert_eq!(error, Unsolvable::NoTable);
}
