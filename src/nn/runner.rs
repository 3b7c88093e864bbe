//! The runner: networks by the kernels that a device was opened with.
//!
//! Must not know: what results mean. Invariant: the choice follows from the device alone.

use std::time::{Duration, Instant};

use super::{
    cpu::{Scorer, StepTime},
    device::Device,
    error::NetworkError,
    graph::Engine,
    network::{Perturbation, PlainNetwork, Precision},
    source::{Draw, NormalSource, PhiloxNormals},
};

/// Draws, and the time they take.
struct Timed {
    draws: PhiloxNormals,
    took: Duration,
}

impl NormalSource for Timed {
    fn fill(&mut self, tensor: Draw, shape: [u32; 4], out: &mut [f64]) {
        let start = Instant::now();
        self.draws.fill(tensor, shape, out);
        self.took += start.elapsed();
    }

    fn counted(&self) -> Option<PhiloxNormals> {
        self.draws.counted()
    }
}

/// Runs networks in f32 on one device, one at a time. Workers each have their own.
pub struct Runner(Kind);

enum Kind {
    Cpu(Box<Scorer>),
    /// With the time that the last network's weights and images took.
    Graph(Engine, Duration),
}

impl Runner {
    /// # Errors
    /// The system gives no thread.
    pub fn new(device: &Device) -> Result<Runner, NetworkError> {
        Ok(Runner(match device.path() {
            Some(path) => {
                let scorer = Scorer::new(path, device.host_memory());
                Kind::Cpu(Box::new(scorer.with_prefixes(device.prefixes.clone())))
            }
            None => Kind::Graph(Engine::new(device.clone())?, Duration::ZERO),
        }))
    }

    /// Refuses what needs more than `bytes`, whatever the system has to give.
    pub fn with_memory_limit(self, bytes: u64) -> Runner {
        Runner(match self.0 {
            Kind::Cpu(scorer) => Kind::Cpu(Box::new(scorer.with_memory_limit(bytes))),
            Kind::Graph(engine, building) => Kind::Graph(engine.with_memory_limit(bytes), building),
        })
    }

    /// Bytes that the last network ran in; 0 where that is not known.
    pub fn memory_bytes(&self) -> u64 {
        match &self.0 {
            Kind::Cpu(scorer) => scorer.bytes(),
            Kind::Graph(..) => 0,
        }
    }

    /// Parts that the last network's batch was taken in: more than 1 where a GPU's memory was short.
    pub fn parts(&self) -> u32 {
        match &self.0 {
            Kind::Cpu(_) => 1,
            Kind::Graph(engine, _) => engine.parts(),
        }
    }

    /// Time the last network took before it could run: to be laid out, and its weights and images to be
    /// drawn.
    pub fn building(&self) -> Duration {
        match &self.0 {
            Kind::Cpu(scorer) => scorer.building(),
            Kind::Graph(_, building) => *building,
        }
    }

    /// Where the time of one evaluation goes; nothing where networks run as a graph.
    ///
    /// # Errors
    /// As [`Runner::perturb`].
    pub fn profile(
        &mut self,
        network: &PlainNetwork,
        draws: PhiloxNormals,
    ) -> Result<Vec<StepTime>, NetworkError> {
        match &mut self.0 {
            Kind::Cpu(scorer) => scorer.profile(network, 0.01, draws),
            Kind::Graph(..) => Ok(Vec::new()),
        }
    }

    /// Runs f(x) and f(x + `alpha`·ε) with one set of weights, all of them from `draws`.
    ///
    /// # Errors
    /// A network that would not fit in memory, one with a norm over single values, or a failure of
    /// the backend. Values that are not finite are no error here: they show in the result.
    pub fn perturb(
        &mut self,
        network: &PlainNetwork,
        alpha: f64,
        draws: PhiloxNormals,
    ) -> Result<Perturbation, NetworkError> {
        assert_eq!(network.input.precision, Precision::F32, "kernels run in f32");
        match &mut self.0 {
            Kind::Cpu(scorer) => scorer.perturb(network, alpha, draws),
            Kind::Graph(engine, building) => {
                let mut draws = Timed { draws, took: Duration::ZERO };
                let result = engine.perturb(network, alpha, &mut draws);
                *building = draws.took;
                result
            }
        }
    }
}
