//! What a user has set for zendo as a whole: `config.toml` beside the presets and the themes.
//!
//! Owns: its keys, reading it, changing a key of it. Must not know what a setting does. Invariant: a key that
//! is written changes its own line; comments and order stay.
//!
//! A new setting is a field of [`Config`], a name in [`KEYS`] and an arm of [`Text::config`].

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use toml_edit::{Document, DocumentMut, Item, TableLike, Value};

use super::{
    files::{Existing, read_text, write_text},
    folder::config_folder,
    themes::{find_theme, listed_themes, user_themes},
};
use crate::{
    keymap::{At, Keymap, Wish, Word},
    text::{FileError, line_column, nearest, printable},
};

/// Every key.
const KEYS: [&str; 5] = ["theme", "ascii", "mouse", "end", "keys"];
/// Of the table `end`.
const END_KEYS: [&str; 2] = ["bell", "command"];

const FILE: &str = "config.toml";

/// The settings; what isn't said is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// A theme's name, shipped or the user's.
    pub theme: Option<String>,
    /// Whether to draw with ASCII alone, whatever the terminal says of itself.
    pub ascii: Option<bool>,
    /// Whether the mouse is zendo's from the start.
    pub mouse: Option<bool>,
    /// What the end of a run does.
    pub end: AtEnd,
    /// The shipped keys with the user's.
    pub keymap: Keymap,
}

/// What is done when a run ends. Only the user's own settings can say it: a preset may come from anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtEnd {
    /// Whether viewers ring.
    pub bell: Option<bool>,
    /// A program and its arguments, started without a shell, with the result in its environment.
    pub command: Vec<String>,
}

impl Config {
    /// # Errors
    /// Bad TOML, unknown keys (with the nearest), values of the wrong type, keys that can't be had; at their
    /// place.
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
                "ascii" => config.ascii = Some(self.truth(item)?),
                "mouse" => config.mouse = Some(self.truth(item)?),
                "end" => config.end = self.at_end(item)?,
                "keys" => {
                    let wishes = self.wishes(item)?;
                    let wrong = |fault: crate::keymap::Fault| {
                        FileError::at(self.origin, self.text, Some(fault.offset), &fault.message)
                    };
                    config.keymap = Keymap::with(&wishes).map_err(wrong)?;
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

    fn truth(&self, item: &Item) -> Result<bool, FileError> {
        item.as_bool().ok_or_else(|| self.error(item.span(), "expected true or false"))
    }

    fn at_end(&self, item: &Item) -> Result<AtEnd, FileError> {
        let mut end = AtEnd::default();
        for (key, item) in self.entries(item, "a table, [end]")? {
            match key.text.as_str() {
                "bell" => end.bell = Some(self.truth(item)?),
                "command" => end.command = self.command(item)?,
                name => {
                    let (meant, _) = nearest(name, END_KEYS).expect("some are known");
                    let message = format!("unknown key 'end.{name}', did you mean 'end.{meant}'?");
                    return Err(FileError::at(
                        self.origin,
                        self.text,
                        Some(key.at.offset),
                        &message,
                    ));
                }
            }
        }
        Ok(end)
    }

    fn command(&self, item: &Item) -> Result<Vec<String>, FileError> {
        let what = "expected a program and its arguments: [\"notify-send\", \"zendo\"]";
        let wrong = || self.error(item.span(), what);
        let words = item.as_array().ok_or_else(wrong)?.iter();
        let words: Option<Vec<String>> = words.map(|w| w.as_str().map(str::to_owned)).collect();
        words.filter(|words| words.first().is_some_and(|name| !name.is_empty())).ok_or_else(wrong)
    }

    /// What is wished of keys, in the order of the text.
    fn wishes(&self, item: &Item) -> Result<Vec<Wish>, FileError> {
        let mut wishes = Vec::new();
        for (name, item) in self.entries(item, "a table of actions, [keys]")? {
            if item.is_table_like() {
                for (action, keys) in self.entries(item, "a table")? {
                    wishes.push(self.wish(Some(name.clone()), action, keys)?);
                }
            } else {
                wishes.push(self.wish(None, name, item)?);
            }
        }
        wishes.sort_by_key(|wish| wish.action.at.offset);
        Ok(wishes)
    }

    /// A table's keys as words, with what they hold.
    fn entries<'i>(&self, item: &'i Item, what: &str) -> Result<Vec<(Word, &'i Item)>, FileError> {
        let wrong = || self.error(item.span(), &format!("expected {what}"));
        let table: &dyn TableLike = item.as_table_like().ok_or_else(wrong)?;
        let entry = |(name, item): (&'i str, &'i Item)| {
            let span = table.get_key_value(name).and_then(|(key, _)| key.span());
            (self.word(name, span.or(item.span())), item)
        };
        Ok(table.iter().map(entry).collect())
    }

    fn wish(&self, place: Option<Word>, action: Word, item: &Item) -> Result<Wish, FileError> {
        let wrong = |span| self.error(span, "expected a key, or some: \"p\" or [\"p\", \"C-p\"]");
        let word = |value: &Value| match value.as_str() {
            Some(text) => Ok(self.word(text, value.span())),
            None => Err(wrong(value.span())),
        };
        let keys = match item.as_value() {
            Some(Value::Array(keys)) => keys.iter().map(word).collect::<Result<_, _>>()?,
            Some(key) => vec![word(key)?],
            None => return Err(wrong(item.span())),
        };
        Ok(Wish { place, action, keys })
    }

    fn word(&self, text: &str, span: Option<std::ops::Range<usize>>) -> Word {
        let offset = span.map_or(0, |span| span.start);
        let (line, _) = line_column(self.text, offset);
        Word { text: text.to_owned(), at: At { offset, line } }
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
    let text = config_text(&path)?.unwrap_or_default();
    Config::parse(&path.display().to_string(), &text)
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// With dots.
    pub key: String,
    /// None where nothing is said and zendo decides at the start.
    pub value: Option<toml::Value>,
    /// Where the file says it; none is shipped.
    pub line: Option<usize>,
}

/// Every setting that `text` changes, or could, in the order of `KEYS`; of keys those that differ.
///
/// # Errors
/// As [`Config::parse`].
pub fn settings(origin: &str, text: &str) -> Result<Vec<Setting>, FileError> {
    Config::parse(origin, text)?;
    let document = Document::parse(text).map_err(|error| bad_toml(origin, text, &error))?;
    let reader = Text { origin, text };
    let mut settings = Vec::new();
    for key in KEYS {
        match (key, document.get_key_value(key)) {
            ("keys", Some((_, item))) => {
                for Wish { place, action, keys } in reader.wishes(item)? {
                    let place = place.map_or_else(String::new, |place| format!("{}.", place.text));
                    let keys = keys.into_iter().map(|key| toml::Value::String(key.text)).collect();
                    settings.push(Setting {
                        key: format!("keys.{place}{}", action.text),
                        value: Some(toml::Value::Array(keys)),
                        line: Some(action.at.line),
                    });
                }
            }
            ("keys", None) => {}
            ("end", said) => {
                let entries = match said {
                    Some((_, item)) => reader.entries(item, "a table, [end]")?,
                    None => Vec::new(),
                };
                for name in END_KEYS {
                    let said = entries.iter().find(|(key, _)| key.text == name);
                    settings.push(Setting {
                        key: format!("end.{name}"),
                        value: match said {
                            Some((_, item)) => match item.as_bool() {
                                Some(truth) => Some(truth.into()),
                                None => Some(reader.command(item)?.into()),
                            },
                            None => (name == "bell").then_some(toml::Value::Boolean(false)),
                        },
                        line: said.map(|(key, _)| key.at.line),
                    });
                }
            }
            (_, said) => settings.push(Setting {
                key: key.to_owned(),
                value: match said {
                    Some((_, item)) => match item.as_bool() {
                        Some(truth) => Some(truth.into()),
                        None => item.as_str().map(toml::Value::from),
                    },
                    None => (key == "mouse").then_some(toml::Value::Boolean(false)),
                },
                line: said.map(|(key, _)| reader.word("", key.span()).at.line),
            }),
        }
    }
    Ok(settings)
}

/// The file of the user's settings, whether it is there or not; none where no folder is known.
pub fn config_file() -> Option<PathBuf> {
    config_folder().map(|folder| folder.join(FILE))
}

/// What a file of settings says; none where there is no file.
///
/// # Errors
/// It can't be read.
pub fn config_text(path: &Path) -> Result<Option<String>, FileError> {
    match read_text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let origin = path.display().to_string();
            Err(FileError::at(&origin, "", None, &format!("can't be read: {error}")))
        }
    }
}

/// As [`Config::parse`], and the theme must be one of those there are.
///
/// # Errors
/// What a start of the UI would refuse, or complain of.
pub fn check_config(origin: &str, text: &str) -> Result<(), FileError> {
    let config = Config::parse(origin, text)?;
    let Some(name) = config.theme else { return Ok(()) };
    let listed = listed_themes(user_themes());
    let Err(why) = find_theme(&listed, &name) else { return Ok(()) };
    let document = Document::parse(text).map_err(|error| bad_toml(origin, text, &error))?;
    let span = document.get("theme").and_then(Item::span);
    Err(FileError::at(origin, text, span.map(|span| span.start), &why))
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
        let text = "theme = \"paper\"\nascii = true\nmouse = false\n";
        let expected = Config {
            theme: Some("paper".to_owned()),
            ascii: Some(true),
            mouse: Some(false),
            end: AtEnd::default(),
            keymap: Keymap::default(),
        };
        assert_eq!(Config::parse("config.toml", text), Ok(expected));
        assert_eq!(Config::parse("config.toml", "# nothing\n"), Ok(Config::default()));
    }

    #[test]
    fn the_end_of_a_run_may_ring_and_start_a_program() {
        let text = "[end]\nbell = true\ncommand = [\"notify-send\", \"a b\"]\n";
        let config = Config::parse("config.toml", text).expect("good");
        let command = ["notify-send", "a b"].map(str::to_owned).to_vec();
        assert_eq!(config.end, AtEnd { bell: Some(true), command });
        let set = settings("config.toml", text).expect("good");
        let said: Vec<_> = set.iter().filter(|s| s.line.is_some()).map(|s| &*s.key).collect();
        assert_eq!(said, ["end.bell", "end.command"]);
    }

    #[test]
    fn faults_name_place_and_remedy() {
        for (text, expected) in [
            (
                "[end]\nbel = true\n",
                "config.toml:2:1: unknown key 'end.bel', did you mean 'end.bell'?",
            ),
            (
                "[end]\ncommand = \"ls\"\n",
                "config.toml:2:11: expected a program and its arguments: [\"notify-send\", \"zendo\"]",
            ),
            ("\n tehme = \"ink\"", "config.toml:2:2: unknown key 'tehme', did you mean 'theme'?"),
            ("[ascci]\n", "config.toml:1:2: unknown key 'ascci', did you mean 'ascii'?"),
            ("theme = 3\n", "config.toml:1:9: expected a theme's name"),
            ("ascii = \"yes\"\n", "config.toml:1:9: expected true or false"),
            ("keys = \"p\"\n", "config.toml:1:8: expected a table of actions, [keys]"),
            (
                "[keys]\npause = 3\n",
                "config.toml:2:9: expected a key, or some: \"p\" or [\"p\", \"C-p\"]",
            ),
            (
                "[keys]\npause = [\"P\", 3]\n",
                "config.toml:2:15: expected a key, or some: \"p\" or [\"p\", \"C-p\"]",
            ),
            (
                "[keys]\npuase = \"P\"\n",
                "config.toml:2:1: no action is called 'puase', did you mean 'pause'?",
            ),
            (
                "[keys.popluation]\nmark = \"P\"\n",
                "config.toml:1:7: no place is called 'popluation', did you mean 'population'?",
            ),
            (
                "[keys.log-filter]\nback = [\"C-g\", \"b\"]\n",
                "config.toml:2:16: 'b' is for the text in log-filter: take a key with C- or A-, or one of \
                 f1 to f12",
            ),
            (
                "# mine\n[keys]\ncopy = \"C-y\"\n\n[keys.diff]\nswap = [\"f2\", \"C-y\"]\n",
                "config.toml:6:15: 'C-y' can't be 'swap' in diff: there line 3 gives it to 'copy'; one of \
                 the two needs another key",
            ),
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
    fn keys_are_read_by_place_in_any_of_tomls_ways() {
        let text = "[keys]\npause = \"A-P\"\nzoom = []\n[keys.log]\npause = [\"A-p\", 'C-p']\n";
        let inline = "keys = { pause = 'A-P', zoom = [], log = { pause = ['A-p', 'C-p'] } }";
        let dotted = "keys.log.pause = ['A-p', 'C-p']\nkeys.pause = 'A-P'\nkeys.zoom = []";
        let of = |text| Config::parse("config.toml", text).expect("valid").keymap;
        assert_ne!(of(text), Keymap::default());
        assert_eq!((of(inline), of(dotted)), (of(text), of(text)));
    }

    #[test]
    fn settings_say_where_they_come_from() {
        let text = "# mine\nascii = true # always\n\n[keys]\npause = 'A-P'\n\n[keys.log]\nfilter=['f3','F']\n";
        let said: Vec<_> = settings("config.toml", text)
            .expect("valid")
            .into_iter()
            .map(|s| (s.key, s.value.map_or_else(String::new, |value| value.to_string()), s.line))
            .collect();
        let expected = [
            ("theme", "", None),
            ("ascii", "true", Some(2)),
            ("mouse", "false", None),
            ("end.bell", "false", None),
            ("end.command", "", None),
            ("keys.pause", "[\"A-P\"]", Some(5)),
            ("keys.log.filter", "[\"f3\", \"F\"]", Some(8)),
        ];
        let expected = expected.map(|(key, value, line)| (key.to_owned(), value.to_owned(), line));
        assert_eq!(said, expected);
        assert!(settings("config.toml", "mouse = 1").is_err());
    }

    #[test]
    fn a_check_knows_the_themes() {
        assert_eq!(check_config("config.toml", "theme = 'paper'"), Ok(()));
        let error = check_config("config.toml", "\ntheme = 'papre'").expect_err("none");
        let expected = "config.toml:2:9: no theme is called 'papre', did you mean 'paper'?";
        assert!(error.to_string().starts_with(expected), "{error}");
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
