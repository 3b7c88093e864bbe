//! Work in parallel whose result does not depend on who did what.

use std::{
    num::NonZero,
    ops::ControlFlow,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use super::LabError;
use crate::{
    arch::Structure,
    nn::Device,
    proxy::{Evaluation, Proxy, Settings, Zen},
    report::Report,
};

/// What ends with a report.
pub trait Experiment {
    /// # Errors
    /// What can't be measured, settings that can't be, an interruption.
    fn run(&self, bench: &mut Bench<'_>) -> Result<Report, LabError>;
}

/// Where experiments are made.
pub struct Bench<'a> {
    pub device: &'a Device,
    /// Threads; none for what keeps the device busy.
    pub workers: Option<usize>,
    /// Whether to end; asked now and then.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Hears how many steps are done, of how many.
    pub tell: &'a mut dyn FnMut(usize, usize),
}

impl Bench<'_> {
    /// What `run` makes of every task with what its thread `make`s once, in the order of the tasks.
    ///
    /// # Errors
    /// The first one in that order; an interruption.
    pub(super) fn each<T: Sync, W, R: Send>(
        &mut self,
        tasks: &[T],
        make: &(dyn Fn() -> W + Sync),
        run: &(dyn Fn(&mut W, &T) -> Result<R, String> + Sync),
    ) -> Result<Vec<R>, LabError> {
        let mut results: Vec<Option<Result<R, String>>> = tasks.iter().map(|_| None).collect();
        let mut done = 0;
        let workers = workers(self.workers, self.device);
        in_parallel(tasks, workers, self.stop, make, run, &mut |number, result| {
            results[number] = Some(result);
            done += 1;
            (self.tell)(done, tasks.len());
            ControlFlow::Continue(())
        });
        let all: Option<Result<Vec<R>, String>> = results.into_iter().collect();
        all.ok_or(LabError::Interrupted { kept: None })?.map_err(LabError::Setting)
    }
}

/// As many as asked for, or what keeps the device busy.
pub(super) fn workers(asked: Option<usize>, device: &Device) -> usize {
    asked.unwrap_or_else(|| match device.is_cpu() {
        true => cores(),
        false => device.default_workers(),
    })
}

/// What a device is, with the kernels that decide rounding.
pub fn described(device: &Device) -> String {
    match device.is_cpu() {
        true => format!("cpu, {} kernels", device.kernels()),
        false => format!("{}, {} kernels", device.hardware(), device.kernels()),
    }
}

pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Hands `take` the number of every task with what `run` makes of it, as they are done, until it has enough or
/// `stop` says so. Tasks are begun in their order; each thread has what it `make`s once.
pub(super) fn in_parallel<T: Sync, W, R: Send>(
    tasks: &[T],
    workers: usize,
    stop: &(dyn Fn() -> bool + Sync),
    make: &(dyn Fn() -> W + Sync),
    run: &(dyn Fn(&mut W, &T) -> R + Sync),
    take: &mut dyn FnMut(usize, R) -> ControlFlow<()>,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // At most one answer of each worker waits.
        let (answers, inbox) = mpsc::sync_channel(workers.max(1));
        for _ in 0..workers.clamp(1, tasks.len().max(1)) {
            let (answers, next) = (answers.clone(), &next);
            scope.spawn(move || {
                let mut own = make();
                while !stop() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(number) else { return };
                    if answers.send((number, run(&mut own, task))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answers);
        for (number, result) in &inbox {
            if take(number, result).is_break() {
                break;
            }
        }
        // Workers that still wait to answer are let go.
        drop(inbox);
    });
}

/// A thread's Zen-Score, built anew for other settings only.
pub(super) struct ZenJudge<'a> {
    device: &'a Device,
    built: Option<(Settings, Zen)>,
}

impl<'a> ZenJudge<'a> {
    pub(super) fn new(device: &'a Device) -> ZenJudge<'a> {
        ZenJudge { device, built: None }
    }

    /// # Errors
    /// Why `structure` has no score.
    pub(super) fn evaluate(
        &mut self,
        settings: &Settings,
        structure: &Structure,
        (seed, draw): (u64, u32),
    ) -> Result<Evaluation, String> {
        let built = self.built.take().filter(|(of, _)| of == settings);
        let (_, zen) = match built {
            Some(built) => self.built.insert(built),
            None => {
                let zen = Zen::new(*settings, self.device).map_err(|error| error.to_string())?;
                self.built.insert((*settings, zen))
            }
        };
        zen.evaluate(structure, seed, draw).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_tasks() {
        let device = Device::cpu();
        let tasks: Vec<u64> = (0..50).collect();
        let squares = |workers, stop: &(dyn Fn() -> bool + Sync), told: &mut Vec<usize>| {
            let tell = &mut |done, _| told.push(done);
            let mut bench = Bench { device: &device, workers: Some(workers), stop, tell };
            bench.each(&tasks, &|| (), &|(), n| {
                if *n < 99 { Ok(n * n) } else { Err("much".to_owned()) }
            })
        };
        for workers in [0, 1, 3, 100] {
            let mut told = Vec::new();
            let found = squares(workers, &|| false, &mut told).expect("all are small");
            assert_eq!(found, tasks.iter().map(|n| n * n).collect::<Vec<_>>());
            assert_eq!(told, (1..=50).collect::<Vec<_>>());
        }
        let stopped = squares(2, &|| true, &mut Vec::new());
        assert!(matches!(stopped, Err(LabError::Interrupted { kept: None })));
    }

    #[test]
    fn the_first_failure_in_order_is_told() {
        let device = Device::cpu();
        let mut bench =
            Bench { device: &device, workers: Some(3), stop: &|| false, tell: &mut |_, _| () };
        let run = |(): &mut (), n: &u32| if n % 10 == 7 { Err(format!("{n}")) } else { Ok(*n) };
        let found = bench.each(&(0..40).collect::<Vec<u32>>(), &|| (), &run);
        assert!(matches!(found, Err(LabError::Setting(why)) if why == "7"));
    }

    #[test]
    fn who_has_enough_ends_it() {
        let tasks: Vec<u32> = (0..1000).collect();
        let mut taken = 0;
        in_parallel(&tasks, 2, &|| false, &|| (), &|(), n| *n, &mut |_, _| {
            taken += 1;
            if taken == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(taken, 3);
    }
}
