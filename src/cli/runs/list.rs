//! A list of runs, for people and for programs.

use std::process::ExitCode;

use serde::Serialize;

use super::{best_score, standing};
use crate::{
    arch::Structure,
    cli::{
        Failure,
        output::{compact, json_line, line},
    },
    run::{Best, ListedRun, Standing, Summary, list_runs, runs_folder},
    text::{age, grouped, printable},
};

/// Longest name in a column of its own.
const MAX_NAME: usize = 48;

pub(super) fn run(json: bool) -> Result<ExitCode, Failure> {
    let runs = list_runs();
    if json {
        runs.iter().try_for_each(|run| json_line(&Line::new(run)))?;
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        let folder = runs_folder().map(|f| printable(&f.display().to_string()));
        let there = folder.map_or_else(String::new, |folder| format!(" in {folder}"));
        line(format!("no run is kept{there}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let widest = runs.iter().map(|run| run.name.chars().count()).max().unwrap_or(0);
    let name = widest.clamp(4, MAX_NAME);
    let said = |run: &ListedRun| standing(&run.standing).chars().count();
    let state = runs.iter().map(said).max().unwrap_or(0).clamp(13, 24);
    line(format!(
        "{:<name$}  {:<state$}  {:>14}  {:>8}  {:>23}  {:>7}",
        "run", "state", "best", "params", "proposed", "age"
    ))?;
    for run in &runs {
        let state_text = standing(&run.standing);
        let text = match &run.summary {
            Err(error) => format!("{:<name$}  {state_text:<state$}  {error}", run.name),
            Ok(summary) => format!(
                "{:<name$}  {state_text:<state$}  {:>14}  {:>8}  {:>23}  {:>7}",
                run.name,
                best_score(summary.best.as_ref()),
                summary.best.as_ref().map_or("–".to_owned(), |best| compact(best.costs.params)),
                format!("{} of {}", grouped(summary.proposed), grouped(summary.iterations)),
                age(run.age_s),
            ),
        };
        line(text)?;
    }
    let interrupted: Vec<String> = runs.iter().filter_map(ListedRun::resume_command).collect();
    if !interrupted.is_empty() {
        line(match interrupted.len() {
            1 => "\ninterrupted; it goes on with".to_owned(),
            count => format!("\n{count} interrupted; they go on with"),
        })?;
        interrupted.iter().try_for_each(|command| line(format!("    {command}")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A run, by names that stay what they are.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    name: &'a str,
    folder: String,
    /// running, elsewhere, interrupted, finished, stopped, failed, unreadable.
    state: &'static str,
    host: Option<&'a str>,
    pid: Option<u32>,
    preset: Option<&'a str>,
    seed: Option<u64>,
    proxy: Option<&'a str>,
    device: Option<&'a str>,
    proposed: Option<u64>,
    iterations: Option<u64>,
    scored: Option<u64>,
    seconds: Option<f64>,
    best: Option<BestLine<'a>>,
    /// Seconds since 1970.
    updated: Option<u64>,
    age_s: Option<u64>,
    resume: Option<String>,
    error: Option<String>,
}

#[derive(Serialize)]
pub(super) struct BestLine<'a> {
    id: u64,
    structure: &'a Structure,
    score: f64,
    params: u64,
    flops: u64,
    layers: u32,
    confirmed: Option<ConfirmedLine>,
}

#[derive(Serialize)]
struct ConfirmedLine {
    mean: f64,
    std: Option<f64>,
    repeats: u32,
}

impl<'a> BestLine<'a> {
    pub(super) fn new(best: &'a Best) -> BestLine<'a> {
        let Best { id, ref structure, score, confirmed, repeats, ref costs } = *best;
        BestLine {
            id,
            structure,
            score,
            params: costs.params,
            flops: costs.flops,
            layers: costs.layers,
            confirmed: confirmed.map(|c| ConfirmedLine { mean: c.mean, std: c.std, repeats }),
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(run: &'a ListedRun) -> Line<'a> {
        let summary: Option<&Summary> = run.summary.as_ref().ok();
        let (host, pid) = match &run.standing {
            Standing::Running { pid } => (None, Some(*pid)),
            Standing::Elsewhere { host, pid } => (Some(host.as_str()), Some(*pid)),
            Standing::Interrupted | Standing::Finished(_) | Standing::Unknown => (None, None),
        };
        Line {
            name: &run.name,
            folder: run.folder.display().to_string(),
            state: run.standing.name(),
            host,
            pid,
            preset: summary.map(|s| s.name.as_str()),
            seed: summary.map(|s| s.seed),
            proxy: summary.map(|s| s.proxy.as_str()),
            device: summary.map(|s| s.device.as_str()),
            proposed: summary.map(|s| s.proposed),
            iterations: summary.map(|s| s.iterations),
            scored: summary.map(|s| s.scored),
            seconds: summary.map(|s| s.elapsed_ms as f64 / 1e3),
            best: summary.and_then(|s| s.best.as_ref()).map(BestLine::new),
            updated: summary.map(|s| s.updated),
            age_s: run.age_s,
            resume: run.resume_command(),
            error: run.summary.as_ref().err().map(ToString::to_string),
        }
    }
}
