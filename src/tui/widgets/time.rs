//! Where the time went, and what was thrown away.

use crate::{
    run::protocol::{Snapshot, TimeSpent, WorkerState},
    tui::{
        canvas::{Canvas, width},
        format,
        layout::{ChartRows, Columns},
        theme::{Depth, Role},
    },
};

/// What the panel says besides the snapshot.
pub struct Time<'a> {
    pub snapshot: &'a Snapshot,
    pub elapsed_ms: u64,
    /// Projected, where the search still runs.
    pub whole_ms: Option<u64>,
    /// What more of the budgets is worth, where nothing else says it.
    pub prices: Vec<(&'static str, String)>,
}

/// Thread time by kind, as shares of all of it.
fn shares(time: &TimeSpent) -> [(&'static str, f64, Role); 4] {
    let all = time.propose_ms + time.build_ms + time.score_ms + time.wait_ms;
    let share = |ms: f64| if all > 0.0 { ms / all } else { 0.0 };
    [
        ("propose", share(time.propose_ms), Role::K5),
        ("build", share(time.build_ms), Role::K7),
        ("score", share(time.score_ms), Role::Bar),
        ("wait", share(time.wait_ms), Role::Bar2),
    ]
}

/// `4 workers busy 97 %`, or who is left of them.
fn workers(snapshot: &Snapshot) -> String {
    let count = snapshot.workers.len();
    let lost = snapshot.workers.iter().filter(|w| **w == WorkerState::Lost).count();
    let idle = snapshot.workers.iter().all(|w| !matches!(w, WorkerState::Scoring { .. }));
    let who = match (lost, count) {
        (0, 1) => "1 worker".to_owned(),
        (0, _) => format!("{count} workers"),
        _ => format!("{} of {count}", count - lost),
    };
    let [_, (_, build, _), (_, score, _), (_, wait, _)] = shares(&snapshot.time);
    let score = build + score;
    if idle {
        format!("{who} waiting")
    } else if score + wait > 0.0 {
        format!("{who} busy {} %", format::share(score / (score + wait)))
    } else {
        who
    }
}

pub fn draw(canvas: &mut Canvas<'_>, at: Columns, rows: ChartRows, time: &Time<'_>) {
    let snapshot = time.snapshot;
    let who = workers(snapshot);
    if width(&who) + 6 <= at.width() {
        canvas.right(at.end, rows.title, who, Role::Muted);
    }
    let bottom = rows.labels;
    let shares = shares(&snapshot.time);
    bar(canvas, at, rows.body.first, &shares);
    let facts = facts(time);
    let reasons = reasons(snapshot);
    // What there is to say, then the reasons in full, then a blank row under the bar.
    let first = rows.body.first + 1;
    let room = usize::from(bottom.saturating_sub(first));
    let spare = room.saturating_sub(shares.len() + 1 + facts.len());
    let rejected = rejected(&reasons, usize::from(at.width().saturating_sub(10)), 1 + spare);
    let mut y = first + u16::from(spare + 1 > rejected.len());
    for (name, share, role) in shares {
        if y >= bottom {
            break;
        }
        let count = match name {
            "propose" => Some(snapshot.proposed),
            "score" => Some(snapshot.scored),
            _ => None,
        };
        share_row(canvas, (at, y), (name, share, role), snapshot);
        if let Some(count) = count {
            canvas.right(at.end, y, format::count(count), Role::Text);
        }
        y += 1;
        if name == "propose" {
            for (i, line) in rejected.iter().enumerate() {
                if y >= bottom {
                    break;
                }
                if i == 0 {
                    canvas.text(at.start + 2, y, "reject", Role::Muted);
                }
                canvas.right(at.end, y, line, Role::Text);
                y += 1;
            }
        }
    }
    for (name, value, role) in facts {
        if y >= bottom {
            break;
        }
        canvas.text(at.start + 2, y, name, Role::Muted);
        canvas.right(at.end, y, value, role);
        y += 1;
    }
    let now = format::span(time.elapsed_ms);
    canvas.runs(at.start, bottom, &[("now ", Role::Muted.into()), (&now, Role::Text.into())]);
    if let Some(whole) = time.whole_ms {
        let whole = format!("≈ {}", format::span(whole));
        let runs = [("whole run ", Role::Muted.into()), (whole.as_str(), Role::Text.into())];
        canvas.right_runs(at.end, bottom, &runs);
    }
}

fn share_row(
    canvas: &mut Canvas<'_>,
    (at, y): (Columns, u16),
    (name, share, role): (&str, f64, Role),
    snapshot: &Snapshot,
) {
    let glyph = if is_mono(canvas) { shade(role) } else { "■" };
    canvas.text(at.start, y, glyph, role);
    canvas.text(at.start + 2, y, name, Role::Muted);
    // A score in closed form is part of proposing; others without a draw take workers a moment.
    let analytic = snapshot.population.first().is_some_and(|m| m.score.is_analytic());
    if matches!(name, "build" | "score") && analytic && share == 0.0 {
        canvas.right(at.start + 18, y, format::NONE, Role::Faint);
    } else {
        let digits = format!("{:.1}", share * 100.0);
        canvas.right(at.start + 18, y, digits, Role::Text);
        canvas.text(at.start + 20, y, "%", Role::Faint);
    }
}

/// What became of the proposals that nobody scored, the commonest reason first.
fn reasons(snapshot: &Snapshot) -> Vec<(&str, u64)> {
    let by = snapshot.rejected.iter().filter(|(_, count)| *count > 0);
    let mut reasons: Vec<_> = by.map(|(name, count)| (reason(name), *count)).collect();
    // Budgets and constraints before the screen and what was known: those a person has set.
    let is_own = |name: &str| matches!(name, "screened" | "known");
    reasons.sort_by_key(|&(name, count)| (is_own(name), std::cmp::Reverse(count)));
    reasons
}

/// Why proposals were rejected, in at most `lines` lines of `room` cells.
fn rejected(reasons: &[(&str, u64)], room: usize, lines: usize) -> Vec<String> {
    if reasons.is_empty() {
        return vec!["0".to_owned()];
    }
    let mut told: Vec<String> = Vec::new();
    for (why, count) in reasons {
        let part = format!("{why} {}", format::compact(*count));
        let joined = told.last().map(|line| format!("{line} · {part}"));
        match joined.filter(|line| usize::from(width(line)) <= room) {
            Some(line) => *told.last_mut().expect("it was joined to") = line,
            None if told.len() < lines => told.push(part),
            None => {
                let last = told.last_mut().expect("there is room for a line");
                last.push_str(" …");
                break;
            }
        }
    }
    told
}

/// What else there is to say; what went wrong first: the rows may not suffice for all.
fn facts(time: &Time<'_>) -> Vec<(String, String, Role)> {
    let snapshot = time.snapshot;
    let mut facts = Vec::new();
    if snapshot.failed > 0 {
        facts.push(("failed".to_owned(), format::count(snapshot.failed), Role::Error));
    }
    if snapshot.dropped_events > 0 {
        let count = format::count(snapshot.dropped_events);
        facts.push(("events not shown".to_owned(), count, Role::Warn));
    }
    facts.extend(tiers(snapshot));
    let prices = time.prices.iter();
    facts.extend(prices.map(|(what, worth)| ((*what).to_owned(), worth.clone(), Role::Text)));
    facts
}

/// How far the analytic score and the measured one agree, what the screen lets through for that, and
/// what was scored again.
fn tiers(snapshot: &Snapshot) -> Vec<(String, String, Role)> {
    let mut rows = Vec::new();
    if let Some(screen) = &snapshot.screening {
        let gate = format!("{} % kept", format::share(screen.share));
        let doubted =
            screen.share > screen.keep || screen.agreement.is_some_and(|t| t < screen.floor);
        let agreement = match screen.agreement {
            None => gate,
            Some(tau) => format!("τ {tau:.2} · {gate}"),
        };
        let role = if doubted { Role::Warn } else { Role::Text };
        rows.push(("screen".to_owned(), agreement, role));
    }
    if let Some(optimum) = &snapshot.optimum {
        let bound = format::short_score(optimum.bound);
        let best = optimum.best.map_or_else(|| "–".to_owned(), format::short_score);
        rows.push(("analytic".to_owned(), format!("{best} of ≤ {bound}"), Role::Text));
    }
    if let Some(ending) = snapshot.ending {
        rows.push((ending.words().to_owned(), String::new(), Role::Text));
    }
    if snapshot.rescored > 0 {
        rows.push(("scored again".to_owned(), format::count(snapshot.rescored), Role::Text));
    }
    rows
}

/// Budgets as the rest of the screen calls them.
fn reason(name: &str) -> &str {
    match name {
        "duplicate" => "known",
        "layers" => "depth",
        "flops" => "FLOPs",
        "bottleneck_ratio" => "bottleneck",
        "non_decreasing" => "decreasing",
        "out_ratio" => "out/in",
        "stage_depth" => "stage depth",
        other => other,
    }
}

/// Without colours, shades of one glyph tell the parts of the bar apart.
fn shade(role: Role) -> &'static str {
    match role {
        Role::Bar => "█",
        Role::Bar2 => "░",
        Role::K7 => "▓",
        _ => "▒",
    }
}

fn is_mono(canvas: &Canvas<'_>) -> bool {
    canvas.theme().depth() == Depth::Mono
}

fn bar(canvas: &mut Canvas<'_>, at: Columns, y: u16, shares: &[(&str, f64, Role)]) {
    let mut x = at.start;
    let mut sum = 0.0;
    for &(_, share, role) in shares {
        sum += share;
        let end = at.start + (sum * f64::from(at.width())).round() as u16;
        while x < end.min(at.end + 1) {
            x = canvas.text(x, y, if is_mono(canvas) { shade(role) } else { "█" }, role);
        }
    }
    while x <= at.end {
        x = canvas.text(x, y, if is_mono(canvas) { " " } else { "█" }, Role::Track);
    }
}

/// The workers, a square each, and what they do.
pub fn workers_panel(
    canvas: &mut Canvas<'_>,
    at: Columns,
    rows: ChartRows,
    states: &[WorkerState],
) {
    canvas.text(at.start, rows.title, "Workers", Role::Strong.bold());
    canvas.right(at.end, rows.title, states.len().to_string(), Role::Text);
    let per_row = usize::from(at.width().div_ceil(2)).max(1);
    let square_rows = usize::from(rows.body.height().saturating_sub(4));
    for (line, chunk) in states.chunks(per_row).take(square_rows).enumerate() {
        for (i, state) in chunk.iter().enumerate() {
            let (glyph, role) = match state {
                WorkerState::Scoring { .. } => ("■", Role::Bar),
                WorkerState::Waiting => ("■", Role::Track),
                WorkerState::Lost => ("○", Role::Error),
            };
            canvas.text(at.start + 2 * i as u16, rows.body.first + line as u16, glyph, role);
        }
    }
    let count = |is: fn(&WorkerState) -> bool| states.iter().filter(|s| is(s)).count();
    let scoring = count(|s| matches!(s, WorkerState::Scoring { .. }));
    let waiting = count(|s| matches!(s, WorkerState::Waiting));
    let lost = count(|s| matches!(s, WorkerState::Lost));
    let first = rows.body.last.saturating_sub(2);
    let lines = [
        ("scoring", scoring, Role::Text),
        ("waiting", waiting, Role::Text),
        ("lost", lost, Role::Error),
    ];
    for ((name, count, role), y) in lines.into_iter().zip(first..) {
        if count > 0 || role != Role::Error {
            canvas.text(at.start, y, name, Role::Muted);
            canvas.right(at.start + 12, y, count.to_string(), role);
        }
    }
}
