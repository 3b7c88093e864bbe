//! What a field of the form is. Must not know how its value is checked: presets do that. Invariant: what
//! is shown of a value can be typed again.

use crate::{
    space::{Preset, ProxyChoice, Size},
    text::{did_you_mean, grouped},
    tui::format,
};

pub use super::field_rows::FIELDS;

/// A value as it is shown and as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Count(u64),
    Size(u64),
    /// A name or a number that takes no commas.
    Plain(String),
    Switch(&'static str),
}

impl Value {
    pub fn shown(&self) -> String {
        match self {
            Value::Count(n) => format::count(*n),
            Value::Size(n) => format::size(*n),
            Value::Plain(text) => text.clone(),
            Value::Switch(word) => (*word).to_owned(),
        }
    }

    pub fn typed(&self) -> String {
        match self {
            Value::Count(n) | Value::Size(n) => format::count(*n),
            Value::Plain(text) => text.clone(),
            Value::Switch(word) => (*word).to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Space,
    Budgets,
    Shapes,
    Search,
    Scoring,
    Confirmation,
    Run,
}

impl Section {
    pub fn title(self) -> &'static str {
        match self {
            Section::Space => "Space",
            Section::Budgets => "Budgets",
            Section::Shapes => "Shapes",
            Section::Search => "Search",
            Section::Scoring => "Scoring",
            Section::Confirmation => "Confirmation",
            Section::Run => "Run",
        }
    }
}

/// How a field is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number; suffixes as in sizes are understood.
    Whole,
    Size,
    Word,
    /// A list of numbers, or of names.
    Numbers,
    Words,
    /// One of these, as a preset spells them, with the word shown.
    Choice(&'static [(&'static str, &'static str)]),
    /// One of these proxies, or weights of several, which are typed.
    Proxy(&'static [(&'static str, &'static str)]),
}

#[derive(Debug)]
pub struct Field {
    /// As `--set` takes it.
    pub key: &'static str,
    pub label: &'static str,
    pub section: Section,
    pub kind: Kind,
    /// Range or meaning.
    pub hint: &'static str,
    /// What stands in place of no value, with its hint.
    pub empty: &'static str,
    pub read: fn(&Preset) -> Option<Value>,
}

impl Field {
    /// The setting of that key, where the form shows it.
    pub fn of(key: &str) -> Option<&'static Field> {
        FIELDS.iter().find(|field| field.key == key)
    }

    /// What was typed, as a preset's text says it.
    ///
    /// # Errors
    /// It is no number where one is wanted, or no proxy.
    pub fn toml(&self, text: &str) -> Result<String, String> {
        let items = || text.split([' ', ',']).filter(|item| !item.is_empty());
        Ok(match self.kind {
            Kind::Size => spelled(text.parse::<Size>()?.0),
            Kind::Whole => spelled(whole(text)?),
            Kind::Word if self.key == "search.seed" => whole(text)?.to_string(),
            Kind::Word | Kind::Choice(_) => text.to_owned(),
            Kind::Proxy(known) => proxies(text, known)?,
            Kind::Numbers => format!("[{}]", items().collect::<Vec<_>>().join(", ")),
            Kind::Words => {
                let quoted = |item: &str| toml::Value::String(item.to_owned()).to_string();
                let quoted: Vec<_> = items().map(quoted).collect();
                format!("[{}]", quoted.join(", "))
            }
        })
    }
}

/// A proxy or several as typed: by TOML's table as well, which a preset's check reads.
fn proxies(text: &str, known: &[(&str, &str)]) -> Result<String, String> {
    if text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let choice: ProxyChoice = text.parse()?;
    let names = || known.iter().map(|(name, _)| *name);
    match choice.names().find(|name| names().all(|known| known != *name)) {
        Some(name) => Err(format!("there is no proxy '{name}'{}", did_you_mean(name, names()))),
        None => Ok(choice.to_toml()),
    }
}

/// A count as typed: exact, with separators or a suffix such as `96k`; no fractions.
fn whole(text: &str) -> Result<u64, String> {
    let digits = text.replace(['_', ','], "");
    if text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return text.parse::<Size>().map(|size| size.0);
    }
    digits.parse::<u64>().map_err(|_| format!("'{text}' is no whole number"))
}

/// As TOML has large counts.
fn spelled(count: u64) -> String {
    if count < 10_000 { count.to_string() } else { grouped(count).replace(',', "_") }
}
