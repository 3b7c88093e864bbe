//! The population: the best, a seam, and the candidate that leaves next.

use std::{collections::BTreeMap, sync::Arc};

use super::{bars, ribs};
use crate::{
    run::protocol::Member,
    score::half_width_95,
    text::milliseconds,
    tui::{
        canvas::{Canvas, cut, width},
        columns::Column,
        format::{self, Unit},
        layout::{Columns, Rows},
        spots::{List, Target},
        theme::{Ground, Role},
    },
};
use ratatui::layout::Rect;

/// What a table shows.
pub struct Table<'a> {
    pub population: &'a [Arc<Member>],
    /// The front of each, from 0; empty where the score alone counts.
    pub fronts: &'a [usize],
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
    pub marks: &'a BTreeMap<u64, Arc<Member>>,
    /// A and B of the diff, where they are candidates.
    pub pins: [Option<u64>; 2],
    pub purpose: Purpose,
    pub sorted: Sorted,
    /// Standard deviation of one draw, where it is known.
    pub noise: Option<f64>,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The best, beside everything else of a search.
    Search,
    /// To look through: who is who matters more.
    Population,
}

impl Purpose {
    /// A column's turn to go when it gets narrow: the highest first.
    fn turn(self, column: Column) -> u8 {
        match (self, column) {
            (_, Column::Rank | Column::Score) => 0,
            (Purpose::Population, Column::Id) => 1,
            (_, Column::Params | Column::Front) => 1,
            (_, Column::From) => 2,
            (_, Column::Flops) => 3,
            (_, Column::Latency(0)) => 3,
            (_, Column::Layers | Column::Latency(_)) => 4,
            (_, Column::Noise) => 5,
            (_, Column::Age) => 6,
            (Purpose::Population, Column::Widths) => 7,
            (Purpose::Population, Column::LogDelta) => 9,
            (_, Column::LogDelta) => 7,
            (_, Column::Widths) => 8,
            (_, Column::Draws) => 9,
            (_, Column::Gain) => 10,
            (_, Column::Kernels) => 11,
            (Purpose::Search, Column::Id) => 12,
            (_, Column::Generation) => 13,
            (_, Column::Parent) => 14,
            (_, Column::LogSigma) => 15,
        }
    }
}

/// By which column a table is sorted; it is always shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    pub by: Column,
    pub reversed: bool,
}

impl Sorted {
    pub const BY_SCORE: Sorted = Sorted { by: Column::Score, reversed: false };
    /// As a population stands where more than the score counts.
    pub const BY_FRONT: Sorted = Sorted { by: Column::Front, reversed: false };
}

/// The columns that fit between `columns`, with where they start and how wide they are. Columns
/// without a value in this run are left out; what is over goes to `from`.
pub fn place(
    (population, fronts, noise): (&[Arc<Member>], &[usize], Option<f64>),
    columns: Columns,
    (purpose, sorted): (Purpose, Sorted),
) -> Vec<(Column, Columns)> {
    let any = |has: fn(&Member) -> bool| population.iter().any(|member| has(member));
    let mut order: Vec<Column> = Column::ALL.to_vec();
    order.retain(|column| match column {
        // Where some were drawn again, all have a noise that is known; where all were drawn alike, how
        // often is said elsewhere.
        Column::Noise => noise.is_some() || any(|m| m.score.std.is_some()),
        Column::Draws => {
            let draws = |m: &Member| m.score.repeats;
            population.iter().any(|m| draws(m) != draws(&population[0]))
        }
        Column::Front => !fronts.is_empty(),
        Column::Latency(table) => {
            population.iter().any(|m| m.costs.latency_ms.get(*table).is_some())
        }
        Column::LogDelta => any(|m| m.score.log_delta.is_some()),
        Column::LogSigma => any(|m| m.score.bn_sum.is_some()),
        _ => true,
    });
    let turn = |column: Column| if column == sorted.by { 0 } else { purpose.turn(column) };
    // The mark's column and a blank come first.
    let needed = |order: &[Column]| -> u16 {
        order.iter().map(|column| column.cells() + column.gap()).sum()
    };
    while needed(&order) > columns.width() && order.len() > 2 {
        let last =
            order.iter().enumerate().max_by_key(|(_, column)| turn(**column)).map(|(i, _)| i);
        order.remove(last.expect("more than two columns are left"));
    }
    let spare = columns.width().saturating_sub(needed(&order));
    let mut x = columns.start;
    let mut placed = Vec::new();
    for column in order {
        x += column.gap();
        let cells = column.cells() + if column == Column::From { spare } else { 0 };
        placed.push((column, Columns { start: x, end: x + cells - 1 }));
        x += cells;
    }
    placed
}

pub fn heads(canvas: &mut Canvas<'_>, placed: &[(Column, Columns)], y: u16, sorted: Sorted) {
    let mut before = 0;
    for (column, at) in placed {
        let head = column.head();
        let start = match column.is_text() {
            true => at.start,
            false => (at.end + 1).saturating_sub(width(head)),
        };
        let is_sorted = *column == sorted.by;
        canvas.text(start, y, head, if is_sorted { Role::Text } else { Role::Muted });
        if is_sorted && start > before + 1 {
            canvas.text(start - 1, y, if sorted.reversed { "▴" } else { "▾" }, Role::Accent);
        }
        before = at.end;
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
        let whose = (self.population, self.fronts, self.noise);
        let placed = place(whose, columns, (self.purpose, self.sorted));
        heads(canvas, &placed, rows.first - 1, self.sorted);
        let area = Rect::new(columns.start, rows.first, columns.width(), rows.height());
        canvas.spot(area, Target::List(List::Ranks));
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
        let cells = Rect::new(left, y, last.end + 2 - left, 1);
        if self.purpose == Purpose::Search {
            canvas.spot(cells, Target::Row(List::Ranks, rank));
        }
        let mut row = if rank == self.cursor {
            // The cursor stands outside the text where there is a margin.
            let mut row = canvas.on(Ground::Selection, cells);
            row.text(left, y, "▸", Role::Accent);
            row
        } else {
            canvas.again()
        };
        if voice == Voice::Quiet {
            row.text(mark, y, "▾", Role::Warn);
        }
        if self.marks.contains_key(&member.id) {
            row.text(mark, y, "●", Role::Mark);
        }
        if self.winner == Some(member.id) {
            row.text(mark, y, "★", Role::Best);
        }
        let letters = [("A", Role::Accent), ("B", Role::B)];
        for (pin, (letter, role)) in self.pins.iter().zip(letters) {
            if *pin == Some(member.id) {
                row.text(mark, y, letter, role.bold());
            }
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
            Column::Front => match self.fronts.get(rank) {
                Some(0) => canvas.right(at.end, y, "1", loud(Role::Best)),
                Some(front) => canvas.right(at.end, y, (front + 1).to_string(), quiet),
                None => {}
            },
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
            Column::Latency(table) => {
                number(canvas, member.costs.latency_ms.get(table).map(milliseconds));
            }
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
