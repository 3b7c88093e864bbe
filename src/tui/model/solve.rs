//! A preset being solved: the answer now, a search later. Owns: what was heard of the proof, which of
//! the best is selected. Must not know: threads. Invariant: the cursor stands on a structure as soon
//! as there is one.

use crate::{
    run::{
        Proof,
        protocol::{Frontier, FrontierPoint, Optimum, Progress, Solved},
    },
    space::{Budget, Preset},
};

/// Structures that are asked for.
pub const TOP: usize = 8;

/// What the list of a solved preset shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolveList {
    /// The best structures.
    Best,
    /// The best at each cap of the depth.
    Depths,
}

#[derive(Debug)]
pub struct Solve {
    /// Of the preset.
    pub name: String,
    pub preset: Preset,
    pub started_at_ms: u64,
    pub progress: Option<Progress>,
    pub optimum: Option<Box<Optimum>>,
    /// How long the answer took.
    pub took_ms: Option<u64>,
    /// Why there is none.
    pub impossible: Option<String>,
    /// Nothing more will come.
    pub done: bool,
    pub cursor: usize,
    /// What the list shows.
    pub list: SolveList,
    /// Of the depths, from the shallowest.
    pub depth_cursor: usize,
    /// What was done last, for the bottom line.
    pub said: Option<String>,
}

impl Solve {
    pub fn new(name: String, preset: Preset, now_ms: u64) -> Solve {
        Solve {
            name,
            preset,
            started_at_ms: now_ms,
            progress: None,
            optimum: None,
            took_ms: None,
            impossible: None,
            done: false,
            cursor: 0,
            list: SolveList::Best,
            depth_cursor: 0,
            said: None,
        }
    }

    pub fn hear(&mut self, proof: Proof, now_ms: u64) {
        match proof {
            Proof::Working(progress) => self.progress = Some(progress),
            Proof::Found(optimum) => {
                self.took_ms.get_or_insert(now_ms.saturating_sub(self.started_at_ms));
                let knew = self.depths().len();
                self.optimum = Some(optimum);
                // The cap that was asked for is the deepest.
                if knew != self.depths().len() {
                    self.depth_cursor = self.depths().len().saturating_sub(1);
                }
            }
            Proof::Impossible(why) => self.impossible = Some(why.to_string()),
            Proof::Done => self.done = true,
        }
    }

    pub fn structures(&self) -> &[Solved] {
        self.optimum.as_ref().map_or(&[], |optimum| optimum.structures.as_slice())
    }

    pub fn selected(&self) -> Option<&Solved> {
        self.structures().get(self.cursor)
    }

    /// By the first of the budgets, or else by depth.
    pub fn frontier(&self) -> Option<&Frontier> {
        let frontiers = &self.optimum.as_ref()?.frontiers;
        let is_by_cost = |frontier: &&Frontier| frontier.budget != Budget::Layers;
        frontiers.iter().find(is_by_cost).or(frontiers.first())
    }

    /// What each cap of the depth allows, rising; nothing until that is known.
    pub fn depths(&self) -> &[FrontierPoint] {
        let frontiers = self.optimum.as_ref().map_or(&[][..], |optimum| &optimum.frontiers);
        let by_depth = frontiers.iter().find(|frontier| frontier.budget == Budget::Layers);
        by_depth.map_or(&[], |frontier| &frontier.points)
    }

    /// The cap under the cursor, where depths are shown.
    pub fn selected_depth(&self) -> Option<&FrontierPoint> {
        let shown = self.list == SolveList::Depths;
        self.depths().get(self.depth_cursor).filter(|_| shown)
    }
}
