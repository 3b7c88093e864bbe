//! Φ, the expressivity that the Zen-Score makes computable (paper §3, Eq. 2), without its norms.

use super::measured::Draw;
use crate::nn::NetworkError;

pub(super) const PHI: &str = "phi";

/// log Φ: log of the batch's mean ‖f(x + αε) − f(x)‖₂ / α of convs and ReLUs alone. Computed as such it leaves f32
/// after some fifty layers; layer by layer rescaled, with the logarithms of the scales added up, it never does.
pub(super) fn phi(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let (network, mut source) = (draw.network(draw.settings.batch), draw.source);
    Ok(draw.engine.log_phi(&network, draw.settings.alpha, &mut source)?.l2)
}
