//! What a score is: the three definitions in use, the parts one evaluation gives, a value with its
//! noise. Plain values that search, proxies and screens share; must not know how one is computed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which Zen-Score: a number means nothing without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Definition {
    /// Algorithm 1 as printed: Δ the Frobenius norm, σ² the biased batch variance of the clean pass.
    Paper,
    /// Δ the L1 sum; reproduces the paper's Table 5.
    Table,
    /// As the reference searches: Δ the L1 sum, σ² the running variance after both passes.
    Reference,
}

impl Definition {
    pub const ALL: [Definition; 3] = [Definition::Paper, Definition::Table, Definition::Reference];

    pub fn name(self) -> &'static str {
        match self {
            Definition::Paper => "paper",
            Definition::Table => "table",
            Definition::Reference => "reference",
        }
    }
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything one evaluation of the Zen-Score gives; natural logarithms throughout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZenParts {
    /// log of the batch mean of the per-sample L1 sum of f(x) − f(x + αε).
    pub log_delta_l1: f64,
    /// The same with the per-sample Frobenius norm.
    pub log_delta_l2: f64,
    /// Per norm layer, in network order: ½·log of the channel mean of the clean pass's biased batch
    /// variance.
    pub log_sigma: Vec<f64>,
    /// The same from the running variance after both passes (momentum 0.1, started at 1).
    pub log_sigma_running: Vec<f64>,
}

impl ZenParts {
    pub fn log_delta(&self, definition: Definition) -> f64 {
        match definition {
            Definition::Paper => self.log_delta_l2,
            Definition::Table | Definition::Reference => self.log_delta_l1,
        }
    }

    /// log σ̄ per norm layer, in network order.
    pub fn layers(&self, definition: Definition) -> &[f64] {
        match definition {
            Definition::Paper | Definition::Table => &self.log_sigma,
            Definition::Reference => &self.log_sigma_running,
        }
    }

    /// Σ log σ̄ over the norm layers.
    pub fn bn_sum(&self, definition: Definition) -> f64 {
        self.layers(definition).iter().sum()
    }

    /// Zen = log Δ + Σ log σ̄ (Algorithm 1, step 6).
    pub fn score(&self, definition: Definition) -> f64 {
        self.log_delta(definition) + self.bn_sum(definition)
    }
}

/// A mean over repeats with its spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanStd {
    pub mean: f64,
    /// Sample standard deviation (n − 1); none for a single value.
    pub std: Option<f64>,
}

impl MeanStd {
    /// Of at least one value.
    pub fn of(values: &[f64]) -> MeanStd {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let std = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        MeanStd { mean, std }
    }
}

/// Standard error of a mean of `n` draws with sample standard deviation `std`.
pub fn standard_error(std: f64, n: u32) -> f64 {
    std / f64::from(n.max(1)).sqrt()
}

/// Half the width of the 95 % confidence interval of a mean of `n` draws with sample standard
/// deviation `std`, by Student's t; infinite for a single draw.
pub fn half_width_95(std: f64, n: u32) -> f64 {
    match n {
        0 | 1 => f64::INFINITY,
        n => student_t_975(n - 1) * standard_error(std, n),
    }
}

/// Whether a draw of each of two networks, with standard deviation `std`, could tell that their means
/// are `gap` apart: the difference of the draws has √2 times the deviation, and the gap is at least
/// two of those.
pub fn told_apart_by_a_draw(gap: f64, std: f64) -> bool {
    gap.abs() >= 2.0 * std::f64::consts::SQRT_2 * std
}

/// The 97.5 % quantile of Student's t: a table where the tails are fat, else the normal quantile with
/// the first two terms of its Cornish–Fisher expansion (off by less than .003).
fn student_t_975(degrees: u32) -> f64 {
    const TABLE: [f64; 10] =
        [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    let index = (degrees as usize).saturating_sub(1);
    TABLE.get(index).copied().unwrap_or_else(|| {
        let (z, v) = (1.959_964_f64, f64::from(degrees));
        z + (z.powi(3) + z) / (4.0 * v)
            + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
    })
}

/// The score of a candidate as search and screens see it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean over the repeats; what evolution maximises. Always finite.
    pub value: f64,
    /// Standard deviation of one draw; none for a single repeat.
    pub std: Option<f64>,
    /// Draws of weights and images; 0 for a score that follows from the structure.
    pub repeats: u32,
    /// log Δ and Σ log σ̄, means over the repeats, where the proxy has them.
    pub log_delta: Option<f64>,
    pub bn_sum: Option<f64>,
}

impl Score {
    /// Whether it follows from the structure, without a draw and without noise.
    pub fn is_analytic(&self) -> bool {
        self.repeats == 0
    }

    /// Whether every number of it is one.
    pub fn is_finite(&self) -> bool {
        let parts = [self.std, self.log_delta, self.bn_sum];
        self.value.is_finite() && parts.into_iter().flatten().all(f64::is_finite)
    }

    /// Of both scores' draws together.
    pub fn merged(&self, other: &Score) -> Score {
        let (n, m) = (f64::from(self.repeats), f64::from(other.repeats));
        let mean = |a: f64, b: f64| (n * a + m * b) / (n + m);
        // Chan, Golub & LeVeque 1979: squares about the common mean.
        let squares = |score: &Score, n: f64| score.std.map_or(0.0, |std| std * std * (n - 1.0));
        let gap = other.value - self.value;
        let sum = squares(self, n) + squares(other, m) + gap * gap * n * m / (n + m);
        let parts = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| mean(a, b));
        Score {
            value: mean(self.value, other.value),
            std: Some((sum / (n + m - 1.0)).sqrt()),
            repeats: self.repeats + other.repeats,
            log_delta: parts(self.log_delta, other.log_delta),
            bn_sum: parts(self.bn_sum, other.bn_sum),
        }
    }
}

/// Standard deviation of one draw, pooled over groups of (its estimate, number of draws); none where
/// no group has two draws.
pub fn pooled_std(groups: impl Iterator<Item = (f64, u32)>) -> Option<f64> {
    let (squares, degrees) =
        groups.filter(|&(_, n)| n >= 2).fold((0.0, 0.0), |(s, d), (std, n)| {
            let degrees = f64::from(n - 1);
            (s + std * std * degrees, d + degrees)
        });
    (degrees > 0.0).then(|| (squares / degrees).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles from any statistics table.
    #[test]
    fn intervals_are_wide_for_few_draws() {
        assert_eq!(half_width_95(1.0, 1), f64::INFINITY);
        for (n, t) in [(2, 12.706), (8, 2.365), (12, 2.201), (21, 2.086), (1001, 1.962)] {
            let expected = t / f64::from(n).sqrt();
            assert!((half_width_95(1.0, n) / expected - 1.0).abs() < 1e-3, "{n}");
        }
    }

    #[test]
    fn a_draw_tells_what_is_two_deviations_apart() {
        assert!(told_apart_by_a_draw(-2.83, 1.0) && told_apart_by_a_draw(2.83, 1.0));
        assert!(!told_apart_by_a_draw(2.82, 1.0));
        assert!(told_apart_by_a_draw(0.1, 0.0));
        assert!(!told_apart_by_a_draw(f64::NAN, 1.0));
    }

    #[test]
    fn merged_scores_are_those_of_all_draws() {
        let of = |draws: &[f64]| {
            let MeanStd { mean, std } = MeanStd::of(draws);
            let repeats = draws.len() as u32;
            Score { value: mean, std, repeats, log_delta: Some(mean), bn_sum: None }
        };
        let draws = [1.5, 2.0, 4.25, 3.0, -1.0];
        for split in 1..5 {
            let merged = of(&draws[..split]).merged(&of(&draws[split..]));
            let whole = of(&draws);
            assert!((merged.value - whole.value).abs() < 1e-12);
            assert!((merged.std.expect("five") - whole.std.expect("five")).abs() < 1e-12);
            assert_eq!((merged.repeats, merged.log_delta), (5, Some(merged.value)));
            assert_eq!(merged.bn_sum, None);
        }
    }

    #[test]
    fn noise_is_pooled_by_degrees_of_freedom() {
        assert_eq!(pooled_std([(7.0, 1)].into_iter()), None);
        let pooled = pooled_std([(1.0, 2), (2.0, 4), (9.0, 0)].into_iter());
        assert_eq!(pooled, Some((13.0_f64 / 4.0).sqrt()));
    }

    #[test]
    fn spread_is_the_sample_standard_deviation() {
        assert_eq!(MeanStd::of(&[3.0]), MeanStd { mean: 3.0, std: None });
        assert_eq!(MeanStd::of(&[1.0, 3.0]), MeanStd { mean: 2.0, std: Some(2.0_f64.sqrt()) });
    }
}
