//! What a max-pool leaves of rectified values, in closed form.
//!
//! Behind a conv of random weights on unrelated pixels, neighbours are nearly unrelated as well: the
//! values under a window are taken for independent standard normals, rectified. Must not know: convs.
//! Invariant: unrelated passes are one variance apart.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::recursion::relu_distance;

/// A map behind a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// Mean square of a value.
    pub(super) second: f64,
    /// Square of the mean.
    pub(super) mean_squared: f64,
    /// Values under a window, a mean.
    values: f64,
}

impl Pooled {
    /// By windows of `side` pixels, padded by (side − 1) / 2, with `stride` over maps of `resolution`
    /// pixels a side.
    pub(super) fn new(side: u32, stride: u32, resolution: u32) -> Pooled {
        let padding = (side - 1) / 2;
        let outputs = resolution.div_ceil(stride);
        // Rows under a window, and how many windows have so many.
        let mut rows = vec![0_u32; side as usize + 1];
        for first in (0..outputs).map(|at| at * stride) {
            let start = first.saturating_sub(padding);
            rows[((first + side - padding).min(resolution) - start) as usize] += 1;
        }
        let seen = || (1..).zip(&rows[1..]).filter(|(_, windows)| **windows > 0);
        let [mut mean, mut second, mut values] = [0.0; 3];
        for ((a, of_a), (b, of_b)) in seen().flat_map(|a| seen().map(move |b| (a, b))) {
            let share = f64::from(*of_a) * f64::from(*of_b) / f64::from(outputs).powi(2);
            let [one, two] = largest_moments(a * b);
            mean += share * one;
            second += share * two;
            values += share * f64::from(a * b);
        }
        Pooled { second, mean_squared: mean * mean, values }
    }

    /// Half the mean squared distance of the largest values of two passes whose values correlate by
    /// 1 − `u`.
    ///
    /// Its derivative is the probability that both passes have their largest at the same place (by
    /// Plackett's identity, as d Φ₂/dρ is the bivariate density): 1 for equal passes, falling by √u, and
    /// 1/m for unrelated ones. Between them stands the power of 1 − √u that makes the integral over all
    /// u the variance.
    pub(super) fn distance(&self, u: f64) -> f64 {
        let variance = self.second - self.mean_squared;
        let by_chance = 1.0 / self.values;
        if self.values < 3.0 {
            // Hardly a pool: nearly a ReLU.
            return relu_distance(u) * variance / (0.5 - 0.5 / PI);
        }
        let product = 2.0 * (1.0 - by_chance) / (variance - by_chance);
        let power = 0.5 * ((1.0 + 4.0 * product).sqrt() - 3.0);
        let apart = 1.0 - u.sqrt();
        let integral =
            |w: f64| w.powf(power + 1.0) / (power + 1.0) - w.powf(power + 2.0) / (power + 2.0);
        by_chance * u + (1.0 - by_chance) * 2.0 * (integral(1.0) - integral(apart))
    }
}

/// Mean and mean square of the largest of `count` independent standard normals, or of 0 where that is
/// larger: ∫ 1 − Φ(x)^count dx and ∫ 2x·(1 − Φ(x)^count) dx from 0 on, by Simpson's rule.
fn largest_moments(count: u32) -> [f64; 2] {
    const END: f64 = 9.0;
    const STEPS: u32 = 600;
    let width = END / f64::from(STEPS);
    let mut sums = [0.0; 2];
    for step in 0..=STEPS {
        let x = f64::from(step) * width;
        let weight = match step {
            0 | STEPS => 1.0,
            _ if step % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let below = 0.5 * libm::erfc(-x * FRAC_1_SQRT_2);
        let above = 1.0 - below.powi(count as i32);
        sums[0] += weight * above;
        sums[1] += weight * 2.0 * x * above;
    }
    sums.map(|sum| sum * width / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Normals, Purpose};

    /// Moments of order statistics, as tables of the normal distribution have them (Teichroew 1956); where
    /// all nine are below 0, which is once in 512, a ReLU makes a small difference.
    #[test]
    fn largest_values_have_their_moments() {
        let [mean, second] = largest_moments(9);
        assert!((mean - 1.485_01).abs() < 5e-4, "{mean}");
        assert!((second - mean * mean - 0.3574).abs() < 1e-3);
        let [mean, second] = largest_moments(1);
        let expected = 1.0 / (2.0 * PI).sqrt();
        assert!((mean - expected).abs() < 1e-9 && (second - 0.5).abs() < 1e-9, "{mean} {second}");
    }

    #[test]
    fn passes_are_a_variance_apart_at_most() {
        for (side, stride, resolution) in [(3, 2, 112), (3, 2, 5), (3, 1, 2), (3, 2, 1)] {
            let pooled = Pooled::new(side, stride, resolution);
            let variance = pooled.second - pooled.mean_squared;
            assert!((pooled.distance(1.0) - variance).abs() < 1e-12, "{pooled:?}");
            assert!(pooled.distance(0.0).abs() < 1e-12);
            let steps: Vec<f64> = (0..=50).map(|i| pooled.distance(f64::from(i) / 50.0)).collect();
            assert!(steps.is_sorted(), "{pooled:?}");
        }
    }

    /// Against draws of nine values and nine others: within 5 % of the distance.
    #[test]
    fn distances_are_those_of_draws() {
        let pooled = Pooled { values: 9.0, ..Pooled::new(3, 2, 4000) };
        const DRAWS: usize = 40_000;
        let mut normals = vec![0.0_f32; DRAWS * 18];
        Normals::new(3, Purpose::Input, 0, 0).fill(&mut normals);
        for u in [1e-4, 1e-2, 0.1, 0.4, 0.8_f64] {
            let mut sum = 0.0;
            for draw in normals.chunks_exact(18) {
                let mut largest = [0.0_f64; 2];
                for pair in draw.chunks_exact(2) {
                    let a = f64::from(pair[0]);
                    let b = (1.0 - u) * a + (u * (2.0 - u)).sqrt() * f64::from(pair[1]);
                    largest = [largest[0].max(a), largest[1].max(b)];
                }
                sum += (largest[0] - largest[1]).powi(2);
            }
            let drawn = sum / DRAWS as f64 / 2.0;
            let error = pooled.distance(u) / drawn - 1.0;
            assert!(error.abs() < 0.05, "{u}: {error}");
        }
    }
}
