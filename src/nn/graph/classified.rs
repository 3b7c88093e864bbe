//! The plain net with its classifier, as it would be trained: every operation has a gradient.
//!
//! Must not know: what is made of gradients. Invariant: one set of weights and one batch, all of them
//! from the source; norms use the batch's statistics, and their gradient goes through those.

use candle_core::{DType, Device, Result, Tensor, Var, bail};

use super::{
    conv::Kernels, depthwise::Depthwise, patches::Patches, plain, trained_norm, window::Window,
};
use crate::arch::{Conv, Shape};
use crate::nn::{
    network::{Activation, Behind, EPSILON, PlainNetwork, Precision},
    source::{Draw, NormalSource},
};

/// Of each conv its weight (out, in / groups, k, k), of each norm weight and bias (channels, 1), of the
/// classifier weight (classes, features) and bias (classes, 1).
pub(super) struct Parameters {
    pub convs: Vec<Tensor>,
    pub norms: Vec<[Tensor; 2]>,
    /// Where there is one.
    pub classifier: Option<[Tensor; 2]>,
}

/// What becomes of a drawn parameter.
pub(super) type Kind = fn(Tensor) -> Result<Tensor>;

/// It has a gradient.
pub(super) fn learnt(tensor: Tensor) -> Result<Tensor> {
    Ok(Var::from_tensor(&tensor)?.into_inner())
}

/// Its magnitude has one.
pub(super) fn learnt_magnitude(tensor: Tensor) -> Result<Tensor> {
    learnt(tensor.abs()?)
}

/// It has none, and nothing is kept for one.
pub(super) fn frozen(tensor: Tensor) -> Result<Tensor> {
    Ok(tensor)
}

impl Parameters {
    /// All that are called a weight: of convs, norms and classifier.
    pub fn weights(&self) -> impl Iterator<Item = &Tensor> {
        let norms = self.norms.iter().map(|[weight, _]| weight);
        self.convs.iter().chain(norms).chain(self.classifier.iter().map(|[weight, _]| weight))
    }

    pub fn all(&self) -> impl Iterator<Item = &Tensor> {
        let biases = self.norms.iter().chain(&self.classifier).map(|[_, bias]| bias);
        self.weights().chain(biases)
    }
}

/// A network with a classifier on a device.
pub(super) struct Classified<'a> {
    pub network: &'a PlainNetwork,
    /// Outputs of the classifier; 0 for none.
    pub classes: u32,
    pub device: &'a Device,
    pub kernels: Kernels,
}

impl Classified<'_> {
    fn dtype(&self) -> DType {
        match self.network.input.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }

    fn drawn(
        &self,
        source: &mut dyn NormalSource,
        tensor: Draw,
        shape: [u32; 4],
        dims: &[usize],
    ) -> Result<Tensor> {
        let mut values = vec![0.0; shape.iter().map(|n| *n as usize).product()];
        source.fill(tensor, shape, &mut values);
        let drawn = Tensor::from_vec(values, dims, &Device::Cpu)?;
        drawn.to_dtype(self.dtype())?.to_device(self.device)
    }

    /// N(0, 1) weights, norms of weight 1 and bias 0, a classifier without bias.
    pub fn parameters(&self, kind: Kind, source: &mut dyn NormalSource) -> Result<Parameters> {
        let (mut convs, mut norms) = (Vec::new(), Vec::new());
        let constant = |ones: bool, len: u32| {
            let shape = (len as usize, 1);
            let make = if ones { Tensor::ones } else { Tensor::zeros };
            kind(make(shape, self.dtype(), self.device)?)
        };
        for (layer, (conv, _)) in (0..).zip(self.network.convs()) {
            let side = conv.kernel.side();
            let shape = [conv.out_channels, conv.fan_channels(), side, side];
            let dims = shape.map(|n| n as usize);
            convs.push(kind(self.drawn(source, Draw::Weights { layer }, shape, &dims)?)?);
            norms.push([constant(true, conv.out_channels)?, constant(false, conv.out_channels)?]);
        }
        if self.classes == 0 {
            return Ok(Parameters { convs, norms, classifier: None });
        }
        let features = self.network.output_shape().channels;
        let shape = [self.classes, features, 1, 1];
        let dims = [self.classes as usize, features as usize];
        let weight = kind(self.drawn(source, Draw::Classifier, shape, &dims)?)?;
        let classifier = Some([weight, constant(false, self.classes)?]);
        Ok(Parameters { convs, norms, classifier })
    }

    /// The batch: (channels, samples, side, side).
    pub fn input(&self, source: &mut dyn NormalSource) -> Result<Tensor> {
        self.images(source, Draw::Input)
    }

    fn images(&self, source: &mut dyn NormalSource, tensor: Draw) -> Result<Tensor> {
        let Shape { channels, resolution } = self.network.input_shape();
        let shape = [self.network.input.batch, channels, resolution, resolution];
        let x = self.drawn(source, tensor, shape, &shape.map(|n| n as usize))?;
        x.transpose(0, 1)?.contiguous()
    }

    /// Images of ones in place of the batch.
    pub fn ones(&self) -> Result<Tensor> {
        let Shape { channels, resolution } = self.network.input_shape();
        let [channels, side] = [channels, resolution].map(|n| n as usize);
        let samples = self.network.input.batch as usize;
        Tensor::ones((channels, samples, side, side), self.dtype(), self.device)
    }

    /// What the batch is disturbed by: as [`Classified::input`].
    pub fn noise(&self, source: &mut dyn NormalSource) -> Result<Tensor> {
        self.images(source, Draw::Noise)
    }

    /// The map before pooling. `see` is shown what comes out of every ReLU.
    pub fn features(
        &self,
        parameters: &Parameters,
        mut map: Tensor,
        see: &mut dyn FnMut(&Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let drawn = parameters.convs.iter().zip(&parameters.norms);
        let layers = self.network.convs().zip(self.network.behind()).zip(drawn);
        for (((conv, _), Behind { activation, pool }), (weight, [scale, shift])) in layers {
            let convolved = self.convolve(&map, weight, conv)?;
            map = match self.kernels {
                Kernels::Cpu => trained_norm::norm(&convolved, scale, shift, activation)?,
                Kernels::Cuda | Kernels::Tensor => {
                    let normalised = normalise(&convolved, scale, shift)?;
                    match activation {
                        Activation::Relu => relu(&normalised)?,
                        Activation::Linear => normalised,
                    }
                }
            };
            match activation {
                Activation::Relu => see(&map)?,
                Activation::Linear => {}
            }
            if let Some(pool) = pool {
                map = plain::max_pool(&map, &pool)?;
            }
        }
        Ok(map)
    }

    /// (classes, samples)
    pub fn logits(&self, parameters: &Parameters, input: Tensor) -> Result<Tensor> {
        let map = self.features(parameters, input, &mut |_| Ok(()))?;
        let pooled = map.flatten_from(2)?.mean(2)?;
        let Some([weight, bias]) = &parameters.classifier else { bail!("no classifier") };
        weight.matmul(&pooled)?.broadcast_add(bias)
    }

    fn convolve(&self, x: &Tensor, weight: &Tensor, conv: &Conv) -> Result<Tensor> {
        let (channels, samples, side, _) = x.dims4()?;
        let window = Window::new(conv, side);
        let out = conv.out_channels as usize;
        let shape = (out, samples, window.out, window.out);
        let rows = (out, weight.elem_count() / out);
        match (conv.is_depthwise(), self.kernels) {
            (true, Kernels::Cpu) => x.apply_op2(weight, Depthwise { window }),
            (true, _) => plain::depthwise(x, weight, window),
            (false, _) if window.is_pointwise() => weight
                .reshape(rows)?
                .matmul(&x.reshape((channels, samples * side * side))?)?
                .reshape(shape),
            (false, Kernels::Cpu) => {
                let lines = 0..samples * window.out;
                let patches = x.apply_op1(Patches { window, lines })?;
                weight.reshape(rows)?.matmul(&patches)?.reshape(shape)
            }
            (false, _) => plain::dense(x, weight, window)?.reshape(shape),
        }
    }
}

/// BatchNorm by the batch's statistics.
fn normalise(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let rows = x.flatten_from(1)?;
    let centred = rows.broadcast_sub(&rows.mean_keepdim(1)?)?;
    let variance = centred.sqr()?.mean_keepdim(1)?;
    let scale = ((variance + EPSILON)?.sqrt()?.recip()? * scale)?;
    centred.broadcast_mul(&scale)?.broadcast_add(shift)?.reshape(x.shape())
}

/// With a gradient of 0 at 0, as elsewhere; Candle's own has 1 there, and a constant channel is all 0.
fn relu(x: &Tensor) -> Result<Tensor> {
    let active = x.detach().gt(0.0)?.to_dtype(x.dtype())?;
    x * active
}
