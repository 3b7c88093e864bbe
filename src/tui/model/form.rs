//! A preset being looked over. Owns: what was changed, what can't stand, the way back. Every change
//! goes through [`PresetSource`], which checks it. Invariant: `draft.preset` is valid; what isn't
//! stands in `draft.wrong` with the reason.

use super::fields::{FIELDS, Field, Kind};
use crate::{
    space::{Preset, PresetError, PresetSource, Size},
    tui::edit::LineEdit,
};

/// Steps back that are kept.
const MAX_UNDO: usize = 64;

/// A field's text that can't stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub key: &'static str,
    pub text: String,
    pub message: String,
}

/// The settings as they are now.
#[derive(Clone, Debug)]
pub struct Draft {
    source: PresetSource,
    pub preset: Preset,
    pub wrong: Vec<Wrong>,
}

#[derive(Debug)]
pub struct Form {
    pub name: String,
    /// As opened.
    pub original: Preset,
    pub draft: Draft,
    undo: Vec<Draft>,
    /// Index into [`FIELDS`].
    pub cursor: usize,
    pub edit: Option<LineEdit>,
    /// Why the last start was refused.
    pub refusal: Option<String>,
}

impl Form {
    /// # Errors
    /// What the preset's own check finds.
    pub fn new(source: PresetSource) -> Result<Form, PresetError> {
        let preset = source.preset()?;
        let iterations = FIELDS.iter().position(|field| field.key == "search.iterations");
        Ok(Form {
            name: source.name().to_owned(),
            original: preset.clone(),
            draft: Draft { source, preset, wrong: Vec::new() },
            undo: Vec::new(),
            cursor: iterations.unwrap_or(0),
            edit: None,
            refusal: None,
        })
    }

    pub fn field(&self) -> &'static Field {
        &FIELDS[self.cursor]
    }

    pub fn wrong(&self, field: &Field) -> Option<&Wrong> {
        self.draft.wrong.iter().find(|wrong| wrong.key == field.key)
    }

    pub fn is_changed(&self, field: &Field) -> bool {
        (field.read)(&self.draft.preset) != (field.read)(&self.original)
    }

    pub fn changed(&self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(|field| self.is_changed(field))
    }

    /// The settings to start with, or why they can't be; then the cursor goes where it is wrong.
    pub fn startable(&mut self) -> Option<Preset> {
        self.refusal = None;
        if let Some(wrong) = self.draft.wrong.first() {
            self.cursor = FIELDS.iter().position(|f| f.key == wrong.key).unwrap_or(self.cursor);
            return None;
        }
        self.refusal = self.draft.preset.not_startable();
        self.refusal.is_none().then(|| self.draft.preset.clone())
    }

    /// Begins to edit the field's value.
    pub fn begin(&mut self) {
        let field = self.field();
        let text = match (self.wrong(field), (field.read)(&self.draft.preset)) {
            (Some(wrong), _) => wrong.text.clone(),
            (None, value) => value.map(|value| value.typed()).unwrap_or_default(),
        };
        self.edit = Some(LineEdit::new(&text));
    }

    /// Takes what was typed.
    pub fn commit(&mut self) {
        if let Some(edit) = self.edit.take() {
            self.set(self.field(), edit.text().trim());
        }
    }

    /// Steps through the field's choices.
    pub fn cycle(&mut self, choices: &[(&str, &str)], step: isize) {
        let field = self.field();
        let shown = (field.read)(&self.draft.preset).map(|value| value.shown());
        let now = choices.iter().position(|(_, word)| Some(*word) == shown.as_deref());
        let next = now.unwrap_or(0) as isize + step;
        self.set(field, choices[next.rem_euclid(choices.len() as isize) as usize].0);
    }

    pub fn undo(&mut self) {
        if let Some(draft) = self.undo.pop() {
            self.draft = draft;
            self.refusal = None;
        }
    }

    fn set(&mut self, field: &'static Field, text: &str) {
        let before = self.draft.clone();
        self.refusal = None;
        let standing = std::mem::take(&mut self.draft.wrong);
        // An earlier fault may be mended by this change: a budget below the initial structure is
        // none once that budget is lifted elsewhere.
        let mut texts = vec![(field, text.to_owned())];
        for wrong in standing.into_iter().filter(|wrong| wrong.key != field.key) {
            let field = FIELDS.iter().find(|f| f.key == wrong.key).expect("made from a field");
            texts.push((field, wrong.text));
        }
        for (field, text) in texts {
            match self.draft.with(field, &text) {
                Ok((source, preset)) => {
                    self.draft.source = source;
                    self.draft.preset = preset;
                }
                Err(message) => self.draft.wrong.push(Wrong { key: field.key, text, message }),
            }
        }
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(before);
    }
}

/// A count as typed: exact, with separators or a suffix such as `96k`; no fractions.
fn whole(text: &str) -> Result<String, String> {
    let digits = text.replace(['_', ','], "");
    if text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return text.parse::<Size>().map(|size| size.to_string());
    }
    let refuse = |_| format!("'{text}' is no whole number");
    digits.parse::<u64>().map(|count| count.to_string()).map_err(refuse)
}

impl Draft {
    fn with(&self, field: &Field, text: &str) -> Result<(PresetSource, Preset), String> {
        let mut source = self.source.clone();
        source.unset(field.key);
        if !text.is_empty() {
            let value = match field.kind {
                Kind::Size => text.parse::<Size>()?.to_string(),
                Kind::Whole => whole(text)?,
                Kind::Word if field.key == "search.seed" => whole(text)?,
                Kind::Word | Kind::Choice(_) => text.to_owned(),
            };
            source.set(field.key, &value).map_err(|error| error.message)?;
        }
        let preset = source.preset().map_err(|error| error.message)?;
        // Files can't be unsaid, only overruled.
        match (field.read)(&preset) {
            Some(value) if text.is_empty() && !field.empty.is_empty() => Err(format!(
                "the preset itself sets {}: a limit can be raised, not lifted",
                value.shown()
            )),
            _ => Ok((source, preset)),
        }
    }
}
