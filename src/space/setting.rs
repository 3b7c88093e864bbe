//! Single settings laid over a whole preset, as a running search is tuned.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::{
    Preset, PresetError, PresetSource,
    document::{Layer, known_key},
};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// `section.key` of the schema.
    pub key: String,
    /// TOML, or a word that needs no quotes; none takes the setting away, as a budget is lifted.
    pub value: Option<String>,
}

impl Setting {
    /// What `key=value` asks for; `key=` and `key=none` take the setting away.
    ///
    /// # Errors
    /// No `=`, or an unknown key, with the nearest.
    pub fn parse(assignment: &str) -> Result<Setting, PresetError> {
        let mut source = over(&Preset::default());
        source.set_assignment(assignment)?;
        let (key, value) = assignment.split_once('=').expect("it was an assignment");
        let value = Some(value.trim()).filter(|value| !["", "none"].contains(value));
        Ok(Setting { key: key.trim().to_owned(), value: value.map(str::to_owned) })
    }
}

impl Preset {
    /// The same with other settings, checked as a whole.
    ///
    /// # Errors
    /// An unknown key, a value that can't stand.
    pub fn with_settings(&self, settings: &[Setting]) -> Result<Preset, PresetError> {
        let mut source = over(self);
        for Setting { key, value } in settings {
            match value {
                Some(value) => source.set(key, value)?,
                None => source.take_away(key)?,
            }
        }
        source.preset()
    }
}

/// A source that says what `preset` is.
fn over(preset: &Preset) -> PresetSource {
    let text = toml::to_string(preset).expect("a preset is a table; a test prints all");
    let mut source = PresetSource::blank("", Path::new(""));
    source.layers = vec![Layer { origin: String::new(), text }];
    source
}

impl PresetSource {
    /// Makes as if neither the text nor a setting laid over it said `key`.
    fn take_away(&mut self, key: &str) -> Result<(), PresetError> {
        known_key("", key)?;
        self.unset(key);
        let own = self.layers.last_mut().expect("a source has a text");
        let mut whole: Table = own.text.parse().expect("it was made from a preset");
        let mut table = &mut whole;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.remove(part);
                break;
            }
            match table.get_mut(part) {
                Some(toml::Value::Table(inner)) => table = inner,
                _ => break,
            }
        }
        own.text = whole.to_string();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Size, shipped_preset_names};

    fn preset(name: &str) -> Preset {
        PresetSource::find(name, &|_| Err(String::new())).expect("shipped").preset().expect("valid")
    }

    fn settings(assignments: &[&str]) -> Vec<Setting> {
        assignments.iter().map(|a| Setting::parse(a).expect("a key")).collect()
    }

    #[test]
    fn nothing_laid_over_changes_nothing() {
        for name in shipped_preset_names() {
            let preset = preset(name);
            assert_eq!(preset.with_settings(&[]), Ok(preset.clone()), "{name}");
        }
    }

    #[test]
    fn settings_are_laid_over_and_taken_away() {
        let preset = preset("quick");
        let wanted = ["search.population=32", "budget.params=900k", "space.kernels=[3, 5]"];
        let tuned = preset.with_settings(&settings(&wanted)).expect("valid");
        assert_eq!(tuned.search.population, 32);
        assert_eq!(tuned.budget.params, Some(Size(900_000)));
        assert_eq!(tuned.space.kernels, [3, 5]);
        let lifted = tuned.with_settings(&settings(&["budget.params=none"])).expect("valid");
        assert_eq!(lifted.budget.params, None);
        // What stands last counts.
        let again = settings(&["budget.params=", "budget.params=2M"]);
        let again = tuned.with_settings(&again).expect("valid");
        assert_eq!(again.budget.params, Some(Size(2_000_000)));
    }

    #[test]
    fn what_cannot_stand_is_refused() {
        let preset = preset("quick");
        let refused = |assignment: &str| {
            let settings = settings(&[assignment]);
            preset.with_settings(&settings).expect_err("refused").to_string()
        };
        assert!(refused("search.population=1").contains("1 is too small: 2 or more"));
        assert!(refused("search.population=many").contains("search.population"));
        assert!(refused("budget.params=1k").contains("breaks 'params'"));
        let unknown = Setting::parse("search.popluation=5").expect_err("unknown").to_string();
        assert!(unknown.contains("did you mean 'search.population'?"), "{unknown}");
        assert!(Setting::parse("search.population").is_err());
        let none = Setting { key: "search.nothing".to_owned(), value: None };
        assert!(preset.with_settings(&[none]).is_err());
    }
}
