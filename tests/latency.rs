//! Latency tables: the published V100 library, and a small one that is made here.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;
use zendo::{
    arch::{NetSpec, Structure},
    latency::{
        Clock, Fold, FusedLayer, NetRow, Operation, Predictor, Provenance, Row, Table,
        cross_validate, v100_library,
    },
    run::{RunSpec, TuningPlan},
    space::{Preset, PresetSource, Setting, published_nets},
};

/// None, saying so, where the file is absent.
fn v100() -> Option<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/v100_op_latency/conv_data.out.fp16.gz");
    let Ok(file) = File::open(&path) else {
        eprintln!("skipped: {} isn't there", path.display());
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip text");
    let imported = v100_library(&text).expect("as published");
    assert_eq!((imported.rows.len(), imported.failed), (89_759, 1_091));
    let mut table = Table::new(Provenance::default());
    table.rows = imported.rows;
    Some(table)
}

#[test]
fn held_out_layers_of_the_v100_library_are_told_within_ten_percent() {
    let Some(table) = v100() else { return };
    for batch in [1, 32, 64, 128] {
        let layers = cross_validate(&table, batch, Fold::Layer).expect("it has the batch").all;
        assert!(layers.median <= 0.10, "batch {batch}: {layers:?}");
        assert!((layers.median_ratio - 1.0).abs() < 0.02, "batch {batch}: {layers:?}");
        assert!((0.8..0.98).contains(&layers.covered), "batch {batch}: {layers:?}");
        // Between the columns of the grid it is harder, and said to be.
        let widths = cross_validate(&table, batch, Fold::Widths).expect("it has the batch").all;
        assert!(widths.median > layers.median, "batch {batch}: {widths:?}");
        assert!((0.8..0.98).contains(&widths.covered), "batch {batch}: {widths:?}");
    }
}

/// The paper timed PyTorch, the library TensorRT: less time, the same order.
#[test]
fn the_papers_networks_stand_in_their_order() {
    let Some(table) = v100() else { return };
    let predictor = Predictor::new(&table, None, 224).expect("it has batch 64");
    assert_eq!(predictor.batch(), 64);
    let mut nets: Vec<(f64, f64)> = published_nets()
        .filter(|net| !net.se)
        .filter_map(|net| {
            let spec = NetSpec::residual(net.resolution, net.classes);
            Some((net.v100_ms?, predictor.net(&net.structure, &spec).ms))
        })
        .collect();
    nets.sort_by(|x, y| x.0.total_cmp(&y.0));
    assert_eq!(nets.len(), 6);
    assert!(nets.windows(2).all(|pair| pair[0].1 < pair[1].1), "{nets:?}");
    assert!(nets.iter().all(|(published, told)| told < published), "{nets:?}");
}

/// What a made-up device takes, milliseconds: a launch, arithmetic and memory, in steps of 32 channels.
fn device(layer: &FusedLayer, batch: u32) -> f64 {
    let full = |channels: u32| f64::from(channels.div_ceil(32) * 32) / f64::from(channels);
    let steps = full(layer.in_channels).powf(0.25) * full(layer.out_channels).powf(0.25);
    let batch = f64::from(batch);
    0.004 + steps * batch * layer.flops() / 4e9 + batch * layer.elements() / 2e8
}

fn made_up() -> Table {
    let provenance = Provenance {
        name: "made-up".to_owned(),
        device: "a made-up device".to_owned(),
        engine: "a formula".to_owned(),
        dtype: "f32".to_owned(),
        date: "2026-11-27".to_owned(),
        ..Provenance::default()
    };
    let mut table = Table::new(provenance);
    let channels = [3, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];
    for kernel in [1, 3, 5, 7] {
        for (stride, sum) in [(1, false), (1, true), (2, false), (2, true)] {
            for in_channels in channels {
                for out_channels in channels {
                    for side in [1, 7, 14, 28, 56, 112, 224] {
                        let operation = Operation::Regular;
                        let layer = FusedLayer {
                            operation,
                            in_channels,
                            side,
                            out_channels,
                            kernel,
                            stride,
                            sum,
                        };
                        let ms = device(&layer, 64);
                        table.rows.push(Row { layer, batch: 64, ms, spread: None });
                    }
                }
            }
        }
    }
    table
}

fn zennet(name: &str) -> Structure {
    published_nets().find(|net| net.name.contains(name)).expect("published").structure
}

const SPEC: fn() -> NetSpec = || NetSpec::residual(224, 1000);

#[test]
fn a_network_is_the_sum_of_its_layers() {
    let table = made_up();
    let predictor = Predictor::new(&table, None, 224).expect("one batch");
    for name in ["latency01ms", "latency03ms", "latency12ms"] {
        let net = zennet(name);
        let estimate = predictor.net(&net, &SPEC());
        let layers = estimate.layers.iter();
        let sum: f64 = layers.map(|(_, count, layer)| f64::from(*count) * layer.ms).sum();
        assert!((estimate.ms / sum - 1.0).abs() < 1e-9, "{name}");
        assert!((predictor.net_ms(&net, &SPEC()) / estimate.ms - 1.0).abs() < 1e-9, "{name}");
        assert!(estimate.low_ms < estimate.ms && estimate.ms < estimate.high_ms);
        // The widths of the nets are not those of the table.
        let layers = estimate.layers.iter();
        let truth: f64 =
            layers.map(|(layer, count, _)| f64::from(*count) * device(layer, 64) / 64.0).sum();
        assert!((estimate.ms / truth - 1.0).abs() < 0.1, "{name}: {} {truth}", estimate.ms);
        assert!(!estimate.extrapolates(), "{name}: {}", estimate.extrapolated);
    }
    let far = FusedLayer { side: 900, ..FusedLayer::pointwise([8_000, 9_000], 900, 1) };
    assert!(predictor.layer(&far).extrapolates);
    let near = FusedLayer::pointwise([250, 500], 14, 1);
    assert!(predictor.layer(&far).within > predictor.layer(&near).within);
}

/// Expansions get wider than the grid on which predictions are kept; noise there stays what it is.
#[test]
fn widths_beyond_the_grid_are_told_by_what_was_measured() {
    let mut table = Table::new(Provenance::default());
    let conv = FusedLayer::pointwise([64, 64], 14, 1);
    table.rows.push(Row { layer: conv, batch: 1, ms: device(&conv, 1), spread: None });
    let layer = |channels: u32, side: u32| FusedLayer {
        operation: Operation::Depthwise,
        in_channels: channels,
        side,
        out_channels: channels,
        kernel: 5,
        stride: 1,
        sum: false,
    };
    let widths: Vec<u32> = (0..30).map(|i| 8 << (i / 2)).map(|c| c + c / 3).collect();
    for (i, &channels) in widths.iter().enumerate() {
        for side in [7, 14] {
            let layer = layer(channels + (i as u32 % 2), side);
            let ms =
                device(&layer, 1) * if (i as u32 + side).is_multiple_of(3) { 1.3 } else { 1.0 };
            table.rows.push(Row { layer, batch: 1, ms, spread: None });
        }
    }
    let predictor = Predictor::new(&table, None, 224).expect("one batch");
    for channels in [12_000, 16_384, 16_385, 40_000, 98_304, 170_000] {
        for side in [7, 14] {
            let layer = layer(channels, side);
            let ratio = predictor.layer_ms(&layer) / device(&layer, 1);
            assert!((0.7..1.6).contains(&ratio), "{channels} at {side}: {ratio}");
        }
    }
}

#[test]
fn whole_networks_tell_what_comes_beside_the_layers() {
    let mut table = made_up();
    let alone = Predictor::new(&table, None, 224).expect("one batch");
    for name in ["latency01ms", "latency02ms", "latency03ms", "latency05ms", "latency08ms"] {
        let net = zennet(name);
        let layers = alone.net(&net, &SPEC()).ms * 64.0;
        let ms = 1.25 * layers + 0.5;
        table.nets.push(NetRow {
            net,
            resolution: 224,
            classes: 1000,
            batch: 64,
            ms,
            spread: None,
        });
    }
    let fitted = Predictor::new(&table, None, 224).expect("one batch");
    let overhead = fitted.overhead();
    assert_eq!(overhead.nets, 5);
    assert!((overhead.factor - 1.25).abs() < 1e-6 && (overhead.ms - 0.5).abs() < 1e-6);
    let net = zennet("latency12ms");
    let expected = 1.25 * alone.net(&net, &SPEC()).ms + 0.5 / 64.0;
    assert!((fitted.net(&net, &SPEC()).ms / expected - 1.0).abs() < 1e-9);
    let checked = cross_validate(&table, 64, Fold::Layer).expect("it has the batch");
    assert!(checked.nets.expect("there are five").median < 1e-6);
}

#[test]
fn a_table_is_read_as_it_was_written_and_says_what_is_wrong() {
    let mut table = made_up();
    table.rows.truncate(20);
    table.rows[3].spread = Some(0.02);
    let net = zennet("latency01ms");
    table.nets.push(NetRow { net, resolution: 224, classes: 10, batch: 64, ms: 3.5, spread: None });
    let text = table.text();
    assert_eq!(Table::parse(&text), Ok(table.clone()));
    // Whoever wrote it was killed in the middle of a line.
    let cut = &text[..text.len() - 7];
    assert_eq!(Table::parse(cut).expect("but for the last").nets.len(), 0);
    // The last measurement of a layer counts.
    let again = Row { ms: 9.0, ..table.rows[0] };
    let twice = Table::parse(&(text.clone() + &again.line())).expect("a table");
    assert_eq!((twice.rows.len(), twice.rows[0].ms), (20, 9.0));
    let lines: Vec<&str> = text.lines().collect();
    for (line, says) in [
        ("{}", "3: expected a row"),
        ("[\"dense\",64,3,1,3,1,1,false,0.1,null]", "3: expected a row"),
        ("[\"regular\",64,3,1,3,1,1,false,-0.1,null]", "3: -0.1 ms is no time"),
        ("[\"regular\",64,3,0,3,1,1,false,0.1,null]", "3: sizes are from 1"),
        ("[\"sum\",64,3,1,4,1,1,false,0.1,null]", "3: a sum layer gives the 3 channels"),
    ] {
        let text = format!("{}\n{}\n{line}\n{}\n", lines[0], lines[1], lines[2]);
        let error = Table::parse(&text).expect_err(line).to_string();
        assert!(error.starts_with(says), "{error}");
    }
    for (text, says) in
        [("", "1: the table is empty"), ("{\"zendo_latency_table\": 2}", "1: "), ("a,b\n", "1: ")]
    {
        assert!(Table::parse(text).expect_err(text).to_string().starts_with(says), "{text}");
    }
}

struct Tables {
    folder: TempDir,
    path: PathBuf,
}

/// The table in a file.
fn tables() -> Tables {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made-up.jsonl");
    fs::write(&path, made_up().text()).expect("written");
    Tables { folder, path }
}

impl Tables {
    fn zendo(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_zendo"))
            .args(args)
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path())
            .output()
            .expect("it runs")
    }
}

fn last_object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().unwrap_or_else(|| panic!("nothing was printed: {said}"));
    serde_json::from_str(line).expect("an object")
}

const SEARCH: [&str; 10] = [
    "--foreground",
    "--json",
    "--iterations",
    "3000",
    "--set",
    "score.proxy=zen-analytic",
    "--set",
    "confirm.best=0",
    "--set",
    "run.optimum=false",
];

#[test]
fn a_search_ends_within_its_latency_and_says_by_what_table() {
    let tables = tables();
    let table = tables.path.display().to_string();
    let run = tables.folder.path().join("run");
    let out = run.display().to_string();
    let named = ["search", "--preset", "imagenet-latency-0.3ms", "--latency-table", &table];
    let output = tables.zendo(&[&named[..], &["--out", &out], &SEARCH].concat());
    let finished = last_object(&output);
    let latency = &finished["best"]["latency"][0];
    let ms = |key: &str| latency[key].as_f64().expect("a number");
    assert!(ms("ms") <= 0.3 && ms("ms") > 0.1, "{finished}");
    assert!(ms("low_ms") < ms("ms") && ms("ms") < ms("high_ms"));
    assert_eq!(latency["device"], "a made-up device");
    assert_eq!((&latency["batch"], ms("budget_ms")), (&Value::from(64), 0.3));
    assert!(finished["rejected"]["latency"].as_u64().expect("a count") > 0, "{finished}");
    // Whatever becomes of the table, the run has its own, in a folder that may be moved.
    fs::remove_file(&tables.path).expect("removed");
    let moved = tables.folder.path().join("moved");
    fs::rename(&run, &moved).expect("moved");
    let moved = moved.display().to_string();
    let output = tables.zendo(&["search", "--replay", &moved, "--foreground", "--json"]);
    assert_eq!(last_object(&output)["best"], finished["best"]);
    let output = tables.zendo(&[&named[..], &SEARCH].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no latency table"));
}

#[test]
fn several_tables_are_budgets_of_their_own() {
    let tables = tables();
    let table = tables.path.display().to_string();
    let named = ["search", "--preset", "imagenet-latency-0.3ms"];
    let both = ["--latency-table", &table, "--latency-table", &table];
    let sets = ["--set", "budget.latency2.ms=0.2", "--set", "search.repair=false"];
    let output = tables.zendo(&[&named[..], &both, &sets, &SEARCH].concat());
    let finished = last_object(&output);
    let latency = &finished["best"]["latency"];
    assert!(latency[1]["ms"].as_f64().expect("a number") <= 0.2, "{finished}");
    let rejected = |key: &str| finished["rejected"][key].as_u64().unwrap_or(0);
    assert!(rejected("latency") > 0 && rejected("latency2") > 0, "{finished}");
}

#[test]
fn tables_are_imported_listed_and_checked() {
    let tables = tables();
    let csv = tables.folder.path().join("mine.csv");
    let mut text =
        "operation,batch,in_channels,side,out_channels,kernel,stride,sum,ms\n".to_owned();
    for row in made_up().rows.iter().step_by(9) {
        let FusedLayer { in_channels, side, out_channels, kernel, stride, sum, .. } = row.layer;
        let sum = u8::from(sum);
        text += &format!(
            "regular,64,{in_channels},{side},{out_channels},{kernel},{stride},{sum},{}\n",
            row.ms
        );
    }
    fs::write(&csv, &text).expect("written");
    let csv = csv.display().to_string();
    let import = ["latency", "import", &csv, "--format", "csv", "--out", "mine"];
    let nameless = tables.zendo(&import);
    assert!(String::from_utf8_lossy(&nameless.stderr).contains("--device is missing"));
    let told = ["--device", "a phone", "--engine", "a runtime", "--dtype", "f16"];
    let imported = tables.zendo(&[&import[..], &told].concat());
    assert!(imported.status.success(), "{imported:?}");
    let again = tables.zendo(&[&import[..], &told].concat());
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force writes over it"));
    let listed = tables.zendo(&["latency", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("a phone, a runtime, f16"));
    let checked = tables.zendo(&["latency", "check", "mine", "--json"]);
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    let first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert!(first["median"].as_f64().expect("a number") < 0.1, "{first}");
    assert!(text.contains("ZenNet-1.2ms"), "{text}");
    let misspelt = tables.zendo(&["latency", "check", "mime"]);
    assert!(String::from_utf8_lossy(&misspelt.stderr).contains("did you mean 'mine'?"));
    let other = tables.zendo(&["latency", "check", "mine", "--batch", "8"]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("it has batches 64"));
}

#[test]
fn limits_are_tuned_while_it_runs_and_tables_stay() {
    let mut source = PresetSource::find("imagenet-latency-0.3ms", &|_: &Path| Err(String::new()))
        .expect("shipped");
    let tables = tables();
    let table = format!("budget.latency.table=\"{}\"", tables.path.display());
    source.set_assignment(&table).expect("a setting");
    let preset: Preset = source.preset().expect("valid");
    let now = RunSpec::new("latency", preset);
    let setting =
        |key: &str, value: &str| Setting { key: key.to_owned(), value: Some(value.to_owned()) };
    let plan = TuningPlan::of(&now, &[setting("budget.latency.ms", "0.2")]).expect("tunable");
    assert_eq!(plan.preset.budgets().latency_ms[0], Some(0.2));
    let refused = TuningPlan::of(&now, &[setting("budget.latency.table", "\"other\"")]);
    assert!(refused.expect_err("fixed").to_string().contains("everybody's latency"));
    let refused = TuningPlan::of(&now, &[setting("budget.latency2", "{ table = \"x\", ms = 1 }")]);
    assert!(refused.is_err());
}

/// What a search counts block by block is what the whole network takes.
#[test]
fn a_clock_of_several_tables_adds_up() {
    let table = made_up();
    let predictor = Arc::new(Predictor::new(&table, None, 224).expect("one batch"));
    let clock = Clock::new(vec![Arc::clone(&predictor); 2]).expect("two");
    let net = zennet("latency05ms");
    let whole = clock.net(&net, &SPEC());
    assert_eq!(whole.get(0), whole.get(1));
    assert!((whole.get(0).expect("a table") / predictor.net(&net, &SPEC()).ms - 1.0).abs() < 1e-9);
    assert!(Clock::new(Vec::new()).is_none());
}
