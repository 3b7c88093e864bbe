//! `zendo score --proxy zen=1,naswot=0.5`: networks by several proxies, ranked among one another.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::anyhow;
use serde::Serialize;

use super::{
    Failure,
    net::Net,
    output::{json_line, line, score},
    score::{Failed, ScoreArgs, draws, in_full, spread},
};
use crate::{
    nn::Device,
    proxy::{self, Standing, weighted_mean},
    score::{Definition, MeanStd},
    space::{Combination, WeightedProxy},
};

/// One network among others.
#[derive(Serialize)]
struct Ranked<'a> {
    structure: String,
    name: &'a Option<String>,
    proxy: String,
    /// Weighted mean of the normal scores that its parts have among the networks.
    mean: f64,
    /// Best first, from 1; equal ones share theirs.
    rank: usize,
    of: usize,
    parts: BTreeMap<&'a str, RankedPart>,
    definition: Definition,
    batch: u32,
    resolution: u32,
    classes: u32,
    device: String,
    kernels: &'static str,
}

#[derive(Serialize)]
struct RankedPart {
    weight: f64,
    mean: f64,
    std: Option<f64>,
    repeats: usize,
    normal_score: f64,
}

/// A network with what each proxy of the combination measures of it.
struct Measured<'a> {
    net: &'a Net,
    values: Vec<(MeanStd, usize)>,
}

pub(super) fn run(
    args: &ScoreArgs,
    combination: &Combination,
    nets: &[Net],
    device: &Device,
) -> Result<ExitCode, Failure> {
    if nets.len() < 2 {
        let why = "ranks are those among the networks named, of which there must be 2 or more; in a preset, \
                   score.proxy ranks among a sample of its space";
        return Err(Failure::usage(anyhow!("--proxy {}: {why}", args.proxy)));
    }
    let mut measured = Vec::new();
    for net in nets {
        match values(args, combination, net, device)? {
            Ok(values) => measured.push(Measured { net, values }),
            Err(failure) => {
                eprintln!("error: {}: {failure}", net.shown());
                if args.json {
                    let structure = net.structure.to_string();
                    json_line(&Failed { structure, name: &net.name, failure })?;
                }
            }
        }
    }
    for ranked in ranked(args, combination, &measured, device) {
        if args.json { json_line(&ranked)? } else { print(&ranked)? }
    }
    match nets.len() - measured.len() {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(Failure::failed(anyhow!("{n} of {} networks have no score", nets.len()))),
    }
}

/// By part: the mean over its draws, and how many there were.
fn values(
    args: &ScoreArgs,
    combination: &Combination,
    net: &Net,
    device: &Device,
) -> Result<Result<Vec<(MeanStd, usize)>, String>, Failure> {
    let settings = args.settings(net);
    let mut values = Vec::new();
    for WeightedProxy { name, .. } in combination.parts() {
        let mut proxy = proxy::build(name, &settings, device).map_err(Failure::usage)?;
        // What isn't drawn is the same each time.
        let repeats = if proxy.is_measured() { args.repeats } else { 1 };
        match draws(&net.structure, proxy.as_mut(), args.seed, repeats) {
            Ok(draws) => {
                let scores: Vec<f64> = draws.iter().map(|draw| draw.score).collect();
                values.push((MeanStd::of(&scores), scores.len()));
            }
            Err(failure) => return Ok(Err(format!("{name}: {failure}"))),
        }
        if let Some(remark) = proxy.remark() {
            eprintln!("{}: {remark}", net.shown());
        }
    }
    Ok(Ok(values))
}

fn ranked<'a>(
    args: &ScoreArgs,
    combination: &'a Combination,
    measured: &[Measured<'a>],
    device: &Device,
) -> Vec<Ranked<'a>> {
    let standing = |part: usize| {
        let values: Vec<f64> = measured.iter().map(|net| net.values[part].0.mean).collect();
        Standing::among(&values)
    };
    let standings: Vec<Standing> = (0..combination.parts().len()).map(standing).collect();
    let parts = |net: &Measured<'_>| -> BTreeMap<&'a str, RankedPart> {
        let parts = combination.parts().iter().zip(&net.values).zip(&standings);
        let part =
            |((WeightedProxy { name, weight }, value), standing): ((&'a _, &_), &Standing)| {
                let &(MeanStd { mean, std }, repeats) = value;
                let normal_score = standing.of(mean);
                (name.as_str(), RankedPart { weight: *weight, mean, std, repeats, normal_score })
            };
        parts.map(part).collect()
    };
    let all: Vec<_> = measured.iter().map(|net| (net.net, parts(net))).collect();
    let mean = |parts: &BTreeMap<&str, RankedPart>| {
        weighted_mean(parts.values().map(|part| (part.weight, part.normal_score)))
    };
    let means: Vec<f64> = all.iter().map(|(_, parts)| mean(parts)).collect();
    let of = all.len();
    let rank = |mean: f64| 1 + means.iter().filter(|other| **other > mean).count();
    let one = |((net, parts), &mean): ((&'a Net, _), &f64)| {
        let settings = args.settings(net);
        Ranked {
            structure: net.structure.to_string(),
            name: &net.name,
            proxy: args.proxy.to_string(),
            mean,
            rank: rank(mean),
            of,
            parts,
            definition: args.definition,
            batch: settings.batch,
            resolution: settings.resolution,
            classes: settings.classes,
            device: device.to_string(),
            kernels: device.kernels(),
        }
    };
    all.into_iter().zip(&means).map(one).collect()
}

fn print(ranked: &Ranked<'_>) -> Result<(), Failure> {
    let Ranked { proxy, mean, rank, of, batch, resolution, classes, .. } = ranked;
    line(ranked.name.as_deref().unwrap_or(&ranked.structure))?;
    let how = format!("batch {batch}, {resolution}², {classes} classes");
    line(format!("  {proxy} {}   {rank} of {of} by rank among them, {how}", score(*mean)))?;
    for (name, RankedPart { mean, std, normal_score, .. }) in &ranked.parts {
        let value = format!("{}{}", in_full(*mean), spread(*std));
        line(format!("  {name} {value}   normal score {}", score(*normal_score)))?;
    }
    Ok(())
}
