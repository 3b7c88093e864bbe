//! Two networks block by block, and the steps that led to one of them.

mod words;

use super::{
    chrome::{self, Panels, Runs, put, run, width_of},
    search::{banner, event_line},
    small,
    status::{self, Words},
};
use crate::{
    run::protocol::Member,
    tui::{
        canvas::{Canvas, cut, width, wrap},
        format::{self, DeltaUnit, Unit},
        layout::{
            Layout,
            diff::{DiffLayout, Narrow, Wide},
        },
        model::{Compared, Half, Model, Net},
        theme::{Ground, Role},
        widgets::{
            comparison::{self, ANALYTIC, Table},
            lineage::{self, Steps},
        },
    },
};
use ratatui::layout::Rect;
use words::Pin;

/// What is compared, all there.
struct Shown<'a> {
    model: &'a Model,
    a: Net,
    b: Net,
    compared: &'a Compared,
    half: Half,
    params: Unit,
    flops: Unit,
}

impl<'a> Shown<'a> {
    fn of(model: &'a Model) -> Option<Shown<'a>> {
        let (a, b) = (model.side_a()?, model.side_b()?);
        let compared = model.diff.compared.as_deref()?;
        let budget = model.preset().map(|preset| &preset.budget);
        let (of_a, of_b) = (compared.a.costs(), compared.b.costs());
        let params = budget.and_then(|budget| budget.params).map_or(0, |size| size.0);
        let flops = budget.and_then(|budget| budget.flops).map_or(0, |size| size.0);
        let flops = if flops > 0 { flops } else { of_a.flops.max(of_b.flops) };
        let params = if params > 0 { params } else { of_a.params.max(of_b.params) };
        let (params, flops) = (Unit::for_up_to(params), Unit::for_up_to(flops));
        let half = model.diff_half(&model.diff_layout());
        Some(Shown { model, a, b, compared, half, params, flops })
    }

    fn table(&self, visible: u16) -> Table<'a> {
        let diff = &self.model.diff;
        Table {
            compared: self.compared,
            cursor: (self.half == Half::Blocks).then(|| diff.line()),
            top: diff.line_top(usize::from(visible)),
            params: self.params,
            flops: self.flops,
        }
    }

    /// The pin's letter, who it is, its score at the end of `columns`.
    fn title(&self, canvas: &mut Canvas<'_>, pin: Pin, at: (u16, u16, u16)) {
        let (x, end, y) = at;
        let (net, other, anatomy) = match pin {
            Pin::A => (&self.a, &self.b, &self.compared.a),
            Pin::B => (&self.b, &self.a, &self.compared.b),
        };
        let analytic = (anatomy.score(), (end + 1).saturating_sub(x));
        let score = words::score(self.model, (net, other), analytic);
        let score_at = (end + 1).saturating_sub(width_of(&score));
        let name = words::name(self.model, net, &self.b);
        let letter = canvas.text(x, y, pin.letter(), pin.role().bold());
        let x = letter + if end > x + 30 { 2 } else { 1 };
        let room = score_at.saturating_sub(x + 1);
        let x = canvas.text(x, y, cut(&name.name, room), Role::Strong.bold());
        if x + 1 + width(&name.what) < score_at {
            canvas.text(x + 1, y, &name.what, Role::Muted);
        }
        put(canvas, score_at, y, &score);
    }

    fn verdict(&self) -> [String; 2] {
        words::verdict(self.model, (&self.a, &self.b), self.compared)
    }
}

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    match (model.diff_layout(), model.layout()) {
        (DiffLayout::Summary, layout) => summary(model, &layout, canvas),
        (DiffLayout::Narrow(at), _) => narrow(model, canvas, &at),
        (DiffLayout::Wide(at), _) => wide(model, canvas, &at),
    }
}

/// Where there is no room for more than the state of the run.
fn summary(model: &Model, layout: &Layout, canvas: &mut Canvas<'_>) {
    match (&model.search, layout) {
        (Some(search), Layout::State) => small::state_only(model, search, canvas),
        (Some(search), _) => small::summary(model, search, canvas),
        (None, _) => {
            canvas.text(0, 0, "Diff", Role::Strong.bold());
        }
    }
}

fn wide(model: &Model, canvas: &mut Canvas<'_>, at: &Wide) {
    let w = canvas.area().width;
    chrome::band(canvas, model);
    match &model.search {
        Some(search) => {
            let words = if w >= 120 { Words::Long } else { Words::Short };
            status::draw(model, search, canvas, words);
            if let Some(event) = search.events.back() {
                event_line(canvas, at.event, event);
            }
        }
        None => nothing_runs(canvas),
    }
    match Shown::of(model) {
        Some(shown) => {
            table(&shown, canvas, at);
            steps(&shown, canvas, at);
        }
        None => nothing(model, canvas, 2),
    }
    if let Some(search) = &model.search {
        banner(model, search, canvas, 2);
    }
    chrome::footer(canvas, model, Panels::OneAtATime);
}

fn nothing_runs(canvas: &mut Canvas<'_>) {
    let x = canvas.text(2, 1, "○ ", Role::Muted);
    canvas.text(x, 1, "nothing runs", Role::Muted);
}

fn table(shown: &Shown<'_>, canvas: &mut Canvas<'_>, at: &Wide) {
    let w = canvas.area().width;
    let columns = &at.table;
    if shown.half == Half::Blocks {
        canvas.text(0, 3, "▍", Role::Accent);
    }
    shown.title(canvas, Pin::A, (columns.a.at.start, columns.a.at.end, 3));
    shown.title(canvas, Pin::B, (columns.b.at.start, columns.b.at.end, 3));
    let [score, ..] = columns.deltas;
    let x = (score.end + 1).saturating_sub(6);
    let x = canvas.text(x, 3, "B − A", Role::Strong.bold());
    if score.bar.is_none() {
        canvas.text(x + 1, 3, ANALYTIC, Role::Muted);
    }
    comparison::heads(canvas, columns, 4);
    let table = shown.table(at.blocks.height());
    table.wide(canvas, columns, at.blocks);
    let hidden =
        shown.compared.lines.len().saturating_sub(table.top + usize::from(at.blocks.height()));
    if let Some(rules) = at.rules {
        for y in rules {
            canvas.horizontal(2..=w - 3, y, "─");
        }
        more(canvas, (2, rules[1]), hidden);
    } else {
        more(canvas, (columns.sign, at.total), hidden);
    }
    let over = [&shown.compared.a, &shown.compared.b];
    let over = over.map(|of| words::over(shown.model, &of.costs()));
    table.totals(canvas, columns, at.total, over);
    notes(shown, canvas, at.notes);
}

/// How many rows are out of sight below.
fn more(canvas: &mut Canvas<'_>, (x, y): (u16, u16), hidden: usize) {
    match hidden {
        0 => {}
        _ if x > 2 => {
            canvas.text(x, y, "▾", Role::Muted);
        }
        _ => {
            canvas.text(x, y, format!("▾ {hidden} more "), Role::Muted);
        }
    }
}

/// What is over a budget, or what is assumed; at the right whether the scores differ.
fn notes(shown: &Shown<'_>, canvas: &mut Canvas<'_>, y: u16) {
    let w = canvas.area().width;
    let (start, end) = (2, w.saturating_sub(3));
    let [long, short] = shown.verdict();
    let room = (end + 1).saturating_sub(start);
    let verdict = if width(&long) <= room { long } else { short };
    let verdict_at = (end + 1).saturating_sub(width(&verdict));
    let free = verdict_at.saturating_sub(start + 3);
    let warn = |text: String| vec![run("▲ ", Role::Warn), run(text, Role::Text)];
    let left: Vec<Runs> = match words::over_budget(shown.model, shown.compared) {
        Some(texts) => texts.map(warn).into(),
        None => vec![vec![run(words::assumptions(shown.compared), Role::Faint)]],
    };
    match left.into_iter().find(|runs| width_of(runs) <= free) {
        Some(runs) => {
            put(canvas, start, y, &runs);
            canvas.text(verdict_at, y, verdict, Role::Text);
        }
        None => {
            canvas.text(start, y, verdict, Role::Text);
        }
    }
}

fn steps_of<'a>(
    shown: &Shown<'a>,
    tells: &'a dyn Fn(Option<&Member>, &Member) -> bool,
    visible: u16,
) -> Option<Steps<'a>> {
    let diff = &shown.model.diff;
    let search = shown.model.search.as_ref()?;
    let (params, flops) = super::search::units(search);
    Some(Steps {
        chain: &diff.lineage.as_ref()?.chain,
        top: diff.step_top(usize::from(visible)),
        cursor: diff.step(),
        best: search.best().map(|best| best.id),
        params,
        flops,
        tells,
    })
}

/// The title of the lineage, or why there is none.
fn lineage_text(model: &Model, room: u16) -> String {
    let [long, short] = match (&model.diff.lineage, &model.search, model.diff.wanted) {
        (Some(_), _, Some((_, relative))) => {
            let asking = format!("asking the run for the {}", relative.word());
            [format!("{asking} of B…"), format!("{asking}…")]
        }
        (Some(lineage), ..) => words::lineage(model, lineage),
        (None, Some(_), _) => ["nothing was scored yet"; 2].map(str::to_owned),
        (None, None, _) => ["of candidates of a run; none runs"; 2].map(str::to_owned),
    };
    if width(&long) <= room { long } else { cut(&short, room) }
}

fn steps(shown: &Shown<'_>, canvas: &mut Canvas<'_>, at: &Wide) {
    let model = shown.model;
    let w = canvas.area().width;
    let y = at.lineage_title;
    let x = match shown.half {
        Half::Lineage => chrome::focused_title(canvas, 2, y, "Lineage"),
        Half::Blocks => canvas.text(2, y, "Lineage", Role::Strong.bold()),
    };
    let text = lineage_text(model, w.saturating_sub(x + 4));
    let x = canvas.text(x + 2, y, text, Role::Muted);
    let Some(search) = &model.search else { return };
    let tells = |parent: Option<&_>, child: &_| search.tells_gain(parent, child);
    let Some(steps) = steps_of(shown, &tells, at.steps.height()) else { return };
    let note = match search.draw_noise() {
        Some(_) => "gains within noise are plain",
        None if steps.chain.iter().all(|member| member.score.is_analytic()) => "",
        None => "noise not known yet, gains are plain",
    };
    if x + 3 + width(note) < w - 2 {
        canvas.right(w - 3, y, note, Role::Faint);
    }
    lineage::heads(canvas, &at.lineage, y + 1);
    steps.draw(canvas, &at.lineage, at.steps);
}

/// Who A and B are, and one of both lists.
fn narrow(model: &Model, canvas: &mut Canvas<'_>, at: &Narrow) {
    let w = canvas.area().width;
    let mut band = canvas.on(Ground::Band, Rect::new(0, 0, w, 1));
    let x = band.text(1, 0, "zendo", Role::Accent.bold());
    let x = match &model.search {
        Some(search) => small::state_line(model, search, &mut band, 8),
        None => x,
    };
    if x + 7 < w {
        band.right(w - 2, 0, "Diff", Role::Muted);
    }
    match Shown::of(model) {
        Some(shown) => list(&shown, canvas, at),
        None => nothing(model, canvas, 1),
    }
    if let Some(search) = &model.search {
        banner(model, search, canvas, at.notes);
    }
    chrome::footer(canvas, model, Panels::OneAtATime);
}

fn list(shown: &Shown<'_>, canvas: &mut Canvas<'_>, at: &Narrow) {
    let model = shown.model;
    let end = canvas.area().width.saturating_sub(2);
    shown.title(canvas, Pin::A, (1, end, 1));
    shown.title(canvas, Pin::B, (1, end, 2));
    match shown.half {
        Half::Blocks => blocks_list(shown, canvas, at),
        Half::Lineage => {
            canvas.text(1, at.total, lineage_text(model, end), Role::Muted);
            let Some(search) = &model.search else { return };
            let tells = |parent: Option<&_>, child: &_| search.tells_gain(parent, child);
            let Some(steps) = steps_of(shown, &tells, at.list.height()) else { return };
            lineage::heads(canvas, &at.lineage, at.heads);
            steps.draw(canvas, &at.lineage, at.list);
        }
    }
    let [long, short] = shown.verdict();
    let text = if width(&long) <= end { long } else { short };
    canvas.text(1, at.notes, cut(&text, end), Role::Muted);
}

fn blocks_list(shown: &Shown<'_>, canvas: &mut Canvas<'_>, at: &Narrow) {
    let end = canvas.area().width.saturating_sub(2);
    canvas.right(4, at.heads, "#", Role::Muted);
    canvas.text(6, at.heads, "block", Role::Muted);
    canvas.text(14, at.heads, "change", Role::Muted);
    canvas.right(end, at.heads, ANALYTIC, Role::Muted);
    shown.table(at.list.height()).unified(canvas, at.list);
    let total = &shown.compared.parts.total;
    let units = [total.params as f64, total.flops];
    let units = units.map(|value| {
        let unit = DeltaUnit::for_up_to(value);
        unit.digits(value).map_or("=".to_owned(), |digits| digits + unit.symbol)
    });
    let x = canvas.text(1, at.total, "B − A", Role::Strong.bold());
    let [params, flops] = &units;
    let costs = format!("{params} params  {flops}");
    canvas.text(x + 2, at.total, cut(&costs, end.saturating_sub(x + 10)), Role::Text);
    let score = format::score_delta(total.score).unwrap_or_else(|| "0.00".to_owned());
    canvas.right(end, at.total, score, Role::Strong.bold());
}

/// What to do where there is nothing to compare.
fn nothing(model: &Model, canvas: &mut Canvas<'_>, x: u16) {
    let w = canvas.area().width;
    let runs = model.search.is_some();
    let title = match (model.side_a(), model.side_b()) {
        (Some(a), None) if runs => format!("A is {}; the first scores are on their way", a.label),
        (Some(a), None) => format!("A is {}; B is not chosen yet", a.label),
        (None, Some(b)) => format!("B is {}; A is not chosen yet", b.label),
        _ => "Nothing to compare yet".to_owned(),
    };
    canvas.text(x, 3, cut(&title, w.saturating_sub(2 * x)), Role::Strong.bold());
    let start = "start a search: B is its best, A the published network";
    let choose = "choose A and B: published, or a structure typed or pasted";
    let ways: &[(&str, &str)] = match runs {
        true => &[("a b", choose)],
        false => &[("5", start), ("a b", choose)],
    };
    let mut y = 5;
    for (key, text) in ways {
        canvas.text(x, y, key, Role::Accent);
        for line in wrap(text, w.saturating_sub(x + 6)) {
            canvas.text(x + 5, y, line, Role::Text);
            y += 1;
        }
    }
}
