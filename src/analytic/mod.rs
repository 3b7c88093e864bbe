//! The analytic Zen-Score: what a forward pass would measure, in closed form.
//!
//! Owns: the geometry of zero-padded convs, the recursion over a plain net, its two forms. Must not
//! know: tensors, searches, what a structure costs. Invariant: the score of a network is a sum over
//! its blocks plus log Δ; a block's part depends on the block, the maps and the [`State`] that enter
//! it, bit for bit, so what a mutation leaves alone need not be computed again.
//!
//! Derived in docs/analytic-zen.md.

mod geometry;
mod model;
mod pooled;
mod recursion;

pub use model::{BlockScore, Model, Settings};
pub use pooled::Pooled;
pub use recursion::{Entering, Form, State};
