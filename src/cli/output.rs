//! Printing: lines to stdout, failures with their exit status, numbers as people read them.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

use crate::theme::Depth;

/// A failed command: what to say and with which status to end.
#[derive(Debug)]
pub struct Failure {
    pub error: anyhow::Error,
    /// 1 failed, 2 bad usage or input.
    pub status: u8,
}

impl Failure {
    /// Bad usage or bad input: status 2.
    pub fn usage(error: impl Into<anyhow::Error>) -> Failure {
        Failure { error: error.into(), status: 2 }
    }

    /// The work itself failed: status 1.
    pub fn failed(error: impl Into<anyhow::Error>) -> Failure {
        Failure { error: error.into(), status: 1 }
    }

    /// Whether the reader of our stdout has left.
    pub(super) fn is_closed_stdout(&self) -> bool {
        let io = self.error.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    }

    /// Says it on stderr. A reader of our stdout that left early (`zendo … | head`) is no failure.
    pub fn report(self) -> ExitCode {
        if self.is_closed_stdout() {
            return ExitCode::SUCCESS;
        }
        // With stderr gone there is nobody left to tell.
        let _ = writeln!(io::stderr(), "error: {}", self.error);
        ExitCode::from(self.status)
    }
}

/// How many colours stdout shows: none where it is no terminal.
pub(super) fn depth() -> Depth {
    match io::stdout().is_terminal() {
        true => Depth::promised(&|name| std::env::var(name).ok()),
        false => Depth::Mono,
    }
}

/// Prints a line to stdout.
pub(super) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::failed)
}

/// Prints a value as one line of JSON.
pub(super) fn json_line(value: &impl serde::Serialize) -> Result<(), Failure> {
    line(serde_json::to_string(value).map_err(Failure::failed)?)
}

/// `1.031M`, four figures or so.
pub(super) fn compact(n: u64) -> String {
    let value = n as f64;
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{:.1}k", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.3}M", value / 1e6),
        _ => format!("{:.3}G", value / 1e9),
    }
}

/// A score: 2 decimals, `–` for what is no number.
pub(super) fn score(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}").replace('-', "−") } else { "–".to_owned() }
}

/// A difference of scores: signed, 2 decimals, `·` for what rounds to nothing.
pub(super) fn signed_score(value: f64) -> String {
    match score(value.abs()).as_str() {
        "0.00" => "·".to_owned(),
        "–" => "–".to_owned(),
        size => format!("{}{size}", sign(value)),
    }
}

/// A difference of counts: signed, compact, `·` for none.
pub(super) fn signed_compact(value: f64) -> String {
    match value.abs().round() as u64 {
        0 => "·".to_owned(),
        size => format!("{}{}", sign(value), compact(size)),
    }
}

fn sign(value: f64) -> char {
    if value < 0.0 { '−' } else { '+' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_signs() {
        for (value, text) in
            [(0.75, "+0.75"), (-46.3, "−46.30"), (-0.004, "·"), (f64::NAN, "–"), (-1.0 / 0.0, "–")]
        {
            assert_eq!(signed_score(value), text);
        }
        for (value, text) in [(-42_000.4, "−42.0k"), (3.0, "+3"), (0.3, "·")] {
            assert_eq!(signed_compact(value), text);
        }
        assert_eq!(score(-1.0), "−1.00");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(compact(1_031_185), "1.031M");
        assert_eq!(compact(65_500), "65.5k");
        assert_eq!(compact(1_500_000_000), "1.500G");
    }
}
