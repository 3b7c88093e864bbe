//! The layer list: a structure expanded to convs, norms, activations, shortcuts, pool and
//! classifier, with the shape at every point. Costs and nn consume this and nothing deeper.

use super::{Block, BlockKind, Kernel, Structure, round_width};

/// Whether residual links are part of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcuts {
    /// The network that is trained, and that budgets are checked on.
    Kept,
    /// The plain (vanilla) network that is scored (paper §3, Algorithm 1 step 1).
    Removed,
}

/// What a structure string leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetSpec {
    /// Input side in pixels; inputs are square.
    pub resolution: u32,
    /// Outputs of the classifier.
    pub classes: u32,
    pub shortcuts: Shortcuts,
    /// Squeeze-and-excitation after the k×k conv of residual blocks.
    pub squeeze_excite: bool,
}

impl NetSpec {
    /// With shortcuts, without squeeze-and-excitation.
    pub fn residual(resolution: u32, classes: u32) -> NetSpec {
        NetSpec { resolution, classes, shortcuts: Shortcuts::Kept, squeeze_excite: false }
    }

    /// The plain net that is scored.
    pub fn plain(resolution: u32, classes: u32) -> NetSpec {
        NetSpec { shortcuts: Shortcuts::Removed, ..NetSpec::residual(resolution, classes) }
    }
}

/// A square feature map of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub channels: u32,
    /// Side in pixels.
    pub resolution: u32,
}

impl Shape {
    pub fn elements(self) -> u64 {
        u64::from(self.channels) * u64::from(self.resolution).pow(2)
    }
}

/// The largest value of every k×k window, padded by (k−1)/2 a side with values that are never the
/// largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool {
    pub kernel: Kernel,
    pub stride: u32,
}

/// A convolution without bias, padded by (k−1)/2 a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    pub in_channels: u32,
    pub out_channels: u32,
    pub kernel: Kernel,
    pub stride: u32,
    /// 1, or `in_channels` for a depthwise conv.
    pub groups: u32,
}

impl Conv {
    /// Inputs of one output before the spatial sum: input channels of a group.
    pub fn fan_channels(&self) -> u32 {
        self.in_channels / self.groups
    }

    /// Weights of shape (out, in / groups, k, k).
    pub fn weights(&self) -> u64 {
        u64::from(self.out_channels)
            * u64::from(self.fan_channels())
            * u64::from(self.kernel.side()).pow(2)
    }

    pub fn is_depthwise(&self) -> bool {
        self.groups > 1
    }
}

/// Adds the tensor that entered layer `from` of the list to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    pub from: usize,
    /// A 1×1 conv and a norm on the way, where shapes differ; otherwise the identity.
    pub projection: Option<Projection>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projection {
    pub in_channels: u32,
    pub out_channels: u32,
    pub stride: u32,
    /// Of the conv; Zen-NAS has one, though the norm behind it shifts as well.
    pub bias: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Conv(Conv),
    /// BatchNorm, weight 1, bias 0.
    Norm {
        channels: u32,
    },
    Relu,
    MaxPool(MaxPool),
    /// Pool, 1×1 conv to `squeezed`, BN, ReLU, 1×1 conv back, BN, sigmoid, multiply.
    SqueezeExcite {
        channels: u32,
        squeezed: u32,
    },
    Shortcut(Shortcut),
    GlobalAvgPool,
    Linear {
        inputs: u32,
        outputs: u32,
    },
}

/// A layer in its place. The head (pool and classifier) belongs to the block after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerAt {
    pub layer: Layer,
    pub block: usize,
    pub sub_layer: u32,
    pub input: Shape,
    pub output: Shape,
}

/// A whole network, layer by layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerList {
    pub input: Shape,
    pub layers: Vec<LayerAt>,
}

impl LayerList {
    pub fn new(structure: &Structure, spec: &NetSpec) -> LayerList {
        let mut layers = Vec::new();
        walk(structure, spec, &mut |layer| layers.push(layer));
        let input =
            Shape { channels: structure.blocks()[0].in_channels, resolution: spec.resolution };
        LayerList { input, layers }
    }

    /// The convs in network order with the shapes around them.
    pub fn convs(&self) -> impl Iterator<Item = (&Conv, &LayerAt)> {
        self.layers.iter().filter_map(|at| match &at.layer {
            Layer::Conv(conv) => Some((conv, at)),
            _ => None,
        })
    }

    /// The map before global pooling, where Zen-Score measures.
    pub fn pre_pool_shape(&self) -> Shape {
        self.layers
            .iter()
            .take_while(|at| at.layer != Layer::GlobalAvgPool)
            .last()
            .map_or(self.input, |at| at.output)
    }
}

/// Calls `visit` for every layer in order, allocating nothing.
pub fn walk(structure: &Structure, spec: &NetSpec, visit: &mut impl FnMut(LayerAt)) {
    let channels = structure.blocks()[0].in_channels;
    let mut walker = Walker::new(spec, Shape { channels, resolution: spec.resolution }, visit);
    for (index, block) in structure.blocks().iter().enumerate() {
        walker.block = index;
        for sub_layer in 0..block.sub_layers {
            walker.sub_layer = sub_layer;
            walker.sub_layer(block);
        }
    }
    walker.block += 1;
    walker.sub_layer = 0;
    walker.head();
}

/// Calls `visit` for the layers of one sub-layer of a block that takes maps of `resolution`; places
/// are counted from there. All sub-layers after the first are alike.
pub fn walk_sub_layer(
    block: &Block,
    sub_layer: u32,
    resolution: u32,
    spec: &NetSpec,
    visit: &mut impl FnMut(LayerAt),
) {
    let channels = if sub_layer == 0 { block.in_channels } else { block.out_channels };
    let mut walker = Walker::new(spec, Shape { channels, resolution }, visit);
    walker.sub_layer = sub_layer;
    walker.sub_layer(block);
}

/// Calls `visit` for pool and classifier behind a map of `input`.
pub fn walk_head(input: Shape, spec: &NetSpec, visit: &mut impl FnMut(LayerAt)) {
    Walker::new(spec, input, visit).head();
}

struct Walker<'a, F> {
    spec: &'a NetSpec,
    visit: &'a mut F,
    count: usize,
    block: usize,
    sub_layer: u32,
    shape: Shape,
}

impl<'a, F: FnMut(LayerAt)> Walker<'a, F> {
    fn new(spec: &'a NetSpec, shape: Shape, visit: &'a mut F) -> Walker<'a, F> {
        Walker { spec, visit, count: 0, block: 0, sub_layer: 0, shape }
    }

    #[inline]
    fn emit(&mut self, layer: Layer, output: Shape) {
        let input = std::mem::replace(&mut self.shape, output);
        let (block, sub_layer) = (self.block, self.sub_layer);
        (self.visit)(LayerAt { layer, block, sub_layer, input, output });
        self.count += 1;
    }

    fn conv(&mut self, out_channels: u32, kernel: Kernel, stride: u32) {
        self.grouped_conv(out_channels, kernel, stride, 1);
    }

    /// Conv and norm.
    #[inline]
    fn grouped_conv(&mut self, out_channels: u32, kernel: Kernel, stride: u32, groups: u32) {
        let in_channels = self.shape.channels;
        let conv = Conv { in_channels, out_channels, kernel, stride, groups };
        let resolution = self.shape.resolution.div_ceil(stride);
        self.emit(Layer::Conv(conv), Shape { channels: out_channels, resolution });
        self.emit(Layer::Norm { channels: out_channels }, self.shape);
    }

    fn relu(&mut self) {
        self.emit(Layer::Relu, self.shape);
    }

    fn squeeze_excite(&mut self) {
        if self.spec.squeeze_excite && self.spec.shortcuts == Shortcuts::Kept {
            let channels = self.shape.channels;
            let squeezed = (f64::from(channels) / 4.0).round_ties_even().max(1.0) as u32;
            self.emit(Layer::SqueezeExcite { channels, squeezed }, self.shape);
        }
    }

    /// As Zen-NAS has it: the first of a block is always projected.
    fn shortcut(&mut self, start: (usize, Shape), stride: u32, first: bool) {
        let differs = stride > 1 || start.1.channels != self.shape.channels;
        self.add(start, (first || differs).then_some((stride, true)));
    }

    /// As He et al. 2016 have it: projected where shapes differ (option B), without a bias.
    fn resnet_shortcut(&mut self, start: (usize, Shape), stride: u32) {
        let differs = stride > 1 || start.1.channels != self.shape.channels;
        self.add(start, differs.then_some((stride, false)));
    }

    /// Adds what entered at `start`; `projected` by a conv of that stride, with a bias or not.
    fn add(&mut self, (from, input): (usize, Shape), projected: Option<(u32, bool)>) {
        if self.spec.shortcuts == Shortcuts::Removed {
            return;
        }
        let (in_channels, out_channels) = (input.channels, self.shape.channels);
        let projection =
            projected.map(|(stride, bias)| Projection { in_channels, out_channels, stride, bias });
        self.emit(Layer::Shortcut(Shortcut { from, projection }), self.shape);
    }

    fn max_pool(&mut self, kernel: Kernel, stride: u32) {
        let Shape { channels, resolution } = self.shape;
        let pooled = Shape { channels, resolution: resolution.div_ceil(stride) };
        self.emit(Layer::MaxPool(MaxPool { kernel, stride }), pooled);
    }

    fn sub_layer(&mut self, block: &Block) {
        let stride = if self.sub_layer == 0 { block.stride } else { 1 };
        let first = self.sub_layer == 0;
        let (out, inner) = (block.out_channels, block.bottleneck);
        match block.kind {
            BlockKind::Conv(k) => {
                self.conv(out, k, stride);
                self.relu();
            }
            BlockKind::KxKx(k) => {
                let start = (self.count, self.shape);
                self.conv(inner, k, stride);
                self.relu();
                self.squeeze_excite();
                self.conv(out, k, 1);
                self.shortcut(start, stride, first);
                self.relu();
            }
            BlockKind::MaxPool => self.max_pool(Kernel::K3, stride),
            BlockKind::Basic => {
                let start = (self.count, self.shape);
                self.conv(inner, Kernel::K3, stride);
                self.relu();
                self.squeeze_excite();
                self.conv(out, Kernel::K3, 1);
                self.resnet_shortcut(start, stride);
                self.relu();
            }
            BlockKind::Bottleneck => {
                let start = (self.count, self.shape);
                self.conv(inner, Kernel::K1, 1);
                self.relu();
                self.conv(inner, Kernel::K3, stride);
                self.relu();
                self.squeeze_excite();
                self.conv(out, Kernel::K1, 1);
                self.resnet_shortcut(start, stride);
                self.relu();
            }
            BlockKind::MbConv(e, k) => {
                let start = (self.count, self.shape);
                let wide = self.shape.channels.saturating_mul(e.factor());
                self.conv(wide, Kernel::K1, 1);
                self.relu();
                self.grouped_conv(wide, k, stride, wide);
                self.relu();
                self.squeeze_excite();
                self.conv(out, Kernel::K1, 1);
                if stride == 1 && start.1.channels == out {
                    self.add(start, None);
                }
            }
            BlockKind::LinearConv => self.conv(out, Kernel::K1, stride),
            BlockKind::K1KxK1(k) => {
                for half in 0..2 {
                    let stride = if half == 0 { stride } else { 1 };
                    let start = (self.count, self.shape);
                    self.conv(inner, Kernel::K1, 1);
                    self.relu();
                    self.conv(inner, k, stride);
                    self.relu();
                    self.squeeze_excite();
                    self.conv(out, Kernel::K1, 1);
                    self.shortcut(start, stride, first && half == 0);
                    self.relu();
                }
            }
            BlockKind::Idw(e, k) => {
                for (half, width) in [inner, out].into_iter().enumerate() {
                    let stride = if half == 0 { stride } else { 1 };
                    let wide = round_width(f64::from(width) * f64::from(e.factor()), 8);
                    let start = (self.count, self.shape);
                    self.conv(wide, Kernel::K1, 1);
                    self.relu();
                    self.grouped_conv(wide, k, stride, wide);
                    self.relu();
                    self.squeeze_excite();
                    self.conv(width, Kernel::K1, 1);
                    self.shortcut(start, stride, first && half == 0);
                    self.relu();
                }
            }
        }
    }

    fn head(&mut self) {
        let pooled = Shape { channels: self.shape.channels, resolution: 1 };
        self.emit(Layer::GlobalAvgPool, pooled);
        let outputs = self.spec.classes;
        let linear = Layer::Linear { inputs: pooled.channels, outputs };
        self.emit(linear, Shape { channels: outputs, resolution: 1 });
    }
}
