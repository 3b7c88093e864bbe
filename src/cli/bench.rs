//! `zendo bench proxies`: what each proxy costs on this machine, as the paper's Table 2 has it.
//!
//! Owns: the rounds in which proxies take turns, the table. Must not know: what a proxy measures. Invariant: a
//! proxy's first evaluation of a net, which may allocate what later ones keep, doesn't count unless it is so long
//! that this makes no difference.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use clap::Subcommand;
use serde::Serialize;

use super::{
    Failure,
    markdown::{Table, figure},
    net::{FixArg, Net, NetArgs, resolve_all},
    output::{json_line, line},
    score::ALPHA,
};
use crate::{
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy::{self, Proxy, Settings, Zen},
    score::Definition,
    text::printable,
};

#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Measure what an evaluation of each proxy costs, and its ratio to zen
    Proxies(ProxiesArgs),
}

#[derive(Debug, clap::Args)]
pub struct ProxiesArgs {
    /// Structures, files of `[name ]structure` lines, or names of shipped nets [default: those of the paper's
    /// Table 2, ResNet-18 and -50, and the CIFAR nets]
    #[arg(value_name = "NET")]
    nets: Vec<String>,
    /// Input side in pixels [default: the shipped net's own, else 224]
    #[arg(long, value_name = "PX")]
    resolution: Option<u32>,
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    batch: u32,
    /// Rounds in which proxies take turns; the median counts. What takes half a minute is measured once
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda:N")]
    device: DeviceChoice,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// The nets of the paper's Table 2, and of its CIFAR searches.
const NETS: [&str; 4] = [
    "resnet-18",
    "resnet-50",
    "zennet_cifar_model_size1M_res32",
    "zennet_cifar_model_size2M_res32",
];

/// From here on an evaluation is long: the first is as good as any, and another says no more.
const LONG: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct CostLine<'a> {
    net: &'a str,
    resolution: u32,
    batch: u32,
    proxy: &'a str,
    device: &'a str,
    kernels: &'a str,
    /// Median of the rounds; null where there is no score.
    seconds: Option<f64>,
    to_zen: Option<f64>,
    failure: Option<String>,
}

pub(super) fn run(command: &BenchCommand) -> Result<ExitCode, Failure> {
    let BenchCommand::Proxies(args) = command;
    let names = match args.nets.is_empty() {
        true => NETS.map(str::to_owned).to_vec(),
        false => args.nets.clone(),
    };
    let nets = resolve_all(&NetArgs { nets: names, fix: FixArg { fix: false } })?;
    let (device, note) = nn::open(args.device, KernelChoice::Auto).map_err(Failure::usage)?;
    if let Some(note) = note {
        eprintln!("{note}");
    }
    let mut failures = 0;
    for net in &nets {
        failures += bench(net, args, &device)?;
    }
    match failures {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(Failure::failed(anyhow!("{n} measurements failed"))),
    }
}

/// A proxy, and how long its evaluations took.
struct Contender {
    proxy: Box<dyn Proxy>,
    times: Vec<Duration>,
    failure: Option<String>,
}

impl Contender {
    fn wants_more(&self) -> bool {
        self.failure.is_none() && self.times.first().is_none_or(|took| *took < LONG)
    }
}

/// Measures one net by all proxies and prints its table. Gives how many have no score.
fn bench(net: &Net, args: &ProxiesArgs, device: &Device) -> Result<usize, Failure> {
    let settings = Settings {
        definition: Definition::Table,
        batch: args.batch,
        resolution: net.resolution(args.resolution),
        alpha: ALPHA,
        classes: net.classes(None),
    };
    let mut contenders = Vec::new();
    for name in proxy::names() {
        let proxy = proxy::build(name, &settings, device).map_err(Failure::usage)?;
        contenders.push(Contender { proxy, times: Vec::new(), failure: None });
    }
    // In turn, so that what else the machine does falls on all alike; the first round doesn't count.
    for round in 0..=args.rounds {
        for contender in contenders.iter_mut().filter(|contender| contender.wants_more()) {
            let start = Instant::now();
            let evaluation = contender.proxy.evaluate(&net.structure, u64::from(round), 0);
            let took = start.elapsed();
            match evaluation {
                Ok(_) if round == 0 && took < LONG => {}
                Ok(_) => contender.times.push(took),
                Err(failure) => contender.failure = Some(printable(&failure.to_string())),
            }
        }
    }
    tell(net, &settings, &contenders, device, args.json)?;
    Ok(contenders.iter().filter(|contender| contender.failure.is_some()).count())
}

/// The middle one of the times, seconds; none where there are none.
fn median(times: &[Duration]) -> Option<f64> {
    let mut times: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    times.sort_by(f64::total_cmp);
    match times.len() {
        0 => None,
        n if n % 2 == 1 => Some(times[n / 2]),
        n => Some((times[n / 2 - 1] + times[n / 2]) / 2.0),
    }
}

fn tell(
    net: &Net,
    settings: &Settings,
    contenders: &[Contender],
    device: &Device,
    json: bool,
) -> Result<(), Failure> {
    let seconds = |contender: &Contender| {
        contender.failure.is_none().then(|| median(&contender.times)).flatten()
    };
    let zen = contenders.iter().find(|contender| contender.proxy.name() == Zen::NAME);
    let zen = zen.and_then(seconds);
    let to_zen = |contender: &Contender| Some(seconds(contender)? / zen?);
    if json {
        return contenders.iter().try_for_each(|contender| {
            json_line(&CostLine {
                net: &net.shown(),
                resolution: settings.resolution,
                batch: settings.batch,
                proxy: contender.proxy.name(),
                device: &device.to_string(),
                kernels: device.kernels(),
                seconds: seconds(contender),
                to_zen: to_zen(contender),
                failure: contender.failure.clone(),
            })
        });
    }
    let Settings { batch, resolution, .. } = settings;
    line(format!("\n{}, {batch} images of {resolution}², {device}\n", net.shown()))?;
    let table = Table::new(vec!["proxy", "seconds", "to zen"], &[14, 9, 8], 1);
    table.heads().iter().try_for_each(line)?;
    for contender in contenders {
        let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), small);
        let name = contender.proxy.name().to_owned();
        line(table.row(&[name, cell(seconds(contender)), cell(to_zen(contender))]))?;
    }
    for contender in contenders {
        if let Some(failure) = &contender.failure {
            line(format!("{}: {failure}", contender.proxy.name()))?;
        }
    }
    Ok(())
}

/// Three figures of what may be a millionth.
fn small(value: f64) -> String {
    if value >= 1.0 { figure(value) } else { format!("{value:.2e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_time_counts() {
        let times = |ms: &[u64]| ms.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        assert_eq!(median(&[]), None);
        assert_eq!(median(&times(&[5, 1, 100])), Some(0.005));
        assert_eq!(median(&times(&[4, 2])), Some(0.003));
        assert_eq!((small(0.000_012_3), small(12.34)), ("1.23e-5".to_owned(), "12.3".to_owned()));
    }
}
