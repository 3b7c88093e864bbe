//! Structures: a checked sequence of blocks, its canonical string and its identity.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Block, BlockKind, Kernel, ParseError, limits, parse_blocks};

/// A network as Zen-NAS writes it: blocks whose channels chain. Serialises as its canonical string.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Structure {
    blocks: Vec<Block>,
}

/// Why a sequence of blocks is no structure. `block` counts from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StructureError {
    #[error("a structure needs at least one block")]
    Empty,
    #[error("{count} blocks are more than the {max} a structure may have", max = limits::BLOCKS)]
    TooManyBlocks { count: usize },
    #[error(
        "block {n} takes {found} channels, but block {block} before it gives {expected}",
        n = block + 1
    )]
    Channels { block: usize, expected: u32, found: u32 },
    #[error(
        "block {n}: a max-pool gives as many channels as it takes, in one sub-layer, behind a block of convs that \
         ends in a ReLU",
        n = block + 1
    )]
    Pool { block: usize },
    #[error("block {n}: {field} {value} is outside {min} to {max}", n = block + 1)]
    OutOfRange { block: usize, field: &'static str, value: u32, min: u32, max: u32 },
}

impl Structure {
    /// Checks sizes and that every block takes what its predecessor gives.
    ///
    /// # Errors
    /// The first fault from the left.
    pub fn new(blocks: Vec<Block>) -> Result<Structure, StructureError> {
        if blocks.is_empty() {
            return Err(StructureError::Empty);
        }
        if blocks.len() > limits::BLOCKS {
            return Err(StructureError::TooManyBlocks { count: blocks.len() });
        }
        for (i, block) in blocks.iter().enumerate() {
            check_ranges(i, block)?;
            let before = i.checked_sub(1).map(|p| blocks[p]);
            let given = before.map(|before| before.out_channels);
            if let Some(expected) = given.filter(|&c| c != block.in_channels) {
                return Err(StructureError::Channels {
                    block: i,
                    expected,
                    found: block.in_channels,
                });
            }
            check_pool(i, block, before)?;
        }
        Ok(Structure { blocks })
    }

    /// Like [`Structure::new`], after setting every block's input width to its predecessor's output,
    /// as the reference does after a mutation; a pool gives what it takes.
    pub fn chained(mut blocks: Vec<Block>) -> Result<Structure, StructureError> {
        for i in 1..blocks.len() {
            blocks[i].in_channels = blocks[i - 1].out_channels;
            if blocks[i].kind == BlockKind::MaxPool {
                blocks[i].out_channels = blocks[i].in_channels;
            }
        }
        Structure::new(blocks)
    }

    /// Parses and repairs channel mismatches between neighbours.
    pub fn parse_fixing_channels(text: &str) -> Result<Structure, ParseError> {
        let (blocks, places): (Vec<_>, Vec<_>) = parse_blocks(text)?.into_iter().unzip();
        Structure::chained(blocks).map_err(|e| ParseError::of_structure(&e, &places))
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The depth that Zen-NAS caps: sub-layers over all blocks, plain convs included, max-pools not.
    pub fn depth(&self) -> u32 {
        self.blocks.iter().map(|block| block.kind.depth() * block.sub_layers).sum()
    }

    /// Splits every residual block of a Zen-NAS space of 6 or more sub-layers into 3 and the rest, once, as
    /// the reference does. The plain net stays the same; with shortcuts the second half gains a
    /// projection, so split before judging costs.
    pub fn split_deep_blocks(&self) -> Structure {
        let mut blocks = self.blocks.clone();
        split_deep_blocks(&mut blocks);
        Structure { blocks }
    }

    /// Identity by content: equal exactly for equal canonical strings, stable across versions and
    /// machines. FNV-1a over the blocks' fields, 128 bits wide.
    pub fn hash(&self) -> StructureHash {
        hash_blocks(&self.blocks)
    }
}

/// Most sub-layers of a residual block that does not split.
pub const DEEPEST: u32 = 5;

/// Like [`Structure::split_deep_blocks`], in place.
pub fn split_deep_blocks(blocks: &mut Vec<Block>) {
    let mut index = 0;
    while index < blocks.len() {
        let block = blocks[index];
        index += 1;
        let stays = !block.kind.is_residual() || !block.kind.is_searchable();
        if stays || block.sub_layers <= DEEPEST || blocks.len() >= limits::BLOCKS {
            continue;
        }
        blocks[index - 1].sub_layers = 3;
        let (in_channels, sub_layers) = (block.out_channels, block.sub_layers - 3);
        blocks.insert(index, Block { in_channels, stride: 1, sub_layers, ..block });
        // Once: the rest may be deep itself.
        index += 1;
    }
}

/// The [`Structure::hash`] of the structure that `blocks` are.
pub fn hash_blocks(blocks: &[Block]) -> StructureHash {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash = OFFSET;
    let mut absorb = |word: u64| hash = (hash ^ u128::from(word)).wrapping_mul(PRIME);
    for block in blocks {
        absorb(kind_code(block.kind) << 32 | u64::from(block.stride));
        absorb(u64::from(block.in_channels) << 32 | u64::from(block.out_channels));
        absorb(u64::from(block.bottleneck) << 32 | u64::from(block.sub_layers));
    }
    // The low half of a 128-bit FNV sees few carries from the last words; fold it once more.
    StructureHash((hash ^ (hash >> 61)).wrapping_mul(PRIME))
}

/// A pool takes what a ReLU gives; one behind another would be a larger one.
fn check_pool(i: usize, block: &Block, before: Option<Block>) -> Result<(), StructureError> {
    if block.kind != BlockKind::MaxPool {
        return Ok(());
    }
    let follows_convs =
        before.is_some_and(|before| before.kind != BlockKind::MaxPool && !before.kind.is_linear());
    let keeps_channels = block.in_channels == block.out_channels;
    match follows_convs && keeps_channels && block.sub_layers == 1 {
        true => Ok(()),
        false => Err(StructureError::Pool { block: i }),
    }
}

fn check_ranges(block: usize, b: &Block) -> Result<(), StructureError> {
    let least_inner = u32::from(b.kind.is_residual());
    for (field, value, min, max) in [
        ("input width", b.in_channels, 1, limits::WIDTH),
        ("output width", b.out_channels, 1, limits::WIDTH),
        ("stride", b.stride, 1, limits::STRIDE),
        ("bottleneck width", b.bottleneck, least_inner, limits::WIDTH),
        ("sub-layers", b.sub_layers, 1, limits::SUB_LAYERS),
    ] {
        if !(min..=max).contains(&value) {
            return Err(StructureError::OutOfRange { block, field, value, min, max });
        }
    }
    Ok(())
}

/// Part of the hash's format: never renumber.
fn kind_code(kind: BlockKind) -> u64 {
    let (family, e, k) = match kind {
        BlockKind::Conv(k) => (1, 0, k),
        BlockKind::KxKx(k) => (2, 0, k),
        BlockKind::K1KxK1(k) => (3, 0, k),
        BlockKind::Idw(e, k) => (4, e.factor(), k),
        BlockKind::MaxPool => (5, 0, Kernel::K3),
        BlockKind::Basic => (6, 0, Kernel::K3),
        BlockKind::Bottleneck => (7, 0, Kernel::K3),
        BlockKind::MbConv(e, k) => (8, e.factor(), k),
        BlockKind::LinearConv => (9, 0, Kernel::K1),
    };
    family << 16 | u64::from(e) << 8 | u64::from(k.side())
}

/// A structure's identity; prints as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StructureHash(pub u128);

impl fmt::Display for StructureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for StructureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StructureHash({self})")
    }
}

/// Prints the canonical string: no labels, no white space.
impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks.iter().try_for_each(|block| write!(f, "{block}"))
    }
}

impl FromStr for Structure {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Structure, ParseError> {
        let (blocks, places): (Vec<_>, Vec<_>) = parse_blocks(text)?.into_iter().unzip();
        Structure::new(blocks).map_err(|e| ParseError::of_structure(&e, &places))
    }
}

impl TryFrom<String> for Structure {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Structure, ParseError> {
        text.parse()
    }
}

impl From<Structure> for String {
    fn from(structure: Structure) -> String {
        structure.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_deep_residual_blocks_only() {
        let s: Structure =
            "SuperConvK3BNRELU(3,8,1,7)SuperResK3K3(8,16,2,8,8)SuperConvK1BNRELU(16,32,1,1)"
                .parse()
                .expect("valid");
        assert_eq!(
            s.split_deep_blocks().to_string(),
            "SuperConvK3BNRELU(3,8,1,7)SuperResK3K3(8,16,2,8,3)SuperResK3K3(16,16,1,8,5)\
             SuperConvK1BNRELU(16,32,1,1)"
        );
    }

    #[test]
    fn a_pool_follows_convs_and_keeps_their_channels() {
        let stem = "SuperConvK7BNRELU(3,64,2,1)";
        for faulty in [
            "MaxPoolK3(3,3,2,1)",
            &format!("{stem}MaxPoolK3(64,32,2,1)"),
            &format!("{stem}MaxPoolK3(64,64,2,2)"),
            &format!("{stem}ConvK1BN(64,64,1,1)MaxPoolK3(64,64,2,1)"),
            &format!("{stem}MaxPoolK3(64,64,2,1)MaxPoolK3(64,64,2,1)"),
        ] {
            let error = faulty.parse::<Structure>().expect_err(faulty);
            assert!(error.message.contains("a max-pool gives"), "{error}");
        }
        let fixed = Structure::parse_fixing_channels(&format!("{stem}MaxPoolK3(8,8,2,1)"));
        let fixed = fixed.expect("repaired");
        assert_eq!(fixed.to_string(), format!("{stem}MaxPoolK3(64,64,2,1)"));
        assert_eq!(fixed.depth(), 1, "a pool is no layer");
    }

    /// The identity is written into journals: a change of it is a change of format.
    #[test]
    fn hash_is_pinned() {
        let s: Structure = "SuperConvK3BNRELU(3,8,1,1)".parse().expect("valid");
        let t: Structure = "SuperConvK3BNRELU(3,8,2,1)".parse().expect("valid");
        assert_ne!(s.hash(), t.hash());
        assert_eq!(s.hash().to_string(), "3231a3548d77bcd73f59974ee0b0c734");
    }

    #[test]
    fn mismatch_is_reported_and_repaired() {
        let text = "SuperConvK3BNRELU(3,32,2,1)SuperConvK1BNRELU(16,32,1,1)";
        let error = text.parse::<Structure>().expect_err("16 is not 32");
        assert_eq!((error.line, error.column), (1, 46));
        assert!(error.message.contains("takes 16 channels"), "{error}");
        let fixed = Structure::parse_fixing_channels(text).expect("repaired");
        assert_eq!(fixed.to_string(), "SuperConvK3BNRELU(3,32,2,1)SuperConvK1BNRELU(32,32,1,1)");
    }
}
