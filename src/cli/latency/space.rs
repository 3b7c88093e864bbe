//! The layers that a preset's networks can have.
//!
//! Must not know: times. Invariant: every layer of a structure that moves lead to is of a group here, as long as its
//! widths are within the space.

use crate::{
    arch::{Block, BlockKind, Shape},
    latency::{Group, Groups},
    space::Preset,
};

/// Of the preset's initial structure and of all that may become of its blocks.
pub(super) fn groups(preset: &Preset) -> Vec<Group> {
    let space = preset.search_space();
    let spec = space.net();
    let initial = preset.initial();
    let blocks = initial.blocks();
    let range = [preset.space.width_min, preset.space.width_max];
    let is_fixed = |index| space.is_fixed(index, blocks.len());
    // Widths of the maps that a block gives.
    let given = |index: usize| match is_fixed(index) {
        true => [blocks[index].out_channels; 2],
        false => range,
    };
    let mut groups = Groups::default();
    let mut side = spec.resolution;
    for (index, block) in blocks.iter().enumerate() {
        let taken = match index {
            0 => [block.in_channels; 2],
            _ => given(index - 1),
        };
        let after = side.div_ceil(block.stride);
        let is_free = space.is_free_residual(blocks, index);
        let kinds: Vec<BlockKind> = match is_free {
            true => space.kinds().collect(),
            false => vec![block.kind],
        };
        for kind in kinds {
            let of = |stride, [taken, given, inner]: [u32; 3], sub_layers| Block {
                kind,
                in_channels: taken,
                out_channels: given,
                stride,
                bottleneck: inner,
                sub_layers,
            };
            let inner = if is_free { range } else { [block.bottleneck; 2] };
            let pair = |stride, taken: [u32; 2], sub_layers| {
                [0, 1].map(|at| of(stride, [taken[at], given(index)[at], inner[at]], sub_layers))
            };
            let varies = is_free && space.depths_vary();
            let sub_layers = if varies { 2 } else { block.sub_layers };
            let [narrow, wide] = pair(block.stride, taken, sub_layers);
            groups.add_block([&narrow, &wide], side, spec);
            if varies {
                // A deep block becomes two, whose second takes what the first gives.
                let [narrow, wide] = pair(1, given(index), 2);
                groups.add_block([&narrow, &wide], after, spec);
            }
        }
        side = after;
    }
    let last = given(blocks.len() - 1);
    groups.add_head(last.map(|channels| Shape { channels, resolution: side }), spec);
    groups.groups()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arch::Structure,
        cli::presets,
        latency::{FusedLayer, walk_fused, walk_fused_head},
        run::random_structures,
        space::shipped_preset_names,
    };

    fn preset(name: &str) -> Preset {
        presets::load(name, &[]).expect("a shipped preset").1
    }

    fn layers(structure: &Structure, preset: &Preset) -> Vec<FusedLayer> {
        let space = preset.search_space();
        let (mut layers, mut side) = (Vec::new(), space.net().resolution);
        let mut channels = 0;
        for block in structure.blocks() {
            channels = block.out_channels;
            for sub_layer in 0..block.sub_layers {
                side = walk_fused(block, sub_layer, side, space.net(), &mut |l| layers.push(l));
            }
        }
        walk_fused_head(Shape { channels, resolution: side }, space.net(), &mut |l| layers.push(l));
        layers
    }

    #[test]
    fn layers_of_random_structures_are_of_a_group() {
        for name in shipped_preset_names() {
            let preset = preset(name);
            let groups = groups(&preset);
            let mut budgets = preset.budgets();
            budgets.latency_ms = [None; 3];
            let structures = random_structures(&preset, budgets, 8, 3);
            assert!(structures.len() >= 4, "{name}: {}", structures.len());
            for structure in structures {
                for layer in layers(&structure, &preset) {
                    let covered = groups.iter().any(|group| group.covers(&layer));
                    assert!(covered, "{name}: {layer:?} of {structure}");
                }
            }
        }
    }
}
