//! What a run that goes on knows from before: the answers of workers, by what was asked.
//!
//! Must not know where it was kept. Invariant: the same questions are asked again in the same order, so each
//! answer is found by whoever asked for it, and no worker is asked twice.

use std::collections::{HashMap, VecDeque};

use super::worker::{JobOutcome, JobPurpose};

/// Answers that nobody has asked for yet.
#[derive(Debug, Default)]
pub(super) struct Memory {
    answers: HashMap<(JobPurpose, u32), VecDeque<JobOutcome>>,
    count: usize,
}

impl Memory {
    /// The next answer to that question: a member may be scored anew by other settings.
    pub(super) fn learn(&mut self, purpose: JobPurpose, first_repeat: u32, outcome: JobOutcome) {
        self.answers.entry((purpose, first_repeat)).or_default().push_back(outcome);
        self.count += 1;
    }

    pub(super) fn recall(&mut self, purpose: JobPurpose, first_repeat: u32) -> Option<JobOutcome> {
        let answers = self.answers.get_mut(&(purpose, first_repeat))?;
        let answer = answers.pop_front()?;
        if answers.is_empty() {
            self.answers.remove(&(purpose, first_repeat));
        }
        self.count -= 1;
        Some(answer)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}
