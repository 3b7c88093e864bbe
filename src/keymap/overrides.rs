//! What a user wishes of keys, from words to meanings. Must not know where the words were written but by their
//! [`At`]. Invariant: an [`Override`] names an action with a key in its place, and no key that is text there.

use super::{Context, Intent, Key, actions, bindings};
use crate::text::nearest;

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// In bytes, for who reports a fault.
    pub offset: usize,
    /// From 1, for people.
    pub line: usize,
}

/// A word as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub at: At,
}

/// The keys of an action, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// A place's name; none is everywhere.
    pub place: Option<Word>,
    pub action: Word,
    /// They replace the shipped ones; none leave it without.
    pub keys: Vec<Word>,
}

/// What can't be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Of the word that is to blame, as [`At`] has it.
    pub offset: usize,
    pub message: String,
}

/// A wish that was understood.
#[derive(Clone, Debug)]
pub(super) struct Override {
    pub context: Option<Context>,
    pub intent: Intent,
    pub keys: Vec<(Key, At)>,
    pub at: At,
}

impl Context {
    /// Whether what is typed there takes a key as text, or to move in it.
    pub(super) fn takes_as_text(self, key: Key) -> bool {
        self.is_typing()
            && match key {
                Key::Char(_) | Key::Backspace | Key::Delete | Key::Left | Key::Right => true,
                Key::Enter | Key::Up | Key::Down => self == Context::Toml,
                Key::Ctrl(_)
                | Key::Alt(_)
                | Key::F(_)
                | Key::PageUp
                | Key::PageDown
                | Key::Home
                | Key::End
                | Key::Esc
                | Key::Tab
                | Key::BackTab => false,
            }
    }

    /// Whether a row gives `intent` a key there.
    fn has(self, intent: Intent) -> bool {
        let mut here = bindings().filter(|row| row.contexts.contains(&self));
        here.any(|row| row.keys.iter().any(|(_, means)| *means == intent))
    }
}

/// Understands wishes.
///
/// # Errors
/// The first that can't be.
pub(super) fn overrides(wishes: &[Wish]) -> Result<Vec<Override>, Fault> {
    wishes.iter().map(understood).collect()
}

fn understood(wish: &Wish) -> Result<Override, Fault> {
    let blame = |word: &Word, message: String| Fault { offset: word.at.offset, message };
    let place = match &wish.place {
        None => None,
        Some(word) => Some(context(word)?),
    };
    let named = |intent: &Intent| intent.action() == wish.action.text;
    let Some(intent) = actions().into_iter().find(named) else {
        let names = actions().into_iter().map(Intent::action);
        let (meant, _) = nearest(&wish.action.text, names).expect("some are known");
        let message =
            format!("no action is called '{}', did you mean '{meant}'?", wish.action.text);
        return Err(blame(&wish.action, message));
    };
    if let Some(context) = place.filter(|context| !context.has(intent)) {
        let there = Context::ALL.iter().filter(|context| context.has(intent));
        let there: Vec<&str> = there.map(|context| context.name()).collect();
        let (action, name) = (intent.action(), context.name());
        let message = format!("{name} has no '{action}'; these have: {}", there.join(", "));
        return Err(blame(&wish.action, message));
    }
    let mut keys = Vec::new();
    for word in &wish.keys {
        let key = Key::parse(&word.text).map_err(|message| blame(word, message))?;
        if let Some(context) = place.filter(|context| context.takes_as_text(key)) {
            let (key, name) = (key.name(), context.name());
            let message = format!(
                "'{key}' is for the text in {name}: take a key with C- or A-, or one of f1 to f12"
            );
            return Err(blame(word, message));
        }
        keys.push((key, word.at));
    }
    Ok(Override { context: place, intent, keys, at: wish.action.at })
}

fn context(word: &Word) -> Result<Context, Fault> {
    let found = Context::ALL.into_iter().find(|context| context.name() == word.text);
    found.ok_or_else(|| {
        let names = Context::ALL.into_iter().map(Context::name);
        let (meant, _) = nearest(&word.text, names).expect("some are known");
        let message = format!("no place is called '{}', did you mean '{meant}'?", word.text);
        Fault { offset: word.at.offset, message }
    })
}
