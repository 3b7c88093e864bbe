//! What is maximised: a score that is a sum over sub-layers, given the maps they take.

use std::f64::consts::PI;

use crate::{
    analytic::{BlockScore, Entering, Model, Settings, State},
    arch::{Conv, Layer, NetSpec, Shape, Structure, walk},
};

/// Which closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectiveForm {
    /// The theory form of the analytic score with the two passes unrelated where Δ is measured: an
    /// upper bound of the analytic score, which deep nets reach.
    Theory,
    /// Σ ½·log(fan-in · T² · (½ − 1/2π)) + log(C·r²): no batch, no borders beyond the mean of taps.
    Simple,
}

/// ½ − 1/2π: the variance of a rectified unit Gaussian.
const RECTIFIED: f64 = 0.5 - 0.5 / PI;

/// Behind the first conv, with the passes unrelated.
const SATURATED: State = State { spread: 0.0, distance: 1.0, entering: Entering::Rectified };

#[derive(Debug)]
pub(super) struct Objective {
    form: ObjectiveForm,
    model: Model,
    plain: NetSpec,
}

impl Objective {
    /// `settings` are of the theory form.
    pub(super) fn new(form: ObjectiveForm, settings: Settings) -> Objective {
        let plain = NetSpec::plain(settings.resolution, 1);
        Objective { form, model: Model::new(settings), plain }
    }

    /// Side of the images, pixels.
    pub(super) fn side(&self) -> u32 {
        self.plain.resolution
    }

    /// What the norm behind `conv` adds, which takes maps of side `resolution`.
    pub(super) fn conv(&self, conv: &Conv, resolution: u32, images: bool) -> f64 {
        match self.form {
            ObjectiveForm::Theory => self.model.log_sigma(conv, resolution, images),
            ObjectiveForm::Simple => {
                let energy = if images { 1.0 } else { RECTIFIED };
                let taps = self.model.mean_taps(conv, resolution);
                0.5 * (f64::from(conv.fan_channels()) * taps * energy).ln()
            }
        }
    }

    /// log Δ where it saturates, behind `channels` maps of side `side`.
    pub(super) fn end(&self, channels: u32, side: u32) -> f64 {
        match self.form {
            ObjectiveForm::Theory => {
                let last = BlockScore { log_sigma: 0.0, state: SATURATED, resolution: side };
                self.model.log_delta(channels, &last)
            }
            ObjectiveForm::Simple => (f64::from(channels) * f64::from(side).powi(2)).ln(),
        }
    }

    pub(super) fn whole(&self, structure: &Structure) -> f64 {
        let mut sum = 0.0;
        let mut images = true;
        let mut last = Shape { channels: 0, resolution: 0 };
        walk(structure, &self.plain, &mut |at| {
            let Layer::Conv(conv) = at.layer else { return };
            sum += self.conv(&conv, at.input.resolution, std::mem::take(&mut images));
            last = at.output;
        });
        sum + self.end(last.channels, last.resolution)
    }

    /// The analytic score, with the passes as far apart as they get.
    pub(super) fn analytic(&self, structure: &Structure) -> f64 {
        self.model.parts(structure).score(self.model.settings().definition)
    }
}
