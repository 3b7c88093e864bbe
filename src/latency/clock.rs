//! Latencies by the tables that budgets go by.

use std::sync::Arc;

use super::{Predictor, fused};
use crate::arch::{Block, Latencies, LayerAt, MOST_LATENCIES, NetSpec, Shape, Structure};

/// One predictor or more, in the order of the budgets that ask them.
///
/// Two are equal where their tables and batches are.
#[derive(Clone, Debug)]
pub struct Clock(Vec<Arc<Predictor>>);

impl Clock {
    /// None for no predictor, and for more than [`MOST_LATENCIES`].
    pub fn new(predictors: Vec<Arc<Predictor>>) -> Option<Clock> {
        (1..=MOST_LATENCIES).contains(&predictors.len()).then_some(Clock(predictors))
    }

    pub fn predictors(&self) -> &[Arc<Predictor>] {
        &self.0
    }

    fn each(&self, ms: impl Fn(&Predictor) -> f64) -> Latencies {
        let mut list = [0.0; MOST_LATENCIES];
        list.iter_mut().zip(&self.0).for_each(|(to, predictor)| *to = ms(predictor));
        Latencies::of(&list[..self.0.len()]).expect("no more than there may be")
    }

    /// What a block adds behind maps of side `side`.
    pub fn block(&self, block: &Block, side: u32, spec: &NetSpec) -> Latencies {
        self.each(|predictor| predictor.block_ms(block, side, spec))
    }

    /// What pool and classifier behind `maps` add, with what a network costs beside its layers.
    pub fn head(&self, maps: Shape, spec: &NetSpec) -> Latencies {
        self.each(|predictor| predictor.head_ms(maps, spec))
    }

    /// What one layer of the list adds; `sum` where the maps of a shortcut are added to what a conv gives.
    pub fn layer(&self, at: &LayerAt, sum: bool) -> Latencies {
        self.each(|predictor| {
            let mut ms = 0.0;
            fused(at, sum, &mut |layer| ms += predictor.layer_ms(&layer));
            ms
        })
    }

    /// Of a whole network.
    pub fn net(&self, structure: &Structure, spec: &NetSpec) -> Latencies {
        self.each(|predictor| predictor.net_ms(structure, spec))
    }
}

impl PartialEq for Clock {
    fn eq(&self, other: &Clock) -> bool {
        let makes = |clock: &Clock| -> Vec<(u64, u32)> {
            clock.0.iter().map(|p| (p.digest(), p.batch())).collect()
        };
        makes(self) == makes(other)
    }
}
