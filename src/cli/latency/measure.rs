//! `zendo latency measure`: a table of a preset's layers on this machine.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::anyhow;
use serde_json::json;

use super::{
    BenchArgs,
    file::{made_now, table_file},
    space::groups,
};
use crate::{
    arch::{NetSpec, Structure},
    cli::{
        Failure,
        output::{LiveLine, json_line, line},
        presets,
        signals::catch_signals,
    },
    latency::{FusedLayer, NetRow, Plan, PlanSettings, Provenance, Row, Skip, Table},
    nn::inference::{Bench, Count, Hardware, Times},
    run::{Existing, random_structures, read_text, write_text},
    score::MeanStd,
    space::Preset,
    text::{grouped, printable},
};

#[derive(Debug, clap::Args)]
pub struct MeasureArgs {
    /// A preset's name, shipped or yours, or a preset file: its space is measured
    #[arg(long, value_name = "NAME|FILE")]
    preset: String,
    /// Change a setting of the preset, such as space.width_max=512
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// The table's name among yours, or a path that ends in .jsonl; one that was begun is continued
    #[arg(long, value_name = "TABLE")]
    out: String,
    #[command(flatten)]
    bench: BenchArgs,
    /// Images at a time
    #[arg(long, value_name = "B", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// What lies between measured widths may be off by this much before more is measured
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    tolerance: f64,
    /// Leave out layers that take longer, milliseconds a batch
    #[arg(long, value_name = "MS", default_value_t = 200.0, value_parser = positive)]
    most_ms: f64,
    /// Whole networks that are measured at the end: what they take beside their layers
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(0..=1000))]
    nets: u16,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let value = number.trim().parse::<f64>().map(|value| value * unit);
    match value {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        Ok(_) | Err(_) => Err("expected a share such as 5% or 0.05".to_owned()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        Ok(_) | Err(_) => Err("expected a number above 0".to_owned()),
    }
}

/// Widths whose ratio is no larger are neighbours.
const LEAST_RATIO: f64 = 1.5;
/// Of the networks at the end.
const NETS_SEED: u64 = 1;
/// The longest of them, over the longest layer.
const NET_OVER_LAYER: f64 = 4.0;

pub(super) fn run(args: &MeasureArgs) -> Result<ExitCode, Failure> {
    let (_, preset) = presets::load(&args.preset, &args.sets)?;
    let bench = args.bench.open()?;
    let signal = catch_signals().map_err(Failure::failed)?;
    let path = table_file(&args.out)?;
    let (file, table) = open_table(&path, &provenance(&path, &bench.hardware()))?;
    let known = table.rows.len();
    let budgets = preset.budgets();
    let settings = PlanSettings {
        batch: args.batch,
        tolerance: args.tolerance,
        least_ratio: LEAST_RATIO,
        width_multiple: preset.space.width_multiple,
        most_ms: args.most_ms,
        most_weights: budgets.params,
        most_flops: budgets.flops,
    };
    let plan = Plan::new(&groups(&preset), settings, &table.rows);
    let live = LiveLine::new(Duration::from_millis(500));
    let start = Instant::now();
    let mut measuring = Measuring {
        bench,
        batch: args.batch,
        file,
        json: args.json,
        live,
        signal: &signal,
        disturbed: Vec::new(),
    };
    let plan = measuring.layers(plan, start)?;
    let disturbed = measuring.again()?;
    let nets = measuring.nets(&preset, &plan, (&table, args))?;
    measuring.live.clear();
    let ended = signal.load(Ordering::Relaxed);
    let told = Told { plan: &plan, known, nets, disturbed, seconds: start.elapsed().as_secs_f64() };
    told.say(args, ended == 0)?;
    match ended {
        0 => Ok(ExitCode::SUCCESS),
        signal => Ok(ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))),
    }
}

fn provenance(path: &Path, hardware: &Hardware) -> Provenance {
    let Hardware { device, driver, engine, dtype } = hardware.clone();
    let dtype = dtype.to_string();
    Provenance { device, driver, engine, dtype, ..made_now(path) }
}

/// The table at `path`, begun or continued, and its file, which ends with a whole line.
fn open_table(path: &Path, provenance: &Provenance) -> Result<(File, Table), Failure> {
    let shown = printable(&path.display().to_string());
    let failed = |error: io::Error| Failure::failed(anyhow!("{shown}: {error}"));
    let table = match read_text(path) {
        Ok(text) if !text.trim().is_empty() => {
            let table =
                Table::parse(&text).map_err(|error| Failure::usage(anyhow!("{shown}:{error}")))?;
            same_hardware(&shown, &table.provenance, provenance)?;
            if !text.ends_with('\n') {
                write_text(path, &table.text(), Existing::Replace).map_err(failed)?;
            }
            table
        }
        Ok(_) => begun(path, provenance).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            begun(path, provenance).map_err(failed)?
        }
        Err(error) => return Err(Failure::usage(anyhow!("{shown}: {error}"))),
    };
    let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
    Ok((file, table))
}

fn begun(path: &Path, provenance: &Provenance) -> io::Result<Table> {
    let table = Table::new(provenance.clone());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_text(path, &table.text(), Existing::Replace)?;
    Ok(table)
}

/// Times of different hardware don't belong into one table.
fn same_hardware(path: &str, found: &Provenance, here: &Provenance) -> Result<(), Failure> {
    let none = "none".to_owned();
    for (what, found, here) in [
        ("device", &found.device, &here.device),
        ("driver", found.driver.as_ref().unwrap_or(&none), here.driver.as_ref().unwrap_or(&none)),
        ("engine", &found.engine, &here.engine),
        ("dtype", &found.dtype, &here.dtype),
    ] {
        if found != here {
            let found = printable(found);
            return Err(Failure::usage(anyhow!(
                "{path}: can't be continued: its {what} is '{found}', and here it is '{here}'; \
                 name another file with --out"
            )));
        }
    }
    Ok(())
}

struct Measuring<'a> {
    bench: Bench,
    batch: u32,
    file: File,
    json: bool,
    live: LiveLine,
    signal: &'a AtomicUsize,
    /// Rows of runs that somebody else slowed down, as many as the plan has.
    disturbed: Vec<Row>,
}

impl Measuring<'_> {
    fn is_stopped(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// A line at once, so that whoever ends the program loses none.
    fn append(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(Failure::failed)
    }

    fn layers(&mut self, mut plan: Plan, start: Instant) -> Result<Plan, Failure> {
        while let Some(layer) = plan.next_layer() {
            if self.is_stopped() {
                break;
            }
            let outcome = match self.bench.time_layer(&layer, self.batch) {
                Ok(times) => {
                    let row = self.keep(layer, &times)?;
                    if !times.is_quiet {
                        self.disturbed.push(row);
                    }
                    Ok((row.ms, row.spread.unwrap_or(0.0)))
                }
                Err(error) => {
                    self.live.clear();
                    let _ = writeln!(io::stderr(), "left out: {layer:?}: {error}");
                    Err(Skip::Failed)
                }
            };
            plan.tell(layer, outcome);
            let (done, left) = (plan.measured(), plan.waiting());
            let seconds = start.elapsed().as_secs_f64() / done.max(1) as f64 * left as f64;
            self.live.tell(|| {
                let (done, left) = (grouped(done as u64), grouped(left as u64));
                format!("{done} layers, {left} wait, about {seconds:.0} s, more where they differ")
            });
        }
        Ok(plan)
    }

    fn keep(&mut self, layer: FusedLayer, times: &Times) -> Result<Row, Failure> {
        let Middle { median: ms, spread } = Middle::of(&times.ms);
        let row = Row { layer, batch: self.batch, ms, spread: Some(spread) };
        self.append(&row.line())?;
        if self.json {
            json_line(&json!({ "event": "row", "row": row.line().trim_end() }))?;
        }
        Ok(row)
    }

    /// Times again what was timed while somebody else was at work; of a layer that is faster now the new line
    /// counts. How many still were disturbed.
    fn again(&mut self) -> Result<usize, Failure> {
        let disturbed = std::mem::take(&mut self.disturbed);
        let (count, mut left) = (disturbed.len(), 0);
        for (index, row) in disturbed.into_iter().enumerate() {
            if self.is_stopped() {
                return Ok(left + count - index);
            }
            self.live.tell(|| format!("{} of {count} that were disturbed, again", index + 1));
            // It worked before; where it doesn't now, the first time stays.
            let Ok(times) = self.bench.time_layer(&row.layer, self.batch) else { continue };
            left += usize::from(!times.is_quiet);
            if times.is_quiet || Middle::of(&times.ms).median < row.ms {
                self.keep(row.layer, &times)?;
            }
        }
        Ok(left)
    }

    /// Whole networks that the table doesn't have yet; how many.
    fn nets(
        &mut self,
        preset: &Preset,
        plan: &Plan,
        (table, args): (&Table, &MeasureArgs),
    ) -> Result<usize, Failure> {
        if self.is_stopped() || args.nets == 0 {
            return Ok(0);
        }
        let structures = random_nets(preset, plan, args);
        let space = preset.search_space();
        let NetSpec { resolution, classes, .. } = *space.net();
        let count = structures.len();
        let mut measured = 0;
        for (index, net) in structures.into_iter().enumerate() {
            let is_known = |row: &NetRow| {
                row.net == net && (row.batch, row.resolution) == (self.batch, resolution)
            };
            if table.nets.iter().any(is_known) {
                continue;
            }
            if self.is_stopped() {
                break;
            }
            self.live.tell(|| format!("network {} of {count}", index + 1));
            let times = match self.bench.time_net(&net, space.net(), self.batch, Count::Quiet) {
                Ok(times) => times,
                Err(error) => {
                    self.live.clear();
                    let _ = writeln!(io::stderr(), "left out: {net}: {error}");
                    continue;
                }
            };
            let MeanStd { mean: ms, std } = MeanStd::of(&times.ms);
            let spread = std.map(|std| std / ms);
            let row = NetRow { net, resolution, classes, batch: self.batch, ms, spread };
            self.append(&row.line())?;
            if self.json {
                json_line(&json!({ "event": "net", "net": row }))?;
            }
            measured += 1;
        }
        Ok(measured)
    }
}

/// Networks of the space within its budgets, but for latency, which nobody knows yet, and not so large that they
/// take longer than is wanted.
fn random_nets(preset: &Preset, plan: &Plan, args: &MeasureArgs) -> Vec<Structure> {
    let mut budgets = preset.budgets();
    budgets.latency_ms = Default::default();
    let most = plan.flops_within(NET_OVER_LAYER * args.most_ms);
    budgets.flops = [budgets.flops, most].into_iter().flatten().min();
    random_structures(preset, budgets, args.nets.into(), NETS_SEED)
}

/// Of some times.
struct Middle {
    median: f64,
    /// Half the range between the quartiles, over the median.
    spread: f64,
}

impl Middle {
    fn of(times: &[f64]) -> Middle {
        let mut sorted = times.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        let median = at(0.5);
        Middle { median, spread: (at(0.75) - at(0.25)) / 2.0 / median }
    }
}

/// What came of it.
struct Told<'a> {
    plan: &'a Plan,
    known: usize,
    nets: usize,
    disturbed: usize,
    seconds: f64,
}

impl Told<'_> {
    fn say(&self, args: &MeasureArgs, is_whole: bool) -> Result<(), Failure> {
        let Told { plan, known, nets, disturbed, seconds } = *self;
        let skipped = plan.skipped();
        let out = printable(&args.out);
        if args.json {
            let skipped: serde_json::Map<_, _> =
                skipped.iter().map(|(why, n)| (why.name().to_owned(), json!(n))).collect();
            return json_line(&json!({
                "event": "finished", "table": out, "measured": plan.measured(), "known": known,
                "nets": nets, "skipped": skipped, "disturbed": disturbed, "seconds": seconds, "complete": is_whole,
            }));
        }
        let end = if is_whole { "" } else { "; the same command goes on" };
        line(format!(
            "{out}: {} layers measured, {} known before, {nets} networks, {seconds:.0} s{end}",
            grouped(plan.measured() as u64),
            grouped(known as u64),
        ))?;
        if disturbed > 0 {
            line(format!(
                "  {} layers were timed while others were at work here; their times may be too long",
                grouped(disturbed as u64)
            ))?;
        }
        for (why, count) in skipped {
            line(format!("  {} layers left out: {}", grouped(count as u64), why.name()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percents_or_numbers() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.1"), Ok(0.1));
        assert!(share("0").is_err() && share("500%").is_err() && share("x").is_err());
    }

    #[test]
    fn other_hardware_is_refused() {
        let here = Provenance { device: "a, 2 threads".to_owned(), ..Provenance::default() };
        assert!(same_hardware("t", &here, &here).is_ok());
        let other = Provenance { device: "a, 4 threads".to_owned(), ..here.clone() };
        let error = same_hardware("t", &other, &here).expect_err("other threads").error.to_string();
        assert!(
            error.contains("its device is 'a, 4 threads', and here it is 'a, 2 threads'"),
            "{error}"
        );
    }

    #[test]
    fn times_have_a_middle() {
        let Middle { median, spread } = Middle::of(&[3.0, 1.0, 2.0, 5.0, 4.0]);
        assert_eq!((median, spread), (3.0, 1.0 / 3.0));
    }
}
