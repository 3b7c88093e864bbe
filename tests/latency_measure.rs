//! `zendo latency`: a table is measured, cut, continued; a network is timed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use zendo::latency::{FusedLayer, Table};

const PRESET: &str = r#"
version = 1
[space]
families = ["KxKx"]
kernels = [3]
initial = "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)SuperConvK1BNRELU(16,32,1,1)"
width_max = 32
resolution = 8
classes = 10
[budget]
params = "100k"
layers = 8
"#;

fn zendo(args: &[&str], folder: &Path) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    let output = command.args(args).current_dir(folder).output().expect("zendo starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

/// The tolerance is wide: this is about rows, not about times.
fn measure<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["latency", "measure", "--preset", "tiny.toml", "--device", "cpu"];
    args.extend(["--batch", "1", "--tolerance", "100%", "--nets", "2", "--out", out]);
    args.extend(more);
    args
}

/// Of layers that are alike but for their widths: the least and the most channels taken and given. What lies between
/// depends on times, which are never twice the same.
fn ranges(table: &Table) -> BTreeMap<FusedLayer, [u32; 4]> {
    let mut ranges = BTreeMap::new();
    for row in &table.rows {
        let FusedLayer { in_channels: taken, out_channels: given, .. } = row.layer;
        let kind = FusedLayer { in_channels: 0, out_channels: 0, ..row.layer };
        let range = ranges.entry(kind).or_insert([taken, taken, given, given]);
        *range =
            [range[0].min(taken), range[1].max(taken), range[2].min(given), range[3].max(given)];
    }
    ranges
}

#[test]
fn a_table_is_measured_cut_and_continued() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("tiny.toml"), PRESET).expect("writes");
    let (status, out, err) = zendo(&measure("t.jsonl", &["--threads", "1"]), folder);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("layers measured, 0 known before, 2 networks"), "{out}");
    let path = folder.join("t.jsonl");
    let text = fs::read_to_string(&path).expect("a table");
    let whole = Table::parse(&text).expect("reads");
    assert!(whole.rows.len() > 20 && whole.nets.len() == 2, "{}", whole.rows.len());
    assert!(whole.provenance.device.ends_with(", 1 thread"), "{}", whole.provenance.device);
    assert!(whole.rows.iter().all(|row| row.ms > 0.0 && row.spread.is_some()));

    // As if it had been killed while it wrote its tenth row.
    let ninth = text.match_indices('\n').nth(9).expect("more lines").0;
    fs::write(&path, &text[..ninth + 20]).expect("writes");
    let (status, out, err) = zendo(&measure("t.jsonl", &["--threads", "1", "--json"]), folder);
    assert_eq!(status, 0, "{out}{err}");
    let last: serde_json::Value =
        serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["event"], &last["known"], &last["complete"]),
        (&"finished".into(), &9.into(), &true.into())
    );
    let text = fs::read_to_string(&path).expect("a table");
    let again = Table::parse(&text).expect("reads");
    assert_eq!(text.lines().count(), 1 + again.rows.len() + again.nets.len(), "no row twice");
    assert_eq!(again.rows[..9], whole.rows[..9]);
    let unique: BTreeSet<_> = again.rows.iter().map(|row| row.layer).collect();
    assert_eq!(unique.len(), again.rows.len(), "no layer twice");
    assert_eq!(ranges(&again), ranges(&whole));
    assert_eq!(again.nets.len(), 2);

    let (status, _, err) = zendo(&measure("t.jsonl", &["--threads", "2"]), folder);
    assert_eq!(status, 2);
    assert!(err.contains("can't be continued: its device is"), "{err}");
    fs::write(&path, "no table\n").expect("writes");
    let (status, _, err) = zendo(&measure("t.jsonl", &["--threads", "1"]), folder);
    assert_eq!(status, 2);
    assert!(err.contains("t.jsonl:1: a table's first line says what it is"), "{err}");
    assert_eq!(fs::read_to_string(&path).expect("still there"), "no table\n");
}

#[test]
fn a_network_is_timed() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = "tiny SuperConvK3BNRELU(3,8,1,1)SuperResIDWE2K3(8,16,2,8,1)";
    let args = ["latency", "net", net, "--device", "cpu", "--batch", "2", "--runs", "3"];
    let sizes = ["--resolution", "16", "--classes", "10", "--se"];
    let with = |more: &[&'static str]| [&args[..], &sizes[..], more].concat();
    let (status, out, err) = zendo(&with(&["--json"]), folder.path());
    assert_eq!(status, 0, "{out}{err}");
    let timed: serde_json::Value = serde_json::from_str(out.trim()).expect("one JSON object");
    let number = |key: &str| timed[key].as_f64().unwrap_or_else(|| panic!("{key} of {timed}"));
    assert!(number("least_ms") > 0.0 && number("ms") >= number("least_ms"));
    assert!((number("ms_per_image") * 2.0 - number("ms")).abs() < 1e-9);
    assert_eq!((&timed["name"], &timed["dtype"]), (&"tiny".into(), &"f32".into()));
    let (status, out, _) = zendo(&with(&[]), folder.path());
    assert_eq!(status, 0);
    assert!(out.contains("ms a batch") && out.contains("ms an image"), "{out}");
    let (status, _, err) = zendo(&with(&["--dtype", "f16"]), folder.path());
    assert_eq!(status, 2);
    assert!(err.contains("f16 is slower than f32 on CPUs here"), "{err}");
}
