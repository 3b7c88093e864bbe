//! Where runs lie that nobody named a folder for.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::super::folder::state_folder;

/// Folders of a name that are tried before giving up.
const TRIES: u32 = 64;
/// How the path of a user's runs ends.
const RUNS: &str = "zendo/runs";
/// Longest part of a preset's name in a folder's.
const MAX_NAME: usize = 48;

/// `zendo/runs` in the state folder of XDG; none where no variable says where.
pub fn runs_folder() -> Option<PathBuf> {
    Some(state_folder()?.join("runs"))
}

/// What a person calls the run in `folder`: its name where it lies among a user's runs, else the path.
pub fn run_name(folder: &Path) -> String {
    let is_among = folder.parent().is_some_and(|parent| parent.ends_with(RUNS));
    let name = folder.file_name().filter(|_| is_among);
    name.map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A new folder for a run of preset `name`, made: called by the preset, the time (UTC) and a short id.
///
/// # Errors
/// No variable says where, or the folder can't be written.
pub fn new_folder(name: &str) -> io::Result<PathBuf> {
    let runs = runs_folder().ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set")
    })?;
    fs::create_dir_all(&runs)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    for attempt in 0..TRIES {
        let path = runs.join(folder_name(name, now, salt(now, attempt)));
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path),
        }
    }
    Err(io::Error::other(format!("{} has too many runs of this name", runs.display())))
}

/// Four hex digits that differ between processes and moments.
fn salt(now: Duration, attempt: u32) -> u16 {
    let seed = now.as_nanos() as u64 ^ u64::from(std::process::id()) << 32 ^ u64::from(attempt);
    (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u16
}

fn folder_name(preset: &str, since_epoch: Duration, salt: u16) -> String {
    let stem =
        Path::new(preset).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = stem.chars().map(plain).take(MAX_NAME).collect();
    let stem = stem.trim_start_matches('.');
    let stem = if stem.is_empty() { "run" } else { stem };
    format!("{stem}-{}-{salt:04x}", timestamp(since_epoch))
}

/// `20261126-152507`, UTC.
fn timestamp(since_epoch: Duration) -> String {
    let at = time::OffsetDateTime::UNIX_EPOCH + since_epoch;
    let (date, clock) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}-{:02}{:02}{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_called_by_its_name_where_that_is_enough() {
        let name = |path: &str| run_name(Path::new(path));
        assert_eq!(name("/home/ada/.local/state/zendo/runs/quick-1"), "quick-1");
        assert_eq!(name("/tmp/quick-1"), "/tmp/quick-1");
    }

    #[test]
    fn a_folder_says_preset_time_and_id() {
        let at = Duration::from_secs(1_795_706_707);
        assert_eq!(
            folder_name("cifar-params-1m", at, 0x3f),
            "cifar-params-1m-20261126-152507-003f"
        );
        assert_eq!(folder_name("../My preset.toml", at, 1), "My-preset-20261126-152507-0001");
        assert_eq!(folder_name("", at, 1), "run-20261126-152507-0001");
    }
}
