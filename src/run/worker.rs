//! Worker threads: each owns a proxy, takes one job at a time and always answers.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::engine::Message;
use crate::{
    arch::Structure,
    proxy::Proxy,
    score::{Definition, MeanStd, Score},
};

/// What a score is for; a preset may name another proxy for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Search,
    Confirmation,
}

/// Builds the proxy of one worker, or says why it can't.
pub type ScorerFactory = Arc<dyn Fn(Role) -> Result<Box<dyn Proxy>, String> + Send + Sync>;

/// One structure to score.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub purpose: JobPurpose,
    pub role: Role,
    pub structure: Structure,
    pub seed: u64,
    /// Draws `first..first + count`.
    pub first_repeat: u32,
    pub repeats: u32,
    pub definition: Definition,
}

/// Whom the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobPurpose {
    Candidate {
        id: u64,
    },
    /// Nobody's score: how far its draws lie apart.
    Sounding {
        id: u64,
    },
    /// The finalist's place, and which of its draws.
    Confirmation {
        finalist: usize,
        draw: u32,
    },
}

/// A worker's answer.
pub(super) struct Report {
    pub worker: usize,
    pub purpose: JobPurpose,
    /// As the job says it.
    pub first_repeat: u32,
    pub outcome: JobOutcome,
    pub took: Duration,
    /// The part of it before the passes.
    pub building: Duration,
    /// What a person should know of it.
    pub remark: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobOutcome {
    Scored(Score),
    /// The structure has no score; nothing is wrong with the worker.
    Failed(String),
    /// The worker panicked over it and has recovered.
    Panicked(String),
}

struct Task {
    job: Job,
    factory: ScorerFactory,
}

/// The engine's end of a worker.
pub(super) struct Worker {
    jobs: mpsc::SyncSender<Task>,
    thread: thread::JoinHandle<()>,
}

impl Worker {
    /// Starts a named thread. Its channel holds one job: the engine sends the next only after the
    /// answer.
    pub(super) fn spawn(
        index: usize,
        reports: mpsc::SyncSender<Message>,
    ) -> std::io::Result<Worker> {
        let (jobs, inbox) = mpsc::sync_channel::<Task>(1);
        let name = format!("zendo-worker-{}", index + 1);
        let thread = thread::Builder::new().name(name).spawn(move || {
            let mut proxy = None;
            while let Ok(Task { job, factory }) = inbox.recv() {
                let start = Instant::now();
                let mut building = Duration::ZERO;
                let outcome = work(&mut proxy, &factory, &job, &mut building);
                let remark = proxy.as_ref().and_then(|built: &Built| built.proxy.remark());
                let report = Report {
                    worker: index,
                    purpose: job.purpose,
                    first_repeat: job.first_repeat,
                    outcome,
                    took: start.elapsed(),
                    building,
                    remark,
                };
                if reports.send(Message::Report(report)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Worker { jobs, thread })
    }

    /// Hands over a job, to be scored by what `factory` builds; false where the thread is gone.
    pub(super) fn give(&self, job: Job, factory: &ScorerFactory) -> bool {
        self.jobs.try_send(Task { job, factory: Arc::clone(factory) }).is_ok()
    }

    /// Lets the thread end after what it is doing, and waits for that.
    pub(super) fn join(self) {
        drop(self.jobs);
        // A worker catches its panics; one that died all the same was reported as lost.
        let _ = self.thread.join();
    }
}

/// A proxy and what it was built for.
struct Built {
    proxy: Box<dyn Proxy>,
    role: Role,
    factory: ScorerFactory,
}

impl Built {
    fn is_for(&self, role: Role, factory: &ScorerFactory) -> bool {
        self.role == role && Arc::ptr_eq(&self.factory, factory)
    }
}

/// Scores one job; a panic costs the job and the proxy, which is built anew for the next.
fn work(
    proxy: &mut Option<Built>,
    factory: &ScorerFactory,
    job: &Job,
    building: &mut Duration,
) -> JobOutcome {
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let mut ready = match proxy.take() {
            Some(built) if built.is_for(job.role, factory) => built,
            // A search is over when its confirmation begins, and a tuned one goes on in another way: what
            // there was is not needed again.
            _ => {
                let start = Instant::now();
                let (role, factory) = (job.role, Arc::clone(factory));
                let built = Built { proxy: factory(role)?, role, factory };
                *building += start.elapsed();
                built
            }
        };
        let score = evaluate(ready.proxy.as_mut(), job, building);
        *proxy = Some(ready);
        score
    }));
    match attempt {
        Ok(Ok(score)) => JobOutcome::Scored(score),
        Ok(Err(reason)) => JobOutcome::Failed(reason),
        Err(panic) => JobOutcome::Panicked(panic_text(panic.as_ref()).to_owned()),
    }
}

/// What a caught panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Means over the job's draws, taken in their order; of what isn't drawn, the one value there is.
fn evaluate(proxy: &mut dyn Proxy, job: &Job, building: &mut Duration) -> Result<Score, String> {
    let (mut values, mut deltas, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    let is_measured = proxy.is_measured();
    let draws = if is_measured { job.repeats } else { 1 };
    for repeat in job.first_repeat..job.first_repeat + draws {
        let evaluation =
            proxy.evaluate(&job.structure, job.seed, repeat).map_err(|e| e.to_string())?;
        *building += proxy.building();
        values.push(evaluation.score);
        if let Some(zen) = &evaluation.zen {
            deltas.push(zen.log_delta(job.definition));
            sums.push(zen.bn_sum(job.definition));
        }
    }
    let mean = |values: &[f64]| (!values.is_empty()).then(|| MeanStd::of(values).mean);
    let MeanStd { mean: value, std } = MeanStd::of(&values);
    let (log_delta, bn_sum) = (mean(&deltas), mean(&sums));
    let repeats = if is_measured { job.repeats } else { 0 };
    Ok(Score { value, std, repeats, log_delta, bn_sum })
}
