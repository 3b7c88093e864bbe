//! The number of parameters as a proxy: a baseline, like FLOPs.

use super::{Evaluation, Failure, Proxy, Settings};
use crate::arch::{Counting, NetSpec, Structure, costs};

/// Trainable parameters, as budgets are judged: with shortcuts, counted `exact`. Without
/// squeeze-and-excitation, which the scored network never has.
pub struct Params {
    spec: NetSpec,
}

impl Params {
    pub const NAME: &str = "params";

    pub fn new(settings: &Settings) -> Params {
        Params { spec: NetSpec::residual(settings.resolution, settings.classes) }
    }
}

impl Proxy for Params {
    fn name(&self) -> &'static str {
        Params::NAME
    }

    fn is_measured(&self) -> bool {
        false
    }

    /// `seed` and `repeat` make no difference.
    fn evaluate(
        &mut self,
        structure: &Structure,
        _seed: u64,
        _repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let params = costs(structure, &self.spec, Counting::Exact).params;
        Ok(Evaluation { score: params as f64, zen: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    #[test]
    fn the_classifier_counts_and_the_resolution_does_not() {
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,2,1)SuperConvK1BNRELU(8,16,1,1)".parse().expect("valid");
        let settings = Settings {
            definition: Definition::Table,
            batch: 1,
            resolution: 8,
            alpha: 0.01,
            classes: 10,
        };
        let of =
            |settings| Params::new(&settings).evaluate(&structure, 1, 2).expect("a score").score;
        // Convs 3·8·3² and 8·16, norms of 2·8 and 2·16, the classifier's 16·10 and its bias.
        let expected = f64::from(216 + 128 + 16 + 32 + 170);
        assert_eq!(of(settings), expected);
        assert_eq!(of(Settings { resolution: 64, ..settings }), expected);
        assert_eq!(of(Settings { classes: 11, ..settings }), expected + 17.0);
    }
}
