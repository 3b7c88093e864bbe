//! Costs as proxies: baselines that grow a network up to its budgets and look no further.

use super::{Evaluation, Failure, Proxy, Settings};
use crate::arch::{Costs, Counting, NetSpec, Structure, costs};

/// A cost as budgets are judged: with shortcuts, counted `exact`. Without squeeze-and-excitation, which the
/// scored network never has.
pub(super) struct Counted {
    name: &'static str,
    spec: NetSpec,
    of: fn(&Costs) -> f64,
}

impl Counted {
    pub(super) const FLOPS: &str = "flops";
    pub(super) const PARAMS: &str = "params";

    /// Multiply-adds of one sample.
    pub(super) fn flops(settings: &Settings) -> Counted {
        Counted::new(Counted::FLOPS, settings, |costs| costs.flops as f64)
    }

    /// Trainable parameters.
    pub(super) fn params(settings: &Settings) -> Counted {
        Counted::new(Counted::PARAMS, settings, |costs| costs.params as f64)
    }

    fn new(name: &'static str, settings: &Settings, of: fn(&Costs) -> f64) -> Counted {
        let spec = NetSpec::residual(settings.resolution, settings.classes);
        Counted { name, spec, of }
    }
}

impl Proxy for Counted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_measured(&self) -> bool {
        false
    }

    /// `seed` and `repeat` make no difference.
    fn evaluate(&mut self, structure: &Structure, _: u64, _: u32) -> Result<Evaluation, Failure> {
        let costs = costs(structure, &self.spec, Counting::Exact);
        Ok(Evaluation { score: (self.of)(&costs), zen: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    const SETTINGS: Settings = Settings {
        definition: Definition::Table,
        batch: 1,
        resolution: 8,
        alpha: 0.01,
        classes: 10,
    };

    fn score(mut counted: Counted) -> f64 {
        let structure =
            "SuperConvK3BNRELU(3,8,2,1)SuperConvK1BNRELU(8,16,1,1)".parse().expect("valid");
        let evaluation = counted.evaluate(&structure, 1, 2).expect("a score");
        assert_eq!(evaluation.zen, None);
        evaluation.score
    }

    #[test]
    fn multiply_adds_are_counted_at_the_scored_resolution() {
        let of = |settings| score(Counted::flops(&settings));
        // 3·8·3² and 8·16 weights on 4² maps, and the classifier's 16·10.
        assert_eq!(of(SETTINGS), f64::from((216 + 128) * 16 + 160));
        assert_eq!(of(Settings { resolution: 16, ..SETTINGS }), f64::from((216 + 128) * 64 + 160));
        assert_eq!(of(Settings { classes: 20, ..SETTINGS }), f64::from((216 + 128) * 16 + 320));
    }

    #[test]
    fn the_classifier_counts_and_the_resolution_does_not() {
        let of = |settings| score(Counted::params(&settings));
        // Convs 3·8·3² and 8·16, norms of 2·8 and 2·16, the classifier's 16·10 and its bias.
        let expected = f64::from(216 + 128 + 16 + 32 + 170);
        assert_eq!(of(SETTINGS), expected);
        assert_eq!(of(Settings { resolution: 64, ..SETTINGS }), expected);
        assert_eq!(of(Settings { classes: 11, ..SETTINGS }), expected + 17.0);
    }
}
