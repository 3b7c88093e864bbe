//! `zendo presets`: list, show, check.

use std::{path::Path, process::ExitCode};

use anyhow::anyhow;
use clap::Subcommand;

use super::{Failure, output::line};
use crate::{
    run::read_text,
    space::{Family, Preset, PresetSource, shipped_preset, shipped_preset_names},
    text::grouped,
};

#[derive(Debug, Subcommand)]
pub enum PresetsCommand {
    /// Every shipped preset in a line
    List,
    /// The TOML of a shipped preset, to start a file of your own from
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

/// Reads a preset file for [`PresetSource::find`].
pub(super) fn read_file(path: &Path) -> Result<String, String> {
    read_text(path).map_err(|error| error.to_string())
}

/// A preset with its overrides, or the failure to print.
pub(super) fn load(reference: &str, sets: &[String]) -> Result<(String, Preset), Failure> {
    let mut source = PresetSource::find(reference, &read_file).map_err(Failure::usage)?;
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
        }
        PresetsCommand::Show { name } => match shipped_preset(name) {
            Some(text) => line(text.trim_end())?,
            // Finding it fails with the nearest name.
            None => {
                load(name, &[])?;
                return Err(Failure::usage(anyhow!("{name} is a file, not a shipped preset")));
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
    limits.extend(budgets.latency_ms.map(|ms| format!("{ms} ms")));
    limits.extend(budgets.layers.map(|n| format!("{n} sub-layers")));
    format!(
        "{name:<24}{space:<11}{:>4}²{:>6} classes   {}{}",
        preset.space.resolution,
        preset.space.classes,
        limits.join(", "),
        if preset.not_startable().is_some() { "   (needs a latency table)" } else { "" }
    )
}
