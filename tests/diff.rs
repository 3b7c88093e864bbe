//! `zendo diff` and `zendo inspect --blocks`: what they print, and that it adds up.

use std::process::Command;

use serde_json::Value;

const ZENNET: &str = "zennet_cifar_model_size1M_res32";
const SMALL: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)";
/// One block in one piece, and in two.
const WHOLE: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResK1K5K1(8,16,2,8,6)";
const SPLIT: &str =
    "SuperConvK3BNRELU(3,8,1,1)SuperResK1K5K1(8,16,2,8,4)SuperResK1K5K1(16,16,1,8,2)";

fn text(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_zendo")).args(args).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&text(args)).expect("one object")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn a_table_shows_both_sides() {
    let other = "SuperConvK3BNRELU(3,8,1,1)SuperResK5K5(8,32,2,8,1)";
    let shown = text(&["diff", SMALL, other]);
    let row = shown.lines().find(|line| line.contains('~')).expect("a changed row");
    let (left, right) = row.split_once(" ~ ").expect("two sides");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(left), ["112²", "2", "K3K3", "8→16", "8", "1"]);
    assert_eq!(words(right)[..6], ["112²", "2", "K5K5", "8→32", "8", "1"]);
    assert!(shown.contains("at 224², 1000 classes, with shortcuts, counted exact"), "{shown}");
    let same = text(&["diff", SMALL, SMALL]);
    assert!(same.contains("the same structure") && !same.contains('~'), "{same}");
    let split = text(&["diff", WHOLE, SPLIT]);
    assert_eq!(split.lines().filter(|line| line.contains(" Y ")).count(), 2, "{split}");
    let removed = text(&["diff", "--counting", "reference", ZENNET, SMALL]);
    assert!(removed.lines().any(|line| line.contains(" - ")), "{removed}");
    for line in [shown, split, removed].iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 112, "{line}");
    }
}

#[test]
fn json_adds_up() {
    let diff = json(&["diff", "--json", ZENNET, WHOLE]);
    assert_eq!(
        keys(&diff),
        [
            "a",
            "b",
            "batch",
            "classes",
            "counting",
            "definition",
            "delta",
            "resolution",
            "rows",
            "tail"
        ]
    );
    assert_eq!((&diff["resolution"], &diff["classes"]), (&Value::from(32), &Value::from(100)));
    let rows = diff["rows"].as_array().expect("rows");
    for (total, part) in
        [("score", "score_delta"), ("params", "params_delta"), ("flops", "flops_delta")]
    {
        let sum: f64 = rows.iter().chain([&diff["tail"]]).map(|row| number(&row[part])).sum();
        assert!((sum - number(&diff["delta"][total])).abs() < 1e-6, "{total}");
        let gap = number(&diff["b"][total]) - number(&diff["a"][total]);
        assert!((sum - gap).abs() < 1e-6, "{total}");
    }
    assert_eq!(diff["delta"]["layers"], -11);
    // What another command says of the same network.
    let score = json(&["score", "--json", "--proxy", "zen-analytic", ZENNET]);
    assert!((number(&score["mean"]) - number(&diff["a"]["score"])).abs() < 1e-9);
    let cost = json(&["inspect", "--json", ZENNET]);
    assert_eq!((&cost["params"], &cost["flops"]), (&diff["a"]["params"], &diff["a"]["flops"]));
}

#[test]
fn json_rows_hold_blocks() {
    let diff = json(&["diff", "--json", WHOLE, SPLIT]);
    let rows = diff["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    assert_eq!(keys(&rows[1]), ["a", "b", "change", "flops_delta", "params_delta", "score_delta"]);
    assert_eq!((&rows[0]["change"], &rows[1]["change"]), (&"same".into(), &"split".into()));
    assert_eq!(rows[1]["a"]["sub_layers"], 6);
    let halves = rows[1]["b"].as_array().expect("two blocks");
    let of = |key: &str| halves.iter().map(|half| half[key].as_u64()).collect::<Vec<_>>();
    assert_eq!(of("sub_layers"), [Some(4), Some(2)]);
    assert_eq!((of("block"), of("map")), (vec![Some(2), Some(3)], vec![Some(112); 2]));
    let merged = json(&["diff", "--json", SPLIT, WHOLE]);
    assert_eq!(merged["rows"][1]["change"], "merged");
    assert_eq!(merged["rows"][1]["a"].as_array().map(Vec::len), Some(2));
    let shorter = json(&["diff", "--json", WHOLE, "SuperConvK3BNRELU(3,8,1,1)"]);
    assert_eq!(
        (&shorter["rows"][1]["change"], &shorter["rows"][1]["b"]),
        (&"removed".into(), &Value::Null)
    );
}

#[test]
fn repeats_measure_both() {
    let args = ["diff", "--resolution", "16", "--batch", "4", "--repeats", "3", SMALL];
    let same = json(&[&args[..], &[SMALL, "--json"]].concat());
    let measured = &same["measured"];
    assert_eq!(keys(measured), ["a", "b", "difference", "half_width", "inside_noise", "repeats"]);
    assert_eq!((number(&measured["difference"]), &measured["repeats"]), (0.0, &3.into()));
    assert_eq!(measured["inside_noise"], true);
    let score =
        json(&["score", "--json", "--resolution", "16", "--batch", "4", "--repeats", "3", SMALL]);
    assert_eq!(measured["a"]["mean"], score["mean"]);
    let other = text(&[&args[..], &[WHOLE]].concat());
    assert!(other.contains("outside the noise"), "{other}");
}

#[test]
fn blocks_are_inspected_when_asked() {
    let net = json(&["inspect", "--blocks", "--json", ZENNET]);
    let blocks = net["blocks"].as_array().expect("blocks");
    assert_eq!(blocks.len(), 8);
    for (total, share) in
        [("params", "params_share"), ("flops", "flops_share"), ("score", "score_share")]
    {
        let sum = |key: &str| -> f64 {
            blocks.iter().chain([&net["tail"]]).map(|part| number(&part[key])).sum()
        };
        assert!((sum(total) - number(&net[total])).abs() < 1e-6, "{total}");
        assert!((sum(share) - 1.0).abs() < 1e-9, "{share}");
    }
    let shown = text(&["inspect", "--blocks", ZENNET]);
    assert!(shown.contains("log Δ, classifier") && shown.contains("in closed form"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 120), "{shown}");
}
