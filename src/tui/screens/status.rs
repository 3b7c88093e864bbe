//! How the run is: its state, how far it is, how fast, in one line. Must not change anything. Invariant: the
//! state is said at every width.

use super::chrome::{Runs, put, run, width_of};
use crate::{
    run::{
        Standing,
        protocol::{Phase, Reason},
    },
    tui::{
        canvas::Canvas,
        format,
        layout::Columns,
        model::{Model, Search},
        theme::Role,
        widgets::gauge,
    },
};

/// The state: glyph, word, what it is about.
pub fn state(search: &Search, now_ms: u64) -> (&'static str, Role, &'static str, String) {
    let none = String::new();
    if let Some(lost) = &search.lost {
        let word = if lost.is_gone() { "interrupted" } else { "host lost" };
        return ("○", Role::Warn, word, none);
    }
    if let Some(finished) = &search.finished {
        return match finished.reason {
            Reason::Failed => ("✗", Role::Error, "failed", none),
            Reason::Interrupted => ("○", Role::Warn, "interrupted", none),
            Reason::Iterations | Reason::MaxScored | Reason::Stopped => {
                ("✓", Role::Good, "finished", none)
            }
        };
    }
    match search.kept.as_ref().map(|kept| &kept.standing) {
        Some(Standing::Elsewhere { host, .. }) => {
            return ("●", Role::Muted, "elsewhere", format!(" on {host}"));
        }
        Some(_) => return ("○", Role::Warn, "interrupted", none),
        None => {}
    }
    if search.is_over() {
        return ("✗", Role::Error, "ended", none);
    }
    let workers = search.snapshot.as_ref().map_or(0, |s| s.workers.len());
    let lost = search.lost_workers();
    match search.phase() {
        Phase::Starting => ("○", Role::Muted, "starting", none),
        Phase::Running | Phase::Pausing
            if let Some((told, of)) = search.snapshot.as_ref().and_then(|s| s.renewal) =>
        {
            let [told, of] = [told, of].map(|n| format::count(n as u64));
            ("●", Role::Warn, "re-scoring", format!(" {told} of {of}"))
        }
        Phase::Running if lost > 0 => {
            ("▲", Role::Warn, "running", format!(" {} of {workers}", workers - lost))
        }
        Phase::Running => ("●", Role::Good, "running", none),
        Phase::Pausing => ("‖", Role::Warn, "pausing", none),
        Phase::Paused => {
            let minutes = search.paused_at_ms.map_or(0, |at| now_ms.saturating_sub(at) / 60_000);
            let since = if minutes > 0 { format!(" by you, {minutes}m") } else { " by you".into() };
            ("‖", Role::Warn, "paused", since)
        }
        Phase::Confirming { done, total } => {
            ("●", Role::Good, "confirming", format!(" {done} of {total}"))
        }
        Phase::Finished => ("✓", Role::Good, "finished", none),
    }
}

/// How far the search, or its confirmation, has come.
pub fn share(search: &Search) -> f64 {
    let (done, total) = match (search.phase(), &search.snapshot) {
        (Phase::Confirming { done, total }, _) => (u64::from(done), u64::from(total)),
        (_, Some(s)) => (s.proposed, s.iterations),
        (_, None) => (0, 1),
    };
    if total == 0 { 0.0 } else { done as f64 / total as f64 }
}

/// A fact at the right of the status line.
struct Fact {
    runs: Runs,
    /// The lowest leaves first when it gets narrow.
    worth: u8,
}

fn fact(worth: u8, name: &str, value: String) -> Fact {
    Fact { runs: vec![run(name, Role::Muted), run(value, Role::Text)], worth }
}

/// None while the rate is not known.
fn rate(worth: u8, value: f64, name: &str) -> Option<Fact> {
    let text = format!("{:>6}", format::rate(value));
    (value > 0.0).then(|| Fact { runs: vec![run(text, Role::Text), run(name, Role::Muted)], worth })
}

/// The facts in the order they stand in.
fn facts(model: &Model, search: &Search, words: Words) -> Vec<Fact> {
    let mut facts = known_facts(model, search, words);
    if search.kept.is_some() {
        facts.push(fact(5, "read only", String::new()));
    }
    facts
}

fn known_facts(model: &Model, search: &Search, words: Words) -> Vec<Fact> {
    let Some(s) = &search.snapshot else {
        return Vec::new();
    };
    if let Some(finished) = &search.finished {
        let mut facts = vec![
            fact(0, reason(finished.reason), String::new()),
            fact(2, "took ", format::span(s.elapsed_ms)),
        ];
        if s.confirm_ms > 0 {
            facts.push(fact(1, "confirmed in ", format::span(s.confirm_ms)));
        }
        return facts;
    }
    if let Some(lost) = &search.lost {
        let ago = format::span(model.now_ms.saturating_sub(lost.heard_at_ms));
        return vec![fact(3, "last heard ", format!("{ago} ago"))];
    }
    let elapsed = fact(2, "elapsed ", format::span(search.elapsed_ms(model.now_ms)));
    if search.is_over() {
        return vec![elapsed];
    }
    let left = search.left_ms(model.now_ms).map(|ms| fact(4, "left ", format::span(ms)));
    let mut facts = Vec::new();
    match search.phase() {
        Phase::Running if s.proposed > 0 && words == Words::Short => {
            facts.extend(rate(3, search.rates.scored, ""));
        }
        Phase::Running if s.proposed > 0 => {
            let rejected: u64 = s.rejected.iter().map(|(_, count)| count).sum();
            let accepted = s.proposed.saturating_sub(rejected) as f64 / s.proposed as f64;
            facts.extend(rate(1, search.rates.proposed, " proposed"));
            facts.extend(rate(3, search.rates.scored, " scored"));
            facts.push(fact(0, "accepted ", format::percent(accepted)));
            facts.push(elapsed);
        }
        Phase::Starting | Phase::Running | Phase::Pausing | Phase::Paused => facts.push(elapsed),
        Phase::Confirming { .. } | Phase::Finished => {
            facts.push(fact(2, "searched for ", format::span(s.elapsed_ms)));
        }
    }
    facts.extend(left);
    facts
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Iterations => "all iterations done",
        Reason::MaxScored => "enough were scored",
        Reason::Stopped => "stopped by you",
        Reason::Failed => "ended by a failure",
        Reason::Interrupted => "told to end, and goes on later",
    }
}

/// Shortest gauge that says something.
const MIN_GAUGE: u16 = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Words {
    Long,
    Short,
}

/// State, count, gauge, percent, and as many facts as leave the gauge its room.
pub fn draw(model: &Model, search: &Search, canvas: &mut Canvas<'_>, words: Words) {
    let w = canvas.area().width;
    let (glyph, role, word, about) = state(search, model.now_ms);
    let mut left = vec![run(glyph, role), run(" ", Role::Text), run(word, Role::Strong.bold())];
    left.push(run(about, if role == Role::Good { Role::Text } else { role }));
    if let Some(s) = search.snapshot.as_ref().filter(|_| !is_confirming(search)) {
        left.push(run(format!("   {}", format::count(s.proposed)), Role::Strong));
        left.push(run(format!(" of {}", format::count(s.iterations)), Role::Muted));
    }
    let x = put(canvas, 2, 1, &left);
    let mut facts = facts(model, search, words);
    let wide = |facts: &[Fact]| facts.iter().map(|f| width_of(&f.runs) + 3).sum::<u16>();
    while facts.len() > 1 && x + 16 + MIN_GAUGE + wide(&facts) > w {
        let least = facts.iter().enumerate().min_by_key(|(_, fact)| fact.worth);
        facts.remove(least.expect("there are two or more").0);
    }
    let mut at = (w + 1).saturating_sub(wide(&facts));
    let percent_end = at.saturating_sub(6);
    for fact in &facts {
        at = put(canvas, at, 1, &fact.runs) + 3;
    }
    if search.snapshot.is_none() || percent_end < x + 12 {
        return;
    }
    let gauge_at = Columns { start: x + 2, end: percent_end.saturating_sub(8) };
    gauge::gauge(canvas, gauge_at, 1, share(search), gauge::Tone::Progress);
    percent(canvas, percent_end, 1, share(search));
}

pub fn percent(canvas: &mut Canvas<'_>, end: u16, y: u16, share: f64) {
    let text = format::percent(share);
    let digits = text.trim_end_matches(" %");
    canvas.right_runs(end, y, &[(digits, Role::Strong.into()), (" %", Role::Faint.into())]);
}

pub fn is_confirming(search: &Search) -> bool {
    matches!(search.phase(), Phase::Confirming { .. })
}
