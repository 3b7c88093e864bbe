//! The layers of a sub-layer, in two columns. Must not know the model. Invariant: the columns have a
//! row for every layer that the grammar's blocks can have.

use crate::{
    anatomy::{LayerPart, Operation},
    arch::BlockKind,
    tui::{
        canvas::{Canvas, width},
        format::{self, Unit},
        layout::{Columns, Rows},
        model::Share,
        theme::Role,
        widgets::{bars, ribs::kernel_role},
    },
};

/// Least width of a column with every value; below, only what is chosen is shown.
const FULL: u16 = 56;

/// Rows that the layers of a block of that kind take at most.
pub fn rows(kind: BlockKind, squeeze_excite: bool) -> u16 {
    let gate = u16::from(squeeze_excite);
    match kind {
        BlockKind::Conv(_) | BlockKind::MaxPool | BlockKind::LinearConv => 1,
        BlockKind::KxKx(_) | BlockKind::Basic => 2,
        BlockKind::Bottleneck | BlockKind::MbConv(..) => 2 + gate,
        // Three convs a half, and a projection in the first.
        BlockKind::K1KxK1(_) | BlockKind::Idw(..) => 4 + gate,
    }
}

/// Layers with what the bars show.
pub struct Layers<'a> {
    pub layers: &'a [LayerPart],
    pub kind: BlockKind,
    pub share: Share,
}

/// Longest bar.
const MOST_BAR: u16 = 24;

/// Where a column's parts end. The chosen value has the bar, the two others stand around it.
struct Ends {
    start: u16,
    ends: u16,
    map: Option<u16>,
    chosen: u16,
    bar: Columns,
    /// Before and behind, where there is room.
    others: Option<[(Share, u16); 2]>,
}

impl Ends {
    fn new(at: Columns, chosen: Share) -> Ends {
        let x = at.start;
        if at.width() < FULL {
            let bar = Columns { start: x + 29, end: at.end };
            return Ends { start: x, ends: x + 20, map: None, chosen: x + 27, bar, others: None };
        }
        let (before, behind) = match chosen {
            Share::Score => (Share::Params, Share::Flops),
            Share::Params => (Share::Score, Share::Flops),
            Share::Flops => (Share::Score, Share::Params),
        };
        let bar = Columns { start: x + 41, end: (at.end - 8).min(x + 40 + MOST_BAR) };
        Ends {
            start: x,
            ends: x + 20,
            map: Some(x + 25),
            chosen: x + 39,
            others: Some([(before, x + 32), (behind, bar.end + 8)]),
            bar,
        }
    }

    /// All values with their right ends.
    fn values(&self, chosen: Share) -> impl Iterator<Item = (Share, u16)> {
        self.others.into_iter().flatten().chain([(chosen, self.chosen)])
    }
}

impl Layers<'_> {
    /// How many go to the first column: the first half of a sub-layer of two.
    fn first_column(&self) -> usize {
        let is_conv = |layer: &&LayerPart| matches!(layer.operation, Operation::Conv(_));
        match self.kind {
            BlockKind::Conv(_)
            | BlockKind::KxKx(_)
            | BlockKind::MaxPool
            | BlockKind::Basic
            | BlockKind::Bottleneck
            | BlockKind::MbConv(..)
            | BlockKind::LinearConv => self.layers.len().div_ceil(2),
            BlockKind::K1KxK1(_) | BlockKind::Idw(..) => {
                let convs = self.layers.iter().enumerate().filter(|(_, layer)| is_conv(layer));
                convs.map(|(i, _)| i).nth(3).unwrap_or(self.layers.len())
            }
        }
    }

    /// Heads in the first of `rows`, a layer in each of the others.
    pub fn draw(&self, canvas: &mut Canvas<'_>, columns: [Columns; 2], rows: Rows) {
        let (first, second) = self.layers.split_at(self.first_column());
        for (at, layers, before) in [(columns[0], first, 0), (columns[1], second, first.len())] {
            if layers.is_empty() {
                continue;
            }
            let ends = Ends::new(at, self.share);
            self.heads(canvas, &ends, rows.first);
            for ((i, layer), y) in layers.iter().enumerate().zip(rows.first + 1..=rows.last) {
                canvas.right(at.start + 1, y, (before + i + 1).to_string(), Role::Muted);
                self.layer(canvas, &ends, y, layer);
            }
        }
    }

    fn heads(&self, canvas: &mut Canvas<'_>, at: &Ends, y: u16) {
        canvas.text(at.start + 4, y, "layer", Role::Muted);
        canvas.right(at.ends, y, "in→out", Role::Muted);
        if let Some(end) = at.map {
            canvas.right(end, y, "map", Role::Muted);
        }
        for (share, end) in at.values(self.share) {
            let head = match share {
                Share::Score => "log σ",
                Share::Params | Share::Flops => share.name(),
            };
            let role = if share == self.share { Role::Text } else { Role::Muted };
            canvas.right(end, y, head, role);
        }
    }

    fn layer(&self, canvas: &mut Canvas<'_>, at: &Ends, y: u16, layer: &LayerPart) {
        let (name, stride, role, ends) = match layer.operation {
            Operation::Conv(conv) => {
                let side = conv.kernel.side();
                let depthwise = if conv.is_depthwise() { " dw" } else { "" };
                let name = format!("{side}×{side}{depthwise}");
                let ends = (conv.in_channels, conv.out_channels);
                (name, conv.stride, kernel_role(conv.kernel), ends)
            }
            Operation::MaxPool(pool) => {
                let channels = layer.output.channels;
                let name = format!("max {0}×{0}", pool.kernel.side());
                (name, pool.stride, Role::Muted, (channels, channels))
            }
            Operation::SqueezeExcite { channels, squeezed } => {
                ("SE".to_owned(), 1, Role::Muted, (channels, squeezed))
            }
            Operation::Projection(p) => {
                ("shortcut".to_owned(), p.stride, Role::Muted, (p.in_channels, p.out_channels))
            }
        };
        let x = canvas.text(at.start + 4, y, name, role);
        let ends = format!("{}→{}", ends.0, ends.1);
        canvas.right(at.ends, y, &ends, Role::Text);
        let down = format!(" ↓{stride}");
        if stride > 1 && x + width(&down) + width(&ends) <= at.ends {
            canvas.text(x, y, down, Role::Muted);
        }
        if let Some(end) = at.map {
            canvas.right(end, y, format::map(layer.output.resolution), Role::Muted);
        }
        for (share, end) in at.values(self.share) {
            canvas.right(end, y, self.value(share, layer), Role::Text);
        }
        let amount = |layer: &LayerPart| amount(self.share, layer);
        let most = self.layers.iter().map(amount).fold(0.0, f64::max);
        let part = amount(layer) / most;
        if part > 0.0 {
            let role = if self.share == Share::Score { Role::Best } else { Role::Bar };
            canvas.text(at.bar.start, y, bars::halves(part, at.bar.width()), role);
        }
    }

    /// In a unit that all layers have in common.
    fn value(&self, share: Share, layer: &LayerPart) -> String {
        let largest = || self.layers.iter().map(|layer| amount(share, layer)).fold(0.0, f64::max);
        match share {
            Share::Score => match layer.log_sigma.filter(|log_sigma| log_sigma.is_finite()) {
                Some(log_sigma) => format::score(log_sigma),
                None => format::NONE.to_owned(),
            },
            Share::Params | Share::Flops => {
                Unit::for_up_to(largest() as u64).text(amount(share, layer).round() as u64)
            }
        }
    }
}

/// Of a layer; nothing where there is no such number.
fn amount(share: Share, layer: &LayerPart) -> f64 {
    match share {
        Share::Score => layer.log_sigma.filter(|value| value.is_finite()).unwrap_or(0.0),
        Share::Params => layer.costs.params() as f64,
        Share::Flops => layer.costs.flops(),
    }
}
