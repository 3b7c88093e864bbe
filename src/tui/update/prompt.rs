//! What keys do where a network is asked for.

use super::moved;
use crate::tui::{
    keymap::Intent,
    model::{Model, Overlay},
};

pub(super) fn intend(model: &mut Model, intent: Intent) {
    let Some(Overlay::Net(mut prompt)) = model.overlay.take() else {
        return;
    };
    if intent == Intent::Enter {
        match model.asked_for(&prompt) {
            Ok(net) => return model.take(prompt.target, net),
            Err(error) => prompt.error = Some(error),
        }
    }
    let offers = model.offers(&prompt).len();
    if let Some(row) = moved(prompt.cursor, offers, 5, intent) {
        prompt.cursor = row;
        prompt.error = None;
    }
    model.overlay = Some(Overlay::Net(prompt));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::protocol::Command;
    use crate::tui::{
        action::{Action, Effect},
        fixture,
        keymap::{Context, Key, Tab, intent},
        model::{NetPrompt, NetTarget},
        update::update,
    };

    const CONV: &str = "SuperConvK3BNRELU(3,8,1,1)";

    fn asked(target: NetTarget) -> Model {
        let mut model = fixture::running();
        model.overlay = Some(Overlay::Net(NetPrompt::new(target)));
        model
    }

    fn press(model: &mut Model, key: Key) {
        let action = intent(model.place(), key).map_or(Action::Type(key), Action::Intent);
        // The Diff screen may want to know where a candidate came from.
        let asks = |effect: &Effect| matches!(effect, Effect::Tell(Command::Inspect(_)));
        assert!(update(model, action).iter().all(asks));
    }

    fn paste(model: &mut Model, text: &str) {
        update(model, Action::Paste(text.to_owned()));
    }

    fn prompt(model: &Model) -> &NetPrompt {
        let Some(Overlay::Net(prompt)) = &model.overlay else { panic!("no prompt") };
        prompt
    }

    fn labels(model: &Model) -> Vec<String> {
        model.offers(prompt(model)).into_iter().map(|offer| offer.net.label).collect()
    }

    #[test]
    fn what_is_there_is_offered_and_narrowed_by_what_is_typed() {
        let mut model = asked(NetTarget::Network);
        assert_eq!(model.place().context, Context::Net);
        let best = model.search.as_ref().and_then(|s| s.best()).expect("scored").id;
        let all = labels(&model);
        // The best, which is selected too; its parent; what it all began with; seventeen published nets.
        assert_eq!(all.len(), 3 + 17, "{all:?}");
        assert!(all.contains(&"initial".to_owned()));
        assert_eq!(all[0], crate::tui::format::id(best));
        "zennet-1".chars().for_each(|c| press(&mut model, Key::Char(c)));
        assert_eq!(labels(&model), ["ZenNet-1M", "ZenNet-1.2ms"]);
        press(&mut model, Key::Down);
        press(&mut model, Key::Down);
        press(&mut model, Key::Enter);
        assert!(model.overlay.is_none());
        assert_eq!((model.tab, model.place().context), (Tab::Network, Context::Network));
        assert_eq!(model.shown_net().expect("shown").label, "ZenNet-1.2ms");
    }

    #[test]
    fn candidates_are_found_by_their_numbers() {
        for (commas, mark) in [(true, "#"), (false, "#"), (false, "")] {
            let mut model = asked(NetTarget::B);
            let id = fixture::snapshot().population[7].id;
            let digits = if commas { crate::text::grouped(id) } else { id.to_string() };
            paste(&mut model, &format!("{mark}{digits}"));
            press(&mut model, Key::Enter);
            let b = model.pins.b.as_ref().expect("pinned");
            assert_eq!(b.member.as_ref().map(|member| member.id), Some(id));
            assert_eq!(model.tab, Tab::Diff);
        }
    }

    #[test]
    fn structures_may_be_pasted_with_names_and_line_breaks() {
        let mut model = asked(NetTarget::A);
        paste(&mut model, "# my nets\r\nmine SuperConvK3BNRELU(3,8,\r\n1,1)\n\n");
        press(&mut model, Key::Enter);
        let a = model.pins.a.as_ref().expect("pinned");
        assert_eq!((a.label.as_str(), a.structure.to_string().as_str()), ("mine", CONV));
    }

    #[test]
    fn what_cannot_be_taken_says_where_and_why() {
        for (text, error) in [
            (
                "mine SuperConvK3BNRELU(3,8,1)",
                "column 29: expected ',' after the stride, found ')'",
            ),
            (
                "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(9,8,1,1)",
                "column 45: block 2 takes 9 channels, but block 1 before it gives 8",
            ),
            ("ZenNet-3M", "'ZenNet-3M' is no net that is known; the nearest name is 'ZenNet-1M'"),
            (
                "nets/mine.txt",
                "'nets/mine.txt' is no net that is known, and files are not read here: paste the \
                 structure",
            ),
            (
                "#99999999",
                "#99,999,999 is in the population no more, and no ancestor that is known",
            ),
        ] {
            let mut model = asked(NetTarget::Network);
            paste(&mut model, text);
            press(&mut model, Key::Enter);
            assert_eq!(prompt(&model).error.as_deref(), Some(error));
            press(&mut model, Key::Char('x'));
            assert_eq!(prompt(&model).error, None, "it may be mended now");
        }
    }

    #[test]
    fn a_huge_paste_is_cut_and_refused() {
        let mut model = asked(NetTarget::Network);
        for text in [CONV.repeat(40_000), "x\n".repeat(500_000), "é".repeat(1 << 20)] {
            press(&mut model, Key::Ctrl('u'));
            paste(&mut model, &text);
            press(&mut model, Key::Enter);
            assert!(prompt(&model).edit.text().chars().count() <= 65_537);
            assert!(prompt(&model).error.is_some());
        }
    }

    /// Longer than a line of settings may be.
    #[test]
    fn structures_may_be_as_long_as_the_grammar_has_them() {
        let mut model = asked(NetTarget::Network);
        let next = "SuperResK1K3K1(8,8,1,8,256)".repeat(255);
        paste(&mut model, &format!("{CONV}{next}"));
        press(&mut model, Key::Enter);
        assert_eq!(model.shown_net().expect("shown").structure.blocks().len(), 256);
    }

    #[test]
    fn escape_leaves_all_as_it_was() {
        let mut model = asked(NetTarget::A);
        paste(&mut model, CONV);
        press(&mut model, Key::Esc);
        assert!(model.overlay.is_none() && model.pins.a.is_none());
        assert_eq!(model.tab, Tab::Search);
    }
}
