//! A network as ribs: a bar a block or a sub-layer, as wide as the logarithm of its output width, on
//! a core as wide as its bottleneck.

use crate::{
    arch::{Block, BlockKind, Kernel, Structure},
    tui::{
        canvas::Canvas,
        format,
        layout::Rows,
        theme::{Depth, Role},
        widgets::{
            bars,
            fold::{Fold, Rib},
        },
    },
};

/// Where the parts of a rib's row lie.
#[derive(Clone, Copy, Debug)]
pub struct RibColumns {
    /// Right end of the feature map's side.
    pub map_end: u16,
    /// First of the cells that ribs may fill.
    pub ribs: u16,
    pub cells: u16,
    pub kind: u16,
    pub out_end: u16,
    pub bottleneck_end: u16,
    /// Right end of the sub-layers; none leaves them out.
    pub depth_end: Option<u16>,
}

impl RibColumns {
    /// In a panel of 36 columns from `x`.
    pub fn compact(x: u16) -> RibColumns {
        RibColumns {
            map_end: x + 3,
            ribs: x + 6,
            cells: 14,
            kind: x + 22,
            out_end: x + 29,
            bottleneck_end: x + 33,
            depth_end: Some(x + 35),
        }
    }

    /// The same without sub-layers.
    pub fn without_depth(x: u16) -> RibColumns {
        RibColumns {
            ribs: x + 5,
            kind: x + 21,
            out_end: x + 30,
            bottleneck_end: x + 35,
            depth_end: None,
            ..RibColumns::compact(x)
        }
    }
}

pub fn kernel_role(kernel: Kernel) -> Role {
    match kernel {
        Kernel::K1 => Role::K1,
        Kernel::K3 => Role::K3,
        Kernel::K5 => Role::K5,
        Kernel::K7 => Role::K7,
    }
}

fn core_role(kernel: Kernel) -> Role {
    match kernel {
        Kernel::K1 => Role::K1d,
        Kernel::K3 => Role::K3d,
        Kernel::K5 => Role::K5d,
        Kernel::K7 => Role::K7d,
    }
}

/// Channels of the rib and of the core. Inverted bottlenecks are widest inside.
fn channels(block: &Block) -> (u32, Option<u32>) {
    match block.kind {
        BlockKind::Conv(_) | BlockKind::MaxPool | BlockKind::LinearConv => {
            (block.out_channels, None)
        }
        BlockKind::MbConv(e, _) => {
            (block.in_channels.saturating_mul(e.factor()), Some(block.out_channels))
        }
        BlockKind::KxKx(_) | BlockKind::K1KxK1(_) | BlockKind::Basic | BlockKind::Bottleneck => {
            (block.out_channels, Some(block.bottleneck))
        }
        BlockKind::Idw(e, _) => {
            (block.bottleneck.saturating_mul(e.factor()), Some(block.out_channels))
        }
    }
}

/// What a width of channels is drawn against: from 4 to 1,024, or the next power of two.
fn scale(structure: &Structure) -> f64 {
    let widest = structure.blocks().iter().map(|b| channels(b).0).max().unwrap_or(1);
    f64::from(widest.max(1_024)).log2().ceil() - 2.0
}

fn cells(channels: u32, scale: f64, most: u16) -> u16 {
    let share = (f64::from(channels).log2() - 2.0) / scale;
    (share * f64::from(most)).round().clamp(1.0, f64::from(most)) as u16
}

/// Maps of three digits need a column more.
fn map_end(at: RibColumns, structure: &Structure, resolution: u32) -> u16 {
    let first = resolution.div_ceil(structure.blocks()[0].stride);
    if first < 100 { at.map_end - 1 } else { at.map_end }
}

/// The ribs of one network, all to one scale.
#[derive(Clone, Copy, Debug)]
pub struct Ribs {
    /// First of the cells that ribs may fill, and how many there are.
    pub start: u16,
    pub cells: u16,
    scale: f64,
}

impl Ribs {
    pub fn of(structure: &Structure, start: u16, cells: u16) -> Ribs {
        Ribs { start, cells, scale: scale(structure) }
    }

    /// Cells of the rib and of its core.
    fn widths(&self, block: &Block) -> (u16, u16) {
        let (outer, core) = channels(block);
        let cells_of = |channels| cells(channels, self.scale, self.cells);
        let cells = cells_of(outer);
        // Half a cell has no third colour, so cores are an even number of cells wide.
        // A core that isn't wider than its rib isn't drawn wider either.
        let core = core.map_or(0, |inner| {
            let even = 2 * cells_of(inner).div_ceil(2);
            if inner <= outer { even.min(cells / 2 * 2) } else { even }
        });
        (cells, core)
    }

    /// One rib about the axis, the core above it.
    pub fn draw(&self, canvas: &mut Canvas<'_>, y: u16, block: &Block) {
        let kernel = block.kind.kernel();
        let (outer, core) = self.widths(block);
        let axis = self.start + self.cells / 2;
        let colour = kernel_role(kernel);
        for x in self.start..self.start + self.cells {
            let distance = if x < axis { axis - x } else { x + 1 - axis };
            // In halves of a cell from the axis.
            let filled = (outer + 2).saturating_sub(2 * distance);
            let is_core = distance <= core / 2;
            match (is_core, filled) {
                (true, _) if canvas.theme().depth() == Depth::Mono => {
                    canvas.text(x, y, "█", core_role(kernel));
                }
                (true, 0..=1) => {
                    canvas.text(x, y, "▀", core_role(kernel));
                }
                (true, _) => canvas.halves(x, y, core_role(kernel), colour),
                (false, 0) => {}
                (false, 1) => {
                    canvas.text(x, y, if x < axis { "▗" } else { "▖" }, colour);
                }
                (false, _) => {
                    canvas.text(x, y, "▄", colour);
                }
            }
        }
    }

    /// Ribs that are left out: as wide as the core, or half as wide as a rib without one.
    pub fn folded(&self, canvas: &mut Canvas<'_>, y: u16, block: &Block) {
        let (outer, core) = self.widths(block);
        let half = (if core > 0 { core / 2 } else { outer / 4 }).max(1);
        let axis = self.start + self.cells / 2;
        let role = core_role(block.kind.kernel());
        canvas.text(axis - half, y, "░".repeat(usize::from(2 * half)), role);
    }
}

/// A rib a block in `rows`, as many as fit, then how many more; gives the row after the last.
pub fn compact(
    canvas: &mut Canvas<'_>,
    at: RibColumns,
    rows: Rows,
    structure: &Structure,
    resolution: u32,
) -> u16 {
    let ribs = Ribs::of(structure, at.ribs, at.cells);
    let blocks = structure.blocks();
    let fits = usize::from(rows.height());
    let shown = if blocks.len() <= fits { blocks.len() } else { fits.saturating_sub(1) };
    let wide = blocks.iter().any(|block| block.out_channels >= 1_000);
    let kind_column = if wide { at.kind - 1 } else { at.kind };
    let mut map = None;
    let mut side = resolution;
    let mut y = rows.first;
    let map_end = map_end(at, structure, resolution);
    for block in &blocks[..shown] {
        side = side.div_ceil(block.stride);
        if map != Some(side) {
            canvas.right(map_end, y, format::map(side), Role::Muted);
            map = Some(side);
        }
        ribs.draw(canvas, y, block);
        canvas.text(kind_column, y, format::kind(block.kind), kernel_role(block.kind.kernel()));
        canvas.right(at.out_end, y, block.out_channels.to_string(), Role::Text);
        if block.kind.is_residual() {
            canvas.right(at.bottleneck_end, y, block.bottleneck.to_string(), Role::Muted);
        }
        if let Some(end) = at.depth_end.filter(|_| block.sub_layers > 1) {
            canvas.right(end, y, block.sub_layers.to_string(), Role::Text);
        }
        y += 1;
    }
    if shown < blocks.len() && fits > 0 {
        let more = format!("╌╌ {} more ╌╌", blocks.len() - shown);
        canvas.text(at.ribs, y, more, Role::Faint);
        y += 1;
    }
    y
}

/// Where a full diagram's columns lie: a panel of 67 from `x`.
#[derive(Clone, Copy, Debug)]
pub struct FullColumns {
    pub x: u16,
}

impl FullColumns {
    fn ribs(self) -> RibColumns {
        RibColumns { ribs: self.x + 5, cells: 16, ..RibColumns::compact(self.x) }
    }
}

/// A rib a sub-layer, a dashed rule where the resolution changes; blocks of 3 and more are folded to
/// their first and last rib where they outgrow `rows`, and where that doesn't help there is a rib a
/// block. Gives the row after the last.
pub fn full(
    canvas: &mut Canvas<'_>,
    at: FullColumns,
    rows: Rows,
    structure: &Structure,
    resolution: u32,
) -> u16 {
    let x = at.x;
    canvas.text(x, rows.first, "map", Role::Muted);
    canvas.text(x + 23, rows.first, "block", Role::Muted);
    canvas.right(x + 38, rows.first, "in→out", Role::Muted);
    canvas.right(x + 43, rows.first, "btl", Role::Muted);
    canvas.text(x + 46, rows.first, "weights %", Role::Muted);
    let rooms = usize::from(rows.height().saturating_sub(1));
    let folds = [Fold::None, Fold::Middle, Fold::Block];
    let fold = folds.into_iter().find(|fold| fold.rows(structure) <= rooms);
    let fold = fold.unwrap_or(Fold::Block);
    let weights = weights_by_block(structure, resolution);
    let all: u64 = weights.iter().sum::<u64>().max(1);
    let all_ribs = Ribs::of(structure, at.ribs().ribs, at.ribs().cells);
    let map_end = map_end(at.ribs(), structure, resolution);
    let mut side = resolution;
    let mut y = rows.first + 1;
    for (i, block) in structure.blocks().iter().enumerate() {
        let output = side.div_ceil(block.stride);
        if i > 0 && output != side && fold != Fold::Block {
            for column in x..x + 21 {
                canvas.text(column, y, "╌", Role::Rule);
            }
            y += 1;
        }
        if i == 0 || output != side {
            canvas.right(map_end, y, format::map(output), Role::Muted);
        }
        side = output;
        if y > rows.last {
            break;
        }
        let role = kernel_role(block.kind.kernel());
        canvas.text(x + 23, y, format::long_kind(block.kind), role);
        let ends = format!("{}→{}", block.in_channels, block.out_channels);
        canvas.right(x + 38, y, ends, Role::Text);
        if block.kind.is_residual() {
            canvas.right(x + 43, y, block.bottleneck.to_string(), Role::Muted);
        }
        let share = weights[i] as f64 / all as f64;
        canvas.right(x + 48, y, format::share(share), Role::Text);
        share_bar(canvas, x + 50, y, share);
        let ribs = fold.ribs(block);
        if block.sub_layers > 1 {
            let below = if ribs > 1 { (x + 23, y + 1) } else { (x + 60, y) };
            canvas.text(below.0, below.1, format!("×{}", block.sub_layers), Role::Muted);
        }
        for nth in 0..ribs {
            if y > rows.last {
                break;
            }
            match fold.rib(block, nth) {
                Rib::Whole(_) => all_ribs.draw(canvas, y, block),
                Rib::Folded => {
                    let axis = all_ribs.start + all_ribs.cells / 2;
                    canvas.text(axis - 1, y, "░░", role);
                }
            }
            y += 1;
        }
    }
    y
}

/// A bar of up to 8 cells; the whole bar is half of all.
fn share_bar(canvas: &mut Canvas<'_>, x: u16, y: u16, share: f64) {
    canvas.text(x, y, bars::halves(2.0 * share, 8), Role::Bar);
}

/// Weights of convs and linear layers by block; the classifier goes to the last.
fn weights_by_block(structure: &Structure, resolution: u32) -> Vec<u64> {
    let mut weights = vec![0; structure.blocks().len()];
    let spec = crate::arch::NetSpec::plain(resolution, 1);
    crate::arch::walk(structure, &spec, &mut |at| {
        if let (crate::arch::Layer::Conv(conv), Some(sum)) = (at.layer, weights.get_mut(at.block)) {
            *sum += conv.weights();
        }
    });
    weights
}
