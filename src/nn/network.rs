//! The plain net: what is evaluated, as values, and what one evaluation gives.
//!
//! Must not know: tensors, devices. Invariant: every conv is followed by a norm, which is what removing
//! shortcuts leaves of every block; then by a ReLU, but for blocks that are linear at their end, and stay so
//! here; and perhaps by a max-pool, where there is a ReLU.

use serde::{Deserialize, Serialize};

use crate::arch::{Conv, Layer, LayerAt, LayerList, MaxPool, NetSpec, Shape, Structure};
use crate::score::ZenParts;

/// The floating-point type that a network runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    F32,
    F64,
}

impl Precision {
    /// Of one value.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Precision::F32 => 4,
            Precision::F64 => 8,
        }
    }
}

/// The input of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// Images in each pass; at least 1.
    pub batch: u32,
    /// Side in pixels; at least 1.
    pub resolution: u32,
    pub precision: Precision,
}

/// What follows a norm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Activation {
    #[default]
    Relu,
    /// Nothing.
    Linear,
}

/// What follows a conv and its norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    pub activation: Activation,
    pub pool: Option<MaxPool>,
}

/// A structure without shortcuts, with the input it is evaluated on.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainNetwork {
    layers: LayerList,
    pub(super) input: InputSpec,
}

impl PlainNetwork {
    pub fn new(structure: &Structure, input: InputSpec) -> PlainNetwork {
        // The classifier comes after what is measured; its size does not matter.
        let layers = LayerList::new(structure, &NetSpec::plain(input.resolution, 1));
        PlainNetwork { layers, input }
    }

    /// The convs in network order; a norm follows each.
    pub fn convs(&self) -> impl Iterator<Item = (&Conv, &LayerAt)> {
        self.layers.convs()
    }

    /// Of each conv, in network order, what follows its norm.
    pub(super) fn behind(&self) -> Vec<Behind> {
        let mut all: Vec<Behind> = Vec::new();
        for at in &self.layers.layers {
            // Neither a ReLU nor a pool ever comes first (`Structure`).
            match (at.layer, all.last_mut()) {
                (Layer::Conv(_), _) => {
                    all.push(Behind { activation: Activation::Linear, pool: None });
                }
                (Layer::Relu, Some(last)) => last.activation = Activation::Relu,
                (Layer::MaxPool(pool), Some(last)) => last.pool = Some(pool),
                (
                    Layer::Relu
                    | Layer::MaxPool(_)
                    | Layer::Norm { .. }
                    | Layer::SqueezeExcite { .. }
                    | Layer::Shortcut(_)
                    | Layer::GlobalAvgPool
                    | Layer::Linear { .. },
                    _,
                ) => {}
            }
        }
        all
    }

    pub(super) fn input_shape(&self) -> Shape {
        self.layers.input
    }

    /// Of the map before pooling.
    pub(super) fn output_shape(&self) -> Shape {
        self.layers.pre_pool_shape()
    }

    /// The first norm that sees a single value per channel, whose batch variance says nothing;
    /// counted from 0.
    pub fn degenerate_norm(&self) -> Option<usize> {
        self.convs().position(|(_, at)| self.input.batch == 1 && at.output.resolution == 1)
    }
}

/// Added to a norm's variance before the root, as the reference sets every norm.
pub(super) const EPSILON: f64 = 1e-3;

/// The clean pass and the perturbed one.
pub(super) const PASSES: usize = 2;

/// One norm layer's variances over its batch, averaged over the channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormVariance {
    /// Biased, clean pass.
    pub batch: f64,
    /// The running variance after both passes: 0.81 + 0.09·v₁ + 0.1·v₂ with unbiased v, which is
    /// momentum 0.1 started at 1.
    pub running: f64,
}

impl NormVariance {
    /// From the biased variances of a norm over `count` values: for each channel the clean pass's
    /// and the perturbed one's.
    pub(super) fn of(
        channels: impl ExactSizeIterator<Item = [f64; PASSES]> + Clone,
        count: u64,
    ) -> NormVariance {
        let unbiased = count as f64 / (count as f64 - 1.0);
        let running =
            |[clean, perturbed]: [f64; 2]| 0.81 + unbiased * (0.09 * clean + 0.1 * perturbed);
        let n = channels.len() as f64;
        NormVariance {
            batch: channels.clone().map(|v| v[0]).sum::<f64>() / n,
            running: channels.map(running).sum::<f64>() / n,
        }
    }
}

/// What f(x) and f(x + αε) of one set of weights tell; f is the map before global pooling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Perturbation {
    /// Batch mean of the per-sample L1 sum of f(x) − f(x + αε).
    pub delta_l1: f64,
    /// The same with the per-sample Frobenius norm.
    pub delta_l2: f64,
    /// Σ f(x) over the whole clean batch.
    pub output_sum: f64,
    /// Σ f(x)².
    pub output_sum_squares: f64,
    /// In network order.
    pub norms: Vec<NormVariance>,
}

impl Perturbation {
    /// The parts of the Zen-Score in all three definitions. Where a quantity is 0 or broken its
    /// logarithm is not finite.
    pub fn zen_parts(&self) -> ZenParts {
        let halved_log = |variance: f64| 0.5 * variance.ln();
        ZenParts {
            log_delta_l1: self.delta_l1.ln(),
            log_delta_l2: self.delta_l2.ln(),
            log_sigma: self.norms.iter().map(|norm| halved_log(norm.batch)).collect(),
            log_sigma_running: self.norms.iter().map(|norm| halved_log(norm.running)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norm_and_relu_follow_every_conv() {
        let structure: Structure = "SuperConvK3BNRELU(3,8,1,2)SuperResK3K3(8,16,2,8,2)\
             SuperResK1K5K1(16,24,1,8,1)SuperResIDWE2K3(24,16,2,16,2)SuperConvK1BNRELU(16,32,1,1)"
            .parse()
            .expect("valid");
        let layers = LayerList::new(&structure, &NetSpec::plain(32, 1)).layers;
        let (head, body) = layers.split_last_chunk::<2>().map(|(b, h)| (h, b)).expect("a head");
        assert!(matches!(head[0].layer, Layer::GlobalAvgPool));
        for three in body.chunks(3) {
            let kinds = three.iter().map(|at| at.layer).collect::<Vec<_>>();
            assert!(
                matches!(kinds[..], [Layer::Conv(_), Layer::Norm { .. }, Layer::Relu]),
                "{kinds:?}"
            );
        }
    }

    #[test]
    fn linear_bottlenecks_stay_linear() {
        let structure = "SuperConvK3BNRELU(3,8,1,1)MBConvE3K5(8,8,1,2)ConvK1BN(8,16,2,1)"
            .parse()
            .expect("valid");
        let input = InputSpec { batch: 2, resolution: 8, precision: Precision::F32 };
        let behind = PlainNetwork::new(&structure, input).behind();
        let linear: Vec<usize> = (0..)
            .zip(&behind)
            .filter(|(_, behind)| behind.activation == Activation::Linear)
            .map(|(conv, _)| conv)
            .collect();
        assert_eq!((behind.len(), linear), (8, vec![3, 6, 7]));
    }

    #[test]
    fn running_variance_is_the_momentum_recurrence() {
        let (clean, perturbed) = (3.0, 5.0);
        let norm = NormVariance::of([[clean, perturbed]].into_iter(), 4);
        let unbiased = |v: f64| v * 4.0 / 3.0;
        let once = 0.9 + 0.1 * unbiased(clean);
        assert!((norm.running - (0.9 * once + 0.1 * unbiased(perturbed))).abs() < 1e-15);
        assert_eq!(norm.batch, clean);
    }
}
