//! What the engine tells: snapshots, events, the best structure's file. Decides nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Engine, polish::Polish};
use crate::{
    run::{
        confirmation::Confirmation,
        protocol::{Confirmed, Ending, Fault, Log, Member, NewBest, Snapshot, Update},
    },
    score::pooled_std,
    search::{Applied, GateMoved},
    text::{binary, grouped, score},
};

impl Engine<'_> {
    pub(super) fn tell_viewer(&mut self, change: Applied) {
        match change {
            Applied::Entered(_)
            | Applied::TooLow(_)
            | Applied::Outdated(_)
            | Applied::Rescored(_) => {}
            Applied::Renewed { members, of } => self.tell_renewed(members, of),
            Applied::RescoreFailed { id, reason } => {
                let text = format!("#{id} keeps the score it has; another draw failed: {reason}");
                self.tell_failure(id, text);
            }
            Applied::Gate(moved) => self.tell_gate(&moved),
            Applied::Failed { id, reason, candidate: _ } => {
                self.tell_failure(id, format!("#{id} has no score: {reason}"));
                self.last_failure = Some(reason);
            }
        }
    }

    /// Unless a panic was told already.
    fn tell_failure(&mut self, id: u64, text: String) {
        match self.told_failures.iter().position(|&told| told == id) {
            Some(index) => drop(self.told_failures.swap_remove(index)),
            None => self.fault(None, Some(id), text),
        }
    }

    /// The screen says when it doubts itself, and when it trusts itself again.
    fn tell_gate(&self, moved: &GateMoved) {
        let floor = self.spec.preset.screen.floor;
        let GateMoved { from, to, agreement } = moved;
        let share = |share: f64| format!("{:.1} %", 100.0 * share);
        self.log(&if to > from {
            format!(
                "the screen agrees too little with what is measured (τ {agreement:.2}, the floor is \
                 {floor:.2}): the gate widens from {} to {} of the children",
                share(*from),
                share(*to)
            )
        } else {
            format!(
                "the screen agrees again (τ {agreement:.2}): the gate narrows from {} to {}",
                share(*from),
                share(*to)
            )
        });
    }

    /// Tells of a new best, once a snapshot: an analytic search has thousands a second.
    fn tell_best(&mut self) {
        let Some(best) = self.evolution.population().best().cloned() else { return };
        let Some(known) = self.known_best.replace(Arc::clone(&best)) else {
            return self.tell_leader(best);
        };
        if known.id == best.id {
            return;
        }
        let now =
            self.evolution.lineage().get(known.id).map_or(f64::NEG_INFINITY, |m| m.score.value);
        if now < known.score.value && best.score.value < known.score.value {
            self.save_best(&best.structure);
            let (fallen, leads) = (grouped(known.id), grouped(best.id));
            let text = match now.is_finite() {
                true => {
                    let now = score(now);
                    format!("#{fallen} fell to {now} when it was scored again: #{leads} leads")
                }
                false => format!("#{fallen} fell out when it was scored again: #{leads} leads"),
            };
            return self.log(&text);
        }
        self.tell_leader(best);
    }

    fn tell_leader(&self, best: Arc<Member>) {
        self.save_best(&best.structure);
        let at_ms = self.at_ms();
        self.tell(Update::NewBest(Box::new(NewBest { member: best, at_ms })));
    }

    /// The noise of one of the search's draws, as far as members that were drawn repeatedly tell it,
    /// soundings, and finalists where they are drawn alike.
    fn noise(&self, finalists: &[Confirmed]) -> Option<f64> {
        let members = self.evolution.population().members().iter();
        let drawn = members.filter_map(|member| Some((member.score.std?, member.score.repeats)));
        let alike = self.spec.preset.confirms_alike();
        let finalists = finalists.iter().filter(|_| alike);
        let again = finalists.filter_map(|f| Some((f.score?.std?, f.repeats)));
        pooled_std(drawn.chain(again).chain(self.soundings.found()))
    }

    pub(super) fn post_snapshot(&mut self, now: Instant) {
        self.tell_best();
        let optimum = self.optimum();
        self.seq += 1;
        self.last_snapshot = now;
        self.changed = false;
        let counts = self.evolution.counts();
        let elapsed = self.search_watch.elapsed(now);
        let confirm = self.confirm_watch.elapsed(now);
        let rates = self.meter.rates(elapsed, counts.proposed, counts.scored);
        let population = self.evolution.population();
        let confirmation = self.confirmation.as_ref().map_or_else(Vec::new, Confirmation::report);
        let snapshot = Snapshot {
            seq: self.seq,
            phase: self.phase,
            elapsed_ms: millis(elapsed),
            confirm_ms: millis(confirm),
            proposed: counts.proposed,
            iterations: self.spec.preset.search.iterations,
            scored: counts.scored,
            failed: counts.failed,
            rescored: counts.rescored,
            rejected: counts.rejected().map(|(why, n)| (why.to_string(), n)).collect(),
            proposed_per_s: rates.proposed,
            scored_per_s: rates.scored,
            population: population.members().to_vec(),
            capacity: population.capacity(),
            convergence: self.evolution.history().points().collect(),
            tunings: self.tunings.told().to_vec(),
            renewal: self.evolution.renewal(),
            aside: self.evolution.aside().to_vec(),
            screening: self.evolution.screening(),
            noise: self.noise(&confirmation),
            optimum,
            ending: self.ending(),
            time: self.meter.time_spent(elapsed + confirm, self.spec.workers()),
            workers: self.at_work().iter().map(|slot| slot.state).collect(),
            confirmation,
            dropped_events: 0,
        };
        self.tell(Update::Snapshot(Arc::new(snapshot)));
    }

    fn ending(&self) -> Option<Ending> {
        if self.proving.is_awaited {
            return Some(Ending::Proving);
        }
        match (&self.confirmation, &self.polish) {
            (Some(_), _) => None,
            (None, Polish::Solving { .. }) => Some(Ending::Polishing),
            (None, Polish::Ahead | Polish::Done | Polish::CutShort) => {
                self.evolution.is_climbing().then_some(Ending::Climbing)
            }
        }
    }

    /// From the initial structure to candidate `id`; nothing of one that is forgotten.
    pub(super) fn tell_ancestors(&self, id: u64) {
        let mut chain: Vec<_> = self.evolution.lineage().ancestry(id).cloned().collect();
        chain.reverse();
        self.tell(Update::Ancestors(chain));
    }

    pub(super) fn at_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }

    pub(super) fn log(&self, text: &str) {
        self.tell(Update::Log(Log { at_ms: self.at_ms(), text: text.to_owned() }));
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
        self.tell(Update::Fault(Fault { at_ms: self.at_ms(), worker, id, text }));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
