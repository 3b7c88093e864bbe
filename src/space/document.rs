//! Preset files: TOML with `extends`, overrides from the command line or a form, and errors that say
//! file, line, column and the nearest key.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::{Table, Value};

use super::{Preset, schema::SCHEMA, shipped_preset, shipped_preset_names};
use crate::text::{did_you_mean, line_column, printable};

/// Files larger than this are no presets.
pub const MAX_BYTES: usize = 256 * 1024;
/// Longest chain of `extends`.
const MAX_EXTENDS: usize = 8;

/// What is wrong with a preset, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetError {
    /// File, shipped preset or `--set`.
    pub origin: String,
    /// From 1; none where no place in the text is to blame.
    pub line_column: Option<(usize, usize)>,
    /// The key it is about, as `section.key`; empty for the whole.
    pub key: String,
    pub message: String,
}

impl fmt::Display for PresetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some((line, column)) = self.line_column {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for PresetError {}

/// One text of the chain: a file, a shipped preset, or one override.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) origin: String,
    pub(super) text: String,
}

/// How presets outside of the binary are found.
pub struct PresetFiles<'a> {
    /// The file of a preset that the user keeps under a name, where there is one.
    pub named: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// A file's text, or why it can't be read.
    pub read: &'a dyn Fn(&Path) -> Result<String, String>,
}

/// A preset as it was asked for: the texts it is made of, base first, overrides last.
#[derive(Clone, Debug)]
pub struct PresetSource {
    pub(super) name: String,
    /// Of the preset's own text, where it lies in a file.
    pub(super) path: Option<PathBuf>,
    /// What the preset extends, then its own text.
    pub(super) layers: Vec<Layer>,
    pub(super) overrides: Vec<(String, Layer)>,
}

impl PresetSource {
    /// Finds `reference`, a shipped preset's name or a file, and all it extends. `read` gives a
    /// file's text or says why it can't.
    ///
    /// # Errors
    /// Unknown names (with the nearest), unreadable files, bad TOML, unknown keys, `extends` that
    /// go in a circle.
    pub fn find(
        reference: &str,
        read: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<PresetSource, PresetError> {
        PresetSource::find_among(reference, &PresetFiles { named: &|_| None, read })
    }

    /// The same, where presets are also found by the names the user keeps them under; a shipped
    /// preset of the same name comes first.
    ///
    /// # Errors
    /// As [`PresetSource::find`].
    pub fn find_among(
        reference: &str,
        files: &PresetFiles<'_>,
    ) -> Result<PresetSource, PresetError> {
        let (layers, path) = chain(reference, PathBuf::new(), files)?;
        let stem = path.as_deref().unwrap_or(Path::new(reference)).file_stem();
        let stem = stem.and_then(|stem| stem.to_str());
        let name = if path.is_none() { Some(reference) } else { stem };
        let name = printable(name.unwrap_or("preset"));
        Ok(PresetSource { name, path, layers, overrides: Vec::new() })
    }

    /// The shipped name, or the file's without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets `section.key`, over what the files say and over earlier calls for the same key. `value`
    /// is TOML; anything else is taken as a string, so `900k` needs no quotes.
    ///
    /// # Errors
    /// An unknown key, with the nearest.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), PresetError> {
        let key = key.trim();
        let origin = printable(&format!("--set {key}={value}"));
        let (section, field) = known_key(&origin, key)?;
        let as_toml = format!("value = {value}");
        let value = match as_toml.parse::<Table>() {
            Ok(table) if table.len() == 1 => table["value"].clone(),
            _ => Value::String(value.trim().to_owned()),
        };
        // Written as inline tables, so that any depth of section is one line of TOML.
        let mut table = Table::from_iter([(field.to_owned(), value)]);
        for part in section.split('.').rev().filter(|part| !part.is_empty()) {
            table = Table::from_iter([(part.to_owned(), Value::Table(table))]);
        }
        let layer = Layer { origin, text: table.to_string() };
        self.overrides.retain(|(set, _)| set != key);
        self.overrides.push((key.to_owned(), layer));
        Ok(())
    }

    /// `key=value`, as `--set` takes it.
    pub fn set_assignment(&mut self, assignment: &str) -> Result<(), PresetError> {
        match assignment.split_once('=') {
            Some((key, value)) => self.set(key, value),
            None => Err(PresetError {
                origin: printable(&format!("--set {assignment}")),
                line_column: None,
                key: String::new(),
                message: "expected key=value, such as search.seed=7".to_owned(),
            }),
        }
    }

    /// Forgets an override; the files count again.
    pub fn unset(&mut self, key: &str) {
        self.overrides.retain(|(set, _)| set != key);
    }

    /// Keys that were set over the files, in the order they were set.
    pub fn overridden(&self) -> impl Iterator<Item = &str> {
        self.overrides.iter().map(|(key, _)| key.as_str())
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// A value of the wrong type or out of range, at its place.
    pub fn preset(&self) -> Result<Preset, PresetError> {
        let mut merged = Table::new();
        for layer in self.all_layers() {
            merge(&mut merged, check_text(layer)?, "");
        }
        merged.remove("extends");
        let preset: Preset = serde_path_to_error::deserialize(merged).map_err(|error| {
            let key = error.path().to_string();
            let key = key.trim_matches('.').to_owned();
            let message = error.into_inner().message().trim().to_owned();
            PresetError { message, ..self.blame(&key) }
        })?;
        preset.check().map_err(|invalid| PresetError {
            message: invalid.message,
            ..self.blame(invalid.path)
        })?;
        Ok(preset)
    }

    /// The preset's own text.
    pub(super) fn own(&self) -> &Layer {
        self.layers.last().expect("a source has the text it was found by")
    }

    fn all_layers(&self) -> impl DoubleEndedIterator<Item = &Layer> {
        self.layers.iter().chain(self.overrides.iter().map(|(_, layer)| layer))
    }

    /// The last text that says `key`, or the preset asked for where none does.
    fn blame(&self, key: &str) -> PresetError {
        let key = key.split('[').next().unwrap_or_default();
        let says_it = |layer: &&Layer| key_offset(&layer.text, key).is_some();
        blame(self.all_layers().rev().find(says_it).unwrap_or(self.own()), key)
    }
}

/// The texts that `reference` is made of, base first, and the file of the last one.
pub(super) fn chain(
    reference: &str,
    folder: PathBuf,
    files: &PresetFiles<'_>,
) -> Result<(Vec<Layer>, Option<PathBuf>), PresetError> {
    let mut layers = Vec::new();
    let mut file = None;
    let mut next = Some((reference.to_owned(), folder));
    while let Some((reference, folder)) = next {
        let (layer, path) = open(&reference, &folder, files)?;
        let table = check_text(&layer)?;
        if layers.len() == MAX_EXTENDS {
            let message = format!("more than {MAX_EXTENDS} presets extend each other");
            return Err(PresetError { message, ..blame(&layer, "extends") });
        }
        let folder = path.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        next = extends(&layer, &table)?.map(|base| (base, folder.unwrap_or_default()));
        if layers.is_empty() {
            file = path;
        }
        layers.push(layer);
    }
    layers.reverse();
    Ok((layers, file))
}

/// What a text extends.
pub(super) fn extends(layer: &Layer, table: &Table) -> Result<Option<String>, PresetError> {
    match table.get("extends") {
        None => Ok(None),
        Some(Value::String(base)) => Ok(Some(base.clone())),
        Some(_) => {
            let message = "expected the name or file of a preset".to_owned();
            Err(PresetError { message, ..blame(layer, "extends") })
        }
    }
}

/// Section and name of a key that can be set.
pub(super) fn known_key<'a>(origin: &str, key: &'a str) -> Result<(&'a str, &'a str), PresetError> {
    let (section, field) = key.rsplit_once('.').unwrap_or(("", key));
    let known = SCHEMA.iter().find(|(name, _)| *name == section);
    if known.is_some_and(|(_, keys)| keys.contains(&field)) && key != "extends" {
        return Ok((section, field));
    }
    Err(PresetError {
        origin: origin.to_owned(),
        line_column: None,
        key: String::new(),
        message: format!("unknown key '{key}'{}", hint_path(key)),
    })
}

/// A text, and its file if it is one.
fn open(
    reference: &str,
    folder: &Path,
    files: &PresetFiles<'_>,
) -> Result<(Layer, Option<PathBuf>), PresetError> {
    if let Some(text) = shipped_preset(reference) {
        let layer = Layer { origin: format!("preset {reference}"), text: text.to_owned() };
        return Ok((layer, None));
    }
    let path = (files.named)(reference).unwrap_or_else(|| folder.join(reference));
    let shown = printable(&path.display().to_string());
    match (files.read)(&path) {
        Ok(text) => Ok((Layer { origin: shown, text }, Some(path))),
        Err(reason) => {
            let looks_like_a_file = reference.contains(['/', '.']);
            let message = if looks_like_a_file {
                format!("can't be read: {reason}")
            } else {
                let hint = did_you_mean(reference, shipped_preset_names());
                format!("no such preset and no such file{hint}; `zendo presets list` shows all")
            };
            Err(PresetError { origin: shown, line_column: None, key: String::new(), message })
        }
    }
}

/// Parses a text and refuses unknown keys.
pub(super) fn check_text(layer: &Layer) -> Result<Table, PresetError> {
    let whole = blame(layer, "");
    if layer.text.len() > MAX_BYTES {
        let message =
            format!("{} bytes are more than the {MAX_BYTES} of a preset", layer.text.len());
        return Err(PresetError { message, ..whole });
    }
    let table = Table::deserialize(
        toml::Deserializer::parse(&layer.text).map_err(|error| toml_error(layer, &error))?,
    )
    .map_err(|error| toml_error(layer, &error))?;
    check_keys(layer, "", &table)?;
    Ok(table)
}

fn toml_error(layer: &Layer, error: &toml::de::Error) -> PresetError {
    let line_column = error.span().map(|span| line_column(&layer.text, span.start));
    let message = error.message().trim().replace('\n', ", ");
    PresetError { message, line_column, ..blame(layer, "") }
}

fn check_keys(layer: &Layer, section: &str, table: &Table) -> Result<(), PresetError> {
    let Some((_, known)) = SCHEMA.iter().find(|(name, _)| *name == section) else {
        return Ok(());
    };
    for (key, value) in table {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        if !known.contains(&key.as_str()) {
            let shown = printable(key);
            let mut meant = did_you_mean(key, known.iter().copied());
            if meant.is_empty() {
                meant = hint_path(&path);
            }
            let message = format!("unknown key '{shown}'{meant}");
            return Err(PresetError { message, key: String::new(), ..blame(layer, &path) });
        }
        if let Value::Table(inner) = value {
            check_keys(layer, &path, inner)?;
        }
    }
    Ok(())
}

fn hint_path(path: &str) -> String {
    let all: Vec<String> = SCHEMA
        .iter()
        .filter(|(section, _)| !section.is_empty())
        .flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}")))
        .collect();
    // The right key in the wrong section is the commonest slip.
    let field = path.rsplit('.').next().unwrap_or(path);
    let same_field = all.iter().find(|known| known.rsplit('.').next() == Some(field));
    match same_field {
        Some(known) => format!(", did you mean '{known}'?"),
        None => did_you_mean(path, all.iter().map(String::as_str)),
    }
}

/// An error without message at the place where `layer` says `key`.
pub(super) fn blame(layer: &Layer, key: &str) -> PresetError {
    // An override is one short line: a column in the TOML made of it would only confuse.
    let offset = key_offset(&layer.text, key).filter(|_| !layer.origin.starts_with("--set"));
    PresetError {
        origin: layer.origin.clone(),
        line_column: offset.map(|offset| line_column(&layer.text, offset)),
        key: key.to_owned(),
        message: String::new(),
    }
}

/// Where `text` says `section.key`, as a byte offset.
pub(super) fn key_offset(text: &str, key: &str) -> Option<usize> {
    let document = toml_edit::Document::parse(text).ok()?;
    let mut table: &dyn toml_edit::TableLike = document.as_table();
    let mut parts = key.split('.').peekable();
    loop {
        let (key, item) = table.get_key_value(parts.next()?)?;
        if parts.peek().is_none() {
            return key.span().map(|span| span.start);
        }
        table = item.as_table_like()?;
    }
}

/// Lays `over` on `base`; sections merge, everything else replaces, a table that is a value too.
pub(super) fn merge(base: &mut Table, over: Table, section: &str) {
    for (key, value) in over {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let is_section = SCHEMA.iter().any(|(known, _)| *known == path);
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) if is_section => {
                merge(inner, value, &path);
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
