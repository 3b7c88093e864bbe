//! What latency tables say of networks that are shown. Must not know how that is found out, or drawn. Invariant: what
//! was asked for is not asked for again before it is answered.

use std::collections::VecDeque;

use crate::{
    arch::{Latencies, Structure},
    run::{LatencyPrediction, Predicted},
};

/// Networks that are remembered: the published ones, and those that were looked at last.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub struct Predictions {
    /// The newest last.
    known: VecDeque<(Structure, Vec<LatencyPrediction>)>,
    /// What is on its way.
    asked: Vec<Structure>,
}

impl Predictions {
    /// By each table; nothing where that isn't known.
    pub fn of(&self, structure: &Structure) -> &[LatencyPrediction] {
        let found = self.known.iter().find(|(known, _)| known == structure);
        found.map_or(&[], |(_, predicted)| predicted)
    }

    /// Milliseconds by each table; none where that isn't known.
    pub fn latencies(&self, structure: &Structure) -> Option<Latencies> {
        let ms: Vec<f64> = self.of(structure).iter().map(|by| by.ms).collect();
        Latencies::of(&ms).filter(|_| !ms.is_empty())
    }

    /// Those of `wanted` that are to be asked for now: nothing while an answer is on its way.
    pub fn ask<'a>(&mut self, wanted: impl Iterator<Item = &'a Structure>) -> Vec<Structure> {
        if !self.asked.is_empty() {
            return Vec::new();
        }
        for structure in wanted {
            let is_known = self.known.iter().any(|(known, _)| known == structure);
            if !is_known && !self.asked.contains(structure) && self.asked.len() < MOST {
                self.asked.push(structure.clone());
            }
        }
        self.asked.clone()
    }

    /// Takes an answer. What was asked for and isn't in it can't be told.
    pub fn hear(&mut self, predicted: Predicted) {
        let mut told: Predicted =
            std::mem::take(&mut self.asked).into_iter().map(|s| (s, Vec::new())).collect();
        for (structure, by) in predicted {
            if let Some((_, slot)) = told.iter_mut().find(|(asked, _)| *asked == structure) {
                *slot = by;
            }
        }
        self.known.extend(told);
        let surplus = self.known.len().saturating_sub(MOST);
        self.known.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::published_nets;

    #[test]
    fn each_is_asked_for_once() {
        let nets: Vec<Structure> = published_nets().take(3).map(|net| net.structure).collect();
        let mut predictions = Predictions::default();
        assert_eq!(predictions.ask(nets[..2].iter().chain(&nets[..1])), nets[..2]);
        assert_eq!(predictions.ask(nets.iter()), [], "an answer is on its way");
        // Of one of them nothing can be told.
        predictions.hear(vec![(nets[2].clone(), Vec::new())]);
        assert_eq!(predictions.of(&nets[0]), []);
        assert_eq!(predictions.latencies(&nets[0]), None);
        assert_eq!(predictions.ask(nets.iter()), nets[2..]);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let text = |width: u32| format!("SuperConvK3BNRELU(3,{},1,1)", 8 * width);
        let net = |width: u32| text(width).parse::<Structure>().expect("a structure");
        let mut predictions = Predictions::default();
        for width in 1..=MOST as u32 + 1 {
            assert_eq!(predictions.ask([net(width)].iter()).len(), 1);
            predictions.hear(Vec::new());
        }
        assert_eq!(predictions.ask([net(2)].iter()), []);
        assert_eq!(predictions.ask([net(1)].iter()), [net(1)]);
    }
}
