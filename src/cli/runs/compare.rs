//! Two runs side by side.

use std::process::ExitCode;

use serde::Serialize;

use super::{best_score, chart, found, list::BestLine, standing};
use crate::{
    cli::{
        Failure,
        output::{compact, json_line, line},
    },
    run::{Course, ListedRun, Picture},
    text::grouped,
};

/// Of a column's text.
const COLUMN: usize = 34;

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    state: &'static str,
    preset: &'a str,
    /// What its scores are; those of other kinds can't be compared.
    kind: String,
    proposed: u64,
    iterations: u64,
    scored: u64,
    seconds: f64,
    best: Option<BestLine<'a>>,
    convergence: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    iteration: u64,
    best: f64,
    median: f64,
    lowest: f64,
}

pub(super) fn run(wanted: [&str; 2], json: bool) -> Result<ExitCode, Failure> {
    let [a, b] = wanted.map(|wanted| -> Result<(ListedRun, Course), Failure> {
        let run = found(wanted)?;
        let picture = Picture::read(&run.folder).map_err(Failure::usage)?;
        let course = picture.course();
        let course = course.ok_or_else(|| {
            Failure::usage(anyhow::anyhow!("{}: nothing was told of it yet", run.name))
        })?;
        Ok((run, course))
    });
    let sides = [a?, b?];
    if json {
        sides.iter().try_for_each(|(run, course)| json_line(&as_line(run, course)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let [(_, a), (_, b)] = &sides;
    for text in chart::lines(&a.points, &b.points) {
        line(text)?;
    }
    line("")?;
    table(&sides)?;
    if !a.is_scored_like(b) {
        line("\ntheir scores are of different kinds: which is larger says nothing")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_line<'a>(run: &'a ListedRun, course: &'a Course) -> Line<'a> {
    let summary = &course.summary;
    let point = |p: &crate::run::protocol::ConvergencePoint| Point {
        iteration: p.iteration,
        best: p.best,
        median: p.median,
        lowest: p.lowest,
    };
    Line {
        name: &run.name,
        state: run.standing.name(),
        preset: &summary.name,
        kind: course.kind(),
        proposed: summary.proposed,
        iterations: summary.iterations,
        scored: summary.scored,
        seconds: summary.elapsed_ms as f64 / 1e3,
        best: summary.best.as_ref().map(BestLine::new),
        convergence: course.points.iter().map(point).collect(),
    }
}

fn table(sides: &[(ListedRun, Course); 2]) -> Result<(), Failure> {
    let row = |name: &str, of: &dyn Fn(&ListedRun, &Course) -> String| {
        let [a, b] = sides.each_ref().map(|(run, course)| of(run, course));
        line(format!("{name:<12}{a:<COLUMN$}  {b}").trim_end())
    };
    let best = |course: &Course, of: &dyn Fn(&crate::run::Best) -> String| {
        course.summary.best.as_ref().map_or("–".to_owned(), of)
    };
    let letters = ["a", "b"];
    line(format!("{:<12}{:<COLUMN$}  {}", "", letters[0], letters[1]))?;
    row("run", &|run, _| run.name.clone())?;
    row("state", &|run, _| standing(&run.standing))?;
    row("scores", &|_, course| course.kind())?;
    row("best", &|_, course| best_score(course.summary.best.as_ref()))?;
    row("found at", &|_, course| best(course, &|b| format!("#{}", grouped(b.id))))?;
    row("params", &|_, course| best(course, &|b| compact(b.costs.params)))?;
    row("FLOPs", &|_, course| best(course, &|b| compact(b.costs.flops)))?;
    row("sub-layers", &|_, course| best(course, &|b| b.costs.layers.to_string()))?;
    row("proposed", &|_, course| {
        let summary = &course.summary;
        format!("{} of {}", grouped(summary.proposed), grouped(summary.iterations))
    })?;
    row("scored", &|_, course| grouped(course.summary.scored))?;
    row("took", &|_, course| format!("{:.1} s", course.summary.elapsed_ms as f64 / 1e3))
}
