//! Devices as people write them.
//!
//! Must not know: which devices there are. Invariant: a choice prints as it parses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The device as written: `auto`, `cpu`, or GPUs as `cuda:0` or `cuda:0,cuda:1`. Serialises as that
/// string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// All idle GPUs of one kind where there are GPUs, otherwise the CPU.
    #[default]
    Auto,
    Cpu,
    /// These GPUs, all together.
    Cuda(Ordinals),
}

/// Numbers of GPUs, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ordinals(u128);

impl Ordinals {
    /// One more than the highest number.
    const END: usize = 128;

    /// None where `ordinal` is past all numbers.
    pub fn one(ordinal: usize) -> Option<Ordinals> {
        (ordinal < Ordinals::END).then(|| Ordinals(1 << ordinal))
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Ordinals::END).filter(move |ordinal| self.0 >> ordinal & 1 == 1)
    }
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{found}` is no device: expected `auto`, `cpu`, `cuda:N` or several as `cuda:0,cuda:1` (N counts \
     GPUs from 0 to 127, each once)"
)]
pub struct ParseDeviceError {
    found: String,
}

impl FromStr for DeviceChoice {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<DeviceChoice, ParseDeviceError> {
        let one = |text: &str| {
            let digits = text.strip_prefix("cuda:")?;
            // `parse` alone would take a sign.
            let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
            Ordinals::one(digits.parse().ok()?)
        };
        let all = |text: &str| {
            text.split(',').try_fold(Ordinals(0), |all, text| {
                let one = one(text.trim())?;
                (all.0 & one.0 == 0).then_some(Ordinals(all.0 | one.0))
            })
        };
        match text {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            other => all(other)
                .map(DeviceChoice::Cuda)
                .ok_or_else(|| ParseDeviceError { found: other.escape_debug().to_string() }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(ordinals) => f.write_str(&names(ordinals.iter())),
        }
    }
}

/// `cuda:0,cuda:1`
pub(super) fn names(ordinals: impl Iterator<Item = usize>) -> String {
    ordinals.map(|ordinal| format!("cuda:{ordinal}")).collect::<Vec<_>>().join(",")
}

impl TryFrom<String> for DeviceChoice {
    type Error = ParseDeviceError;

    fn try_from(text: String) -> Result<DeviceChoice, ParseDeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> String {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_print_as_they_parse() {
        for text in ["auto", "cpu", "cuda:0", "cuda:13", "cuda:0,cuda:1", "cuda:3,cuda:127"] {
            assert_eq!(text.parse::<DeviceChoice>().expect(text).to_string(), text);
        }
        for text in [
            "",
            "gpu",
            "cuda",
            "cuda:",
            "cuda:-1",
            "cuda:+1",
            "cuda:x",
            "CPU",
            "cuda:128",
            "cuda:0,",
            "cuda:1,cuda:1",
            "cuda:0,cpu",
        ] {
            let error = text.parse::<DeviceChoice>().expect_err(text);
            assert!(error.to_string().contains("`cuda:N`"), "{error}");
        }
        let pair: DeviceChoice = "cuda:1, cuda:0".parse().expect("in any order");
        let json = serde_json::to_string(&pair).expect("a string");
        assert_eq!(json, "\"cuda:0,cuda:1\"");
        assert_eq!(serde_json::from_str::<DeviceChoice>(&json).expect("parses"), pair);
    }
}
