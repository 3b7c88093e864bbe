//! What a proxy's value is worth among others: its normal score in a sample.
//!
//! Values of different proxies can't be added: a FLOP is no nat. Ranks can. AZ-NAS (Lee & Ham, CVPR 2024) and TE-NAS
//! (Chen et al., ICLR 2021) rank within the population; here the sample stays what it is, so that a score does, too.
//! Invariant: finite, and never lower for a higher value.

/// Where values of one proxy stand in a sample of its values.
///
/// The value of rank r of n has the normal score of van der Waerden (*Order tests for the two-sample problem and their
/// power*, 1952), Φ⁻¹(r / (n + 1)), equal ones that of their mean rank. Between them it is linear. Beyond either end it
/// goes on as from the sample's quartile to that end, so that a search which leaves the sample behind still knows
/// better from worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Distinct values, rising, each with its normal score.
    knots: Vec<(f64, f64)>,
    /// Normal scores a unit of value, below the first knot and above the last; above 0 where there are two.
    slopes: (f64, f64),
}

impl Standing {
    /// Everything is worth the same: among nobody, nothing can be told.
    pub const NONE: Standing = Standing { knots: Vec::new(), slopes: (0.0, 0.0) };

    /// Among `sample`, finite values in any order.
    pub fn among(sample: &[f64]) -> Standing {
        let mut values = sample.to_vec();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mut knots = Vec::with_capacity(values.len());
        let mut below = 0;
        for equal in values.chunk_by(|a, b| a == b) {
            let mean_rank = below as f64 + (equal.len() as f64 + 1.0) / 2.0;
            knots.push((equal[0], normal_quantile(mean_rank / (n + 1.0))));
            below += equal.len();
        }
        let slopes = (end_slope(knots.iter()), end_slope(knots.iter().rev()));
        Standing { knots, slopes }
    }

    /// Whether the sample tells values apart.
    pub fn is_flat(&self) -> bool {
        self.knots.len() < 2
    }

    /// The normal score of a finite `value`; 0 for all where the sample tells none apart.
    pub fn of(&self, value: f64) -> f64 {
        let (Some(&first), Some(&last)) = (self.knots.first(), self.knots.last()) else {
            return 0.0;
        };
        let score = match self.knots.partition_point(|(knot, _)| *knot <= value) {
            0 => first.1 - slope_times(self.slopes.0, first.0, value),
            at if at == self.knots.len() => last.1 + slope_times(self.slopes.1, value, last.0),
            at => {
                let ((low, a), (high, b)) = (self.knots[at - 1], self.knots[at]);
                // Halved, so that no difference of finite values overflows; the least ones are none then.
                match high * 0.5 - low * 0.5 {
                    0.0 => a,
                    width => a + (b - a) * ((value * 0.5 - low * 0.5) / width).min(1.0),
                }
            }
        };
        score.clamp(-f64::MAX, f64::MAX)
    }
}

fn slope_times(slope: f64, high: f64, low: f64) -> f64 {
    (high * 0.5 - low * 0.5) * slope * 2.0
}

/// From the first of `knots`, an end of the sample, to the quartile next to it, or to the next knot where a quarter of
/// the sample or more is equal.
fn end_slope<'a>(mut knots: impl Iterator<Item = &'a (f64, f64)> + Clone) -> f64 {
    let Some(&(end, score)) = knots.next() else { return 0.0 };
    let is_inside = |(_, other): &&(f64, f64)| other * score.signum() <= normal_quantile(0.75);
    let Some(next) = knots.clone().next() else { return 0.0 };
    let &(inner, inner_score) = knots.find(is_inside).unwrap_or(next);
    let slope = (score - inner_score) / (end * 0.5 - inner * 0.5) * 0.5;
    // Of values that differ by less than a float can divide by.
    slope.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// Φ⁻¹(p) for p within 1e-11 of neither 0 nor 1, to 1e-15: Wichura, *Algorithm AS 241: the percentage points of the
/// normal distribution*, Applied Statistics 37 (1988), PPND16 without its farthest tails.
fn normal_quantile(p: f64) -> f64 {
    const CENTRE: ([f64; 8], [f64; 8]) = (
        [
            3.387_132_872_796_366_6,
            1.331_416_678_917_843_8e2,
            1.971_590_950_306_551_4e3,
            1.373_169_376_550_946e4,
            4.592_195_393_154_987e4,
            6.726_577_092_700_87e4,
            3.343_057_558_358_813e4,
            2.509_080_928_730_122_7e3,
        ],
        [
            1.0,
            4.231_333_070_160_091e1,
            6.871_870_074_920_579e2,
            5.394_196_021_424_751e3,
            2.121_379_430_158_659_7e4,
            3.930_789_580_009_271e4,
            2.872_908_573_572_194_3e4,
            5.226_495_278_852_854e3,
        ],
    );
    const TAIL: ([f64; 8], [f64; 8]) = (
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            2.417_807_251_774_506e-1,
            2.272_384_498_926_918_4e-2,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            6.897_673_349_851e-1,
            1.481_039_764_274_800_8e-1,
            1.519_866_656_361_645_7e-2,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    );
    let ratio = |(over, under): &([f64; 8], [f64; 8]), r: f64| {
        let at =
            |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
        at(over) / at(under)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, 0.425 * 0.425 - q * q);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    ratio(&TAIL, r - 1.6).copysign(q)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Python's `statistics.NormalDist().inv_cdf`.
    #[test]
    fn quantiles_are_the_normal_ones() {
        for (p, expected) in [
            (1.0 / 65.0, -2.160_044_423_184_282_4),
            (0.1, -1.281_551_565_544_600_8),
            (0.3, -0.524_400_512_708_040_7),
            (0.5, 0.0),
            (0.77, 0.738_846_849_185_213_7),
            (64.0 / 65.0, 2.160_044_423_184_283_7),
            (1e-6, -4.753_424_308_822_899),
        ] {
            let found = normal_quantile(p);
            assert!((found - expected).abs() < 1e-14, "{p}: {found} for {expected}");
        }
    }

    #[test]
    fn order_statistics_have_their_normal_scores() {
        let standing = Standing::among(&[3.0, 1.0, 100.0, 2.0]);
        let expected = [0.2, 0.4, 0.6, 0.8].map(normal_quantile);
        assert_eq!([1.0, 2.0, 3.0, 100.0].map(|value| standing.of(value)), expected);
        let between = standing.of(2.5);
        assert!((between - (expected[1] + expected[2]) / 2.0).abs() < 1e-12, "{between}");
    }

    #[test]
    fn equal_values_share_their_mean_rank() {
        let standing = Standing::among(&[5.0, 1.0, 5.0, 5.0, 9.0]);
        assert_eq!(standing.of(5.0), 0.0);
        assert_eq!(standing.of(1.0), -standing.of(9.0));
        for flat in [Standing::NONE, Standing::among(&[]), Standing::among(&[4.0; 9])] {
            assert!(flat.is_flat());
            assert_eq!([-1e300, 4.0, 5.0].map(|value| flat.of(value)), [0.0; 3]);
        }
        assert!(!standing.is_flat());
    }

    /// As from the quartile to the end: one that lies far out makes it no steeper than that.
    #[test]
    fn beyond_the_ends_it_goes_on() {
        let sample: Vec<f64> = (1..=7).map(f64::from).collect();
        let standing = Standing::among(&sample);
        let slope = (normal_quantile(7.0 / 8.0) - normal_quantile(6.0 / 8.0)) / 1.0;
        assert!((standing.of(9.0) - standing.of(7.0) - 2.0 * slope).abs() < 1e-12);
        assert!((standing.of(-1.0) - standing.of(1.0) + 2.0 * slope).abs() < 1e-12);
        // Half of it is equal to the best: the next below says how steep.
        let tied = Standing::among(&[1.0, 2.0, 3.0, 3.0, 3.0]);
        assert!(tied.of(4.0) > tied.of(3.0));
        assert!(tied.of(0.0) < tied.of(1.0));
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            -10.0..10.0,
            (-3_i32..3).prop_map(f64::from),
            prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
        ]
    }

    proptest! {
        #[test]
        fn higher_is_never_lower(
            sample in prop::collection::vec(value(), 0..40),
            mut values in prop::collection::vec(value(), 2..40),
        ) {
            let standing = Standing::among(&sample);
            values.extend(&sample);
            values.sort_by(f64::total_cmp);
            let scores: Vec<f64> = values.iter().map(|value| standing.of(*value)).collect();
            prop_assert!(scores.iter().all(|score| score.is_finite()), "{:?}", scores);
            // A rounding may undo what a rounding did.
            let falls = scores.windows(2).find(|pair| pair[1] < pair[0] - 1e-12 * pair[0].abs().max(1.0));
            prop_assert_eq!(falls, None);
        }

        /// Between and beyond distinct values of usual size it never stands still.
        #[test]
        fn higher_is_higher(mut sample in prop::collection::vec(-1000_i32..1000, 2..40)) {
            sample.sort_unstable();
            sample.dedup();
            let values: Vec<f64> = sample.iter().copied().map(f64::from).collect();
            let standing = Standing::among(&values);
            prop_assume!(!standing.is_flat());
            let asked: Vec<f64> = (-1100..1100).map(f64::from).collect();
            let rises = asked.windows(2).all(|pair| standing.of(pair[0]) < standing.of(pair[1]));
            prop_assert!(rises);
        }
    }
}
