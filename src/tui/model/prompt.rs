//! Asking for a network: by its name, by a candidate's number, or by a structure that is typed or
//! pasted. Must not know files. Invariant: however much is pasted, no more is kept than the longest
//! structure may have.

use std::sync::LazyLock;

use super::{Model, Net};
use crate::{
    arch::{Structure, limits},
    space::published_nets,
    text::{nearest, printable},
    tui::{
        edit::LineEdit,
        format,
        keymap::{Key, Tab},
    },
};

/// Longest name that a text may give its structure.
const MAX_NAME: usize = 40;

/// What is done with the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetTarget {
    /// It is shown.
    Network,
    /// It is put aside as one of the two that are compared.
    A,
    B,
}

#[derive(Clone, Debug)]
pub struct NetPrompt {
    pub target: NetTarget,
    pub edit: LineEdit,
    /// Among the offers.
    pub cursor: usize,
    /// Why what was typed can't be taken.
    pub error: Option<String>,
}

/// A network to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub net: Net,
    /// What it is: `the best`, `published`.
    pub what: &'static str,
}

/// The published nets with their names in the files.
static PUBLISHED: LazyLock<Vec<(&'static str, Net)>> =
    LazyLock::new(|| published_nets().map(|net| (net.name, Net::published(&net))).collect());

impl NetPrompt {
    pub fn new(target: NetTarget) -> NetPrompt {
        // One character more than any structure has: what is too long is told from what was cut.
        let edit = LineEdit::up_to(limits::BYTES + 1);
        NetPrompt { target, edit, cursor: 0, error: None }
    }

    pub fn key(&mut self, key: Key) {
        self.edit.key(key);
        self.changed();
    }

    /// Lines become one: structures may be broken anywhere, comments are left out.
    pub fn paste(&mut self, text: &str) {
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        let is_list = lines().nth(1).is_some();
        let mut left = limits::BYTES + 1;
        for (i, line) in lines().filter(|line| !is_list || !line.starts_with('#')).enumerate() {
            if left == 0 {
                break;
            }
            let joint = if i > 0 { " " } else { "" };
            let line = format!("{joint}{}", line.replace('\t', " "));
            self.edit.insert(&line);
            left = left.saturating_sub(line.len());
        }
        self.changed();
    }

    fn changed(&mut self) {
        self.cursor = 0;
        self.error = None;
    }

    fn is_structure(&self) -> bool {
        self.edit.before().contains('(') || self.edit.after().contains('(')
    }
}

/// For comparing names: ids may be typed with and without commas.
fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace(',', "")
}

impl Model {
    /// What `prompt` has to choose from: what fits the text typed, candidates first.
    pub fn offers(&self, prompt: &NetPrompt) -> Vec<Offer> {
        if prompt.is_structure() {
            return Vec::new();
        }
        let typed = plain(&prompt.edit.text());
        let offer = |what| move |net| Offer { net, what };
        let mut near = Vec::new();
        if let Some(search) = &self.search {
            near.extend(search.best().map(Net::candidate).map(offer("the best")));
            near.extend(search.selected().map(Net::candidate).map(offer("selected")));
        }
        if let (Some(search), Some(b)) = (&self.search, self.side_b()) {
            let chain = b.member.as_ref().map_or_else(Vec::new, |b| search.ancestry(b));
            let back = |steps: usize| Some(&chain[chain.len().checked_sub(1 + steps)?]);
            let initial = chain.first().filter(|first| first.parent.is_none());
            let relatives =
                [(back(1), "B's parent"), (back(2), "B's grandparent"), (initial, "initial")];
            let known = relatives.into_iter().filter_map(|(net, what)| Some((net?, what)));
            near.extend(known.map(|(member, what)| Offer { net: Net::candidate(member), what }));
        }
        if let Some(preset) = self.preset() {
            let initial = Net::other(Some("initial"), preset.initial());
            near.push(Offer { net: initial, what: "what the search starts from" });
        }
        near.extend(self.pins.a.clone().map(offer("pinned as A")));
        near.extend(self.pins.b.clone().map(offer("pinned as B")));
        near.retain(|offer| {
            plain(&offer.net.label).contains(&typed) || plain(offer.what).contains(&typed)
        });
        if let Some(member) = self.candidate_named(&typed) {
            near.insert(0, Offer { net: member, what: "a candidate" });
        }
        let published = PUBLISHED.iter().filter(|(name, net)| {
            plain(name).contains(&typed) || plain(&net.label).contains(&typed)
        });
        near.extend(published.map(|(_, net)| net.clone()).map(offer("published")));
        // What is the best is not also the selected one, nor is a pin shown twice.
        let mut offers: Vec<Offer> = Vec::new();
        for offer in near {
            let is_known = |known: &Offer| {
                known.net.label == offer.net.label && known.net.structure == offer.net.structure
            };
            if !offers.iter().any(is_known) {
                offers.push(offer);
            }
        }
        offers
    }

    /// `#42591` or `42591`, where it is known.
    fn candidate_named(&self, typed: &str) -> Option<Net> {
        let id: u64 = typed.strip_prefix('#').unwrap_or(typed).parse().ok()?;
        self.search.as_ref()?.find(id).map(Net::candidate)
    }

    /// The network that `prompt` stands on.
    ///
    /// # Errors
    /// Why there is none: what is wrong with the structure and where, or the nearest name.
    pub fn asked_for(&self, prompt: &NetPrompt) -> Result<Net, String> {
        let typed = prompt.edit.text();
        if prompt.is_structure() {
            return parse(&typed);
        }
        let mut offers = self.offers(prompt);
        if prompt.cursor < offers.len() {
            return Ok(offers.swap_remove(prompt.cursor).net);
        }
        let typed = printable(typed.trim());
        let shown: String = typed.chars().take(MAX_NAME).collect();
        if let Ok(id) = plain(&typed).trim_start_matches('#').parse::<u64>() {
            let id = format::id(id);
            return Err(format!(
                "{id} is in the population no more, and no ancestor that is known"
            ));
        }
        if shown.contains('/') {
            let remedy = "and files are not read here: paste the structure";
            return Err(format!("'{shown}' is no net that is known, {remedy}"));
        }
        let labels = PUBLISHED.iter().map(|(_, net)| net.label.as_str());
        let names = labels.chain(PUBLISHED.iter().map(|(name, _)| *name));
        let (near, _) = nearest(&typed, names).expect("there are published nets");
        Err(format!("'{shown}' is no net that is known; the nearest name is '{near}'"))
    }

    /// Hands `net` to where it was asked for.
    pub fn take(&mut self, target: NetTarget, net: Net) {
        match target {
            NetTarget::Network => {
                self.network.open(net);
                self.tab = Tab::Network;
            }
            NetTarget::A => {
                self.pins.a = Some(net);
                self.tab = Tab::Diff;
            }
            NetTarget::B => {
                self.pins.b = Some(net);
                self.tab = Tab::Diff;
            }
        }
    }
}

/// `structure`, or `name structure`.
fn parse(typed: &str) -> Result<Net, String> {
    let content = typed.trim();
    let (name, structure) = match content.split_once(char::is_whitespace) {
        Some((name, rest)) if !name.contains('(') => (Some(name), rest),
        _ => (None, content),
    };
    // Columns count in the line as it was typed.
    let skipped = structure.as_ptr() as usize - typed.as_ptr() as usize;
    let structure: Structure = structure.parse().map_err(|error: crate::arch::ParseError| {
        let column = typed[..skipped].chars().count() + error.column;
        // The hint is about the command line.
        let message = error.message.trim_end_matches("; --fix sets it right");
        format!("column {}: {message}", format::count(column as u64))
    })?;
    let name = name.map(|name| printable(name).chars().take(MAX_NAME).collect::<String>());
    Ok(Net::other(name.as_deref(), structure))
}
