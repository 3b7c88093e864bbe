//! Layers as inference engines run them: a conv with its norm folded in and its ReLU is one.

use serde::{Deserialize, Serialize};

use crate::arch::{Block, Conv, Layer, LayerAt, NetSpec, Shape, walk_head, walk_sub_layer};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A conv over all channels, its norm folded in, and its ReLU; the classifier is one of side 1.
    Regular,
    /// A conv over each channel alone.
    Depthwise,
    /// The sum of two maps, element by element.
    Sum,
}

impl Operation {
    pub const ALL: [Operation; 3] = [Operation::Regular, Operation::Depthwise, Operation::Sum];

    pub fn name(self) -> &'static str {
        match self {
            Operation::Regular => "regular",
            Operation::Depthwise => "depthwise",
            Operation::Sum => "sum",
        }
    }
}

/// A layer with the maps it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FusedLayer {
    pub operation: Operation,
    pub in_channels: u32,
    /// Of the maps it takes, pixels.
    pub side: u32,
    pub out_channels: u32,
    pub kernel: u32,
    pub stride: u32,
    /// Whether the maps of a shortcut are added before the ReLU.
    pub sum: bool,
}

impl FusedLayer {
    pub fn of_conv(conv: &Conv, side: u32, sum: bool) -> FusedLayer {
        let operation = if conv.is_depthwise() { Operation::Depthwise } else { Operation::Regular };
        FusedLayer {
            operation,
            in_channels: conv.in_channels,
            side,
            out_channels: conv.out_channels,
            kernel: conv.kernel.side(),
            stride: conv.stride,
            sum,
        }
    }

    /// A 1×1 conv.
    pub fn pointwise([in_channels, out_channels]: [u32; 2], side: u32, stride: u32) -> FusedLayer {
        let operation = Operation::Regular;
        FusedLayer { operation, in_channels, side, out_channels, kernel: 1, stride, sum: false }
    }

    /// The sum of two maps.
    pub fn sum_of(maps: Shape) -> FusedLayer {
        let Shape { channels, resolution } = maps;
        let operation = Operation::Sum;
        let layer = FusedLayer::pointwise([channels, channels], resolution, 1);
        FusedLayer { operation, ..layer }
    }

    /// Of the maps it gives, pixels.
    pub fn side_out(&self) -> u32 {
        self.side.div_ceil(self.stride.max(1))
    }

    /// Multiply-adds of one sample; for a sum, its additions.
    pub fn flops(&self) -> f64 {
        let area = f64::from(self.side_out()).powi(2);
        let taps = f64::from(self.kernel).powi(2);
        let out = f64::from(self.out_channels);
        match self.operation {
            Operation::Regular => f64::from(self.in_channels) * out * taps * area,
            Operation::Depthwise => out * taps * area,
            Operation::Sum => out * area,
        }
    }

    /// Elements of one sample that are read and written, weights apart.
    pub fn elements(&self) -> f64 {
        let taken = f64::from(self.in_channels) * f64::from(self.side).powi(2);
        let given = f64::from(self.out_channels) * f64::from(self.side_out()).powi(2);
        let added = self.sum || self.operation == Operation::Sum;
        taken + given * if added { 2.0 } else { 1.0 }
    }

    pub fn weights(&self) -> f64 {
        let taps = f64::from(self.kernel).powi(2);
        match self.operation {
            Operation::Regular => f64::from(self.in_channels) * f64::from(self.out_channels) * taps,
            Operation::Depthwise => f64::from(self.out_channels) * taps,
            Operation::Sum => 0.0,
        }
    }
}

/// The layers that one layer of the list becomes, `sum` where the maps of a shortcut are added to what a
/// conv gives. Norms and ReLUs are part of their conv; pools are left to what a network costs beside its
/// layers.
pub fn fused(at: &LayerAt, sum: bool, tell: &mut impl FnMut(FusedLayer)) {
    match at.layer {
        Layer::Conv(conv) => tell(FusedLayer::of_conv(&conv, at.input.resolution, sum)),
        Layer::Shortcut(shortcut) => {
            if let Some(p) = shortcut.projection {
                // It takes the maps that entered the sub-layer; odd ones count as if they were even.
                let side = at.output.resolution.saturating_mul(p.stride);
                tell(FusedLayer::pointwise([p.in_channels, p.out_channels], side, p.stride));
            }
        }
        Layer::SqueezeExcite { channels, squeezed } => {
            tell(FusedLayer::pointwise([channels, squeezed], 1, 1));
            tell(FusedLayer::pointwise([squeezed, channels], 1, 1));
            tell(FusedLayer::sum_of(at.output));
        }
        Layer::Linear { inputs, outputs } => {
            tell(FusedLayer::pointwise([inputs, outputs], 1, 1));
        }
        Layer::Norm { .. } | Layer::Relu | Layer::MaxPool(_) | Layer::GlobalAvgPool => {}
    }
}

/// The layers of one sub-layer of `block` behind maps of side `side`; the side of the maps it gives.
pub fn walk_fused(
    block: &Block,
    sub_layer: u32,
    side: u32,
    spec: &NetSpec,
    tell: &mut impl FnMut(FusedLayer),
) -> u32 {
    // Whether maps are added to what a conv gives is known once the next conv or the end comes.
    let mut waiting: Option<LayerAt> = None;
    let mut after = side;
    walk_sub_layer(block, sub_layer, side, spec, &mut |at| {
        after = at.output.resolution;
        match at.layer {
            Layer::Conv(_) => {
                if let Some(conv) = waiting.replace(at) {
                    fused(&conv, false, tell);
                }
            }
            Layer::Shortcut(_) => {
                if let Some(conv) = waiting.take() {
                    fused(&conv, true, tell);
                }
                fused(&at, false, tell);
            }
            _ => fused(&at, false, tell),
        }
    });
    if let Some(conv) = waiting {
        fused(&conv, false, tell);
    }
    after
}

/// The layers of the head behind `maps`.
pub fn walk_fused_head(maps: Shape, spec: &NetSpec, tell: &mut impl FnMut(FusedLayer)) {
    walk_head(maps, spec, &mut |at| fused(&at, false, tell));
}
