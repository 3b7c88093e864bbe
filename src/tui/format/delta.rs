//! Amounts with a sign, in columns.

use super::with_minus;

/// One unit for a column of differences, with two or three figures for the largest: at most 5 cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeltaUnit {
    scale: f64,
    decimals: usize,
    pub symbol: &'static str,
}

impl DeltaUnit {
    /// For differences up to `largest`, whatever its sign.
    pub fn for_up_to(largest: f64) -> DeltaUnit {
        let largest = largest.abs();
        let units =
            [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
        // What would round up to four figures takes the next unit.
        let fits = |(scale, _): &(f64, &str)| largest >= 0.9995 * scale;
        let (scale, symbol) = units.into_iter().find(fits).unwrap_or((1.0, ""));
        let decimals = match largest / scale {
            _ if symbol.is_empty() => 0,
            x if x < 9.95 => 1,
            _ => 0,
        };
        DeltaUnit { scale, decimals, symbol }
    }

    /// The digits, without the symbol; none of what rounds to nothing.
    pub fn digits(&self, value: f64) -> Option<String> {
        let text = format!("{:+.*}", self.decimals, value / self.scale);
        let any = text.contains(|c: char| ('1'..='9').contains(&c));
        any.then(|| with_minus(text))
    }
}

/// A difference of scores in 6 cells: 2 decimals below 100. None of what rounds to nothing.
pub fn score_delta(value: f64) -> Option<String> {
    let decimals = match value.abs() {
        v if !v.is_finite() => return Some(super::NONE.to_owned()),
        v if v < 99.995 => 2,
        v if v < 999.95 => 1,
        _ => 0,
    };
    let text = format!("{value:+.decimals$}");
    (text != "+0.00" && text != "-0.00").then(|| with_minus(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_take_five_cells() {
        let shown = |largest: f64, value: f64| {
            let unit = DeltaUnit::for_up_to(largest);
            unit.digits(value).map(|digits| digits + unit.symbol)
        };
        assert_eq!(shown(-298e3, 196_400.0).as_deref(), Some("+196k"));
        assert_eq!(shown(298e3, -700.0).as_deref(), Some("−1k"));
        assert_eq!(shown(298e3, 300.0), None);
        assert_eq!(shown(1.94e9, 1.94e9).as_deref(), Some("+1.9G"));
        assert_eq!(shown(999_600.0, 999_600.0).as_deref(), Some("+1.0M"));
        assert_eq!(shown(24e6, 24e6).as_deref(), Some("+24M"));
        assert_eq!(shown(12.0, -12.0).as_deref(), Some("−12"));
        assert_eq!(shown(0.0, 0.0), None);
        for exponent in 0..20 {
            for factor in [1.0, 3.3, 9.996, 9.9999] {
                let value = -factor * 10_f64.powi(exponent);
                let text = shown(value, value).expect("more than nothing");
                assert!(text.chars().count() <= 5, "{text}");
            }
        }
    }

    #[test]
    fn score_differences_take_six_cells() {
        let table = [(47.312, "+47.31"), (-0.157, "−0.16"), (-123.46, "−123.5"), (4e3, "+4000")];
        for (value, text) in table {
            assert_eq!(score_delta(value).as_deref(), Some(text));
        }
        assert_eq!(score_delta(0.004), None);
        assert_eq!(score_delta(f64::NAN).as_deref(), Some("–"));
    }
}
