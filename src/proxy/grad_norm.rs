//! The norm of the loss' gradient (paper Table 1, "grad-norm"; Abdelfattah et al., ICLR 2021).

use super::measured::Draw;
use crate::nn::NetworkError;

pub(super) const GRAD_NORM: &str = "grad-norm";

/// ln ‖∇θ CE(f(x), random labels)‖₂ over all parameters: N(0, 1) weights, norms by the batch's statistics.
/// The logarithm, since the norm itself spans nine orders of magnitude between shallow and deep nets.
pub(super) fn grad_norm(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let network = draw.network(draw.settings.batch);
    let (classes, labels) = (draw.settings.classes, draw.labels());
    let mut source = draw.source;
    Ok(draw.engine.loss_gradient(&network, classes, &labels, &mut source)?.norm.ln())
}
