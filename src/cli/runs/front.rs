//! What nobody beats among all that a run scored.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;

use super::{
    export::{note, unwritten},
    found,
};
use crate::{
    cli::{Failure, front, output::json_line},
    run::{
        Existing, FrontRow, KeptFront, kept_front, write_front_csv, write_front_structures,
        write_with,
    },
    space::Objectives,
};

#[derive(Debug, Args)]
pub(super) struct FrontArgs {
    /// A folder, the name of a kept run, or its beginning
    #[arg(value_name = "RUN")]
    run: String,
    /// Costs to set against the score: params, flops, layers, activation, latency, latency2, latency3. Unless
    /// told, those that the search minimised, or the one that its budgets limit
    #[arg(long, value_name = "COSTS", value_parser = Objectives::parse)]
    by: Option<Objectives>,
    /// Comma-separated values with a line of heads
    #[arg(long, group = "form")]
    csv: bool,
    /// One JSON object a line
    #[arg(long, group = "form")]
    json: bool,
    /// A line each, its id and the structure, which `score`, `inspect` and `diff` read
    #[arg(long, group = "form")]
    structures: bool,
    /// Write to a new file instead of stdout
    #[arg(short, long, value_name = "FILE", requires = "form")]
    out: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(args: &FrontArgs) -> Result<ExitCode, Failure> {
    let run = found(&args.run)?;
    let kept = kept_front(&run.folder, args.by.as_ref()).map_err(Failure::usage)?;
    let KeptFront { objectives, rows, retold } = kept;
    let mut write = |out: &mut dyn Write| write_rows(args, &rows, out);
    match &args.out {
        Some(path) => {
            let existing = if args.force { Existing::Replace } else { Existing::Keep };
            write_with(path, existing, &mut write).map_err(|e| unwritten(path, &e))?;
        }
        None if args.csv || args.structures => {
            write(&mut io::stdout().lock()).map_err(Failure::failed)?;
        }
        None if args.json => rows.iter().try_for_each(json_line)?,
        None => front::print(&rows, &objectives, "--csv, --json and --structures write all")?,
    }
    note(&retold);
    Ok(ExitCode::SUCCESS)
}

fn write_rows(args: &FrontArgs, rows: &[FrontRow], out: &mut dyn Write) -> io::Result<()> {
    if args.csv {
        return write_front_csv(rows, out);
    }
    if args.structures {
        return write_front_structures(rows, out);
    }
    rows.iter().try_for_each(|row| {
        serde_json::to_writer(&mut *out, row)?;
        out.write_all(b"\n")
    })
}
