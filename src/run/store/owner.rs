//! Who writes a run's folder: one zendo at a time, on whatever machine.
//!
//! A home folder may be shared between servers. The kernel's lock speaks for this machine, and is gone with
//! its holder; what the `lock` file says speaks for the others. Invariant: a run that another machine says it
//! runs is never taken for dead.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::super::files::{is_locked, lock};

const FILE: &str = "lock";
/// More than any owner is long.
const MAX_BYTES: u64 = 4_096;

/// A process, on a machine, since a start of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub host: String,
    /// Of the installation: names of machines may be the same.
    #[serde(default)]
    machine: String,
    #[serde(default)]
    boot: String,
    pub pid: u32,
    /// Where it may be spoken to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> Owner {
        let read = |path: &str| {
            std::fs::read_to_string(path).map_or_else(|_| String::new(), |t| t.trim().to_owned())
        };
        Owner {
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            machine: read("/etc/machine-id"),
            boot: read("/proc/sys/kernel/random/boot_id"),
            pid: std::process::id(),
            socket: None,
        }
    }

    /// Whether it is, or was, on the machine of `other`.
    pub(super) fn is_beside(&self, other: &Owner) -> bool {
        (&self.host, &self.machine) == (&other.host, &other.machine)
    }
}

/// The right to write a folder.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// Whether somebody writes a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    Nobody,
    /// Somebody on this machine.
    Here(Owner),
    /// Another machine says so, or said so before it was lost.
    Elsewhere(Owner),
    /// It did, and ended without a word.
    Gone(Owner),
}

impl Lock {
    /// Takes `folder`, from an owner that is gone if need be. Viewers may come to `socket`.
    ///
    /// # Errors
    /// Somebody else has it: who, and what to do. The folder can't be written.
    pub(super) fn take(
        folder: &Path,
        socket: Option<&Path>,
        from_other_hosts: bool,
    ) -> io::Result<Lock> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(FILE))?;
        if !lock(&file)? {
            let who = read(&mut file).map_or_else(String::new, |owner| {
                format!(" (process {} on {})", owner.pid, owner.host)
            });
            return Err(io::Error::other(format!("another zendo runs it{who}")));
        }
        if let Some(owner) = read(&mut file)
            && !owner.is_beside(&Owner::this())
            && !from_other_hosts
        {
            return Err(io::Error::other(format!(
                "it is running on {host} (process {pid}) as far as can be seen from here; if {host} no \
                 longer runs it, --take-over goes on with it here",
                host = owner.host,
                pid = owner.pid,
            )));
        }
        let mut lock = Lock { file };
        lock.say(&Owner { socket: socket.map(Path::to_owned), ..Owner::this() })?;
        Ok(lock)
    }

    fn say(&mut self, owner: &Owner) -> io::Result<()> {
        let text = serde_json::to_string(owner)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Where that fails, it looks like a run that was interrupted.
        let _ = self.file.set_len(0);
    }
}

fn read(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Who writes the run in `folder`.
pub(super) fn ownership(folder: &Path) -> Ownership {
    let Ok(mut file) = File::open(folder.join(FILE)) else { return Ownership::Nobody };
    let Some(owner) = read(&mut file) else { return Ownership::Nobody };
    let this = Owner::this();
    if !owner.is_beside(&this) {
        return Ownership::Elsewhere(owner);
    }
    if is_locked(&file) { Ownership::Here(owner) } else { Ownership::Gone(owner) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(folder: &Path, owner: &Owner) {
        std::fs::write(folder.join(FILE), serde_json::to_string(owner).expect("plain"))
            .expect("written");
    }

    #[test]
    fn a_folder_has_one_owner_and_says_who() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(ownership(folder.path()), Ownership::Nobody);
        let lock = Lock::take(folder.path(), None, false).expect("free");
        assert_eq!(ownership(folder.path()), Ownership::Here(Owner::this()));
        let error = Lock::take(folder.path(), None, true).expect_err("taken").to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(lock);
        assert_eq!(ownership(folder.path()), Ownership::Nobody);
        Lock::take(folder.path(), None, false).expect("free again");
    }

    #[test]
    fn another_machines_run_is_never_dead() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = Owner { host: "gpu-07".to_owned(), ..Owner::this() };
        say(folder.path(), &other);
        assert_eq!(ownership(folder.path()), Ownership::Elsewhere(other.clone()));
        let error = Lock::take(folder.path(), None, false).expect_err("not ours").to_string();
        assert!(error.contains("gpu-07") && error.contains("--take-over"), "{error}");
        // The same name is not the same machine.
        let twin = Owner { machine: "another".to_owned(), ..Owner::this() };
        say(folder.path(), &twin);
        assert!(matches!(ownership(folder.path()), Ownership::Elsewhere(_)));
        drop(Lock::take(folder.path(), None, true).expect("a person said so"));
    }

    #[test]
    fn who_ended_without_a_word_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = Owner { boot: "an earlier one".to_owned(), pid: 1, ..Owner::this() };
        say(folder.path(), &before);
        assert_eq!(ownership(folder.path()), Ownership::Gone(before));
        Lock::take(folder.path(), None, false).expect("nobody has it");
        std::fs::write(folder.path().join(FILE), "{\"host\": ").expect("written");
        assert_eq!(ownership(folder.path()), Ownership::Nobody);
    }
}
