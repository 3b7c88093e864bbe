//! A network from its input down: ribs to scale, and beside them what each block is, costs and adds to
//! the score. Must not know the model. Invariant: only the rows in sight are gone through, however
//! many sub-layers there are, and the cursor's row is one of them.

use ratatui::layout::Rect;

use super::{
    fold::{Fold, Rib},
    ribs::{Ribs, kernel_role},
};
use crate::{
    anatomy::{Anatomy, BlockPart, Part, Shares},
    arch::Block,
    tui::{
        canvas::{Canvas, cut, width},
        format::{self, Unit},
        layout::{Columns, Rows},
        model::Share,
        spots::{List, Target},
        theme::{Ground, Role},
    },
};

/// From this width on all three shares are shown.
const ALL_SHARES: u16 = 100;

/// A column of shares: where the value ends, where the bar lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareColumn {
    pub share: Share,
    pub value_end: u16,
    pub bar: Columns,
}

/// Where the columns lie. What is none isn't shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagramColumns {
    pub map: u16,
    pub ribs: u16,
    pub cells: u16,
    /// The cursor's mark.
    pub mark: u16,
    pub number: u16,
    pub block: u16,
    /// Right end of the widths.
    pub ends: u16,
    pub bottleneck: Option<u16>,
    pub field: Option<u16>,
    pub activation: Option<u16>,
    /// Right ends of score, params and FLOPs in numbers.
    pub values: Option<[u16; 3]>,
    pub shares: Vec<ShareColumn>,
}

impl DiagramColumns {
    /// At a width of 40 and more; with the chosen share, or with all three where there is room.
    pub fn at(w: u16, share: Share) -> DiagramColumns {
        match w {
            120.. => DiagramColumns::wide(w),
            80.. => DiagramColumns::medium(w, share),
            _ => DiagramColumns::small(w, share),
        }
    }

    fn wide(w: u16) -> DiagramColumns {
        let extra = w - 120;
        // An axis needs an even number of cells.
        let ribs = (extra / 4).min(16) & !1;
        let at = |x: u16| x + ribs;
        let rest = extra - ribs;
        let values = (rest >= 30).then(|| [at(87), at(96), at(105)]);
        let shift = if values.is_some() { 27 } else { 0 };
        let bar = 7 + ((rest - shift) / 3).min(17);
        let column = |nth: u16, share: Share| {
            let start = at(82) + shift + nth * (bar + 6);
            let bar = Columns { start: start + 3, end: start + 2 + bar };
            ShareColumn { share, value_end: start + 1, bar }
        };
        DiagramColumns {
            map: 2,
            ribs: 9,
            cells: 28 + ribs,
            mark: at(38),
            number: at(40),
            block: at(43),
            ends: at(60),
            bottleneck: Some(at(65)),
            field: Some(at(71)),
            activation: Some(at(78)),
            values,
            shares: (0..).zip(Share::ALL).map(|(nth, share)| column(nth, share)).collect(),
        }
    }

    fn medium(w: u16, share: Share) -> DiagramColumns {
        let has_all = w >= ALL_SHARES;
        let ribs = ((w - 80) / if has_all { 4 } else { 2 }) & !1;
        let at = |x: u16| x + ribs;
        let bar = Columns { start: at(69), end: w - 3 };
        let pitch = (w - 2 - at(66)) / 3;
        let column = |nth: u16, share: Share| {
            let start = at(66) + nth * pitch;
            let bar = Columns { start: start + 3, end: start + pitch - 3 };
            ShareColumn { share, value_end: start + 1, bar }
        };
        let shares = match has_all {
            true => (0..).zip(Share::ALL).map(|(nth, share)| column(nth, share)).collect(),
            false => vec![ShareColumn { share, value_end: at(67), bar }],
        };
        DiagramColumns {
            map: 2,
            ribs: 7,
            cells: 14 + ribs,
            mark: at(23),
            number: at(25),
            block: at(28),
            ends: at(47),
            bottleneck: Some(at(52)),
            field: Some(at(58)),
            activation: Some(at(63)),
            values: None,
            shares,
        }
    }

    fn small(w: u16, share: Share) -> DiagramColumns {
        let extra = w - 40;
        let ribs = (extra / 4) & !1;
        let at = |x: u16| x + ribs;
        let bar = Columns { start: at(34), end: w - 2 };
        DiagramColumns {
            map: 1,
            ribs: 5,
            cells: 8 + ribs,
            mark: at(13),
            number: at(15),
            block: at(17),
            ends: at(29),
            bottleneck: None,
            field: None,
            activation: None,
            values: None,
            shares: vec![ShareColumn { share, value_end: at(32), bar }],
        }
    }

    /// Whether there is room for what a block takes beside what it gives.
    fn has_inputs(&self) -> bool {
        self.bottleneck.is_some()
    }
}

/// The cursor: a block, and one of its sub-layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub block: usize,
    pub sub_layer: u32,
}

/// What is drawn.
#[derive(Debug)]
pub struct Diagram<'a> {
    pub anatomy: &'a Anatomy,
    pub fold: Fold,
    pub spot: Spot,
    pub share: Share,
}

/// Rows behind the last block: log Δ and the classifier.
const TAIL: usize = 1;

impl Diagram<'_> {
    /// Whether block `index` gives maps of another side than it takes.
    fn is_stage(&self, index: usize) -> bool {
        let part = &self.anatomy.blocks[index];
        index > 0 && part.input.real != part.output.real
    }

    /// Rows of block `index`: a rule, where it begins a resolution, and its ribs.
    fn rows_of(&self, index: usize) -> (usize, usize) {
        let rule = usize::from(self.fold.has_rules() && self.is_stage(index));
        (rule, self.fold.ribs(&self.anatomy.blocks[index].block) as usize)
    }

    /// All rows.
    pub fn rows(&self) -> usize {
        let blocks = 0..self.anatomy.blocks.len();
        blocks.map(|index| self.rows_of(index)).map(|(rule, ribs)| rule + ribs).sum::<usize>()
            + TAIL
    }

    /// The first row in sight, so that the cursor's stands in the middle where not all fit.
    pub fn top(&self, visible: usize) -> usize {
        let before = (0..self.spot.block).map(|index| self.rows_of(index));
        let before: usize = before.map(|(rule, ribs)| rule + ribs).sum();
        let block = &self.anatomy.blocks[self.spot.block].block;
        let row = before + self.rows_of(self.spot.block).0;
        let row = row + self.fold.row(block, self.spot.sub_layer) as usize;
        row.saturating_sub(visible / 2).min(self.rows().saturating_sub(visible))
    }

    /// The heads in row `y`, for a body of `visible` rows.
    pub fn heads(&self, canvas: &mut Canvas<'_>, at: &DiagramColumns, y: u16, visible: usize) {
        canvas.text(at.map, y, "map", Role::Muted);
        let rows = self.rows();
        let about = if rows > visible {
            let top = self.top(visible);
            let count = |n: usize| format::count(n as u64);
            format!("rows {}–{} of {}", count(top + 1), count(top + visible), count(rows))
        } else {
            match self.fold {
                Fold::None => "one rib a sub-layer".to_owned(),
                Fold::Middle | Fold::Rest => "one rib a sub-layer, ░ folded".to_owned(),
                Fold::Block => "one rib a block".to_owned(),
            }
        };
        if about.len() <= usize::from(at.cells) + 4 {
            canvas.text(at.ribs, y, cut(&about, at.cells + 2), Role::Muted);
        }
        canvas.text(at.number, y, "#", Role::Muted);
        canvas.text(at.block, y, "block", Role::Muted);
        canvas.right(at.ends, y, if at.has_inputs() { "in→out" } else { "out" }, Role::Muted);
        let heads = [(at.bottleneck, "btl"), (at.field, "field"), (at.activation, "act")];
        for (end, head) in heads {
            if let Some(end) = end {
                canvas.right(end, y, head, Role::Muted);
            }
        }
        if let Some(ends) = at.values {
            for (end, share) in ends.into_iter().zip(Share::ALL) {
                canvas.right(end, y, share.name(), Role::Muted);
            }
        }
        for column in &at.shares {
            let is_chosen = column.share == self.share && at.shares.len() > 1;
            let role = if is_chosen { Role::Text } else { Role::Muted };
            canvas.text(column.value_end - 1, y, format!("{} %", column.share.name()), role);
        }
    }

    /// As many rows as there are.
    pub fn draw(&self, canvas: &mut Canvas<'_>, at: &DiagramColumns, rows: Rows) {
        let visible = usize::from(rows.height());
        let top = self.top(visible);
        let painter = Painter::new(self, at, rows.first);
        let mut row = 0;
        for index in 0..self.anatomy.blocks.len() {
            let (rule, ribs) = self.rows_of(index);
            let (first, end) = (row.max(top), (row + rule + ribs).min(top + visible));
            // What is above stays named while its ribs are in sight.
            let mut line = 0;
            for shown in first..end {
                let y = rows.first + (shown - top) as u16;
                match (shown - row).checked_sub(rule) {
                    None => canvas.horizontal(at.map..=at.ribs + at.cells - 1, y, "╌"),
                    Some(nth) => {
                        painter.rib(canvas, y, index, (nth as u32, line));
                        line += 1;
                    }
                }
            }
            row += rule + ribs;
            if row >= top + visible {
                return;
            }
        }
        painter.tail(canvas, rows.first + (row - top) as u16);
    }
}

/// What all rows have in common.
struct Painter<'a> {
    diagram: &'a Diagram<'a>,
    at: &'a DiagramColumns,
    ribs: Ribs,
    first_row: u16,
    whole: Part,
    /// The largest share in any column: all bars compare.
    most: f64,
    params: Unit,
    flops: Unit,
}

impl<'a> Painter<'a> {
    fn new(diagram: &'a Diagram<'a>, at: &'a DiagramColumns, first_row: u16) -> Painter<'a> {
        let anatomy = diagram.anatomy;
        let whole = anatomy.whole();
        let parts = || anatomy.blocks.iter().map(|block| &block.part);
        let shares = parts().chain([&anatomy.tail]).flat_map(|part| {
            let shares = part.shares(&whole);
            at.shares.iter().map(move |column| column.share.of(&shares))
        });
        let largest = |cost: fn(&Part) -> u64| parts().map(cost).max().unwrap_or(0);
        Painter {
            diagram,
            at,
            ribs: Ribs::of(&anatomy.structure, at.ribs, at.cells),
            first_row,
            whole,
            most: shares.filter(|share| share.is_finite()).fold(0.0, f64::max),
            params: Unit::for_up_to(largest(|part| part.costs.params())),
            flops: Unit::for_up_to(largest(|part| part.costs.flops() as u64)),
        }
    }

    /// Row `nth` of a block's, the `line`-th in sight.
    fn rib(&self, canvas: &mut Canvas<'_>, y: u16, index: usize, (nth, line): (u32, u32)) {
        let (diagram, at) = (self.diagram, self.at);
        let part = &diagram.anatomy.blocks[index];
        let block = &part.block;
        let shown = diagram.fold.rib(block, nth);
        match shown {
            Rib::Whole(_) => self.ribs.draw(canvas, y, block),
            Rib::Folded => self.ribs.folded(canvas, y, block),
        }
        if line == 0 && (y == self.first_row || diagram.is_stage(index)) {
            canvas.text(at.map, y, format::map(part.output.real), Role::Text);
        }
        let is_cursor = index == diagram.spot.block;
        let last = canvas.area().width.saturating_sub(2);
        canvas.spot(Rect::new(0, y, last + 1, 1), Target::Row(List::Blocks, index));
        let mut row = if is_cursor && line == 0 {
            let cells = Rect::new(at.mark, y, (last + 1).saturating_sub(at.mark), 1);
            let mut row = canvas.on(Ground::Selection, cells);
            row.text(at.mark, y, "▸", Role::Accent);
            row
        } else {
            canvas.again()
        };
        match line {
            0 => self.block(&mut row, y, index),
            1 => self.under(&mut row, y, part),
            _ => {}
        }
        if let Some(end) = at.field {
            let spot = diagram.spot.sub_layer;
            let is_spot = is_cursor && diagram.fold.row(block, spot) == nth;
            let sub_layer = match shown {
                _ if is_spot && (spot > 0 || diagram.fold.ribs(block) > 1) => Some(spot),
                // Where a row stands for the rest as well, what they see in the end.
                Rib::Whole(0) if matches!(diagram.fold, Fold::Rest | Fold::Block) => {
                    Some(block.sub_layers - 1)
                }
                Rib::Whole(sub_layer) => Some(sub_layer),
                Rib::Folded => None,
            };
            if let Some(sub_layer) = sub_layer {
                let is_chosen = is_spot && block.sub_layers > 1;
                let role = if is_chosen { Role::Accent } else { Role::Muted };
                row.right(end, y, field(part.field(sub_layer)), role);
            }
        }
    }

    /// A block's first line.
    fn block(&self, row: &mut Canvas<'_>, y: u16, index: usize) {
        let (at, part) = (self.at, &self.diagram.anatomy.blocks[index]);
        let block = &part.block;
        let number = (index + 1).to_string();
        // A third digit takes the blank before it, or else the mark's cell.
        let x = at.number.min(at.block - 1 - width(&number));
        row.text(x, y, number, Role::Muted);
        let output = block.out_channels.to_string();
        let input = if at.has_inputs() { block.in_channels.to_string() } else { String::new() };
        let arrow = if at.has_inputs() { "→" } else { "" };
        let taken = width(&input) + width(arrow) + width(&output);
        let room = (at.ends + 1).saturating_sub(taken + at.block + 1);
        let kind = cut(&format::long_kind(block.kind), room);
        let x = row.text(at.block, y, kind, kernel_role(block.kind.kernel()).bold());
        if self.diagram.fold == Fold::Block && block.sub_layers > 1 {
            let left = (at.block + room).saturating_sub(x + 1);
            row.text(x + 1, y, cut(&format!("×{}", block.sub_layers), left), Role::Text);
        }
        let ends = [
            (input.as_str(), Role::Muted.into()),
            (arrow, Role::Faint.into()),
            (output.as_str(), Role::Text.into()),
        ];
        row.right_runs(at.ends, y, &ends);
        if let Some(end) = at.bottleneck {
            let text = bottleneck(block);
            row.right(end, y, text, Role::Text);
        }
        if let Some(end) = at.activation {
            row.right(end, y, activations(part), Role::Muted);
        }
        self.parts(row, y, &part.part, Loud::Yes);
    }

    /// A block's second line: what it repeats.
    fn under(&self, row: &mut Canvas<'_>, y: u16, part: &BlockPart) {
        let block = &part.block;
        let x = row.text(self.at.block, y, format!("×{}", block.sub_layers), Role::Text);
        if !self.at.has_inputs() {
            return;
        }
        let convs = format!(" {} convs", format::count(part.convs.into()));
        let x = row.text(x, y, convs, Role::Muted);
        if block.stride > 1 {
            row.text(x + 2, y, format!("↓{}", block.stride), Role::Muted);
        }
    }

    /// log Δ and the classifier.
    fn tail(&self, canvas: &mut Canvas<'_>, y: u16) {
        let text = if self.at.has_inputs() { "log Δ, classifier" } else { "log Δ, head" };
        canvas.text(self.at.block, y, text, Role::Muted);
        self.parts(canvas, y, &self.diagram.anatomy.tail, Loud::No);
    }

    fn parts(&self, row: &mut Canvas<'_>, y: u16, part: &Part, loud: Loud) {
        if let Some(ends) = self.at.values {
            let score = finite(part.score).map_or_else(none, format::score);
            let costs = &part.costs;
            let values = [
                score,
                self.params.text(costs.params()),
                self.flops.text(costs.flops().round() as u64),
            ];
            for (end, value) in ends.into_iter().zip(values) {
                row.right(end, y, value, Role::Text);
            }
        }
        let shares = part.shares(&self.whole);
        for column in &self.at.shares {
            self.share(row, y, column, (&shares, loud));
        }
    }

    fn share(
        &self,
        row: &mut Canvas<'_>,
        y: u16,
        column: &ShareColumn,
        (shares, loud): (&Shares, Loud),
    ) {
        let share = column.share.of(shares);
        let text = finite(share).map_or_else(none, format::share);
        row.right(column.value_end, y, text, Role::Text);
        let role = match (column.share, loud) {
            (_, Loud::No) => Role::Bar2,
            (Share::Score, Loud::Yes) => Role::Best,
            (Share::Params | Share::Flops, Loud::Yes) => Role::Bar,
        };
        if share >= 0.005 {
            let text = super::bars::halves(share / self.most, column.bar.width());
            row.text(column.bar.start, y, text, role);
        }
    }
}

/// Whether a row is one of a block, or of what comes behind the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loud {
    Yes,
    No,
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn none() -> String {
    format::NONE.to_owned()
}

/// Elements of all convs' outputs; none of a pool.
pub fn activations(part: &BlockPart) -> String {
    match part.convs {
        0 => none(),
        _ => format::compact(part.conv_outputs),
    }
}

/// In at most 4 cells; none of a conv.
pub fn bottleneck(block: &Block) -> String {
    match block.bottleneck {
        _ if !block.kind.is_residual() => none(),
        wide @ 10_000.. => format::compact(wide.into()),
        width => width.to_string(),
    }
}

/// A receptive field's side in at most 5 cells: beyond any image it only has to be seen that it is.
pub fn field(side: u64) -> String {
    match side {
        0..=99_999 => side.to_string(),
        100_000..=9_999_999_999 => format::compact(side),
        _ => ">10G".to_owned(),
    }
}
