//! What experiments of the lab found, and how far they are: kept with the run whose population they looked at, or
//! in the user's folder. An experiment is a process of its own, so that it may outlive who started it and can't harm a
//! search; who looks finds it here.
//!
//! Must not know how an experiment is made, or shown. Invariant: one process at a time keeps what an experiment of a
//! folder finds, and what it found before stands until it is done.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    files::{Existing, read_text, write_soon, write_text},
    folder::state_folder,
};
use crate::{report::Report, text::printable};

/// The experiments, by the names that the command line has for them.
pub const EXPERIMENTS: [&str; 8] =
    ["rank", "agreement", "saturation", "noise", "why", "overflow", "rescaling", "theorem1"];

/// In a run's folder, or in the user's.
const FOLDER: &str = "lab";
/// Of the files' format.
const VERSION: u32 = 1;
/// Progress is written so often.
const INTERVAL: Duration = Duration::from_millis(250);
/// Who watches looks so often.
const LOOKS: Duration = Duration::from_millis(250);
/// Of what a process that failed said.
const MAX_SAID: u64 = 16 * 1024;
/// Who looks whether an experiment runs holds its lock for a moment.
const TRIES: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Where the experiments of a run are kept; without one, where the user's own are. None where no variable says
/// where.
pub fn lab_folder(run: Option<&Path>) -> Option<PathBuf> {
    Some(run.map_or_else(state_folder, |run| Some(run.to_owned()))?.join(FOLDER))
}

/// What an experiment found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    version: u32,
    /// What makes it again, behind `zendo`.
    pub command: Vec<String>,
    /// When it ended: seconds since 1970.
    pub at: u64,
    /// How long it took.
    pub seconds: f64,
    pub device: String,
    pub report: Report,
}

/// How far an experiment is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    pub pid: u32,
    pub command: Vec<String>,
    /// Seconds since 1970.
    pub began: u64,
    /// Steps, of so many; 0 of 0 where that isn't known yet.
    pub done: usize,
    pub of: usize,
    /// What it is at; may be empty.
    pub text: String,
    /// Why it ended without a result.
    pub failure: Option<String>,
}

/// Whether an experiment is under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Underway {
    #[default]
    No,
    Running(Progress),
    /// The last one ended without a result, and why.
    Failed(String),
}

/// An experiment as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stands {
    /// What was found last; why that can't be read.
    pub found: Option<Result<Found, String>>,
    pub underway: Underway,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn file(lab: &Path, name: &str, extension: &str) -> PathBuf {
    lab.join(format!("{name}.{extension}"))
}

/// The right to say what an experiment finds.
#[derive(Debug)]
pub struct Keeper {
    lab: PathBuf,
    name: &'static str,
    progress: Progress,
    since: Instant,
    told: Option<Instant>,
    /// Held as long as it runs.
    _lock: File,
}

impl Keeper {
    /// Begins in `lab`, which is made where it isn't there.
    ///
    /// # Errors
    /// The same experiment runs there (`ResourceBusy`); the folder can't be written.
    pub fn begin(lab: &Path, name: &'static str, command: Vec<String>) -> io::Result<Keeper> {
        fs::create_dir_all(lab)?;
        let lock = File::options().append(true).create(true).open(file(lab, name, "lock"))?;
        for attempt in 1.. {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < TRIES => thread::sleep(TRY_AGAIN_AFTER),
                Err(TryLockError::WouldBlock) => {
                    let why = format!("{name} is being run there already");
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        let progress = Progress {
            version: VERSION,
            pid: process::id(),
            command,
            began: now(),
            done: 0,
            of: 0,
            text: String::new(),
            failure: None,
        };
        let mut keeper = Keeper {
            lab: lab.to_owned(),
            name,
            progress,
            since: Instant::now(),
            told: None,
            _lock: lock,
        };
        keeper.write_progress()?;
        Ok(keeper)
    }

    /// Says how far it is, to whoever looks; seldom enough to cost nothing.
    pub fn tell(&mut self, done: usize, of: usize, text: &str) {
        if self.told.is_some_and(|told| told.elapsed() < INTERVAL) {
            return;
        }
        (self.progress.done, self.progress.of) = (done, of);
        text.clone_into(&mut self.progress.text);
        // A disk that fails is no reason to end an experiment; what it finds is printed all the same.
        let _ = self.write_progress();
    }

    /// Keeps what was found.
    ///
    /// # Errors
    /// It can't be written.
    pub fn keep(self, report: &Report, device: &str) -> io::Result<()> {
        let found = Found {
            version: VERSION,
            command: self.progress.command.clone(),
            at: now(),
            seconds: self.since.elapsed().as_secs_f64(),
            device: device.to_owned(),
            report: report.clone(),
        };
        let text = serde_json::to_string(&found)?;
        write_text(&file(&self.lab, self.name, "json"), &text, Existing::Replace)?;
        fs::remove_file(file(&self.lab, self.name, "progress"))
    }

    /// Says that nothing was found, and why.
    pub fn fail(mut self, why: &str) {
        self.progress.failure = Some(why.to_owned());
        // Where that fails, it looks like an end without a word.
        let _ = self.write_progress();
    }

    fn write_progress(&mut self) -> io::Result<()> {
        self.told = Some(Instant::now());
        let text = serde_json::to_string(&self.progress)?;
        write_soon(&file(&self.lab, self.name, "progress"), &text)
    }
}

/// How experiment `name` stands in `lab`.
pub fn stands(lab: &Path, name: &str) -> Stands {
    let found = read::<Found>(&file(lab, name, "json")).map(|found| {
        let found = found?;
        match (found.version, found.report.is_whole()) {
            (VERSION, true) => Ok(found),
            (VERSION, false) => Err("it was changed: rows and columns differ".to_owned()),
            (version, _) => Err(format!("version {version}, where {VERSION} is known")),
        }
    });
    let underway = match read::<Progress>(&file(lab, name, "progress")) {
        None => Underway::No,
        Some(Err(why)) => Underway::Failed(why),
        Some(Ok(Progress { failure: Some(why), .. })) => Underway::Failed(why),
        Some(Ok(progress)) if is_locked(lab, name) => Underway::Running(progress),
        Some(Ok(_)) => Underway::Failed("it ended without a word".to_owned()),
    };
    Stands { found, underway }
}

fn is_locked(lab: &Path, name: &str) -> bool {
    let Ok(file) = File::open(file(lab, name, "lock")) else { return false };
    // Shared: two that look don't keep each other out.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// None where there is no such file.
fn read<T: DeserializeOwned>(path: &Path) -> Option<Result<T, String>> {
    match read_text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(format!("can't be read: {error}"))),
        Ok(text) => Some(serde_json::from_str(&text).map_err(|error| {
            printable(&format!("it was changed, or is another zendo's: {error}"))
        })),
    }
}

/// Ends a running experiment in `lab`, which then says so itself.
///
/// # Errors
/// It doesn't run there, or may not be ended.
pub fn end_experiment(lab: &Path, name: &str) -> io::Result<()> {
    let Underway::Running(progress) = stands(lab, name).underway else {
        return Err(io::Error::other(format!("{name} doesn't run")));
    };
    let pid = i32::try_from(progress.pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("its process is unknown"))?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
}

/// Removes what experiments left in the folder of a run; what isn't theirs stays.
///
/// # Errors
/// The disk fails.
pub(super) fn remove_lab(run: &Path) -> io::Result<()> {
    let lab = run.join(FOLDER);
    let files = EXPERIMENTS
        .iter()
        .flat_map(|name| ["json", "progress", "lock"].map(|extension| file(&lab, name, extension)));
    let values = values_folder(&lab);
    for path in files.chain([values.join("values.jsonl")]) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
    }
    // Folders with something else in them stay.
    let _ = fs::remove_dir(values);
    let _ = fs::remove_dir(lab);
    Ok(())
}

/// Where `rank` keeps what it measured, so that it can go on.
pub fn values_folder(lab: &Path) -> PathBuf {
    lab.join("rank-values")
}

/// What was heard of a lab: how every experiment stands, or what an attempt to start one came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Stands(Vec<(&'static str, Stands)>),
    /// A process ended without leaving word, and what it said.
    Failed(&'static str, String),
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

fn marks(lab: &Path) -> Vec<(Mark, Mark, bool)> {
    let mark = |path: PathBuf| {
        let found = fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len()))
    };
    let of = |name: &&str| {
        let progress = mark(file(lab, name, "progress"));
        let runs = progress.is_some() && is_locked(lab, name);
        (mark(file(lab, name, "json")), progress, runs)
    };
    EXPERIMENTS.iter().map(of).collect()
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
            let mut seen = None;
            while !ends.load(Ordering::Relaxed) {
                let marks = Some(marks(&folder));
                if marks != seen {
                    seen = marks;
                    let all = EXPERIMENTS.map(|name| (name, stands(&folder, name)));
                    let mut inbox = lock(&filled);
                    // The newest is enough.
                    inbox.retain(|heard| !matches!(heard, Heard::Stands(_)));
                    inbox.push(Heard::Stands(all.into()));
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
            if !ended.is_ok_and(|status| status.success()) {
                lock(&inbox).push(Heard::Failed(name, last_line(&said)));
                waker();
            }
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
    use super::*;
    use crate::report::{Cell, names};

    fn report(score: f64) -> Report {
        Report {
            name: "noise".into(),
            settings: Vec::new(),
            columns: names(["score"]),
            rows: vec![vec![Cell::Number(score, 2)]],
            figures: Vec::new(),
            reading: Vec::new(),
        }
    }

    fn begin(lab: &Path) -> io::Result<Keeper> {
        Keeper::begin(lab, "noise", vec!["lab".to_owned(), "noise".to_owned()])
    }

    #[test]
    fn what_was_found_stands_until_there_is_something_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let lab = lab_folder(Some(folder.path())).expect("a run's");
        assert_eq!(stands(&lab, "noise"), Stands::default());
        begin(&lab).expect("free").keep(&report(1.0), "cpu").expect("kept");
        let found = stands(&lab, "noise");
        assert_eq!(found.underway, Underway::No);
        let Some(Ok(first)) = found.found else { panic!("{found:?}") };
        assert_eq!(first.report, report(1.0));
        assert_eq!(first.command, ["lab", "noise"]);

        let mut keeper = begin(&lab).expect("free again");
        assert!(begin(&lab).expect_err("taken").to_string().contains("being run"));
        keeper.told = None;
        keeper.tell(3, 8, "nets");
        let now = stands(&lab, "noise");
        let Underway::Running(progress) = now.underway else { panic!("{now:?}") };
        assert_eq!((progress.done, progress.of, progress.pid), (3, 8, process::id()));
        assert_eq!(now.found, Some(Ok(first)));
        keeper.fail("out of memory");
        assert_eq!(stands(&lab, "noise").underway, Underway::Failed("out of memory".to_owned()));
        // Somebody killed it.
        drop(begin(&lab).expect("free"));
        let killed = stands(&lab, "noise").underway;
        assert_eq!(killed, Underway::Failed("it ended without a word".to_owned()));

        fs::write(lab.join("notes"), "mine").expect("written");
        remove_lab(folder.path()).expect("removed");
        assert_eq!(fs::read_dir(&lab).expect("still there").count(), 1);
    }

    #[test]
    fn files_that_were_changed_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let lab = folder.path();
        begin(lab).expect("free").keep(&report(1.0), "cpu").expect("kept");
        let path = file(lab, "noise", "json");
        let text = fs::read_to_string(&path).expect("there");
        for (from, to) in [("\"version\":1", "\"version\":9"), ("[\"score\"]", "[]"), ("}", "")] {
            fs::write(&path, text.replace(from, to)).expect("written");
            let found = stands(lab, "noise").found;
            assert!(matches!(found, Some(Err(_))), "{from}: {found:?}");
        }
        fs::write(file(lab, "noise", "progress"), "{").expect("written");
        assert!(matches!(stands(lab, "noise").underway, Underway::Failed(_)));
    }

    #[test]
    fn who_watches_hears_of_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, woken) = std::sync::mpsc::channel();
        let waker = Arc::new(move || {
            // Nobody listens once the test is over.
            let _ = sender.send(());
        });
        let watching = Watching::start(folder.path().to_owned(), waker).expect("a thread");
        let patience = Duration::from_secs(30);
        woken.recv_timeout(patience).expect("how it stands first");
        let is_found = |heard: &Heard| match heard {
            Heard::Stands(all) => all.iter().any(|(_, stands)| stands.found.is_some()),
            Heard::Failed(..) => false,
        };
        assert!(!watching.drain().iter().any(is_found));
        begin(folder.path()).expect("free").keep(&report(1.0), "cpu").expect("kept");
        let since = Instant::now();
        while !watching.drain().iter().any(is_found) {
            assert!(since.elapsed() < patience, "never heard");
            let _ = woken.recv_timeout(patience);
        }
    }
}
