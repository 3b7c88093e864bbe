//! The Diff screen in its states.

use super::press;
use crate::{
    run::protocol::Update,
    tui::{
        action::Action,
        fixture,
        keymap::{Intent, Tab},
        model::{Model, Net},
        update::update,
    },
};

/// On the Diff screen: the best against what was published.
pub fn best() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Show(Tab::Diff)]);
    let id = fixture::snapshot().population[0].id;
    let ancestors = Update::Ancestors(fixture::ancestors(id));
    update(&mut model, Action::Engine(ancestors));
    model
}

/// Blocks put in, taken out, split; B is no candidate.
pub fn pasted() -> Model {
    let mut model = best();
    let parse = |text: &str| text.parse().expect("valid");
    let a = "SuperConvK3BNRELU(3,16,1,1)SuperResK3K3(16,32,2,16,2)SuperResK1K5K1(32,64,2,32,7)\
             SuperResK3K3(64,64,2,32,1)SuperConvK1BNRELU(64,128,1,1)";
    let b = "SuperConvK3BNRELU(3,24,1,1)SuperResK1K7K1(24,24,1,8,2)SuperResK3K3(24,32,2,24,2)\
             SuperResK1K5K1(32,64,2,32,3)SuperResK1K5K1(64,64,1,32,4)SuperConvK1BNRELU(64,512,2,1)";
    model.pins.a = Some(Net::other(None, parse(a)));
    model.pins.b = Some(Net::other(Some("mine"), parse(b)));
    press(&mut model, &[Intent::NextPanel]);
    model
}

/// Two steps back, against its parent.
pub fn walked() -> Model {
    let mut model = best();
    press(&mut model, &[Intent::Up, Intent::Up, Intent::Enter]);
    model
}

/// Where the ancestors aren't known yet, in the half that narrow screens don't show first.
pub fn asking() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Show(Tab::Diff), Intent::NextPanel, Intent::NextPanel]);
    model
}

pub fn finalists() -> Model {
    let mut model = fixture::finished();
    press(&mut model, &[Intent::Down, Intent::Diff]);
    model
}

pub fn nothing() -> Model {
    let mut model = fixture::model();
    press(&mut model, &[Intent::Show(Tab::Diff)]);
    model
}

/// As many blocks as a structure may have, all alike: each pair could be a split.
pub fn largest() -> Model {
    let mut model = best();
    let of = |block: &str| block.repeat(256).parse().expect("within the limits");
    model.pins.a = Some(Net::other(None, of("SuperResK3K3(16384,16384,1,16384,256)")));
    model.pins.b = Some(Net::other(None, of("SuperResK3K3(16384,16384,1,16384,1)")));
    press(&mut model, &[Intent::NextPanel, Intent::Last]);
    model
}
