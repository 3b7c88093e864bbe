//! Where the Diff screen's parts lie: two networks side by side over a lineage, or one list at a time
//! where there is less room.

use super::{Columns, Layout, Rows, search};

/// One network's columns; what a narrow screen has no room for is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideColumns {
    pub at: Columns,
    pub map: Option<u16>,
    pub number_end: u16,
    pub kind: u16,
    pub widths_end: u16,
    pub bottleneck_end: Option<u16>,
    pub depth_end: u16,
    /// Right ends of params and FLOPs.
    pub costs: Option<[u16; 2]>,
}

impl SideColumns {
    /// Without map and bottleneck.
    fn narrow(x: u16) -> SideColumns {
        SideColumns {
            at: Columns { start: x, end: x + 25 },
            map: None,
            number_end: x + 1,
            kind: x + 4,
            widths_end: x + 21,
            bottleneck_end: None,
            depth_end: x + 25,
            costs: None,
        }
    }

    fn full(x: u16) -> SideColumns {
        SideColumns {
            at: Columns { start: x, end: x + 35 },
            map: Some(x),
            number_end: x + 5,
            kind: x + 8,
            widths_end: x + 26,
            bottleneck_end: Some(x + 31),
            depth_end: x + 35,
            costs: None,
        }
    }

    fn with_costs(x: u16) -> SideColumns {
        let at = Columns { start: x, end: x + 53 };
        SideColumns { at, costs: Some([x + 44, x + 53]), ..SideColumns::full(x) }
    }
}

/// A signed number with a bar about an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaColumns {
    pub end: u16,
    /// The axis and the cells to each of its sides.
    pub bar: Option<Axis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub x: u16,
    pub cells: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableColumns {
    pub a: SideColumns,
    pub sign: u16,
    pub b: SideColumns,
    /// Of score, params, FLOPs.
    pub deltas: [DeltaColumns; 3],
}

/// Cells that the mutations of a lineage get beyond those they have at 120.
const MUTATION: u16 = 40;
/// Cells of a delta's digits.
pub const DELTA: u16 = 6;
/// From this width on the deltas have bars.
const BARS: u16 = 100;
/// From this width on every side has its costs.
const COSTS: u16 = 180;

impl TableColumns {
    fn new(width: u16) -> TableColumns {
        let (a, sign, b) = match width {
            0..120 => (SideColumns::narrow(2), 29, SideColumns::narrow(31)),
            120..COSTS => (SideColumns::full(2), 40, SideColumns::full(43)),
            COSTS.. => (SideColumns::with_costs(2), 58, SideColumns::with_costs(61)),
        };
        let deltas = match width {
            0..BARS => {
                let ends = [width - 17, width - 10, width - 3];
                ends.map(|end| DeltaColumns { end, bar: None })
            }
            _ => {
                // Digits, a blank, the cells about the axis. The digits of costs leave the first of their
                // cells blank.
                let start = b.at.end + 4;
                let cells = ((width - 2 - start) / 3 - DELTA - 2) / 2;
                let pitch = DELTA + 2 * cells + 2;
                [0, 1, 2].map(|i| {
                    let end = start + pitch * i + DELTA - 1;
                    DeltaColumns { end, bar: Some(Axis { x: end + 2 + cells, cells }) }
                })
            }
        };
        TableColumns { a, sign, b, deltas }
    }
}

/// Columns of the lineage; what a narrow screen has no room for is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineageColumns {
    pub step_end: u16,
    pub id_end: Option<u16>,
    pub mutation: Columns,
    pub gain_end: u16,
    pub bar: Option<Axis>,
    pub score_end: u16,
    pub params_end: Option<u16>,
    pub flops_end: Option<u16>,
    pub layers_end: Option<u16>,
}

impl LineageColumns {
    fn new(width: u16) -> LineageColumns {
        let w = width;
        match w {
            0..80 => LineageColumns {
                step_end: 4,
                id_end: None,
                mutation: Columns { start: 7, end: w - 17 },
                gain_end: w - 9,
                bar: None,
                score_end: w - 2,
                params_end: None,
                flops_end: None,
                layers_end: None,
            },
            80..120 => LineageColumns {
                step_end: 5,
                id_end: Some(13),
                mutation: Columns { start: 16, end: w - 32 },
                gain_end: w - 24,
                bar: None,
                score_end: w - 16,
                params_end: Some(w - 8),
                flops_end: None,
                layers_end: Some(w - 3),
            },
            120.. => {
                // What is over goes to the mutations first, then to the bars.
                let extra = w - 120;
                let cells = 7 + (extra - extra.min(MUTATION)) / 2;
                let axis = w - 34 - cells;
                let gain_end = axis - cells - 3;
                LineageColumns {
                    step_end: 5,
                    id_end: Some(13),
                    mutation: Columns { start: 16, end: gain_end - 8 },
                    gain_end,
                    bar: Some(Axis { x: axis, cells }),
                    score_end: w - 26,
                    params_end: Some(w - 17),
                    flops_end: Some(w - 8),
                    layers_end: Some(w - 3),
                }
            }
        }
    }
}

/// Two networks side by side, a lineage below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    pub table: TableColumns,
    /// Under the heads in row 4, and a rule where there is room for one.
    pub blocks: Rows,
    /// Over and under the blocks.
    pub rules: Option<[u16; 2]>,
    pub total: u16,
    pub notes: u16,
    pub lineage_title: u16,
    pub lineage: LineageColumns,
    pub steps: Rows,
    pub event: u16,
}

/// One list at a time, the networks above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrow {
    pub heads: u16,
    pub list: Rows,
    pub total: u16,
    pub notes: u16,
    pub lineage: LineageColumns,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLayout {
    /// No room for a table.
    Summary,
    Narrow(Narrow),
    Wide(Box<Wide>),
}

/// Rows that the two lists would fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub blocks: usize,
    pub steps: usize,
}

/// The Diff screen's layout at a size.
pub fn diff(width: u16, height: u16, wanted: Wanted) -> DiffLayout {
    match search(width, height) {
        Layout::Nothing | Layout::State | Layout::Summary => DiffLayout::Summary,
        Layout::Small(_) => DiffLayout::Narrow(Narrow {
            heads: 3,
            list: Rows { first: 4, last: height - 4 },
            total: height - 3,
            notes: height - 2,
            lineage: LineageColumns::new(width),
        }),
        Layout::Medium(_) | Layout::Large(_) | Layout::Zoomed(_) => {
            DiffLayout::Wide(Box::new(wide(width, height, wanted)))
        }
    }
}

fn wide(width: u16, height: u16, wanted: Wanted) -> Wide {
    let has_rules = width >= 120;
    let first = if has_rules { 6 } else { 5 };
    // Total, notes, a blank, title, heads, event, footer; the rule below; a blank over the event.
    let below = 7 + if has_rules { 2 } else { 0 };
    let blocks = split(height - first - below, wanted);
    let last = first + blocks - 1;
    let total = last + if has_rules { 2 } else { 1 };
    let lineage_title = total + 3;
    let steps = Rows { first: lineage_title + 2, last: height - if has_rules { 4 } else { 3 } };
    Wide {
        table: TableColumns::new(width),
        blocks: Rows { first, last },
        rules: has_rules.then_some([first - 1, last + 1]),
        total,
        notes: total + 1,
        lineage_title,
        lineage: LineageColumns::new(width),
        steps,
        event: height - 2,
    }
}

/// How many of `rows` the blocks get: what they want, unless the lineage needs it; then half.
fn split(rows: u16, wanted: Wanted) -> u16 {
    let of = |wanted: usize| u16::try_from(wanted).unwrap_or(u16::MAX).max(1);
    let (blocks, steps) = (of(wanted.blocks), of(wanted.steps));
    let half = rows / 2;
    let most = half.max(rows.saturating_sub(steps));
    blocks.min(most).clamp(1, rows - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(width: u16, height: u16, blocks: usize, steps: usize) -> Wide {
        match diff(width, height, Wanted { blocks, steps }) {
            DiffLayout::Wide(wide) => *wide,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_grid_of_120_by_36() {
        let at = at(120, 36, 8, 23);
        assert_eq!((at.table.a.at, at.table.sign), (Columns { start: 2, end: 37 }, 40));
        assert_eq!(at.table.b.at, Columns { start: 43, end: 78 });
        let [score, params, flops] = at.table.deltas;
        assert_eq!((score.end, score.bar), (87, Some(Axis { x: 91, cells: 2 })));
        assert_eq!((params.end, params.bar), (99, Some(Axis { x: 103, cells: 2 })));
        assert_eq!((flops.end, flops.bar), (111, Some(Axis { x: 115, cells: 2 })));
        assert_eq!((at.blocks, at.rules), (Rows { first: 6, last: 13 }, Some([5, 14])));
        assert_eq!((at.total, at.notes, at.lineage_title), (15, 16, 18));
        assert_eq!((at.steps, at.event), (Rows { first: 20, last: 32 }, 34));
        let lineage = at.lineage;
        assert_eq!((lineage.gain_end, lineage.bar), (69, Some(Axis { x: 79, cells: 7 })));
        assert_eq!((lineage.score_end, lineage.params_end), (94, Some(103)));
        assert_eq!((lineage.flops_end, lineage.layers_end), (Some(112), Some(117)));
    }

    #[test]
    fn bars_stay_inside() {
        for width in 120..400 {
            let last = at(width, 36, 8, 23).table.deltas[2].bar.expect("has bars");
            assert!(last.x + last.cells + 2 < width, "{width}: {last:?}");
        }
    }

    #[test]
    fn lists_share_what_there_is() {
        let height = |blocks, steps| at(120, 36, blocks, steps).blocks.height();
        assert_eq!([height(8, 100), height(30, 100), height(30, 4)], [8, 10, 17]);
        assert_eq!(at(80, 24, 8, 100).blocks, Rows { first: 5, last: 10 });
    }

    #[test]
    fn no_size_is_odd() {
        for width in 0..300 {
            for height in 0..70 {
                for blocks in [0, 3, 1_000] {
                    let layout = diff(width, height, Wanted { blocks, steps: 40 });
                    if let DiffLayout::Wide(at) = layout {
                        assert!(at.steps.last >= at.steps.first && at.steps.last < at.event);
                    }
                }
            }
        }
    }
}
