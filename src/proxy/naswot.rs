//! NASWOT (Mellor et al., *Neural architecture search without training*, ICML 2021).

use super::{matrix::log_determinant, measured::Draw};
use crate::nn::NetworkError;

pub(super) const NASWOT: &str = "naswot";

/// log |det K|: K counts, for each two images of the batch, the ReLUs that treat both alike, over all layers.
/// The reference adds hooks at each call, so that repeated calls count layers again; here each counts once.
pub(super) fn naswot(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let (network, mut source) = (draw.network(draw.settings.batch), draw.source);
    Ok(log_determinant(draw.engine.patterns(&network, &mut source)?.agreements()))
}
