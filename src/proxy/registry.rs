//! The registry: every proxy by name.

use serde::Serialize;
use thiserror::Error;

use super::{
    AnalyticZen, Entropy, Proxy, Random, Settings, Zen,
    counted::Counted,
    grad_norm::{GRAD_NORM, grad_norm},
    measured::Measured,
    naswot::{NASWOT, naswot},
    phi::{PHI, phi},
    synflow::{SYNFLOW, synflow},
    te::{LINEAR_REGIONS, NTK, TE, linear_regions, ntk, te},
};
use crate::analytic::Form;
use crate::arch::limits;
use crate::nn::{Device, NetworkError};
use crate::text::nearest;

type Built = Result<Box<dyn Proxy>, NetworkError>;

/// What a proxy runs of the network it judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Needs {
    /// It follows from the structure, or from a draw that knows nothing of it.
    Nothing,
    /// Forward passes.
    Forward,
    /// A backward pass, with its maps kept.
    Gradient,
}

impl Needs {
    pub fn name(self) -> &'static str {
        match self {
            Needs::Nothing => "nothing",
            Needs::Forward => "forward",
            Needs::Gradient => "gradient",
        }
    }
}

/// What is to know of a proxy before it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProxyInfo {
    /// As [`build`] takes it.
    pub name: &'static str,
    /// One sentence, without its full stop. Where the literature minimises, it says that its negative is
    /// taken.
    pub measures: &'static str,
    /// Which scores are better: every score is maximised.
    pub direction: &'static str,
    pub needs: Needs,
    /// Of one evaluation, in words that compare with Zen's two forward passes; at most 16 characters.
    pub cost: &'static str,
    /// Where it comes from, as a short citation.
    pub source: &'static str,
    /// Whether it takes draws, so that a score has noise: [`Proxy::is_measured`].
    pub measured: bool,
}

const HIGHER: &str = "higher is better";

/// A row of the registry.
struct Entry {
    info: ProxyInfo,
    build: fn(&Settings, &Device) -> Built,
}

const PROXIES: &[Entry] = &[
    Entry {
        info: ProxyInfo {
            name: Zen::NAME,
            measures: "how far features move with a small change of the input, rescaled by the \
                       variances that norms remove: the Zen-Score",
            direction: HIGHER,
            needs: Needs::Forward,
            cost: "two passes",
            source: "Lin et al. 2021, Zen-NAS, Algorithm 1",
            measured: true,
        },
        build: |settings, device| Ok(Box::new(Zen::new(*settings, device)?)),
    },
    Entry {
        info: ProxyInfo {
            name: AnalyticZen::THEORY,
            measures: "the Zen-Score in closed form over random weights, nothing fitted: ranks best",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "zendo, docs/analytic-zen.md",
            measured: false,
        },
        build: |settings, _| Ok(Box::new(AnalyticZen::new(Form::Theory, *settings))),
    },
    Entry {
        info: ProxyInfo {
            name: AnalyticZen::FITTED,
            measures: "the Zen-Score in closed form with six fitted constants: closer to the value \
                       that is measured",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "zendo, docs/analytic-zen.md",
            measured: false,
        },
        build: |settings, _| Ok(Box::new(AnalyticZen::new(Form::Fitted, *settings))),
    },
    Entry {
        info: ProxyInfo {
            name: PHI,
            measures: "log of how far two outputs lie apart without norms, Φ: rescaled layer by layer, so that it never \
                       overflows",
            direction: HIGHER,
            needs: Needs::Forward,
            cost: "two passes",
            source: "Lin et al. 2021, Zen-NAS, Eq. 2",
            measured: true,
        },
        build: |settings, device| Measured::boxed(PHI, phi, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: NASWOT,
            measures: "log |det K|, K the ReLUs that two images have in common: how differently a batch is treated",
            direction: HIGHER,
            needs: Needs::Forward,
            cost: "a pass",
            source: "Mellor et al. 2021, NASWOT",
            measured: true,
        },
        build: |settings, device| Measured::boxed(NASWOT, naswot, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: LINEAR_REGIONS,
            measures: "how many different activation patterns a batch has",
            direction: HIGHER,
            needs: Needs::Forward,
            cost: "a pass",
            source: "Chen et al. 2021, TE-NAS",
            measured: true,
        },
        build: |settings, device| Measured::boxed(LINEAR_REGIONS, linear_regions, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: NTK,
            measures: "log of the condition number of the batch's neural tangent kernel; its negative is taken",
            direction: HIGHER,
            needs: Needs::Gradient,
            cost: "B gradients",
            source: "Chen et al. 2021, TE-NAS",
            measured: true,
        },
        build: |settings, device| Measured::boxed(NTK, ntk, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: TE,
            measures: "linear regions minus the condition number of the tangent kernel",
            direction: HIGHER,
            needs: Needs::Gradient,
            cost: "B gradients",
            source: "Chen et al. 2021, TE-NAS",
            measured: true,
        },
        build: |settings, device| Measured::boxed(TE, te, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: GRAD_NORM,
            measures: "log of the norm that a loss on random labels has as its gradient",
            direction: HIGHER,
            needs: Needs::Gradient,
            cost: "a gradient",
            source: "Abdelfattah et al. 2021, Zero-Cost Proxies",
            measured: true,
        },
        build: |settings, device| Measured::boxed(GRAD_NORM, grad_norm, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: SYNFLOW,
            measures: "log of the synaptic flow, weights times gradients of an image of ones; its negative is taken",
            direction: HIGHER,
            needs: Needs::Gradient,
            cost: "a gradient",
            source: "Tanaka et al. 2020, SynFlow",
            measured: true,
        },
        build: |settings, device| Measured::boxed(SYNFLOW, synflow, settings, device),
    },
    Entry {
        info: ProxyInfo {
            name: Entropy::NAME,
            measures: "entropy of the maps at the ends of stages, the last one eightfold",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "Shen et al. 2023, DeepMAD",
            measured: false,
        },
        build: |settings, _| Ok(Box::new(Entropy::new(*settings))),
    },
    Entry {
        info: ProxyInfo {
            name: Counted::FLOPS,
            measures: "multiply-adds of one sample, counted exact with shortcuts: the baseline that \
                       grows a network up to its budgets",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "Lin et al. 2021, Zen-NAS, Table 1",
            measured: false,
        },
        build: |settings, _| Ok(Box::new(Counted::flops(settings))),
    },
    Entry {
        info: ProxyInfo {
            name: Counted::PARAMS,
            measures: "parameters, counted exact with shortcuts: a baseline like flops",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "a common baseline",
            measured: false,
        },
        build: |settings, _| Ok(Box::new(Counted::params(settings))),
    },
    Entry {
        info: ProxyInfo {
            name: Random::NAME,
            measures: "nothing: a uniform draw from 0 to 1, the baseline of a search without a score",
            direction: HIGHER,
            needs: Needs::Nothing,
            cost: "microseconds",
            source: "Lin et al. 2021, Zen-NAS, Table 1",
            measured: true,
        },
        build: |_, _| Ok(Box::new(Random)),
    },
];

/// Proxies that compare the images of a batch: of one image they say nothing.
const COMPARING: [&str; 4] = [NASWOT, LINEAR_REGIONS, NTK, TE];

/// Why a proxy can't be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    #[error("there is no proxy `{name}`; did you mean `{nearest}`? (known: {})", known())]
    Unknown { name: String, nearest: &'static str },
    #[error("{field} {found}: expected {expected}")]
    Setting { field: &'static str, found: String, expected: String },
    #[error("the proxy can't start: {0}")]
    Start(#[from] NetworkError),
}

fn known() -> String {
    names().collect::<Vec<_>>().join(", ")
}

/// The names [`build`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    infos().map(|info| info.name)
}

/// What is to know of every proxy, in the registry's order.
pub fn infos() -> impl Iterator<Item = &'static ProxyInfo> {
    PROXIES.iter().map(|entry| &entry.info)
}

/// What is to know of the proxy of that name; none of an unknown one.
pub fn info(name: &str) -> Option<&'static ProxyInfo> {
    infos().find(|info| info.name == name)
}

/// A proxy of that name, working on `device`.
///
/// # Errors
/// An unknown name (with the nearest one) or a setting out of range.
pub fn build(
    name: &str,
    settings: &Settings,
    device: &Device,
) -> Result<Box<dyn Proxy>, BuildError> {
    let Some(entry) = PROXIES.iter().find(|entry| entry.info.name == name) else {
        let (nearest, _) = nearest(name, names()).expect("the registry has a proxy");
        return Err(BuildError::Unknown { name: name.escape_debug().to_string(), nearest });
    };
    check(settings)?;
    if COMPARING.contains(&name) && settings.batch < 2 {
        let expected = format!("at least 2 images, which {name} compares (16 in the paper)");
        return Err(BuildError::Setting {
            field: "batch",
            found: settings.batch.to_string(),
            expected,
        });
    }
    Ok((entry.build)(settings, device)?)
}

fn check(settings: &Settings) -> Result<(), BuildError> {
    let error = |field, found: String, expected: String| {
        Err(BuildError::Setting { field, found, expected })
    };
    if settings.batch == 0 {
        return error("batch", "0".to_owned(), "at least 1 image".to_owned());
    }
    if !(1..=limits::RESOLUTION).contains(&settings.resolution) {
        let expected = format!("1 to {} pixels", limits::RESOLUTION);
        return error("resolution", settings.resolution.to_string(), expected);
    }
    if !(settings.alpha.is_finite() && settings.alpha > 0.0) {
        return error("alpha", settings.alpha.to_string(), "a number above 0".to_owned());
    }
    if settings.classes == 0 {
        return error("classes", "0".to_owned(), "at least 1".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    const SETTINGS: Settings = Settings {
        definition: Definition::Table,
        batch: 2,
        resolution: 8,
        alpha: 0.01,
        classes: 10,
    };

    fn error(name: &str, settings: Settings) -> String {
        let built = build(name, &settings, &Device::cpu());
        built.err().expect("must not build").to_string()
    }

    #[test]
    fn every_name_builds_its_proxy() {
        for name in names() {
            let proxy = build(name, &SETTINGS, &Device::cpu()).expect(name);
            assert_eq!(proxy.name(), name);
        }
    }

    /// A row promises what its proxy does, in the lengths that lists have room for.
    #[test]
    fn rows_say_what_their_proxies_do() {
        let structure = "SuperConvK3BNRELU(3,8,1,1)SuperConvK1BNRELU(8,16,1,1)".parse();
        let structure = structure.expect("valid");
        for info in infos() {
            let mut proxy = build(info.name, &SETTINGS, &Device::cpu()).expect(info.name);
            assert_eq!(proxy.is_measured(), info.measured, "{}", info.name);
            let mut score =
                |seed, repeat| proxy.evaluate(&structure, seed, repeat).expect(info.name).score;
            let first = score(1, 0);
            assert!(first.is_finite(), "{}", info.name);
            assert_eq!(score(1, 0), first, "{}: the same draw twice", info.name);
            if !info.measured {
                assert_eq!(score(2, 3), first, "{}", info.name);
            }
            assert!(info.name.len() <= 16 && info.cost.len() <= 16, "{}", info.name);
            assert!(!info.measures.ends_with('.') && !info.source.is_empty(), "{}", info.name);
        }
        assert_eq!(info("zenn"), None);
    }

    /// Recorded before there were classes.
    #[test]
    fn older_settings_are_read() {
        let text = r#"{"definition":"table","batch":4,"resolution":32,"alpha":0.01}"#;
        let settings: Settings = serde_json::from_str(text).expect("reads");
        assert_eq!(settings.classes, 1_000);
    }

    #[test]
    fn errors_say_what_to_do() {
        assert!(error("zenn", SETTINGS).contains("did you mean `zen`?"));
        assert!(error("zen", Settings { batch: 0, ..SETTINGS }).contains("at least 1"));
        for name in COMPARING {
            let one = error(name, Settings { batch: 1, ..SETTINGS });
            assert!(one.contains(&format!("at least 2 images, which {name} compares")), "{one}");
        }
        assert!(error("zen", Settings { resolution: 0, ..SETTINGS }).contains("1 to 4096"));
        assert!(error("zen", Settings { alpha: f64::NAN, ..SETTINGS }).contains("above 0"));
        assert!(error("zen", Settings { alpha: 0.0, ..SETTINGS }).contains("above 0"));
        assert!(error("flops", Settings { classes: 0, ..SETTINGS }).contains("at least 1"));
    }
}
