//! Networks to be taken home, and what they are called on disk. Must not know files. Invariant: there
//! is at least one.

use crate::{
    arch::NetSpec,
    export::{Format, Options},
    run::{
        protocol::{Confirmed, Member},
        table::{csv, json_lines},
    },
    tui::model::Net,
};

/// Python files written at once; each network has its own.
pub const MAX_FILES: usize = 32;

/// A text with the name that its file should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Without extension; a number is added where it is taken.
    pub stem: String,
    pub extension: &'static str,
    pub text: String,
}

#[derive(Debug)]
pub struct Export {
    pub nets: Vec<Net>,
    /// The preset that they come from, where there is one.
    name: Option<String>,
    /// What they are built for, as the screens count them.
    spec: NetSpec,
    /// What a confirmation found so far.
    confirmed: Vec<Confirmed>,
    /// What they are, in a word.
    what: &'static str,
}

impl Export {
    /// None where there is nothing to take home.
    pub fn new(nets: Vec<Net>, name: Option<String>, spec: NetSpec) -> Option<Export> {
        (!nets.is_empty()).then_some(Export {
            nets,
            name,
            spec,
            confirmed: Vec::new(),
            what: "marked",
        })
    }

    pub fn with_confirmation(self, confirmed: &[Confirmed]) -> Export {
        Export { confirmed: confirmed.to_vec(), ..self }
    }

    /// They are those that nobody beats.
    pub fn of_front(&mut self) {
        self.what = "of the front";
    }

    /// `12 marked`
    pub fn title(&self) -> String {
        match self.nets.as_slice() {
            [net] => net.label.clone(),
            nets => format!("{} {}", nets.len(), self.what),
        }
    }

    /// Whether there are candidates among them; other networks have no scores to tabulate.
    pub fn tabulates(&self) -> bool {
        self.nets.iter().any(|net| net.member.is_some())
    }

    fn rows(&self) -> Vec<(&Member, Option<&Confirmed>)> {
        let members = self.nets.iter().filter_map(|net| net.member.as_deref());
        let confirmed = |id: u64| self.confirmed.iter().find(|confirmed| confirmed.id == id);
        members.map(|member| (member, confirmed(member.id))).collect()
    }

    /// `zendo-quick-42591`, or `zendo-quick-12-candidates`.
    fn stem(&self, nets: &[Net]) -> String {
        let what = match nets {
            [net] => net.label.clone(),
            nets => format!("{} candidates", nets.len()),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { Some(c) } else { None };
        let mut stem = String::from("zendo");
        let name = self.name.as_deref().and_then(|name| name.rsplit('/').next());
        for part in name.into_iter().chain([what.as_str()]) {
            stem.push('-');
            let part = part.replace([',', '#'], "");
            stem.extend(part.chars().map(|c| plain(c).unwrap_or('-')).take(64));
        }
        stem
    }

    pub fn structures(&self) -> Document {
        let lines = self.nets.iter().map(|net| {
            let name: String = net.label.split_whitespace().collect::<Vec<_>>().join("-");
            format!("{name} {}\n", net.structure)
        });
        let text = match self.nets.as_slice() {
            // The reference reads no name before it.
            [net] => Format::Structure.write(&net.structure, &self.options(net)),
            _ => lines.collect(),
        };
        self.document("txt", text)
    }

    pub fn csv(&self) -> Document {
        self.document("csv", csv(&self.rows()))
    }

    pub fn json_lines(&self) -> Document {
        self.document("jsonl", json_lines(&self.rows()))
    }

    /// A file a network, of the first so many.
    pub fn pytorch(&self) -> Vec<Document> {
        let file = |net: &Net| Document {
            stem: self.stem(std::slice::from_ref(net)),
            extension: Format::PyTorch.extension(),
            text: Format::PyTorch.write(&net.structure, &self.options(net)),
        };
        self.nets.iter().take(MAX_FILES).map(file).collect()
    }

    fn document(&self, extension: &'static str, text: String) -> Document {
        Document { stem: self.stem(&self.nets), extension, text }
    }

    fn options<'a>(&self, net: &'a Net) -> Options<'a> {
        Options {
            name: Some(&net.label),
            resolution: self.spec.resolution,
            classes: self.spec.classes,
            squeeze_excite: self.spec.squeeze_excite,
        }
    }
}
