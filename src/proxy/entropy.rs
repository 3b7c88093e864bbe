//! The entropy of a network's maps (Shen et al., *DeepMAD*, CVPR 2023; after Sun et al., *MAE-DET*, ICML 2022).

use super::{Evaluation, Failure, Proxy, Settings, measured::finite};
use crate::arch::{LayerList, NetSpec, Structure};

/// Σ over stages of α · log(r² c) · Σ ½ log(c_in k² / groups), the inner sum over all convs up to the stage's end, r
/// and c the side and channels of its last map. A stage ends where a block begins that halves the map, and at the last
/// block; α is 8 for the last stage and 1 for the others. An upper bound of a Gaussian map's differential entropy: it
/// follows from the structure, in microseconds.
pub struct Entropy(Settings);

impl Entropy {
    pub const NAME: &str = "entropy";
    /// Of the last stage; what comes before counts once (DeepMAD §4.4).
    const LAST: f64 = 8.0;

    pub fn new(settings: Settings) -> Entropy {
        Entropy(settings)
    }

    fn score(&self, structure: &Structure) -> f64 {
        let list = LayerList::new(structure, &NetSpec::plain(self.0.resolution, 1));
        let (mut widths, mut stages) = (0.0, Vec::new());
        let mut before = None;
        for (conv, at) in list.convs() {
            let begins = before.is_none_or(|(block, _)| block != at.block);
            if let Some((_, map)) = before.filter(|_| begins && at.block > 0) {
                let halves = structure.blocks()[at.block].stride > 1;
                if halves {
                    stages.push((map, widths));
                }
            }
            let fan = f64::from(conv.fan_channels()) * f64::from(conv.kernel.side()).powi(2);
            widths += 0.5 * fan.ln();
            before = Some((at.block, at.output));
        }
        stages.extend(before.map(|(_, map)| (map, widths)));
        let last = stages.len() - 1;
        let of_stage = |(stage, (map, widths)): (usize, &(crate::arch::Shape, f64))| {
            let weight = if stage == last { Entropy::LAST } else { 1.0 };
            weight * (map.elements() as f64).ln() * widths
        };
        stages.iter().enumerate().map(of_stage).sum()
    }
}

impl Proxy for Entropy {
    fn name(&self) -> &'static str {
        Entropy::NAME
    }

    fn is_measured(&self) -> bool {
        false
    }

    /// `seed` and `repeat` make no difference.
    fn evaluate(&mut self, structure: &Structure, _: u64, _: u32) -> Result<Evaluation, Failure> {
        finite("the entropy", self.score(structure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    #[test]
    fn stages_end_before_a_stride_and_at_the_end() {
        let (definition, batch) = (Definition::Table, 1);
        let settings = Settings { definition, batch, resolution: 32, alpha: 0.01, classes: 10 };
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,24,1)SuperConvK1BNRELU(16,40,1,1)"
                .parse()
                .expect("valid");
        let half_log = |fan: f64| 0.5 * fan.ln();
        let stem = half_log(27.0);
        let all = stem + half_log(8.0 * 9.0) + half_log(24.0 * 9.0) + half_log(16.0);
        let expected =
            (32.0 * 32.0 * 8.0_f64).ln() * stem + 8.0 * (16.0 * 16.0 * 40.0_f64).ln() * all;
        let found = Entropy::new(settings).evaluate(&structure, 1, 2).expect("a number");
        assert!((found.score - expected).abs() < 1e-12, "{} {expected}", found.score);
    }

    /// Depthwise convs have one input each.
    #[test]
    fn groups_divide_the_width() {
        let (definition, batch) = (Definition::Table, 1);
        let settings = Settings { definition, batch, resolution: 8, alpha: 0.01, classes: 10 };
        let structure: Structure = "SuperResIDWE2K5(3,16,1,8,1)".parse().expect("valid");
        // 1×1 3 → 16, 5×5 of 16, 1×1 16 → 8; 1×1 8 → 32, 5×5 of 32, 1×1 32 → 16.
        let fans = [3.0, 25.0, 16.0, 8.0, 25.0, 32.0_f64];
        let widths: f64 = fans.iter().map(|fan| 0.5 * fan.ln()).sum();
        let expected = 8.0 * (8.0 * 8.0 * 16.0_f64).ln() * widths;
        let found = Entropy::new(settings).evaluate(&structure, 1, 2).expect("a number");
        assert!((found.score - expected).abs() < 1e-12, "{} {expected}", found.score);
    }
}
