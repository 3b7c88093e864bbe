//! What keys do in the lab, and what comes of experiments.

use super::{candidate, moved};
use crate::{
    report::{Report, csv, svg},
    run::Heard,
    text::in_a_shell,
    tui::{
        action::Effect,
        edit::LineEdit,
        keymap::{Intent, Tab},
        model::{Document, LabPanel, Model, Net, State, Topic, lab_proxies},
        screens,
    },
};

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if model.lab.edit.is_some() {
        return type_in(model, intent);
    }
    let topic = model.lab.topic();
    let (count, page) = screens::lab_rows(model, topic);
    if let Some(row) = moved(model.lab.row(topic), count, page, intent) {
        model.lab.go_to(topic, row);
        return Vec::new();
    }
    match intent {
        Intent::NextExperiment => model.lab.turn(true),
        Intent::PreviousExperiment => model.lab.turn(false),
        Intent::NextPanel | Intent::PreviousPanel => {
            model.lab.panel = match model.lab.panel {
                LabPanel::Main => LabPanel::Side,
                LabPanel::Side => LabPanel::Main,
            };
        }
        Intent::Zoom => model.lab.is_zoomed = !model.lab.is_zoomed,
        Intent::Back => model.lab.is_zoomed = false,
        Intent::Benchmark => {
            model.lab.show(Topic::Rank);
            model.lab.edit = Some(LineEdit::new(model.lab.benchmark.as_deref().unwrap_or("")));
        }
        Intent::Reseed => {
            model.lab.seed += 1;
            let lead = format!("seed {}", model.lab.seed);
            model.say(lead, "for the next experiment that is run");
        }
        Intent::Experiment => return run(model, topic),
        Intent::Experiments => return run_rest(model),
        Intent::EndExperiment => return end(model, topic),
        Intent::CopyCommand => {
            // What made what is shown; else what would make it.
            let found = model.lab.found(topic).map(|found| found.command.clone());
            match found.map_or_else(|| model.experiment(topic, &[]).map(|wish| wish.command), Ok) {
                Ok(command) => {
                    model.say("sent the command".to_owned(), "to the clipboard of your terminal");
                    return vec![Effect::Copy(pasted(&command))];
                }
                Err(why) => model.complain(why),
            }
        }
        Intent::Export => return save(model, "csv", csv),
        Intent::SavePicture => return save(model, "svg", |report| svg(&report.figures)),
        _ => {}
    }
    Vec::new()
}

/// The path of a benchmark is being typed.
fn type_in(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::Enter => {
            let path = model.lab.edit.take().map(|edit| edit.text().trim().to_owned());
            if let Some(path) = path.filter(|path| !path.is_empty()) {
                model.lab.benchmark = Some(path);
                return run(model, Topic::Rank);
            }
        }
        Intent::Back => model.lab.edit = None,
        _ => {}
    }
    Vec::new()
}

/// The proxy under the ranking's cursor.
fn proxy(model: &Model) -> Option<String> {
    let report = model.lab.found(Topic::Rank).map(|found| &found.report);
    let mut proxies = lab_proxies(report);
    let at = model.lab.row(Topic::Rank);
    (at < proxies.len()).then(|| proxies.swap_remove(at).0)
}

fn run(model: &mut Model, topic: Topic) -> Vec<Effect> {
    if let State::Running(_) | State::Starting | State::Waiting = model.lab.state(topic) {
        let lead = format!("{} is on its way", topic.name());
        let key = model.key(Intent::EndExperiment);
        model.say(lead, &format!("{key} cancels it"));
        return Vec::new();
    }
    // A first ranking is by what it begins with.
    let is_first = model.lab.found(Topic::Rank).is_none();
    let more = if topic == Topic::Rank && !is_first { proxy(model) } else { None };
    begin(model, topic, &Vec::from_iter(more))
}

fn begin(model: &mut Model, topic: Topic, proxies: &[String]) -> Vec<Effect> {
    match model.experiment(topic, proxies) {
        Ok(wish) => model.lab.wish(wish),
        Err(why) => model.complain(why),
    }
    next(model)
}

/// All proxies that weren't run, or all experiments.
fn run_rest(model: &mut Model) -> Vec<Effect> {
    if model.lab.topic() == Topic::Rank && model.lab.benchmark.is_some() {
        let report = model.lab.found(Topic::Rank).map(|found| &found.report);
        let left = lab_proxies(report).into_iter().filter(|(_, row)| row.is_none());
        let left: Vec<String> = left.map(|(name, _)| name).collect();
        return match left.is_empty() {
            true => Vec::new(),
            false => begin(model, Topic::Rank, &left),
        };
    }
    for topic in Topic::ALL {
        let is_open = matches!(model.lab.state(topic), State::Open | State::Failed(_));
        // What lacks something is left out.
        if let Some(wish) = is_open.then(|| model.experiment(topic, &[]).ok()).flatten() {
            model.lab.wish_later(wish);
        }
    }
    next(model)
}

/// Starts what waits, where nothing runs.
fn next(model: &mut Model) -> Vec<Effect> {
    let Some(wish) = model.lab.next() else { return Vec::new() };
    vec![Effect::Experiment { name: wish.topic.name(), command: wish.command }]
}

fn end(model: &mut Model, topic: Topic) -> Vec<Effect> {
    if model.lab.forget(topic) {
        return Vec::new();
    }
    match model.lab.state(topic) {
        State::Running(_) | State::Starting => vec![Effect::EndExperiment(topic.name())],
        State::Open | State::Done(_) | State::Waiting | State::Failed(_) => Vec::new(),
    }
}

fn save(model: &mut Model, extension: &'static str, text: fn(&Report) -> String) -> Vec<Effect> {
    let topic = model.lab.topic();
    let Some(found) = model.lab.found(topic) else {
        model.complain(format!("{} has no result yet", topic.name()));
        return Vec::new();
    };
    let document = Document {
        stem: format!("zendo-lab-{}", topic.name()),
        extension,
        text: text(&found.report),
    };
    vec![Effect::Write(document)]
}

/// As it can be pasted into a shell.
fn pasted(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| in_a_shell(word)).collect();
    format!("zendo {}", words.join(" "))
}

/// Why the candidate under the cursor has its score.
pub(super) fn why(model: &mut Model) -> Vec<Effect> {
    let Some(member) = candidate::selected(model) else { return Vec::new() };
    let mut effects = super::show(model, Tab::Lab);
    effects.extend(follow(model));
    model.lab.show(Topic::Why);
    model.lab.asked_about = Some(Net::candidate(&member));
    effects.extend(begin(model, Topic::Why, &[]));
    effects
}

/// What was heard of the lab that is watched.
pub(super) fn heard(model: &mut Model, heard: Heard) -> Vec<Effect> {
    match heard {
        Heard::Stands(all) => model.lab.heard(all),
        Heard::Ended(name, result) => {
            let Some(topic) = Topic::named(name) else { return Vec::new() };
            if model.tab != Tab::Lab {
                let key = model.key(Intent::Show(Tab::Lab));
                match &result {
                    Ok(()) => model.say(format!("{name} is done"), &format!("{key} shows it")),
                    Err(why) => model.complain(format!("{name}: {why}")),
                }
            }
            model.lab.ended(topic, result);
        }
    }
    next(model)
}

/// Watches what the screen is about, as long as it is shown or something goes on.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let is_wanted = model.tab == Tab::Lab || model.lab.is_busy();
    let wanted = is_wanted.then(|| model.bench());
    if wanted == model.lab.watched {
        return Vec::new();
    }
    model.lab.turn_to(wanted.clone());
    vec![Effect::WatchLab(wanted)]
}

#[cfg(test)]
mod tests;
