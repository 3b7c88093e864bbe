//! Text files: read whole, but no more than a text has; written whole, or not at all. Locks of files.

use std::{
    fs::{self, TryLockError},
    io::{self, Read, Write},
    path::Path,
    thread,
    time::Duration,
};

/// Who only looks whether a file is locked holds it for a moment.
const TRIES: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Locks a file, as long as nobody has it for longer than a look takes; tells whether it is locked now.
///
/// # Errors
/// It can't be locked at all.
pub(super) fn lock(file: &fs::File) -> io::Result<bool> {
    for _ in 1..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(TRY_AGAIN_AFTER),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether somebody has locked it; who looks likewise is not in the way.
pub(super) fn is_locked(file: &fs::File) -> bool {
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Longest text file that is read whole; presets and lists of structures are far below it.
const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a text file that somebody named, but no more of it than a text file has.
///
/// # Errors
/// It can't be read, is no UTF-8, or is longer than 16 MiB (as a device file is).
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_TEXT_BYTES {
        let message = format!("longer than the {MAX_TEXT_BYTES} bytes of a text file");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

/// What becomes of a file that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Keep,
    Replace,
}

/// When a text is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    Now,
    /// Some time: what is lost with the machine is no loss.
    Soon,
}

/// What writes a file's bytes.
type Writing<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Writes a text file whole or not at all: through a temporary file of the same folder.
///
/// # Errors
/// The folder can't be written, something other than a file has the name, or a file has it and is
/// to be kept (`AlreadyExists`).
pub fn write_text(path: &Path, text: &str, existing: Existing) -> io::Result<()> {
    write_with(path, existing, &mut |file| file.write_all(text.as_bytes()))
}

/// Like [`write_text`] in place of what is there, without waiting for the disk.
///
/// # Errors
/// As there.
pub(super) fn write_soon(path: &Path, text: &str) -> io::Result<()> {
    let write = &mut |file: &mut dyn Write| file.write_all(text.as_bytes());
    write_whole(path, (Existing::Replace, Durability::Soon), write)
}

/// Like [`write_text`], with what `write` writes.
///
/// # Errors
/// As there; `write` fails.
pub fn write_with(path: &Path, existing: Existing, write: Writing<'_>) -> io::Result<()> {
    write_whole(path, (existing, Durability::Now), write)
}

fn write_whole(
    path: &Path,
    (existing, durability): (Existing, Durability),
    write: Writing<'_>,
) -> io::Result<()> {
    // What a link points to is replaced, not the link.
    let target = match existing {
        Existing::Replace => fs::canonicalize(path).ok(),
        Existing::Keep => None,
    };
    let path = target.as_deref().unwrap_or(path);
    // A rename would put the file in the place of a device.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is there and is no file"));
    }
    let mut builder = tempfile::Builder::new();
    // A temporary file is private; a text is as readable as what a person would create.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Those errors name the temporary file, which is nobody's business.
    let plain = |error: io::Error| io::Error::from(error.kind());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(plain)?;
    write(file.as_file_mut()).map_err(plain)?;
    if let (Existing::Replace, Ok(old)) = (existing, fs::metadata(path)) {
        file.as_file().set_permissions(old.permissions())?;
    }
    if durability == Durability::Now {
        file.as_file().sync_all()?;
    }
    match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    }
    .map_err(|error| error.error)?;
    Ok(())
}
