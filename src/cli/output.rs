//! Printing: lines to stdout, failures with their exit status, numbers as people read them.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

pub(super) use crate::text::score;
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

/// `text` in lines of at most `width` characters, broken between words; longer words stay whole, so that they can
/// be copied.
pub(super) fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is one from the start");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines
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

/// A line at stderr that is rewritten in place; nothing where nobody looks.
pub(super) struct LiveLine {
    is_seen: bool,
    every: Duration,
    told: Option<Instant>,
}

impl LiveLine {
    pub(super) fn new(every: Duration) -> LiveLine {
        LiveLine { is_seen: io::stderr().is_terminal(), every, told: None }
    }

    pub(super) fn tell(&mut self, text: impl FnOnce() -> String) {
        if !self.is_seen || self.told.is_some_and(|told| told.elapsed() < self.every) {
            return;
        }
        self.told = Some(Instant::now());
        let mut err = io::stderr().lock();
        // Nobody at stderr is no reason to end.
        let _ = write!(err, "\r\x1b[K{}", text()).and_then(|()| err.flush());
    }

    pub(super) fn clear(&self) {
        if self.is_seen {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
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

/// A difference of scores: signed, decimals as a score has, `·` for what rounds to nothing.
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
    fn long_lines_are_folded_between_words() {
        assert_eq!(folded("", 5), [""]);
        assert_eq!(folded("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(folded("a longword b", 4), ["a", "longword", "b"]);
        assert_eq!(folded("größe ab", 8), ["größe ab"]);
    }

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
