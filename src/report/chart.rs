//! Charts as plain values: what a terminal, a screen and a picture draw alike.

use serde::{Deserialize, Serialize};

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    Linear,
    /// By the decimal logarithm; all values are above 0.
    Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    pub label: String,
    pub scale: Scale,
}

impl Axis {
    pub fn linear(label: &str) -> Axis {
        Axis { label: label.to_owned(), scale: Scale::Linear }
    }

    pub fn log(label: &str) -> Axis {
        Axis { label: label.to_owned(), scale: Scale::Log }
    }

    /// Where a value lies, in what is linear on paper.
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        }
    }

    /// At most about `most` round values from `low` to `high`, both as [`Axis::place`] gives them, and how each is
    /// written.
    pub fn ticks(&self, low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
        let step = round_step((high - low) / most.max(1) as f64, self.scale);
        if !step.is_finite() || step <= 0.0 {
            return Vec::new();
        }
        // A rounding error must not lose the last.
        let (first, last) =
            ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let place = |n: i64| n as f64 * step;
        (first..=last).map(|n| (place(n), self.written(place(n), step))).collect()
    }

    fn written(&self, place: f64, step: f64) -> String {
        match self.scale {
            Scale::Log => format!("1e{place:.0}").replace('-', "−"),
            Scale::Linear => {
                let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
                format!("{place:.decimals$}").replace('-', "−")
            }
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that is no less than `least`; whole decades of logarithms.
fn round_step(least: f64, scale: Scale) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(least);
    match scale {
        Scale::Linear => step,
        Scale::Log => step.max(1.0).ceil(),
    }
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    Line,
    Dashed,
    Dots,
    /// From 0 up, beside each other.
    Columns,
}

/// A value with its standard deviation, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub std: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub look: Look,
    /// Finite, from left to right.
    pub points: Vec<Point>,
}

/// A place on the x axis that means something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub x: f64,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    pub marks: Vec<Mark>,
}

/// What a chart covers, as [`Axis::place`] gives it: (least, most) of x and of y.
pub type Extent = [(f64, f64); 2];

impl Chart {
    /// None without points. No side has length 0.
    pub fn extent(&self) -> Option<Extent> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let is_from_0 = self.series.iter().any(|series| series.look == Look::Columns);
        let ground = (is_from_0 && self.y.scale == Scale::Linear).then_some(0.0);
        let xs =
            points().map(|p| self.x.place(p.x)).chain(self.marks.iter().map(|m| self.x.place(m.x)));
        let ends = |p: &Point| {
            let std = p.std.filter(|_| self.y.scale == Scale::Linear).unwrap_or(0.0);
            [self.y.place(p.y - std), self.y.place(p.y + std)]
        };
        Some([range(xs)?, range(points().flat_map(ends).chain(ground))?])
    }

    pub(super) fn is_finite(&self) -> bool {
        let point =
            |p: &Point| [p.x, p.y, p.std.unwrap_or_default()].into_iter().all(f64::is_finite);
        self.series.iter().flat_map(|series| &series.points).all(point)
            && self.marks.iter().all(|mark| mark.x.is_finite())
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    let all = finite.fold(None, |range: Option<(f64, f64)>, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    });
    all.map(|(low, high)| {
        let margin = if high > low { 0.0 } else { low.abs().max(1.0) * 0.5 };
        (low - margin, high + margin)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |axis: Axis, low, high| {
            axis.ticks(low, high, 5).into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(ticks(Axis::linear("x"), 0.0, 60.0), ["0", "20", "40", "60"]);
        assert_eq!(ticks(Axis::linear("x"), -0.3, 0.1), ["−0.3", "−0.2", "−0.1", "0.0", "0.1"]);
        assert_eq!(ticks(Axis::log("x"), -12.0, -1.0), ["1e−10", "1e−5"]);
        assert_eq!(ticks(Axis::log("x"), 0.2, 2.9), ["1e1", "1e2"]);
        assert_eq!(ticks(Axis::linear("x"), f64::NAN, 1.0), [""; 0]);
    }

    #[test]
    fn an_extent_has_no_empty_side() {
        let point = |x, y| Point { x, y, std: None };
        let series = |points| Series { name: "s".to_owned(), look: Look::Line, points };
        let chart = |points| Chart {
            title: String::new(),
            x: Axis::log("x"),
            y: Axis::linear("y"),
            series: vec![series(points)],
            marks: Vec::new(),
        };
        assert_eq!(chart(vec![]).extent(), None);
        assert_eq!(chart(vec![point(0.01, 4.0)]).extent(), Some([(-3.0, -1.0), (2.0, 6.0)]));
        let two = chart(vec![point(0.1, 1.0), point(10.0, -1.0)]).extent();
        assert_eq!(two, Some([(-1.0, 1.0), (-1.0, 1.0)]));
    }
}
