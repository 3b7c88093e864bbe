//! FLOPs as a proxy: the baseline that grows a network up to its budgets and looks no further.

use super::{Evaluation, Failure, Proxy, Settings};
use crate::arch::{Counting, NetSpec, Structure, costs};

/// Multiply-adds of one sample, as budgets are judged: with shortcuts, counted `exact`. Without
/// squeeze-and-excitation, which the scored network never has.
pub struct Flops {
    spec: NetSpec,
}

impl Flops {
    pub const NAME: &str = "flops";

    pub fn new(settings: &Settings) -> Flops {
        Flops { spec: NetSpec::residual(settings.resolution, settings.classes) }
    }
}

impl Proxy for Flops {
    fn name(&self) -> &'static str {
        Flops::NAME
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
        let flops = costs(structure, &self.spec, Counting::Exact).flops;
        Ok(Evaluation { score: flops as f64, zen: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    #[test]
    fn multiply_adds_are_counted_at_the_scored_resolution() {
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,2,1)SuperConvK1BNRELU(8,16,1,1)".parse().expect("valid");
        let settings = Settings {
            definition: Definition::Table,
            batch: 1,
            resolution: 8,
            alpha: 0.01,
            classes: 10,
        };
        let of = |settings| {
            let evaluation = Flops::new(&settings).evaluate(&structure, 1, 2).expect("a score");
            assert_eq!(evaluation.zen, None);
            evaluation.score
        };
        // 3·8·3² and 8·16 weights on 4² maps, and the classifier's 16·10.
        assert_eq!(of(settings), f64::from((216 + 128) * 16 + 160));
        assert_eq!(of(Settings { resolution: 16, ..settings }), f64::from((216 + 128) * 64 + 160));
        assert_eq!(of(Settings { classes: 20, ..settings }), f64::from((216 + 128) * 16 + 320));
    }
}
