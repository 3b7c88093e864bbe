//! A network to look at: a candidate, a published one, or one that somebody pasted.

use std::sync::Arc;

use crate::{
    arch::Structure,
    run::protocol::Member,
    space::{PublishedNet, published_name},
    tui::format,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// How it is called: `#42,591`, `ZenNet-1M`, `pasted`.
    pub label: String,
    pub structure: Structure,
    /// The candidate that it is, where it is one.
    pub member: Option<Arc<Member>>,
    /// What it was published for, where it is a published one.
    pub published_for: Option<Task>,
}

/// What a network is fed, and what it tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Input side, pixels.
    pub resolution: u32,
    pub classes: u32,
    /// Whether it was trained with squeeze-and-excitation.
    pub se: bool,
}

impl Net {
    pub fn candidate(member: &Arc<Member>) -> Net {
        Net {
            label: format::id(member.id),
            structure: member.structure.clone(),
            member: Some(Arc::clone(member)),
            published_for: None,
        }
    }

    pub fn published(net: &PublishedNet) -> Net {
        let &PublishedNet { name, ref structure, resolution, classes, se, .. } = net;
        let published_for = Some(Task { resolution, classes, se });
        Net {
            label: published_name(name),
            structure: structure.clone(),
            member: None,
            published_for,
        }
    }

    /// Typed or pasted; `name` where the text gave one.
    pub fn other(name: Option<&str>, structure: Structure) -> Net {
        let label = name.unwrap_or("pasted").to_owned();
        Net { label, structure, member: None, published_for: None }
    }
}

/// Two networks put aside for a comparison.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    pub a: Option<Net>,
    pub b: Option<Net>,
}

impl Pins {
    /// Another run begins: its candidates have the same numbers and are others.
    pub fn leave_run(&mut self) {
        for pin in [&mut self.a, &mut self.b] {
            if let Some(net) = pin.take_if(|net| net.member.is_some()) {
                let label = format!("{} of an earlier run", net.label);
                *pin = Some(Net::other(Some(&label), net.structure));
            }
        }
    }
}
