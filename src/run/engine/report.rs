//! What the engine tells: snapshots, events, the best structure's file. Decides nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::Engine;
use crate::{
    arch::Structure,
    run::{
        confirmation::Confirmation,
        protocol::{Fault, Log, NewBest, Snapshot, Update},
    },
    search::Applied,
    text::binary,
};

impl Engine<'_> {
    pub(super) fn tell_viewer(&mut self, change: Applied) {
        match change {
            Applied::Entered { member, is_best: true } => {
                self.save_best(&member.structure);
                let at_ms = self.at_ms();
                self.mailbox.post(Update::NewBest(Box::new(NewBest { member, at_ms })));
            }
            Applied::Entered { .. } | Applied::TooLow { .. } => {}
            Applied::Failed { id, reason } => {
                match self.told_failures.iter().position(|&told| told == id) {
                    Some(index) => drop(self.told_failures.swap_remove(index)),
                    None => self.fault(None, Some(id), format!("#{id} has no score: {reason}")),
                }
                self.last_failure = Some(reason);
            }
        }
    }

    /// A disk that fails costs the file, not the search.
    pub(super) fn save_best(&mut self, structure: &Structure) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = folder.write_best(structure) {
            self.fault(
                None,
                None,
                format!("best.txt can't be written: {error}; the search goes on"),
            );
        }
    }

    pub(super) fn post_snapshot(&mut self, now: Instant) {
        self.seq += 1;
        self.last_snapshot = now;
        self.changed = false;
        let counts = self.evolution.counts();
        let elapsed = self.search_watch.elapsed(now);
        let confirm = self.confirm_watch.elapsed(now);
        let rates = self.meter.rates(elapsed, counts.proposed, counts.scored);
        let population = self.evolution.population();
        let snapshot = Snapshot {
            seq: self.seq,
            phase: self.phase,
            elapsed_ms: millis(elapsed),
            confirm_ms: millis(confirm),
            proposed: counts.proposed,
            iterations: self.spec.preset.search.iterations,
            scored: counts.scored,
            failed: counts.failed,
            rejected: counts.rejected().map(|(why, n)| (why.to_string(), n)).collect(),
            proposed_per_s: rates.proposed,
            scored_per_s: rates.scored,
            population: population.members().to_vec(),
            capacity: population.capacity(),
            convergence: self.evolution.history().points().collect(),
            time: self.meter.time_spent(elapsed + confirm, self.spec.workers()),
            workers: self.slots.iter().map(|slot| slot.state).collect(),
            confirmation: self.confirmation.as_ref().map_or_else(Vec::new, Confirmation::report),
            dropped_events: self.mailbox.dropped_events(),
        };
        self.mailbox.post(Update::Snapshot(Arc::new(snapshot)));
    }

    fn at_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }

    pub(super) fn log(&self, text: &str) {
        self.mailbox.post(Update::Log(Log { at_ms: self.at_ms(), text: text.to_owned() }));
    }

    /// What common seeds have saved, where they are in use.
    pub(super) fn tell_reuse(&self) {
        let Some(reuse) = self.device.prefix_reuse().filter(|reuse| reuse.evaluations > 0) else {
            return;
        };
        let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        self.log(&format!(
            "common seeds: {:.0} % of {} evaluations started behind a known prefix, which saved \
             {:.0} % of the multiply-adds; {} of {} in use",
            percent(reuse.hits, reuse.evaluations),
            reuse.evaluations,
            percent(reuse.macs_saved, reuse.macs),
            binary(reuse.bytes),
            binary(reuse.limit),
        ));
    }

    pub(super) fn fault(&self, worker: Option<usize>, id: Option<u64>, text: String) {
        self.mailbox.post(Update::Fault(Fault { at_ms: self.at_ms(), worker, id, text }));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
