//! A bar to one side of an axis: how much more, or less.

use crate::tui::{canvas::Canvas, layout::diff::Axis, theme::Role};

/// The axis in row `y`, with a bar as long as `share` of its cells, to the left where it is negative.
/// What is more than the cells hold ends in a mark.
pub fn bar(canvas: &mut Canvas<'_>, at: Axis, y: u16, (share, role): (f64, Role)) {
    canvas.text(at.x, y, "│", Role::Rule);
    if share == 0.0 || !share.is_finite() {
        return;
    }
    let cells = at.cells;
    let halves = (share.abs() * f64::from(2 * cells)).round().clamp(1.0, f64::from(2 * cells));
    let halves = halves as u16;
    let is_more = share > 0.0;
    let x = |distance: u16| if is_more { at.x + distance } else { at.x - distance };
    for distance in 1..=halves / 2 {
        canvas.text(x(distance), y, "▄", role);
    }
    if halves % 2 == 1 {
        canvas.text(x(halves / 2 + 1), y, if is_more { "▖" } else { "▗" }, role);
    }
    if share.abs() > 1.0 {
        canvas.text(x(cells + 1), y, if is_more { "▸" } else { "◂" }, role);
    }
}

/// What a full bar stands for: the largest of `values`, but for the outermost tenth, which would press
/// all others flat.
pub fn scale(values: impl Iterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = values.map(f64::abs).filter(|v| v.is_finite() && *v > 0.0).collect();
    sizes.sort_by(f64::total_cmp);
    let last = sizes.len().saturating_sub(1);
    sizes.get(last - last / 10).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Depth, Theme};
    use ratatui::{buffer::Buffer, layout::Rect};

    fn drawn(share: f64) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 1));
        let theme = Theme::ink(Depth::Mono);
        let axis = Axis { x: 4, cells: 3 };
        bar(&mut Canvas::new(&mut buffer, &theme), axis, 0, (share, Role::Bar));
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn bars_grow_by_half_cells_to_both_sides() {
        for (share, text) in [
            (0.0, "    │    "),
            (f64::NAN, "    │    "),
            (0.01, "    │▖   "),
            (0.5, "    │▄▖  "),
            (1.0, "    │▄▄▄ "),
            (1.2, "    │▄▄▄▸"),
            (-0.5, "  ▗▄│    "),
            (-9.0, "◂▄▄▄│    "),
        ] {
            assert_eq!(drawn(share), text, "{share}");
        }
    }

    #[test]
    fn one_outlier_does_not_press_the_others_flat() {
        let values = (1..=11).map(f64::from).chain([-500.0, f64::NAN]);
        assert_eq!(scale(values), 11.0);
        assert_eq!(scale([2.0, -3.0].into_iter()), 3.0);
        assert_eq!(scale(std::iter::empty()), 1.0);
    }
}
