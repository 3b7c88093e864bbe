//! Two networks block by block: side by side, or as one list of what changed. Must not know which
//! networks they are. Invariant: only the rows that are seen are looked at, but for the scales.

use ratatui::{layout::Rect, style::Modifier};

use super::axis;
use crate::{
    anatomy::{Anatomy, BlockPart, ComparedRow, Delta},
    arch::{Block, BlockField, Change, DiffRow},
    tui::{
        canvas::{Canvas, cut},
        format::{self, DeltaUnit, Unit},
        layout::{
            Columns, Rows,
            diff::{DELTA, DeltaColumns, SideColumns, TableColumns},
        },
        model::{Compared, Line},
        spots::{List, Target},
        theme::{Depth, Ground, Ink, Role},
    },
};

/// Of which kind the blocks' scores are.
pub const ANALYTIC: &str = "analytic";

/// What a table shows.
pub struct Table<'a> {
    pub compared: &'a Compared,
    /// The cursor's line, where the table has the keys.
    pub cursor: Option<usize>,
    /// The first line.
    pub top: usize,
    pub params: Unit,
    pub flops: Unit,
}

/// Which of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    A,
    B,
}

impl Side {
    fn role(self) -> Role {
        match self {
            Side::A => Role::Accent,
            Side::B => Role::B,
        }
    }
}

/// A change's mark and its ink.
fn sign(change: Change) -> &'static str {
    match change {
        Change::Same => " ",
        Change::Changed => "~",
        Change::Removed => "−",
        Change::Inserted => "+",
        Change::Split | Change::Merged => "Y",
    }
}

/// What stands out even without colours.
fn loud(role: Role, depth: Depth) -> Ink {
    match depth {
        Depth::Mono => Ink { role, modifier: Modifier::BOLD | Modifier::UNDERLINED },
        Depth::Ansi16 | Depth::Ansi256 | Depth::TrueColor => role.bold(),
    }
}

/// How a field of a block is set.
fn ink(row: &DiffRow, side: Side, field: BlockField, depth: Depth) -> Ink {
    let quiet = if field == BlockField::InChannels { Role::Muted } else { Role::Text };
    let is_changed = match row {
        DiffRow::Same(_) => false,
        DiffRow::Changed(change) => change.differs(field) && field != BlockField::InChannels,
        DiffRow::Removed(_) if quiet == Role::Text => return loud(Role::Error, depth),
        DiffRow::Inserted(_) if quiet == Role::Text => return loud(Role::Good, depth),
        DiffRow::Removed(_) | DiffRow::Inserted(_) => false,
        DiffRow::Split { .. } | DiffRow::Merged { .. } => field == BlockField::SubLayers,
    };
    if is_changed { loud(side.role(), depth) } else { quiet.into() }
}

/// What full bars stand for, and the units of the columns.
struct Scales {
    score: f64,
    params: f64,
    flops: f64,
    params_unit: DeltaUnit,
    flops_unit: DeltaUnit,
}

/// A delta's digits with its unit, and its share of a bar.
struct Shown {
    digits: Option<String>,
    unit: &'static str,
    share: f64,
    /// Of digits and bar.
    roles: (Role, Role),
}

impl Scales {
    fn new(compared: &Compared) -> Scales {
        let parts = &compared.parts;
        let all = || parts.rows.iter().map(|row| &row.delta).chain([&parts.tail]);
        let largest = |of: fn(&Delta) -> f64| {
            let sizes = all().map(|delta| of(delta).abs()).filter(|size| size.is_finite());
            sizes.fold(0.0, f64::max)
        };
        let (params, flops) = (largest(|d| d.params as f64), largest(|d| d.flops));
        let total = &parts.total;
        Scales {
            score: largest(|d| d.score),
            params,
            flops,
            params_unit: DeltaUnit::for_up_to(params.max((total.params as f64).abs())),
            flops_unit: DeltaUnit::for_up_to(flops.max(total.flops.abs())),
        }
    }

    fn of(&self, delta: &Delta) -> [Shown; 3] {
        let share = |value: f64, largest: f64| if largest > 0.0 { value / largest } else { 0.0 };
        let role = match delta.score {
            score if score > 0.0 => Role::Good,
            score if score < 0.0 => Role::Error,
            _ => Role::Text,
        };
        let cost = |value: f64, largest, unit: &DeltaUnit| {
            let digits = unit.digits(value);
            let share = if digits.is_some() { share(value, largest) } else { 0.0 };
            Shown { digits, unit: unit.symbol, share, roles: (Role::Text, Role::Bar) }
        };
        let digits = format::score_delta(delta.score);
        let score_share = if digits.is_some() { share(delta.score, self.score) } else { 0.0 };
        [
            Shown { digits, unit: "", share: score_share, roles: (role, role) },
            cost(delta.params as f64, self.params, &self.params_unit),
            cost(delta.flops, self.flops, &self.flops_unit),
        ]
    }
}

fn digits(canvas: &mut Canvas<'_>, end: u16, y: u16, (shown, ink): (&Shown, Ink)) {
    match &shown.digits {
        None => canvas.right(end, y, "·", Role::Faint),
        Some(text) => canvas.right_runs(end, y, &[(text, ink), (shown.unit, Role::Faint.into())]),
    }
}

pub fn heads(canvas: &mut Canvas<'_>, columns: &TableColumns, y: u16) {
    for side in [&columns.a, &columns.b] {
        if let Some(map) = side.map {
            canvas.text(map, y, "map", Role::Muted);
        }
        canvas.right(side.number_end, y, "#", Role::Muted);
        canvas.text(side.kind, y, "block", Role::Muted);
        canvas.right(side.widths_end, y, "in→out", Role::Muted);
        if let Some(end) = side.bottleneck_end {
            canvas.right(end, y, "btl", Role::Muted);
        }
        canvas.right(side.depth_end, y, "×", Role::Muted);
        if let Some([params, flops]) = side.costs {
            canvas.right(params, y, "params", Role::Muted);
            canvas.right(flops, y, "FLOPs", Role::Muted);
        }
    }
    let [score, params, flops] = columns.deltas;
    // The measured score is a number of the whole: blocks have theirs in closed form alone.
    match score.bar {
        Some(_) => {
            canvas.text((score.end + 1).saturating_sub(DELTA), y, ANALYTIC, Role::Muted);
        }
        // The title has the word.
        None => canvas.right(score.end, y, "score", Role::Muted),
    }
    canvas.right(params.end, y, "params", Role::Muted);
    canvas.right(flops.end, y, "FLOPs", Role::Muted);
}

impl Table<'_> {
    fn line(&self, index: usize) -> Option<(Line, Option<&ComparedRow>)> {
        let line = *self.compared.lines.get(index)?;
        Some(match line {
            Line::Blocks { row, .. } => (line, self.compared.parts.rows.get(row)),
            Line::Tail => (line, None),
        })
    }

    /// Rows from the first line on.
    fn seen(&self, rows: Rows) -> impl Iterator<Item = (usize, u16)> {
        (self.top..self.compared.lines.len()).zip(rows.first..=rows.last)
    }

    /// Side by side.
    pub fn wide(&self, canvas: &mut Canvas<'_>, columns: &TableColumns, rows: Rows) {
        let scales = Scales::new(self.compared);
        let w = canvas.area().width;
        for (index, y) in self.seen(rows) {
            let Some((line, row)) = self.line(index) else { return };
            let cells = Rect::new(0, y, w, 1);
            canvas.spot(cells, Target::Row(List::Compared, index));
            let mut canvas = if self.cursor == Some(index) {
                let mut row = canvas.on(Ground::Selection, cells);
                row.text(0, y, "▸", Role::Accent);
                row
            } else {
                canvas.again()
            };
            match (line, row) {
                (Line::Blocks { part, .. }, Some(row)) => {
                    self.blocks(&mut canvas, columns, y, (row, part));
                    if part == 0 {
                        deltas(&mut canvas, &columns.deltas, y, &scales.of(&row.delta));
                    } else {
                        axes(&mut canvas, &columns.deltas, y);
                    }
                }
                _ => {
                    canvas.text(columns.a.kind, y, "pool, classifier", Role::Muted);
                    canvas.text(columns.b.kind, y, "pool, classifier", Role::Muted);
                    let tail = &self.compared.parts.tail;
                    deltas(&mut canvas, &columns.deltas, y, &scales.of(tail));
                }
            }
        }
    }

    fn blocks(
        &self,
        canvas: &mut Canvas<'_>,
        columns: &TableColumns,
        y: u16,
        (row, part): (&ComparedRow, usize),
    ) {
        let change = row.row.change();
        // Further blocks of a split hang on its mark.
        let mark = if part == 0 { sign(change) } else { "│" };
        let mark_ink = if part == 0 { Role::Warn.bold() } else { Role::Rule.into() };
        canvas.text(columns.sign, y, mark, mark_ink);
        let sides = [
            (Side::A, &columns.a, &row.a, &self.compared.a),
            (Side::B, &columns.b, &row.b, &self.compared.b),
        ];
        for (side, at, range, of) in sides {
            match range.clone().nth(part) {
                Some(index) => self.side(canvas, at, y, &Cells { of, index, side, row: &row.row }),
                None if range.is_empty() => {
                    canvas.horizontal(at.number_end..=at.at.end, y, "╌");
                }
                None => {}
            }
        }
    }

    fn side(&self, canvas: &mut Canvas<'_>, at: &SideColumns, y: u16, cells: &Cells<'_>) {
        let Some(part) = cells.of.blocks.get(cells.index) else { return };
        let depth = canvas.theme().depth();
        let block = &part.block;
        let ink = |field| ink(cells.row, cells.side, field, depth);
        if let Some(x) = at.map.filter(|_| cells.has_new_map(part)) {
            // A stride is seen by the maps.
            let is_changed = ink(BlockField::Stride) != Role::Text.into();
            let map = if is_changed { ink(BlockField::Stride) } else { Role::Strong.into() };
            canvas.text(x, y, format::map(part.output.real), map);
        }
        canvas.right(at.number_end, y, (cells.index + 1).to_string(), Role::Muted);
        canvas.text(at.kind, y, format::long_kind(block.kind), ink(BlockField::Kind));
        let (from, to) = (format!("{}→", block.in_channels), block.out_channels.to_string());
        canvas.right_runs(
            at.widths_end,
            y,
            &[(&from, ink(BlockField::InChannels)), (&to, ink(BlockField::OutChannels))],
        );
        if let Some(end) = at.bottleneck_end.filter(|_| block.kind.is_residual()) {
            canvas.right(end, y, block.bottleneck.to_string(), ink(BlockField::Bottleneck));
        }
        let has_depth = block.kind.is_residual() || block.sub_layers > 1;
        if has_depth {
            canvas.right(at.depth_end, y, block.sub_layers.to_string(), ink(BlockField::SubLayers));
        }
        if let Some([params, flops]) = at.costs {
            let costs = &part.part.costs;
            amount(canvas, params, y, (&self.params, costs.params()));
            amount(canvas, flops, y, (&self.flops, costs.flops().round() as u64));
        }
    }

    /// The sums. `over` says which costs of A and of B break a budget.
    pub fn totals(&self, canvas: &mut Canvas<'_>, columns: &TableColumns, y: u16, over: [Over; 2]) {
        let sides = [(&columns.a, &self.compared.a), (&columns.b, &self.compared.b)];
        for ((at, of), over) in sides.into_iter().zip(over) {
            let start = at.at.start;
            let count = of.blocks.len();
            let blocks = format!(" block{}", if count == 1 { "" } else { "s" });
            let (x, params) = match (at.map, at.costs) {
                (None, _) => (start, start + 17),
                (Some(_), costs) => {
                    canvas.text(start, y, "total", Role::Muted);
                    (start + 8, costs.map_or(start + 27, |[params, _]| params))
                }
            };
            let x = canvas.text(x, y, count.to_string(), Role::Text);
            canvas.text(x, y, blocks, Role::Muted);
            let costs = of.costs();
            total(canvas, params, y, (&self.params, costs.params, over.params));
            total(canvas, at.at.end, y, (&self.flops, costs.flops, over.flops));
        }
        let shown = Scales::new(self.compared).of(&self.compared.parts.total);
        for (column, shown) in columns.deltas.iter().zip(&shown) {
            digits(canvas, column.end, y, (shown, Role::Strong.bold()));
        }
    }

    /// One list: a block a line, with what changed.
    pub fn unified(&self, canvas: &mut Canvas<'_>, rows: Rows) {
        let scales = Scales::new(self.compared);
        let w = canvas.area().width;
        let end = w.saturating_sub(2);
        let depth = canvas.theme().depth();
        for (index, y) in self.seen(rows) {
            let Some((line, row)) = self.line(index) else { return };
            let cells = Rect::new(0, y, w, 1);
            canvas.spot(cells, Target::Row(List::Compared, index));
            let mut canvas = if self.cursor == Some(index) {
                let mut row = canvas.on(Ground::Selection, cells);
                row.text(0, y, "▸", Role::Accent);
                row
            } else {
                canvas.again()
            };
            let delta = row.map_or(&self.compared.parts.tail, |row| &row.delta);
            let [score, ..] = scales.of(delta);
            let room = Columns { start: 14, end: end.saturating_sub(8) };
            let (Line::Blocks { part, .. }, Some(row)) = (line, row) else {
                canvas.text(6, y, cut("pool, classifier", end.saturating_sub(14)), Role::Muted);
                let ink = score.roles.0.into();
                digits(&mut canvas, end, y, (&score, ink));
                continue;
            };
            let (from, to) = row.row.sides();
            let (side, index, block) = match (row.b.clone().nth(part), to.get(part)) {
                (Some(index), Some(block)) => (Side::B, index, Some(block)),
                _ => (Side::A, row.a.start + part, from.get(part)),
            };
            let Some(block) = block else { continue };
            canvas.text(1, y, if part == 0 { sign(row.row.change()) } else { "│" }, Role::Warn);
            canvas.right(4, y, (index + 1).to_string(), Role::Muted);
            let kind = ink(&row.row, side, BlockField::Kind, depth);
            canvas.text(6, y, format::long_kind(block.kind), kind);
            let (text, role) = in_words(&row.row, part, block);
            canvas.text(room.start, y, cut(&text, room.width()), role);
            if part == 0 {
                let ink = score.roles.0.into();
                digits(&mut canvas, end, y, (&score, ink));
            }
        }
    }
}

/// Which of a network's costs are over a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Over {
    pub params: bool,
    pub flops: bool,
}

/// A block of one side of a row.
struct Cells<'a> {
    of: &'a Anatomy,
    index: usize,
    side: Side,
    row: &'a DiffRow,
}

impl Cells<'_> {
    /// Whether the block gives maps of another size than the one before it.
    fn has_new_map(&self, part: &BlockPart) -> bool {
        let before = self.index.checked_sub(1).and_then(|before| self.of.blocks.get(before));
        before.is_none_or(|before| before.output.real != part.output.real)
    }
}

fn amount(canvas: &mut Canvas<'_>, end: u16, y: u16, (unit, value): (&Unit, u64)) {
    let runs = [(&*unit.digits(value), Role::Text.into()), (unit.symbol, Role::Faint.into())];
    canvas.right_runs(end, y, &runs);
}

fn total(canvas: &mut Canvas<'_>, end: u16, y: u16, (unit, value, is_over): (&Unit, u64, bool)) {
    let role = if is_over { Role::Warn } else { Role::Text };
    let mark = if is_over { "▲" } else { "" };
    let digits = unit.digits(value);
    let runs =
        [(mark, Role::Warn.into()), (&*digits, role.into()), (unit.symbol, Role::Faint.into())];
    canvas.right_runs(end, y, &runs);
}

fn deltas(canvas: &mut Canvas<'_>, columns: &[DeltaColumns; 3], y: u16, shown: &[Shown; 3]) {
    for (column, shown) in columns.iter().zip(shown) {
        digits(canvas, column.end, y, (shown, shown.roles.0.into()));
        if let Some(at) = column.bar {
            axis::bar(canvas, at, y, (shown.share, shown.roles.1));
        }
    }
}

fn axes(canvas: &mut Canvas<'_>, columns: &[DeltaColumns; 3], y: u16) {
    for at in columns.iter().filter_map(|column| column.bar) {
        axis::bar(canvas, at, y, (0.0, Role::Bar));
    }
}

/// What a row of the list says about `block`, which is its block number `part`.
fn in_words(row: &DiffRow, part: usize, block: &Block) -> (String, Role) {
    let whole = |block: &Block| {
        let widths = format!("{}→{}", block.in_channels, block.out_channels);
        match block.kind.is_residual() {
            true => format!("{widths} btl {} ×{}", block.bottleneck, block.sub_layers),
            false => widths,
        }
    };
    let parts = |blocks: &[Block]| {
        let depths: Vec<String> = blocks.iter().map(|b| format!("×{}", b.sub_layers)).collect();
        depths.join(" ")
    };
    let text = match row {
        DiffRow::Same(block) => return (whole(block), Role::Faint),
        DiffRow::Removed(block) | DiffRow::Inserted(block) => whole(block),
        DiffRow::Changed(change) => match format::block_changes(&change.from, &change.to) {
            text if !text.is_empty() => text,
            _ if change.differs(BlockField::Stride) => {
                format!("stride {}→{}", change.from.stride, change.to.stride)
            }
            _ => return (whole(&change.to), Role::Muted),
        },
        DiffRow::Split { .. } | DiffRow::Merged { .. } if part > 0 => {
            return (format!("×{}", block.sub_layers), Role::Muted);
        }
        DiffRow::Split { from, into } => format!("split ×{} → {}", from.sub_layers, parts(into)),
        DiffRow::Merged { from, into } => format!("merged {} → ×{}", parts(from), into.sub_layers),
    };
    (text, Role::Text)
}
