//! Several proxies as one, by rank.
//!
//! Must not know where its standings come from. Invariant: better in one part, and no worse in the others, is never
//! worse; a part that is weighed below 0 is better where it is lower.

use std::time::Duration;

use super::{Evaluation, Failure, Proxy, Standing, measured::finite};
use crate::arch::Structure;

/// A proxy of a combination.
pub struct Part {
    /// Not 0.
    pub weight: f64,
    pub proxy: Box<dyn Proxy>,
    /// Where its values stand.
    pub standing: Standing,
}

/// Σ w · z / Σ |w| over the parts, z the normal score of a part's value: in standard deviations of the sample that
/// the values stand in.
pub struct Combined {
    name: String,
    parts: Vec<Part>,
}

impl Combined {
    /// `name` tells of it what a registry's tells of others.
    pub fn new(name: String, parts: Vec<Part>) -> Combined {
        Combined { name, parts }
    }
}

/// Σ w · z / Σ |w| of weights and normal scores.
pub fn weighted_mean(scores: impl Iterator<Item = (f64, f64)>) -> f64 {
    let add = |(sum, total): (f64, f64), (weight, score): (f64, f64)| {
        (sum + weight * score, total + weight.abs())
    };
    let (sum, total) = scores.fold((0.0, 0.0), add);
    sum / total
}

impl Proxy for Combined {
    fn name(&self) -> &str {
        &self.name
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let mut zen = None;
        let mut scores = Vec::with_capacity(self.parts.len());
        for Part { weight, proxy, standing } in &mut self.parts {
            let evaluation = proxy.evaluate(structure, seed, repeat)?;
            zen = zen.or(evaluation.zen);
            scores.push((*weight, standing.of(evaluation.score)));
        }
        let evaluation = finite(&self.name, weighted_mean(scores.into_iter()))?;
        Ok(Evaluation { zen, ..evaluation })
    }

    fn is_measured(&self) -> bool {
        self.parts.iter().any(|part| part.proxy.is_measured())
    }

    fn building(&self) -> Duration {
        self.parts.iter().map(|part| part.proxy.building()).sum()
    }

    fn remark(&self) -> Option<String> {
        let remarks: Vec<String> = self.parts.iter().filter_map(|p| p.proxy.remark()).collect();
        (!remarks.is_empty()).then(|| remarks.join("; "))
    }

    /// Parts keep what they ran in.
    fn memory_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.proxy.memory_bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nn::Device,
        proxy::{Settings, build},
        score::Definition,
    };

    const SETTINGS: Settings = Settings {
        definition: Definition::Table,
        batch: 2,
        resolution: 8,
        alpha: 0.01,
        classes: 10,
    };

    fn structures() -> Vec<Structure> {
        [8, 24, 16, 40, 32]
            .map(|width| {
                format!("SuperConvK3BNRELU(3,{width},1,1)SuperConvK1BNRELU({width},16,1,1)")
            })
            .map(|text| text.parse().expect("valid"))
            .to_vec()
    }

    fn scores(proxy: &mut dyn Proxy) -> Vec<f64> {
        let score = |structure| proxy.evaluate(structure, 1, 0).expect("a score").score;
        structures().iter().map(score).collect()
    }

    fn built(name: &str) -> Box<dyn Proxy> {
        build(name, &SETTINGS, &Device::cpu()).expect("known")
    }

    fn part(name: &str, weight: f64) -> Part {
        let standing = Standing::among(&scores(built(name).as_mut()));
        Part { weight, proxy: built(name), standing }
    }

    fn combined(parts: &[(&str, f64)]) -> Combined {
        let parts = parts.iter().map(|(name, weight)| part(name, *weight)).collect();
        Combined::new("a combination".to_owned(), parts)
    }

    /// Indices, best first.
    fn order(scores: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        order
    }

    #[test]
    fn one_part_ranks_as_it_does_alone() {
        for name in ["params", "zen", "naswot"] {
            let alone = order(&scores(built(name).as_mut()));
            for weight in [1.0, 0.001, 30.0] {
                assert_eq!(order(&scores(&mut combined(&[(name, weight)]))), alone, "{name}");
            }
            let mut turned = order(&scores(&mut combined(&[(name, -1.0)])));
            turned.reverse();
            assert_eq!(turned, alone, "{name}");
        }
        // What the parts agree on is the weight of both.
        let one = scores(&mut combined(&[("params", 1.0)]));
        assert_eq!(scores(&mut combined(&[("params", 1.0), ("flops", 3.0)])), one);
        let against = scores(&mut combined(&[("params", 1.0), ("flops", -1.0)]));
        assert!(against.iter().all(|score| *score == 0.0), "{against:?}");
    }

    #[test]
    fn it_tells_what_its_parts_do() {
        let mut counted = combined(&[("params", 1.0), ("entropy", 1.0)]);
        assert!(!counted.is_measured());
        let structure = &structures()[0];
        let of =
            |proxy: &mut Combined, repeat| proxy.evaluate(structure, 3, repeat).expect("scored");
        assert_eq!(of(&mut counted, 0), of(&mut counted, 1));
        assert_eq!(of(&mut counted, 0).zen, None);
        let mut measured = combined(&[("params", -0.5), ("zen", 1.0)]);
        assert!(measured.is_measured());
        assert_ne!(of(&mut measured, 0), of(&mut measured, 1));
        let zen = built("zen").evaluate(structure, 3, 0).expect("scored").zen;
        assert_eq!(of(&mut measured, 0).zen, zen);
        assert!(measured.memory_bytes() > 0);
        assert_eq!(measured.name(), "a combination");
    }
}
