//! How fast a device scores candidates, as a table that documents can take over.
//!
//! Owns: the loop that measures, the table. Must not know: what a score is. Invariant: no evaluation that counts is
//! a worker's first, and none has the seed of another.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{Manner, Tally, kernels};
use crate::{
    cli::{
        Failure,
        markdown::{Table, figure},
        output::{json_line, line},
        score::ALPHA,
    },
    nn::{Device, KernelPath},
    proxy::{self, Proxy, Settings, Zen},
    score::Definition,
    space::{PublishedNet, published_name, published_nets},
    text::printable,
};

/// What a search in each of the published spaces ends with, each at its own resolution: by parameters on small
/// images, by FLOPs, by latency.
const NETS: [&str; 3] = [
    "zennet_cifar_model_size1M_res32",
    "zennet_imagenet1k_flops400M_res224",
    "zennet_imagenet1k_latency01ms_res224",
];
const BATCH: u32 = 64;
/// Iterations of the published searches.
const CANDIDATES: u32 = 480_000;

/// When enough was measured.
struct Enough {
    /// So long, and
    time: Duration,
    /// so many evaluations, but
    evaluations: u64,
    /// no longer than this.
    at_most: Duration,
}

const ENOUGH: Enough =
    Enough { time: Duration::from_secs(5), evaluations: 3, at_most: Duration::from_secs(30) };

impl Enough {
    fn is_reached(&self, took: Duration, evaluations: u64) -> bool {
        took >= self.at_most || (took >= self.time && evaluations >= self.evaluations)
    }
}

/// What was measured.
struct Rate {
    evaluations: u64,
    /// From the first one's start to the last one's end.
    took: Duration,
}

impl Rate {
    fn per_second(&self) -> f64 {
        self.evaluations as f64 / self.took.as_secs_f64()
    }

    fn hours(&self) -> f64 {
        f64::from(CANDIDATES) / self.per_second() / 3_600.0
    }
}

#[derive(Serialize)]
struct RateLine<'a> {
    section: &'static str,
    device: &'a str,
    kernels: &'a str,
    name: &'a str,
    resolution: u32,
    batch: u32,
    workers: u32,
    /// Null, as what follows from it, where nothing could be measured.
    evaluations: Option<u64>,
    seconds: Option<f64>,
    candidates_per_second: Option<f64>,
    /// For 480,000 candidates.
    hours_480000: Option<f64>,
    failure: Option<String>,
}

/// Measures each device with each net and prints every row when it is known. The CPU is measured with its best
/// kernels alone: the others are there for machines that lack those.
pub(super) fn run(
    devices: &[Device],
    workers: Option<u32>,
    manner: Manner,
) -> Result<Tally, Failure> {
    let is_measured =
        |device: &&Device| is_gpu(device) || device.kernels() == KernelPath::best().name();
    let devices: Vec<&Device> = devices.iter().filter(is_measured).collect();
    let gpus: Vec<&Device> = devices.iter().copied().filter(|device| is_gpu(device)).collect();
    let mut tally = Tally::default();
    if devices.is_empty() {
        return Ok(tally);
    }
    let table = rates(&devices);
    if !manner.json {
        line(
            "\nScored candidates (proxy zen) a second, each net at its own resolution; hours are",
        )?;
        line("for 480,000 candidates.\n")?;
        table.heads().iter().try_for_each(line)?;
    }
    let mut failures = Vec::new();
    for device in devices {
        for net in nets() {
            // A GPU as a search uses it; of the CPU one core, since more are a matter of the search.
            let usual = if is_gpu(device) { device.default_workers() } else { 1 };
            let workers = workers.unwrap_or(usual as u32);
            let measured = measure(&Load { device, net: &net, batch: BATCH, workers }, &ENOUGH);
            tally.count(measured.is_err());
            tell(device, &net, workers, &measured, &table, manner)?;
            if let Err(failure) = measured {
                failures.push(format!("{device}, {}: {failure}", published_name(net.name)));
            }
        }
    }
    // A table is broken by anything between its rows.
    if !manner.json && !failures.is_empty() {
        line("")?;
        failures.iter().try_for_each(line)?;
    }
    kernels::run(&gpus, &mut tally, manner)?;
    Ok(tally)
}

fn is_gpu(device: &Device) -> bool {
    !device.is_cpu()
}

fn nets() -> impl Iterator<Item = PublishedNet> {
    published_nets().filter(|net| NETS.contains(&net.name))
}

fn tell(
    device: &Device,
    net: &PublishedNet,
    workers: u32,
    measured: &Result<Rate, String>,
    table: &Table,
    manner: Manner,
) -> Result<(), Failure> {
    let (name, rate) = (device.to_string(), measured.as_ref().ok());
    if manner.json {
        return json_line(&RateLine {
            section: "rate",
            device: &name,
            kernels: device.kernels(),
            name: net.name,
            resolution: net.resolution,
            batch: BATCH,
            workers,
            evaluations: rate.map(|rate| rate.evaluations),
            seconds: rate.map(|rate| rate.took.as_secs_f64()),
            candidates_per_second: rate.map(Rate::per_second),
            hours_480000: rate.map(Rate::hours),
            failure: measured.as_ref().err().cloned(),
        });
    }
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    line(table.row(&[
        name,
        device.kernels().to_owned(),
        published_name(net.name),
        BATCH.to_string(),
        workers.to_string(),
        or_none(rate.map(|rate| figure(rate.took.as_secs_f64()))),
        or_none(rate.map(|rate| figure(rate.per_second()))),
        or_none(rate.map(|rate| figure(rate.hours()))),
    ]))
}

/// Of rates; as wide as 80 cells allow where devices and kernels have short names.
fn rates(devices: &[&Device]) -> Table<'static> {
    let longest = |of: &dyn Fn(&Device) -> usize| devices.iter().map(|device| of(device)).max();
    let names = [
        longest(&|device| device.to_string().len()),
        longest(&|device| device.kernels().len()),
        nets().map(|net| published_name(net.name).len()).max(),
    ];
    let heads = vec!["device", "kernels", "structure", "batch", "workers", "s", "per s", "hours"];
    let [device, kernels, net] = names.map(|longest| longest.unwrap_or(0));
    Table::new(heads, &[device, kernels, net, 0, 0, 4, 5, 5], names.len())
}

/// What is measured.
struct Load<'a> {
    device: &'a Device,
    net: &'a PublishedNet,
    batch: u32,
    workers: u32,
}

/// Scores the net by all workers at once, after each has scored it once for itself: what is made once (buffers,
/// compiled kernels) is no part of a search's rate.
///
/// # Errors
/// Why a worker got no score.
fn measure(load: &Load<'_>, enough: &Enough) -> Result<Rate, String> {
    let Load { device, net, batch, workers } = *load;
    let settings = Settings {
        definition: Definition::Table,
        batch,
        resolution: net.resolution,
        alpha: ALPHA,
        classes: net.classes,
    };
    let (seeds, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let score = |proxy: &mut dyn Proxy| {
        let seed = seeds.fetch_add(1, Ordering::Relaxed);
        proxy.evaluate(&net.structure, seed, 0).map_err(|error| printable(&error.to_string()))
    };
    let warm = together((0..workers).collect(), |_| {
        let built = proxy::build(Zen::NAME, &settings, device);
        let mut proxy = built.map_err(|error| printable(&error.to_string()))?;
        score(proxy.as_mut())?;
        Ok(proxy)
    })?;
    let start = Instant::now();
    together(warm, |mut proxy| {
        while !enough.is_reached(start.elapsed(), done.load(Ordering::Relaxed)) {
            score(proxy.as_mut())?;
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    })?;
    Ok(Rate { evaluations: done.into_inner(), took: start.elapsed() })
}

/// Does `work` with each input on a thread of its own; all have ended afterwards.
///
/// # Errors
/// That of the first input that has one.
fn together<I: Send, O: Send>(
    inputs: Vec<I>,
    work: impl Fn(I) -> Result<O, String> + Sync,
) -> Result<Vec<O>, String> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            inputs.into_iter().map(|input| scope.spawn(move || work(input))).collect();
        // All are waited for, so that a panic in one is told and doesn't end the program.
        let results: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        let told = |result: thread::Result<Result<O, String>>| {
            result.unwrap_or_else(|_| Err("a worker panicked".to_owned()))
        };
        results.into_iter().map(told).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_shipped() {
        let names: Vec<String> = nets().map(|net| published_name(net.name)).collect();
        assert_eq!(names, ["ZenNet-1M", "ZenNet-400M", "ZenNet-0.1ms"]);
    }

    /// How long it takes is nobody's business here; what is counted is.
    #[test]
    fn every_worker_is_warm_before_it_counts() {
        let structure =
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)".parse().expect("valid");
        let net = PublishedNet { structure, ..nets().next().expect("three") };
        let device = Device::cpu();
        let load = Load { device: &device, net: &net, batch: 2, workers: 2 };
        let enough = Enough { time: Duration::ZERO, evaluations: 3, at_most: Duration::MAX };
        let rate = measure(&load, &enough).expect("scores");
        // Both workers may have begun the last one.
        assert!((3..=4).contains(&rate.evaluations), "{}", rate.evaluations);
        let none = Enough { at_most: Duration::ZERO, ..enough };
        assert_eq!(measure(&load, &none).expect("no score fails").evaluations, 0);
        // A norm over one image needs a map of more than a pixel.
        let small = PublishedNet { resolution: 1, ..net.clone() };
        let load = Load { net: &small, batch: 1, ..load };
        assert!(measure(&load, &enough).is_err_and(|failure| !failure.is_empty()));
    }

    #[test]
    fn a_panic_is_a_failure() {
        let result = together(vec![1, 2], |n| if n == 2 { panic!("on purpose") } else { Ok(n) });
        assert_eq!(result, Err("a worker panicked".to_owned()));
    }

    #[test]
    fn tables_are_markdown_and_fit() {
        let device = Device::cpu();
        let table = rates(&[&device]);
        let [heads, rule] = table.heads();
        let cells = ["cpu", "avx512", "ZenNet-0.1ms", "64", "1", "5.01", "0.21", "1234"];
        let row = table.row(&cells.map(str::to_owned));
        for line in [&heads, &rule, &row] {
            assert_eq!(line.matches('|').count(), 9, "{line}");
            assert_eq!(line.chars().count(), heads.chars().count());
            assert!(line.chars().count() <= 80, "{line}");
        }
        let rate = Rate { evaluations: 100, took: Duration::from_secs(5) };
        // 480,000 at 20 a second.
        assert_eq!(
            (figure(rate.per_second()), figure(rate.hours())),
            ("20.0".into(), "6.67".into())
        );
    }
}
