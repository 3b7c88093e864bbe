//! What the Diff screen says in words: who A and B are, whether they differ, whose lineage it is.

use crate::{
    arch::Costs,
    score::told_apart_by_a_draw,
    tui::{
        format::{self, Unit},
        model::{Compared, Known, Lineage, Model, Net, Verdict, Whose},
        screens::chrome::{Runs, run},
        theme::Role,
        widgets::comparison::Over,
    },
};

/// A network's name, and what it is.
pub struct Name {
    pub name: String,
    pub what: String,
}

/// The pin's letter and the network it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    A,
    B,
}

impl Pin {
    pub fn letter(self) -> &'static str {
        match self {
            Pin::A => "A",
            Pin::B => "B",
        }
    }

    pub fn role(self) -> Role {
        match self {
            Pin::A => Role::Accent,
            Pin::B => Role::B,
        }
    }
}

/// Whether `net` is the best of the search.
pub fn is_best(model: &Model, net: &Net) -> bool {
    let best = model.search.as_ref().and_then(|search| search.best());
    best.zip(net.member.as_ref()).is_some_and(|(best, member)| best.id == member.id)
}

/// What `net` is to `b`, where it is its parent or grandparent.
fn relation(model: &Model, net: &Net, b: &Net) -> Option<&'static str> {
    let (id, parent) = (net.member.as_ref()?.id, b.member.as_ref()?.parent?);
    if parent == id {
        return Some("parent of B");
    }
    let grandparent = model.search.as_ref()?.find(parent)?.parent?;
    (grandparent == id).then_some("grandparent of B")
}

pub fn name(model: &Model, net: &Net, b: &Net) -> Name {
    let of = |name: &str, what: &str| Name { name: name.to_owned(), what: what.to_owned() };
    match &net.member {
        Some(_) if is_best(model, net) => of("Best", &net.label),
        Some(member) if member.parent.is_none() => of("Initial", &net.label),
        Some(_) => of(&net.label, relation(model, net, b).unwrap_or("candidate")),
        None if net.published_for.is_some() => of(&net.label, "published"),
        None if net.label == "initial" => of("Initial", "structure"),
        None if net.label == "pasted" => of("Pasted", ""),
        None => of(&net.label, ""),
    }
}

/// A network's score as it compares with `other`'s: measured, or else in closed form, in `room` cells.
pub fn score(model: &Model, (net, other): (&Net, &Net), (analytic, room): (f64, u16)) -> Runs {
    let ink = if is_best(model, net) { Role::Best.bold() } else { Role::Strong.into() };
    let (Some(member), Some(search)) = (&net.member, &model.search) else {
        let value =
            if analytic.is_finite() { format::score(analytic) } else { format::NONE.into() };
        let mark = if room >= 44 { "analytic " } else { "≈ " };
        return vec![run(mark, Role::Faint), run(value, Role::Text)];
    };
    let measured = search.measured_beside(member, other);
    let mut runs = vec![run(format::score(measured.mean), ink)];
    if let Some(error) = measured.error.filter(|error| *error > 0.0) {
        runs.push(run(format!(" {}", format::noise(error)), Role::Faint));
    }
    if measured.confirmed {
        runs.push(run(" ✓", Role::Good));
    }
    runs
}

/// Whether B's score is another than A's: in full, and in a few words.
pub fn verdict(model: &Model, sides: (&Net, &Net), compared: &Compared) -> [String; 2] {
    let (a, b) = sides;
    if a.structure == b.structure {
        return ["A and B are the same structure".into(), "the same structure".into()];
    }
    let verdict = match &model.search {
        Some(search) => search.verdict_on(a, b),
        None => Verdict::Unmeasured { a: false, b: false },
    };
    let noise = |error: f64| format::noise(error);
    let gap_text = |gap: f64| format::signed(gap);
    match verdict {
        Verdict::Within { gap, error } => [
            format!("measured {} {}: less than 2 σ, within noise", gap_text(gap), noise(error)),
            format!("measured {}, within noise", gap_text(gap)),
        ],
        Verdict::Apart { gap, error } => [
            format!("measured {} {}: more than 2 σ, beyond noise", gap_text(gap), noise(error)),
            format!("measured {}, beyond noise", gap_text(gap)),
        ],
        Verdict::Exact { gap } => [
            format!("scores in closed form differ by {}, without noise", gap_text(gap)),
            format!("{}, no noise", gap_text(gap)),
        ],
        Verdict::NoiseUnknown { gap } => [
            format!("measured {}; the noise of a draw is not known yet", gap_text(gap)),
            format!("measured {}, noise unknown", gap_text(gap)),
        ],
        Verdict::Unmeasured { a, b } => unmeasured(model, (a, b), compared.parts.total.score),
    }
}

/// What was not measured is judged by the analytic scores: whether a draw of each could tell.
fn unmeasured(model: &Model, measured: (bool, bool), gap: f64) -> [String; 2] {
    let who = match measured {
        (false, false) => "neither measured",
        (false, true) => "A not measured",
        (true, false) => "B not measured",
        (true, true) => "not measured alike",
    };
    let zen = model.search.as_ref().filter(|search| search.spec.scores_zen());
    let noise = zen.and_then(|search| search.draw_noise());
    let text = match noise {
        Some(std) if told_apart_by_a_draw(gap, std) => {
            let noise = format::noise(std);
            format!("{who}; analytic {} beyond a draw's {noise}", format::signed(gap))
        }
        Some(std) => {
            let noise = format::noise(std);
            format!("{who}; analytic {} within a draw's {noise}", format::signed(gap))
        }
        None => format!("{who}: only analytic scores compare"),
    };
    [text, who.to_owned()]
}

/// What is over a budget, of a network with `costs`.
pub fn over(model: &Model, costs: &Costs) -> Over {
    let budgets = model.preset().map(|preset| preset.budgets());
    let exceeds = |limit: Option<u64>, cost: u64| limit.is_some_and(|limit| cost > limit);
    budgets.map_or(Over::default(), |budgets| Over {
        params: exceeds(budgets.params, costs.params),
        flops: exceeds(budgets.flops, costs.flops),
    })
}

/// Which of A and B breaks which budget, the first that does: in full, and in a few words.
pub fn over_budget(model: &Model, compared: &Compared) -> Option<[String; 2]> {
    let budgets = model.preset()?.budgets();
    let costs = [("A", &compared.a), ("B", &compared.b)].map(|(pin, of)| (pin, of, of.costs()));
    costs.iter().find_map(|(pin, of, costs)| {
        let sizes = [
            ("params", budgets.params, costs.params),
            ("FLOPs", budgets.flops, costs.flops),
            ("layers", budgets.layers.map(u64::from), u64::from(costs.layers)),
        ];
        let (what, limit, cost) = sizes
            .into_iter()
            .find_map(|(what, limit, cost)| limit.filter(|l| cost > *l).map(|l| (what, l, cost)))?;
        let unit = Unit::for_up_to(limit);
        let text =
            format!("{pin} is over budget: {} of {} {what}", unit.text(cost), unit.text(limit));
        let long = match what {
            "params" => format!("{text}, {} classes", format::count(of.view.net.classes.into())),
            _ => text.clone(),
        };
        Some([long, text])
    })
}

/// What the analytic scores assume.
pub fn assumptions(compared: &Compared) -> String {
    let settings = &compared.a.view.analytic;
    let (definition, batch) = (settings.definition, settings.batch);
    format!("analytic: {definition}, batch {batch}, {}", format::map(settings.resolution))
}

/// Whose lineage it is and how much of it is known: in full, and in a few words.
pub fn lineage(model: &Model, lineage: &Lineage) -> [String; 2] {
    let last = lineage.chain.last();
    let to = match (lineage.whose, last) {
        (Whose::A, _) => "A".to_owned(),
        (Whose::B, _) => "B".to_owned(),
        (Whose::Walked, Some(last)) => format::id(last.id),
        (Whose::Best, Some(last)) => format!("the best, {}", format::id(last.id)),
        (Whose::Walked | Whose::Best, None) => String::new(),
    };
    let steps = |count: usize| {
        let digits = format::count(count as u64);
        format!("{digits} step{}", if count == 1 { "" } else { "s" })
    };
    let known = lineage.chain.len();
    let all = steps(last.map_or(0, |last| last.generation as usize));
    let is_over = model.search.as_ref().is_some_and(|search| search.is_over());
    let part = |why: &str| {
        [format!("the last {known} of {all} to {to}; {why}"), format!("{known} of {all}; {why}")]
    };
    match lineage.known {
        Known::Whole if known <= 1 => {
            let text = format!("{to} is the initial structure");
            [text.clone(), text]
        }
        Known::Whole => {
            let all = steps(known - 1);
            [format!("{all} from the initial structure to {to}"), format!("{all} to {to}")]
        }
        Known::Asking => part("asking the run…"),
        Known::Part if is_over => part("the run is over"),
        Known::Part => part("the rest is forgotten"),
    }
}
