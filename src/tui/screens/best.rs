//! The best network: its ribs, what it costs of what it may.

use crate::{
    run::protocol::{Member, Optimum},
    score::standard_error,
    space::Budget,
    text::milliseconds,
    tui::{
        canvas::{Canvas, cut, width},
        format::{self, Unit},
        layout::{Columns, Rows},
        model::Search,
        theme::{Ink, Role},
        widgets::{
            gauge::{Tone, gauge},
            ribs::{self, FullColumns, RibColumns},
        },
    },
};

/// Cells that still tell a table by its name.
const NAMED: u16 = 8;
/// From this width on there is room for a rib a sub-layer.
const FULL_WIDTH: u16 = 64;

/// Title, ribs and facts in a side panel.
pub fn draw(search: &Search, canvas: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    title(search, canvas, at, rows.first);
    let Some(best) = search.best() else {
        canvas.text(at.start, rows.first + 2, "none yet", Role::Faint);
        return;
    };
    let facts = facts(search, best);
    let count = facts.len() as u16;
    let resolution = search.spec.preset.space.resolution;
    let last = rows.last.saturating_sub(count + 1);
    let end = if at.width() >= FULL_WIDTH {
        let rows = Rows { first: rows.first + 2, last };
        ribs::full(canvas, FullColumns { x: at.start }, rows, &best.structure, resolution)
    } else {
        heads(canvas, at, rows.first + 1);
        let rows = Rows { first: rows.first + 2, last };
        ribs::compact(canvas, RibColumns::compact(at.start), rows, &best.structure, resolution)
    };
    // The facts stay where they are while the network above them grows and shrinks.
    let wished = rows.last.saturating_sub(count.max(5) + 1).max(end + 1);
    let first = wished.min((rows.last + 1).saturating_sub(count));
    for (fact, y) in facts.into_iter().zip(first..=rows.last) {
        fact.draw(canvas, at, y);
    }
}

/// The same in the lower left of a smaller screen.
pub fn brief(search: &Search, canvas: &mut Canvas<'_>, (at, rows): (Columns, Rows)) {
    title(search, canvas, at, rows.first);
    let Some(best) = search.best() else {
        canvas.text(at.start, rows.first + 2, "none yet", Role::Faint);
        return;
    };
    heads(canvas, at, rows.first + 1);
    let ribs = Rows { first: rows.first + 2, last: rows.last.saturating_sub(1) };
    let columns = RibColumns::compact(at.start);
    ribs::compact(canvas, columns, ribs, &best.structure, search.spec.preset.space.resolution);
    let budget = &search.spec.preset.budget;
    let costs = &best.costs;
    let latency = budget.latencies()[0].and_then(|by| by.ms).zip(costs.latency_ms.get(0));
    let cost = match (latency, budget.params) {
        (Some((max, ms)), _) => format!("{} of {max} ms", milliseconds(ms)),
        (None, Some(max)) => {
            let unit = Unit::for_up_to(max.0);
            format!("{} of {}", unit.text(costs.params), unit.text(max.0))
        }
        (None, None) => format!("{} params", format::size(costs.params)),
    };
    canvas.text(at.start, rows.last, cost, Role::Text);
    let depth = match budget.layers {
        Some(max) => format!("{} of {max} deep", costs.layers),
        None => format!("{} deep", costs.layers),
    };
    canvas.right(at.end, rows.last, depth, Role::Text);
}

fn heads(canvas: &mut Canvas<'_>, at: Columns, y: u16) {
    canvas.text(at.start, y, "map", Role::Muted);
    canvas.right(at.start + 29, y, "out", Role::Muted);
    canvas.right(at.start + 33, y, "btl", Role::Muted);
    canvas.right(at.start + 35, y, "×", Role::Muted);
}

/// The best's score as it is known: measured again where that was done.
pub fn score_runs(search: &Search, best: &Member) -> Vec<(String, Ink)> {
    let winner = search.finished.as_ref().and_then(|f| f.winner.as_ref());
    let confirmed = winner.and_then(|w| Some((w.confirmed?, w.repeats)));
    match confirmed {
        Some((score, repeats)) => {
            let margin = score.std.map(|std| standard_error(std, repeats));
            let noise = margin.map_or_else(String::new, |m| format!(" {}", format::noise(m)));
            vec![
                (format::score(score.mean), Role::Best.bold()),
                (noise, Role::Faint.into()),
                (" ✓".to_owned(), Role::Good.into()),
            ]
        }
        None => searched_runs(search, best, Role::Best.bold()),
    }
}

/// A candidate's score as the table has it.
pub fn searched_runs(search: &Search, member: &Member, ink: Ink) -> Vec<(String, Ink)> {
    let score = &member.score;
    let known = search.snapshot.as_ref().and_then(|s| s.noise).or(score.std);
    let noise = known.filter(|_| !score.is_analytic());
    let noise = noise.map(|std| format!(" {}", format::noise(standard_error(std, score.repeats))));
    vec![(format::score(score.value), ink), (noise.unwrap_or_default(), Role::Faint.into())]
}

fn title(search: &Search, canvas: &mut Canvas<'_>, at: Columns, y: u16) {
    let x = canvas.text(at.start, y, "Best", Role::Strong.bold());
    if let Some(best) = search.best() {
        let x = canvas.text(x + 2, y, format::id(best.id), Role::Muted);
        if at.width() >= FULL_WIDTH {
            canvas.text(x + 2, y, format!("generation {}", best.generation), Role::Muted);
        }
        let runs = score_runs(search, best);
        let runs: Vec<(&str, Ink)> = runs.iter().map(|(text, ink)| (text.as_str(), *ink)).collect();
        canvas.right_runs(at.end, y, &runs);
    }
}

/// A line under the ribs.
enum Fact {
    /// A cost with its limit.
    Budget { name: &'static str, share: f64, value: String, limit: String },
    /// One or two values without.
    Plain(Vec<(&'static str, String)>),
    /// Where nine in ten networks of a latency are, who says so, and how much of it no measurement says.
    Interval { between: String, by: String, beyond: Option<String> },
    /// A net from the literature, by its costs.
    Published { name: String, costs: String },
}

fn facts(search: &Search, best: &Member) -> Vec<Fact> {
    let budget = &search.spec.preset.budget;
    let costs = &best.costs;
    let mut limited = Vec::new();
    let mut plain: Vec<(&'static str, String)> = Vec::new();
    let sized = [
        ("params", costs.params, budget.params.map(|s| s.0)),
        ("FLOPs", costs.flops, budget.flops.map(|s| s.0)),
    ];
    for (name, value, max) in sized {
        match max {
            Some(max) => {
                let unit = Unit::for_up_to(max);
                let share = value as f64 / max as f64;
                let (value, limit) = (unit.text(value), unit.text(max));
                limited.push(Fact::Budget { name, share, value, limit });
            }
            None => plain.push((name, format::size(value))),
        }
    }
    match budget.layers {
        Some(max) => limited.push(Fact::Budget {
            name: "depth",
            share: f64::from(costs.layers) / f64::from(max),
            value: costs.layers.to_string(),
            limit: max.to_string(),
        }),
        None => plain.push(("depth", costs.layers.to_string())),
    }
    if let Some(max) = budget.activation {
        limited.push(Fact::Budget {
            name: "activation",
            share: costs.activation_bytes as f64 / max.0 as f64,
            value: format::bytes(costs.activation_bytes),
            limit: format::bytes(max.0),
        });
    }
    limited.extend(latencies(search, best));
    let optimum = search.snapshot.as_ref().and_then(|s| s.optimum.as_deref());
    // Of Zen-Scores: they say nothing of others.
    if let Some(optimum) = optimum.filter(|_| search.spec.scores_zen()) {
        let prices = prices(optimum);
        limited.extend((!prices.is_empty()).then_some(Fact::Plain(prices)));
    }
    if let Some(log_delta) = best.score.log_delta {
        plain.push(("log Δ", format::score(log_delta)));
    }
    let mut facts = limited;
    let mut rest = plain.into_iter().peekable();
    while rest.peek().is_some() {
        facts.push(Fact::Plain(rest.by_ref().take(2).collect()));
    }
    if let Some(published) = &search.published {
        let (params, flops) =
            (format::size(published.costs.params), format::size(published.costs.flops));
        let costs = format!("{params} {flops} L {}", published.costs.layers);
        facts.push(Fact::Published { name: published.name.clone(), costs });
    }
    facts
}

/// By each latency table: the milliseconds, with their interval and whose they are where that is known.
fn latencies(search: &Search, best: &Member) -> Vec<Fact> {
    let budgets = search.spec.preset.budget.latencies().into_iter().flatten();
    let predicted = search.predictions.of(&best.structure);
    let mut facts = Vec::new();
    for (table, (budget, of)) in budgets.zip(Budget::LATENCIES).enumerate() {
        let name = of.name();
        let Some(ms) = best.costs.latency_ms.get(table) else { continue };
        facts.push(match budget.ms {
            Some(max) => Fact::Budget {
                name,
                share: ms / max,
                value: milliseconds(ms),
                limit: format!("{max} ms"),
            },
            None => Fact::Plain(vec![(name, format!("{} ms", milliseconds(ms)))]),
        });
        if let Some(by) = predicted.get(table) {
            let [low, high] = [by.low_ms, by.high_ms].map(milliseconds);
            let beyond = by.extrapolated_percent();
            facts.push(Fact::Interval {
                between: format!("{low} to {high}"),
                by: format!("{}, {}", by.table, by.timed()),
                beyond: beyond.map(|percent| format!("{percent:.0} % extrapolated ")),
            });
        }
    }
    facts
}

/// What more of the budgets would be worth at the optimum.
pub fn prices(optimum: &Optimum) -> Vec<(&'static str, String)> {
    let budget = optimum.prices.first().map(|price| {
        let name = match price.budget {
            Budget::Flops => "+100M",
            Budget::Latency | Budget::Latency2 | Budget::Latency3 => "+.01 ms",
            Budget::Params | Budget::Layers | Budget::Activation => "+100k",
        };
        (name, format::signed(price.score))
    });
    let layer = optimum.layer_price.plus.map(|plus| ("one more layer", format::signed(plus)));
    budget.into_iter().chain(layer).collect()
}

impl Fact {
    fn draw(&self, canvas: &mut Canvas<'_>, at: Columns, y: u16) {
        // On a wide panel a line of facts is no wider than it need be.
        let end = at.end.min(at.start + 46);
        match self {
            Fact::Budget { name, share, value, limit } => {
                canvas.text(at.start, y, *name, Role::Muted);
                let text = format!(" of {limit}");
                canvas.right_runs(
                    end,
                    y,
                    &[(value, Role::Text.into()), (&text, Role::Muted.into())],
                );
                let free = end.saturating_sub(width(value) + width(&text));
                // A fixed length, so that gauges under each other compare.
                let bar = Columns {
                    start: at.start + (width(name) + 1).max(9),
                    end: (end - 17).min(free.saturating_sub(1)),
                };
                if bar.width() >= 4 {
                    gauge(canvas, bar, y, *share, Tone::Budget);
                }
            }
            Fact::Plain(values) => {
                for (i, (name, value)) in values.iter().enumerate() {
                    match i {
                        0 => {
                            canvas.text(at.start, y, *name, Role::Muted);
                            canvas.text(at.start + 9, y, value, Role::Text);
                        }
                        _ => {
                            let name = format!("{name} ");
                            let runs =
                                [(name.as_str(), Role::Muted.into()), (value, Role::Text.into())];
                            canvas.right_runs(end, y, &runs);
                        }
                    }
                }
            }
            Fact::Interval { between, by, beyond } => {
                canvas.right(end, y, between, Role::Text);
                let last = end.saturating_sub(width(between) + 1);
                let room = |x: u16| last.saturating_sub(x);
                let beyond = beyond.as_deref().unwrap_or_default();
                let x = canvas.text(at.start, y, cut(beyond, room(at.start)), Role::Warn);
                if room(x) >= NAMED {
                    canvas.text(x, y, cut(by, room(x)), Role::Faint);
                }
            }
            Fact::Published { name, costs } => {
                canvas.right(end, y, costs, Role::Muted);
                let room = (end - at.start).saturating_sub(width(costs) + 1);
                canvas.text(at.start, y, cut(name, room), Role::Muted);
            }
        }
    }
}
