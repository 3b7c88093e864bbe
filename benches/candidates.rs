//! What whole candidates cost: CPU time, throughput and memory of published nets on every kernel
//! path: `cargo bench --bench candidates [-- [--kernels PATH] [--rounds N]]`.
//!
//! A round measures each path once, so ratios are of one moment of one machine. Candidates a second
//! go by the wall clock: they say something where `cores`, the CPU time that all workers had of it,
//! is near their number, and other programs took the rest where it isn't.

use std::{
    thread,
    time::{Duration, Instant},
};

use zendo::{
    arch::Structure,
    nn::{Device, KernelChoice, KernelPath},
    proxy::{Proxy, Settings, Zen},
    score::Definition,
};

const CIFAR: &str = "zennet_cifar_model_size1M_res32";
const FLOPS: &str = "zennet_imagenet1k_flops400M_res224";
const LATENCY: &str = "zennet_imagenet1k_latency02ms_res224";

/// Net, batch, resolution.
type Row = (&'static str, u32, u32);

const ROWS: [Row; 6] = [
    (CIFAR, 16, 32),
    (CIFAR, 64, 32),
    (CIFAR, 2, 32),
    (FLOPS, 4, 224),
    (FLOPS, 8, 64),
    (LATENCY, 8, 64),
];
/// Large enough for memory to matter: one path, once.
const MEMORY_ROW: Row = (FLOPS, 64, 224);

/// A sample has as many candidates as take so long, at least one: short ones tell of the clock.
const SAMPLE: Duration = Duration::from_millis(50);
/// The same of each worker of a throughput sample, where threads start and end.
const THROUGHPUT_SAMPLE: Duration = Duration::from_millis(250);
const WORKERS: usize = 2;

struct Options {
    paths: Vec<KernelPath>,
    rounds: usize,
}

fn options() -> Options {
    let paths = KernelPath::ALL.into_iter().filter(|path| path.is_available()).collect();
    let mut options = Options { paths, rounds: 7 };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value follows");
        match arg.as_str() {
            "--kernels" => {
                let KernelChoice::Path(path) = value().parse().expect("kernels") else {
                    panic!("one path")
                };
                options.paths = vec![path];
            }
            "--rounds" => options.rounds = value().parse().expect("a number"),
            _ => panic!("unknown option {arg}"),
        }
    }
    assert!(options.rounds > 0, "--rounds is at least 1");
    options
}

fn structure(name: &str) -> Structure {
    let mut nets = zendo::space::published_nets();
    nets.find(|net| net.name == name).expect("the table names published nets").structure
}

fn device(path: KernelPath) -> Device {
    Device::cpu().with_kernels(KernelChoice::Path(path)).expect("this CPU has the kernels")
}

/// CPU time of this process so far, all threads.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs();
    Duration::from_nanos(nanos)
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}

/// A proxy as a worker of a search owns it, with the draws it has made.
struct Worker {
    zen: Zen,
    seed: u64,
    draws: u32,
}

impl Worker {
    fn new(device: &Device, (_, batch, resolution): Row, seed: u64) -> Worker {
        let definition = Definition::Table;
        let settings = Settings { definition, batch, resolution, alpha: 0.01, classes: 1_000 };
        let zen = Zen::new(settings, device).expect("the CPU's kernels start no thread");
        Worker { zen, seed, draws: 0 }
    }

    /// Scores a structure with new weights and images, as a search would a new candidate.
    fn score(&mut self, structure: &Structure) {
        self.zen.evaluate(structure, self.seed, self.draws).expect("published nets have scores");
        self.draws += 1;
    }

    fn score_all(&mut self, structure: &Structure, candidates: u32) {
        for _ in 0..candidates {
            self.score(structure);
        }
    }
}

/// What workers did at the same time.
struct Throughput {
    /// Candidates a second.
    rate: f64,
    /// CPU seconds a second.
    cores: f64,
}

/// `each` candidates of every worker, a thread each.
fn throughput(workers: &mut [Worker], structure: &Structure, each: u32) -> Throughput {
    let candidates = f64::from(each) * workers.len() as f64;
    let (start, cpu_start) = (Instant::now(), cpu_time());
    thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| worker.score_all(structure, each));
        }
    });
    let (took, cpu) = (start.elapsed().as_secs_f64(), cpu_time() - cpu_start);
    Throughput { rate: candidates / took, cores: cpu.as_secs_f64() / took }
}

/// What one round says of one path.
struct Sample {
    cpu_ms: f64,
    /// One worker.
    alone: Throughput,
    /// All of them.
    together: Throughput,
}

struct OfPath {
    path: KernelPath,
    workers: Vec<Worker>,
    /// Candidates of a sample, and of a worker's throughput sample.
    candidates: (u32, u32),
    samples: Vec<Sample>,
}

impl OfPath {
    fn new(path: KernelPath, row: Row, structure: &Structure) -> OfPath {
        let device = device(path);
        let seeds = 0..WORKERS as u64;
        let mut workers: Vec<_> = seeds.map(|seed| Worker::new(&device, row, seed)).collect();
        // The first candidate makes the buffers that later ones use again.
        workers.iter_mut().for_each(|worker| worker.score(structure));
        let start = Instant::now();
        workers[0].score(structure);
        let took = start.elapsed();
        let fit = |time: Duration| (time.as_secs_f64() / took.as_secs_f64()).ceil() as u32;
        let candidates = (fit(SAMPLE), fit(THROUGHPUT_SAMPLE));
        OfPath { path, workers, candidates, samples: Vec::new() }
    }

    fn measure(&mut self, structure: &Structure) {
        let (candidates, each) = self.candidates;
        let start = cpu_time();
        self.workers[0].score_all(structure, candidates);
        let cpu_ms = (cpu_time() - start).as_secs_f64() * 1e3 / f64::from(candidates);
        let alone = throughput(&mut self.workers[..1], structure, each);
        let together = throughput(&mut self.workers, structure, each);
        self.samples.push(Sample { cpu_ms, alone, together });
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn print_row(row: Row, options: &Options) {
    let (name, batch, resolution) = row;
    let structure = structure(name);
    let mut paths: Vec<_> =
        options.paths.iter().map(|path| OfPath::new(*path, row, &structure)).collect();
    for _ in 0..options.rounds {
        paths.iter_mut().for_each(|of| of.measure(&structure));
    }
    for of in &paths {
        let of_all = |what: &dyn Fn(&Sample) -> f64| median(of.samples.iter().map(what));
        let pairs = of.samples.iter().zip(&paths[0].samples);
        let ratio = median(pairs.map(|(sample, best)| sample.cpu_ms / best.cpu_ms));
        println!(
            "| {name} | {batch} | {resolution} | {} | {:.2} | {ratio:.2} | {:.1} | {:.1} | {:.2} \
             | {:.2} | {:.1} |",
            of.path.name(),
            of_all(&|sample| sample.cpu_ms),
            of_all(&|sample| sample.alone.rate),
            of_all(&|sample| sample.together.rate),
            of_all(&|sample| sample.together.rate / sample.alone.rate),
            of_all(&|sample| sample.together.cores),
            mib(of.workers[0].zen.memory_bytes()),
        );
    }
}

/// The most memory that this process ever had resident; none where the system doesn't say.
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Must come first: the peak is of the whole process.
fn print_memory(path: KernelPath) {
    let (name, batch, resolution) = MEMORY_ROW;
    let before = peak_resident_bytes();
    let mut worker = Worker::new(&device(path), MEMORY_ROW, 0);
    worker.score(&structure(name));
    let said = |bytes: Option<u64>| {
        bytes.map_or_else(|| "unknown".to_owned(), |bytes| format!("{:.1}", mib(bytes)))
    };
    println!("| net | batch | px | kernels | kept MiB | peak RSS MiB | before it |");
    println!("|:--|--:|--:|:--|--:|--:|--:|");
    println!(
        "| {name} | {batch} | {resolution} | {} | {:.1} | {} | {} |\n",
        path.name(),
        mib(worker.zen.memory_bytes()),
        said(peak_resident_bytes()),
        said(before),
    );
}

fn main() {
    let options = options();
    let best = *options.paths.first().expect("every CPU has a path");
    print_memory(best);
    println!(
        "Medians of {} rounds. /s: candidates a second by the wall clock, of 1 worker and of \
         {WORKERS}.\n",
        options.rounds
    );
    println!(
        "| net | batch | px | kernels | CPU ms | to {} | /s, 1 | /s, {WORKERS} | scaling \
         | cores | kept MiB |",
        best.name()
    );
    println!("|:--|--:|--:|:--|--:|--:|--:|--:|--:|--:|--:|");
    ROWS.into_iter().for_each(|row| print_row(row, &options));
}
