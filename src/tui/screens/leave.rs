//! Asks whether to leave, or to stop, what would be lost.

use ratatui::layout::Rect;

use super::help::frame;
use crate::{
    run::run_name,
    tui::{
        canvas::{Canvas, cut, wrap},
        format,
        keymap::{Context, Intent},
        model::{Form, Model},
        theme::{Ground, Role},
    },
};

const HOSTED: &str = "The run goes on without this terminal, and `zendo attach` watches it again. Stopped, it \
                      confirms the best it has found and ends.";
const KEPT: &str = "The search runs in this program and ends with it.";
const QUESTION: &str = "The search runs in this program and ends with it. What it has found so far \
                        is lost unless it is copied first.";

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let unsaved: Vec<&str> =
        model.setup.unsaved().filter(|form| form.is_worth_asking()).map(Form::name).collect();
    let kept = model.search.as_ref().and_then(|search| search.hello.as_ref()?.spec.out.as_ref());
    let mut question = match kept {
        _ if !model.is_searching() => String::new(),
        Some(folder) => format!("{KEPT} `zendo resume {}` goes on where it was.", run_name(folder)),
        None => QUESTION.to_owned(),
    };
    if !unsaved.is_empty() {
        question.push_str(&format!(" Not saved: {}.", unsaved.join(", ")));
    }
    let keys = [Intent::StopAndLeave, Intent::Back].map(|i| model.key_in(Context::Leave, i));
    if model.hosted_in().is_some() {
        let keys = [Intent::StopAndLeave, Intent::Detach].map(|i| model.key_in(Context::Leave, i));
        let asked = Asked {
            what: "stop?",
            keys,
            title: "Stop the run and leave?",
            question: HOSTED,
            answers: ["stop and leave", "leave it running"],
        };
        return ask(&asked, canvas);
    }
    let asked = match model.is_searching() {
        true => Asked {
            what: "leave?",
            keys,
            title: "Leave a running search?",
            question: &question,
            answers: ["stop and leave", "stay"],
        },
        false => Asked {
            what: "leave?",
            keys,
            title: "Leave without saving?",
            question: &question,
            answers: ["leave", "stay"],
        },
    };
    ask(&asked, canvas);
}

/// Asks whether the search is to end before its time.
pub fn draw_stop(model: &Model, canvas: &mut Canvas<'_>) {
    let snapshot = model.search.as_ref().and_then(|search| search.snapshot.as_ref());
    let (done, all) = snapshot.map_or((0, 0), |s| (s.proposed, s.iterations));
    let (done, all) = (format::count(done), format::count(all));
    let question = format!(
        "{done} of {all} iterations are done. A search that was stopped can't go on; the best of its \
         population are scored again."
    );
    let asked = Asked {
        what: "stop?",
        keys: [Intent::Stop, Intent::Back].map(|intent| model.key_in(Context::Stop, intent)),
        title: "Stop the search?",
        question: &question,
        answers: ["stop and confirm", "go on"],
    };
    ask(&asked, canvas);
}

/// A question with a yes and a no.
struct Asked<'a> {
    /// Where there is no room for more, with its keys, or a stray one would be an answer unasked.
    what: &'static str,
    /// Of the answers.
    keys: [String; 2],
    title: &'static str,
    question: &'a str,
    answers: [&'static str; 2],
}

fn ask(asked: &Asked<'_>, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.area().width, canvas.area().height);
    if w < 24 || h < 8 {
        let mut line = canvas.on(Ground::Panel, Rect::new(0, 0, w, 1));
        let ([yes, no], [_, stay]) = (&asked.keys, asked.answers);
        let brief = format!("{} {yes} yes  {no} {stay}", asked.what);
        line.text(0, 0, cut(&brief, w), Role::Warn.bold());
        return;
    }
    let width = w.min(64);
    let lines = wrap(asked.question, width.saturating_sub(6));
    let height = (lines.len() as u16 + 6).min(h);
    let (x, y) = ((w - width) / 2, (h - height) / 2);
    let rect = Rect::new(x, y, width, height);
    let mut panel = canvas.on(Ground::Panel, rect);
    frame(&mut panel, rect);
    panel.text(x + 2, y, format!(" {} ", asked.title), Role::Strong.bold());
    for (line, y) in lines.iter().zip(y + 2..(y + height).saturating_sub(3)) {
        panel.text(x + 3, y, line, Role::Text);
    }
    let glyphs = panel.theme().glyphs();
    let [yes_key, no_key] = asked.keys.each_ref().map(|key| glyphs.keys(key).into_owned());
    let [yes, no] = asked.answers;
    let (yes, no) = (format!(" {yes}   "), format!(" {no}"));
    let keys = [
        (&*yes_key, Role::Accent.into()),
        (yes.as_str(), Role::Muted.into()),
        (&*no_key, Role::Accent.into()),
        (no.as_str(), Role::Muted.into()),
    ];
    panel.runs(x + 3, y + height - 3, &keys);
}
