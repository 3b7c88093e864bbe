//! A thin bar with a share of it filled, in half cells.

use crate::tui::{canvas::Canvas, layout::Columns, theme::Role};

/// How a gauge is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Of a run.
    Progress,
    /// Of a budget.
    Budget,
}

pub fn gauge(canvas: &mut Canvas<'_>, columns: Columns, y: u16, share: f64, tone: Tone) {
    let role = match tone {
        Tone::Progress => Role::Accent,
        Tone::Budget => Role::Bar,
    };
    let halves = f64::from(columns.width()) * 2.0 * share.clamp(0.0, 1.0);
    // Floored, so that it is full only when all is done.
    let halves = halves.floor() as u16;
    for (i, x) in (columns.start..=columns.end).enumerate() {
        let filled = halves.saturating_sub(2 * i as u16);
        match filled {
            0 => canvas.text(x, y, "─", Role::Rule),
            1 => canvas.text(x, y, "╸", role),
            _ => canvas.text(x, y, "━", role),
        };
    }
}
