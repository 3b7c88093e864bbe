//! The steps from a structure to one that came of it. Must not know the model. Invariant: a gain inside
//! the noise is neither green nor red.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::axis;
use crate::{
    run::protocol::Member,
    tui::{
        canvas::{Canvas, cut, width},
        format::{self, Unit},
        layout::{Rows, diff::LineageColumns},
        spots::{List, Target},
        theme::{Ground, Role},
    },
};

/// What is shown.
pub struct Steps<'a> {
    /// The oldest first.
    pub chain: &'a [Arc<Member>],
    pub top: usize,
    pub cursor: usize,
    pub best: Option<u64>,
    pub params: Unit,
    pub flops: Unit,
    /// Whether a child's gain on its parent is more than noise.
    pub tells: &'a dyn Fn(Option<&Member>, &Member) -> bool,
}

pub fn heads(canvas: &mut Canvas<'_>, at: &LineageColumns, y: u16) {
    canvas.right(at.step_end, y, "step", Role::Muted);
    let head = "mutation of its parent";
    let fits = width(head) <= at.mutation.width();
    canvas.text(at.mutation.start, y, if fits { head } else { "mutation" }, Role::Muted);
    let heads = [
        (at.id_end, "id"),
        (Some(at.gain_end), "gain"),
        (Some(at.score_end), "score"),
        (at.params_end, "params"),
        (at.flops_end, "FLOPs"),
        (at.layers_end, "L"),
    ];
    for (end, head) in heads {
        if let Some(end) = end {
            canvas.right(end, y, head, Role::Muted);
        }
    }
}

impl Steps<'_> {
    pub fn draw(&self, canvas: &mut Canvas<'_>, at: &LineageColumns, rows: Rows) {
        let scale = axis::scale(self.chain.iter().filter_map(|member| member.gain));
        let w = canvas.area().width;
        for (index, y) in (self.top..self.chain.len()).zip(rows.first..=rows.last) {
            let cells = Rect::new(0, y, w, 1);
            canvas.spot(cells, Target::Row(List::Steps, index));
            let mut canvas = if index == self.cursor {
                let mut row = canvas.on(Ground::Selection, cells);
                row.text(0, y, "▸", Role::Accent);
                row
            } else {
                canvas.again()
            };
            self.step(&mut canvas, at, y, (index, scale));
        }
    }

    fn step(
        &self,
        canvas: &mut Canvas<'_>,
        at: &LineageColumns,
        y: u16,
        (index, scale): (usize, f64),
    ) {
        let Some(member) = self.chain.get(index) else { return };
        let parent = index.checked_sub(1).and_then(|before| self.chain.get(before));
        canvas.right(at.step_end, y, member.generation.to_string(), Role::Muted);
        if let Some(end) = at.id_end {
            canvas.right(end, y, format::count(member.id), Role::Muted);
        }
        let text = format::mutation_in_brief(member.parent, &member.mutations);
        let role = if member.parent.is_none() { Role::Muted } else { Role::Text };
        canvas.text(at.mutation.start, y, cut(&text, at.mutation.width()), role);
        let tells = (self.tells)(parent.map(Arc::as_ref), member);
        let gain = member.gain.unwrap_or(0.0);
        let (role, bar) = match (tells, gain > 0.0) {
            (true, true) => (Role::Good, Role::Good),
            (true, false) => (Role::Error, Role::Error),
            (false, _) => (Role::Text, Role::Bar2),
        };
        match member.gain {
            Some(gain) => canvas.right(at.gain_end, y, format::signed(gain), role),
            None => canvas.right(at.gain_end, y, format::NONE, Role::Faint),
        }
        if let Some(axis) = at.bar {
            axis::bar(canvas, axis, y, (gain / scale, bar));
        }
        let score = match self.best == Some(member.id) {
            true => Role::Best.bold(),
            false => Role::Strong.into(),
        };
        canvas.right(at.score_end, y, format::score(member.score.value), score);
        let costs = [
            (at.params_end, &self.params, member.costs.params),
            (at.flops_end, &self.flops, member.costs.flops),
        ];
        for (end, unit, value) in costs {
            if let Some(end) = end {
                let digits = unit.digits(value);
                let runs = [(&*digits, Role::Text.into()), (unit.symbol, Role::Faint.into())];
                canvas.right_runs(end, y, &runs);
            }
        }
        if let Some(end) = at.layers_end {
            canvas.right(end, y, member.costs.layers.to_string(), Role::Text);
        }
    }
}
