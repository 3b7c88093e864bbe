//! What zendo finds around itself: its build, the terminal, the CPU, the GPUs.
//!
//! Must not know: how GPUs are found, what is checked. Invariant: nothing of the environment reaches a terminal
//! with its control characters.

use std::{env, io::IsTerminal, thread};

use serde::Serialize;

use super::Manner;
use crate::{
    cli::{
        Failure,
        output::{folded, json_line, line},
    },
    nn::{self, Gpu, Gpus, KernelPath},
    text::{binary, printable},
    theme::{self, Charset, Depth},
};

/// Cells of a fact's name, and of a line.
const NAME: usize = 11;
const WIDTH: usize = 80;

/// A name and what belongs to it, over as many lines as that takes.
fn fact(name: &str, value: &str) -> Result<(), Failure> {
    folded(value, WIDTH - NAME).iter().enumerate().try_for_each(|(index, part)| {
        let name = if index == 0 { name } else { "" };
        line(format!("{name:<NAME$}{part}"))
    })
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| printable(&value.to_string_lossy()))
}

#[derive(Serialize)]
struct ProgramLine {
    section: &'static str,
    version: &'static str,
    /// Of a debug build no time says anything.
    debug: bool,
    features: Vec<&'static str>,
}

pub(super) fn program(manner: Manner) -> Result<(), Failure> {
    let all = [
        ("tui", cfg!(feature = "tui")),
        ("cuda", cfg!(feature = "cuda")),
        ("cudnn", cfg!(feature = "cudnn")),
    ];
    let of = |wanted: bool| -> Vec<&'static str> {
        all.into_iter().filter(|(_, built)| *built == wanted).map(|(name, _)| name).collect()
    };
    let (built, left_out) = (of(true), of(false));
    let version = env!("CARGO_PKG_VERSION");
    let debug = cfg!(debug_assertions);
    if manner.json {
        return json_line(&ProgramLine { section: "zendo", version, debug, features: built });
    }
    let slow = if debug { ", a debug build: several times slower than a release" } else { "" };
    fact("zendo", &format!("{version}{slow}"))?;
    let mut said = if built.is_empty() { "none".to_owned() } else { built.join(", ") };
    if !left_out.is_empty() {
        said = format!("{said}; not built in: {}", left_out.join(", "));
    }
    fact("features", &said)
}

#[derive(Serialize)]
struct TerminalLine {
    section: &'static str,
    /// Null where neither stdout nor stdin is a terminal that knows.
    columns: Option<u16>,
    rows: Option<u16>,
    stdin: bool,
    stdout: bool,
    term: Option<String>,
    colorterm: Option<String>,
    no_color: bool,
    /// That the environment promises, whatever stdout is.
    colours: &'static str,
    locale: Option<String>,
    charset: &'static str,
    ssh: bool,
}

/// Columns and rows. Stdin knows them where stdout goes into a pipe.
fn size() -> Option<(u16, u16)> {
    let of = |size: Result<rustix::termios::Winsize, rustix::io::Errno>| {
        let size = size.ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    };
    of(rustix::termios::tcgetwinsize(rustix::stdio::stdout()))
        .or_else(|| of(rustix::termios::tcgetwinsize(rustix::stdio::stdin())))
}

pub(super) fn terminal(manner: Manner) -> Result<(), Failure> {
    let (charset, letters) = match Charset::of_locale(&variable) {
        Charset::Utf8 => ("utf-8", "UTF-8"),
        Charset::Other => ("other", "not UTF-8, so the terminal UI draws with ASCII"),
        Charset::Unknown => ("unknown", "says nothing of UTF-8, so the terminal UI tries it"),
    };
    let size = size();
    let (stdin, stdout) = (std::io::stdin().is_terminal(), std::io::stdout().is_terminal());
    let found = TerminalLine {
        section: "terminal",
        columns: size.map(|(columns, _)| columns),
        rows: size.map(|(_, rows)| rows),
        stdin,
        stdout,
        term: variable("TERM"),
        colorterm: variable("COLORTERM"),
        no_color: variable("NO_COLOR").is_some_and(|value| !value.is_empty()),
        colours: Depth::promised(&variable).name(),
        locale: theme::locale(&variable),
        charset,
        ssh: variable("SSH_CONNECTION").is_some(),
    };
    if manner.json {
        return json_line(&found);
    }
    line("")?;
    let shown =
        size.map_or("size unknown".to_owned(), |(columns, rows)| format!("{columns}×{rows}"));
    let is = match (stdin, stdout) {
        (true, true) => "stdin and stdout are terminals",
        (true, false) => "stdin is a terminal, stdout is none",
        (false, true) => "stdout is a terminal, stdin is none",
        (false, false) => "neither stdin nor stdout is a terminal",
    };
    fact("terminal", &format!("{shown}; {is}"))?;
    let or_unset = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
    fact("TERM", &or_unset(found.term))?;
    fact("COLORTERM", &or_unset(found.colorterm))?;
    let why = if found.no_color { ": NO_COLOR is set" } else { "" };
    fact("colours", &format!("{}{why}", found.colours))?;
    fact("locale", &format!("{}: {letters}", or_unset(found.locale)))?;
    fact("line", if found.ssh { "over SSH" } else { "not over SSH" })
}

#[derive(Serialize)]
struct CpuLine {
    section: &'static str,
    cores: usize,
    /// Null where the system does not say.
    memory_free_bytes: Option<u64>,
    kernels: Vec<KernelsEntry>,
}

#[derive(Serialize)]
struct KernelsEntry {
    name: &'static str,
    available: bool,
    /// Whether `--kernels auto` takes it.
    best: bool,
}

pub(super) fn cpu(manner: Manner) -> Result<(), Failure> {
    let best = KernelPath::best();
    let entry = |path: KernelPath| KernelsEntry {
        name: path.name(),
        available: path.is_available(),
        best: path == best,
    };
    let found = CpuLine {
        section: "cpu",
        cores: thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_free_bytes: nn::available_host_bytes(),
        kernels: KernelPath::ALL.into_iter().map(entry).collect(),
    };
    if manner.json {
        return json_line(&found);
    }
    line("")?;
    let memory = found
        .memory_free_bytes
        .map_or(String::new(), |bytes| format!(", {} of memory free", binary(bytes)));
    let plural = if found.cores == 1 { "" } else { "s" };
    fact("CPU", &format!("{} core{plural}{memory}", found.cores))?;
    for (index, kernels) in found.kernels.iter().enumerate() {
        let standing = match kernels {
            KernelsEntry { best: true, .. } => "the best of this CPU",
            KernelsEntry { available: true, .. } => "available",
            KernelsEntry { available: false, .. } => "not available",
        };
        let name = if index == 0 { "kernels" } else { "" };
        line(format!("{name:<NAME$}{:<NAME$}{standing}", kernels.name))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct GpusLine {
    section: &'static str,
    /// The newest CUDA version that the driver runs, `12.4`.
    driver: Option<String>,
    gpus: Vec<GpuEntry>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct GpuEntry {
    ordinal: usize,
    name: String,
    /// `9.0`
    compute_capability: String,
    memory_free_bytes: u64,
    memory_total_bytes: u64,
}

impl GpuEntry {
    fn of(gpu: &Gpu) -> GpuEntry {
        let Gpu { ordinal, name, compute_capability: (major, minor), .. } = gpu;
        GpuEntry {
            ordinal: *ordinal,
            name: printable(name),
            compute_capability: format!("{major}.{minor}"),
            memory_free_bytes: gpu.memory_free,
            memory_total_bytes: gpu.memory_total,
        }
    }

    fn shown(&self) -> String {
        format!(
            "{}, compute capability {}, {} of {} free",
            self.name,
            self.compute_capability,
            binary(self.memory_free_bytes),
            binary(self.memory_total_bytes)
        )
    }
}

pub(super) fn gpus(gpus: &Gpus, manner: Manner) -> Result<(), Failure> {
    let found = GpusLine {
        section: "gpus",
        driver: gpus.driver.map(|(major, minor)| format!("{major}.{minor}")),
        gpus: gpus.gpus.iter().map(GpuEntry::of).collect(),
        problem: gpus.problem.as_deref().map(printable),
    };
    if manner.json {
        return json_line(&found);
    }
    line("")?;
    let count = match (found.gpus.len(), &found.problem) {
        (0, Some(problem)) => format!("none: {problem}"),
        (0, None) => "none".to_owned(),
        (count, None) => count.to_string(),
        (count, Some(problem)) => format!("{count}; {problem}"),
    };
    fact("GPUs", &count)?;
    if let Some(driver) = &found.driver {
        fact("driver", &format!("runs CUDA up to {driver}"))?;
    }
    found.gpus.iter().try_for_each(|gpu| fact(&format!("cuda:{}", gpu.ordinal), &gpu.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_told_in_a_line() {
        let gpu = Gpu {
            ordinal: 0,
            name: "NVIDIA\u{1b}[31m".to_owned(),
            compute_capability: (9, 0),
            memory_free: 78 << 30,
            memory_total: 79 << 30,
        };
        let shown = GpuEntry::of(&gpu).shown();
        assert_eq!(shown, "NVIDIA\u{fffd}[31m, compute capability 9.0, 78.0 GiB of 79.0 GiB free");
    }
}
