//! What a slow line leaves out of a frame. Must not know the line. Invariant: nothing that lies over a screen
//! waits, nor what it has left bare.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{base, draw, overlay};
use crate::tui::{
    canvas::Canvas,
    economy::Level,
    keymap::Tab,
    layout::parts::{self, Parts, Shown, Typing},
    model::{Model, Panel},
    theme::Theme,
};

/// Draws `model` like [`super::draw`]; gives what keeps the cells that it has. `lay` is where something lay over
/// the screen in the last frame, and becomes where it does now.
pub fn waiting(
    model: &Model,
    theme: &Theme,
    (level, lay): (Level, &mut Rect),
    buffer: &mut Buffer,
) -> Vec<Rect> {
    let lies = match &model.overlay {
        None => {
            draw(model, theme, buffer);
            Rect::ZERO
        }
        Some(_) => {
            base(model, Canvas::new(buffer, theme));
            let before = buffer.clone();
            overlay(model, Canvas::over(buffer, theme));
            changed(&before, buffer)
        }
    };
    let left = std::mem::replace(lay, lies);
    let Parts { charts, tables, rest } = parts(model);
    let waits = match level {
        Level::Everything => Vec::new(),
        Level::WithoutCharts => charts,
        Level::WithoutTables => [charts, tables].concat(),
        Level::InputAlone => [charts, tables, rest].concat(),
    };
    // What was covered and isn't any more comes back as a whole, or half of it would be of another moment.
    let is_bare = |part: &Rect| left != lies && part.intersects(left);
    waits.into_iter().filter(|part| !is_bare(part)).flat_map(|part| without(part, lies)).collect()
}

/// The smallest rectangle with all that differs.
fn changed(before: &Buffer, after: &Buffer) -> Rect {
    let differs = before.area.positions().filter(|at| before[*at] != after[*at]);
    differs.map(|at| Rect::new(at.x, at.y, 1, 1)).reduce(Rect::union).unwrap_or(Rect::ZERO)
}

/// `part` without what `hole` covers: above, below, left, right of it.
fn without(part: Rect, hole: Rect) -> Vec<Rect> {
    let hole = part.intersection(hole);
    if hole.is_empty() {
        return vec![part];
    }
    let across = |top: u16, bottom: u16| Rect::new(part.x, top, part.width, bottom - top);
    let beside = |left: u16, right: u16| Rect::new(left, hole.y, right - left, hole.height);
    let rest = [
        across(part.top(), hole.top()),
        across(hole.bottom(), part.bottom()),
        beside(part.left(), hole.left()),
        beside(hole.right(), part.right()),
    ];
    rest.into_iter().filter(|rect| !rect.is_empty()).collect()
}

/// The parts of the screen that is shown.
fn parts(model: &Model) -> Parts {
    let size = (model.width, model.height);
    let top = if size.1 >= 16 { 3 } else { 2 };
    match (model.tab, &model.search) {
        (Tab::Setup, _) => match model.setup.open_form().map(|form| form.panel) {
            Some(Panel::Form) => parts::setup(size, Typing::Form),
            Some(Panel::Toml) => parts::setup(size, Typing::Text),
            Some(Panel::Presets) | None => Parts::default(),
        },
        (Tab::Network | Tab::Diff | Tab::Lab, _) => parts::lists(size, top),
        (_, None) => Parts::default(),
        (Tab::Search, Some(search)) => {
            let shown = if search.shows_chart { Shown::Chart } else { Shown::Table };
            parts::search(&model.layout(), size, shown)
        }
        (Tab::Population, Some(_)) => {
            let shown = if model.population.shows_chart { Shown::Chart } else { Shown::Table };
            parts::population(size, shown)
        }
        // The line that is typed in stands above.
        (Tab::Log, Some(_)) => parts::lists(size, top + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::{action::Action, fixture, keymap::Intent, theme::Depth, update::update};

    fn frame(model: &Model, level: Level, lay: &mut Rect) -> (Buffer, Vec<Rect>) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, model.width, model.height));
        let theme = Theme::ink(Depth::TrueColor);
        let waits = waiting(model, &theme, (level, lay), &mut buffer);
        (buffer, waits)
    }

    fn waits_at(waits: &[Rect], x: u16, y: u16) -> bool {
        waits.iter().any(|rect| rect.contains((x, y).into()))
    }

    #[test]
    fn charts_wait_first_then_the_table_never_what_is_typed() {
        let model = fixture::sized(fixture::running(), (120, 36));
        let mut lay = Rect::ZERO;
        let (whole, none) = frame(&model, Level::Everything, &mut lay);
        let mut drawn = Buffer::empty(whole.area);
        crate::tui::screens::draw(&model, &Theme::ink(Depth::TrueColor), &mut drawn);
        assert!(none.is_empty() && whole == drawn);
        let (chart, best, table, event) = ((10, 26), (90, 8), (10, 8), (20, 34));
        let at = |waits: &[Rect]| [chart, best, table, event].map(|(x, y)| waits_at(waits, x, y));
        let (_, waits) = frame(&model, Level::WithoutCharts, &mut lay);
        assert_eq!(at(&waits), [true, true, false, false]);
        for (level, is_rest) in [(Level::WithoutTables, false), (Level::InputAlone, true)] {
            let (_, waits) = frame(&model, level, &mut lay);
            assert_eq!(at(&waits), [true, true, true, is_rest]);
            assert!((0..120).all(|x| [0, 1, 2, 35].iter().all(|y| !waits_at(&waits, x, *y))));
        }
    }

    #[test]
    fn what_lies_over_a_screen_never_waits_and_leaves_nothing_behind() {
        let mut model = fixture::sized(fixture::running(), (120, 36));
        let mut lay = Rect::ZERO;
        update(&mut model, Action::Intent(Intent::Palette));
        let (_, waits) = frame(&model, Level::InputAlone, &mut lay);
        assert!(lay.width > 40 && lay.height > 5, "{lay:?}");
        assert!(lay.positions().all(|at| !waits_at(&waits, at.x, at.y)));
        assert!(waits_at(&waits, lay.left() - 1, lay.top()) && waits_at(&waits, 10, 8));
        update(&mut model, Action::Intent(Intent::Back));
        let lay_so_far = lay;
        let (_, waits) = frame(&model, Level::InputAlone, &mut lay);
        assert_eq!(lay, Rect::ZERO);
        assert!(lay_so_far.positions().all(|at| !waits_at(&waits, at.x, at.y)));
        let (_, waits) = frame(&model, Level::InputAlone, &mut lay);
        assert!(waits_at(&waits, lay_so_far.x, lay_so_far.y), "waits again");
    }
}
