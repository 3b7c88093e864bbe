//! Values by name, one below another.

use serde::{Deserialize, Serialize};

use super::Mark;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    pub title: String,
    /// What their lengths are, from 0.
    pub label: String,
    pub rows: Vec<Bar>,
    /// A length that means something, by [`Mark::x`].
    pub mark: Option<Mark>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    pub name: String,
    /// Finite.
    pub value: f64,
    /// Where it may lie: both ends.
    pub interval: Option<(f64, f64)>,
}

impl Bars {
    /// What they are drawn between: 0 and round numbers around them all; None without bars.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let ends = self.rows.iter().flat_map(|bar| {
            let (low, high) = bar.interval.unwrap_or((bar.value, bar.value));
            [bar.value, low, high]
        });
        let ends = ends.chain(self.mark.iter().map(|mark| mark.x));
        let range = |(low, high): (f64, f64), end: f64| (low.min(end), high.max(end));
        let (low, high) = ends.fold((0.0, 0.0), range);
        let outwards = |end: f64| {
            if end == 0.0 {
                return 0.0;
            }
            // Halves of a power of ten; a quotient of whole numbers is as round as it looks.
            let power = end.abs().log10().floor() as i32;
            let halves = (end.abs() * 10_f64.powi(-power) * 2.0).ceil();
            let size = match power {
                0.. => halves * 10_f64.powi(power) / 2.0,
                _ => halves / (2.0 * 10_f64.powi(-power)),
            };
            size.copysign(end)
        };
        (!self.rows.is_empty() && high > low).then(|| (outwards(low), outwards(high)))
    }

    pub(super) fn is_finite(&self) -> bool {
        let bar = |bar: &Bar| {
            let (low, high) = bar.interval.unwrap_or_default();
            [bar.value, low, high].into_iter().all(f64::is_finite)
        };
        self.rows.iter().all(bar) && self.mark.as_ref().is_none_or(|mark| mark.x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_is_round_and_has_0() {
        let bars = |values: &[f64], mark: Option<f64>| Bars {
            title: String::new(),
            label: String::new(),
            rows: values
                .iter()
                .map(|value| Bar { name: String::new(), value: *value, interval: None })
                .collect(),
            mark: mark.map(|x| Mark { x, text: String::new() }),
        };
        assert_eq!(bars(&[0.218, 0.556], Some(0.896)).extent(), Some((0.0, 0.9)));
        assert_eq!(bars(&[-0.12, 0.5], None).extent(), Some((-0.15, 0.5)));
        assert_eq!(bars(&[13.0, 21.0], None).extent(), Some((0.0, 25.0)));
        assert_eq!(bars(&[0.0], None).extent(), None);
        assert_eq!(bars(&[], Some(1.0)).extent(), None);
    }
}
