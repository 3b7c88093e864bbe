//! A preset being solved: the answer now, a search later. Owns: what was heard of the proof, which of
//! the best is selected. Must not know: threads. Invariant: the cursor stands on a structure as soon
//! as there is one.

use crate::{
    run::{
        Proof,
        protocol::{Frontier, Optimum, Progress, Solved},
    },
    space::Preset,
};

/// Structures that are asked for.
pub const TOP: usize = 8;

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
            said: None,
        }
    }

    pub fn hear(&mut self, proof: Proof, now_ms: u64) {
        match proof {
            Proof::Working(progress) => self.progress = Some(progress),
            Proof::Found(optimum) => {
                self.took_ms.get_or_insert(now_ms.saturating_sub(self.started_at_ms));
                self.optimum = Some(optimum);
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
        self.optimum.as_ref()?.frontiers.first()
    }
}
