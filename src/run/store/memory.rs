//! What a run that goes on knows from before: the answers of workers, by what was asked.
//!
//! Must not know where it was kept. Invariant: the same questions are asked again in the same order, so each
//! answer is found by whoever asked for it, and no worker is asked twice. An answer that isn't there is given
//! again by a worker, and is the same.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::worker::{JobOutcome, JobPurpose};

/// What a worker was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::run) struct Question {
    /// How often the population had been given other scores: before and after, the same draw of the same
    /// candidate is another one.
    #[serde(default, skip_serializing_if = "is_first")]
    pub renewal: u32,
    pub purpose: JobPurpose,
    pub first_repeat: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_first(renewal: &u32) -> bool {
    *renewal == 0
}

/// Answers that nobody has asked for yet.
#[derive(Clone, Debug, Default)]
pub(in crate::run) struct Memory(HashMap<Question, JobOutcome>);

impl Memory {
    pub(in crate::run) fn learn(&mut self, question: Question, outcome: JobOutcome) {
        self.0.insert(question, outcome);
    }

    pub(in crate::run) fn recall(&mut self, question: Question) -> Option<JobOutcome> {
        match question.purpose {
            // The same best may be sounded again.
            JobPurpose::Sounding { .. } => self.0.get(&question).cloned(),
            JobPurpose::Candidate { .. } | JobPurpose::Confirmation { .. } => {
                self.0.remove(&question)
            }
        }
    }

    pub(in crate::run) fn len(&self) -> usize {
        self.0.len()
    }
}

/// As a list: a question is no key of a JSON object.
impl Serialize for Memory {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Memory, D::Error> {
        let answers: Vec<(Question, JobOutcome)> = Vec::deserialize(from)?;
        Ok(Memory(answers.into_iter().collect()))
    }
}
