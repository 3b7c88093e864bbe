//! The keys in force: the shipped rows with what a user has changed. Must not know files. Invariant: a [`Keymap`]
//! that could be made has no key that does two things, and no place that can't be left.

use super::{
    Binding, Context, Group, Intent, Key, Place, RunState, bindings,
    overrides::{At, Fault, Override, Wish, overrides},
};

/// A shipped row as it holds in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Those in force; none where a user took them all.
    pub keys: Vec<(Key, Intent)>,
    /// What it means, with keys or without.
    pub intents: Vec<Intent>,
    /// The keys in the footer.
    pub short: String,
    /// The keys in the help.
    pub shown: String,
    /// In the footer; empty keeps the row out of it.
    pub label: &'static str,
    pub description: &'static str,
    pub group: Group,
    pub runs: &'static [RunState],
    /// Whose its keys are.
    pub is_changed: bool,
}

impl Row {
    /// Of an intent, in their order.
    pub fn keys_of(&self, intent: Intent) -> impl Iterator<Item = Key> {
        self.keys.iter().filter(move |(_, means)| *means == intent).map(|(key, _)| *key)
    }

    pub fn means(&self, intent: Intent) -> bool {
        self.intents.contains(&intent)
    }
}

/// An action of a context, for who reads of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub action: Intent,
    pub keys: Vec<Key>,
    pub group: Group,
    /// A sentence without its end.
    pub description: String,
    /// The states of the run in which it can be done.
    pub runs: Vec<RunState>,
}

impl Told {
    /// In which states of the run, in words; nothing where it is all the same.
    pub fn when(&self) -> String {
        let there = RunState::ALL.into_iter().filter(|run| self.runs.contains(run));
        let named = |run: RunState| if run == RunState::None { "no run" } else { run.name() };
        let there: Vec<_> = there.map(named).collect();
        match there.len() {
            all if all == RunState::ALL.len() => String::new(),
            // All but none.
            4 if !self.runs.contains(&RunState::None) => "with a run".to_owned(),
            _ => there.join(", "),
        }
    }
}

/// Every key, everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// The rows of each context, in the order of [`Context::ALL`].
    places: Vec<Vec<Row>>,
}

impl Default for Keymap {
    /// As zendo ships.
    fn default() -> Keymap {
        Keymap::of(&[])
    }
}

impl Keymap {
    /// The shipped keys with what a user wishes.
    ///
    /// # Errors
    /// A name that is none, a key that is none, or is text where it would hold, or would do two things, an
    /// action that a place hasn't, a place that couldn't be left any more; the first in the order of the text,
    /// then of the places.
    pub fn with(wishes: &[Wish]) -> Result<Keymap, Fault> {
        let overrides = overrides(wishes)?;
        let keymap = Keymap::of(&overrides);
        for place in Place::all() {
            keymap.judge(place, &overrides)?;
        }
        Ok(keymap)
    }

    fn of(overrides: &[Override]) -> Keymap {
        let rows = |context: &Context| {
            let here = bindings().filter(|row| row.contexts.contains(context));
            here.map(|row| held(row, *context, overrides)).collect()
        };
        Keymap { places: Context::ALL.iter().map(rows).collect() }
    }

    /// The rows of a place that have a key.
    pub fn rows(&self, place: Place) -> impl Iterator<Item = &Row> {
        let rows = self.of_context(place.context).iter();
        rows.filter(move |row| row.runs.contains(&place.run) && !row.keys.is_empty())
    }

    /// The rows of a context, whatever the run does, with keys or without.
    pub fn of_context(&self, context: Context) -> &[Row] {
        let at = Context::ALL.iter().position(|known| *known == context);
        &self.places[at.expect("all are listed")]
    }

    /// What can be done in a place, with the first key of it.
    pub fn actions(&self, place: Place) -> impl Iterator<Item = (Intent, Option<Key>)> {
        let rows =
            self.of_context(place.context).iter().filter(move |row| row.runs.contains(&place.run));
        rows.flat_map(|row| row.intents.iter().map(|intent| (*intent, row.keys_of(*intent).next())))
    }

    /// What can be done in a context, whatever the run does, by groups.
    pub fn told(&self, context: Context) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        for group in Group::ALL {
            for row in self.of_context(context).iter().filter(|row| row.group == group) {
                for &action in &row.intents {
                    let known = told.iter_mut().find(|known| known.action == action);
                    match known {
                        Some(known) => known.runs.extend(row.runs),
                        None => told.push(Told {
                            action,
                            keys: row.keys_of(action).collect(),
                            group,
                            // What a row of several says, it says of all.
                            description: match row.intents.as_slice() {
                                [_] => sentence(row.description),
                                _ => action.about().to_owned(),
                            },
                            runs: row.runs.to_vec(),
                        }),
                    }
                }
            }
        }
        told
    }

    /// What `key` means in `place`.
    pub fn intent(&self, place: Place, key: Key) -> Option<Intent> {
        let mut keys = self.rows(place).flat_map(|row| &row.keys);
        keys.find(|(bound, _)| *bound == key).map(|(_, intent)| *intent)
    }

    /// The first key of an intent in a place.
    pub fn key(&self, place: Place, intent: Intent) -> Option<Key> {
        self.rows(place).flat_map(|row| row.keys_of(intent)).next()
    }

    /// The same for a sentence: as screens write it, or what the action is called where it has no key.
    pub fn shown(&self, place: Place, intent: Intent) -> String {
        self.key(place, intent).map_or_else(|| intent.action().to_owned(), Key::shown)
    }

    /// # Errors
    /// A key does two things in `place`, or it can't be left.
    fn judge(&self, place: Place, overrides: &[Override]) -> Result<(), Fault> {
        let keys: Vec<(Key, Intent)> =
            self.rows(place).flat_map(|row| row.keys.iter().copied()).collect();
        for (i, &(key, intent)) in keys.iter().enumerate() {
            if let Some(&(_, other)) = keys[..i].iter().find(|(k, m)| *k == key && *m != intent) {
                return Err(two_things(place.context, key, [other, intent], overrides));
            }
        }
        let leaves = [Intent::Quit, Intent::StopAndLeave];
        let means = self.intent(place, Key::Ctrl('c'));
        if !means.is_some_and(|intent| leaves.contains(&intent)) {
            let out = if self.of_context(place.context).iter().any(|row| row.means(Intent::Quit)) {
                Intent::Quit
            } else {
                Intent::StopAndLeave
            };
            let at =
                source(overrides, place.context, out).expect("the shipped ones leave by it").at;
            let (action, name) = (out.action(), place.context.name());
            let message =
                format!("C-c must leave {name}: it has to be among the keys of '{action}'");
            return Err(Fault { offset: at.offset, message });
        }
        let backs = |row: &&Row| row.means(Intent::Back) && row.runs.contains(&place.run);
        let back = self.of_context(place.context).iter().find(backs);
        if place.context.is_over_a_screen()
            && back.is_some_and(|row| row.keys_of(Intent::Back).next().is_none())
        {
            let at = source(overrides, place.context, Intent::Back)
                .expect("the shipped ones have keys")
                .at;
            let message =
                format!("{} couldn't be left: 'back' needs a key there", place.context.name());
            return Err(Fault { offset: at.offset, message });
        }
        Ok(())
    }
}

/// With a capital.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// What a user says of an action in a place: of the place itself, else of everywhere.
fn source(overrides: &[Override], context: Context, intent: Intent) -> Option<&Override> {
    let of = |wanted: Option<Context>| {
        overrides.iter().find(move |said| said.intent == intent && said.context == wanted)
    };
    of(Some(context)).or_else(|| of(None))
}

/// The keys of an action in a place, where a user has a say in it. Of those said for everywhere, what is
/// text in the place is not meant; where no other is left, the shipped ones stay.
fn wished(overrides: &[Override], context: Context, intent: Intent) -> Option<Vec<(Key, At)>> {
    let said = source(overrides, context, intent)?;
    if said.context.is_some() || said.keys.is_empty() {
        return Some(said.keys.clone());
    }
    let keys: Vec<_> =
        said.keys.iter().filter(|(key, _)| !context.takes_as_text(*key)).copied().collect();
    (!keys.is_empty()).then_some(keys)
}

/// A shipped row, with what a user changed of it.
fn held(binding: &'static Binding, context: Context, overrides: &[Override]) -> Row {
    let mut keys = Vec::new();
    let mut intents: Vec<Intent> = Vec::new();
    for &(key, intent) in binding.keys {
        let is_new = !intents.contains(&intent);
        if is_new {
            intents.push(intent);
        }
        match wished(overrides, context, intent) {
            Some(wished) if is_new => keys.extend(wished.iter().map(|(key, _)| (*key, intent))),
            Some(_) => {}
            None => keys.push((key, intent)),
        }
    }
    let of = |keys: &[(Key, Intent)], intent| -> Vec<Key> {
        keys.iter().filter(|(_, means)| *means == intent).map(|(key, _)| *key).collect()
    };
    let is_changed = intents.iter().any(|intent| of(&keys, *intent) != of(binding.keys, *intent));
    if !is_changed {
        // Said as they are: in the order of the row.
        keys = binding.keys.to_vec();
    }
    let (short, shown) = match is_changed {
        false => (binding.short.to_owned(), binding.shown.to_owned()),
        true => {
            let first =
                |intent| keys.iter().find(|(_, means)| means == intent).map(|(key, _)| *key);
            let is_named = |intent: &&Intent| is_in_footer(binding, **intent);
            let mut short: Vec<Key> = intents.iter().filter(is_named).filter_map(first).collect();
            if short.is_empty() {
                short.extend(intents.iter().filter_map(first));
            }
            let short: Vec<String> = short.into_iter().map(Key::shown).collect();
            let shown: Vec<String> = keys.iter().map(|(key, _)| key.shown()).collect();
            (short.join(" "), shown.join(" "))
        }
    };
    let Binding { label, description, group, runs, .. } = *binding;
    // What a row says of further keys it says of the shipped ones.
    let (first, _) = description.split_once("; also ").unwrap_or((description, ""));
    let description = if is_changed { first } else { description };
    Row { keys, intents, short, shown, label, description, group, runs, is_changed }
}

/// Whether the footer's short form of a row has a key of an intent: of a row of six, it may name two.
fn is_in_footer(binding: &Binding, intent: Intent) -> bool {
    let mut keys = binding.keys.iter().filter(|(_, means)| *means == intent);
    keys.any(|(key, _)| {
        let shown = key.shown();
        // Arrows stand together.
        let is_glyph = !shown.is_ascii() && binding.short.contains(&shown);
        is_glyph || binding.short.split_whitespace().any(|word| word == shown)
    })
}

/// Blames what a user wrote last of the two.
fn two_things(context: Context, key: Key, intents: [Intent; 2], overrides: &[Override]) -> Fault {
    let at = |intent| {
        let wished = wished(overrides, context, intent)?;
        wished.into_iter().find(|(wished, _)| *wished == key).map(|(_, at)| at)
    };
    let mut both = intents.map(|intent| (at(intent), intent));
    both.sort_by_key(|(at, _)| at.map(|at| at.offset));
    let [(other_at, other), (blamed, intent)] = both;
    let blamed = blamed.expect("as shipped no key does two things");
    let whence = match other_at {
        Some(at) => format!("line {} gives it to '{}'", at.line, other.action()),
        None => format!("'{}' has it as shipped", other.action()),
    };
    let (key, name, action) = (key.name(), context.name(), intent.action());
    let message = format!(
        "'{key}' can't be '{action}' in {name}: there {whence}; one of the two needs another key"
    );
    Fault { offset: blamed.offset, message }
}
