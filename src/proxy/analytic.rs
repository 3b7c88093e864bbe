//! The analytic Zen-Score as a proxy: microseconds, no forward pass, no draw.

use super::{Evaluation, Failure, Proxy, Settings, check_finite};
use crate::{
    analytic::{Form, Model, Settings as ModelSettings},
    arch::Structure,
    nn::{InputSpec, NetworkError, PlainNetwork, Precision},
};

/// Foretells what [`Zen`](super::Zen) measures (docs/analytic-zen.md).
pub struct AnalyticZen {
    name: &'static str,
    model: Model,
}

impl AnalyticZen {
    /// The `theory` form: nothing fitted, ranks best.
    pub const THEORY: &str = "zen-analytic";
    /// The `fitted` form: the better estimate of the value.
    pub const FITTED: &str = "zen-estimate";

    pub fn new(form: Form, settings: Settings) -> AnalyticZen {
        let name = match form {
            Form::Theory => AnalyticZen::THEORY,
            Form::Fitted => AnalyticZen::FITTED,
        };
        AnalyticZen { name, model: Model::new(AnalyticZen::model_settings(form, settings)) }
    }

    /// What is foretold of a measurement with `settings`.
    pub fn model_settings(form: Form, settings: Settings) -> ModelSettings {
        let Settings { definition, batch, resolution, alpha, classes: _ } = settings;
        ModelSettings { form, definition, batch, resolution, alpha }
    }

    /// The form that a proxy of that name computes; none for the names of other proxies.
    pub fn form(name: &str) -> Option<Form> {
        match name {
            AnalyticZen::THEORY => Some(Form::Theory),
            AnalyticZen::FITTED => Some(Form::Fitted),
            _ => None,
        }
    }
}

impl Proxy for AnalyticZen {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_measured(&self) -> bool {
        false
    }

    /// `seed` and `repeat` make no difference.
    fn evaluate(
        &mut self,
        structure: &Structure,
        _seed: u64,
        _repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let ModelSettings { definition, batch, resolution, .. } = *self.model.settings();
        let input = InputSpec { batch, resolution, precision: Precision::F32 };
        if let Some(norm) = PlainNetwork::new(structure, input).degenerate_norm() {
            return Err(NetworkError::Degenerate { norm }.into());
        }
        let parts = self.model.parts(structure);
        check_finite(&parts)?;
        Ok(Evaluation { score: parts.score(definition), zen: Some(parts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Definition;

    #[test]
    fn what_cannot_be_measured_has_no_estimate() {
        let structure: Structure =
            "SuperConvK3BNRELU(3,8,2,1)SuperConvK3BNRELU(8,8,2,1)".parse().expect("valid");
        let settings = Settings {
            definition: Definition::Reference,
            batch: 1,
            resolution: 4,
            alpha: 0.01,
            classes: 10,
        };
        let mut one = AnalyticZen::new(Form::Theory, settings);
        let failure = one.evaluate(&structure, 0, 0).expect_err("one value a channel");
        assert!(matches!(failure, Failure::Network(NetworkError::Degenerate { norm: 1 })));
        let mut two = AnalyticZen::new(Form::Theory, Settings { batch: 2, ..settings });
        two.evaluate(&structure, 0, 0).expect("two values have a variance");
    }
}
