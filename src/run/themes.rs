//! The user's themes: where they lie, what is there.
//!
//! Owns: the folder and its names. Must not know what a theme says. Invariant: a file that can't be read as a
//! theme is listed with its fault.

use std::path::Path;

use super::{
    files::read_text,
    folder::{config_folder, toml_files},
};
use crate::{
    text::{FileError, did_you_mean, printable},
    theme::{Scheme, shipped_theme, shipped_theme_names},
};

/// Themes that are listed; a folder with more isn't one of themes.
const MOST: usize = 200;

/// A file of the user's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTheme {
    /// The file's, without its ending; printable.
    pub name: String,
    pub found: Result<Scheme, FileError>,
}

/// The user's themes by name, those with a fault too: `zendo/themes` in the folder of configuration.
pub fn user_themes() -> Vec<UserTheme> {
    config_folder().map_or_else(Vec::new, |folder| themes_in(&folder.join("themes")))
}

fn themes_in(folder: &Path) -> Vec<UserTheme> {
    toml_files(folder, MOST).iter().map(|path| theme_of(path)).collect()
}

fn theme_of(path: &Path) -> UserTheme {
    let name = printable(&path.file_stem().unwrap_or_default().to_string_lossy());
    let origin = path.display().to_string();
    let fail = |message: String| FileError::at(&origin, "", None, &message);
    let found = match read_text(path) {
        _ if shipped_theme(&name).is_some() => {
            Err(fail(format!("{name} is shipped, and found first; another name is needed")))
        }
        Err(error) => Err(fail(format!("can't be read: {error}"))),
        Ok(text) => Scheme::parse(&origin, &text),
    };
    UserTheme { name, found }
}

/// A theme that can be chosen, or a file that is none.
#[derive(Clone, Debug)]
pub struct ListedTheme {
    pub name: String,
    pub is_yours: bool,
    /// Or what is wrong with it.
    pub found: Result<Scheme, String>,
}

/// The shipped themes, then the user's.
pub fn listed_themes(yours: Vec<UserTheme>) -> Vec<ListedTheme> {
    let shipped = shipped_theme_names().map(|name| ListedTheme {
        name: name.to_owned(),
        is_yours: false,
        found: Ok(shipped_theme(name).expect("it is shipped")),
    });
    let yours = yours.into_iter().map(|theme| ListedTheme {
        name: theme.name,
        is_yours: true,
        found: theme.found.map_err(|error| error.to_string()),
    });
    shipped.chain(yours).collect()
}

/// The theme of a name.
///
/// # Errors
/// There is none (with the nearest), or its file is none.
pub fn find_theme<'a>(listed: &'a [ListedTheme], name: &str) -> Result<&'a Scheme, String> {
    // Shipped ones come first, and a file of a shipped name says so itself.
    let found = listed.iter().find(|listed| listed.name == name).ok_or_else(|| {
        let hint = did_you_mean(name, listed.iter().map(|listed| listed.name.as_str()));
        format!("no theme is called '{name}'{hint}; `zendo themes` lists all")
    })?;
    found.found.as_ref().map_err(String::clone)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn good_and_broken_files_are_listed_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &[u8]| {
            fs::write(folder.path().join(name), text).expect("written");
        };
        write("b.toml", b"inherits = \"paper\"\nabout = \"b\"\n");
        write("a\x1b.toml", b"inherits = \"ink\"\n[roles]\nwarm = \"none\"\n");
        write("ink.toml", b"inherits = \"paper\"\n");
        write("raw.toml", b"\xff\xfe");
        write("notes.txt", b"no theme");
        let listed = themes_in(folder.path());
        let names: Vec<_> = listed.iter().map(|theme| theme.name.as_str()).collect();
        assert_eq!(names, ["a\u{fffd}", "b", "ink", "raw"]);
        assert_eq!(listed[1].found.as_ref().expect("valid").about(), "b");
        for (at, part) in [
            (0, "a\u{fffd}.toml:3:1: unknown role 'warm', did you mean 'warn'?"),
            (2, "ink is shipped, and found first"),
            (3, "can't be read: "),
        ] {
            let error = listed[at].found.as_ref().expect_err("broken").to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(themes_in(&folder.path().join("none")).is_empty());
    }
}
