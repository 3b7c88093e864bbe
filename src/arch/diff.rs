//! Two structures aligned block by block.

use serde::{Deserialize, Serialize};

use super::{Block, Structure};

/// One field of a block that differs between two aligned blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockChange {
    pub from: Block,
    pub to: Block,
}

impl BlockChange {
    /// The fields that differ, as `name from→to`; input widths are left out, they follow.
    pub fn fields(&self) -> Vec<String> {
        let (a, b) = (&self.from, &self.to);
        let mut fields = Vec::new();
        if a.kind != b.kind {
            fields.push(format!("{}→{}", a.kind, b.kind));
        }
        for (name, from, to) in [
            ("out", a.out_channels, b.out_channels),
            ("stride", a.stride, b.stride),
            ("btl", a.bottleneck, b.bottleneck),
            ("sub-layers", a.sub_layers, b.sub_layers),
        ] {
            if from != to {
                fields.push(format!("{name} {from}→{to}"));
            }
        }
        fields
    }
}

/// A row of the alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffRow {
    Same(Block),
    Changed(BlockChange),
    /// Only in the first structure.
    Removed(Block),
    /// Only in the second.
    Inserted(Block),
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

fn pair_cost(a: &Block, b: &Block) -> u32 {
    u32::from(a.kind.is_conv() != b.kind.is_conv()) * STRIDE
        + u32::from(a.stride != b.stride) * STRIDE
        + u32::from(a.kind != b.kind)
        + u32::from(a.out_channels != b.out_channels)
        + u32::from(a.bottleneck != b.bottleneck)
        + u32::from(a.sub_layers != b.sub_layers)
}

impl Diff {
    /// Aligns `a` and `b` by edit distance over their blocks; deterministic, O(blocks²).
    pub fn between(a: &Structure, b: &Structure) -> Diff {
        let (a, b) = (a.blocks(), b.blocks());
        let width = b.len() + 1;
        // cheapest[i · width + j]: cost of aligning a[i..] with b[j..].
        let mut cheapest = vec![0; (a.len() + 1) * width];
        for i in (0..=a.len()).rev() {
            for j in (0..=b.len()).rev() {
                let at = |di: usize, dj: usize| cheapest[(i + di) * width + j + dj];
                let options = [
                    (i < a.len() && j < b.len()).then(|| pair_cost(&a[i], &b[j]) + at(1, 1)),
                    (i < a.len()).then(|| SKIP + at(1, 0)),
                    (j < b.len()).then(|| SKIP + at(0, 1)),
                ];
                cheapest[i * width + j] = options.into_iter().flatten().min().unwrap_or(0);
            }
        }
        let (mut i, mut j) = (0, 0);
        let mut rows = Vec::with_capacity(a.len().max(b.len()));
        while i < a.len() || j < b.len() {
            let best = cheapest[i * width + j];
            let pairs = i < a.len()
                && j < b.len()
                && best == pair_cost(&a[i], &b[j]) + cheapest[(i + 1) * width + j + 1];
            if pairs {
                rows.push(pair_row(a[i], b[j]));
                (i, j) = (i + 1, j + 1);
            } else if i < a.len() && best == SKIP + cheapest[(i + 1) * width + j] {
                rows.push(DiffRow::Removed(a[i]));
                i += 1;
            } else {
                rows.push(DiffRow::Inserted(b[j]));
                j += 1;
            }
        }
        Diff { rows }
    }

    /// The second structure's blocks, from the first's: the inverse of [`Diff::between`].
    ///
    /// Returns `None` where `a` is not the structure this diff was made from.
    pub fn apply(&self, a: &Structure) -> Option<Structure> {
        let mut left = a.blocks().iter();
        let mut blocks = Vec::new();
        for row in &self.rows {
            let (old, new) = match *row {
                DiffRow::Same(block) => (Some(block), Some(block)),
                DiffRow::Changed(change) => (Some(change.from), Some(change.to)),
                DiffRow::Removed(block) => (Some(block), None),
                DiffRow::Inserted(block) => (None, Some(block)),
            };
            if let Some(old) = old
                && left.next() != Some(&old)
            {
                return None;
            }
            blocks.extend(new);
        }
        if left.next().is_some() {
            return None;
        }
        Structure::new(blocks).ok()
    }
}

fn pair_row(from: Block, to: Block) -> DiffRow {
    if from == to { DiffRow::Same(from) } else { DiffRow::Changed(BlockChange { from, to }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::samples::any_structure;
    use proptest::prelude::*;

    fn parse(text: &str) -> Structure {
        text.parse().expect("valid")
    }

    #[test]
    fn aligns_a_split_as_an_insertion() {
        let a =
            parse("SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,3)SuperConvK1BNRELU(16,32,1,1)");
        let b = parse(
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,3)SuperResK3K3(16,16,1,8,3)\
             SuperConvK1BNRELU(16,32,1,1)",
        );
        let rows = Diff::between(&a, &b).rows;
        let kinds: Vec<_> = rows
            .iter()
            .map(|row| match row {
                DiffRow::Same(_) => '=',
                DiffRow::Changed(_) => '~',
                DiffRow::Removed(_) => '-',
                DiffRow::Inserted(_) => '+',
            })
            .collect();
        assert_eq!(kinds, ['=', '=', '+', '=']);
    }

    #[test]
    fn apply_refuses_another_structure() {
        let a = parse("SuperConvK3BNRELU(3,8,1,1)");
        let b = parse("SuperConvK3BNRELU(3,16,1,1)");
        let diff = Diff::between(&a, &b);
        assert_eq!(diff.apply(&a), Some(b.clone()));
        assert_eq!(diff.apply(&b), None);
    }

    proptest! {
        #[test]
        fn apply_undoes_between(a in any_structure(), b in any_structure()) {
            prop_assert_eq!(Diff::between(&a, &b).apply(&a), Some(b));
        }
    }
}
