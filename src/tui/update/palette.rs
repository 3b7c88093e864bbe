//! What keys do in the palette.

use super::{intend as anywhere, moved};
use crate::tui::{
    action::Effect,
    keymap::Intent,
    model::{Model, Overlay, Palette},
};

pub(super) fn begin(model: &mut Model) {
    let here = (model.tab, model.base_place());
    model.overlay = Some(Overlay::Palette(Box::new(Palette::new(here, &model.keymap))));
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let Some(Overlay::Palette(palette)) = &mut model.overlay else {
        return Vec::new();
    };
    let found = palette.matches();
    if let Some(cursor) = moved(palette.cursor, found.len(), 10, intent) {
        palette.cursor = cursor;
        return Vec::new();
    }
    match intent {
        Intent::Back => model.overlay = None,
        Intent::Enter => {
            let Some(entry) = found.get(palette.cursor) else { return Vec::new() };
            model.overlay = None;
            let mut effects = Vec::new();
            if let Some(tab) = entry.tab.filter(|tab| *tab != model.tab) {
                effects.extend(anywhere(model, Intent::Show(tab)));
            }
            effects.extend(anywhere(model, entry.intent));
            return effects;
        }
        _ => {}
    }
    Vec::new()
}
