//! Parts of screens: each draws plain values into given columns and rows. Must not know the model.

pub mod axis;
pub mod bars;
pub mod comparison;
pub mod confirmation;
pub mod convergence;
pub mod courses;
pub mod diagram;
pub mod fold;
pub mod gauge;
pub mod histogram;
pub mod layers;
pub mod lineage;
pub mod plot;
pub mod population_table;
pub mod ranking;
pub mod ribs;
pub mod scatter;
pub mod time;

/// Bounds around `low..=high` that are multiples of a round step, so that an axis moves seldom.
/// Labels have one decimal: over less than this they would repeat.
const LEAST_RANGE: f64 = 0.6;

pub fn round_bounds(low: f64, high: f64) -> (f64, f64) {
    let range = (high - low).max(LEAST_RANGE);
    let step = round_step(range / 6.0);
    let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    if low < high { (low, high) } else { (low - step, high + step) }
}

/// The least of 1, 2, 5 times a power of ten that isn't less than `least`, which is more than 0.
pub fn round_step(least: f64) -> f64 {
    let magnitude = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|m| m * magnitude).find(|step| *step >= least);
    step.unwrap_or(10.0 * magnitude)
}

/// The bound of the scores, where an axis from `low` to `high` can show it without pressing what is
/// there into less than two thirds of its room.
pub fn near_bound(bound: Option<f64>, (low, high): (f64, f64)) -> Option<f64> {
    let range = (high - low).max(LEAST_RANGE);
    bound.filter(|bound| bound - high <= range / 2.0 && *bound >= low)
}

/// The least round number of counts that holds `value`.
pub fn round_up(value: u64) -> u64 {
    let mut magnitude = 1_u64;
    loop {
        for step in [10, 12, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100] {
            let bound = step * magnitude;
            if bound / 10 >= value && bound.is_multiple_of(10) {
                return (bound / 10).max(2);
            }
        }
        match magnitude.checked_mul(10) {
            Some(next) if next <= u64::MAX / 1_000 => magnitude = next,
            _ => return value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_bounds() {
        assert_eq!(round_bounds(152.3, 193.2), (150.0, 200.0));
        let (low, high) = round_bounds(5.0, 5.0);
        assert!(low < 5.0 && high > 5.0 || low < high);
        let table = [(0, 2), (1, 2), (7, 7), (11, 12), (46_402, 50_000), (96_000, 100_000)];
        for (value, bound) in table {
            assert_eq!(round_up(value), bound, "{value}");
        }
    }
}
