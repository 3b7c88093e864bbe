//! What proxies share that run a network as a Candle graph, with its classifier.

use super::{Evaluation, Failure, Settings};
use crate::{
    arch::Structure,
    nn::{Device, Engine, InputSpec, NetworkError, PhiloxNormals, PlainNetwork, Precision},
    random::{Purpose, Stream},
};

/// An engine, and how it is to measure.
pub(super) struct Measure {
    pub engine: Engine,
    pub settings: Settings,
}

impl Measure {
    /// # Errors
    /// The system gives no thread to run on, or the device no stream.
    pub(super) fn new(settings: Settings, device: &Device) -> Result<Measure, NetworkError> {
        Ok(Measure { engine: Engine::new(device.clone())?, settings })
    }

    /// The plain net in f32 on `batch` images.
    pub(super) fn network(&self, structure: &Structure, batch: u32) -> PlainNetwork {
        let resolution = self.settings.resolution;
        let input = InputSpec { batch, resolution, precision: Precision::F32 };
        PlainNetwork::new(structure, input)
    }
}

/// Weights and images of one draw.
pub(super) fn draws(seed: u64, repeat: u32) -> PhiloxNormals {
    PhiloxNormals { seed, repeat }
}

/// A label for each of `batch` images, uniform over the classes.
pub(super) fn labels(seed: u64, repeat: u32, classes: u32, batch: u32) -> Vec<u32> {
    let mut stream = Stream::new(seed, Purpose::Labels, 0, repeat);
    (0..batch).map(|_| stream.below(classes)).collect()
}

/// `score`, if it is a number.
pub(super) fn finite(what: &str, score: f64) -> Result<Evaluation, Failure> {
    match score.is_finite() {
        true => Ok(Evaluation { score, zen: None }),
        false => Err(Failure::NotFinite { what: what.to_owned() }),
    }
}
