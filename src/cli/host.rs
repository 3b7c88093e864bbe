//! `zendo host`: the process that a run lives in, without a terminal. Started by others; its stdin says what
//! runs, its stdout whether it does. Must not know who watches. Invariant: it ends with its run, or when told.

use std::{
    fs::OpenOptions,
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, anyhow};

use super::{Failure, output::json_line, signals::catch_signals};
use crate::run::{
    self, Handle, ReadyLine, RunSpec, Server,
    protocol::{Command, Finished, Reason, Update},
};

/// More than any preset is long.
const MAX_SPEC: u64 = 16 * 1024 * 1024;
/// Signals are looked for so often.
const INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn run() -> Result<ExitCode, Failure> {
    // Where it leads a session already, it needs none of its own.
    let _ = rustix::process::setsid();
    let signal = catch_signals().map_err(Failure::failed)?;
    // Whoever started it may have a terminal that goes away.
    let nobody = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, nobody).map_err(Failure::failed)?;
    let mut text = String::new();
    io::stdin().take(MAX_SPEC).read_to_string(&mut text).map_err(Failure::failed)?;
    let begun = serde_json::from_str(&text).context("what runs is said on stdin").and_then(begin);
    let (handle, server, spec) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            json_line(&ReadyLine::Failed(format!("{error:#}")))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    json_line(&ReadyLine::Ready)?;
    let folder = spec.out.as_deref();
    let _ = leave_the_terminal(folder);
    let finished = wait(&handle, &signal);
    handle.join();
    if finished.reason != Reason::Interrupted {
        let done = run::config()
            .map_err(anyhow::Error::from)
            .and_then(|config| Ok(run::run_at_end(&config.end, &spec.name, folder, &finished)?));
        if let Err(error) = done {
            // It goes into the run's log.
            let _ = writeln!(io::stderr(), "the command at the end: {error:#}");
        }
    }
    server.close();
    Ok(match (signal.load(Ordering::Relaxed), finished.reason) {
        (0, Reason::Failed) => ExitCode::FAILURE,
        (0, _) => ExitCode::SUCCESS,
        (signal, _) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
    })
}

/// Starts the run and lets viewers come.
fn begin(mut spec: RunSpec) -> anyhow::Result<(Handle, Server, RunSpec)> {
    let folder = spec.out.clone().ok_or_else(|| anyhow!("a hosted run needs a folder"))?;
    let socket = run::socket_path(&folder)?;
    spec.socket = Some(socket.clone());
    let handle = run::spawn(Box::new(|| {}))?;
    handle.send(Command::Start(Box::new(spec.clone())))?;
    let mut why = None;
    loop {
        for update in handle.wait(INTERVAL) {
            match update {
                Update::Hello(_) => {
                    // The folder is ours now, and so is what lies at its socket's place.
                    let server = Server::start(&handle, &socket)?;
                    return Ok((handle, server, spec));
                }
                Update::Fault(fault) => why = Some(fault.text),
                Update::Finished(_) => {
                    let why = why.unwrap_or_else(|| "the search could not start".to_owned());
                    return Err(anyhow!(why));
                }
                Update::Snapshot(_)
                | Update::Phase(_)
                | Update::NewBest(_)
                | Update::Log(_)
                | Update::Tuned(_)
                | Update::Refused(_)
                | Update::Ancestors(_) => {}
            }
        }
        if handle.is_over() {
            return Err(anyhow!("the engine ended before it began"));
        }
    }
}

/// Until the run ends by itself, or because a signal wants it to go on later.
fn wait(handle: &Handle, signal: &AtomicUsize) -> Finished {
    let mut is_told = false;
    loop {
        for update in handle.wait(INTERVAL) {
            if let Update::Finished(finished) = update {
                return finished;
            }
        }
        if handle.is_over() {
            return Finished { reason: Reason::Failed, winner: None };
        }
        if signal.load(Ordering::Relaxed) != 0 && !is_told {
            is_told = handle.send(Command::Suspend).is_ok();
        }
    }
}

/// Nothing of the terminal is held any more: it may close. What is said from here on goes into the run's log.
fn leave_the_terminal(folder: Option<&Path>) -> io::Result<()> {
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    if let Some(folder) = folder {
        let log = OpenOptions::new().append(true).create(true).open(folder.join("log"))?;
        rustix::stdio::dup2_stderr(&log)?;
    }
    // A folder that it doesn't need may be unmounted.
    std::env::set_current_dir("/")
}
