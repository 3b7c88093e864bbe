//! `zendo export`: a network for use elsewhere.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::Args;

use super::{
    Failure,
    net::{FixArg, resolve_one},
    output::line,
};
use crate::{
    arch::limits,
    export::{Format, Options},
    run::{Existing, write_text},
    text::printable,
};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A structure, a file with one, or the name of a shipped net
    #[arg(value_name = "NET")]
    net: String,
    #[command(flatten)]
    fix: FixArg,
    /// The structure on a line, or a Python file that loads nothing but torch
    #[arg(long, value_name = "structure|pytorch")]
    format: Format,
    /// Outputs of the classifier [default: the shipped net's own, else 1000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    classes: Option<u32>,
    /// Input side in pixels that the file tries itself with [default: the shipped net's own, else 224]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RESOLUTION)))]
    resolution: Option<u32>,
    /// With squeeze-and-excitation in residual blocks
    #[arg(long)]
    se: bool,
    /// Write to a new file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long, requires = "output")]
    force: bool,
}

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let net = resolve_one(&args.net, &args.fix)?;
    let options = Options {
        name: net.name.as_deref(),
        resolution: net.resolution(args.resolution),
        classes: net.classes(args.classes),
        squeeze_excite: args.se,
    };
    if let (Format::PyTorch, Some(note)) = (args.format, net.without_se(args.se)) {
        eprintln!("{}: {note}", net.shown());
    }
    let text = args.format.write(&net.structure, &options);
    match &args.output {
        Some(path) => {
            let existing = if args.force { Existing::Replace } else { Existing::Keep };
            write_text(path, &text, existing).map_err(|error| unwritten(path, &error))?;
        }
        None => line(text.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let shown = printable(&path.display().to_string());
    match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(anyhow!("{shown}: is there already; --force replaces it"))
        }
        _ => Failure::failed(anyhow!("{shown}: can't be written: {error}")),
    }
}
