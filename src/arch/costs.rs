//! What a network costs, in two countings: `exact`, and the Zen-NAS reference's own.

use serde::{Deserialize, Serialize};

use super::{Conv, Layer, LayerAt, NetSpec, Structure, walk};
use crate::arch::layers::Projection;

/// How parameters and FLOPs (multiply-adds) are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counting {
    /// True parameters; multiply-adds of convs and linear layers at their real resolutions,
    /// projections included, norms and biases not.
    Exact,
    /// As the reference implementation counts, slips included, so that published budgets mean the
    /// same: a norm C parameters and C·r² FLOPs, the classifier's bias 1, projections without their
    /// norm and at the resolution divided by the stride twice, floored resolutions.
    Reference,
}

impl Counting {
    pub const ALL: [Counting; 2] = [Counting::Exact, Counting::Reference];

    pub fn name(self) -> &'static str {
        match self {
            Counting::Exact => "exact",
            Counting::Reference => "reference",
        }
    }
}

/// Costs of one network. Sums saturate, so a monstrous structure breaks every budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    pub params: u64,
    /// Multiply-adds of one sample.
    pub flops: u64,
    /// Depth as Zen-NAS caps it: sub-layers over all blocks.
    pub layers: u32,
    /// Largest output of any layer, f32, one sample, bytes.
    pub activation_bytes: u64,
    /// Measured or predicted by somebody else; milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
}

/// The costs of `structure` under `spec`.
pub fn costs(structure: &Structure, spec: &NetSpec, counting: Counting) -> Costs {
    let mut tally = Tally { params: 0, flops: 0.0, activation: 0, floored: spec.resolution };
    walk(structure, spec, &mut |at| match counting {
        Counting::Exact => tally.exact(&at),
        Counting::Reference => tally.reference(&at),
    });
    Costs {
        params: tally.params,
        flops: tally.flops.round() as u64,
        layers: structure.depth(),
        activation_bytes: tally.activation.saturating_mul(4),
        latency_ms: None,
    }
}

struct Tally {
    params: u64,
    /// Whole numbers but for the reference's projections, which come in fractions of stride²;
    /// f64 is exact to 2⁵³ of them.
    flops: f64,
    activation: u64,
    /// The resolution as the reference tracks it: floor(r / stride), where convs really give ceil.
    floored: u32,
}

impl Tally {
    fn add(&mut self, params: u64, flops: f64) {
        self.params = self.params.saturating_add(params);
        self.flops += flops;
    }

    fn exact(&mut self, at: &LayerAt) {
        self.activation = self.activation.max(at.output.elements());
        let area = f64::from(at.output.resolution).powi(2);
        match at.layer {
            Layer::Conv(conv) => self.add(conv.weights(), conv.weights() as f64 * area),
            Layer::Norm { channels } => self.add(2 * u64::from(channels), 0.0),
            Layer::Relu | Layer::GlobalAvgPool => {}
            Layer::SqueezeExcite { channels, squeezed } => {
                let weights = 2 * u64::from(channels) * u64::from(squeezed);
                let norms = 2 * u64::from(channels) + 2 * u64::from(squeezed);
                self.add(weights + norms, weights as f64);
            }
            Layer::Shortcut(shortcut) => {
                if let Some(p) = shortcut.projection {
                    // The conv's bias, and the norm's scale and shift.
                    let per_channel = 3 * u64::from(p.out_channels);
                    self.add(weights_of(&p) + per_channel, weights_of(&p) as f64 * area);
                }
            }
            Layer::Linear { inputs, outputs } => {
                let weights = u64::from(inputs) * u64::from(outputs);
                self.add(weights + u64::from(outputs), weights as f64);
            }
        }
    }

    fn reference(&mut self, at: &LayerAt) {
        self.activation = self.activation.max(at.output.elements());
        match at.layer {
            Layer::Conv(conv) => {
                self.add(conv.weights(), reference_conv_flops(&conv, self.floored));
                self.floored = (self.floored / conv.stride).max(1);
            }
            Layer::Norm { channels } => {
                self.add(u64::from(channels), f64::from(channels) * self.area());
            }
            Layer::Relu | Layer::GlobalAvgPool => {}
            Layer::SqueezeExcite { channels, squeezed } => {
                let weights = 2 * u64::from(channels) * u64::from(squeezed);
                let norms = 2 * u64::from(channels) + 2 * u64::from(squeezed);
                let scale = f64::from(channels) * (1.0 + self.area());
                self.add(weights + norms, weights as f64 + scale);
            }
            Layer::Shortcut(shortcut) => {
                if let Some(p) = shortcut.projection {
                    let params = weights_of(&p) + u64::from(p.out_channels);
                    self.add(params, params as f64 * self.area() / f64::from(p.stride).powi(2));
                }
            }
            Layer::Linear { inputs, outputs } => {
                let weights = u64::from(inputs) * u64::from(outputs);
                self.add(weights + 1, weights as f64);
            }
        }
    }

    fn area(&self) -> f64 {
        f64::from(self.floored).powi(2)
    }
}

fn weights_of(projection: &Projection) -> u64 {
    u64::from(projection.in_channels) * u64::from(projection.out_channels)
}

/// in·out·k²·r² // stride² // groups, left to right, as the reference divides (quirk 4).
fn reference_conv_flops(conv: &Conv, resolution: u32) -> f64 {
    let kernel_area = u128::from(conv.kernel.side()).pow(2);
    let product = u128::from(conv.in_channels)
        * u128::from(conv.out_channels)
        * kernel_area
        * u128::from(resolution).pow(2);
    (product / u128::from(conv.stride).pow(2) / u128::from(conv.groups)) as f64
}
