//! The population: the best, a seam, and the candidate that leaves next.

use std::sync::Arc;

use super::{bars, ribs};
use crate::{
    run::protocol::Member,
    score::half_width_95,
    tui::{
        canvas::{Canvas, cut, width},
        format::{self, Unit},
        layout::{Columns, Rows},
        theme::{Ground, Role},
    },
};
use ratatui::layout::Rect;

/// What a table shows.
pub struct Table<'a> {
    pub population: &'a [Arc<Member>],
    pub capacity: usize,
    pub proposed: u64,
    pub params: Unit,
    pub flops: Unit,
    /// Rank of the first row.
    pub top: usize,
    /// Rows before the seam.
    pub visible: usize,
    /// Rank of the cursor.
    pub cursor: usize,
    /// Whoever won, once that is known.
    pub winner: Option<u64>,
    /// Standard deviation of one draw, where it is known.
    pub noise: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Rank,
    Id,
    Score,
    Noise,
    Draws,
    LogDelta,
    LogSigma,
    Params,
    Flops,
    Layers,
    Age,
    Generation,
    Parent,
    From,
    Gain,
    Kernels,
    Widths,
}

impl Column {
    fn cells(self) -> u16 {
        match self {
            Column::Rank | Column::Generation | Column::Draws => 3,
            Column::Layers => 2,
            Column::Noise => 4,
            Column::LogDelta | Column::Age => 5,
            Column::LogSigma => 7,
            Column::Id
            | Column::Score
            | Column::Params
            | Column::Flops
            | Column::Parent
            | Column::Gain => 6,
            Column::Kernels | Column::Widths => 8,
            Column::From => 12,
        }
    }

    fn head(self) -> &'static str {
        match self {
            Column::Rank => "#",
            Column::Id => "id",
            Column::Score => "▾score",
            Column::Noise => "±",
            Column::Draws => "×",
            Column::LogDelta => "log Δ",
            Column::LogSigma => "Σ log σ",
            Column::Params => "params",
            Column::Flops => "FLOPs",
            Column::Layers => "L",
            Column::Age => "age",
            Column::Generation => "gen",
            Column::Parent => "parent",
            Column::From => "from",
            Column::Gain => "gain",
            Column::Kernels => "kernels",
            Column::Widths => "widths",
        }
    }

    fn is_text(self) -> bool {
        matches!(
            self,
            Column::Noise | Column::Draws | Column::From | Column::Kernels | Column::Widths
        )
    }

    /// Cells between this column and the one before it.
    fn gap(self) -> u16 {
        if matches!(self, Column::Noise | Column::Draws) { 1 } else { 2 }
    }
}

/// All columns in their order, each with its turn to go when it gets narrow: the highest first.
const ORDER: [(Column, u8); 17] = [
    (Column::Rank, 0),
    (Column::Id, 12),
    (Column::Score, 0),
    (Column::Noise, 5),
    (Column::Draws, 8),
    (Column::LogDelta, 7),
    (Column::LogSigma, 15),
    (Column::Params, 1),
    (Column::Flops, 3),
    (Column::Layers, 4),
    (Column::Age, 6),
    (Column::Generation, 13),
    (Column::Parent, 14),
    (Column::From, 2),
    (Column::Gain, 10),
    (Column::Kernels, 11),
    (Column::Widths, 9),
];

/// The columns that fit between `columns`, with where they start and how wide they are. Columns
/// without a value in this run are left out; what is over goes to `from`.
pub fn place(population: &[Arc<Member>], columns: Columns) -> Vec<(Column, Columns)> {
    let any = |has: fn(&Member) -> bool| population.iter().any(|member| has(member));
    let mut order: Vec<(Column, u8)> = ORDER.to_vec();
    order.retain(|(column, _)| match column {
        // Where some were drawn again, all have a noise that is known; where all were drawn alike, how
        // often is said elsewhere.
        Column::Noise => any(|m| m.score.std.is_some()),
        Column::Draws => {
            let draws = |m: &Member| m.score.repeats;
            population.iter().any(|m| draws(m) != draws(&population[0]))
        }
        Column::LogDelta => any(|m| m.score.log_delta.is_some()),
        Column::LogSigma => any(|m| m.score.bn_sum.is_some()),
        _ => true,
    });
    // The mark's column and a blank come first.
    let needed = |order: &[(Column, u8)]| -> u16 {
        order.iter().map(|(column, _)| column.cells() + column.gap()).sum()
    };
    while needed(&order) > columns.width() && order.len() > 2 {
        let last = order.iter().enumerate().max_by_key(|(_, (_, turn))| *turn).map(|(i, _)| i);
        order.remove(last.expect("more than two columns are left"));
    }
    let spare = columns.width().saturating_sub(needed(&order));
    let mut x = columns.start;
    let mut placed = Vec::new();
    for (column, _) in order {
        x += column.gap();
        let cells = column.cells() + if column == Column::From { spare } else { 0 };
        placed.push((column, Columns { start: x, end: x + cells - 1 }));
        x += cells;
    }
    placed
}

pub fn heads(canvas: &mut Canvas<'_>, placed: &[(Column, Columns)], y: u16) {
    let mut before = 0;
    for (column, at) in placed {
        let has_room = at.end.saturating_sub(5) > before + 1;
        before = at.end;
        if *column == Column::Score && has_room {
            let x = (at.end + 1).saturating_sub(6);
            let x = canvas.text(x, y, "▾", Role::Accent);
            canvas.text(x, y, "score", Role::Text);
        } else if column.is_text() {
            canvas.text(at.start, y, column.head(), Role::Muted);
        } else {
            canvas.right(at.end, y, column.head().trim_start_matches('▾'), Role::Muted);
        }
    }
}

/// How loud a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Plain,
    /// The one that leaves next.
    Quiet,
}

impl Table<'_> {
    pub fn draw(&self, canvas: &mut Canvas<'_>, columns: Columns, rows: Rows) {
        let placed = place(self.population, columns);
        heads(canvas, &placed, rows.first - 1);
        let count = self.population.len();
        if count <= usize::from(rows.height()) {
            for (rank, y) in (0..count).zip(rows.first..=rows.last) {
                self.row(canvas, &placed, (rank, y), Voice::Plain);
            }
            return;
        }
        let seam = rows.last.saturating_sub(1);
        for (rank, y) in
            (self.top..self.top + self.visible).zip(rows.first..seam.max(rows.first + 1))
        {
            self.row(canvas, &placed, (rank, y), Voice::Plain);
        }
        if rows.height() >= 3 {
            let hidden = count.saturating_sub(self.top + self.visible + 1);
            let text = if hidden > 0 {
                format!("╌╌ {} more ", format::count(hidden as u64))
            } else {
                String::new()
            };
            let x = canvas.text(columns.start, seam, &text, Role::Faint);
            canvas.horizontal(x..=columns.end, seam, "╌");
            let voice = if count == self.capacity { Voice::Quiet } else { Voice::Plain };
            self.row(canvas, &placed, (count - 1, rows.last), voice);
        }
    }

    /// The row of `rank` at row `y`.
    pub fn row(
        &self,
        canvas: &mut Canvas<'_>,
        placed: &[(Column, Columns)],
        (rank, y): (usize, u16),
        voice: Voice,
    ) {
        let (Some(member), Some((_, first)), Some((_, last))) =
            (self.population.get(rank), placed.first(), placed.last())
        else {
            return;
        };
        let mark = first.start.saturating_sub(2);
        let left = mark.saturating_sub(1);
        let mut row = if rank == self.cursor {
            // The cursor stands outside the text where there is a margin.
            let cells = Rect::new(left, y, last.end + 2 - left, 1);
            let mut row = canvas.on(Ground::Selection, cells);
            row.text(left, y, "▸", Role::Accent);
            row
        } else {
            canvas.again()
        };
        if voice == Voice::Quiet {
            row.text(mark, y, "▾", Role::Warn);
        }
        if self.winner == Some(member.id) {
            row.text(mark, y, "★", Role::Best);
        }
        for &(column, at) in placed {
            self.cell(&mut row, column, at, (rank, y, member, voice));
        }
    }

    fn cell(
        &self,
        canvas: &mut Canvas<'_>,
        column: Column,
        at: Columns,
        (rank, y, member, voice): (usize, u16, &Member, Voice),
    ) {
        let loud = |role| if voice == Voice::Quiet { Role::Muted } else { role };
        let quiet = if voice == Voice::Quiet { Role::Faint } else { Role::Muted };
        let number = |canvas: &mut Canvas<'_>, value: Option<String>| match value {
            Some(text) => canvas.right(at.end, y, text, loud(Role::Text)),
            None => canvas.right(at.end, y, format::NONE, Role::Faint),
        };
        match column {
            Column::Rank => canvas.right(at.end, y, format::compact(rank as u64 + 1), quiet),
            Column::Id => canvas.right(at.end, y, member.id.to_string(), quiet),
            Column::Score => {
                let ink = if rank == 0 { Role::Best.bold() } else { loud(Role::Strong).into() };
                canvas.right(at.end, y, format::score(member.score.value), ink);
            }
            Column::Noise => {
                // The noise of all draws together is better known than one member's.
                let text = self.noise.or(member.score.std).map_or(format::NONE.to_owned(), |std| {
                    format::noise(std / f64::from(member.score.repeats.max(1)).sqrt())
                });
                canvas.text(at.start, y, text, Role::Faint);
            }
            Column::Draws => {
                let role = if member.score.repeats > 1 { quiet } else { Role::Faint };
                canvas.text(at.start, y, format!("×{}", member.score.repeats), role);
            }
            Column::LogDelta => number(canvas, member.score.log_delta.map(format::score)),
            Column::LogSigma => number(canvas, member.score.bn_sum.map(format::short_score)),
            Column::Params => sized(canvas, (at.end, y), self.params, member.costs.params, voice),
            Column::Flops => sized(canvas, (at.end, y), self.flops, member.costs.flops, voice),
            Column::Layers => number(canvas, Some(member.costs.layers.to_string())),
            Column::Age => {
                let age = self.proposed.saturating_sub(member.id);
                canvas.right(at.end, y, format::compact(age), quiet);
            }
            Column::Generation => canvas.right(at.end, y, member.generation.to_string(), quiet),
            Column::Parent => {
                let parent = member.parent.map_or(format::NONE.to_owned(), |id| id.to_string());
                canvas.right(at.end, y, parent, quiet);
            }
            Column::From => {
                let from = format::mutation(member.parent, &member.mutations);
                // How many further changes there are is the first thing to go.
                let first = from.split(" +").next().unwrap_or_default();
                let from = if width(&from) > at.width() { first } else { &from };
                canvas.text(at.start, y, cut(from, at.width()), quiet);
            }
            Column::Gain => gain(canvas, (at.end, y), member),
            Column::Kernels => {
                let blocks = member.structure.blocks();
                for (x, block) in (at.start..=at.end).zip(blocks) {
                    let kernel = block.kind.kernel();
                    canvas.text(x, y, kernel.side().to_string(), ribs::kernel_role(kernel));
                }
            }
            Column::Widths => {
                let role = if voice == Voice::Quiet { Role::Bar2 } else { Role::Bar };
                let text = bars::widths(&member.structure, usize::from(at.width()));
                canvas.text(at.start, y, text, role);
            }
        }
    }
}

fn sized(canvas: &mut Canvas<'_>, (end, y): (u16, u16), unit: Unit, value: u64, voice: Voice) {
    let digits = if voice == Voice::Quiet { Role::Muted } else { Role::Text };
    let symbol = unit.symbol;
    canvas.right(end, y, symbol, Role::Faint);
    canvas.right(end.saturating_sub(width(symbol)), y, unit.digits(value), digits);
}

/// A gain is green and a loss red; what noise alone may do is neither.
fn gain(canvas: &mut Canvas<'_>, (end, y): (u16, u16), member: &Member) {
    let Some(gain) = member.gain else {
        return canvas.right(end, y, format::NONE, Role::Faint);
    };
    // The parent's score is as noisy. A single draw says nothing about its noise.
    let noise = match member.score.std {
        Some(std) => half_width_95(std, member.score.repeats) * std::f64::consts::SQRT_2,
        None => f64::INFINITY,
    };
    let role = match gain {
        g if g.abs() < noise.max(0.005) => Role::Text,
        g if g > 0.0 => Role::Good,
        _ => Role::Error,
    };
    canvas.right(end, y, format::signed(gain), role);
}
