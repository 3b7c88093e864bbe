//! SynFlow (Tanaka et al., NeurIPS 2020) as the paper's Table 1 uses it.

use super::measured::Draw;
use crate::nn::NetworkError;

pub(super) const SYNFLOW: &str = "synflow";

/// −ln of Σ over convs and classifier of the mean over outputs of Σ |θ · ∂R/∂θ|, R the sum of the logits of an
/// image of ones with all parameters by their magnitude. The reference's search maximises the negative of the
/// sum, and so does this; its logarithm, since the sum is heavy-tailed. What pruning calls SynFlow is the sum
/// over all weights without the means.
pub(super) fn synflow(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let (network, mut source) = (draw.network(1), draw.source);
    Ok(-draw.engine.synaptic_flow(&network, draw.settings.classes, &mut source)?.ln())
}
