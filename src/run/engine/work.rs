//! What goes to the workers, and what comes back from them. Decides nothing about the search.

use super::Engine;
use crate::run::{
    protocol::{Phase, Reason, WorkerState},
    store::{Question, Record, Told},
    worker::{Job, JobOutcome, JobPurpose, Report},
};

impl Engine<'_> {
    pub(super) fn give(&mut self, index: usize, job: Job) {
        let id = match job.purpose {
            JobPurpose::Candidate { id } | JobPurpose::Sounding { id } => id,
            JobPurpose::Confirmation { finalist, .. } => {
                self.confirmation.as_ref().map_or(0, |c| c.id_of(finalist))
            }
        };
        let purpose = job.purpose;
        let question = self.question(purpose, job.first_repeat);
        // What was told before the run was interrupted is told again.
        if let Some(outcome) = self.memory.recall(question) {
            self.changed = true;
            return self.settle(purpose, outcome);
        }
        if self.is_retelling() {
            return;
        }
        if self.slots[index].worker.give(job, self.tunings.factory()) {
            self.slots[index].state = WorkerState::Scoring { id };
            return;
        }
        self.slots[index].state = WorkerState::Lost;
        let what_now = "others take its work";
        self.fault(Some(index), Some(id), format!("worker {} is gone; {what_now}", index + 1));
        let outcome = JobOutcome::Failed("its worker was lost".to_owned());
        self.remember(question, &outcome);
        self.settle(purpose, outcome);
        if self.at_work().iter().all(|slot| slot.state == WorkerState::Lost) {
            self.fault(None, None, "all workers are gone; the search ends here".to_owned());
            self.reason = Some(Reason::Failed);
            self.phase = Phase::Finished;
        }
    }

    pub(super) fn take(&mut self, report: Report) {
        self.changed = true;
        self.meter.build += report.building;
        self.meter.score += report.took.saturating_sub(report.building);
        self.slots[report.worker].state = WorkerState::Waiting;
        self.dismiss();
        let id = match report.purpose {
            JobPurpose::Candidate { id } | JobPurpose::Sounding { id } => Some(id),
            JobPurpose::Confirmation { finalist, .. } => {
                self.confirmation.as_ref().map(|c| c.id_of(finalist))
            }
        };
        if let (Some(id), Some(remark)) = (id, &report.remark) {
            self.log(&format!("#{id}: {remark}"));
        }
        if let JobOutcome::Panicked(text) = &report.outcome {
            let is_candidate = matches!(report.purpose, JobPurpose::Candidate { .. });
            self.told_failures.extend(id.filter(|_| is_candidate));
            let text = format!(
                "worker {} panicked: {text}; this one score is lost, the worker goes on",
                report.worker + 1
            );
            self.fault(Some(report.worker), id, text);
        }
        // JSON has no words for a score that isn't finite, and nobody else has a use for it.
        let outcome = match report.outcome {
            JobOutcome::Scored(score) if !score.is_finite() => {
                JobOutcome::Failed(format!("the score is {}", score.value))
            }
            outcome => outcome,
        };
        self.remember(self.question(report.purpose, report.first_repeat), &outcome);
        self.settle(report.purpose, outcome);
    }

    /// The same numbers whether it is asked or answered: nothing is on its way when members get other scores.
    fn question(&self, purpose: JobPurpose, first_repeat: u32) -> Question {
        Question { renewal: self.evolution.renewals(), purpose, first_repeat }
    }

    /// Keeps an answer, for when the run has to go on without those who gave it.
    fn remember(&mut self, question: Question, outcome: &JobOutcome) {
        let (at_ms, outcome) = (self.at_ms(), outcome.clone());
        self.journal(&Record::Told(Told { at_ms, question, outcome }));
    }

    /// Hands a result to whoever asked for it.
    pub(super) fn settle(&mut self, purpose: JobPurpose, outcome: JobOutcome) {
        let outcome = match outcome {
            JobOutcome::Scored(score) => Ok(score),
            JobOutcome::Failed(reason) => Err(reason),
            JobOutcome::Panicked(text) => Err(format!("its worker panicked: {text}")),
        };
        match purpose {
            JobPurpose::Candidate { id } => {
                self.evolution
                    .tell(id, outcome)
                    .expect("a worker answers once for what it was given");
            }
            // Without it the noise is known less well.
            JobPurpose::Sounding { .. } => {
                outcome.iter().for_each(|score| self.soundings.learn(score));
            }
            JobPurpose::Confirmation { finalist, draw } => {
                if let Some(confirmation) = &mut self.confirmation {
                    confirmation.tell(finalist, draw, outcome.map(|score| score.value));
                    if confirmation.is_complete() {
                        self.phase = Phase::Finished;
                    }
                    self.make_due_stop();
                }
            }
        }
    }
}
