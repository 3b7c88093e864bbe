//! What keys do among the population.

use super::{candidate, export, moved};
use crate::tui::{
    action::Effect,
    keymap::Intent,
    layout,
    model::{Model, PopulationView, Search},
};

/// Rows of the table that are seen at once.
pub(super) fn visible(model: &Model) -> usize {
    usize::from(layout::population_rows(model.width, model.height).max(1))
}

pub(super) fn intend(model: &mut Model, intent: Intent) -> Vec<Effect> {
    let visible = visible(model);
    let Model { population: view, search: Some(search), .. } = model else {
        return Vec::new();
    };
    if view.edit.is_some() {
        match intent {
            Intent::Enter => drop(view.keep()),
            Intent::Back => {
                view.clear_filter();
                view.refresh(search);
            }
            _ => {}
        }
        return Vec::new();
    }
    if let Some(row) = moved(view.row(), view.rows().len(), visible, intent) {
        view.select(row, visible, search);
        return Vec::new();
    }
    match intent {
        Intent::SortLeft => view.sort_by(-1, search),
        Intent::SortRight => view.sort_by(1, search),
        Intent::Reverse => view.reversed = !view.reversed,
        Intent::Filter => view.begin(),
        Intent::Axis => view.axis = view.axis.next(search.population()),
        Intent::NextPanel | Intent::PreviousPanel => view.shows_chart = !view.shows_chart,
        Intent::Back => view.clear_filter(),
        Intent::ExportFront => return export::begin_front(model),
        _ => return candidate::intend(model, intent),
    }
    view.refresh(search);
    Vec::new()
}

/// The filter's text has changed.
pub(super) fn typed(view: &mut PopulationView, search: &Search) {
    view.typed();
    view.refresh(search);
}
