//! Every candidate of a run, for other programs.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::found;
use crate::{
    cli::Failure,
    run::{
        Existing, RetellError, Retold, each_candidate,
        table::{Form, Writer},
        write_with,
    },
    text::{grouped, printable},
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Comma-separated values with a line of heads
    Csv,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A folder, the name of a kept run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    #[arg(long, value_enum, value_name = "csv|jsonl", default_value = "csv")]
    format: Format,
    /// Write to a new file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let run = found(&args.run)?;
    let form = match args.format {
        Format::Csv => Form::Csv,
        Format::Jsonl => Form::JsonLines,
    };
    let mut told = None;
    let mut write = |out: &mut dyn Write| -> io::Result<()> {
        let (retold, written) = tell(&run.folder, form, out);
        told = Some(retold);
        written
    };
    let written = match &args.out {
        Some(path) => {
            let existing = if args.force { Existing::Replace } else { Existing::Keep };
            write_with(path, existing, &mut write).map_err(|error| unwritten(path, &error))
        }
        None => write(&mut io::stdout().lock()).map_err(Failure::failed),
    };
    // Why nothing could be told comes before what couldn't be written.
    let retold = told.transpose().map_err(Failure::usage)?;
    written?;
    if let Some(retold) = retold {
        note(&retold);
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes every candidate; what there was to tell, and what came of the writing.
fn tell(
    folder: &Path,
    form: Form,
    out: &mut dyn Write,
) -> (Result<Retold, RetellError>, io::Result<()>) {
    let mut writer = Writer::new(form, out);
    let mut written = Ok(());
    let retold = each_candidate(folder, &mut |candidate| {
        written = writer.write(candidate);
        written.is_ok()
    });
    if retold.is_err() {
        // Nothing half told becomes a file.
        return (retold, Err(io::Error::other("the run can't be told again")));
    }
    (retold, written.and_then(|()| writer.flush()))
}

/// Says what isn't in it, where something isn't.
pub(super) fn note(retold: &Retold) {
    if let Some(damage) = &retold.damage {
        eprintln!("{damage}; what comes behind it isn't told");
    }
    if let Some(counted) = retold.counted.filter(|counted| *counted > retold.scored) {
        eprintln!(
            "{} of {} scores are told; the journal doesn't have the others",
            grouped(retold.scored),
            grouped(counted)
        );
    }
}

pub(super) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let shown = printable(&path.display().to_string());
    match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(anyhow!("{shown}: is there already; --force replaces it"))
        }
        _ => Failure::failed(anyhow!("{shown}: can't be written: {error}")),
    }
}
