//! The presets to choose from. Invariant: the cursor stands on an entry, or on the row for files.

use crate::{
    space::{Family, Preset, PresetSource, shipped_preset_names},
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
        if let Some(latency) = &budget.latency {
            (latency.ms.to_string(), "ms")
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

#[derive(Debug)]
pub struct Picker {
    pub entries: Vec<Entry>,
    /// An entry's index, or `entries.len()` for the row that opens a file.
    pub cursor: usize,
    /// A path being typed.
    pub path: Option<LineEdit>,
    /// Why what was asked for can't be opened.
    pub error: Option<String>,
}

impl Picker {
    pub fn shipped() -> Picker {
        let no_files = |_: &std::path::Path| Err("shipped presets stand alone".to_owned());
        let entries = shipped_preset_names().map(|name| {
            let preset = PresetSource::find(name, &no_files).and_then(|source| source.preset());
            let preset = preset.expect("shipped presets are valid; a test reads them all");
            Entry { name: name.to_owned(), preset }
        });
        Picker { entries: entries.collect(), cursor: 0, path: None, error: None }
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.cursor)
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
