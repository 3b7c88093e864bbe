//! Why an experiment has no result.

use std::path::PathBuf;

use thiserror::Error;

use crate::nn;

/// Why there is no result.
#[derive(Debug, Error)]
pub enum LabError {
    #[error("interrupted{}", goes_on(*.kept))]
    Interrupted {
        /// Whether what was done is kept; none where an experiment keeps nothing.
        kept: Option<bool>,
    },
    #[error("{}: {reason}", .path.display())]
    Folder { path: PathBuf, reason: String },
    #[error(transparent)]
    Device(#[from] nn::DeviceError),
    #[error("{0}")]
    Setting(String),
}

fn goes_on(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "; the same command goes on",
        Some(false) => "; with --out it could go on",
        None => "",
    }
}
