//! `zendo doctor`: what its lines say, how it ends. How long anything takes is not looked at.

use std::process::{Command, Output};

use serde_json::Value;
use zendo::nn::KernelPath;

fn zendo(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendo"));
    command.env_clear().envs(environment.iter().copied()).arg("doctor").args(args);
    command.output().expect("the binary runs")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

fn lines(output: Output) -> Vec<Value> {
    let text = text(output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_cpu_passes() {
    let output = zendo(&["--device", "cpu"], &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    let said = text(output.stdout);
    // Stdout is no terminal: no colours, whatever TERM promises.
    assert!(!said.contains('\u{1b}'), "{said}");
    assert!(said.contains("\ncolours    256 colours\n"), "{said}");
    assert!(said.contains("\nlocale     C.UTF-8: UTF-8\n"), "{said}");
    for path in KernelPath::ALL.into_iter().filter(|path| path.is_available()) {
        assert!(said.contains(&format!("\ncpu, {}\n", path.name())), "{said}");
    }
    assert!(said.contains("\ncpu, graph\n") && !said.contains("FAIL"), "{said}");
    let verdict = said.lines().last().expect("lines");
    assert!(verdict.starts_with("all ") && verdict.ends_with(" passed"), "{verdict}");
    for line in said.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn json_has_the_stable_keys() {
    let environment = [("TERM", "a\u{1b}[31mb"), ("NO_COLOR", "1"), ("SSH_CONNECTION", "x")];
    let output = zendo(&["--device", "cpu", "--json"], &environment);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    let lines = lines(output);
    let section = |line: &Value| line["section"].as_str().expect("a name").to_owned();
    let order: Vec<String> = lines.iter().map(section).collect();
    assert_eq!(order[..4], ["zendo", "terminal", "cpu", "gpus"]);
    assert_eq!(order.last().map(String::as_str), Some("verdict"));
    let checks = &lines[4..lines.len() - 1];
    assert!(checks.iter().all(|line| section(line) == "check") && !checks.is_empty());

    assert_eq!(keys(&lines[0]), ["debug", "features", "section", "version"]);
    assert_eq!(lines[0]["version"], env!("CARGO_PKG_VERSION"));
    let terminal = &lines[1];
    assert_eq!(
        keys(terminal),
        [
            "charset",
            "colorterm",
            "colours",
            "columns",
            "locale",
            "no_color",
            "rows",
            "section",
            "ssh",
            "stdin",
            "stdout",
            "term"
        ]
    );
    assert_eq!(terminal["term"], "a\u{fffd}[31mb");
    assert_eq!((&terminal["colorterm"], &terminal["locale"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&terminal["colours"], &terminal["charset"]),
        (&"no colours".into(), &"unknown".into())
    );
    assert_eq!([&terminal["no_color"], &terminal["ssh"], &terminal["stdout"]], [true, true, false]);

    let cpu = &lines[2];
    assert_eq!(keys(cpu), ["cores", "kernels", "memory_free_bytes", "section"]);
    let kernels = cpu["kernels"].as_array().expect("an array");
    assert_eq!(kernels.len(), KernelPath::ALL.len());
    assert_eq!(keys(&kernels[0]), ["available", "best", "name"]);
    let best = kernels.iter().filter(|kernels| kernels["best"] == true).collect::<Vec<_>>();
    assert_eq!((best.len(), &best[0]["name"]), (1, &KernelPath::best().name().into()));
    assert_eq!(keys(&lines[3]), ["driver", "gpus", "problem", "section"]);

    for check in checks {
        assert_eq!(
            keys(check),
            [
                "device",
                "failure",
                "kernels",
                "ms",
                "name",
                "passed",
                "section",
                "tolerance",
                "worst"
            ]
        );
        assert_eq!((&check["device"], &check["passed"]), (&"cpu".into(), &true.into()), "{check}");
        assert_eq!(check["failure"], Value::Null);
    }
    let verdict = lines.last().expect("lines");
    assert_eq!(keys(verdict), ["checks", "failed", "measured", "section", "unmeasured"]);
    assert_eq!(verdict["checks"], checks.len());
    assert_eq!([&verdict["failed"], &verdict["measured"]], [0, 0]);
}

/// One failure, however many kernels would have followed, and the reason where people and programs look.
#[test]
fn a_device_that_is_not_there_fails() {
    let output = zendo(&["--device", "cuda:99"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(output.stdout);
    assert!(said.contains("✗ FAIL") && said.contains("cuda:99"), "{said}");
    assert!(said.contains("--device cpu") && said.ends_with("\n1 of 1 check failed\n"), "{said}");
    let output = zendo(&["--device", "cuda:99", "--json"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(output.stderr.clone()), "error: 1 of 1 check failed\n");
    let lines = lines(output);
    let check = &lines[lines.len() - 2];
    assert_eq!((&check["device"], &check["passed"]), (&"cuda:99".into(), &false.into()));
    assert_eq!((&check["worst"], &check["tolerance"]), (&Value::Null, &Value::Null));
    let failure = check["failure"].as_str().expect("a reason");
    assert!(failure.contains("cuda:99") && !failure.contains('\n'), "{failure}");
    assert_eq!(lines[lines.len() - 1]["failed"], 1);
}

/// What people see who run a program that was built with CUDA where there is none.
#[test]
fn without_a_driver_it_says_so_and_takes_the_cpu() {
    if !cfg!(feature = "cuda") || std::path::Path::new("/proc/driver/nvidia").exists() {
        return eprintln!("skipped: needs a build with CUDA, and a machine without a driver");
    }
    let output = zendo(&["--device", "cuda:0"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = "cuda:0 was asked for, but there is no NVIDIA driver (libcuda.so.1); install the driver, \
                  or use `--device cpu`";
    assert!(said.contains(reason), "{said}");
    assert!(said.contains("GPUs none: there is no NVIDIA driver (libcuda.so.1)"), "{said}");
    let mut score = Command::new(env!("CARGO_BIN_EXE_zendo"));
    let net = "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(8,16,1,1)";
    let output = score.args(["score", net, "--resolution", "8"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    let told = text(output.stderr);
    let line = "device auto: using the CPU (there is no NVIDIA driver (libcuda.so.1))";
    assert!(told.trim_end().ends_with(line) && told.lines().count() == 1, "{told}");
}

#[test]
fn bad_usage_is_refused() {
    for (args, told) in [
        (&["--device", "gpu"][..], "`cuda:N`"),
        (&["--workers", "2"], "--bench"),
        (&["--bench", "--workers", "0"], "1..=256"),
        (&["cpu"], "unexpected argument"),
    ] {
        let output = zendo(args, &[]);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let error = text(output.stderr);
        assert!(error.contains(told), "{error}");
    }
}
