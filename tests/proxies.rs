//! Proxies by the command line: the list, scores, searches. Costs are held to those that `zendo inspect` tells.

use std::process::{Command, Output};

use serde_json::Value;

const ZENNET: &str = "ZenNet-1M";
const SMALL: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)";

fn zendo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    // What it searches is kept among the build's files.
    command.args(args).env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("the binary runs")
}

/// Stdout of a command that must succeed.
fn said(args: &[&str]) -> String {
    let output = zendo(args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(args: &[&str]) -> Vec<Value> {
    let text = said(args);
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn the_list_tells_of_every_proxy() {
    let lines = json(&["proxies", "--json"]);
    let table = said(&["proxies"]);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for line in &lines {
        let keys: Vec<_> = line.as_object().expect("an object").keys().collect();
        assert_eq!(
            keys,
            ["cost", "direction", "measured", "measures", "name", "needs", "source"],
            "serde_json sorts them"
        );
        let text = |key: &str| line[key].as_str().expect("a text").to_owned();
        let row = table.lines().find(|row| row.split_whitespace().next() == line["name"].as_str());
        let row = row.expect("a row of the table");
        assert!(row.contains(&text("needs")) && row.contains(&text("cost")), "{row}");
    }
    let names: Vec<_> = lines.iter().filter_map(|line| line["name"].as_str()).collect();
    for name in [
        "zen",
        "zen-analytic",
        "zen-estimate",
        "phi",
        "naswot",
        "linear-regions",
        "ntk",
        "te",
        "grad-norm",
        "synflow",
        "entropy",
        "flops",
        "params",
        "random",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn counts_are_those_of_inspect() {
    for more in [&[][..], &["--resolution", "48", "--classes", "7"]] {
        let costs = &json(&[&["inspect", "--json", ZENNET], more].concat())[0];
        for proxy in ["flops", "params"] {
            let args = ["score", "--json", "--repeats", "3", "--proxy", proxy, ZENNET];
            let score = &json(&[&args, more].concat())[0];
            assert_eq!(score["mean"].as_f64(), costs[proxy].as_f64());
            assert_eq!((&score["repeats"], &score["std"]), (&1.into(), &Value::Null));
            assert_eq!((&score["device"], &score["classes"]), (&"none".into(), &costs["classes"]));
        }
    }
    let text = said(&["score", "--proxy", "params", ZENNET]);
    assert!(text.contains("  params 1,040,844   32², 100 classes, counted"), "{text}");
}

#[test]
fn random_scores_follow_from_their_seeds() {
    let scores = |seed: &str| -> Vec<f64> {
        let args = ["score", "--json", "--proxy", "random", "--seed", seed, SMALL, ZENNET];
        json(&args).iter().filter_map(|line| line["mean"].as_f64()).collect()
    };
    let first = scores("1");
    assert_eq!(first, scores("1"));
    assert_ne!(first, scores("2"));
    assert_ne!(first[0], first[1], "one seed, two networks");
    let text = said(&["score", "--proxy", "random", "--repeats", "4", SMALL]);
    assert!(text.contains("4 draws, ±") && text.ends_with("no device\n"), "{text}");
}

fn search<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = ["search", "--preset", "quick", "--device", "cpu", "--iterations", "200"];
    let sets = ["space.resolution=8", "score.batch=2", "confirm.repeats=2", "run.optimum=false"];
    let more = sets.iter().chain(more).flat_map(|set| ["--set", set]);
    args.into_iter().chain(more).collect()
}

#[test]
fn a_search_goes_by_counts_and_is_judged_by_zen() {
    let output = zendo(&search(&["score.proxy=flops"]));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("set screen.keep = 1 and search.climb = 0"), "{error}");
    let by_flops = search(&["score.proxy=flops", "screen.keep=1", "search.climb=0"]);
    let lines = json(&[&by_flops[..], &["--json"]].concat());
    let last = lines.last().expect("a last line");
    let best = &last["best"];
    assert_eq!(best["score"].as_f64(), best["flops"].as_f64());
    assert_eq!((&last["proxy"], &best["confirmed"]["repeats"]), (&"flops".into(), &2.into()));
    // What follows from the structure is scored once, elites or not.
    assert_eq!((&last["rescored"], &last["noise"]), (&0.into(), &Value::Null));
    let text = said(&by_flops);
    let scored = text.lines().find(|line| line.starts_with("best #")).expect("a best");
    assert!(scored.contains("M by flops as searched, confirmed "), "{scored}");
    assert!(scored.contains(" by zen (standard error of 2 draws)"), "{scored}");
    let output = zendo(&search(&["confirm.proxy=params"]));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("confirm.proxy: params is the same in every draw"), "{error}");
}

#[test]
fn networks_rank_among_one_another() {
    let args = ["score", "--batch", "2", "--resolution", "8", "--proxy"];
    let nets = [SMALL, ZENNET, "ZenNet-2M"];
    let by = |proxy: &str| json(&[&args[..], &[proxy, "--json"], &nets].concat());
    let both = by("params=1,flops=-0.5");
    let of = |key: &str| -> Vec<f64> {
        both.iter().map(|line| line[key].as_f64().expect("a number")).collect()
    };
    assert_eq!(of("rank"), [3.0, 2.0, 1.0]);
    // Of three, the one in the middle has the score 0.
    assert_eq!(of("mean")[1], 0.0);
    assert_eq!(of("mean")[0], -of("mean")[2]);
    let params = &by("params")[1];
    assert_eq!(both[1]["parts"]["params"]["mean"], params["mean"]);
    let text = said(&[&args[..], &["params=1,zen=2", "--repeats", "2"], &nets].concat());
    assert!(text.contains("  zen=2,params=1 ") && text.contains(" 1 of 3 by rank"), "{text}");
    assert!(text.contains("  params 1,040,844   normal score 0"), "{text}");
    let alone = zendo(&[&args[..], &["params=1,zen=2", SMALL]].concat());
    let error = String::from_utf8_lossy(&alone.stderr);
    assert_eq!(alone.status.code(), Some(2));
    assert!(error.contains("there must be 2 or more"), "{error}");
    let unknown = zendo(&[&args[..], &["params=1,zne=2", SMALL, ZENNET]].concat());
    let error = String::from_utf8_lossy(&unknown.stderr);
    assert!(error.contains("did you mean `zen`?"), "{error}");
}

#[test]
fn a_search_goes_by_ranks() {
    let sets = ["score.proxy=params=-1,entropy=1", "screen.keep=1", "search.climb=0"];
    let by_ranks = search(&sets);
    let lines = json(&[&by_ranks[..], &["--json"]].concat());
    let last = lines.last().expect("a last line");
    assert_eq!(last["proxy"], "entropy=1,params=-1");
    let text = said(&by_ranks);
    let best = text.lines().find(|line| line.starts_with("best #")).expect("a best");
    assert!(best.contains(" by entropy=1,params=-1 as searched, confirmed "), "{best}");
    let output = zendo(&search(&["score.proxy=zen=1,naswot=0.5"]));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("set screen.keep = 1 and search.climb = 0"), "{error}");
}

/// A draw that knows nothing is one like others: with noise, and of its own for each network where all
/// share their seeds.
#[test]
fn a_search_goes_by_nothing() {
    let sets = ["score.proxy=random", "screen.keep=1", "search.climb=0", "score.seed_mode=common"];
    let lines = json(&[&search(&sets)[..], &["--json"]].concat());
    let last = lines.last().expect("a last line");
    assert!(last["spread"].as_f64().is_some_and(|spread| spread > 0.0), "{last}");
    assert!(last["noise"].as_f64().is_some_and(|noise| (0.1..0.5).contains(&noise)), "{last}");
}

/// How long they take is not looked at.
#[test]
fn every_proxy_is_measured_against_zen() {
    let args = ["bench", "proxies", "--json", "--device", "cpu", "--resolution", "8"];
    let lines = json(&[&args[..], &["--batch", "2", "--rounds", "1", SMALL]].concat());
    let named = |lines: &[Value], key: &str| -> Vec<String> {
        lines.iter().map(|line| line[key].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(named(&lines, "proxy"), named(&json(&["proxies", "--json"]), "name"));
    for line in &lines {
        assert!(line["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{line}");
        assert_eq!(line["to_zen"] == 1.0, line["proxy"] == "zen", "{line}");
        assert_eq!(line["failure"], Value::Null, "{line}");
    }
    let unknown = zendo(&["bench", "proxies", "--batch", "0"]);
    assert_eq!(unknown.status.code(), Some(2));
}
