//! Proxies that run a network as a Candle graph, with its classifier, and make one number of it.
//!
//! Must not know: which number. Invariant: a score is finite, and one draw gives the same twice.

use super::{Evaluation, Failure, Proxy, Settings};
use crate::{
    arch::Structure,
    nn::{Device, Engine, InputSpec, NetworkError, PhiloxNormals, PlainNetwork, Precision},
    random::{Purpose, Stream},
};

/// One draw of a network's weights and images: what a score is made of.
pub(super) struct Draw<'a> {
    pub engine: &'a Engine,
    pub settings: Settings,
    pub source: PhiloxNormals,
    structure: &'a Structure,
}

impl Draw<'_> {
    /// The plain net in f32 on `batch` images.
    pub fn network(&self, batch: u32) -> PlainNetwork {
        let resolution = self.settings.resolution;
        let input = InputSpec { batch, resolution, precision: Precision::F32 };
        PlainNetwork::new(self.structure, input)
    }

    /// A label for each image of the batch, uniform over the classes.
    pub fn labels(&self) -> Vec<u32> {
        let PhiloxNormals { seed, repeat } = self.source;
        let mut stream = Stream::new(seed, Purpose::Labels, 0, repeat);
        (0..self.settings.batch).map(|_| stream.below(self.settings.classes)).collect()
    }
}

/// What a proxy makes of a draw; need not be finite.
pub(super) type Score = fn(&Draw<'_>) -> Result<f64, NetworkError>;

/// A proxy by its name and what it computes.
pub(super) struct Measured {
    name: &'static str,
    score: Score,
    engine: Engine,
    settings: Settings,
}

impl Measured {
    /// # Errors
    /// The system gives no thread to run on, or the device no stream.
    pub(super) fn boxed(
        name: &'static str,
        score: Score,
        settings: &Settings,
        device: &Device,
    ) -> Result<Box<dyn Proxy>, NetworkError> {
        let engine = Engine::new(device.clone())?;
        Ok(Box::new(Measured { name, score, engine, settings: *settings }))
    }
}

impl Proxy for Measured {
    fn name(&self) -> &'static str {
        self.name
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let source = PhiloxNormals { seed, repeat };
        let draw = Draw { engine: &self.engine, settings: self.settings, source, structure };
        finite(self.name, (self.score)(&draw)?)
    }
}

/// `score` of the proxy called `what`, if it is a number.
pub(super) fn finite(what: &str, score: f64) -> Result<Evaluation, Failure> {
    match score.is_finite() {
        true => Ok(Evaluation { score, zen: None }),
        false => Err(Failure::NotFinite { what: what.to_owned() }),
    }
}
