//! Gaussian draws: what a network's weights and inputs are filled with.
//!
//! Must not know: shapes, devices, precisions. Invariant: a source gives a tensor the same values
//! whatever else was drawn before it.

use crate::random::{Purpose, Stream};

/// The tensor a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draw {
    /// Conv number `layer` in network order, from 0: (out, in / groups, k, k), row-major.
    Weights { layer: u32 },
    /// The clean batch x: (batch, channels, side, side), row-major.
    Input,
    /// The perturbation ε, shaped as the input.
    Noise,
}

/// Gives independent N(0, 1) values.
pub trait NormalSource: Send {
    /// Fills `out` with all of `tensor`. A graph asks for each tensor once, in no promised order.
    fn fill(&mut self, tensor: Draw, out: &mut [f64]);
}

/// The program's own source: counter-based streams of (seed, repeat).
#[derive(Clone, Copy, Debug)]
pub struct PhiloxNormals {
    pub seed: u64,
    pub repeat: u32,
}

impl NormalSource for PhiloxNormals {
    fn fill(&mut self, tensor: Draw, out: &mut [f64]) {
        let (purpose, a) = match tensor {
            Draw::Weights { layer } => (Purpose::Weights, layer),
            Draw::Input => (Purpose::Input, 0),
            Draw::Noise => (Purpose::Noise, 0),
        };
        Stream::new(self.seed, purpose, a, self.repeat).fill_normal(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, repeat: u32, tensor: Draw) -> Vec<f64> {
        let mut out = vec![0.0; 8];
        PhiloxNormals { seed, repeat }.fill(tensor, &mut out);
        out
    }

    #[test]
    fn tensors_repeats_and_seeds_have_streams_of_their_own() {
        let all = [
            drawn(1, 0, Draw::Weights { layer: 0 }),
            drawn(1, 0, Draw::Weights { layer: 1 }),
            drawn(1, 0, Draw::Input),
            drawn(1, 0, Draw::Noise),
            drawn(1, 1, Draw::Input),
            drawn(2, 0, Draw::Input),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b), "draw {i} repeats");
        }
        assert_eq!(drawn(1, 0, Draw::Input), all[2]);
    }
}
