//! How many ribs a block is shown by. Pure arithmetic; must not know what a rib looks like.
//! Invariant: a block has at least one rib, and never more than sub-layers.

use crate::arch::{Block, Structure};

/// The first that fits is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// A rib a sub-layer.
    None,
    /// The first and the last of three and more.
    Middle,
    /// The first of two and more.
    Rest,
    /// A rib a block, and no rules between the resolutions.
    Block,
}

/// What stands in a row of ribs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rib {
    /// That of a sub-layer, from 0.
    Whole(u32),
    /// Those between, or behind.
    Folded,
}

impl Fold {
    pub const ALL: [Fold; 4] = [Fold::None, Fold::Middle, Fold::Rest, Fold::Block];

    /// Rows that a block's ribs take.
    pub fn ribs(self, block: &Block) -> u32 {
        match self {
            Fold::None => block.sub_layers,
            Fold::Middle => block.sub_layers.min(3),
            Fold::Rest => block.sub_layers.min(2),
            Fold::Block => 1,
        }
    }

    /// What stands in row `nth` of a block's.
    pub fn rib(self, block: &Block, nth: u32) -> Rib {
        match (self, nth) {
            (Fold::None | Fold::Middle | Fold::Rest | Fold::Block, 0) => Rib::Whole(0),
            (Fold::None, n) => Rib::Whole(n),
            (Fold::Middle, 1) if block.sub_layers > 2 => Rib::Folded,
            (Fold::Middle, _) => Rib::Whole(block.sub_layers - 1),
            (Fold::Rest | Fold::Block, _) => Rib::Folded,
        }
    }

    /// The row of a block's that stands for a sub-layer.
    pub fn row(self, block: &Block, sub_layer: u32) -> u32 {
        let last = self.ribs(block) - 1;
        match self {
            Fold::Middle if sub_layer + 1 == block.sub_layers => last,
            // What lies between is in the middle row.
            Fold::Middle => sub_layer.min(1).min(last),
            Fold::None | Fold::Rest | Fold::Block => sub_layer.min(last),
        }
    }

    /// Whether a rule parts the resolutions.
    pub fn has_rules(self) -> bool {
        self != Fold::Block
    }

    /// Rows that a whole structure takes.
    pub fn rows(self, structure: &Structure) -> usize {
        let blocks = structure.blocks();
        let ribs: usize = blocks.iter().map(|block| self.ribs(block) as usize).sum();
        let rules = blocks.iter().skip(1).filter(|block| block.stride > 1).count();
        if self.has_rules() { ribs + rules } else { ribs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sub_layer_has_a_row() {
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,8,1,8,2)SuperResK3K3(8,8,2,8,3)\
             SuperResK3K3(8,8,1,8,9)"
                .parse()
                .expect("valid");
        for fold in Fold::ALL {
            for block in structure.blocks() {
                for sub_layer in 0..block.sub_layers {
                    let row = fold.row(block, sub_layer);
                    assert!(row < fold.ribs(block), "{fold:?} {block} {sub_layer}");
                    match fold.rib(block, row) {
                        Rib::Whole(shown) if fold == Fold::None => assert_eq!(shown, sub_layer),
                        Rib::Whole(_) | Rib::Folded => {}
                    }
                }
            }
        }
        let rows: Vec<usize> = Fold::ALL.iter().map(|fold| fold.rows(&structure)).collect();
        assert_eq!(rows, [16, 10, 8, 4]);
        let nine = &structure.blocks()[3];
        let shown: Vec<Rib> = (0..3).map(|nth| Fold::Middle.rib(nine, nth)).collect();
        assert_eq!(shown, [Rib::Whole(0), Rib::Folded, Rib::Whole(8)]);
        assert_eq!([0, 4, 8].map(|i| Fold::Middle.row(nine, i)), [0, 1, 2]);
    }
}
