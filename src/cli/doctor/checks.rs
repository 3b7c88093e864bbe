//! The self-test: every device with every kind of kernels it has.
//!
//! Must not know: what a check computes. Invariant: a device that can't be opened is one failed check, whatever
//! kernels would have followed.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{FAIL, Manner, PASS, Tally};
use crate::{
    cli::{
        Failure,
        output::{folded, json_line, line},
    },
    nn::{self, Check, Device, DeviceChoice, Gpus, KernelChoice, KernelPath, Ordinals},
    text::printable,
};

/// A device, and the kernels it is to be examined with, its own first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    device: DeviceChoice,
    kernels: Vec<KernelChoice>,
}

impl Target {
    fn of(device: DeviceChoice) -> Target {
        let mut kernels = match device {
            DeviceChoice::Cpu => {
                let available = KernelPath::ALL.into_iter().filter(|path| path.is_available());
                available.map(KernelChoice::Path).collect()
            }
            DeviceChoice::Auto | DeviceChoice::Cuda(_) => vec![KernelChoice::Cuda],
        };
        kernels.push(KernelChoice::Graph);
        Target { device, kernels }
    }
}

/// What is to be examined: the devices that were asked for, or the CPU and all GPUs. `auto` is the GPUs where there
/// are some, as for a search. Each GPU is examined for itself.
pub(super) fn targets(asked: Option<DeviceChoice>, gpus: &Gpus) -> Vec<Target> {
    let one = |ordinal| Ordinals::one(ordinal).map(DeviceChoice::Cuda);
    let found: Vec<DeviceChoice> = gpus.gpus.iter().filter_map(|gpu| one(gpu.ordinal)).collect();
    let devices = match asked {
        None => [DeviceChoice::Cpu].into_iter().chain(found).collect(),
        Some(DeviceChoice::Auto) if !found.is_empty() => found,
        Some(DeviceChoice::Auto | DeviceChoice::Cpu) => vec![DeviceChoice::Cpu],
        Some(DeviceChoice::Cuda(ordinals)) => ordinals.iter().filter_map(one).collect(),
    };
    devices.into_iter().map(Target::of).collect()
}

#[derive(Serialize)]
struct CheckLine<'a> {
    section: &'static str,
    device: &'a str,
    kernels: &'a str,
    name: &'a str,
    passed: bool,
    /// Null where nothing came out.
    worst: Option<f64>,
    tolerance: Option<f64>,
    ms: f64,
    failure: Option<String>,
}

/// Runs the self-test of each target and prints every check as it ends. Gives the devices that could be opened.
pub(super) fn run(targets: &[Target], manner: Manner) -> Result<(Vec<Device>, Tally), Failure> {
    let (mut opened, mut tally) = (Vec::new(), Tally::default());
    if !manner.json {
        line(format!("\n{}", heads()))?;
    }
    for Target { device: choice, kernels } in targets {
        // A device whose own kernels are the graph has nothing more to show.
        let mut seen = BTreeSet::new();
        for &kernels in kernels {
            let device = match nn::open(*choice, kernels) {
                Ok((device, _)) => device,
                Err(error) => {
                    let (device, kernels) = (choice.to_string(), kernels.to_string());
                    head(&device, &kernels, manner)?;
                    tally.count(true);
                    unopened(&device, &kernels, &error.to_string(), manner)?;
                    break;
                }
            };
            if !seen.insert(device.kernels()) {
                continue;
            }
            let (name, kernels) = (device.to_string(), device.kernels());
            head(&name, kernels, manner)?;
            let mut told = Ok(());
            nn::self_test(&device, &mut |check| {
                tally.count(check.failure.is_some());
                // With stdout gone nobody hears of the rest; the self-test can't be told to end.
                if told.is_ok() {
                    told = tell(&name, kernels, &check, manner);
                }
            });
            told?;
            opened.push(device);
        }
    }
    Ok((opened, tally))
}

fn tell(device: &str, kernels: &str, check: &Check, manner: Manner) -> Result<(), Failure> {
    let failure = check.failure.as_deref().map(printable);
    if manner.json {
        return json_line(&CheckLine {
            section: "check",
            device,
            kernels,
            name: &check.name,
            passed: failure.is_none(),
            worst: Some(check.worst).filter(|worst| worst.is_finite()),
            tolerance: Some(check.tolerance).filter(|tolerance| tolerance.is_finite()),
            ms: check.took.as_secs_f64() * 1e3,
            failure,
        });
    }
    shown(check, manner).iter().try_for_each(line)
}

fn unopened(device: &str, kernels: &str, error: &str, manner: Manner) -> Result<(), Failure> {
    let (name, failure) = ("opening the device", printable(error));
    if manner.json {
        return json_line(&CheckLine {
            section: "check",
            device,
            kernels,
            name,
            passed: false,
            worst: None,
            tolerance: None,
            ms: 0.0,
            failure: Some(failure),
        });
    }
    line(format!("  {}  {name}", mark(false, manner)))?;
    because(&failure).iter().try_for_each(line)
}

fn head(device: &str, kernels: &str, manner: Manner) -> Result<(), Failure> {
    if manner.json {
        return Ok(());
    }
    line(format!("{device}, {kernels}"))
}

/// Cells of a check's name.
const NAME: usize = 37;
/// What stands in front of it.
const MARGIN: usize = 10;

/// The heads of [`shown`].
fn heads() -> String {
    format!("{:<w$}{:>9}{:>10}{:>12}", "self-test", "worst", "allowed", "time", w = MARGIN + NAME)
}

fn mark(has_passed: bool, manner: Manner) -> String {
    match has_passed {
        true => manner.painted("✓ pass", PASS),
        false => manner.painted("✗ FAIL", FAIL),
    }
}

/// A check in lines of at most 80 cells, as long as its name and its numbers allow.
fn shown(check: &Check, manner: Manner) -> Vec<String> {
    let figure = |value: f64| match value {
        0.0 => "0".to_owned(),
        value if value.is_finite() => format!("{value:.1e}"),
        _ => "–".to_owned(),
    };
    let ms = format!("{:.1} ms", check.took.as_secs_f64() * 1e3);
    let numbers = format!("{:>9}{:>10}{ms:>12}", figure(check.worst), figure(check.tolerance));
    let name = printable(&check.name);
    let mark = mark(check.failure.is_none(), manner);
    let mut names = folded(&name, NAME).into_iter();
    let first = names.next().unwrap_or_default();
    let mut lines = vec![format!("  {mark}  {first:<NAME$}{numbers}")];
    lines.extend(names.map(|rest| format!("{:MARGIN$}{rest}", "")));
    if let Some(failure) = &check.failure {
        lines.extend(because(&printable(failure)));
    }
    lines
}

/// Why a check failed, below its name.
fn because(failure: &str) -> Vec<String> {
    let lines = folded(failure, 80 - MARGIN);
    lines.into_iter().map(|text| format!("{:MARGIN$}{text}", "")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{nn::Gpu, theme::Depth};

    const PLAIN: Manner = Manner { json: false, depth: Depth::Mono };

    fn check(name: &str, failure: Option<&str>) -> Check {
        Check {
            name: name.to_owned(),
            took: Duration::from_micros(12_345),
            worst: if failure.is_some() { f64::NAN } else { 3.14e-7 },
            tolerance: 1e-3,
            failure: failure.map(str::to_owned),
        }
    }

    #[test]
    fn checks_stand_in_columns() {
        let passed = shown(&check("golden vectors", None), PLAIN);
        assert_eq!(
            passed,
            ["  ✓ pass  golden vectors                          3.1e-7    1.0e-3     12.3 ms"]
        );
        let long = "kernel depthwise 5x5 stride 2 with 1234 channels on 7x7 maps";
        let failed = shown(&check(long, Some("out of\u{1b}memory")), PLAIN);
        assert_eq!(
            failed,
            [
                "  ✗ FAIL  kernel depthwise 5x5 stride 2 with           –    1.0e-3     12.3 ms",
                "          1234 channels on 7x7 maps",
                "          out of\u{fffd}memory",
            ]
        );
        for line in passed.iter().chain(&failed).chain([&heads()]) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let coloured = Manner { depth: Depth::Ansi16, ..PLAIN };
        assert_eq!(mark(true, coloured), "\u{1b}[32m✓ pass\u{1b}[0m");
    }

    #[test]
    fn devices_are_all_or_the_one_asked_for() {
        let gpu = |ordinal| Gpu {
            ordinal,
            name: "GPU".to_owned(),
            compute_capability: (9, 0),
            memory_free: 1,
            memory_total: 1,
        };
        let none = Gpus { driver: None, gpus: Vec::new(), problem: Some("no driver".to_owned()) };
        let two = Gpus { driver: Some((12, 4)), gpus: vec![gpu(0), gpu(1)], problem: None };
        let devices = |asked, gpus: &Gpus| -> Vec<String> {
            targets(asked, gpus).iter().map(|target| target.device.to_string()).collect()
        };
        assert_eq!(devices(None, &none), ["cpu"]);
        assert_eq!(devices(None, &two), ["cpu", "cuda:0", "cuda:1"]);
        assert_eq!(devices(Some(DeviceChoice::Auto), &none), ["cpu"]);
        assert_eq!(devices(Some(DeviceChoice::Auto), &two), ["cuda:0", "cuda:1"]);
        let some = "cuda:3,cuda:7".parse().expect("a device");
        assert_eq!(devices(Some(some), &two), ["cuda:3", "cuda:7"]);
        let kernels = &targets(Some(DeviceChoice::Cpu), &two)[0].kernels;
        assert!(kernels.contains(&KernelChoice::Path(KernelPath::Portable)));
        assert_eq!(kernels.last(), Some(&KernelChoice::Graph));
        let kernels = &targets(Some(some), &two)[0].kernels;
        assert_eq!(kernels[..], [KernelChoice::Cuda, KernelChoice::Graph]);
    }
}
