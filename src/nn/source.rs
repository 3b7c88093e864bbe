//! Gaussian draws: what a network's weights and inputs are filled with.
//!
//! Must not know: devices, precisions, how kernels lay tensors out. Invariant: a source gives a
//! tensor the same values whatever else was drawn before it.

use crate::random::{Normals, Purpose};

/// The tensor a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draw {
    /// Conv number `layer` in network order, from 0: (out, in / groups, k, k).
    Weights { layer: u32 },
    /// The classifier's: (classes, features, 1, 1).
    Classifier,
    /// The clean batch x: (batch, channels, side, side).
    Input,
    /// The perturbation ε, shaped as the input.
    Noise,
}

/// Gives independent N(0, 1) values.
pub trait NormalSource: Send {
    /// Fills `out`, row-major of `shape`, with all of `tensor`. A graph asks for each tensor once,
    /// in no promised order.
    fn fill(&mut self, tensor: Draw, shape: [u32; 4], out: &mut [f64]);

    /// The same source as counters, where it is that: a device can draw those itself.
    fn counted(&self) -> Option<PhiloxNormals> {
        None
    }
}

/// The program's own source: counter-based sequences of (seed, repeat, tensor, shape), the same on
/// every device. Draws are laid out channels last, weights as (k, k, in / groups, out) and inputs
/// as (batch, side, side, channels), which is how the CPU's kernels take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhiloxNormals {
    pub seed: u64,
    pub repeat: u32,
}

impl PhiloxNormals {
    /// The draws of `tensor`, channels last.
    pub(super) fn sequence(&self, tensor: Draw, shape: [u32; 4]) -> Normals {
        let PhiloxNormals { seed, repeat } = *self;
        let [out, fan, side, _] = shape;
        match tensor {
            Draw::Weights { layer } => {
                Normals::of_shape(seed, Purpose::Weights, layer, repeat, [out, fan, side])
            }
            Draw::Classifier => {
                Normals::of_shape(seed, Purpose::Classifier, 0, repeat, [out, fan, side])
            }
            Draw::Input => Normals::new(seed, Purpose::Input, 0, repeat),
            Draw::Noise => Normals::new(seed, Purpose::Noise, 0, repeat),
        }
    }
}

impl NormalSource for PhiloxNormals {
    fn counted(&self) -> Option<PhiloxNormals> {
        Some(*self)
    }

    fn fill(&mut self, tensor: Draw, shape: [u32; 4], out: &mut [f64]) {
        let mut drawn = vec![0.0; out.len()];
        self.sequence(tensor, shape).fill(&mut drawn);
        let [a, b, c, d] = shape.map(|n| n as usize);
        let (spatial, outer) = (c * d, (a, b));
        for (i, value) in out.iter_mut().enumerate() {
            let (at, of_spatial) = (i / spatial, i % spatial);
            let (first, second) = (at / outer.1, at % outer.1);
            let place = match tensor {
                Draw::Weights { .. } | Draw::Classifier => {
                    (of_spatial * outer.1 + second) * outer.0 + first
                }
                Draw::Input | Draw::Noise => (first * spatial + of_spatial) * outer.1 + second,
            };
            *value = f64::from(drawn[place]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, repeat: u32, tensor: Draw) -> Vec<f64> {
        let mut out = vec![0.0; 36];
        PhiloxNormals { seed, repeat }.fill(tensor, [2, 2, 3, 3], &mut out);
        out
    }

    #[test]
    fn tensors_repeats_and_seeds_have_draws_of_their_own() {
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

    /// Element (1, 0, 2, 1) of a (2, 2, 3, 3) tensor, by hand.
    #[test]
    fn draws_lie_channels_last() {
        let source = PhiloxNormals { seed: 1, repeat: 0 };
        let row_major = 18 + 2 * 3 + 1;
        let group = |tensor| source.sequence(tensor, [2, 2, 3, 3]).group(0).map(f64::from);
        let weights = Draw::Weights { layer: 4 };
        assert_eq!(drawn(1, 0, weights)[row_major], group(weights)[(2 * 3 + 1) * 4 + 1]);
        assert_eq!(drawn(1, 0, Draw::Input)[row_major], group(Draw::Input)[9 * 2 + 7 * 2]);
    }
}
