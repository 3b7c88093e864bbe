//! `zendo config`: the settings of zendo itself. Must not know what they do. Invariant: a file with a fault is
//! told of as the terminal UI would, with status 2.

use std::{path::PathBuf, process::ExitCode};

use anyhow::anyhow;
use clap::Subcommand;
use serde::Serialize;

use super::{
    Failure,
    output::{json_line, line},
};
use crate::{
    run::{check_config, config_file, config_text, settings},
    text::printable,
};

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every setting in force, and where it comes from
    Show {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// The file of the settings, whether it is there or not
    Path,
    /// Check the file of the settings, or another
    Check {
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    /// None where zendo decides at the start.
    value: Option<&'a toml::Value>,
    /// None is shipped.
    file: Option<&'a str>,
    line: Option<usize>,
}

pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show { json } => {
            let path = file()?;
            let origin = path.display().to_string();
            let text = config_text(&path).map_err(Failure::usage)?;
            let found = settings(&origin, text.as_deref().unwrap_or_default());
            let found = found.map_err(Failure::usage)?;
            let origin = printable(&origin);
            if !*json {
                let is_there = if text.is_some() { "" } else { ", which is not there" };
                line(format!("{origin}{is_there}"))?;
            }
            for setting in &found {
                if *json {
                    json_line(&Line {
                        key: &printable(&setting.key),
                        value: setting.value.as_ref(),
                        file: setting.line.map(|_| origin.as_str()),
                        line: setting.line,
                    })?;
                    continue;
                }
                let value = match &setting.value {
                    Some(value) => value.to_string(),
                    None => "by the terminal".to_owned(),
                };
                let whence = match setting.line {
                    Some(at) => format!("line {at}"),
                    None => "shipped".to_owned(),
                };
                let (key, value) = (printable(&setting.key), printable(&value));
                line(format!("{key:<28} {value:<24} {whence}"))?;
            }
            if !*json && !found.iter().any(|setting| setting.key.starts_with("keys.")) {
                line(format!("{:<28} {:<24} shipped", "keys", "as `zendo keys` says"))?;
            }
        }
        ConfigCommand::Path => line(printable(&file()?.display().to_string()))?,
        ConfigCommand::Check { file: named } => {
            let path = named.clone().map_or_else(file, Ok)?;
            let origin = path.display().to_string();
            match (config_text(&path).map_err(Failure::usage)?, named) {
                (Some(text), _) => {
                    check_config(&origin, &text).map_err(Failure::usage)?;
                    line(format!("{} is fine", printable(&origin)))?;
                }
                (None, None) => {
                    line(format!("{} is not there: all is as shipped", printable(&origin)))?;
                }
                (None, Some(_)) => {
                    let origin = printable(&origin);
                    return Err(Failure::usage(anyhow!("there is no file {origin}")));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn file() -> Result<PathBuf, Failure> {
    let unknown = "no folder for settings: neither XDG_CONFIG_HOME nor HOME says where";
    config_file().ok_or_else(|| Failure::failed(anyhow!(unknown)))
}
