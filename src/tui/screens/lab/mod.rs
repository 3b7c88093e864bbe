//! The lab: what experiments say of the score, two at a time where there is room, and how the others stand.

mod panel;
mod rank;

use ratatui::layout::Rect;

use super::{
    chrome::{self, Panels, Runs, put, run, width_of},
    prompt, search as whole, small, status,
};
use crate::tui::{
    canvas::{Canvas, cut, width},
    format,
    keymap::Intent,
    layout::{
        Columns, Rows,
        lab::{LabLayout, View, lab},
    },
    model::{LabPanel, Model, State, Topic},
    spots::Target,
    theme::{Ground, Role},
    widgets::gauge::{Tone, gauge},
};

pub use panel::rows as lab_rows;

/// The layout that the model asks for.
fn layout(model: &Model) -> LabLayout {
    let view = if model.lab.is_zoomed { View::Zoomed } else { View::Whole };
    lab((model.width, model.height), view)
}

/// Rows and columns of a topic's panel, where it is seen.
fn place(model: &Model, topic: Topic) -> Option<(Columns, Rows)> {
    match layout(model) {
        LabLayout::Nothing | LabLayout::Summary => None,
        LabLayout::One { columns, rows, .. } => {
            (model.lab.topic() == topic).then_some((columns, rows))
        }
        LabLayout::Two { main, side, rows, .. } => match model.lab.shown {
            [shown, _] if shown == topic => Some((main, rows)),
            [_, shown] if shown == topic => Some((side, rows)),
            _ => None,
        },
    }
}

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let layout = layout(model);
    match layout {
        LabLayout::Nothing => return,
        LabLayout::Summary => return summary(model, canvas),
        LabLayout::One { .. } | LabLayout::Two { .. } => {}
    }
    match &model.search {
        Some(search) if w < 60 => small::head(model, search, canvas),
        Some(_) | None => {
            chrome::band(canvas, model);
            headline(model, canvas);
        }
    }
    let mut panels = Panels::All;
    match layout {
        LabLayout::Nothing | LabLayout::Summary => {}
        LabLayout::One { columns, rows, list: at } => {
            let topic = model.lab.topic();
            panel::draw(model, canvas, (columns, rows), topic);
            if let Some(y) = at {
                list(model, canvas, y);
            }
            panels = Panels::OneAtATime;
        }
        LabLayout::Two { main, rule, side, rows, list: at } => {
            let [first, second] = model.lab.shown;
            panel::draw(model, canvas, (main, rows), first);
            canvas.vertical_rule(rule, rows.first..=rows.last);
            panel::draw(model, canvas, (side, rows), second);
            list(model, canvas, at);
        }
    }
    typed(model, canvas);
    if let Some(search) = &model.search {
        whole::banner(model, search, canvas, 2);
    }
    chrome::footer(canvas, model, panels);
}

/// Where a panel has no room.
fn summary(model: &Model, canvas: &mut Canvas<'_>) {
    let topic = model.lab.topic();
    let (glyph, role, word) = word(model.lab.state(topic));
    let x = canvas.text(0, 0, glyph, role);
    let x = canvas.text(x + 1, 0, topic.name(), Role::Strong.bold());
    canvas.text(x + 1, 0, word, Role::Muted);
    let reading = model.lab.found(topic).map(|found| &found.report.reading);
    for (line, y) in reading.into_iter().flatten().zip(1..) {
        canvas.text(0, y, cut(line, canvas.area().width), Role::Text);
    }
}

/// A state in a glyph and a word.
fn word(state: State<'_>) -> (&'static str, Role, &'static str) {
    match state {
        State::Open => ("○", Role::Muted, "not run"),
        State::Done(_) => ("✓", Role::Good, "done"),
        State::Starting => ("●", Role::Accent, "starting"),
        State::Running(_) => ("●", Role::Accent, "running"),
        State::Waiting => ("‖", Role::Warn, "waits"),
        State::Failed(_) => ("▲", Role::Error, "failed"),
    }
}

/// How the experiment under the keys stands: how far it is, or what decided what is shown.
fn headline(model: &Model, canvas: &mut Canvas<'_>) {
    let w = canvas.area().width;
    let topic = model.lab.topic();
    let state = model.lab.state(topic);
    let (glyph, role, state_word) = word(state);
    let x = canvas.text(2, 1, glyph, role);
    let x = canvas.text(x + 1, 1, topic.name(), Role::Strong.bold());
    match state {
        State::Running(progress) => {
            let share = match progress.of {
                0 => 0.0,
                of => progress.done as f64 / of as f64,
            };
            let x = canvas.text(x + 1, 1, "runs", Role::Text);
            let mut count = format::count(progress.done as u64);
            count.push_str(&format!(" of {}", format::count(progress.of as u64)));
            if !progress.text.is_empty() {
                count = crate::text::printable(&progress.text);
            } else if progress.of == 0 {
                "beginning".clone_into(&mut count);
            }
            let x = canvas.text(x + 3, 1, cut(&count, w / 2), Role::Strong);
            if x + 20 < w {
                gauge(canvas, Columns { start: x + 2, end: w - 10 }, 1, share, Tone::Progress);
                status::percent(canvas, w - 3, 1, share);
            }
        }
        State::Failed(why) => {
            canvas.text(
                x + 1,
                1,
                cut(&format!("failed: {why}"), w.saturating_sub(x + 4)),
                Role::Error,
            );
        }
        State::Done(found) => {
            let took =
                format!("{} on {}", took(found.seconds), crate::text::printable(&found.device));
            let room = w.saturating_sub(x + 6);
            let took = cut(&took, room / 2);
            canvas.right(w.saturating_sub(3), 1, &took, Role::Muted);
            let end = w.saturating_sub(width(&took) + 5);
            let mut x = x + 3;
            for (name, value) in &found.report.settings {
                let runs: Runs = vec![
                    run(format!("{} ", name.replace('_', " ")), Role::Muted),
                    run(cut(value, 40), Role::Text),
                ];
                if x + width_of(&runs) > end {
                    break;
                }
                x = put(canvas, x, 1, &runs) + 3;
            }
        }
        State::Open | State::Starting | State::Waiting => {
            canvas.text(x + 1, 1, state_word, Role::Muted);
            let seed = format!("seed {}", model.lab.seed);
            canvas.right(w.saturating_sub(3), 1, seed, Role::Muted);
        }
    }
}

/// Tenths of seconds where there are few of them.
fn took(seconds: f64) -> String {
    match seconds {
        0.0..10.0 => format!("{seconds:.1}s"),
        _ => format::span((seconds * 1_000.0) as u64),
    }
}

/// All experiments, and how each stands.
fn list(model: &Model, canvas: &mut Canvas<'_>, y: u16) {
    let w = canvas.area().width;
    let total: u16 = Topic::ALL.iter().map(|topic| width(topic.name()) + 3).sum();
    let (gap, mut x) = match w {
        _ if total + 12 < w => (3, 2),
        _ if total <= w => (1, 1),
        _ => return,
    };
    for topic in Topic::ALL {
        let (glyph, role, _) = word(model.lab.state(topic));
        let cells = Rect::new(x, y, width(topic.name()) + 2, 1);
        canvas.spot(cells, Target::Experiment(topic));
        let is_shown = model.lab.shown.contains(&topic);
        let ink = match (topic == model.lab.topic(), is_shown) {
            (true, _) => Role::Strong.bold(),
            (false, true) => Role::Text.into(),
            (false, false) => Role::Muted.into(),
        };
        let end = canvas.text(x, y, glyph, role);
        x = canvas.text(end + 1, y, topic.name(), ink) + gap;
    }
    // Row 1 speaks of the experiment: how the run is stands here, where there is room.
    let Some(search) = &model.search else { return };
    let (glyph, role, word, _) = status::state(search, model.now_ms);
    let word = format!("search: {word}");
    let end = w.saturating_sub(3);
    if x + width(&word) + 2 <= end {
        canvas.right_runs(
            end,
            y,
            &[(glyph, role.into()), (" ", role.into()), (&word, Role::Muted.into())],
        );
    }
}

/// The path of a benchmark, over the row that lists the experiments, or the last above the footer.
fn typed(model: &Model, canvas: &mut Canvas<'_>) {
    let Some(edit) = &model.lab.edit else { return };
    let (w, h) = (canvas.area().width, canvas.area().height);
    let y = h.saturating_sub(2);
    let mut panel = canvas.on(Ground::Panel, Rect::new(0, y, w, 1));
    let x = panel.text(2, y, "benchmark ", Role::Accent);
    prompt::typed(&mut panel, Columns { start: x, end: w.saturating_sub(3) }, y, edit);
}

/// The key that runs what is shown.
fn run_key(model: &Model) -> String {
    model.key(Intent::Experiment)
}

/// Whether a panel's experiment has the keys.
fn has_keys(model: &Model, topic: Topic) -> bool {
    let at = match model.lab.panel {
        LabPanel::Main => 0,
        LabPanel::Side => 1,
    };
    model.lab.shown[at] == topic
}
