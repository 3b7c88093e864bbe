//! The lab by the command line: what experiments give, that they repeat, that they go on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn zendo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    command.args(args).env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("the binary runs")
}

/// Small and quick: four proxies on images of 8².
const TABLE1: [&str; 12] = [
    "lab",
    "table1",
    "--scored",
    "30",
    "--repeats",
    "2",
    "--proxies",
    "zen,flops,random,naswot",
    "--set",
    "score.resolution=8",
    "--set",
    "score.batch=4",
];

fn table1(more: &[&str]) -> Output {
    zendo(&[&TABLE1[..], more].concat())
}

/// Networks of `--json`, without what is never twice the same.
fn networks(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("one object a line"));
    let networks = lines.filter(|line: &Value| line["event"] == "network");
    let timeless = networks.map(|mut network| {
        network.as_object_mut().expect("an object").remove("seconds").expect("they are told");
        network
    });
    timeless.collect()
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

#[test]
fn every_proxy_searches_alike_and_judges_all() {
    let all = networks(&table1(&["--json", "--workers", "2"]));
    assert_eq!(all, networks(&table1(&["--json", "--workers", "1"])), "workers decide nothing");
    let names: Vec<_> = all.iter().filter_map(|net| net["searched_by"].as_str()).collect();
    assert_eq!(names, ["zen", "flops", "random", "naswot"], "in the order of the command");
    for net in &all {
        assert_eq!(net["scored"], 30, "{net}");
        assert!(net["params"].as_u64().expect("counted") <= 1_000_000, "within the budget");
        let opinions = net["opinions"].as_object().expect("an object");
        assert_eq!(opinions.len(), 4);
        // Counted exactly, and without a draw.
        let flops = zendo(&[
            "score",
            "--proxy",
            "flops",
            "--resolution",
            "8",
            "--classes",
            "100",
            "--json",
            net["structure"].as_str().expect("a text"),
        ]);
        let flops: Value = serde_json::from_slice(&flops.stdout).expect("an object");
        assert_eq!(opinions["flops"]["mean"], flops["mean"]);
        assert_eq!(opinions["flops"]["std"], Value::Null);
        assert!(opinions["zen"]["std"].as_f64().expect("two draws") > 0.0);
    }
    // Uniform from 0 to 1.
    let random = &all[2];
    assert_eq!(random["score"].as_f64().map(|score| score > 0.5), Some(true), "the best of thirty");
}

#[test]
fn what_was_interrupted_goes_on() {
    let out = folder("lab-table1");
    let out = out.to_str().expect("UTF-8");
    let whole = networks(&table1(&["--json"]));
    assert_eq!(networks(&table1(&["--json", "--out", out])), whole, "kept or not");
    // As if the third search had been cut off, and the fourth never begun.
    fs::remove_dir_all(format!("{out}/naswot")).expect("it was kept");
    let journal = format!("{out}/random/journal.jsonl");
    let text = fs::read_to_string(&journal).expect("a journal");
    let half: Vec<_> = text.lines().take(text.lines().count() / 2).collect();
    fs::write(&journal, half.join("\n") + "\n").expect("written");
    assert_eq!(networks(&table1(&["--json", "--out", out])), whole, "gone on");
    let other = table1(&["--seed", "5", "--out", out]);
    assert_eq!(other.status.code(), Some(2));
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(said.contains("holds a search with other settings"), "{said}");
}

#[test]
fn tables_and_faults_are_told() {
    let table = table1(&[]);
    let text = String::from_utf8(table.stdout).expect("UTF-8");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("| naswot ")).count(), 2, "{text}");
    let svg = folder("lab-table1-svg").with_extension("svg");
    let csv = table1(&["--csv", "--svg", svg.to_str().expect("UTF-8")]);
    let picture = fs::read_to_string(&svg).expect("drawn");
    assert_eq!(picture.matches("<circle").count(), 4, "a dot for what each found");
    assert!(picture.contains(">What each proxy looks for<") && picture.contains(">naswot<"));
    let csv = String::from_utf8(csv.stdout).expect("UTF-8");
    assert_eq!(csv.lines().count(), 1 + 4);
    assert!(
        csv.starts_with(
            "searched_by,structure,params,flops,layers,scored,seconds,zen_mean,zen_std,"
        )
    );
    let fault = zendo(&["lab", "table1", "--proxies", "zen,nasswot"]);
    assert_eq!(fault.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&fault.stderr).contains("did you mean 'naswot'?"));
}
