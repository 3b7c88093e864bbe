//! The layers of one sub-layer, each with the norm behind it.

use super::Anatomy;
use crate::{
    analytic::Model,
    arch::{Conv, Layer, MaxPool, PartCosts, Projection, Shape, walk_sub_layer},
};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// On the main path.
    Conv(Conv),
    MaxPool(MaxPool),
    SqueezeExcite {
        channels: u32,
        squeezed: u32,
    },
    /// On the shortcut around the convs before it.
    Projection(Projection),
}

/// A layer with its norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerPart {
    pub operation: Operation,
    /// The map it gives.
    pub output: Shape,
    pub costs: PartCosts,
    /// log σ̄ of the norm, in the view's form and definition; of convs only, as the plain net has
    /// nothing else.
    pub log_sigma: Option<f64>,
}

impl Anatomy {
    /// The layers of a sub-layer of `block`, both counted from 0, in order; none where there is no
    /// such sub-layer. Their costs add up to what the sub-layer adds to its block's.
    pub fn layers(&self, block: usize, sub_layer: u32) -> Vec<LayerPart> {
        let Some(part) = self.blocks.get(block).filter(|part| sub_layer < part.block.sub_layers)
        else {
            return Vec::new();
        };
        let counter = self.view.counter();
        let mut map = if sub_layer == 0 { part.input } else { part.output };
        let mut layers: Vec<LayerPart> = Vec::new();
        walk_sub_layer(&part.block, sub_layer, map.real, &self.view.net, &mut |at| {
            let costs = counter.layer(&at, map.floored);
            let operation = match at.layer {
                Layer::Conv(conv) => {
                    map = map.behind(conv.stride);
                    Some(Operation::Conv(conv))
                }
                Layer::MaxPool(pool) => {
                    map = map.behind(pool.stride);
                    Some(Operation::MaxPool(pool))
                }
                Layer::SqueezeExcite { channels, squeezed } => {
                    Some(Operation::SqueezeExcite { channels, squeezed })
                }
                Layer::Shortcut(shortcut) => shortcut.projection.map(Operation::Projection),
                Layer::Norm { .. } | Layer::Relu | Layer::GlobalAvgPool | Layer::Linear { .. } => {
                    None
                }
            };
            match (operation, layers.last_mut()) {
                (Some(operation), _) => {
                    layers.push(LayerPart { operation, output: at.output, costs, log_sigma: None });
                }
                (None, Some(last)) => last.costs.add(&costs),
                (None, None) => unreachable!("every sub-layer starts with a conv or is a pool"),
            }
        });
        let convs = layers.iter_mut().filter(|l| matches!(l.operation, Operation::Conv(_)));
        for (layer, log_sigma) in convs.zip(self.log_sigma(block, sub_layer)) {
            layer.log_sigma = Some(log_sigma);
        }
        layers
    }

    /// Of the norms of one sub-layer. In the fitted form each sub-layer leaves another state to the
    /// next, so those before it are gone through.
    fn log_sigma(&self, block: usize, sub_layer: u32) -> Vec<f64> {
        let model = Model::new(self.view.analytic);
        let part = &self.blocks[block];
        let mut at = part.entering;
        for before in 0..sub_layer {
            model.norms(&part.block, before, &mut at);
        }
        model.norms(&part.block, sub_layer, &mut at)
    }
}
