//! Work in parallel whose result does not depend on who did what.

use std::{
    num::NonZero,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use crate::nn::Device;

/// As many as asked for, or what keeps the device busy.
pub(super) fn workers(asked: Option<usize>, device: &Device) -> usize {
    asked.unwrap_or_else(|| match device.is_cpu() {
        true => thread::available_parallelism().map_or(1, NonZero::get),
        false => device.default_workers(),
    })
}

/// What `run` makes of every task, in their order; none where `stop` said so first. `tell` hears after each
/// how many are done.
pub(super) fn in_parallel<T: Sync, R: Send>(
    tasks: &[T],
    workers: usize,
    stop: &(dyn Fn() -> bool + Sync),
    run: &(dyn Fn(&T) -> R + Sync),
    tell: &mut dyn FnMut(usize),
) -> Option<Vec<R>> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<Option<R>> = tasks.iter().map(|_| None).collect();
    thread::scope(|scope| {
        // At most one answer of each worker waits.
        let (answers, inbox) = mpsc::sync_channel(workers.max(1));
        for _ in 0..workers.clamp(1, tasks.len().max(1)) {
            let (answers, next) = (answers.clone(), &next);
            scope.spawn(move || {
                while !stop() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(number) else { return };
                    if answers.send((number, run(task))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answers);
        for (done, (number, result)) in inbox.iter().enumerate() {
            results[number] = Some(result);
            tell(done + 1);
        }
    });
    results.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_tasks() {
        let tasks: Vec<u64> = (0..50).collect();
        for workers in [0, 1, 3, 100] {
            let mut told = Vec::new();
            let squares =
                in_parallel(&tasks, workers, &|| false, &|n| n * n, &mut |done| told.push(done));
            assert_eq!(squares, Some(tasks.iter().map(|n| n * n).collect()));
            assert_eq!(told, (1..=50).collect::<Vec<_>>());
        }
        assert_eq!(in_parallel(&tasks, 2, &|| true, &|n| *n, &mut |_| ()), None, "stopped");
        assert_eq!(in_parallel::<u64, u64>(&[], 2, &|| false, &|n| *n, &mut |_| ()), Some(vec![]));
    }
}
