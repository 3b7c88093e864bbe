//! Random structures for property tests.

use proptest::prelude::*;

use super::{Block, BlockKind, Structure};

/// Up to eleven blocks of every kind, channels chained.
pub(crate) fn any_structure() -> impl Strategy<Value = Structure> {
    let kinds: Vec<_> = BlockKind::all().collect();
    let block = (proptest::sample::select(kinds), 1..4000u32, 1..3u32, 1..4000u32, 1..9u32);
    proptest::collection::vec(block, 1..12).prop_map(|parts| {
        let blocks = parts.into_iter().map(|(kind, out_channels, stride, btl, sub_layers)| {
            let bottleneck = if kind.is_conv() { 0 } else { btl };
            Block { kind, in_channels: 3, out_channels, stride, bottleneck, sub_layers }
        });
        Structure::chained(blocks.collect()).expect("within limits")
    })
}
