//! Experiments on a kept run, by the command line: what they look at, what is kept with the run, who is in the way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use zendo::report::{Cell, Report};
use zendo::run::{EXPERIMENTS, Keeper, Underway, end_experiment, lab_folder, stands};

const PATIENCE: Duration = Duration::from_secs(120);

/// Lives in a folder of its own.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
        command.args(args).env("XDG_STATE_HOME", self.path("state"));
        command
    }

    fn zendo(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// What must succeed; gives what it said on stderr.
    fn said(&self, args: &[&str]) -> String {
        let output = self.zendo(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        said
    }

    /// Why it must not, with the status it ends with.
    fn refused(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.zendo(args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A small run that has ended, and its folder as an argument.
    fn run(&self) -> String {
        let folder = self.path("run").display().to_string();
        self.said(&[&SEARCH[..], &["--iterations", "300", "--out", &folder]].concat());
        folder
    }

    /// Six keys of NAS-Bench-Macro that are five networks, trained twice.
    fn benchmark(&self) -> String {
        let path = self.path("bench.json");
        fs::write(
            &path,
            r#"{
            "00000000": {"test_acc": [80.0, 80.5]}, "10000001": {"test_acc": [84.0, 83.5]},
            "10000010": {"test_acc": [84.0, 83.5]}, "11111111": {"test_acc": [88.0, 89.5]},
            "20000000": {"test_acc": [85.0, 83.0]}, "22222222": {"test_acc": [92.0, 92.5]}
            }"#,
        )
        .expect("written");
        path.display().to_string()
    }
}

const SEARCH: [&str; 15] = [
    "search",
    "--preset",
    "quick",
    "--foreground",
    "--set",
    "run.device=cpu",
    "--set",
    "space.resolution=16",
    "--set",
    "score.definition=reference",
    "--set",
    "confirm.repeats=8",
    "--set",
    "run.optimum=false",
    "--workers=2",
];

/// Few and small stacks.
const OVERFLOW: [&str; 8] = ["lab", "overflow", "--depth", "3", "--width", "4", "--repeats", "1"];

fn lab(run: &str) -> PathBuf {
    lab_folder(Some(Path::new(run))).expect("a run's")
}

fn found(lab: &Path, name: &str) -> zendo::run::Found {
    let stands = stands(lab, name);
    assert_eq!(stands.underway, Underway::No, "{name}");
    stands.found.unwrap_or_else(|| panic!("{name}: nothing found")).expect("it reads")
}

/// What stands in the first column, each once.
fn nets(report: &Report) -> Vec<String> {
    let mut nets: Vec<String> = Vec::new();
    for row in &report.rows {
        let Cell::Text(name) = &row[0] else { panic!("{row:?}") };
        if !nets.contains(name) {
            nets.push(name.clone());
        }
    }
    nets
}

fn setting<'a>(report: &'a Report, key: &str) -> &'a str {
    let found = report.settings.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no setting {key}"))
}

/// Ids from the best to the lowest, as `agreement` lists them all.
fn population(home: &Home, run: &str) -> Vec<String> {
    home.said(&["lab", "agreement", run, "--members", "65536", "--draws", "2"]);
    nets(&found(&lab(run), "agreement").report)
}

#[test]
fn every_experiment_keeps_with_the_run_what_it_found() {
    let home = Home::new();
    let run = home.run();
    let bench = home.benchmark();
    let quick: [(&str, &[&str]); 8] = [
        ("rank", &[&bench, "--batch", "2", "--resolution", "8", "--proxies", "zen-analytic"]),
        ("agreement", &["--members", "3", "--draws", "2"]),
        ("saturation", &["--batch", "2", "--repeats", "1"]),
        ("noise", &["--batches", "2,4", "--draws", "2"]),
        ("why", &["--draws", "2"]),
        ("overflow", &OVERFLOW[2..]),
        ("rescaling", &["--depth", "2", "--widths", "2,4", "--repeats", "1"]),
        ("theorem1", &["--depth", "2", "--width", "4", "--sides", "4,8", "--repeats", "1"]),
    ];
    assert_eq!(quick.map(|(name, _)| name), EXPERIMENTS);
    for (name, more) in quick {
        let args = [&["lab", name], more, &["--run", &run]].concat();
        let printed = String::from_utf8(home.zendo(&args).stdout).expect("UTF-8");
        assert!(!printed.is_empty(), "{name} is shown, too");
        let found = found(&lab(&run), name);
        assert_eq!(found.report.name, name);
        assert_eq!(found.command, args);
        assert!(found.device.starts_with("cpu, "), "as the run: {}", found.device);
        assert!(!found.report.rows.is_empty() && !found.report.reading.is_empty(), "{name}");
    }
    let rank = found(&lab(&run), "rank").report;
    assert_eq!(setting(&rank, "definition"), "reference", "the run's");
    let noise = found(&lab(&run), "noise").report;
    assert_eq!(setting(&noise, "definition"), "reference", "the run's");

    home.said(&["runs", "remove", "--yes", &run]);
    assert!(!Path::new(&run).exists(), "nothing is left behind");
}

#[test]
fn nets_are_the_run_s_unless_others_are_named() {
    let home = Home::new();
    let run = home.run();
    let all = population(&home, &run);
    let (best, second, last) = (&all[0], &all[1], &all[all.len() - 1]);
    let middle = &all[(all.len() - 1) / 2];
    let looked_at = |name: &str, more: &[&str]| {
        home.said(&[&["lab", name, "--run", &run], more].concat());
        found(&lab(&run), name).report
    };
    let small = ["--batch", "2", "--repeats", "1"];
    let usual = nets(&looked_at("saturation", &small));
    let called =
        [format!("best {best}"), format!("middle {middle}"), format!("last {last}")].to_vec();
    // What the search starts from may be the lowest still.
    assert_eq!(usual[..3], called[..]);
    assert!(usual[3..].iter().all(|name| name == "initial") && usual.len() <= 4, "{usual:?}");
    let ids = format!("{},{}", &last[1..], &best[1..]);
    let picked = looked_at("saturation", &[&small[..], &["--id", &ids]].concat());
    assert_eq!(nets(&picked), [last.clone(), best.clone()]);

    let draws = ["--draws", "2", "--batches", "2"];
    let noise = looked_at("noise", &draws);
    assert_eq!(nets(&noise), [format!("best {best}"), format!("second {second}")]);
    let named =
        looked_at("noise", &[&draws[..], &["ZenNet-0.5M", "--definition", "paper"]].concat());
    assert_eq!(
        (nets(&named), setting(&named, "definition")),
        (vec!["ZenNet-0.5M".into()], "paper")
    );

    let why = looked_at("why", &["--draws", "2"]);
    let said = why.reading.join(" ");
    assert!(
        said.contains(&format!("best {best}: ")) && said.contains("budgets of quick"),
        "{said}"
    );
    let why = looked_at("why", &["--draws", "2", "--id", &last[1..]]);
    assert!(why.reading.join(" ").contains(&format!("{last}: ")), "{:?}", why.reading);

    let (status, said) = home.refused(&["lab", "why", "--run", &run, "--id", "999999"]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains("no such member now; of ") && said.contains("the nearest is #"),
        "{said}"
    );
    let Underway::Failed(why) = stands(&lab(&run), "why").underway else { panic!("it failed") };
    assert!(why.contains("--id 999999"), "{why}");
    assert!(stands(&lab(&run), "why").found.is_some(), "what was found before stands");
}

#[test]
fn what_contradicts_itself_is_bad_usage() {
    let home = Home::new();
    for faulty in [
        &["lab", "noise", "--run", "x", "--keep"][..],
        &["lab", "agreement"],
        &["lab", "agreement", "x", "--run", "x"],
        &["lab", "why"],
        &["lab", "why", "--run", "x", "--preset", "quick"],
        &["lab", "why", "--run", "x", "--set", "score.batch=4"],
        &["lab", "why", "ZenNet-1M", "--run", "x", "--id", "3"],
        &["lab", "saturation", "--id", "3"],
        &["lab", "noise", "ZenNet-1M", "--run", "x", "--id", "3"],
        &["lab", "overflow", "--run", "nowhere"],
    ] {
        let (status, said) = home.refused(faulty);
        assert_eq!(status, Some(2), "{faulty:?}: {said}");
    }
}

#[test]
fn values_of_rank_are_measured_once() {
    let home = Home::new();
    let run = home.run();
    let bench = home.benchmark();
    let svg = home.path("rank.svg").display().to_string();
    let rank = |more: &[&str]| {
        let usual = ["lab", "rank", &bench, "--batch", "2", "--resolution", "8", "--run", &run];
        home.said(&[&usual[..], more].concat())
    };
    let values = || {
        let text = fs::read_to_string(lab(&run).join("rank-values/values.jsonl")).expect("kept");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    rank(&["--proxies", "zen", "--svg", &svg]);
    let first = values();
    assert_eq!(first.len(), 1 + 5, "a header, and what was measured");
    let picture = fs::read_to_string(&svg).expect("drawn");
    assert!(picture.contains(">one training against the others 0.800<"), "{picture}");
    // A bar a proxy, and the bins.
    assert_eq!(picture.matches("<rect").count(), 3 + 56, "{picture}");

    rank(&["--proxies", "zen,naswot"]);
    let more = values();
    assert_eq!(more.len(), 1 + 5 + 5);
    assert_eq!(more[..6], first[..]);
    assert!(more[6..].iter().all(|line| line.contains("\"naswot\"")), "{more:?}");
    let names = nets(&found(&lab(&run), "rank").report);
    assert_eq!((names.len(), names[4].as_str()), (5, "one training"));

    // Measured in another way: nobody named the folder, so nobody is asked for another one.
    let said = rank(&["--proxies", "zen", "--seed", "5"]);
    assert!(said.contains("another way (seed 0 there, 5 here); begun anew"), "{said}");
    assert_eq!(values().len(), 1 + 5);
    let folder = lab(&run).join("rank-values").display().to_string();
    let usual = ["lab", "rank", &bench, "--batch", "2", "--resolution", "8", "--run", &run];
    let (status, said) = home.refused(&[&usual[..], &["--out", &folder]].concat());
    assert_eq!(status, Some(2));
    assert!(said.contains("another way") && said.contains("another --out"), "{said}");
}

#[test]
fn without_a_run_the_user_s_folder_keeps_it() {
    let home = Home::new();
    let user = home.path("state/zendo/lab");
    home.said(&OVERFLOW);
    assert!(!user.exists(), "nobody asked for it");
    home.said(&[&OVERFLOW[..], &["--keep"]].concat());
    assert_eq!(found(&user, "overflow").report.rows.len(), 3);
    // Where nothing can be kept the experiment is made all the same.
    fs::remove_dir_all(&user).expect("removed");
    fs::write(&user, "in the way").expect("written");
    let said = home.said(&[&OVERFLOW[..], &["--keep"]].concat());
    assert!(said.contains("the result is kept nowhere: "), "{said}");
}

#[test]
fn one_at_a_time_in_a_folder() {
    let home = Home::new();
    let run = home.run();
    let args = [&OVERFLOW[..], &["--run", &run]].concat();
    let first = Keeper::begin(&lab(&run), "overflow", Vec::new()).expect("free");
    let (status, said) = home.refused(&args);
    assert_eq!(status, Some(1));
    assert!(said.contains("overflow is being run there already"), "{said}");
    drop(first);
    home.said(&args);
}

/// Waits until experiment `name` says that it is under way and has done something.
fn wait_for_progress(lab: &Path, name: &str, child: &mut Child) -> u32 {
    let since = Instant::now();
    loop {
        match stands(lab, name).underway {
            Underway::Running(progress) if progress.done > 0 => return progress.pid,
            Underway::Running(_) | Underway::No | Underway::Failed(_) => {}
        }
        assert_eq!(child.try_wait().expect("ours"), None, "it ended before");
        assert!(since.elapsed() < PATIENCE, "no progress");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Longer than anybody waits.
const LONG: [&str; 6] = ["lab", "overflow", "--depth", "200", "--repeats", "10000"];

#[test]
fn who_is_interrupted_says_so_and_what_was_found_stands() {
    let home = Home::new();
    let run = home.run();
    home.said(&[&OVERFLOW[..], &["--run", &run]].concat());
    let before = found(&lab(&run), "overflow");
    let mut command = home.command(&[&LONG[..], &["--run", &run]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let pid = wait_for_progress(&lab(&run), "overflow", &mut child);
    assert_eq!(pid, child.id());
    end_experiment(&lab(&run), "overflow").expect("it runs");
    assert_eq!(child.wait().expect("ours").code(), Some(128 + 15));
    let after = stands(&lab(&run), "overflow");
    assert_eq!(after.underway, Underway::Failed("interrupted".to_owned()));
    assert_eq!(after.found, Some(Ok(before)));
}

#[test]
fn a_run_under_way_is_waited_for_and_goes_first() {
    let home = Home::new();
    let run = home.path("run").display().to_string();
    let endless = ["--iterations", "1000000000", "--checkpoint-every", "1", "--out", &run];
    let mut command = home.command(&[&SEARCH[..], &endless].concat());
    let mut search = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let since = Instant::now();
    while !Path::new(&run).join("run.toml").is_file() {
        assert_eq!(search.try_wait().expect("ours"), None, "it ended before");
        assert!(since.elapsed() < PATIENCE, "it never began");
        thread::sleep(Duration::from_millis(20));
    }
    home.said(&["lab", "noise", "--run", &run, "--draws", "2", "--batches", "2"]);
    assert_eq!(nets(&found(&lab(&run), "noise").report).len(), 2);

    let mut command = home.command(&[&LONG[..], &["--run", &run]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let pid = wait_for_progress(&lab(&run), "overflow", &mut child);
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // Behind the name, which may hold anything.
        let rest = stat.rsplit(')').next().expect("a name");
        assert_eq!(rest.split_whitespace().nth(16), Some("10"), "its priority is lower: {stat}");
    }
    end_experiment(&lab(&run), "overflow").expect("it runs");
    child.wait().expect("ours");
    search.kill().expect("ours");
    search.wait().expect("ours");
}
