//! Where tables go, and what is written into each that is made.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::{
    cli::Failure,
    latency::Provenance,
    run::table_path,
    text::{in_a_shell, printable},
};

/// The file of a table: one of the user's by its name, or a path.
///
/// # Errors
/// No variable says where a user's tables lie.
pub(super) fn table_file(table: &str) -> Result<PathBuf, Failure> {
    if table.ends_with(".jsonl") || table.contains('/') {
        return Ok(PathBuf::from(table));
    }
    let nowhere =
        || anyhow!("neither XDG_CONFIG_HOME nor HOME is set; name a path that ends in .jsonl");
    table_path(table).ok_or_else(|| Failure::usage(nowhere()))
}

/// Of a table that this command makes today; what was measured, and by what, is for the caller to say.
pub(super) fn made_now(path: &Path) -> Provenance {
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
    let words = std::env::args().skip(1).map(|word| in_a_shell(&word));
    let words: Vec<String> = std::iter::once("zendo".to_owned()).chain(words).collect();
    Provenance {
        name,
        date: time::OffsetDateTime::now_utc().date().to_string(),
        command: printable(&words.join(" ")),
        ..Provenance::default()
    }
}
