//! `zendo latency list`: the user's tables.

use std::process::ExitCode;

use clap::Args;

use crate::{
    cli::{
        Failure,
        output::{json_line, line},
    },
    latency::Provenance,
    run::{self, read_table, user_tables},
    text::{grouped, printable},
};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON object a table
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Listed<'a> {
    name: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
    rows: usize,
    nets: usize,
    batches: Vec<u32>,
}

pub(super) fn run(args: &ListArgs) -> Result<ExitCode, Failure> {
    let tables = user_tables();
    if tables.is_empty() && !args.json {
        let folder = run::tables_folder().map(|folder| folder.display().to_string());
        let folder = folder.unwrap_or_else(|| "a folder that no variable names".to_owned());
        line(format!("no tables in {folder}; 'zendo latency import' and 'measure' make some"))?;
    }
    for (name, path) in &tables {
        let found = read_table(path);
        let listed = Listed {
            name,
            path: path.display().to_string(),
            error: found.as_ref().err().cloned(),
            rows: found.as_ref().map_or(0, |table| table.rows.len()),
            nets: found.as_ref().map_or(0, |table| table.nets.len()),
            batches: found.as_ref().map_or_else(|_| Vec::new(), |table| table.batches()),
            provenance: found.ok().map(|table| table.provenance),
        };
        if args.json {
            json_line(&listed)?;
            continue;
        }
        line(printable(&text(&listed)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(listed: &Listed) -> String {
    let Listed { name, rows, nets, batches, .. } = listed;
    let Some(Provenance { device, engine, dtype, date, .. }) = &listed.provenance else {
        return format!("{name:<20} {}", listed.error.as_deref().unwrap_or_default());
    };
    let batches: Vec<String> = batches.iter().map(u32::to_string).collect();
    format!(
        "{name:<20} {device}, {engine}, {dtype}, {date}: {} layers of batches {}, {nets} networks",
        grouped(*rows as u64),
        batches.join(", ")
    )
}
