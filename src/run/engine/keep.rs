//! What is kept of a run while it goes on: its journal, its checkpoints, what a viewer sees. Decides nothing
//! about the search; a disk that fails costs what it would have kept, and is tried again.

use std::{
    cell::Cell,
    io, thread,
    time::{Duration, Instant},
};

use super::{Engine, Message, polish::Polish};
use crate::{
    arch::Structure,
    run::{
        RunSpec, Stop,
        protocol::{Finished, Update},
        store::{
            self, Append, Checkpoint, History, LogFile, Picture, PolishAhead, Record, RunFolder,
            Spent,
        },
    },
    text::grouped,
};

/// After a checkpoint comes no other for so many times as long as it took.
const LEAST_PAUSES: u32 = 50;

/// How far the run is, in a line for who lists runs, is written so often.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(2);

/// What is written when.
pub(super) struct Keeping {
    every: Duration,
    last: Instant,
    summed_up: Instant,
    /// How long the last one took to write.
    cost: Duration,
    /// At work on one.
    writer: Option<thread::JoinHandle<()>>,
    /// Somebody asked for one.
    is_wanted: bool,
    /// Whether the disk took the last one; what it says is said once.
    is_failing: bool,
    is_best_failing: Cell<bool>,
    log: Option<LogFile>,
    /// All that were made, oldest first.
    stops: Vec<Stop>,
}

impl Keeping {
    pub(super) fn new(spec: &RunSpec, folder: Option<&RunFolder>, now: Instant) -> Keeping {
        Keeping {
            every: Duration::from_millis(spec.checkpoint_ms),
            last: now,
            summed_up: now,
            cost: Duration::ZERO,
            writer: None,
            is_wanted: false,
            is_failing: false,
            is_best_failing: Cell::new(false),
            log: folder.map(|folder| LogFile::in_folder(folder.path())),
            stops: Vec::new(),
        }
    }

    /// As it was kept: stops that were made.
    pub(super) fn with_stops(mut self, stops: Vec<Stop>) -> Keeping {
        self.stops = stops;
        self
    }
}

/// What became of a checkpoint.
pub(in crate::run) struct Kept {
    result: io::Result<()>,
    took: Duration,
    at: u64,
    /// Somebody asked for it.
    was_wanted: bool,
}

impl Engine<'_> {
    /// Tells everybody who watches, and the log.
    pub(super) fn tell(&self, update: Update) {
        if let Some(log) = &self.keeping.log {
            // It is for people who come later; journal and checkpoint say what is wrong with the disk.
            let _ = log.tell(&update);
        }
        self.audience.post(update);
    }

    /// A disk that fails costs the journal, not the search.
    pub(super) fn journal(&mut self, record: &Record) {
        let Some(folder) = &mut self.folder else { return };
        match folder.add(record) {
            Ok(Append::Done | Append::Owed) => {}
            Ok(Append::Recovered { lost }) => {
                let lost = match lost {
                    0 => String::new(),
                    lost => format!(
                        "; {} results are not in it: before the next checkpoint they would be measured again",
                        grouped(lost)
                    ),
                };
                self.log(&format!("journal.jsonl is written again{lost}"));
            }
            Err(error) => {
                let what = "the search goes on in memory, and writes again when it can";
                self.fault(None, None, format!("journal.jsonl can't be written: {error}; {what}"));
            }
        }
    }

    pub(super) fn save_best(&self, structure: &Structure) {
        let Some(folder) = &self.folder else { return };
        let failing = &self.keeping.is_best_failing;
        match folder.write_best(structure) {
            Ok(()) if failing.replace(false) => self.log("best.txt is written again"),
            Ok(()) => {}
            Err(error) if !failing.replace(true) => {
                let what = "the search goes on, and writes again when it can";
                self.fault(None, None, format!("best.txt can't be written: {error}; {what}"));
            }
            Err(_) => {}
        }
    }

    /// Keeps a stop for who does the run again, or goes on with it.
    pub(super) fn journal_stop(&mut self, stop: Stop) {
        self.keeping.stops.push(stop);
        self.journal(&Record::Stopped(stop));
    }

    /// A stop of before is made again; the journal has it.
    pub(super) fn know_stop(&mut self, stop: Stop) {
        self.keeping.stops.push(stop);
    }

    /// Somebody wants to know the run safe.
    pub(super) fn want_checkpoint(&mut self) {
        if self.folder.is_none() {
            return self.log("this run is kept in no folder, so there is nothing to write");
        }
        self.keeping.is_wanted = true;
        self.keep_when_due(Instant::now());
    }

    /// Writes down where the run is, from time to time.
    pub(super) fn keep_when_due(&mut self, now: Instant) {
        let Some(folder) = &mut self.folder else { return };
        folder.settle();
        if now.duration_since(self.keeping.summed_up) >= SUMMARY_INTERVAL {
            self.keeping.summed_up = now;
            if let Some(summary) = (Picture { updates: self.audience.standing() }).summary() {
                // Checkpoints say what is wrong with the disk.
                let _ = summary.write(folder.path());
            }
        }
        let keeping = &self.keeping;
        let interval = keeping.every.max(keeping.cost * LEAST_PAUSES);
        let is_due = now.duration_since(keeping.last) >= interval || keeping.is_wanted;
        if keeping.writer.is_none() && is_due {
            self.keep();
        }
    }

    /// Starts to write down where the run is; the search goes on meanwhile.
    pub(super) fn keep(&mut self) {
        let Some(folder) = &self.folder else { return };
        let path = folder.path().to_owned();
        self.keeping.last = Instant::now();
        let checkpoint = self.checkpoint();
        let picture = self.picture();
        let at = self.evolution.counts().proposed;
        let was_wanted = std::mem::take(&mut self.keeping.is_wanted);
        let engine = self.messages.clone();
        let write = move || {
            let start = Instant::now();
            let result = store::keep(&path, checkpoint.as_ref(), &picture);
            let kept = Kept { result, took: start.elapsed(), at, was_wanted };
            drop(engine.send(Message::Kept(kept)));
        };
        match thread::Builder::new().name("zendo-keep".to_owned()).spawn(write) {
            Ok(thread) => self.keeping.writer = Some(thread),
            Err(error) => {
                let took = Duration::ZERO;
                self.hear_kept(Kept { result: Err(error), took, at, was_wanted });
            }
        }
    }

    pub(super) fn hear_kept(&mut self, kept: Kept) {
        if let Some(writer) = self.keeping.writer.take() {
            // It has said its last word.
            let _ = writer.join();
        }
        self.keeping.cost = kept.took;
        let was_failing = std::mem::replace(&mut self.keeping.is_failing, kept.result.is_err());
        match kept.result {
            Ok(()) if kept.was_wanted || was_failing => {
                let at = grouped(kept.at);
                self.log(&format!("checkpoint at #{at}: it would go on from here"));
            }
            Ok(()) => {}
            Err(error) if kept.was_wanted || !was_failing => {
                let what = "the search goes on, and it is tried again";
                self.fault(None, None, format!("no checkpoint could be written: {error}; {what}"));
            }
            Err(_) => {}
        }
    }

    /// Writes down how the run stands, or how it `finished`, and waits for that.
    pub(super) fn keep_now(&mut self, finished: Option<&Finished>) {
        if let Some(writer) = self.keeping.writer.take() {
            let _ = writer.join();
        }
        let Some(folder) = &self.folder else { return };
        let path = folder.path().to_owned();
        // What has ended needs none to go on from.
        let checkpoint = match finished {
            None => self.checkpoint(),
            Some(_) => None,
        };
        let mut picture = self.picture();
        picture.updates.extend(finished.cloned().map(Update::Finished));
        if let Err(error) = store::keep(&path, checkpoint.as_ref(), &picture) {
            self.fault(None, None, format!("the run's last state can't be written: {error}"));
        }
    }

    fn picture(&self) -> Picture {
        let mut updates = self.audience.again();
        let everybody = self.evolution.lineage().members().cloned().collect();
        updates.push(Update::Ancestors(everybody));
        Picture { updates }
    }

    /// Where the run is; none at moments that it can't go on from, which pass.
    fn checkpoint(&self) -> Option<Checkpoint> {
        let folder = self.folder.as_ref()?;
        // The confirmation's draws are few and in the journal; what comes before is as it was at its start.
        let is_passing = self.seeding.is_some()
            || self.confirmation.is_some()
            || self.evolution.renewal().is_some();
        if is_passing {
            return None;
        }
        let now = Instant::now();
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        Some(Checkpoint {
            records: folder.records(),
            at_ms: self.at_ms(),
            search_ms: u64::try_from(self.search_watch.elapsed(now).as_millis())
                .unwrap_or(u64::MAX),
            spent: Spent {
                propose_ms: ms(self.meter.propose),
                build_ms: ms(self.meter.build),
                score_ms: ms(self.meter.score),
            },
            preset: self.spec.preset.clone(),
            search: self.evolution.state(),
            tuned: self.tunings.all().to_vec(),
            stops: self.keeping.stops.clone(),
            planned: self.planned.clone(),
            polish: match self.polish {
                Polish::Ahead | Polish::Solving { .. } => PolishAhead::Yes,
                Polish::Done => PolishAhead::No,
                Polish::CutShort => PolishAhead::CutShort,
            },
            stopped: self.stopped,
            hopeless: self.hopeless,
            soundings: self.soundings.clone(),
            memory: self.memory.clone(),
        })
    }

    /// Says what a run that goes on goes on with.
    pub(super) fn tell_resumed(&mut self, history: &History) {
        if self.spec.resumes.is_none() {
            return;
        }
        for damage in &history.damages {
            let what = "it goes on without; what is missing is done again";
            self.fault(None, None, format!("{damage}; {what}"));
        }
        let results = grouped(self.memory.len() as u64);
        let proposed = self.evolution.counts().proposed;
        let from = match proposed {
            0 => String::new(),
            proposed => format!("from the checkpoint at #{}, ", grouped(proposed)),
        };
        self.log(&format!("goes on {from}with {results} results from the journal"));
        let (device, kernels) = (self.device.to_string(), self.device.kernels().to_owned());
        if let Some((before, by)) = &history.arithmetic
            && (before, by) != (&device, &kernels)
        {
            let text = format!(
                "it was on {before} with `{by}` before and goes on on {device} with `{kernels}`: scores differ by \
                 rounding from here on"
            );
            self.fault(None, None, text);
        }
        let at_ms = self.at_ms();
        self.journal(&Record::Resumed { at_ms, device, kernels });
    }
}
