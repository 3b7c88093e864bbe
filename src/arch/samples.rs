//! Random structures for property tests.

use proptest::prelude::*;

use super::{Block, BlockKind, Kernel, Structure};

/// Up to eleven blocks of every kind, channels chained.
pub(crate) fn any_structure() -> impl Strategy<Value = Structure> {
    let kinds: Vec<_> = BlockKind::all().collect();
    let block = (proptest::sample::select(kinds), 1..4000u32, 1..3u32, 1..4000u32, 1..9u32);
    proptest::collection::vec(block, 1..12).prop_map(|parts| {
        let mut blocks: Vec<Block> = Vec::new();
        for (kind, out_channels, stride, btl, sub_layers) in parts {
            let bottleneck = if kind.is_residual() { btl } else { 0 };
            let block =
                Block { kind, in_channels: 3, out_channels, stride, bottleneck, sub_layers };
            blocks.push(match blocks.last() {
                _ if kind != BlockKind::MaxPool => block,
                Some(last) if last.kind != BlockKind::MaxPool && !last.kind.is_linear() => {
                    Block { out_channels: last.out_channels, sub_layers: 1, ..block }
                }
                // A pool may not stand here.
                _ => Block { kind: BlockKind::Conv(Kernel::K3), ..block },
            });
        }
        Structure::chained(blocks).expect("within limits")
    })
}
