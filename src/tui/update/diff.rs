//! What keys do to two networks that are compared, and to the lineage below them.

use std::sync::Arc;

use super::{candidate, moved};
use crate::{
    run::protocol::Command,
    tui::{
        action::Effect,
        format,
        keymap::{Intent, Tab},
        layout::diff::DiffLayout,
        model::{Half, Known, Model, Net, NetPrompt, NetTarget, Overlay, Pins, Relative},
    },
};

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if go(model, intent) {
        return Vec::new();
    }
    match intent {
        Intent::NextPanel | Intent::PreviousPanel => {
            model.diff.half = Some(match model.diff_half(&model.diff_layout()) {
                Half::Lineage => Half::Blocks,
                Half::Blocks => Half::Lineage,
            });
        }
        Intent::Enter if model.diff_half(&model.diff_layout()) == Half::Lineage => walk(model),
        Intent::PinA => choose(model, NetTarget::A),
        Intent::PinB => choose(model, NetTarget::B),
        Intent::Swap => {
            // What follows is held where it is.
            if let (Some(a), Some(b)) = (model.side_a(), model.side_b()) {
                (model.pins.a, model.pins.b) = (Some(b), Some(a));
            }
        }
        Intent::Parent => want(model, Relative::Parent),
        Intent::Grandparent => want(model, Relative::Grandparent),
        Intent::Initial => want(model, Relative::Initial),
        Intent::Copy => return copy(model),
        Intent::Unpin => model.pins = Pins::default(),
        Intent::Back => back(model),
        _ => {}
    }
    Vec::new()
}

/// Rows of the blocks, and of the steps, that are seen at once.
pub(super) fn visible(model: &Model) -> [usize; 2] {
    let rows = match model.diff_layout() {
        DiffLayout::Summary => [1, 1],
        DiffLayout::Narrow(at) => [at.list.height(); 2],
        DiffLayout::Wide(at) => [at.blocks.height(), at.steps.height()],
    };
    rows.map(usize::from)
}

/// Moves the cursor of the half that has the keys.
fn go(model: &mut Model, intent: Intent) -> bool {
    let half = model.diff_half(&model.diff_layout());
    let [blocks, steps] = visible(model);
    let diff = &mut model.diff;
    let target = match half {
        Half::Lineage => moved(diff.step(), diff.steps(), steps, intent),
        Half::Blocks => moved(diff.line(), diff.lines(), blocks, intent),
    };
    match (target, half) {
        (None, _) => return false,
        (Some(at), Half::Lineage) => diff.select_step(at, steps),
        (Some(at), Half::Blocks) => diff.select_line(at, blocks),
    }
    true
}

fn choose(model: &mut Model, target: NetTarget) {
    model.overlay = Some(Overlay::Net(NetPrompt::new(target)));
}

/// The step under the cursor against its parent.
fn walk(model: &mut Model) {
    let Some((step, parent)) = model.diff.walked() else {
        return;
    };
    let Some(parent) = parent else {
        let id = format::id(step.id);
        let why = match step.parent {
            None => "the initial structure has no parent",
            Some(_) => "its parent is not known",
        };
        return model.say(id, why);
    };
    let (a, b, at) = (Net::candidate(parent), Net::candidate(step), step.id);
    model.diff.walk_to(at);
    (model.pins.a, model.pins.b) = (Some(a), Some(b));
}

fn want(model: &mut Model, relative: Relative) {
    let Some(b) = model.side_b() else { return };
    match &b.member {
        Some(member) => {
            model.diff.wanted = Some((member.id, relative));
            // B would move on from under what was asked for.
            model.pins.b = Some(b);
        }
        None => {
            let why = format!("is no candidate of this run: it has no {}", relative.word());
            model.say(b.label, &why);
        }
    }
}

/// Out of the screen; what was pinned stays.
fn back(model: &mut Model) {
    model.diff.wanted = None;
    model.tab = if model.search.is_some() { Tab::Search } else { Tab::Setup };
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(b) = model.side_b() else {
        return Vec::new();
    };
    candidate::copy(model, &b.label, &b.structure)
}

/// The screen goes on from here: pins as they were put.
pub(super) fn pin(model: &mut Model, net: Net, target: NetTarget) {
    let (name, pin) = match target {
        NetTarget::A => ("A", &mut model.pins.a),
        NetTarget::B => ("B", &mut model.pins.b),
        NetTarget::Network => return,
    };
    let lead = format!("pinned {name} {}", net.label);
    *pin = Some(net);
    let key = model.key(Intent::Show(Tab::Diff));
    model.say(lead, &format!("{key} compares A and B"));
}

/// `net` as B, against the best; the best itself against its parent, or what A is without a pin where
/// that isn't known.
pub(super) fn compare(model: &mut Model, net: Net) {
    if let Some(search) = &model.search {
        let best = search.best().map(Net::candidate);
        let is_best = best.as_ref().is_some_and(|best| best.structure == net.structure);
        let parent = || search.find(net.member.as_ref()?.parent?).map(Net::candidate);
        model.pins.a = if is_best { parent() } else { best };
    }
    model.pins.b = Some(net);
    model.tab = Tab::Diff;
}

/// After whatever happened: what the screen shows is worked out, once for all frames.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    if model.tab != Tab::Diff {
        return Vec::new();
    }
    let mut ask = model.refresh_diff();
    if grant(model) {
        // The lineage is the same, so there's nothing more to ask.
        ask = ask.or(model.refresh_diff());
    }
    ask.map(|id| Effect::Tell(Command::Inspect(id))).into_iter().collect()
}

/// Makes the relative that was asked for A, or says why not; whether A changed.
fn grant(model: &mut Model) -> bool {
    let (Some((id, relative)), Some(search)) = (model.diff.wanted, &model.search) else {
        return false;
    };
    let b = model.pins.b.as_ref().and_then(|net| net.member.as_ref());
    let Some(b) = b.filter(|member| member.id == id) else {
        model.diff.wanted = None;
        return false;
    };
    let chain = search.ancestry(b);
    let is_whole = chain.first().is_some_and(|first| first.parent.is_none());
    let back = |steps: usize| chain.len().checked_sub(1 + steps).map(|at| &chain[at]);
    let found = match relative {
        Relative::Parent => back(1),
        Relative::Grandparent => back(2),
        Relative::Initial => chain.first().filter(|_| is_whole),
    };
    let found = found.map(Arc::clone);
    let is_asking = model.diff.lineage.as_ref().is_some_and(|l| l.known == Known::Asking);
    match found {
        Some(member) => {
            model.pins.a = Some(Net::candidate(&member));
            model.diff.wanted = None;
            return true;
        }
        None if is_whole => {
            model.diff.wanted = None;
            model.say(format::id(id), &format!("has no {}", relative.word()));
        }
        // The screen says so.
        None if is_asking => {}
        None => {
            model.diff.wanted = None;
            model.say(format::id(id), &format!("its {} is forgotten", relative.word()));
        }
    }
    false
}

#[cfg(test)]
mod tests;
