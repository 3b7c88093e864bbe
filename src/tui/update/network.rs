//! What keys do to a network that is looked at.

use std::sync::Arc;

use super::{candidate, diff, export, moved};
use crate::{
    run::protocol::Member,
    tui::{
        action::Effect,
        keymap::{Intent, Tab},
        model::{Model, Net, NetPrompt, NetTarget, Overlay, Shown},
    },
};

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::OpenNet => {
            model.overlay = Some(Overlay::Net(NetPrompt::new(NetTarget::Network)));
            return Vec::new();
        }
        Intent::Back => {
            back(model);
            return Vec::new();
        }
        _ => {}
    }
    let Some(net) = model.shown_net() else {
        return Vec::new();
    };
    let blocks = net.structure.blocks();
    let view = &mut model.network;
    view.block = view.block.min(blocks.len() - 1);
    if let Some(block) = moved(view.block, blocks.len(), 5, intent) {
        (view.block, view.sub_layer) = (block, 0);
        return Vec::new();
    }
    let last = blocks[view.block].sub_layers - 1;
    match intent {
        Intent::Into => view.sub_layer = (view.sub_layer + 1).min(last),
        // What is shown may have become shorter meanwhile.
        Intent::OutOf => view.sub_layer = view.sub_layer.min(last).saturating_sub(1),
        Intent::Share => view.share = view.share.next(),
        Intent::Unfold => view.is_unfolded = !view.is_unfolded,
        Intent::NextNet => step(model, 1),
        Intent::PreviousNet => step(model, -1),
        Intent::Diff => diff::compare(model, net),
        Intent::Copy => return candidate::copy(model, &net.label, &net.structure),
        Intent::Export => export::open(model, vec![net]),
        _ => {}
    }
    Vec::new()
}

/// Back to where networks are chosen.
fn back(model: &mut Model) {
    model.tab = if model.search.is_some() { Tab::Search } else { Tab::Setup };
}

/// A candidate, on the screen of networks.
pub(super) fn show(model: &mut Model, member: &Arc<Member>) {
    model.tab = Tab::Network;
    let best = model.search.as_ref().and_then(|search| search.best());
    match best.is_some_and(|best| best.id == member.id) {
        true => model.network.follow_best(),
        false => model.network.open(Net::candidate(member)),
    }
}

/// To the candidate that is so many ranks further; the block stays, so that candidates compare.
fn step(model: &mut Model, by: isize) {
    let layout = model.layout();
    let id = model.shown_net().and_then(|net| net.member).map(|member| member.id);
    let Some(search) = &mut model.search else { return };
    let population = search.population();
    let rank = population.iter().position(|member| Some(member.id) == id);
    // From any other network, to the best.
    let to = rank.map_or(0, |rank| rank.saturating_add_signed(by));
    let to = to.min(population.len().saturating_sub(1));
    let Some(member) = population.get(to) else { return };
    let is_best = search.best().is_some_and(|best| best.id == member.id);
    let net = Net::candidate(member);
    model.network.shown = if is_best { Shown::Best } else { Shown::Net(net) };
    let count = search.population().len();
    search.select(to, layout.visible(count));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::Counting,
        tui::{
            action::Action,
            fixture,
            keymap::{Context, Key, intent},
            model::Share,
            update::update,
        },
    };

    fn press(model: &mut Model, key: Key) -> Vec<Effect> {
        let action = intent(model.place(), key).map_or(Action::Type(key), Action::Intent);
        update(model, action)
    }

    fn type_in(model: &mut Model, keys: &str) {
        keys.chars().for_each(|c| drop(press(model, Key::Char(c))));
    }

    fn open(model: &mut Model, text: &str) {
        type_in(model, "3o");
        update(model, Action::Paste(text.to_owned()));
        press(model, Key::Enter);
    }

    fn id(model: &Model) -> Option<u64> {
        model.shown_net().and_then(|net| net.member).map(|member| member.id)
    }

    fn of_rank(rank: usize) -> Option<u64> {
        Some(fixture::snapshot().population[rank].id)
    }

    #[test]
    fn enter_opens_the_selected_candidate_and_escape_goes_back() {
        let mut model = fixture::running();
        type_in(&mut model, "jj");
        assert_eq!(press(&mut model, Key::Enter), []);
        assert_eq!((model.place().context, id(&model)), (Context::Network, of_rank(2)));
        press(&mut model, Key::Esc);
        assert_eq!(model.tab, Tab::Search);
        press(&mut model, Key::Home);
        press(&mut model, Key::Enter);
        assert_eq!((&model.network.shown, id(&model)), (&Shown::Best, of_rank(0)));
        let mut model = fixture::starting();
        press(&mut model, Key::Enter);
        assert_eq!(model.shown_net().expect("what it starts from").label, "initial");
    }

    #[test]
    fn candidates_are_stepped_through_by_rank() {
        let mut model = fixture::running();
        type_in(&mut model, "3]]");
        assert_eq!(id(&model), of_rank(2));
        assert_eq!(model.search.as_ref().map(|search| search.rank()), Some(2), "selected as well");
        type_in(&mut model, "[[[");
        assert_eq!((&model.network.shown, id(&model)), (&Shown::Best, of_rank(0)));
        open(&mut model, "ZenNet-2M");
        assert_eq!(id(&model), None);
        type_in(&mut model, "]");
        assert_eq!(id(&model), of_rank(0));
    }

    #[test]
    fn blocks_and_sub_layers_are_gone_through() {
        let mut model = fixture::running();
        let one = "SuperConvK3BNRELU(3,8,1,1)";
        open(&mut model, &format!("{one}SuperResK3K3(8,8,2,8,3)SuperConvK1BNRELU(8,8,1,1)"));
        let spot = |model: &Model| (model.network.block, model.network.sub_layer);
        type_in(&mut model, "lj");
        assert_eq!(spot(&model), (1, 0), "a block of one sub-layer has no other");
        type_in(&mut model, "lllllh");
        assert_eq!(spot(&model), (1, 1));
        type_in(&mut model, "G");
        assert_eq!(spot(&model), (2, 0));
        open(&mut model, one);
        assert_eq!(spot(&model), (0, 0));
        type_in(&mut model, "jjzss");
        assert_eq!(spot(&model), (0, 0));
        assert_eq!((model.network.share, model.network.is_unfolded), (Share::Flops, true));
    }

    #[test]
    fn a_diff_is_against_the_best_and_of_the_best_against_its_parent() {
        let labels = |model: &Model| {
            let label = |net: &Option<Net>| net.as_ref().map(|net| net.label.clone());
            (label(&model.pins.a), label(&model.pins.b))
        };
        let label = |rank| of_rank(rank).map(crate::tui::format::id);
        let mut model = fixture::running();
        type_in(&mut model, "3]d");
        assert_eq!((labels(&model), model.tab), ((label(0), label(1)), Tab::Diff));
        type_in(&mut model, "3[d");
        let parent = fixture::snapshot().population[0].parent;
        assert_eq!(labels(&model), (parent.map(crate::tui::format::id), label(0)));
        // Without a search there is no best: A stays as it was.
        let mut model = fixture::model();
        open(&mut model, "ZenNet-2M");
        type_in(&mut model, "d");
        assert_eq!(labels(&model), (None, Some("ZenNet-2M".to_owned())));
    }

    #[test]
    fn copying_gives_the_structure_with_and_without_a_search() {
        let mut model = fixture::model();
        type_in(&mut model, "3y");
        assert_eq!(press(&mut model, Key::Char('y')), [], "there is none");
        for mut model in [fixture::model(), fixture::running()] {
            open(&mut model, "mine SuperConvK3BNRELU(3,8,1,1)");
            let sent = Effect::Copy("SuperConvK3BNRELU(3,8,1,1)".to_owned());
            assert_eq!(press(&mut model, Key::Char('y')), [sent]);
            if let Some(search) = &model.search {
                assert_eq!(search.events.back().map(|e| e.lead.as_str()), Some("sent mine"));
            }
        }
    }

    /// The run's settings count, or else those of the form that is open, or else the net's own.
    #[test]
    fn a_network_is_taken_apart_under_the_settings_at_hand() {
        let view = |model: &Model| model.view_of(&model.shown_net().expect("shown"));
        let mut model = fixture::model();
        open(&mut model, "ZenNet-400M");
        let own = view(&model);
        assert_eq!((own.net.resolution, own.net.classes), (224, 1_000));
        assert_eq!((own.counting, own.analytic.resolution), (Counting::Exact, 224));
        let mut model = fixture::running();
        open(&mut model, "ZenNet-400M");
        let run = view(&model);
        assert_eq!((run.net.resolution, run.net.classes), (32, 100));
        assert_eq!((run.counting, run.analytic.batch), (Counting::Reference, 1));
    }

    #[test]
    fn the_run_is_told_what_to_do_from_here_as_well() {
        let mut model = fixture::running();
        type_in(&mut model, "3");
        let pause = Effect::Tell(crate::run::protocol::Command::Pause);
        assert_eq!(press(&mut model, Key::Char('p')), [pause]);
        assert_eq!(model.tab, Tab::Network);
    }
}
