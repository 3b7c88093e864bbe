//! A run that goes on with other arithmetic than it had: its scores differ by rounding from there on, so a
//! person has to want it.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::anyhow;

use crate::{cli::Failure, run::RunSpec};

/// Puts the device and the kernels that the run goes on with into `spec`: those that it had, or those that were
/// asked for, or, where the run's can't be had here, what a person at the terminal agrees to.
pub(super) fn settle(
    spec: &mut RunSpec,
    device: Option<&str>,
    kernels: Option<&str>,
) -> Result<(), Failure> {
    let had = (spec.preset.run.device.clone(), spec.preset.run.kernels.clone());
    if device.is_some() || kernels.is_some() {
        // Another device has kernels of its own.
        let kernels = kernels.or(device.map(|_| "auto"));
        spec.preset.run.device = device.unwrap_or(&had.0).to_owned();
        spec.preset.run.kernels = kernels.unwrap_or(&had.1).to_owned();
        return Ok(());
    }
    let Err(why) = spec.check() else { return Ok(()) };
    let mut other = spec.clone();
    (other.preset.run.device, other.preset.run.kernels) = ("auto".to_owned(), "auto".to_owned());
    if other.check().is_err() {
        return Err(Failure::usage(why));
    }
    let what = format!(
        "the run was made on {} with `{}`, which can't be had here ({why}); on what there is here, scores \
         may differ by rounding from now on",
        had.0, had.1
    );
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let remedy = "--device auto goes on all the same";
        return Err(Failure::usage(anyhow!("{what}: {remedy}")));
    }
    let _ = write!(io::stderr(), "{what}. Go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Failure::failed)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        return Err(Failure::usage(anyhow!("the run was left as it is")));
    }
    *spec = other;
    Ok(())
}
