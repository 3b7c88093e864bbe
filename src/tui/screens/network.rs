//! One network: what it is and costs, its blocks as ribs with what each adds, the layers of one.

use super::{
    best,
    chrome::{self, Panels, Runs, put, run, width_of},
    search as whole,
    status::{self, Words},
};
use crate::{
    anatomy::{Anatomy, BlockPart},
    arch::BlockKind,
    run::LatencyPrediction,
    text::milliseconds,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format,
        keymap::{Context, Intent},
        layout::{Columns, Rows},
        model::{Model, Net, Share, Shown},
        theme::Role,
        widgets::{
            diagram::{self, Diagram, DiagramColumns, Spot},
            fold::Fold,
            layers::{self, Layers},
        },
    },
};

/// The network that is shown, taken apart.
struct Subject<'a> {
    model: &'a Model,
    net: Net,
    anatomy: Anatomy,
    spot: Spot,
}

impl Subject<'_> {
    fn of(model: &Model) -> Option<Subject<'_>> {
        let net = model.shown_net()?;
        let anatomy = Anatomy::of(&net.structure, &model.view_of(&net));
        // The best may have changed to one with fewer blocks.
        let block = model.network.block.min(anatomy.blocks.len() - 1);
        let last = anatomy.blocks[block].block.sub_layers - 1;
        let spot = Spot { block, sub_layer: model.network.sub_layer.min(last) };
        Some(Subject { model, net, anatomy, spot })
    }

    fn block(&self) -> &BlockPart {
        &self.anatomy.blocks[self.spot.block]
    }

    fn share(&self) -> Share {
        self.model.network.share
    }

    fn diagram(&self, fold: Fold) -> Diagram<'_> {
        Diagram { anatomy: &self.anatomy, fold, spot: self.spot, share: self.share() }
    }

    /// Folded as little as `rows` allow.
    fn fitted(&self, rows: Rows) -> Diagram<'_> {
        if self.model.network.is_unfolded {
            return self.diagram(Fold::None);
        }
        let fits = |fold: &Fold| self.diagram(*fold).rows() <= usize::from(rows.height());
        self.diagram(Fold::ALL.into_iter().find(fits).unwrap_or(Fold::Block))
    }

    /// Rows that layers take, whichever block is chosen.
    fn layer_rows(&self) -> u16 {
        let gate = self.anatomy.view.net.squeeze_excite;
        let rows = self.anatomy.blocks.iter().map(|part| layers::rows(part.block.kind, gate));
        rows.max().unwrap_or(1)
    }
}

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let subject = Subject::of(model);
    match (w, h) {
        (w, h) if w < 12 || h < 2 => {
            let label = subject.map_or_else(|| "no network".to_owned(), |s| s.net.label);
            canvas.text(0, 0, cut(&label, w), Role::Strong);
        }
        (w, h) if w < 40 || h < 8 => summary(model, subject.as_ref(), canvas),
        (w, h) if w < 80 || h < 20 => {
            chrome::band(canvas, model);
            match subject {
                Some(subject) => compact(&subject, canvas),
                None => nothing(model, canvas, 2),
            }
            foot(model, canvas, 1);
        }
        _ => {
            chrome::band(canvas, model);
            if let Some(search) = &model.search {
                let words = if w >= 120 { Words::Long } else { Words::Short };
                status::draw(model, search, canvas, words);
            }
            match subject {
                Some(subject) => full(&subject, canvas),
                None => nothing(model, canvas, 3),
            }
            if let Some(event) = model.search.as_ref().and_then(|search| search.events.back()) {
                whole::event_line(canvas, h - 2, event);
            }
            foot(model, canvas, 2);
        }
    }
}

fn foot(model: &Model, canvas: &mut Canvas<'_>, banner: u16) {
    if let Some(search) = &model.search {
        whole::banner(model, search, canvas, banner);
    }
    chrome::footer(canvas, model, Panels::All);
}

fn nothing(model: &Model, canvas: &mut Canvas<'_>, y: u16) {
    let room = canvas.area().width.saturating_sub(4);
    canvas.text(2, y, "No network yet", Role::Strong.bold());
    let key = model.key_in(Context::Network, Intent::OpenNet);
    let x = canvas.keys(2, y + 2, &key, Role::Accent);
    let text = " opens a published net or a pasted structure";
    canvas.text(x, y + 2, cut(text, room), Role::Muted);
    canvas.text(2, y + 3, cut("the best of a search shows here by itself", room), Role::Muted);
}

/// A line each, where there is no room for a diagram.
fn summary(model: &Model, subject: Option<&Subject<'_>>, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let Some(subject) = subject else {
        let key = model.key_in(Context::Network, Intent::OpenNet);
        canvas.text(0, 0, cut(&format!("no network; {key} opens one"), w), Role::Muted);
        return;
    };
    canvas.text(0, 0, cut(&subject.net.label, w), Role::Strong.bold());
    let costs = subject.anatomy.costs();
    put(canvas, 0, 1, &score(subject));
    let lines = [
        format!("{} params", format::size(costs.params)),
        format!("{} FLOPs", format::size(costs.flops)),
        format!("depth {}", costs.layers),
    ];
    for (line, y) in lines.iter().zip(2..) {
        canvas.text(0, y, cut(line, w), Role::Text);
    }
}

/// A part of the head line; the lowest worth leaves first when it gets narrow.
struct Fact {
    worth: u8,
    runs: Runs,
}

/// What it is called, and what it is.
fn title(subject: &Subject<'_>) -> (Runs, String) {
    let Subject { model, net, anatomy, .. } = subject;
    let search = model.search.as_ref();
    let strong = |text: &str| run(text, Role::Strong.bold());
    if let (Shown::Best, Some(member)) = (&model.network.shown, &net.member) {
        let runs = vec![strong("Best"), run(format!("  {}", format::id(member.id)), Role::Muted)];
        return (runs, String::new());
    }
    let resolution = anatomy.view.net.resolution;
    let what = match (&net.member, net.published_for) {
        (Some(member), _) => {
            let population = search.map_or(&[][..], |s| s.population());
            match population.iter().position(|other| other.id == member.id) {
                Some(rank) => {
                    let count = format::count(population.len() as u64);
                    format!("rank {} of {count}", format::count(rank as u64 + 1))
                }
                None => "not in the population".to_owned(),
            }
        }
        (None, Some(task)) if task.resolution != resolution => {
            let (published, here) = (format::map(task.resolution), format::map(resolution));
            format!("published for {published}, here at {here}")
        }
        (None, Some(task)) => {
            let is_left_out = task.se && !anatomy.view.net.squeeze_excite;
            let se = if is_left_out { ", trained with SE" } else { "" };
            format!("published for {}{se}", format::map(task.resolution))
        }
        (None, None) => format!("at {}", format::map(resolution)),
    };
    (vec![strong(&net.label)], what)
}

/// The measured score of a candidate; the analytic one of any other network.
fn score(subject: &Subject<'_>) -> Runs {
    let search = subject.model.search.as_ref();
    match (&subject.net.member, search) {
        (Some(member), Some(search)) => {
            let mut runs = match subject.model.network.shown {
                Shown::Best => best::score_runs(search, member),
                Shown::Net(_) => best::searched_runs(search, member, Role::Strong.bold()),
            };
            let is_confirmed = runs.iter().any(|(text, _)| text.contains('✓'));
            let of = match (search.spec.scores_zen(), member.score.is_analytic()) {
                (true, true) => Some(" analytic".to_owned()),
                (true, false) => None,
                (false, _) if is_confirmed => None,
                (false, _) => Some(format!(" {}", search.spec.preset.score.proxy)),
            };
            runs.extend(of.map(|of| run(of, Role::Muted)));
            runs
        }
        _ => {
            let score = subject.anatomy.score();
            let text = if score.is_finite() { format::score(score) } else { "no".to_owned() };
            vec![run(text, Role::Strong.bold()), run(" analytic", Role::Muted)]
        }
    }
}

/// Whether the score is another than the one that is shared out among the blocks.
fn is_measured(subject: &Subject<'_>) -> bool {
    let spec = subject.model.search.as_ref().map(|search| &search.spec);
    let is_other = spec.is_some_and(|spec| !spec.scores_in_closed_form());
    let drawn = subject.net.member.as_ref().map(|member| !member.score.is_analytic());
    drawn.is_some_and(|drawn| drawn || is_other)
}

fn sized(value: u64, name: &str) -> Runs {
    let text = format::size(value);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    vec![run(digits, Role::Text), run(unit, Role::Faint), run(format!(" {name}"), Role::Muted)]
}

fn named(name: &str, value: impl Into<String>) -> Runs {
    vec![run(format!("{name} "), Role::Muted), run(value, Role::Text)]
}

fn head(subject: &Subject<'_>, canvas: &mut Canvas<'_>, y: u16) {
    let w = canvas.area().width;
    let (label, what) = title(subject);
    let costs = subject.anatomy.costs();
    let view = &subject.anatomy.view;
    let mut facts = Vec::new();
    if !what.is_empty() {
        facts.push(Fact { worth: 5, runs: vec![run(what, Role::Muted)] });
    }
    facts.push(Fact { worth: 9, runs: score(subject) });
    if is_measured(subject) && w < 120 {
        let score = format::score(subject.anatomy.score());
        facts.push(Fact { worth: 3, runs: named("analytic", score) });
    }
    let measured = subject.net.member.as_ref().and_then(|member| member.score.log_delta);
    if let Some(log_delta) = measured.filter(|_| is_measured(subject)) {
        facts.push(Fact { worth: 4, runs: named("log Δ", format::score(log_delta)) });
    }
    for by in predicted(subject) {
        let mut runs = named("latency", format!("{} ms", milliseconds(by.ms)));
        let [low, high] = [by.low_ms, by.high_ms].map(milliseconds);
        let interval = match w {
            120.. => format!(", {low} to {high}"),
            _ => format!(" ±{:.0} %", 50.0 * (by.high_ms - by.low_ms) / by.ms),
        };
        runs.push(run(interval, Role::Muted));
        facts.push(Fact { worth: 8, runs });
    }
    let depth = format::count(costs.layers.into());
    facts.push(Fact { worth: 8, runs: sized(costs.params, "params") });
    facts.push(Fact { worth: 7, runs: sized(costs.flops, "FLOPs") });
    facts.push(Fact { worth: 6, runs: named("depth", depth) });
    facts.push(Fact { worth: 2, runs: named("counting", view.counting.name()) });
    let kept = if view.net.squeeze_excite { "with shortcuts, SE" } else { "with shortcuts" };
    facts.push(Fact { worth: 1, runs: vec![run(kept, Role::Muted)] });
    let room = (w.saturating_sub(4)).saturating_sub(width_of(&label));
    let wide = |facts: &[Fact]| facts.iter().map(|fact| width_of(&fact.runs) + 3).sum::<u16>();
    while facts.len() > 1 && wide(&facts) > room {
        let least = facts.iter().enumerate().min_by_key(|(_, fact)| fact.worth);
        facts.remove(least.expect("there are two or more").0);
    }
    let mut x = put(canvas, 2, y, &label);
    for fact in &facts {
        x = put(canvas, x + 3, y, &fact.runs);
    }
}

/// What the run's latency tables say of it.
fn predicted<'a>(subject: &'a Subject<'_>) -> &'a [LatencyPrediction] {
    let search = subject.model.search.as_ref();
    search.map_or(&[], |search| search.predictions.of(&subject.net.structure))
}

/// Who says how long it takes, and how much of that was measured, before `end`.
fn provenance(subject: &Subject<'_>, canvas: &mut Canvas<'_>, end: u16, y: u16) {
    let mut x = 2;
    for by in predicted(subject) {
        let beyond = by.extrapolated_percent();
        let beyond = beyond.map_or_else(String::new, |p| format!("{p:.0} % extrapolated  "));
        x = canvas.text(x, y, cut(&beyond, end.saturating_sub(x)), Role::Warn);
        let text = format!("latency by {} ({}, {})", by.table, by.timed(), by.date);
        x = canvas.text(x, y, cut(&text, end.saturating_sub(x)), Role::Muted) + 3;
    }
}

/// From this height on there is room for the structure itself.
const TALL: u16 = 50;
/// Lines of it.
const MOST_LINES: u16 = 4;

fn full(subject: &Subject<'_>, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let is_wide = w >= 120;
    head(subject, canvas, 3);
    let heads = if is_wide { 5 } else { 4 };
    let layers = subject.layer_rows() + 1;
    let text = if is_wide && h >= TALL { structure(subject, w - 4) } else { Vec::new() };
    let below = if text.is_empty() { 0 } else { text.len() as u16 + 2 };
    // Above: the rule, or a blank row.
    // Below: the last event's row.
    let title = h - 3 - layers - below;
    let body = Rows { first: heads + 1, last: title - 2 };
    let at = DiagramColumns::at(w, subject.share());
    let diagram = subject.fitted(body);
    diagram.heads(canvas, &at, heads, usize::from(body.height()));
    diagram.draw(canvas, &at, body);
    // Where there is room to spare, it is left below everything.
    let title = match text.is_empty() {
        true => title,
        false => title.min(body.first + diagram.rows().min(1_000) as u16 + 2),
    };
    if is_wide {
        let shares = closed_form(subject, canvas, &at, heads - 1);
        provenance(subject, canvas, shares.saturating_sub(3), heads - 1);
        canvas.horizontal(2..=w - 3, title - 1, "─");
    }
    layers_panel(subject, canvas, Rows { first: title, last: title + layers });
    if !text.is_empty() {
        text_panel(subject, canvas, title + layers + 2, &text);
    }
}

/// Above the shares: that they are of a score that follows from the structure. Gives where that begins.
fn closed_form(subject: &Subject<'_>, canvas: &mut Canvas<'_>, at: &DiagramColumns, y: u16) -> u16 {
    let Some(first) = at.shares.first() else { return canvas.area().width };
    let x = match at.values {
        Some([end, ..]) => end - 4,
        None => first.value_end - 1,
    };
    let score = subject.anatomy.score();
    if !score.is_finite() {
        canvas.text(x, y, "no score: a norm has a single value", Role::Warn);
        return x;
    }
    let mut runs = vec![run("analytic", Role::Muted)];
    if is_measured(subject) {
        runs.push(run(format!(" {}", format::score(score)), Role::Text));
    }
    runs.push(run(", in closed form", Role::Muted));
    put(canvas, x, y, &runs);
    x
}

/// Title and layers of the chosen sub-layer, in `rows`.
fn layers_panel(subject: &Subject<'_>, canvas: &mut Canvas<'_>, rows: Rows) {
    let w = canvas.area().width;
    let Spot { block, sub_layer } = subject.spot;
    let part = subject.block();
    let count = part.block.sub_layers;
    let x =
        canvas.text(2, rows.first, format!("Layers of block {}", block + 1), Role::Strong.bold());
    let consists = match part.block.kind {
        BlockKind::Conv(_) | BlockKind::MaxPool | BlockKind::LinearConv => "",
        BlockKind::MbConv(..) => "; linear at its end",
        BlockKind::KxKx(_) | BlockKind::Basic | BlockKind::Bottleneck => "; each is residual",
        BlockKind::K1KxK1(_) | BlockKind::Idw(..) => "; each is two residual halves",
    };
    let mut runs = vec![
        run("sub-layer ", Role::Muted),
        run((sub_layer + 1).to_string(), Role::Text),
        run(format!(" of {count}"), Role::Muted),
    ];
    let totals = totals(part);
    let free = w.saturating_sub(x + 2 + width_of(&runs) + 5);
    if width(consists) + width_of(&totals) + 3 <= free {
        runs.push(run(consists, Role::Muted));
    }
    put(canvas, x + 2, rows.first, &runs);
    if width_of(&totals) <= free {
        put(canvas, (w - 2).saturating_sub(width_of(&totals)), rows.first, &totals);
    }
    let layers = subject.anatomy.layers(block, sub_layer);
    let list = Layers { layers: &layers, kind: part.block.kind, share: subject.share() };
    let middle = if w >= 120 { w / 2 } else { 40 };
    let columns =
        [Columns { start: 2, end: middle - 3 }, Columns { start: middle + 2, end: w - 3 }];
    list.draw(canvas, columns, Rows { first: rows.first + 1, last: rows.last });
}

/// A block in numbers.
fn totals(part: &BlockPart) -> Runs {
    let (score, costs) = (part.part.score, &part.part.costs);
    let mut runs = Vec::new();
    if score.is_finite() {
        runs.extend(named("block: score", format::score(score)));
        runs.push(run("   ", Role::Muted));
    }
    runs.extend(sized(costs.params(), "params"));
    runs.push(run("   ", Role::Muted));
    runs.extend(sized(costs.flops().round() as u64, "FLOPs"));
    runs
}

/// The structure in lines of `room` cells, as many as are shown.
fn structure(subject: &Subject<'_>, room: u16) -> Vec<String> {
    let blocks = subject.net.structure.blocks();
    // A block takes 20 characters and more.
    let enough = usize::from(MOST_LINES * room / 20 + 1);
    let parts = blocks.iter().take(enough).map(ToString::to_string).collect::<Vec<_>>();
    let mut lines = wrap(&parts.join(" "), room);
    let is_cut = lines.len() > usize::from(MOST_LINES) || blocks.len() > enough;
    lines.truncate(usize::from(MOST_LINES));
    if let (true, Some(line)) = (is_cut, lines.last_mut()) {
        *line = cut(&format!("{line} …"), room);
    }
    lines
}

/// The structure as it is written, and where it comes from.
fn text_panel(subject: &Subject<'_>, canvas: &mut Canvas<'_>, title: u16, lines: &[String]) {
    let w = canvas.area().width;
    canvas.horizontal(2..=w - 3, title - 1, "─");
    let x = canvas.text(2, title, "Structure", Role::Strong.bold());
    if let Some(member) = &subject.net.member {
        let from = match member.parent {
            None => "the initial one".to_owned(),
            Some(parent) => {
                let changes = format::mutation_in_words(&member.mutations);
                let generation = format::count(member.generation.into());
                format!("generation {generation}, from {}: {changes}", format::id(parent))
            }
        };
        canvas.text(x + 2, title, cut(&from, w.saturating_sub(x + 5)), Role::Muted);
    }
    for (line, y) in lines.iter().zip(title + 1..) {
        canvas.text(2, y, line, Role::Text);
    }
}

/// Ribs and a few columns, one line about the chosen block.
fn compact(subject: &Subject<'_>, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    let (label, _) = title(subject);
    let x = put(canvas, 1, 1, &label);
    let costs = subject.anatomy.costs();
    let mut x = put(canvas, x + 2, 1, &score(subject));
    let facts = [
        vec![run(format::size(costs.params), Role::Text)],
        vec![run(format::size(costs.flops), Role::Text)],
        named("depth", costs.layers.to_string()),
    ];
    for fact in facts.iter().filter(|fact| !fact.is_empty()) {
        if x + 2 + width_of(fact) < w {
            x = put(canvas, x + 2, 1, fact);
        }
    }
    let at = DiagramColumns::at(w, subject.share());
    let body = Rows { first: 3, last: h - 3 };
    let diagram = subject.fitted(body);
    diagram.heads(canvas, &at, 2, usize::from(body.height()));
    diagram.draw(canvas, &at, body);
    let part = subject.block();
    let block = &part.block;
    let runs = vec![
        run(format!("{} ", subject.spot.block + 1), Role::Muted),
        run(format!("{}→{}", block.in_channels, block.out_channels), Role::Text),
        run(" btl ", Role::Muted),
        run(diagram::bottleneck(block), Role::Text),
        run("  field ", Role::Muted),
        run(diagram::field(part.field(subject.spot.sub_layer)), Role::Text),
        run("  act ", Role::Muted),
        run(diagram::activations(part), Role::Text),
    ];
    put(canvas, 1, h - 2, &runs);
}
