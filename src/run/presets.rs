//! The user's presets: where they lie, what is there, how one is written.
//!
//! Owns: the folder and its names. Must not know what a preset says. Invariant: a file that can't be
//! read as a preset is listed with its fault, and a file is only ever replaced when that was asked
//! for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    files::{Existing, read_text, write_text},
    folder::{config_folder, toml_files},
};
use crate::{
    space::{Preset, PresetError, PresetFiles, PresetSource, shipped_preset},
    text::{is_unprintable, printable},
};

/// Presets that are listed; a folder with more isn't one of presets.
const MOST: usize = 500;
/// Longest name, bytes; with `.toml` a file system takes it.
const MAX_NAME: usize = 100;

/// A file of the user's folder.
#[derive(Clone, Debug)]
pub struct UserPreset {
    pub name: String,
    pub path: PathBuf,
    pub found: Result<(PresetSource, Preset), Broken>,
}

/// A file that is no preset as it is.
#[derive(Clone, Debug)]
pub struct Broken {
    pub error: PresetError,
    /// None where it lies in no file.
    pub path: Option<PathBuf>,
    /// None where it can't be read.
    pub text: Option<String>,
}

impl Broken {
    fn at(path: Option<PathBuf>, error: PresetError) -> Broken {
        let text = path.as_deref().and_then(|path| read_text(path).ok());
        Broken { error, path, text }
    }
}

/// Finds a preset as [`find_preset`] does, and gives the text of one that has a fault.
///
/// # Errors
/// What is wrong with it.
pub fn open_preset(reference: &str) -> Result<PresetSource, Box<Broken>> {
    let found = find_preset(reference);
    let checked = found.and_then(|source| source.preset().map(|_| source));
    checked.map_err(|error| {
        let in_folder = |folder: PathBuf| folder.join(format!("{reference}.toml"));
        let kept = folder().map(in_folder).filter(|path| path.is_file());
        let path = kept.or_else(|| Some(PathBuf::from(reference)).filter(|path| path.is_file()));
        let here = std::env::current_dir().unwrap_or_default();
        Box::new(Broken::at(path.map(|path| here.join(path)), error))
    })
}

/// Why a preset was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveError {
    /// There is one of this name.
    Exists(PathBuf),
    Other(String),
}

/// Where the user's presets lie.
fn folder() -> Option<PathBuf> {
    Some(config_folder()?.join("presets"))
}

/// Finds a shipped preset, one of the user's, or a file, in this order.
///
/// # Errors
/// As [`PresetSource::find`].
pub fn find_preset(reference: &str) -> Result<PresetSource, PresetError> {
    let folder = folder();
    let mut source = find_in(folder.as_deref(), reference, None)?;
    if let Ok(here) = std::env::current_dir() {
        source.locate(&here);
    }
    Ok(source)
}

/// Finds a preset where the user's lie in `folder`, and a file would say what is `written` for it.
fn find_in(
    folder: Option<&Path>,
    reference: &str,
    written: Option<(&Path, &str)>,
) -> Result<PresetSource, PresetError> {
    let text_of = |path: &Path| written.filter(|(own, _)| *own == path).map(|(_, text)| text);
    let named = |name: &str| {
        check_preset_name(name).ok()?;
        let path = folder?.join(format!("{name}.toml"));
        Some(path).filter(|path| text_of(path).is_some() || path.is_file())
    };
    let read = |path: &Path| match text_of(path) {
        Some(text) => Ok(text.to_owned()),
        None => read_text(path).map_err(|error| error.to_string()),
    };
    PresetSource::find_among(reference, &PresetFiles { named: &named, read: &read })
}

/// The user's presets by name, those with a fault too.
pub fn user_presets() -> Vec<UserPreset> {
    folder().map_or_else(Vec::new, |folder| presets_in(&folder))
}

fn presets_in(folder: &Path) -> Vec<UserPreset> {
    let listed = toml_files(folder, MOST).into_iter().map(|path| {
        let found = find_in(Some(folder), &path.to_string_lossy(), None)
            .and_then(|source| source.preset().map(|preset| (source, preset)))
            .map_err(|error| Broken::at(Some(path.clone()), error));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        UserPreset { name: printable(&name), path, found }
    });
    listed.collect()
}

/// Whether a preset may be kept under this name.
///
/// # Errors
/// What is wrong with it, for the user.
pub fn check_preset_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name is needed".to_owned());
    }
    if name.len() > MAX_NAME {
        return Err(format!("{} bytes are too long: {MAX_NAME} or less", name.len()));
    }
    if shipped_preset(name).is_some() {
        return Err(format!("{name} is shipped, and found first; another name is needed"));
    }
    if name.starts_with('.') || name.contains(['/', '\\']) || name.contains(is_unprintable) {
        return Err("a name has no slash and does not begin with a dot".to_owned());
    }
    Ok(())
}

/// Writes a preset, into the user's folder unless `path` says where; gives its path.
///
/// # Errors
/// There is one already and it is to be kept; the folder or the file can't be written.
pub fn save_preset(
    name: &str,
    path: Option<&Path>,
    text: &str,
    existing: Existing,
) -> Result<PathBuf, SaveError> {
    let fail = |path: &Path, error: io::Error| {
        let path = printable(&path.display().to_string());
        SaveError::Other(format!("{path} can't be written: {error}"))
    };
    let path = match path {
        Some(path) => path.to_owned(),
        None => {
            check_preset_name(name).map_err(SaveError::Other)?;
            let unknown = "no folder for presets: neither XDG_CONFIG_HOME nor HOME says where";
            let folder = folder().ok_or_else(|| SaveError::Other(unknown.to_owned()))?;
            fs::create_dir_all(&folder).map_err(|error| fail(&folder, error))?;
            folder.join(format!("{name}.toml"))
        }
    };
    check_text(folder().as_deref(), &path, text).map_err(SaveError::Other)?;
    match write_text(&path, text, existing) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(SaveError::Exists(path)),
        Err(error) => Err(fail(&path, error)),
    }
}

/// Whether `text` would be a preset in the file `own`: one that extends what it replaces would extend
/// itself.
fn check_text(folder: Option<&Path>, own: &Path, text: &str) -> Result<(), String> {
    let found = find_in(folder, &own.to_string_lossy(), Some((own, text)));
    found.and_then(|source| source.preset()).map(drop).map_err(|error| error.to_string())
}

/// Whether a file still says `text`, or isn't there any more.
pub fn still_says(path: &Path, text: &str) -> bool {
    match read_text(path) {
        Ok(found) => found == text,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn good_and_broken_files_are_listed_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("written");
        };
        write("b.toml", "extends = \"a\"\n[search]\nseed = 5\n");
        write("a.toml", "extends = \"quick\"\n");
        write("odd\u{1b}.toml", "[search]\nsed = 1\n");
        write("notes.txt", "no preset");
        let listed = presets_in(folder.path());
        let names: Vec<_> = listed.iter().map(|preset| preset.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "odd\u{fffd}"]);
        let (source, preset) = listed[1].found.as_ref().expect("valid");
        assert_eq!((source.name(), preset.search.seed), ("b", 5));
        let broken = listed[2].found.as_ref().expect_err("a typo");
        let error = broken.error.to_string();
        assert!(error.contains(":2:1: unknown key 'sed'"), "{error}");
        assert_eq!(broken.text.as_deref(), Some("[search]\nsed = 1\n"));
        assert!(presets_in(&folder.path().join("none")).is_empty());
    }

    #[test]
    fn names_stay_in_the_folder() {
        for good in ["mine", "imagenet-0.1ms", "größer"] {
            assert_eq!(check_preset_name(good), Ok(()));
        }
        for bad in ["", ".hidden", "..", "a/b", "a\n", "quick", &"x".repeat(101)] {
            assert!(check_preset_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_preset_extends_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("b.toml"), "extends = \"quick\"\n").expect("written");
        fs::write(folder.path().join("c.toml"), "extends = \"b\"\n").expect("written");
        let check = |name: &str, base: &str| {
            let own = folder.path().join(format!("{name}.toml"));
            check_text(Some(folder.path()), &own, &format!("extends = \"{base}\"\n"))
        };
        assert_eq!((check("d", "c"), check("b", "quick")), (Ok(()), Ok(())));
        for (name, base) in [("b", "b"), ("b", "c"), ("new", "new")] {
            let error = check(name, base).expect_err("a circle");
            assert!(error.contains("extend each other"), "{error}");
        }
        assert!(check("d", "lost").is_err());
    }

    #[test]
    fn a_file_is_replaced_only_when_told_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.toml");
        let save = |text: &str, existing| save_preset("mine", Some(&path), text, existing);
        let text = |what: &str| format!("extends = \"quick\" # {what}\n");
        assert_eq!(save(&text("one"), Existing::Keep), Ok(path.clone()));
        assert_eq!(save(&text("two"), Existing::Keep), Err(SaveError::Exists(path.clone())));
        assert_eq!(read_text(&path).expect("there"), text("one"));
        assert!(still_says(&path, &text("one")) && !still_says(&path, &text("two")));
        assert!(still_says(&folder.path().join("gone"), &text("one")));
        assert_eq!(save(&text("two"), Existing::Replace), Ok(path.clone()));
        let itself = format!("extends = \"{}\"\n", path.display());
        assert!(matches!(save(&itself, Existing::Replace), Err(SaveError::Other(_))));
        assert_eq!(read_text(&path).expect("there"), text("two"));
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("private");
        assert_eq!(
            save_preset("link", Some(&link), &text("three"), Existing::Replace),
            Ok(link.clone())
        );
        assert!(link.is_symlink(), "what it points to was replaced");
        assert_eq!(read_text(&path).expect("there"), text("three"));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let lost = folder.path().join("none/mine.toml");
        let error =
            save_preset("mine", Some(&lost), &text("lost"), Existing::Keep).expect_err("no folder");
        assert!(matches!(error, SaveError::Other(text) if text.contains("can't be written")));
    }
}
