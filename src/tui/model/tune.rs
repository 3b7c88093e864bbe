//! Settings of a running search as somebody is about to change them. Owns: what is wished, what it would
//! do. Must not know: how it is drawn, what a change does to the run. Invariant: the preview is that of the
//! newest snapshot, and what is foretold of the population is what the engine would do.

use std::sync::Arc;

use super::{
    Search,
    fields::{Field, Kind},
    tune_rows::ROWS,
};
use crate::{
    run::{
        TuningPlan,
        protocol::{Member, Snapshot, Tuned},
    },
    space::{Preset, Setting},
    tui::{edit::LineEdit, format, widgets::round_step},
};

/// A setting that shall be another.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Index into [`ROWS`].
    pub row: usize,
    /// As it is typed; nothing takes a limit away.
    text: String,
    /// As it is shown.
    pub shown: String,
    /// What it would do, or why it can't be.
    pub effect: Result<String, String>,
    /// Whether members would leave by it, or have other scores.
    touches: bool,
}

/// What all wishes together would do.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// By rank, whether a member would leave; empty where nobody would.
    pub leaves: Vec<bool>,
    /// Why they can't be granted together.
    pub refusal: Option<String>,
    /// What they cost together, where they cost something.
    pub price: Option<String>,
    /// What taking the last change back would do.
    pub undo: Option<String>,
}

impl Preview {
    pub fn leaving(&self) -> usize {
        self.leaves.iter().filter(|leaves| **leaves).count()
    }
}

#[derive(Debug, Default)]
pub struct Tune {
    /// Index into [`ROWS`].
    pub cursor: usize,
    pub edit: Option<LineEdit>,
    wishes: Vec<Wish>,
    pub preview: Preview,
    /// Asked for, and not answered yet.
    pub is_sent: bool,
    /// What the engine said of the last that it refused.
    pub refused: Option<String>,
}

/// The field of a row.
pub fn field(row: usize) -> &'static Field {
    Field::of(ROWS[row].key).expect("a test looks up all of them")
}

impl Tune {
    pub fn wish(&self, row: usize) -> Option<&Wish> {
        self.wishes.iter().find(|wish| wish.row == row)
    }

    pub fn wishes(&self) -> usize {
        self.wishes.len()
    }

    /// Whether several wishes change who is in the population, or scores.
    pub fn touches_many(&self) -> bool {
        self.wishes.iter().filter(|wish| wish.touches).count() > 1
    }

    /// To the first wish that can't be, where there is one.
    pub fn go_to_fault(&mut self) {
        if let Some(wish) = self.wishes.iter().find(|wish| wish.effect.is_err()) {
            self.cursor = wish.row;
        }
    }

    /// Begins to type the value under the cursor, from `text` or from what it is.
    pub fn begin(&mut self, text: Option<&str>, search: &Search) {
        let value = |preset| (field(self.cursor).read)(preset).map(|value| value.typed());
        let wished = self.wish(self.cursor).map(|wish| wish.text.clone());
        let now = || wished.or_else(|| value(&search.spec.preset)).unwrap_or_default();
        self.edit = Some(LineEdit::new(&text.map_or_else(now, str::to_owned)));
        self.typed(search);
    }

    /// Takes the line as it is by now as a wish.
    pub fn typed(&mut self, search: &Search) {
        if let Some(edit) = &self.edit {
            let text = edit.text().trim().to_owned();
            self.want(text, search);
        }
    }

    /// The value under the cursor is wished for no more.
    pub fn reset(&mut self, search: &Search) {
        self.edit = None;
        self.wishes.retain(|wish| wish.row != self.cursor);
        self.refresh(search);
    }

    /// A change was made: what it granted is wished no more.
    pub fn granted(&mut self, search: &Search) {
        self.is_sent = false;
        self.refused = None;
        if self.edit.is_none() {
            self.drop_idle(search);
        }
        self.refresh(search);
    }

    /// A step up or down from what is wished, or is.
    pub fn step(&mut self, up: bool, search: &Search) {
        self.edit = None;
        let field = field(self.cursor);
        let wished = self.wish(self.cursor).map(|wish| wish.text.clone());
        let value = (field.read)(&search.spec.preset);
        let next = match field.kind {
            Kind::Choice(choices) | Kind::Proxy(choices) => {
                let shown = || value.as_ref().map(|value| value.shown());
                let is_now = |(spelled, word): &(&str, &str)| match &wished {
                    Some(text) => spelled == text,
                    None => Some(*word) == shown().as_deref(),
                };
                let last = choices.len() - 1;
                let next = match (choices.iter().position(is_now), up) {
                    // What was typed stands before the first one and behind the last.
                    (None, true) => 0,
                    (None, false) => last,
                    (Some(now), true) => (now + 1) % choices.len(),
                    (Some(now), false) => now.checked_sub(1).unwrap_or(last),
                };
                Some(choices[next].0.to_owned())
            }
            Kind::Whole | Kind::Size | Kind::Word => {
                let text = wished.or_else(|| value.map(|value| value.typed()));
                text.and_then(|text| stepped(field.kind, &text, up))
            }
            Kind::Numbers | Kind::Words => None,
        };
        match next {
            Some(text) => self.want(text, search),
            // There is no next one: it can be typed.
            None => self.begin(None, search),
        }
    }

    fn want(&mut self, text: String, search: &Search) {
        self.refused = None;
        self.wishes.retain(|wish| wish.row != self.cursor);
        let wish = Wish {
            row: self.cursor,
            shown: text.clone(),
            text,
            effect: Ok(String::new()),
            touches: false,
        };
        let at = self.wishes.partition_point(|other| other.row < wish.row);
        self.wishes.insert(at, wish);
        self.refresh(search);
        // What is as it was is no wish, once nobody types at it.
        if self.edit.is_none() {
            self.drop_idle(search);
        }
    }

    /// Nothing is typed any more.
    pub fn end_edit(&mut self, search: &Search) {
        self.edit = None;
        self.drop_idle(search);
    }

    fn drop_idle(&mut self, search: &Search) {
        let before = self.wishes.len();
        self.wishes.retain(|wish| !is_idle(wish, &search.spec.preset));
        if self.wishes.len() < before {
            self.refresh(search);
        }
    }

    /// What would be asked for; none while something can't be granted, or nothing is wished.
    pub fn settings(&self) -> Option<Vec<Setting>> {
        let can = self.preview.refusal.is_none() && self.wishes.iter().all(|w| w.effect.is_ok());
        let settings = self.wishes.iter().map(setting).collect::<Result<Vec<_>, _>>().ok()?;
        (can && !settings.is_empty()).then_some(settings)
    }

    /// Foretells anew.
    pub fn refresh(&mut self, search: &Search) {
        self.preview = Preview { undo: undo(search), ..Preview::default() };
        let settings: Vec<_> = self.wishes.iter().map(setting).collect();
        let valid: Vec<Setting> = settings.iter().filter_map(|s| s.clone().ok()).collect();
        let together = TuningPlan::of(&search.spec, &valid);
        for (wish, setting) in self.wishes.iter_mut().zip(&settings) {
            wish.shown = wish.text.clone();
            wish.touches = false;
            wish.effect = match setting {
                Err(why) => Err(why.clone()),
                Ok(setting) => match TuningPlan::of(&search.spec, std::slice::from_ref(setting)) {
                    Ok(plan) => {
                        wish.shown = shown(wish.row, &plan.preset);
                        wish.touches = plan.rescores || leaving(&plan, search) != (0, 0);
                        Ok(effect(&plan, search))
                    }
                    Err(_) if is_idle(wish, &search.spec.preset) => Ok(String::new()),
                    // What can't be alone may be beside the others.
                    Err(refusal) => match &together {
                        Ok(plan) => {
                            wish.shown = shown(wish.row, &plan.preset);
                            Ok("with the others".to_owned())
                        }
                        Err(_) => Err(refusal.message),
                    },
                },
            };
        }
        let is_fine = self.wishes.iter().all(|wish| wish.effect.is_ok());
        match together {
            Ok(plan) => {
                let (stays, _) = plan.stay(search.population(), aside(search));
                if stays.contains(&false) {
                    self.preview.leaves = stays.iter().map(|stays| !stays).collect();
                }
                self.preview.price = plan.rescores.then(|| price(&plan, search));
            }
            Err(refusal) if is_fine && valid.len() > 1 => {
                self.preview.refusal = Some(refusal.to_string());
            }
            Err(_) => {}
        }
    }
}

/// Whether it is so already.
fn is_idle(wish: &Wish, now: &Preset) -> bool {
    setting(wish).is_ok_and(|s| now.with_settings(&[s]).is_ok_and(|preset| preset == *now))
}

fn setting(wish: &Wish) -> Result<Setting, String> {
    let field = field(wish.row);
    let value = match wish.text.as_str() {
        "" => None,
        text => Some(field.toml(text)?),
    };
    Ok(Setting { key: field.key.to_owned(), value })
}

/// What taking the last change back would do; nothing where there is none.
fn undo(search: &Search) -> Option<String> {
    let last = Tuned::last_standing(&search.snapshot.as_ref()?.tunings)?;
    let settings = last.taken_back();
    TuningPlan::of(&search.spec, &settings).ok().map(|plan| effect(&plan, search))
}

/// The value of a row, as screens write it.
pub fn shown(row: usize, preset: &Preset) -> String {
    let field = field(row);
    match (field.read)(preset) {
        Some(value) => value.shown(),
        // As many as there are cores.
        None if field.key == "run.workers" => "auto".to_owned(),
        None => format::NONE.to_owned(),
    }
}

/// The next round number above or below; steps are about a twentieth.
fn stepped(kind: Kind, text: &str, up: bool) -> Option<String> {
    let plain = text.replace([',', '_'], "");
    let value: f64 = plain.parse().ok()?;
    let least = if kind == Kind::Word { 0.001 } else { 1.0 };
    let step = round_step((value.abs() / 20.0).max(least));
    let steps = value / step;
    let next = if up { (steps + 1e-9).floor() + 1.0 } else { (steps - 1e-9).ceil() - 1.0 };
    let next = next * step;
    // Words may be less than nothing, as a floor of agreement is.
    let next = if kind == Kind::Word { next } else { next.max(0.0) };
    Some(match kind {
        Kind::Word => {
            let decimals = (-step.log10().floor()).max(0.0) as usize;
            let text = format!("{next:.decimals$}");
            let trimmed = text.trim_end_matches('0').trim_end_matches('.');
            if text.contains('.') { trimmed.to_owned() } else { text }
        }
        _ => format!("{next:.0}"),
    })
}

fn aside(search: &Search) -> &[Arc<Member>] {
    search.snapshot.as_ref().map_or(&[], |s| s.aside.as_slice())
}

/// Members that would leave, and those that would come back.
fn leaving(plan: &TuningPlan, search: &Search) -> (usize, usize) {
    let (stays, back) = plan.stay(search.population(), aside(search));
    (stays.iter().filter(|stays| !**stays).count(), back)
}

/// What a change does, in a few words.
fn effect(plan: &TuningPlan, search: &Search) -> String {
    if plan.rescores {
        return price(plan, search);
    }
    let (leaving, back) = leaving(plan, search);
    let [leave, return_, all] =
        [leaving, back, search.population().len()].map(|n| format::count(n as u64));
    match (leaving, back) {
        (0, 0) => {}
        (_, 0) => return format!("evicts {leave} of {all}"),
        (0, _) => return format!("{return_} come back"),
        _ => return format!("evicts {leave}, {return_} come back"),
    }
    let is_of = |section: &str| plan.changes.iter().any(|c| c.key.starts_with(section));
    if is_of("budget.") || is_of("space.") || is_of("search.population") {
        "nobody leaves".to_owned()
    } else if is_of("search.iterations") || is_of("search.max_scored") {
        search.snapshot.as_ref().map_or(String::new(), |s| end(plan, s))
    } else if is_of("run.workers") {
        "at once".to_owned()
    } else if is_of("confirm.") || is_of("search.climb") || is_of("search.polish") {
        "at the end".to_owned()
    } else {
        "from the next child on".to_owned()
    }
}

/// When the search would end.
fn end(plan: &TuningPlan, snapshot: &Snapshot) -> String {
    let search = &plan.preset.search;
    let left = search.iterations.saturating_sub(snapshot.proposed);
    let to_score = search.max_scored.map(|most| most.saturating_sub(snapshot.scored));
    if left == 0 || to_score == Some(0) {
        return "ends it at once".to_owned();
    }
    let seconds = left as f64 / snapshot.proposed_per_s;
    let scoring = to_score.map_or(f64::INFINITY, |left| left as f64 / snapshot.scored_per_s);
    let seconds = seconds.min(scoring);
    match seconds.is_finite() {
        true => format!("≈ {} left", format::span((seconds * 1e3) as u64)),
        false => format!("{} left", format::count(left)),
    }
}

/// How many are scored anew, and how long that takes.
fn price(plan: &TuningPlan, search: &Search) -> String {
    let (leaving, back) = leaving(plan, search);
    let staying = search.population().len() - leaving + back;
    let what = format!("re-scores {}", format::count(staying as u64));
    let Some(snapshot) = &search.snapshot else { return what };
    match (plan.score_cost(&search.spec), search.score_ms()) {
        (Some(ratio), Some(score_ms)) if ratio > 0.0 => {
            let thread_ms = score_ms * ratio;
            let workers = snapshot.workers.len().clamp(1, staying.max(1));
            let ms = thread_ms * staying as f64 / workers as f64;
            format!("{what}, {}", about(ms))
        }
        (Some(ratio), _) if ratio <= 0.0 => format!("{what}, at once"),
        _ => format!("{what}, how long isn't known"),
    }
}

fn about(ms: f64) -> String {
    match ms {
        ms if ms < 950.0 => "< 1 s".to_owned(),
        ms if ms < 60_000.0 => format!("≈ {:.0} s", ms / 1e3),
        ms => format!("≈ {}", format::span(ms as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_to_round_numbers() {
        for (kind, text, up, down) in [
            (Kind::Whole, "512", "550", "500"),
            (Kind::Whole, "500", "550", "450"),
            (Kind::Size, "1,000,000", "1050000", "950000"),
            (Kind::Whole, "2", "3", "1"),
            (Kind::Whole, "0", "1", "0"),
            (Kind::Word, "0.5", "0.55", "0.45"),
            (Kind::Word, "0.1", "0.105", "0.095"),
            (Kind::Word, "1", "1.05", "0.95"),
        ] {
            assert_eq!(stepped(kind, text, true).as_deref(), Some(up), "{text}");
            assert_eq!(stepped(kind, text, false).as_deref(), Some(down), "{text}");
        }
        assert_eq!(stepped(Kind::Word, "first", true), None);
    }
}
