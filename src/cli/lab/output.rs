//! What experiments have in common on the command line: how they run, and how their reports are printed.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::anyhow;
use serde_json::{Map, Value, json};

use super::{
    kept::{self, KeptRun, Made, Place, Session, device_choice, polite_workers},
    plot::{bars as bars_plot, plot},
};
use crate::{
    cli::{
        Failure,
        markdown::Table,
        output::{LiveLine, json_line, line},
    },
    lab::{Bench, Experiment, LabError, described},
    nn::{self, Device, DeviceChoice, KernelChoice},
    proxy,
    report::{Cell, Figure, Report, csv, svg},
    run::{Existing, write_text},
    text::{nearest, printable},
};

const TOLD_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    /// One JSON object a line: settings, rows, what they say
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// The rows alone, for a spreadsheet
    #[arg(long)]
    pub csv: bool,
    /// Write the charts as a picture, too
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct WorkArgs {
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Worker threads [default: one for each core, or four for each GPU]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Where it is measured [default: where the run is, else auto]
    #[arg(long, value_name = "auto|cpu|cuda:N")]
    pub device: Option<DeviceChoice>,
}

impl WorkArgs {
    pub(super) fn open(&self, run: Option<&KeptRun>) -> Result<Device, Failure> {
        let choice = device_choice(self.device, run)?;
        let (device, note) = nn::open(choice, KernelChoice::Auto).map_err(Failure::usage)?;
        if let Some(note) = note {
            let _ = writeln!(io::stderr(), "{note}");
        }
        Ok(device)
    }
}

/// Makes the experiment that `make` has for a run, or for none, and prints its report.
pub(super) fn run<E: Experiment>(
    name: &'static str,
    place: Place<'_>,
    (work, output): (&WorkArgs, &OutputArgs),
    make: impl FnOnce(Option<&KeptRun>) -> Result<E, Failure>,
) -> Result<ExitCode, Failure> {
    let measure = |session: &mut Session| {
        let run = session.run.as_ref();
        let experiment = make(run)?;
        let device = work.open(run)?;
        let workers = polite_workers(work.workers, || device.is_cpu(), run);
        let (mut progress, since) = (LiveLine::new(TOLD_EVERY), Instant::now());
        let stop = session.stop();
        let tell = &mut |done: usize, of: usize| {
            progress.tell(|| {
                let each = since.elapsed().as_secs_f64() / done.max(1) as f64;
                format!("{done} of {of}, {:.0} s left", each * (of - done) as f64)
            });
            session.tell(done, of, "");
        };
        let mut bench = Bench { device: &device, workers, stop: &stop, tell };
        let report = experiment.run(&mut bench);
        progress.clear();
        Ok(Made { report: report?, device: described(&device), rest: () })
    };
    kept::conduct(name, place, measure, |made| {
        write_picture(&made.report.figures, output.svg.as_deref())?;
        show(&made.report, output)
    })
}

/// Writes figures to a file, if one is named.
pub(super) fn write_picture(figures: &[Figure], path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    write_text(path, &svg(figures), Existing::Replace).map_err(|error| {
        Failure::failed(anyhow!("{}: {error}", printable(&path.display().to_string())))
    })
}

/// The proxies that `--proxies` names, each once.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut chosen = Vec::new();
    for name in names {
        let Some(known) = proxy::names().find(|known| known == name) else {
            let (nearest, _) = nearest(name, proxy::names()).expect("the registry has a proxy");
            let name = printable(name);
            let error = anyhow!("--proxies: there is no proxy '{name}'; did you mean '{nearest}'?");
            return Err(Failure::usage(error));
        };
        if !chosen.contains(&known) {
            chosen.push(known);
        }
    }
    Ok(chosen)
}

/// How a program ends that was interrupted; other errors are for the user.
pub(super) fn interrupted_or(
    error: LabError,
    signal: &Arc<AtomicUsize>,
) -> Result<ExitCode, Failure> {
    match error {
        LabError::Interrupted { .. } => {
            let _ = writeln!(io::stderr(), "{error}");
            let status = 128 + signal.load(Ordering::Relaxed);
            Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
        }
        LabError::Folder { .. } | LabError::Setting(_) | LabError::Device(_) => {
            Err(Failure::usage(error))
        }
    }
}

fn show(report: &Report, output: &OutputArgs) -> Result<(), Failure> {
    match (output.json, output.csv) {
        (true, _) => show_json(report),
        (false, true) => show_csv(report),
        (false, false) => show_text(report),
    }
}

/// The figures in characters, each behind a blank line.
pub(super) fn draw(figures: &[Figure]) -> Result<(), Failure> {
    for figure in figures {
        line("")?;
        let lines = match figure {
            Figure::Chart(chart) => plot(chart),
            Figure::Bars(bars) => bars_plot(bars),
        };
        lines.iter().try_for_each(line)?;
    }
    Ok(())
}

fn show_text(report: &Report) -> Result<(), Failure> {
    let settings = report.settings.iter().map(|(key, value)| format!("{key} {value}"));
    line(format!("{}: {}", report.name, settings.collect::<Vec<_>>().join(", ")))?;
    draw(&report.figures)?;
    line("")?;
    // What is the same in all rows stands among the settings.
    let differs =
        |column: &usize| report.rows.windows(2).any(|two| two[0][*column] != two[1][*column]);
    let is_alone = report.rows.len() < 2;
    let columns: Vec<usize> =
        (0..report.columns.len()).filter(|column| is_alone || differs(column)).collect();
    let cells = |row: &Vec<Cell>| columns.iter().map(|column| row[*column].shown()).collect();
    let shown: Vec<Vec<String>> = report.rows.iter().map(cells).collect();
    let widest =
        |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let is_text = |column: &&usize| {
        report.rows.first().is_some_and(|row| matches!(row[**column], Cell::Text(_)))
    };
    let words = columns.iter().take_while(is_text).count();
    let heads = columns.iter().map(|column| &*report.columns[*column]).collect();
    let table = Table::new(heads, &widths, words);
    table.heads().iter().try_for_each(line)?;
    shown.iter().try_for_each(|row| line(table.row(row)))?;
    if !report.reading.is_empty() {
        line("")?;
    }
    report.reading.iter().try_for_each(line)
}

fn show_json(report: &Report) -> Result<(), Failure> {
    let settings: Map<String, Value> = report
        .settings
        .iter()
        .map(|(key, value)| (key.clone().into_owned(), json!(value)))
        .collect();
    json_line(&json!({ "event": "experiment", "name": report.name, "settings": settings }))?;
    for row in &report.rows {
        let mut object = Map::from_iter([("event".to_owned(), json!("row"))]);
        for (column, cell) in report.columns.iter().zip(row) {
            let value = match cell {
                Cell::Text(text) => json!(text),
                Cell::Whole(n) => json!(n),
                Cell::Number(value, _) => json!(value),
                Cell::Missing(_) => Value::Null,
            };
            object.insert(column.clone().into_owned(), value);
        }
        json_line(&Value::Object(object))?;
    }
    json_line(&json!({ "event": "reading", "sentences": report.reading }))
}

fn show_csv(report: &Report) -> Result<(), Failure> {
    io::stdout().lock().write_all(csv(report).as_bytes()).map_err(Failure::failed)
}
