//! What a network costs beside its layers, by whole networks that were measured.

use super::{NetRow, Predictor};
use crate::arch::NetSpec;

/// Milliseconds of a batch = factor · Σ layers + ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overhead {
    pub factor: f64,
    pub ms: f64,
    /// Standard deviation of ln of measured over predicted, of the networks it was fitted to.
    pub scatter: f64,
    /// Networks it was fitted to; with none nothing is known of it.
    pub nets: usize,
}

/// From a standard deviation to the error that nine in ten don't exceed.
pub(super) const NINE_IN_TEN: f64 = 1.645;

/// Networks from which on an overhead is told apart from a factor.
const ENOUGH_FOR_BOTH: usize = 4;

impl Overhead {
    pub const NONE: Overhead = Overhead { factor: 1.0, ms: 0.0, scatter: 0.0, nets: 0 };

    /// By the networks of the predictor's batch, which has no overhead yet.
    pub(super) fn fit(predictor: &Predictor, nets: &[NetRow]) -> Overhead {
        let nets = nets.iter().filter(|net| net.batch == predictor.batch());
        let pairs = nets.map(|row| {
            let spec = NetSpec::residual(row.resolution, row.classes);
            let layers = predictor.net(&row.net, &spec).ms * f64::from(row.batch);
            (layers, row.ms)
        });
        Overhead::of(&pairs.collect::<Vec<_>>())
    }

    /// By pairs of Σ layers and measured, both milliseconds of a batch: the least relative errors.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Overhead {
        if pairs.is_empty() {
            return Overhead::NONE;
        }
        let count = pairs.len() as f64;
        let mean_log = pairs.iter().map(|(sum, ms)| libm::log(ms / sum)).sum::<f64>() / count;
        let mut overhead =
            Overhead { factor: libm::exp(mean_log), nets: pairs.len(), ..Overhead::NONE };
        if pairs.len() >= ENOUGH_FOR_BOTH
            && let Some((factor, ms)) = line(pairs)
        {
            overhead = Overhead { factor, ms, ..overhead };
        }
        let unknowns = if overhead.ms > 0.0 { 2.0 } else { 1.0 };
        let squares = pairs
            .iter()
            .map(|(sum, ms)| libm::log(ms / (overhead.factor * sum + overhead.ms)).powi(2));
        overhead.scatter = (squares.sum::<f64>() / (count - unknowns).max(1.0)).sqrt();
        overhead
    }
}

/// A line of the least relative errors that neither falls nor begins below 0; none where that is not the
/// best.
fn line(pairs: &[(f64, f64)]) -> Option<(f64, f64)> {
    // Rows (Σ / ms, 1 / ms) against 1.
    let (mut aa, mut ab, mut bb, mut a1, mut b1) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (sum, ms) in pairs {
        let (a, b) = (sum / ms, 1.0 / ms);
        aa += a * a;
        ab += a * b;
        bb += b * b;
        a1 += a;
        b1 += b;
    }
    let determinant = aa * bb - ab * ab;
    let (factor, ms) = ((a1 * bb - b1 * ab) / determinant, (b1 * aa - a1 * ab) / determinant);
    (factor.is_finite() && factor > 0.0 && ms > 0.0).then_some((factor, ms))
}
