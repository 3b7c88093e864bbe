//! One run in full.

use std::{fs, process::ExitCode};

use super::{best_score, list::Line, standing};
use crate::{
    cli::{
        Failure,
        output::{compact, json_line, line, score},
    },
    run::{ListedRun, Standing, Summary},
    text::{age, binary, grouped, printable},
};

/// Files that are named; a run has a dozen.
const MAX_FILES: usize = 32;

pub(super) fn run(run: &ListedRun, json: bool) -> Result<ExitCode, Failure> {
    if json {
        json_line(&Line::new(run))?;
        return Ok(ExitCode::SUCCESS);
    }
    fact("run", &run.name)?;
    fact("folder", printable(&run.folder.display().to_string()))?;
    let more = match &run.standing {
        Standing::Running { pid } => format!(", process {pid}"),
        Standing::Elsewhere { pid, .. } => {
            format!(", process {pid}, as far as can be seen from here")
        }
        Standing::Interrupted | Standing::Finished(_) | Standing::Unknown => String::new(),
    };
    fact("state", format!("{}{more}", standing(&run.standing)))?;
    if let Some(command) = run.resume_command() {
        fact("goes on", command)?;
    }
    match &run.summary {
        Ok(summary) => about(run, summary)?,
        Err(error) => line(format!("{error}"))?,
    }
    files(run)?;
    Ok(ExitCode::SUCCESS)
}

fn fact(name: &str, value: impl std::fmt::Display) -> Result<(), Failure> {
    line(format!("{name:<10}{value}"))
}

fn about(run: &ListedRun, summary: &Summary) -> Result<(), Failure> {
    let Summary { name, seed, proxy, device, proposed, iterations, scored, elapsed_ms, .. } =
        summary;
    fact("preset", printable(&format!("{name}, seed {seed}, {proxy} on {device}")))?;
    if let Some(reason) = summary.reason {
        fact("ended", reason.name())?;
    }
    fact(
        "progress",
        format!(
            "{} of {} proposed, {} scored in {:.1} s; last word {} ago",
            grouped(*proposed),
            grouped(*iterations),
            grouped(*scored),
            *elapsed_ms as f64 / 1e3,
            age(run.age_s)
        ),
    )?;
    let Some(best) = &summary.best else {
        return fact("best", "nothing was scored yet");
    };
    let confirmed = match best.confirmed {
        Some(_) => format!(
            "{} (95 %, {} draws), {} as searched",
            best_score(Some(best)),
            best.repeats,
            score(best.score)
        ),
        None => format!("{}, not confirmed", score(best.score)),
    };
    fact("best", format!("#{}: {confirmed}", grouped(best.id)))?;
    let costs = best.costs;
    fact(
        "costs",
        format!(
            "{} params, {} FLOPs, {} sub-layers",
            compact(costs.params),
            compact(costs.flops),
            costs.layers
        ),
    )?;
    fact("structure", &best.structure)
}

fn files(run: &ListedRun) -> Result<(), Failure> {
    let entries = fs::read_dir(&run.folder).map_err(Failure::failed)?;
    let mut files: Vec<(String, u64)> = entries
        .take(MAX_FILES)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = printable(&entry.file_name().to_string_lossy());
            Some((name, entry.metadata().ok().filter(|found| found.is_file())?.len()))
        })
        .collect();
    files.sort();
    for (index, (name, bytes)) in files.iter().enumerate() {
        fact(if index == 0 { "files" } else { "" }, format!("{:>12}  {name}", binary(*bytes)))?;
    }
    Ok(())
}
