//! What a classified network tells beside the Zen-Score: gradients, activation patterns, the tangent
//! kernel, and Φ of a network without norms.
//!
//! Must not know: proxies. Invariant: memory is asked for before anything is allocated.

use candle_core::{DType, Device, Result, Tensor, backprop::GradStore};

use super::{
    classified::{Classified, Parameters, frozen, learnt, learnt_magnitude},
    conv::convolve,
    engine::Engine,
    memory, plain,
};
use crate::nn::{
    error::NetworkError,
    network::{Activation, Behind, PASSES, PlainNetwork},
    patterns::Patterns,
    source::NormalSource,
};

/// A loss and how steep it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossGradient {
    /// Mean cross entropy over the batch.
    pub loss: f64,
    /// Frobenius norm of the gradient by all parameters.
    pub norm: f64,
}

/// log of the batch's mean ‖f(x + αε) − f(x)‖ / α of a network without norms, by two norms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogPhi {
    pub l1: f64,
    pub l2: f64,
}

/// What Φ is computed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    Rescaled,
    AsItIs,
}

impl Engine {
    /// The gradient of the cross entropy of `labels`, one for each image.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn loss_gradient(
        &self,
        network: &PlainNetwork,
        classes: u32,
        labels: &[u32],
        source: &mut dyn NormalSource,
    ) -> std::result::Result<LossGradient, NetworkError> {
        self.classified(network, classes, 1, |net| {
            let parameters = net.parameters(learnt, source)?;
            let logits = net.logits(&parameters, net.input(source)?)?;
            let loss = cross_entropy(&logits, labels)?;
            let gradients = loss.backward()?;
            let squares = |var: &Tensor| match gradients.get(var) {
                Some(gradient) => number(&gradient.sqr()?.sum_all()?),
                None => Ok(0.0),
            };
            let squares = parameters.all().map(squares).sum::<Result<f64>>()?;
            Ok(LossGradient { loss: number(&loss)?, norm: squares.sqrt() })
        })
    }

    /// Σ over convs and classifier of the mean over outputs of Σ |θ · ∂R/∂θ|: R is the sum of all logits
    /// of an image of ones, with every weight by its absolute value (SynFlow). The network's batch is 1.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn synaptic_flow(
        &self,
        network: &PlainNetwork,
        classes: u32,
        source: &mut dyn NormalSource,
    ) -> std::result::Result<f64, NetworkError> {
        self.classified(network, classes, 1, |net| {
            let parameters = net.parameters(learnt_magnitude, source)?;
            let gradients = net.logits(&parameters, net.ones()?)?.sum_all()?.backward()?;
            let classifier = parameters.classifier.iter().map(|[weight, _]| weight);
            let layers = parameters.convs.iter().chain(classifier);
            let flow = |weight: &Tensor| {
                let Some(gradient) = gradients.get(weight) else { return Ok(0.0) };
                let products = (weight * gradient)?.abs()?.flatten_from(1)?;
                number(&products.sum(1)?.mean_all()?)
            };
            layers.map(flow).sum()
        })
    }

    /// Which ReLUs each image of the batch goes through.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn patterns(
        &self,
        network: &PlainNetwork,
        source: &mut dyn NormalSource,
    ) -> std::result::Result<Patterns, NetworkError> {
        self.classified(network, 0, 0, |net| {
            let parameters = net.parameters(frozen, source)?;
            let mut patterns = Patterns::new(network.input.batch as usize);
            net.features(&parameters, net.input(source)?, &mut |map| {
                // (samples, channels · side²)
                let images = map.detach().transpose(0, 1)?.contiguous()?.flatten_from(1)?;
                let images = images.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
                patterns.add(&images.to_vec2()?);
                Ok(())
            })?;
            Ok(patterns)
        })
    }

    /// The neural tangent kernel of the batch: products of the gradients that the sums of the images'
    /// logits have by everything called a weight; row by row.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn tangent_kernel(
        &self,
        network: &PlainNetwork,
        classes: u32,
        source: &mut dyn NormalSource,
    ) -> std::result::Result<Vec<Vec<f64>>, NetworkError> {
        let batch = network.input.batch as usize;
        let held = self.gradients_held(network, classes);
        self.classified(network, classes, held, |net| {
            let parameters = net.parameters(learnt, source)?;
            // The norms couple all images, so each gradient goes through the whole batch.
            let logits = net.logits(&parameters, net.input(source)?)?;
            let gradient = |image| {
                let gradients = logits.narrow(1, image, 1)?.sum_all()?.backward()?;
                flattened(&gradients, &parameters)
            };
            let mut kernel = vec![vec![0.0; batch]; batch];
            let chunk = if held as usize >= batch { batch } else { held as usize - 1 };
            for first in (0..batch).step_by(chunk) {
                let mut rows: Vec<Vec<Tensor>> = Vec::new();
                #[expect(
                    clippy::needless_range_loop,
                    reason = "both halves of the kernel are filled at once"
                )]
                for image in first..batch {
                    let row = gradient(image)?;
                    for (other, column) in (first..).zip(rows.iter().chain([&row])) {
                        // One that isn't held meets all that are, and itself when its turn comes.
                        if other < first + chunk {
                            let product = product(&row, column)?;
                            kernel[image][other] = product;
                            kernel[other][image] = product;
                        }
                    }
                    if rows.len() < chunk {
                        rows.push(row);
                    }
                }
            }
            Ok(kernel)
        })
    }

    /// Φ: how far two outputs lie apart, of convs and ReLUs alone. What goes through a layer is rescaled
    /// by one number for the whole batch, whose log is kept, so that no depth overflows.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn log_phi(
        &self,
        network: &PlainNetwork,
        alpha: f64,
        source: &mut dyn NormalSource,
    ) -> std::result::Result<LogPhi, NetworkError> {
        self.phi(network, alpha, source, Range::Rescaled)
    }

    /// The same as Algorithm 1 without its norms would have it, in the network's precision throughout: not
    /// finite where that overflows.
    ///
    /// # Errors
    /// As [`Engine::perturb`].
    pub fn overflowing_log_phi(
        &self,
        network: &PlainNetwork,
        alpha: f64,
        source: &mut dyn NormalSource,
    ) -> std::result::Result<LogPhi, NetworkError> {
        self.phi(network, alpha, source, Range::AsItIs)
    }

    fn phi(
        &self,
        network: &PlainNetwork,
        alpha: f64,
        source: &mut dyn NormalSource,
        range: Range,
    ) -> std::result::Result<LogPhi, NetworkError> {
        self.classified(network, 0, 0, |net| {
            let parameters = net.parameters(frozen, source)?;
            let clean = net.input(source)?;
            let noise = net.noise(source)?;
            let mut map = Tensor::cat(&[&clean, &(&clean + (noise * alpha)?)?], 1)?;
            let mut scales = Vec::new();
            let layers = network.convs().zip(network.behind()).zip(&parameters.convs);
            for (((conv, _), Behind { activation, pool }), weight) in layers {
                map = convolve(&map, weight, conv, net.kernels)?;
                map = match activation {
                    Activation::Relu => map.relu()?,
                    Activation::Linear => map,
                };
                if let Some(pool) = pool {
                    map = plain::max_pool(&map, &pool)?;
                }
                if range == Range::Rescaled {
                    let scale = map.sqr()?.mean_all()?.sqrt()?;
                    map = map.broadcast_div(&scale)?;
                    scales.push(scale.to_dtype(DType::F64)?);
                }
            }
            let logs = match range {
                Range::Rescaled => number(&Tensor::stack(&scales, 0)?.log()?.sum_all()?)?,
                Range::AsItIs => 0.0,
            };
            let samples = map.dim(1)? / PASSES;
            let difference = (map.narrow(1, samples, samples)? - map.narrow(1, 0, samples)?)?;
            let difference = match range {
                Range::Rescaled => difference.to_dtype(DType::F64)?,
                Range::AsItIs => difference,
            };
            let images = difference.transpose(0, 1)?.contiguous()?.flatten_from(1)?;
            let l1 = number(&images.abs()?.sum(1)?.mean_all()?)?.ln();
            let l2 = number(&images.sqr()?.sum(1)?.sqrt()?.mean_all()?)?.ln();
            let logs = logs - alpha.ln();
            Ok(LogPhi { l1: l1 + logs, l2: l2 + logs })
        })
    }

    /// Of how many images the gradients are held at once: of all, or of as many as there is memory for, at
    /// least 2; the others are taken again.
    pub(super) fn gradients_held(&self, network: &PlainNetwork, classes: u32) -> u32 {
        let available = self.available();
        let fits =
            |held: &u32| memory::tracked(network, self.kernels(), classes, *held) <= available;
        (2..=network.input.batch).rev().find(fits).unwrap_or(network.input.batch.min(2))
    }

    /// Runs `work` on the network with its classifier, of whose gradients `kept` are held at once.
    fn classified<T: Send>(
        &self,
        network: &PlainNetwork,
        classes: u32,
        kept: u32,
        work: impl FnOnce(&Classified<'_>) -> Result<T> + Send,
    ) -> std::result::Result<T, NetworkError> {
        let needed = memory::tracked(network, self.kernels(), classes, kept);
        self.reserved(network, needed, |device, kernels| {
            work(&Classified { network, classes, device, kernels })
        })
    }
}

/// Mean over the images of −log softmax(logits) at their labels; logits are (classes, samples).
fn cross_entropy(logits: &Tensor, labels: &[u32]) -> Result<Tensor> {
    let (classes, samples) = logits.dims2()?;
    let label =
        |(class, image): (usize, usize)| f64::from(u8::from(labels[image] as usize == class));
    let places = (0..classes).flat_map(|class| (0..samples).map(move |image| (class, image)));
    let chosen: Vec<f64> = places.map(label).collect();
    let chosen = Tensor::from_vec(chosen, (classes, samples), &Device::Cpu)?;
    let chosen = chosen.to_dtype(logits.dtype())?.to_device(logits.device())?;
    let picked = (logits * chosen)?.sum(0)?;
    // Logits of random weights are large: their exponentials are taken below the largest one.
    let largest = logits.detach().max_keepdim(0)?;
    let sums = logits.broadcast_sub(&largest)?.exp()?.sum(0)?.log()?;
    ((sums + largest.squeeze(0)?)? - picked)?.mean_all()
}

/// The gradients by everything called a weight, each in one row.
fn flattened(gradients: &GradStore, parameters: &Parameters) -> Result<Vec<Tensor>> {
    let of = |var: &Tensor| match gradients.get(var) {
        Some(gradient) => gradient.detach().flatten_all(),
        None => var.detach().zeros_like()?.flatten_all(),
    };
    parameters.weights().map(of).collect()
}

/// Of two rows. A sum in f64 does not depend on how many rows are held.
fn product(a: &[Tensor], b: &[Tensor]) -> Result<f64> {
    let of = |(a, b): (&Tensor, &Tensor)| number(&(a * b)?.to_dtype(DType::F64)?.sum_all()?);
    a.iter().zip(b).map(of).sum()
}

fn number(tensor: &Tensor) -> Result<f64> {
    tensor.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_scalar()
}
