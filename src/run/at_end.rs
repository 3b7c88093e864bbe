//! What the user wants done when a run has ended.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use super::{AtEnd, protocol::Finished};

/// Starts the command that the user's settings name, without a shell, and waits for its end. What came of the run
/// is in its environment: `ZENDO_RUN` (the folder), `ZENDO_NAME`, `ZENDO_REASON`, `ZENDO_BEST` (the structure)
/// and `ZENDO_SCORE`.
///
/// # Errors
/// There is no such program, or it ended with an error.
pub fn run_at_end(
    wanted: &AtEnd,
    name: &str,
    folder: Option<&Path>,
    finished: &Finished,
) -> io::Result<()> {
    let Some((program, arguments)) = wanted.command.split_first() else { return Ok(()) };
    let winner = finished.winner.as_ref();
    let score = winner.map(|winner| {
        winner.confirmed.map_or(winner.member.score.value, |confirmed| confirmed.mean)
    });
    let status = Command::new(program)
        .args(arguments)
        .env("ZENDO_RUN", folder.unwrap_or(Path::new("")))
        .env("ZENDO_NAME", name)
        .env("ZENDO_REASON", finished.reason.name())
        .env("ZENDO_BEST", winner.map_or(String::new(), |w| w.member.structure.to_string()))
        .env("ZENDO_SCORE", score.map_or(String::new(), |score| score.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{program} ended with {status}"))),
    }
}
