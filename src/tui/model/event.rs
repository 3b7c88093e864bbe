//! What happened in a search, as screens tell it. Must not know where it stands. Invariant: an event is told in
//! words alone; hue and glyph only repeat them.

use crate::tui::format;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    NewBest,
    Fault,
    Paused,
    /// Settings were changed.
    Tuned,
    Note,
    Done,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at_ms: u64,
    pub kind: EventKind,
    pub lead: String,
    pub detail: String,
    /// Said even where the detail has to be cut.
    pub tail: String,
    /// The candidate that it is about.
    pub id: Option<u64>,
    /// What it gained on its parent.
    pub gain: Option<f64>,
}

impl Event {
    pub fn new(at_ms: u64, kind: EventKind, lead: String, detail: String) -> Event {
        Event { at_ms, kind, lead, detail, tail: String::new(), id: None, gain: None }
    }

    /// The lead where neither id nor kind stands beside it.
    pub fn headline(&self) -> String {
        match (self.kind, self.id) {
            (EventKind::NewBest, Some(id)) => format!("new best {} {}", self.lead, format::id(id)),
            _ => self.lead.clone(),
        }
    }
}
