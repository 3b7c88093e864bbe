//! zendo finds neural network architectures without training any of them (Zen-NAS, ICCV 2021).
//!
//! The parts and who may know whom are in `docs/architecture.md`; a test reads every import.

pub mod analytic;
pub mod anatomy;
pub mod arch;
pub mod cli;
pub mod export;
pub mod keymap;
pub mod lab;
pub mod latency;
pub mod nn;
pub mod optimum;
pub mod proxy;
pub mod random;
pub mod report;
pub mod run;
pub mod score;
pub mod search;
pub mod space;
pub mod text;
pub mod theme;
#[cfg(feature = "tui")]
pub mod tui;
