//! What is known of the time and the memory that a preset takes here: what was measured, and of what.
//! Invariant: in a narrow line what matters most is said first, and nothing is cut within a number.

use ratatui::layout::Rect;

use super::chrome::{Runs, run, width_of};
use crate::{
    run::Estimate,
    space::Preset,
    tui::{
        canvas::{Canvas, cut},
        format,
        keymap::{Context, Intent},
        model::{Form, Model},
        theme::{Ground, Role},
    },
};

pub fn draw(model: &Model, form: &Form, canvas: &mut Canvas<'_>, y: u16) {
    let w = canvas.area().width;
    let mut row = canvas.on(Ground::Band, Rect::new(0, y, w, 1));
    let x = row.text(2, y, "Estimate", Role::Strong.bold()) + 2;
    let say = |row: &mut Canvas<'_>, text: &str| {
        row.text(x, y, cut(text, w.saturating_sub(x + 2)), Role::Muted);
    };
    let key = model.key_in(Context::Form, Intent::Measure);
    let (measured, found) = match &model.setup.measured {
        None => return say(&mut row, &format!("{key} measures the rate and the memory here")),
        Some(measured) if measured.preset != form.draft.preset => {
            let text = match measured.found {
                None => format!("other settings are being measured; {key} measures these"),
                Some(_) => format!("measured with other settings; {key} measures again"),
            };
            return say(&mut row, &text);
        }
        Some(measured) => match &measured.found {
            None => return say(&mut row, "measuring, a few seconds"),
            Some(Err(why)) => return say(&mut row, &format!("not measured: {why}")),
            Some(Ok(found)) => (measured, found),
        },
    };
    let mut x = x;
    for part in parts(found, &form.draft.preset) {
        if x + width_of(&part) + 2 > w {
            return;
        }
        x = part.iter().fold(x, |x, (text, ink)| row.text(x, y, text, *ink)) + 3;
    }
    let minutes = model.now_ms.saturating_sub(measured.at_ms) / 60_000;
    let age = match minutes {
        0 => "measured here, just now".to_owned(),
        _ => format!("measured here, {minutes} min ago"),
    };
    if x + age.len() as u16 + 2 < w {
        row.right(w - 3, y, age, Role::Muted);
    }
}

/// The most wanted first.
fn parts(found: &Estimate, preset: &Preset) -> Vec<Runs> {
    let Preset { search, confirm, score, .. } = preset;
    let scores = search.iterations as f64 * found.scores_per_proposal;
    let scores = search.max_scored.map_or(scores, |most| scores.min(most as f64));
    let draws = f64::from(confirm.best as u32) * f64::from(confirm.repeats);
    let again = draws / f64::from(score.repeats);
    let whole = ((scores + again) / found.late_per_s * 1e3) as u64;
    let proposed = found.late_per_s / found.scores_per_proposal;
    let figure = |text: String, what: &str| vec![run(text, Role::Strong), run(what, Role::Muted)];
    let mut parts = vec![
        figure(format!("≈ {}", format::span(whole)), " to finish"),
        figure(format::rate(found.late_per_s), " scored"),
    ];
    if found.memory_bytes > 0 {
        parts.push(figure(format::bytes(found.memory_bytes), " memory"));
    }
    parts.push(figure(format::rate(proposed), " proposed"));
    parts.push(figure(format::rate(found.early_per_s), " scored at first"));
    parts.push(figure(
        found.workers.to_string(),
        match found.workers {
            1 => " worker",
            _ => " workers",
        },
    ));
    parts
}
