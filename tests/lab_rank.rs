//! `zendo lab rank`: files it reads, that results repeat and go on, and what is known of NAS-Bench-Macro.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use zendo::arch::{Counting, NetSpec, costs};
use zendo::lab::rank::{Benchmark, nas_bench_macro};

fn zendo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    command.args(args).env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("the binary runs")
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

/// Six keys of five networks, with two training seeds: the more there is in a key, the better.
const NETS: &str = r#"{
    "00000000": {"test_acc": [80.0, 80.5], "mean_acc": 80.25, "std": 0.25, "params": 1, "flops": 2},
    "10000001": {"test_acc": [84.0, 83.5], "mean_acc": 83.75, "std": 0.25, "params": 1, "flops": 2},
    "10000010": {"test_acc": [84.0, 83.5], "mean_acc": 83.75, "std": 0.25, "params": 1, "flops": 2},
    "11111111": {"test_acc": [88.0, 89.5], "mean_acc": 88.75, "std": 0.75, "params": 1, "flops": 2},
    "20000000": {"test_acc": [85.0, 83.0], "mean_acc": 84.0, "std": 1.0, "params": 1, "flops": 2},
    "22222222": {"test_acc": [92.0, 92.5], "mean_acc": 92.25, "std": 0.25, "params": 1, "flops": 2}
}"#;

/// Small and quick.
const QUICK: [&str; 8] = ["--batch", "2", "--resolution", "8", "--repeats", "2", "--top", "40"];

fn rank(file: &Path, more: &[&str]) -> Output {
    let file = file.to_str().expect("UTF-8");
    zendo(&[&["lab", "rank", file], &QUICK[..], more].concat())
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Of `--json`, without progress.
fn objects(output: &Output) -> Vec<Value> {
    let text = text(output);
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("one object a line"));
    lines.filter(|line: &Value| line["event"] != "progress").collect()
}

#[test]
fn networks_of_a_benchmark_are_ranked() {
    let folder = folder("lab-rank");
    let json = folder.join("bench.json");
    fs::write(&json, NETS).expect("written");
    let all = objects(&rank(&json, &["--json", "--workers", "2"]));
    assert_eq!(all, objects(&rank(&json, &["--json", "--workers", "1"])), "workers decide nothing");
    let names: Vec<_> = all.iter().filter_map(|line| line["proxy"].as_str()).collect();
    assert_eq!(names, ["zen", "zen-analytic", "params", "flops"]);
    let last = &all[4];
    let counts = ["networks", "listed", "compared", "seeds", "top"].map(|key| last[key].as_u64());
    assert_eq!(counts, [5, 6, 5, 2, 2].map(Some));
    assert_eq!(last["best_accuracy"], 92.25);
    // Both seeds order all networks but the second and the fourth alike.
    assert_eq!(last["ceiling"]["kendall"]["value"], 0.8);
    let zen = &all[0];
    assert!(zen["kendall"]["value"].as_f64().expect("a number") > 0.5, "{zen}");
    assert_eq!(zen["top_accuracy"]["value"], (92.25 + 88.75) / 2.0);
    let interval = zen["spearman"]["interval"].as_array();
    assert!(interval.is_none_or(|ends| ends[0].as_f64() <= ends[1].as_f64()), "{zen}");

    // What `--csv` prints can be read again; more columns behind are none of its own.
    let csv = text(&rank(&json, &["--csv", "--proxies", "zen"]));
    assert!(csv.starts_with("structure,accuracy,accuracy2,zen,params,flops\n"), "{csv}");
    let rows: Vec<String> = csv
        .lines()
        .map(|line| line.rsplitn(4, ',').last().expect("columns").to_owned() + "\n")
        .collect();
    let again = folder.join("bench.csv");
    fs::write(&again, rows.concat()).expect("written");
    assert_eq!(objects(&rank(&again, &["--json"]))[..4], all[..4]);
}

#[test]
fn what_was_interrupted_goes_on() {
    let folder = folder("lab-rank-kept");
    let json = folder.join("bench.json");
    fs::write(&json, NETS).expect("written");
    let out = folder.join("values");
    let out = out.to_str().expect("UTF-8");
    let whole = text(&rank(&json, &["--csv"]));
    assert_eq!(text(&rank(&json, &["--csv", "--out", out])), whole, "kept or not");
    let values = Path::new(out).join("values.jsonl");
    let kept = fs::read_to_string(&values).expect("values");
    assert_eq!(kept.lines().count(), 1 + 5, "a header, and what was measured");
    // As if it had been cut off within a line.
    fs::write(&values, &kept[..kept.len() - 200]).expect("written");
    assert_eq!(text(&rank(&json, &["--csv", "--out", out])), whole, "gone on");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&fs::read_to_string(&values).expect("values")), sorted(&kept));
    let other = rank(&json, &["--seed", "5", "--out", out]);
    assert_eq!(other.status.code(), Some(2));
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(said.contains("measured in another way (seed 0 there, 5 here)"), "{said}");
}

#[test]
fn tables_and_faults_are_told() {
    let folder = folder("lab-rank-told");
    let json = folder.join("bench.json");
    fs::write(&json, NETS).expect("written");
    let table = text(&rank(&json, &["--proxies", "naswot,random"]));
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(
        table.starts_with("bench.json: 5 networks that differ, of 6, 2 trainings each"),
        "{table}"
    );
    for row in ["naswot", "random", "params", "flops", "one training"] {
        assert!(table.contains(&format!("| {row} ")), "{table}");
    }
    assert!(table.contains("ranks best, with "), "{table}");
    let faulty = folder.join("faulty.csv");
    fs::write(&faulty, "structure,accuracy\n\"SuperConvK3BNRELU(3,8,1,1)\",high\n")
        .expect("written");
    let fault = rank(&faulty, &[]);
    assert_eq!(fault.status.code(), Some(2));
    let said = String::from_utf8_lossy(&fault.stderr);
    assert!(said.contains("faulty.csv:2:1: expected an accuracy, found 'high'"), "{said}");
    let fault = rank(&json, &["--proxies", "zne"]);
    assert!(String::from_utf8_lossy(&fault.stderr).contains("did you mean 'zen'?"));
}

/// The file as it is published, where it lies beside the repository.
fn published() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../shared/data/nas-bench-macro_cifar10.json");
    if !path.exists() {
        eprintln!("skipped: {} isn't there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn nets_of_nas_bench_macro_cost_what_it_says() {
    let Some(path) = published() else { return };
    let file: Value =
        serde_json::from_str(&fs::read_to_string(&path).expect("readable")).expect("JSON");
    let rows = file.as_object().expect("an object");
    assert_eq!(rows.len(), 3_usize.pow(8));
    let spec = NetSpec::residual(nas_bench_macro::RESOLUTION, nas_bench_macro::CLASSES);
    for (key, row) in rows {
        let structure = nas_bench_macro::structure(key).expect("a key");
        let found = costs(&structure, &spec, Counting::Exact);
        assert_eq!(Some(found.params), row["params"].as_u64(), "{key}");
        assert_eq!(Some(found.flops), row["flops"].as_u64(), "{key}");
    }
    let benchmark = Benchmark::read(&path).expect("it reads");
    assert_eq!((benchmark.listed, benchmark.nets.len(), benchmark.seeds), (6_561, 3_969, 3));
}

/// As the literature has it: all keys of the file, identical networks or not.
fn as_listed(proxies: &str) -> Option<Vec<Value>> {
    let path = published()?;
    let path = path.to_str().expect("UTF-8");
    Some(objects(&zendo(&["lab", "rank", path, "--as-listed", "--proxies", proxies, "--json"])))
}

fn close(line: &Value, figure: &str, expected: f64, tolerance: f64) {
    let found = line[figure]["value"].as_f64().expect("a number");
    assert!((found - expected).abs() < tolerance, "{figure} {found}, not {expected}: {line}");
}

/// What needs no forward pass: baselines and the analytic score.
#[test]
fn baselines_rank_nas_bench_macro_as_is_known() {
    let Some(all) = as_listed("zen-analytic") else { return };
    close(&all[1], "kendall", 0.218, 1e-3);
    close(&all[1], "spearman", 0.3179, 1e-3);
    close(&all[2], "kendall", 0.556, 1e-3);
    close(&all[2], "spearman", 0.748, 1e-3);
    close(&all[3]["ceiling"], "kendall", 0.896, 1e-3);
}

/// Minutes: `cargo test --release --test lab_rank -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn measured_zen_ranks_nas_bench_macro_as_is_known() {
    let Some(all) = as_listed("zen") else { return };
    close(&all[0], "kendall", 0.513, 0.01);
    close(&all[0], "spearman", 0.705, 0.01);
    close(&all[0], "top_accuracy", 92.77, 0.05);
}
