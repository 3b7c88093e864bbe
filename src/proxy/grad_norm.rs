//! The norm of the loss' gradient (paper Table 1, "grad-norm"; Abdelfattah et al., ICLR 2021).

use super::{
    Evaluation, Failure, Proxy, Settings,
    measured::{Measure, draws, finite, labels},
};
use crate::{
    arch::Structure,
    nn::{Device, NetworkError},
};

/// ln ‖∇θ CE(f(x), random labels)‖₂ over all parameters: N(0, 1) weights, norms by the batch's statistics.
/// The logarithm, since the norm itself spans nine orders of magnitude between shallow and deep nets.
pub struct GradNorm(Measure);

impl GradNorm {
    pub const NAME: &str = "grad-norm";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(settings: Settings, device: &Device) -> Result<GradNorm, NetworkError> {
        Ok(GradNorm(Measure::new(settings, device)?))
    }
}

impl Proxy for GradNorm {
    fn name(&self) -> &'static str {
        GradNorm::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let Settings { batch, classes, .. } = self.0.settings;
        let network = self.0.network(structure, batch);
        let labels = labels(seed, repeat, classes, batch);
        let mut source = draws(seed, repeat);
        let gradient = self.0.engine.loss_gradient(&network, classes, &labels, &mut source)?;
        finite("log ‖∇‖", gradient.norm.ln())
    }
}
