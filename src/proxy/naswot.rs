//! NASWOT (Mellor et al., *Neural architecture search without training*, ICML 2021).

use super::{
    Evaluation, Failure, Proxy, Settings,
    matrix::log_determinant,
    measured::{Measure, draws, finite},
};
use crate::{
    arch::Structure,
    nn::{Device, NetworkError},
};

/// log |det K|: K counts, for each two images of the batch, the ReLUs that treat both alike, over all layers.
/// The reference adds hooks at each call, so that repeated calls count layers again; here each counts once.
pub struct Naswot(Measure);

impl Naswot {
    pub const NAME: &str = "naswot";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(settings: Settings, device: &Device) -> Result<Naswot, NetworkError> {
        Ok(Naswot(Measure::new(settings, device)?))
    }
}

impl Proxy for Naswot {
    fn name(&self) -> &'static str {
        Naswot::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let network = self.0.network(structure, self.0.settings.batch);
        let patterns = self.0.engine.patterns(&network, &mut draws(seed, repeat))?;
        finite("log |det K|", log_determinant(patterns.agreements()))
    }
}
