//! Latency tables in the world: where they lie, how one is found, which of them a preset goes by.
//!
//! Owns: the user's folder of tables, a run's copies. Must not know what a table says of a layer.
//! Invariant: a run that is kept has its tables in its own folder, so that it goes on by the same numbers
//! whatever becomes of theirs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::{
    files::{Existing, read_text, write_text},
    folder::config_folder,
    spec::StartError,
};
use crate::{
    arch::MOST_LATENCIES,
    latency::{Clock, Predictor, Table, batch_of},
    optimum::{ObjectiveForm, Problem, Unsolvable},
    space::Preset,
    text::{nearest, printable},
};

/// How the name of a table's file ends.
const EXTENSION: &str = "jsonl";
/// A run's own tables, by their number.
pub(super) const COPIES: [&str; MOST_LATENCIES] =
    ["latency.jsonl", "latency2.jsonl", "latency3.jsonl"];
/// Tables that are listed.
const MOST: usize = 200;
/// Predictors that are remembered.
const MOST_KNOWN: usize = 8;

/// Where the user's tables lie; none where no variable says where.
pub fn tables_folder() -> Option<PathBuf> {
    Some(config_folder()?.join("latency"))
}

/// The user's tables by name.
pub fn user_tables() -> Vec<(String, PathBuf)> {
    let Some(entries) = tables_folder().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_table = |path: &PathBuf| path.extension().is_some_and(|e| e == EXTENSION);
    let named = paths.filter(is_table).filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        Some((name, path))
    });
    let mut tables: Vec<(String, PathBuf)> = named.collect();
    tables.sort();
    tables.truncate(MOST);
    tables
}

/// The file that a table of that name is kept in.
pub fn table_path(name: &str) -> Option<PathBuf> {
    Some(tables_folder()?.join(format!("{name}.{EXTENSION}")))
}

/// One of the user's tables, or a file.
///
/// # Errors
/// There is neither; with the nearest name.
pub fn find_table(reference: &str) -> Result<PathBuf, String> {
    let tables = user_tables();
    if let Some((_, path)) = tables.iter().find(|(name, _)| name == reference) {
        return Ok(path.clone());
    }
    let path = PathBuf::from(reference);
    if path.is_file() {
        return Ok(std::path::absolute(&path).unwrap_or(path));
    }
    let shown = printable(reference);
    let near = nearest(reference, tables.iter().map(|(name, _)| name.as_str()));
    Err(match near {
        Some((near, _)) => format!("there is no latency table '{shown}'; did you mean '{near}'?"),
        None => format!(
            "there is no latency table '{shown}', neither among yours (see 'zendo latency list') nor as a file"
        ),
    })
}

/// Reads a table.
///
/// # Errors
/// What is wrong with it, with file and line.
pub fn read_table(path: &Path) -> Result<Table, String> {
    let shown = printable(&path.display().to_string());
    let text = read_text(path).map_err(|error| format!("{shown}: {error}"))?;
    Table::parse(&text).map_err(|error| format!("{shown}:{error}"))
}

/// What tells the latencies that `preset` asks for; none where it asks for none.
///
/// # Errors
/// A table that is missing or wrong.
pub fn clock(preset: &Preset) -> Result<Option<Arc<Clock>>, String> {
    let mut predictors = Vec::new();
    for latency in preset.budget.latencies().into_iter().flatten() {
        let Some(table) = &latency.table else {
            return Err(preset.not_startable().unwrap_or_default());
        };
        let path = find_table(table)?;
        predictors.push(predictor(&path, latency.batch, preset.space.resolution)?);
    }
    Ok(Clock::new(predictors).map(Arc::new))
}

/// What a predictor was made of.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    path: PathBuf,
    changed: Option<SystemTime>,
    bytes: u64,
    batch: Option<u32>,
    resolution: u32,
}

/// The last ones that were made: a table takes a moment to read, and several parts of a run ask for it.
static KNOWN: Mutex<Vec<(Origin, Arc<Predictor>)>> = Mutex::new(Vec::new());

fn predictor(path: &Path, batch: Option<u32>, resolution: u32) -> Result<Arc<Predictor>, String> {
    let found = fs::metadata(path).ok();
    let origin = Origin {
        path: path.to_owned(),
        changed: found.as_ref().and_then(|found| found.modified().ok()),
        bytes: found.map_or(0, |found| found.len()),
        batch,
        resolution,
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, predictor)) = known.iter().find(|(it, _)| *it == origin) {
        return Ok(Arc::clone(predictor));
    }
    let table = read_table(path)?;
    let predictor = Predictor::new(&table, batch, resolution);
    let shown = printable(&path.display().to_string());
    let predictor = Arc::new(predictor.map_err(|why| format!("{shown}: {why}"))?);
    known.truncate(MOST_KNOWN - 1);
    known.insert(0, (origin, Arc::clone(&predictor)));
    Ok(predictor)
}

/// Makes `preset` go by tables that stay: their whole paths, or copies in the folder of the run.
///
/// # Errors
/// A table that is missing or wrong, or a folder that can't be written.
pub(super) fn settle(preset: &mut Preset, folder: Option<&Path>) -> Result<(), StartError> {
    let wrong = |reason: String| StartError::Table(reason);
    for (latency, copy) in preset.budget.latencies_mut().into_iter().zip(COPIES) {
        let Some(latency) = latency else { continue };
        let Some(table) = &mut latency.table else { continue };
        let mut path = find_table(table).map_err(wrong)?;
        if let Some(folder) = folder {
            let kept = folder.join(copy);
            if kept != path {
                let mut whole = read_table(&path).map_err(wrong)?;
                let batch =
                    batch_of(&whole, latency.batch).map_err(|why| wrong(why.to_string()))?;
                whole.rows.retain(|row| row.batch == batch);
                whole.nets.retain(|net| net.batch == batch);
                write_text(&kept, &whole.text(), Existing::Replace)
                    .map_err(|error| wrong(format!("{}: {error}", kept.display())))?;
            }
            path = std::path::absolute(&kept).unwrap_or(kept);
        }
        *table = path.display().to_string();
    }
    Ok(())
}

/// Makes `preset` go by the copies in the folder of its run, wherever that lies by now.
pub(super) fn find_copies(preset: &mut Preset, folder: &Path) {
    for (latency, copy) in preset.budget.latencies_mut().into_iter().zip(COPIES) {
        let kept = folder.join(copy);
        if let (Some(latency), true) = (latency, kept.is_file()) {
            let kept = std::path::absolute(&kept).unwrap_or(kept);
            latency.table = Some(kept.display().to_string());
        }
    }
}

/// What is to be solved for `preset`, by the theory form.
///
/// # Errors
/// Why there is nothing to solve, a table that is wrong among it.
pub fn problem(preset: &Preset, form: ObjectiveForm) -> Result<Problem, Unsolvable> {
    Problem::new(preset, form, clock(preset).map_err(Unsolvable::Table)?)
}
