//! `zendo solve --sweep`: the optimum against one of its limits.

use std::{sync::atomic::Ordering, time::Instant};

use serde::Serialize;

use super::{Line, SolveArgs, Viewer};
use crate::{
    cli::{
        Failure,
        output::{compact, json_line, line},
    },
    optimum::{Limit, Solver, Sweep, Target, Unsolvable},
    space::Budget,
    text::milliseconds,
};

/// A point of a frontier.
#[derive(Serialize)]
struct Point {
    /// What is swept, and the limit it has here.
    budget: Budget,
    /// Nanoseconds of a latency.
    limit: u64,
    #[serde(flatten)]
    best: Line,
}

pub(super) fn run(
    args: &SolveArgs,
    sweep: &Sweep,
    (solver, target): (&Solver, &Target),
    viewer: &mut Viewer,
) -> Result<(), Failure> {
    let form = FrontierForm::of(args);
    if let Some(head) = form.head(sweep) {
        line(head)?;
    }
    let mut fits = false;
    for (target, &limit) in sweep.targets(target).iter().zip(&sweep.values) {
        let start = Instant::now();
        let answer = match solver.solve(target, 1, &mut |p| viewer.tell(p)) {
            Err(Unsolvable::NothingFits) => continue,
            answer => answer.map_err(Failure::usage)?,
        };
        viewer.clear();
        // A point that was not solved to its end is no point of the frontier.
        let Some(best) = answer.best.first().filter(|_| !answer.stopped) else { break };
        fits = true;
        let best = Line::new(&answer, best, start.elapsed().as_secs_f64());
        form.print(&Point { budget: sweep.budget, limit, best })?;
    }
    if !fits && viewer.signal.load(Ordering::Relaxed) == 0 {
        return Err(Failure::usage(Unsolvable::NothingFits));
    }
    Ok(())
}

/// How a frontier is printed.
#[derive(Clone, Copy)]
enum FrontierForm {
    Table,
    Json,
    Csv,
}

impl FrontierForm {
    fn of(args: &SolveArgs) -> FrontierForm {
        match (args.json, args.csv) {
            (true, _) => FrontierForm::Json,
            (_, true) => FrontierForm::Csv,
            _ => FrontierForm::Table,
        }
    }

    fn head(self, sweep: &Sweep) -> Option<String> {
        match self {
            FrontierForm::Json => None,
            FrontierForm::Csv => Some(
                "budget,limit,objective,score,bound,gap,proven,params,flops,layers,latency_ms,seconds,structure"
                    .to_owned(),
            ),
            FrontierForm::Table => Some(format!(
                "{:>10} {:>10} {:>10} {:>8} {:>9} {:>9} {:>6}  ms",
                sweep.budget.name(),
                "objective",
                "score",
                "gap",
                "params",
                "FLOPs",
                "layers"
            )),
        }
    }

    fn print(self, point: &Point) -> Result<(), Failure> {
        let best = &point.best;
        match self {
            FrontierForm::Json => json_line(point),
            // Structures have commas.
            FrontierForm::Csv => line(format!(
                "{},{},{},{},{},{},{},{},{},{},{},{:.3},\"{}\"",
                point.budget,
                point.limit,
                best.objective,
                best.score,
                best.bound,
                best.gap,
                best.proven,
                best.params,
                best.flops,
                best.layers,
                latencies(best, " "),
                best.seconds,
                best.structure
            )),
            FrontierForm::Table => line(format!(
                "{:>10} {:>10.4} {:>10.4} {:>8} {:>9} {:>9} {:>6}  {}",
                limit(point),
                best.objective,
                best.score,
                if best.proven { "proven".to_owned() } else { format!("{:.4}", best.gap) },
                compact(best.params),
                compact(best.flops),
                best.layers,
                latencies(best, ", ")
            )),
        }
    }
}

/// As people read it.
fn limit(point: &Point) -> String {
    let limit = Limit { budget: point.budget, most: point.limit };
    match point.budget.table() {
        Some(_) => milliseconds(limit.ms()),
        None => compact(point.limit),
    }
}

/// By each table.
fn latencies(best: &Line, between: &str) -> String {
    let each = best.latency_ms.as_slice().iter().map(|ms| milliseconds(*ms));
    each.collect::<Vec<String>>().join(between)
}
