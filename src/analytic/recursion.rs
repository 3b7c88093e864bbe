//! One conv of the recursion: how the variance of its output, the energy's spread over positions and
//! the distance of the two passes follow from what enters it.

use std::f64::consts::PI;

use super::{geometry::Geometry, pooled::Pooled};

/// Which constants the recursion has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// None that was fitted. What a search maximises.
    Theory,
    /// Six, fitted on random nets: a better estimate of the value, not a better ranking.
    Fitted,
}

impl Form {
    pub(super) fn constants(self) -> &'static Constants {
        match self {
            Form::Theory => &THEORY,
            Form::Fitted => &FITTED,
        }
    }
}

#[derive(Debug)]
pub(super) struct Constants {
    /// ν, a: what a layer adds to the spread of energy over positions.
    pub spread_by_width: f64,
    pub spread_growth: f64,
    /// η, ξ: what unequal coverage at the borders adds to the variance, and to the distance.
    pub border_variance: f64,
    pub border_distance: f64,
    /// ρ1, ρ2: what the spread takes from log Δ, in L1 and in L2.
    pub spread_l1: f64,
    pub spread_l2: f64,
}

const THEORY: Constants = Constants {
    spread_by_width: 0.0,
    spread_growth: 0.0,
    border_variance: 0.0,
    border_distance: 0.0,
    spread_l1: 1.0,
    spread_l2: 0.0,
};

const FITTED: Constants = Constants {
    spread_by_width: 0.051_878_676_102_545_186,
    spread_growth: 0.046_434_383_099_221_974,
    border_variance: 1.399_458_655_624_293_4,
    border_distance: 1.937_941_465_263_785,
    spread_l1: 1.407_798_047_240_271,
    spread_l2: 1.072_629_875_708_049_5,
};

/// Far below it the spread grows by a factor a layer, as was fitted; above it, which takes some
/// hundred convs more than any net has that it was fitted on, no longer, so that it stays finite.
const SPREAD_BEND: f64 = 1e9;

/// What one conv hands to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// s: the spread of the energy per position.
    pub spread: f64,
    /// u: 1 − the correlation of the two passes, from 0 (equal) to 1 (unrelated).
    pub distance: f64,
    pub entering: Entering,
}

/// What a conv sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entering {
    Images,
    /// What a ReLU left.
    Rectified,
    /// What a norm left that no ReLU follows: of mean 0 and variance 1.
    Normalised,
    /// What a max-pool left of that.
    Pooled(Pooled),
}

impl State {
    /// Of the images: x and x + αε, unit Gaussians, correlate by 1/√(1 + α²).
    pub(super) fn of_input(alpha: f64) -> State {
        let distance = -(-0.5 * (alpha * alpha).ln_1p()).exp_m1();
        State { spread: 0.0, distance, entering: Entering::Images }
    }
}

/// What the recursion needs of a geometry, with what of it follows without the state where the
/// spread is 0, as it always is in the theory form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    geometry: Geometry,
    /// v: the variance that ReLU and norm leave, given n samples of a channel; times T², at spread 0.
    fresh: Variance,
    /// n: values a channel in the batch, before the conv and behind it.
    samples: f64,
    pub samples_out: f64,
}

/// Of an output, for unit fan-in.
#[derive(Clone, Copy, Debug)]
struct Variance {
    base: f64,
    /// The share of it that tells the passes apart, over what is left of a ReLU's variance.
    distance_gain: f64,
}

impl Step {
    pub(super) fn new(geometry: &Geometry, batch: u32, resolution: u32, c: &Constants) -> Step {
        let samples = f64::from(batch) * f64::from(resolution).powi(2);
        let samples_out = f64::from(batch) * f64::from(geometry.output).powi(2);
        let fresh = Variance::new(geometry, samples, 1.0, c);
        Step { geometry: *geometry, fresh, samples, samples_out }
    }

    /// T².
    pub(super) fn taps(&self) -> f64 {
        self.geometry.taps
    }

    /// The variance of the output for unit fan-in, behind a ReLU and at spread 0.
    pub(super) fn base(&self) -> f64 {
        self.fresh.base
    }

    pub(super) fn output(&self) -> u32 {
        self.geometry.output
    }

    /// The variance of the output for unit fan-in; moves `state` behind the conv of `in_channels` and its
    /// norm, not behind a ReLU.
    pub(super) fn pass(&self, state: &mut State, in_channels: u32, c: &Constants) -> f64 {
        let base = match state.entering {
            Entering::Images => self.geometry.taps,
            Entering::Rectified if state.spread == 0.0 => {
                state.distance = self.distance(state.distance);
                self.fresh.base
            }
            Entering::Rectified => {
                let h = (1.0 + state.spread).powf(-0.25);
                let variance = Variance::new(&self.geometry, self.samples, h, c);
                let u = state.distance;
                let left = 0.5 - h.powf(u * u) * (0.5 - relu_distance(u));
                state.distance = variance.distance(left);
                variance.base
            }
            Entering::Normalised => {
                let variance = Variance::of(&self.geometry, self.samples, Moments::NORMALISED, c);
                state.distance = variance.distance(state.distance);
                variance.base
            }
            // A pool stands near the input, where there is hardly a spread.
            Entering::Pooled(pooled) => {
                let Pooled { second, mean_squared, .. } = pooled;
                let moments = Moments { second, mean_squared, ..Moments::RECTIFIED };
                let variance = Variance::of(&self.geometry, self.samples, moments, c);
                state.distance = variance.distance(pooled.distance(state.distance));
                variance.base
            }
        };
        // Until a ReLU follows.
        state.entering = Entering::Normalised;
        let growth = c.spread_growth * state.spread / (1.0 + state.spread / SPREAD_BEND);
        state.spread += c.spread_by_width / f64::from(in_channels) + growth;
        base
    }

    /// The distance behind the conv at spread 0: all that is left to do for a conv whose variance is
    /// known.
    #[inline]
    pub(super) fn distance(&self, distance: f64) -> f64 {
        self.fresh.distance(relu_distance(distance))
    }
}

/// Of what enters a conv.
#[derive(Clone, Copy, Debug)]
struct Moments {
    second: f64,
    /// The square of the mean.
    mean_squared: f64,
    /// What the mean of a batch takes from its variance, times the values of a channel.
    shortfall: f64,
}

impl Moments {
    /// Behind a ReLU, at spread 0.
    const RECTIFIED: Moments =
        Moments { second: 0.5, mean_squared: 1.0 / (2.0 * PI), shortfall: 0.0908 };

    /// Behind a norm: 0 and 1 exactly, in every batch.
    const NORMALISED: Moments = Moments { second: 1.0, mean_squared: 0.0, shortfall: 0.0 };
}

impl Variance {
    /// Behind a ReLU.
    fn new(g: &Geometry, samples: f64, h: f64, c: &Constants) -> Variance {
        let mean_squared = h / (2.0 * PI);
        Variance::of(g, samples, Moments { mean_squared, ..Moments::RECTIFIED }, c)
    }

    fn of(g: &Geometry, samples: f64, entering: Moments, c: &Constants) -> Variance {
        let Moments { second, mean_squared: m2, shortfall } = entering;
        let v0 = second - m2;
        let v = (v0 - shortfall / samples) * (1.0 - (1.0 - g.inside) / samples);
        let borders = m2 * (g.taps - g.taps_squared);
        let uneven = (second - m2 * g.inside.sqrt()) * c.border_variance * g.spread * g.taps;
        let base = v * g.taps + borders + uneven;
        let distance_gain = v * g.taps * (1.0 + c.border_distance * g.spread) / (v0 * base);
        Variance { base, distance_gain }
    }

    /// `left`: ½ − h^(u²)·κ(u). A distance can't grow beyond unrelated.
    #[inline]
    fn distance(&self, left: f64) -> f64 {
        (self.distance_gain * left).min(1.0)
    }
}

/// ½ − κ(u), with κ the arc-cosine kernel of ReLU (Cho & Saul 2009, degree 1, halved): half the mean
/// squared distance of relu a and relu b for unit Gaussians of correlation c = 1 − u.
#[inline]
pub(super) fn relu_distance(u: f64) -> f64 {
    if u < 1e-4 {
        // What the closed form cancels to.
        return u / 2.0 - (2.0 * u).powf(1.5) / (6.0 * PI);
    }
    let c = 1.0 - u;
    0.5 - ((u * (2.0 - u)).sqrt() + c * (PI - c.acos())) / (2.0 * PI)
}
