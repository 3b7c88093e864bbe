//! SynFlow (Tanaka et al., NeurIPS 2020) as the paper's Table 1 uses it.

use super::{
    Evaluation, Failure, Proxy, Settings,
    measured::{Measure, draws, finite},
};
use crate::{
    arch::Structure,
    nn::{Device, NetworkError},
};

/// −ln of Σ over convs and classifier of the mean over outputs of Σ |θ · ∂R/∂θ|, R the sum of the logits of an
/// image of ones with all parameters by their magnitude. The reference's search maximises the negative of the
/// sum, and so does this; its logarithm, since the sum is heavy-tailed. What pruning calls SynFlow is the sum
/// over all weights without the means.
pub struct SynFlow(Measure);

impl SynFlow {
    pub const NAME: &str = "synflow";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(settings: Settings, device: &Device) -> Result<SynFlow, NetworkError> {
        Ok(SynFlow(Measure::new(settings, device)?))
    }
}

impl Proxy for SynFlow {
    fn name(&self) -> &'static str {
        SynFlow::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let network = self.0.network(structure, 1);
        let classes = self.0.settings.classes;
        let flow = self.0.engine.synaptic_flow(&network, classes, &mut draws(seed, repeat))?;
        finite("log of the synaptic flow", -flow.ln())
    }
}
