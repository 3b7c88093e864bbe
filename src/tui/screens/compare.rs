//! What a preset says otherwise than what it extends. Must not change anything. Invariant: a value is
//! beside the one it replaces.

use crate::tui::{
    canvas::{Canvas, cut, width},
    format,
    layout::{Columns, Rows},
    model::Form,
    theme::Role,
};

pub fn draw(form: &Form, canvas: &mut Canvas<'_>, side: Columns, rows: Rows) {
    let x = canvas.text(side.start, rows.first.saturating_sub(2), "Compare", Role::Strong.bold());
    let base = form.base_name().unwrap_or_else(|| "the defaults".to_owned());
    let against = format!("against {base}");
    let room = (side.end + 1).saturating_sub(x + 2);
    canvas.text(x + 2, rows.first.saturating_sub(2), cut(&against, room), Role::Muted);
    let differences = form.differences();
    if differences.is_empty() {
        canvas.text(side.start, rows.first, "nothing differs", Role::Faint);
        return;
    }
    let mut y = rows.first;
    let total = differences.len();
    for (shown, difference) in differences.into_iter().enumerate() {
        let of = |value: Option<String>| value.unwrap_or_else(|| format::NONE.to_owned());
        let (base, own) = (of(difference.base), of(difference.own));
        let is_last_row = y + 3 > rows.last && shown + 1 < total;
        if is_last_row {
            let more = format!("{} more", total - shown);
            canvas.text(side.start, y.min(rows.last), more, Role::Faint);
            return;
        }
        canvas.text(side.start, y, cut(&difference.key, side.width()), Role::Text);
        // Each has half of the row; a structure is longer than any.
        let room = side.width().saturating_sub(5) / 2;
        let base = cut(&base, room.max(side.width().saturating_sub(5 + width(&own))));
        let x = canvas.text(side.start + 2, y + 1, &base, Role::Muted);
        let x = canvas.text(x, y + 1, " → ", Role::Faint);
        canvas.text(x, y + 1, cut(&own, (side.end + 1).saturating_sub(x)), Role::Strong);
        y += 2;
    }
}
