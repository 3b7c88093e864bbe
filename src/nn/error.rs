//! Why a network has no result.

use thiserror::Error;

/// Why a network was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    #[error("needs {} of memory where {} are available", in_binary_units(*needed), in_binary_units(*available))]
    Memory {
        /// Bytes.
        needed: u64,
        /// Bytes.
        available: u64,
    },
    #[error(
        "norm layer {norm} sees a 1×1 map of one image, a single value without a variance; use a \
         larger batch or resolution"
    )]
    Degenerate {
        /// Counted from 0.
        norm: usize,
    },
    #[error("the backend failed: {0}")]
    Backend(String),
}

fn in_binary_units(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        b if b >= 1 << 40 => format!("{:.1} TiB", value / (1_u64 << 40) as f64),
        b if b >= 1 << 30 => format!("{:.1} GiB", value / (1_u64 << 30) as f64),
        _ => format!("{:.1} MiB", value / (1_u64 << 20) as f64),
    }
}
