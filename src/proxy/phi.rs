//! Φ, the expressivity that the Zen-Score makes computable (paper §3, Eq. 2), without its norms.

use super::{
    Evaluation, Failure, Proxy, Settings,
    measured::{Measure, draws, finite},
};
use crate::{
    arch::Structure,
    nn::{Device, NetworkError},
};

/// log Φ: log of the batch's mean ‖f(x + αε) − f(x)‖₂ / α of convs and ReLUs alone. Computed as such it leaves f32
/// after some thirty layers; layer by layer rescaled, with the logarithms of the scales added up, it never does.
pub struct Phi(Measure);

impl Phi {
    pub const NAME: &str = "phi";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(settings: Settings, device: &Device) -> Result<Phi, NetworkError> {
        Ok(Phi(Measure::new(settings, device)?))
    }
}

impl Proxy for Phi {
    fn name(&self) -> &'static str {
        Phi::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let Settings { batch, alpha, .. } = self.0.settings;
        let network = self.0.network(structure, batch);
        let phi = self.0.engine.log_phi(&network, alpha, &mut draws(seed, repeat))?;
        finite("log Φ", phi.l2)
    }
}
