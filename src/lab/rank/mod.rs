//! How well proxies rank trained networks: a benchmark's accuracies beside what proxies make of its networks.
//!
//! Owns: what is measured and compared. Must not know: how it is shown. Invariant: a result follows from the
//! benchmark, the settings and the seed; workers and interruptions change nothing of it.

mod benchmark;
mod bootstrap;
mod kept;
pub mod nas_bench_macro;
mod report;
mod statistics;

use std::{ops::ControlFlow, path::PathBuf};

pub use benchmark::{Benchmark, FEWEST, Net};
pub use bootstrap::{Interval, RESAMPLES};
pub use kept::{Others, Value};
pub use report::{KENDALL, NDCG, SPEARMAN, TOP, verdicts};
pub use statistics::{Compared, Figures};

use self::kept::{Header, Kept};
use super::{
    LabError,
    work::{cores, described, in_parallel, workers},
};
use crate::{
    arch::Structure,
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy::{self, Proxy, Settings},
    score::MeanStd,
};

/// Baselines that are always drawn beside.
pub const BASELINES: [&str; 2] = ["params", "flops"];

/// What a network counts that the benchmark has several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Once,
    /// As often as it is there: what comes out where nobody looks for identical networks.
    AsListed,
}

/// The experiment.
#[derive(Clone, Debug)]
pub struct Rank {
    pub benchmark: Benchmark,
    /// Of the registry; [`BASELINES`] that aren't among them come behind.
    pub proxies: Vec<&'static str>,
    pub settings: Settings,
    pub counted: Counted,
    /// All networks are measured with the same draws.
    pub seed: u64,
    /// Draws of a value; at least 1.
    pub repeats: u32,
    /// Which share of the networks are the top: above 0, at most 1.
    pub top: f64,
    pub device: DeviceChoice,
    pub kernels: KernelChoice,
    /// None for one a core, or what a GPU takes.
    pub workers: Option<usize>,
    /// Where measured values are kept; none keeps nothing.
    pub out: Option<PathBuf>,
    /// What becomes of values there that were measured in another way.
    pub others: Others,
}

/// How far the experiment is.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Measuring {
        proxy: &'static str,
        done: usize,
        of: usize,
        /// Of those done: values that were there already.
        known: usize,
    },
    /// Resamples are compared.
    Comparing,
    /// What a person should know.
    Remark(String),
}

/// What foretells accuracy, with how well it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor {
    pub figures: Figures,
    /// In each resample, alike for all predictors.
    pub resampled: Vec<Figures>,
}

/// One of a predictor's figures.
pub type Figure = fn(&Figures) -> f64;

impl Predictor {
    pub fn interval(&self, figure: Figure) -> Option<Interval> {
        Interval::of(self.resampled.iter().map(figure))
    }

    /// How much better than `other` it is, and where 95 % of the resamples have that.
    pub fn ahead(&self, other: &Predictor, figure: Figure) -> (f64, Option<Interval>) {
        let pairs = self.resampled.iter().zip(&other.resampled);
        let interval = Interval::of(pairs.map(|(own, other)| figure(own) - figure(other)));
        (figure(&self.figures) - figure(&other.figures), interval)
    }
}

/// A proxy with its values of all networks of the benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub proxy: &'static str,
    pub values: Vec<Value>,
    pub predictor: Predictor,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    pub proxies: Vec<Judged>,
    /// One training seed for the mean of the others, the mean over the seeds: about the most that can be
    /// expected of a proxy. None where there is one seed.
    pub ceiling: Option<Predictor>,
    /// Distinct networks that were compared: those with a value by every proxy.
    pub compared: usize,
    /// What they count together.
    pub counted: usize,
    /// How many of them are the top.
    pub top: usize,
    /// Where it was measured.
    pub device: String,
}

impl Rank {
    /// Measures what isn't known yet, and compares. `stop` is asked now and then.
    ///
    /// # Errors
    /// Where it is interrupted, can't begin, or too few networks have a value by every proxy.
    pub fn run(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Told),
    ) -> Result<Ranked, LabError> {
        let (device, note) = nn::open(self.device, self.kernels)?;
        note.into_iter().for_each(|note| tell(Told::Remark(note)));
        // Networks that begin alike are measured one after another, with the same draws.
        let device = device.with_prefix_reuse(PREFIX_BYTES);
        let place = described(&device);
        let header = Header::new(self.settings, self.seed, self.repeats, place.clone());
        let mut kept = match &self.out {
            Some(folder) => {
                let (kept, note) = Kept::open(folder, &header, self.others)?;
                note.into_iter().for_each(|note| tell(Told::Remark(note)));
                kept
            }
            None => Kept::nowhere(),
        };
        let mut all = Vec::new();
        for proxy in self.judges() {
            all.push((proxy, self.values(proxy, &device, &mut kept, stop, tell)?));
        }
        tell(Told::Comparing);
        self.compare(all, place)
    }

    /// All that judge, in their order.
    pub fn judges(&self) -> Vec<&'static str> {
        let baselines = BASELINES.into_iter().filter(|name| !self.proxies.contains(name));
        self.proxies.iter().copied().chain(baselines).collect()
    }

    /// What `proxy` makes of every network.
    fn values(
        &self,
        proxy: &'static str,
        device: &Device,
        kept: &mut Kept,
        stop: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Told),
    ) -> Result<Vec<Value>, LabError> {
        let nets = &self.benchmark.nets;
        let mut values: Vec<Option<Value>> =
            nets.iter().map(|net| kept.find(proxy, &net.structure).cloned()).collect();
        let known = values.iter().flatten().count();
        let mut open: Vec<(usize, &Structure)> = (0..)
            .zip(nets)
            .filter(|(net, _)| values[*net].is_none())
            .map(|(net, listed)| (net, &listed.structure))
            .collect();
        open.sort_by_cached_key(|(_, structure)| structure.to_string());
        let is_measured = proxy::info(proxy).is_some_and(|info| info.measured);
        let draws = if is_measured { self.repeats } else { 1 };
        let judge =
            || proxy::build(proxy, &self.settings, device).map_err(|error| error.to_string());
        let measure = |judge: &mut Result<Box<dyn Proxy>, String>,
                       &(_, structure): &(usize, &Structure)| {
            let judge = judge.as_mut().map_err(|why| why.clone())?;
            let scores =
                (0..draws).map(|draw| Ok(judge.evaluate(structure, self.seed, draw)?.score));
            let scores: Result<Vec<f64>, proxy::Failure> = scores.collect();
            Ok(scores
                .map(|scores| MeanStd::of(&scores).mean)
                .map_err(|failure| failure.to_string()))
        };
        let (mut done, mut lost) = (known, None);
        let mut take = |number: usize, value: Result<Value, String>| {
            let (net, structure) = open[number];
            let kept = value.map_err(LabError::Setting).and_then(|value| {
                // The others take less time than reading them.
                if is_measured {
                    kept.keep(proxy, structure, &value)?;
                }
                Ok(value)
            });
            match kept {
                Ok(value) => values[net] = Some(value),
                Err(error) => {
                    lost = Some(error);
                    return ControlFlow::Break(());
                }
            }
            done += 1;
            tell(Told::Measuring { proxy, done, of: nets.len(), known });
            ControlFlow::Continue(())
        };
        in_parallel(&open, workers(self.workers, device), stop, &judge, &measure, &mut take);
        match lost {
            Some(error) => Err(error),
            None if done < nets.len() => {
                Err(LabError::Interrupted { kept: Some(self.out.is_some()) })
            }
            None => Ok(values.into_iter().flatten().collect()),
        }
    }

    fn compare(
        &self,
        all: Vec<(&'static str, Vec<Value>)>,
        device: String,
    ) -> Result<Ranked, LabError> {
        let nets = &self.benchmark.nets;
        let is_known = |net: &usize| all.iter().all(|(_, values)| values[*net].is_ok());
        let compared: Vec<usize> = (0..nets.len()).filter(is_known).collect();
        if compared.len() < FEWEST {
            let failures = all.iter().flat_map(|(proxy, values)| {
                values.iter().filter_map(move |value| Some((proxy, value.as_ref().err()?)))
            });
            let first = failures.map(|(proxy, why)| format!("; {proxy}: {why}")).next();
            let message = format!(
                "{} of {} networks have a value by every proxy: at least {FEWEST} can be ranked{}",
                compared.len(),
                nets.len(),
                first.unwrap_or_default()
            );
            return Err(LabError::Setting(message));
        }
        let accuracies: Vec<f64> = compared.iter().map(|net| nets[*net].accuracy()).collect();
        let mut predictors: Vec<Vec<Compared>> = Vec::new();
        for (_, values) in &all {
            let values: Vec<f64> =
                compared.iter().filter_map(|net| values[*net].as_ref().ok()).copied().collect();
            predictors.push(vec![Compared::new(&values, &accuracies)]);
        }
        let has_ceiling = self.benchmark.seeds > 1;
        if has_ceiling {
            predictors.push(self.one_seed_for_the_others(&compared));
        }
        let times: Vec<u32> = match self.counted {
            Counted::Once => vec![1; compared.len()],
            Counted::AsListed => compared.iter().map(|net| nets[*net].times).collect(),
        };
        let counted = times.iter().map(|times| *times as usize).sum();
        let top = ((counted as f64 * self.top).ceil() as usize).clamp(1, counted);
        let workers = self.workers.unwrap_or_else(cores);
        let resampled = bootstrap::resampled(&predictors, &times, top, self.seed, workers);
        let mut found: Vec<Predictor> = predictors
            .iter()
            .zip(resampled)
            .map(|(parts, resampled)| Predictor {
                figures: bootstrap::figures(parts, &times, top),
                resampled,
            })
            .collect();
        let ceiling = if has_ceiling { found.pop() } else { None };
        let proxies = all.into_iter().zip(found);
        let proxies =
            proxies.map(|((proxy, values), predictor)| Judged { proxy, values, predictor });
        let (proxies, compared) = (proxies.collect(), compared.len());
        Ok(Ranked { proxies, ceiling, compared, counted, top, device })
    }

    /// Each training seed beside the mean of the others.
    fn one_seed_for_the_others(&self, compared: &[usize]) -> Vec<Compared> {
        let of = |net: &usize| &self.benchmark.nets[*net].accuracies;
        let part = |seed: usize| {
            let own: Vec<f64> = compared.iter().map(|net| of(net)[seed]).collect();
            let others = compared.iter().map(|net| {
                let all = of(net);
                (all.iter().sum::<f64>() - all[seed]) / (all.len() - 1) as f64
            });
            Compared::new(&own, &others.collect::<Vec<_>>())
        };
        (0..self.benchmark.seeds).map(part).collect()
    }
}

/// Of maps that networks share.
const PREFIX_BYTES: u64 = 256 << 20;
