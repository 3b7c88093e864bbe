//! TE-Score (Chen et al., *Neural architecture search on ImageNet in four GPU hours*, ICLR 2021) and its parts.
//!
//! The reference's search takes the kernel's part alone, and its count of regions fails on its own networks (it
//! looks for modules that they don't have): here both are what the paper says, of N(0, 1) weights.

use super::{matrix::eigenvalues, measured::Draw};
use crate::nn::NetworkError;

pub(super) const TE: &str = "te";
pub(super) const NTK: &str = "ntk";
pub(super) const LINEAR_REGIONS: &str = "linear-regions";

/// R_N − κ
pub(super) fn te(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    Ok(linear_regions(draw)? - condition(draw)?)
}

/// −ln κ: the logarithm orders alike and stays small where a kernel is nearly singular.
pub(super) fn ntk(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    Ok(-condition(draw)?.ln())
}

/// R_N: the number of different activation patterns among the batch's images.
pub(super) fn linear_regions(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let (network, mut source) = (draw.network(draw.settings.batch), draw.source);
    Ok(draw.engine.patterns(&network, &mut source)?.distinct() as f64)
}

/// κ: the largest eigenvalue of the batch's neural tangent kernel over the smallest.
fn condition(draw: &Draw<'_>) -> Result<f64, NetworkError> {
    let (network, mut source) = (draw.network(draw.settings.batch), draw.source);
    let kernel = draw.engine.tangent_kernel(&network, draw.settings.classes, &mut source)?;
    let eigenvalues = eigenvalues(kernel);
    Ok(match (eigenvalues.first(), eigenvalues.last()) {
        // Rounding can make the smallest one of a singular kernel negative.
        (Some(smallest), Some(largest)) if *smallest > 0.0 => largest / smallest,
        _ => f64::INFINITY,
    })
}
