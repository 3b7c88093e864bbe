//! A preset's own text, edited in place.
//!
//! Owns: where a key goes in a text, how it leaves, what differs from the base. Must not know forms
//! or files. Invariant: an edit changes the lines of its key and nothing else; comments and order
//! stay.

use std::path::{Path, PathBuf};

use toml::{Table, Value};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{
    Preset, PresetError, PresetFiles, PresetSource,
    document::{self, Layer},
    shipped_preset,
};
use crate::text::{line_column, printable};

/// A key that two presets say differently; none where one says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub key: String,
    pub base: Option<String>,
    pub own: Option<String>,
}

/// The line, from 1, where `text` says `section.key`.
pub fn key_line(text: &str, key: &str) -> Option<usize> {
    let offset = document::key_offset(text, key)?;
    Some(line_column(text, offset).0)
}

impl PresetSource {
    /// The file it was read from; none for a shipped preset and for what was never saved.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Says where its file lies once and for all: a relative path is one from `here`.
    pub fn locate(&mut self, here: &Path) {
        self.path = self.path.take().map(|path| here.join(path));
    }

    /// A preset that says nothing and extends nothing, in a file; a start for
    /// [`PresetSource::with_text`].
    pub fn blank(name: &str, path: &Path) -> PresetSource {
        let own = Layer { origin: String::new(), text: String::new() };
        let blank = PresetSource {
            name: String::new(),
            path: None,
            layers: vec![own],
            overrides: Vec::new(),
        };
        blank.renamed(name, Some(path.to_owned()))
    }

    /// `text`, a text of this preset, as it has to be in another folder: a file that it extends by a path from
    /// here is named in full. `is_named` tells what is found by its name everywhere.
    pub fn text_for_elsewhere(&self, text: &str, is_named: &dyn Fn(&str) -> bool) -> String {
        let rewritten = || {
            let folder = self.path()?.parent()?;
            let mut document: DocumentMut = text.parse().ok()?;
            let item = document.get_mut("extends")?.as_value_mut()?;
            let reference = item.as_str()?;
            if shipped_preset(reference).is_some() || is_named(reference) {
                return None;
            }
            let mut whole = toml_edit::Value::from(folder.join(reference).to_str()?);
            *whole.decor_mut() = item.decor().clone();
            *item = whole;
            Some(document.to_string())
        };
        rewritten().unwrap_or_else(|| text.to_owned())
    }

    /// The text of the preset itself, what it extends left aside.
    pub fn text(&self) -> &str {
        &self.own().text
    }

    /// A new preset that says nothing but that it extends this one, by `reference`.
    pub fn extended(&self, name: &str, reference: &str) -> PresetSource {
        let name = printable(name);
        let text = format!("extends = {}\n", Value::String(reference.to_owned()));
        let mut layers = self.layers.clone();
        layers.push(Layer { origin: format!("{name}.toml"), text });
        PresetSource { name, path: None, layers, overrides: self.overrides.clone() }
    }

    /// Takes what was set over the texts into the preset's own.
    ///
    /// # Errors
    /// As [`PresetSource::set_in_text`].
    pub fn settle(&mut self) -> Result<(), PresetError> {
        for (key, layer) in std::mem::take(&mut self.overrides) {
            let mut value = Value::Table(layer.text.parse().expect("made as TOML"));
            for part in key.split('.') {
                value = value.get(part).cloned().expect("an override says its key");
            }
            let value = value.to_string();
            self.set_in_text(&key, &value)?;
        }
        Ok(())
    }

    /// The same text under another name, or in another file.
    pub fn renamed(&self, name: &str, path: Option<PathBuf>) -> PresetSource {
        let mut source = self.clone();
        source.name = printable(name);
        source.path = path;
        let own = source.layers.last_mut().expect("a source has a text");
        own.origin = match &source.path {
            Some(path) => printable(&path.display().to_string()),
            None => format!("{}.toml", source.name),
        };
        source
    }

    /// What it would be with another text of its own. What the text extends is only looked up where
    /// that has changed.
    ///
    /// # Errors
    /// As [`PresetSource::find`] and [`PresetSource::preset`]; always at a place in the text, where
    /// there is one.
    pub fn with_text(
        &self,
        text: &str,
        files: &PresetFiles<'_>,
    ) -> Result<(PresetSource, Preset), PresetError> {
        let own = Layer { origin: self.own().origin.clone(), text: text.to_owned() };
        let table = document::check_text(&own)?;
        let base = document::extends(&own, &table)?;
        let mut source = self.clone();
        source.layers.pop();
        if base.as_deref() != self.base_reference().as_deref() {
            let folder = self.path().and_then(Path::parent).map(Path::to_path_buf);
            source.layers = match base {
                None => Vec::new(),
                Some(base) => {
                    let found = document::chain(&base, folder.unwrap_or_default(), files);
                    found.map(|(layers, _)| layers).map_err(|error| PresetError {
                        message: error.message,
                        ..document::blame(&own, "extends")
                    })?
                }
            };
        }
        source.layers.push(own);
        let preset = source.preset()?;
        Ok((source, preset))
    }

    /// What the preset extends, as its text says it.
    pub fn base_reference(&self) -> Option<String> {
        let table = self.text().parse::<Table>().ok()?;
        table.get("extends").and_then(Value::as_str).map(str::to_owned)
    }

    /// The settings without the preset's own text; the defaults where it extends nothing. They
    /// need not be ones to search with.
    pub fn base(&self) -> Preset {
        let mut merged = Table::new();
        for layer in &self.layers[..self.layers.len() - 1] {
            document::merge(&mut merged, layer.text.parse().unwrap_or_default(), "");
        }
        merged.remove("extends");
        merged.try_into().unwrap_or_default()
    }

    /// Whether the preset's own text says `key`, or has it as a section.
    pub fn says(&self, key: &str) -> bool {
        self.parsed().is_ok_and(|text| {
            let mut item = Some(text.as_item());
            for part in key.split('.') {
                item = item.and_then(|item| item.get(part));
            }
            item.is_some()
        })
    }

    /// Sets `section.key` in the preset's own text. `value` is TOML; anything else is taken as a
    /// string. Whether it can stand is [`PresetSource::preset`]'s to say.
    ///
    /// # Errors
    /// An unknown key, with the nearest; a text that is no TOML.
    pub fn set_in_text(&mut self, key: &str, value: &str) -> Result<(), PresetError> {
        let origin = self.own().origin.clone();
        let (section, field) = document::known_key(&origin, key)?;
        let mut text = self.parsed()?;
        let mut table: &mut dyn TableLike = text.as_table_mut();
        for part in section.split('.').filter(|part| !part.is_empty()) {
            let new = || Item::Table(toml_edit::Table::new());
            let item = table.entry(part).or_insert_with(new);
            table = item.as_table_like_mut().ok_or_else(|| PresetError {
                origin: origin.clone(),
                line_column: None,
                key: section.to_owned(),
                message: format!("{part} is no section in this text"),
            })?;
        }
        let mut value = toml_value(value);
        match table.get_mut(field).and_then(Item::as_value_mut) {
            Some(old) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => {
                table.insert(field, Item::Value(value));
            }
        }
        self.put(text.to_string());
        Ok(())
    }

    /// Takes `section.key` out of the preset's own text, its line with it; comments above stay.
    pub fn unset_in_text(&mut self, key: &str) {
        if let Some(rest) = without_line(self.text(), key) {
            return self.put(rest);
        }
        let Ok(mut text) = self.parsed() else { return };
        let (section, field) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table: Option<&mut dyn TableLike> = Some(text.as_table_mut());
        for part in section.split('.').filter(|part| !part.is_empty()) {
            table = table.and_then(|t| t.get_mut(part)).and_then(Item::as_table_like_mut);
        }
        if let Some(table) = table {
            table.remove(field);
            self.put(text.to_string());
        }
    }

    /// Takes a section without keys out of the preset's own text.
    pub fn drop_empty_section(&mut self, section: &str) {
        let Ok(mut text) = self.parsed() else { return };
        let is_empty = |item: &Item| item.as_table_like().is_some_and(|t| t.is_empty());
        if text.get(section).is_some_and(is_empty) {
            text.remove(section);
            self.put(text.to_string());
        }
    }

    fn parsed(&self) -> Result<DocumentMut, PresetError> {
        self.text().parse().map_err(|error: toml_edit::TomlError| PresetError {
            message: error.message().to_owned(),
            ..document::blame(self.own(), "")
        })
    }

    fn put(&mut self, text: String) {
        self.layers.last_mut().expect("a source has a text").text = text;
    }
}

impl Preset {
    /// Every key that `self` says otherwise than `base`, in the order of the schema.
    pub fn differences(&self, base: &Preset) -> Vec<Difference> {
        let flat = |preset: &Preset| {
            let mut flat = Vec::new();
            let table = Table::try_from(preset).expect("a preset is a table; a test prints all");
            flatten("", &table, &mut flat);
            flat
        };
        let (own, base) = (flat(self), flat(base));
        let of = |flat: &[(String, String)], key: &str| {
            flat.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let keys = || base.iter().chain(&own).map(|(key, _)| key);
        let mut differences: Vec<Difference> = Vec::new();
        for key in keys() {
            let difference =
                Difference { key: key.clone(), base: of(&base, key), own: of(&own, key) };
            let is_new = differences.iter().all(|known| known.key != *key);
            if is_new && difference.base != difference.own {
                differences.push(difference);
            }
        }
        differences.sort_by_key(|difference| super::schema::order(&difference.key));
        differences
    }
}

fn flatten(section: &str, table: &Table, flat: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        match value {
            Value::Table(inner) => flatten(&path, inner, flat),
            Value::String(text) => flat.push((path, text.trim().to_owned())),
            value => flat.push((path, value.to_string())),
        }
    }
}

/// As TOML where it is some, else as a string.
fn toml_value(text: &str) -> toml_edit::Value {
    let parsed = text.trim().parse::<toml_edit::Value>();
    let mut value = parsed.unwrap_or_else(|_| text.trim().into());
    value.decor_mut().clear();
    value
}

/// `text` without the line or lines of `key`; none where the key shares its line with others.
fn without_line(text: &str, key: &str) -> Option<String> {
    let document = toml_edit::Document::parse(text).ok()?;
    let mut table: &dyn TableLike = document.as_table();
    let mut parts = key.split('.').peekable();
    let (start, end) = loop {
        let (key, item) = table.get_key_value(parts.next()?)?;
        if parts.peek().is_none() {
            // A table's own lines come behind the one that says its name.
            break (key.span()?.start, item.as_value()?.span()?.end);
        }
        table = item.as_table()?;
    };
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Some(format!("{}{}", &text[..first], &text[last..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: &str = "\
# CIFAR, at most 1 M parameters
extends = \"cifar-params-1m\" # as the paper has it

[search]
# half the paper's, a first look
iterations = 96_000 # for now
population = 512

# what a phone takes
[budget]
params = \"0.9M\"
# the end
";

    const NO_FILES: PresetFiles<'_> =
        PresetFiles { named: &|_| None, read: &|_| Err("no files".to_owned()) };

    fn mine(text: &str) -> PresetSource {
        PresetSource::find("mine.toml", &|_| Ok(text.to_owned())).expect("valid")
    }

    #[test]
    fn values_change_in_place_and_comments_stay() {
        let mut source = mine(MINE);
        source.set_in_text("search.iterations", "50_000").expect("a key");
        source.set_in_text("budget.params", "800k").expect("a key");
        source.set_in_text("search.seed", "7").expect("a key");
        source.set_in_text("score.batch", "8").expect("a key");
        let expected = "\
# CIFAR, at most 1 M parameters
extends = \"cifar-params-1m\" # as the paper has it

[search]
# half the paper's, a first look
iterations = 50_000 # for now
population = 512
seed = 7

# what a phone takes
[budget]
params = \"800k\"

[score]
batch = 8
# the end
";
        assert_eq!(source.text(), expected);
        let preset = source.preset().expect("valid");
        assert_eq!((preset.search.iterations, preset.score.batch), (50_000, 8));
        source.unset_in_text("score.batch");
        source.drop_empty_section("score");
        source.unset_in_text("search.seed");
        source.drop_empty_section("search");
        source.set_in_text("search.iterations", "96_000").expect("a key");
        source.set_in_text("budget.params", "0.9M").expect("a key");
        assert_eq!(source.text(), MINE);
    }

    /// However a section is written.
    #[test]
    fn inline_and_dotted_sections_are_edited_too() {
        let mut source = mine("extends = \"quick\"\nsearch = { seed = 3, population = 64 }\n");
        source.set_in_text("search.seed", "4").expect("a key");
        source.unset_in_text("search.population");
        assert_eq!(source.text(), "extends = \"quick\"\nsearch = { seed = 4}\n");
        let mut source = mine("extends = \"quick\"\nsearch.seed = 3 # mine\n");
        source.set_in_text("search.population", "32").expect("a key");
        source.set_in_text("search.seed", "5").expect("a key");
        let expected = "extends = \"quick\"\nsearch.seed = 5 # mine\nsearch.population = 32\n";
        assert_eq!(source.text(), expected);
        let error = source.set_in_text("search.sed", "5").expect_err("no key").to_string();
        assert_eq!(error, "mine.toml: unknown key 'search.sed', did you mean 'search.seed'?");
        source.unset_in_text("score.batch");
        assert_eq!(source.text(), expected);
    }

    #[test]
    fn a_removed_line_leaves_the_comment_above() {
        let mut source = mine(MINE);
        source.unset_in_text("search.iterations");
        assert!(source.text().contains("[search]\n# half the paper's, a first look\npopulation"));
    }

    #[test]
    fn a_new_preset_says_what_it_extends_and_nothing_else() {
        let quick = PresetSource::find_among("quick", &NO_FILES).expect("shipped");
        let mut new = quick.extended("fast", "quick");
        assert_eq!((new.name(), new.path()), ("fast", None));
        assert_eq!(new.text(), "extends = \"quick\"\n");
        assert_eq!(new.preset(), quick.preset());
        assert_eq!(new.base(), quick.preset().expect("valid"));
        new.set_in_text("run.workers", "2").expect("a key");
        assert_eq!(new.text(), "extends = \"quick\"\n\n[run]\nworkers = 2\n");
        let differences = new.preset().expect("valid").differences(&new.base());
        let workers =
            Difference { key: "run.workers".to_owned(), base: None, own: Some("2".to_owned()) };
        assert_eq!(differences, [workers]);
        assert_eq!(new.renamed("b", Some("d/b.toml".into())).text(), new.text());
    }

    #[test]
    fn a_text_is_taken_whole_or_refused_at_its_line() {
        let source = mine(MINE);
        let (changed, preset) =
            source.with_text(&MINE.replace("512", "64"), &NO_FILES).expect("valid");
        assert_eq!((preset.search.population, changed.name()), (64, "mine"));
        let refused = |text: &str| source.with_text(text, &NO_FILES).expect_err("bad");
        let small = refused(&MINE.replace("512", "1"));
        assert_eq!((small.line_column, small.message.as_str()), {
            (Some((7, 1)), "1 is too small: 2 or more")
        });
        assert_eq!(refused("[search\n").line_column.map(|(line, _)| line), Some(1));
        // Another base is looked up, and its fault stands where it is named.
        let (other, _) = source.with_text("extends = \"quick\"\n", &NO_FILES).expect("shipped");
        assert_eq!(other.base().search.population, 64);
        let unknown = refused("# one\nextends = \"quik\"\n");
        assert_eq!(unknown.line_column, Some((2, 1)));
        assert!(unknown.message.contains("did you mean 'quick'?"), "{unknown}");
    }

    #[test]
    fn presets_of_the_user_are_found_by_name_after_the_shipped() {
        let named = |name: &str| Some(PathBuf::from(format!("/p/{name}.toml")));
        let read = |path: &Path| match path.to_str() {
            Some("/p/one.toml") => Ok("extends = \"two\"\n[search]\nseed = 1\n".to_owned()),
            Some("/p/two.toml") => Ok("extends = \"quick\"\n[search]\nseed = 2\n".to_owned()),
            _ => Err("not found".to_owned()),
        };
        let files = PresetFiles { named: &named, read: &read };
        let one = PresetSource::find_among("one", &files).expect("found");
        assert_eq!((one.name(), one.path()), ("one", Some(Path::new("/p/one.toml"))));
        assert_eq!(one.preset().expect("valid").search.seed, 1);
        assert_eq!(one.base().search.seed, 2);
        let quick = PresetSource::find_among("quick", &files).expect("shipped first");
        assert_eq!(quick.path(), None);
    }
}
