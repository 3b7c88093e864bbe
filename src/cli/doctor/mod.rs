//! `zendo doctor`: what this machine is, whether its devices compute rightly, how fast they are.
//!
//! Owns: the order of what is said, the verdict. Must not know: how anything is examined. Invariant: every check
//! that is counted was printed, when it ended.

mod bench;
mod checks;
mod kernels;
mod report;

use std::process::ExitCode;

use anyhow::anyhow;
use serde::Serialize;

use super::{
    Failure,
    output::{depth, json_line, line},
};
use crate::{
    nn::{self, DeviceChoice},
    theme::Depth,
};

/// Most threads that `--workers` takes: far more than keep any device busy.
const MAX_WORKERS: u32 = 256;

#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Check these devices alone [default: all there are]
    #[arg(long, value_name = "auto|cpu|cuda:N[,cuda:M]")]
    device: Option<DeviceChoice>,
    /// Measure too how many candidates a second each device scores, with its fastest kernels on the CPU; takes
    /// minutes
    #[arg(long)]
    bench: bool,
    /// Threads that score at once on one device while it is measured [default: 1 on the CPU, 4 on a GPU]
    #[arg(long, value_name = "N", requires = "bench")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WORKERS)))]
    workers: Option<u32>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How things are said.
#[derive(Clone, Copy, Debug)]
struct Manner {
    json: bool,
    /// Of stdout.
    depth: Depth,
}

impl Manner {
    /// `text` in a colour of the 16 every palette has, where there are colours.
    fn painted(self, text: &str, sgr: &str) -> String {
        match self.depth {
            Depth::Mono => text.to_owned(),
            Depth::Ansi16 | Depth::Ansi256 | Depth::TrueColor => {
                format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
            }
        }
    }
}

/// How many there were of a kind, and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    all: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, has_failed: bool) {
        self.all += 1;
        self.failed += usize::from(has_failed);
    }

    fn said(self, what: &str, passed: &str) -> String {
        let plural = if self.all == 1 { "" } else { "s" };
        match self.failed {
            0 => format!("all {} {what}{plural} {passed}", self.all),
            failed => format!("{failed} of {} {what}{plural} failed", self.all),
        }
    }
}

#[derive(Serialize)]
struct VerdictLine {
    section: &'static str,
    checks: usize,
    failed: usize,
    /// Rates that were asked for, and how many of them could not be measured.
    measured: usize,
    unmeasured: usize,
}

pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let manner = Manner { json: args.json, depth: depth() };
    report::program(manner)?;
    report::terminal(manner)?;
    report::cpu(manner)?;
    let gpus = nn::gpus();
    report::gpus(&gpus, manner)?;
    let (devices, checks) = checks::run(&checks::targets(args.device, &gpus), manner)?;
    let rates = match args.bench {
        true => bench::run(&devices, args.workers, manner)?,
        false => Tally::default(),
    };
    verdict(checks, rates, manner)
}

/// The last line. Readers of JSON are told of a failure on stderr too, as by the other commands.
fn verdict(checks: Tally, rates: Tally, manner: Manner) -> Result<ExitCode, Failure> {
    let has_failed = checks.failed + rates.failed > 0;
    let mut said = checks.said("check", "passed");
    if rates.all > 0 {
        said = format!("{said}; {}", rates.said("measurement", "done"));
    }
    if manner.json {
        json_line(&VerdictLine {
            section: "verdict",
            checks: checks.all,
            failed: checks.failed,
            measured: rates.all,
            unmeasured: rates.failed,
        })?;
        return match has_failed {
            true => Err(Failure::failed(anyhow!(said))),
            false => Ok(ExitCode::SUCCESS),
        };
    }
    line(format!("\n{}", manner.painted(&said, if has_failed { FAIL } else { PASS })))?;
    Ok(ExitCode::from(u8::from(has_failed)))
}

/// Green, and red that is bold so that it differs by more than its hue (SGR).
const PASS: &str = "32";
const FAIL: &str = "1;31";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_count() {
        let mut tally = Tally::default();
        tally.count(false);
        assert_eq!(tally.said("check", "passed"), "all 1 check passed");
        tally.count(true);
        assert_eq!(tally, Tally { all: 2, failed: 1 });
        assert_eq!(tally.said("check", "passed"), "1 of 2 checks failed");
    }
}
