//! A preset being looked over. Owns: its text, what can't stand, the way back. Form and TOML edit one
//! document. Invariant: `draft.preset` is valid; what isn't stands in `draft.wrong`, or in
//! `draft.fault` where it was written into the text, with the reason.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    TextEdit,
    fields::{FIELDS, Field},
};
use crate::{
    run::Estimate,
    space::{Difference, Preset, PresetError, PresetFiles, PresetSource, key_line},
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

/// A text that is no preset.
#[derive(Clone, Debug)]
pub struct Fault {
    pub text: String,
    pub error: PresetError,
}

impl Fault {
    /// Where, from 0.
    pub fn place(&self) -> (usize, usize) {
        let (line, column) = self.error.line_column.unwrap_or((1, 1));
        (line - 1, column - 1)
    }

    /// Why nothing else can be done.
    fn refusal(&self) -> String {
        let (row, _) = self.place();
        format!("Line {} of the TOML first: {}", row + 1, self.error.message)
    }
}

/// The settings as they are now.
#[derive(Clone, Debug)]
pub struct Draft {
    source: PresetSource,
    pub preset: Preset,
    pub wrong: Vec<Wrong>,
    pub fault: Option<Fault>,
    /// Keys and sections that the form has added to the text.
    added: BTreeSet<String>,
}

/// How fast settings are here; no answer is one that is awaited.
#[derive(Clone, Debug)]
pub struct Measured {
    pub preset: Preset,
    pub found: Option<Result<Estimate, String>>,
    /// When it was asked for; after the answer, when that came.
    pub at_ms: u64,
}

/// Which part has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Presets,
    Form,
    Toml,
}

#[derive(Debug)]
pub struct Form {
    /// As opened or saved last.
    pub original: Preset,
    saved: String,
    pub draft: Draft,
    undo: Vec<Draft>,
    /// Index into [`FIELDS`].
    pub cursor: usize,
    pub edit: Option<LineEdit>,
    /// Why what is being typed could not stand.
    pub edit_error: Option<String>,
    pub panel: Panel,
    /// The text as it is being typed; there while the TOML has the keys.
    pub text_edit: Option<TextEdit>,
    /// Whether the text was changed since the TOML got the keys.
    typing: bool,
    /// Whether its text has ever been a preset.
    has_stood: bool,
    /// Whether it is shown what differs from the base.
    pub compares: bool,
    /// The text that was started last.
    started: Option<String>,
    /// Why something was refused.
    pub refusal: Option<String>,
    /// What went well, until the next key.
    pub said: Option<String>,
}

impl Form {
    /// A preset of the user's as it is, a shipped one as the base of a new text.
    ///
    /// # Errors
    /// What the preset's own check finds.
    pub fn new(source: PresetSource) -> Result<Form, PresetError> {
        let preset = source.preset()?;
        let mut own = match source.path() {
            Some(_) => source,
            None => source.extended(source.name(), source.name()),
        };
        let saved = own.text().to_owned();
        let added = own.overridden().map(str::to_owned).collect();
        own.settle()?;
        let draft = Draft { source: own, preset, wrong: Vec::new(), fault: None, added };
        Ok(Form::with(draft, saved))
    }

    /// A file that is no preset yet: its text, to be mended.
    pub fn broken(name: &str, path: &Path, text: &str, files: &PresetFiles<'_>) -> Form {
        let source = PresetSource::blank(name, path);
        // What can be said of it is what it extends.
        let extends = toml_line(text, "extends");
        let based = extends.and_then(|line| source.with_text(line, files).ok());
        let preset = based.map_or_else(Preset::default, |(_, preset)| preset);
        let draft =
            Draft { source, preset, wrong: Vec::new(), fault: None, added: BTreeSet::new() };
        let mut form = Form::with(draft, text.to_owned());
        form.has_stood = false;
        form.text_edit = Some(TextEdit::new(text, (0, 0)));
        form.typed(files);
        form.undo.clear();
        form
    }

    fn with(draft: Draft, saved: String) -> Form {
        let iterations = FIELDS.iter().position(|field| field.key == "search.iterations");
        Form {
            original: draft.preset.clone(),
            saved,
            draft,
            undo: Vec::new(),
            cursor: iterations.unwrap_or(0),
            edit: None,
            edit_error: None,
            panel: Panel::Form,
            text_edit: None,
            typing: false,
            has_stood: true,
            compares: false,
            started: None,
            refusal: None,
            said: None,
        }
    }

    pub fn name(&self) -> &str {
        self.draft.source.name()
    }

    /// The file it was read from or saved to.
    pub fn path(&self) -> Option<&Path> {
        self.draft.source.path()
    }

    /// What it extends.
    pub fn base_name(&self) -> Option<String> {
        self.draft.source.base_reference()
    }

    /// The document: what stands, and what was tried and can't.
    pub fn text(&self) -> String {
        if let Some(fault) = &self.draft.fault {
            return fault.text.clone();
        }
        let mut source = self.draft.source.clone();
        for wrong in &self.draft.wrong {
            if !wrong.text.is_empty() {
                let field = Field::of(wrong.key);
                let value = field.and_then(|f| f.toml(&wrong.text).ok());
                let set = source.set_in_text(wrong.key, &value.unwrap_or(wrong.text.clone()));
                set.expect("fields are keys of a text that was parsed");
            }
        }
        source.text().to_owned()
    }

    /// The line of the document, from 0, that says `field`.
    pub fn line_of(&self, field: &Field) -> Option<usize> {
        key_line(&self.text(), field.key).map(|line| line - 1)
    }

    /// The text as its file had it last.
    pub fn saved(&self) -> &str {
        &self.saved
    }

    pub fn is_unsaved(&self) -> bool {
        self.text() != self.saved
    }

    /// Whether something would be lost that was neither saved nor searched with.
    pub fn is_worth_asking(&self) -> bool {
        self.is_unsaved() && self.started.as_deref() != Some(self.text().as_str())
    }

    pub fn errors(&self) -> usize {
        self.draft.wrong.len() + usize::from(self.draft.fault.is_some())
    }

    pub fn differences(&self) -> Vec<Difference> {
        self.draft.preset.differences(&self.draft.source.base())
    }

    /// The text now lies in a file.
    pub fn was_saved(&mut self, name: &str, path: PathBuf, text: String) {
        self.draft.source = self.draft.source.renamed(name, Some(path.clone()));
        self.original = self.draft.preset.clone();
        self.saved = text;
        self.refusal = None;
        self.said = Some(format!("saved as {}", path.display()));
    }

    pub fn was_started(&mut self) {
        self.started = Some(self.text());
    }

    /// Its text as it has to be in the folder of the user's presets.
    pub fn text_for_elsewhere(&self, is_named: &dyn Fn(&str) -> bool) -> String {
        self.draft.source.text_for_elsewhere(&self.text(), is_named)
    }

    /// Gives the keys to a panel.
    pub fn focus(&mut self, panel: Panel) {
        self.panel = panel;
        self.typing = false;
        self.text_edit = (panel == Panel::Toml).then(|| {
            let at = match &self.draft.fault {
                Some(fault) => fault.place(),
                None => (self.line_of(self.field()).unwrap_or(0), 0),
            };
            TextEdit::new(&self.text(), at)
        });
    }

    /// Takes the text as it was typed, as far as it is a preset.
    pub fn typed(&mut self, files: &PresetFiles<'_>) {
        let Some(edit) = &self.text_edit else { return };
        let text = edit.text();
        let is_as_before = text == self.text();
        if is_as_before && self.draft.fault.is_none() {
            return;
        }
        if !is_as_before && !std::mem::replace(&mut self.typing, true) {
            self.remember(self.draft.clone());
        }
        self.refusal = None;
        self.draft.wrong.clear();
        match self.draft.source.with_text(&text, files) {
            Ok((source, preset)) => {
                self.draft.source = source;
                self.draft.preset = preset;
                self.draft.fault = None;
                if !std::mem::replace(&mut self.has_stood, true) {
                    // There is nothing earlier to compare with.
                    self.original = self.draft.preset.clone();
                }
            }
            Err(error) => self.draft.fault = Some(Fault { text, error }),
        }
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
        if !self.stands() {
            return None;
        }
        let reason = self.draft.preset.not_startable();
        self.refusal = reason.map(|reason| format!("Can't start: {reason}"));
        self.refusal.is_none().then(|| self.draft.preset.clone())
    }

    /// Whether nothing is wrong; else the cursor goes there.
    pub fn stands(&mut self) -> bool {
        self.refusal = None;
        if let Some(fault) = &self.draft.fault {
            self.refusal = Some(fault.refusal());
            self.focus(Panel::Toml);
            return false;
        }
        if let Some(wrong) = self.draft.wrong.first() {
            self.refusal = Some(format!("{} first: {}", wrong.key, wrong.message));
            self.cursor = FIELDS.iter().position(|f| f.key == wrong.key).unwrap_or(self.cursor);
            self.focus(Panel::Form);
            return false;
        }
        true
    }

    /// Begins to edit the field's value.
    pub fn begin(&mut self) {
        let field = self.field();
        let text = match (self.wrong(field), (field.read)(&self.draft.preset)) {
            (Some(wrong), _) => wrong.text.clone(),
            (None, value) => value.map(|value| value.typed()).unwrap_or_default(),
        };
        self.edit = Some(LineEdit::new(&text));
        self.judge_edit();
    }

    /// Judges what is being typed, without taking it.
    pub fn judge_edit(&mut self) {
        let Some(edit) = &self.edit else { return };
        let text = edit.text();
        self.edit_error = self.draft.with(self.field(), text.trim()).err();
    }

    pub fn drop_edit(&mut self) {
        self.edit = None;
        self.edit_error = None;
    }

    /// Takes what was typed.
    pub fn commit(&mut self) {
        self.edit_error = None;
        if let Some(edit) = self.edit.take() {
            self.set(self.field(), edit.text().trim());
        }
    }

    /// Steps through the field's choices.
    pub fn cycle(&mut self, choices: &[(&str, &str)], step: isize) {
        let field = self.field();
        let shown = (field.read)(&self.draft.preset).map(|value| value.shown());
        let place = |shown: &str| choices.iter().position(|(_, word)| *word == shown);
        let next = match shown.as_deref().map(place) {
            // The first one is nothing said.
            None => step,
            Some(Some(now)) => now as isize + step,
            // What was typed stands before the first one and behind the last.
            Some(None) => step.min(0),
        };
        self.set(field, choices[next.rem_euclid(choices.len() as isize) as usize].0);
    }

    /// Gives a field another value, as if it were typed there.
    pub fn change(&mut self, key: &str, text: &str) {
        if let Some(field) = Field::of(key) {
            self.set(field, text);
        }
    }

    pub fn undo(&mut self) {
        if let Some(draft) = self.undo.pop() {
            // The name and the file are no part of what is undone.
            let (name, path) = (self.name().to_owned(), self.path().map(Path::to_path_buf));
            self.draft = Draft { source: draft.source.renamed(&name, path), ..draft };
            self.refusal = None;
        }
    }

    fn remember(&mut self, draft: Draft) {
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(draft);
    }

    fn set(&mut self, field: &'static Field, text: &str) {
        if let Some(fault) = &self.draft.fault {
            self.refusal = Some(fault.refusal());
            return;
        }
        let before = self.draft.clone();
        self.refusal = None;
        let standing = std::mem::take(&mut self.draft.wrong);
        // An earlier fault may be mended by this change: a budget below the initial structure is
        // none once that budget is lifted elsewhere.
        let mut texts = vec![(field, text.to_owned())];
        for wrong in standing.into_iter().filter(|wrong| wrong.key != field.key) {
            let field = Field::of(wrong.key).expect("made from a field");
            texts.push((field, wrong.text));
        }
        for (field, text) in texts {
            match self.draft.with(field, &text) {
                Ok(draft) => self.draft = Draft { wrong: self.draft.wrong.clone(), ..draft },
                Err(message) => self.draft.wrong.push(Wrong { key: field.key, text, message }),
            }
        }
        self.remember(before);
    }
}

/// The line of `text` that says `key` before any section begins.
fn toml_line<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let top = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    let says = |line: &&str| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    top.into_iter().find(says)
}

impl Draft {
    fn with(&self, field: &Field, text: &str) -> Result<Draft, String> {
        let mut draft = self.clone();
        let source = &mut draft.source;
        let (section, _) = field.key.split_once('.').expect("fields are section.key");
        if text.is_empty() {
            source.unset_in_text(field.key);
        } else {
            for new in [section, field.key] {
                if !source.says(new) {
                    draft.added.insert(new.to_owned());
                }
            }
            source.set_in_text(field.key, &field.toml(text)?).map_err(|error| error.message)?;
        }
        draft.preset = source.preset().map_err(|error| error.message)?;
        // What is extended can't be unsaid, only overruled.
        if let (true, false, Some(value)) =
            (text.is_empty(), field.empty.is_empty(), (field.read)(&draft.preset))
        {
            return Err(format!(
                "the preset itself sets {}: a limit can be raised, not lifted",
                value.shown()
            ));
        }
        let is_as_before = (field.read)(&draft.preset) == (field.read)(&source.base());
        if is_as_before && draft.added.remove(field.key) {
            source.unset_in_text(field.key);
        }
        if !source.says(field.key) && draft.added.contains(section) {
            source.drop_empty_section(section);
            if !source.says(section) {
                draft.added.remove(section);
            }
        }
        draft.preset = source.preset().map_err(|error| error.message)?;
        Ok(draft)
    }
}
