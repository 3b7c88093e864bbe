//! A run that lives in a host: who watches it, what ends it, what is left of it.

#[cfg(target_os = "linux")]
mod memory;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use zendo::run::{
    AttachError, Handle, Ownership, attach, ownership,
    protocol::{self, Phase, Reason, Snapshot, Update},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough that nobody waits for its end.
const ENDLESS: &str = "search.iterations=100_000_000";

/// A place of its own for runs and sockets.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("sockets")).expect("made");
        Home(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn zendo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
        command
            .args(arguments)
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_RUNTIME_DIR", self.path("sockets"))
            .stdin(Stdio::null());
        command
    }

    fn done(&self, arguments: &[&str]) -> Output {
        self.zendo(arguments).output().expect("it runs")
    }

    /// The folder of a run that was just detached.
    fn detached(&self, arguments: &[&str], sets: &[&str]) -> PathBuf {
        let small =
            ["space.resolution=8", "score.batch=2", "confirm.repeats=8", "run.optimum=false"];
        let sets = small.iter().chain(sets).flat_map(|set| ["--set", *set]);
        let arguments: Vec<&str> = arguments.iter().copied().chain(sets).collect();
        detached(&self.done(&arguments))
    }

    fn search(&self, sets: &[&str]) -> PathBuf {
        let start = ["search", "--detach", "--json", "--preset", "quick", "--device", "cpu"];
        let often = ["--workers", "1", "--checkpoint-every", "0.2"];
        self.detached(&[&start[..], &often].concat(), sets)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Nothing is left running where an assertion failed.
        let runs = fs::read_dir(self.path("state/zendo/runs")).into_iter().flatten().flatten();
        for folder in runs.map(|entry| entry.path()).chain([self.path("alone")]) {
            if let Ownership::Here(owner) = ownership(&folder) {
                signal("KILL", owner.pid);
            }
        }
    }
}

fn detached(output: &Output) -> PathBuf {
    let text = String::from_utf8_lossy(&output.stdout);
    let line: Value = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    PathBuf::from(line["run"].as_str().expect("a folder"))
}

fn watch(folder: &Path) -> Handle {
    attach(folder, Box::new(|| {})).expect("it is hosted")
}

/// What a viewer hears until `there`.
fn hear(viewer: &Handle, mut there: impl FnMut(&Update) -> bool) -> Vec<Update> {
    let until = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    while Instant::now() < until {
        let updates = viewer.wait(Duration::from_millis(100));
        let found = updates.iter().any(&mut there);
        heard.extend(updates);
        if found {
            return heard;
        }
        assert!(!viewer.is_over(), "it ended: {:?}", viewer.lost());
    }
    panic!("not heard in {PATIENCE:?}");
}

fn beyond(proposed: u64) -> impl FnMut(&Update) -> bool {
    move |update| matches!(update, Update::Snapshot(s) if s.proposed > proposed)
}

fn is_finished(update: &Update) -> bool {
    matches!(update, Update::Finished(_))
}

fn newest(heard: &[Update]) -> &Snapshot {
    let snapshots = heard.iter().rev().find_map(|update| match update {
        Update::Snapshot(snapshot) => Some(&**snapshot),
        _ => None,
    });
    snapshots.expect("a snapshot")
}

fn owner(folder: &Path) -> u32 {
    match ownership(folder) {
        Ownership::Here(owner) => owner.pid,
        other => panic!("nobody here: {other:?}"),
    }
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Waits until nobody writes the run any more.
fn ended(folder: &Path) -> Ownership {
    let until = Instant::now() + PATIENCE;
    loop {
        match ownership(folder) {
            Ownership::Here(_) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

/// The end of a run with the same settings that nobody touched, without its clocks.
fn result(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("last.json")).expect("kept");
    let last: Value = serde_json::from_str(&text).expect("JSON");
    let updates = last["updates"].as_array().expect("a list").clone();
    let find = |key: &str| updates.iter().rev().find_map(|update| update.get(key)).cloned();
    let snapshot = find("Snapshot").expect("a snapshot");
    let keys = ["population", "confirmation", "proposed", "scored", "rejected"];
    let mut result: Value = keys.iter().map(|key| snapshot[key].clone()).collect();
    result
        .as_array_mut()
        .expect("one")
        .extend([find("Ancestors"), find("Finished")].map(Into::into));
    result
}

fn stop(viewer: &Handle) {
    for _ in 0..2 {
        viewer.send(protocol::Command::Stop).expect("it listens");
        let confirms = |u: &Update| {
            is_finished(u)
                || matches!(u, Update::Snapshot(s) if matches!(s.phase, Phase::Confirming { .. }))
        };
        if hear(viewer, confirms).iter().any(is_finished) {
            return;
        }
    }
    hear(viewer, is_finished);
}

#[test]
fn eight_watch_one_never_reads_and_the_run_goes_on() {
    let home = Home::new();
    let folder = home.search(&[ENDLESS]);
    // It greets, and then takes nothing.
    let Ownership::Here(host) = ownership(&folder) else { panic!("it runs") };
    let mut stuck = UnixStream::connect(host.socket.expect("one")).expect("it listens");
    let greeting = format!("{{\"zendo\":\"x\",\"protocol\":{}}}", protocol::VERSION);
    let length = u32::try_from(greeting.len()).expect("short").to_be_bytes();
    stuck.write_all(&[&length[..], greeting.as_bytes()].concat()).expect("written");

    let viewers: Vec<Handle> = (0..8).map(|_| watch(&folder)).collect();
    let mut proposed = 0;
    for viewer in &viewers {
        let heard = hear(viewer, beyond(proposed));
        assert!(matches!(heard[0], Update::Hello(_)), "who it is comes first");
        // Then how it stands, behind what has happened since it was asked at most.
        let happened =
            |u: &&Update| matches!(u, Update::Log(_) | Update::NewBest(_) | Update::Phase(_));
        let first = heard[1..].iter().find(|u| !happened(u));
        assert!(matches!(first, Some(Update::Snapshot(_))), "{first:?} before a snapshot");
        proposed = newest(&heard).proposed;
    }
    // What one does, all see.
    viewers[3].send(protocol::Command::Pause).expect("it listens");
    for viewer in &viewers {
        hear(viewer, |u| matches!(u, Update::Snapshot(s) if s.phase == Phase::Paused));
    }
    viewers[5].send(protocol::Command::Resume).expect("it listens");
    let at = newest(&hear(&viewers[0], beyond(proposed))).proposed;
    hear(&viewers[0], beyond(at + 500));
    // Who comes late is told how it stands, with all members.
    let late = watch(&folder);
    let heard = hear(&late, beyond(at));
    let snapshot = newest(&heard);
    assert!(snapshot.population.len() == snapshot.capacity && !snapshot.convergence.is_empty());
    stop(&late);
    for viewer in viewers {
        hear(&viewer, is_finished);
        viewer.join();
    }
    assert_eq!(ended(&folder), Ownership::Nobody);
    assert!(matches!(
        attach(&folder, Box::new(|| {})),
        Err(AttachError::NotRunning(path)) if path == folder
    ));
    drop(stuck);
}

#[test]
fn a_killed_host_is_missed_at_once_and_its_run_goes_on_elsewhere() {
    let home = Home::new();
    let sets = ["search.iterations=3_000", "search.seed=5"];
    let twin = home.search(&sets);
    let folder = home.search(&sets);
    let viewer = watch(&folder);
    hear(&viewer, beyond(800));
    let pid = owner(&folder);
    let start = Instant::now();
    signal("KILL", pid);
    while !viewer.is_over() {
        viewer.wait(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(2), "not noticed");
    }
    assert!(viewer.lost().expect("no last word").contains("closed"));
    assert!(matches!(ended(&folder), Ownership::Gone(owner) if owner.pid == pid));
    let name = folder.to_str().expect("UTF-8");
    detached(&home.done(&["resume", name, "--detach", "--json"]));
    for folder in [&folder, &twin] {
        if let Ok(viewer) = attach(folder, Box::new(|| {})) {
            hear(&viewer, is_finished);
        }
        assert_eq!(ended(folder), Ownership::Nobody);
    }
    assert_eq!(result(&folder), result(&twin));
}

#[test]
fn a_silent_host_is_missed_too() {
    let home = Home::new();
    let folder = home.search(&[ENDLESS]);
    let viewer = watch(&folder);
    hear(&viewer, beyond(10));
    let pid = owner(&folder);
    signal("STOP", pid);
    let start = Instant::now();
    while !viewer.is_over() {
        viewer.wait(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(3), "not noticed");
    }
    assert!(viewer.lost().expect("no last word").contains("no word for"));
    let error = attach(&folder, Box::new(|| {})).err().expect("it doesn't answer").to_string();
    assert!(error.contains("doesn't answer"), "{error}");
    signal("CONT", pid);
    // It never knew.
    hear(&watch(&folder), beyond(20));
    signal("KILL", pid);
}

#[test]
fn a_host_that_is_told_to_end_says_so_and_can_go_on() {
    let home = Home::new();
    let sets = ["search.iterations=3_000", "search.seed=6"];
    let twin = home.search(&sets);
    let folder = home.search(&sets);
    for (name, at) in [("TERM", 400), ("INT", 900)] {
        let viewer = watch(&folder);
        hear(&viewer, beyond(at));
        signal(name, owner(&folder));
        let heard = hear(&viewer, is_finished);
        let last = heard.iter().find(|update| is_finished(update)).expect("heard");
        assert!(matches!(last, Update::Finished(f) if f.reason == Reason::Interrupted));
        assert_eq!(ended(&folder), Ownership::Nobody);
        assert!(folder.join("checkpoint.json").is_file());
        let name = folder.to_str().expect("UTF-8");
        detached(&home.done(&["resume", name, "--detach", "--json"]));
    }
    for folder in [&folder, &twin] {
        if let Ok(viewer) = attach(folder, Box::new(|| {})) {
            hear(&viewer, is_finished);
        }
        ended(folder);
    }
    assert_eq!(result(&folder), result(&twin));
}

#[test]
fn a_folder_has_one_host() {
    let home = Home::new();
    let folder = home.search(&[ENDLESS]);
    let name = folder.to_str().expect("UTF-8");
    for more in [&["--detach"][..], &["--foreground"], &[]] {
        let output = home.done(&[&["resume", name], more].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{more:?}");
        assert!(text.contains(&format!("process {}", owner(&folder))), "{text}");
    }
    // The socket is still the first one's.
    let viewer = watch(&folder);
    hear(&viewer, beyond(1));
    stop(&viewer);
}

#[test]
fn a_search_in_a_terminal_can_be_watched_unless_it_wants_to_be_alone() {
    let home = Home::new();
    let start = ["search", "--json", "--preset", "quick", "--device", "cpu", "--set", ENDLESS];
    let mut child = home.zendo(&start).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let runs = home.path("state/zendo/runs");
    let folder = fs::read_dir(&runs).expect("there").next().expect("one").expect("read").path();
    let viewer = watch(&folder);
    hear(&viewer, beyond(5));
    stop(&viewer);
    child.wait().expect("ended");
    let out = home.path("alone");
    let alone = ["--foreground", "--out", out.to_str().expect("UTF-8")];
    let mut child = home.zendo(&[&start[..], &alone].concat());
    let mut child = child.stdout(Stdio::piped()).spawn().expect("it runs");
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let error = attach(&out, Box::new(|| {})).err().expect("alone").to_string();
    assert!(error.contains("in the foreground"), "{error}");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

#[test]
fn a_socket_finds_a_place_and_is_nobody_elses() {
    let home = Home::new();
    // Too long, open to others, not there: another place is taken.
    let long = home.path(&"x".repeat(100));
    fs::create_dir(&long).expect("made");
    let open = home.path("open");
    fs::create_dir_all(open.join("zendo")).expect("made");
    let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(open.join("zendo"), mode(0o755)).expect("ours");
    for runtime in [&long, &open, &home.path("none")] {
        let start = ["search", "--detach", "--json", "--preset", "quick", "--device", "cpu"];
        let mut command = home.zendo(&[&start[..], &["--set", ENDLESS]].concat());
        let output = command.env("XDG_RUNTIME_DIR", runtime).output().expect("it runs");
        let folder = detached(&output);
        let Ownership::Here(host) = ownership(&folder) else { panic!("it runs") };
        let socket = host.socket.clone().expect("one");
        assert!(!socket.starts_with(runtime), "{}", socket.display());
        stop(&watch(&folder));
        ended(&folder);
    }
    // A socket in a folder that others can enter may be anybody's.
    let folder = home.search(&[ENDLESS]);
    let viewer = watch(&folder);
    let place = home.path("sockets/zendo");
    fs::set_permissions(&place, mode(0o777)).expect("ours");
    let error = attach(&folder, Box::new(|| {})).err().expect("refused").to_string();
    assert!(error.contains("others can enter it"), "{error}");
    fs::set_permissions(&place, mode(0o700)).expect("ours");
    stop(&viewer);
}

/// A disk that takes no more of any file than the limit says.
#[test]
fn a_full_disk_costs_what_would_be_kept_and_not_the_search() {
    let home = Home::new();
    let [twin, out] = ["twin", "run"].map(|name| home.path(name));
    let arguments = |out: &Path| {
        let start = ["search", "--json", "--foreground", "--preset", "quick", "--device", "cpu"];
        let sets =
            ["space.resolution=8", "score.batch=2", "confirm.repeats=8", "run.optimum=false"];
        let sets = sets.iter().chain(&["search.iterations=2000"]).flat_map(|set| ["--set", *set]);
        let out = ["--out", out.to_str().expect("UTF-8")];
        start.iter().copied().chain(sets).chain(out).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut last: Value =
            serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        let (seconds, noise) = (last["seconds"].take(), last["noise"].take());
        assert!(seconds.is_number() && (noise.is_number() || noise.is_null()));
        last
    };
    let words = arguments(&twin);
    let expected = of(&home.done(&words.iter().map(String::as_str).collect::<Vec<_>>()));
    // 16 KiB; the signal that would end it is ignored.
    let script = "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_zendo")]).args(arguments(&out));
    let output = shell.stdin(Stdio::null()).output().expect("sh runs");
    assert_eq!(of(&output), expected);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.matches("journal.jsonl can't be written").count(), 1, "{text}");
    let journal = fs::read(out.join("journal.jsonl")).expect("kept");
    assert!(journal.len() <= 32 * 1024 && journal.ends_with(b"\n"));
    let resumed = home.done(&["resume", "--json", out.to_str().expect("UTF-8")]);
    assert_eq!(of(&resumed), expected);
}

#[test]
fn a_place_that_cannot_be_written_is_said_and_the_search_goes_on() {
    let home = Home::new();
    fs::write(home.path("state"), "no folder").expect("written");
    let start = ["search", "--preset", "quick", "--device", "cpu", "--iterations", "40"];
    let output = home.done(&start);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("the run is kept nowhere"), "{text}");
}

#[test]
fn the_end_starts_what_the_user_wants() {
    let home = Home::new();
    fs::create_dir_all(home.path("config/zendo")).expect("made");
    let script = "echo $ZENDO_NAME $ZENDO_REASON $ZENDO_SCORE > \"$ZENDO_RUN/told\"";
    let config = format!("[end]\ncommand = [\"sh\", \"-c\", '{script}']\n");
    fs::write(home.path("config/zendo/config.toml"), config).expect("written");
    let folder = home.search(&["search.iterations=60"]);
    let until = Instant::now() + PATIENCE;
    let told = loop {
        match fs::read_to_string(folder.join("told")) {
            Ok(text) if text.ends_with('\n') => break text,
            _ => assert!(Instant::now() < until, "nothing was told"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let words: Vec<&str> = told.split_whitespace().collect();
    assert_eq!(words[..2], ["quick", "iterations"]);
    assert!(words[2].parse::<f64>().is_ok(), "{told}");
}

#[test]
fn other_arithmetic_is_asked_about_before_a_run_goes_on() {
    let home = Home::new();
    let folder = home.search(&["search.iterations=200", "search.seed=3"]);
    ended(&folder);
    let name = folder.to_str().expect("UTF-8");
    // Back to what it had is another arithmetic too, after a while with other kernels.
    assert!(home.done(&["resume", name, "--kernels", "graph"]).status.success());
    let back = home.done(&["resume", name]);
    let text = String::from_utf8_lossy(&back.stderr).into_owned();
    assert!(text.contains("it was on cpu with `graph` before"), "{text}");
    let path = folder.join("run.toml");
    let text = fs::read_to_string(&path).expect("kept");
    fs::write(&path, text.replace("device = \"cpu\"", "device = \"cuda:0\"")).expect("written");
    // Nobody is there to answer.
    let output = home.done(&["resume", name]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("scores may differ by rounding"), "{text}");
    assert!(text.contains("--device auto goes on all the same"), "{text}");
    assert!(home.done(&["resume", name, "--device", "cpu"]).status.success());
}

#[test]
fn a_clock_that_jumped_is_no_age() {
    let home = Home::new();
    let folder = home.search(&["search.iterations=40"]);
    ended(&folder);
    let path = folder.join("summary.json");
    let mut summary: Value =
        serde_json::from_str(&fs::read_to_string(&path).expect("kept")).expect("JSON");
    let age = || {
        let output = home.done(&["runs", "--json"]);
        let line: Value = serde_json::from_slice(&output.stdout).expect("a line");
        line["age_s"].clone()
    };
    assert!(age().is_u64());
    summary["updated"] = Value::from(u64::MAX / 2);
    fs::write(&path, summary.to_string()).expect("written");
    assert!(age().is_null());
    // Checkpoints and journal go by no clock.
    assert!(home.done(&["resume", folder.to_str().expect("UTF-8")]).status.success());
}

#[test]
fn attach_says_what_is_the_matter() {
    let home = Home::new();
    let error = |arguments: &[&str]| {
        let output = home.done(arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(error(&["attach"]).contains("no run is under way"));
    assert!(error(&["attach", "nothing"]).contains("nothing"));
    let folder = home.search(&["search.iterations=40"]);
    ended(&folder);
    let name = folder.to_str().expect("UTF-8");
    assert!(error(&["attach", name]).contains("isn't running"));
    let lock = r#"{"host":"gpu-07","machine":"x","boot":"y","pid":7}"#;
    fs::write(folder.join("lock"), lock).expect("written");
    assert!(error(&["attach", name]).contains("runs on gpu-07"));
    let resume = home.done(&["resume", name]);
    let text = String::from_utf8_lossy(&resume.stderr).into_owned();
    assert!(!resume.status.success() && text.contains("--take-over"), "{text}");
    assert!(home.done(&["resume", name, "--take-over"]).status.success());
    let log = fs::read_to_string(folder.join("log")).expect("kept");
    assert!(log.contains("finished: iterations"), "{log}");
}
