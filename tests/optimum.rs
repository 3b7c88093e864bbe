//! The solver against brute force, against the values known for the shipped presets, and whether
//! mutations lead to what it finds.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
    path::Path,
};

use proptest::prelude::*;
use zendo::{
    arch::{Block, BlockKind, DEEPEST, Structure, costs, split_deep_blocks},
    optimum::{Answer, ObjectiveForm, Problem, Solver, Unsolvable},
    space::{Preset, PresetSource, Space},
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
    let problem = Problem::new(preset, form)?;
    let target = problem.target().clone();
    Solver::new(problem, &target, threads, &mut |_| ControlFlow::Continue(()))
}

fn solve(solver: &Solver, top: usize) -> Result<Answer, Unsolvable> {
    let target = solver.problem().target().clone();
    solver.solve(&target, top, &mut |_| ControlFlow::Continue(()))
}

/// Everything that can be built from the initial structure of a tiny preset, told apart from the
/// solver's own idea of it: block by block, as the mutations have it.
struct Everything<'a> {
    preset: &'a Preset,
    space: Space,
    initial: Vec<Block>,
    layers: u32,
    found: Vec<Structure>,
}

impl Everything<'_> {
    fn of(preset: &Preset) -> Vec<Structure> {
        let mut all = Everything {
            preset,
            space: preset.search_space(),
            initial: preset.initial().blocks().to_vec(),
            layers: preset.budget.layers.expect("a cap"),
            found: Vec::new(),
        };
        all.extend(&mut Vec::new(), 0);
        all.found
    }

    fn extend(&mut self, blocks: &mut Vec<Block>, filled: usize) {
        let depth: u32 = blocks.iter().map(|b| b.sub_layers).sum();
        if depth > self.layers {
            return;
        }
        if filled == self.initial.len() {
            self.found.extend(Structure::new(blocks.clone()));
        }
        // The next block of the initial structure, or one that was split off the one before.
        if let Some(&next) = self.initial.get(filled) {
            let options = self.options(blocks, next, filled, true);
            self.place(blocks, options, filled + 1);
        }
        if let Some(&before) = filled.checked_sub(1).and_then(|i| self.initial.get(i))
            && self.space.is_free_residual(&self.initial, filled - 1)
            && self.space.depths_vary()
        {
            let like = Block { stride: 1, ..before };
            let options = self.options(blocks, like, filled - 1, false);
            self.place(blocks, options, filled);
        }
    }

    fn place(&mut self, blocks: &mut Vec<Block>, options: Vec<Block>, filled: usize) {
        for block in options {
            blocks.push(block);
            self.extend(blocks, filled);
            blocks.pop();
        }
    }

    /// What mutations make of a block `like` that; one that was never drawn keeps what a drawn one
    /// can't have.
    fn options(&self, blocks: &[Block], like: Block, index: usize, undrawn: bool) -> Vec<Block> {
        let in_channels = blocks.last().map_or(like.in_channels, |b| b.out_channels);
        let like = Block { in_channels, ..like };
        let fixed = self.space.is_fixed(index, self.initial.len());
        let outs = self.space.reachable_widths(like.out_channels);
        if fixed {
            vec![like]
        } else if like.kind.is_conv() {
            outs.iter().map(|&out_channels| Block { out_channels, ..like }).collect()
        } else {
            let depths = if self.space.depths_vary() {
                1..=DEEPEST
            } else {
                like.sub_layers..=like.sub_layers
            };
            let kinds: Vec<BlockKind> = self.space.kinds().collect();
            let inners = self.space.reachable_widths(like.bottleneck);
            let mut options = Vec::new();
            for kind in kinds {
                for &out_channels in &outs {
                    for &bottleneck in &inners {
                        options.extend(depths.clone().map(|sub_layers| Block {
                            kind,
                            out_channels,
                            bottleneck,
                            sub_layers,
                            ..like
                        }));
                    }
                }
            }
            if undrawn && !options.contains(&like) {
                options.push(like);
            }
            options
        }
    }

    fn is_allowed(&self, structure: &Structure) -> bool {
        let budgets = self.preset.budgets();
        let costs = costs(structure, self.space.net(), budgets.counting);
        budgets.broken(&costs).is_none()
            && self.space.constraints().broken(structure.blocks()).is_none()
    }
}

/// A preset small enough to list everything, as TOML.
#[derive(Clone, Debug)]
struct Tiny {
    idw: bool,
    initial: usize,
    kernels: Vec<u32>,
    width_max: u32,
    layers: u32,
    fixed_last: bool,
    /// Share of the way from the cheapest net's cost to the dearest's.
    params: Option<f64>,
    flops: Option<f64>,
    exact: bool,
    definition: &'static str,
    constraint: &'static str,
    se: bool,
}

impl Tiny {
    fn initial(&self) -> String {
        let kind = if self.idw { "SuperResIDWE2K3" } else { "SuperResK3K3" };
        let body = match self.initial {
            0 => format!("{kind}(8,8,2,8,1)"),
            1 => format!("{kind}(8,16,1,16,1){kind}(16,16,2,16,1)"),
            // Two of stride 1 in a row: either may be followed by more.
            _ => format!("{kind}(8,8,1,8,1){kind}(8,8,1,8,1)"),
        };
        let out = if self.initial == 1 { 16 } else { 8 };
        format!("SuperConvK3BNRELU(3,8,1,1){body}SuperConvK1BNRELU({out},16,1,1)")
    }

    fn text(&self, params: Option<u64>, flops: Option<u64>) -> String {
        let families = if self.idw { "[\"IDW\"]" } else { "[\"KxKx\", \"K1KxK1\"]" };
        let limit = |name: &str, most: Option<u64>| match most {
            Some(most) => format!("{name} = {most}\n"),
            None => String::new(),
        };
        format!(
            "version = 1\n[space]\nfamilies = {families}\nkernels = {:?}\nexpansions = [1, 2]\n\
             width_max = {}\nfixed = {}\ninitial = \"{}\"\nresolution = 8\nclasses = 10\nse = {}\n{}\n\
             [budget]\nlayers = {}\n{}{}counting = \"{}\"\n[score]\ndefinition = \"{}\"\n",
            self.kernels,
            self.width_max,
            if self.fixed_last { "[\"last\"]" } else { "[]" },
            self.initial(),
            self.se,
            self.constraint,
            self.layers,
            limit("params", params),
            limit("flops", flops),
            if self.exact { "exact" } else { "reference" },
            self.definition,
        )
    }

    fn preset(&self, params: Option<u64>, flops: Option<u64>) -> Preset {
        let text = self.text(params, flops);
        let source = PresetSource::find("tiny.toml", &|_| Ok(text.clone()));
        source.and_then(|source| source.preset()).expect("valid")
    }
}

fn tiny() -> impl Strategy<Value = Tiny> {
    let shape = (any::<bool>(), 0..3_usize, any::<bool>(), any::<bool>());
    let lists = (
        prop_oneof![Just(vec![3]), Just(vec![5]), Just(vec![3, 7])],
        prop_oneof![Just(16_u32), Just(24)],
        0..=1_u32,
    );
    let share = || prop_oneof![1 => Just(None), 3 => (0.02..0.9_f64).prop_map(Some)];
    let rest = (
        prop_oneof![Just("table"), Just("paper"), Just("reference")],
        prop_oneof![
            3 => Just(""),
            1 => Just("bottleneck_ratio_min = 0.75"),
            1 => Just("non_decreasing = true"),
            1 => Just("out_ratio_max = 2.0"),
            1 => Just("stage_depth_max = 2"),
        ],
        any::<bool>(),
    );
    (shape, lists, share(), share(), rest).prop_map(|(shape, lists, params, flops, rest)| {
        let (idw, initial, fixed_last, exact) = shape;
        let (kernels, width_max, more) = lists;
        let (definition, constraint, se) = rest;
        // As few layers beyond the initial structure's as keep the list short.
        let layers = if initial == 0 { 4 + more } else { 5 };
        let width_max = if initial == 0 && kernels.len() == 1 { width_max } else { 16 };
        let kernels = if initial == 0 || idw { kernels } else { vec![kernels[0]] };
        Tiny {
            idw,
            initial,
            kernels,
            width_max,
            layers,
            fixed_last,
            params,
            flops,
            exact,
            definition,
            constraint,
            se,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The best structures, one by one, are those of a list of everything.
    #[test]
    fn equals_brute_force(tiny in tiny(), simple in any::<bool>(), top in 1..6_usize) {
        let form = if simple { ObjectiveForm::Simple } else { ObjectiveForm::Theory };
        let free = tiny.preset(None, None);
        let everything = Everything::of(&free);
        let space = free.search_space();
        let all: Vec<_> = everything
            .iter()
            .map(|s| costs(s, space.net(), free.budgets().counting))
            .collect();
        let initial = costs(&free.initial(), space.net(), free.budgets().counting);
        // Within it the search must be able to start.
        let limit = |share: Option<f64>, least: u64, most: u64| {
            share.map(|share| least + ((most - least) as f64 * share.powi(2)) as u64)
        };
        let most = |of: &dyn Fn(usize) -> u64| (0..all.len()).map(of).max().unwrap_or(0);
        let params = limit(tiny.params, initial.params, most(&|i| all[i].params));
        let flops = limit(tiny.flops, initial.flops, most(&|i| all[i].flops));
        let preset = tiny.preset(params, flops);
        let judge = Everything {
            preset: &preset,
            space: preset.search_space(),
            initial: Vec::new(),
            layers: 0,
            found: Vec::new(),
        };
        let solver = solver(&preset, form, 2).expect("the initial structure is one");
        let mut expected: Vec<(f64, Structure)> = everything
            .into_iter()
            .filter(|s| judge.is_allowed(s))
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
                "{} {} but {} {}", solved.objective, solved.structure, objective, structure
            );
            prop_assert!(judge.is_allowed(&solved.structure));
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
    }
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

/// One step of the published mutation, on one block.
fn is_a_mutation(space: &Space, from: &[Block], to: &[Block]) -> bool {
    (0..from.len()).filter(|&i| !space.is_fixed(i, from.len())).any(|i| {
        let block = from[i];
        let outs = space.width_options(block.out_channels);
        let inners = space.width_options(block.bottleneck);
        let kinds: Vec<BlockKind> = match block.kind.is_conv() {
            true => vec![block.kind],
            false => space.kinds().collect(),
        };
        kinds.iter().any(|&kind| {
            space.depth_options(block.sub_layers).into_iter().any(|depth| {
                let sub_layers = if kind.is_conv() { block.sub_layers } else { depth };
                outs.iter().any(|&out_channels| {
                    let inners = if kind.is_conv() { &vec![0] } else { &inners };
                    inners.iter().any(|&bottleneck| {
                        let child = Block { kind, out_channels, bottleneck, sub_layers, ..block };
                        let mut child_blocks = from.to_vec();
                        child_blocks[i] = child;
                        chain(&mut child_blocks);
                        split_deep_blocks(&mut child_blocks);
                        child_blocks == to
                    })
                })
            })
        })
    })
}

fn chain(blocks: &mut [Block]) {
    for i in 1..blocks.len() {
        blocks[i].in_channels = blocks[i - 1].out_channels;
    }
}

/// Walks from the initial structure to another, one mutation at a time.
struct Walker<'a> {
    preset: &'a Preset,
    space: Space,
    at: Vec<Block>,
    steps: usize,
}

impl Walker<'_> {
    fn step(&mut self, index: usize, change: impl Fn(&mut Block)) {
        let mut next = self.at.clone();
        change(&mut next[index]);
        if next == self.at {
            return;
        }
        chain(&mut next);
        split_deep_blocks(&mut next);
        assert!(is_a_mutation(&self.space, &self.at, &next), "{:?} {next:?}", self.at);
        let structure = Structure::new(next.clone()).expect("a structure");
        let budgets = self.preset.budgets();
        let costs = costs(&structure, self.space.net(), budgets.counting);
        assert_eq!(budgets.broken(&costs), None, "{structure}");
        self.at = next;
        self.steps += 1;
    }

    /// Width by width over what the factors offer.
    fn lead(&mut self, index: usize, of: fn(&mut Block) -> &mut u32, to: u32) {
        let start = *of(&mut self.at[index]);
        for width in self.way(start, to) {
            self.step(index, |block| *of(block) = width);
        }
    }

    /// The way from one width to another that needs the least width.
    fn way(&self, start: u32, to: u32) -> Vec<u32> {
        let mut most = start.max(to);
        loop {
            let mut from = BTreeMap::from([(start, start)]);
            let mut open = VecDeque::from([start]);
            while let Some(width) = open.pop_front() {
                for option in self.space.width_options(width) {
                    if option <= most && !from.contains_key(&option) {
                        from.insert(option, width);
                        open.push_back(option);
                    }
                }
            }
            if from.contains_key(&to) {
                let mut way = vec![to];
                while way[0] != start {
                    way.insert(0, from[&way[0]]);
                }
                return way;
            }
            most += 8;
        }
    }

    fn depth(&mut self, index: usize, to: u32) {
        while self.at[index].sub_layers != to {
            let here = self.at[index].sub_layers;
            self.step(index, |block| {
                block.sub_layers = if here < to { here + 1 } else { here - 1 }
            });
        }
    }

    fn walk(&mut self, goal: &Structure) {
        let goal = goal.blocks();
        let is_fixed = |i: usize, count: usize| self.space.is_fixed(i, count);
        let fixed: Vec<bool> = (0..goal.len()).map(|i| is_fixed(i, goal.len())).collect();
        // Narrow first, so that nothing breaks the budgets on the way.
        let least = self.space.reachable_widths(8)[0];
        for i in 0..self.at.len() {
            if !self.space.is_fixed(i, self.at.len()) {
                self.lead(i, |block| &mut block.out_channels, least);
                if !self.at[i].kind.is_conv() {
                    self.lead(i, |block| &mut block.bottleneck, least);
                }
            }
        }
        // Then as many blocks as the goal has, gap by gap.
        let mut i = 0;
        while i < goal.len() {
            let has = self.at.get(i).is_some_and(|b| {
                b.stride == goal[i].stride && b.kind.is_conv() == goal[i].kind.is_conv()
            });
            if has {
                i += 1;
                continue;
            }
            self.depth(i - 1, DEEPEST);
            self.step(i - 1, |block| block.sub_layers += 1);
            self.depth(i - 1, 1);
            self.depth(i, 1);
        }
        for i in (0..goal.len()).filter(|&i| !fixed[i]) {
            if goal[i].kind.is_conv() {
                continue;
            }
            self.step(i, |block| block.kind = goal[i].kind);
            self.depth(i, goal[i].sub_layers);
        }
        // Those that need the most width on their way go while the others are narrow.
        let detour = |i: &usize| {
            let to = goal[*i].out_channels;
            self.way(least, to).into_iter().max().unwrap_or(to) - to
        };
        let mut order: Vec<usize> = (0..goal.len()).filter(|&i| !fixed[i]).collect();
        order.sort_by_key(|i| std::cmp::Reverse(detour(i)));
        for i in order {
            self.lead(i, |block| &mut block.out_channels, goal[i].out_channels);
            if !goal[i].kind.is_conv() {
                self.lead(i, |block| &mut block.bottleneck, goal[i].bottleneck);
            }
        }
        assert_eq!(self.at, goal);
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
        let mut walker = Walker {
            space: preset.search_space(),
            at: preset.initial().blocks().to_vec(),
            preset: &preset,
            steps: 0,
        };
        walker.walk(&answer.best[0].structure);
        assert!(walker.steps > 10, "{name}: {} steps", walker.steps);
    }
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

/// Ended at any time, what is said to bound does.
#[test]
fn a_bound_holds_however_early_the_end() {
    let preset = shipped("quick", &["space.width_multiple=32", "space.width_min=32"]);
    let solver = solver(&preset, ObjectiveForm::Theory, 2).expect("solvable");
    let optimum = solve(&solver, 1).expect("solvable").best[0].objective;
    let target = solver.problem().target().clone();
    for end in 1..30 {
        let mut told = 0;
        let answer = solver.solve(&target, 1, &mut |_| {
            told += 1;
            if told >= end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let Ok(answer) = answer else { panic!("the end is no fault") };
        assert!(answer.bound >= optimum - 1e-9, "{end}: {answer:?}");
        assert!(answer.best.iter().all(|best| best.objective <= optimum + 1e-9));
        assert_eq!(answer.stopped, told >= end);
        assert_eq!(answer.proven, !answer.stopped);
    }
}

#[test]
fn what_cannot_be_solved_says_why() {
    let reason = |sets: &[&str]| {
        let preset = shipped("quick", sets);
        solver(&preset, ObjectiveForm::Theory, 1).expect_err("unsolvable").to_string()
    };
    assert!(reason(&["space.depth_steps=[1, 0]"]).contains("space.depth_steps = [1, 0]"));
    assert!(reason(&["score.resolution=4", "score.batch=1"]).contains("score.batch"));
    let latency = shipped("imagenet-latency-0.1ms", &[]);
    let error = solver(&latency, ObjectiveForm::Theory, 1).expect_err("unsolvable");
    assert_eq!(error, Unsolvable::Latency);
}
