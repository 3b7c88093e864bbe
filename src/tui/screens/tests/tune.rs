//! The Tune panel: what is wished, what can't be, what was changed.

use std::sync::Arc;

use super::*;
use crate::run::protocol::Snapshot;

fn keys(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        update(model, Action::Type(Key::Char(c)));
    }
}

/// A smaller population, typed, and one mutation a child.
pub(super) fn wishing() -> Model {
    let mut model = fixture::raised();
    press(&mut model, &[Intent::Tune]);
    press(&mut model, &[Intent::Down; 4]);
    press(&mut model, &[Intent::PreviousValue]);
    press(&mut model, &[Intent::First]);
    keys(&mut model, "475");
    model
}

/// A budget that the initial structure breaks, beside one that is fine.
pub(super) fn impossible() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Tune, Intent::PreviousValue, Intent::Down]);
    keys(&mut model, "1000");
    press(&mut model, &[Intent::Down, Intent::Up]);
    model
}

/// Asked for another batch, and everybody is on the way to another score.
pub(super) fn rescoring() -> Model {
    let mut model = fixture::running();
    let renewal = Some((120, 512));
    let snapshot = Snapshot { renewal, ..(*fixture::snapshot()).clone() };
    update(&mut model, Action::Engine(Update::Snapshot(Arc::new(snapshot))));
    press(&mut model, &[Intent::Tune, Intent::Last]);
    press(&mut model, &[Intent::Up; 11]);
    press(&mut model, &[Intent::NextValue]);
    model
}

/// What leaves is red, from the lowest score on, and nothing else is.
#[test]
fn the_scores_show_who_would_leave() {
    for depth in [Depth::TrueColor, Depth::Ansi16] {
        let red = |model: Model| {
            let buffer = paint(model, (120, 36), depth);
            let error = Theme::ink(depth).colour(Role::Error);
            let charts = Rect::new(46, 21, 32, 10);
            let cells = charts.positions().filter(|at| buffer[*at].fg == error);
            cells.map(|at| at.x).collect::<std::collections::BTreeSet<u16>>()
        };
        assert_eq!(red(fixture::running()).len(), 0);
        let columns = red(wishing());
        assert!(columns.first().is_some_and(|&x| x >= 50), "{columns:?}");
        assert!((1..=12).contains(&columns.len()), "{columns:?}");
    }
}
