//! Starting a host: a process of its own, in a session of its own, without a terminal.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{self, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{AttachError, attach};
use crate::run::{Handle, RunSpec, store::new_folder};

/// Until a host has opened its device and its folder, and says so.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest line that is taken for its word.
const MAX_LINE: u64 = 64 * 1024;

/// What a host says on its stdout, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadyLine {
    /// It runs, and may be watched.
    Ready,
    Failed(String),
}

/// Starts a host for `spec`, with a new folder where none is named; gives the folder.
///
/// # Errors
/// No process, no folder, or what keeps the search from starting.
pub fn launch(mut spec: RunSpec) -> io::Result<PathBuf> {
    let (folder, is_new) = match spec.out.take() {
        Some(folder) => (std::path::absolute(folder)?, false),
        None => (new_folder(&spec.name)?, true),
    };
    spec.out = Some(folder.clone());
    let program = std::env::current_exe()?;
    let mut host = process::Command::new(program)
        .arg("host")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let asked = host
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(serde_json::to_string(&spec)?.as_bytes()));
    let stdout = host.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // It waits for the host's end as well, or a dead one would be kept in the system's books.
    thread::Builder::new().name("zendo-launch".to_owned()).spawn(move || {
        let mut line = String::new();
        if let Some(stdout) = stdout {
            let _ = BufReader::new(stdout.take(MAX_LINE)).read_line(&mut line);
        }
        drop(sender.send(line));
        let _ = host.wait();
    })?;
    asked?;
    let line = receiver
        .recv_timeout(PATIENCE)
        .map_err(|_| io::Error::other("the host that was started doesn't answer"))?;
    match serde_json::from_str(&line) {
        Ok(ReadyLine::Ready) => Ok(folder),
        Ok(ReadyLine::Failed(why)) => {
            if is_new {
                // One with something in it stays.
                let _ = std::fs::remove_dir(&folder);
            }
            Err(io::Error::other(why))
        }
        Err(_) => Err(io::Error::other("the host that was started ended without a word")),
    }
}

/// Why there is no run to watch.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// It didn't start, and why.
    #[error("{0}")]
    Start(#[from] io::Error),
    #[error("{0}")]
    Attach(#[from] AttachError),
}

/// What comes of a host that is being started, or found.
pub type Launched = Result<(PathBuf, Handle), LaunchError>;

/// A host that is being started, or spoken to, while somebody does something else.
pub struct Launching {
    result: Arc<Mutex<Option<Launched>>>,
}

impl Launching {
    /// Starts a host for `spec` and attaches to it. `waker` is called when that is done, and from then on when
    /// the run says something.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(spec: RunSpec, waker: Arc<dyn Fn() + Send + Sync>) -> io::Result<Launching> {
        Launching::spawn(waker, move || launch(spec))
    }

    /// Attaches to the host of `folder`; `waker` as for [`Launching::start`].
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn attach(folder: PathBuf, waker: Arc<dyn Fn() + Send + Sync>) -> io::Result<Launching> {
        Launching::spawn(waker, move || Ok(folder))
    }

    fn spawn(
        waker: Arc<dyn Fn() + Send + Sync>,
        find: impl FnOnce() -> io::Result<PathBuf> + Send + 'static,
    ) -> io::Result<Launching> {
        let result = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&result);
        thread::Builder::new().name("zendo-attach".to_owned()).spawn(move || {
            let own = Arc::clone(&waker);
            let launched = find().map_err(LaunchError::from).and_then(|folder| {
                let handle = attach(&folder, Box::new(move || own()))?;
                Ok((folder, handle))
            });
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(launched);
            waker();
        })?;
        Ok(Launching { result })
    }

    /// What came of it, once.
    pub fn take(&self) -> Option<Launched> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
