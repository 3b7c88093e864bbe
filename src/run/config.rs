//! What a user has set for zendo as a whole: `config.toml` beside the presets and the themes.
//!
//! Owns: its keys, reading it, changing a key of it. Must not know what a setting does. Invariant: a key that
//! is written changes its own line; comments and order stay.
//!
//! A new setting is a field of [`Config`], a name in [`KEYS`] and an arm of [`Text::config`].

use std::{fs, io, path::Path};

use toml_edit::{Document, DocumentMut, Item, Value};

use super::{
    files::{Existing, read_text, write_text},
    folder::config_folder,
};
use crate::text::{FileError, nearest, printable};

/// Every key.
const KEYS: [&str; 2] = ["theme", "ascii"];

const FILE: &str = "config.toml";

/// The settings; what isn't said is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// A theme's name, shipped or the user's.
    pub theme: Option<String>,
    /// Whether to draw with ASCII alone, whatever the terminal says of itself.
    pub ascii: Option<bool>,
}

impl Config {
    /// # Errors
    /// Bad TOML, unknown keys (with the nearest), values of the wrong type; at their place.
    pub fn parse(origin: &str, text: &str) -> Result<Config, FileError> {
        let document = Document::parse(text).map_err(|error| bad_toml(origin, text, &error))?;
        Text { origin, text }.config(&document)
    }
}

/// A text and what it is called in errors.
struct Text<'a> {
    origin: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn config(&self, document: &Document<&str>) -> Result<Config, FileError> {
        let mut config = Config::default();
        for (name, item) in document.iter() {
            match name {
                "theme" => config.theme = Some(self.string(item, "a theme's name")?.to_owned()),
                "ascii" => {
                    let wrong = || self.error(item.span(), "expected true or false");
                    config.ascii = Some(item.as_bool().ok_or_else(wrong)?);
                }
                _ => {
                    let (meant, _) = nearest(name, KEYS).expect("some are known");
                    let message = format!("unknown key '{name}', did you mean '{meant}'?");
                    let key = document.get_key_value(name).and_then(|(key, _)| key.span());
                    return Err(self.error(key.or(item.span()), &message));
                }
            }
        }
        Ok(config)
    }

    fn string<'i>(&self, item: &'i Item, what: &str) -> Result<&'i str, FileError> {
        let wrong = || self.error(item.span(), &format!("expected {what}"));
        item.as_str().ok_or_else(wrong)
    }

    fn error(&self, place: Option<std::ops::Range<usize>>, message: &str) -> FileError {
        FileError::at(self.origin, self.text, place.map(|span| span.start), message)
    }
}

fn bad_toml(origin: &str, text: &str, error: &toml_edit::TomlError) -> FileError {
    let message = error.message().trim().replace('\n', ", ");
    FileError::at(origin, text, error.span().map(|span| span.start), &message)
}

/// The user's settings; the defaults where there is no file.
///
/// # Errors
/// As [`Config::parse`]; a file that is there and can't be read.
pub fn config() -> Result<Config, FileError> {
    config_folder().map_or_else(|| Ok(Config::default()), |folder| config_in(&folder))
}

fn config_in(folder: &Path) -> Result<Config, FileError> {
    let path = folder.join(FILE);
    let origin = path.display().to_string();
    match read_text(&path) {
        Ok(text) => Config::parse(&origin, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(FileError::at(&origin, "", None, &format!("can't be read: {error}"))),
    }
}

/// Writes a theme's name into the user's settings, for the next start; gives the file.
///
/// # Errors
/// What stood in the way, for the user: no folder, a file that is no TOML, a disk that fails.
pub fn keep_theme(name: &str) -> Result<String, String> {
    let folder = config_folder();
    let unknown = "no folder for settings: neither XDG_CONFIG_HOME nor HOME says where";
    keep_in(&folder.ok_or(unknown)?, "theme", name.into())
}

fn keep_in(folder: &Path, key: &str, value: Value) -> Result<String, String> {
    let path = folder.join(FILE);
    let origin = printable(&path.display().to_string());
    let fail = |error: io::Error| format!("{origin} can't be written: {error}");
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{origin} can't be read: {error}")),
    };
    let mut document: DocumentMut =
        text.parse().map_err(|error| bad_toml(&origin, &text, &error).to_string())?;
    match document.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => document[key] = Item::Value(value),
    }
    fs::create_dir_all(folder).map_err(fail)?;
    write_text(&path, &document.to_string(), Existing::Replace).map_err(fail)?;
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse("config.toml", text).expect_err("bad").to_string()
    }

    #[test]
    fn settings_are_read() {
        let config = Config::parse("config.toml", "theme = \"paper\"\nascii = true\n");
        let expected = Config { theme: Some("paper".to_owned()), ascii: Some(true) };
        assert_eq!(config, Ok(expected));
        assert_eq!(Config::parse("config.toml", "# nothing\n"), Ok(Config::default()));
    }

    #[test]
    fn faults_name_place_and_remedy() {
        for (text, expected) in [
            ("\n tehme = \"ink\"", "config.toml:2:2: unknown key 'tehme', did you mean 'theme'?"),
            ("[ascci]\n", "config.toml:1:2: unknown key 'ascci', did you mean 'ascii'?"),
            ("theme = 3\n", "config.toml:1:9: expected a theme's name"),
            ("ascii = \"yes\"\n", "config.toml:1:9: expected true or false"),
        ] {
            assert_eq!(error(text), expected);
        }
        assert!(error("theme = \n").starts_with("config.toml:1:9: "), "{}", error("theme = \n"));
    }

    #[test]
    fn every_key_is_known() {
        for key in KEYS {
            let error = error(&format!("{key} = 0.5\n"));
            assert!(error.contains(": expected "), "{error}");
        }
    }

    #[test]
    fn what_is_kept_leaves_the_rest_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("new/zendo");
        let path = folder.join(FILE);
        let keep = |name: &str| keep_in(&folder, "theme", name.into());
        assert_eq!(config_in(&folder), Ok(Config::default()));
        assert_eq!(keep("paper"), Ok(path.display().to_string()));
        assert_eq!(fs::read_to_string(&path).expect("there"), "theme = \"paper\"\n");
        fs::write(&path, "# mine\nascii = false\n\ntheme = 'ink' # dark\n# end\n")
            .expect("written");
        keep("mono").expect("kept");
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text, "# mine\nascii = false\n\ntheme = \"mono\" # dark\n# end\n");
        let config = config_in(&folder).expect("valid");
        assert_eq!((config.theme.as_deref(), config.ascii), (Some("mono"), Some(false)));
        // A table of another's making stays a table, and a key of the root is no key of it.
        fs::write(&path, "[later]\nx = 1 # why\n").expect("written");
        keep("ink").expect("kept");
        let text = fs::read_to_string(&path).expect("there");
        assert!(text.starts_with("theme = \"ink\"\n") && text.contains("[later]\nx = 1 # why\n"));
        fs::write(&path, "theme = \n").expect("written");
        assert!(keep("ink").expect_err("no TOML").contains("config.toml:1:9: "));
        assert_eq!(fs::read_to_string(&path).expect("there"), "theme = \n");
    }
}
