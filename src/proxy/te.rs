//! TE-Score (Chen et al., *Neural architecture search on ImageNet in four GPU hours*, ICLR 2021) and its parts.
//!
//! The reference's search takes the kernel's part alone, and its count of regions fails on its own networks (it
//! looks for modules that they don't have): here both are what the paper says.

use super::{
    Evaluation, Failure, Proxy, Settings,
    matrix::eigenvalues,
    measured::{Measure, draws, finite},
};
use crate::{
    arch::Structure,
    nn::{Device, NetworkError},
};

/// Which of both parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TePart {
    /// R_N − κ
    Both,
    /// −ln κ: κ is the largest eigenvalue of the batch's neural tangent kernel over the smallest. The logarithm
    /// orders alike and stays small where a kernel is nearly singular.
    Kernel,
    /// R_N: the number of different activation patterns among the batch's images.
    Regions,
}

/// Trainability and expressivity, of N(0, 1) weights.
pub struct Te {
    measure: Measure,
    part: TePart,
}

impl Te {
    pub const NAME: &str = "te";
    pub const KERNEL: &str = "ntk";
    pub const REGIONS: &str = "linear-regions";

    /// # Errors
    /// The system gives no thread to run on.
    pub fn new(part: TePart, settings: Settings, device: &Device) -> Result<Te, NetworkError> {
        Ok(Te { measure: Measure::new(settings, device)?, part })
    }

    /// κ of the batch's tangent kernel.
    fn condition(&self, structure: &Structure, seed: u64, repeat: u32) -> Result<f64, Failure> {
        let Settings { batch, classes, .. } = self.measure.settings;
        let network = self.measure.network(structure, batch);
        let mut source = draws(seed, repeat);
        let kernel = self.measure.engine.tangent_kernel(&network, classes, &mut source)?;
        let eigenvalues = eigenvalues(kernel);
        match (eigenvalues.first(), eigenvalues.last()) {
            // Rounding can make the smallest one of a singular kernel negative.
            (Some(smallest), Some(largest)) if *smallest > 0.0 => Ok(largest / smallest),
            _ => Ok(f64::INFINITY),
        }
    }

    fn regions(&self, structure: &Structure, seed: u64, repeat: u32) -> Result<f64, Failure> {
        let network = self.measure.network(structure, self.measure.settings.batch);
        let patterns = self.measure.engine.patterns(&network, &mut draws(seed, repeat))?;
        Ok(patterns.distinct() as f64)
    }
}

impl Proxy for Te {
    fn name(&self) -> &'static str {
        match self.part {
            TePart::Both => Te::NAME,
            TePart::Kernel => Te::KERNEL,
            TePart::Regions => Te::REGIONS,
        }
    }

    fn evaluate(
        &mut self,
        structure: &Structure,
        seed: u64,
        repeat: u32,
    ) -> Result<Evaluation, Failure> {
        const KAPPA: &str = "the condition number of the tangent kernel";
        match self.part {
            TePart::Both => {
                let regions = self.regions(structure, seed, repeat)?;
                finite(KAPPA, regions - self.condition(structure, seed, repeat)?)
            }
            TePart::Kernel => finite(KAPPA, -self.condition(structure, seed, repeat)?.ln()),
            TePart::Regions => finite("the count", self.regions(structure, seed, repeat)?),
        }
    }
}
