//! Why a network has no result.

use thiserror::Error;

use crate::text::binary;

/// Why a network was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    #[error("needs {} of memory where {} are available", binary(*needed), binary(*available))]
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
