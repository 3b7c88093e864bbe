//! The presets to choose from. Invariant: the cursor stands on a row.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    run::{Broken, UserPreset},
    space::{Family, Preset, PresetFiles, PresetSource, shipped_preset, shipped_preset_names},
    tui::{edit::LineEdit, format},
};

#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub preset: Preset,
}

impl Entry {
    /// The kind of space, in a word.
    pub fn space(&self) -> &'static str {
        let families = &self.preset.space.families;
        let inverted = families.contains(&Family::Idw);
        match (inverted, families.iter().any(|family| *family != Family::Idw)) {
            (true, false) => "MobileNet",
            (true, true) => "mixed",
            (false, _) => "ResNet",
        }
    }

    /// The budget a search is named after: value with unit, and of what.
    pub fn budget(&self) -> (String, &'static str) {
        let budget = &self.preset.budget;
        if let Some(ms) = budget.latency.as_ref().and_then(|latency| latency.ms) {
            (ms.to_string(), "ms")
        } else if let Some(flops) = budget.flops {
            (format::round_size(flops.0), "FLOPs")
        } else if let Some(params) = budget.params {
            (format::round_size(params.0), "params")
        } else if let Some(layers) = budget.layers {
            (layers.to_string(), "deep")
        } else {
            (format::NONE.to_owned(), "")
        }
    }

    /// Entries of a kind stand together.
    pub fn is_of_a_kind_with(&self, other: &Entry) -> bool {
        let kind = |e: &Entry| (e.budget().1, e.preset.space.classes);
        kind(self) == kind(other)
    }
}

/// One of the user's presets.
#[derive(Clone, Debug)]
pub struct Yours {
    pub name: String,
    pub path: PathBuf,
    /// With its text; or what is wrong with it.
    pub found: Result<(Entry, PresetSource), Broken>,
}

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    Shipped(&'a Entry),
    Yours(&'a Yours),
    /// The row that opens a file.
    File,
}

#[derive(Debug)]
pub struct Picker {
    /// The shipped ones.
    pub entries: Vec<Entry>,
    pub yours: Vec<Yours>,
    /// A row's number: the shipped presets, the user's, the row for files.
    pub cursor: usize,
    /// A path being typed.
    pub path: Option<LineEdit>,
    /// Why what was asked for can't be opened.
    pub error: Option<String>,
    /// Other files that presets extend, as they were read; none is one that is wanted.
    files: RefCell<BTreeMap<PathBuf, Option<Result<String, String>>>>,
}

impl Picker {
    pub fn shipped() -> Picker {
        let no_files = |_: &std::path::Path| Err("shipped presets stand alone".to_owned());
        let entries = shipped_preset_names().map(|name| {
            let preset = PresetSource::find(name, &no_files).and_then(|source| source.preset());
            let preset = preset.expect("shipped presets are valid; a test reads them all");
            Entry { name: name.to_owned(), preset }
        });
        let entries = entries.collect();
        Picker {
            entries,
            yours: Vec::new(),
            cursor: 0,
            path: None,
            error: None,
            files: RefCell::default(),
        }
    }

    /// Takes what is in the user's folder now; the cursor stays on its preset.
    pub fn list(&mut self, presets: Vec<UserPreset>) {
        let row = match self.row(self.cursor) {
            Row::Yours(yours) => Some(yours.path.clone()),
            Row::File => None,
            Row::Shipped(_) => Some(PathBuf::new()),
        };
        let listed = presets.into_iter().map(|UserPreset { name, path, found }| {
            let entry = |preset| Entry { name: name.clone(), preset };
            let found = found.map(|(source, preset)| (entry(preset), source));
            Yours { name, path, found }
        });
        self.yours = listed.collect();
        self.files.get_mut().clear();
        match row {
            None => self.cursor = self.file_row(),
            Some(path) if path.as_os_str().is_empty() => {}
            Some(path) => self.go_to(&path),
        }
    }

    /// Puts the cursor on a preset of the user's.
    pub fn go_to(&mut self, path: &Path) {
        let at = self.yours.iter().position(|yours| yours.path == path);
        self.cursor = at.map_or(self.cursor.min(self.file_row()), |at| self.entries.len() + at);
    }

    /// Puts the cursor on a shipped preset.
    pub fn go_to_shipped(&mut self, name: &str) {
        let at = self.entries.iter().position(|entry| entry.name == name);
        self.cursor = at.unwrap_or(self.cursor);
    }

    pub fn file_row(&self) -> usize {
        self.entries.len() + self.yours.len()
    }

    pub fn row(&self, at: usize) -> Row<'_> {
        let yours = || self.yours.get(at.checked_sub(self.entries.len())?);
        match (self.entries.get(at), yours()) {
            (Some(entry), _) => Row::Shipped(entry),
            (None, Some(yours)) => Row::Yours(yours),
            (None, None) => Row::File,
        }
    }

    pub fn selected(&self) -> Row<'_> {
        self.row(self.cursor)
    }

    /// Whether one of the user's presets goes by `name`.
    pub fn is_named(&self, name: &str) -> bool {
        self.yours.iter().any(|yours| yours.name == name)
    }

    /// Calls `with` with what a text being typed may extend: what is listed, and files that were read for
    /// it. One that wasn't is wanted from then on.
    pub fn with_files<T>(&self, with: impl FnOnce(&PresetFiles<'_>) -> T) -> T {
        let named = |name: &str| {
            let yours = self.yours.iter().find(|yours| yours.name == name)?;
            Some(yours.path.clone())
        };
        let read = |path: &Path| {
            let yours = self.yours.iter().find(|yours| yours.path == path);
            match yours.map(|yours| &yours.found) {
                Some(Ok((_, source))) => Ok(source.text().to_owned()),
                Some(Err(broken)) => broken.text.clone().ok_or(broken.error.message.clone()),
                None => {
                    let mut files = self.files.borrow_mut();
                    let known = files.entry(path.to_owned()).or_default();
                    known.clone().unwrap_or_else(|| Err("it is being read".to_owned()))
                }
            }
        };
        with(&PresetFiles { named: &named, read: &read })
    }

    /// A file that a text extends and that nobody has read yet.
    pub fn wanted_file(&self) -> Option<PathBuf> {
        let files = self.files.borrow();
        files.iter().find(|(_, text)| text.is_none()).map(|(path, _)| path.clone())
    }

    pub fn was_read(&mut self, path: PathBuf, text: Result<String, String>) {
        self.files.get_mut().insert(path, Some(text));
    }

    /// How a preset extends this row, and the row's own text; none where it can't.
    pub fn base(&self, row: Row<'_>) -> Option<(String, String)> {
        match row {
            Row::Shipped(entry) => {
                let text = shipped_preset(&entry.name).expect("it is shipped");
                Some((entry.name.clone(), text.to_owned()))
            }
            Row::Yours(yours) => {
                let (_, source) = yours.found.as_ref().ok()?;
                // A shipped preset of the same name would be found first.
                let reference = match shipped_preset(&yours.name) {
                    Some(_) => yours.path.to_string_lossy().into_owned(),
                    None => yours.name.clone(),
                };
                Some((reference, source.text().to_owned()))
            }
            Row::File => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_say_what_is_searched() {
        let picker = Picker::shipped();
        let of = |name: &str| picker.entries.iter().find(|e| e.name == name).expect("shipped");
        let cifar = of("cifar-params-1m");
        assert_eq!((cifar.space(), cifar.budget()), ("ResNet", ("1 M".to_owned(), "params")));
        let mobile = of("imagenet-flops-400m");
        assert_eq!((mobile.space(), mobile.budget()), ("MobileNet", ("400 M".to_owned(), "FLOPs")));
        assert_eq!(of("imagenet-latency-0.1ms").budget(), ("0.1".to_owned(), "ms"));
        assert!(cifar.is_of_a_kind_with(of("cifar-params-2m")));
        assert!(!cifar.is_of_a_kind_with(mobile));
    }
}
