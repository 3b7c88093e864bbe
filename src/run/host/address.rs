//! Where a run's socket lies: a folder that only its user can enter, and a name that follows from the run's
//! folder.

use std::{
    fs::{self, DirBuilder},
    hash::{Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustc_hash::FxHasher;

/// Bytes of a socket's path that every system takes, its end included; Linux takes a few more.
const MAX_PATH: usize = 103;

/// Where the run in `folder` is spoken to; its folder is made, private, where it isn't there.
///
/// # Errors
/// No folder can be made that is private and whose path is short enough.
pub fn socket_path(folder: &Path) -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|path| path.is_absolute() && path.is_dir());
    let own = |path: PathBuf| path.join(format!("zendo-{uid}"));
    let places = runtime
        .map(|path| path.join("zendo"))
        .into_iter()
        .chain([own(std::env::temp_dir()), own(PathBuf::from("/tmp"))]);
    let mut why = None;
    for place in places {
        match under(&place, folder, uid) {
            Ok(path) => return Ok(path),
            Err(error) => why = why.or(Some(error)),
        }
    }
    Err(why.unwrap_or_else(|| io::Error::other("there is no place for a socket")))
}

fn under(place: &Path, folder: &Path, uid: u32) -> io::Result<PathBuf> {
    let mut hash = FxHasher::default();
    folder.hash(&mut hash);
    let path = place.join(format!("{:016x}.sock", hash.finish()));
    if path.as_os_str().len() > MAX_PATH {
        let text = format!("{} is too long for a socket: at most {MAX_PATH} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    make_folder(place, uid)?;
    Ok(path)
}

/// Makes the folder of a socket again, where it is gone.
///
/// # Errors
/// What it lies in is gone too, or it isn't private.
pub(super) fn renew_folder(socket: &Path) -> io::Result<()> {
    let place = socket.parent().unwrap_or(Path::new("/"));
    make_folder(place, rustix::process::geteuid().as_raw())
}

fn make_folder(place: &Path, uid: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(place) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) | Ok(()) => {}
    }
    check_folder(place, uid)
}

/// Whether nobody else can reach what lies in it.
fn check_folder(place: &Path, uid: u32) -> io::Result<()> {
    let found = fs::symlink_metadata(place)?;
    let wrong = if !found.is_dir() {
        "it is no folder, or a link to one".to_owned()
    } else if found.uid() != uid {
        format!("it belongs to another user ({})", found.uid())
    } else if found.mode() & 0o077 != 0 {
        format!("others can enter it (mode {:o}; 700 is wanted)", found.mode() & 0o777)
    } else {
        return Ok(());
    };
    let text = format!("{} can't hold a socket: {wrong}", place.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Whether a socket that somebody names is one of this user's, in a folder of this user's.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_socket(path: &Path) -> io::Result<()> {
    let uid = rustix::process::geteuid().as_raw();
    check_folder(path.parent().unwrap_or(Path::new("/")), uid)?;
    let found = fs::symlink_metadata(path)?;
    let wrong = if !found.file_type().is_socket() {
        "it is no socket, or a link to one"
    } else if found.uid() != uid {
        "it belongs to another user"
    } else {
        return Ok(());
    };
    let text = format!("{}: {wrong}", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::PermissionsExt, net::UnixListener};

    use super::*;

    fn uid() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn a_folder_for_sockets_is_private_or_refused() {
        let temp = tempfile::tempdir().expect("a folder");
        let place = temp.path().join("zendo");
        let path = under(&place, Path::new("/runs/a"), uid()).expect("it can be made");
        assert_eq!(fs::metadata(&place).expect("made").mode() & 0o777, 0o700);
        assert_ne!(path, under(&place, Path::new("/runs/b"), uid()).expect("there"));
        let error = under(&place, Path::new("/runs/a"), uid() + 1).expect_err("another's");
        assert!(error.to_string().contains("belongs to another user"), "{error}");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o750)).expect("ours");
        let error = under(&place, Path::new("/runs/a"), uid()).expect_err("open");
        assert!(error.to_string().contains("mode 750; 700 is wanted"), "{error}");
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).expect("made");
        let error = under(&link, Path::new("/runs/a"), uid()).expect_err("a link");
        assert!(error.to_string().contains("a link to one"), "{error}");
        let long = temp.path().join("x".repeat(120));
        let error = under(&long, Path::new("/runs/a"), uid()).expect_err("too long");
        assert!(error.to_string().contains("too long for a socket"), "{error}");
        assert!(!long.exists());
    }

    #[test]
    fn a_socket_is_no_link_and_no_file() {
        let temp = tempfile::tempdir().expect("a folder");
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o700)).expect("ours");
        let path = temp.path().join("s");
        let _listener = UnixListener::bind(&path).expect("bound");
        check_socket(&path).expect("a socket");
        let link = temp.path().join("l");
        std::os::unix::fs::symlink(&path, &link).expect("made");
        assert!(check_socket(&link).is_err());
        fs::write(temp.path().join("f"), "").expect("written");
        assert!(check_socket(&temp.path().join("f")).is_err());
        assert!(check_socket(&temp.path().join("none")).is_err());
    }
}
