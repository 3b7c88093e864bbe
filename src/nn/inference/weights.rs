//! Weights and maps of a program: drawn, of a size that neither grows nor fades through a network.
//!
//! Must not know: devices. Invariant: the same seed gives every engine the same network.

use super::program::Program;
use crate::{
    arch::Conv,
    random::{Normals, Purpose},
};

/// Of one conv, its norm folded in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// (k, k, in / groups, out)
    pub values: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Weights {
    /// He's: variance 2 over the fan-in.
    fn drawn(conv: &Conv, seed: u64, number: u32) -> Weights {
        let draw = |purpose, len: usize, scale: f64| {
            let mut values = vec![0.0; len];
            Normals::new(seed, purpose, number, 0).fill(&mut values);
            values.iter_mut().for_each(|value| *value *= scale as f32);
            values
        };
        let fan = f64::from(conv.fan_channels()) * f64::from(conv.kernel.side()).powi(2);
        Weights {
            values: draw(Purpose::Weights, conv.weights() as usize, (2.0 / fan).sqrt()),
            bias: draw(Purpose::Noise, conv.out_channels as usize, 0.1),
        }
    }

    /// Of each step.
    pub fn of_program(program: &Program, seed: u64) -> Vec<Vec<Weights>> {
        let mut number = 0;
        let mut drawn = |conv: Conv| {
            number += 1;
            Weights::drawn(&conv, seed, number)
        };
        program.steps.iter().map(|step| step.convs().map(&mut drawn).collect()).collect()
    }
}

/// The buffers of a program with (samples, side, side, channels) in each that is there before the first step.
pub(super) fn drawn_maps(program: &Program, samples: usize, seed: u64) -> Vec<Vec<f32>> {
    let draw = |(number, elements): (u32, &u64)| {
        let mut values = vec![0.0; *elements as usize * samples];
        // Written, so that the system has given the memory before anything is timed.
        Normals::new(seed, Purpose::Input, number, 0).fill(&mut values);
        values
    };
    (0..).zip(&program.buffers).map(draw).collect()
}
