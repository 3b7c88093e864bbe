//! Presets, mutation and budgets as their user meets them.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use zendo::{
    arch::{Structure, costs},
    random::{Purpose, Stream},
    space::{
        Constraint, Draft, Mover, Preset, PresetError, PresetSource, published_nets,
        shipped_preset_names,
    },
};

fn no_files(path: &Path) -> Result<String, String> {
    Err(format!("{} does not exist", path.display()))
}

fn shipped(name: &str) -> Preset {
    PresetSource::find(name, &no_files).and_then(|source| source.preset()).expect("shipped")
}

/// The preset in `text`, as if it stood in my.toml.
fn parse(text: &str) -> Result<Preset, PresetError> {
    PresetSource::find("my.toml", &|_| Ok(text.to_owned()))?.preset()
}

fn error(text: &str) -> String {
    parse(text).expect_err("must be refused").to_string()
}

#[test]
fn every_shipped_preset_is_valid() {
    assert_eq!(shipped_preset_names().count(), 14);
    for name in shipped_preset_names() {
        let preset = shipped(name);
        assert!(!preset.about.is_empty(), "{name}");
        let latency = name.contains("latency");
        assert_eq!(preset.not_startable().is_some(), latency, "{name}");
        if let Some(published) = &preset.published {
            assert!(published_nets().any(|net| net.name == *published), "{name}");
        }
    }
}

/// zen-nas.md §8: the settings published with the reference.
#[test]
fn published_settings_are_the_published_ones() {
    for (name, params, flops, layers) in [
        ("cifar-params-1m", Some(1_000_000), None, 18),
        ("cifar-params-2m", Some(2_000_000), None, 20),
        ("imagenet-flops-400m", None, Some(400_000_000), 14),
        ("imagenet-flops-600m", None, Some(600_000_000), 14),
        ("imagenet-flops-800m", None, Some(800_000_000), 16),
    ] {
        let preset = shipped(name);
        let budgets = preset.budgets();
        assert_eq!((budgets.params, budgets.flops, budgets.layers), (params, flops, Some(layers)));
        assert_eq!((preset.search.population, preset.search.iterations), (512, 480_000));
        assert_eq!(preset.score.alpha, 0.01);
        // Not the published 64: docs/which-batch.md.
        assert_eq!(preset.score.batch, 1);
    }
    for (ms, layers) in [(0.1, 10), (0.2, 13), (0.3, 16), (0.5, 20), (0.8, 25), (1.2, 30)] {
        let budgets = shipped(&format!("imagenet-latency-{ms}ms")).budgets();
        assert_eq!((budgets.latency_ms, budgets.layers), ([Some(ms), None, None], Some(layers)));
    }
}

#[test]
fn the_twelve_published_nets_are_there() {
    assert_eq!(published_nets().count(), 12 + 5);
    let net = published_nets().find(|n| n.name == "zennet_cifar_model_size1M_res32");
    assert_eq!(net.map(|n| (n.resolution, n.classes, n.structure.depth())), Some((32, 100, 18)));
}

#[test]
fn errors_say_where_and_what_was_meant() {
    for (text, expected) in [
        (
            "version = 1\n[search]\npopulaton = 4\n",
            "my.toml:3:1: unknown key 'populaton', did you mean 'population'?",
        ),
        ("[serach]\n", "my.toml:1:2: unknown key 'serach', did you mean 'search'?"),
        (
            "population = 4\n",
            "my.toml:1:1: unknown key 'population', did you mean 'search.population'?",
        ),
        (
            "extends = \"quick\"\n[budget]\nlatency = { ms = 1.0, tabel = 1 }\n",
            "my.toml:3:23: unknown key 'tabel', did you mean 'table'?",
        ),
        (
            "extends = \"quick\"\n[search]\n  population = 1\n",
            "my.toml:3:3: search.population: 1 is too small: 2 or more",
        ),
        (
            "extends = \"quick\"\n[score]\nseed_mode = \"common\"\n[confirm]\nbest = 0\n",
            "my.toml:5:1: confirm.best: 0 is too small with score.seed_mode \"common\": evolution overfits \
             the one draw of all, so the best must be scored again with fresh ones; 1 or more",
        ),
        (
            "extends = \"quick\"\n[run]\nprefix_memory = \"1G\"\n",
            "my.toml:3:1: run.prefix_memory: candidates share nothing while each has a draw of its own; it \
             needs score.seed_mode = \"common\"",
        ),
        (
            "extends = \"quick\"\n[budget]\nparams = \"1.0Q\"\n",
            "my.toml:3:1: budget.params: '1.0Q' is no size; write 1_000_000, \"1.0M\", \"400M\" or \"1.5G\"",
        ),
        (
            "extends = \"quick\"\n[screen]\nfloor = nan\n",
            "my.toml:3:1: screen.floor: NaN is too small: -1 or more",
        ),
        (
            "extends = \"quick\"\n[score]\nproxy = { zen = 1.0, naswot = 0 }\n",
            "my.toml:3:22: score.proxy.naswot: 0 can't be a weight: expected 0.001 to 1000 in size, below 0 for \
             less of it",
        ),
        (
            "extends = \"quick\"\n[score.proxy]\nzen = 1\nte = \"half\"\n",
            "my.toml:4:1: score.proxy.te: invalid type: string \"half\", expected f64",
        ),
        (
            "extends = \"quick\"\n[confirm]\nproxy = \"zen=1,zen=2\"\n",
            "my.toml:3:1: confirm.proxy: zen stands twice",
        ),
        (
            "extends = \"quick\"\n[score]\nproxy = {}\n",
            "my.toml:3:1: score.proxy: names no proxy: expected such as { zen = 1.0, naswot = 0.5 }",
        ),
        (
            "extends = \"quick\"\n[score]\nproxy = 3\n",
            "my.toml:3:1: score.proxy: invalid type: integer `3`, expected a proxy's name, or weights by rank \
             such as { zen = 1.0, naswot = 0.5 }",
        ),
        (
            "extends = \"quik\"\n",
            "quik: no such preset and no such file, did you mean 'quick'?; `zendo presets list` shows all",
        ),
    ] {
        let found = match text.contains("quik") {
            // Only the file itself exists.
            true => PresetSource::find("my.toml", &|path| match path.ends_with("my.toml") {
                true => Ok(text.to_owned()),
                false => Err("not found".to_owned()),
            })
            .expect_err("must be refused")
            .to_string(),
            false => error(text),
        };
        assert_eq!(found, expected);
    }
    assert!(error("a = [").starts_with("my.toml:1:"));
    let circle = error("extends = \"my.toml\"\n");
    assert!(circle.contains("extend each other"), "{circle}");
    let tight = error("extends = \"quick\"\n[budget]\nparams = \"1k\"\n");
    assert!(tight.contains("initial structure breaks 'params'"), "{tight}");
}

#[test]
fn overrides_win_and_can_be_taken_back() {
    let mut source = PresetSource::find("quick", &no_files).expect("shipped");
    source.set_assignment("budget.params=150k").expect("a key");
    source.set_assignment("search.seed = 7").expect("a key");
    let preset = source.preset().expect("valid");
    assert_eq!((preset.budgets().params, preset.search.seed), (Some(150_000), 7));
    assert_eq!(preset.run.kernels, "auto");
    source.set_assignment("run.kernels=avx2").expect("a key");
    assert_eq!(source.preset().expect("valid").run.kernels, "avx2");
    source.unset("budget.params");
    assert_eq!(source.preset().expect("valid").budgets().params, Some(400_000));
    for (bad, expected) in [
        (
            "search.sed=1",
            "--set search.sed=1: unknown key 'search.sed', did you mean 'search.seed'?",
        ),
        ("seed=1", "--set seed=1: unknown key 'seed', did you mean 'search.seed'?"),
        ("seed", "--set seed: expected key=value, such as search.seed=7"),
    ] {
        assert_eq!(source.set_assignment(bad).expect_err("refused").to_string(), expected);
    }
    source.set_assignment("search.population=x").expect("the key exists");
    let error = source.preset().expect_err("no number").to_string();
    assert!(error.starts_with("--set search.population=x: search.population: "), "{error}");
}

/// Whatever is said last is the whole of it, however it is written.
#[test]
fn combinations_replace_each_other() {
    let said = |source: &PresetSource| source.preset().expect("valid").score.proxy.to_string();
    let base = "extends = \"quick\"\n[score]\nproxy = { zen = 1.0, naswot = 0.5 }\n";
    let find = |own: &str| {
        let own = own.to_owned();
        let read = move |path: &Path| match path.ends_with("base.toml") {
            true => Ok(base.to_owned()),
            false => Ok(own.clone()),
        };
        PresetSource::find("my.toml", &read).expect("valid")
    };
    assert_eq!(said(&find("extends = \"base.toml\"\n")), "zen=1,naswot=0.5");
    let own = "extends = \"base.toml\"\n[score]\nproxy.te = 2\nproxy.params = -0.5\n";
    let mut source = find(own);
    assert_eq!(said(&source), "te=2,params=-0.5");
    for (set, expected) in [
        ("score.proxy=zen=1,naswot=0.5", "zen=1,naswot=0.5"),
        ("score.proxy={ phi = 1, zen = 2 }", "zen=2,phi=1"),
        ("score.proxy=flops", "flops"),
    ] {
        source.set_assignment(set).expect("a key");
        assert_eq!(said(&source), expected, "{set}");
    }
    source.unset("score.proxy");
    let preset = source.preset().expect("valid");
    let differences = preset.differences(&source.base());
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].base.as_deref(), Some("zen=1,naswot=0.5"));
    // A text loses all of its lines at once.
    source.unset_in_text("score.proxy");
    assert_eq!(said(&source), "zen=1,naswot=0.5", "{}", source.text());
    let mut source = find("extends = \"quick\"\n[score.proxy]\nte = 2\nzen = 1\n");
    source.unset_in_text("score.proxy");
    assert_eq!(said(&source), "zen", "{}", source.text());
    source.set_in_text("score.proxy", "{ te = 2, zen = 1 }").expect("a key");
    assert!(source.text().ends_with("[score]\nproxy = { te = 2, zen = 1 }\n"), "{}", source.text());
    source.set_assignment("score.proxy=ntk=1,zen=1").expect("a key");
    source.settle().expect("valid");
    assert_eq!(said(&source), "ntk=1,zen=1");
}

/// A preset printed whole reads back as itself, and names every key the schema knows.
#[test]
fn a_printed_preset_reads_back() {
    for name in shipped_preset_names() {
        let preset = shipped(name);
        let text = toml::to_string(&preset).expect("prints");
        assert_eq!(parse(&text), Ok(preset), "{text}");
    }
}

#[test]
fn options_are_the_references() {
    let golden: Value = serde_json::from_str(include_str!("golden/structures.json")).expect("JSON");
    for (family, preset) in [("xxbl", "cifar-params-1m"), ("idw", "imagenet-flops-400m")] {
        let space = shipped(preset).search_space();
        let table = golden["channel_options"][family].as_object().expect("a table");
        assert!(table.len() > 20);
        for (width, options) in table {
            let expected: Vec<u32> = serde_json::from_value(options.clone()).expect("numbers");
            assert_eq!(space.width_options(width.parse().expect("a width")), expected, "{width}");
        }
        let depths = golden["sublayer_options_before_dropping_0"].as_object().expect("a table");
        for (depth, options) in depths {
            let mut expected: Vec<u32> = serde_json::from_value(options.clone()).expect("numbers");
            expected.retain(|&d| d > 0);
            assert_eq!(space.depth_options(depth.parse().expect("a depth")), expected, "{depth}");
        }
    }
}

/// The weights of the reference's slip are drawn as given.
#[test]
fn kernel_weights_are_drawn_as_given() {
    let preset = parse(
        "extends = \"cifar-params-1m\"\n[space]\nfamilies = [\"KxKx\"]\nkernel_weights = [3, 3, 2]\n",
    )
    .expect("valid");
    let (space, initial) = (preset.search_space(), preset.initial());
    let (mover, mut draft) = (Mover::new(&space), Draft::default());
    let mut counts = [0_i32; 3];
    for id in 0..40_000 {
        let mut stream = Stream::of_candidate(1, Purpose::Propose, id);
        mover.published(initial.blocks(), 1, &mut stream, &mut draft);
        for mutation in &draft.mutations {
            if mutation.to.kind.is_residual() {
                counts[mutation.to.kind.kernel().side() as usize / 2 - 1] += 1;
            }
        }
    }
    // Copies are not listed, so K3 (the parent's kernel) loses 1 in 9·9·(2 or 3 depths)·8/3; the
    // other two must stand 3 to 2 within five standard deviations.
    let (k5, k7) = (f64::from(counts[1]), f64::from(counts[2]));
    assert!((2.0 * k5 - 3.0 * k7).abs() < 5.0 * (4.0 * k5 + 9.0 * k7).sqrt(), "{counts:?}");
    assert!(f64::from(counts[0]) > 0.9 * k5, "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A walk of children: all in the space, channels chain, strides and ends stay, deep blocks
    /// split, and what passes the budgets costs no more than they say.
    #[test]
    fn children_stay_in_the_space(seed in any::<u64>(), which in 0..7usize, draws in 1..4u32) {
        let names: Vec<_> = shipped_preset_names().collect();
        let preset = shipped(names[which + 1]);
        let (space, initial, budgets) = (preset.search_space(), preset.initial(), preset.budgets());
        let mut parent = initial.clone();
        let (mover, mut draft) = (Mover::new(&space), Draft::default());
        for id in 0..60 {
            let mut stream = Stream::of_candidate(seed, Purpose::Propose, id);
            mover.published(parent.blocks(), draws, &mut stream, &mut draft);
            let mut again = Draft::default();
            mover.published(parent.blocks(), draws, &mut Stream::of_candidate(seed, Purpose::Propose, id), &mut again);
            prop_assert_eq!((&draft.blocks, &draft.mutations), (&again.blocks, &again.mutations));
            let structure = draft.structure();
            prop_assert!(space.contains(&structure, &initial), "{}", structure);
            prop_assert!(draft.mutations.len() <= draws as usize);
            // A string that parses has channels that chain.
            prop_assert_eq!(structure.to_string().parse::<Structure>().expect("valid"), structure.clone());
            let first = structure.blocks()[0];
            let last = structure.blocks()[structure.blocks().len() - 1];
            let (first0, last0) = (initial.blocks()[0], initial.blocks()[initial.blocks().len() - 1]);
            prop_assert_eq!((first.kind, first.stride, first.sub_layers), (first0.kind, first0.stride, first0.sub_layers));
            prop_assert_eq!((last.kind, last.stride, last.sub_layers), (last0.kind, last0.stride, last0.sub_layers));
            if preset.space.fixed.is_empty() {
                prop_assert!(structure.blocks().iter().all(|b| b.out_channels <= 2048));
            } else {
                prop_assert_eq!(last.out_channels, last0.out_channels);
            }
            let strides = |s: &Structure| s.blocks().iter().map(|b| b.stride).filter(|&s| s > 1).count();
            prop_assert_eq!(strides(&structure), strides(&initial));
            let costs = costs(&structure, space.net(), budgets.counting);
            if budgets.broken(&costs).is_none() {
                prop_assert!(costs.params <= budgets.params.unwrap_or(u64::MAX));
                prop_assert!(costs.flops <= budgets.flops.unwrap_or(u64::MAX));
                prop_assert!(costs.layers <= budgets.layers.unwrap_or(u32::MAX));
                parent = structure;
            }
        }
    }

    #[test]
    fn preset_parsing_never_panics(text in "[a-z\\[\\]=\"0-9.\\n{} _é]{0,120}", set in "[a-z.]{0,20}=[ -~\\n]{0,20}") {
        let _ = parse(&text);
        let mut source = PresetSource::find("quick", &no_files).expect("shipped");
        let _ = source.set_assignment(&set);
        let _ = source.preset();
    }
}

/// Every shipped preset that can be started, with constraints it does not have by itself.
fn constrained(name: &str) -> Preset {
    let mut source = PresetSource::find(name, &no_files).expect("shipped");
    for set in [
        "space.bottleneck_ratio_min=0.125",
        "space.non_decreasing=true",
        "space.out_ratio_max=4",
        "space.stage_depth_max=6",
    ] {
        source.set_assignment(set).expect("a key");
    }
    source.preset().expect("the initial structure keeps them")
}

#[test]
fn constraints_are_told_apart() {
    let preset = constrained("cifar-params-1m");
    let space = preset.search_space();
    let broken = |blocks: &str| {
        let text = format!("SuperConvK3BNRELU(3,16,1,1){blocks}");
        let structure: Structure = text.parse().expect("valid");
        space.constraints().broken(structure.blocks()).map(|constraint| constraint.name())
    };
    assert_eq!(broken("SuperResK3K3(16,64,1,8,6)"), None);
    assert_eq!(broken("SuperResK3K3(16,64,1,8,3)SuperResK3K3(64,72,2,16,6)"), None);
    assert_eq!(broken("SuperResK3K3(16,64,1,8,3)SuperResK3K3(64,64,1,8,4)"), Some("stage_depth"));
    assert_eq!(
        broken("SuperResK3K3(16,64,1,8,1)SuperResK3K3(64,72,1,8,1)"),
        Some("bottleneck_ratio")
    );
    assert_eq!(broken("SuperResK3K3(16,8,1,8,1)"), Some("non_decreasing"));
    assert_eq!(broken("SuperResK3K3(16,72,1,16,1)"), Some("out_ratio"));
    // Plain convs go free.
    assert_eq!(broken("SuperConvK1BNRELU(16,512,1,1)"), None);
    let refused = error("extends = \"cifar-params-1m\"\n[space]\nbottleneck_ratio_min = 0.9\n");
    assert!(refused.contains("the initial structure breaks 'bottleneck_ratio'"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A walk of small moves: in the space, chained, no block deep enough to split, strides in their
    /// order, no required block lost; and a repaired child keeps the constraints.
    #[test]
    fn small_moves_stay_in_the_space(seed in any::<u64>(), mobile in any::<bool>()) {
        let preset = constrained(if mobile { "imagenet-flops-400m" } else { "cifar-params-1m" });
        let (space, initial) = (preset.search_space(), preset.initial());
        let (mover, mut draft) = (Mover::new(&space), Draft::default());
        let mut parent = initial.clone();
        let strides = |s: &Structure| -> Vec<u32> {
            s.blocks().iter().map(|b| b.stride).filter(|&s| s > 1).collect()
        };
        for id in 0..80 {
            let mut stream = Stream::of_candidate(seed, Purpose::Propose, id);
            mover.small(parent.blocks(), &mut stream, &mut draft);
            let child = draft.structure();
            prop_assert!(space.contains(&child, &initial), "{}", child);
            prop_assert_eq!(strides(&child), strides(&initial));
            let residual = |s: &Structure| s.blocks().iter().filter(|b| b.kind.is_residual()).count();
            prop_assert!(residual(&child) >= residual(&initial), "{}", child);
            prop_assert!(child.blocks().iter().all(|b| !b.kind.is_residual() || b.sub_layers <= 5), "{}", child);
            prop_assert_eq!(draft.mutations.is_empty(), child == parent);
            mover.conform(&mut draft);
            for _ in 0..20 {
                if space.constraints().broken(&draft.blocks).is_none() {
                    break;
                }
                mover.shrink_depth(&mut draft, &mut stream);
                mover.conform(&mut draft);
            }
            // Many blocks of one sub-layer can't be thinned; that is what a rejection is for.
            let broken = space.constraints().broken(&draft.blocks);
            prop_assert!(matches!(broken, None | Some(Constraint::StageDepth)), "{}", draft.structure());
            mover.shrink_width(&mut draft, 0.7, &mut stream);
            prop_assert!(space.contains(&draft.structure(), &initial));
            parent = child;
        }
    }
}

/// What can't be minimised is told where it stands, with what was meant.
#[test]
fn minimised_costs_are_known() {
    let error = |minimise: &str| {
        let text = format!("extends = \"quick\"\n[search]\nminimise = {minimise}\n");
        parse(&text).expect_err("it can't be").to_string()
    };
    assert!(error("[\"parms\"]").contains("'parms' is no cost, did you mean 'params'?"));
    assert!(error("[\"flops\", \"flops\"]").contains("flops stands twice"));
    let unknown = error("[\"params\", \"latency2\"]");
    assert!(unknown.contains("known by a table alone; budget.latency2 names one"), "{unknown}");
    let both = parse(
        "extends = \"quick\"\n[budget]\nlatency = { table = \"t4\", ms = 1 }\n\
         [search]\nminimise = [\"latency\", \"params\"]\n",
    )
    .expect("valid");
    let again = parse(&toml::to_string(&both).expect("prints"));
    assert_eq!(again.expect("valid").search.minimise.costs().len(), 2);
}
