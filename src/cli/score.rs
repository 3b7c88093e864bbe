//! `zendo score`: what networks are worth.

use std::{process::ExitCode, time::Duration};

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::{
    Failure,
    net::{Net, NetArgs, resolve_all},
    output::{json_line, line, score},
    ranked,
};
use crate::{
    arch::{Structure, limits},
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy::{self, AnalyticZen, Evaluation, Needs, Proxy, Settings},
    score::{Definition, MeanStd, ZenParts},
    space::ProxyChoice,
    text::{binary, grouped},
};

/// Images in a batch, and the size of the perturbation, unless told otherwise.
pub(super) const BATCH: u32 = 16;
pub(super) const ALPHA: f64 = 0.01;

#[derive(Debug, Args)]
pub struct ScoreArgs {
    #[command(flatten)]
    nets: NetArgs,
    /// What judges; `zendo proxies` lists what there is. Several, such as zen=1,naswot=0.5, rank the networks among
    /// one another
    #[arg(long, value_name = "NAME", default_value = "zen")]
    pub(super) proxy: ProxyChoice,
    /// Which Zen-Score is the score; one evaluation gives all three
    #[arg(long, value_parser = definition, default_value = "table", value_name = "paper|table|reference")]
    pub(super) definition: Definition,
    /// Images in a batch
    #[arg(long, default_value_t = BATCH, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Input side in pixels [default: the shipped net's own, else 224]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    resolution: Option<u32>,
    /// Outputs of the classifier, where the proxy has one [default: the shipped net's own, else 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    classes: Option<u32>,
    /// Draws of weights and images
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) repeats: u32,
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Size of the perturbation
    #[arg(long, default_value_t = ALPHA, allow_negative_numbers = true)]
    alpha: f64,
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: DeviceChoice,
    /// Force the CPU's instructions or a GPU's kernels; scores of different kernels differ by rounding, and
    /// graph is the slow reference path
    #[arg(long, default_value = "auto", value_name = "auto|avx512|avx2|portable|cuda|graph")]
    kernels: KernelChoice,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

impl ScoreArgs {
    /// How `net` is measured.
    pub(super) fn settings(&self, net: &Net) -> Settings {
        Settings {
            definition: self.definition,
            batch: self.batch,
            resolution: net.resolution(self.resolution),
            alpha: self.alpha,
            classes: net.classes(self.classes),
        }
    }
}

pub(super) fn definition(text: &str) -> Result<Definition, String> {
    Definition::ALL
        .into_iter()
        .find(|definition| definition.name() == text)
        .ok_or_else(|| "expected paper, table or reference".to_owned())
}

#[derive(Serialize)]
struct Scored {
    structure: String,
    name: Option<String>,
    proxy: String,
    definition: Definition,
    batch: u32,
    resolution: u32,
    classes: u32,
    repeats: u32,
    mean: f64,
    std: Option<f64>,
    log_delta: Option<f64>,
    bn_sum: Option<f64>,
    /// log σ̄ of each norm in network order, in the definition asked for.
    log_sigma: Option<Vec<f64>>,
    scores: Option<Scores>,
    /// Its Zen-Score in the literature, where there is one.
    published: Option<f64>,
    /// Process CPU time per evaluation.
    cpu_ms: f64,
    /// That the network ran in; 0 where that is not known.
    memory_bytes: u64,
    device: String,
    kernels: &'static str,
}

#[derive(Serialize)]
struct Scores {
    paper: MeanStd,
    table: MeanStd,
    reference: MeanStd,
}

/// A network without a score.
#[derive(Serialize)]
pub(super) struct Failed<'a> {
    pub structure: String,
    pub name: &'a Option<String>,
    pub failure: String,
}

pub(super) fn run(args: &ScoreArgs) -> Result<ExitCode, Failure> {
    let nets = resolve_all(&args.nets)?;
    let (device, note) = nn::open(args.device, args.kernels).map_err(Failure::usage)?;
    if let Some(note) = note {
        eprintln!("{note}");
    }
    let name = match &args.proxy {
        ProxyChoice::One(name) => name,
        ProxyChoice::Combination(several) => return ranked::run(args, several, &nets, &device),
    };
    let mut failures = 0;
    for net in &nets {
        let settings = args.settings(net);
        let mut proxy = proxy::build(name, &settings, &device).map_err(Failure::usage)?;
        match evaluate(net, proxy.as_mut(), args) {
            Ok(evaluated) => {
                if let Some(remark) = proxy.remark() {
                    eprintln!("{}: {remark}", net.shown());
                }
                let scored = evaluated.into_scored(net, args, &settings, proxy.as_ref(), &device);
                if args.json { json_line(&scored)? } else { print(&scored)? }
            }
            Err(failure) => {
                failures += 1;
                eprintln!("error: {}: {failure}", net.shown());
                if args.json {
                    let structure = net.structure.to_string();
                    json_line(&Failed {
                        structure,
                        name: &net.name,
                        failure: failure.to_string(),
                    })?;
                }
            }
        }
    }
    match failures {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(Failure::failed(anyhow!("{n} of {} networks have no score", nets.len()))),
    }
}

/// All draws of one network, in order.
struct Evaluated {
    draws: Vec<Evaluation>,
    cpu: Duration,
}

fn evaluate(
    net: &Net,
    proxy: &mut dyn Proxy,
    args: &ScoreArgs,
) -> Result<Evaluated, proxy::Failure> {
    let start = cpu_time();
    // What isn't drawn is the same each time.
    let repeats = if proxy.is_measured() { args.repeats } else { 1 };
    let draws = draws(&net.structure, proxy, args.seed, repeats)?;
    Ok(Evaluated { draws, cpu: cpu_time().saturating_sub(start) })
}

/// Draws 0 to `repeats` of one seed, in order.
pub(super) fn draws(
    structure: &Structure,
    proxy: &mut dyn Proxy,
    seed: u64,
    repeats: u32,
) -> Result<Vec<Evaluation>, proxy::Failure> {
    (0..repeats).map(|repeat| proxy.evaluate(structure, seed, repeat)).collect()
}

impl Evaluated {
    fn into_scored(
        self,
        net: &Net,
        args: &ScoreArgs,
        settings: &Settings,
        proxy: &dyn Proxy,
        device: &Device,
    ) -> Scored {
        let values: Vec<f64> = self.draws.iter().map(|draw| draw.score).collect();
        let zen: Vec<_> = self.draws.iter().filter_map(|draw| draw.zen.as_ref()).collect();
        let over = |part: &dyn Fn(&ZenParts) -> f64| {
            let values: Vec<f64> = zen.iter().map(|parts| part(parts)).collect();
            (!values.is_empty()).then(|| MeanStd::of(&values))
        };
        let definition = args.definition;
        let of = |definition| over(&|parts| parts.score(definition));
        let scores = match (of(Definition::Paper), of(Definition::Table), of(Definition::Reference))
        {
            (Some(paper), Some(table), Some(reference)) => Some(Scores { paper, table, reference }),
            _ => None,
        };
        let MeanStd { mean, std } = MeanStd::of(&values);
        let repeats = u32::try_from(values.len()).expect("at most as many as were asked for");
        let runs = proxy::info(proxy.name()).is_none_or(|info| info.needs != Needs::Nothing);
        let (device, kernels) = match (runs, proxy.is_measured()) {
            (true, _) => (device.to_string(), device.kernels()),
            (false, true) => ("none".to_owned(), "none"),
            (false, false) => ("none".to_owned(), "closed form"),
        };
        Scored {
            structure: net.structure.to_string(),
            name: net.name.clone(),
            proxy: proxy.name().to_owned(),
            definition,
            batch: settings.batch,
            resolution: settings.resolution,
            classes: settings.classes,
            repeats,
            mean,
            std,
            log_delta: over(&|parts| parts.log_delta(definition)).map(|m| m.mean),
            bn_sum: over(&|parts| parts.bn_sum(definition)).map(|m| m.mean),
            log_sigma: log_sigma(&zen, definition),
            scores,
            published: net.published.as_ref().and_then(|net| net.zen_score),
            cpu_ms: self.cpu.as_secs_f64() * 1e3 / f64::from(repeats),
            memory_bytes: proxy.memory_bytes(),
            device,
            kernels,
        }
    }
}

/// Means over the draws, norm by norm; none without draws that have them.
fn log_sigma(draws: &[&ZenParts], definition: Definition) -> Option<Vec<f64>> {
    let layers = draws.first()?.layers(definition).len();
    let mean = |layer: usize| {
        let sum: f64 = draws.iter().map(|parts| parts.layers(definition)[layer]).sum();
        sum / draws.len() as f64
    };
    Some((0..layers).map(mean).collect())
}

/// CPU time of this process so far, all threads.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs();
    Duration::from_nanos(nanos)
}

fn print(scored: &Scored) -> Result<(), Failure> {
    line(scored.name.as_deref().unwrap_or(&scored.structure))?;
    let info = proxy::info(&scored.proxy);
    let noise = match scored.repeats {
        _ if scored.proxy == AnalyticZen::FITTED => "an estimate in closed form".to_owned(),
        _ if scored.proxy == AnalyticZen::THEORY => "in closed form, without a draw".to_owned(),
        _ if info.is_some_and(|info| !info.measured) => "counted, without a draw".to_owned(),
        1 => "one draw, its noise not measured".to_owned(),
        n => format!("{n} draws, ± is the standard deviation of one"),
    };
    let Scored { mean, proxy, definition, batch, resolution, classes, .. } = scored;
    let (what, how) = match (&scored.scores, info.map(|info| info.needs)) {
        (Some(_), _) => (format!("{proxy} {definition}"), format!("batch {batch}, {resolution}²")),
        // A definition is one of Zen-Scores, and without passes there is no batch.
        (None, Some(Needs::Nothing)) => {
            (proxy.clone(), format!("{resolution}², {classes} classes"))
        }
        (None, _) => (proxy.clone(), format!("batch {batch}, {resolution}², {classes} classes")),
    };
    line(format!("  {what} {}{}   {how}, {noise}", in_full(*mean), spread(scored.std)))?;
    if let (Some(log_delta), Some(bn_sum)) = (scored.log_delta, scored.bn_sum) {
        line(format!("  log Δ {} + Σ log σ {}", score(log_delta), score(bn_sum)))?;
    }
    if let Some(Scores { paper, table, reference }) = &scored.scores {
        let show = |m: &MeanStd| format!("{}{}", in_full(m.mean), spread(m.std));
        line(format!(
            "  paper {}   table {}   reference {}",
            show(paper),
            show(table),
            show(reference)
        ))?;
        if let Some(published) = scored.published {
            line(format!("  {published} as published: Zen-NAS, Table 5 (table, batch 16, 224²)"))?;
        }
    }
    let Scored { cpu_ms, device, kernels, .. } = scored;
    let memory = match scored.memory_bytes {
        0 => String::new(),
        bytes => format!("memory {}, ", binary(bytes)),
    };
    let where_ = match (device.as_str(), *kernels) {
        ("none", "none") => "no device".to_owned(),
        (device, kernels) => format!("{device}, {kernels}"),
    };
    line(format!("  {cpu_ms:.1} ms of CPU time an evaluation, {memory}{where_}"))
}

/// What one draw is off by, where that is known.
pub(super) fn spread(std: Option<f64>) -> String {
    std.map_or(String::new(), |std| format!(" ±{}", score(std)))
}

/// Counts to the last digit, where they are scores; others as scores are shown anywhere.
pub(super) fn in_full(value: f64) -> String {
    // Up to 2⁵³ every whole number is an f64.
    match value {
        count if count.fract() == 0.0 && (1e3..9e15).contains(&count) => grouped(count as u64),
        value => score(value),
    }
}
