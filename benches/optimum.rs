//! How long a proof takes: `cargo bench --bench optimum`. Each preset several times in turn; the median,
//! the fastest, the most memory the process had so far.

use std::{ops::ControlFlow, path::Path, thread, time::Instant};

use zendo::{
    optimum::{ObjectiveForm, Problem, Solver},
    space::{Preset, PresetSource},
};

const PRESETS: [&str; 5] = [
    "cifar-params-1m",
    "cifar-params-2m",
    "imagenet-flops-400m",
    "imagenet-flops-600m",
    "imagenet-flops-800m",
];
const ROUNDS: usize = 5;

fn shipped(name: &str) -> Preset {
    let no_files = |_: &Path| Err("no files here".to_owned());
    PresetSource::find(name, &no_files).and_then(|source| source.preset()).expect("shipped")
}

/// Seconds to the proven optimum, which is given as well.
fn solve(name: &str, threads: usize) -> (f64, f64) {
    let start = Instant::now();
    let problem = Problem::new(&shipped(name), ObjectiveForm::Theory, None).expect("solvable");
    let target = problem.target().clone();
    let mut go_on = |_| ControlFlow::Continue(());
    let solver = Solver::new(problem, &target, threads, &mut go_on).expect("solvable");
    let answer = solver.solve(&target, 1, &mut go_on).expect("solvable");
    assert!(answer.proven);
    (start.elapsed().as_secs_f64(), answer.best[0].objective)
}

/// Most resident memory so far, MB; 0 where the system doesn't tell.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}

fn main() {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!(
        "{:<22}{:>8}{:>10}{:>10}{:>10}{:>10}",
        "preset", "threads", "median s", "least s", "optimum", "peak MB"
    );
    for name in PRESETS {
        for threads in [1, cores] {
            let mut runs: Vec<(f64, f64)> = (0..ROUNDS).map(|_| solve(name, threads)).collect();
            runs.sort_by(|x, y| x.0.total_cmp(&y.0));
            let (median, optimum) = runs[ROUNDS / 2];
            let (least, peak) = (runs[0].0, peak_megabytes());
            println!("{name:<22}{threads:>8}{median:>10.2}{least:>10.2}{optimum:>10.4}{peak:>10}");
        }
    }
}
