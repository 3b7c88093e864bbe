//! What a network is worth: one trait, one file a proxy, one registry.
//!
//! Owns: turning a structure and a seed into a value to maximise, or into the reason why there is
//! none. Must not know: who searches, and with what. Invariant: a score that exists is finite, and
//! it is a pure function of structure, seed, repeat, settings and device.

mod analytic;
mod combined;
mod counted;
mod entropy;
mod grad_norm;
mod matrix;
mod measured;
mod naswot;
mod phi;
mod random;
mod registry;
mod standing;
mod synflow;
mod te;
mod zen;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::arch::Structure;
use crate::nn::NetworkError;
use crate::score::{Definition, ZenParts};

pub use analytic::AnalyticZen;
pub use combined::{Combined, Part, weighted_mean};
pub use entropy::Entropy;
pub use random::Random;
pub use registry::{BuildError, Needs, ProxyInfo, build, info, infos, names};
pub use standing::Standing;
pub use zen::Zen;

/// Judges structures. A worker thread builds its own and calls it for one structure at a time.
pub trait Proxy: Send {
    /// As the registry lists it; of a combination what it is made of.
    fn name(&self) -> &str;

    /// The worth of `structure` for one draw of weights and inputs, fixed by `seed` and `repeat`.
    ///
    /// # Errors
    /// Why this structure has no score; other structures may still have one.
    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure>;

    /// Whether the score is measured with draws, so that seed and repeat make a difference; otherwise
    /// it follows from the structure.
    fn is_measured(&self) -> bool {
        true
    }

    /// Time the last evaluation took before its first pass: to lay the network out, to draw its weights and
    /// images. 0 where there are none.
    fn building(&self) -> Duration {
        Duration::ZERO
    }

    /// What a person should know of how the last evaluation came about; nothing where it went as always.
    fn remark(&self) -> Option<String> {
        None
    }

    /// Bytes that the last evaluation ran in; 0 where that is not known.
    fn memory_bytes(&self) -> u64 {
        0
    }
}

/// What one evaluation gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// To be maximised; finite.
    pub score: f64,
    /// Where the proxy is a Zen-Score: what it is made of, enough for all three definitions.
    pub zen: Option<ZenParts>,
}

/// How a proxy measures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Which Zen-Score [`Evaluation::score`] is; other proxies ignore it.
    pub definition: Definition,
    /// Images in a pass; at least 1.
    pub batch: u32,
    /// Input side, pixels; 1 to [`limits::RESOLUTION`](crate::arch::limits::RESOLUTION).
    pub resolution: u32,
    /// Scale of the perturbation, α; above 0 (the paper's is 0.01).
    pub alpha: f64,
    /// Outputs of the classifier, for proxies that count it or take its loss; at least 1.
    #[serde(default = "Settings::usual_classes")]
    pub classes: u32,
}

impl Settings {
    /// Where nobody says: ImageNet's.
    fn usual_classes() -> u32 {
        1_000
    }
}

/// Why a structure has no score. Recorded with the candidate in place of a number.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    #[error("{what} is not finite")]
    NotFinite { what: String },
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// Every part must be a number, whichever definition is asked for. The first that is not, from the
/// input on, is where things broke.
fn check_finite(parts: &ZenParts) -> Result<(), Failure> {
    let not_finite = |what| Err(Failure::NotFinite { what });
    for (layer, (sigma, running)) in
        parts.log_sigma.iter().zip(&parts.log_sigma_running).enumerate()
    {
        if !(sigma.is_finite() && running.is_finite()) {
            return not_finite(format!("log σ̄ of norm layer {layer}"));
        }
    }
    if !(parts.log_delta_l1.is_finite() && parts.log_delta_l2.is_finite()) {
        return not_finite("log Δ".to_owned());
    }
    Ok(())
}
