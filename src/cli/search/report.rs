//! What a search prints: a line while it runs, its result; for people and as JSON. Must not know how it is
//! followed. Invariant: the keys of the JSON objects stay what they are.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    arch::Structure,
    cli::{
        Failure, front as table,
        output::{compact, line, score},
    },
    run::{
        FrontRow, LatencyPrediction, front,
        protocol::{Ending, Finished, Member, Optimum, Phase, Reason, Screening, Snapshot, Winner},
    },
    score::{MeanStd, standard_error},
    space::{Objectives, Preset},
    text::grouped,
};

pub(super) fn progress_text(snapshot: &Snapshot) -> String {
    let best = snapshot.population.first();
    let best =
        best.map_or("–".to_owned(), |m| format!("{} #{}", score(m.score.value), grouped(m.id)));
    let doing = match snapshot.phase {
        Phase::Starting => "starting".to_owned(),
        Phase::Running if let Some(ending) = snapshot.ending => ending.words().to_owned(),
        Phase::Running => {
            let left = snapshot.iterations.saturating_sub(snapshot.proposed);
            let seconds = left as f64 / snapshot.proposed_per_s;
            let left = if seconds.is_finite() {
                format!("   ≈ {seconds:.0} s left")
            } else {
                String::new()
            };
            format!("{:.1}/s scored{left}", snapshot.scored_per_s)
        }
        Phase::Pausing | Phase::Paused => "paused".to_owned(),
        Phase::Confirming { done, total } => format!("confirming {done} of {total}"),
        Phase::Finished => "finished".to_owned(),
    };
    format!(
        "{} of {} proposed   {} scored   best {best}   {doing}",
        grouped(snapshot.proposed),
        grouped(snapshot.iterations),
        grouped(snapshot.scored),
    )
}

#[derive(Serialize)]
pub(super) struct Progress<'a> {
    event: &'static str,
    phase: &'static str,
    proposed: u64,
    iterations: u64,
    scored: u64,
    failed: u64,
    rescored: u64,
    rejected: BTreeMap<&'a str, u64>,
    /// Share of the children that is measured, and how far the tiers agree; null without a screen.
    screen: Option<Screening>,
    /// Standard deviation of one draw, once some were drawn again.
    noise: Option<f64>,
    /// The least upper bound of the analytic score that is known.
    bound: Option<f64>,
    /// Whether the best are being climbed by the analytic score.
    climbing: bool,
    /// Whether the best structure of the best's shape is being solved for.
    polishing: bool,
    best: Option<ProgressBest>,
    /// Best score first; only where more than the score counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    front: Option<Vec<FrontRow>>,
    proposed_per_s: f64,
    scored_per_s: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct ProgressBest {
    id: u64,
    score: f64,
}

impl<'a> Progress<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, objectives: &Objectives) -> Progress<'a> {
        let best = snapshot.population.first();
        Progress {
            event: "progress",
            phase: snapshot.phase.name(),
            proposed: snapshot.proposed,
            iterations: snapshot.iterations,
            scored: snapshot.scored,
            failed: snapshot.failed,
            rescored: snapshot.rescored,
            rejected: rejected(snapshot),
            screen: snapshot.screening,
            noise: snapshot.noise,
            bound: snapshot.optimum.as_ref().map(|optimum| optimum.bound),
            climbing: snapshot.ending == Some(Ending::Climbing),
            polishing: snapshot.ending == Some(Ending::Polishing),
            best: best.map(|m| ProgressBest { id: m.id, score: m.score.value }),
            front: front_of(snapshot, objectives),
            proposed_per_s: snapshot.proposed_per_s,
            scored_per_s: snapshot.scored_per_s,
            seconds: seconds(snapshot),
        }
    }
}

/// Who is on the first front; none where the score alone counts.
fn front_of(snapshot: &Snapshot, objectives: &Objectives) -> Option<Vec<FrontRow>> {
    (!objectives.is_score_alone()).then(|| front(&snapshot.population, objectives))
}

fn rejected(snapshot: &Snapshot) -> BTreeMap<&str, u64> {
    snapshot.rejected.iter().map(|(why, n)| (why.as_str(), *n)).collect()
}

fn seconds(snapshot: &Snapshot) -> f64 {
    (snapshot.elapsed_ms + snapshot.confirm_ms) as f64 / 1e3
}

#[derive(Serialize)]
pub(super) struct FinishedLine<'a> {
    event: &'static str,
    /// What the search went by.
    proxy: &'a str,
    /// What the confirmation went by.
    #[serde(skip)]
    judge: &'a str,
    #[serde(skip)]
    objectives: &'a Objectives,
    best: Option<Best>,
    /// Best score first; only where more than the score counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    front: Option<Vec<FrontRow>>,
    iterations: u64,
    proposed: u64,
    scored: u64,
    failed: u64,
    rescored: u64,
    rejected: BTreeMap<&'a str, u64>,
    screen: Option<Screening>,
    /// How good a structure of the space can be by the analytic score, and how good the search's best
    /// is; null where that is not known.
    optimum: Option<OptimumLine<'a>>,
    /// Standard deviation of one of the search's draws, and of the scores of its population.
    noise: Option<f64>,
    spread: Option<f64>,
    seconds: f64,
    reason: Reason,
}

/// By the analytic score. Without what a sub-layer is worth: when that is known, a clock decides.
#[derive(Serialize)]
struct OptimumLine<'a> {
    bound: f64,
    proven: bool,
    structure: Option<&'a Structure>,
    /// Of the search's best.
    best: Option<f64>,
    gap: Option<f64>,
}

impl<'a> OptimumLine<'a> {
    fn new(optimum: &'a Optimum) -> OptimumLine<'a> {
        let &Optimum { bound, proven, best, .. } = optimum;
        let structure = optimum.structure();
        OptimumLine { bound, proven, structure, best, gap: optimum.gap() }
    }
}

#[derive(Serialize)]
struct Best {
    id: u64,
    structure: String,
    score: f64,
    params: u64,
    flops: u64,
    layers: u32,
    /// By each latency table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latency: Vec<LatencyPrediction>,
    confirmed: Option<ConfirmedBest>,
    /// Finalists that the draws could not tell from it.
    ties: Vec<Tie>,
}

#[derive(Serialize)]
struct Tie {
    id: u64,
    structure: String,
}

#[derive(Serialize)]
struct ConfirmedBest {
    mean: f64,
    std: Option<f64>,
    repeats: u32,
}

impl<'a> FinishedLine<'a> {
    pub(super) fn new(
        finished: &Finished,
        snapshot: &'a Snapshot,
        preset: &'a Preset,
        (proxy, judge): (&'a str, &'a str),
    ) -> FinishedLine<'a> {
        let best = |winner: &Winner| Best {
            id: winner.member.id,
            structure: winner.member.structure.to_string(),
            score: winner.member.score.value,
            params: winner.member.costs.params,
            flops: winner.member.costs.flops,
            layers: winner.member.costs.layers,
            latency: Vec::new(),
            confirmed: winner.confirmed.map(|c| ConfirmedBest {
                mean: c.mean,
                std: c.std,
                repeats: winner.repeats,
            }),
            ties: winner.ties.iter().map(|member| tie(member)).collect(),
        };
        let population: Vec<f64> = snapshot.population.iter().map(|m| m.score.value).collect();
        FinishedLine {
            event: "finished",
            proxy,
            judge,
            objectives: &preset.search.minimise,
            front: front_of(snapshot, &preset.search.minimise),
            best: finished.winner.as_ref().map(best),
            iterations: snapshot.iterations,
            proposed: snapshot.proposed,
            scored: snapshot.scored,
            failed: snapshot.failed,
            rescored: snapshot.rescored,
            rejected: rejected(snapshot),
            screen: snapshot.screening,
            optimum: snapshot.optimum.as_deref().map(OptimumLine::new),
            noise: snapshot.noise,
            spread: MeanStd::of(&population).std,
            seconds: seconds(snapshot),
            reason: finished.reason,
        }
    }
}

impl FinishedLine<'_> {
    /// What the tables say of the best.
    pub(super) fn set_latency(&mut self, latency: Vec<LatencyPrediction>) {
        self.best.iter_mut().for_each(|best| best.latency.clone_from(&latency));
    }
}

fn tie(member: &Member) -> Tie {
    Tie { id: member.id, structure: member.structure.to_string() }
}

pub(super) fn print_result(result: &FinishedLine) -> Result<(), Failure> {
    line(format!(
        "{} of {} proposed, {} scored in {:.1} s ({})",
        grouped(result.proposed),
        grouped(result.iterations),
        grouped(result.scored),
        result.seconds,
        result.reason.name()
    ))?;
    let Some(best) = &result.best else {
        return Ok(());
    };
    let confirmed = match &best.confirmed {
        Some(ConfirmedBest { mean, std: Some(std), repeats }) => {
            let error = score(standard_error(*std, *repeats));
            let by = match result.judge == result.proxy {
                true => String::new(),
                false => format!(" by {}", result.judge),
            };
            let mean = score(*mean);
            format!("confirmed {mean} ±{error}{by} (standard error of {repeats} draws)")
        }
        _ => "not confirmed".to_owned(),
    };
    line(format!(
        "best #{}: {} by {} as searched, {confirmed}; {} params, {} FLOPs, {} sub-layers",
        grouped(best.id),
        score(best.score),
        result.proxy,
        compact(best.params),
        compact(best.flops),
        best.layers
    ))?;
    for by in &best.latency {
        line(by.text())?;
    }
    if !best.ties.is_empty() {
        let ids: Vec<String> = best.ties.iter().map(|t| format!("#{}", grouped(t.id))).collect();
        line(format!("within the noise of it: {}", ids.join(", ")))?;
    }
    if let (Some(noise), Some(spread)) = (result.noise, result.spread) {
        let verdict = match noise > spread {
            true => "more than the population's spread of",
            false => "the population's spread is",
        };
        let (noise, spread) = (score(noise), score(spread));
        line(format!("one draw's noise is ±{noise}, {verdict} {spread}"))?;
    }
    if let Some(Screening { agreement: Some(tau), pairs, share, .. }) = result.screen {
        line(format!(
            "the screen measured {:.1} % of the children at the end; it agreed with the measurements \
             by τ = {tau:.2} over the last {pairs}",
            100.0 * share
        ))?;
    }
    if let Some(text) = result.optimum.as_ref().and_then(optimum_text) {
        line(text)?;
    }
    if let Some(rows) = &result.front {
        table::print(rows, result.objectives, "zendo runs front RUN has all")?;
    }
    line(&best.structure)
}

/// How far the search's best is from the best there is.
fn optimum_text(optimum: &OptimumLine) -> Option<String> {
    let (best, gap) = (optimum.best?, optimum.gap?);
    let bound = optimum.bound;
    let percent = 100.0 * gap / bound.abs();
    let proven = if optimum.proven { "the proven optimum" } else { "an upper bound" };
    Some(format!(
        "its analytic score is {best:.2} of at most {bound:.2}, {gap:.2} ({percent:.1} %) below \
         {proven}; what was measured stays the judge"
    ))
}
