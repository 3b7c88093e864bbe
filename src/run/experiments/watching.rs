//! Whoever looks at a lab while experiments are made there, and starts some. Must not know what is shown. Invariant:
//! an experiment that was started goes on without who started it.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use super::{EXPERIMENTS, Stands, file, runs, stands};
use crate::text::printable;

/// Who watches looks so often.
const LOOKS: Duration = Duration::from_millis(250);
/// Of what a process that failed said.
const MAX_SAID: u64 = 16 * 1024;

/// What was heard of a lab.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// How every experiment stands.
    Stands(Vec<(&'static str, Stands)>),
    /// The process of one that was started here has ended; what it said where it failed.
    Ended(&'static str, Result<(), String>),
}

type Inbox = Mutex<Vec<Heard>>;

/// Looks at the experiments of a folder until it is dropped, and starts them.
pub struct Watching {
    lab: PathBuf,
    inbox: Arc<Inbox>,
    waker: Arc<dyn Fn() + Send + Sync>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// What changes when a file does.
type Mark = Option<(SystemTime, u64)>;

fn marks(lab: &Path, name: &str) -> (Mark, Mark, bool) {
    let mark = |path: PathBuf| {
        let found = fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len()))
    };
    let progress = mark(file(lab, name, "progress"));
    let runs = progress.is_some() && runs(lab, name);
    (mark(file(lab, name, "json")), progress, runs)
}

impl Watching {
    /// Watches `lab`; `waker` is called when there is something new.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(lab: PathBuf, waker: Arc<dyn Fn() + Send + Sync>) -> io::Result<Watching> {
        let (inbox, is_over) = (Arc::new(Inbox::default()), Arc::new(AtomicBool::new(false)));
        let (filled, folder) = (Arc::clone(&inbox), lab.clone());
        let (ends, wake) = (Arc::clone(&is_over), Arc::clone(&waker));
        thread::Builder::new().name("zendo-lab".to_owned()).spawn(move || {
            let mut seen = EXPERIMENTS.map(|_| None);
            let mut all = EXPERIMENTS.map(|name| (name, Stands::default()));
            while !ends.load(Ordering::Relaxed) {
                let mut is_new = false;
                for ((name, known), seen) in all.iter_mut().zip(&mut seen) {
                    let marks = Some(marks(&folder, name));
                    if marks != *seen {
                        (*known, *seen, is_new) = (stands(&folder, name), marks, true);
                    }
                }
                if is_new {
                    let mut inbox = lock(&filled);
                    // The newest is enough.
                    inbox.retain(|heard| !matches!(heard, Heard::Stands(_)));
                    inbox.push(Heard::Stands(all.to_vec()));
                    drop(inbox);
                    wake();
                }
                thread::sleep(LOOKS);
            }
        })?;
        Ok(Watching { lab, inbox, waker, is_over })
    }

    pub fn folder(&self) -> &Path {
        &self.lab
    }

    /// Everything new.
    pub fn drain(&self) -> Vec<Heard> {
        std::mem::take(&mut *lock(&self.inbox))
    }

    /// Starts `zendo` with `command`, which is experiment `name`. It goes on without this process.
    ///
    /// # Errors
    /// The system gives no process, or no thread.
    pub fn begin(&self, name: &'static str, command: &[String]) -> io::Result<()> {
        let mut process = process::Command::new(std::env::current_exe()?);
        process.args(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // A terminal's signals are for who has the terminal.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut process, 0);
        let mut child = process.spawn()?;
        let (inbox, waker) = (Arc::downgrade(&self.inbox), Arc::clone(&self.waker));
        thread::Builder::new().name("zendo-lab-run".to_owned()).spawn(move || {
            let mut said = Vec::new();
            if let Some(stderr) = child.stderr.take() {
                let mut rest = stderr;
                let _ = (&mut rest).take(MAX_SAID).read_to_end(&mut said);
                // Whoever can't write would wait, or end.
                let _ = io::copy(&mut rest, &mut io::sink());
            }
            let ended = child.wait();
            let Some(inbox) = Weak::upgrade(&inbox) else { return };
            let result = match ended.is_ok_and(|status| status.success()) {
                true => Ok(()),
                false => Err(last_line(&said)),
            };
            lock(&inbox).push(Heard::Ended(name, result));
            waker();
        })?;
        Ok(())
    }
}

fn lock(inbox: &Inbox) -> std::sync::MutexGuard<'_, Vec<Heard>> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a process said at the end.
fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let line = line.map(|line| line.rsplit('\r').next().unwrap_or(line));
    line.map_or_else(|| "it ended without a word".to_owned(), printable)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{report::Report, run::Keeper};

    #[test]
    fn who_watches_hears_of_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, woken) = std::sync::mpsc::channel();
        let waker = Arc::new(move || {
            // Nobody listens once the test is over.
            let _ = sender.send(());
        });
        let report = Report {
            name: "noise".into(),
            settings: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            figures: Vec::new(),
            reading: Vec::new(),
        };
        let watching = Watching::start(folder.path().to_owned(), waker).expect("a thread");
        let patience = Duration::from_secs(30);
        woken.recv_timeout(patience).expect("how it stands first");
        let is_found = |heard: &Heard| match heard {
            Heard::Stands(all) => all.iter().any(|(_, stands)| stands.found.is_some()),
            Heard::Ended(..) => false,
        };
        assert!(!watching.drain().iter().any(is_found));
        Keeper::begin(folder.path(), "noise", Vec::new())
            .expect("free")
            .keep(&report, "cpu")
            .expect("kept");
        let since = Instant::now();
        while !watching.drain().iter().any(is_found) {
            assert!(since.elapsed() < patience, "never heard");
            let _ = woken.recv_timeout(patience);
        }
    }
}
