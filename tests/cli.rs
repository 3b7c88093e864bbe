//! The command line's contract: JSON keys, exit status, errors.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use zendo::nn::KernelPath;

const ZENNET: &str = "zennet_cifar_model_size1M_res32";
const SMALL: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)";

/// What it searches is kept among the build's files.
fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn zendo(args: &[&str]) -> Output {
    binary().args(args).output().expect("the binary runs")
}

/// Stdout of a command that must succeed, as JSON lines.
fn json(args: &[&str]) -> Vec<Value> {
    let output = zendo(args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// Status and stderr of a command that must fail.
fn failure(args: &[&str]) -> (Option<i32>, String) {
    let output = zendo(args);
    assert!(!output.status.success());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn inspect_prints_the_golden_costs() {
    let lines = json(&["inspect", "--json", "--counting", "reference", ZENNET, SMALL]);
    assert_eq!(lines.len(), 2);
    let zennet = &lines[0];
    assert_eq!(
        keys(zennet),
        [
            "activation_bytes",
            "classes",
            "counting",
            "flops",
            "layers",
            "name",
            "params",
            "plain",
            "resolution",
            "se",
            "structure"
        ]
    );
    // golden/structures.json, ref_model_size_reslink of the 100-class net.
    assert_eq!((zennet["params"].as_u64(), zennet["layers"].as_u64()), (Some(1_031_185), Some(18)));
    assert_eq!((zennet["resolution"].as_u64(), zennet["classes"].as_u64()), (Some(32), Some(100)));
    assert_eq!((&lines[1]["name"], &lines[1]["resolution"]), (&Value::Null, &Value::from(224)));
    let plain = json(&["inspect", "--json", "--plain", ZENNET]);
    assert_eq!(
        (&plain[0]["plain"], &plain[0]["counting"]),
        (&Value::from(true), &Value::from("exact"))
    );
    assert!(plain[0]["params"].as_u64() < zennet["params"].as_u64());
}

/// The paper's 5.7 M (Table 7) are counted without, though the net was trained with it.
#[test]
fn inspect_tells_of_squeeze_and_excitation() {
    let net = "zennet_imagenet1k_flops400M_res224";
    let params = |args: &[&str]| json(args)[0]["params"].as_u64().expect("a count");
    let without = params(&["inspect", "--json", net]);
    assert_eq!(without, 5_698_208);
    assert!(params(&["inspect", "--json", "--se", net]) > without);
    let shown = |args: &[&str]| String::from_utf8(zendo(args).stdout).expect("UTF-8");
    assert!(shown(&["inspect", net]).contains("--se adds it"));
    assert!(!shown(&["inspect", "--se", net]).contains("--se adds it"));
    assert!(!shown(&["inspect", ZENNET]).contains("--se adds it"));
}

#[test]
fn score_gives_three_definitions_and_is_reproducible() {
    let args =
        ["score", "--json", "--resolution", "16", "--batch", "4", "--repeats", "3", "--seed", "5"];
    let lines = json(&[&args[..], &[SMALL]].concat());
    let score = &lines[0];
    assert_eq!(
        keys(score),
        [
            "batch",
            "bn_sum",
            "classes",
            "cpu_ms",
            "definition",
            "device",
            "kernels",
            "log_delta",
            "log_sigma",
            "mean",
            "memory_bytes",
            "name",
            "proxy",
            "published",
            "repeats",
            "resolution",
            "scores",
            "std",
            "structure"
        ]
    );
    assert!(score["memory_bytes"].is_u64());
    let mean = |line: &Value, definition: &str| line["scores"][definition]["mean"].as_f64();
    assert_eq!(score["mean"].as_f64(), mean(score, "table"));
    let sum = score["log_delta"].as_f64().zip(score["bn_sum"].as_f64()).map(|(d, s)| d + s);
    assert!((sum.expect("parts") - score["mean"].as_f64().expect("a mean")).abs() < 1e-9);
    assert!(score["std"].as_f64().is_some_and(|std| std > 0.0));
    let again = json(&[&args[..], &["--definition", "paper", SMALL]].concat());
    assert_eq!(again[0]["scores"], score["scores"]);
    assert_eq!(again[0]["mean"].as_f64(), mean(score, "paper"));
    let other =
        json(&["score", "--json", "--resolution", "16", "--batch", "4", "--seed", "6", SMALL]);
    assert_ne!(mean(&other[0], "table"), mean(score, "table"));
    assert_eq!(other[0]["std"], Value::Null);
}

/// Rounding apart, every path of the CPU gives the score that the graph gives.
#[test]
fn score_takes_the_kernels_that_it_is_told() {
    let args = ["score", "--device", "cpu", "--resolution", "16", "--batch", "4"];
    let score = |kernels: &str| {
        let lines = json(&[&args[..], &["--json", "--kernels", kernels, SMALL]].concat());
        assert_eq!(lines[0]["kernels"], kernels);
        lines[0].clone()
    };
    let graph = score("graph");
    assert_eq!(graph["memory_bytes"], 0);
    let expected = graph["mean"].as_f64().expect("a mean");
    for path in KernelPath::ALL.into_iter().filter(|path| path.is_available()) {
        let score = score(path.name());
        assert!(score["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{score}");
        let mean = score["mean"].as_f64().expect("a mean");
        assert!((mean - expected).abs() < 1e-3, "{}: {mean} and {expected}", path.name());
    }
    let shown = |kernels: &str| {
        let output = zendo(&[&args[..], &["--kernels", kernels, SMALL]].concat());
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let (portable, graph) = (shown("portable"), shown("graph"));
    assert!(
        portable.contains(", memory ") && portable.ends_with("iB, cpu, portable\n"),
        "{portable}"
    );
    assert!(
        !graph.contains("memory") && graph.ends_with(" ms of CPU time an evaluation, cpu, graph\n"),
        "{graph}"
    );
}

#[test]
fn analytic_scores_have_the_same_keys() {
    let args = ["score", "--json", "--resolution", "16", "--batch", "4", SMALL];
    let measured = &json(&args)[0];
    for (proxy, repeats) in [("zen-analytic", "1"), ("zen-estimate", "9")] {
        let analytic = &json(&[&args[..], &["--proxy", proxy, "--repeats", repeats]].concat())[0];
        assert_eq!(keys(analytic), keys(measured));
        assert_eq!((&analytic["proxy"], &analytic["repeats"]), (&proxy.into(), &1.into()));
        assert_eq!(analytic["std"], Value::Null);
        let layers = |line: &Value| line["log_sigma"].as_array().map_or(0, Vec::len);
        assert_eq!(layers(analytic), layers(measured));
        let mean = |line: &Value| line["mean"].as_f64().expect("a mean");
        assert!((mean(analytic) - mean(measured)).abs() < 2.0, "{analytic}");
    }
    let text = zendo(&["score", "--proxy", "zen-estimate", SMALL]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(text.contains("an estimate in closed form"), "{text}");
}

#[test]
fn a_net_without_a_score_fails_with_its_reason() {
    let output = zendo(&["score", "--json", "--resolution", "2", "--batch", "1", SMALL]);
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout).expect("an object all the same");
    assert!(line["failure"].as_str().is_some_and(|reason| reason.contains("1×1")), "{line}");
}

/// A small search on the CPU.
fn search_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let sets = ["space.resolution=8", "score.batch=2", "confirm.repeats=2"];
    let mut args = vec!["search", "--json", "--preset", "quick", "--device", "cpu"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    args.extend(more);
    args
}

#[test]
fn search_ends_with_its_result() {
    let finished = |seed: &str| {
        let lines = json(&search_args(&["--iterations", "200", "--seed", seed]));
        let (last, progress) = lines.split_last().expect("lines");
        assert!(progress.iter().all(|line| line["event"] == "progress"));
        let mut last = last.clone();
        assert_eq!(
            keys(&last),
            [
                "best",
                "event",
                "failed",
                "iterations",
                "noise",
                "optimum",
                "proposed",
                "proxy",
                "reason",
                "rejected",
                "rescored",
                "scored",
                "screen",
                "seconds",
                "spread"
            ]
        );
        assert_eq!(
            keys(&last["best"]),
            ["confirmed", "flops", "id", "layers", "params", "score", "structure", "ties"]
        );
        assert_eq!(last["best"]["confirmed"]["repeats"], 2);
        assert_eq!((&last["event"], &last["reason"]), (&"finished".into(), &"iterations".into()));
        last.as_object_mut().expect("an object").remove("seconds");
        last
    };
    assert_eq!(finished("1"), finished("1"));
    assert_ne!(finished("1"), finished("2"));
}

/// Only a search for more than the score has a front, best score first, with its best at the head.
#[test]
fn a_search_for_more_than_the_score_ends_with_its_front() {
    let sets = ["search.minimise=params,flops", "score.proxy=zen-analytic", "confirm.best=0"];
    let sets = sets.into_iter().flat_map(|set| ["--set", set]);
    let more: Vec<&str> = ["--iterations", "2000"].into_iter().chain(sets).collect();
    let lines = json(&search_args(&more));
    let last = lines.last().expect("lines");
    let front = last["front"].as_array().expect("a front");
    assert!(front.len() > 8, "{}", front.len());
    assert_eq!(front[0]["id"], last["best"]["id"]);
    assert_eq!(
        keys(&front[0]),
        ["activation_bytes", "flops", "id", "latency_ms", "layers", "params", "score", "structure"]
    );
    let score = |row: &Value| row["score"].as_f64().expect("a number");
    assert!(front.is_sorted_by(|a, b| score(a) >= score(b)));
}

/// Starts a search that would take for ever, signals it by `kill` (a shell line over $PID) once it
/// has a best, and gives its last line and its status.
fn signalled(kill: &str) -> (Value, Option<i32>) {
    let mut child = binary()
        .args(search_args(&["--iterations", "1000000000"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("\"best\":{") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).expect("UTF-8"), 0, "ended early");
    }
    let killed = Command::new("sh").args(["-c", kill]).env("PID", child.id().to_string()).status();
    assert!(killed.expect("sh runs").success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("UTF-8");
    let last = serde_json::from_str(rest.lines().last().expect("lines")).expect("JSON");
    (last, child.wait().expect("ends").code())
}

/// A SIGINT ends the search with its result and status 130, a SIGTERM with 143. `timeout` and
/// terminals signal twice within a moment: that is one wish.
#[test]
fn signals_end_a_search_with_its_result() {
    for (kill, expected) in
        [("kill -INT $PID", 130), ("kill -TERM $PID", 143), ("kill -INT $PID; kill -INT $PID", 130)]
    {
        let (last, status) = signalled(kill);
        assert_eq!((&last["event"], &last["reason"]), (&"finished".into(), &"stopped".into()));
        assert!(last["best"]["structure"].is_string());
        assert_eq!(status, Some(expected), "{kill}");
    }
}

/// Nobody reads on: a search that keeps no files ends and says so, one with a folder is finished.
#[test]
fn a_closed_stdout_loses_nothing_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    for (more, status) in [(vec![], 1), (vec!["--out", out.to_str().expect("UTF-8")], 0)] {
        let args = [search_args(&["--iterations", "6000"]), more].concat();
        let mut child = binary()
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("ends").code(), Some(status));
    }
    assert!(out.join("best.txt").exists());
}

#[test]
fn errors_are_said_once_and_devices_are_no_texts() {
    let (_, text) = failure(&["search", "--preset", "quick", "--device", "gpu"]);
    assert_eq!(text.matches("is no device").count(), 1, "{text}");
    let (status, text) = failure(&["inspect", "/dev/zero"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("can't be read"), "{text}");
}

#[test]
fn kernels_that_cannot_be_had_are_status_2() {
    let lacking = KernelPath::ALL.into_iter().find(|path| !path.is_available());
    let texts = [
        ("axv512", "did you mean `avx512`?".to_owned()),
        ("gpu", "expected auto, avx512, avx2, portable, cuda, graph".to_owned()),
        ("cuda", "`cuda` kernels are not of the device, which is cpu".to_owned()),
    ]
    .into_iter()
    // Only on a CPU that lacks some.
    .chain(lacking.map(|path| (path.name(), format!("this CPU has no `{}` kernels", path.name()))));
    for (kernels, expected) in texts {
        for args in [
            vec!["score", "--device", "cpu", "--kernels", kernels, SMALL],
            search_args(&["--kernels", kernels]),
        ] {
            let (status, text) = failure(&args);
            assert_eq!(status, Some(2), "{args:?}: {text}");
            assert_eq!(text.matches(&expected).count(), 1, "{args:?}: {text}");
        }
    }
}

#[test]
fn bad_input_is_status_2_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("nets.txt");
    std::fs::write(&file, "# mine\n\nmine  SuperConvK3BNRELU(3,8,1,1)SuperResK3K4(8,8,1,8,1)\n")
        .expect("written");
    let file = file.to_str().expect("UTF-8");
    for (args, expected) in [
        (
            vec!["inspect", file],
            format!("{file}:3:33: unknown block 'SuperResK3K4', did you mean SuperResK3K3?"),
        ),
        (
            vec!["inspect", "SuperConvK3BNRELU(3,8,1"],
            "structure:1:24: expected ',' after the stride".to_owned(),
        ),
        (vec!["inspect", "zennet_1M"], "the nearest name is 'ZenNet-1M'".to_owned()),
        (
            vec!["diff", "zennet_cifar_model_size1M_res3", "ZenNet-2M"],
            "the nearest name is 'zennet_cifar_model_size1M_res32'".to_owned(),
        ),
        (
            vec!["inspect", "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(9,8,1,1)"],
            "--fix".to_owned(),
        ),
        (vec!["score", "--device", "cuda:0", SMALL], "cuda:0".to_owned()),
        (vec!["score", "--device", "gpu", SMALL], "cuda:N".to_owned()),
        (vec!["score", "--proxy", "zenn", SMALL], "did you mean `zen`?".to_owned()),
        (vec!["search", "--preset", "quik"], "did you mean 'quick'?".to_owned()),
        (vec!["search", "--preset", "imagenet-latency-0.1ms"], "needs a latency table".to_owned()),
        (
            vec!["search", "--preset", "quick", "--set", "search.sed=1"],
            "did you mean 'search.seed'?".to_owned(),
        ),
        (vec!["search", "--preset", "quick", "--workers", "0"], "0 is too small".to_owned()),
        (
            vec!["search", "--preset", "quick", "--out", folder.path().to_str().expect("UTF-8")],
            "not empty".to_owned(),
        ),
        (vec!["frobnicate"], "unrecognized subcommand".to_owned()),
    ] {
        let (status, text) = failure(&args);
        assert_eq!(status, Some(2), "{args:?}: {text}");
        assert!(text.contains(&expected), "{args:?}: {text}");
    }
}

#[test]
fn fix_repairs_channels_and_files_hold_many_nets() {
    let broken = "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(9,8,1,1)";
    let fixed = json(&["inspect", "--json", "--fix", broken]);
    assert_eq!(fixed[0]["structure"], "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(8,8,1,1)");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("nets.txt");
    std::fs::write(&file, format!("a {SMALL}\n{SMALL}\n# no more\n")).expect("written");
    let lines = json(&["inspect", "--json", file.to_str().expect("UTF-8")]);
    assert_eq!((&lines[0]["name"], &lines[1]["name"]), (&Value::from("a"), &Value::Null));
}

/// A file in the user's folder is a preset by its name, and a broken one says where.
#[test]
fn presets_of_the_user_are_found() {
    let config = tempfile::tempdir().expect("a folder");
    let folder = config.path().join("zendo/presets");
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write("base.toml", "extends = \"quick\" # mine\n");
    write("fast.toml", "extends = \"base\"\n[search]\niterations = 30\n");
    write("quick.toml", "extends = \"quick\"\n[budget]\nlayers = 11\n");
    write("broken.toml", "[search]\niteration = 5\n");
    let zendo = |args: &[&str]| {
        let mut command = binary();
        let output = command.env("XDG_CONFIG_HOME", config.path()).args(args).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let list = zendo(&["presets", "list"]);
    let yours: Vec<&str> = list.lines().rev().take(4).collect();
    assert!(yours[0].contains("11 sub-layers   (yours)"), "{list}");
    assert!(yours[1].starts_with("fast  ") && yours[1].ends_with("(yours)"), "{list}");
    assert!(yours[2].contains("broken.toml:2:1: unknown key 'iteration'"), "{list}");
    assert!(yours[3].starts_with("base  "), "{list}");
    assert_eq!(zendo(&["presets", "show", "base"]), "extends = \"quick\" # mine\n");
    // A shipped preset comes first.
    assert!(zendo(&["presets", "check", "quick"]).contains("12 sub-layers"));
    let search = ["search", "--preset", "fast", "--json", "--device", "cpu", "--set"];
    let lines = zendo(&[&search[..], &["confirm.best=0"]].concat());
    let last: Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["iterations"], 30);
}

#[test]
fn presets_list_show_and_check() {
    let list = String::from_utf8(zendo(&["presets", "list"]).stdout).expect("UTF-8");
    assert_eq!(list.lines().count(), 14);
    let shown = zendo(&["presets", "show", "quick"]).stdout;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("my.toml");
    std::fs::write(&file, &shown).expect("written");
    let path = file.to_str().expect("UTF-8");
    assert_eq!(zendo(&["presets", "check", path]).status.code(), Some(0));
    std::fs::write(&file, "extends = \"quick\"\n\n[search]\npopulaton = 4\n").expect("written");
    let (status, text) = failure(&["presets", "check", path]);
    assert_eq!(status, Some(2));
    assert!(
        text.contains("my.toml:4:1: unknown key 'populaton', did you mean 'population'?"),
        "{text}"
    );
}

/// Small enough to be solved in no time.
const COARSE: [&str; 6] =
    ["--preset", "quick", "--set", "space.width_multiple=32", "--set", "space.width_min=32"];

#[test]
fn solve_prints_the_best_structures_the_optimum_last() {
    let solve = |more: &[&str]| json(&[&["solve", "--json"], &COARSE[..], more].concat());
    let lines = solve(&["--top", "3"]);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert_eq!(
            keys(line),
            [
                "bound",
                "flops",
                "gap",
                "layer_price",
                "layers",
                "objective",
                "params",
                "price",
                "proven",
                "score",
                "seconds",
                "structure"
            ]
        );
        assert_eq!((&line["proven"], line["gap"].as_f64()), (&Value::Bool(true), Some(0.0)));
        assert_eq!(keys(&line["price"]), ["params"]);
        assert_eq!(keys(&line["layer_price"]), ["minus", "plus"]);
        assert!(line["params"].as_u64().is_some_and(|n| n <= 400_000), "{line}");
        let of = |key: &str| line[key].as_f64().expect("a number");
        assert!(of("objective") >= of("score"), "{line}");
        // What it costs and scores is what the other commands say.
        let structure = line["structure"].as_str().expect("text");
        let cost = &json(&[
            "inspect",
            "--json",
            "--counting",
            "exact",
            "--resolution",
            "32",
            "--classes",
            "10",
            structure,
        ])[0];
        assert_eq!((&cost["params"], &cost["flops"]), (&line["params"], &line["flops"]));
    }
    let objectives: Vec<f64> =
        lines.iter().map(|line| line["objective"].as_f64().expect("a number")).collect();
    assert!(objectives.is_sorted(), "{objectives:?}");
    let one = solve(&[]);
    assert_eq!(one[0]["structure"], lines[2]["structure"]);
}

#[test]
fn solve_sweeps_a_budget() {
    let solve = |more: &[&str]| json(&[&["solve", "--json"], &COARSE[..], more].concat());
    let points = solve(&["--sweep", "layers=8..10"]);
    assert_eq!(
        points.iter().map(|p| p["limit"].as_u64()).collect::<Vec<_>>(),
        [8, 9, 10].map(Some)
    );
    let points = solve(&["--sweep", "params=200k..400k:3"]);
    let objectives: Vec<f64> =
        points.iter().map(|point| point["objective"].as_f64().expect("a number")).collect();
    assert!(objectives.len() == 3 && objectives.is_sorted(), "{objectives:?}");
    let csv = zendo(&[&["solve", "--csv", "--sweep", "layers=8..9"], &COARSE[..]].concat());
    let csv = String::from_utf8(csv.stdout).expect("text");
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.starts_with("budget,limit,objective,"), "{csv}");
    let (status, message) = failure(&[&["solve", "--sweep", "width=1..2"], &COARSE[..]].concat());
    assert_eq!(status, Some(2));
    assert!(message.contains("layers=8..30"), "{message}");
}

/// A kept run from its search to its removal.
#[test]
fn runs_are_listed_shown_compared_exported_and_removed() {
    let state = tempfile::tempdir().expect("a folder");
    let runs = state.path().join("zendo/runs");
    std::fs::create_dir_all(&runs).expect("made");
    let command = |args: &[&str]| -> Output {
        let mut command = binary();
        command.env("XDG_STATE_HOME", state.path()).stdin(Stdio::null());
        command.args(args).output().expect("the binary runs")
    };
    let said = |args: &[&str]| {
        let output = command(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {error}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let refused = |args: &[&str]| {
        let output = command(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said(&["runs"]).starts_with("no run is kept in "));
    for (name, seed) in [("quick-20261126-152507-003f", "1"), ("quick-20261127-090000-1111", "2")] {
        let out = runs.join(name);
        let out = out.to_str().expect("UTF-8");
        let sets = [
            "--set",
            "space.resolution=16",
            "--set",
            "confirm.best=2",
            "--set",
            "run.optimum=false",
            "--set",
            "search.polish=false",
            "--set",
            "search.climb=0",
        ];
        let args =
            ["search", "--preset", "quick", "--iterations", "150", "--seed", seed, "--out", out];
        said(&[&args[..], &sets].concat());
    }
    let listed = said(&["runs"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains("quick-20261127-090000-1111  ✓ finished"), "{listed}");
    assert!(listed.contains("150 of 150"), "{listed}");
    let lines: Vec<Value> = said(&["runs", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let mut names = keys(&lines[0]);
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "age_s",
            "best",
            "device",
            "error",
            "folder",
            "host",
            "iterations",
            "name",
            "pid",
            "preset",
            "proposed",
            "proxy",
            "resume",
            "scored",
            "seconds",
            "seed",
            "state",
            "updated",
        ]
    );
    let shown = said(&["runs", "show", "quick-20261126"]);
    let best = std::fs::read_to_string(runs.join("quick-20261126-152507-003f/best.txt"));
    assert!(shown.contains(best.expect("there").trim_end()), "{shown}");
    let compared = said(&["runs", "compare", "quick-20261126", "quick-20261127"]);
    assert!(compared.contains("found at") && compared.contains("150 of 150"), "{compared}");
    let compared = said(&["runs", "compare", "--json", "quick-20261126", "quick-20261127"]);
    assert_eq!(compared.lines().count(), 2);
    let error = refused(&["runs", "show", "quick"]);
    assert!(error.contains("may be quick-20261126-152507-003f, quick-20261127"), "{error}");
    assert!(refused(&["runs", "show", "quik"]).contains("did you mean 'quick-2026"));

    let csv = said(&["runs", "export", "quick-20261126"]);
    let jsonl = said(&["runs", "export", "quick-20261126", "--format", "jsonl"]);
    assert_eq!(csv.lines().count(), jsonl.lines().count() + 1);
    let first: Value = serde_json::from_str(jsonl.lines().next().expect("a row")).expect("JSON");
    let heads: Vec<&str> = csv.lines().next().expect("heads").split(',').collect();
    assert_eq!(heads.len(), keys(&first).len());
    assert!(heads.iter().all(|head| first.get(head).is_some()), "{heads:?}");
    let file = state.path().join("all.csv");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(said(&["runs", "export", "quick-20261126", "--out", file]), "");
    assert_eq!(std::fs::read_to_string(file).expect("written"), csv);
    let error = refused(&["runs", "export", "quick-20261126", "--out", file]);
    assert!(error.contains("--force"), "{error}");

    let front = said(&["runs", "front", "quick-20261126", "--json", "--by", "params,layers"]);
    let row: Value = serde_json::from_str(front.lines().next().expect("a row")).expect("JSON");
    let mut names = keys(&row);
    names.sort_unstable();
    let costs = ["activation_bytes", "flops", "id", "latency_ms", "layers", "params", "score"];
    assert_eq!(names, [&costs[..], &["structure"]].concat());
    let csv = said(&["runs", "front", "quick-20261126", "--csv", "--by", "params,layers"]);
    assert_eq!(csv.lines().count(), front.lines().count() + 1);
    let file = state.path().join("front.txt");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(said(&["runs", "front", "quick-20261126", "--structures", "--out", file]), "");
    assert!(said(&["inspect", file, "--json"]).lines().count() > 1);
    assert!(said(&["runs", "front", "quick-20261126"]).starts_with("front of score against "));
    let error = refused(&["runs", "front", "quick-20261126", "--by", "parms"]);
    assert!(error.contains("did you mean 'params'?"), "{error}");

    // Nothing goes unasked, or at all where one can't.
    assert!(refused(&["runs", "remove", "quick-20261126"]).contains("--yes"));
    let other = runs.join("quick-20261127-090000-1111");
    std::fs::write(other.join("lock"), r#"{"host":"gpu-07","pid":41}"#).expect("written");
    let error = refused(&["runs", "remove", "--yes", "quick-20261126", "quick-20261127"]);
    assert!(error.contains("gpu-07"), "{error}");
    assert!(said(&["runs"]).contains("● on gpu-07"));
    assert!(
        said(&["runs", "remove", "--yes", "quick-20261126"]).starts_with("removed quick-2026112")
    );
    assert!(!runs.join("quick-20261126-152507-003f").exists() && other.join("run.toml").is_file());
}
