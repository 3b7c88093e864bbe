//! What running a network as a graph needs.
//!
//! Must not know: how layers run beyond what they hold. Invariant: estimates saturate and allocate
//! nothing, so a monstrous structure is refused before it does harm.

use super::conv::{Kernels, patch_columns};
use crate::{
    arch::{Conv, LayerAt},
    nn::network::{PASSES, PlainNetwork},
};

/// Bytes of an f64, in which every tensor is drawn.
const DRAWN: u64 = 8;

/// What the live tensors of the widest step take, and a quarter more for what the allocator keeps
/// of freed ones; bytes.
pub(super) fn needed(network: &PlainNetwork, kernels: Kernels) -> u64 {
    let of_conv = |(conv, at)| conv_bytes(network, conv, at, kernels);
    let widest = network.convs().map(of_conv).max().unwrap_or(0).max(input_bytes(network));
    widest.saturating_add(widest / 4)
}

fn samples(network: &PlainNetwork) -> u64 {
    PASSES as u64 * u64::from(network.input.batch)
}

/// The draws of x and ε, both passes laid out in f64, and their rounded copy.
fn input_bytes(network: &PlainNetwork) -> u64 {
    let pair = network.input_shape().elements().saturating_mul(samples(network));
    pair.saturating_mul(DRAWN + DRAWN + network.input.precision.bytes())
}

/// A conv and its norm: weights (drawn and rounded), input, output and what the kernels hold
/// between them.
fn conv_bytes(network: &PlainNetwork, conv: &Conv, at: &LayerAt, kernels: Kernels) -> u64 {
    let size = network.input.precision.bytes();
    let samples = samples(network);
    let map = |elements: u64| elements.saturating_mul(samples).saturating_mul(size);
    let (input, output) = (map(at.input.elements()), map(at.output.elements()));
    let patch_rows = u64::from(conv.fan_channels()) * u64::from(conv.kernel.side()).pow(2);
    let patches = |columns: u64| patch_rows.saturating_mul(columns).saturating_mul(size);
    let pointwise = conv.kernel.side() == 1 && conv.stride == 1;
    let between = match (kernels, conv.is_depthwise()) {
        // A few rows beside input and output.
        (Kernels::Cpu, true) => 0,
        // The product packs its right side.
        (Kernels::Cpu, false) if pointwise => input,
        // Patches of a step, packed once more by the product, and the products before they are
        // joined.
        (Kernels::Cpu, false) => {
            let step = patch_columns(patch_rows as usize, size as usize) as u64;
            let columns = step + u64::from(at.output.resolution);
            patches(columns).saturating_mul(2).saturating_add(output)
        }
        // The padded map, a product and two sums; the norm later holds as many.
        (Kernels::Tensor, true) => input.saturating_mul(2).saturating_add(output.saturating_mul(3)),
        // The transposed input, the patches of all samples, and the norm's intermediate maps.
        (Kernels::Tensor, false) => {
            let columns = u64::from(at.output.resolution).pow(2).saturating_mul(samples);
            let conv2d = if pointwise { 0 } else { patches(columns).saturating_add(input) };
            conv2d.saturating_add(output.saturating_mul(3))
        }
    };
    let weights = conv.weights().saturating_mul(DRAWN + size);
    [input, output, between].into_iter().fold(weights, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Structure;
    use crate::nn::{InputSpec, Precision};

    fn network(structure: &str, batch: u32, resolution: u32, precision: Precision) -> PlainNetwork {
        let structure: Structure = structure.parse().expect("valid");
        PlainNetwork::new(&structure, InputSpec { batch, resolution, precision })
    }

    #[test]
    fn needed_bytes_follow_the_widest_layer() {
        let needed = |structure: &str, precision, kernels| {
            needed(&network(structure, 4, 8, precision), kernels)
        };
        let (wide, narrow, weights) = (1000 * 8 * 64, 8 * 8 * 64, 8 * 1000);
        let pointwise = "SuperConvK1BNRELU(3,1000,1,1)SuperConvK1BNRELU(1000,8,1,1)";
        let single = needed(pointwise, Precision::F32, Kernels::Cpu);
        assert_eq!(single, (4 * (2 * wide + narrow) + (8 + 4) * weights) * 5 / 4);
        let double = needed(pointwise, Precision::F64, Kernels::Cpu);
        assert_eq!(double, (8 * (2 * wide + narrow) + (8 + 8) * weights) * 5 / 4);

        let patched = "SuperConvK7BNRELU(3,1000,1,1)SuperConvK1BNRELU(1000,8,1,1)";
        for kernels in [Kernels::Cpu, Kernels::Tensor] {
            assert!(needed(patched, Precision::F32, kernels) > single, "{kernels:?}");
        }
    }

    #[test]
    fn monsters_saturate() {
        let wide = "SuperConvK7BNRELU(16384,16384,1,1)";
        for kernels in [Kernels::Cpu, Kernels::Tensor] {
            let bytes = needed(&network(wide, u32::MAX, 4096, Precision::F64), kernels);
            assert!(bytes > u64::MAX / 2, "{bytes}");
        }
    }
}
