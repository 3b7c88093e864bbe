//! What running a network as a graph needs.
//!
//! Must not know: how layers run beyond what they hold. Invariant: estimates saturate and allocate
//! nothing, so a monstrous structure is refused before it does harm.

use super::conv::Kernels;
use crate::{
    arch::{Conv, LayerAt},
    nn::network::{Behind, PASSES, PlainNetwork},
};

/// Kernels of a GPU count with 32 bits: the most values of one tensor there.
const MOST_VALUES: u64 = i32::MAX as u64;

/// How an evaluation is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Parts that the batch is taken in.
    pub parts: u32,
    /// On the device.
    pub bytes: u64,
}

impl Plan {
    pub(super) fn of(network: &PlainNetwork, kernels: Kernels, parts: u32) -> Plan {
        Plan { parts, bytes: needed(network, kernels, parts) }
    }

    /// With the fewest parts, `least` or more, that fit into `available` bytes.
    ///
    /// # Errors
    /// What is needed in the smallest parts.
    pub(super) fn within(
        network: &PlainNetwork,
        kernels: Kernels,
        least: u32,
        available: u64,
    ) -> Result<Plan, u64> {
        let batch = network.input.batch;
        let doublings = std::iter::successors(Some(least), |parts| Plan::smaller(*parts, batch));
        let mut plans = doublings.map(|parts| Plan::of(network, kernels, parts)).peekable();
        let mut smallest = u64::MAX;
        plans
            .find(|plan| {
                smallest = plan.bytes;
                plan.bytes <= available && countable(network, kernels, plan.parts)
            })
            .ok_or(smallest)
    }

    /// The next number of parts; none where each is a single image.
    pub(super) fn smaller(parts: u32, batch: u32) -> Option<u32> {
        (parts < batch).then(|| parts.saturating_mul(2).min(batch))
    }
}

/// What a split batch needs in the host's memory, bytes: two copies of the widest layer's maps.
pub(super) fn resting(network: &PlainNetwork) -> u64 {
    let map = |(_, at): (&Conv, &LayerAt)| at.input.elements().max(at.output.elements());
    let widest = network.convs().map(map).max().unwrap_or(0);
    let size = network.input.precision.bytes();
    widest.saturating_mul(samples(network, 1)).saturating_mul(2 * size)
}

/// What a network with a classifier of `classes` outputs needs when everything is kept for gradients, of
/// which `kept` are held at once; bytes. The batch is run once.
pub(super) fn tracked(network: &PlainNetwork, kernels: Kernels, classes: u32, kept: u32) -> u64 {
    // Maps of a conv's size, kept and made on the way back. By our own ways back a process peaks at 4 for
    // the CIFAR nets; in Candle's operations a norm alone keeps as many as it has steps, which nobody has
    // measured on a GPU.
    let maps: u64 = match kernels {
        Kernels::Cpu => 5,
        Kernels::Cuda | Kernels::Tensor => 14,
    };
    let size = network.input.precision.bytes();
    let samples = u64::from(network.input.batch);
    let mut bytes = 0_u64;
    let mut weights = u64::from(network.output_shape().channels).saturating_mul(classes.into());
    for ((conv, at), Behind { pool, .. }) in network.convs().zip(network.behind()) {
        let pointwise = conv.kernel.side() == 1 && conv.stride == 1;
        let taps = if pointwise || conv.is_depthwise() { 0 } else { conv.kernel.side().pow(2) };
        // Patches and their gradient.
        let rows = 2 * u64::from(taps) * u64::from(conv.fan_channels());
        let places = u64::from(at.output.resolution).pow(2).saturating_mul(samples);
        // A pool keeps the map padded, and a largest value and its mask for each of its taps.
        let maps = maps
            + pool.map_or(0, |pool| {
                2 + 4 * u64::from(pool.kernel.side().pow(2)) / u64::from(pool.stride.pow(2))
            });
        let of_conv = at.output.elements().saturating_mul(samples).saturating_mul(maps);
        let of_conv = of_conv.saturating_add(rows.saturating_mul(places));
        bytes = bytes.saturating_add(of_conv.saturating_mul(size));
        weights = weights.saturating_add(conv.weights());
    }
    let kept = u64::from(kept).saturating_add(2).saturating_mul(size).saturating_add(DRAWN);
    bytes.saturating_add(weights.saturating_mul(kept))
}

/// Whether every tensor can be counted by the kernels.
fn countable(network: &PlainNetwork, kernels: Kernels, parts: u32) -> bool {
    let samples = samples(network, parts);
    let largest = |(_, at): (&Conv, &LayerAt)| at.input.elements().max(at.output.elements());
    let most = network.convs().map(largest).max().unwrap_or(0);
    kernels != Kernels::Cuda || most.saturating_mul(samples) <= MOST_VALUES
}

/// Bytes of an f64, in which every tensor is drawn.
const DRAWN: u64 = 8;

/// What the live tensors of the widest step take, and a quarter more for what the allocator keeps
/// of freed ones; bytes.
fn needed(network: &PlainNetwork, kernels: Kernels, parts: u32) -> u64 {
    let samples = samples(network, parts);
    let of_conv = |(conv, at)| conv_bytes(network, conv, at, kernels, samples);
    let widest = network.convs().map(of_conv).max().unwrap_or(0);
    let pools = network.convs().zip(network.behind());
    let pools = pools.filter_map(|((_, at), behind)| behind.pool.map(|_| at));
    // The map, padded, and what lies under a tap beside two results of a quarter of its size or more.
    let of_pool = |at: &LayerAt| {
        let size = network.input.precision.bytes();
        at.output.elements().saturating_mul(samples).saturating_mul(5 * size)
    };
    let widest = widest.max(pools.map(of_pool).max().unwrap_or(0));
    let widest = widest.max(input_bytes(network, samples));
    widest.saturating_add(widest / 4)
}

/// In one of `parts`, both passes.
fn samples(network: &PlainNetwork, parts: u32) -> u64 {
    PASSES as u64 * u64::from(network.input.batch.div_ceil(parts))
}

/// The draws of x and ε, both passes laid out in f64, and their rounded copy.
fn input_bytes(network: &PlainNetwork, samples: u64) -> u64 {
    let pair = network.input_shape().elements().saturating_mul(samples);
    pair.saturating_mul(DRAWN + DRAWN + network.input.precision.bytes())
}

/// A conv and its norm: weights (drawn and rounded), input, output and what the kernels hold
/// between them.
fn conv_bytes(
    network: &PlainNetwork,
    conv: &Conv,
    at: &LayerAt,
    kernels: Kernels,
    samples: u64,
) -> u64 {
    let size = network.input.precision.bytes();
    let map = |elements: u64| elements.saturating_mul(samples).saturating_mul(size);
    let (input, output) = (map(at.input.elements()), map(at.output.elements()));
    let patch_rows = u64::from(conv.fan_channels()) * u64::from(conv.kernel.side()).pow(2);
    let patches = |columns: u64| patch_rows.saturating_mul(columns).saturating_mul(size);
    let pointwise = conv.kernel.side() == 1 && conv.stride == 1;
    let between = match (kernels, conv.is_depthwise()) {
        // A few rows beside input and output, or none.
        (Kernels::Cpu | Kernels::Cuda, true) => 0,
        // The CPU's product packs its right side.
        (Kernels::Cpu, false) if pointwise => input,
        (Kernels::Cuda, false) if pointwise => 0,
        // Patches of a step, which the CPU's product packs once more, and the products before they
        // are joined.
        (Kernels::Cpu | Kernels::Cuda, false) => {
            let step = kernels.patch_columns(patch_rows as usize, size as usize) as u64;
            let all = u64::from(at.output.resolution).pow(2).saturating_mul(samples);
            let columns = (step + u64::from(at.output.resolution)).min(all);
            patches(columns).saturating_mul(2).saturating_add(output)
        }
        // The padded map, a product and two sums; the norm later holds as many.
        (Kernels::Tensor, true) => input.saturating_mul(2).saturating_add(output.saturating_mul(3)),
        // The padded map, what lies under a tap, and the norm's intermediate maps.
        (Kernels::Tensor, false) => {
            let taps = if pointwise { 0 } else { input.saturating_mul(2) };
            taps.saturating_add(output.saturating_mul(3))
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
            needed(&network(structure, 4, 8, precision), kernels, 1)
        };
        let (wide, narrow, weights) = (1000 * 8 * 64, 8 * 8 * 64, 8 * 1000);
        let pointwise = "SuperConvK1BNRELU(3,1000,1,1)SuperConvK1BNRELU(1000,8,1,1)";
        let single = needed(pointwise, Precision::F32, Kernels::Cpu);
        assert_eq!(single, (4 * (2 * wide + narrow) + (8 + 4) * weights) * 5 / 4);
        let double = needed(pointwise, Precision::F64, Kernels::Cpu);
        assert_eq!(double, (8 * (2 * wide + narrow) + (8 + 8) * weights) * 5 / 4);

        let patched = "SuperConvK7BNRELU(3,1000,1,1)SuperConvK1BNRELU(1000,8,1,1)";
        for kernels in [Kernels::Cpu, Kernels::Cuda, Kernels::Tensor] {
            let plain = needed(pointwise, Precision::F32, kernels);
            assert!(needed(patched, Precision::F32, kernels) > plain, "{kernels:?}");
        }
    }

    #[test]
    fn monsters_saturate() {
        let wide = "SuperConvK7BNRELU(16384,16384,1,1)";
        for kernels in [Kernels::Cpu, Kernels::Cuda, Kernels::Tensor] {
            let bytes = needed(&network(wide, u32::MAX, 4096, Precision::F64), kernels, 1);
            assert!(bytes > u64::MAX / 2, "{bytes}");
        }
    }

    #[test]
    fn a_batch_is_split_as_little_as_it_must_be() {
        let wide = network("SuperConvK3BNRELU(3,64,1,1)", 6, 32, Precision::F32);
        let of = |parts| Plan::of(&wide, Kernels::Cuda, parts);
        assert!(of(1).bytes > of(2).bytes && of(2).bytes > of(6).bytes);
        let within = |least, bytes| Plan::within(&wide, Kernels::Cuda, least, bytes);
        assert_eq!(within(1, u64::MAX), Ok(of(1)));
        assert_eq!(within(1, of(1).bytes - 1), Ok(of(2)));
        assert_eq!(within(4, u64::MAX), Ok(of(4)), "no less than was asked for");
        assert_eq!(within(1, of(6).bytes), Ok(of(6)), "an image at a time");
        assert_eq!(within(1, of(6).bytes - 1), Err(of(6).bytes));
        // A map of more values than kernels can count is split, however much memory there is.
        let long = network("SuperConvK1BNRELU(3,2048,1,1)", 64, 128, Precision::F32);
        assert_eq!(Plan::within(&long, Kernels::Cuda, 1, u64::MAX).map(|plan| plan.parts), Ok(4));
    }
}
