//! What is maximised: a score that is a sum over sub-layers, given the maps they take.

use std::f64::consts::PI;

use crate::{
    analytic::{BlockScore, Form, Model, Settings, State},
    arch::{Block, Layer, NetSpec, Structure, walk_sub_layer},
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
const SATURATED: State = State { spread: 0.0, distance: 1.0, inside: true };

#[derive(Debug)]
pub(super) struct Objective {
    form: ObjectiveForm,
    model: Model,
    plain: NetSpec,
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// It takes images.
    First,
    Inner,
}

impl Objective {
    pub(super) fn new(form: ObjectiveForm, settings: Settings) -> Objective {
        let settings = Settings { form: Form::Theory, ..settings };
        let plain = NetSpec::plain(settings.resolution, 1);
        Objective { form, model: Model::new(settings), plain }
    }

    /// Side of the images, pixels.
    pub(super) fn side(&self) -> u32 {
        self.plain.resolution
    }

    /// Σ log σ̄ over the norms of `block`, behind maps of side `side`.
    pub(super) fn block(&self, block: &Block, side: u32, position: Position) -> f64 {
        match self.form {
            ObjectiveForm::Theory => {
                let state = match position {
                    Position::First => self.model.input(),
                    Position::Inner => SATURATED,
                };
                self.model.block(block, side, state).log_sigma
            }
            ObjectiveForm::Simple => self.simple_block(block, side, position),
        }
    }

    fn simple_block(&self, block: &Block, side: u32, position: Position) -> f64 {
        let mut sum = 0.0;
        let mut images = position == Position::First;
        let mut side = side;
        for index in 0..block.sub_layers {
            walk_sub_layer(block, index, side, &self.plain, &mut |at| {
                let Layer::Conv(conv) = at.layer else { return };
                let taps = self.model.mean_taps(&conv, at.input.resolution);
                let energy = if std::mem::take(&mut images) { 1.0 } else { RECTIFIED };
                sum += 0.5 * (f64::from(conv.fan_channels()) * taps * energy).ln();
                side = at.output.resolution;
            });
        }
        sum
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
        let mut side = self.side();
        let mut sum = 0.0;
        let mut position = Position::First;
        for block in structure.blocks() {
            sum += self.block(block, side, position);
            side = side.div_ceil(block.stride);
            position = Position::Inner;
        }
        sum + self.end(structure.blocks().last().map_or(0, |block| block.out_channels), side)
    }

    /// The analytic score, with the passes as far apart as they get.
    pub(super) fn analytic(&self, structure: &Structure) -> f64 {
        self.model.parts(structure).score(self.model.settings().definition)
    }
}
