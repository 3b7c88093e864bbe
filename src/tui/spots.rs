//! What lies where on a screen, for a mouse: told by who draws it, as it is drawn. Must not know what a click
//! does. Invariant: there is no second account of where things are.

use ratatui::layout::{Position, Rect};

use super::{keymap::Tab, model::Topic};

/// Something that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Tab(Tab),
    /// One of the lab.
    Experiment(Topic),
    /// A row by its place in the list, whether in sight or not.
    Row(List, usize),
    /// A list without its rows.
    List(List),
}

/// What has rows, or scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Presets, beside their form too.
    Presets,
    Fields,
    /// A preset's text, by its lines.
    Text,
    /// The population of the Search screen, by rank.
    Ranks,
    /// Of its own screen, as sorted and filtered.
    Population,
    /// A network's blocks.
    Blocks,
    /// Two networks' lines.
    Compared,
    /// A lineage.
    Steps,
    /// An experiment's rows.
    Lab(Topic),
    Log,
    Actions,
    Themes,
    /// That were kept.
    Runs,
    Nets,
    Optimum,
    /// Of the Tune panel.
    Settings,
    /// The page of keys.
    Keys,
}

impl Target {
    pub fn list(self) -> Option<List> {
        match self {
            Target::Tab(_) | Target::Experiment(_) => None,
            Target::Row(list, _) | Target::List(list) => Some(list),
        }
    }
}

/// What a picture consists of; what came later lies above.
#[derive(Clone, Debug, Default)]
pub struct Spots(Vec<(Rect, Target)>);

impl Spots {
    pub fn add(&mut self, rect: Rect, target: Target) {
        self.0.push((rect, target));
    }

    /// Something lies over all there was.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What lies at a cell, the topmost first.
    pub fn at(&self, x: u16, y: u16) -> impl Iterator<Item = Target> {
        let here = self.0.iter().rev().filter(move |(rect, _)| rect.contains(Position { x, y }));
        here.map(|(_, target)| *target)
    }
}

#[cfg(test)]
mod told {
    use super::*;

    impl Spots {
        pub fn all(&self) -> &[(Rect, Target)] {
            &self.0
        }
    }
}
