//! What makes an experiment: the command line, from what is shown and chosen.

use std::path::Path;

use super::{Bench, Topic};
use crate::{
    report::{Cell, Report},
    tui::{
        keymap::Intent,
        model::{Model, Net, field_rows::PROXIES},
    },
};

/// What is to be made: an experiment, and what the command line is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub topic: Topic,
    pub command: Vec<String>,
}

/// A proxy of the ranking: its name, and its row of the report where it was run.
pub type Ranked<'a> = (String, Option<&'a [Cell]>);

/// Proxies as the ranking lists them: those that were run, best first, then the others.
pub fn ranked(report: Option<&Report>) -> Vec<Ranked<'_>> {
    let rows = report.map_or(&[][..], |report| &report.rows);
    let name = |row: &[Cell]| match row.first() {
        Some(Cell::Text(name)) => name.clone(),
        Some(_) | None => String::new(),
    };
    let is_proxy = |name: &str| PROXIES.iter().any(|(proxy, _)| *proxy == name);
    let run = rows.iter().map(|row| (name(row), Some(row.as_slice())));
    let mut all: Vec<Ranked<'_>> = run.filter(|(name, _)| is_proxy(name)).collect();
    let rest = PROXIES.iter().filter(|(name, _)| !all.iter().any(|(run, _)| run == name));
    let rest: Vec<Ranked<'_>> = rest.map(|(name, _)| ((*name).to_owned(), None)).collect();
    all.extend(rest);
    all
}

/// How many times as long as `zen` a proxy takes that workers measure: of ZenNet-1M, by docs/proxies.md.
const TIMES_ZEN: [(&str, f64); 8] = [
    ("zen", 1.0),
    ("synflow", 1.2),
    ("linear-regions", 3.3),
    ("naswot", 3.9),
    ("phi", 6.6),
    ("grad-norm", 12.0),
    ("te", 176.0),
    ("ntk", 190.0),
];

/// What running a proxy costs, in words.
pub fn price(proxy: &str) -> String {
    match TIMES_ZEN.iter().find(|(known, _)| *known == proxy) {
        Some((_, times)) => format!("≈ {times} × zen"),
        None => "a moment".to_owned(),
    }
}

/// What rankings begin with.
const FIRST_RANKED: [&str; 2] = ["zen", "zen-analytic"];

impl Model {
    /// Where experiments look.
    pub fn bench(&self) -> Bench {
        let folder = self.search.as_ref().and_then(|search| search.folder());
        folder.map_or(Bench::Own, |folder| Bench::Run(folder.to_owned()))
    }

    /// What makes an experiment; the ranking by these proxies more.
    ///
    /// # Errors
    /// It lacks something, and the key that gives it.
    pub fn experiment(&self, topic: Topic, proxies: &[String]) -> Result<Wish, String> {
        let bench = self.bench();
        let mut command = vec!["lab".to_owned(), topic.name().to_owned()];
        match topic {
            Topic::Rank => {
                let Some(file) = &self.lab.benchmark else {
                    let key = self.key(Intent::Benchmark);
                    return Err(format!(
                        "There is nothing to rank yet: {key} names a benchmark's file"
                    ));
                };
                let report = self.lab.found(topic).map(|found| &found.report);
                let mut names: Vec<String> = ranked(report)
                    .into_iter()
                    .filter_map(|(name, row)| row.map(|_| name))
                    .filter(|name| !["params", "flops"].contains(&name.as_str()))
                    .collect();
                if report.is_none() {
                    names.extend(FIRST_RANKED.map(str::to_owned));
                }
                names.extend(
                    proxies
                        .iter()
                        .filter(|name| !names.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                command.extend([file.clone(), "--proxies".to_owned(), names.join(",")]);
            }
            Topic::Agreement if bench == Bench::Own => {
                return Err(match self.search {
                    Some(_) => KEPT_NOWHERE.to_owned(),
                    None => "There is no run whose population could be looked at".to_owned(),
                });
            }
            Topic::Saturation | Topic::Noise => {
                let (a, b) = (&self.pins.a, &self.pins.b);
                command.extend(a.iter().chain(b).map(argument));
            }
            Topic::Why if bench == Bench::Own && self.search.is_some() => {
                return Err(KEPT_NOWHERE.to_owned());
            }
            Topic::Why => {
                match (&self.lab.asked_about, &bench) {
                    (Some(net), _) => command.push(argument(net)),
                    (None, Bench::Own) => command.push(SHIPPED.to_owned()),
                    // The best of the run.
                    (None, Bench::Run(_)) => {}
                }
            }
            Topic::Agreement | Topic::Overflow | Topic::Rescaling | Topic::Theorem1 => {}
        }
        match bench {
            Bench::Run(folder) => command.extend(["--run".to_owned(), shown(&folder)]),
            Bench::Own => command.push("--keep".to_owned()),
        }
        command.extend(["--seed".to_owned(), self.lab.seed.to_string()]);
        Ok(Wish { topic, command })
    }
}

const KEPT_NOWHERE: &str = "This run is kept nowhere: another process can't look at it";

/// What is taken apart where there is no run.
const SHIPPED: &str = "ZenNet-1M";

/// A network as a command takes it: its name, then its structure. It may have left the population by then.
fn argument(net: &Net) -> String {
    let name: String = net.label.split_whitespace().collect::<Vec<_>>().join("_");
    format!("{} {}", name.replace(['(', ')', ','], ""), net.structure)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
