//! What experiments of the lab found, and how far they are: kept with the run whose population they looked at, or
//! in the user's folder. An experiment is a process of its own, so that it may outlive who started it and can't harm a
//! search; who looks finds it here.
//!
//! Must not know how an experiment is made, or shown. Invariant: one process at a time keeps what an experiment of a
//! folder finds, and what it found before stands until it is done.

mod watching;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use watching::{Heard, Watching};

use super::{
    files::{Existing, is_locked, lock, read_text, write_soon, write_text},
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
        let held = File::options().append(true).create(true).open(file(lab, name, "lock"))?;
        if !lock(&held)? {
            let why = format!("{name} is being run there already");
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
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
            _lock: held,
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
        Some(Ok(progress)) if runs(lab, name) => Underway::Running(progress),
        Some(Ok(_)) => Underway::Failed("it ended without a word".to_owned()),
    };
    Stands { found, underway }
}

fn runs(lab: &Path, name: &str) -> bool {
    File::open(file(lab, name, "lock")).is_ok_and(|held| is_locked(&held))
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
}
