//! The Zen-Score (Algorithm 1): one evaluation gives all three definitions.

use std::time::Duration;

use super::{Evaluation, Failure, Proxy, Settings, check_finite};
use crate::arch::Structure;
use crate::nn::{Device, InputSpec, NetworkError, PhiloxNormals, PlainNetwork, Precision, Runner};

/// Measures the Zen-Score in f32.
pub struct Zen {
    settings: Settings,
    runner: Runner,
}

impl Zen {
    pub const NAME: &str = "zen";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(settings: Settings, device: &Device) -> Result<Zen, NetworkError> {
        Ok(Zen { settings, runner: Runner::new(device)? })
    }

    /// Fails structures that need more than `bytes`, whatever the system has to give.
    pub fn with_memory_limit(self, bytes: u64) -> Zen {
        Zen { runner: self.runner.with_memory_limit(bytes), ..self }
    }
}

impl Proxy for Zen {
    fn name(&self) -> &'static str {
        Zen::NAME
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        let Settings { definition, batch, resolution, alpha, classes: _ } = self.settings;
        let input = InputSpec { batch, resolution, precision: Precision::F32 };
        let network = PlainNetwork::new(structure, input);
        let draws = PhiloxNormals { seed, repeat };
        let parts = self.runner.perturb(&network, alpha, draws)?.zen_parts();
        check_finite(&parts)?;
        Ok(Evaluation { score: parts.score(definition), zen: Some(parts) })
    }

    fn building(&self) -> Duration {
        self.runner.building()
    }

    fn remark(&self) -> Option<String> {
        let parts = self.runner.parts();
        (parts > 1).then(|| {
            let batch = self.settings.batch;
            format!("memory was short: scored in {parts} parts of its batch of {batch}")
        })
    }

    fn memory_bytes(&self) -> u64 {
        self.runner.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::KernelChoice;
    use crate::score::Definition;

    const SETTINGS: Settings = Settings {
        definition: Definition::Table,
        batch: 4,
        resolution: 8,
        alpha: 0.01,
        classes: 10,
    };

    const SMALL: &str = "SuperConvK3BNRELU(3,8,1,1)SuperResIDWE2K5(8,16,2,8,1)\
                         SuperResK1K3K1(16,24,2,8,1)SuperConvK1BNRELU(24,32,1,1)";

    fn small() -> Structure {
        SMALL.parse().expect("valid")
    }

    fn zen(settings: Settings) -> Zen {
        Zen::new(settings, &Device::cpu()).expect("a thread")
    }

    #[test]
    fn one_evaluation_gives_the_three_definitions() {
        for definition in Definition::ALL {
            let evaluation =
                zen(Settings { definition, ..SETTINGS }).evaluate(&small(), 1, 0).expect("a score");
            let parts = evaluation.zen.expect("a zen score has parts");
            assert_eq!(parts.score(definition), evaluation.score);
            assert_eq!(parts.log_sigma.len(), 14);
        }
    }

    /// Bits depend on (seed, repeat) alone: not on the thread, the engine or what ran before.
    #[test]
    fn bits_are_the_same_on_every_thread() {
        let alone = zen(SETTINGS).evaluate(&small(), 7, 3).expect("a score");
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..3)
                .map(|before| {
                    scope.spawn(move || {
                        let mut zen = zen(SETTINGS);
                        for repeat in 0..before {
                            zen.evaluate(&small(), 8, repeat).expect("a score");
                        }
                        zen.evaluate(&small(), 7, 3).expect("a score")
                    })
                })
                .collect();
            for worker in workers {
                assert_eq!(worker.join().expect("no panic"), alone);
            }
        });
        let mut other = zen(SETTINGS);
        assert_ne!(other.evaluate(&small(), 7, 4).expect("a score"), alone);
        assert_ne!(other.evaluate(&small(), 8, 3).expect("a score"), alone);
    }

    /// The kernels keep their buffers from draw to draw, the graph keeps nothing.
    #[test]
    fn what_is_kept_is_told() {
        let mut zen = zen(SETTINGS);
        assert_eq!(zen.memory_bytes(), 0);
        zen.evaluate(&small(), 1, 0).expect("a score");
        let kept = zen.memory_bytes();
        // The input and its map after the first conv alone: 4 images of 8² in 3 and 8 channels, f32.
        assert!(kept > 4 * 8 * 8 * (3 + 8) * 4, "{kept}");
        zen.evaluate(&small(), 1, 1).expect("a score");
        assert_eq!(zen.memory_bytes(), kept);
        let graph = Device::cpu().with_kernels(KernelChoice::Graph).expect("every CPU runs it");
        let mut zen = Zen::new(SETTINGS, &graph).expect("a thread");
        zen.evaluate(&small(), 1, 0).expect("a score");
        assert_eq!(zen.memory_bytes(), 0);
    }

    #[test]
    fn what_overflows_is_a_failure_with_its_place() {
        let overflow = zen(Settings { alpha: 1e300, ..SETTINGS }).evaluate(&small(), 1, 0);
        let failure = overflow.expect_err("f32 ends at 3.4e38");
        assert_eq!(failure.to_string(), "log σ̄ of norm layer 0 is not finite");
        // A perturbation that f32 rounds away: Δ is 0.
        let vanished = zen(Settings { alpha: 1e-30, ..SETTINGS }).evaluate(&small(), 1, 0);
        assert_eq!(vanished.expect_err("log 0").to_string(), "log Δ is not finite");
    }

    #[test]
    fn what_does_not_fit_is_a_failure_before_it_allocates() {
        let capped = zen(SETTINGS).with_memory_limit(1 << 16).evaluate(&small(), 1, 0);
        let failure = capped.expect_err("64 KiB are too little");
        assert!(matches!(
            failure,
            Failure::Network(NetworkError::Memory { needed, available: 65_536 }) if needed > 65_536
        ));
        // Hundreds of terabytes: an allocation would abort the process.
        let monster = "SuperConvK7BNRELU(16384,16384,1,1)".parse().expect("valid");
        let huge = Settings { batch: 1 << 20, resolution: 4096, ..SETTINGS };
        let capped = zen(huge).with_memory_limit(1 << 30).evaluate(&monster, 1, 0);
        assert!(matches!(capped, Err(Failure::Network(NetworkError::Memory { .. }))));
    }

    #[test]
    fn a_norm_over_single_values_is_a_failure() {
        let settings = Settings { batch: 1, resolution: 4, ..SETTINGS };
        let failure = zen(settings).evaluate(&small(), 1, 0).expect_err("1×1 map, one image");
        assert!(
            matches!(failure, Failure::Network(NetworkError::Degenerate { norm: 8 })),
            "{failure}"
        );
        let enough = Settings { batch: 1, resolution: 8, ..SETTINGS };
        zen(enough).evaluate(&small(), 1, 0).expect("2×2 maps have a variance");
    }
}
