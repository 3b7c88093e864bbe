//! Kernels of the CPU: which instructions are asked for, which there are.
//!
//! Must not know: what kernels do. Invariant: a path's name is a format: runs record it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::nearest;

/// The instructions that the CPU's kernels are made of. Scores of different paths differ by
/// rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KernelPath {
    Avx512,
    /// With FMA.
    Avx2,
    /// What the program was compiled for; every CPU has it.
    Portable,
}

impl KernelPath {
    /// Fastest first.
    pub const ALL: [KernelPath; 3] = [KernelPath::Avx512, KernelPath::Avx2, KernelPath::Portable];

    pub fn name(self) -> &'static str {
        match self {
            KernelPath::Avx512 => "avx512",
            KernelPath::Avx2 => "avx2",
            KernelPath::Portable => "portable",
        }
    }

    /// Whether this CPU has the instructions.
    pub fn is_available(self) -> bool {
        super::cpu::is_available(self)
    }

    /// Multiply-adds a second that one core can do with these instructions, measured for a part of a
    /// second. The path must be available.
    pub fn measured_peak(self) -> f64 {
        super::cpu::peak(self)
    }

    /// The fastest that this CPU has.
    pub fn best() -> KernelPath {
        let available = KernelPath::ALL.into_iter().find(|path| path.is_available());
        available.unwrap_or(KernelPath::Portable)
    }
}

/// The kernels as written: `auto`, the name of a path, `cuda` or `graph`. Serialises as that string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KernelChoice {
    /// The fastest path of the CPU.
    #[default]
    Auto,
    Path(KernelPath),
    /// A GPU's own, within the Candle graph.
    Cuda,
    /// The Candle graph without kernels of a GPU: for any device, and slow.
    Graph,
}

impl KernelChoice {
    pub(super) const CUDA: &str = "cuda";
    pub(super) const GRAPH: &str = "graph";
}

/// A word that names no kernels.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{found}` names no kernels: expected {}; did you mean `{nearest}`?", names().join(", "))]
pub struct ParseKernelChoiceError {
    found: String,
    nearest: String,
}

fn choices() -> impl Iterator<Item = KernelChoice> {
    let paths = KernelPath::ALL.map(KernelChoice::Path);
    [KernelChoice::Auto].into_iter().chain(paths).chain([KernelChoice::Cuda, KernelChoice::Graph])
}

fn names() -> Vec<String> {
    choices().map(|choice| choice.to_string()).collect()
}

impl FromStr for KernelChoice {
    type Err = ParseKernelChoiceError;

    fn from_str(text: &str) -> Result<KernelChoice, ParseKernelChoiceError> {
        choices().find(|choice| choice.to_string() == text).ok_or_else(|| {
            let names = names();
            let nearest = nearest(text, names.iter().map(String::as_str));
            let (nearest, _) = nearest.expect("there are kernels");
            let nearest = nearest.to_owned();
            ParseKernelChoiceError { found: text.escape_debug().to_string(), nearest }
        })
    }
}

impl fmt::Display for KernelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KernelChoice::Auto => "auto",
            KernelChoice::Path(path) => path.name(),
            KernelChoice::Cuda => KernelChoice::CUDA,
            KernelChoice::Graph => KernelChoice::GRAPH,
        })
    }
}

impl TryFrom<String> for KernelChoice {
    type Error = ParseKernelChoiceError;

    fn try_from(text: String) -> Result<KernelChoice, ParseKernelChoiceError> {
        text.parse()
    }
}

impl From<KernelChoice> for String {
    fn from(choice: KernelChoice) -> String {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_print_as_they_parse() {
        for choice in choices() {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        let error = "axv512".parse::<KernelChoice>().expect_err("no such kernels").to_string();
        assert!(error.contains("auto, avx512, avx2, portable, cuda, graph"), "{error}");
        assert!(error.contains("did you mean `avx512`?"), "{error}");
    }
}
