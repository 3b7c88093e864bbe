//! Which rows and columns of each screen can wait on a slow line: charts first, then tables, then the rest. Must
//! not know what is drawn. Invariant: rows 0 and 1, the last row and the lines that are typed in are no part of
//! any.

use ratatui::layout::Rect;

use super::{Columns, Layout, Rows, population_top, two_columns};

/// What can wait, as rectangles; beyond the screen is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub charts: Vec<Rect>,
    pub tables: Vec<Rect>,
    /// Events.
    pub rest: Vec<Rect>,
}

/// What the panel over a screen of one panel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Chart,
    Table,
}

/// What has the keys on the Setup screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    Form,
    Text,
}

fn rect(columns: Columns, rows: Rows) -> Rect {
    Rect::new(columns.start, rows.first, columns.width(), rows.height())
}

/// All rows from the first on, over all columns; the one above the footer is the last event's.
fn one(shown: Shown, (width, height): (u16, u16), first: u16) -> Parts {
    let whole = Columns { start: 0, end: width.saturating_sub(1) };
    let body = rect(whole, Rows { first, last: height.saturating_sub(3) });
    let event = height.saturating_sub(2);
    let rest = vec![rect(whole, Rows { first: event.max(first), last: event })];
    match shown {
        Shown::Chart => Parts { charts: vec![body], tables: Vec::new(), rest },
        Shown::Table => Parts { charts: Vec::new(), tables: vec![body], rest },
    }
}

/// Of the search screen; `shown` is the panel that has the keys.
pub fn search(layout: &Layout, (width, height): (u16, u16), shown: Shown) -> Parts {
    let whole = Columns { start: 0, end: width.saturating_sub(1) };
    match layout {
        Layout::Nothing | Layout::State | Layout::Summary => Parts::default(),
        Layout::Small(at) => {
            // The last row but one is a small chart.
            let mut parts = one(shown, (width, at.bottom + 2), 2);
            parts.charts.append(&mut parts.rest);
            parts
        }
        Layout::Zoomed(_) => one(shown, (width, height), 3),
        Layout::Medium(at) => {
            let charts = Rows { first: at.chart.title, last: at.chart.labels };
            let table = Rows { first: 3, last: at.chart.title - 1 };
            let event = Rows { first: at.event, last: at.event };
            Parts {
                charts: vec![rect(whole, charts)],
                tables: vec![rect(whole, table)],
                rest: vec![rect(whole, event)],
            }
        }
        Layout::Large(at) => {
            let charts = Rows { first: at.chart.title, last: at.chart.labels };
            let main = Columns { start: 0, end: at.rule };
            let side = Columns { start: at.rule + 1, end: whole.end };
            let above = Rows { first: 3, last: at.bottom_rule };
            let events = Rows { first: at.chart.labels + 1, last: height - 2 };
            Parts {
                charts: vec![rect(whole, charts), rect(side, above)],
                tables: vec![rect(main, above)],
                rest: vec![rect(whole, events)],
            }
        }
    }
}

/// Of the population screen; `shown` counts where there is room for one panel.
pub fn population((width, height): (u16, u16), shown: Shown) -> Parts {
    let first = population_top(height) + 1;
    if width < 120 || height < 24 {
        return one(shown, (width, height), first);
    }
    let (_, rule, _) = two_columns(width);
    let rows = Rows { first, last: height - 3 };
    let event = Rows { first: height - 2, last: height - 2 };
    Parts {
        charts: vec![rect(Columns { start: rule + 1, end: width - 1 }, rows)],
        tables: vec![rect(Columns { start: 0, end: rule }, rows)],
        rest: vec![rect(Columns { start: 0, end: width - 1 }, event)],
    }
}

/// Of a screen that is one list, or lists that belong together, under `top` rows.
pub fn lists(size: (u16, u16), top: u16) -> Parts {
    one(Shown::Table, size, top)
}

/// Of the setup screen: what stands beside the panel that is typed in.
pub fn setup((width, height): (u16, u16), typing: Typing) -> Parts {
    if width < 120 || height < 16 {
        return Parts::default();
    }
    let rows = Rows { first: 3, last: height - 4 };
    let presets = Columns { start: 0, end: 28 };
    let (main, rule, _) = two_columns(width);
    let beside = match typing {
        Typing::Form => Columns { start: rule, end: width - 1 },
        Typing::Text => Columns { start: presets.end + 1, end: main.end },
    };
    Parts { charts: vec![rect(beside, rows)], tables: vec![rect(presets, rows)], rest: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::layout;

    /// All parts of all screens at a size.
    fn all(size: (u16, u16)) -> Vec<(&'static str, Parts)> {
        let at = layout::search(size.0, size.1);
        let zoomed = at.zoomed(size.0, size.1);
        [Shown::Chart, Shown::Table]
            .into_iter()
            .flat_map(|shown| {
                [
                    ("search", search(&at, size, shown)),
                    ("zoomed", search(&zoomed, size, shown)),
                    ("population", population(size, shown)),
                ]
            })
            .chain([
                ("lists", lists(size, 3)),
                ("form", setup(size, Typing::Form)),
                ("text", setup(size, Typing::Text)),
            ])
            .collect()
    }

    #[test]
    fn what_is_typed_and_how_it_is_never_waits() {
        for (w, h) in (1..220).step_by(3).flat_map(|w| (0..64).map(move |h| (w, h))) {
            for (name, parts) in all((w, h)) {
                let all = [parts.charts, parts.tables, parts.rest].concat();
                for part in all.iter().filter(|part| !part.is_empty()) {
                    let inside = part.top() >= 2 && part.bottom() < h && part.right() <= w;
                    assert!(inside, "{name} at {w}×{h}: {part:?}");
                }
            }
        }
    }

    #[test]
    fn parts_are_apart() {
        for size in [(200, 60), (120, 36), (80, 24), (40, 12)] {
            for (name, parts) in all(size) {
                let all = [parts.charts, parts.tables, parts.rest].concat();
                for (i, part) in all.iter().enumerate() {
                    let meets = all[..i].iter().any(|other| other.intersects(*part));
                    assert!(!meets, "{name} at {size:?}");
                }
            }
        }
    }

    #[test]
    fn the_parts_of_120_by_36() {
        let parts = search(&layout::search(120, 36), (120, 36), Shown::Table);
        assert_eq!(parts.charts, [Rect::new(0, 21, 120, 12), Rect::new(80, 3, 40, 18)]);
        assert_eq!(parts.tables, [Rect::new(0, 3, 80, 18)]);
        assert_eq!(parts.rest, [Rect::new(0, 33, 120, 2)]);
    }
}
