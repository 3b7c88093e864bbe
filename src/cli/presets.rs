//! `zendo presets`: list, show, check.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;

use super::{Failure, output::line};
use crate::{
    run::{find_preset, user_presets},
    space::{Family, Preset, shipped_preset, shipped_preset_names},
    text::{grouped, printable},
};

#[derive(Debug, Subcommand)]
pub enum PresetsCommand {
    /// Every shipped preset in a line, then those of your folder
    List,
    /// The TOML of a preset, to start a file of your own from
    Show {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check a preset file
    Check {
        #[arg(value_name = "FILE")]
        file: String,
    },
}

/// A preset with its overrides, or the failure to print.
pub(super) fn load(reference: &str, sets: &[String]) -> Result<(String, Preset), Failure> {
    let mut source = find_preset(reference).map_err(Failure::usage)?;
    for set in sets {
        source.set_assignment(set).map_err(Failure::usage)?;
    }
    let preset = source.preset().map_err(Failure::usage)?;
    Ok((source.name().to_owned(), preset))
}

pub(super) fn run(command: &PresetsCommand) -> Result<ExitCode, Failure> {
    match command {
        PresetsCommand::List => {
            for name in shipped_preset_names() {
                let (_, preset) = load(name, &[])?;
                line(summary(name, &preset))?;
            }
            for yours in user_presets() {
                match &yours.found {
                    Ok((_, preset)) => line(format!("{}   (yours)", summary(&yours.name, preset)))?,
                    Err(broken) => {
                        let error = printable(&broken.error.to_string());
                        line(format!("{:<26}{error}", yours.name))?;
                    }
                }
            }
        }
        PresetsCommand::Show { name } => match shipped_preset(name) {
            Some(text) => line(text.trim_end())?,
            // Finding it fails with the nearest name.
            None => {
                let source = find_preset(name).map_err(Failure::usage)?;
                if source.name() != name {
                    return Err(Failure::usage(anyhow!("{name} is a file, not a preset's name")));
                }
                line(source.text().trim_end())?;
            }
        },
        PresetsCommand::Check { file } => {
            let (name, preset) = load(file, &[])?;
            line(summary(&name, &preset))?;
            if let Some(reason) = preset.not_startable() {
                line(format!("valid, but can't be started here: {reason}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(name: &str, preset: &Preset) -> String {
    let space = if preset.space.families.contains(&Family::Idw) { "MobileNet" } else { "ResNet" };
    let budgets = preset.budgets();
    let mut limits = Vec::new();
    limits.extend(budgets.params.map(|n| format!("{} params", grouped(n))));
    limits.extend(budgets.flops.map(|n| format!("{} FLOPs", grouped(n))));
    limits.extend(budgets.activation_bytes.map(|n| format!("{} bytes", grouped(n))));
    limits.extend(budgets.latency_ms.iter().flatten().map(|ms| format!("{ms} ms")));
    limits.extend(budgets.layers.map(|n| format!("{n} sub-layers")));
    format!(
        "{name:<26}{space:<11}{:>4}²{:>6} classes   {}{}",
        preset.space.resolution,
        preset.space.classes,
        limits.join(", "),
        if preset.not_startable().is_some() { "   (needs a latency table)" } else { "" }
    )
}
