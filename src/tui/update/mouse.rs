//! What the mouse does. Must not know where anything is drawn: the screens tell what lies under it as they draw.
//! Invariant: whatever a click does, a key does too.

use super::{diff, form, intend, population, show, themes, tune, typed_line};
use crate::{
    keymap::intent,
    tui::{
        action::{Effect, Pointer},
        keymap::{Intent, Key},
        model::{Half, Model, Mouse, Overlay, Panel},
        screens,
        spots::{List, Target},
    },
};

/// Rows that a turn of the wheel moves.
const WHEEL: usize = 3;

/// Takes the mouse, or leaves it to the terminal.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    let key = model.key(Intent::Mouse);
    model.mouse = match model.mouse {
        Mouse::Off => {
            let how = format!("a click selects, another opens; {key} gives it back");
            model.say("mouse on".to_owned(), &how);
            Mouse::On
        }
        Mouse::On => {
            model.say("mouse off".to_owned(), "it selects text of the terminal again");
            Mouse::Off
        }
    };
    vec![Effect::Capture(model.mouse)]
}

pub(super) fn point(model: &mut Model, (x, y): (u16, u16), kind: Pointer) -> Vec<Effect> {
    // What a terminal still sends when the mouse is its own again.
    if model.mouse == Mouse::Off {
        return Vec::new();
    }
    // A line that is typed on a screen is taken or left first, by its keys.
    if model.overlay.is_none() && typed_line(model).is_some() {
        return Vec::new();
    }
    let spots = screens::spots(model);
    match kind {
        Pointer::Press => match spots.at(x, y).next() {
            Some(Target::Tab(tab)) => show(model, tab),
            Some(Target::Experiment(topic)) => {
                model.lab.show(topic);
                Vec::new()
            }
            Some(Target::Row(list, row)) => press(model, list, row),
            Some(Target::List(list)) => {
                focus(model, list);
                Vec::new()
            }
            None => Vec::new(),
        },
        Pointer::WheelUp => turn(model, spots.at(x, y).find_map(Target::list), Intent::Up),
        Pointer::WheelDown => turn(model, spots.at(x, y).find_map(Target::list), Intent::Down),
    }
}

/// Selects a row; where it was selected already, does what Enter does as shipped.
fn press(model: &mut Model, list: List, row: usize) -> Vec<Effect> {
    let had_keys = focus(model, list);
    if had_keys && selected(model, list) == Some(row) {
        let enter = match list {
            // Enter applies all there: too much for a click.
            List::Settings => Some(Intent::Edit),
            _ => intent(model.place(), Key::Enter),
        };
        return enter.map_or_else(Vec::new, |enter| intend(model, enter));
    }
    select(model, list, row)
}

fn turn(model: &mut Model, list: Option<List>, by: Intent) -> Vec<Effect> {
    let Some(list) = list else { return Vec::new() };
    focus(model, list);
    let mut effects = Vec::new();
    for _ in 0..WHEEL {
        effects.extend(match list {
            List::Text => {
                let key = if by == Intent::Up { Key::Up } else { Key::Down };
                form::type_text(model, |edit| edit.key(key))
            }
            _ => intend(model, by),
        });
    }
    effects
}

/// Gives a list the keys, where it lies beside others; tells whether it had them.
fn focus(model: &mut Model, list: List) -> bool {
    let half = model.diff_half(&model.diff_layout());
    let panel = match list {
        List::Presets => Panel::Presets,
        List::Fields => Panel::Form,
        List::Text => Panel::Toml,
        List::Compared | List::Steps => {
            let wanted = if list == List::Steps { Half::Lineage } else { Half::Blocks };
            model.diff.half = Some(wanted);
            return half == wanted;
        }
        List::Lab(topic) => {
            let had_keys = model.lab.topic() == topic;
            model.lab.show(topic);
            return had_keys;
        }
        List::Ranks
        | List::Population
        | List::Blocks
        | List::Log
        | List::Actions
        | List::Themes
        | List::Runs
        | List::Nets
        | List::Optimum
        | List::Settings
        | List::Keys => return true,
    };
    // Without a form there is nothing beside the presets.
    let Some(form) = model.setup.open_form_mut().filter(|form| form.panel != panel) else {
        return true;
    };
    form.focus(panel);
    if panel == Panel::Presets {
        model.setup.point_at_open();
    }
    false
}

/// The row that has the cursor.
fn selected(model: &Model, list: List) -> Option<usize> {
    match (list, &model.overlay) {
        (List::Presets, _) => Some(model.setup.picker.cursor),
        (List::Fields, _) => Some(model.setup.open_form()?.cursor),
        (List::Ranks, _) => Some(model.search.as_ref()?.rank()),
        (List::Population, _) => Some(model.population.row()),
        (List::Blocks, _) => {
            let last = model.shown_net()?.structure.blocks().len() - 1;
            Some(model.network.block.min(last))
        }
        (List::Compared, _) => Some(model.diff.line()),
        (List::Steps, _) => Some(model.diff.step()),
        (List::Lab(topic), _) => Some(model.lab.row(topic)),
        (List::Log, _) => Some(model.log.row),
        (List::Actions, Some(Overlay::Palette(palette))) => Some(palette.cursor),
        (List::Themes, Some(Overlay::Theme(choice))) => Some(choice.cursor),
        (List::Runs, Some(Overlay::Runs(list))) => Some(list.cursor),
        (List::Nets, Some(Overlay::Net(prompt))) => Some(prompt.cursor),
        (List::Optimum, Some(Overlay::Solve(solve))) => Some(solve.cursor),
        (List::Settings, Some(Overlay::Tune(tune))) => Some(tune.cursor),
        // A text has no row that could be opened.
        (List::Text | List::Keys, _) => None,
        (
            List::Actions | List::Themes | List::Runs | List::Nets | List::Optimum | List::Settings,
            _,
        ) => None,
    }
}

fn select(model: &mut Model, list: List, row: usize) -> Vec<Effect> {
    let (layout, rows) = (model.layout(), population::visible(model));
    let [blocks, steps] = diff::visible(model);
    match (list, &mut model.overlay) {
        (List::Presets, _) => {
            model.setup.picker.cursor = row;
            model.setup.picker.error = None;
        }
        (List::Fields, _) => {
            if let Some(form) = model.setup.open_form_mut() {
                form.cursor = row;
            }
        }
        (List::Text, _) => {
            return form::type_text(model, |edit| edit.go_to_line(row));
        }
        (List::Ranks, _) => {
            if let Some(search) = &mut model.search {
                let visible = layout.visible(search.population().len());
                search.select(row, visible);
            }
        }
        (List::Population, _) => {
            if let Some(search) = &model.search {
                model.population.select(row, rows, search);
            }
        }
        (List::Blocks, _) => (model.network.block, model.network.sub_layer) = (row, 0),
        (List::Compared, _) => model.diff.select_line(row, blocks),
        (List::Steps, _) => model.diff.select_step(row, steps),
        (List::Lab(topic), _) => model.lab.go_to(topic, row),
        (List::Log, _) => model.log.select(row),
        (List::Actions, Some(Overlay::Palette(palette))) => palette.cursor = row,
        (List::Themes, Some(Overlay::Theme(choice))) => {
            choice.cursor = row;
            themes::preview(model);
        }
        (List::Nets, Some(Overlay::Net(prompt))) => {
            prompt.cursor = row;
            prompt.error = None;
        }
        (List::Runs, Some(Overlay::Runs(list))) => list.cursor = row,
        (List::Optimum, Some(Overlay::Solve(solve))) => solve.cursor = row,
        (List::Settings, Some(Overlay::Tune(_))) => tune::select(model, row),
        (
            List::Actions
            | List::Themes
            | List::Runs
            | List::Nets
            | List::Optimum
            | List::Settings
            | List::Keys,
            _,
        ) => {}
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
