//! Two structures aligned block by block.

use std::slice;

use serde::{Deserialize, Serialize};

use super::{Block, Structure};

/// A block and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockChange {
    pub from: Block,
    pub to: Block,
}

/// A field of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockField {
    Kind,
    InChannels,
    OutChannels,
    Stride,
    Bottleneck,
    SubLayers,
}

impl BlockField {
    pub const ALL: [BlockField; 6] = [
        BlockField::Kind,
        BlockField::InChannels,
        BlockField::OutChannels,
        BlockField::Stride,
        BlockField::Bottleneck,
        BlockField::SubLayers,
    ];
}

impl BlockChange {
    /// Whether both blocks differ in `field`. Where input widths alone differ, the change is the
    /// neighbour's.
    pub fn differs(&self, field: BlockField) -> bool {
        let BlockChange { from, to } = self;
        match field {
            BlockField::Kind => from.kind != to.kind,
            BlockField::InChannels => from.in_channels != to.in_channels,
            BlockField::OutChannels => from.out_channels != to.out_channels,
            BlockField::Stride => from.stride != to.stride,
            BlockField::Bottleneck => from.bottleneck != to.bottleneck,
            BlockField::SubLayers => from.sub_layers != to.sub_layers,
        }
    }
}

/// What happened to the blocks of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Same,
    Changed,
    Removed,
    Inserted,
    Split,
    Merged,
}

impl Change {
    /// Its mark in plain text; a split and a merge have the same, as the sides tell them apart.
    pub fn glyph(self) -> char {
        match self {
            Change::Same => ' ',
            Change::Changed => '~',
            Change::Removed => '-',
            Change::Inserted => '+',
            Change::Split | Change::Merged => 'Y',
        }
    }
}

/// A row of the alignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffRow {
    Same(Block),
    Changed(BlockChange),
    /// Only in the first structure.
    Removed(Block),
    /// Only in the second.
    Inserted(Block),
    /// One block as two or more: like it, with stride 1 but for the first, and with as many
    /// sub-layers together. The plain net is the same, but for the channels it takes.
    Split {
        from: Block,
        into: Vec<Block>,
    },
    /// The reverse.
    Merged {
        from: Vec<Block>,
        into: Block,
    },
}

impl DiffRow {
    pub fn change(&self) -> Change {
        match self {
            DiffRow::Same(_) => Change::Same,
            DiffRow::Changed(_) => Change::Changed,
            DiffRow::Removed(_) => Change::Removed,
            DiffRow::Inserted(_) => Change::Inserted,
            DiffRow::Split { .. } => Change::Split,
            DiffRow::Merged { .. } => Change::Merged,
        }
    }

    /// Its blocks of the first structure, and of the second.
    pub fn sides(&self) -> (&[Block], &[Block]) {
        match self {
            DiffRow::Same(block) => (slice::from_ref(block), slice::from_ref(block)),
            DiffRow::Changed(BlockChange { from, to }) => {
                (slice::from_ref(from), slice::from_ref(to))
            }
            DiffRow::Removed(block) => (slice::from_ref(block), &[]),
            DiffRow::Inserted(block) => (&[], slice::from_ref(block)),
            DiffRow::Split { from, into } => (slice::from_ref(from), into),
            DiffRow::Merged { from, into } => (from, slice::from_ref(into)),
        }
    }
}

/// The alignment of two structures with the fewest differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    pub rows: Vec<DiffRow>,
}

/// Cost of leaving a block without a partner, in changed fields: dearer than any pair, so blocks pair up
/// unless skipping one makes the rest agree.
const SKIP: u32 = 3;
/// Pairing blocks of different strides would hide where the resolution drops.
const STRIDE: u32 = 4;
/// A split or a merge is one difference; without it it would be `SKIP` and a changed field.
const SPLIT: u32 = 1;

fn pair_cost(a: &Block, b: &Block) -> u32 {
    u32::from(a.kind.is_residual() != b.kind.is_residual()) * STRIDE
        + u32::from(a.stride != b.stride) * STRIDE
        + u32::from(a.kind != b.kind)
        + u32::from(a.out_channels != b.out_channels)
        + u32::from(a.bottleneck != b.bottleneck)
        + u32::from(a.sub_layers != b.sub_layers)
}

/// How many of the first `parts` make up `whole`; at least 2.
fn split_of(whole: &Block, parts: &[Block]) -> Option<usize> {
    let mut sub_layers = 0;
    for (index, part) in parts.iter().enumerate() {
        let stride = if index == 0 { whole.stride } else { 1 };
        sub_layers += part.sub_layers;
        let alike = (part.kind, part.out_channels, part.bottleneck, part.stride)
            == (whole.kind, whole.out_channels, whole.bottleneck, stride);
        if !alike || sub_layers > whole.sub_layers {
            return None;
        }
        if sub_layers == whole.sub_layers {
            return (index > 0).then_some(index + 1);
        }
    }
    None
}

/// The first row of an alignment: its cost, and how many blocks of each side it takes.
type Step = (u32, usize, usize);

/// All first rows of the alignments of `a` and `b`; of equally good ones the first is taken.
fn steps(a: &[Block], b: &[Block]) -> impl Iterator<Item = Step> {
    let both = a.first().zip(b.first());
    let split = both.and_then(|(a, _)| split_of(a, b));
    let merge = both.and_then(|(_, b)| split_of(b, a));
    [
        both.map(|(a, b)| (pair_cost(a, b), 1, 1)),
        split.map(|parts| (SPLIT, 1, parts)),
        merge.map(|parts| (SPLIT, parts, 1)),
        (!a.is_empty()).then_some((SKIP, 1, 0)),
        (!b.is_empty()).then_some((SKIP, 0, 1)),
    ]
    .into_iter()
    .flatten()
}

fn row(from: &[Block], to: &[Block]) -> DiffRow {
    match (from, to) {
        (&[block], []) => DiffRow::Removed(block),
        ([], &[block]) => DiffRow::Inserted(block),
        (&[from], &[to]) if from == to => DiffRow::Same(from),
        (&[from], &[to]) => DiffRow::Changed(BlockChange { from, to }),
        (&[from], into) => DiffRow::Split { from, into: into.to_vec() },
        (from, &[into]) => DiffRow::Merged { from: from.to_vec(), into },
        _ => unreachable!("a step takes at most one block of one of the sides"),
    }
}

impl Diff {
    /// Aligns `a` and `b` by edit distance over their blocks; deterministic, O(blocks²) but for chains
    /// of blocks that are alike.
    pub fn between(a: &Structure, b: &Structure) -> Diff {
        let (a, b) = (a.blocks(), b.blocks());
        let width = b.len() + 1;
        // best[i · width + j]: the first row of the best alignment of a[i..] with b[j..], with the
        // cost of all its rows.
        let mut best: Vec<Step> = vec![(0, 0, 0); (a.len() + 1) * width];
        for i in (0..=a.len()).rev() {
            for j in (0..=b.len()).rev() {
                let whole = steps(&a[i..], &b[j..]).map(|(cost, di, dj)| {
                    let (rest, ..) = best[(i + di) * width + j + dj];
                    (cost + rest, di, dj)
                });
                best[i * width + j] = whole.min_by_key(|&(cost, ..)| cost).unwrap_or_default();
            }
        }
        let (mut i, mut j) = (0, 0);
        let mut rows = Vec::with_capacity(a.len().max(b.len()));
        while i < a.len() || j < b.len() {
            let (_, di, dj) = best[i * width + j];
            rows.push(row(&a[i..i + di], &b[j..j + dj]));
            (i, j) = (i + di, j + dj);
        }
        Diff { rows }
    }

    /// The second structure's blocks, from the first's: the inverse of [`Diff::between`].
    ///
    /// Returns `None` where `a` is not the structure this diff was made from.
    pub fn apply(&self, a: &Structure) -> Option<Structure> {
        let mut left = a.blocks();
        let mut blocks = Vec::new();
        for row in &self.rows {
            let (from, to) = row.sides();
            left = left.strip_prefix(from)?;
            blocks.extend_from_slice(to);
        }
        if !left.is_empty() {
            return None;
        }
        Structure::new(blocks).ok()
    }

    /// Whether it is of a structure and itself.
    pub fn is_same(&self) -> bool {
        self.rows.iter().all(|row| row.change() == Change::Same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{limits, samples::any_structure};
    use proptest::prelude::*;

    fn parse(text: &str) -> Structure {
        text.parse().expect("valid")
    }

    fn glyphs(a: &Structure, b: &Structure) -> String {
        Diff::between(a, b).rows.iter().map(|row| row.change().glyph()).collect()
    }

    #[test]
    fn aligns_what_was_put_between() {
        let a =
            parse("SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,3)SuperConvK1BNRELU(16,32,1,1)");
        let b = parse(
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,3)SuperResK3K3(16,16,1,8,3)\
             SuperConvK1BNRELU(16,32,1,1)",
        );
        assert_eq!(glyphs(&a, &b), "  + ");
        assert_eq!(glyphs(&b, &a), "  - ");
    }

    #[test]
    fn a_split_is_one_row() {
        let a = parse(
            "SuperConvK3BNRELU(3,8,1,1)SuperResK1K5K1(8,16,2,8,7)SuperConvK1BNRELU(16,32,1,1)",
        );
        let b = parse(
            "SuperConvK3BNRELU(3,24,1,1)SuperResK1K5K1(24,16,2,8,3)SuperResK1K5K1(16,16,1,8,3)\
             SuperResK1K5K1(16,16,1,8,1)SuperConvK1BNRELU(16,32,1,1)",
        );
        assert_eq!(glyphs(&a, &b), "~Y ");
        let rows = Diff::between(&a, &b).rows;
        let expected = DiffRow::Split { from: a.blocks()[1], into: b.blocks()[1..4].to_vec() };
        assert_eq!((&rows[1], rows[1].change()), (&expected, Change::Split));
        let rows = Diff::between(&b, &a).rows;
        let expected = DiffRow::Merged { from: b.blocks()[1..4].to_vec(), into: a.blocks()[1] };
        assert_eq!((&rows[1], rows[1].change()), (&expected, Change::Merged));
    }

    /// A stride in the second part, another width, or a sub-layer too many.
    #[test]
    fn what_does_not_sum_up_is_no_split() {
        let a = parse("SuperResK3K3(8,16,2,8,4)");
        for parts in [
            "SuperResK3K3(8,16,1,8,2)SuperResK3K3(16,16,2,8,2)",
            "SuperResK3K3(8,24,2,8,2)SuperResK3K3(24,16,1,8,2)",
            "SuperResK3K3(8,16,2,8,2)SuperResK3K3(16,16,1,8,3)",
            "SuperResK3K3(8,16,2,8,2)SuperResK5K5(16,16,1,8,2)",
        ] {
            assert!(!glyphs(&a, &parse(parts)).contains('Y'), "{parts}");
        }
    }

    #[test]
    fn changed_fields_are_told() {
        let from = parse("SuperResK3K3(8,16,2,8,4)").blocks()[0];
        for (to, field) in [
            (
                Block { kind: parse("SuperResK5K5(8,16,2,8,4)").blocks()[0].kind, ..from },
                BlockField::Kind,
            ),
            (Block { in_channels: 9, ..from }, BlockField::InChannels),
            (Block { out_channels: 9, ..from }, BlockField::OutChannels),
            (Block { stride: 1, ..from }, BlockField::Stride),
            (Block { bottleneck: 9, ..from }, BlockField::Bottleneck),
            (Block { sub_layers: 9, ..from }, BlockField::SubLayers),
        ] {
            let change = BlockChange { from, to };
            for one in BlockField::ALL {
                assert_eq!(change.differs(one), one == field, "{one:?}");
            }
        }
    }

    #[test]
    fn apply_refuses_another_structure() {
        let a = parse("SuperConvK3BNRELU(3,8,1,1)");
        let b = parse("SuperConvK3BNRELU(3,16,1,1)");
        let diff = Diff::between(&a, &b);
        assert_eq!(diff.apply(&a), Some(b.clone()));
        assert_eq!(diff.apply(&b), None);
    }

    #[test]
    fn survives_json() {
        let a = parse("SuperResK3K3(8,16,2,8,4)SuperConvK1BNRELU(16,32,1,1)");
        let b = parse("SuperResK3K3(8,16,2,8,1)SuperResK3K3(16,16,1,8,3)");
        let diff = Diff::between(&a, &b);
        let text = serde_json::to_string(&diff).expect("plain values");
        assert_eq!(serde_json::from_str::<Diff>(&text).expect("its own text"), diff);
    }

    /// All blocks alike is where every pair could be a split.
    #[test]
    fn the_largest_structures_align() {
        let block = parse("SuperResK3K3(8,8,1,8,1)").blocks()[0];
        let of = |sub_layers, count| {
            Structure::new(vec![Block { sub_layers, ..block }; count]).expect("within limits")
        };
        let (a, b) = (of(limits::SUB_LAYERS, 1), of(1, limits::BLOCKS));
        assert_eq!(glyphs(&a, &b), "Y");
        let a = of(2, limits::BLOCKS);
        assert_eq!(Diff::between(&a, &b).apply(&a), Some(b));
    }

    /// `structure` with block `at`, if it has two sub-layers, split behind the first `behind`.
    fn split(structure: &Structure, at: usize, behind: u32) -> Structure {
        let mut blocks = structure.blocks().to_vec();
        let at = at % blocks.len();
        let block = blocks[at];
        if block.sub_layers > 1 {
            let first = 1 + behind % (block.sub_layers - 1);
            blocks[at].sub_layers = first;
            let (in_channels, sub_layers) = (block.out_channels, block.sub_layers - first);
            blocks.insert(at + 1, Block { in_channels, stride: 1, sub_layers, ..block });
        }
        Structure::new(blocks).expect("within limits")
    }

    /// `structure` with one width of block `at` changed.
    fn widened(structure: &Structure, at: usize, width: u32) -> Structure {
        let mut blocks = structure.blocks().to_vec();
        let at = at % blocks.len();
        if blocks[at].bottleneck > 0 && width.is_multiple_of(2) {
            blocks[at].bottleneck = width;
        } else {
            blocks[at].out_channels = width;
        }
        Structure::chained(blocks).expect("within limits")
    }

    proptest! {
        #[test]
        fn apply_undoes_between(a in any_structure(), b in any_structure()) {
            prop_assert_eq!(Diff::between(&a, &b).apply(&a), Some(b));
        }

        #[test]
        fn apply_undoes_mutations(
            a in any_structure(),
            edits in proptest::collection::vec((0..12usize, 1..4000u32, any::<bool>()), 0..6),
        ) {
            let mut b = a.clone();
            for (at, number, splits) in edits {
                b = if splits { split(&b, at, number) } else { widened(&b, at, number) };
            }
            prop_assert_eq!(Diff::between(&a, &b).apply(&a), Some(b.clone()));
            prop_assert_eq!(Diff::between(&b, &a).apply(&b), Some(a));
        }

        #[test]
        fn one_split_is_one_row(a in any_structure(), at in 0..12usize, behind in 0..9u32) {
            let b = split(&a, at, behind);
            let splits = |rows: &[DiffRow], change| {
                rows.iter().filter(|row| row.change() == change).count()
            };
            let (there, back) = (Diff::between(&a, &b).rows, Diff::between(&b, &a).rows);
            prop_assert_eq!(there.len(), a.blocks().len());
            prop_assert_eq!(splits(&there, Change::Split), b.blocks().len() - a.blocks().len());
            prop_assert_eq!(splits(&there, Change::Same) + splits(&there, Change::Split), there.len());
            prop_assert_eq!(splits(&back, Change::Merged), splits(&there, Change::Split));
        }
    }
}
