//! What a network is: structures and their blocks, the string grammar, the layer list, costs, diffs.
//!
//! Owns: the value types every other part speaks in. Must not know: how a network is searched, run,
//! scored or drawn. Invariant: a [`Structure`] that exists is valid: its channels chain and every
//! size is within the caps of [`limits`].

mod block;
mod costs;
mod diff;
mod layers;
mod parse;
#[cfg(test)]
pub(crate) mod samples;
mod structure;

pub use block::{Block, BlockKind, Expansion, Kernel, MobileExpansion, round_width};
pub use costs::{
    CostCounter, Costs, Counting, Latencies, MOST_LATENCIES, MapSide, PartCosts, costs,
};
pub use diff::{BlockChange, BlockField, Change, Diff, DiffRow};
pub use layers::{
    Conv, Layer, LayerAt, LayerList, MaxPool, NetSpec, Projection, Shape, Shortcut, Shortcuts,
    walk, walk_head, walk_sub_layer,
};
pub use parse::{ParseError, parse_blocks};
pub use structure::{
    DEEPEST, Structure, StructureError, StructureHash, hash_blocks, split_deep_blocks,
};

/// Caps on what a structure string may ask for, so that sizes stay far from overflow and a hostile
/// file cannot exhaust memory. The largest published net has 11 blocks and 6,704 channels.
pub mod limits {
    /// Longest structure string, bytes.
    pub const BYTES: usize = 64 * 1024;
    /// Most blocks in a structure.
    pub const BLOCKS: usize = 256;
    /// Widest channel count of any field.
    pub const WIDTH: u32 = 16_384;
    /// Most sub-layers in one block.
    pub const SUB_LAYERS: u32 = 256;
    /// Largest stride of a block.
    pub const STRIDE: u32 = 8;
    /// Largest input resolution, pixels a side.
    pub const RESOLUTION: u32 = 4_096;
}
