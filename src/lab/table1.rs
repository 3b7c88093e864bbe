//! The same search under each proxy, and what every proxy thinks of what the others found (Zen-NAS, Table 1,
//! without its training).

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{LabError, work::Bench};
use crate::{
    arch::{Costs, Structure},
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy,
    report::{Axis, Chart, Look, Point, Series},
    run::{
        self, RunSpec,
        protocol::{Command, Finished, Reason, Snapshot, Update},
        proxy_settings,
    },
    score::{MeanStd, Score},
    space::{Preset, RunSettings},
};

/// The experiment.
#[derive(Clone, Debug)]
pub struct Table1 {
    /// Of the preset.
    pub name: String,
    /// The same search but for its proxy, each with that.
    pub searches: Vec<(&'static str, Preset)>,
    /// Draws of an opinion; at least 1.
    pub repeats: u32,
    /// A folder with one for each search, which go on there where they were interrupted; none keeps nothing.
    pub out: Option<PathBuf>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub structure: Structure,
    pub costs: Costs,
    /// What the search went by.
    pub score: Score,
    pub scored: u64,
    /// Time spent running.
    pub seconds: f64,
}

/// A search by `proxy`, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Searched {
    pub proxy: &'static str,
    /// Or why nothing was found.
    pub found: Result<Found, String>,
}

/// What a proxy thinks of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    pub proxy: &'static str,
    /// Or why there is no score.
    pub score: Result<MeanStd, String>,
}

/// A search with all opinions of what it found, in the order of the searches; none where nothing was.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub searched: Searched,
    pub opinions: Vec<Opinion>,
}

/// How far the experiment is.
#[derive(Debug)]
pub enum Told<'a> {
    Searching {
        proxy: &'static str,
        number: usize,
        snapshot: &'a Snapshot,
    },
    Judging {
        done: usize,
        of: usize,
    },
    /// What a person should know.
    Remark(String),
}

/// What the networks cost that were found, by who searched.
pub fn looked_for(rows: &[Row]) -> Chart {
    let series = rows.iter().filter_map(|row| {
        let costs = row.searched.found.as_ref().ok()?.costs;
        let point = Point { x: costs.params as f64, y: costs.flops as f64, std: None };
        let name = row.searched.proxy.to_owned();
        Some(Series { name, look: Look::Dots, points: vec![point] })
    });
    Chart {
        title: "What each proxy looks for".to_owned(),
        x: Axis::log("params"),
        y: Axis::log("FLOPs"),
        series: series.collect(),
        marks: Vec::new(),
    }
}

/// How often a search is looked at.
const LOOK: Duration = Duration::from_millis(200);

impl Table1 {
    /// Runs what isn't done yet. `stop` is asked now and then.
    ///
    /// # Errors
    /// Where it is interrupted or can't begin. A search that fails, or a network without a score, is a result.
    pub fn run(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<Vec<Row>, LabError> {
        let mut all = Vec::new();
        for (number, (proxy, preset)) in self.searches.iter().enumerate() {
            let spec = self.spec(proxy, preset)?;
            let mut tell = |told: SearchTold<'_>| match told {
                SearchTold::Snapshot(snapshot) => tell(Told::Searching { proxy, number, snapshot }),
                SearchTold::Remark(text) => tell(Told::Remark(format!("{proxy}: {text}"))),
            };
            let found = match search(spec, stop, &mut tell) {
                Ok(Some(found)) => Ok(found),
                Ok(None) => return Err(self.interrupted()),
                Err(reason) => {
                    tell(SearchTold::Remark(reason.clone()));
                    Err(reason)
                }
            };
            all.push(Searched { proxy, found });
        }
        let opinions = self.opinions(&all, stop, tell)?;
        Ok(all
            .into_iter()
            .zip(opinions)
            .map(|(searched, opinions)| Row { searched, opinions })
            .collect())
    }

    /// A new search, or the one in the folder.
    fn spec(&self, proxy: &str, preset: &Preset) -> Result<RunSpec, LabError> {
        let new = RunSpec::new(&self.name, preset.clone());
        let Some(out) = &self.out else { return Ok(new) };
        let path = out.join(proxy);
        let fail = |reason: String| Err(LabError::Folder { path: path.clone(), reason });
        if !path.exists() {
            if let Err(error) = std::fs::create_dir_all(out) {
                return fail(format!("can't be made: {error}"));
            }
            return Ok(RunSpec { out: Some(path), ..new });
        }
        match run::resume(&path) {
            Ok(known) if same_search(&known.preset, preset) => Ok(known),
            Ok(_) => fail("holds a search with other settings; another --out".to_owned()),
            Err(error) => fail(error.to_string()),
        }
    }

    /// Of every search, in their order.
    fn opinions(
        &self,
        all: &[Searched],
        stop: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<Vec<Vec<Opinion>>, LabError> {
        let Some((_, preset)) = self.searches.first() else { return Ok(Vec::new()) };
        let choice: DeviceChoice =
            preset.run.device.parse().map_err(|e| LabError::Setting(format!("run.device: {e}")))?;
        let kernels: KernelChoice = preset
            .run
            .kernels
            .parse()
            .map_err(|e| LabError::Setting(format!("run.kernels: {e}")))?;
        let (device, _) = nn::open(choice, kernels)?;
        let judges = || self.searches.iter().map(|(proxy, _)| *proxy);
        let found = |it: &Searched| it.found.as_ref().ok().map(|found| found.structure.clone());
        let nets: Vec<Option<Structure>> = all.iter().map(found).collect();
        let tasks: Vec<_> =
            nets.iter().flatten().flat_map(|net| judges().map(move |by| (net, by))).collect();
        let opinion = |(): &mut (), &(net, proxy): &(&Structure, &'static str)| {
            Ok(Opinion { proxy, score: self.score(preset, net, proxy, &device) })
        };
        let tell = &mut |done, of| tell(Told::Judging { done, of });
        let mut bench = Bench { device: &device, workers: preset.run.workers, stop, tell };
        let opinions = bench.each(&tasks, &|| (), &opinion).map_err(|error| match error {
            LabError::Interrupted { .. } => self.interrupted(),
            LabError::Folder { .. } | LabError::Device(_) | LabError::Setting(_) => error,
        })?;
        let mut opinions = opinions.into_iter();
        let of_net = |net: &Option<Structure>| match net {
            Some(_) => opinions.by_ref().take(self.searches.len()).collect(),
            None => Vec::new(),
        };
        Ok(nets.iter().map(of_net).collect())
    }

    fn interrupted(&self) -> LabError {
        LabError::Interrupted { kept: Some(self.out.is_some()) }
    }

    /// What a proxy thinks of a network, over the draws.
    fn score(
        &self,
        preset: &Preset,
        net: &Structure,
        proxy: &str,
        device: &Device,
    ) -> Result<MeanStd, String> {
        let settings = proxy_settings(preset);
        let mut proxy = proxy::build(proxy, &settings, device).map_err(|e| e.to_string())?;
        let draws = if proxy.is_measured() { self.repeats } else { 1 };
        let seed = preset.search.seed;
        let scores = (0..draws).map(|draw| Ok(proxy.evaluate(net, seed, draw)?.score));
        let scores: Result<Vec<f64>, proxy::Failure> = scores.collect();
        scores.map(|scores| MeanStd::of(&scores)).map_err(|failure| failure.to_string())
    }
}

/// Whether both give the same result on the same machine: what they run on is the folder's business.
fn same_search(a: &Preset, b: &Preset) -> bool {
    let decisive = |preset: &Preset| Preset { run: RunSettings::default(), ..preset.clone() };
    decisive(a) == decisive(b)
}

enum SearchTold<'a> {
    Snapshot(&'a Snapshot),
    Remark(String),
}

/// Runs a search to its end; nothing where it was stopped.
fn search(
    spec: RunSpec,
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(SearchTold<'_>),
) -> Result<Option<Found>, String> {
    spec.check().map_err(|error| error.to_string())?;
    let is_kept = spec.out.is_some();
    let handle = run::spawn(Box::new(|| {})).map_err(|error| error.to_string())?;
    let gone = |_| "the engine ended without a result".to_owned();
    handle.send(Command::Start(Box::new(spec))).map_err(gone)?;
    let mut newest = None;
    let mut told = Instant::now();
    let mut asked_to_stop = false;
    let finished: Finished = 'running: loop {
        for update in handle.wait(LOOK) {
            match update {
                Update::Snapshot(snapshot) => newest = Some(snapshot),
                Update::Fault(fault) => tell(SearchTold::Remark(fault.text)),
                Update::Finished(finished) => break 'running finished,
                Update::Hello(_)
                | Update::Phase(_)
                | Update::NewBest(_)
                | Update::Log(_)
                | Update::Tuned(_)
                | Update::Refused(_)
                | Update::Ancestors(_) => {}
            }
        }
        if handle.is_over() {
            return Err("the engine ended without a result".to_owned());
        }
        if stop() && !asked_to_stop {
            // Nothing is on disk that could go on, where it isn't kept.
            let command = if is_kept { Command::Suspend } else { Command::Stop };
            asked_to_stop = handle.send(command).is_ok();
        }
        if let Some(snapshot) = newest.as_deref().filter(|_| told.elapsed() >= LOOK) {
            tell(SearchTold::Snapshot(snapshot));
            told = Instant::now();
        }
    };
    handle.join();
    let is_complete = matches!(finished.reason, Reason::Iterations | Reason::MaxScored);
    match (finished.winner, newest) {
        _ if asked_to_stop && !is_complete => Ok(None),
        (Some(winner), Some(snapshot)) => Ok(Some(Found {
            structure: winner.member.structure.clone(),
            costs: winner.member.costs,
            score: winner.member.score,
            scored: snapshot.scored,
            seconds: snapshot.elapsed_ms as f64 / 1e3,
        })),
        (_, _) => Err(format!("nothing was found: {}", finished.reason.name())),
    }
}

/// The place of each network in the opinion of the proxy in `column`, from 1; equal ones share the best place
/// of theirs. None where there is no score.
pub fn rank(rows: &[Row], column: usize) -> Vec<Option<usize>> {
    let score = |row: &Row| Some(row.opinions.get(column)?.score.as_ref().ok()?.mean);
    let better = |than: f64| rows.iter().filter_map(score).filter(|other| *other > than).count();
    rows.iter().map(|row| Some(1 + better(score(row)?))).collect()
}
