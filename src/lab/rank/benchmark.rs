//! Benchmark files: networks with the accuracies that trainings of them had.
//!
//! Owns: reading NAS-Bench-Macro's JSON as it is published, and a CSV. Must not know: proxies. Invariant: nets are
//! distinct, at least [`FEWEST`], and have a finite accuracy of each training seed.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Deserializer, de};

use super::nas_bench_macro;
use crate::{arch::Structure, text::FileError};

/// A benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    pub nets: Vec<Net>,
    /// How many rows the file has: several may be the same net.
    pub listed: usize,
    /// Trainings of each net.
    pub seeds: usize,
}

/// A network with what its trainings came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    pub structure: Structure,
    /// Of each training seed, in the file's unit; the mean where the file has the net several times.
    pub accuracies: Vec<f64>,
    /// How often the file has it.
    pub times: u32,
}

impl Net {
    /// Mean over the training seeds.
    pub fn accuracy(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len() as f64
    }
}

/// Fewest distinct nets that can be ranked.
pub const FEWEST: usize = 3;

/// Most bytes of a file, rows and accuracies of a row.
const BYTES: u64 = 64 << 20;
const ROWS: usize = 200_000;
const SEEDS: usize = 64;

/// A row of a file, of one net.
type Row = (Structure, Vec<f64>);

impl Benchmark {
    /// Reads the file; JSON where it starts with `{`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(path: &Path) -> Result<Benchmark, FileError> {
        let origin = path.display().to_string();
        let whole = |message: String| FileError::at(&origin, "", None, &message);
        let text = bounded(path).map_err(|error| whole(format!("can't be read: {error}")))?;
        Benchmark::parse(&text, &origin)
    }

    /// # Errors
    /// As [`Benchmark::read`].
    pub fn parse(text: &str, origin: &str) -> Result<Benchmark, FileError> {
        let rows = match text.trim_start().starts_with('{') {
            true => json(text, origin)?,
            false => csv(text, origin)?,
        };
        let listed = rows.len();
        let seeds = rows.first().map_or(0, |(_, accuracies)| accuracies.len());
        let nets = distinct(rows);
        if nets.len() < FEWEST {
            let message = format!("{} distinct nets: at least {FEWEST} can be ranked", nets.len());
            return Err(FileError::at(origin, text, None, &message));
        }
        Ok(Benchmark { nets, listed, seeds })
    }
}

fn bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > BYTES {
        return Err(io::Error::other(format!("it has more than {} MiB", BYTES >> 20)));
    }
    Ok(text)
}

/// Each net once, where it stood first, its accuracies by seed averaged.
fn distinct(rows: Vec<Row>) -> Vec<Net> {
    let mut nets: Vec<Net> = Vec::new();
    let mut places: HashMap<Structure, usize> = HashMap::new();
    for (structure, accuracies) in rows {
        match places.entry(structure.clone()) {
            Entry::Vacant(place) => {
                place.insert(nets.len());
                nets.push(Net { structure, accuracies, times: 1 });
            }
            Entry::Occupied(place) => {
                let net = &mut nets[*place.get()];
                net.times += 1;
                for (mean, new) in net.accuracies.iter_mut().zip(accuracies) {
                    *mean += (new - *mean) / f64::from(net.times);
                }
            }
        }
    }
    nets
}

/// That the accuracies of a row are as they must be; `first` are those of the first row.
fn check(accuracies: &[f64], first: Option<&Row>) -> Result<(), String> {
    if !(1..=SEEDS).contains(&accuracies.len()) {
        return Err(format!("{} accuracies: expected 1 to {SEEDS}", accuracies.len()));
    }
    if let Some(faulty) = accuracies.iter().find(|accuracy| !accuracy.is_finite()) {
        return Err(format!("an accuracy of {faulty}: expected a number"));
    }
    match first.map(|(_, first)| first.len()) {
        Some(seeds) if seeds != accuracies.len() => Err(format!(
            "{} accuracies, where the first row has {seeds}: expected one of each training seed",
            accuracies.len()
        )),
        _ => Ok(()),
    }
}

/// What a key of the JSON holds; the rest of it follows from the net.
#[derive(Deserialize)]
struct Trained {
    test_acc: Vec<f64>,
}

/// Rows in the order of the file.
struct Rows(Vec<Row>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rows, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Rows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a net of NAS-Bench-Macro a key")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
                let mut rows = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if rows.len() == ROWS {
                        return Err(de::Error::custom(format!("more than {ROWS} nets")));
                    }
                    let structure = nas_bench_macro::structure(&key).map_err(de::Error::custom)?;
                    let Trained { test_acc } = map.next_value()?;
                    check(&test_acc, rows.first()).map_err(de::Error::custom)?;
                    rows.push((structure, test_acc));
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn json(text: &str, origin: &str) -> Result<Vec<Row>, FileError> {
    let rows: Result<Rows, serde_json::Error> = serde_json::from_str(text);
    rows.map(|Rows(rows)| rows).map_err(|error| {
        let told = error.to_string();
        let message = told.rsplit_once(" at line ").map_or(told.as_str(), |(message, _)| message);
        let fault = FileError::at(origin, text, None, message);
        FileError { line_column: Some((error.line(), error.column())), ..fault }
    })
}

/// `structure,accuracy[,accuracy2…]`, lines that start with # being comments.
fn csv(text: &str, origin: &str) -> Result<Vec<Row>, FileError> {
    let fault = |line: u64, message: String| {
        let whole = FileError::at(origin, text, None, &message);
        FileError { line_column: Some((line as usize, 1)), ..whole }
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let broken = |error: csv::Error| {
        fault(error.position().map_or(1, csv::Position::line), error.to_string())
    };
    let heads = reader.headers().map_err(broken)?.clone();
    let is_expected = heads.get(0) == Some("structure")
        && heads.len() > 1
        && heads.iter().skip(1).all(|head| head.starts_with("accuracy"));
    if !is_expected {
        let message =
            "expected the heads structure,accuracy[,accuracy2…], or the JSON of NAS-Bench-Macro";
        return Err(fault(1, message.to_owned()));
    }
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(1, csv::Position::line);
        if rows.len() == ROWS {
            return Err(fault(line, format!("more than {ROWS} nets")));
        }
        if record.len() != heads.len() {
            let (found, expected) = (record.len(), heads.len());
            let message = format!(
                "{found} fields, where the heads are {expected}; a structure has commas, so put it in quotes"
            );
            return Err(fault(line, message));
        }
        let structure = record[0].parse::<Structure>();
        let structure =
            structure.map_err(|error| fault(line, format!("the structure's {error}")))?;
        let number = |cell: &str| {
            cell.parse::<f64>().map_err(|_| format!("expected an accuracy, found '{cell:.40}'"))
        };
        let accuracies: Result<Vec<f64>, String> = record.iter().skip(1).map(number).collect();
        let accuracies = accuracies.map_err(|message| fault(line, message))?;
        check(&accuracies, rows.first()).map_err(|message| fault(line, message))?;
        rows.push((structure, accuracies));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Benchmark::parse(text, "bench").expect_err("must be refused").to_string()
    }

    #[test]
    fn nets_are_read_once_each() {
        let json = r#"{
            "00000001": {"test_acc": [80.0, 81.0], "params": 1},
            "01000001": {"test_acc": [82.0, 83.0], "std": 0.5},
            "00000010": {"test_acc": [84.0, 81.0]},
            "10000000": {"test_acc": [70.0, 71.0]}
        }"#;
        let benchmark = Benchmark::parse(json, "bench").expect("valid");
        assert_eq!((benchmark.listed, benchmark.seeds, benchmark.nets.len()), (4, 2, 3));
        assert_eq!(benchmark.nets[0].accuracies, [82.0, 81.0], "the mean of both keys of the net");
        assert_eq!(benchmark.nets[1].accuracy(), 82.5);
        let rows: Vec<String> = benchmark
            .nets
            .iter()
            .map(|net| {
                let accuracies: Vec<String> = net.accuracies.iter().map(f64::to_string).collect();
                format!("\"{}\",{}", net.structure, accuracies.join(","))
            })
            .collect();
        let csv = format!("# mine\nstructure,accuracy,accuracy2\n{}\n", rows.join("\n"));
        let again = Benchmark::parse(&csv, "bench").expect("valid");
        let times = |nets: &[Net]| nets.iter().map(|net| net.times).collect::<Vec<_>>();
        assert_eq!((times(&benchmark.nets), times(&again.nets)), (vec![2, 1, 1], vec![1; 3]));
        let once = benchmark.nets.into_iter().map(|net| Net { times: 1, ..net });
        assert_eq!((again.listed, again.nets), (3, once.collect()));
    }

    #[test]
    fn faults_are_told_with_their_place() {
        assert!(error("").starts_with("bench:1:1: expected the heads structure,accuracy"));
        assert!(error("{}").contains("0 distinct nets: at least 3"));
        let key = error("{\n \"00000003\": {\"test_acc\": [1]}}");
        assert!(key.starts_with("bench:2:") && key.contains("'00000003' is no net"), "{key}");
        let seeds =
            error("{\"00000000\": {\"test_acc\": [1]},\n\"00000001\": {\"test_acc\": [1, 2]}}");
        assert!(seeds.starts_with("bench:2:") && seeds.contains("the first row has 1"), "{seeds}");
        let head = "structure,accuracy\n";
        let unquoted = error(&format!("{head}SuperConvK3BNRELU(3,8,1,1),90"));
        assert!(
            unquoted.starts_with("bench:2:1: 5 fields") && unquoted.contains("in quotes"),
            "{unquoted}"
        );
        let word = error(&format!("{head}\"SuperConvK3BNRELU(3,8,1,1)\",good"));
        assert_eq!(word, "bench:2:1: expected an accuracy, found 'good'");
        let structure = error(&format!("{head}\"SuperConvK4BNRELU(3,8,1,1)\",9"));
        assert!(
            structure.contains("the structure's line 1, column 1: unknown block"),
            "{structure}"
        );
        assert!(
            error(&format!("{head}\"SuperConvK3BNRELU(3,8,1,1)\",inf"))
                .contains("expected a number")
        );
    }
}
