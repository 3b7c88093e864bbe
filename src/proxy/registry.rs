//! The registry: every proxy by name.

use thiserror::Error;

use super::{AnalyticZen, Proxy, Settings, Zen};
use crate::analytic::Form;
use crate::arch::limits;
use crate::nn::{Device, NetworkError};
use crate::text::nearest;

type Built = Result<Box<dyn Proxy>, NetworkError>;

/// A row of the registry.
struct Entry {
    name: &'static str,
    build: fn(&Settings, &Device) -> Built,
}

const PROXIES: &[Entry] = &[
    Entry { name: Zen::NAME, build: |settings, device| Ok(Box::new(Zen::new(*settings, device)?)) },
    Entry {
        name: AnalyticZen::THEORY,
        build: |settings, _| Ok(Box::new(AnalyticZen::new(Form::Theory, *settings))),
    },
    Entry {
        name: AnalyticZen::FITTED,
        build: |settings, _| Ok(Box::new(AnalyticZen::new(Form::Fitted, *settings))),
    },
];

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
    PROXIES.iter().map(|entry| entry.name)
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
    let Some(entry) = PROXIES.iter().find(|entry| entry.name == name) else {
        let (nearest, _) = nearest(name, names()).expect("the registry has a proxy");
        return Err(BuildError::Unknown { name: name.escape_debug().to_string(), nearest });
    };
    check(settings)?;
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    const SETTINGS: Settings =
        Settings { definition: Definition::Table, batch: 2, resolution: 8, alpha: 0.01 };

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

    #[test]
    fn errors_say_what_to_do() {
        assert!(error("zenn", SETTINGS).contains("did you mean `zen`?"));
        assert!(error("zen", Settings { batch: 0, ..SETTINGS }).contains("at least 1"));
        assert!(error("zen", Settings { resolution: 0, ..SETTINGS }).contains("1 to 4096"));
        assert!(error("zen", Settings { alpha: f64::NAN, ..SETTINGS }).contains("above 0"));
        assert!(error("zen", Settings { alpha: 0.0, ..SETTINGS }).contains("above 0"));
    }
}
